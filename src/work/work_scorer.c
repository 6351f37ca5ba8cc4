/* What a task reads to score images: its support, its heads, and the state that its method makes of them. */
#include "work/work_internal.h"

#include <stdlib.h>
#include <string.h>

void work_scorer_free(work_scorer_t *scorer)
{
    for (int k = 0; scorer->features != NULL && k < scorer->task.shots; k++) store_features_free(&scorer->features[k]);
    free(scorer->features);
    free(scorer->support);
    for (int head = 0; head < JOB_HEADS; head++) store_learned_free(&scorer->learned[head]);
    for (int s = 0; scorer->slice != NULL && s < scorer->slices; s++) free(scorer->slice[s]);
    free(scorer->slice);
    arena_free(&scorer->arena);
}

status_t work_scorer_support(work_scorer_t *scorer, work_worker_t *worker, const plan_items_t *items,
                             const plan_item_t *item)
{
    size_t shots = (size_t)scorer->task.shots;
    const int *supports = item->needs + scorer->chunks;
    if (scorer->support != NULL) return ST_OK;
    scorer->features = calloc(shots + 1, sizeof *scorer->features);
    scorer->support = calloc(shots + 1, sizeof *scorer->support);
    if (scorer->features == NULL || scorer->support == NULL) return fail(ST_ENOMEM, "out of memory");
    for (size_t k = 0; k < shots; k++) {
        double began = clock_own_seconds();
        const plan_item_t *shot = &items->items[supports[k]];
        method_ask_t held, asked;
        plan_item_ask(&held, worker->plan, shot);
        plan_ask_of_draw(&asked, worker->plan, &scorer->ask, shot->draw);
        TRY(store_features_read(&scorer->features[k], worker->plan, shot, &held));
        store_made_on_add(&scorer->support_on, scorer->features[k].made_on.text);
        work_worker_charge(worker, PLAN_RATE_READ, plan_features_mb(worker->plan, 1), began);
        TRY(store_features_image(&scorer->support[k], &scorer->features[k], &asked, 0));
    }
    scorer->task.support = scorer->support;
    return ST_OK;
}

/* Whether a map that the options ask for depends on the support and is not known; a method that keeps no such map reads
 * the support for each task. */
static bool needs_support(const work_scorer_t *scorer)
{
    bool keeps = false;
    for (int m = 0; m < method_map_count(scorer->method); m++) {
        if (scorer->method->maps[m].values > 0 && scorer->method->gives(scorer->task.job, m)) return true;
        if (!scorer->method->maps[m].support) continue;
        keeps = true;
        if (scorer->method->gives(scorer->task.job, m) && (scorer->task.known >> m & 1) == 0) return true;
    }
    return !keeps;
}

/* Whether one of those maps is known: then it costs this task what it cost the one before. */
static bool takes_known(const work_scorer_t *scorer)
{
    bool takes = false;
    for (int m = 0; m < method_map_count(scorer->method); m++)
        takes = takes || (scorer->method->maps[m].support && (scorer->task.known >> m & 1) != 0 &&
                          scorer->method->gives(scorer->task.job, m));
    return takes;
}

/* needs: the items of the slices. */
static status_t read_slices(work_scorer_t *scorer, const plan_t *plan, const plan_items_t *items, const int *needs)
{
    const size_t T = (size_t)plan->config.grid * (size_t)plan->config.grid;
    if (scorer->slices == 0) return ST_OK;
    scorer->slice = calloc((size_t)scorer->slices, sizeof *scorer->slice);
    if (scorer->slice == NULL) return fail(ST_ENOMEM, "out of memory");
    for (int s = 0; s < scorer->slices; s++) {
        store_slice_t slice = {.n = scorer->task.images};
        scorer->slice[s] = slice.values = base_alloc((size_t)slice.n * T, sizeof *slice.values);
        if (slice.values == NULL) return ST_ENOMEM;
        TRY(store_slice_read(&slice, plan, &items->items[needs[s]]));
        store_made_on_add(&scorer->made_on, slice.made_on.text);
        scorer->seconds += slice.seconds;
    }
    scorer->task.slices = (const float *const *)scorer->slice;
    return ST_OK;
}

status_t work_scorer_make(work_scorer_t *scorer, work_worker_t *worker, const plan_items_t *items,
                          const plan_item_t *item, int images)
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
                                   .head = scorer->head,
                                   .spent = &scorer->spent};
    TRY(plan_ask(&scorer->ask, plan, job));
    TRY(scorer->method->texts ? work_worker_tokenizer(worker) : work_worker_model(worker));
    scorer->task.model = worker->model;
    scorer->task.tokenizer = worker->tokenizer;
    TRY(job_logit_scale(&scorer->task.logit_scale, job, (double)clip_model_logit_scale(worker->model)));
    for (int head = 0; head < JOB_HEADS; head++) scorer->heads += method_wants_head(scorer->method, job, head);
    scorer->slices = method_slice_count(scorer->method, job);
    scorer->chunks = item->need_count - task->shots - scorer->heads - scorer->slices;
    int need = scorer->chunks + task->shots;
    for (int head = 0; head < JOB_HEADS; head++) {
        if (!method_wants_head(scorer->method, job, head)) continue;
        store_learned_t *learned = &scorer->learned[head];
        TRY(store_learned_read(learned, worker->plan, &items->items[item->needs[need++]]));
        store_made_on_add(&scorer->made_on, learned->made_on.text);
        scorer->head[head] = (method_head_t){learned->G, learned->E, learned->normal, learned->abnormal, learned->keys};
    }
    TRY(read_slices(scorer, plan, items, item->needs + need));
    scorer->task.known = work_cache_maps(&scorer->known, worker, task);
    if (scorer->task.known != 0) scorer->support_on = worker->cache.maps_on;
    if (takes_known(scorer)) scorer->spent_before = worker->cache.maps_spent;
    if (needs_support(scorer)) TRY(work_scorer_support(scorer, worker, items, item));
    /* Nothing is searched where all maps of the support are known. */
    scorer->work = plan_method_work(plan, task, scorer->head[JOB_HEAD_PIXEL].G, images,
                                    scorer->support == NULL || scorer->task.known != 0);
    const double began = clock_own_seconds();
    TRY(scorer->method->fit(&scorer->state, &scorer->task, &scorer->arena));
    scorer->seconds += clock_own_seconds() - began;
    if (scorer->work.fit > 0) work_worker_charge(worker, PLAN_RATE_MAPS, scorer->work.fit, began);
    return ST_OK;
}
