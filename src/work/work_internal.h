/* Private to work. */
#ifndef FGAD_WORK_INTERNAL_H
#define FGAD_WORK_INTERNAL_H

#include "work/work.h"

/* Features of a chunk, held or read: then into *own, which the caller frees, unless there is room to hold them. */
status_t work_cache_chunk(const store_features_t **out, store_features_t *own, work_worker_t *worker,
                          const plan_item_t *chunk);
void work_cache_free(work_cache_t *hold);
/* keep (maps->n): which test images. */
status_t work_measure(store_numbers_t *out, work_worker_t *worker, const method_t *method, const method_maps_t *maps,
                      const data_category_t *images, const job_t *job, const int *keep);
/* Maps (n, T) that depend on the task's test images and shots alone, when the task before had the same; returns which of
 * them are there, a bit each. */
unsigned work_cache_maps(float *const **out, const work_worker_t *worker, const plan_task_t *task);
/* made_on: of the support's files; spent: on those maps. */
void work_cache_keep_maps(work_worker_t *worker, const plan_task_t *task, const method_maps_t *maps,
                          const store_made_on_t *made_on, const method_spent_t *spent);

/* ---- Scoring ---- */
/* Everything that scores an image of a task. An item's needs are chunks, then `shots` support files, then the wanted heads in
 * order, then slices. */
typedef struct {
    const method_t *method;
    method_ask_t ask;
    arena_t arena; /* of the state */
    void *state;
    method_task_t task;
    method_work_t work;         /* what is told of it to the rates */
    store_features_t *features; /* (shots) */
    method_image_t *support;    /* (shots) */
    store_learned_t learned[JOB_HEADS];
    method_head_t head[JOB_HEADS];
    float *const *known;  /* maps of these test images and this support, from the task before; not owned */
    float **slice;        /* (slices), each (images, T) */
    double seconds;       /* of its own, without reading: slices, fit, scoring */
    method_spent_t spent; /* on maps of the support, by this task; and by the one before on those that it finds known */
    method_spent_t spent_before;
    int chunks, heads, slices;
    store_made_on_t support_on, made_on; /* the support's files; all others */
} work_scorer_t;
/* images: how many will be scored. The support is read where the method needs it. To be freed whatever comes back. */
status_t work_scorer_make(work_scorer_t *scorer, work_worker_t *worker, const plan_items_t *items,
                          const plan_item_t *item, int images);
void work_scorer_free(work_scorer_t *scorer);
/* Reads the support, unless it is read. */
status_t work_scorer_support(work_scorer_t *scorer, work_worker_t *worker, const plan_items_t *items,
                             const plan_item_t *item);

/* An image file, as the job wants pictures: through another size first; of a test image its channels swapped. */
status_t work_picture_read(io_image_t *out, const work_worker_t *worker, const data_category_t *category,
                           const data_image_t *file, bool test);
/* By how many degrees view t of an image, called `image` in its category, is turned, method/README.md 10: drawn ones by the
 * feature's seed, alike for every number of shots, as nested draws share their images. */
double work_view_angle(const clip_feature_t *feature, int t, const char *dataset, const char *category,
                       const char *image);
/* All arrays of row 0 of `features`, as of a test image, from an image file of the category, or read as it reads them. */
status_t work_encode_image(work_worker_t *worker, store_features_t *features, const data_category_t *category,
                           const data_image_t *file);

#endif
