/* The figures that papers print, beside ours. datasets/published/published.json: "rows" of {table, dataset, shots,
 * method, variant, image_auroc, pixel_auroc}, in percent; a figure that is not given has no key. */
#include "data/data.h"
#include "report/report_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const report_t *report;
    io_json_node_t rows;
    const char *source, *protocol;
} published_t;

static double figure(io_json_node_t row, int m)
{
    return io_json_number(io_json_get(row, store_metric_names[m]), NAN) / 100;
}

static const char *text_of(io_json_node_t row, const char *key)
{
    const char *text = io_json_string(io_json_get(row, key));
    return text != NULL ? text : "";
}

/* With a table chosen, its rows of other shots belong too, unless another block of ours has those shots. */
static bool belongs(const published_t *published, io_json_node_t row, const report_block_t *block)
{
    const report_t *report = published->report;
    const char *wanted = report->options->table;
    char table[16];
    snprintf(table, sizeof table, "%.0f", io_json_number(io_json_get(row, "table"), 0));
    if (strcmp(text_of(row, "dataset"), block->dataset) != 0) return false;
    if (wanted != NULL && strcmp(wanted, table) != 0) return false;
    double shots = io_json_number(io_json_get(row, "shots"), 0);
    if (shots == block->shots) return true;
    if (wanted == NULL) return false;
    for (int b = 0; b < report->count; b++)
        if (report->blocks[b].shots == shots && strcmp(report->blocks[b].dataset, block->dataset) == 0) return false;
    return true;
}

static void put_figures(const published_t *published, report_table_t *table, int row, int column, io_json_node_t theirs,
                        const report_block_t *block)
{
    report_document_t *document = published->report->document;
    for (int m = 0; m < 2; m++) {
        report_cell_t ours = report_block_mean(block, m);
        double value = figure(theirs, m);
        if (isnan(value)) continue; /* the paper does not give it: nothing belongs here */
        report_table_put_value(document, table, row, column + 2 * m, value);
        report_table_put_value(document, table, row, column + 2 * m + 1,
                               ours.kind == REPORT_CELL_VALUE ? ours.value - value : (double)NAN);
        report_table_cell(document, table, row, column + 2 * m + 1)->partial = ours.partial;
    }
}

static void note_comparability(const published_t *published, report_table_t *table, const report_block_t *block)
{
    report_document_t *document = published->report->document;
    int known = data_known_count(block->dataset), here = 0;
    for (int k = 0; k < known; k++)
        for (int c = 0; c < block->categories; c++)
            here += strcmp(block->category[c], data_known_category(block->dataset, k)) == 0;
    if (here < known)
        report_table_note(document, table, "NOT COMPARABLE: ours is of %d of the dataset's %d categories", here, known);
    report_block_notes(published->report, table, block);
    report_table_note(document, table, "published: %s", published->source);
    if (published->protocol[0] != '\0') report_table_note(document, table, "published: %s", published->protocol);
}

