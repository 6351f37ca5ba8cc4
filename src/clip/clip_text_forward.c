#include "clip/clip_internal.h"

#include <math.h>
#include <string.h>

static ops_activation_t activation(const clip_text_t *text)
{
    return text->model->config.quick_gelu ? OPS_QUICK_GELU : OPS_GELU;
}

static void copy_rows(float *out, const float *x, int rows, int width)
{
    if (out != x) memcpy(out, x, (size_t)rows * (size_t)width * sizeof(float));
}

/* ---- A full layer: rows, prompts, rows --------------------------------------------------------------------------------- */

typedef struct {
    const clip_text_t *text;
    const clip_block_t *block;
    const clip_text_layer_t *keep;
    const float *x;
    float *out;
} layer_t;

/* Row `first` of an array (M, width); NULL stays NULL. */
static float *row_of(float *x, int first, int width)
{
    return x != NULL ? x + (size_t)first * (size_t)width : NULL;
}

static const float *input_row(const float *x, int first, int width)
{
    return x + (size_t)first * (size_t)width;
}

static void layer_begins(const void *context, int first, int count)
{
    const layer_t *at = context;
    const clip_block_t *block = at->block;
    const int D = at->text->model->config.text_width;
    float *y = row_of(at->text->y, first, D);
    ops_layernorm(y, row_of(at->keep->mean1, first, 1), row_of(at->keep->rstd1, first, 1), input_row(at->x, first, D),
                  block->ln1_gain, block->ln1_bias, count, D);
    ops_frozen_linear(row_of(at->keep->qkv, first, 3 * D), y, block->in_weight, block->in_bias, count, 3 * D, D,
                      at->text->model->products);
}

/* The learnable rows of layer 0, apart from the others and always so: by the second forward the others have not
 * changed, and the bits must be those of a first one. */
static void learnable_begin(const void *context, int first, int count)
{
    const layer_t *at = context;
    const clip_text_t *text = at->text;
    const clip_block_t *block = at->block;
    const int D = text->model->config.text_width, *order = text->order + first;
    int learnable;
    const int n = clip_text_learnable(&learnable, text, first, count);
    float *y = row_of(text->y, first, D), *qkv = row_of(text->hidden, first, text->model->config.text_mlp);
    if (n == 0) return;
    for (int i = 0; i < n; i++)
        ops_layernorm(row_of(y, i, D), row_of(at->keep->mean1, order[i], 1), row_of(at->keep->rstd1, order[i], 1),
                      input_row(at->x, order[i], D), block->ln1_gain, block->ln1_bias, 1, D);
    ops_frozen_linear(qkv, y, block->in_weight, block->in_bias, n, 3 * D, D, at->text->model->products);
    for (int i = 0; i < learnable; i++)
        copy_rows(row_of(at->keep->qkv, order[i], 3 * D), row_of(qkv, i, 3 * D), 1, 3 * D);
}

static void layer_attends(const void *context, int first, int count, int share)
{
    const layer_t *at = context;
    const clip_text_t *text = at->text;
    const int D = text->model->config.text_width;
    const size_t L = (size_t)text->longest;
    for (int p = first; p < first + count; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        if (prompt->shared == prompt->length) continue;
        ops_attention_t how = clip_text_attention(text, prompt);
        const float *k = clip_text_gather(&how.ldk, text, prompt, at->keep->qkv + D, 3 * D, share);
        how.ldv = how.ldk, how.ldq = 3 * D;
        float *probs = text->gradient ? at->keep->probs + prompt->probs : text->path_probs + (size_t)share * L * L;
        ops_attention(row_of(text->mix, prompt->first, D), probs, row_of(at->keep->qkv, prompt->first, 3 * D), k, k + D,
                      &how, text->gradient);
    }
}

