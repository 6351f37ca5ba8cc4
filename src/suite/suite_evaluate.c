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

static status_t maps_alloc(suite_maps_t *maps, int n, int h, int w, bool vad, bool pad, bool image)
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
    }
    if (image) ok = ok && (maps->S_i = base_alloc(images, sizeof(float))) != NULL;
    if (ok) return ST_OK;
    suite_maps_free(maps);
    return ST_ENOMEM;
}

/* ---- What a task reads ------------------------------------------------------------------------------------------ */

/* Everything that scores an image: the memory bank and the anchors of both heads. needs are chunks, then `shots` support
 * files, then the wanted heads in order. */
typedef struct {
    float *banks[2]; /* (shots * T, W) of each tap */
    detect_memory_t memory;
    const float *kept; /* (n, T) M_v of these test images and this memory, from the task before; not owned */
    bool vad;
    suite_learned_t learned[SUITE_HEADS];
    bool head[SUITE_HEADS];
    detect_anchors_t anchors[SUITE_HEADS];
    const suite_job_t *job;
    int chunks;
} scorer_t;

static void scorer_free(scorer_t *scorer)
{
    free(scorer->banks[0]);
    free(scorer->banks[1]);
    for (int head = 0; head < SUITE_HEADS; head++) suite_learned_free(&scorer->learned[head]);
}

static status_t load_memory(scorer_t *scorer, suite_worker_t *worker, const items_t *items, const int *supports,
                            int shots)
{
    detect_memory_t *memory = &scorer->memory;
    for (int k = 0; k < shots; k++) {
        suite_features_t features;
        double began = clock_seconds();
        TRY(suite_features_read(&features, &items->items[supports[k]]));
        suite_worker_charge(worker, SUITE_RATE_READ,
                            suite_features_mb(clip_model_config(worker->model), scorer->job, 1), began);
        size_t size = (size_t)features.T * (size_t)features.W;
        for (int tap = 0; tap < 2; tap++) {
            if (scorer->banks[tap] == NULL) scorer->banks[tap] = base_alloc((size_t)shots * size, sizeof(float));
            if (scorer->banks[tap] == NULL) {
                suite_features_free(&features);
                return ST_ENOMEM;
            }
            memcpy(scorer->banks[tap] + (size_t)k * size, tap == 0 ? features.memory1 : features.memory2,
                   size * sizeof(float));
        }
        *memory = (detect_memory_t){scorer->banks[0], scorer->banks[1], (k + 1) * features.T, features.W};
        suite_features_free(&features);
    }
    return ST_OK;
}

/* The anchors of one head as detect wants them. group 0 of a set of prompts is `image`. */
static detect_anchors_t make_anchors(const suite_job_t *job, const suite_learned_t *learned, double t,
                                     const float *normal, const float *abnormal, const float *keys)
{
    bool query_former =
        job->retrieval == SUITE_RETRIEVAL_QUERY_FORMER || (job->retrieval == SUITE_RETRIEVAL_AUTO && job->learn);
    return (detect_anchors_t){.normal = normal,
                              .abnormal = abnormal,
                              .keys = query_former ? keys : NULL,
                              .groups = learned->G,
                              .width = learned->E,
                              .image_group = 0,
                              .logit_scale = t,
                              .token_wise = job->token_wise};
}

static status_t scorer_make(scorer_t *scorer, suite_worker_t *worker, const items_t *items, const item_t *item)
{
    const suite_task_t *task = &worker->plan->tasks[item->index];
    const suite_job_t *job = &worker->plan->points[task->point];
    int heads = 0;
    double t;
    *scorer = (scorer_t){.job = job};
    TRY(suite_worker_model(worker));
    TRY(suite_job_logit_scale(&t, job, (double)clip_model_logit_scale(worker->model)));
    for (int head = 0; head < SUITE_HEADS; head++) {
        scorer->head[head] = suite_head_wanted(job, head);
        heads += scorer->head[head];
    }
    scorer->chunks = item->need_count - task->shots - heads;
    int need = scorer->chunks + task->shots;
    for (int head = 0; head < SUITE_HEADS; head++) {
        if (!scorer->head[head]) continue;
        const item_t *file = &items->items[item->needs[need++]];
        suite_learned_t *learned = &scorer->learned[head];
        TRY(suite_learned_read(learned, file));
        scorer->anchors[head] = make_anchors(job, learned, t, learned->normal, learned->abnormal, learned->keys);
    }
    scorer->vad = suite_job_has(&job->branches, "vad");
    if (!scorer->vad) return ST_OK;
    scorer->kept = suite_hold_memory(worker, task);
    if (scorer->kept != NULL) return ST_OK;
    return load_memory(scorer, worker, items, item->needs + scorer->chunks, task->shots);
}

