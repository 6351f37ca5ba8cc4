/* Private to store. */
#ifndef FGAD_STORE_INTERNAL_H
#define FGAD_STORE_INTERNAL_H

#include "store/store.h"

/* Opens a file that has to be complete and of that id. */
status_t store_open(io_h5_t **out, const char *path, const char *wanted);

void store_row_free(store_row_t *row);
/* ST_EFORMAT when a MEAN row is not the mean of its rows or, where `all` rows of tasks must have one, is missing: tables that others made
 * by hand name no tasks. */
status_t store_results_check_means(const store_results_t *results, const char *path, bool all);
/* The table of columns of text, which serves writing and reading. */
typedef struct {
    const char *name;
    size_t offset; /* in store_row_t */
    const char *description;
    bool optional; /* older files do not have it */
} store_text_column_t;
extern const store_text_column_t store_text_columns[]; /* ends with {0} */

#endif
