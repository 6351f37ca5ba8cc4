/* Where the image tower is tapped for the memory, METHOD.md 2 and 12.1: the job's word, the model folder's, the default. */
#include "job/job_internal.h"

#include <stdlib.h>
#include <string.h>

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

static bool begins_with_one(const char *text, const char *const *starts)
{
    while (*starts != NULL && strncmp(text, *starts, strlen(*starts)) != 0) starts++;
    return *starts != NULL;
}

/* What a key names is read token by token of the grid; what a method needs besides, as windows, it asks for itself. */
static status_t check_array(const char *key, const char *text)
{
    static const char *const others[] = {"cls", "windows", "turned", NULL};
    const size_t size = strlen(text);
    if (begins_with_one(text, others))
        return fail(
            ST_EFORMAT,
            "%s: '%s' has no value for each token (expected a tap as 3.attn or last.mlp, mean(A..B), final or tokens)",
            key, text);
    if (size > 4 && strcmp(text + size - 4, "-raw") == 0)
        return fail(ST_EFORMAT, "%s: '%s' is named without '-raw': the method says which it takes", key, text);
    return ST_OK;
}

status_t job_arrays_check(const job_t *job)
{
    static const char *const no_taps[] = {"cls", "windows", "turned", "tokens", "final", "mean(", NULL};
    const struct {
        const char *key;
        const io_names_t *taps;
    } lists[] = {{"inctrl_residual.taps", &job->inctrl.taps},
                 {"april_vad.taps", &job->april.taps},
                 {"patchcore.taps", &job->patchcore.taps},
                 {"spade.taps", &job->spade.taps},
                 {"padim.taps", &job->padim.taps},
                 {"musc.taps", &job->musc.taps}};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (int i = 0; i < lists[l].taps->count; i++) TRY(check_array(lists[l].key, lists[l].taps->name[i]));
    TRY(check_array("subspace.feature", job->subspace.feature));
    TRY(check_array("anomalydino.feature", job->anomalydino.feature));
    for (int i = 0; i < job->memory_taps.count; i++)
        if (begins_with_one(job->memory_taps.name[i], no_taps))
            return fail(ST_EFORMAT,
                        "memory_taps: '%s' is no tap of the image tower, expected two as 3.attn or last.mlp",
                        job->memory_taps.name[i]);
    return ST_OK;
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