/* ---- Maps ------------------------------------------------------------------------------------------------------------ */

/* One image: row i of a chunk's features into row `at` of the maps. METHOD.md 9. */
static status_t map_image(suite_maps_t *maps, int at, const suite_features_t *features, int i, const scorer_t *scorer,
                          arena_t *arena)
{
    size_t T = (size_t)features->T, map = (size_t)at * T, row = (size_t)i, W = (size_t)features->W;
    if (scorer->kept != NULL)
        memcpy(maps->M_v + map, scorer->kept + map, T * sizeof(float));
    else if (maps->M_v != NULL)
        TRY(detect_vad(maps->M_v + map, &scorer->memory, features->memory1 + row * T * W,
                       features->memory2 + row * T * W, features->T, arena));
    if (maps->Mhat_p != NULL)
        detect_pad(maps->Mhat_p + map, maps->group + map, maps->s_image + map, &scorer->anchors[SUITE_HEAD_PIXEL],
                   features->tokens + row * T * (size_t)features->E, features->T);
    if (maps->S_i != NULL)
        detect_pad(NULL, NULL, &maps->S_i[at], &scorer->anchors[SUITE_HEAD_IMAGE],
                   features->cls + row * (size_t)features->E, 1);
    suite_fuse_image(maps->M_p != NULL ? maps->M_p + map : NULL, maps->M_pix + map, &maps->M_img[at], maps, at,
                     scorer->job);
    return ST_OK;
}

/* The images of one chunk that are kept, into rows from *at on. */
static status_t map_chunk(suite_maps_t *maps, int *at, suite_worker_t *worker, const suite_features_t *features,
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
    int images = *at - before, groups = scorer->head[SUITE_HEAD_PIXEL] ? scorer->learned[SUITE_HEAD_PIXEL].G : 0;
    int shots = scorer->memory.rows / features->T; /* 0: no memory was searched */
    suite_worker_charge(worker, SUITE_RATE_MAPS, suite_maps_gflop(config, groups, images, shots), began);
    return ST_OK;
}

/* Maps of every kept test image, chunk by chunk: of the features, no more is in memory than the rank may hold. */
static status_t make_maps(suite_maps_t *maps, suite_worker_t *worker, const items_t *items, const item_t *item,
                          const scorer_t *scorer, const int *keep, int keep_count)
{
    const suite_plan_t *plan = worker->plan;
    const suite_task_t *task = &plan->tasks[item->index];
    status_t status = ST_OK;
    suite_features_t own = {0};
    const suite_features_t *features;
    arena_t arena;
    arena_init(&arena, "evaluate");
    for (int c = 0, at = 0; c < scorer->chunks; c++) {
        const item_t *chunk = &items->items[item->needs[c]];
        int first, count;
        suite_chunk_range(&first, &count, plan, chunk->listing, chunk->index);
        suite_features_free(&own);
        TRY_DONE(suite_hold_chunk(&features, &own, worker, chunk));
        if (features->count != count) {
            status = fail(ST_EFORMAT, "'%s' holds %d images, expected %d", chunk->path, features->count, count);
            goto done;
        }
        if (maps->M_pix == NULL)
            TRY_DONE(maps_alloc(maps, keep_count, features->grid, features->grid, scorer->vad,
                                scorer->head[SUITE_HEAD_PIXEL], scorer->head[SUITE_HEAD_IMAGE]));
        TRY_DONE(map_chunk(maps, &at, worker, features, first, scorer, keep, &arena));
        if (suite_interrupted()) {
            status = fail(ST_EINTERRUPTED, "interrupted while scoring %s/%s", task->dataset, task->category);
            goto done;
        }
    }
    if (scorer->vad && scorer->kept == NULL) suite_hold_keep_memory(worker, task, maps);
done:
    suite_features_free(&own);
    arena_free(&arena);
    return status;
}

