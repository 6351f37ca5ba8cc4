/* The main tables of a report: categories and their mean, over seeds. */
#include "report/report_internal.h"

#include <math.h>
#include <string.h>

const char *const report_format_names[] = {"text", "md", "csv", "latex", "json", NULL};
const report_options_t report_defaults = {.level = 0.95};

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
        const suite_row_t *row = block->row[category * block->seeds + s];
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
            const suite_row_t *row = block->row[c * block->seeds + s];
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
    return report_document_text(document, "%s, %s, %d-shot%s%s", block->dataset, block->method, block->shots,
                                block->point[0] != '\0' ? ", " : "", block->point);
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
        const suite_row_t *row = block->row[category * block->seeds + s];
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
        /* Sample level exists for one dataset only: that another has none is no news. */
        if (list.count == block->categories && report->metric[next] == SUITE_METRICS - 1) continue;
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
        report_table_note(report->document, table, "means are of the %d categories shown", block->categories);
    if (block->seeds > 1 && has_results(block))
        report_table_note(report->document, table, "mean and sample standard deviation of %d seeds", block->seeds);
    report_table_note(report->document, table, "%s", block->protocol);
}

/* ---- Tables -------------------------------------------------------------------------------------------------------- */

static void put_line(const report_t *report, report_table_t *table, int row, int column, const report_block_t *block,
                     int category)
{
    for (int i = 0; i < report->metrics; i++) {
        int m = report->metric[i];
        *report_table_cell(report->document, table, row, column + i) =
            category >= 0 ? report_block_cell(block, category, m) : report_block_mean(block, m);
    }
}

static int put_metric_columns(const report_t *report, report_table_t *table, const char *group)
{
    int first = table->columns;
    for (int i = 0; i < report->metrics; i++) {
        int m = report->metric[i];
        int c = report_table_column(table, suite_metric_names[m], report_metric_labels[m], REPORT_COLUMN_SPREAD);
        table->column[c].group = group;
    }
    return first;
}

/* One table a block: a line a category, then the mean. */
static void block_table(const report_t *report, const report_block_t *block)
{
    report_document_t *document = report->document;
    report_table_t *table = report_document_table(document, "results", report_block_title(document, block));
    report_table_column(table, "category", "category", REPORT_COLUMN_TEXT);
    int first = put_metric_columns(report, table, NULL);
    for (int c = -1; c < block->categories; c++) {
        /* The mean comes last. */
        int category = c + 1 < block->categories ? c + 1 : -1;
        int row = report_table_row(document, table, category < 0);
        report_table_put_text(document, table, row, 0, category >= 0 ? block->category[category] : SUITE_MEAN);
        put_line(report, table, row, first, block, category);
    }
    report_block_notes(report, table, block);
}

static bool same_family(const report_block_t *a, const report_block_t *b)
{
    return strcmp(a->dataset, b->dataset) == 0 && strcmp(a->method, b->method) == 0 &&
           strcmp(a->point, b->point) == 0 && strcmp(a->protocol, b->protocol) == 0;
}

static int find_category(const report_block_t *block, const char *category)
{
    for (int c = 0; c < block->categories; c++)
        if (strcmp(block->category[c], category) == 0) return c;
    return -1;
}

/* For a paper: one table for all numbers of shots, side by side. */
static void family_table(const report_t *report, int b)
{
    report_document_t *document = report->document;
    const report_block_t *block = &report->blocks[b];
    report_table_t *table =
        report_document_table(document, "results",
                              report_document_text(document, "%s, %s%s%s", block->dataset, block->method,
                                                   block->point[0] != '\0' ? ", " : "", block->point));
    report_table_column(table, "category", "category", REPORT_COLUMN_TEXT);
    for (int other = b; other < report->count; other++)
        if (same_family(block, &report->blocks[other]))
            put_metric_columns(report, table, report_document_text(document, "%d-shot", report->blocks[other].shots));
    for (int c = 0; c <= block->categories; c++) {
        const char *category = c < block->categories ? block->category[c] : SUITE_MEAN;
        int row = report_table_row(document, table, c == block->categories), column = 1;
        report_table_put_text(document, table, row, 0, category);
        for (int other = b; other < report->count; other++) {
            const report_block_t *beside = &report->blocks[other];
            if (!same_family(block, beside)) continue;
            int at = c < block->categories ? find_category(beside, category) : -1;
            if (at >= 0 || c == block->categories) put_line(report, table, row, column, beside, at);
            column += report->metrics;
        }
    }
    for (int other = b; other < report->count; other++)
        if (same_family(block, &report->blocks[other])) report_block_notes(report, table, &report->blocks[other]);
}

