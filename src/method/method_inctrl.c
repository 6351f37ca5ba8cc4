/* InCTRL's residual without training: method/README.md 8. */
#include "method/method_internal.h"

#define SCALE 100.0

typedef struct {
    detect_anchors_t anchors;
    method_banks_t banks;
} state_t;

static void ask(method_ask_t *out, const job_t *job)
{
    *out = (method_ask_t){0};
    method_ask_for(out, "cls", false);
    method_ask_taps(out, &job->inctrl.taps, job, false);
}

static status_t make_prompts(method_prompts_t *out, const method_learning_t *how)
{
    return method_texts_make(out, how, PROMPTS_CLASS_MAPPED, PROMPTS_ENSEMBLE_22);
}

static void work(method_work_t *out, const method_size_t *size)
{
    method_ask_t asked;
    ask(&asked, size->job);
    *out = (method_work_t){.image = method_search_gflop(size, 1, asked.count, size->shots) + 4e-9 * size->E};
}

static status_t fit(void **out, const method_task_t *task, arena_t *arena)
{
    state_t *state = *out = arena_take(arena, 1, sizeof *state);
    if (state == NULL) return ST_ENOMEM;
    method_ask_t asked;
    ask(&asked, task->job);
    state->anchors = method_texts_anchors(task, SCALE);
    return method_banks(&state->banks, task, &asked, arena);
}

static status_t score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    const state_t *state = fitted;
    const int T = maps->h * maps->w;
    float *map = maps->M_pix + (size_t)i * (size_t)T, prior;
    TRY(method_banks_cosine(map, &state->banks, image, T, arena));
    detect_pad(&prior, NULL, NULL, &state->anchors, image->array[0], 1);
    maps->M_img[i] = (detect_image_score(map, T, NULL) + prior) / 2;
    return ST_OK;
}

static const method_heads_t heads = {
    .wanted = method_texts_wanted, .prompts = make_prompts, .training = method_texts_training_unit};

const method_t method_inctrl = {
    .name = "inctrl_residual", .heads = &heads, .min_shots = 1, .ask = ask, .work = work, .fit = fit, .score = score};
