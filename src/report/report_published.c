/* The figures that papers print, beside ours; each with its own protocol, backbone and shots, and ours minus it only where
 * both are of one thing. datasets/published/published.json, whose "fields" tell what its rows and methods hold. */
#include "data/data.h"
#include "report/report_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const report_t *report;
    io_json_node_t rows, methods;
    const char *source;
} published_t;

static double figure(io_json_node_t row, int m)
{
    return io_json_number(io_json_get(row, store_number_table[m].name), NAN) / 100;
}

static const char *text_of(io_json_node_t row, const char *key)
{
    const char *text = io_json_string(io_json_get(row, key));
    return text != NULL ? text : "";
}

/* Of the row, or else of its method. */
static const char *told_of(const published_t *published, io_json_node_t row, const char *key)
{
    const char *text = io_json_string(io_json_get(row, key));
    for (int i = 0; i < io_json_count(published->methods) && text == NULL; i++) {
        io_json_node_t method = io_json_at(published->methods, i);
        if (strcmp(text_of(method, "method"), text_of(row, "method")) == 0)
            text = io_json_string(io_json_get(method, key));
    }
    return text != NULL ? text : "";
}

/* The words of our point but for the method's. */
static const char *other_words(const report_block_t *block)
{
    const char *point = block->point;
    if (strncmp(point, "method=", 7) != 0) return point;
    point += 7 + strlen(block->method);
    return *point == ' ' ? point + 1 : point;
}

/* "the loader's 15 categories" of which ours has all. */
static int categories_of(const report_block_t *block, int *known)
{
    int here = 0;
    *known = data_known_count(block->dataset);
    for (int k = 0; k < *known; k++)
        for (int c = 0; c < block->categories; c++)
            here += strcmp(block->category[c], data_known_category(block->dataset, k)) == 0;
    return here;
}

