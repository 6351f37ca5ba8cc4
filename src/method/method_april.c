/* APRIL-GAN's part that needs no training: method/README.md 7. */
#include "method/method_internal.h"

#define SCALE 100.0

typedef struct {
    const job_t *job;
    detect_anchors_t anchors;
    method_banks_t banks;
} state_t;

enum { S_T };
static const method_map_t maps_table[] = {{"S_t", "score of the class token against the texts", .image = true}, {0}};

static void ask(method_ask_t *out, const job_t *job)
{
    *out = (method_ask_t){0};
    method_ask_for(out, "cls", false);
    method_ask_taps(out, &job->april.taps, job, false);
}

static bool gives(const job_t *job, int map)
{
    (void)job;
    return map == S_T;
}

static bool is_transductive(const job_t *job)
{
    return job->april.minmax;
}

static status_t make_prompts(method_prompts_t *out, const method_learning_t *how)
{
    return method_texts_make(out, how, PROMPTS_CLASS_MAPPED, PROMPTS_ENSEMBLE_APRIL35);
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
    state->job = task->job;
    state->anchors = method_texts_anchors(task, SCALE);
    return method_banks(&state->banks, task, &asked, arena);
}

static status_t score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    const state_t *state = fitted;
    const int T = maps->h * maps->w;
    float *map = maps->M_pix + (size_t)i * (size_t)T, *S_t = (float *)maps->kept[S_T] + i;
    TRY(method_banks_cosine(map, &state->banks, image, T, arena));
    detect_pad(S_t, NULL, NULL, &state->anchors, image->array[0], 1);
    maps->M_img[i] = (*S_t + detect_image_score(map, T, NULL)) / 2;
    /* The sum over the taps of 1 - cosine. */
    for (int t = 0; t < T; t++) map[t] *= (float)(2 * state->banks.count);
    return ST_OK;
}

/* Published: the largest of the map is scaled over the category's test images. */
static status_t score_set(method_maps_t *maps, void *fitted, arena_t *arena)
{
    const state_t *state = fitted;
    const size_t T = (size_t)maps->h * (size_t)maps->w;
    const float *S_t = maps->kept[S_T];
    if (!state->job->april.minmax) return ST_OK;
    arena_mark_t mark = arena_mark(arena);
    float *most = arena_take(arena, (size_t)maps->n, sizeof *most);
    if (most == NULL) return ST_ENOMEM;
    for (int i = 0; i < maps->n; i++) most[i] = detect_image_score(maps->M_pix + (size_t)i * T, (int)T, NULL);
    detect_minmax(most, most, maps->n);
    for (int i = 0; i < maps->n; i++) maps->M_img[i] = (S_t[i] + most[i]) / 2;
    arena_reset(arena, mark);
    return ST_OK;
}

static const method_heads_t heads = {
    .wanted = method_texts_wanted, .prompts = make_prompts, .training = method_texts_training_unit};

const method_t method_april = {.name = "april_vad",
                               .maps = maps_table,
                               .heads = &heads,
                               .min_shots = 1,
                               .ask = ask,
                               .work = work,
                               .gives = gives,
                               .transductive = is_transductive,
                               .fit = fit,
                               .score = score,
                               .score_set = score_set};
