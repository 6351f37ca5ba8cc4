/* Private to review. */
#ifndef FGAD_REVIEW_INTERNAL_H
#define FGAD_REVIEW_INTERNAL_H

#include "review/review.h"

/* ---- Stored maps: the inside of review_stored_t ---- */
struct review_stored {
    char *dataset, *category, *file; /* file: the task file */
    char *tree;                      /* of imported maps, their folder; else NULL */
    job_t job;
    int n; /* images; path, defect, label (n) */
    char **path, **defect;
    uint8_t *label;
    const method_t *method;
    method_maps_t maps; /* M_pix and M_img as `job` fuses them; of imported maps M_img alone */
    data_category_t images;
    bool away;    /* images are those of the run's index: no file of theirs can be read */
    int *keep;    /* (n) places in images.test, after review_stored_images */
    char **names; /* (n) places in the tree of maps, likewise */
    work_masks_t masks;
};
/* Finds the images on disk, where `job` says; does nothing the second time. */
status_t review_stored_images(review_stored_t *stored, const job_t *job);
/* The same, or where their folder is not here what the run's index tells of them: stored->away then, and no mask can
 * be read. */
status_t review_stored_list(review_stored_t *stored, const job_t *job, const char *run_dir);
/* ST_EFORMAT when the job wants a branch or head that the stored maps do not have. */
status_t review_stored_check(const review_stored_t *stored, const job_t *job);

/* ---- Rescoring ---- */
enum { REVIEW_CHANGED_KEYS = 32, REVIEW_BENCH_MASKS = 4 };
typedef struct {
    const job_t *job; /* the values */
    const io_option_t *keys[REVIEW_CHANGED_KEYS];
    int count;
    char *text; /* "key=value" lines */
} review_change_t;
/* The job with the changed keys, and where `change->job` says that files lie. Lists and texts are borrowed. */
job_t review_change_apply(const job_t *job, const review_change_t *change);
/* What is kept from one task to the next: masks of a few sizes. */
typedef struct {
    work_masks_t masks[REVIEW_BENCH_MASKS];
    int threads, passes;
    const char *run_dir;
    int away; /* settings of tasks whose pixel metrics want masks that are not here */
} review_bench_t;
void review_bench_free(review_bench_t *bench);
/* source: the task's row, whose pixel metrics stand where the pixels and how they are measured stay the same and masks are
 * not here; other ones are missing then, and counted in bench->away. */
status_t review_rescore_task(store_numbers_t *out, review_bench_t *bench, review_stored_t *stored,
                             const store_row_t *source, const review_change_t *changes, int count);

/* The map of image i at the image's own size, upsampled and smoothed (an imported one as it is), into `map`, which has
 * room for it; *width, *height (may not be NULL) tell the size. After review_stored_images. */
status_t review_stored_map(float *map, int *width, int *height, const review_stored_t *stored, int i, arena_t *arena);

/* ---- Imported maps ---- */
/* How a category's values become floats in the same order: each by its place among all of them (value), or less `shift`. */
typedef struct {
    double *value; /* (count) ascending, owned; NULL: (float)(v - shift) */
    size_t count;
    double shift;
} review_levels_t;
/* Of all maps of stored->tree, at their masks' sizes: floats as they are; doubles by their places, where nothing but their
 * order is asked for and metric_memory holds them. After work_masks_load. */
status_t review_levels_make(review_levels_t *out, const review_stored_t *stored);
float review_level(const review_levels_t *levels, double value);
void review_levels_free(review_levels_t *levels);
/* out (n): floats in the order of the scores, equal where they are. */
status_t review_rank_scores(float *out, const double *scores, int n);
typedef struct {
    bool resized;  /* a map had another size than its image */
    int stretched; /* maps of another aspect, or of hardly any pixels */
} review_told_t;
/* A TIFF file at (height, width), by align_corners or not, and the largest of its own values. map NULL: that alone.
 * ST_EFORMAT: not finite, or the transpose of the image (width, height). */
status_t review_imported_map(float *map, int width, int height, const int image[2], review_told_t *told,
                             const char *path, const review_levels_t *levels, bool corners, double *largest);
status_t review_imported_path(char out[4096], const review_stored_t *stored, int i);
/* All maps of stored->tree at their masks' sizes, smoothed, given to `pixels` (NULL: none wanted). largest (n) may be
 * NULL with pixels. */
status_t review_imported_add(metrics_pixels_t *pixels, double *largest, review_told_t *told,
                             const review_stored_t *stored);

/* score (n) from a CSV; ST_EFORMAT names the line, or the first image without a score. */
status_t review_imported_scores(double *score, const review_stored_t *stored, const char *file);

/* ---- Overlays ---- */
/* Whether one of the comma-separated patterns, as of a shell, names the path; NULL names all. */
bool review_is_chosen(const char *images, const char *path);
/* <folder>/<name>.png of the images that options->images chooses, and the scale, on all cores. After review_stored_images. */
status_t review_overlays(int *painted, const review_stored_t *stored, const char *folder,
                         const review_export_options_t *options);

/* ---- The tree of maps ---- */
/* (*out)[i], i < n: "test/<defect>/<id>" of images->test[keep[i]], all different. Free with review_names_free. */
status_t review_tree_names(char ***out, const data_category_t *images, const int *keep, int n);
void review_names_free(char **names, int n);
/* Warns of names that differ by case alone: copied to a file system that knows none, one file would replace the other. */
status_t review_tree_warn_case(char *const *names, int n);

/* ---- Pictures: pixels are (height, width, 3) ---- */
void review_heat_color(uint8_t rgb[3], double share); /* share in [0, 1] of the scale */
void review_region_color(uint8_t rgb[3], int region);
void review_blend(uint8_t *pixel, const uint8_t rgb[3], double share);
/* The inner edge of every area of labels (height, width) other than 0; a row of `pixels` has `stride` pixels. */
void review_paint_contour(uint8_t *pixels, int stride, const uint8_t *labels, int width, int height,
                          const uint8_t rgb[3]);
/* Digits, capitals, 'e', space and -+._/, alone, others as '?'; 15 pixels high. */
void review_paint_text(uint8_t *pixels, int width, int height, int left, int top, const char *text);
int review_text_width(const char *text);
/* Below <folder>/regions/<category>, a component. A task without regions is warned of. */
status_t review_export_regions(review_exported_t *told, const review_stored_t *stored, const char *folder,
                               const char *category);

/* ---- review_settings.c ---- */
/* What is asked for: jobs, each with some keys overridden. */
typedef struct {
    job_t *points;
    char **texts;
    int count;
    review_change_t *changes;                     /* (count) */
    const io_option_t *keys[REVIEW_CHANGED_KEYS]; /* overridden in some setting */
    int key_count;
    char *yaml; /* of the whole: for run.yaml */
} review_settings_t;
void review_settings_free(review_settings_t *settings);
/* Of the assignments on top of the run's own job; ST_EFORMAT: what stored maps cannot answer. */
status_t review_settings_make(review_settings_t *settings, const char *run_dir, const char *const *assignments,
                              int count);

#endif
