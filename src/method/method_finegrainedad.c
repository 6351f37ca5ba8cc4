/* FineGrainedAD: METHOD.md. What it learns; it scores by the branches of method_branches.c. */
#include "method/method_internal.h"

#include <string.h>

/* ---- Learning --------------------------------------------------------------------------------------------------------- */

static bool has_regions(const job_t *job, job_head_t head)
{
    return head == JOB_HEAD_PIXEL && job_head_groups(job, head)->count > 1;
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
    TRY(method_texts_read_caption(out, how));
    const io_names_t *groups = job_head_groups(job, how->head);
    const prompts_options_t options = {.image_only = groups->count == 1,
                                       .no_foreground = !job_has(groups, "foreground"),
                                       .learn = job->learn,
                                       .n_ahp = job->n_ahp,
                                       .n_ahp_component = job->n_ahp_component,
                                       .ahp_order = (prompts_ahp_order_t)job->ahp_order,
                                       .n_ab = job->n_ab,
                                       .insert = job->alp == JOB_ALP_INSERT,
                                       .shared = job->alp_vectors == JOB_ALP_SHARED,
                                       .n_ctx = job->n_ctx,
                                       .n_ctx_ab = job->n_ctx_ab,
                                       .n_pro = pixel ? job->pixel_n_pro : job->image_n_pro,
                                       .ctx_init = job->ctx_init};
    const prompts_key_t key = method_prompts_key(how);
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
                                   .epsilon = job_head_epsilon(job, how->head),
                                   .lambda_mean = job->lambda_mean,
                                   .lambda_reg = job->lambda_reg,
                                   .plain_sum = job->reg_sum == JOB_REG_PLAIN};
    for (int term = ALIGN_TERM_CLIP; term < ALIGN_TERMS; term++)
        out->losses.use[term] = job_has(job_head_losses(job, how->head), align_term_names[term]);
    TRY(job_learn_memory(&out->budget, job));
    return job_logit_scale(&out->losses.logit_scale, job, (double)clip_model_logit_scale(how->model));
}

/* Its texts are the caption's. */
static bool reads(const job_t *job, const char *key)
{
    (void)job;
    return strcmp(key, "texts") != 0;
}

static const method_heads_t heads = {.wanted = job_head_wanted,
                                     .epochs = method_branches_epochs,
                                     .captions = reads_caption,
                                     .regions = has_regions,
                                     .queries = has_queries,
                                     .prompts = make_prompts,
                                     .training = method_branches_training};

const method_t method_finegrainedad = {.name = "finegrainedad", .heads = &heads, .reads = reads, METHOD_OF_BRANCHES};
