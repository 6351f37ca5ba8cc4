/* A task: maps of its test images, and their numbers. */
#include "work/work_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- What a task reads ------------------------------------------------------------------------------------------ */

/* Everything that scores an image. needs are chunks, then `shots` support files, then the wanted heads in order. */
typedef struct {
    const method_t *method;
    method_ask_t ask;
    arena_t arena; /* of the state */
    void *state;
    method_task_t task;
    store_features_t *features; /* (shots) */
    method_image_t *support;    /* (shots) */
    store_learned_t learned[JOB_HEADS];
    method_head_t head[JOB_HEADS];
    float *const *known; /* maps of these test images and this support, from the task before; not owned */
    int chunks, heads;
    store_made_on_t support_on, made_on; /* the support's files; all others */
} scorer_t;

static void scorer_free(scorer_t *scorer)
{
    for (int k = 0; scorer->features != NULL && k < scorer->task.shots; k++) store_features_free(&scorer->features[k]);
    free(scorer->features);
    free(scorer->support);
    for (int head = 0; head < JOB_HEADS; head++) store_learned_free(&scorer->learned[head]);
    arena_free(&scorer->arena);
}

static status_t load_support(scorer_t *scorer, work_worker_t *worker, const plan_items_t *items, const int *supports)
{
    size_t shots = (size_t)scorer->task.shots;
    scorer->features = calloc(shots + 1, sizeof *scorer->features);
    scorer->support = calloc(shots + 1, sizeof *scorer->support);
    if (scorer->features == NULL || scorer->support == NULL) return fail(ST_ENOMEM, "out of memory");
    for (size_t k = 0; k < shots; k++) {
        double began = clock_seconds();
        TRY(store_features_read(&scorer->features[k], worker->plan, &items->items[supports[k]]));
        store_made_on_add(&scorer->support_on, scorer->features[k].made_on.text);
        work_worker_charge(worker, PLAN_RATE_READ, plan_features_mb(worker->plan, 1), began);
        TRY(store_features_image(&scorer->support[k], &scorer->features[k], &scorer->ask, 0));
    }
    scorer->task.support = scorer->support;
    return ST_OK;
}

/* Whether a map that the options ask for depends on the support and is not known; a method that keeps no such map reads
 * the support for each task. */
static bool needs_support(const scorer_t *scorer)
{
    bool keeps = false;
    for (int m = 0; m < method_map_count(scorer->method); m++) {
        if (!scorer->method->maps[m].support) continue;
        keeps = true;
        if (scorer->method->gives(scorer->task.job, m) && (scorer->task.known >> m & 1) == 0) return true;
    }
    return !keeps;
}

static status_t scorer_make(scorer_t *scorer, work_worker_t *worker, const plan_items_t *items, const plan_item_t *item,
                            int images)
{
    const plan_t *plan = worker->plan;
    const plan_task_t *task = &plan->tasks[item->index];
    const job_t *job = &plan->points[task->point];
    arena_init(&scorer->arena, "state of a method");
    scorer->method = plan_method(plan, task);
    scorer->task = (method_task_t){.job = job,
                                   .dataset = task->dataset,
                                   .category = task->category,
                                   .shots = task->shots,
                                   .seed = task->seed,
                                   .images = images,
                                   .head = scorer->head};
    TRY(plan_ask(&scorer->ask, plan, job));
    TRY(scorer->method->texts ? work_worker_tokenizer(worker) : work_worker_model(worker));
    scorer->task.model = worker->model;
    scorer->task.tokenizer = worker->tokenizer;
    TRY(job_logit_scale(&scorer->task.logit_scale, job, (double)clip_model_logit_scale(worker->model)));
    for (int head = 0; head < JOB_HEADS; head++) scorer->heads += method_wants_head(scorer->method, job, head);
    scorer->chunks = item->need_count - task->shots - scorer->heads;
    int need = scorer->chunks + task->shots;
    for (int head = 0; head < JOB_HEADS; head++) {
        if (!method_wants_head(scorer->method, job, head)) continue;
        store_learned_t *learned = &scorer->learned[head];
        TRY(store_learned_read(learned, worker->plan, &items->items[item->needs[need++]]));
        store_made_on_add(&scorer->made_on, learned->made_on.text);
        scorer->head[head] = (method_head_t){learned->G, learned->E, learned->normal, learned->abnormal, learned->keys};
    }
    scorer->task.known = work_cache_maps(&scorer->known, worker, task);
    if (scorer->task.known != 0) scorer->support_on = worker->cache.maps_on;
    if (needs_support(scorer)) TRY(load_support(scorer, worker, items, item->needs + scorer->chunks));
    return scorer->method->fit(&scorer->state, &scorer->task, &scorer->arena);
}

