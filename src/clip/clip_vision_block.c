/* What whole images and windows have in common: the parts of a block that go row by row, and the head. */
#include "clip/clip_internal.h"

#include <math.h>

void clip_vision_norm(clip_vision_t *vision, float *y, const float *x, const float *gain, const float *bias, int rows)
{
    const clip_config_t *config = &vision->model->config;
    ops_layernorm_eps(y, x, gain, bias, config->eps, rows, config->width);
}

void clip_vision_add(clip_vision_t *vision, float *x, const float *h, const float *w, const float *b,
                     const float *scale, int rows, int K)
{
    const int W = vision->model->config.width;
    if (scale == NULL) {
        ops_frozen_linear_add(x, h, w, b, rows, W, K, vision->model->products);
        return;
    }
    ops_frozen_linear(vision->branch, h, w, b, rows, W, K, vision->model->products);
    for (size_t i = 0; i < (size_t)rows; i++)
        for (size_t c = 0; c < (size_t)W; c++) x[i * (size_t)W + c] += scale[c] * vision->branch[i * (size_t)W + c];
}

void clip_vision_mlp(clip_vision_t *vision, float *x, const clip_block_t *block, int rows)
{
    const clip_config_t *config = &vision->model->config;
    const int W = config->width, F = config->mlp;
    float *hidden = vision->hidden;
    clip_vision_norm(vision, vision->y, x, block->ln2_gain, block->ln2_bias, rows);
    if (config->swiglu) {
        ops_frozen_linear(hidden, vision->y, block->fc_weight, block->fc_bias, rows, 2 * F, W, vision->model->products);
        hidden += (size_t)rows * 2 * (size_t)F;
        ops_swiglu(hidden, vision->hidden, rows, F);
    } else {
        ops_frozen_linear(hidden, vision->y, block->fc_weight, NULL, rows, F, W, vision->model->products);
        ops_frozen_activate(hidden, NULL, hidden, block->fc_bias, rows, F,
                            config->quick_gelu ? OPS_QUICK_GELU : OPS_GELU, vision->model->products);
    }
    clip_vision_add(vision, x, hidden, block->proj_weight, block->proj_bias, block->scale2, rows, F);
}

ops_attention_t clip_vision_attention(const clip_config_t *config, int queries, int keys)
{
    const int d = config->width / config->heads;
    return (ops_attention_t){.Tq = queries,
                             .Tk = keys,
                             .H = config->heads,
                             .d = d,
                             .ldo = config->width,
                             .first = -1,
                             .scale = (float)(1.0 / sqrt((double)d))};
}

void clip_vision_project(float *out, clip_vision_t *vision, const float *x, int rows, bool unit)
{
    const clip_config_t *config = &vision->model->config;
    const clip_vision_weights_t *weights = &vision->model->vision;
    const int W = config->width, E = config->embed;
    clip_vision_norm(vision, weights->proj != NULL ? vision->y : out, x, weights->post_gain, weights->post_bias, rows);
    if (weights->proj != NULL)
        ops_gemm(out, vision->y, weights->proj, rows, E, W, &(ops_gemm_t){.lda = W, .ldb = E, .ldc = E, .alpha = 1});
    if (unit) ops_normalize(out, NULL, out, rows, E);
}
