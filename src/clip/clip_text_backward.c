/* The text tower's gradient with respect to its learnable input embeddings, layer by layer in the reverse order of
 * clip_text_forward.c; each step quotes the line it differentiates. All weights are frozen: there are no weight
 * gradients, and linear layers need nothing kept. dx (M,D) holds the gradient of the stream that leaves a layer and
 * becomes that of the stream that enters it. */
#include "clip/clip_internal.h"

#include <string.h>

static void clear(float *x, size_t count)
{
    memset(x, 0, count * sizeof *x);
}

static float *row_of(float *x, int first, int width)
{
    return x + (size_t)first * (size_t)width;
}

/* What a stage of a layer works on: rows, or prompts. */
typedef struct {
    const clip_text_t *text;
    const clip_block_t *block;
    const clip_text_layer_t *keep; /* NULL in the last layer */
    const float *x;                /* what entered the layer */
    const float *df;               /* (n,E), in the last layer */
    float *dq, *dkv, *drow;        /* of the last layer: (n,D), (M,2D), (n,D) */
} stage_t;

/* One prompt's attention: dq (its queries) and drows (k and v of its own rows) += from dmix (its output). What it gives to
 * rows of earlier prompts is set aside, for those are other threads' to write as well. */
static void attention_backward(float *dq, float *drows, const float *dmix, const clip_text_t *text,
                               const clip_text_prompt_t *prompt, const float *probs, const float *q, const float *rows,
                               int ld, ops_attention_t how, int share)
{
    const int D = text->model->config.text_width, L = text->longest, own = prompt->shared;
    const size_t width = 2 * (size_t)D;
    const float *k = clip_text_gather(&how.ldk, text, prompt, rows, ld, share);
    how.ldv = how.ldk;
    float *dk = row_of(drows, prompt->first, ld), *dprobs = row_of(text->dprobs, 2 * share * L, L);
    float *path = row_of(text->dpath_kv, share * L, 2 * D);
    if (own > 0) {
        dk = path;
        clear(dk, (size_t)prompt->length * width);
    }
    ops_attention_backward(dq, dk, dk + D, dmix, probs, q, k, k + D, &how, dprobs);
    if (own == 0) return;
    memcpy(row_of(text->dshared, prompt->given, 2 * D), path, (size_t)own * width * sizeof *path);
    for (int i = own; i < prompt->length; i++) {
        float *out = row_of(drows, prompt->path[i], ld);
        for (size_t c = 0; c < width; c++) out[c] += path[(size_t)i * width + c];
    }
}

/* drows (k and v of all rows) += what was set aside, prompt by prompt, for a share of the columns. */
static void add_shared(float *drows, int ld, const clip_text_t *text, int first, int columns)
{
    const int D = text->model->config.text_width;
    for (int p = 0; p < text->n; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        for (int i = 0; i < prompt->shared; i++) {
            float *out = row_of(drows, prompt->path[i], ld) + first;
            const float *from = row_of(text->dshared, prompt->given + i, 2 * D) + first;
            for (int c = 0; c < columns; c++) out[c] += from[c];
        }
    }
}

static void mlp_backward(float *dx, const clip_text_t *text, const clip_block_t *block, const float *slope,
                         const float *mid, const float *mean, const float *rstd, int first, int count)
{
    const int D = text->model->config.text_width, F = text->model->config.text_mlp;
    float *hidden = row_of(text->hidden, first, F), *y = row_of(text->y, first, D);
    /* out = mid + act(ln_2(mid) fc^T + b) proj^T + b */
    ops_frozen_backward_set(hidden, dx, block->proj_weight, count, D, F, text->model->products);
    ops_activate_backward(hidden, hidden, slope + (size_t)first * (size_t)F, count, F);
    ops_frozen_backward_set(y, hidden, block->fc_weight, count, F, D, text->model->products);
    ops_layernorm_backward(dx, y, mid + (size_t)first * (size_t)D, mean + first, rstd + first, block->ln2_gain, count,
                           D);
}

/* ---- The last layer: the EOT rows from f back to their input, then that layer's attention: fills dx -------------------- */

static void last_rows(const void *context, int first, int count)
{
    const stage_t *at = context;
    const clip_text_t *text = at->text;
    const clip_text_last_t *last = &text->last;
    const clip_text_weights_t *weights = &text->model->text;
    const int D = text->model->config.text_width, E = text->model->config.embed;
    float *y = row_of(text->y, first, D), *drow = row_of(at->drow, first, D);
    /* f = ln_final(out) proj */
    ops_gemm(y, at->df + (size_t)first * (size_t)E, weights->proj, count, D, E,
             &(ops_gemm_t){.transpose_b = true, .lda = E, .ldb = E, .ldc = D, .alpha = 1});
    clear(drow, (size_t)count * (size_t)D);
    ops_layernorm_backward(drow, y, row_of(last->out, first, D), last->mean3 + first, last->rstd3 + first,
                           weights->final_gain, count, D);
    mlp_backward(drow, text, at->block, last->slope, last->mid, last->mean2, last->rstd2, first, count);
    /* mid = x[EOT] + attention(q, kv) out^T + b */
    ops_frozen_backward_set(row_of(text->mix, first, D), drow, at->block->out_weight, count, D, D,
                            text->model->products);
    clear(row_of(at->dq, first, D), (size_t)count * (size_t)D);
}

