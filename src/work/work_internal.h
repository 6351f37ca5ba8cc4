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
/* made_on: of the support's files. */
void work_cache_keep_maps(work_worker_t *worker, const plan_task_t *task, const method_maps_t *maps,
                          const store_made_on_t *made_on);

#endif