static void layer_ends(const void *context, int first, int count)
{
    const layer_t *at = context;
    const clip_text_t *text = at->text;
    const clip_block_t *block = at->block;
    const int D = text->model->config.text_width, F = text->model->config.text_mlp;
    float *y = row_of(text->y, first, D), *hidden = row_of(text->hidden, first, F);
    float *mid = row_of(at->keep->mid, first, D), *out = row_of(at->out, first, D);
    copy_rows(mid, input_row(at->x, first, D), count, D);
    ops_frozen_linear_add(mid, row_of(text->mix, first, D), block->out_weight, block->out_bias, count, D, D,
                          at->text->model->products);
    ops_layernorm(y, row_of(at->keep->mean2, first, 1), row_of(at->keep->rstd2, first, 1), mid, block->ln2_gain,
                  block->ln2_bias, count, D);
    ops_frozen_linear(hidden, y, block->fc_weight, NULL, count, F, D, at->text->model->products);
    ops_frozen_activate(hidden, row_of(at->keep->slope, first, F), hidden, block->fc_bias, count, F, activation(text),
                        text->model->products);
    if (out == NULL) return;
    copy_rows(out, mid, count, D);
    ops_frozen_linear_add(out, hidden, block->proj_weight, block->proj_bias, count, D, F, at->text->model->products);
}

void clip_text_run_layer(float *out, clip_text_t *text, const float *x, int layer)
{
    const layer_t at = {.text = text,
                        .block = &text->model->text.block[layer],
                        .keep = clip_text_layer(text, layer),
                        .x = x,
                        .out = out};
    if (layer >= text->kept) text->holds = layer;
    const bool first = layer == 0 && clip_text_apart(text);
    if (!first || !text->entered) clip_text_by_rows(text, text->rows, layer_begins, &at, false);
    if (first) clip_text_by_rows(text, text->rows, learnable_begin, &at, true);
    text->entered = text->entered || (first && text->kept > 0);
    clip_text_by_prompts(text, layer_attends, &at);
    clip_text_by_rows(text, text->rows, layer_ends, &at, false);
}

/* ---- The last layer: keys and values of all rows, the rest of the EOT rows -------------------------------------------- */

typedef struct {
    const clip_text_t *text;
    const clip_block_t *block;
    const float *x;
    float *f;
} last_t;

/* out (n,D) = the EOT rows of x (M,D), of the prompts first .. first+count-1. */
static void take_eot_rows(float *out, const clip_text_t *text, const float *x, int first, int count)
{
    const size_t D = (size_t)text->model->config.text_width;
    for (int p = first; p < first + count; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        memcpy(out + (size_t)p * D, x + (size_t)prompt->path[prompt->length - 1] * D, D * sizeof(float));
    }
}

static void last_begins(const void *context, int first, int count)
{
    const last_t *at = context;
    const clip_block_t *block = at->block;
    const clip_text_last_t *last = &at->text->last;
    const int D = at->text->model->config.text_width;
    const size_t DD = (size_t)D * (size_t)D;
    float *y = row_of(at->text->y, first, D);
    ops_layernorm(y, row_of(last->mean1, first, 1), row_of(last->rstd1, first, 1), input_row(at->x, first, D),
                  block->ln1_gain, block->ln1_bias, count, D);
    ops_frozen_linear(row_of(last->kv, first, 2 * D), y, block->in_weight + DD, block->in_bias + D, count, 2 * D, D,
                      at->text->model->products);
}

static void last_asks(const void *context, int first, int count)
{
    const last_t *at = context;
    const clip_text_last_t *last = &at->text->last;
    const int D = at->text->model->config.text_width;
    take_eot_rows(last->mid, at->text, at->text->y, first, count);
    ops_frozen_linear(row_of(last->q, first, D), row_of(last->mid, first, D), at->block->in_weight, at->block->in_bias,
                      count, D, D, at->text->model->products);
}

static void last_attends(const void *context, int first, int count, int share)
{
    const last_t *at = context;
    const clip_text_t *text = at->text;
    const int D = text->model->config.text_width;
    const size_t L = (size_t)text->longest;
    for (int p = first; p < first + count; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        ops_attention_t how = clip_text_attention(text, prompt);
        const float *k = clip_text_gather(&how.ldk, text, prompt, text->last.kv, 2 * D, share);
        how.ldv = how.ldk;
        how.Tq = 1, how.ldq = D, how.first = prompt->length - 1;
        float *probs =
            text->gradient ? text->last.probs + prompt->last_probs : text->path_probs + (size_t)share * L * L;
        ops_attention(row_of(text->mix, p, D), probs, row_of(text->last.q, p, D), k, k + D, &how, text->gradient);
    }
}

