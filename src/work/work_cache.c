/* What a rank keeps between evaluations of one category: its features, as far as they fit, and those maps that
 * depend on the last draw of shots alone. The same numbers come out with and without. */
#include "work/work_internal.h"

#include <stdlib.h>
#include <string.h>

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

status_t work_cache_chunk(const store_features_t **out, store_features_t *own, work_worker_t *worker,
                          const plan_item_t *chunk)
{
    TRY(cache_category(worker, chunk->category_index));
    work_cache_t *cache = &worker->cache;
    store_features_t *kept = &cache->chunk[chunk->index];
    *out = kept;
    if (kept->arrays > 0) return ST_OK;
    double began = clock_own_seconds();
    TRY(store_features_read(own, worker->plan, chunk, &worker->plan->ask_test));
    work_worker_charge(worker, PLAN_RATE_READ, plan_features_mb(worker->plan, own->count), began);
    *out = own;
    size_t bytes = store_features_bytes(own);
    if (cache->bytes + bytes > cache->budget) return ST_OK;
    cache->bytes += bytes;
    *kept = *own;
    *own = (store_features_t){0};
    *out = kept;
    return ST_OK;
}

static uint64_t memory_key(const work_worker_t *worker, const plan_task_t *task)
{
    const method_t *method = plan_method(worker->plan, task);
    uint64_t key = base_hash(BASE_HASH_SEED, &task->category_index, sizeof task->category_index);
    key = base_hash(key, method->name, strlen(method->name));
    return base_hash(key, task->support, (size_t)task->shots * sizeof *task->support) | 1;
}

unsigned work_cache_maps(float *const **out, const work_worker_t *worker, const plan_task_t *task)
{
    const work_cache_t *cache = &worker->cache;
    unsigned known = 0;
    *out = cache->maps;
    for (int m = 0; m < METHOD_MAX_MAPS && cache->memory_key == memory_key(worker, task); m++)
        known |= (unsigned)(cache->maps[m] != NULL) << m;
    return known;
}

static void forget_maps(work_cache_t *cache)
{
    cache->memory_key = 0;
    for (int m = 0; m < METHOD_MAX_MAPS; m++) {
        free(cache->maps[m]);
        cache->maps[m] = NULL;
    }
}

void work_cache_keep_maps(work_worker_t *worker, const plan_task_t *task, const method_maps_t *maps,
                          const store_made_on_t *made_on, const method_spent_t *spent)
{
    const method_t *method = plan_method(worker->plan, task);
    work_cache_t *cache = &worker->cache;
    size_t values = (size_t)maps->n * (size_t)maps->h * (size_t)maps->w;
    forget_maps(cache);
    for (int m = 0; m < method_map_count(method); m++) {
        if (!method->maps[m].support || maps->kept[m] == NULL) continue;
        REQUIRE(!method->maps[m].image && !method->maps[m].integer);
        cache->maps[m] = base_alloc(values, sizeof *cache->maps[m]);
        if (cache->maps[m] == NULL) { /* the next task computes them again */
            forget_maps(cache);
            return;
        }
        memcpy(cache->maps[m], maps->kept[m], values * sizeof *cache->maps[m]);
    }
    cache->maps_on = *made_on;
    cache->maps_spent = *spent;
    cache->memory_key = memory_key(worker, task);
}

void work_cache_free(work_cache_t *cache)
{
    for (int c = 0; c < cache->chunks; c++) store_features_free(&cache->chunk[c]);
    free(cache->chunk);
    forget_maps(cache);
    *cache = (work_cache_t){.category_index = -1};
}
