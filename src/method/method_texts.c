/* A head made of an ensemble of fixed texts, and what a feature scores against it. */
#include "method/method_internal.h"

#include <stdio.h>
#include <stdlib.h>

bool method_texts_wanted(const job_t *job, job_head_t head)
{
    (void)job;
    return head == JOB_HEAD_PIXEL;
}

prompts_key_t method_prompts_key(const method_learning_t *how)
{
    return (prompts_key_t){.dataset = how->dataset,
                           .category = how->category,
                           .shots = how->shots,
                           .seed = how->seed,
                           .head = job_head_names[how->head]};
}

status_t method_texts_make(method_prompts_t *out, const method_learning_t *how, prompts_class_t class,
                           prompts_ensemble_t which)
{
    const prompts_key_t key = method_prompts_key(how);
    char *name = NULL;
    TRY(prompts_class_name(&name, how->category, class));
    status_t status =
        prompts_ensemble_init(&out->set, name, which, how->tokenizer, &key, clip_model_config(how->model)->text_width);
    free(name);
    return status;
}

bool method_texts_captions(const job_t *job)
{
    return job->texts == JOB_TEXTS_MFSC;
}

status_t method_texts_read_caption(method_prompts_t *out, const method_learning_t *how)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/mfsc/vocabulary.json", how->job->assets);
    TRY(prompts_vocabulary_read(&out->vocabulary, path));
    char *caption = job_caption_path(how->job, how->dataset, how->category);
    if (caption == NULL) return ST_ENOMEM;
    status_t status = prompts_mfsc_read(&out->mfsc, caption, &out->vocabulary);
    free(caption);
    return status;
}

status_t method_texts_of_caption(method_prompts_t *out, const method_learning_t *how)
{
    const job_t *job = how->job;
    const prompts_key_t key = method_prompts_key(how);
    prompts_options_t options = prompts_options_default();
    options.learn = job->learn;
    options.n_ahp = job->n_ahp;
    options.ahp_order = (prompts_ahp_order_t)job->ahp_order;
    options.n_ab = job->n_ab;
    options.n_ctx = job->n_ctx;
    options.n_ctx_ab = job->n_ctx_ab;
    options.n_pro = how->head == JOB_HEAD_PIXEL ? job->pixel_n_pro : job->image_n_pro;
    options.ctx_init = job->ctx_init;
    TRY(method_texts_read_caption(out, how));
    TRY(prompts_set_init(&out->set, &out->mfsc, &out->vocabulary, how->tokenizer, &options, &key,
                         clip_model_config(how->model)->text_width));
    return prompts_set_merge(&out->set);
}

status_t method_texts_training(align_training_t *out, const method_learning_t *how)
{
    *out = align_training_default(job_head_names[how->head], how->model);
    out->epochs = 0;
    out->unit_anchors = false;
    return job_learn_memory(&out->budget, how->job);
}

status_t method_texts_training_unit(align_training_t *out, const method_learning_t *how)
{
    status_t status = method_texts_training(out, how);
    out->unit_anchors = true;
    return status;
}

detect_anchors_t method_texts_anchors(const method_task_t *task, double scale)
{
    const method_head_t *head = &task->head[JOB_HEAD_PIXEL];
    return (detect_anchors_t){.normal = head->normal,
                              .abnormal = head->abnormal,
                              .groups = head->G,
                              .width = head->E,
                              .logit_scale = scale,
                              .token_wise = true};
}
