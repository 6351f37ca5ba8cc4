/* FineGrainedAD: METHOD.md. */
#include "method/method_internal.h"

#include "detect/detect.h"

#include <stdlib.h>
#include <string.h>

enum { CLS, TOKENS, TAP1, TAP2, FEATURES };
enum { M_V, MHAT_P, S_IMAGE, M_P, GROUP, S_I };
const method_map_t method_branches_maps[] = {
    {"M_v", "memory branch: half the cosine distance to the nearest normal patch", .support = true},
    {"Mhat_p", "prompt branch before re-weighting: probability of abnormal", .image = false},
    {"s_image", "score of each token against the image group", .image = false},
    {"M_p", "prompt branch after re-weighting", .image = false},
    {"group", "prompt group that each token was matched to", .integer = true},
    {"S_i", "score of the class token by the image head", .image = true},
    {0},
};

static bool wants_vad(const job_t *job)
{
    return job_has(&job->branches, "vad");
}

void method_branches_ask(method_ask_t *out, const job_t *job)
{
    *out = (method_ask_t){.count = FEATURES};
    snprintf(out->text[CLS], sizeof out->text[CLS], "cls");
    snprintf(out->text[TOKENS], sizeof out->text[TOKENS], "tokens");
    for (int i = 0; i < 2; i++)
        snprintf(out->text[TAP1 + i], sizeof out->text[TAP1 + i], "%s", job->memory_taps.name[i]);
}

bool method_branches_gives(const job_t *job, int map)
{
    if (map == M_V) return wants_vad(job);
    return job_head_wanted(job, map == S_I ? JOB_HEAD_IMAGE : JOB_HEAD_PIXEL);
}

/* ---- Learning --------------------------------------------------------------------------------------------------------- */

static bool has_regions(const job_t *job, job_head_t head)
{
    return head == JOB_HEAD_PIXEL && job->groups.count > 1;
}

static bool reads_caption(const job_t *job)
{
    (void)job;
    return true;
}

/* Learning always trains the query former, whoever reads it then; without learning only who asks for it has one. */
static bool has_queries(const job_t *job, job_head_t head)
{
    return head == JOB_HEAD_PIXEL && (job->learn || job->retrieval == JOB_RETRIEVAL_QUERY_FORMER);
}

static status_t make_prompts(method_prompts_t *out, const method_learning_t *how)
{
    const job_t *job = how->job;
    bool pixel = how->head == JOB_HEAD_PIXEL;
    char path[4096];
    snprintf(path, sizeof path, "%s/mfsc/vocabulary.json", job->assets);
    TRY(prompts_vocabulary_read(&out->vocabulary, path));
    char *caption = job_caption_path(job, how->dataset, how->category);
    if (caption == NULL) return ST_ENOMEM;
    status_t status = prompts_mfsc_read(&out->mfsc, caption, &out->vocabulary);
    free(caption);
    if (status != ST_OK) return status;
    const prompts_options_t options = {.image_only = job->groups.count == 1,
                                       .learn = job->learn,
                                       .n_ahp = job->n_ahp,
                                       .ahp_order = (prompts_ahp_order_t)job->ahp_order,
                                       .n_ab = job->n_ab,
                                       .n_ctx = job->n_ctx,
                                       .n_ctx_ab = job->n_ctx_ab,
                                       .n_pro = pixel ? job->pixel_n_pro : job->image_n_pro,
                                       .ctx_init = job->ctx_init};
    const prompts_key_t key = {.dataset = how->dataset,
                               .category = how->category,
                               .shots = how->shots,
                               .seed = how->seed,
                               .head = job_head_names[how->head]};
    return prompts_set_init(&out->set, &out->mfsc, &out->vocabulary, how->tokenizer, &options, &key,
                            clip_model_config(how->model)->text_width);
}

int method_branches_epochs(const job_t *job, job_head_t head)
{
    return !job->learn ? 0 : head == JOB_HEAD_PIXEL ? job->pixel_epochs : job->image_epochs;
}

