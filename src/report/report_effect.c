/* What the settings of a grid change: which give the numbers of another to the bit, and, from the traces of their heads, why,
 * and which losses moved the parameters. METHOD.md 7. */
#include "report/report_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static status_t read_effect(review_trace_t *out, const report_t *report, const report_block_t *block, const char *head)
{
    *out = (review_trace_t){.wide = true};
    for (int i = 0; i < block->categories * block->seeds; i++)
        if (block->row[i] != NULL) TRY(review_trace_add(out, report->results, block->row[i], head));
    return ST_OK;
}

/* ---- Points that are equal -------------------------------------------------------------------------------------------- */

static bool same_table(const report_block_t *a, const report_block_t *b)
{
    return strcmp(a->dataset, b->dataset) == 0 && strcmp(a->method, b->method) == 0 && a->shots == b->shots &&
           a->categories == b->categories && a->seeds == b->seeds;
}

/* The numbers [first, first + count) of every task, to the bit; at least one. */
static bool same_numbers(const report_block_t *a, const report_block_t *b, int first, int count)
{
    int there = 0;
    for (int i = 0; i < a->categories * a->seeds; i++) {
        if ((a->row[i] == NULL) != (b->row[i] == NULL)) return false;
        if (a->row[i] == NULL) continue;
        for (int m = first; m < first + count; m++) {
            const double x = a->row[i]->metric[m], y = b->row[i]->metric[m];
            if (isnan(x) && isnan(y)) continue;
            if (memcmp(&x, &y, sizeof x) != 0) return false;
            there++;
        }
    }
    return there > 0;
}

/* The heads of a setting, and what is measured of each alone. */
enum { HEADS = 2 };
static const struct {
    const char *name;
    int first, count; /* in store_number_table */
} head_table[HEADS] = {{"pixel", STORE_PAD_IMAGE, 2}, {"image", STORE_PAD_IMAGE + 2, 1}};

typedef struct {
    review_trace_t head[HEADS];
} effect_t;

/* AUROC may agree by chance, where all of it is 1; the course of learning does not. */
static bool same_head(const report_block_t *a, const report_block_t *b, const review_trace_t *x,
                      const review_trace_t *y, int head)
{
    if (x->heads == 0 || x->heads != y->heads || x->open != y->open || x->cosine != y->cosine) return false;
    for (int i = 0; i < REVIEW_TRACE_LOSSES; i++)
        if (x->loss[i] != y->loss[i]) return false;
    for (int i = 0; i < REVIEW_TRACE_ARRAYS; i++)
        if (x->array[i] != y->array[i]) return false;
    return same_numbers(a, b, head_table[head].first, head_table[head].count);
}

static const char *point_name(const report_block_t *block)
{
    return block->point[0] != '\0' ? block->point : "the job's own";
}

/* "epsilon" of a point that has a word "epsilon=2" where the other has none, or another; "" where it differs in none. */
static void find_key(char out[64], const char *point, const char *other)
{
    out[0] = '\0';
    for (const char *word = point; *word != '\0';) {
        const size_t length = strcspn(word, " ");
        char text[128];
        snprintf(text, sizeof text, "%.*s", (int)length, word);
        if (strchr(text, '=') != NULL && strstr(other, text) == NULL) {
            snprintf(out, 64, "%.*s", (int)strcspn(text, "="), text);
            return;
        }
        word += length + (word[length] == ' ');
    }
}

/* ---- The table -------------------------------------------------------------------------------------------------------- */

enum {
    SETTING,
    HEAD,
    EQUAL,
    OPEN,
    COSINE,
    BY_LOSS,
    BY_ARRAY = BY_LOSS + REVIEW_TRACE_LOSSES,
    COLUMNS = BY_ARRAY + REVIEW_TRACE_ARRAYS
};

static report_table_t *begin_table(const report_t *report, const report_block_t *block, int *first)
{
    report_document_t *document = report->document;
    report_table_t *table =
        report_document_table(document, "effects",
                              report_document_text(document, "%s, %s, %d-shot: what settings change", block->dataset,
                                                   report_block_method(document, block), block->shots));
    report_put_block_columns(report, table);
    *first = report_table_column(table, "setting", "setting", REPORT_COLUMN_TEXT);
    report_table_column(table, "head", "head", REPORT_COLUMN_TEXT);
    report_table_column(table, "equal_to", "the numbers of", REPORT_COLUMN_TEXT);
    report_table_column(table, "open", "open hinges %", REPORT_COLUMN_PERCENT);
    report_table_column(table, "cosine", "p_n.p_a", REPORT_COLUMN_NUMBER);
    for (int i = 0; i < REVIEW_TRACE_LOSSES; i++)
        report_table_column(table, report_document_text(document, "loss_%s", review_trace_losses[i]),
                            report_document_text(document, "%s %%", review_trace_losses[i]), REPORT_COLUMN_PERCENT);
    for (int i = 0; i < REVIEW_TRACE_ARRAYS; i++)
        report_table_column(table, report_document_text(document, "array_%s", review_trace_arrays[i]),
                            report_document_text(document, "%s %%", review_trace_arrays[i]), REPORT_COLUMN_PERCENT);
    return table;
}