static void last_clears(const void *context, int first, int count)
{
    const stage_t *at = context;
    const int D = at->text->model->config.text_width;
    clear(row_of(at->dkv, first, 2 * D), (size_t)count * 2 * (size_t)D);
}

static void last_attention(const void *context, int first, int count, int share)
{
    const stage_t *at = context;
    const clip_text_t *text = at->text;
    const clip_text_last_t *last = &text->last;
    const int D = text->model->config.text_width;
    for (int p = first; p < first + count; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        ops_attention_t how = clip_text_attention(text, prompt);
        how.Tq = 1, how.ldq = D, how.first = prompt->length - 1;
        attention_backward(row_of(at->dq, p, D), at->dkv, row_of(text->mix, p, D), text, prompt,
                           last->probs + prompt->last_probs, row_of(last->q, p, D), last->kv, 2 * D, how, share);
    }
}

static void last_shared(const void *context, int first, int count)
{
    const stage_t *at = context;
    add_shared(at->dkv, 2 * at->text->model->config.text_width, at->text, first, count);
}

/* q = ln_1(x)[EOT] wq^T, kv = ln_1(x) wkv^T */
static void last_keys(const void *context, int first, int count)
{
    const stage_t *at = context;
    const int D = at->text->model->config.text_width;
    const float *weight = at->block->in_weight + (size_t)D * (size_t)D;
    ops_frozen_backward_set(row_of(at->text->y, first, D), row_of(at->dkv, first, 2 * D), weight, count, 2 * D, D,
                            at->text->model->products);
}

static void last_queries(const void *context, int first, int count)
{
    const stage_t *at = context;
    const int D = at->text->model->config.text_width;
    ops_frozen_backward_set(row_of(at->text->mix, first, D), row_of(at->dq, first, D), at->block->in_weight, count, D,
                            D, at->text->model->products);
}

static void norm_rows(const void *context, int first, int count)
{
    const stage_t *at = context;
    const int D = at->text->model->config.text_width;
    ops_layernorm_backward(row_of(at->text->dx, first, D), row_of(at->text->y, first, D),
                           at->x + (size_t)first * (size_t)D, at->text->last.mean1 + first,
                           at->text->last.rstd1 + first, at->block->ln1_gain, count, D);
}

/* rows (M,D) of the prompts' EOT += from (n,D). */
static void add_eot_rows(float *rows, const float *from, const clip_text_t *text)
{
    const size_t D = (size_t)text->model->config.text_width;
    for (int p = 0; p < text->n; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        float *out = rows + (size_t)prompt->path[prompt->length - 1] * D;
        for (size_t c = 0; c < D; c++) out[c] += from[(size_t)p * D + c];
    }
}

static void last_backward(const clip_text_t *text, const float *df)
{
    const clip_config_t *config = &text->model->config;
    const int M = text->rows, n = text->n, layer = config->text_layers - 1;
    const size_t D = (size_t)config->text_width;
    const stage_t at = {.text = text,
                        .block = &text->model->text.block[layer],
                        .x = text->input[layer],
                        .df = df,
                        .dq = text->dqkv,
                        .dkv = text->dqkv + (size_t)n * D,
                        .drow = text->dx};
    clip_text_by_rows(text, n, last_rows, &at, false);
    clip_text_by_rows(text, M, last_clears, &at, false);
    clip_text_by_prompts(text, last_attention, &at);
    clip_text_by_rows(text, 2 * (int)D, last_shared, &at, false);
    clip_text_by_rows(text, M, last_keys, &at, false);
    clip_text_by_rows(text, n, last_queries, &at, false);
    add_eot_rows(text->y, text->mix, text);
    /* The residual goes to the EOT rows; drow and dx share memory, so it is set aside first. */
    memcpy(text->mix, at.drow, (size_t)n * D * sizeof(float));
    clear(text->dx, (size_t)M * D);
    add_eot_rows(text->dx, text->mix, text);
    clip_text_by_rows(text, M, norm_rows, &at, false);
}

/* ---- A full layer ------------------------------------------------------------------------------------------------------ */

