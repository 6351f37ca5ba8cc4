/* The memory branch and the prompt branch, METHOD.md 9: whatever the prompts are made of. */
#include "method/method_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLS, TOKENS, TAP1, TAP2 };
enum { M_V, MHAT_P, S_IMAGE, M_P, GROUP, S_I, SCALES };
enum { METHOD_SCALES = 4 };
const method_map_t method_branches_maps[] = {
    {"M_v", "memory branch: half the cosine distance to the nearest normal patch", .support = true},
    {"Mhat_p", "prompt branch before re-weighting: probability of abnormal", .image = false},
    {"s_image", "score of each token against the image group", .image = false},
    {"M_p", "prompt branch after re-weighting", .image = false},
    {"group", "prompt group that each token was matched to", .integer = true},
    {"S_i", "score of the class token by the image head", .image = true},
    {"scales",
     "0.95-quantiles on the support images: M_v, each shot left out of the memory; M_p, by reweight mean1, literal, "
     "off",
     .values = METHOD_SCALES},
    {0},
};

static bool wants_vad(const job_t *job)
{
    return job_has(&job->branches, "vad");
}

void method_branches_ask(method_ask_t *out, const job_t *job)
{
    /* A task file from before the default taps were written down names none. */
    const int taps = job->memory_taps.count < 2 ? job->memory_taps.count : 2;
    *out = (method_ask_t){.count = TAP1 + taps};
    snprintf(out->text[CLS], sizeof out->text[CLS], "cls");
    snprintf(out->text[TOKENS], sizeof out->text[TOKENS], "tokens");
    for (int i = 0; i < taps; i++)
        snprintf(out->text[TAP1 + i], sizeof out->text[TAP1 + i], "%s", job->memory_taps.name[i]);
}

bool method_branches_gives(const job_t *job, int map)
{
    if (map == M_V) return wants_vad(job);
    if (map == SCALES) return wants_vad(job) && job_head_wanted(job, JOB_HEAD_PIXEL);
    return job_head_wanted(job, map == S_I ? JOB_HEAD_IMAGE : JOB_HEAD_PIXEL);
}

void method_branches_work(method_work_t *out, const method_size_t *size)
{
    method_ask_t asked;
    method_branches_ask(&asked, size->job);
    const double search =
        wants_vad(size->job) && !size->known ? method_search_gflop(size, TAP1, asked.count, size->shots) : 0;
    *out = (method_work_t){.image = search + 2e-9 * 3 * size->tokens * size->groups * size->E};
}

/* ---- Scoring, METHOD.md 9 ----------------------------------------------------------------------------------------------- */

typedef struct {
    const job_t *job;
    bool search; /* M_v is not known yet */
    method_spent_t *spent;
    detect_memory_t memory;
    bool head[JOB_HEADS];
    detect_anchors_t anchors[JOB_HEADS];
    float scales[METHOD_SCALES]; /* NaN: one shot */
} state_t;

/* Both branches on the support images as if they were test images, METHOD.md 9: no test image takes part. */
static status_t measure_scales(float scales[METHOD_SCALES], const method_task_t *task, const detect_anchors_t *anchors,
                               arena_t *arena)
{
    const method_image_t *first = &task->support[0];
    const int shots = task->shots, T = first->rows[TAP1], W = first->width[TAP1], others = (shots - 1) * T;
    const size_t size = (size_t)T * (size_t)W, values = (size_t)shots * (size_t)T;
    float *bank = arena_take(arena, 2 * (size_t)(shots - 1) * size, sizeof *bank);
    float *map = arena_take(arena, METHOD_SCALES * values, sizeof *map),
          *Mhat = arena_take(arena, 2 * (size_t)T, sizeof *Mhat);
    if (bank == NULL || map == NULL || Mhat == NULL) return ST_ENOMEM;
    for (int k = 0; k < shots; k++) {
        const method_image_t *image = &task->support[k];
        float *to = bank;
        for (int tap = TAP1; tap <= TAP2; tap++)
            for (int other = 0; other < shots; other++) {
                if (other == k) continue;
                memcpy(to, task->support[other].array[tap], size * sizeof *to);
                to += size;
            }
        const detect_memory_t memory = {bank, bank + (size_t)(shots - 1) * size, others, W};
        const size_t at = (size_t)k * (size_t)T;
        TRY(detect_vad(map + at, &memory, image->array[TAP1], image->array[TAP2], T, arena));
        detect_pad(Mhat, NULL, Mhat + T, anchors, image->array[TOKENS], T);
        for (int mode = 0; detect_reweight_names[mode] != NULL; mode++)
            detect_reweight(map + (size_t)(1 + mode) * values + at, Mhat, Mhat + T, T, (detect_reweight_t)mode);
    }
    for (int i = 0; i < METHOD_SCALES; i++) scales[i] = detect_quantile(map + (size_t)i * values, (int)values, 0.95);
    return ST_OK;
}

