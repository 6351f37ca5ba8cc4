/* Tables from the stored maps: bootstrap intervals, and one result set against another. */
#include "report/report_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGE_AUROC = 0, PIXEL_AUROC = 1 }; /* places in store_number_table */

static bool is_shown(const report_t *report, int m)
{
    for (int i = 0; i < report->metrics; i++)
        if (report->metric[i] == m) return true;
    return false;
}

/* ---- Intervals ----------------------------------------------------------------------------------------------------- */

static void put_interval(report_document_t *document, report_table_t *table, int row, int column,
                         const metrics_interval_t *interval, bool paired)
{
    report_table_put_value(document, table, row, column, interval->estimate);
    report_cell_t *cell = report_table_cell(document, table, row, column + 1);
    *cell = (report_cell_t){.kind = isnan(interval->low) ? REPORT_CELL_MISSING : REPORT_CELL_VALUE,
                            .low = interval->low,
                            .high = interval->high};
    if (paired) report_table_put_value(document, table, row, column + 2, interval->p_value);
}

/* The columns of one metric; returns the first. */
static int put_interval_columns(const report_t *report, report_table_t *table, int m, bool paired)
{
    report_document_t *document = report->document;
    const char *key = store_number_table[m].name, *label = report_metric_labels[m];
    const char *interval = report_document_text(document, "%g %% interval", 100 * report->options->level);
    if (!paired) {
        int first = report_table_column(table, key, label, REPORT_COLUMN_PERCENT);
        report_table_column(table, key, interval, REPORT_COLUMN_INTERVAL);
        return first;
    }
    int first = report_table_column(table, report_document_text(document, "%s_difference", key),
                                    report_document_text(document, "%s difference", label), REPORT_COLUMN_DIFFERENCE);
    report_table_column(table, report_document_text(document, "%s_difference", key), interval, REPORT_COLUMN_INTERVAL);
    report_table_column(table, report_document_text(document, "%s_p", key), "p", REPORT_COLUMN_NUMBER);
    return first;
}

static metrics_bootstrap_t make_bootstrap(const rng_t *rng, const report_t *report)
{
    int replicates = report->options->bootstrap > 0 ? report->options->bootstrap : 1000;
    return (metrics_bootstrap_t){.rng = rng, .replicates = replicates, .level = report->options->level};
}

static status_t put_intervals(const report_t *report, report_table_t *table, int row, const int first[2],
                              const store_row_t *task)
{
    status_t status;
    review_stored_t *stored = NULL;
    metrics_pixels_t *pixels = NULL;
    metrics_interval_t interval;
    rng_t rng = rng_init(task->dataset, task->category, task->shots, report->options->bootstrap_seed, "bootstrap");
    const metrics_bootstrap_t bootstrap = make_bootstrap(&rng, report);
    TRY_DONE(report_open_stored(&stored, report, report->results, task));
    const review_scores_t scores = review_stored_scores(stored);
    if (first[IMAGE_AUROC] >= 0) {
        TRY_DONE(metrics_bootstrap_images(&interval, scores.score, scores.label, scores.n, &bootstrap));
        put_interval(report->document, table, row, first[IMAGE_AUROC], &interval, false);
    }
    if (first[PIXEL_AUROC] >= 0) {
        TRY_DONE(review_stored_pixels(&pixels, stored, false, true));
        interval = (metrics_interval_t){NAN, NAN, NAN, NAN, 0};
        if (pixels != NULL) TRY_DONE(metrics_bootstrap_pixels(&interval, pixels, &bootstrap));
        put_interval(report->document, table, row, first[PIXEL_AUROC], &interval, false);
    }
done:
    metrics_pixels_close(pixels);
    review_stored_close(stored);
    return status;
}

static void note_bootstrap(const report_t *report, report_table_t *table, bool paired)
{
    report_table_note(report->document, table, "bootstrap over test images%s, %d replicates, seed %llu",
                      paired ? ", the same draws for both" : "", make_bootstrap(NULL, report).replicates,
                      (unsigned long long)report->options->bootstrap_seed);
    if (paired) report_table_note(report->document, table, "p: two-sided, that there is no difference");
}

