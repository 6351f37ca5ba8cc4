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

void clip_text_run_layer(float *out, clip_text_t *text, const float *x, int layer)
{
    const clip_config_t *config = &text->model->config;
    const clip_block_t *block = &text->model->text.block[layer];
    const clip_text_layer_t *keep = clip_text_layer(text, layer);
    const int M = text->rows, D = config->text_width, F = config->text_mlp;
    if (layer >= text->kept) text->holds = layer;
    ops_layernorm(text->y, keep->mean1, keep->rstd1, x, block->ln1_gain, block->ln1_bias, M, D);
    ops_linear(keep->qkv, text->y, block->in_weight, block->in_bias, M, 3 * D, D);
    for (int p = 0; p < text->n; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        if (prompt->shared == prompt->length) continue;
        ops_attention_t how = clip_text_attention(text, prompt);
        const float *k = clip_text_gather(&how.ldk, text, prompt, keep->qkv + D, 3 * D);
        how.ldv = how.ldk;
        how.ldq = 3 * D;
        float *probs = text->gradient ? keep->probs + prompt->probs : text->path_probs;
        ops_attention(text->mix + (size_t)prompt->first * (size_t)D, probs,
                      keep->qkv + (size_t)prompt->first * (size_t)(3 * D), k, k + D, &how, text->gradient);
    }
    copy_rows(keep->mid, x, M, D);
    ops_linear_add(keep->mid, text->mix, block->out_weight, block->out_bias, M, D, D);
    ops_layernorm(text->y, keep->mean2, keep->rstd2, keep->mid, block->ln2_gain, block->ln2_bias, M, D);
    ops_linear(text->hidden, text->y, block->fc_weight, NULL, M, F, D);
    ops_activate(text->hidden, keep->slope, text->hidden, block->fc_bias, M, F, activation(text));
    if (out == NULL) return;
    copy_rows(out, keep->mid, M, D);
    ops_linear_add(out, text->hidden, block->proj_weight, block->proj_bias, M, D, F);
}

/* out (n,D) = the EOT rows of x (M,D). */
static void take_eot_rows(float *out, const clip_text_t *text, const float *x)
{
    const size_t D = (size_t)text->model->config.text_width;
    for (int p = 0; p < text->n; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        memcpy(out + (size_t)p * D, x + (size_t)prompt->path[prompt->length - 1] * D, D * sizeof(float));
    }
}

/* The last layer, and ln_final and the projection of its EOT rows. */
static void run_last(float *f, const clip_text_t *text, const float *x)
{
    const clip_config_t *config = &text->model->config;
    const clip_text_weights_t *weights = &text->model->text;
    const clip_block_t *block = &weights->block[config->text_layers - 1];
    const clip_text_last_t *last = &text->last;
    const int M = text->rows, n = text->n, D = config->text_width, F = config->text_mlp, E = config->embed;
    const size_t DD = (size_t)D * (size_t)D;
    ops_layernorm(text->y, last->mean1, last->rstd1, x, block->ln1_gain, block->ln1_bias, M, D);
    ops_linear(last->kv, text->y, block->in_weight + DD, block->in_bias + D, M, 2 * D, D);
    take_eot_rows(last->mid, text, text->y);
    ops_linear(last->q, last->mid, block->in_weight, block->in_bias, n, D, D);
    for (int p = 0; p < n; p++) {
        const clip_text_prompt_t *prompt = &text->prompt[p];
        ops_attention_t how = clip_text_attention(text, prompt);
        const float *k = clip_text_gather(&how.ldk, text, prompt, last->kv, 2 * D);
        how.ldv = how.ldk;
        how.Tq = 1, how.ldq = D, how.first = prompt->length - 1;
        float *probs = text->gradient ? last->probs + prompt->last_probs : text->path_probs;
        ops_attention(text->mix + (size_t)p * (size_t)D, probs, last->q + (size_t)p * (size_t)D, k, k + D, &how,
                      text->gradient);
    }
    take_eot_rows(last->mid, text, x);
    ops_linear_add(last->mid, text->mix, block->out_weight, block->out_bias, n, D, D);
    ops_layernorm(text->y, last->mean2, last->rstd2, last->mid, block->ln2_gain, block->ln2_bias, n, D);
    ops_linear(text->hidden, text->y, block->fc_weight, NULL, n, F, D);
    ops_activate(text->hidden, last->slope, text->hidden, block->fc_bias, n, F, activation(text));
    copy_rows(last->out, last->mid, n, D);
    ops_linear_add(last->out, text->hidden, block->proj_weight, block->proj_bias, n, D, F);
    ops_layernorm(text->y, last->mean3, last->rstd3, last->out, weights->final_gain, weights->final_bias, n, D);
    ops_gemm(f, text->y, weights->proj, n, E, D, &(ops_gemm_t){.lda = D, .ldb = E, .ldc = E, .alpha = 1});
}

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
