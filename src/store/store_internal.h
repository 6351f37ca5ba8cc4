/* Private to store. */
#ifndef FGAD_STORE_INTERNAL_H
#define FGAD_STORE_INTERNAL_H

#include "store/store.h"

/* A learned head of the cache or, where that has lost it, of the run. */
status_t store_head_open(io_h5_t **out, const plan_t *plan, const plan_item_t *item);

/* The group `options`: those of one point of a grid. The grid itself stands in run.yaml and results.h5: in every file of its
 * points it would take room that grows with their square. */
status_t store_point_write(io_h5_t *file, const job_t *point);

void store_row_free(store_row_t *row);
/* ST_EFORMAT when a MEAN row is not the mean of its rows or, where `all` rows of tasks must have one, is missing:
 * tables that others made by hand name no tasks. */
status_t store_results_check_means(const store_results_t *results, const char *path, bool all);
/* The table of columns of text, which serves writing and reading, in the order of results.csv: those before shots and
 * seed, before the numbers, behind them; some are in results.h5 alone. */
typedef enum { STORE_BEFORE_SHOTS, STORE_BEFORE_NUMBERS, STORE_AFTER_NUMBERS, STORE_NOT_IN_CSV } store_place_t;
typedef struct {
    const char *name;
    size_t offset, key; /* in store_row_t, in store_row_key_t */
    store_place_t place;
    bool optional; /* older files do not have it */
    const char *description;
} store_text_column_t;
extern const store_text_column_t store_text_columns[]; /* ends with {0} */

/* Exactly these dimensions of a dataset (-1: any), into memory of its own (*out, heap) or into `out`, whose room they are.
 * ST_EFORMAT otherwise, and nothing was read. */
status_t store_read(void *out, io_h5_t *file, const char *name, io_h5_type_t type, int ndim, const int64_t *want);
status_t store_read_into(void *out, io_h5_t *file, const char *name, io_h5_type_t type, int ndim, const int64_t *want);
/* Columns of images into `group`: their names, in the column `name`; labels: label and defect, too; digests: SHA-256 of
 * the files, which are read. which: (n) of `images`; NULL: the first n. */
typedef struct {
    const char *group, *axis, *name, *description; /* axis: of every column; description: of names */
    bool labels, digests;
} store_image_columns_t;
status_t store_images_write(io_h5_t *file, const store_image_columns_t *columns, const data_image_t *images,
                            const int *which, int n);
/* Dimensions of one array of the features of `count` images; returns how many: (count, width) of one vector an image, else
 * (count, rows, width). */
int store_feature_dims(int64_t dims[3], const clip_feature_t *feature, const clip_config_t *config, int count);
/* Images, or tiles, of an item of features. */
int store_item_images(const plan_t *plan, const plan_item_t *item);
/* ST_EFORMAT unless the arrays of an item's file, or of that of one of its features, are what the plan says. */
status_t store_item_fits(io_h5_t *file, const plan_t *plan, const plan_item_t *item, const char *feature);

#endif
