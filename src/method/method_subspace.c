/* SubspaceAD: method/README.md 10. */
#include "method/method_internal.h"

#include <string.h>

typedef struct {
    detect_subspace_t fit;
} state_t;

static int ask_all(method_ask_t *out, const job_t *job)
{
    *out = (method_ask_t){0};
    method_ask_for(out, job->subspace.feature, true);
    return method_ask_turned(out, 0, job->subspace.feature, job->subspace.turns,
                             job->subspace.turn_draw == JOB_TURNS_DRAWN, true);
}

static void ask(method_ask_t *out, const job_t *job)
{
    ask_all(out, job);
}

static bool reads(const job_t *job, const char *key)
{
    return job->subspace.turns > 0 || strcmp(key, "subspace.turn_draw") != 0;
}

static void work(method_work_t *out, const method_size_t *size)
{
    method_ask_t asked;
    /* A third of the directions hold nearly all of the variance: a guess, before there are features. */
    const double W = size->width[0], rows = (double)size->shots * size->rows[ask_all(&asked, size->job)],
                 q = (rows < W ? rows : W) / 3;
    *out = (method_work_t){.fit = 2e-9 * rows * W * W + 9e-9 * W * W * W, .image = 4e-9 * size->tokens * W * q};
}

static status_t fit(void **out, const method_task_t *task, arena_t *arena)
{
    state_t *state = *out = arena_take(arena, 1, sizeof *state);
    if (state == NULL) return ST_ENOMEM;
    detect_moments_t moments;
    method_ask_t asked;
    const int from = ask_all(&asked, task->job);
    TRY(detect_moments_init(&moments, task->support[0].width[from], arena));
    for (int k = 0; k < task->shots; k++)
        TRY(detect_moments_add(&moments, task->support[k].array[from], task->support[k].rows[from], arena));
    return detect_subspace_fit(&state->fit, &moments, task->job->subspace.variance, arena);
}

static status_t score_image(method_maps_t *maps, int i, const detect_subspace_t *subspace, const float *tokens,
                            arena_t *arena)
{
    const int T = maps->h * maps->w;
    float *map = maps->M_pix + (size_t)i * (size_t)T;
    TRY(detect_subspace_score(map, subspace, tokens, T, arena));
    maps->M_img[i] = detect_top_share(map, T, 0.01);
    return ST_OK;
}

static status_t score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    const state_t *state = fitted;
    return score_image(maps, i, &state->fit, image->array[0], arena);
}

const method_t method_subspace = {
    .name = "subspace", .min_shots = 1, .reads = reads, .ask = ask, .work = work, .fit = fit, .score = score};

/* ---- Batched: the subspace of all tokens of the test set, without a shot ------------------------------------------------- */

typedef struct {
    const job_t *job;
    arena_t *arena; /* of the state */
    int images;
    size_t size;   /* floats of an image */
    float *tokens; /* (images, T, W) */
    detect_moments_t moments;
} batch_t;

static void ask_batched(method_ask_t *out, const job_t *job)
{
    *out = (method_ask_t){0};
    method_ask_for(out, job->subspace.feature, true);
}

static bool reads_batched(const job_t *job, const char *key)
{
    (void)job;
    return strcmp(key, "subspace.turns") != 0 && strcmp(key, "subspace.turn_draw") != 0;
}

static bool always(const job_t *job)
{
    (void)job;
    return true;
}

static void work_batched(method_work_t *out, const method_size_t *size)
{
    const double W = size->width[0], rows = (double)size->images * size->rows[0], q = (rows < W ? rows : W) / 3;
    *out = (method_work_t){.set = 2e-9 * rows * W * W + 9e-9 * W * W * W + 4e-9 * rows * W * q};
}

static status_t fit_batched(void **out, const method_task_t *task, arena_t *arena)
{
    batch_t *batch = *out = arena_take(arena, 1, sizeof *batch);
    if (batch == NULL) return ST_ENOMEM;
    *batch = (batch_t){.job = task->job, .arena = arena, .images = task->images};
    return ST_OK;
}

/* Takes the image down; score_set scores it. */
static status_t note_image(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    batch_t *batch = fitted;
    if (batch->tokens == NULL) {
        batch->size = (size_t)image->rows[0] * (size_t)image->width[0];
        batch->tokens = arena_take(batch->arena, (size_t)batch->images * batch->size, sizeof *batch->tokens);
        if (batch->tokens == NULL) return ST_ENOMEM;
        TRY(detect_moments_init(&batch->moments, image->width[0], batch->arena));
    }
    REQUIRE(i < batch->images);
    memcpy(batch->tokens + (size_t)i * batch->size, image->array[0], batch->size * sizeof *batch->tokens);
    maps->M_img[i] = 0;
    return detect_moments_add(&batch->moments, image->array[0], image->rows[0], arena);
}

static status_t score_set(method_maps_t *maps, void *fitted, arena_t *arena)
{
    const batch_t *batch = fitted;
    detect_subspace_t subspace;
    TRY(detect_subspace_fit(&subspace, &batch->moments, batch->job->subspace.variance, batch->arena));
    for (int i = 0; i < maps->n; i++)
        TRY(score_image(maps, i, &subspace, batch->tokens + (size_t)i * batch->size, arena));
    return ST_OK;
}

const method_t method_subspace_batched = {.name = "subspace_batched",
                                          .reads = reads_batched,
                                          .ask = ask_batched,
                                          .work = work_batched,
                                          .transductive = always,
                                          .fit = fit_batched,
                                          .score = note_image,
                                          .score_set = score_set};