/* ---- Maps ------------------------------------------------------------------------------------------------------------ */

/* One image: row i of a chunk's features into row `at` of the maps. */
static status_t map_image(method_maps_t *maps, int at, const store_features_t *features, int i, const scorer_t *scorer,
                          arena_t *arena)
{
    method_image_t image;
    size_t T = (size_t)maps->h * (size_t)maps->w, row = (size_t)at * T;
    TRY(store_features_image(&image, features, &scorer->ask, i));
    for (int m = 0; m < METHOD_MAX_MAPS; m++)
        if ((scorer->task.known >> m & 1) != 0 && maps->kept[m] != NULL)
            memcpy((float *)maps->kept[m] + row, scorer->known[m] + row, T * sizeof(float));
    return scorer->method->score(maps, at, scorer->state, &image, arena);
}

/* The images of one chunk that are kept, into rows from *at on. */
static status_t map_chunk(method_maps_t *maps, int *at, work_worker_t *worker, const store_features_t *features,
                          int first, const scorer_t *scorer, const int *keep, arena_t *arena)
{
    double began = clock_seconds();
    int before = *at;
    for (int i = 0; i < features->count; i++) {
        if (*at == maps->n || keep[*at] != first + i) continue;
        TRY(map_image(maps, *at, features, i, scorer, arena));
        ++*at;
    }
    int shots = scorer->support != NULL ? scorer->task.shots : 0; /* 0: no memory was searched */
    work_worker_charge(worker, PLAN_RATE_MAPS,
                       plan_maps_gflop(&worker->plan->config, scorer->head[JOB_HEAD_PIXEL].G, *at - before, shots),
                       began);
    return ST_OK;
}

/* Maps of every kept test image, chunk by chunk: of the features, no more is in memory than the rank may cache. */
static status_t make_maps(method_maps_t *maps, work_worker_t *worker, const plan_items_t *items,
                          const plan_item_t *item, scorer_t *scorer, const int *keep, int keep_count)
{
    const plan_t *plan = worker->plan;
    const plan_task_t *task = &plan->tasks[item->index];
    int grid = plan->config.grid;
    status_t status;
    store_features_t own = {0};
    const store_features_t *features;
    arena_t arena;
    arena_init(&arena, "evaluate");
    TRY_DONE(method_maps_alloc(maps, scorer->method, scorer->task.job, keep_count, grid, grid));
    for (int c = 0, at = 0; c < scorer->chunks; c++) {
        const plan_item_t *chunk = &items->items[item->needs[c]];
        int first, count;
        plan_chunk_range(&first, &count, plan, chunk->category_index, chunk->index);
        store_features_free(&own);
        TRY_DONE(work_cache_chunk(&features, &own, worker, chunk));
        store_made_on_add(&scorer->made_on, features->made_on.text);
        if (features->count != count) {
            status = fail(ST_EFORMAT, "'%s' holds %d images, expected %d", chunk->path, features->count, count);
            goto done;
        }
        TRY_DONE(map_chunk(maps, &at, worker, features, first, scorer, keep, &arena));
        if (stop_asked()) {
            status = fail(ST_EINTERRUPTED, "interrupted while scoring %s/%s", task->dataset, task->category);
            goto done;
        }
    }
    if (scorer->method->score_set != NULL) TRY_DONE(scorer->method->score_set(maps, scorer->state, &arena));
    if (scorer->support != NULL) work_cache_keep_maps(worker, task, maps, &scorer->support_on);
done:
    store_features_free(&own);
    arena_free(&arena);
    return status;
}

static status_t measure(store_numbers_t *out, work_worker_t *worker, const scorer_t *scorer, const method_maps_t *maps,
                        const data_category_t *images, const job_t *job, const int *keep)
{
    double began = clock_seconds();
    TRY(work_measure(out, worker, scorer->method, maps, images, job, keep));
    work_worker_charge(worker, PLAN_RATE_PIXELS, 1e-6 * maps->n * job->resolution * job->resolution, began);
    return ST_OK;
}