/* Why ours minus theirs would compare unlike things; NULL: it would not. */
static const char *why_not(const published_t *published, io_json_node_t row, const report_block_t *block)
{
    report_document_t *document = published->report->document;
    const store_row_t *one = block->one;
    const char *ours = told_of(published, row, "ours"), *model = told_of(published, row, "model");
    const char *learn = io_json_string(io_json_get(row, "learn")), *views = text_of(row, "views");
    const double shots = io_json_number(io_json_get(row, "shots"), NAN);
    int known;
    if (ours[0] == '\0' || strcmp(ours, block->method) != 0) return "another method";
    if (isnan(shots)) return report_document_text(document, "%s", text_of(row, "setting"));
    if (shots != block->shots) return report_document_text(document, "%.0f-shot, ours %d", shots, block->shots);
    if (model[0] == '\0')
        return report_document_text(document, "another backbone: %s", told_of(published, row, "backbone"));
    if (one->model[0] == '\0') return "ours does not tell its model";
    /* An image size of its own stands behind the model's name. */
    const size_t length = strlen(one->model);
    if (strcmp(model, one->model) != 0 || strncmp(one->tower, model, length) != 0 || one->tower[length] == '@')
        return report_document_text(document, "another backbone: %s, ours %.*s", model, (int)strcspn(one->tower, " "),
                                    one->tower);
    if (one->branches[0] != '\0' && strcmp(one->branches, "vad+pad") != 0)
        return report_document_text(document, "ours is of one branch, %s", one->branches);
    if (one->branches[0] != '\0' && strcmp(one->learn, learn != NULL ? learn : "yes") != 0)
        return learn != NULL ? "theirs was not learned" : "ours was not learned";
    if (strcmp(other_words(block), text_of(row, "point")) != 0)
        return report_document_text(document, "another setting: ours %s, theirs %s",
                                    other_words(block)[0] != '\0' ? other_words(block) : STORE_AS_THE_JOB,
                                    text_of(row, "point")[0] != '\0' ? text_of(row, "point") : STORE_AS_THE_JOB);
    if (one->changes[0] != '\0') return "ours is rescored";
    if (views[0] != '\0' && strstr(block->protocol, report_document_text(document, "views=%s", views)) == NULL)
        return report_document_text(document, "of view %s", views);
    const int here = categories_of(block, &known);
    if (here < known) return report_document_text(document, "ours is of %d of %d categories", here, known);
    return NULL;
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

/* Returns why a difference was left out, "" where none was. */
static const char *put_figures(const published_t *published, report_table_t *table, int row, int column,
                               io_json_node_t theirs, const report_block_t *block)
{
    report_document_t *document = published->report->document;
    const char *why = why_not(published, theirs, block), *maps = told_of(published, theirs, "maps");
    for (int m = 0; m < 2; m++) {
        report_cell_t ours = report_block_mean(block, m);
        double value = figure(theirs, m);
        if (isnan(value)) continue; /* the paper does not give it: nothing belongs here */
        report_table_put_value(document, table, row, column + 2 * m, value);
        if (why != NULL) continue;
        if (m == STORE_PIXEL_AUROC && strstr(block->protocol, maps) == NULL)
            return report_document_text(document, "pixels: theirs %s", maps);
        report_table_put_value(document, table, row, column + 2 * m + 1,
                               ours.kind == REPORT_CELL_VALUE ? ours.value - value : (double)NAN);
        report_table_cell(document, table, row, column + 2 * m + 1)->partial = ours.partial;
    }
    return why != NULL ? why : "";
}

static void note_comparability(const published_t *published, report_table_t *table, const report_block_t *block)
{
    report_document_t *document = published->report->document;
    int known;
    const int here = categories_of(block, &known);
    if (here < known)
        report_table_note(document, table, "NOT COMPARABLE: ours is of %d of the dataset's %d categories", here, known);
    report_block_notes(published->report, table, block);
    report_table_note(document, table, "published: %s", published->source);
    report_table_note(document, table,
                      "ours minus it: of one method, backbone, setting and number of shots alone; what the protocols "
                      "say still differs");
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
    int backbone = report_table_column(table, "backbone", "backbone", REPORT_COLUMN_TEXT);
    int protocol = report_table_column(table, "protocol", "protocol", REPORT_COLUMN_TEXT);
    int unlike = report_table_column(table, "no_difference", "no difference, since", REPORT_COLUMN_TEXT);
    int row = report_table_row(document, table, false);
    report_table_put_text(document, table, row, 0, block->dataset);
    report_table_put_text(document, table, row, 1, report_document_text(document, "%d", block->shots));
    report_table_put_text(document, table, row, 2,
                          report_document_text(document, "this run: %s", report_block_method(document, block)));
    report_table_put_text(document, table, row, 3, block->point);
    for (int m = 0; m < 2; m++) *report_table_cell(document, table, row, first + 2 * m) = report_block_mean(block, m);
    report_table_put_text(document, table, row, backbone, block->one->tower);
    report_table_put_text(document, table, row, protocol, block->protocol);
    report_block_note_labels(published->report, table, block);
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
        report_table_put_text(document, table, row, unlike, put_figures(published, table, row, first, theirs, block));
        report_table_put_text(document, table, row, backbone,
                              report_document_text(document, "%s", told_of(published, theirs, "backbone")));
        report_table_put_text(document, table, row, protocol,
                              report_document_text(document, "published: %s", told_of(published, theirs, "protocol")));
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
                             .methods = io_json_get(root, "methods"),
                             .source = report_document_text(report->document, "%s", text_of(root, "source"))};
    status_t status = ST_OK;
    if (published.rows == NULL || io_json_kind(published.rows) != IO_JSON_ARRAY ||
        strcmp(text_of(root, "unit"), "percent") != 0)
        status = fail(ST_EFORMAT, "'%s': expected \"unit\": \"percent\" and a list \"rows\"", path);
    for (int b = 0; b < report->count && status == ST_OK; b++) block_table(&published, &report->blocks[b]);
    io_json_free(json);
    return status;
}
