/* PatchCore: method/README.md 3. */
#include "method/method_internal.h"

#include <string.h>

typedef struct {
    const job_t *job;
    int taps, width, rows;
    float *bank; /* (rows, width) */
} state_t;

static void ask(method_ask_t *out, const job_t *job)
{
    *out = (method_ask_t){0};
    method_ask_taps(out, &job->patchcore.taps, job, !job->patchcore.unit);
}

/* The image's taps side by side, each token the mean of its neighbourhood. */
static float *take_patches(const state_t *state, const method_image_t *image, arena_t *arena)
{
    int width;
    float *joined = method_join(&width, image, 0, state->taps, arena);
    float *out = arena_take(arena, (size_t)image->rows[0] * (size_t)state->width, sizeof *out);
    if (joined == NULL || out == NULL) return NULL;
    const int side = method_grid(image->rows[0]);
    detect_pool(out, joined, side, side, width, state->job->patchcore.patch);
    return out;
}

static status_t shrink(state_t *state, const method_task_t *task, arena_t *arena)
{
    int count = (int)(state->job->patchcore.coreset * state->rows);
    if (count < 1) count = 1;
    if (count >= state->rows) return ST_OK;
    int *chosen = arena_take(arena, (size_t)count, sizeof *chosen);
    const size_t width = (size_t)state->width;
    float *kept = arena_take(arena, (size_t)count * width, sizeof *kept);
    if (chosen == NULL || kept == NULL) return ST_ENOMEM;
    const rng_t rng = rng_init(task->dataset, task->category, task->shots, task->seed, "patchcore/coreset");
    TRY(detect_coreset(chosen, count, state->bank, state->rows, state->width, &rng, arena));
    for (int n = 0; n < count; n++)
        memcpy(kept + (size_t)n * width, state->bank + (size_t)chosen[n] * width, width * sizeof *kept);
    state->bank = kept;
    state->rows = count;
    return ST_OK;
}

static void work(method_work_t *out, const method_size_t *size)
{
    method_ask_t asked;
    ask(&asked, size->job);
    double width = 0;
    for (int l = 0; l < asked.count; l++) width += size->width[l];
    const double all = (double)size->shots * size->tokens, share = size->job->patchcore.coreset, kept = share * all;
    const double projected = width < 128 ? width : 128;
    *out = (method_work_t){.fit = share < 1 ? 2e-9 * all * (width * projected + kept * projected) : 0,
                           .image = 2e-9 * size->tokens * kept * width};
}

static status_t fit(void **out, const method_task_t *task, arena_t *arena)
{
    state_t *state = *out = arena_take(arena, 1, sizeof *state);
    if (state == NULL) return ST_ENOMEM;
    const method_image_t *first = &task->support[0];
    const int T = first->rows[0];
    method_ask_t asked;
    ask(&asked, task->job);
    *state = (state_t){.job = task->job, .taps = asked.count, .rows = task->shots * T};
    for (int l = 0; l < state->taps; l++) state->width += first->width[l];
    const size_t size = (size_t)T * (size_t)state->width;
    state->bank = arena_take(arena, (size_t)task->shots * size, sizeof *state->bank);
    if (state->bank == NULL) return ST_ENOMEM;
    for (int k = 0; k < task->shots; k++) {
        arena_mark_t mark = arena_mark(arena);
        const float *patches = take_patches(state, &task->support[k], arena);
        if (patches == NULL) return ST_ENOMEM;
        memcpy(state->bank + (size_t)k * size, patches, size * sizeof *patches);
        arena_reset(arena, mark);
    }
    return shrink(state, task, arena);
}

static status_t score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    const state_t *state = fitted;
    const int T = maps->h * maps->w, neighbours = state->job->patchcore.score_neighbours;
    float *map = maps->M_pix + (size_t)i * (size_t)T;
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    const float *patches = take_patches(state, image, arena);
    int *index = arena_take(arena, (size_t)T, sizeof *index);
    if (patches == NULL || index == NULL) goto done;
    TRY_DONE(detect_nearest(map, index, patches, T, state->bank, state->rows, state->width, arena));
    maps->M_img[i] = detect_image_score(map, T, NULL);
    status = ST_OK;
    if (neighbours > 0)
        status = detect_patchcore_image(&maps->M_img[i], map, index, patches, T, state->bank, state->rows, state->width,
                                        neighbours, arena);
done:
    arena_reset(arena, mark);
    return status;
}

const method_t method_patchcore = {
    .name = "patchcore", .min_shots = 1, .ask = ask, .work = work, .fit = fit, .score = score};
