/* Private to data: the table of layouts and what their readers share. */
#ifndef FGAD_DATA_INTERNAL_H
#define FGAD_DATA_INTERNAL_H

#include "data/data.h"

/* The datasets, a line each: name, threshold of its masks, whose functions list its categories and read one of them
 * (data_<list>_list, data_<read>_read). Names, declarations and table come from these lines. */
#define DATA_LAYOUTS(LAYOUT)                                                                                           \
    LAYOUT(mvtec, 127, mvtec, mvtec)                                                                                   \
    LAYOUT(visa, 0, visa, visa)                                                                                        \
    LAYOUT(realiad, 127, realiad, realiad)                                                                             \
    LAYOUT(btad, 127, mvtec, mvtec)                                                                                    \
    LAYOUT(ksdd2, 127, ksdd2, ksdd2)                                                                                   \
    LAYOUT(demo, 127, mvtec, mvtec)                                                                                    \
    LAYOUT(folder, 127, mvtec, folder)

/* One row of the table. Both functions may assume that root is a directory. */
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
/* " (hint: ...)" on what `root`, which holds no category of the layout, is instead; "" when nothing is known. data_hint.c */
void data_layout_hint(char *out, size_t room, const data_layout_t *layout, const char *root,
                      const data_options_t *options);

#define DATA_DECLARE(name, threshold, of_list, of_read)                                                                \
    status_t data_##of_list##_list(io_names_t *out, const char *root, const data_options_t *options);                  \
    status_t data_##of_read##_read(data_category_t *out, const char *root, const char *category,                       \
                                   const data_options_t *options);
DATA_LAYOUTS(DATA_DECLARE)
#undef DATA_DECLARE
/* The split file of a category for these views (NULL: all) and its name; *file NULL and *split "none" when the root holds no
 * folder of split files at all. Both heap. ST_ENOTFOUND: there is one, but not for this. data_realiad_split.c */
status_t data_realiad_find_split(char **split, char **file, const char *root, const char *category, const char *view);
/* The tree train/good, test/<defect>, ground_truth/<defect> in directory `base`: MVTec-AD and prepared VisA. */
status_t data_mvtec_read_tree(data_category_t *out, const char *base, const data_options_t *options);

/* ---- Shared helpers: data_names.c, data_list.c --- */
/* "a/b" on the heap, NULL with the error line set. */
char *data_join(const char *a, const char *b);
bool data_is_dir_in(const char *base, const char *name);
/* Whether `text` ends with `end`, letters of any case. */
bool data_ends_with(const char *text, const char *end);
/* Names in `path` that are directories. */
status_t data_list_folders(io_names_t *out, const char *path);
/* The one of `candidates` nearest to `word` when it is near enough to be a typing error, else NULL. */
const char *data_nearest(const char *word, const char *const *candidates, int count);
/* Keeps the names that `is` holds of, below root. */
void data_names_keep(io_names_t *names, const char *root, bool (*is)(const char *path));
status_t data_names_push(io_names_t *names, const char *name);

/* What a new image is made from; every text is copied. */
typedef struct {
    const char *base;   /* directory of the category */
    const char *name;   /* below base */
    const char *defect; /* "good" for normal */
    const char *mask;   /* path or NULL */
    const char *sample; /* or NULL */
    int label;
    data_size_t size, mask_size;
} data_entry_t;
/* Appends to the train or test list of `category` and keeps its counts. */
status_t data_push_train(data_category_t *category, const data_entry_t *entry);
status_t data_push_test(data_category_t *category, const data_entry_t *entry);

/* ---- Images of a folder: data_images.c --- */
/* good, normal, ok; what else sounds like them ("Good_2", "no_defect"). */
bool data_is_normal_name(const char *folder);
bool data_sounds_normal(const char *folder);
/* The folder in `base` of one of the names (NULL-terminated), in any case of letters, exact ones first; NULL: none. Heap. */
char *data_find_folder(const char *base, const char *const *names);
/* Images in `path` and in its folders, by their endings. */
int data_count_images(const char *path);
/* Names in `path` that are images, by ending; those that are masks of others among them go to `masks`. Images of unread
 * kinds, and images in folders not in `known` (NULL-terminated, may be NULL), are noted. */
status_t data_list_images(io_names_t *out, io_names_t *masks, data_findings_t *notes, const char *path,
                          const char *const *known);
/* Notes images that lie in `path` beside its folders, and those in folders not in `known` as `folders`. */
status_t data_note_strays(data_category_t *category, const char *path, const char *const *known, data_kind_t folders);
/* All images of base/folder as normal images: of train, or of test when `test`. known: as data_list_images. */
status_t data_push_normals(data_category_t *category, const char *base, const char *folder, bool test,
                           const char *const *known);
/* All images of base/test/<defect> with their masks from base/<mask_folder>/<defect>: the file of the same stem, or
 * <stem>_mask (_gt, _label, _seg). mask_folder NULL: masks that lie beside the images, or none. */
status_t data_push_defect(data_category_t *category, const char *base, const char *defect, const char *mask_folder);

/* ---- data_findings.c --- */
/* The current error line becomes a finding; only a lack of memory is passed on. */
status_t data_note_failure(data_findings_t *findings, data_kind_t kind, status_t status);

/* ---- data_known.c --- */
typedef struct {
    const char *dataset, *category;
    int train, normal, anomalous; /* -1: not known */
} data_known_t;
const data_known_t *data_find_known(const char *dataset, const char *category);

/* ---- Views of Real-IAD (data_realiad.c) --- */
/* Whether the file name has "_<view>_" in it; NULL: any. */
bool data_has_view(const char *name, const char *view);

#endif
