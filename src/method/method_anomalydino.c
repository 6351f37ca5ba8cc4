/* AnomalyDINO: method/README.md 6. */
#include "method/method_internal.h"

#include <string.h>

#define DINO_THRESHOLD 10.0 /* of the first principal component, on DINOv2's scale */

typedef struct {
    const job_t *job;
    bool masked; /* this category's test images are masked */
    detect_tap_t tap;
} state_t;

enum { MASK_OFF, MASK_PUBLISHED, MASK_OTSU };

/* The features searched, those the mask is made of, and the turned ones of the memory; returns which the memory is of. */
static int ask_all(method_ask_t *out, const job_t *job)
{
    *out = (method_ask_t){0};
    method_ask_for(out, job->anomalydino.feature, false);
    if (job->anomalydino.mask != MASK_OFF) method_ask_for(out, job->anomalydino.feature, true);
    return method_ask_turned(out, 0, job->anomalydino.feature, job->anomalydino.turns, false, false);
}

static void ask(method_ask_t *out, const job_t *job)
{
    ask_all(out, job);
}

/* Nothing is turned without turns. */
static bool reads(const job_t *job, const char *key)
{
    return job->anomalydino.turns > 1 || strcmp(key, "anomalydino.turned") != 0;
}

/* Whose support the published code turns when it is told of the categories. */
static bool is_turned(const char *dataset, const char *category)
{
    return strcmp(dataset, "mvtec") == 0 && (strcmp(category, "hazelnut") == 0 || strcmp(category, "screw") == 0);
}

/* Whose test images the published code masks. */
static bool is_masked(const char *dataset, const char *category)
{
    static const char *const mvtec[] = {"capsule", "hazelnut", "pill", "screw", "toothbrush"};
    if (strcmp(dataset, "visa") == 0) return true;
    for (size_t i = 0; i < sizeof mvtec / sizeof *mvtec && strcmp(dataset, "mvtec") == 0; i++)
        if (strcmp(category, mvtec[i]) == 0) return true;
    return false;
}

static void work(method_work_t *out, const method_size_t *size)
{
    /* The mask wants the first direction of the image's tokens, by way of their product with themselves. */
    const int turns = size->job->anomalydino.turns;
    const double T = size->tokens, W = size->width[0], n = T < W ? T : W;
    const double mask = size->job->anomalydino.mask != MASK_OFF ? 2e-9 * T * W * n + 9e-9 * n * n * n : 0;
    *out = (method_work_t){.image = mask + (turns > 1 ? turns : 1) * method_search_gflop(size, 0, 1, size->shots)};
}

static status_t fit(void **out, const method_task_t *task, arena_t *arena)
{
    state_t *state = *out = arena_take(arena, 1, sizeof *state);
    if (state == NULL) return ST_ENOMEM;
    const int mask = task->job->anomalydino.mask;
    state->job = task->job;
    state->masked = mask == MASK_OTSU || (mask == MASK_PUBLISHED && is_masked(task->dataset, task->category));
    method_ask_t asked;
    int from = ask_all(&asked, task->job);
    if (task->job->anomalydino.turned == JOB_TURNED_INFORMED && !is_turned(task->dataset, task->category)) from = 0;
    return method_bank(&state->tap, task, from, arena);
}

static status_t apply_mask(float *map, const state_t *state, const method_image_t *image, int h, int w, arena_t *arena)
{
    const double threshold = DINO_THRESHOLD;
    arena_mark_t mark = arena_mark(arena);
    uint8_t *mask = arena_take(arena, (size_t)h * (size_t)w, 1);
    if (mask == NULL) return ST_ENOMEM;
    status_t status = detect_foreground(mask, image->array[1], h, w, image->width[1],
                                        state->job->anomalydino.mask == MASK_OTSU ? NULL : &threshold, arena);
    for (int i = 0; i < h * w && status == ST_OK; i++)
        if (mask[i] == 0) map[i] = 0;
    arena_reset(arena, mark);
    return status;
}

static status_t score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    const state_t *state = fitted;
    const int T = maps->h * maps->w;
    float *map = maps->M_pix + (size_t)i * (size_t)T;
    detect_tap_t tap = state->tap;
    tap.features = image->array[0];
    TRY(detect_cosine(map, &tap, 1, T, arena));
    for (int t = 0; t < T; t++) map[t] *= 2; /* 1 - cosine, where the search halves it */
    if (state->masked) TRY(apply_mask(map, state, image, maps->h, maps->w, arena));
    maps->M_img[i] = detect_top_share(map, T, 0.01);
    return ST_OK;
}

const method_t method_anomalydino = {
    .name = "anomalydino", .min_shots = 1, .reads = reads, .ask = ask, .work = work, .fit = fit, .score = score};