/* track_epochs: what the test metrics were at each state kept during learning. Stored apart; it chooses nothing. */
static status_t measure_oracle(store_oracle_t *oracle, work_worker_t *worker, const plan_items_t *items,
                               const plan_item_t *item, scorer_t *scorer, const int *keep, int keep_count)
{
    const store_learned_t *pixel = &scorer->learned[JOB_HEAD_PIXEL], *image = &scorer->learned[JOB_HEAD_IMAGE];
    const data_category_t *images = &worker->plan->categories[item->category_index].images;
    int count = pixel->oracle_count;
    *oracle = (store_oracle_t){0};
    if (count == 0 || !scorer->task.job->learn) return ST_OK;
    oracle->epoch = base_alloc((size_t)count, sizeof *oracle->epoch);
    oracle->numbers = base_alloc((size_t)count, sizeof *oracle->numbers);
    if (oracle->epoch == NULL || oracle->numbers == NULL) return ST_ENOMEM;
    for (int state = 0; state < count; state++) {
        size_t at = (size_t)state * (size_t)pixel->G * (size_t)pixel->E;
        size_t image_at = (size_t)state * (size_t)image->G * (size_t)image->E;
        scorer->head[JOB_HEAD_PIXEL] = (method_head_t){pixel->G, pixel->E, pixel->oracle_normal + at,
                                                       pixel->oracle_abnormal + at, pixel->oracle_keys + at};
        if (state < image->oracle_count)
            scorer->head[JOB_HEAD_IMAGE] =
                (method_head_t){image->G, image->E, image->oracle_normal + image_at, image->oracle_abnormal + image_at,
                                image->oracle_keys + image_at};
        TRY(scorer->method->fit(&scorer->state, &scorer->task, &scorer->arena));
        method_maps_t maps = {0};
        status_t status = make_maps(&maps, worker, items, item, scorer, keep, keep_count);
        if (status == ST_OK)
            status = measure(&oracle->numbers[state], worker, scorer, &maps, images, scorer->task.job, keep);
        method_maps_free(&maps);
        if (status != ST_OK) return status;
        oracle->epoch[oracle->count++] = pixel->oracle_epoch[state];
    }
    return ST_OK;
}

status_t work_evaluate(work_worker_t *worker, const plan_items_t *items, const plan_item_t *item)
{
    const plan_t *plan = worker->plan;
    const plan_task_t *task = &plan->tasks[item->index];
    const job_t *job = &plan->points[task->point];
    const data_category_t *images = &plan->categories[task->category_index].images;
    scorer_t scorer = {0};
    method_maps_t maps = {0};
    store_numbers_t numbers;
    store_oracle_t oracle = {0};
    status_t status;
    double started = clock_seconds();
    int *keep = base_alloc((size_t)images->test_count, sizeof *keep);
    if (keep == NULL) return ST_ENOMEM;
    int n = data_test_without_shots(keep, images, task->support, task->shots);
    TRY_DONE(scorer_make(&scorer, worker, items, item, n));
    TRY_DONE(make_maps(&maps, worker, items, item, &scorer, keep, n));
    TRY_DONE(measure(&numbers, worker, &scorer, &maps, images, job, keep));
    TRY_DONE(measure_oracle(&oracle, worker, items, item, &scorer, keep, n));
    store_made_on_add(&scorer.made_on, scorer.support_on.text);
    const store_task_file_t file = {.task = task,
                                    .inputs = scorer.made_on,
                                    .method = scorer.method,
                                    .maps = &maps,
                                    .numbers = &numbers,
                                    .oracle = &oracle,
                                    .keep = keep,
                                    .heads = item->needs + scorer.chunks + task->shots,
                                    .head_count = scorer.heads,
                                    .items = items,
                                    .seconds = clock_seconds() - started};
    double began = clock_seconds();
    TRY_DONE(store_task_write(plan, worker->size, &file));
    work_worker_charge(worker, PLAN_RATE_WRITE, plan_task_mb(clip_model_config(worker->model), job, n), began);
done:
    free(oracle.epoch);
    free(oracle.numbers);
    method_maps_free(&maps);
    scorer_free(&scorer);
    free(keep);
    return status;
}
