/* Where the image tower is tapped for the memory, METHOD.md 2 and 12.1: the job's word, the model folder's, the default. */
#include "job/job_internal.h"

#include <stdlib.h>

/* fgad.yaml in a model's folder: what this model asks for where the job says nothing. */
typedef struct {
    io_names_t memory_taps;
} wishes_t;
static const io_option_t wish_options[] = {
    {"memory_taps", IO_STRING_LIST, offsetof(wishes_t, memory_taps), "3.attn, 8.attn", 0, 0, NULL,
     "two points N.attn or N.mlp of the image tower that feed the memory", 0},
    {0},
};

status_t job_taps_count(const io_names_t *taps)
{
    if (taps->count == 2) return ST_OK;
    return fail(ST_EFORMAT, "memory_taps: %d points are named, expected two, as '3.attn, 8.attn'", taps->count);
}

status_t job_taps_resolve(job_t *job)
{
    status_t status;
    wishes_t wishes = {0};
    if (job->memory_taps.count > 0) return ST_OK;
    char *path = base_format("%s/fgad.yaml", job->model);
    if (path == NULL) return ST_ENOMEM;
    TRY_DONE(io_options_init(&wishes, wish_options));
    if (io_exists(path)) {
        TRY_DONE(io_options_read_yaml(&wishes, wish_options, NULL, path));
        status = job_taps_count(&wishes.memory_taps);
        if (status != ST_OK) {
            fail_context(status, "'%s'", path);
            goto done;
        }
    }
    io_names_free(&job->memory_taps); /* an empty list, which is memory too */
    job->memory_taps = wishes.memory_taps;
    wishes.memory_taps = (io_names_t){0};
done:
    io_options_free(&wishes, wish_options);
    free(path);
    return status;
}
