#include "clip/clip_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The list of tensors is walked twice: first every name and shape is checked and the floats that need conversion are
 * counted, then the values are taken (from the mapping where they are aligned f32) and checked for finiteness. */
typedef struct {
    io_safetensors_t *file;
    const char *path;
    const char *text_prefix; /* "" or "text." (open_clip's CustomTextCLIP) */
    bool taking;
    float *converted; /* next free float of the conversion block */
    int64_t needed;   /* floats to convert, counted by the first walk */
    int64_t *parameters;
    bool *used; /* (count of the file) tensors asked for */
} loader_t;

static void shape_text(char out[96], const int64_t *shape, int ndim)
{
    int at = snprintf(out, 96, "(");
    for (int d = 0; d < ndim && at < 80; d++)
        at += snprintf(out + at, 96 - (size_t)at, "%s%" PRId64, d ? "," : "", shape[d]);
    snprintf(out + at, 96 - (size_t)at, ")");
}

static bool usable_in_place(const io_tensor_t *tensor)
{
    return tensor->dtype == IO_F32 && (uintptr_t)tensor->data % _Alignof(float) == 0;
}

/* An exponent of all ones is NaN or infinity. */
static bool all_finite(const float *x, int64_t count)
{
    uint32_t bad = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        bad |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    return bad == 0;
}

static status_t take_values(const float **out, loader_t *loader, const io_tensor_t *tensor)
{
    if (usable_in_place(tensor) && all_finite(tensor->data, tensor->count)) {
        *out = tensor->data;
        return ST_OK;
    }
    if (usable_in_place(tensor)) { /* converted only for the message that names the first bad value */
        float *copy = base_alloc((size_t)tensor->count, sizeof *copy);
        if (copy == NULL) return ST_ENOMEM;
        status_t status = io_tensor_to_f32(copy, tensor, loader->path);
        free(copy);
        return status;
    }
    TRY(io_tensor_to_f32(loader->converted, tensor, loader->path));
    *out = loader->converted;
    loader->converted += tensor->count;
    return ST_OK;
}

static status_t take(const float **out, loader_t *loader, const char *name, int ndim, const int64_t *shape)
{
    const io_tensor_t *tensor = io_safetensors_find(loader->file, name);
    char wanted[96], found[96], hint[CLIP_HINT_SIZE];
    shape_text(wanted, shape, ndim);
    if (tensor == NULL) {
        clip_hint_missing(hint, loader->file, name);
        return fail(ST_EFORMAT, "'%s': no tensor '%s', config wants one of shape %s%s", loader->path, name, wanted,
                    hint);
    }
    if (loader->taking) return take_values(out, loader, tensor);
    bool same = tensor->ndim == ndim && memcmp(tensor->shape, shape, (size_t)ndim * sizeof *shape) == 0;
    /* A scalar is stored with no dimension or with one of length 1. */
    if (ndim == 0 && tensor->count == 1) same = true;
    if (!same) {
        shape_text(found, tensor->shape, tensor->ndim);
        clip_hint_shape(hint, tensor, ndim > 0 ? shape[0] : 1);
        return fail(ST_EFORMAT, "'%s': %s is %s, config wants %s%s", loader->path, name, found, wanted, hint);
    }
    if (tensor->dtype == IO_OTHER_DTYPE)
        return fail(ST_EFORMAT, "'%s': %s is of type %s, expected F32, F16 or BF16%s", loader->path, name,
                    tensor->dtype_name,
                    strcmp(tensor->dtype_name, "F64") == 0 ? " (hint: datasets/models/convert stores F32)" : "");
    if (!usable_in_place(tensor)) loader->needed += tensor->count;
    *loader->parameters += tensor->count;
    for (int i = 0; i < io_safetensors_count(loader->file); i++)
        if (io_safetensors_at(loader->file, i) == tensor) loader->used[i] = true;
    return ST_OK;
}

/* Names of up to four dimensions: a zero ends the shape. */
static status_t take_named(const float **out, loader_t *loader, const char *prefix, const char *name, int64_t d0,
                           int64_t d1, int64_t d2, int64_t d3)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const int64_t shape[4] = {d0, d1, d2, d3};
    int ndim = 0;
    while (ndim < 4 && shape[ndim] > 0) ndim++;
    return take(out, loader, full, ndim, shape);
}