static void layer_rows(const void *context, int first, int count)
{
    const stage_t *at = context;
    const clip_text_t *text = at->text;
    const clip_text_layer_t *keep = at->keep;
    const int D = text->model->config.text_width;
    float *dx = row_of(text->dx, first, D);
    mlp_backward(dx, text, at->block, keep->slope, keep->mid, keep->mean2, keep->rstd2, first, count);
    /* mid = x + attention(q, k, v) out^T + b */
    ops_frozen_backward_set(row_of(text->mix, first, D), dx, at->block->out_weight, count, D, D, text->model->products);
    clear(row_of(text->dqkv, first, 3 * D), (size_t)count * 3 * (size_t)D);
}

static void layer_attention(const void *context, int first, int count, int share)
{
    const stage_t *at = context;
    const clip_text_t *text = at->text;
    const clip_text_layer_t *keep = at->keep;
    const int D = text->model->config.text_width;
    for (int p = first; p < first + count; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        const int row = prompt->first;
        if (prompt->shared == prompt->length) {
            clear(row_of(text->dshared, prompt->given, 2 * D), (size_t)prompt->shared * 2 * (size_t)D);
            continue;
        }
        ops_attention_t how = clip_text_attention(text, prompt);
        how.ldq = 3 * D;
        attention_backward(row_of(text->dqkv, row, 3 * D), text->dqkv + D, row_of(text->mix, row, D), text, prompt,
                           keep->probs + prompt->probs, row_of(keep->qkv, row, 3 * D), keep->qkv + D, 3 * D, how,
                           share);
    }
}

static void layer_shared(const void *context, int first, int count)
{
    const stage_t *at = context;
    const int D = at->text->model->config.text_width;
    add_shared(at->text->dqkv + D, 3 * D, at->text, first, count);
}

/* qkv = ln_1(x) in^T + b */
static void layer_inputs(const void *context, int first, int count)
{
    const stage_t *at = context;
    const clip_text_t *text = at->text;
    const int D = text->model->config.text_width;
    float *y = row_of(text->y, first, D);
    ops_frozen_backward_set(y, row_of(text->dqkv, first, 3 * D), at->block->in_weight, count, 3 * D, D,
                            text->model->products);
    ops_layernorm_backward(row_of(text->dx, first, D), y, at->x + (size_t)first * (size_t)D, at->keep->mean1 + first,
                           at->keep->rstd1 + first, at->block->ln1_gain, count, D);
}

/* The same of layer 0, where nothing but learnable rows is asked for. */
static void learnable_inputs(const void *context, int first, int count)
{
    const stage_t *at = context;
    const clip_text_t *text = at->text;
    const int D = text->model->config.text_width, *order = text->order + first;
    int learnable;
    const int n = clip_text_learnable(&learnable, text, first, count);
    float *y = row_of(text->y, first, D), *dqkv = row_of(text->hidden, first, text->model->config.text_mlp);
    if (n == 0) return;
    for (int i = 0; i < n; i++)
        memcpy(row_of(dqkv, i, 3 * D), row_of(text->dqkv, order[i], 3 * D), 3 * (size_t)D * sizeof *dqkv);
    ops_frozen_backward_set(y, dqkv, at->block->in_weight, n, 3 * D, D, text->model->products);
    for (int i = 0; i < learnable; i++)
        ops_layernorm_backward(row_of(text->dx, order[i], D), row_of(y, i, D), at->x + (size_t)order[i] * (size_t)D,
                               at->keep->mean1 + order[i], at->keep->rstd1 + order[i], at->block->ln1_gain, 1, D);
}

static void layer_backward(const clip_text_t *text, int layer)
{
    const stage_t at = {.text = text,
                        .block = &text->model->text.block[layer],
                        .keep = clip_text_layer(text, layer),
                        .x = text->input[layer]};
    clip_text_by_rows(text, text->rows, layer_rows, &at, false);
    clip_text_by_prompts(text, layer_attention, &at);
    clip_text_by_rows(text, 2 * text->model->config.text_width, layer_shared, &at, false);
    const bool apart = layer == 0 && clip_text_apart(text);
    clip_text_by_rows(text, text->rows, apart ? learnable_inputs : layer_inputs, &at, apart);
}

void clip_text_backward(float *dslots, clip_text_t *text, const float *df)
{
    REQUIRE(text->gradient);
    const int full = text->model->config.text_layers - 1;
    const size_t D = (size_t)text->model->config.text_width;
    last_backward(text, df);
    for (int l = full - 1; l >= 0; l--) {
        /* Layers past the kept ones share one set of activations. */
        if (l >= text->kept && l != text->holds) clip_text_run_layer(NULL, text, text->input[l], l);
        layer_backward(text, l);
    }
    /* input[0] = slots[k] + position */
    for (int m = 0; m < text->rows; m++) {
        if (text->id[m] >= 0) continue;
        float *out = dslots + (size_t)CLIP_SLOT(text->id[m]) * D;
        const float *from = text->dx + (size_t)m * D;
        for (size_t c = 0; c < D; c++) out[c] += from[c];
    }
}