static void block_table(const published_t *published, const report_block_t *block)
{
    report_document_t *document = published->report->document;
    int count = 0;
    for (int i = 0; i < io_json_count(published->rows); i++)
        count += belongs(published, io_json_at(published->rows, i), block);
    if (count == 0) {
        report_document_warn(document, "no published figure is of %s, %d-shot%s%s", block->dataset, block->shots,
                             published->report->options->table != NULL ? ", table " : "",
                             published->report->options->table != NULL ? published->report->options->table : "");
        return;
    }
    report_table_t *table = report_document_table(
        document, "published",
        report_document_text(document, "published figures beside %s", report_block_title(document, block)));
    report_table_column(table, "dataset", "dataset", REPORT_COLUMN_TEXT);
    report_table_column(table, "shots", "shots", REPORT_COLUMN_TEXT);
    report_table_column(table, "method", "method", REPORT_COLUMN_TEXT);
    report_table_column(table, "variant", "variant", REPORT_COLUMN_TEXT);
    report_table_column(table, "table", "table", REPORT_COLUMN_COUNT);
    int first = report_table_column(table, "image_auroc", report_metric_labels[0], REPORT_COLUMN_PERCENT);
    report_table_column(table, "image_auroc_difference", "ours minus it", REPORT_COLUMN_DIFFERENCE);
    report_table_column(table, "pixel_auroc", report_metric_labels[1], REPORT_COLUMN_PERCENT);
    report_table_column(table, "pixel_auroc_difference", "ours minus it", REPORT_COLUMN_DIFFERENCE);
    int protocol = report_table_column(table, "protocol", "protocol", REPORT_COLUMN_TEXT);
    int row = report_table_row(document, table, false);
    report_table_put_text(document, table, row, 0, block->dataset);
    report_table_put_text(document, table, row, 1, report_document_text(document, "%d", block->shots));
    report_table_put_text(document, table, row, 2,
                          report_document_text(document, "this run: %s", report_block_method(document, block)));
    report_table_put_text(document, table, row, 3, block->point);
    for (int m = 0; m < 2; m++) *report_table_cell(document, table, row, first + 2 * m) = report_block_mean(block, m);
    report_table_put_text(document, table, row, protocol, block->protocol);
    bool rule = true;
    for (int i = 0; i < io_json_count(published->rows); i++) {
        io_json_node_t theirs = io_json_at(published->rows, i);
        if (!belongs(published, theirs, block)) continue;
        row = report_table_row(document, table, rule);
        rule = false;
        double shots = io_json_number(io_json_get(theirs, "shots"), NAN);
        report_table_put_text(document, table, row, 0, block->dataset);
        report_table_put_text(document, table, row, 1,
                              isnan(shots) ? report_document_text(document, "%s", text_of(theirs, "setting"))
                                           : report_document_text(document, "%.0f", shots));
        report_table_put_text(document, table, row, 2, report_document_text(document, "%s", text_of(theirs, "method")));
        report_table_put_text(document, table, row, 3,
                              report_document_text(document, "%s", text_of(theirs, "variant")));
        report_table_put_value(document, table, row, 4, io_json_number(io_json_get(theirs, "table"), NAN));
        put_figures(published, table, row, first, theirs, block);
        report_table_put_text(document, table, row, protocol, "published, best epoch on test");
    }
    note_comparability(published, table, block);
}

status_t report_add_published(const report_t *report)
{
    io_json_t *json;
    char path[4096];
    char *found = io_assets();
    if (found == NULL) return ST_ENOMEM;
    /* Where the run had them, if they are there still; a run may have been made on another machine. */
    const char *assets = found;
    if (report->results->assets != NULL && io_is_dir(report->results->assets)) assets = report->results->assets;
    for (int i = 0; i < report->options->assignment_count; i++)
        if (strncmp(report->options->assignments[i], "assets=", 7) == 0) assets = report->options->assignments[i] + 7;
    snprintf(path, sizeof path, "%s/published/published.json", assets);
    free(found);
    status_t read = io_json_read(&json, path);
    if (read == ST_ENOTFOUND) return fail(read, "'%s' does not exist (hint: -s assets=DIR, or FGAD_ASSETS)", path);
    TRY(read);
    io_json_node_t root = io_json_root(json);
    published_t published = {.report = report,
                             .rows = io_json_get(root, "rows"),
                             .source = report_document_text(report->document, "%s", text_of(root, "source")),
                             .protocol = report_document_text(report->document, "%s", text_of(root, "protocol"))};
    status_t status = ST_OK;
    if (published.rows == NULL || io_json_kind(published.rows) != IO_JSON_ARRAY ||
        strcmp(text_of(root, "unit"), "percent") != 0)
        status = fail(ST_EFORMAT, "'%s': expected \"unit\": \"percent\" and a list \"rows\"", path);
    for (int b = 0; b < report->count && status == ST_OK; b++) block_table(&published, &report->blocks[b]);
    io_json_free(json);
    return status;
}
