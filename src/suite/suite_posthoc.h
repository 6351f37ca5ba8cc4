/* What the commands that look at finished runs share: result sets, stored maps, tables. Private to suite. */
#ifndef FGAD_SUITE_POSTHOC_H
#define FGAD_SUITE_POSTHOC_H

#include "suite/suite_internal.h"

/* ---- CSV: records of named columns (RFC 4180) ---- */
enum { SUITE_CSV_COLUMNS = 64 };
typedef struct {
    const char *path; /* not owned */
    char *bytes, *next;
    char *name[SUITE_CSV_COLUMNS], *cell[SUITE_CSV_COLUMNS];
    int columns, line;
} suite_csv_t;
/* Reads the header line. ST_EFORMAT: none, or two columns of one name. Close it only after ST_OK. */
status_t suite_csv_open(suite_csv_t *csv, const char *path);
/* The next record; *more is false at the end. ST_EFORMAT: not as many cells as the header has, a quote left open. */
status_t suite_csv_next(bool *more, suite_csv_t *csv);
/* The record's cell in the column called `name` (before the first record: the name); NULL: there is no such column. */
const char *suite_csv_cell(const suite_csv_t *csv, const char *name);
void suite_csv_close(suite_csv_t *csv);
/* Text as a cell: quoted where it must be. */
void suite_csv_put(FILE *out, const char *text);

/* ---- Result sets ---- */
/* Copies of all texts; every metric NaN. */
typedef struct {
    const char *dataset, *category, *point, *method, *protocol, *task, *changes;
    int shots;
    int64_t seed;
} suite_row_key_t;
status_t suite_row_make(suite_row_t *row, const suite_row_key_t *key);
void suite_row_free(suite_row_t *row);
/* The protocol ids that numbers of this job follow on these images (METHOD.md 10; heap). */
char *suite_protocol_text(const suite_job_t *job, const data_category_t *images);
/* Rows in groups of one dataset, shots, seed, point and method: order (count) holds row indices, group by group in the
 * order of their first rows; first (groups + 1) where each begins in it. MEAN rows are left out. */
typedef struct {
    int *order, *first, groups;
} suite_row_groups_t;
status_t suite_row_groups_make(suite_row_groups_t *out, const suite_results_t *results);
void suite_row_groups_free(suite_row_groups_t *groups);
/* Appends the plain mean of every group that is complete: none of its tasks is lost. rows has room for them. A metric
 * that a category does not have is left out of that metric's mean. */
status_t suite_results_add_means(suite_results_t *results);
/* results.csv and results.h5 of the folder `dir`. made_from: folder of the run they were rescored from, relative to dir;
 * NULL: they are the run's own. */
status_t suite_results_write(const suite_results_t *results, const char *dir, const suite_worker_t *worker,
                             const char *made_from);
/* The table of columns of text, which serves writing and reading. */
typedef struct {
    const char *name;
    size_t offset; /* in suite_row_t */
    const char *description;
    bool optional; /* older files do not have it */
} suite_text_column_t;
extern const suite_text_column_t suite_text_columns[]; /* ends with {0} */

/* ---- Tables: what every report is made of ----
 * A document is a list of tables, filled first and printed after, in any format. Texts and cells live in its arena. Memory
 * that runs out is noticed once, by suite_document_status. */
