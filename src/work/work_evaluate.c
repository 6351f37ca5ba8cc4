/* A task: maps of its test images, and their numbers. */
#include "work/work_internal.h"

#include "detect/detect.h"

#include <stdlib.h>
#include <string.h>

/* ---- What a task reads ------------------------------------------------------------------------------------------ */

/* Everything that scores an image: the memory bank and the anchors of both heads. needs are chunks, then `shots` support
 * files, then the wanted heads in order. */
typedef struct {
    float *banks[2]; /* (shots * T, W) of each tap */
    detect_memory_t memory;
    const float *kept; /* (n, T) M_v of these test images and this memory, from the task before; not owned */
    bool vad;
    store_learned_t learned[JOB_HEADS];
    bool head[JOB_HEADS];
    detect_anchors_t anchors[JOB_HEADS];
    const job_t *job;
    int chunks;
} scorer_t;

static void scorer_free(scorer_t *scorer)
{
    free(scorer->banks[0]);
    free(scorer->banks[1]);
    for (int head = 0; head < JOB_HEADS; head++) store_learned_free(&scorer->learned[head]);
}

static status_t load_memory(scorer_t *scorer, work_worker_t *worker, const plan_items_t *items, const int *supports,
                            int shots)
{
    detect_memory_t *memory = &scorer->memory;
    for (int k = 0; k < shots; k++) {
        store_features_t features;
        double began = clock_seconds();
        TRY(store_features_read(&features, &items->items[supports[k]]));
        work_worker_charge(worker, PLAN_RATE_READ, plan_features_mb(clip_model_config(worker->model), scorer->job, 1),
                           began);
        size_t size = (size_t)features.T * (size_t)features.W;
        for (int tap = 0; tap < 2; tap++) {
            if (scorer->banks[tap] == NULL) scorer->banks[tap] = base_alloc((size_t)shots * size, sizeof(float));
            if (scorer->banks[tap] == NULL) {
                store_features_free(&features);
                return ST_ENOMEM;
            }
            memcpy(scorer->banks[tap] + (size_t)k * size, tap == 0 ? features.memory1 : features.memory2,
                   size * sizeof(float));
        }
        *memory = (detect_memory_t){scorer->banks[0], scorer->banks[1], (k + 1) * features.T, features.W};
        store_features_free(&features);
    }
    return ST_OK;
}

/* The anchors of one head as detect wants them. group 0 of a set of prompts is `image`. */
static detect_anchors_t make_anchors(const job_t *job, const store_learned_t *learned, double t, const float *normal,
                                     const float *abnormal, const float *keys)
{
    bool query_former =
        job->retrieval == JOB_RETRIEVAL_QUERY_FORMER || (job->retrieval == JOB_RETRIEVAL_AUTO && job->learn);
    return (detect_anchors_t){.normal = normal,
                              .abnormal = abnormal,
                              .keys = query_former ? keys : NULL,
                              .groups = learned->G,
                              .width = learned->E,
                              .image_group = 0,
                              .logit_scale = t,
                              .token_wise = job->token_wise};
}

static status_t scorer_make(scorer_t *scorer, work_worker_t *worker, const plan_items_t *items, const plan_item_t *item)
{
    const plan_task_t *task = &worker->plan->tasks[item->index];
    const job_t *job = &worker->plan->points[task->point];
    int heads = 0;
    double t;
    *scorer = (scorer_t){.job = job};
    TRY(work_worker_model(worker));
    TRY(job_logit_scale(&t, job, (double)clip_model_logit_scale(worker->model)));
    for (int head = 0; head < JOB_HEADS; head++) {
        scorer->head[head] = job_head_wanted(job, head);
        heads += scorer->head[head];
    }
    scorer->chunks = item->need_count - task->shots - heads;
    int need = scorer->chunks + task->shots;
    for (int head = 0; head < JOB_HEADS; head++) {
        if (!scorer->head[head]) continue;
        const plan_item_t *file = &items->items[item->needs[need++]];
        store_learned_t *learned = &scorer->learned[head];
        TRY(store_learned_read(learned, file));
        scorer->anchors[head] = make_anchors(job, learned, t, learned->normal, learned->abnormal, learned->keys);
    }
    scorer->vad = job_has(&job->branches, "vad");
    if (!scorer->vad) return ST_OK;
    scorer->kept = work_cache_memory(worker, task);
    if (scorer->kept != NULL) return ST_OK;
    return load_memory(scorer, worker, items, item->needs + scorer->chunks, task->shots);
}

