/* What a rank keeps between evaluations of one category: its features, as far as they fit, and the memory branch's maps of
 * the last draw of shots. The same numbers come out with and without. */
#include "work/work_internal.h"

#include <stdlib.h>
#include <string.h>

void work_cache_free(work_cache_t *cache)
{
    for (int c = 0; c < cache->chunks; c++) store_features_free(&cache->chunk[c]);
    free(cache->chunk);
    free(cache->M_v);
    *cache = (work_cache_t){.category_index = -1};
}

/* Chunks of another category make room. */
static status_t cache_category(work_worker_t *worker, int category)
{
    work_cache_t *cache = &worker->cache;
    if (cache->chunk != NULL && cache->category_index == category) return ST_OK;
    work_cache_free(cache);
    int images = worker->plan->categories[category].images.test_count, size = worker->plan->points[0].chunk;
    cache->chunk = calloc((size_t)((images + size - 1) / size) + 1, sizeof *cache->chunk);
    if (cache->chunk == NULL) return fail(ST_ENOMEM, "out of memory");
    cache->category_index = category;
    cache->chunks = (images + size - 1) / size;
    return job_feature_memory(&cache->budget, &worker->plan->points[0]);
}

static size_t features_bytes(const store_features_t *f)
{
    size_t T = (size_t)f->T;
    return (size_t)f->count * sizeof(float) * ((size_t)f->E + T * ((size_t)f->E + 2 * (size_t)f->W));
}

status_t work_cache_chunk(const store_features_t **out, store_features_t *own, work_worker_t *worker,
                          const plan_item_t *chunk)
{
    TRY(cache_category(worker, chunk->category_index));
    work_cache_t *cache = &worker->cache;
    store_features_t *kept = &cache->chunk[chunk->index];
    *out = kept;
    if (kept->tokens != NULL) return ST_OK;
    double began = clock_seconds();
    TRY(store_features_read(own, chunk));
    work_worker_charge(worker, PLAN_RATE_READ,
                       plan_features_mb(clip_model_config(worker->model), &worker->plan->points[0], own->count), began);
    *out = own;
    size_t bytes = features_bytes(own);
    if (cache->bytes + bytes > cache->budget) return ST_OK;
    cache->bytes += bytes;
    *kept = *own;
    *own = (store_features_t){0};
    *out = kept;
    return ST_OK;
}

static uint64_t memory_key(const plan_task_t *task)
{
    uint64_t key = base_hash(BASE_HASH_SEED, &task->category_index, sizeof task->category_index);
    return base_hash(key, task->support, (size_t)task->shots * sizeof *task->support) | 1;
}

const float *work_cache_memory(const work_worker_t *worker, const plan_task_t *task)
{
    return worker->cache.memory_key == memory_key(task) ? worker->cache.M_v : NULL;
}

void work_cache_keep_memory(work_worker_t *worker, const plan_task_t *task, const store_maps_t *maps)
{
    work_cache_t *cache = &worker->cache;
    size_t values = (size_t)maps->n * (size_t)maps->h * (size_t)maps->w;
    free(cache->M_v);
    cache->memory_key = 0;
    cache->M_v = base_alloc(values, sizeof *cache->M_v);
    if (cache->M_v == NULL) return; /* the next task computes them again */
    memcpy(cache->M_v, maps->M_v, values * sizeof *cache->M_v);
    cache->memory_key = memory_key(task);
}
