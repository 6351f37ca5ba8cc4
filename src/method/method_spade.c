/* SPADE: method/README.md 5. */
#include "method/method_internal.h"

#include <string.h>

#define NEAREST 5 /* images of the gallery */

typedef struct {
    int shots;
    detect_tap_t cls;
    method_banks_t banks;
} state_t;

static void ask(method_ask_t *out, const job_t *job)
{
    *out = (method_ask_t){0};
    method_ask_for(out, "cls", false);
    method_ask_taps(out, &job->spade.taps, job, true);
}

static void work(method_work_t *out, const method_size_t *size)
{
    method_ask_t asked;
    ask(&asked, size->job);
    const int gallery = size->shots < NEAREST ? size->shots : NEAREST;
    *out = (method_work_t){.image = method_search_gflop(size, 1, asked.count, gallery)};
}

static status_t fit(void **out, const method_task_t *task, arena_t *arena)
{
    state_t *state = *out = arena_take(arena, 1, sizeof *state);
    if (state == NULL) return ST_ENOMEM;
    method_ask_t asked;
    ask(&asked, task->job);
    state->shots = task->shots;
    TRY(method_bank(&state->cls, task, 0, arena));
    return method_banks(&state->banks, task, &asked, arena);
}

/* The tokens of the chosen images alone. */
static status_t choose(detect_tap_t *tap, const detect_tap_t *all, const int *images, int count, int shots,
                       arena_t *arena)
{
    const size_t size = (size_t)(all->rows / shots) * (size_t)all->width;
    float *bank = arena_take(arena, (size_t)count * size, sizeof *bank);
    if (bank == NULL) return ST_ENOMEM;
    for (int n = 0; n < count; n++)
        memcpy(bank + (size_t)n * size, all->bank + (size_t)images[n] * size, size * sizeof *bank);
    *tap = (detect_tap_t){.bank = bank, .rows = all->rows / shots * count, .width = all->width};
    return ST_OK;
}

static status_t score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    const state_t *state = fitted;
    const int T = maps->h * maps->w, count = state->shots < NEAREST ? state->shots : NEAREST;
    int images[NEAREST];
    detect_tap_t taps[METHOD_MAX_FEATURES];
    arena_mark_t mark = arena_mark(arena);
    status_t status;
    TRY_DONE(detect_spade_image(&maps->M_img[i], images, count, image->array[0], state->cls.bank, state->shots,
                                state->cls.width, arena));
    for (int l = 0; l < state->banks.count; l++) {
        taps[l] = state->banks.tap[l];
        if (count < state->shots) TRY_DONE(choose(&taps[l], &state->banks.tap[l], images, count, state->shots, arena));
        taps[l].features = image->array[1 + l];
    }
    status = detect_euclid(maps->M_pix + (size_t)i * (size_t)T, taps, state->banks.count, T, arena);
done:
    arena_reset(arena, mark);
    return status;
}

const method_t method_spade = {.name = "spade", .min_shots = 1, .ask = ask, .work = work, .fit = fit, .score = score};