/* ---- Maps ------------------------------------------------------------------------------------------------------------ */

/* One image: row i of a chunk's features into row `at` of the maps. METHOD.md 9. */
static status_t map_image(store_maps_t *maps, int at, const store_features_t *features, int i, const scorer_t *scorer,
                          arena_t *arena)
{
    size_t T = (size_t)features->T, map = (size_t)at * T, row = (size_t)i, W = (size_t)features->W;
    if (scorer->kept != NULL)
        memcpy(maps->M_v + map, scorer->kept + map, T * sizeof(float));
    else if (maps->M_v != NULL)
        TRY(detect_vad(maps->M_v + map, &scorer->memory, features->memory1 + row * T * W,
                       features->memory2 + row * T * W, features->T, arena));
    if (maps->Mhat_p != NULL)
        detect_pad(maps->Mhat_p + map, maps->group + map, maps->s_image + map, &scorer->anchors[JOB_HEAD_PIXEL],
                   features->tokens + row * T * (size_t)features->E, features->T);
    if (maps->S_i != NULL)
        detect_pad(NULL, NULL, &maps->S_i[at], &scorer->anchors[JOB_HEAD_IMAGE],
                   features->cls + row * (size_t)features->E, 1);
    work_fuse_image(maps->M_p != NULL ? maps->M_p + map : NULL, maps->M_pix + map, &maps->M_img[at], maps, at,
                    scorer->job);
    return ST_OK;
}

/* The images of one chunk that are kept, into rows from *at on. */
static status_t map_chunk(store_maps_t *maps, int *at, work_worker_t *worker, const store_features_t *features,
                          int first, const scorer_t *scorer, const int *keep, arena_t *arena)
{
    double began = clock_seconds();
    int before = *at;
    for (int i = 0; i < features->count; i++) {
        if (*at == maps->n || keep[*at] != first + i) continue;
        TRY(map_image(maps, *at, features, i, scorer, arena));
        ++*at;
    }
    const clip_config_t *config = clip_model_config(worker->model);
    int images = *at - before, groups = scorer->head[JOB_HEAD_PIXEL] ? scorer->learned[JOB_HEAD_PIXEL].G : 0;
    int shots = scorer->memory.rows / features->T; /* 0: no memory was searched */
    work_worker_charge(worker, PLAN_RATE_MAPS, plan_maps_gflop(config, groups, images, shots), began);
    return ST_OK;
}

/* Maps of every kept test image, chunk by chunk: of the features, no more is in memory than the rank may hold. */
static status_t make_maps(store_maps_t *maps, work_worker_t *worker, const plan_items_t *items, const plan_item_t *item,
                          const scorer_t *scorer, const int *keep, int keep_count)
{
    const plan_t *plan = worker->plan;
    const plan_task_t *task = &plan->tasks[item->index];
    status_t status = ST_OK;
    store_features_t own = {0};
    const store_features_t *features;
    arena_t arena;
    arena_init(&arena, "evaluate");
    for (int c = 0, at = 0; c < scorer->chunks; c++) {
        const plan_item_t *chunk = &items->items[item->needs[c]];
        int first, count;
        plan_chunk_range(&first, &count, plan, chunk->category_index, chunk->index);
        store_features_free(&own);
        TRY_DONE(work_cache_chunk(&features, &own, worker, chunk));
        if (features->count != count) {
            status = fail(ST_EFORMAT, "'%s' holds %d images, expected %d", chunk->path, features->count, count);
            goto done;
        }
        if (maps->M_pix == NULL)
            TRY_DONE(store_maps_alloc(maps, keep_count, features->grid, features->grid, scorer->vad,
                                      scorer->head[JOB_HEAD_PIXEL], scorer->head[JOB_HEAD_IMAGE]));
        TRY_DONE(map_chunk(maps, &at, worker, features, first, scorer, keep, &arena));
        if (stop_asked()) {
            status = fail(ST_EINTERRUPTED, "interrupted while scoring %s/%s", task->dataset, task->category);
            goto done;
        }
    }
    if (scorer->vad && scorer->kept == NULL) work_cache_keep_memory(worker, task, maps);
done:
    store_features_free(&own);
    arena_free(&arena);
    return status;
}

