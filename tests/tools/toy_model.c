#include "tools/toy_model.h"

#include "io/io.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const toy_preset_t presets[] = {
    /* name, embed; image, patch, width, layers, head width; context, vocab, width, heads, layers; quick GELU */
    {"toy", 28, 20, 4, 60, 12, 20, 32, 1024, 36, 3, 3, false},
    {"toy-long", 28, 20, 4, 24, 3, 8, 160, 1024, 36, 3, 2, false}, /* room for any caption in small merges */
    {"toy-quick", 28, 12, 4, 24, 2, 8, 32, 1024, 36, 3, 2, true},
    {"toy-wide", 28, 16, 4, 256, 2, 64, 32, 1024, 256, 4, 2,
     false}, /* an odd number of rows; sides that are worth cutting */
    {"vit-b-32", 512, 224, 32, 768, 12, 64, 77, 49408, 512, 8, 12, false},
    {"vit-b-16", 512, 224, 16, 768, 12, 64, 77, 49408, 512, 8, 12, false},
    {"vit-b-16-plus", 640, 224, 16, 896, 12, 64, 77, 49408, 640, 10, 12, false},
    {"vit-b-16-plus-240", 640, 240, 16, 896, 12, 64, 77, 49408, 640, 10, 12, false},
    {"vit-l-14", 768, 224, 14, 1024, 24, 64, 77, 49408, 768, 12, 12, false},
    {"vit-l-14-336", 768, 336, 14, 1024, 24, 64, 77, 49408, 768, 12, 12, false},
    {"vit-h-14", 1024, 224, 14, 1280, 32, 80, 77, 49408, 1024, 16, 24, false},
    {0},
};

const toy_preset_t *toy_preset_find(const char *name)
{
    for (int i = 0; presets[i].name != NULL; i++)
        if (strcmp(presets[i].name, name) == 0) return &presets[i];
    return NULL;
}

void toy_preset_names(char *out, size_t size)
{
    out[0] = '\0';
    for (int i = 0; presets[i].name != NULL; i++)
        snprintf(out + strlen(out), size - strlen(out), "%s%s", i ? " " : "", presets[i].name);
}

typedef struct {
    uint64_t seed;
    int count, room;
    char **name;
    float **data;
    int64_t (*shape)[8];
    int *ndim;
    bool failed;
} builder_t;

/* Uniform around `center` with standard deviation `deviation`: center + s u, u a multiple of 2^-23 in [-1, 1). */
static void fill_uniform(float *out, int64_t count, rng_t rng, double center, double deviation)
{
    const double s = deviation * sqrt(3.0);
    for (int64_t i = 0; i < count; i++) out[i] = (float)(center + s * ((double)(rng_u32(&rng) >> 8) * 0x1p-23 - 1.0));
}

void toy_model_pixels(float *out, const toy_preset_t *preset, uint64_t seed)
{
    const int64_t side = preset->image_size;
    fill_uniform(out, 3 * side * side, rng_init("image", preset->name, 0, seed, "pixels"), 0.1, 1.0);
}

static void add(builder_t *to, const char *prefix, const char *name, double center, double deviation, int ndim,
                int64_t d0, int64_t d1, int64_t d2, int64_t d3)
{
    if (to->failed) return;
    REQUIRE(to->count < to->room);
    const int64_t dims[4] = {d0, d1, d2, d3};
    int64_t count = 1;
    for (int d = 0; d < ndim; d++) to->shape[to->count][d] = dims[d], count *= dims[d];
    char *full = base_format("%s%s", prefix, name);
    float *data = base_alloc((size_t)count, sizeof *data);
    if (full == NULL || data == NULL) {
        free(full), free(data);
        to->failed = true;
        return;
    }
    fill_uniform(data, count, rng_init("model", full, 0, to->seed, "weights"), center, deviation);
    to->name[to->count] = full, to->data[to->count] = data, to->ndim[to->count] = ndim;
    to->count++;
}

/* Deviations that keep the two streams of order one through any number of blocks. */
static void add_block(builder_t *to, const char *tower, int index, int64_t W)
{
    char at[96];
    snprintf(at, sizeof at, "%stransformer.resblocks.%d.", tower, index);
    const double unit = 1 / sqrt((double)W), unit4 = 1 / sqrt(4.0 * (double)W);
    add(to, at, "ln_1.weight", 1, 0.2, 1, W, 0, 0, 0);
    add(to, at, "ln_1.bias", 0, 0.1, 1, W, 0, 0, 0);
    add(to, at, "attn.in_proj_weight", 0, unit, 2, 3 * W, W, 0, 0);
    add(to, at, "attn.in_proj_bias", 0, 0.1, 1, 3 * W, 0, 0, 0);
    add(to, at, "attn.out_proj.weight", 0, 0.5 * unit, 2, W, W, 0, 0);
    add(to, at, "attn.out_proj.bias", 0, 0.1, 1, W, 0, 0, 0);
    add(to, at, "ln_2.weight", 1, 0.2, 1, W, 0, 0, 0);
    add(to, at, "ln_2.bias", 0, 0.1, 1, W, 0, 0, 0);
    add(to, at, "mlp.c_fc.weight", 0, unit, 2, 4 * W, W, 0, 0);
    add(to, at, "mlp.c_fc.bias", 0, 0.1, 1, 4 * W, 0, 0, 0);
    add(to, at, "mlp.c_proj.weight", 0, 0.5 * unit4, 2, W, 4 * W, 0, 0);
    add(to, at, "mlp.c_proj.bias", 0, 0.1, 1, W, 0, 0, 0);
}

