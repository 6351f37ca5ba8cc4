/* The learning of one head, epoch by epoch, METHOD.md 5 and 7. */
#include "align/align_internal.h"
#include "ops/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct align_work {
    arena_t arena, scratch;
    clip_text_t *text;
    float *slots, *dslots; /* (S,D) */
    float *f, *df;         /* (P,E) */
    float *grad;           /* (count) */
};

align_training_t align_training_default(const char *head, const clip_model_t *model)
{
    return (align_training_t){
        .epochs = strcmp(head, "image") == 0 ? 50 : 100,
        .rate = 2e-3,
        .rate_end = 1e-5,
        .momentum = 0.9,
        .decay = 5e-4,
        .losses = {.use = {true, true, true, true, true},
                   .epsilon = 1,
                   .lambda_mean = 0.001,
                   .lambda_reg = 1,
                   .logit_scale = (double)clip_model_logit_scale(model)},
        .budget = CLIP_TEXT_BUDGET,
    };
}

/* Prompts as the text tower takes them, group by group: (set->prompts), NULL when memory is out. */
static clip_prompt_t *make_batch(const prompts_set_t *set, arena_t *arena)
{
    clip_prompt_t *batch = arena_take(arena, (size_t)set->prompts, sizeof *batch);
    int n = 0;
    for (int g = 0; g < set->groups && batch != NULL; g++) {
        const prompts_group_t *group = set->group + g;
        for (int p = 0; p < group->nhp + group->ahp + group->alp; p++)
            batch[n++] = (clip_prompt_t){.ids = group->prompt[p].ids, .length = group->prompt[p].length};
    }
    REQUIRE(batch == NULL || n == set->prompts);
    return batch;
}

static void make_groups(align_head_t *head)
{
    head->G = head->set->groups;
    int first = 0;
    for (int g = 0; g < head->G; g++) {
        const prompts_group_t *group = head->set->group + g;
        head->groups[g] = (align_group_t){.level = group->level,
                                          .component = group->component,
                                          .first = first,
                                          .normal = group->nhp,
                                          .ahp = group->ahp,
                                          .alp = group->alp};
        first += group->nhp + group->ahp + group->alp;
    }
}

static status_t init_params(float *params, const prompts_set_t *set, const clip_model_t *model)
{
    float *words = NULL;
    status_t status = ST_OK;
    if (set->ctx_ids != NULL) {
        words = base_alloc((size_t)set->options.n_ctx * (size_t)set->width, sizeof(float));
        if (words == NULL) return ST_ENOMEM;
        TRY_DONE(clip_text_embed(words, model, set->ctx_ids, set->options.n_ctx));
    }
    prompts_params_init(params, set, words);
done:
    free(words);
    return status;
}

static status_t take_arrays(align_head_t *head)
{
    struct align_work *work = head->work;
    size_t count = (size_t)head->count, rows = (size_t)head->set->prompts * (size_t)head->E;
    size_t slots = (size_t)head->set->slots * (size_t)head->set->width;
    work->f = arena_take(&work->arena, rows, sizeof(float));
    work->df = arena_take(&work->arena, rows, sizeof(float));
    if (work->f == NULL || work->df == NULL) return ST_ENOMEM;
    if (count == 0) return ST_OK;
    float **arrays[] = {&head->initial, &head->params, &head->momentum, &work->grad};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i] = arena_take(&work->arena, count, sizeof(float));
        if (*arrays[i] == NULL) return ST_ENOMEM;
    }
    work->slots = arena_take(&work->arena, slots, sizeof(float));
    work->dslots = arena_take(&work->arena, slots, sizeof(float));
    return work->slots != NULL && work->dslots != NULL ? ST_OK : ST_ENOMEM;
}

status_t align_head_init(align_head_t *out, const clip_model_t *model, const prompts_set_t *set,
                         const align_training_t *training)
{
    REQUIRE(out != NULL && model != NULL && set != NULL && training != NULL && set->prompts > 0);
    const clip_config_t *config = clip_model_config(model);
    REQUIRE(set->width == config->text_width);
    *out = (align_head_t){.set = set, .training = *training, .E = config->embed, .count = set->parameter_count};
    make_groups(out);
    out->work = base_alloc(1, sizeof *out->work);
    if (out->work == NULL) return ST_ENOMEM;
    *out->work = (struct align_work){.text = NULL};
    arena_init(&out->work->arena, "head");
    arena_init(&out->work->scratch, "losses");
    clip_prompt_t *batch = make_batch(set, &out->work->arena);
    if (batch == NULL) return ST_ENOMEM;
    TRY(take_arrays(out));
    if (out->count > 0) {
        TRY(init_params(out->initial, set, model));
        memcpy(out->params, out->initial, sizeof(float) * (size_t)out->count);
    }
    TRY(clip_text_open(&out->work->text, model, batch, set->prompts, set->slots, out->count > 0, training->budget));
    clip_text_share(out->work->text, training->pool);
    return ST_OK;
}

void align_head_free(align_head_t *head)
{
    if (head == NULL || head->work == NULL) return;
    clip_text_close(head->work->text);
    arena_free(&head->work->scratch);
    arena_free(&head->work->arena);
    free(head->work);
    *head = (align_head_t){.set = NULL};
}