/* A line a block: what an ablation looks at. */
static void means_table(const report_t *report)
{
    report_document_t *document = report->document;
    report_table_t *table = report_document_table(document, "means", "means over categories");
    report_table_column(table, "dataset", "dataset", REPORT_COLUMN_TEXT);
    report_table_column(table, "shots", "shots", REPORT_COLUMN_COUNT);
    report_table_column(table, "method", "method", REPORT_COLUMN_TEXT);
    report_table_column(table, "point", "point", REPORT_COLUMN_TEXT);
    int first = put_metric_columns(report, table, NULL);
    for (int b = 0; b < report->count; b++) {
        const report_block_t *block = &report->blocks[b];
        bool other = b > 0 && (strcmp(block->dataset, block[-1].dataset) != 0 || block->shots != block[-1].shots);
        int row = report_table_row(document, table, other);
        report_table_put_text(document, table, row, 0, block->dataset);
        report_table_put_value(document, table, row, 1, block->shots);
        report_table_put_text(document, table, row, 2, block->method);
        report_table_put_text(document, table, row, 3, block->point[0] != '\0' ? block->point : SUITE_AS_THE_JOB);
        put_line(report, table, row, first, block, -1);
        report_block_notes(report, table, block);
    }
}

/* For programs: every line of every block in one table. */
static void flat_table(const report_t *report)
{
    report_document_t *document = report->document;
    report_table_t *table = report_document_table(document, "results", "results");
    report_table_column(table, "dataset", "", REPORT_COLUMN_TEXT);
    report_table_column(table, "category", "", REPORT_COLUMN_TEXT);
    report_table_column(table, "shots", "", REPORT_COLUMN_COUNT);
    report_table_column(table, "point", "", REPORT_COLUMN_TEXT);
    report_table_column(table, "method", "", REPORT_COLUMN_TEXT);
    report_table_column(table, "seeds", "", REPORT_COLUMN_COUNT);
    int first = put_metric_columns(report, table, NULL);
    int protocol = report_table_column(table, "protocol", "", REPORT_COLUMN_TEXT);
    for (int b = 0; b < report->count; b++) {
        const report_block_t *block = &report->blocks[b];
        for (int c = report->options->means ? block->categories : 0; c <= block->categories; c++) {
            int row = report_table_row(document, table, false);
            report_table_put_text(document, table, row, 0, block->dataset);
            report_table_put_text(document, table, row, 1, c < block->categories ? block->category[c] : SUITE_MEAN);
            report_table_put_value(document, table, row, 2, block->shots);
            report_table_put_text(document, table, row, 3, block->point);
            report_table_put_text(document, table, row, 4, block->method);
            report_table_put_value(document, table, row, 5, block->seeds);
            put_line(report, table, row, first, block, c < block->categories ? c : -1);
            report_table_put_text(document, table, row, protocol, block->protocol);
        }
        report_block_notes(report, table, block);
    }
}

void report_add_tables(const report_t *report)
{
    report_format_t format = report->options->format;
    if (report->results->missing > 0)
        report_document_warn(report->document, "INCOMPLETE: %d task%s of this run %s no result yet",
                             report->results->missing, report->results->missing == 1 ? "" : "s",
                             report->results->missing == 1 ? "has" : "have");
    if (format == REPORT_FORMAT_CSV || format == REPORT_FORMAT_JSON) {
        flat_table(report);
    } else if (report->options->means) {
        means_table(report);
    } else if (format == REPORT_FORMAT_LATEX) {
        for (int b = 0; b < report->count; b++) {
            bool seen = false;
            for (int before = 0; before < b; before++)
                seen = seen || same_family(&report->blocks[before], &report->blocks[b]);
            if (!seen) family_table(report, b);
        }
    } else {
        for (int b = 0; b < report->count; b++) block_table(report, &report->blocks[b]);
    }
}

static status_t fill(report_document_t *document, const suite_results_t *results, const report_options_t *options)
{
    report_t report = {.document = document, .results = results, .options = options};
    TRY(report_select(&report));
    report_add_tables(&report);
    if (options->published) TRY(report_add_published(&report));
    if (options->per_defect) TRY(report_add_defects(&report));
    if (options->bootstrap > 0 && options->against == NULL) TRY(report_add_intervals(&report));
    if (options->against != NULL) TRY(report_add_against(&report));
    return ST_OK;
}

static status_t print(FILE *out, const suite_results_t *results, const report_options_t *options)
{
    report_document_t document;
    report_document_init(&document);
    status_t status = fill(&document, results, options);
    if (status == ST_OK) status = report_document_print(out, &document, options->format);
    report_document_free(&document);
    return status;
}

status_t report_print_results(FILE *out, const suite_results_t *results)
{
    report_options_t options = report_defaults;
    const char *first = results->count > 0 ? results->rows[0].point : "";
    int points = 1;
    for (int i = 1; i < results->count && points < 5; i++)
        points += strcmp(results->rows[i].point, results->rows[i - 1].point) != 0 &&
                  strcmp(results->rows[i].point, first) != 0;
    /* A run of many points ends with a line a point; fgad report shows them whole. */
    options.means = points > 4;
    return results->count + results->missing > 0 ? print(out, results, &options) : ST_OK;
}

status_t report_print(FILE *out, const char *path, const report_options_t *options)
{
    suite_results_t results;
    TRY(suite_results_read(&results, path));
    status_t status = print(out, &results, options);
    suite_results_free(&results);
    return status;
}
