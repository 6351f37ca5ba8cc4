/* Products with the blocks' weights of both towers that are not the BLAS's: which matrices they ask for, and that they are
 * right here. */
#include "clip/clip_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

status_t clip_products_check(clip_products_t kind)
{
    return kind == CLIP_PRODUCTS_BLAS ? ST_OK : kind == CLIP_PRODUCTS_BF16 ? ops_bf16_check() : ops_strassen_check();
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

/* Adds every matrix of a tower; or, where there is scratch, checks products of each shape, with the last block's. */
static status_t each_part(ops_frozen_t *set, const clip_block_t *block, int layers, int W, int F, bool swiglu,
                          bool backward, float *scratch)
{
    part_t parts[MOST_PARTS];
    for (int l = scratch == NULL || layers == 0 ? 0 : layers - 1; l < layers; l++) {
        const int count = list_parts(parts, &block[l], W, F, swiglu, l == layers - 1);
        for (int i = 0; i < count; i++) {
            const part_t *part = &parts[i];
            if (scratch == NULL) TRY(ops_frozen_add(set, part->w, part->N, part->K, backward));
            if (scratch != NULL) TRY(ops_frozen_check(set, part->w, part->N, part->K, false, scratch));
            if (scratch != NULL && backward) TRY(ops_frozen_check(set, part->w, part->N, part->K, true, scratch));
        }
    }
    return ST_OK;
}

static status_t both_towers(ops_frozen_t *set, const clip_model_t *model, float *scratch)
{
    const clip_config_t *c = &model->config;
    TRY(each_part(set, model->vision.block, c->layers, c->width, c->mlp, c->swiglu, false, scratch));
    return each_part(set, model->text.block, c->text_layers, c->text_width, c->text_mlp, false, true, scratch);
}

enum { LARGE_PART = 4 };

/* Packed weights are common to the processes of this user on this host that opened the same files; where the files are not
 * known for sure, to none. Where there is no such memory, or it would be a large part of what this process may have (a job
 * that asks for too much of that is killed), products do without. */
static void lend_room(clip_model_t *model, ops_frozen_t *set)
{
    uint64_t key;
    const size_t bytes = ops_frozen_room(set, &key);
    const struct {
        double now;
        long pid;
    } own = {clock_seconds(), (long)getpid()};
    if (bytes == 0) return;
    key = base_hash(key, base_version(), strlen(base_version()));
    key = base_hash(key, model->mark, strlen(model->mark));
    if (model->mark[0] == '\0') key = base_hash(key, &own, sizeof own);
    void *room = bytes <= base_memory() / LARGE_PART ? io_shared_open(&model->room, key, bytes) : NULL;
    if (room != NULL)
        ops_frozen_lend(set, room);
    else
        model->copies = true;
}

status_t clip_model_products(clip_model_t *model, clip_products_t kind, int threads)
{
    const clip_config_t *c = &model->config;
    ops_frozen_t *set;
    if (kind == CLIP_PRODUCTS_BLAS || model->products != NULL) return ST_OK;
    TRY(ops_frozen_open(&set, kind == CLIP_PRODUCTS_BF16 ? OPS_FROZEN_BF16 : OPS_FROZEN_STRASSEN, threads));
    const int W = clip_larger(c->width, c->text_width), F = clip_larger(c->swiglu ? 2 * c->mlp : c->mlp, c->text_mlp);
    float *scratch = base_alloc(64 * (size_t)(2 * (3 * W + F) + 2 * (W + F)), sizeof *scratch);
    status_t status = scratch != NULL ? both_towers(set, model, NULL) : ST_ENOMEM;
    if (status == ST_OK) status = ops_frozen_ready(set);
    if (status == ST_OK) lend_room(model, set);
    if (status == ST_OK) status = both_towers(set, model, scratch);
    free(scratch);
    if (status == ST_OK)
        model->products = set, model->pairs = kind == CLIP_PRODUCTS_STRASSEN;
    else
        ops_frozen_close(set);
    return status;
}

bool clip_model_packed(const clip_model_t *model)
{
    return !model->copies;
}

static size_t tower_parameters(int layers, int W, int F)
{
    const size_t width = (size_t)W;
    return (size_t)layers * (4 * width * width + 2 * width * (size_t)F) + 5 * width * width;
}

/* Of all matrices, in one direction of the image tower and both of the text tower. */
static size_t products_parameters(const clip_config_t *c)
{
    const int F = c->swiglu ? c->mlp * 3 / 2 : c->mlp;
    return tower_parameters(c->layers, c->width, F) + 2 * tower_parameters(c->text_layers, c->text_width, c->text_mlp);
}

size_t clip_products_bytes(const clip_config_t *c, clip_products_t kind, int threads)
{
    if (kind == CLIP_PRODUCTS_BLAS) return 0;
    if (kind == CLIP_PRODUCTS_STRASSEN) return ops_strassen_bytes(threads);
    return sizeof(uint16_t) * products_parameters(c);
}

size_t clip_products_shared_bytes(const clip_config_t *c, clip_products_t kind)
{
    /* Seven factors of half the sides, each once, for one of the whole. */
    return kind == CLIP_PRODUCTS_STRASSEN ? sizeof(float) * products_parameters(c) / 4 * 7 : 0;
}
