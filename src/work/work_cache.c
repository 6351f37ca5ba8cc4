/* What a rank keeps between evaluations of one category: its features, as far as they fit, and the memory branch's maps of
 * the last draw of shots. The same numbers come out with and without. */
#include "work/work_internal.h"

#include <stdlib.h>
#include <string.h>

void work_cache_free(work_cache_t *hold)
{
    for (int c = 0; c < hold->chunks; c++) store_features_free(&hold->chunk[c]);
    free(hold->chunk);
    free(hold->M_v);
    *hold = (work_cache_t){.listing = -1};
}

/* Chunks of another category make room. */
static status_t hold_listing(work_worker_t *worker, int listing)
{
    work_cache_t *hold = &worker->hold;
    if (hold->chunk != NULL && hold->listing == listing) return ST_OK;
    work_cache_free(hold);
    int images = worker->plan->listings[listing].images.test_count, size = worker->plan->points[0].chunk;
    hold->chunk = calloc((size_t)((images + size - 1) / size) + 1, sizeof *hold->chunk);
    if (hold->chunk == NULL) return fail(ST_ENOMEM, "out of memory");
    hold->listing = listing;
    hold->chunks = (images + size - 1) / size;
    return job_feature_memory(&hold->budget, &worker->plan->points[0]);
}

static size_t features_bytes(const store_features_t *f)
{
    size_t T = (size_t)f->T;
    return (size_t)f->count * sizeof(float) * ((size_t)f->E + T * ((size_t)f->E + 2 * (size_t)f->W));
}

status_t work_cache_chunk(const store_features_t **out, store_features_t *own, work_worker_t *worker,
                          const plan_item_t *chunk)
{
    TRY(hold_listing(worker, chunk->listing));
    work_cache_t *hold = &worker->hold;
    store_features_t *held = &hold->chunk[chunk->index];
    *out = held;
    if (held->tokens != NULL) return ST_OK;
    double began = clock_seconds();
    TRY(store_features_read(own, chunk));
    work_worker_charge(worker, PLAN_RATE_READ,
                       plan_features_mb(clip_model_config(worker->model), &worker->plan->points[0], own->count), began);
    *out = own;
    size_t bytes = features_bytes(own);
    if (hold->bytes + bytes > hold->budget) return ST_OK;
    hold->bytes += bytes;
    *held = *own;
    *own = (store_features_t){0};
    *out = held;
    return ST_OK;
}

static uint64_t memory_key(const plan_task_t *task)
{
    uint64_t key = base_hash(BASE_HASH_SEED, &task->listing, sizeof task->listing);
    return base_hash(key, task->support, (size_t)task->shots * sizeof *task->support) | 1;
}

const float *work_cache_memory(const work_worker_t *worker, const plan_task_t *task)
{
    return worker->hold.memory_key == memory_key(task) ? worker->hold.M_v : NULL;
}

void work_cache_keep_memory(work_worker_t *worker, const plan_task_t *task, const store_maps_t *maps)
{
    work_cache_t *hold = &worker->hold;
    size_t values = (size_t)maps->n * (size_t)maps->h * (size_t)maps->w;
    free(hold->M_v);
    hold->memory_key = 0;
    hold->M_v = base_alloc(values, sizeof *hold->M_v);
    if (hold->M_v == NULL) return; /* the next task computes them again */
    memcpy(hold->M_v, maps->M_v, values * sizeof *hold->M_v);
    hold->memory_key = memory_key(task);
}
