/* What the thresholds that are kept with a run do to its test images. */
#include "report/report_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    store_threshold_t *list;
    int count;
} thresholds_t;

static const store_threshold_t *find(const thresholds_t *thresholds, const store_row_t *row)
{
    for (int i = 0; i < thresholds->count; i++)
        if (row != NULL && strcmp(thresholds->list[i].task, row->task) == 0) return &thresholds->list[i];
    return NULL;
}

enum { NUMBERS = 3 };
static const struct {
    const char *key, *label;
    size_t offset; /* in store_threshold_t */
} numbers[NUMBERS] = {{"precision", "precision %", offsetof(store_threshold_t, precision)},
                      {"recall", "recall %", offsetof(store_threshold_t, recall)},
                      {"false_alarms", "false alarms %", offsetof(store_threshold_t, false_alarms)}};

/* Of one category over its seeds; false: it has no threshold. */
static bool put_category(const report_t *report, report_table_t *table, const report_block_t *block, int c, int first,
                         int row, const thresholds_t *thresholds)
{
    double *value = arena_take(&report->document->arena, (size_t)NUMBERS * (size_t)block->seeds, sizeof *value);
    const char *kind = "";
    bool any = false;
    if (value == NULL) return false;
    for (int s = 0; s < block->seeds; s++) {
        const store_threshold_t *threshold = find(thresholds, block->row[c * block->seeds + s]);
        for (int n = 0; n < NUMBERS; n++) {
            double *at = &value[n * block->seeds + s];
            *at = NAN;
            if (threshold != NULL) memcpy(at, (const char *)threshold + numbers[n].offset, sizeof *at);
        }
        if (threshold == NULL) continue;
        const char *name = store_threshold_kinds[threshold->kind];
        kind = !any || strcmp(kind, name) == 0 ? name : "several";
        any = true;
    }
    report_table_put_text(report->document, table, row, first, block->category[c]);
    report_table_put_text(report->document, table, row, first + 1, any ? kind : "none");
    for (int n = 0; n < NUMBERS; n++)
        *report_table_cell(report->document, table, row, first + 2 + n) =
            report_spread(value + n * block->seeds, block->seeds);
    return any;
}

static void thresholds_table(const report_t *report, const report_block_t *block, const thresholds_t *thresholds)
{
    report_document_t *document = report->document;
    report_table_t *table = report_document_table(
        document, "thresholds",
        report_document_text(document, "%s, at the thresholds of fgad threshold", report_block_title(document, block)));
    report_put_block_columns(report, table);
    int first = report_table_column(table, "category", "category", REPORT_COLUMN_TEXT);
    report_table_column(table, "kind", "kind", REPORT_COLUMN_TEXT);
    for (int n = 0; n < NUMBERS; n++)
        report_table_column(table, numbers[n].key, numbers[n].label, REPORT_COLUMN_SPREAD);
    bool any = false;
    for (int c = 0; c < block->categories; c++) {
        int row = report_table_row(document, table, false);
        report_put_block_cells(report, table, row, block);
        any = put_category(report, table, block, c, first, row, thresholds) || any;
    }
    report_table_note(
        document, table,
        "%s; f1-max is an oracle, found on the labelled test set; a quantile is of the shots' leave-one-out "
        "scores, with heads as learned from all shots",
        any ? "anomalous: a score above the threshold" : "none is kept (hint: fgad threshold)");
}

status_t report_add_thresholds(const report_t *report)
{
    thresholds_t thresholds = {0};
    if (report->results->source == NULL)
        return fail(ST_ENOTFOUND, "a table without its run has no thresholds (expected the folder of a run)");
    TRY(store_thresholds_read(&thresholds.list, &thresholds.count, report->results->source));
    for (int b = 0; b < report->count; b++) thresholds_table(report, &report->blocks[b], &thresholds);
    free(thresholds.list);
    return report_document_status(report->document);
}
