/* What whole images and windows have in common: the parts of a block that go row by row, and the head. */
#include "clip/clip_internal.h"

#include <math.h>

void clip_vision_mlp(clip_vision_t *vision, float *x, const clip_block_t *block, int rows)
{
    const clip_config_t *config = &vision->model->config;
    const int W = config->width, F = config->mlp;
    ops_layernorm(vision->y, NULL, NULL, x, block->ln2_gain, block->ln2_bias, rows, W);
    ops_linear(vision->hidden, vision->y, block->fc_weight, NULL, rows, F, W);
    ops_activate(vision->hidden, NULL, vision->hidden, block->fc_bias, rows, F,
                 config->quick_gelu ? OPS_QUICK_GELU : OPS_GELU);
    ops_linear_add(x, vision->hidden, block->proj_weight, block->proj_bias, rows, W, F);
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
    ops_layernorm(vision->y, NULL, NULL, x, weights->post_gain, weights->post_bias, rows, W);
    ops_gemm(out, vision->y, weights->proj, rows, E, W, &(ops_gemm_t){.lda = W, .ldb = E, .ldc = E, .alpha = 1});
    if (unit) ops_normalize(out, NULL, out, rows, E);
}
