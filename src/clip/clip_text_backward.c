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

/* drows (as rows of clip_text_gather) += the gradient of a prompt's gathered keys and values. */
static void scatter(float *drows, int ld, const clip_text_t *text, const clip_text_prompt_t *prompt)
{
    const int width = 2 * text->model->config.text_width;
    for (int i = 0; i < prompt->length; i++) {
        float *out = drows + (size_t)prompt->path[i] * (size_t)ld;
        const float *from = text->dpath_kv + (size_t)i * (size_t)width;
        for (int c = 0; c < width; c++) out[c] += from[c];
    }
}

/* One prompt's attention: dq (its queries) and drows (k and v of all rows) += from dmix (its output). */
static void attention_backward(float *dq, float *drows, const float *dmix, const clip_text_t *text,
                               const clip_text_prompt_t *prompt, const float *probs, const float *q, const float *rows,
                               int ld, ops_attention_t how)
{
    const int D = text->model->config.text_width;
    const float *k = clip_text_gather(&how.ldk, text, prompt, rows, ld);
    how.ldv = how.ldk;
    float *dk = drows + (size_t)prompt->first * (size_t)ld;
    if (prompt->shared > 0) {
        dk = text->dpath_kv;
        clear(dk, (size_t)prompt->length * 2 * (size_t)D);
    }
    ops_attention_backward(dq, dk, dk + D, dmix, probs, q, k, k + D, &how, text->dprobs);
    if (prompt->shared > 0) scatter(drows, ld, text, prompt);
}

static void mlp_backward(float *dx, const clip_text_t *text, const clip_block_t *block, const float *slope,
                         const float *mid, const float *mean, const float *rstd, int rows)
{
    const int D = text->model->config.text_width, F = text->model->config.text_mlp;
    /* out = mid + act(ln_2(mid) fc^T + b) proj^T + b */
    ops_linear_backward_set(text->hidden, dx, block->proj_weight, rows, D, F);
    ops_activate_backward(text->hidden, text->hidden, slope, rows, F);
    ops_linear_backward_set(text->y, text->hidden, block->fc_weight, rows, F, D);
    ops_layernorm_backward(dx, text->y, mid, mean, rstd, block->ln2_gain, rows, D);
}

/* The EOT rows from f back to their input of the last layer, then that layer's attention: fills dx. */
static void last_backward(const clip_text_t *text, const float *df)
{
    const clip_config_t *config = &text->model->config;
    const clip_text_weights_t *weights = &text->model->text;
    const clip_block_t *block = &weights->block[config->text_layers - 1];
    const clip_text_last_t *last = &text->last;
    const int M = text->rows, n = text->n, D = config->text_width, E = config->embed;
    const size_t DD = (size_t)D * (size_t)D;
    float *dq = text->dqkv, *dkv = dq + (size_t)n * (size_t)D, *drow = text->dx; /* (n,D), (M,2D), (n,D) */
    /* f = ln_final(out) proj */
    ops_gemm(text->y, df, weights->proj, n, D, E,
             &(ops_gemm_t){.transpose_b = true, .lda = E, .ldb = E, .ldc = D, .alpha = 1});
    clear(drow, (size_t)n * (size_t)D);
    ops_layernorm_backward(drow, text->y, last->out, last->mean3, last->rstd3, weights->final_gain, n, D);
    mlp_backward(drow, text, block, last->slope, last->mid, last->mean2, last->rstd2, n);
    /* mid = x[EOT] + attention(q, kv) out^T + b */
    ops_linear_backward_set(text->mix, drow, block->out_weight, n, D, D);
    clear(dq, (size_t)n * (size_t)D + (size_t)M * 2 * (size_t)D);
    for (int p = 0; p < n; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        const size_t at = (size_t)p * (size_t)D;
        ops_attention_t how = clip_text_attention(text, prompt);
        how.Tq = 1, how.ldq = D, how.first = prompt->length - 1;
        attention_backward(dq + at, dkv, text->mix + at, text, prompt, last->probs + prompt->last_probs, last->q + at,
                           last->kv, 2 * D, how);
    }
    /* q = ln_1(x)[EOT] wq^T, kv = ln_1(x) wkv^T */
    ops_linear_backward_set(text->y, dkv, block->in_weight + DD, M, 2 * D, D);
    ops_linear_backward_set(text->mix, dq, block->in_weight, n, D, D);
    for (int p = 0; p < n; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        float *out = text->y + (size_t)prompt->path[prompt->length - 1] * (size_t)D;
        for (int c = 0; c < D; c++) out[c] += text->mix[(size_t)p * (size_t)D + (size_t)c];
    }
    /* The residual goes to the EOT rows; drow and dx share memory, so it is set aside first. */
    memcpy(text->mix, drow, (size_t)n * (size_t)D * sizeof(float));
    clear(text->dx, (size_t)M * (size_t)D);
    for (int p = 0; p < n; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        float *out = text->dx + (size_t)prompt->path[prompt->length - 1] * (size_t)D;
        for (int c = 0; c < D; c++) out[c] += text->mix[(size_t)p * (size_t)D + (size_t)c];
    }
    ops_layernorm_backward(text->dx, text->y, text->input[config->text_layers - 1], last->mean1, last->rstd1,
                           block->ln1_gain, M, D);
}

static void layer_backward(const clip_text_t *text, int layer)
{
    const clip_config_t *config = &text->model->config;
    const clip_block_t *block = &text->model->text.block[layer];
    const clip_text_layer_t *keep = clip_text_layer(text, layer);
    const int M = text->rows, D = config->text_width;
    mlp_backward(text->dx, text, block, keep->slope, keep->mid, keep->mean2, keep->rstd2, M);
    /* mid = x + attention(q, k, v) out^T + b */
    ops_linear_backward_set(text->mix, text->dx, block->out_weight, M, D, D);
    clear(text->dqkv, (size_t)M * 3 * (size_t)D);
    for (int p = 0; p < text->n; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        if (prompt->shared == prompt->length) continue;
        const size_t first = (size_t)prompt->first;
        ops_attention_t how = clip_text_attention(text, prompt);
        how.ldq = 3 * D;
        attention_backward(text->dqkv + first * 3 * (size_t)D, text->dqkv + D, text->mix + first * (size_t)D, text,
                           prompt, keep->probs + prompt->probs, keep->qkv + first * 3 * (size_t)D, keep->qkv + D, 3 * D,
                           how);
    }
    /* qkv = ln_1(x) in^T + b */
    ops_linear_backward_set(text->y, text->dqkv, block->in_weight, M, 3 * D, D);
    ops_layernorm_backward(text->dx, text->y, text->input[layer], keep->mean1, keep->rstd1, block->ln1_gain, M, D);
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