typedef enum {
    SUITE_COLUMN_TEXT,
    SUITE_COLUMN_COUNT,      /* a whole number */
    SUITE_COLUMN_PERCENT,    /* a fraction, printed in percent */
    SUITE_COLUMN_DIFFERENCE, /* of two fractions, printed in percentage points with its sign */
    SUITE_COLUMN_SPREAD,     /* mean and standard deviation of n fractions */
    SUITE_COLUMN_INTERVAL,   /* of fractions, from low to high */
    SUITE_COLUMN_NUMBER,     /* as it is */
} suite_column_kind_t;
typedef struct {
    const char *key;   /* in CSV and JSON */
    const char *label; /* for people; percent stands in it where it belongs */
    const char *group; /* columns side by side of one group have a common head; NULL: none */
    suite_column_kind_t kind;
} suite_column_t;
typedef enum {
    SUITE_CELL_EMPTY,   /* nothing belongs here */
    SUITE_CELL_MISSING, /* something belongs here and is not there */
    SUITE_CELL_VALUE,
} suite_cell_kind_t;
typedef struct {
    suite_cell_kind_t kind;
    bool partial; /* of fewer seeds or categories than there should be: marked, and told in a note */
    const char *text;
    double value, deviation, low, high;
    int n, categories; /* seeds, and categories of a mean, that `value` is of */
} suite_cell_t;
enum { SUITE_TABLE_COLUMNS = 64, SUITE_TABLE_NOTES = 64 };
typedef struct {
    const char *name, *title;
    suite_column_t column[SUITE_TABLE_COLUMNS];
    int columns;
    suite_cell_t *cells; /* (rows, columns) */
    bool *rule;          /* (rows) a line stands above the row */
    int rows, row_room;
    const char *note[SUITE_TABLE_NOTES];
    int notes;
} suite_table_t;
typedef struct {
    arena_t arena;
    suite_table_t **tables;
    int count, room;
    const char *warning[SUITE_TABLE_NOTES]; /* about the whole, at its top */
    int warnings;
    bool out_of_memory;
    suite_table_t spare; /* what is written to after that */
    suite_cell_t spare_cell;
} suite_document_t;
void suite_document_init(suite_document_t *document);
void suite_document_free(suite_document_t *document);
status_t suite_document_status(const suite_document_t *document);
suite_table_t *suite_document_table(suite_document_t *document, const char *name, const char *title);
const char *suite_document_text(suite_document_t *document, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void suite_document_warn(suite_document_t *document, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* All columns before the first row. Returns the column's index. */
int suite_table_column(suite_table_t *table, const char *key, const char *label, suite_column_kind_t kind);
int suite_table_row(suite_document_t *document, suite_table_t *table, bool rule); /* its index */
suite_cell_t *suite_table_cell(suite_document_t *document, suite_table_t *table, int row, int column);
void suite_table_put_text(suite_document_t *document, suite_table_t *table, int row, int column, const char *text);
/* NaN: the cell is missing. */
void suite_table_put_value(suite_document_t *document, suite_table_t *table, int row, int column, double value);
void suite_table_note(suite_document_t *document, suite_table_t *table, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The cell for people, into out; plus_minus, missing and mark as the format writes them. */
typedef struct {
    const char *plus_minus, *missing, *mark;
} suite_cell_style_t;
void suite_cell_format(char *out, size_t size, const suite_column_t *column, const suite_cell_t *cell,
                       const suite_cell_style_t *style);
status_t suite_document_print(FILE *out, const suite_document_t *document, suite_format_t format);
void suite_document_print_text(FILE *out, const suite_document_t *document, bool markdown);
void suite_document_print_latex(FILE *out, const suite_document_t *document);
void suite_document_print_csv(FILE *out, const suite_document_t *document);
void suite_document_print_json(FILE *out, const suite_document_t *document);

/* ---- Reports ---- */
/* The selected rows of one dataset, method, point, protocol and number of shots. */
typedef struct {
    const char *dataset, *method, *point, *protocol; /* of the results */
    int shots;
    const char **category; /* (categories), in the order of the results */
    int categories;
    int64_t *seed; /* (seeds), ascending */
    int seeds;
    const suite_row_t **row; /* (categories, seeds); NULL: no result */
} suite_block_t;
typedef struct {
    suite_document_t *document;
    const suite_results_t *results;
    const suite_report_options_t *options;
    suite_block_t *blocks; /* in the document's arena, as all below */
    int count;
    int metric[SUITE_METRICS], metrics; /* indices of those shown */
} suite_report_t;
extern const char *const suite_metric_labels[SUITE_METRICS]; /* "image AUROC %" */
status_t suite_report_select(suite_report_t *report);
/* Metric m of a category of the block over its seeds, and of the mean over categories. */
suite_cell_t suite_block_cell(const suite_block_t *block, int category, int m);
suite_cell_t suite_block_mean(const suite_block_t *block, int m);
/* "demo, finegrainedad, 1-shot, epsilon=1" */
const char *suite_block_title(suite_document_t *document, const suite_block_t *block);
/* Notes on what is missing in the block, and its protocol. */
void suite_block_notes(const suite_report_t *report, suite_table_t *table, const suite_block_t *block);
void suite_report_tables(const suite_report_t *report);
status_t suite_report_published(const suite_report_t *report);

#endif