static status_t intervals_table(const report_t *report, const report_block_t *block)
{
    report_document_t *document = report->document;
    int first[2] = {-1, -1};
    report_table_t *table = report_document_table(
        document, "intervals",
        report_document_text(document, "%s, confidence intervals", report_block_title(document, block)));
    report_put_block_columns(report, table);
    int category = report_table_column(table, "category", "category", REPORT_COLUMN_TEXT);
    report_table_column(table, "seed", "seed", REPORT_COLUMN_COUNT);
    for (int m = 0; m < 2; m++)
        if (is_shown(report, m)) first[m] = put_interval_columns(report, table, m, false);
    for (int c = 0; c < block->categories; c++)
        for (int s = 0; s < block->seeds; s++) {
            const store_row_t *task = block->row[c * block->seeds + s];
            if (task == NULL) continue;
            int row = report_table_row(document, table, s == 0 && c > 0 && block->seeds > 1);
            report_put_block_cells(report, table, row, block);
            report_table_put_text(document, table, row, category, block->category[c]);
            report_table_put_value(document, table, row, category + 1, (double)block->seed[s]);
            TRY(put_intervals(report, table, row, first, task));
        }
    note_bootstrap(report, table, false);
    report_block_note_labels(report, table, block);
    report_table_note(document, table, "%s", block->protocol);
    return ST_OK;
}

status_t report_add_intervals(const report_t *report)
{
    for (int b = 0; b < report->count; b++) TRY(intervals_table(report, &report->blocks[b]));
    return ST_OK;
}

/* ---- Against another result set ------------------------------------------------------------------------------------ */

/* The rows of the other set that may be meant, sorted, so that a set of 100,000 rows is not gone through for each of ours. */
typedef struct {
    store_results_t results;
    const store_row_t **row; /* (count) */
    size_t count;
} other_t;

static int by_task(const void *a, const void *b)
{
    const store_row_t *x = *(const store_row_t *const *)a, *y = *(const store_row_t *const *)b;
    int order = strcmp(x->dataset, y->dataset);
    if (order == 0) order = strcmp(x->category, y->category);
    if (order == 0) order = (x->shots > y->shots) - (x->shots < y->shots);
    return order != 0 ? order : (x->seed > y->seed) - (x->seed < y->seed);
}

static status_t other_open(other_t *out, const report_t *report)
{
    const store_select_t select = {.point = report->options->against_point};
    *out = (other_t){0};
    TRY(store_results_read(&out->results, report->options->against));
    out->row = base_alloc((size_t)out->results.count + 1, sizeof *out->row);
    if (out->row == NULL) return ST_ENOMEM;
    for (int i = 0; i < out->results.count; i++)
        if (store_row_selected(&out->results.rows[i], &select)) out->row[out->count++] = &out->results.rows[i];
    qsort(out->row, out->count, sizeof *out->row, by_task);
    return ST_OK;
}

static void other_close(other_t *other)
{
    free(other->row);
    store_results_free(&other->results);
}

/* The other set's row of the same category, shots and seed; of the same point where it has several. */
static status_t find_other(const store_row_t **out, const report_t *report, const other_t *other,
                           const store_row_t *row)
{
    int found = 0;
    *out = NULL;
    const store_row_t **any =
        other->count == 0 ? NULL : bsearch(&row, other->row, other->count, sizeof *other->row, by_task);
    if (any == NULL) return ST_OK;
    while (any > other->row && by_task(any - 1, &row) == 0) any--;
    for (; any < other->row + other->count && by_task(any, &row) == 0; any++) {
        found++;
        *out = *any;
        if (strcmp((*any)->point, row->point) == 0 && report->options->against_point == NULL) return ST_OK;
    }
    if (found > 1)
        return fail(ST_EFORMAT, "'%s' has %d grid points of %s/%s, none of them '%s' (hint: --against-point)",
                    report->options->against, found, row->dataset, row->category, row->point);
    return ST_OK;
}

static status_t check_same_images(const review_scores_t *ours, const review_scores_t *theirs, const store_row_t *row)
{
    bool same = ours->n == theirs->n;
    int at = 0;
    for (; same && at < ours->n; at++)
        same = strcmp(ours->path[at], theirs->path[at]) == 0 && ours->label[at] == theirs->label[at];
    return same ? ST_OK
                : fail(ST_EFORMAT, "%s/%s: the two runs were tested on different images (%d and %d)", row->dataset,
                       row->category, ours->n, theirs->n);
}

typedef struct {
    double sum[2];
    int count[2];
} differences_t;

