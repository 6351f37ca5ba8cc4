/* SubspaceAD: method/README.md 10. */
#include "method/method_internal.h"

typedef struct {
    detect_subspace_t fit;
} state_t;

static void ask(method_ask_t *out, const job_t *job)
{
    *out = (method_ask_t){0};
    method_ask_for(out, job->subspace.feature, true);
}

static void work(method_work_t *out, const method_size_t *size)
{
    /* A third of the directions hold nearly all of the variance: a guess, before there are features. */
    const double W = size->width[0], rows = (double)size->shots * size->rows[0], q = (rows < W ? rows : W) / 3;
    *out = (method_work_t){.fit = 2e-9 * rows * W * W + 9e-9 * W * W * W, .image = 4e-9 * size->tokens * W * q};
}

static status_t fit(void **out, const method_task_t *task, arena_t *arena)
{
    state_t *state = *out = arena_take(arena, 1, sizeof *state);
    if (state == NULL) return ST_ENOMEM;
    detect_moments_t moments;
    TRY(detect_moments_init(&moments, task->support[0].width[0], arena));
    for (int k = 0; k < task->shots; k++)
        TRY(detect_moments_add(&moments, task->support[k].array[0], task->support[k].rows[0], arena));
    return detect_subspace_fit(&state->fit, &moments, task->job->subspace.variance, arena);
}

static status_t score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    const state_t *state = fitted;
    const int T = maps->h * maps->w;
    float *map = maps->M_pix + (size_t)i * (size_t)T;
    TRY(detect_subspace_score(map, &state->fit, image->array[0], T, arena));
    maps->M_img[i] = detect_top_share(map, T, 0.01);
    return ST_OK;
}

const method_t method_subspace = {
    .name = "subspace", .min_shots = 1, .ask = ask, .work = work, .fit = fit, .score = score};