/* And ln_final and the projection. */
static void last_ends(const void *context, int first, int count)
{
    const last_t *at = context;
    const clip_text_t *text = at->text;
    const clip_text_last_t *last = &text->last;
    const clip_text_weights_t *weights = &text->model->text;
    const clip_config_t *config = &text->model->config;
    const clip_block_t *block = at->block;
    const int D = config->text_width, F = config->text_mlp, E = config->embed;
    float *y = row_of(text->y, first, D), *hidden = row_of(text->hidden, first, F);
    float *mid = row_of(last->mid, first, D), *out = row_of(last->out, first, D);
    take_eot_rows(last->mid, text, at->x, first, count);
    ops_frozen_linear_add(mid, row_of(text->mix, first, D), block->out_weight, block->out_bias, count, D, D,
                          at->text->model->products);
    ops_layernorm(y, row_of(last->mean2, first, 1), row_of(last->rstd2, first, 1), mid, block->ln2_gain,
                  block->ln2_bias, count, D);
    ops_frozen_linear(hidden, y, block->fc_weight, NULL, count, F, D, at->text->model->products);
    ops_frozen_activate(hidden, row_of(last->slope, first, F), hidden, block->fc_bias, count, F, activation(text),
                        text->model->products);
    copy_rows(out, mid, count, D);
    ops_frozen_linear_add(out, hidden, block->proj_weight, block->proj_bias, count, D, F, at->text->model->products);
    ops_layernorm(y, row_of(last->mean3, first, 1), row_of(last->rstd3, first, 1), out, weights->final_gain,
                  weights->final_bias, count, D);
    ops_gemm(row_of(at->f, first, E), y, weights->proj, count, E, D,
             &(ops_gemm_t){.lda = D, .ldb = E, .ldc = E, .alpha = 1});
}

static void run_last(float *f, const clip_text_t *text, const float *x)
{
    const last_t at = {
        .text = text, .block = &text->model->text.block[text->model->config.text_layers - 1], .x = x, .f = f};
    clip_text_by_rows(text, text->rows, last_begins, &at, false);
    clip_text_by_rows(text, text->n, last_asks, &at, false);
    clip_text_by_prompts(text, last_attends, &at);
    clip_text_by_rows(text, text->n, last_ends, &at, false);
}

/* ---- All layers -------------------------------------------------------------------------------------------------------- */

static void embed(const clip_text_t *text, const float *slots)
{
    const clip_text_weights_t *weights = &text->model->text;
    const size_t D = (size_t)text->model->config.text_width;
    for (int m = 0; m < text->rows; m++) {
        const int id = text->id[m];
        const float *from = id >= 0 ? weights->token + (size_t)id * D : slots + (size_t)CLIP_SLOT(id) * D;
        const float *position = weights->position + (size_t)text->position[m] * D;
        float *out = text->input[0] + (size_t)m * D;
        for (size_t c = 0; c < D; c++) out[c] = from[c] + position[c];
    }
}

status_t clip_text_forward(float *f, clip_text_t *text, const float *slots)
{
    REQUIRE(slots != NULL || text->slots == 0);
    const clip_config_t *config = &text->model->config;
    const int layers = config->text_layers;
    embed(text, slots);
    for (int l = 0; l + 1 < layers; l++) {
        clip_text_run_layer(text->input[l + 1], text, text->input[l], l);
        if (text->watch != NULL) text->watch(text->watch_context, l, text->input[l + 1], text->rows);
    }
    run_last(f, text, text->input[layers - 1]);
    if (text->watch != NULL) text->watch(text->watch_context, layers - 1, text->last.out, text->n);
    for (int p = 0; p < text->n; p++)
        for (int e = 0; e < config->embed; e++)
            if (!isfinite(f[(size_t)p * (size_t)config->embed + (size_t)e]))
                return fail(ST_EFORMAT,
                            "the text feature of prompt %d of %d is not finite (hint: has learning diverged?)", p,
                            text->n);
    return ST_OK;
}

status_t clip_text_embed(float *out, const clip_model_t *model, const int *ids, int L)
{
    const size_t D = (size_t)model->config.text_width;
    for (int i = 0; i < L; i++) {
        if (ids[i] < 0 || ids[i] >= model->config.vocab)
            return fail(ST_EFORMAT, "token %d is %d, the vocabulary has %d", i, ids[i], model->config.vocab);
        memcpy(out + (size_t)i * D, model->text.token + (size_t)ids[i] * D, D * sizeof(float));
    }
    return ST_OK;
}