static status_t measure(store_numbers_t *out, work_worker_t *worker, const store_maps_t *maps,
                        const data_category_t *images, const job_t *job, const int *keep)
{
    double began = clock_seconds();
    TRY(work_measure(out, worker, maps, images, job, keep));
    work_worker_charge(worker, PLAN_RATE_PIXELS, 1e-6 * maps->n * job->resolution * job->resolution, began);
    return ST_OK;
}

/* track_epochs: what the test metrics were at each state kept during learning. Stored apart; it chooses nothing. */
static status_t measure_oracle(store_oracle_t *oracle, work_worker_t *worker, const plan_items_t *items,
                               const plan_item_t *item, scorer_t *scorer, const int *keep, int keep_count)
{
    const store_learned_t *pixel = &scorer->learned[JOB_HEAD_PIXEL], *image = &scorer->learned[JOB_HEAD_IMAGE];
    const data_category_t *images = &worker->plan->categories[item->category_index].images;
    double t = scorer->anchors[JOB_HEAD_PIXEL].logit_scale;
    int count = pixel->oracle_count;
    *oracle = (store_oracle_t){0};
    if (count == 0 || !scorer->job->learn) return ST_OK;
    oracle->epoch = base_alloc((size_t)count, sizeof *oracle->epoch);
    oracle->numbers = base_alloc((size_t)count, sizeof *oracle->numbers);
    if (oracle->epoch == NULL || oracle->numbers == NULL) return ST_ENOMEM;
    for (int state = 0; state < count; state++) {
        size_t at = (size_t)state * (size_t)pixel->G * (size_t)pixel->E;
        scorer->anchors[JOB_HEAD_PIXEL] = make_anchors(scorer->job, pixel, t, pixel->oracle_normal + at,
                                                       pixel->oracle_abnormal + at, pixel->oracle_keys + at);
        if (state < image->oracle_count)
            scorer->anchors[JOB_HEAD_IMAGE] = make_anchors(scorer->job, image, t, image->oracle_normal + at,
                                                           image->oracle_abnormal + at, image->oracle_keys + at);
        store_maps_t maps = {0};
        status_t status = make_maps(&maps, worker, items, item, scorer, keep, keep_count);
        if (status == ST_OK) status = measure(&oracle->numbers[state], worker, &maps, images, scorer->job, keep);
        store_maps_free(&maps);
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
    store_maps_t maps = {0};
    store_numbers_t numbers;
    store_oracle_t oracle = {0};
    status_t status;
    double started = clock_seconds();
    int *keep = base_alloc((size_t)images->test_count, sizeof *keep);
    if (keep == NULL) return ST_ENOMEM;
    int n = data_test_without_shots(keep, images, task->support, task->shots);
    TRY_DONE(scorer_make(&scorer, worker, items, item));
    TRY_DONE(make_maps(&maps, worker, items, item, &scorer, keep, n));
    TRY_DONE(measure(&numbers, worker, &maps, images, job, keep));
    TRY_DONE(measure_oracle(&oracle, worker, items, item, &scorer, keep, n));
    const store_task_file_t file = {.task = task,
                                    .maps = &maps,
                                    .numbers = &numbers,
                                    .oracle = &oracle,
                                    .keep = keep,
                                    .heads = item->needs + scorer.chunks + task->shots,
                                    .head_count = item->need_count - scorer.chunks - task->shots,
                                    .items = items,
                                    .seconds = clock_seconds() - started};
    double began = clock_seconds();
    TRY_DONE(store_task_write(plan, worker->size, &file));
    work_worker_charge(worker, PLAN_RATE_WRITE, plan_task_mb(clip_model_config(worker->model), job, n), began);
done:
    free(oracle.epoch);
    free(oracle.numbers);
    store_maps_free(&maps);
    scorer_free(&scorer);
    free(keep);
    return status;
}
