/* A block of results: its cells, its title, and what is to be noted of it. */
#include "report/report_internal.h"

#include <math.h>
#include <string.h>

/* ---- Cells --------------------------------------------------------------------------------------------------------- */

report_cell_t report_spread(const double *value, int seeds)
{
    report_cell_t cell = {.kind = REPORT_CELL_MISSING};
    double sum = 0, square = 0;
    for (int s = 0; s < seeds; s++)
        if (!isnan(value[s])) sum += value[s], cell.n++;
    if (cell.n == 0) return cell;
    cell.kind = REPORT_CELL_VALUE;
    cell.value = sum / cell.n;
    for (int s = 0; s < seeds; s++)
        if (!isnan(value[s])) square += (value[s] - cell.value) * (value[s] - cell.value);
    cell.deviation = cell.n > 1 ? sqrt(square / (cell.n - 1)) : 0;
    cell.partial = cell.n < seeds;
    return cell;
}

enum { MOST_SEEDS = 1024 };

report_cell_t report_block_cell(const report_block_t *block, int category, int m)
{
    double value[MOST_SEEDS] = {0};
    int seeds = block->seeds < MOST_SEEDS ? block->seeds : MOST_SEEDS;
    for (int s = 0; s < seeds; s++) {
        const store_row_t *row = block->row[category * block->seeds + s];
        value[s] = row != NULL ? row->metric[m] : (double)NAN;
    }
    report_cell_t cell = report_spread(value, seeds);
    cell.categories = cell.n > 0;
    return cell;
}

/* A seed counts when every category has its result; a metric that a category does not have is left out, and marked. */
report_cell_t report_block_mean(const report_block_t *block, int m)
{
    double value[MOST_SEEDS] = {0};
    int seeds = block->seeds < MOST_SEEDS ? block->seeds : MOST_SEEDS, fewest = block->categories;
    for (int s = 0; s < seeds; s++) {
        double sum = 0;
        int counted = 0;
        bool complete = true;
        for (int c = 0; c < block->categories; c++) {
            const store_row_t *row = block->row[c * block->seeds + s];
            complete = complete && row != NULL;
            if (row != NULL && !isnan(row->metric[m])) sum += row->metric[m], counted++;
        }
        value[s] = complete && counted > 0 ? sum / counted : (double)NAN;
        if (complete && counted > 0 && counted < fewest) fewest = counted;
    }
    report_cell_t cell = report_spread(value, seeds);
    cell.categories = cell.n > 0 ? fewest : 0;
    cell.partial = cell.partial || (cell.n > 0 && fewest < block->categories);
    return cell;
}

/* ---- Notes --------------------------------------------------------------------------------------------------------- */

const char *report_block_title(report_document_t *document, const report_block_t *block)
{
    return report_document_text(document, "%s, %s, %d-shot%s%s", block->dataset, report_block_method(document, block),
                                block->shots, block->point[0] != '\0' ? ", " : "", block->point);
}

typedef struct {
    char text[400];
    size_t used;
    int count, left_out;
} list_t;

static void add_to_list(list_t *list, const char *separator, const char *word)
{
    list->count++;
    if (list->used + strlen(word) + 8 > sizeof list->text) {
        list->left_out++;
        return;
    }
    list->used += (size_t)snprintf(list->text + list->used, sizeof list->text - list->used, "%s%s",
                                   list->count > 1 ? separator : "", word);
}

static bool has_results(const report_block_t *block)
{
    for (int i = 0; i < block->categories * block->seeds; i++)
        if (block->row[i] != NULL) return true;
    return false;
}

/* "cable seed 1, screw seeds 0 2": the results that are not there. */
static void note_missing_tasks(const report_t *report, report_table_t *table, const report_block_t *block)
{
    list_t list = {0};
    char more[32] = "", partial[64] = "";
    for (int c = 0; c < block->categories; c++) {
        char word[128];
        int used = 0, count = 0;
        for (int s = 0; s < block->seeds; s++) count += block->row[c * block->seeds + s] == NULL;
        if (count == 0) continue;
        used = snprintf(word, sizeof word, "%.80s seed%s", block->category[c], count == 1 ? "" : "s");
        for (int s = 0; s < block->seeds && used < (int)sizeof word - 24; s++)
            if (block->row[c * block->seeds + s] == NULL)
                used += snprintf(word + used, sizeof word - (size_t)used, " %lld", (long long)block->seed[s]);
        add_to_list(&list, ", ", word);
    }
    if (list.count == 0) return;
    if (!has_results(block)) {
        report_table_note(report->document, table, "no result yet");
        return;
    }
    if (list.left_out > 0) snprintf(more, sizeof more, " and %d more", list.left_out);
    if (block->seeds > 1) snprintf(partial, sizeof partial, "; * of fewer than %d seeds", block->seeds);
    report_table_note(report->document, table, "no result yet: %s%s%s", list.text, more, partial);
}

