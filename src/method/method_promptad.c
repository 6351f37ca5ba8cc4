/* PromptAD: method/README.md 1. FineGrainedAD's branches on prompts of the class name. */
#include "method/method_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The category's own states stand in its caption. */
static bool reads_caption(const job_t *job)
{
    return job->promptad.states == JOB_STATES_OWN || method_texts_captions(job);
}

/* All of its abnormal texts are used, in their order, and a learnable one has its vectors before the name. */
static bool reads(const job_t *job, const char *key)
{
    static const char *const never[] = {"alp", "alp_vectors", "n_ahp_component"};
    static const char *const of_captions[] = {"n_ahp", "ahp_order"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strcmp(key, never[i]) == 0) return false;
    for (size_t i = 0; i < sizeof of_captions / sizeof *of_captions; i++)
        if (strcmp(key, of_captions[i]) == 0) return method_texts_captions(job);
    return !method_texts_captions(job) || strcmp(key, "promptad.states") != 0;
}

static status_t make_prompts(method_prompts_t *out, const method_learning_t *how)
{
    const job_t *job = how->job;
    if (method_texts_captions(job)) return method_texts_of_caption(out, how);
    if (reads_caption(job)) TRY(method_texts_read_caption(out, how));
    prompts_options_t options = prompts_options_default();
    options.learn = job->learn;
    options.n_ab = job->n_ab;
    options.n_ctx = job->n_ctx;
    options.n_ctx_ab = job->n_ctx_ab;
    options.n_pro = how->head == JOB_HEAD_PIXEL ? job->pixel_n_pro : job->image_n_pro;
    options.ctx_init = job->ctx_init;
    const prompts_key_t key = method_prompts_key(how);
    char *name = NULL;
    TRY(prompts_class_name(&name, how->category, PROMPTS_CLASS_MAPPED));
    status_t status = prompts_class_set_init(&out->set, name, out->mfsc.state, out->mfsc.states, how->tokenizer,
                                             &options, &key, clip_model_config(how->model)->text_width);
    free(name);
    return status;
}

static const method_heads_t heads = {.wanted = job_head_wanted,
                                     .epochs = method_branches_epochs,
                                     .captions = reads_caption,
                                     .prompts = make_prompts,
                                     .training = method_branches_training};

const method_t method_promptad = {.name = "promptad", .heads = &heads, .reads = reads, METHOD_OF_BRANCHES};