static status_t fill_memory(detect_memory_t *out, const method_task_t *task, arena_t *arena)
{
    const method_image_t *first = &task->support[0];
    int T = first->rows[TAP1], W = first->width[TAP1];
    size_t size = (size_t)T * (size_t)W;
    float *banks = arena_take(arena, 2 * (size_t)task->shots * size, sizeof *banks);
    if (banks == NULL) return ST_ENOMEM;
    float *second = banks + (size_t)task->shots * size;
    for (int k = 0; k < task->shots; k++) {
        memcpy(banks + (size_t)k * size, task->support[k].array[TAP1], size * sizeof *banks);
        memcpy(second + (size_t)k * size, task->support[k].array[TAP2], size * sizeof *banks);
    }
    *out = (detect_memory_t){banks, second, task->shots * T, W};
    return ST_OK;
}

status_t method_branches_fit(void **out, const method_task_t *task, arena_t *arena)
{
    const job_t *job = task->job;
    state_t *state = *out = arena_take(arena, 1, sizeof *state);
    if (state == NULL) return ST_ENOMEM;
    state->job = job;
    state->search = wants_vad(job) && (task->known >> M_V & 1) == 0;
    state->spent = task->spent;
    for (int head = 0; head < JOB_HEADS; head++) {
        const method_head_t *learned = &task->head[head];
        state->head[head] = learned->G > 0;
        state->anchors[head] = (detect_anchors_t){.normal = learned->normal,
                                                  .abnormal = learned->abnormal,
                                                  .keys = job_queries(job) ? learned->keys : NULL,
                                                  .groups = learned->G,
                                                  .width = learned->E,
                                                  .image_group = 0, /* of every set of prompts */
                                                  .logit_scale = task->logit_scale,
                                                  .token_wise = job->token_wise || head == JOB_HEAD_IMAGE};
        /* The image head has no query former; its class token is matched to what one would come to. */
        const bool closed = job->retrieval == JOB_RETRIEVAL_BISECTOR ||
                            (head == JOB_HEAD_IMAGE && job_queries(job) && job->class_token == JOB_CLASS_TOKEN_MATCHED);
        if (learned->G == 0 || !closed) continue;
        float *keys = arena_take(arena, (size_t)learned->G * (size_t)learned->E, sizeof *keys);
        if (keys == NULL) return ST_ENOMEM;
        align_query_bisector(keys, learned->normal, learned->abnormal, learned->G, learned->E);
        state->anchors[head].keys = keys;
    }
    const size_t used = arena->used;
    if (state->search) TRY(fill_memory(&state->memory, task, arena));
    if (state->spent != NULL) state->spent->bytes += arena->used - used;
    for (int i = 0; i < METHOD_SCALES; i++) state->scales[i] = NAN;
    if (!method_branches_gives(job, SCALES) || task->shots < 2) return ST_OK;
    const arena_mark_t mark = arena_mark(arena);
    status_t status = measure_scales(state->scales, task, &state->anchors[JOB_HEAD_PIXEL], arena);
    arena_reset(arena, mark);
    return status;
}

/* The largest value that the image score takes, METHOD.md 12.11. */
static float largest_value(const float *map, const method_maps_t *maps, const job_t *job)
{
    if (job->image_max == JOB_IMAGE_MAX_GRID) return detect_image_score(map, maps->h * maps->w, NULL);
    return detect_upsampled_max(job->resolution, job->resolution, map, maps->h, maps->w, job->align_corners);
}

/* M_p (T) is written with the prompt branch alone. */
static void fuse_image(float *M_p, float *M_pix, float *M_img, const method_maps_t *maps, int i, const job_t *job)
{
    int T = maps->h * maps->w;
    size_t at = (size_t)i * (size_t)T;
    const float *M_v = maps->kept[M_V], *Mhat_p = maps->kept[MHAT_P], *s_image = maps->kept[S_IMAGE];
    const float *S_i = maps->kept[S_I];
    bool vad = wants_vad(job) && M_v != NULL;
    bool pad = job_head_wanted(job, JOB_HEAD_PIXEL) && Mhat_p != NULL;
    bool head = job_head_wanted(job, JOB_HEAD_IMAGE) && S_i != NULL;
    if (pad) detect_reweight(M_p, Mhat_p + at, s_image + at, T, (detect_reweight_t)job->reweight);
    const float *scales = maps->kept[SCALES];
    const double scale[2] = {scales != NULL ? (double)scales[0] : (double)NAN,
                             scales != NULL ? (double)scales[1 + job->reweight] : (double)NAN};
    detect_fuse_by(M_pix, vad ? M_v + at : NULL, pad ? M_p : NULL, T, (detect_fusion_t)job->fusion, scale);
    const float *best = job->image_map == DETECT_IMAGE_MAP_VAD && vad ? M_v + at : M_pix;
    const float largest = largest_value(best, maps, job);
    *M_img = !head ? largest : detect_image_fuse(largest, S_i[i], job->image_fusion == JOB_IMAGE_FUSION_ARITHMETIC);
}