static status_t measure(suite_numbers_t *out, suite_worker_t *worker, const suite_maps_t *maps,
                        const data_category_t *images, const suite_job_t *job, const int *keep)
{
    double began = clock_seconds();
    TRY(suite_measure(out, worker, maps, images, job, keep));
    suite_worker_charge(worker, SUITE_RATE_PIXELS, 1e-6 * maps->n * job->resolution * job->resolution, began);
    return ST_OK;
}

/* track_epochs: what the test metrics were at each state kept during learning. Stored apart; it chooses nothing. */
static status_t measure_oracle(suite_oracle_t *oracle, suite_worker_t *worker, const items_t *items, const item_t *item,
                               scorer_t *scorer, const int *keep, int keep_count)
{
    const suite_learned_t *pixel = &scorer->learned[SUITE_HEAD_PIXEL], *image = &scorer->learned[SUITE_HEAD_IMAGE];
    const data_category_t *images = &worker->plan->listings[item->listing].images;
    double t = scorer->anchors[SUITE_HEAD_PIXEL].logit_scale;
    int count = pixel->oracle_count;
    *oracle = (suite_oracle_t){0};
    if (count == 0 || !scorer->job->learn) return ST_OK;
    oracle->epoch = base_alloc((size_t)count, sizeof *oracle->epoch);
    oracle->numbers = base_alloc((size_t)count, sizeof *oracle->numbers);
    if (oracle->epoch == NULL || oracle->numbers == NULL) return ST_ENOMEM;
    for (int state = 0; state < count; state++) {
        size_t at = (size_t)state * (size_t)pixel->G * (size_t)pixel->E;
        scorer->anchors[SUITE_HEAD_PIXEL] = make_anchors(scorer->job, pixel, t, pixel->oracle_normal + at,
                                                         pixel->oracle_abnormal + at, pixel->oracle_keys + at);
        if (state < image->oracle_count)
            scorer->anchors[SUITE_HEAD_IMAGE] = make_anchors(scorer->job, image, t, image->oracle_normal + at,
                                                             image->oracle_abnormal + at, image->oracle_keys + at);
        suite_maps_t maps = {0};
        status_t status = make_maps(&maps, worker, items, item, scorer, keep, keep_count);
        if (status == ST_OK) status = measure(&oracle->numbers[state], worker, &maps, images, scorer->job, keep);
        suite_maps_free(&maps);
        if (status != ST_OK) return status;
        oracle->epoch[oracle->count++] = pixel->oracle_epoch[state];
    }
    return ST_OK;
}

status_t suite_evaluate(suite_worker_t *worker, const items_t *items, const item_t *item)
{
    const suite_plan_t *plan = worker->plan;
    const suite_task_t *task = &plan->tasks[item->index];
    const suite_job_t *job = &plan->points[task->point];
    const data_category_t *images = &plan->listings[task->listing].images;
    scorer_t scorer = {0};
    suite_maps_t maps = {0};
    suite_numbers_t numbers;
    suite_oracle_t oracle = {0};
    status_t status;
    double started = clock_seconds();
    int *keep = base_alloc((size_t)images->test_count, sizeof *keep);
    if (keep == NULL) return ST_ENOMEM;
    int n = data_test_without_shots(keep, images, task->support, task->shots);
    TRY_DONE(scorer_make(&scorer, worker, items, item));
    TRY_DONE(make_maps(&maps, worker, items, item, &scorer, keep, n));
    TRY_DONE(measure(&numbers, worker, &maps, images, job, keep));
    TRY_DONE(measure_oracle(&oracle, worker, items, item, &scorer, keep, n));
    const suite_task_file_t file = {.task = task,
                                    .maps = &maps,
                                    .numbers = &numbers,
                                    .oracle = &oracle,
                                    .keep = keep,
                                    .heads = item->needs + scorer.chunks + task->shots,
                                    .head_count = item->need_count - scorer.chunks - task->shots,
                                    .items = items,
                                    .seconds = clock_seconds() - started};
    double began = clock_seconds();
    TRY_DONE(suite_task_write(worker, &file));
    suite_worker_charge(worker, SUITE_RATE_WRITE, suite_task_mb(clip_model_config(worker->model), job, n), began);
done:
    free(oracle.epoch);
    free(oracle.numbers);
    suite_maps_free(&maps);
    scorer_free(&scorer);
    free(keep);
    return status;
}