status_t method_branches_training(align_training_t *out, const method_learning_t *how)
{
    const job_t *job = how->job;
    bool pixel = how->head == JOB_HEAD_PIXEL;
    *out = align_training_default(job_head_names[how->head], how->model);
    out->epochs = method_branches_epochs(job, how->head);
    out->rate = job->lr;
    out->rate_end = job->lr_min;
    out->momentum = job->momentum;
    out->decay = job->weight_decay;
    const bool published = job->triplet == JOB_TRIPLET_PUBLISHED;
    out->losses = (align_losses_t){.triplet = !published ? ALIGN_TRIPLET_EUCLID
                                              : pixel    ? ALIGN_TRIPLET_CHANNELS
                                                         : ALIGN_TRIPLET_SQUARED,
                                   .epsilon = job->epsilon,
                                   .lambda_mean = job->lambda_mean,
                                   .lambda_reg = job->lambda_reg};
    for (int term = ALIGN_TERM_CLIP; term < ALIGN_TERMS; term++)
        out->losses.use[term] = job_has(&job->losses, align_term_names[term]);
    TRY(job_learn_memory(&out->budget, job));
    return job_logit_scale(&out->losses.logit_scale, job, (double)clip_model_logit_scale(how->model));
}

/* ---- Scoring, METHOD.md 9 ----------------------------------------------------------------------------------------------- */

typedef struct {
    const job_t *job;
    bool search; /* M_v is not known yet */
    detect_memory_t memory;
    bool head[JOB_HEADS];
    detect_anchors_t anchors[JOB_HEADS];
} state_t;

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
    bool queries = job->retrieval == JOB_RETRIEVAL_QUERY_FORMER || (job->retrieval == JOB_RETRIEVAL_AUTO && job->learn);
    for (int head = 0; head < JOB_HEADS; head++) {
        const method_head_t *learned = &task->head[head];
        state->head[head] = learned->G > 0;
        state->anchors[head] = (detect_anchors_t){.normal = learned->normal,
                                                  .abnormal = learned->abnormal,
                                                  .keys = queries ? learned->keys : NULL,
                                                  .groups = learned->G,
                                                  .width = learned->E,
                                                  .image_group = 0, /* of every set of prompts */
                                                  .logit_scale = task->logit_scale,
                                                  .token_wise = job->token_wise};
    }
    return state->search ? fill_memory(&state->memory, task, arena) : ST_OK;
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
    detect_fuse(M_pix, vad ? M_v + at : NULL, pad ? M_p : NULL, T);
    const float *best = job->image_map == DETECT_IMAGE_MAP_VAD && vad ? M_v + at : M_pix;
    *M_img = detect_image_score(best, T, head ? &S_i[i] : NULL);
}

status_t method_branches_score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    const state_t *state = fitted;
    int T = maps->h * maps->w;
    size_t at = (size_t)i * (size_t)T;
    float *M_v = maps->kept[M_V], *Mhat_p = maps->kept[MHAT_P], *s_image = maps->kept[S_IMAGE];
    float *M_p = maps->kept[M_P], *S_i = maps->kept[S_I];
    int32_t *group = maps->kept[GROUP];
    if (state->search) TRY(detect_vad(M_v + at, &state->memory, image->array[TAP1], image->array[TAP2], T, arena));
    if (state->head[JOB_HEAD_PIXEL])
        detect_pad(Mhat_p + at, group + at, s_image + at, &state->anchors[JOB_HEAD_PIXEL], image->array[TOKENS], T);
    if (state->head[JOB_HEAD_IMAGE])
        detect_pad(NULL, NULL, &S_i[i], &state->anchors[JOB_HEAD_IMAGE], image->array[CLS], 1);
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
    const int of[3] = {wants_vad(job), pixel, pixel ? job->reweight : 0};
    return base_hash(BASE_HASH_SEED, of, sizeof of);
}

const char *method_branches_lacks(const method_maps_t *maps, const job_t *job)
{
    if (wants_vad(job) && maps->kept[M_V] == NULL) return "branches: vad";
    if (job_head_wanted(job, JOB_HEAD_PIXEL) && (maps->kept[MHAT_P] == NULL || maps->kept[S_IMAGE] == NULL))
        return "branches: pad";
    return job_head_wanted(job, JOB_HEAD_IMAGE) && maps->kept[S_I] == NULL ? "heads: image" : NULL;
}

static const method_heads_t heads = {.wanted = job_head_wanted,
                                     .epochs = method_branches_epochs,
                                     .captions = reads_caption,
                                     .regions = has_regions,
                                     .queries = has_queries,
                                     .prompts = make_prompts,
                                     .training = method_branches_training};

const method_t method_finegrainedad = {.name = "finegrainedad",
                                       .maps = method_branches_maps,
                                       .heads = &heads,
                                       .branches = true,
                                       .min_shots = 1,
                                       .ask = method_branches_ask,
                                       .gives = method_branches_gives,
                                       .fit = method_branches_fit,
                                       .score = method_branches_score,
                                       .fuse = method_branches_fuse,
                                       .branch = method_branches_branch,
                                       .class_token = method_branches_class_token,
                                       .fusion = method_branches_fusion,
                                       .lacks = method_branches_lacks};