static void add_all(builder_t *to, const toy_preset_t *p)
{
    const int64_t W = p->width, D = p->text_width, E = p->embed, P = p->patch, T = p->image_size / p->patch;
    add(to, "", "visual.conv1.weight", 0, 1 / sqrt((double)(3 * P * P)), 4, W, 3, P, P);
    add(to, "", "visual.class_embedding", 0, 0.5, 1, W, 0, 0, 0);
    add(to, "", "visual.positional_embedding", 0, 0.3, 2, T * T + 1, W, 0, 0);
    add(to, "", "visual.ln_pre.weight", 1, 0.2, 1, W, 0, 0, 0);
    add(to, "", "visual.ln_pre.bias", 0, 0.1, 1, W, 0, 0, 0);
    for (int l = 0; l < p->layers; l++) add_block(to, "visual.", l, W);
    add(to, "", "visual.ln_post.weight", 1, 0.2, 1, W, 0, 0, 0);
    add(to, "", "visual.ln_post.bias", 0, 0.1, 1, W, 0, 0, 0);
    add(to, "", "visual.proj", 0, 1 / sqrt((double)W), 2, W, E, 0, 0);
    add(to, "", "token_embedding.weight", 0, 0.3, 2, p->vocab, D, 0, 0);
    add(to, "", "positional_embedding", 0, 0.1, 2, p->context, D, 0, 0);
    for (int l = 0; l < p->text_layers; l++) add_block(to, "", l, D);
    add(to, "", "ln_final.weight", 1, 0.2, 1, D, 0, 0, 0);
    add(to, "", "ln_final.bias", 0, 0.1, 1, D, 0, 0, 0);
    add(to, "", "text_projection", 0, 1 / sqrt((double)D), 2, D, E, 0, 0);
    add(to, "", "logit_scale", 4.605170185988092, 0, 0, 0, 0, 0, 0);
}

static status_t write_config(const char *dir, const toy_preset_t *p)
{
    char *path = base_format("%s/open_clip_config.json", dir);
    char *text =
        base_format("{\n"
                    "  \"model_cfg\": {\n"
                    "    \"embed_dim\": %d,\n"
                    "    \"quick_gelu\": %s,\n"
                    "    \"vision_cfg\": {\"image_size\": %d, \"layers\": %d, \"width\": %d, "
                    "\"head_width\": %d, \"patch_size\": %d},\n"
                    "    \"text_cfg\": {\"context_length\": %d, \"vocab_size\": %d, \"width\": %d, "
                    "\"heads\": %d, \"layers\": %d}\n"
                    "  },\n"
                    "  \"preprocess_cfg\": {\"mean\": [0.48145466, 0.4578275, 0.40821073], "
                    "\"std\": [0.26862954, 0.26130258, 0.27577711]}\n"
                    "}\n",
                    p->embed, p->quick_gelu ? "true" : "false", p->image_size, p->layers, p->width, p->head_width,
                    p->patch, p->context, p->vocab, p->text_width, p->text_heads, p->text_layers);
    status_t status = path == NULL || text == NULL ? ST_ENOMEM : io_write_file(path, text, strlen(text));
    free(path), free(text);
    return status;
}

/* A tower without blocks 3 and 8 names other memory taps. */
static status_t write_taps(const char *dir, const toy_preset_t *p)
{
    if (p->layers > 8) return ST_OK;
    char *path = base_format("%s/fgad.yaml", dir);
    char *text = base_format("memory_taps: [%d.attn, %d.attn]\n", 3 * p->layers / 12, 8 * p->layers / 12);
    status_t status = path == NULL || text == NULL ? ST_ENOMEM : io_write_file(path, text, strlen(text));
    free(path), free(text);
    return status;
}

status_t toy_model_write(const char *dir, const toy_preset_t *preset, uint64_t seed, bool half)
{
    status_t status = ST_OK;
    const int room = 16 + 12 * (preset->layers + preset->text_layers);
    builder_t to = {.seed = seed, .room = room};
    char *path = base_format("%s/open_clip_model.safetensors", dir);
    to.name = calloc((size_t)room, sizeof *to.name);
    to.data = calloc((size_t)room, sizeof *to.data);
    to.shape = calloc((size_t)room, sizeof *to.shape);
    to.ndim = calloc((size_t)room, sizeof *to.ndim);
    if (path == NULL || to.name == NULL || to.data == NULL || to.shape == NULL || to.ndim == NULL) {
        status = fail(ST_ENOMEM, "out of memory for the model of '%s'", dir);
        goto done;
    }
    TRY_DONE(io_make_dirs(dir));
    add_all(&to, preset);
    if (to.failed) {
        status = ST_ENOMEM;
        goto done;
    }
    TRY_DONE(io_safetensors_write(path, (const char *const *)to.name, (const float *const *)to.data,
                                  (const int64_t(*)[8])to.shape, to.ndim, to.count, half));
    TRY_DONE(write_config(dir, preset));
    TRY_DONE(write_taps(dir, preset));
done:
    for (int i = 0; i < to.count; i++) free(to.name[i]), free(to.data[i]);
    free(to.name), free(to.data), free(to.shape), free(to.ndim), free(path);
    return status;
}
