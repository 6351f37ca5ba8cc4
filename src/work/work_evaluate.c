/* A task: maps of its test images, and their numbers. */
#include "work/work_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- Maps ------------------------------------------------------------------------------------------------------------ */

/* One image: row i of a chunk's features into row `at` of the maps. */
static status_t map_image(method_maps_t *maps, int at, const store_features_t *features, int i,
                          const work_scorer_t *scorer, arena_t *arena)
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
                          int first, work_scorer_t *scorer, const int *keep, arena_t *arena)
{
    double began = clock_own_seconds();
    int before = *at;
    for (int i = 0; i < features->count; i++) {
        if (*at == maps->n || keep[*at] != first + i) continue;
        TRY(map_image(maps, *at, features, i, scorer, arena));
        ++*at;
    }
    scorer->seconds += clock_own_seconds() - began;
    work_worker_charge(worker, PLAN_RATE_MAPS, (*at - before) * scorer->work.image, began);
    return ST_OK;
}

/* Maps of every kept test image, chunk by chunk: of the features, no more is in memory than the rank may cache. */
static status_t make_maps(method_maps_t *maps, work_worker_t *worker, const plan_items_t *items,
                          const plan_item_t *item, work_scorer_t *scorer, const int *keep, int keep_count)
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
    if (scorer->method->score_set != NULL) {
        const double began = clock_own_seconds();
        TRY_DONE(scorer->method->score_set(maps, scorer->state, &arena));
        scorer->seconds += clock_own_seconds() - began;
        work_worker_charge(worker, PLAN_RATE_MAPS, scorer->work.set, began);
    }
    method_image_scores(maps->M_img, maps->M_pix, maps->n, grid * grid, scorer->task.job);
    if (scorer->support != NULL && scorer->task.known == 0)
        work_cache_keep_maps(worker, task, maps, &scorer->support_on, &scorer->spent);
done:
    store_features_free(&own);
    arena_free(&arena);
    return status;
}

static status_t measure(store_numbers_t *out, work_worker_t *worker, const work_scorer_t *scorer,
                        const method_maps_t *maps, const data_category_t *images, const job_t *job, const int *keep)
{
    double began = clock_own_seconds();
    TRY(work_measure(out, worker, scorer->method, maps, images, job, keep));
    const double maps_ranked = plan_ranked_maps(scorer->method, job);
    work_worker_charge(worker, PLAN_RATE_PIXELS, 1e-6 * maps->n * job->resolution * job->resolution * maps_ranked,
                       began);
    return ST_OK;
}

/* Whether image scores are fused of a map and the class token: then both rules are noted. */
static bool has_fusions(const work_scorer_t *scorer, const method_maps_t *maps)
{
    const method_t *method = scorer->method;
    return method->class_token != NULL && method->class_token(maps, scorer->task.job) != NULL &&
           scorer->task.job->image_score == JOB_SCORE_OWN;
}

/* out: image AUROC by the harmonic and the arithmetic image_fusion. */
static status_t measure_fusions(double out[2], const work_scorer_t *scorer, const method_maps_t *maps,
                                const data_category_t *images, const int *keep)
{
    const size_t T = (size_t)maps->h * (size_t)maps->w, n = (size_t)maps->n;
    static const int rules[2] = {JOB_IMAGE_FUSION_HARMONIC, JOB_IMAGE_FUSION_ARITHMETIC};
    status_t status = ST_OK;
    float *M_pix = base_alloc(n * T, sizeof *M_pix), *M_img = base_alloc(n + T, sizeof *M_img);
    if (M_pix == NULL || M_img == NULL) status = ST_ENOMEM;
    for (int rule = 0; rule < 2 && status == ST_OK; rule++) {
        job_t job = *scorer->task.job; /* texts and lists are borrowed */
        store_numbers_t numbers = store_numbers_none;
        job.image_fusion = rules[rule];
        status = method_fuse(M_pix, M_img, scorer->method, maps, &job, M_img + n);
        if (status == ST_OK) status = work_measure_images(&numbers, M_img, images, keep, maps->n);
        out[rule] = numbers.image_auroc;
    }
    free(M_pix);
    free(M_img);
    return status;
}

/* track_epochs: what the test metrics were at each state kept during learning. Stored apart; it chooses nothing. */
static status_t measure_oracle(store_oracle_t *oracle, work_worker_t *worker, const plan_items_t *items,
                               const plan_item_t *item, work_scorer_t *scorer, const int *keep, int keep_count)
{
    const store_learned_t *pixel = &scorer->learned[JOB_HEAD_PIXEL], *image = &scorer->learned[JOB_HEAD_IMAGE];
    const data_category_t *images = &worker->plan->categories[item->category_index].images;
    int count = pixel->oracle_count;
    if (count == 0 || !scorer->task.job->learn) return ST_OK;
    scorer->task.known = work_cache_maps(&scorer->known, worker, &worker->plan->tasks[item->index]);
    oracle->fused = base_alloc((size_t)count, sizeof *oracle->fused);
    oracle->epoch = base_alloc((size_t)count, sizeof *oracle->epoch);
    oracle->numbers = base_alloc((size_t)count, sizeof *oracle->numbers);
    if (oracle->epoch == NULL || oracle->numbers == NULL || oracle->fused == NULL) return ST_ENOMEM;
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
        if (status == ST_OK && oracle->fusions)
            status = measure_fusions(oracle->fused[state], scorer, &maps, images, keep);
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
    work_scorer_t scorer = {0};
    method_maps_t maps = {0};
    store_numbers_t numbers;
    store_oracle_t oracle = {0};
    status_t status;
    double started = clock_seconds();
    int *keep = base_alloc((size_t)images->test_count, sizeof *keep);
    if (keep == NULL) return ST_ENOMEM;
    const int n = plan_task_images(keep, plan, task);
    TRY_DONE(work_scorer_make(&scorer, worker, items, item, n));
    TRY_DONE(make_maps(&maps, worker, items, item, &scorer, keep, n));
    const double scored = scorer.seconds + scorer.spent_before.seconds;
    const size_t state = scorer.arena.used + scorer.spent_before.bytes;
    TRY_DONE(measure(&numbers, worker, &scorer, &maps, images, job, keep));
    oracle.fusions = has_fusions(&scorer, &maps);
    if (oracle.fusions) TRY_DONE(measure_fusions(oracle.last, &scorer, &maps, images, keep));
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
                                    .seconds = clock_seconds() - started,
                                    .score_seconds = scored,
                                    .state_bytes = state};
    double began = clock_own_seconds();
    TRY_DONE(store_task_write(plan, worker->size, &file));
    work_worker_charge(worker, PLAN_RATE_WRITE,
                       plan_task_mb(clip_model_config(worker->model), plan_method(plan, task), job, n), began);
done:
    free(oracle.epoch);
    free(oracle.numbers);
    free(oracle.fused);
    method_maps_free(&maps);
    work_scorer_free(&scorer);
    free(keep);
    return status;
}
