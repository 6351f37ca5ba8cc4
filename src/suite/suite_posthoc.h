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

#endif
