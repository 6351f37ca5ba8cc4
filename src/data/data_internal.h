/* Private to data: the table of layouts and what their readers share. */
#ifndef FGAD_DATA_INTERNAL_H
#define FGAD_DATA_INTERNAL_H

#include "data/data.h"

/* One row of the table in data_dataset.c. Both functions may assume that root is a directory. */
typedef struct {
    const char *name;
    int mask_threshold;
    /* Sorted category names below root; an empty list is made an error by the caller. */
    status_t (*list)(io_names_t *out, const char *root, const data_options_t *options);
    /* Fills train, test and counts; names, sorting and the common checks are the caller's. */
    status_t (*read)(data_category_t *out, const char *root, const char *category, const data_options_t *options);
} data_layout_t;
extern const data_layout_t data_layouts[]; /* ends with {0} */
status_t data_find_layout(const data_layout_t **out, const char *dataset);

/* The readers: data_mvtec.c, data_visa.c, data_realiad.c, data_folder.c. */
status_t data_mvtec_list(io_names_t *out, const char *root, const data_options_t *options);
status_t data_mvtec_read(data_category_t *out, const char *root, const char *category, const data_options_t *options);
status_t data_visa_list(io_names_t *out, const char *root, const data_options_t *options);
status_t data_visa_read(data_category_t *out, const char *root, const char *category, const data_options_t *options);
status_t data_realiad_list(io_names_t *out, const char *root, const data_options_t *options);
status_t data_realiad_read(data_category_t *out, const char *root, const char *category, const data_options_t *options);
status_t data_folder_list(io_names_t *out, const char *root, const data_options_t *options);
status_t data_folder_read(data_category_t *out, const char *root, const char *category, const data_options_t *options);
/* The tree train/good, test/<defect>, ground_truth/<defect> in directory `base`: MVTec-AD and prepared VisA. */
status_t data_mvtec_read_tree(data_category_t *out, const char *base, const data_options_t *options);

/* ---- Shared helpers: data_list.c --- */
/* "a/b" on the heap, NULL with the error line set. */
char *data_join(const char *a, const char *b);
bool data_is_dir_in(const char *base, const char *name);
/* Whether `text` ends with `end`, letters of any case. */
bool data_ends_with(const char *text, const char *end);
/* Names in `path` that are directories. */
status_t data_list_folders(io_names_t *out, const char *path);
/* Names in `path` that are images io reads, by ending; an image of another kind is refused. */
status_t data_list_images(io_names_t *out, const char *path);
/* The one of `candidates` nearest to `word` when it is near enough to be a slip, else NULL. */
const char *data_nearest(const char *word, const char *const *candidates, int count);
status_t data_names_push(io_names_t *names, const char *name);

/* What a new image is made from; every text is copied. */
typedef struct {
    const char *base;   /* directory of the category */
    const char *name;   /* below base */
    const char *defect; /* "good" for normal */
    const char *mask;   /* path or NULL */
    const char *sample; /* or NULL */
    int label;
} data_entry_t;
/* Appends to the train or test list of `category` and keeps its counts. */
status_t data_push_train(data_category_t *category, const data_entry_t *entry);
status_t data_push_test(data_category_t *category, const data_entry_t *entry);
/* All images of base/folder as normal images: of train, or of test when `test`. */
status_t data_push_normals(data_category_t *category, const char *base, const char *folder, bool test);
/* All images of base/test/<defect> with their masks from base/<mask_folder>/<defect>: the file of the same stem, or
 * <stem>_mask. A missing mask (or folder) is counted when `lenient`, else an error. */
status_t data_push_defect(data_category_t *category, const char *base, const char *defect, const char *mask_folder,
                          bool lenient);

/* ---- data_known.c --- */
typedef struct {
    const char *dataset, *category;
    int train, normal, anomalous; /* -1: not known */
} data_known_t;
const data_known_t *data_find_known(const char *dataset, const char *category);

#endif
