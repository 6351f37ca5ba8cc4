/* WinCLIP and WinCLIP+: method/README.md 2. */
#include "method/method_internal.h"

#include <string.h>

#define SCALE (1 / 0.07)
enum { CLS, WINDOWS2, WINDOWS3, TOKENS };

typedef struct {
    bool few;
    detect_anchors_t anchors;
    detect_tap_t tap[4]; /* by the array; of WINDOWS2, WINDOWS3 and TOKENS */
} state_t;

static bool with_shots(const job_t *job)
{
    return strcmp(job_method_names[job->method], method_winclip_few.name) == 0;
}

static void ask(method_ask_t *out, const job_t *job)
{
    *out = (method_ask_t){0};
    method_ask_for(out, "cls", false);
    method_ask_for(out, "windows2", false);
    method_ask_for(out, "windows3", false);
    if (with_shots(job)) method_ask_for(out, "last.mlp", false);
}

/* The caption's sentences have no templates. */
static bool reads(const job_t *job, const char *key)
{
    return !method_texts_captions(job) || strncmp(key, "winclip.", 8) != 0;
}

static void work(method_work_t *out, const method_size_t *size)
{
    const double scored = 4e-9 * size->E * (1.0 + size->rows[WINDOWS2] + size->rows[WINDOWS3]);
    const double searched = with_shots(size->job) ? method_search_gflop(size, WINDOWS2, TOKENS + 1, size->shots) : 0;
    *out = (method_work_t){.image = scored + searched};
}

static status_t make_prompts(method_prompts_t *out, const method_learning_t *how)
{
    if (method_texts_captions(how->job)) return method_texts_of_caption(out, how);
    return method_texts_make(out, how, (prompts_class_t)how->job->winclip.class_names,
                             how->job->winclip.templates == 0 ? PROMPTS_ENSEMBLE_22 : PROMPTS_ENSEMBLE_WINCLIP21);
}

static status_t fit(void **out, const method_task_t *task, arena_t *arena)
{
    state_t *state = *out = arena_take(arena, 1, sizeof *state);
    if (state == NULL) return ST_ENOMEM;
    state->few = with_shots(task->job);
    state->anchors = method_texts_anchors(task, SCALE);
    for (int a = WINDOWS2; a <= TOKENS && state->few; a++) TRY(method_bank(&state->tap[a], task, a, arena));
    return ST_OK;
}

/* M_few (T): mean over the three sides of how far tokens are from the memories. windows (T): scratch. */
static status_t score_memory(float *M_few, const state_t *state, const method_image_t *image, int grid, float *side_map,
                             float *windows, arena_t *arena)
{
    const int T = grid * grid;
    memset(M_few, 0, (size_t)T * sizeof *M_few);
    for (int a = WINDOWS2; a <= TOKENS; a++) {
        detect_tap_t tap = state->tap[a];
        tap.features = image->array[a];
        float *scores = a == TOKENS ? side_map : windows;
        TRY(detect_cosine(scores, &tap, 1, image->rows[a], arena));
        if (a != TOKENS) detect_windows_to_tokens(side_map, windows, grid, a == WINDOWS2 ? 2 : 3);
        for (int i = 0; i < T; i++) M_few[i] += side_map[i] / 3;
    }
    return ST_OK;
}

static status_t score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    const state_t *state = fitted;
    const int grid = maps->h, T = grid * grid;
    float *M = maps->M_pix + (size_t)i * (size_t)T, S0;
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    float *map[3], *windows = arena_take(arena, (size_t)T, sizeof *windows);
    for (int s = 0; s < 3; s++) map[s] = arena_take(arena, (size_t)T, sizeof *map[s]);
    if (windows == NULL || map[0] == NULL || map[1] == NULL || map[2] == NULL) goto done;
    detect_pad(&S0, NULL, NULL, &state->anchors, image->array[CLS], 1);
    for (int t = 0; t < T; t++) map[0][t] = S0;
    for (int side = 2; side <= 3; side++) {
        const int a = side == 2 ? WINDOWS2 : WINDOWS3;
        detect_pad(windows, NULL, NULL, &state->anchors, image->array[a], image->rows[a]);
        detect_windows_to_tokens(map[side - 1], windows, grid, side);
    }
    detect_harmonic_mean(M, (const float *const *)map, 3, T);
    maps->M_img[i] = S0;
    status = ST_OK;
    if (!state->few) goto done;
    TRY_DONE(score_memory(map[0], state, image, grid, map[1], windows, arena));
    for (int t = 0; t < T; t++) M[t] += map[0][t];
    maps->M_img[i] = (S0 + detect_image_score(map[0], T, NULL)) / 2;
done:
    arena_reset(arena, mark);
    return status;
}

static const method_heads_t heads = {.wanted = method_texts_wanted,
                                     .captions = method_texts_captions,
                                     .prompts = make_prompts,
                                     .training = method_texts_training};

const method_t method_winclip = {
    .name = "winclip", .heads = &heads, .reads = reads, .ask = ask, .work = work, .fit = fit, .score = score};
const method_t method_winclip_few = {.name = "winclip+",
                                     .heads = &heads,
                                     .min_shots = 1,
                                     .reads = reads,
                                     .ask = ask,
                                     .work = work,
                                     .fit = fit,
                                     .score = score};
