/* A slice of a set: one array of all test images of a task, held against one another. */
#include "work/work_internal.h"

#include <stdlib.h>
#include <string.h>

/* The array of the images that are kept, chunk by chunk; features (chunks) hold it. */
static status_t read_images(method_image_t *images, store_features_t *features, store_made_on_t *made_on,
                            work_worker_t *worker, const plan_items_t *items, const plan_item_t *item,
                            const method_ask_t *reads, const int *keep, int n)
{
    double began = clock_own_seconds();
    for (int c = 0, at = 0; c < item->need_count; c++) {
        const plan_item_t *chunk = &items->items[item->needs[c]];
        int first, count;
        plan_chunk_range(&first, &count, worker->plan, chunk->category_index, chunk->index);
        TRY(store_features_read(&features[c], worker->plan, chunk, reads));
        store_made_on_add(made_on, features[c].made_on.text);
        for (; at < n && keep[at] < first + count; at++)
            TRY(store_features_image(&images[at], &features[c], reads, keep[at] - first));
    }
    const plan_t *plan = worker->plan;
    work_worker_charge(worker, PLAN_RATE_READ, plan_features_mb(plan, n) / plan->ask_test.count, began);
    return ST_OK;
}

static status_t make(store_slice_t *out, work_worker_t *worker, const plan_items_t *items, const plan_item_t *item,
                     const int *keep)
{
    const plan_task_t *task = &worker->plan->tasks[item->index];
    const method_t *method = plan_method(worker->plan, task);
    const method_task_t draw = {.job = &worker->plan->points[task->point],
                                .dataset = task->dataset,
                                .category = task->category,
                                .shots = task->shots,
                                .seed = task->seed,
                                .images = out->n};
    method_ask_t ask, reads = {.count = 1};
    TRY(plan_ask(&ask, worker->plan, draw.job));
    memcpy(reads.text[0], ask.text[method->slices->array(draw.job, item->slice)], sizeof reads.text[0]);
    arena_t arena;
    arena_init(&arena, "slice of a set");
    status_t status = ST_ENOMEM;
    store_features_t *features = calloc((size_t)item->need_count + 1, sizeof *features);
    method_image_t *images = calloc((size_t)out->n + 1, sizeof *images);
    if (features == NULL || images == NULL) TRY_DONE(fail(ST_ENOMEM, "out of memory"));
    TRY_DONE(read_images(images, features, &out->made_on, worker, items, item, &reads, keep, out->n));
    const double began = clock_own_seconds();
    TRY_DONE(method->slices->make(out->values, &draw, images, item->slice, &arena));
    out->seconds = clock_own_seconds() - began;
    work_worker_charge(worker, PLAN_RATE_MAPS, plan_method_work(worker->plan, task, 0, out->n, false).slice, began);
done:
    for (int c = 0; features != NULL && c < item->need_count; c++) store_features_free(&features[c]);
    free(features);
    free(images);
    arena_free(&arena);
    return status;
}

status_t work_slice(work_worker_t *worker, const plan_items_t *items, const plan_item_t *item)
{
    const plan_t *plan = worker->plan;
    const int total = plan->categories[item->category_index].images.test_count;
    const size_t T = (size_t)plan->config.grid * (size_t)plan->config.grid;
    status_t status = ST_ENOMEM;
    int *keep = base_alloc((size_t)total, sizeof *keep);
    store_slice_t slice = {0};
    if (keep == NULL) goto done;
    slice.n = plan_task_images(keep, plan, &plan->tasks[item->index]);
    slice.values = base_alloc((size_t)slice.n * T, sizeof *slice.values);
    if (slice.values == NULL) goto done;
    TRY_DONE(make(&slice, worker, items, item, keep));
    const double began = clock_own_seconds();
    TRY_DONE(store_slice_write(plan, worker->size, item, &slice));
    work_worker_charge(worker, PLAN_RATE_WRITE, plan_slice_mb(&plan->config, slice.n), began);
done:
    free(slice.values);
    free(keep);
    return status;
}
