#include "clip/clip_internal.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where in the file we are, for messages. */
typedef struct {
    const char *path;
    const char *section;
    io_json_node_t node;
} section_t;

/* A whole number in [low, high]; `otherwise` < 0 means the key must be there. */
static status_t get_int(int *out, const section_t *in, const char *key, int otherwise, int low, int high)
{
    io_json_node_t node = io_json_get(in->node, key);
    if (node == NULL || io_json_kind(node) == IO_JSON_NULL) {
        if (otherwise < 0)
            return fail(ST_EFORMAT, "'%s': %s.%s is missing (hint: only CLIP models with ViT towers are read)",
                        in->path, in->section, key);
        *out = otherwise;
        return ST_OK;
    }
    if (io_json_kind(node) != IO_JSON_NUMBER)
        return fail(ST_EFORMAT, "'%s': %s.%s is not a number, expected a whole number from %d to %d%s", in->path,
                    in->section, key, low, high,
                    io_json_kind(node) == IO_JSON_ARRAY ? " (hint: only ViT towers are read, not ResNets)" : "");
    double value = io_json_number(node, 0);
    if (!(value >= low && value <= high) || value != floor(value))
        return fail(ST_EFORMAT, "'%s': %s.%s is %g, expected a whole number from %d to %d", in->path, in->section, key,
                    value, low, high);
    *out = (int)value;
    return ST_OK;
}

/* The hidden width int(width * mlp_ratio), as open_clip rounds it. */
static status_t get_hidden(int *out, const section_t *in, int width)
{
    double ratio = io_json_number(io_json_get(in->node, "mlp_ratio"), 4.0);
    if (!(ratio > 0 && ratio * width >= 1 && ratio <= 64))
        return fail(ST_EFORMAT, "'%s': %s.mlp_ratio is %g, expected a ratio from above 0 to 64", in->path, in->section,
                    ratio);
    *out = (int)(width * ratio);
    return ST_OK;
}

/* image_size and patch_size may be n or [n, n]. */
static status_t get_side(int *out, const section_t *in, const char *key, int otherwise, int high)
{
    io_json_node_t node = io_json_get(in->node, key);
    if (node == NULL || io_json_kind(node) != IO_JSON_ARRAY) return get_int(out, in, key, otherwise, 1, high);
    double first = io_json_number(io_json_at(node, 0), 0), second = io_json_number(io_json_at(node, 1), 0);
    if (io_json_count(node) != 2 || first != second || first != floor(first) || !(first >= 1 && first <= high))
        return fail(ST_EFORMAT, "'%s': %s.%s is not a square of two equal whole numbers from 1 to %d", in->path,
                    in->section, key, high);
    *out = (int)first;
    return ST_OK;
}

static status_t read_vision(clip_config_t *out, const section_t *in)
{
    TRY(clip_config_check_keys(in->node, CLIP_VISION, in->path));
    TRY(get_side(&out->image_size, in, "image_size", 224, 4096));
    TRY(get_side(&out->patch, in, "patch_size", 16, 1024));
    TRY(get_int(&out->width, in, "width", 768, 1, 16384));
    TRY(get_int(&out->layers, in, "layers", 12, 1, 256));
    TRY(get_hidden(&out->mlp, in, out->width));
    int head = 0;
    TRY(get_int(&head, in, "head_width", 64, 1, 16384));
    if (out->width % head != 0)
        return fail(ST_EFORMAT, "'%s': %s.width is %d, expected a multiple of head_width %d", in->path, in->section,
                    out->width, head);
    out->heads = out->width / head;
    if (out->image_size % out->patch != 0)
        return fail(ST_EFORMAT, "'%s': %s.image_size is %d, expected a multiple of patch_size %d", in->path,
                    in->section, out->image_size, out->patch);
    out->grid = out->position_grid = out->image_size / out->patch;
    out->eps = OPS_LAYERNORM_EPS;
    return ST_OK;
}

