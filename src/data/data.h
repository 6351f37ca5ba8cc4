/* data: what images a category has and which of them are the shots. Readers of dataset layouts on disk (MVTec-AD and
 * a plain folder; others are rows of the same table), few-shot draws, ground-truth masks. It lists and checks; it
 * does not decode images except when asked to (data_check). Depends on base and io. METHOD.md 11. */
#ifndef FGAD_DATA_H
#define FGAD_DATA_H

#include "base/base.h"
#include "io/io.h"

typedef struct {
    char *path;   /* as opened: root joined with the name below it */
    char *name;   /* below the category, e.g. "test/broken_large/000.png": what result files show */
    char *defect; /* "good" for normal images */
    char *mask;   /* path of the ground truth, or NULL: normal, or none on disk */
    int label;    /* 0 normal, 1 anomalous */
} data_image_t;

/* One category: train and test images, each sorted by name. Owned by the struct. */
typedef struct {
    char *dataset, *category;
    data_image_t *train;
    int train_count;
    data_image_t *test;
    int test_count;
    int test_anomalous; /* of test */
    int masks_missing;  /* anomalous test images without a mask file */
    int mask_threshold; /* a mask pixel is anomalous when value > threshold: 127 MVTec-AD, Real-IAD; 0 VisA */
} data_category_t;

/* The layouts known: {name, reader...}; `data_datasets` is NULL-terminated names for messages and --help. */
extern const char *const data_datasets[];

/* Category names of `dataset` below root, sorted. ST_EFORMAT for an unknown dataset name (nearest name suggested),
 * ST_ENOTFOUND for a root that does not exist. */
status_t data_list_categories(io_names_t *out, const char *dataset, const char *root);
/* Lists one category. An empty train or test set, a missing ground-truth folder are errors that say which path. */
status_t data_category_read(data_category_t *out, const char *dataset, const char *root, const char *category);
void data_category_free(data_category_t *category);

/* Indices into train of the `shots` images drawn for (dataset, category, shots, seed): a pure function of these four
 * and of train_count. out (shots). ST_EFORMAT when there are fewer images than shots. */
status_t data_draw_shots(int *out, const data_category_t *category, int shots, uint64_t seed);
/* The same from a list file: fewshot/<dataset>.yaml (category -> shots -> indices in the sorted listing), or one path
 * a line. Chosen by content. */
status_t data_list_shots(int *out, const data_category_t *category, int shots, const char *list_path);

/* The ground truth of a test image as 0/1 at its own size, (height, width) bytes; caller frees *mask. A normal image,
 * and mask == NULL, give all zero of the image's size. The mask's size must equal the image's. */
status_t data_mask_read(uint8_t **mask, int *width, int *height, const data_category_t *category,
                        const data_image_t *image);
/* Nearest-neighbour resize of a 0/1 mask to size x size, as torch's interpolate(mode="nearest") and PIL's NEAREST do
 * where they agree; see the file for which pixel centre is meant. dst (dh, dw). METHOD.md 10. */
void data_mask_resize(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh);

/* Opens every file of the category: counts, unreadable or truncated images, masks missing or of another size,
 * duplicates between train and test (by digest). Problems are appended to `report` as lines (heap strings). */
typedef struct {
    io_names_t problems;
    int images, masks;
    int expected_train, expected_normal, expected_anomalous; /* published counts, -1 when not known */
} data_report_t;
status_t data_check(data_report_t *out, const data_category_t *category);
void data_report_free(data_report_t *report);

#endif
