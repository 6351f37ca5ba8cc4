/* Labels of rows: what a number is of, beside dataset, shots and point. */
#include "report/report_internal.h"

#include <string.h>

typedef struct {
    const char *name;
    size_t offset; /* in store_row_t */
} label_t;
#define AT(field) #field, offsetof(store_row_t, field)
static const label_t label_table[REPORT_LABELS] = {{AT(model)}, {AT(tower)},        {AT(branches)},
                                                   {AT(learn)}, {AT(transductive)}, {AT(auxiliary)}};
#undef AT

static const char *label_of(const report_block_t *block, int label)
{
    const char *text;
    memcpy(&text, (const char *)block->one + label_table[label].offset, sizeof text);
    return text;
}

const char *report_block_method(report_document_t *document, const report_block_t *block)
{
    const store_row_t *one = block->one;
    const bool pad = strstr(one->branches, "pad") != NULL, vad = strstr(one->branches, "vad") != NULL;
    const char *left_out = vad == pad ? "" : vad ? "vad alone" : "pad alone";
    const char *learned = pad && strcmp(one->learn, "no") == 0 ? "not learned" : "";
    if (left_out[0] == '\0' && learned[0] == '\0') return block->method;
    return report_document_text(document, "%s [%s%s%s]", block->method, left_out,
                                left_out[0] != '\0' && learned[0] != '\0' ? ", " : "", learned);
}

void report_block_note_labels(const report_t *report, report_table_t *table, const report_block_t *block)
{
    const store_row_t *one = block->one;
    if (one->tower[0] != '\0')
        report_table_note(report->document, table, "tower: %s%s", one->tower,
                          strcmp(one->learn, "yes") == 0 ? "; learned prompts" : "");
    if (strcmp(one->transductive, "yes") == 0)
        report_table_note(report->document, table,
                          "transductive: an image's score depends on the other test images; not to be ranked with "
                          "methods that see one image at a time");
    if (strcmp(one->auxiliary, "yes") == 0)
        report_table_note(
            report->document, table,
            "auxiliary: trained on another set of anomalies; not to be ranked with methods that were not");
}

/* Whether blocks differ in it. */
static bool differs(const report_t *report, int label)
{
    for (int b = 1; b < report->count; b++)
        if (strcmp(label_of(&report->blocks[b], label), label_of(&report->blocks[0], label)) != 0) return true;
    return false;
}

void report_put_label_columns(report_labels_t *out, const report_t *report, report_table_t *table)
{
    const bool data = report->options->format == REPORT_FORMAT_CSV || report->options->format == REPORT_FORMAT_JSON;
    for (int l = 0; l < REPORT_LABELS; l++) {
        /* The tower begins with the model's name. */
        const bool told = label_table[l].offset == offsetof(store_row_t, model);
        const char *name = label_table[l].name;
        out->column[l] = -1;
        if (data || (!told && differs(report, l))) {
            out->column[l] = report_table_column(table, name, name, REPORT_COLUMN_TEXT);
        } else if (!told && label_of(&report->blocks[0], l)[0] != '\0') {
            report_table_note(report->document, table, "%s: %s", name, label_of(&report->blocks[0], l));
        }
    }
}

void report_put_label_cells(const report_labels_t *labels, const report_t *report, report_table_t *table, int row,
                            const report_block_t *block)
{
    for (int l = 0; l < REPORT_LABELS; l++)
        if (labels->column[l] >= 0)
            report_table_put_text(report->document, table, row, labels->column[l], label_of(block, l));
}