static status_t read_text(clip_config_t *out, const section_t *in)
{
    TRY(clip_config_check_keys(in->node, CLIP_TEXT, in->path));
    TRY(get_int(&out->context, in, "context_length", 77, 3, 4096));
    TRY(get_int(&out->vocab, in, "vocab_size", 49408, 2, 10000000));
    TRY(get_int(&out->text_width, in, "width", 512, 1, 16384));
    TRY(get_int(&out->text_heads, in, "heads", 8, 1, 1024));
    TRY(get_int(&out->text_layers, in, "layers", 12, 1, 256));
    TRY(get_hidden(&out->text_mlp, in, out->text_width));
    if (out->text_width % out->text_heads != 0)
        return fail(ST_EFORMAT, "'%s': %s.width is %d, expected a multiple of heads %d", in->path, in->section,
                    out->text_width, out->text_heads);
    return ST_OK;
}

static status_t read_quick_gelu(bool *out, const section_t *in)
{
    io_json_node_t node = io_json_get(in->node, "quick_gelu");
    io_json_kind_t kind = node == NULL ? IO_JSON_NULL : io_json_kind(node);
    if (kind != IO_JSON_NULL && kind != IO_JSON_BOOL)
        return fail(ST_EFORMAT, "'%s': %s.quick_gelu is neither true nor false", in->path, in->section);
    *out = kind == IO_JSON_BOOL && io_json_bool(node, false);
    return ST_OK;
}

status_t clip_config_read(clip_config_t *out, const char *dir)
{
    status_t status = ST_OK;
    io_json_t *json = NULL;
    char *path = NULL;
    *out = (clip_config_t){0};
    TRY_DONE(clip_files_config(&path, dir));
    TRY_DONE(io_json_read(&json, path));
    if (clip_dino_is(io_json_root(json))) {
        status = clip_dino_config(out, io_json_root(json), path);
        goto done;
    }
    io_json_node_t model = io_json_get(io_json_root(json), "model_cfg");
    TRY_DONE(clip_config_check_keys(io_json_get(io_json_root(json), "preprocess_cfg"), CLIP_PREPROCESS, path));
    TRY_DONE(clip_config_check_keys(io_json_get(model, "preprocess_cfg"), CLIP_PREPROCESS, path));
    /* open_clip's own model_configs files hold the same keys without the wrapper. */
    if (model == NULL) model = io_json_root(json);
    section_t top = {.path = path, .section = "model_cfg", .node = model};
    section_t vision = {.path = path, .section = "vision_cfg", .node = io_json_get(model, "vision_cfg")};
    section_t text = {.path = path, .section = "text_cfg", .node = io_json_get(model, "text_cfg")};
    if (vision.node == NULL || text.node == NULL) {
        status = fail(ST_EFORMAT, "'%s': model_cfg.%s is missing, expected open_clip's vision_cfg and text_cfg", path,
                      vision.node == NULL ? "vision_cfg" : "text_cfg");
        goto done;
    }
    TRY_DONE(clip_config_check_keys(model, CLIP_MODEL, path));
    TRY_DONE(get_int(&out->embed, &top, "embed_dim", -1, 1, 16384));
    TRY_DONE(read_quick_gelu(&out->quick_gelu, &top));
    TRY_DONE(read_vision(out, &vision));
    TRY_DONE(read_text(out, &text));
done:
    io_json_free(json);
    free(path);
    return status;
}

status_t clip_config_resize(clip_config_t *config, int image_size)
{
    if (image_size == 0) return ST_OK;
    if (image_size < config->patch || image_size % config->patch != 0 || image_size > 4096)
        return fail(ST_EFORMAT, "image_size is %d, expected a multiple of the model's patch %d, up to 4096", image_size,
                    config->patch);
    config->image_size = image_size;
    config->grid = image_size / config->patch;
    return ST_OK;
}
