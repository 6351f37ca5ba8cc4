#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The model is opened by the first step that needs it: a run whose tasks are all done opens nothing. */
status_t suite_worker_model(suite_worker_t *worker)
{
    if (worker->vision != NULL) return ST_OK;
    double began = clock_seconds();
    const suite_job_t *job = &worker->plan->points[0];
    clip_set_threads(job->threads);
    if (worker->model == NULL) TRY(clip_model_open(&worker->model, job->model));
    TRY(suite_taps_parse(worker->taps, job, clip_model_config(worker->model)));
    TRY(clip_vision_open(&worker->vision, worker->model, worker->taps));
    suite_worker_charge(worker, SUITE_RATE_START, 0, began);
    return ST_OK;
}

status_t suite_worker_tokenizer(suite_worker_t *worker)
{
    if (worker->tokenizer != NULL) return ST_OK;
    TRY(suite_worker_model(worker));
    const clip_config_t *config = clip_model_config(worker->model);
    double began = clock_seconds();
    TRY(clip_tokenizer_open(&worker->tokenizer, worker->plan->points[0].model, config->vocab, config->context));
    suite_worker_charge(worker, SUITE_RATE_START, 0, began);
    return ST_OK;
}

bool suite_worker_must_stop(const suite_worker_t *worker)
{
    return suite_interrupted() || (worker->deadline > 0 && clock_seconds() + worker->longest_step > worker->deadline);
}

double suite_worker_charge(suite_worker_t *worker, suite_rate_t rate, double units, double since)
{
    double now = clock_seconds();
    worker->measured.units[rate] += units;
    worker->measured_seconds[rate] += now - since;
    return now;
}

void suite_worker_close(suite_worker_t *worker)
{
    suite_hold_free(&worker->hold);
    clip_tokenizer_close(worker->tokenizer);
    clip_vision_close(worker->vision);
    clip_model_close(worker->model);
    suite_masks_free(&worker->masks);
    worker->tokenizer = NULL;
    worker->vision = NULL;
    worker->model = NULL;
}

status_t suite_made_by_write(io_h5_t *file, const suite_made_by_t *made_by)
{
    char host[256] = "", now[32];
    gethostname(host, sizeof host - 1);
    clock_iso8601(now);
    char *libraries = io_library_versions();
    if (libraries == NULL) return ST_ENOMEM;
    status_t status;
    TRY_DONE(io_h5_set_text(file, "/", "code_version", suite_code_version()));
    TRY_DONE(io_h5_set_text(file, "/", "libraries", libraries));
    TRY_DONE(io_h5_set_text(file, "/", "blas", clip_backend()));
    TRY_DONE(io_h5_set_text(file, "/", "model", made_by->job->model));
    TRY_DONE(io_h5_set_text(file, "/", "model_digest", made_by->model_digest));
    TRY_DONE(io_h5_set_text(file, "/", "host", host));
    TRY_DONE(io_h5_set_i64(file, "/", "ranks", made_by->ranks));
    TRY_DONE(io_h5_set_i64(file, "/", "threads_per_rank", made_by->job->threads));
    TRY_DONE(io_h5_set_text(file, "/", "written", now));
done:
    free(libraries);
    return status;
}

status_t suite_provenance_write(io_h5_t *file, const suite_worker_t *worker)
{
    const suite_made_by_t made_by = {
        .job = &worker->plan->points[0], .model_digest = worker->plan->model_digest, .ranks = worker->size};
    return suite_made_by_write(file, &made_by);
}
