/* What a rank keeps open. */
#include "work/work_internal.h"

#include <stdlib.h>

/* The model is opened by the first step that needs it: a run whose tasks are all done opens nothing. */
status_t work_worker_model(work_worker_t *worker)
{
    if (worker->pool != NULL) return ST_OK;
    double began = clock_own_seconds();
    const job_t *job = &worker->plan->points[0];
    TRY(clip_set_threads(job->threads));
    /* Whoever made the plan has looked whether all weights are finite. */
    if (worker->model == NULL)
        TRY(clip_model_open_checked(&worker->model, job->model, job->image_size, worker->plan->model_mark));
    TRY(clip_model_products(worker->model, plan_products(worker->plan), job->threads));
    if (worker->rank == 0 && !clip_model_packed(worker->model))
        log_info("precision: strassen is slower here: no room in shared memory (/dev/shm) for packed weights");
    if (worker->seat == NULL) worker->seat = calloc((size_t)job->threads, sizeof *worker->seat);
    if (worker->seat == NULL) return fail(ST_ENOMEM, "out of memory for %d threads", job->threads);
    TRY(base_pool_open(&worker->pool, job->threads));
    work_worker_charge(worker, PLAN_RATE_START, 0, began);
    return ST_OK;
}

status_t work_worker_tokenizer(work_worker_t *worker)
{
    if (worker->tokenizer != NULL) return ST_OK;
    TRY(work_worker_model(worker));
    const clip_config_t *config = clip_model_config(worker->model);
    double began = clock_own_seconds();
    TRY(tokenizer_open(&worker->tokenizer, worker->plan->points[0].model, config->vocab, config->context));
    work_worker_charge(worker, PLAN_RATE_START, 0, began);
    return ST_OK;
}

void work_worker_close(work_worker_t *worker)
{
    work_cache_free(&worker->cache);
    tokenizer_close(worker->tokenizer);
    for (int w = 0; worker->seat != NULL && w < worker->plan->points[0].threads; w++) {
        clip_vision_close(worker->seat[w].vision);
        free(worker->seat[w].pixels);
    }
    free(worker->seat);
    base_pool_close(worker->pool);
    clip_model_close(worker->model);
    work_masks_free(&worker->masks);
    worker->tokenizer = NULL;
    worker->seat = NULL;
    worker->pool = NULL;
    worker->model = NULL;
}
