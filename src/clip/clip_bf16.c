/* The blocks' weights of both towers in bfloat16: which matrices products ask for, and that they are right here. */
#include "clip/clip_internal.h"

#include <stdlib.h>

status_t clip_bf16_check(void)
{
    return ops_bf16_check();
}

/* A matrix that products ask for: (N,K) at an offset of a block's weights. */
typedef struct {
    const float *w;
    int N, K;
} part_t;

enum { BLOCK_PARTS = 4, MOST_PARTS = BLOCK_PARTS + 4 };

/* Queries, keys and values come from one product, but in a tower's last block, which needs them of different rows:
 * there apart, too. Returns how many there are. */
static int list_parts(part_t parts[MOST_PARTS], const clip_block_t *block, int W, int F, bool swiglu, bool last)
{
    const size_t WW = (size_t)W * (size_t)W;
    const part_t all[MOST_PARTS] = {
        {block->in_weight, 3 * W, W},      {block->out_weight, W, W},         {block->fc_weight, swiglu ? 2 * F : F, W},
        {block->proj_weight, W, F},        {block->in_weight, W, W},          {block->in_weight + WW, W, W},
        {block->in_weight + 2 * WW, W, W}, {block->in_weight + WW, 2 * W, W},
    };
    const int count = last ? MOST_PARTS : BLOCK_PARTS;
    for (int i = 0; i < count; i++) parts[i] = all[i];
    return count;
}

static status_t add_tower(ops_frozen_t *set, const clip_block_t *block, int layers, int W, int F, bool swiglu,
                          bool backward)
{
    part_t parts[MOST_PARTS];
    for (int l = 0; l < layers; l++) {
        const int count = list_parts(parts, &block[l], W, F, swiglu, l == layers - 1);
        for (int i = 0; i < count; i++) TRY(ops_frozen_add(set, parts[i].w, parts[i].N, parts[i].K, backward));
    }
    return ST_OK;
}

/* Every shape of the tower, on the last block's weights. */
static status_t check_tower(const ops_frozen_t *set, const clip_block_t *block, int W, int F, bool swiglu,
                            bool backward)
{
    part_t parts[MOST_PARTS];
    status_t status = ST_OK;
    const int count = list_parts(parts, block, W, F, swiglu, true);
    float *scratch = base_alloc(64 * (size_t)(2 * (3 * W + 2 * F) + 2 * (W + F)), sizeof *scratch);
    if (scratch == NULL) return ST_ENOMEM;
    for (int i = 0; i < count && status == ST_OK; i++) {
        status = ops_frozen_check(set, parts[i].w, parts[i].N, parts[i].K, false, scratch);
        if (status == ST_OK && backward)
            status = ops_frozen_check(set, parts[i].w, parts[i].N, parts[i].K, true, scratch);
    }
    free(scratch);
    return status;
}

status_t clip_model_bf16(clip_model_t *model, int threads)
{
    const clip_config_t *c = &model->config;
    ops_frozen_t *set;
    if (model->bf16 != NULL) return ST_OK;
    TRY(ops_frozen_open(&set, threads));
    status_t status = add_tower(set, model->vision.block, c->layers, c->width, c->mlp, c->swiglu, false);
    if (status == ST_OK)
        status = add_tower(set, model->text.block, c->text_layers, c->text_width, c->text_mlp, false, true);
    if (status == ST_OK) status = ops_frozen_ready(set);
    if (status == ST_OK)
        status = check_tower(set, &model->vision.block[c->layers - 1], c->width, c->mlp, c->swiglu, false);
    if (status == ST_OK && c->text_layers > 0)
        status = check_tower(set, &model->text.block[c->text_layers - 1], c->text_width, c->text_mlp, false, true);
    if (status == ST_OK)
        model->bf16 = set;
    else
        ops_frozen_close(set);
    return status;
}

static size_t tower_parameters(int layers, int W, int F)
{
    const size_t width = (size_t)W;
    return (size_t)layers * (4 * width * width + 2 * width * (size_t)F) + 5 * width * width;
}

size_t clip_bf16_bytes(const clip_config_t *c)
{
    const int F = c->swiglu ? c->mlp * 3 / 2 : c->mlp;
    return 2 * (tower_parameters(c->layers, c->width, F) +
                2 * tower_parameters(c->text_layers, c->text_width, c->text_mlp));
}