static status_t put_differences(differences_t *sum, const report_t *report, report_table_t *table, int row,
                                const int first[2], const store_row_t *ours, const other_t *other,
                                const store_row_t *theirs)
{
    status_t status;
    review_stored_t *stored[2] = {NULL, NULL};
    metrics_pixels_t *pixels[2] = {NULL, NULL};
    metrics_interval_t interval[2] = {{NAN, NAN, NAN, NAN, 0}, {NAN, NAN, NAN, NAN, 0}};
    rng_t rng = rng_init(ours->dataset, ours->category, ours->shots, report->options->bootstrap_seed, "bootstrap");
    const metrics_bootstrap_t bootstrap = make_bootstrap(&rng, report);
    TRY_DONE(report_open_stored(&stored[0], report, report->results, ours));
    TRY_DONE(report_open_stored(&stored[1], report, &other->results, theirs));
    const review_scores_t one = review_stored_scores(stored[0]), two = review_stored_scores(stored[1]);
    TRY_DONE(check_same_images(&one, &two, ours));
    if (first[IMAGE_AUROC] >= 0)
        TRY_DONE(metrics_bootstrap_images_paired(&interval[0], one.score, two.score, one.label, one.n, &bootstrap));
    if (first[PIXEL_AUROC] >= 0) {
        for (int i = 0; i < 2; i++) TRY_DONE(review_stored_pixels(&pixels[i], stored[i], false, true));
        if (pixels[0] != NULL && pixels[1] != NULL)
            status = metrics_bootstrap_pixels_paired(&interval[1], pixels[0], pixels[1], &bootstrap);
        if (status != ST_OK) {
            fail_context(status, "%s/%s: '%s' and '%s' (hint: rescore one with the other's size and masks)",
                         ours->dataset, ours->category, ours->protocol, theirs->protocol);
            goto done;
        }
    }
    for (int m = 0; m < 2; m++) {
        if (first[m] < 0) continue;
        put_interval(report->document, table, row, first[m], &interval[m], true);
        if (!isnan(interval[m].estimate)) sum->sum[m] += interval[m].estimate, sum->count[m]++;
    }
done:
    for (int i = 0; i < 2; i++) {
        metrics_pixels_close(pixels[i]);
        review_stored_close(stored[i]);
    }
    return status;
}

static status_t against_table(const report_t *report, const other_t *other, const report_block_t *block)
{
    report_document_t *document = report->document;
    int first[2] = {-1, -1}, pairs = 0, alone = 0;
    differences_t sum = {0};
    const char *their_protocol = block->protocol;
    report_table_t *table = report_document_table(
        document, "against",
        report_document_text(document, "%s, minus %s", report_block_title(document, block), report->options->against));
    report_put_block_columns(report, table);
    int category = report_table_column(table, "category", "category", REPORT_COLUMN_TEXT);
    report_table_column(table, "seed", "seed", REPORT_COLUMN_COUNT);
    for (int m = 0; m < 2; m++)
        if (is_shown(report, m)) first[m] = put_interval_columns(report, table, m, true);
    for (int c = 0; c < block->categories; c++)
        for (int s = 0; s < block->seeds; s++) {
            const store_row_t *ours = block->row[c * block->seeds + s], *theirs = NULL;
            if (ours != NULL) TRY(find_other(&theirs, report, other, ours));
            if (theirs == NULL) {
                alone++;
                continue;
            }
            int row = report_table_row(document, table, s == 0 && c > 0 && block->seeds > 1);
            report_put_block_cells(report, table, row, block);
            report_table_put_text(document, table, row, category, block->category[c]);
            report_table_put_value(document, table, row, category + 1, (double)block->seed[s]);
            TRY(put_differences(&sum, report, table, row, first, ours, other, theirs));
            their_protocol = theirs->protocol;
            pairs++;
        }
    if (pairs > 0) {
        int row = report_table_row(document, table, true);
        report_put_block_cells(report, table, row, block);
        report_table_put_text(document, table, row, category, STORE_MEAN);
        for (int m = 0; m < 2; m++)
            if (first[m] >= 0)
                report_table_put_value(document, table, row, first[m],
                                       sum.count[m] > 0 ? sum.sum[m] / sum.count[m] : (double)NAN);
    }
    if (pairs == 0)
        report_table_note(document, table,
                          "nothing in common: the other has no result of the same dataset, category, "
                          "shots and seed (fgad report on it shows what it has)");
    else if (alone > 0)
        report_table_note(document, table, "%d result%s of one run alone: left out of this table", alone,
                          alone == 1 ? "" : "s");
    note_bootstrap(report, table, true);
    report_block_note_labels(report, table, block);
    report_table_note(document, table, "%s", block->protocol);
    if (strcmp(their_protocol, block->protocol) != 0)
        report_table_note(document, table, "the other: %s", their_protocol);
    return ST_OK;
}

status_t report_add_against(const report_t *report)
{
    other_t other;
    status_t status = other_open(&other, report);
    for (int b = 0; b < report->count && status == ST_OK; b++)
        status = against_table(report, &other, &report->blocks[b]);
    other_close(&other);
    return status;
}
