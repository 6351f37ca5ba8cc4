/* From pixels to the streams, and the attentions of a block. Products run over all images of a batch at once,
 * attention over each alone: its rows are the first of vision->rows, and those that pad them take part in nothing
 * but products. */
#include "clip/clip_internal.h"

#include <string.h>

/* Patch (row, column) to a row of its 3*P*P values in the order (channel, y, x) of conv1's weights. */
static void cut_patches(float *patches, const float *pixels, const clip_config_t *config)
{
    const int S = config->image_size, P = config->patch, grid = config->grid;
    for (int gy = 0; gy < grid; gy++)
        for (int gx = 0; gx < grid; gx++)
            for (int c = 0; c < 3; c++)
                for (int y = 0; y < P; y++, patches += P)
                    memcpy(patches, pixels + ((size_t)c * S + (size_t)(gy * P + y)) * S + (size_t)(gx * P),
                           (size_t)P * sizeof *patches);
}

static void embed(clip_vision_t *vision, float *start, const float *pixels)
{
    const clip_config_t *config = &vision->model->config;
    const clip_vision_weights_t *weights = &vision->model->vision;
    const int T = config->grid * config->grid, W = config->width, first = clip_vision_first(config);
    const size_t width = (size_t)W;
    float *patches = start + (size_t)first * width;
    cut_patches(vision->patches, pixels, config);
    ops_linear(patches, vision->patches, weights->conv, weights->conv_bias, T, W, 3 * config->patch * config->patch);
    for (size_t i = 0; i < width; i++) start[i] = weights->class_row[i] + weights->position[i];
    for (size_t i = 0; i < (size_t)T * width; i++) patches[i] += weights->position[width + i];
    if (config->registers > 0)
        memcpy(start + width, weights->register_rows, (size_t)config->registers * width * sizeof(float));
    if (weights->pre_gain != NULL)
        clip_vision_norm(vision, start, start, weights->pre_gain, weights->pre_bias, T + first);
}

void clip_vision_embed(clip_vision_t *vision, const float *const *pixels)
{
    for (int i = 0; i < vision->images; i++) embed(vision, clip_vision_image(vision, vision->start, i), pixels[i]);
    const size_t count = (size_t)vision->images * (size_t)vision->rows * (size_t)vision->model->config.width;
    memcpy(vision->ori, vision->start, count * sizeof(float));
    memcpy(vision->vv, vision->start, count * sizeof(float));
}

/* mix (of every image) = A(q,k,v), arrays of `ld` floats a row and `step` rows an image of queries. */
static void attend(const clip_vision_t *vision, float *mix, const float *q, const float *k, const float *v, int ld)
{
    const clip_config_t *config = &vision->model->config;
    const int R = clip_vision_count(config);
    ops_attention_t how = clip_vision_attention(config, R, R);
    how.ldq = how.ldk = how.ldv = ld;
    for (int i = 0; i < vision->images; i++) {
        const size_t at = (size_t)i * (size_t)vision->rows * (size_t)ld;
        ops_frozen_attention(clip_vision_image(vision, mix, i), vision->probs, q + at, k + at, v + at, &how,
                             vision->model->products);
    }
}

void clip_vision_attend_all(clip_vision_t *vision, const clip_block_t *block, bool vv)
{
    const int W = vision->model->config.width, rows = vision->images * vision->rows;
    const float *q = vision->qkv, *k = q + W, *v = k + W;
    float *mix_vv = vision->mix + (size_t)rows * (size_t)W;
    ops_frozen_linear(vision->qkv, vision->y, block->in_weight, block->in_bias, rows, 3 * W, W,
                      vision->model->products);
    attend(vision, vision->mix, q, k, v, 3 * W);
    if (vv) attend(vision, mix_vv, v, v, v, 3 * W);
    clip_vision_add(vision, vision->ori, vision->mix, block->out_weight, block->out_bias, block->scale1, rows, W);
    if (vv) clip_vision_add(vision, vision->vv, mix_vv, block->out_weight, block->out_bias, block->scale1, rows, W);
}

void clip_vision_attend_last(clip_vision_t *vision, const clip_block_t *block, bool cls, bool tokens)
{
    const clip_config_t *config = &vision->model->config;
    const int R = clip_vision_count(config), W = config->width, rows = vision->images * vision->rows;
    const size_t width = (size_t)W, WW = width * width;
    float *q = vision->qkv, *k = q + width, *v = k + (size_t)rows * width;
    ops_frozen_linear(v, vision->y, block->in_weight + 2 * WW, block->in_bias + 2 * W, rows, W, W,
                      vision->model->products);
    if (tokens) {
        attend(vision, vision->mix, v, v, v, W);
        clip_vision_add(vision, vision->vv, vision->mix, block->out_weight, block->out_bias, block->scale1, rows, W);
    }
    if (!cls) return;
    ops_frozen_linear(k, vision->y, block->in_weight + WW, block->in_bias + W, rows, W, W, vision->model->products);
    ops_attention_t how = clip_vision_attention(config, 1, R);
    how.ldq = how.ldk = how.ldv = W;
    for (int i = 0; i < vision->images; i++) {
        const size_t at = (size_t)i * (size_t)vision->rows * width;
        float *row = vision->cls + (size_t)i * width, *mix = vision->mix + at;
        ops_frozen_linear(q, vision->y + at, block->in_weight, block->in_bias, 1, W, W, vision->model->products);
        ops_frozen_attention(mix, vision->probs, q, k + at, v + at, &how, vision->model->products);
        memcpy(row, vision->ori + at, width * sizeof(float));
        clip_vision_add(vision, row, mix, block->out_weight, block->out_bias, block->scale1, 1, W);
    }
}