status_t align_head_plan(size_t *bytes, clip_text_plan_t *plan, const clip_config_t *config, const prompts_set_t *set,
                         size_t budget)
{
    REQUIRE(bytes != NULL && config != NULL && set != NULL);
    arena_t arena;
    arena_init(&arena, "plan");
    clip_text_plan_t text = {0};
    clip_prompt_t *batch = make_batch(set, &arena);
    status_t status = ST_ENOMEM;
    if (batch != NULL) status = clip_text_plan(&text, config, batch, set->prompts, set->parameter_count > 0, budget);
    if (status == ST_OK) {
        size_t E = (size_t)config->embed, rows = (size_t)set->prompts;
        size_t state = 4 * (size_t)set->parameter_count + 2 * (size_t)set->slots * (size_t)set->width;
        /* f and df, df of a term alone, and in double f, its norm and gradient inside the losses. */
        *bytes = text.bytes + sizeof(float) * (state + 3 * rows * E) + sizeof(double) * 2 * rows * E;
        if (plan != NULL) *plan = text;
    }
    arena_free(&arena);
    return status;
}

/* f of the current parameters. */
static status_t features(align_head_t *head)
{
    struct align_work *work = head->work;
    if (head->count > 0) prompts_slots(work->slots, head->set, head->params);
    return clip_text_forward(work->f, work->text, work->slots);
}

status_t align_head_anchors(float *normal, float *abnormal, align_head_t *head)
{
    REQUIRE(normal != NULL && abnormal != NULL && head != NULL && head->work != NULL);
    TRY(features(head));
    if (head->training.unit_anchors) ops_normalize(head->work->f, NULL, head->work->f, head->set->prompts, head->E);
    align_anchors(normal, abnormal, head->work->f, head->groups, head->G, head->E);
    return ST_OK;
}

status_t align_head_epoch(double terms[ALIGN_TERMS], align_head_t *head, const align_tokens_t *tokens)
{
    REQUIRE(terms != NULL && head != NULL && head->work != NULL && tokens != NULL && tokens->E == head->E);
    REQUIRE(head->epoch < head->training.epochs);
    if (head->count == 0)
        return fail(ST_EFORMAT, "%s head: there is nothing to learn (hint: learn: false, or n_ctx or n_ab above 0)",
                    head->set->key.head);
    struct align_work *work = head->work;
    const align_training_t *training = &head->training;
    size_t slots = (size_t)head->set->slots * (size_t)head->set->width;
    TRY(features(head));
    double open[PROMPTS_MAX_GROUPS];
    TRY(align_loss_open(terms, work->df, open, work->f, head->groups, head->G, tokens, &training->losses,
                        &work->scratch));
    memset(work->dslots, 0, sizeof(float) * slots);
    memset(work->grad, 0, sizeof(float) * (size_t)head->count);
    clip_text_backward(work->dslots, work->text, work->df);
    prompts_slots_backward(work->grad, work->dslots, head->set, head->params);
    bool finite = isfinite(terms[ALIGN_TERM_TOTAL]) != 0;
    for (int64_t i = 0; i < head->count && finite; i++) finite = isfinite(work->grad[i]) != 0;
    if (!finite)
        return fail(ST_EFORMAT, "%s head, epoch %d: loss %g and its gradient are not finite (hint: a lower rate)",
                    head->set->key.head, head->epoch + 1, terms[ALIGN_TERM_TOTAL]);
    if (head->trace != NULL)
        TRY(align_trace(head->trace + (size_t)head->epoch * (size_t)align_trace_columns(head), head, open, work->f,
                        work->grad, tokens, &work->scratch));
    double rate = align_cosine(training->rate, training->rate_end, head->epoch, training->epochs);
    align_sgd(head->params, head->momentum, work->grad, head->count, rate, training->momentum, training->decay);
    head->epoch++;
    return ST_OK;
}

void align_region_anchors(float *anchors, bool *background, const float *normal, const prompts_set_t *set, int E)
{
    size_t row = sizeof(float) * (size_t)E;
    for (int c = 0; c < set->components; c++)
        memcpy(anchors + (size_t)c * (size_t)E, normal + (size_t)(set->first_component + c) * (size_t)E, row);
    *background = set->background >= 0;
    if (*background)
        memcpy(anchors + (size_t)set->components * (size_t)E, normal + (size_t)set->background * (size_t)E, row);
}

void align_group_weights(float *weights, const prompts_set_t *set, const uint8_t *labels, int K, int h, int w,
                         int scale, double gamma)
{
    size_t tokens = (size_t)h * (size_t)w, cells = tokens * (size_t)scale * (size_t)scale;
    for (int g = 0; g < set->groups; g++) {
        const prompts_group_t *group = set->group + g;
        for (int k = 0; k < K; k++)
            align_weights(weights + ((size_t)g * (size_t)K + (size_t)k) * tokens, labels + (size_t)k * cells, h, w,
                          scale, set->components, group->level, group->component, gamma);
    }
}
