/* DINOv2 as transformers stores it (facebook/dinov2-*): what its configuration says and where its tensors are. */
#include "clip/clip_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *text_of(io_json_node_t root, const char *key, const char *otherwise)
{
    const char *text = io_json_string(io_json_get(root, key));
    return text != NULL ? text : otherwise;
}

bool clip_dino_is(io_json_node_t root)
{
    const char *type = text_of(root, "model_type", "");
    return strcmp(type, "dinov2") == 0 || strcmp(type, "dinov2_with_registers") == 0;
}

static status_t get_int(int *out, io_json_node_t root, const char *path, const char *key, int otherwise, int low,
                        int high)
{
    io_json_node_t node = io_json_get(root, key);
    if (node != NULL && io_json_kind(node) == IO_JSON_ARRAY)
        return fail(ST_EFORMAT,
                    "'%s': %s is a list, expected one number: images are made square, a kept aspect is not read", path,
                    key);
    const double value = io_json_number(node, otherwise);
    if (node != NULL && io_json_kind(node) != IO_JSON_NUMBER)
        return fail(ST_EFORMAT, "'%s': %s is not a number, expected a whole number from %d to %d", path, key, low,
                    high);
    if (!(value >= low && value <= high) || value != floor(value))
        return fail(ST_EFORMAT, "'%s': %s is %g, expected a whole number from %d to %d", path, key, value, low, high);
    *out = (int)value;
    return ST_OK;
}

static status_t check_fixed(io_json_node_t root, const char *path)
{
    const char *act = text_of(root, "hidden_act", "gelu");
    if (strcmp(act, "gelu") != 0) return fail(ST_EFORMAT, "'%s': hidden_act is '%s', DINOv2's is 'gelu'", path, act);
    if (!io_json_bool(io_json_get(root, "qkv_bias"), true))
        return fail(ST_EFORMAT, "'%s': qkv_bias is false, DINOv2's is true", path);
    if (io_json_number(io_json_get(root, "num_channels"), 3) != 3)
        return fail(ST_EFORMAT, "'%s': num_channels is not 3", path);
    return ST_OK;
}

status_t clip_dino_config(clip_config_t *out, io_json_node_t root, const char *path)
{
    int ratio, registers;
    *out = (clip_config_t){.dino = true};
    TRY(check_fixed(root, path));
    TRY(get_int(&out->image_size, root, path, "image_size", 224, 1, 4096));
    TRY(get_int(&out->patch, root, path, "patch_size", 16, 1, 1024));
    TRY(get_int(&out->width, root, path, "hidden_size", 768, 1, 16384));
    TRY(get_int(&out->layers, root, path, "num_hidden_layers", 12, 1, 256));
    TRY(get_int(&out->heads, root, path, "num_attention_heads", 12, 1, 1024));
    TRY(get_int(&ratio, root, path, "mlp_ratio", 4, 1, 64));
    const bool with = strcmp(text_of(root, "model_type", ""), "dinov2") != 0;
    TRY(get_int(&registers, root, path, "num_register_tokens", 4, 0, 1024));
    out->registers = with ? registers : 0;
    out->swiglu = io_json_bool(io_json_get(root, "use_swiglu_ffn"), false);
    out->eps = io_json_number(io_json_get(root, "layer_norm_eps"), 1e-6);
    if (!(out->eps > 0 && out->eps < 1))
        return fail(ST_EFORMAT, "'%s': layer_norm_eps is %g, expected a number above 0 and below 1", path, out->eps);
    if (out->width % out->heads != 0)
        return fail(ST_EFORMAT, "'%s': hidden_size is %d, expected a multiple of num_attention_heads %d", path,
                    out->width, out->heads);
    if (out->image_size % out->patch != 0)
        return fail(ST_EFORMAT, "'%s': image_size is %d, expected a multiple of patch_size %d", path, out->image_size,
                    out->patch);
    out->grid = out->position_grid = out->image_size / out->patch;
    out->embed = out->width;
    out->mlp = out->width * ratio;
    /* Two thirds of the width, which three matrices instead of two make up for, to a multiple of 8. */
    if (out->swiglu) out->mlp = (out->mlp * 2 / 3 + 7) / 8 * 8;
    return ST_OK;
}

