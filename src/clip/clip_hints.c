/* What a weight file that does not fit the configuration may be instead: hints for messages, and the check that no tensor
 * is left over. */
#include "clip/clip_internal.h"

#include <stdio.h>
#include <string.h>

static const char *any_with_prefix(const io_safetensors_t *file, const char *prefix)
{
    for (int i = 0; i < io_safetensors_count(file); i++) {
        const char *name = io_safetensors_at(file, i)->name;
        if (strncmp(name, prefix, strlen(prefix)) == 0) return name;
    }
    return NULL;
}

/* Length of what stands before "visual.conv1.weight" in the name that ends with it, 0 when no name has more. */
static int foreign_prefix(const char **name, const io_safetensors_t *file)
{
    static const char conv[] = "visual.conv1.weight";
    for (int i = 0; i < io_safetensors_count(file); i++) {
        *name = io_safetensors_at(file, i)->name;
        size_t size = strlen(*name);
        if (size >= sizeof conv && strcmp(*name + size - (sizeof conv - 1), conv) == 0)
            return (int)(size - (sizeof conv - 1));
    }
    return 0;
}

void clip_hint_missing(char out[CLIP_HINT_SIZE], const io_safetensors_t *file, const char *name)
{
    const char *hint = "", *long_name = NULL;
    const bool vision = strncmp(name, "visual.", 7) == 0;
    int prefix = foreign_prefix(&long_name, file);
    out[0] = '\0';
    if (prefix > 0) {
        snprintf(out, CLIP_HINT_SIZE, " (hint: all names begin with '%.*s': datasets/models/convert takes it off)",
                 prefix > 60 ? 60 : prefix, long_name);
        return;
    }
    if (any_with_prefix(file, "vision_model.") != NULL || any_with_prefix(file, "text_model.") != NULL)
        hint = " (hint: the names are transformers': datasets/models/convert makes open_clip's of them)";
    else if (any_with_prefix(file, "visual.trunk.") != NULL)
        hint = " (hint: the image tower is timm's, only CLIP's own ViT is read)";
    else if (vision && any_with_prefix(file, "visual.") == NULL)
        hint = " (hint: the file has no image tower)";
    else if (!vision && any_with_prefix(file, "transformer.resblocks.") == NULL &&
             any_with_prefix(file, "text.transformer.") == NULL)
        hint = " (hint: the file has no text tower, fgad needs both)";
    snprintf(out, CLIP_HINT_SIZE, "%s", hint);
}

static bool is_square(int64_t n)
{
    for (int64_t s = 1; s * s <= n; s++)
        if (s * s == n) return true;
    return false;
}

void clip_hint_shape(char out[CLIP_HINT_SIZE], const io_tensor_t *found, int64_t rows)
{
    out[0] = '\0';
    if (strcmp(found->name, "visual.positional_embedding") == 0 && found->ndim == 2 && is_square(found->shape[0] - 1) &&
        found->shape[0] != rows)
        snprintf(out, CLIP_HINT_SIZE,
                 " (hint: datasets/models/resize MODEL OUT --size PIXELS makes a model of another image size)");
    else if (found->ndim == 2 && strstr(found->name, "positional_embedding") != NULL && found->shape[0] != rows)
        snprintf(out, CLIP_HINT_SIZE, " (hint: the weights' context_length is %lld)", (long long)found->shape[0]);
}

/* Tensors that no tower computes with. */
static bool is_harmless(const char *name)
{
    static const char *const names[] = {
        "attn_mask",  "text.attn_mask",        "logit_bias", "input_resolution", "context_length",
        "vocab_size", "embeddings.mask_token", NULL};
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

status_t clip_check_leftover(const io_safetensors_t *file, const bool *used, const clip_config_t *config,
                             const char *path)
{
    for (int i = 0; i < io_safetensors_count(file); i++) {
        const char *name = io_safetensors_at(file, i)->name;
        if (used[i] || is_harmless(name)) continue;
        const char *block = strstr(name, "transformer.resblocks.");
        const bool vision = strncmp(name, "visual.", 7) == 0;
        int index = -1;
        if (block != NULL && sscanf(block, "transformer.resblocks.%d.", &index) == 1 &&
            index >= (vision ? config->layers : config->text_layers))
            return fail(ST_EFORMAT,
                        "'%s': %s is of block %d, config's %s.layers is %d: blocks would be left out (hint: is it the "
                        "configuration of these weights?)",
                        path, name, index, vision ? "vision_cfg" : "text_cfg",
                        vision ? config->layers : config->text_layers);
        return fail(ST_EFORMAT,
                    "'%s': tensor '%s' is of none of %s: it would be left out (hint: "
                    "is it the configuration of these weights?)",
                    path, name, config->dino ? "DINOv2's layers" : "CLIP's plain ViT and text towers");
    }
    return ST_OK;
}
