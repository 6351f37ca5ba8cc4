/* Which rows a report shows, in blocks that become tables. */
#include "report/report_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const report_metric_labels[STORE_METRICS] = {
    "image AUROC %",  "pixel AUROC %", "AUPRO %",     "image AP %",  "image F1-max %", "pixel AP %",   "pixel F1-max %",
    "sample AUROC %", "VAD image %",   "VAD pixel %", "PAD image %", "PAD pixel %",    "class token %"};

/* ---- Blocks -------------------------------------------------------------------------------------------------------- */

typedef struct {
    const store_row_t *row;
    bool lost;
    int index, leader;
} entry_t;

static int compare_blocks(const store_row_t *a, const store_row_t *b)
{
    int order = strcmp(a->dataset, b->dataset);
    if (order == 0) order = strcmp(a->method, b->method);
    if (order == 0) order = (a->shots > b->shots) - (a->shots < b->shots);
    if (order == 0) order = strcmp(a->point, b->point);
    if (order == 0) order = strcmp(a->protocol, b->protocol);
    if (order == 0) order = strcmp(a->tower, b->tower);
    if (order == 0) order = strcmp(a->branches, b->branches);
    return order != 0 ? order : strcmp(a->learn, b->learn);
}

static int by_block(const void *a, const void *b)
{
    const entry_t *x = a, *y = b;
    int order = compare_blocks(x->row, y->row);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_leader(const void *a, const void *b)
{
    const entry_t *x = a, *y = b;
    int order = (x->leader > y->leader) - (x->leader < y->leader);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_seed(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Open addressing over the names of a block's categories; -1: empty. */
typedef struct {
    int *slot;
    uint64_t mask;
} places_t;

static int place_of_category(report_block_t *block, const places_t *places, const char *category)
{
    for (uint64_t at = base_hash(BASE_HASH_SEED, category, strlen(category));; at++) {
        int *slot = &places->slot[at & places->mask];
        if (*slot < 0) block->category[ *slot = block->categories++] = category;
        if (strcmp(block->category[*slot], category) == 0) return *slot;
    }
}

/* Categories by their first row, seeds by size: how many there are is at most the block's rows. */
static status_t fill_block(report_block_t *block, const places_t *places, const entry_t *entries, int count,
                           arena_t *arena)
{
    enum { MOST_CELLS = 1 << 24 };
    for (int i = 0; i < count; i++) {
        place_of_category(block, places, entries[i].row->category);
        block->seed[i] = entries[i].row->seed;
    }
    qsort(block->seed, (size_t)count, sizeof *block->seed, by_seed);
    for (int i = 0; i < count; i++)
        if (i == 0 || block->seed[i] != block->seed[i - 1]) block->seed[block->seeds++] = block->seed[i];
    if (block->categories > MOST_CELLS / block->seeds)
        return fail(ST_EFORMAT,
                    "a table of %d categories of %s by %d seeds has more than %d cells (hint: --category, --seeds)",
                    block->categories, block->dataset, block->seeds, MOST_CELLS);
    block->row = arena_take(arena, (size_t)block->categories * (size_t)block->seeds, sizeof *block->row);
    if (block->row == NULL) return ST_ENOMEM;
    for (int i = 0; i < count; i++) {
        const store_row_t *row = entries[i].row;
        const int64_t *seed = bsearch(&row->seed, block->seed, (size_t)block->seeds, sizeof row->seed, by_seed);
        const int c = place_of_category(block, places, row->category);
        if (!entries[i].lost) block->row[c * block->seeds + (seed - block->seed)] = row;
    }
    return ST_OK;
}

static status_t make_block(report_block_t *block, const entry_t *entries, int count, arena_t *arena)
{
    const store_row_t *one = entries[0].row;
    size_t slots = 4;
    while (slots < 2 * (size_t)count) slots *= 2;
    const places_t places = {base_alloc(slots, sizeof *places.slot), slots - 1};
    *block = (report_block_t){.dataset = one->dataset,
                              .method = one->method,
                              .point = one->point,
                              .protocol = one->protocol,
                              .one = one,
                              .shots = one->shots,
                              .category = arena_take(arena, (size_t)count, sizeof *block->category),
                              .seed = arena_take(arena, (size_t)count, sizeof *block->seed)};
    status_t status = places.slot != NULL && block->category != NULL && block->seed != NULL ? ST_OK : ST_ENOMEM;
    for (size_t s = 0; s < slots && status == ST_OK; s++) places.slot[s] = -1;
    if (status == ST_OK) status = fill_block(block, &places, entries, count, arena);
    free(places.slot);
    return status;
}

static status_t make_blocks(report_t *report)
{
    const store_results_t *results = report->results;
    arena_t *arena = &report->document->arena;
    int total = results->count + results->missing, n = 0;
    status_t status = ST_OK;
    entry_t *entries = base_alloc((size_t)total + 1, sizeof *entries);
    report->blocks = arena_take(arena, (size_t)total + 1, sizeof *report->blocks);
    if (entries == NULL || report->blocks == NULL) {
        free(entries);
        return ST_ENOMEM;
    }
    for (int i = 0; i < total; i++) {
        bool lost = i >= results->count;
        const store_row_t *row = lost ? &results->lost[i - results->count] : &results->rows[i];
        if (store_row_selected(row, &report->options->select)) entries[n++] = (entry_t){row, lost, i, i};
    }
    qsort(entries, (size_t)n, sizeof *entries, by_block);
    for (int i = 1; i < n; i++)
        if (compare_blocks(entries[i].row, entries[i - 1].row) == 0) entries[i].leader = entries[i - 1].leader;
    qsort(entries, (size_t)n, sizeof *entries, by_leader);
    for (int from = 0, to; from < n && status == ST_OK; from = to) {
        for (to = from + 1; to < n && entries[to].leader == entries[from].leader;) to++;
        status = make_block(&report->blocks[report->count], entries + from, to - from, arena);
        if (status == ST_OK) report->count++;
    }
    free(entries);
    return status;
}

/* ---- What there is, when nothing is selected ----------------------------------------------------------------------- */

static status_t nothing_selected(const report_t *report)
{
    const store_results_t *results = report->results;
    char there[512] = "";
    size_t used = 0;
    const char *last = "";
    for (int i = 0; i < results->count + results->missing; i++) {
        const store_row_t *row = i < results->count ? &results->rows[i] : &results->lost[i - results->count];
        char line[256];
        snprintf(line, sizeof line, "%s%s %d-shot%s%s", used > 0 ? "; " : "", row->dataset, row->shots,
                 row->point[0] != '\0' ? " " : "", row->point);
        if (strstr(there, line + (used > 0 ? 2 : 0)) != NULL || strcmp(line, last) == 0) continue;
        if (used + strlen(line) + 8 > sizeof there) {
            snprintf(there + used, sizeof there - used, "; ...");
            break;
        }
        used += (size_t)snprintf(there + used, sizeof there - used, "%s", line);
    }
    return fail(ST_ENOTFOUND, "no result is selected (there are: %s)", there[0] != '\0' ? there : "none");
}

static status_t choose_metrics(report_t *report)
{
    const char *list = report->options->metrics;
    bool data = report->options->format == REPORT_FORMAT_CSV || report->options->format == REPORT_FORMAT_JSON;
    bool all = list != NULL ? strcmp(list, "all") == 0 : data;
    bool there[STORE_METRICS] = {false}, branches = false;
    for (int i = 0; i < report->results->count; i++) {
        const double *metric = report->results->rows[i].metric;
        for (int m = 0; m < STORE_METRICS; m++) there[m] = there[m] || !isnan(metric[m]);
        branches = branches || (!isnan(metric[STORE_VAD_IMAGE]) && !isnan(metric[STORE_PAD_IMAGE]));
    }
    /* Where there are two branches they stand beside what is fused of them, which hides them; not in a paper's tables. */
    branches = branches && !report->options->compare && !report->options->per_defect &&
               report->options->format != REPORT_FORMAT_LATEX;
    for (int m = 0; m < STORE_METRICS; m++) {
        bool usual = m <= STORE_PIXEL_AUROC || (m == STORE_SAMPLE_AUROC && there[m]) ||
                     (m >= STORE_VAD_IMAGE && branches && there[m]);
        bool here = all            ? (data || there[m] || m < STORE_SAMPLE_AUROC)
                    : list != NULL ? store_list_names(list, store_number_table[m].name)
                                   : usual;
        if (here) report->metric[report->metrics++] = m;
    }
    /* Every word of the list must be a metric. */
    for (const char *at = list; at != NULL && !all && *at != '\0';) {
        size_t length = strcspn(at, ",");
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)(length < 63 ? length : 63), at);
        const char *nearest = NULL;
        bool known = false;
        int edits = -1;
        for (int m = 0; m < STORE_METRICS; m++) {
            known = known || store_list_names(word, store_number_table[m].name);
            if (base_meant(&edits, store_number_table[m].name, word)) nearest = store_number_table[m].name;
        }
        if (!known && nearest != NULL)
            return fail(ST_EFORMAT, "there is no metric '%s' (did you mean '%s'?)", word, nearest);
        if (!known)
            return fail(ST_EFORMAT, "there is no metric '%s' (hint: all, or names of columns of results.csv, as %s)",
                        word, store_number_table[0].name);
        at += length + (at[length] == ',');
    }
    return ST_OK;
}

status_t report_select(report_t *report)
{
    TRY(choose_metrics(report));
    TRY(make_blocks(report));
    return report->count > 0 ? ST_OK : nothing_selected(report);
}
