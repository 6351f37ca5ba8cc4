/* The main tables of a report: categories and their mean, over seeds. */
#include "report/report_internal.h"

#include <math.h>
#include <string.h>

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
        int c = report_table_column(table, store_number_table[m].name, report_metric_labels[m], REPORT_COLUMN_SPREAD);
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
        report_table_put_text(document, table, row, 0, category >= 0 ? block->category[category] : STORE_MEAN);
        put_line(report, table, row, first, block, category);
    }
    report_block_note_labels(report, table, block);
    report_block_notes(report, table, block);
}

static bool same_family(const report_block_t *a, const report_block_t *b)
{
    return strcmp(a->dataset, b->dataset) == 0 && strcmp(a->method, b->method) == 0 &&
           strcmp(a->point, b->point) == 0 && strcmp(a->protocol, b->protocol) == 0 &&
           strcmp(a->one->tower, b->one->tower) == 0 && strcmp(a->one->branches, b->one->branches) == 0 &&
           strcmp(a->one->learn, b->one->learn) == 0;
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
    report_table_t *table = report_document_table(
        document, "results",
        report_document_text(document, "%s, %s%s%s", block->dataset, report_block_method(document, block),
                             block->point[0] != '\0' ? ", " : "", block->point));
    report_table_column(table, "category", "category", REPORT_COLUMN_TEXT);
    for (int other = b; other < report->count; other++)
        if (same_family(block, &report->blocks[other]))
            put_metric_columns(report, table, report_document_text(document, "%d-shot", report->blocks[other].shots));
    for (int c = 0; c <= block->categories; c++) {
        const char *category = c < block->categories ? block->category[c] : STORE_MEAN;
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
    report_block_note_labels(report, table, block);
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
    report_labels_t labels;
    report_put_label_columns(&labels, report, table);
    for (int b = 0; b < report->count; b++) {
        const report_block_t *block = &report->blocks[b];
        bool other = b > 0 && (strcmp(block->dataset, block[-1].dataset) != 0 || block->shots != block[-1].shots);
        int row = report_table_row(document, table, other);
        report_table_put_text(document, table, row, 0, block->dataset);
        report_table_put_value(document, table, row, 1, block->shots);
        report_table_put_text(document, table, row, 2, report_block_method(document, block));
        report_table_put_text(document, table, row, 3, block->point[0] != '\0' ? block->point : STORE_AS_THE_JOB);
        put_line(report, table, row, first, block, -1);
        report_put_label_cells(&labels, report, table, row, block);
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
    report_labels_t labels;
    report_put_label_columns(&labels, report, table);
    int protocol = report_table_column(table, "protocol", "", REPORT_COLUMN_TEXT);
    for (int b = 0; b < report->count; b++) {
        const report_block_t *block = &report->blocks[b];
        for (int c = report->options->means ? block->categories : 0; c <= block->categories; c++) {
            int row = report_table_row(document, table, false);
            report_table_put_text(document, table, row, 0, block->dataset);
            report_table_put_text(document, table, row, 1, c < block->categories ? block->category[c] : STORE_MEAN);
            report_table_put_value(document, table, row, 2, block->shots);
            report_table_put_text(document, table, row, 3, block->point);
            report_table_put_text(document, table, row, 4, block->method);
            report_table_put_value(document, table, row, 5, block->seeds);
            put_line(report, table, row, first, block, c < block->categories ? c : -1);
            report_put_label_cells(&labels, report, table, row, block);
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
