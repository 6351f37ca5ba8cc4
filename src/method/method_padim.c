/* PaDiM: method/README.md 4. */
#include "method/method_internal.h"

#include <stdlib.h>

#define EPS 0.01

typedef struct {
    const job_t *job;
    int taps, channels;
    int *channel; /* (channels) of the joined taps */
    detect_padim_t fit;
} state_t;

static void ask(method_ask_t *out, const job_t *job)
{
    *out = (method_ask_t){0};
    method_ask_taps(out, &job->padim.taps, job, true);
}

/* out (T, channels) of an image. */
static status_t take_channels(float *out, const state_t *state, const method_image_t *image, arena_t *arena)
{
    int width;
    arena_mark_t mark = arena_mark(arena);
    const float *joined = method_join(&width, image, 0, state->taps, arena);
    if (joined == NULL) return ST_ENOMEM;
    for (int i = 0; i < image->rows[0]; i++, joined += width)
        for (int c = 0; c < state->channels; c++) *out++ = joined[state->channel[c]];
    arena_reset(arena, mark);
    return ST_OK;
}

static void work(method_work_t *out, const method_size_t *size)
{
    method_ask_t asked;
    ask(&asked, size->job);
    double width = 0;
    for (int l = 0; l < asked.count; l++) width += size->width[l];
    const double d = size->job->padim.dims < width ? size->job->padim.dims : width, N = size->shots, T = size->tokens;
    if (N < d)
        *out = (method_work_t){.fit = 1e-9 * T * (2 * d * N * N + N * N * N / 3), .image = 2e-9 * T * N * (d + N)};
    else
        *out = (method_work_t){.fit = 1e-9 * T * (2 * N * d * d + d * d * d / 3), .image = 2e-9 * T * d * d};
    /* The map at full size takes as long as so many operations of a search, a pixel. */
    out->image += 120e-9 * size->job->resolution * size->job->resolution;
}

static status_t fit(void **out, const method_task_t *task, arena_t *arena)
{
    state_t *state = *out = arena_take(arena, 1, sizeof *state);
    if (state == NULL) return ST_ENOMEM;
    method_ask_t asked;
    ask(&asked, task->job);
    int width = 0, T = task->support[0].rows[0];
    for (int l = 0; l < asked.count; l++) width += task->support[0].width[l];
    const int d = task->job->padim.dims < width ? task->job->padim.dims : width;
    *state = (state_t){.job = task->job, .taps = asked.count, .channels = d};
    state->channel = arena_take(arena, (size_t)width, sizeof *state->channel);
    int *scratch = arena_take(arena, (size_t)width, sizeof *scratch);
    const size_t size = (size_t)T * (size_t)d;
    float *support = arena_take(arena, (size_t)task->shots * size, sizeof *support);
    if (state->channel == NULL || scratch == NULL || support == NULL) return ST_ENOMEM;
    const rng_t rng = rng_init(task->dataset, task->category, task->shots, task->seed, "padim/channels");
    detect_padim_channels(state->channel, d, width, &rng, scratch);
    for (int k = 0; k < task->shots; k++)
        TRY(take_channels(support + (size_t)k * size, state, &task->support[k], arena));
    return detect_padim_fit(&state->fit, support, task->shots, T, d, EPS, arena);
}

/* The largest of the map as it is measured. */
static status_t image_scores(float *M_img, const float *M_pix, int n, int h, int w, const job_t *job, arena_t *arena)
{
    const int R = job->resolution;
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    float *full = arena_take(arena, (size_t)R * (size_t)R, sizeof *full);
    if (full == NULL) goto done;
    for (int i = 0; i < n; i++, M_pix += (size_t)h * (size_t)w) {
        TRY_DONE(detect_full_map(full, R, R, M_pix, h, w, job->sigma, job->align_corners, arena));
        M_img[i] = detect_image_score(full, R * R, NULL);
    }
    status = ST_OK;
done:
    arena_reset(arena, mark);
    return status;
}

static status_t score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    const state_t *state = fitted;
    const int T = maps->h * maps->w;
    float *map = maps->M_pix + (size_t)i * (size_t)T;
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    float *f = arena_take(arena, (size_t)T * (size_t)state->channels, sizeof *f);
    if (f == NULL) goto done;
    TRY_DONE(take_channels(f, state, image, arena));
    TRY_DONE(detect_padim_score(map, &state->fit, f, arena));
    status = image_scores(&maps->M_img[i], map, 1, maps->h, maps->w, state->job, arena);
done:
    arena_reset(arena, mark);
    return status;
}

const method_t method_padim = {.name = "padim",
                               .min_shots = 1,
                               .ask = ask,
                               .work = work,
                               .fit = fit,
                               .score = score,
                               .image_scores = image_scores};
