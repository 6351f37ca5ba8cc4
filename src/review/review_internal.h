/* Private to review. */
#ifndef FGAD_REVIEW_INTERNAL_H
#define FGAD_REVIEW_INTERNAL_H

#include "review/review.h"

/* ---- Stored maps: the inside of review_stored_t ---- */
struct review_stored {
    char *dataset, *category, *tree; /* tree: of imported maps, their folder; else NULL */
    suite_job_t job;
    int n; /* images; path, defect, label (n) */
    char **path, **defect;
    uint8_t *label;
    suite_maps_t maps; /* M_pix and M_img as `job` fuses them; of imported maps M_img alone */
    data_category_t images;
    int *keep; /* (n) places in images.test, after review_stored_images */
    suite_masks_t masks;
};
/* Finds the images on disk, where `job` says; does nothing the second time. */
status_t review_stored_images(review_stored_t *stored, const suite_job_t *job);
/* ST_EFORMAT when the job wants a branch or head that the stored maps do not have. */
status_t review_stored_check(const review_stored_t *stored, const suite_job_t *job);

/* ---- Rescoring ---- */
enum { REVIEW_CHANGED_KEYS = 32, REVIEW_BENCH_MASKS = 4 };
typedef struct {
    const suite_job_t *job; /* the values */
    const io_option_t *keys[REVIEW_CHANGED_KEYS];
    int count;
    char *text; /* "key=value" lines */
} review_change_t;
/* The job with the changed keys, and where `change->job` says that files lie. Lists and texts are borrowed. */
suite_job_t review_change_apply(const suite_job_t *job, const review_change_t *change);
/* What is kept from one task to the next: masks of a few sizes. */
typedef struct {
    suite_masks_t masks[REVIEW_BENCH_MASKS];
    int threads, passes;
} review_bench_t;
void review_bench_free(review_bench_t *bench);
status_t review_rescore_task(suite_numbers_t *out, review_bench_t *bench, review_stored_t *stored,
                             const review_change_t *changes, int count);

#endif