static status_t take_block(clip_block_t *block, clip_loader_t *loader, int index, const clip_config_t *config)
{
    const int64_t W = config->width, F = config->mlp;
    char at[64];
    snprintf(at, sizeof at, "encoder.layer.%d.", index);
    TRY(clip_loader_take(&block->ln1_gain, loader, at, "norm1.weight", W, 0, 0, 0));
    TRY(clip_loader_take(&block->ln1_bias, loader, at, "norm1.bias", W, 0, 0, 0));
    TRY(clip_loader_join(&block->in_weight, loader, at, "attention.attention.%s.weight", W, W));
    TRY(clip_loader_join(&block->in_bias, loader, at, "attention.attention.%s.bias", W, 0));
    TRY(clip_loader_take(&block->out_weight, loader, at, "attention.output.dense.weight", W, W, 0, 0));
    TRY(clip_loader_take(&block->out_bias, loader, at, "attention.output.dense.bias", W, 0, 0, 0));
    TRY(clip_loader_take(&block->scale1, loader, at, "layer_scale1.lambda1", W, 0, 0, 0));
    TRY(clip_loader_take(&block->ln2_gain, loader, at, "norm2.weight", W, 0, 0, 0));
    TRY(clip_loader_take(&block->ln2_bias, loader, at, "norm2.bias", W, 0, 0, 0));
    const char *in = config->swiglu ? "mlp.weights_in" : "mlp.fc1",
               *to = config->swiglu ? "mlp.weights_out" : "mlp.fc2";
    const int64_t rows = config->swiglu ? 2 * F : F;
    char name[32];
    snprintf(name, sizeof name, "%s.weight", in);
    TRY(clip_loader_take(&block->fc_weight, loader, at, name, rows, W, 0, 0));
    snprintf(name, sizeof name, "%s.bias", in);
    TRY(clip_loader_take(&block->fc_bias, loader, at, name, rows, 0, 0, 0));
    snprintf(name, sizeof name, "%s.weight", to);
    TRY(clip_loader_take(&block->proj_weight, loader, at, name, W, F, 0, 0));
    snprintf(name, sizeof name, "%s.bias", to);
    TRY(clip_loader_take(&block->proj_bias, loader, at, name, W, 0, 0, 0));
    return clip_loader_take(&block->scale2, loader, at, "layer_scale2.lambda1", W, 0, 0, 0);
}

status_t clip_dino_walk(clip_model_t *model, clip_loader_t *loader)
{
    const clip_config_t *config = &model->config;
    const int64_t W = config->width, P = config->patch, T = (int64_t)config->position_grid * config->position_grid;
    clip_vision_weights_t *vision = &model->vision;
    loader->parameters = &model->vision_parameters;
    TRY(clip_loader_take(&vision->class_row, loader, "embeddings.", "cls_token", 1, 1, W, 0));
    TRY(clip_loader_take(&vision->position, loader, "embeddings.", "position_embeddings", 1, T + 1, W, 0));
    if (config->registers > 0)
        TRY(clip_loader_take(&vision->register_rows, loader, "embeddings.", "register_tokens", 1, config->registers, W,
                             0));
    TRY(clip_loader_take(&vision->conv, loader, "embeddings.patch_embeddings.", "projection.weight", W, 3, P, P));
    TRY(clip_loader_take(&vision->conv_bias, loader, "embeddings.patch_embeddings.", "projection.bias", W, 0, 0, 0));
    for (int l = 0; l < config->layers; l++) TRY(take_block(&vision->block[l], loader, l, config));
    TRY(clip_loader_take(&vision->post_gain, loader, "", "layernorm.weight", W, 0, 0, 0));
    return clip_loader_take(&vision->post_bias, loader, "", "layernorm.bias", W, 0, 0, 0);
}