static status_t take_block(clip_block_t *block, loader_t *loader, const char *tower, int index, int64_t W, int64_t F)
{
    char at[128];
    snprintf(at, sizeof at, "%stransformer.resblocks.%d.", tower, index);
    TRY(take_named(&block->ln1_gain, loader, at, "ln_1.weight", W, 0, 0, 0));
    TRY(take_named(&block->ln1_bias, loader, at, "ln_1.bias", W, 0, 0, 0));
    TRY(take_named(&block->in_weight, loader, at, "attn.in_proj_weight", 3 * W, W, 0, 0));
    TRY(take_named(&block->in_bias, loader, at, "attn.in_proj_bias", 3 * W, 0, 0, 0));
    TRY(take_named(&block->out_weight, loader, at, "attn.out_proj.weight", W, W, 0, 0));
    TRY(take_named(&block->out_bias, loader, at, "attn.out_proj.bias", W, 0, 0, 0));
    TRY(take_named(&block->ln2_gain, loader, at, "ln_2.weight", W, 0, 0, 0));
    TRY(take_named(&block->ln2_bias, loader, at, "ln_2.bias", W, 0, 0, 0));
    TRY(take_named(&block->fc_weight, loader, at, "mlp.c_fc.weight", F, W, 0, 0));
    TRY(take_named(&block->fc_bias, loader, at, "mlp.c_fc.bias", F, 0, 0, 0));
    TRY(take_named(&block->proj_weight, loader, at, "mlp.c_proj.weight", W, F, 0, 0));
    return take_named(&block->proj_bias, loader, at, "mlp.c_proj.bias", W, 0, 0, 0);
}

static status_t walk(clip_model_t *model, loader_t *loader)
{
    const clip_config_t *config = &model->config;
    const int64_t W = config->width, D = config->text_width, E = config->embed, P = config->patch;
    const int64_t T = (int64_t)config->grid * config->grid;

    clip_vision_weights_t *vision = &model->vision;
    loader->parameters = &model->vision_parameters;
    TRY(take_named(&vision->conv, loader, "visual.", "conv1.weight", W, 3, P, P));
    TRY(take_named(&vision->class_row, loader, "visual.", "class_embedding", W, 0, 0, 0));
    TRY(take_named(&vision->position, loader, "visual.", "positional_embedding", T + 1, W, 0, 0));
    TRY(take_named(&vision->pre_gain, loader, "visual.", "ln_pre.weight", W, 0, 0, 0));
    TRY(take_named(&vision->pre_bias, loader, "visual.", "ln_pre.bias", W, 0, 0, 0));
    for (int l = 0; l < config->layers; l++) TRY(take_block(&vision->block[l], loader, "visual.", l, W, config->mlp));
    TRY(take_named(&vision->post_gain, loader, "visual.", "ln_post.weight", W, 0, 0, 0));
    TRY(take_named(&vision->post_bias, loader, "visual.", "ln_post.bias", W, 0, 0, 0));
    TRY(take_named(&vision->proj, loader, "visual.", "proj", W, E, 0, 0));

    clip_text_weights_t *text = &model->text;
    const char *prefix = loader->text_prefix;
    loader->parameters = &model->text_parameters;
    TRY(take_named(&text->token, loader, prefix, "token_embedding.weight", config->vocab, D, 0, 0));
    TRY(take_named(&text->position, loader, prefix, "positional_embedding", config->context, D, 0, 0));
    for (int l = 0; l < config->text_layers; l++)
        TRY(take_block(&text->block[l], loader, prefix, l, D, config->text_mlp));
    TRY(take_named(&text->final_gain, loader, prefix, "ln_final.weight", D, 0, 0, 0));
    TRY(take_named(&text->final_bias, loader, prefix, "ln_final.bias", D, 0, 0, 0));
    TRY(take_named(&text->proj, loader, prefix, "text_projection", D, E, 0, 0));

    const float *scale = NULL;
    TRY(take_named(&scale, loader, "", "logit_scale", 0, 0, 0, 0));
    if (scale != NULL) model->logit_scale = *scale;
    return ST_OK;
}

status_t clip_weights_load(clip_model_t *model)
{
    status_t status = ST_OK;
    char *path = NULL;
    bool *used = NULL;
    TRY_DONE(clip_model_weights_path(&path, model->dir));
    TRY_DONE(io_safetensors_open(&model->file, path));
    model->vision.block = arena_take(&model->arena, (size_t)model->config.layers, sizeof(clip_block_t));
    model->text.block = arena_take(&model->arena, (size_t)model->config.text_layers, sizeof(clip_block_t));
    if (model->vision.block == NULL || model->text.block == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    used = calloc((size_t)io_safetensors_count(model->file) + 1, sizeof *used);
    if (used == NULL) {
        status = fail(ST_ENOMEM, "'%s': no memory for a list of its tensors", path);
        goto done;
    }
    loader_t loader = {.file = model->file, .path = path, .text_prefix = "", .used = used};
    if (io_safetensors_find(model->file, "text.token_embedding.weight") != NULL) loader.text_prefix = "text.";
    TRY_DONE(walk(model, &loader));
    TRY_DONE(clip_check_leftover(model->file, used, &model->config, path));
    model->converted = loader.needed;
    if (loader.needed > 0) {
        loader.converted = arena_take(&model->arena, (size_t)loader.needed, sizeof(float));
        if (loader.converted == NULL) {
            status = ST_ENOMEM;
            goto done;
        }
    }
    loader.taking = true;
    TRY_DONE(walk(model, &loader));
done:
    free(path);
    free(used);
    return status;
}
