/* The leakage audit: what looking at the test labels would have given, beside the result, in points of AUROC. */
#include "report/report_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Columns: the result, then what is gained. */
enum { IMAGE, EPOCH, HARMONIC, ARITHMETIC, BEST_OF_TWO, BOTH, SHOTS, WITHOUT, PIXEL, PIXEL_EPOCH, COLUMNS };
static const struct {
    const char *key, *label;
    report_column_kind_t kind;
} columns[COLUMNS] = {{"image_auroc", "image AUROC %", REPORT_COLUMN_PERCENT},
                      {"image_best_epoch", "best epoch", REPORT_COLUMN_DIFFERENCE},
                      {"harmonic", "harmonic", REPORT_COLUMN_DIFFERENCE},
                      {"arithmetic", "arithmetic", REPORT_COLUMN_DIFFERENCE},
                      {"best_of_two", "best of two", REPORT_COLUMN_DIFFERENCE},
                      {"best_of_two_and_epoch", "and epoch", REPORT_COLUMN_DIFFERENCE},
                      {"shots_in_test", "shots in test", REPORT_COLUMN_COUNT},
                      {"without_shots", "without shots", REPORT_COLUMN_DIFFERENCE},
                      {"pixel_auroc", "pixel AUROC %", REPORT_COLUMN_PERCENT},
                      {"pixel_best_epoch", "best epoch", REPORT_COLUMN_DIFFERENCE}};

static void take(double value[COLUMNS], const review_audit_t *audit)
{
    value[IMAGE] = audit->image;
    value[EPOCH] = audit->image_best - audit->image;
    value[HARMONIC] = audit->harmonic - audit->image;
    value[ARITHMETIC] = audit->arithmetic - audit->image;
    value[BEST_OF_TWO] = audit->best_of_two - audit->image;
    value[BOTH] = audit->states > 0 ? audit->both - audit->image : (double)NAN;
    value[SHOTS] = audit->shots_in_test;
    value[WITHOUT] = audit->shots_in_test > 0 ? audit->without_shots - audit->image : (double)NAN;
    value[PIXEL] = audit->pixel;
    value[PIXEL_EPOCH] = audit->pixel_best - audit->pixel;
}

/* What does not belong to a task stays empty; it is not missing. */
static void put_values(const report_t *report, report_table_t *table, int row, int first, const double value[COLUMNS])
{
    for (int c = 0; c < COLUMNS; c++)
        if (!isnan(value[c])) report_table_put_value(report->document, table, row, first + c, value[c]);
}

/* Over seeds: the mean over categories of each, then mean or sample standard deviation. */
static void put_summary(const report_t *report, report_table_t *table, const report_block_t *block, int first,
                        const double *values)
{
    double mean[COLUMNS], deviation[COLUMNS];
    for (int c = 0; c < COLUMNS; c++) {
        double sum = 0, square = 0;
        int n = 0;
        for (int s = 0; s < block->seeds; s++) {
            double of_seed = 0;
            int counted = 0;
            for (int i = 0; i < block->categories; i++) {
                const double value = values[((size_t)i * (size_t)block->seeds + (size_t)s) * COLUMNS + (size_t)c];
                if (!isnan(value)) of_seed += value, counted++;
            }
            if (counted == 0) continue;
            of_seed /= c == SHOTS ? 1 : counted;
            sum += of_seed;
            square += of_seed * of_seed;
            n++;
        }
        mean[c] = n > 0 ? sum / n : (double)NAN;
        const double variance = n > 1 ? (square - sum * sum / n) / (n - 1) : (double)NAN;
        deviation[c] = c != SHOTS ? sqrt(variance > 0 ? variance : isnan(variance) ? variance : 0) : (double)NAN;
    }
    int row = report_table_row(report->document, table, true);
    report_put_block_cells(report, table, row, block);
    report_table_put_text(report->document, table, row, first - 2, STORE_MEAN);
    put_values(report, table, row, first, mean);
    if (block->seeds < 2) return;
    row = report_table_row(report->document, table, false);
    report_put_block_cells(report, table, row, block);
    report_table_put_text(report->document, table, row, first - 2, "SD over seeds");
    put_values(report, table, row, first, deviation);
}

static status_t audit_block(const report_t *report, const report_block_t *block)
{
    report_document_t *document = report->document;
    const size_t cells = (size_t)block->categories * (size_t)block->seeds;
    double *values = arena_take(&document->arena, cells * COLUMNS + 1, sizeof *values);
    if (values == NULL) return ST_ENOMEM;
    int states = 0;
    bool shots = false;
    report_table_t *table = report_document_table(
        document, "audit",
        report_document_text(document, "%s: what test labels would give", report_block_title(document, block)));
    report_put_block_columns(report, table);
    int category = report_table_column(table, "category", "category", REPORT_COLUMN_TEXT);
    report_table_column(table, "seed", "seed", REPORT_COLUMN_COUNT);
    for (int c = 0; c < COLUMNS; c++) report_table_column(table, columns[c].key, columns[c].label, columns[c].kind);
    for (size_t i = 0; i < cells; i++) {
        double *value = values + i * COLUMNS;
        for (int c = 0; c < COLUMNS; c++) value[c] = NAN;
        if (block->row[i] == NULL) continue;
        review_audit_t audit;
        TRY(review_audit(&audit, report->results, block->row[i]));
        take(value, &audit);
        states = audit.states > states ? audit.states : states;
        shots = shots || audit.shots_in_test > 0;
        int row = report_table_row(document, table, i > 0 && i % (size_t)block->seeds == 0 && block->seeds > 1);
        report_put_block_cells(report, table, row, block);
        report_table_put_text(document, table, row, category, block->category[i / (size_t)block->seeds]);
        report_table_put_value(document, table, row, category + 1, (double)block->seed[i % (size_t)block->seeds]);
        put_values(report, table, row, category + 2, value);
    }
    put_summary(report, table, block, category + 2, values);
    report_table_note(document, table,
                      "%s are what is reported; the others are points of AUROC that each habit would add to it",
                      "image AUROC and pixel AUROC");
    report_table_note(
        document, table,
        "ORACLES: best epoch, best of two (of both image_fusion rules) and both together choose by the test "
        "labels, category by category");
    if (states == 0)
        report_table_note(document, table,
                          "no epochs are stored (hint: track_epochs=1, or protocol=published, and run again)");
    else
        report_table_note(document, table, "best epoch: of %d states kept during learning, and the last", states);
    if (!shots) report_table_note(document, table, "no shot is among the test images");
    report_table_note(document, table, "%s", block->protocol);
    return ST_OK;
}

status_t report_audit(FILE *out, const char *path, const report_options_t *options)
{
    store_results_t results;
    report_document_t document;
    TRY(store_results_read(&results, path));
    report_document_init(&document);
    report_t report = {.document = &document, .results = &results, .options = options};
    status_t status = report_select(&report);
    for (int b = 0; b < report.count && status == ST_OK; b++) status = audit_block(&report, &report.blocks[b]);
    if (status == ST_OK) status = report_document_print(out, &document, options->format);
    report_document_free(&document);
    store_results_free(&results);
    return status;
}
