#include "suite/suite_internal.h"

#include "detect/detect.h"

#include <stdlib.h>
#include <string.h>

void suite_maps_free(suite_maps_t *maps)
{
    free(maps->M_v);
    free(maps->Mhat_p);
    free(maps->s_image);
    free(maps->M_p);
    free(maps->M_pix);
    free(maps->group);
    free(maps->S_i);
    free(maps->M_img);
    *maps = (suite_maps_t){0};
}

status_t suite_maps_alloc(suite_maps_t *maps, int n, int h, int w, bool vad, bool pad)
{
    size_t images = (size_t)n, values = images * (size_t)h * (size_t)w;
    *maps = (suite_maps_t){.n = n, .h = h, .w = w};
    bool ok = (maps->M_pix = base_alloc(values, sizeof(float))) != NULL;
    ok = ok && (maps->M_img = base_alloc(images, sizeof(float))) != NULL;
    if (vad) ok = ok && (maps->M_v = base_alloc(values, sizeof(float))) != NULL;
    if (pad) {
        ok = ok && (maps->Mhat_p = base_alloc(values, sizeof(float))) != NULL;
        ok = ok && (maps->s_image = base_alloc(values, sizeof(float))) != NULL;
        ok = ok && (maps->M_p = base_alloc(values, sizeof(float))) != NULL;
        ok = ok && (maps->group = base_alloc(values, sizeof(int32_t))) != NULL;
        ok = ok && (maps->S_i = base_alloc(images, sizeof(float))) != NULL;
    }
    if (ok) return ST_OK;
    suite_maps_free(maps);
    return ST_ENOMEM;
}

/* The memory bank of both taps from the support files, (shots * T, W) each. */
static status_t load_memory(detect_memory_t *memory, float *banks[2], const items_t *items, const item_t *item,
                            int shots)
{
    int rows = 0;
    for (int i = item->need_count - shots; i < item->need_count; i++) {
        suite_features_t features;
        TRY(suite_features_read(&features, items->items[item->needs[i]].path));
        size_t size = (size_t)features.T * (size_t)features.W;
        for (int tap = 0; tap < 2; tap++) {
            if (banks[tap] == NULL) banks[tap] = base_alloc((size_t)shots * size, sizeof(float));
            if (banks[tap] == NULL) {
                suite_features_free(&features);
                return ST_ENOMEM;
            }
            memcpy(banks[tap] + (size_t)rows * (size_t)features.W, tap == 0 ? features.memory1 : features.memory2,
                   size * sizeof(float));
        }
        rows += features.T;
        memory->width = features.W;
        suite_features_free(&features);
    }
    memory->memory1 = banks[0];
    memory->memory2 = banks[1];
    memory->rows = rows;
    return ST_OK;
}

static status_t map_image(suite_maps_t *maps, int at, const suite_features_t *features, int i,
                          const detect_memory_t *memory, arena_t *arena)
{
    size_t T = (size_t)features->T, map = (size_t)at * T;
    if (maps->M_v != NULL)
        TRY(detect_vad(maps->M_v + map, memory, features->memory1 + (size_t)i * T * (size_t)features->W,
                       features->memory2 + (size_t)i * T * (size_t)features->W, features->T, arena));
    detect_fuse(maps->M_pix + map, maps->M_v != NULL ? maps->M_v + map : NULL,
                maps->M_p != NULL ? maps->M_p + map : NULL, features->T);
    maps->M_img[at] = detect_image_score(maps->M_pix + map, features->T, maps->S_i != NULL ? &maps->S_i[at] : NULL);
    return ST_OK;
}

/* Maps of every kept test image, chunk by chunk: only one chunk of features is in memory. */
static status_t make_maps(suite_maps_t *maps, const suite_worker_t *worker, const items_t *items, const item_t *item,
                          const int *keep, int keep_count)
{
    const suite_plan_t *plan = worker->plan;
    const suite_task_t *task = &plan->tasks[item->index];
    status_t status = ST_OK;
    float *banks[2] = {NULL, NULL};
    detect_memory_t memory = {0};
    suite_features_t features = {0};
    arena_t arena;
    arena_init(&arena, "evaluate");
    TRY_DONE(load_memory(&memory, banks, items, item, task->shots));
    int at = 0;
    for (int c = 0; c < item->need_count - task->shots; c++) {
        const item_t *chunk = &items->items[item->needs[c]];
        int first, count;
        suite_chunk_range(&first, &count, plan, chunk->listing, chunk->index);
        suite_features_free(&features);
        TRY_DONE(suite_features_read(&features, chunk->path));
        if (features.count != count || features.W != memory.width) {
            status = fail(ST_EFORMAT, "'%s' holds %d images of width %d, expected %d of width %d", chunk->path,
                          features.count, features.W, count, memory.width);
            goto done;
        }
        if (maps->M_pix == NULL)
            TRY_DONE(suite_maps_alloc(maps, keep_count, features.grid, features.grid, true, false));
        for (int i = 0; i < count; i++) {
            if (at == keep_count || keep[at] != first + i) continue;
            TRY_DONE(map_image(maps, at, &features, i, &memory, &arena));
            at++;
        }
        if (suite_interrupted()) {
            status = fail(ST_EINTERRUPTED, "interrupted while scoring %s/%s", task->dataset, task->category);
            goto done;
        }
    }
done:
    suite_features_free(&features);
    free(banks[0]);
    free(banks[1]);
    arena_free(&arena);
    return status;
}

status_t suite_evaluate(suite_worker_t *worker, const items_t *items, const item_t *item)
{
    const suite_plan_t *plan = worker->plan;
    const suite_task_t *task = &plan->tasks[item->index];
    const suite_job_t *job = &plan->points[task->point];
    const data_category_t *images = &plan->listings[task->listing].images;
    suite_maps_t maps = {0};
    suite_numbers_t numbers;
    status_t status;
    double started = clock_seconds();
    int *keep = base_alloc((size_t)images->test_count, sizeof *keep);
    if (keep == NULL) return ST_ENOMEM;
    int n = data_test_without_shots(keep, images, task->support, task->shots);
    TRY_DONE(make_maps(&maps, worker, items, item, keep, n));
    TRY_DONE(suite_measure(&numbers, worker, &maps, images, job, keep));
    TRY_DONE(suite_task_write(worker, task, &maps, &numbers, keep, clock_seconds() - started));
done:
    suite_maps_free(&maps);
    free(keep);
    return status;
}
