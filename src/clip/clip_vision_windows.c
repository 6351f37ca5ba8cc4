/* Windows of tokens as short sequences, method/README.md 2: as many at a time as the workspace of a whole image holds, so that
 * products keep their size. How windows share a call depends on the tower and the side alone. */
#include "clip/clip_internal.h"

#include <string.h>

/* Windows first .. first+count-1 into ori, L rows each: the class token, then the window's tokens. Layer norm before the
 * first block goes row by row, so `start` holds a window's rows as it holds the image's. */
static void gather(clip_vision_t *vision, const float *start, int first, int count, int side)
{
    const int grid = vision->model->config.grid, places = grid - side + 1;
    const size_t W = (size_t)vision->model->config.width;
    float *row = vision->ori;
    for (int n = first; n < first + count; n++) {
        const int top = n / places, left = n % places;
        memcpy(row, start, W * sizeof *row);
        row += W;
        for (int y = top; y < top + side; y++, row += (size_t)side * W)
            memcpy(row, start + (1 + (size_t)(y * grid + left)) * W, (size_t)side * W * sizeof *row);
    }
}

/* mix = attention of every window on itself; ori += out_proj(mix). */
static void attend(clip_vision_t *vision, const clip_block_t *block, int count, int L)
{
    const clip_config_t *config = &vision->model->config;
    const int W = config->width, rows = count * L;
    ops_layernorm(vision->y, NULL, NULL, vision->ori, block->ln1_gain, block->ln1_bias, rows, W);
    ops_frozen_linear(vision->qkv, vision->y, block->in_weight, block->in_bias, rows, 3 * W, W,
                      vision->model->products);
    ops_attention_t how = clip_vision_attention(config, L, L);
    how.ldq = how.ldk = how.ldv = 3 * W;
    for (int n = 0; n < count; n++) {
        const float *q = vision->qkv + (size_t)(n * L) * (size_t)(3 * W);
        ops_frozen_attention(vision->mix + (size_t)(n * L) * (size_t)W, vision->probs, q, q + W, q + 2 * W, &how,
                             vision->model->products);
    }
    ops_frozen_linear_add(vision->ori, vision->mix, block->out_weight, block->out_bias, rows, W, W,
                          vision->model->products);
}

/* The last block, of which the class tokens alone are wanted: they become the first `count` rows of ori. */
static void attend_classes(clip_vision_t *vision, const clip_block_t *block, int count, int L)
{
    const clip_config_t *config = &vision->model->config;
    const int W = config->width, rows = count * L;
    const size_t width = (size_t)W, step = (size_t)L * width;
    ops_layernorm(vision->y, NULL, NULL, vision->ori, block->ln1_gain, block->ln1_bias, rows, W);
    float *kv = vision->qkv, *q = kv + (size_t)rows * 2 * width, *classes = vision->vv;
    ops_frozen_linear(kv, vision->y, block->in_weight + width * width, block->in_bias + width, rows, 2 * W, W,
                      vision->model->products);
    for (int n = 0; n < count; n++) {
        memcpy(classes + (size_t)n * width, vision->y + (size_t)n * step, width * sizeof *classes);
        memmove(vision->ori + (size_t)n * width, vision->ori + (size_t)n * step, width * sizeof *classes);
    }
    ops_frozen_linear(q, classes, block->in_weight, block->in_bias, count, W, W, vision->model->products);
    ops_attention_t how = clip_vision_attention(config, 1, L);
    how.ldq = W;
    how.ldk = how.ldv = 2 * W;
    for (int n = 0; n < count; n++) {
        const float *k = kv + (size_t)n * 2 * step;
        ops_frozen_attention(vision->mix + (size_t)n * width, vision->probs, q + (size_t)n * width, k, k + W, &how,
                             vision->model->products);
    }
    ops_frozen_linear_add(vision->ori, vision->mix, block->out_weight, block->out_bias, count, W, W,
                          vision->model->products);
}

void clip_vision_windows(float *out, clip_vision_t *vision, const float *start, int side, bool unit)
{
    const clip_config_t *config = &vision->model->config;
    const int places = config->grid - side + 1, L = side * side + 1, last = config->layers - 1;
    const int most = (config->grid * config->grid + 1) / L;
    for (int first = 0, count; first < places * places; first += count) {
        count = places * places - first < most ? places * places - first : most;
        gather(vision, start, first, count, side);
        for (int l = 0; l < last; l++) {
            attend(vision, &vision->model->vision.block[l], count, L);
            clip_vision_mlp(vision, vision->ori, &vision->model->vision.block[l], count * L);
        }
        attend_classes(vision, &vision->model->vision.block[last], count, L);
        clip_vision_mlp(vision, vision->ori, &vision->model->vision.block[last], count);
        clip_vision_project(out + (size_t)first * (size_t)config->embed, vision, vision->ori, count, unit);
    }
}
