/* Where a file came from. */
#include "store/store.h"

#include <stdlib.h>
#include <unistd.h>

store_made_by_t store_made_by(const plan_t *plan, int ranks, const store_made_on_t *inputs)
{
    store_made_by_t made_by = {
        .job = &plan->points[0], .model_digest = plan->model_digest, .blas = plan->blas, .ranks = ranks};
    store_made_on_here(&made_by.made_on, plan);
    if (inputs != NULL) store_made_on_add(&made_by.made_on, inputs->text);
    return made_by;
}

status_t store_made_by_write(io_h5_t *file, const store_made_by_t *made_by)
{
    char host[256] = "", now[32];
    gethostname(host, sizeof host - 1);
    clock_iso8601(now);
    char *libraries = io_library_versions();
    if (libraries == NULL) return ST_ENOMEM;
    status_t status;
    TRY_DONE(io_h5_set_text(file, "/", "format", PLAN_FORMAT));
    TRY_DONE(io_h5_set_text(file, "/", "code_version", base_version()));
    TRY_DONE(io_h5_set_text(file, "/", "libraries", libraries));
    TRY_DONE(io_h5_set_text(file, "/", "blas", made_by->blas));
    if (made_by->made_on.text[0] != '\0') TRY_DONE(io_h5_set_text(file, "/", "made_on", made_by->made_on.text));
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