status_t method_branches_score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    const state_t *state = fitted;
    int T = maps->h * maps->w;
    size_t at = (size_t)i * (size_t)T;
    float *M_v = maps->kept[M_V], *Mhat_p = maps->kept[MHAT_P], *s_image = maps->kept[S_IMAGE];
    float *M_p = maps->kept[M_P], *S_i = maps->kept[S_I];
    int32_t *group = maps->kept[GROUP];
    const bool matched = state->job->class_token == JOB_CLASS_TOKEN_MATCHED;
    if (maps->kept[SCALES] != NULL) memcpy(maps->kept[SCALES], state->scales, sizeof state->scales);
    const double began = clock_own_seconds();
    if (state->search) TRY(detect_vad(M_v + at, &state->memory, image->array[TAP1], image->array[TAP2], T, arena));
    if (state->search && state->spent != NULL) state->spent->seconds += clock_own_seconds() - began;
    if (state->head[JOB_HEAD_PIXEL])
        detect_pad(Mhat_p + at, group + at, s_image + at, &state->anchors[JOB_HEAD_PIXEL], image->array[TOKENS], T);
    if (state->head[JOB_HEAD_IMAGE])
        detect_pad(matched ? &S_i[i] : NULL, NULL, matched ? NULL : &S_i[i], &state->anchors[JOB_HEAD_IMAGE],
                   image->array[CLS], 1);
    fuse_image(M_p != NULL ? M_p + at : NULL, maps->M_pix + at, &maps->M_img[i], maps, i, state->job);
    return ST_OK;
}

void method_branches_fuse(float *M_pix, float *M_img, const method_maps_t *maps, int i, const job_t *job,
                          float *scratch)
{
    fuse_image(scratch, M_pix, M_img, maps, i, job);
}

bool method_branches_branch(float *M, const method_maps_t *maps, const job_t *job, method_branch_t which)
{
    const int T = maps->h * maps->w;
    const float *M_v = maps->kept[M_V], *Mhat_p = maps->kept[MHAT_P], *s_image = maps->kept[S_IMAGE];
    const bool vad = which == METHOD_BRANCH_VAD;
    if (vad ? !wants_vad(job) || M_v == NULL : !job_head_wanted(job, JOB_HEAD_PIXEL) || Mhat_p == NULL) return false;
    for (int i = 0; M != NULL && i < maps->n; i++) {
        const size_t at = (size_t)i * (size_t)T;
        if (vad)
            memcpy(M + at, M_v + at, (size_t)T * sizeof *M);
        else
            detect_reweight(M + at, Mhat_p + at, s_image + at, T, (detect_reweight_t)job->reweight);
    }
    return true;
}

const float *method_branches_class_token(const method_maps_t *maps, const job_t *job)
{
    return job_head_wanted(job, JOB_HEAD_IMAGE) ? maps->kept[S_I] : NULL;
}

uint64_t method_branches_fusion(const job_t *job)
{
    bool pixel = job_head_wanted(job, JOB_HEAD_PIXEL);
    const bool vad = wants_vad(job);
    const int of[4] = {vad, pixel, pixel ? job->reweight : 0, vad && pixel ? job->fusion : 0};
    return base_hash(BASE_HASH_SEED, of, sizeof of);
}

const char *method_branches_lacks(const method_maps_t *maps, const job_t *job)
{
    if (wants_vad(job) && maps->kept[M_V] == NULL) return "branches: vad";
    if (job_head_wanted(job, JOB_HEAD_PIXEL) && (maps->kept[MHAT_P] == NULL || maps->kept[S_IMAGE] == NULL))
        return "branches: pad";
    const float *scales = maps->kept[SCALES];
    if (method_branches_gives(job, SCALES) && job->fusion == JOB_FUSION_STANDARD &&
        (scales == NULL || isnan(scales[0])))
        return "fusion: standard (of at least two shots)";
    return job_head_wanted(job, JOB_HEAD_IMAGE) && maps->kept[S_I] == NULL ? "heads: image" : NULL;
}
