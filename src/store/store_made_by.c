/* Where a file came from. */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

status_t store_format_check(io_h5_t *file, const char *path)
{
    char *format = NULL, *writer = NULL;
    status_t status = io_h5_get_text(&format, file, "/", "format");
    if (status == ST_ENOTFOUND) return ST_OK; /* maps of others, and the first of ours, do not say */
    if (status == ST_OK && strcmp(format, "1") != 0 && strcmp(format, STORE_FORMAT) != 0) {
        if (io_h5_get_text(&writer, file, "/", "code_version") != ST_OK) writer = NULL;
        status = fail(ST_EFORMAT,
                      "'%s' is of format %.16s, this version reads 1 and " STORE_FORMAT " (hint: fgad %.64s wrote it)",
                      path, format, writer != NULL ? writer : "of another version");
    }
    free(format);
    free(writer);
    return status;
}

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
    TRY_DONE(io_h5_set_text(file, "/", "format", STORE_FORMAT));
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

status_t store_point_write(io_h5_t *file, const job_t *point)
{
    job_t alone = *point; /* all but its grid is borrowed */
    alone.sweep = (io_sweep_t){0};
    alone.sweep_mode = JOB_SWEEP_PRODUCT;
    return io_h5_set_options(file, "options", &alone, job_options);
}
