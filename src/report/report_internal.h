/* Private to report: documents of tables, and the blocks of rows that they show. */
#ifndef FGAD_REPORT_INTERNAL_H
#define FGAD_REPORT_INTERNAL_H

#include "report/report.h"
#include "review/review.h"

/* ---- Tables: what every report is made of ----
 * A document is a list of tables, filled first and printed after, in any format. Texts and cells live in its arena. Memory
 * that runs out is noticed once, by report_document_status. */
typedef enum {
    REPORT_COLUMN_TEXT,
    REPORT_COLUMN_COUNT,      /* a whole number */
    REPORT_COLUMN_PERCENT,    /* a fraction, printed in percent */
    REPORT_COLUMN_DIFFERENCE, /* of two fractions, printed in percentage points with its sign */
    REPORT_COLUMN_SPREAD,     /* mean and standard deviation of n fractions */
    REPORT_COLUMN_INTERVAL,   /* of fractions, from low to high */
    REPORT_COLUMN_NUMBER,     /* as it is */
} report_column_kind_t;
typedef struct {
    const char *key;   /* in CSV and JSON */
    const char *label; /* for people; percent stands in it where it belongs */
    const char *group; /* columns side by side of one group have a common head; NULL: none */
    report_column_kind_t kind;
} report_column_t;
typedef enum {
    REPORT_CELL_EMPTY,   /* nothing belongs here */
    REPORT_CELL_MISSING, /* something belongs here and is not there */
    REPORT_CELL_VALUE,
} report_cell_kind_t;
typedef struct {
    report_cell_kind_t kind;
    bool best;    /* the highest of those it may be ranked with */
    bool partial; /* of fewer seeds or categories than there should be: marked, and told in a note */
    const char *text;
    double value, deviation, low, high;
    int n, categories; /* seeds, and categories of a mean, that `value` is of */
} report_cell_t;
enum { REPORT_TABLE_COLUMNS = 64, REPORT_TABLE_NOTES = 64 };
typedef struct {
    const char *name, *title;
    report_column_t column[REPORT_TABLE_COLUMNS];
    int columns;
    report_cell_t *cells; /* (rows, columns) */
    bool *rule;           /* (rows) a line stands above the row */
    int rows, row_room;
    const char *note[REPORT_TABLE_NOTES];
    int notes;
} report_table_t;
typedef struct {
    arena_t arena;
    report_table_t **tables;
    int count, room;
    const char *warning[REPORT_TABLE_NOTES]; /* about the whole, at its top */
    int warnings;
    bool out_of_memory;
    report_table_t spare; /* what is written to after that */
    report_cell_t spare_cell;
} report_document_t;
void report_document_init(report_document_t *document);
void report_document_free(report_document_t *document);
status_t report_document_status(const report_document_t *document);
report_table_t *report_document_table(report_document_t *document, const char *name, const char *title);
const char *report_document_text(report_document_t *document, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void report_document_warn(report_document_t *document, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* All columns before the first row. Returns the column's index. */
int report_table_column(report_table_t *table, const char *key, const char *label, report_column_kind_t kind);
int report_table_row(report_document_t *document, report_table_t *table, bool rule); /* its index */
report_cell_t *report_table_cell(report_document_t *document, report_table_t *table, int row, int column);
void report_table_put_text(report_document_t *document, report_table_t *table, int row, int column, const char *text);
/* NaN: the cell is missing. */
void report_table_put_value(report_document_t *document, report_table_t *table, int row, int column, double value);
void report_table_note(report_document_t *document, report_table_t *table, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The cell for people, into out; plus_minus, missing and mark as the format writes them; deviations padded to width. */
typedef struct {
    const char *plus_minus, *missing, *mark;
    int width;
    const char *best, *best_end; /* around the best of its kind */
} report_cell_style_t;
void report_cell_format(char *out, size_t size, const report_column_t *column, const report_cell_t *cell,
                        const report_cell_style_t *style);
status_t report_document_print(FILE *out, const report_document_t *document, report_format_t format);
void report_document_print_text(FILE *out, const report_document_t *document, bool markdown);
void report_document_print_latex(FILE *out, const report_document_t *document);
void report_document_print_csv(FILE *out, const report_document_t *document);
void report_document_print_json(FILE *out, const report_document_t *document);

/* ---- Reports ---- */
/* The selected rows of one dataset, method, point, protocol and number of shots. */
typedef struct {
    const char *dataset, *method, *point, *protocol; /* of the results */
    const store_row_t *one;                          /* any of its rows, with or without a result: its labels */
    int shots;
    const char **category; /* (categories), in the order of the results */
    int categories;
    int64_t *seed; /* (seeds), ascending */
    int seeds;
    const store_row_t **row; /* (categories, seeds); NULL: no result */
} report_block_t;
typedef struct {
    report_document_t *document;
    const char *run; /* its path, as it was given */
    const store_results_t *results;
    const report_options_t *options;
    report_block_t *blocks; /* in the document's arena, as all below */
    int count;
    int metric[STORE_METRICS], metrics; /* indices of those shown */
} report_t;
extern const char *const report_metric_labels[STORE_METRICS]; /* "image AUROC %" */
status_t report_select(report_t *report);
/* Mean and sample deviation of value (seeds), NaN where there is none. */
report_cell_t report_spread(const double *value, int seeds);
/* Metric m of a category of the block over its seeds, and of the mean over categories. */
report_cell_t report_block_cell(const report_block_t *block, int category, int m);
report_cell_t report_block_mean(const report_block_t *block, int m);
/* The method, and what of it is left out: "finegrainedad [vad alone]", "finegrainedad [not learned]". */
const char *report_block_method(report_document_t *document, const report_block_t *block);
/* A note on the tower, and on what must not be ranked with others. */
void report_block_note_labels(const report_t *report, report_table_t *table, const report_block_t *block);
/* Columns that tell labels of rows; people see those in which blocks differ, and a note on the others. */
enum { REPORT_LABELS = 6 };
typedef struct {
    int column[REPORT_LABELS]; /* -1: it has none */
} report_labels_t;
void report_put_label_columns(report_labels_t *out, const report_t *report, report_table_t *table);
void report_put_label_cells(const report_labels_t *labels, const report_t *report, report_table_t *table, int row,
                            const report_block_t *block);
/* "demo, finegrainedad, 1-shot, epsilon=1" */
const char *report_block_title(report_document_t *document, const report_block_t *block);
/* Notes on what is missing in the block, and its protocol. */
void report_block_notes(const report_t *report, report_table_t *table, const report_block_t *block);
void report_add_tables(const report_t *report);
/* Methods and settings of `count` runs side by side, a table a dataset and number of shots, and their differences. */
status_t report_add_systems(const report_t *runs, int count);
/* What a block's method takes, beside its quality; NaN: not known. */
typedef struct {
    double milliseconds; /* an image, a core: its own features by the measured rates, and its scoring */
    double learning;     /* seconds a draw and category */
    double state_mb;     /* kept while it scores, the model apart */
} report_cost_t;
report_cost_t report_block_cost(const report_t *report, const report_block_t *block);
status_t report_add_published(const report_t *report);
/* In CSV and JSON: the columns that say which block a row is of (people read it in the title), and their cells; returns
 * the first column after them. */
void report_put_block_columns(const report_t *report, report_table_t *table);
int report_put_block_cells(const report_t *report, report_table_t *table, int row, const report_block_t *block);
status_t report_open_stored(review_stored_t **out, const report_t *report, const store_results_t *results,
                            const store_row_t *row);
status_t report_add_defects(const report_t *report);
status_t report_add_thresholds(const report_t *report);
status_t report_add_effects(const report_t *report);
status_t report_add_intervals(const report_t *report);
status_t report_add_against(const report_t *report);

#endif