/* A result is there, but it has no such number: one class only, or anomalies without ground truth. */
static bool lacks_metric(const report_block_t *block, int category, int m)
{
    for (int s = 0; s < block->seeds; s++) {
        const store_row_t *row = block->row[category * block->seeds + s];
        if (row != NULL && isnan(row->metric[m])) return true;
    }
    return false;
}

static bool lack_alike(const report_block_t *block, int m, int other)
{
    for (int c = 0; c < block->categories; c++)
        if (lacks_metric(block, c, m) != lacks_metric(block, c, other)) return false;
    return true;
}

/* The i-th of the report's metrics, and in the same line those after it that the same categories lack. */
static void note_missing_metric(const report_t *report, report_table_t *table, const report_block_t *block, int i)
{
    list_t names = {0}, list = {0};
    int m = report->metric[i];
    for (int before = 0; before < i; before++)
        if (lack_alike(block, report->metric[before], m)) return;
    for (int c = 0; c < block->categories; c++)
        if (lacks_metric(block, c, m)) add_to_list(&list, ", ", block->category[c]);
    if (list.count == 0) return;
    for (int next = i; next < report->metrics; next++) {
        char name[64];
        const char *label = report_metric_labels[report->metric[next]]; /* ends with " %" */
        /* Sample level exists for one dataset only, branches for two methods: that another has none is no news. */
        if (list.count == block->categories && report->metric[next] >= STORE_SAMPLE_AUROC) continue;
        if (!lack_alike(block, m, report->metric[next])) continue;
        snprintf(name, sizeof name, "%.*s", (int)(strlen(label) - 2), label);
        add_to_list(&names, ", ", name);
    }
    if (names.count == 0) return;
    const char *why = "test images of one class, or without ground truth";
    if (list.count == block->categories)
        report_table_note(report->document, table, "no %s: %s", names.text, why);
    else
        report_table_note(report->document, table, "no %s: %s (%s); * means are of the other %d of %d categories",
                          names.text, list.text, why, block->categories - list.count, block->categories);
}

void report_block_notes(const report_t *report, report_table_t *table, const report_block_t *block)
{
    note_missing_tasks(report, table, block);
    for (int i = 0; i < report->metrics; i++) note_missing_metric(report, table, block, i);
    if (report->options->select.category != NULL)
        report_table_note(report->document, table, "means are of the %d categor%s shown", block->categories,
                          block->categories == 1 ? "y" : "ies");
    if (block->seeds > 1 && has_results(block))
        report_table_note(report->document, table, "mean and sample standard deviation of %d seeds", block->seeds);
    report_table_note(report->document, table, "%s", block->protocol);
    int kinds = store_made_on_count(&report->results->made_on);
    if (kinds > 1)
        report_table_note(report->document, table, "made on %d kinds of kernels, on which last bits depend: %s", kinds,
                          report->results->made_on.text);
}

/* ---- Columns and maps of a block ------------------------------------------------------------------------------------ */

static bool is_data(const report_t *report)
{
    return report->options->format == REPORT_FORMAT_CSV || report->options->format == REPORT_FORMAT_JSON;
}

void report_put_block_columns(const report_t *report, report_table_t *table)
{
    if (!is_data(report)) return;
    report_table_column(table, "dataset", "", REPORT_COLUMN_TEXT);
    report_table_column(table, "shots", "", REPORT_COLUMN_COUNT);
    report_table_column(table, "point", "", REPORT_COLUMN_TEXT);
    report_table_column(table, "method", "", REPORT_COLUMN_TEXT);
    report_table_column(table, "protocol", "", REPORT_COLUMN_TEXT);
    report_labels_t labels;
    report_put_label_columns(&labels, report, table);
}

int report_put_block_cells(const report_t *report, report_table_t *table, int row, const report_block_t *block)
{
    report_document_t *document = report->document;
    if (!is_data(report)) return 0;
    report_table_put_text(document, table, row, 0, block->dataset);
    report_table_put_value(document, table, row, 1, block->shots);
    report_table_put_text(document, table, row, 2, block->point);
    report_table_put_text(document, table, row, 3, block->method);
    report_table_put_text(document, table, row, 4, block->protocol);
    report_labels_t labels;
    for (int l = 0; l < REPORT_LABELS; l++) labels.column[l] = 5 + l;
    report_put_label_cells(&labels, report, table, row, block);
    return 5 + REPORT_LABELS;
}

status_t report_open_stored(review_stored_t **out, const report_t *report, const store_results_t *results,
                            const store_row_t *row)
{
    const report_options_t *options = report->options;
    return review_stored_open(out, results, row, options->assignments, options->assignment_count);
}