static void put_row(const report_t *report, report_table_t *table, int first, const report_block_t *block,
                    const char *head, const report_block_t *equal, const review_trace_t *effect)
{
    report_document_t *document = report->document;
    const int row = report_table_row(document, table, false);
    report_put_block_cells(report, table, row, block);
    report_table_put_text(document, table, row, first + SETTING, point_name(block));
    report_table_put_text(document, table, row, first + HEAD, head);
    if (equal != NULL) report_table_put_text(document, table, row, first + EQUAL, point_name(equal));
    if (effect->heads == 0) return;
    report_table_put_value(document, table, row, first + OPEN, effect->open / effect->heads);
    report_table_put_value(document, table, row, first + COSINE, effect->cosine / effect->heads);
    for (int i = 0; i < REVIEW_TRACE_LOSSES; i++)
        report_table_put_value(document, table, row, first + BY_LOSS + i, effect->loss[i] / effect->heads);
    for (int i = 0; i < REVIEW_TRACE_ARRAYS; i++)
        report_table_put_value(document, table, row, first + BY_ARRAY + i, effect->array[i] / effect->heads);
}

/* Why a point, or its head alone, gives the numbers of `equal`: the margin moves nothing where every hinge is open in both. */
static void note_equal(const report_t *report, report_table_t *table, const report_block_t *block,
                       const report_block_t *equal, const char *head, bool wide, bool traced)
{
    report_document_t *document = report->document;
    char key[64];
    find_key(key, block->point, equal->point);
    if (key[0] == '\0') find_key(key, equal->point, block->point);
    const char *dot = strrchr(key, '.');
    const bool margin = strcmp(dot != NULL ? dot + 1 : key, "epsilon") == 0;
    const char *why = !margin   ? ""
                      : wide    ? ": hinge open everywhere"
                      : !traced ? " (no trace is kept: heads of an older program)"
                                : "";
    const char *where = head == NULL ? "" : report_document_text(document, " on the %s head", head);
    report_table_note(document, table, "%s: no effect%s: %s gives the numbers of %s to the bit%s", key, where,
                      point_name(block), point_name(equal), why);
}

static void put_effects(const report_t *report, const effect_t *effects)
{
    report_table_t *table = NULL;
    int first = 0, begin = 0;
    for (int b = 0; b < report->count; b++) {
        const report_block_t *block = &report->blocks[b];
        if (b == 0 || !same_table(block, block - 1)) table = begin_table(report, block, &first), begin = b;
        int whole = begin; /* the first setting with all the numbers of this one: itself, at last */
        while (whole < b && !same_numbers(block, &report->blocks[whole], 0, STORE_METRICS)) whole++;
        bool wide = true, traced = false;
        for (int h = 0; h < HEADS; h++) {
            const review_trace_t *trace = &effects[b].head[h];
            int same = whole;
            if (whole == b)
                for (same = begin; same < b; same++)
                    if (same_head(block, &report->blocks[same], trace, &effects[same].head[h], h)) break;
            put_row(report, table, first, block, head_table[h].name, same < b ? &report->blocks[same] : NULL, trace);
            if (trace->heads > 0) traced = true, wide = wide && trace->wide && effects[same].head[h].wide;
            if (same < b && whole == b)
                note_equal(report, table, block, &report->blocks[same], head_table[h].name, trace->wide, true);
        }
        if (whole < b) note_equal(report, table, block, &report->blocks[whole], NULL, traced && wide, traced);
    }
}

status_t report_add_effects(const report_t *report)
{
    effect_t *effects = base_alloc((size_t)report->count + 1, sizeof *effects);
    if (effects == NULL) return ST_ENOMEM;
    status_t status = ST_OK;
    for (int b = 0; b < report->count && status == ST_OK; b++)
        for (int h = 0; h < HEADS && status == ST_OK; h++)
            status = read_effect(&effects[b].head[h], report, &report->blocks[b], head_table[h].name);
    if (status == ST_OK) put_effects(report, effects);
    free(effects);
    return status;
}
