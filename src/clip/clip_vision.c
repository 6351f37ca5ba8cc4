/* One pass of the image tower over an image: all features asked for, each with the bits it has alone. */
#include "clip/clip_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t patches, row, stream, qkv, hidden, branch, probs;
} plan_t;

static plan_t make_plan(const clip_config_t *config)
{
    const size_t T = (size_t)config->grid * (size_t)config->grid;
    const size_t R = T + (size_t)clip_vision_first(config), F = (size_t)config->mlp;
    const size_t W = (size_t)config->width, P = (size_t)config->patch;
    return (plan_t){.patches = T * 3 * P * P,
                    .row = W,
                    .stream = R * W,
                    .qkv = R * 3 * W,
                    .hidden = R * F * (config->swiglu ? 3 : 1),
                    .branch = config->dino ? R * W : 0,
                    .probs = R * R};
}

size_t clip_vision_bytes(const clip_config_t *config)
{
    plan_t plan = make_plan(config);
    return (plan.patches + plan.row + 5 * plan.stream + plan.qkv + plan.hidden + plan.branch + plan.probs) *
           sizeof(float);
}

status_t clip_vision_open(clip_vision_t **out, const clip_model_t *model, const clip_tap_t taps[2])
{
    *out = NULL;
    clip_vision_t *vision = calloc(1, sizeof *vision);
    if (vision == NULL) return fail(ST_ENOMEM, "out of memory for the image tower");
    arena_init(&vision->arena, "image tower");
    vision->model = model;
    for (int i = 0; taps != NULL && i < 2; i++) {
        REQUIRE(taps[i].block >= 0 && taps[i].block < model->config.layers);
        vision->taps[i] = taps[i];
    }
    plan_t plan = make_plan(&model->config);
    struct {
        float **slice;
        size_t count;
    } const slices[] = {
        {&vision->patches, plan.patches}, {&vision->start, plan.stream},  {&vision->ori, plan.stream},
        {&vision->vv, plan.stream},       {&vision->cls, plan.row},       {&vision->y, plan.stream},
        {&vision->mix, plan.stream},      {&vision->qkv, plan.qkv},       {&vision->hidden, plan.hidden},
        {&vision->probs, plan.probs},     {&vision->branch, plan.branch},
    };
    for (size_t i = 0; i < sizeof slices / sizeof *slices; i++) {
        if (slices[i].count == 0) continue;
        *slices[i].slice = arena_take(&vision->arena, slices[i].count, sizeof(float));
        if (*slices[i].slice == NULL) {
            clip_vision_close(vision);
            return ST_ENOMEM;
        }
    }
    *out = vision;
    return ST_OK;
}

void clip_vision_close(clip_vision_t *vision)
{
    if (vision == NULL) return;
    arena_free(&vision->arena);
    free(vision);
}

void clip_vision_watch(clip_vision_t *vision, clip_vision_watch_t *watch, void *context)
{
    vision->watch = watch;
    vision->watch_context = context;
}

/* What a call asks of the pass. */
typedef struct {
    bool cls, tokens;
    int attn_through; /* the last block whose attention ori needs on all rows, -1: none */
    int mlp_through;  /* the same of the MLP */
} wanted_t;

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static wanted_t find_wanted(const clip_feature_t *features, int count, int last)
{
    wanted_t wanted = {.attn_through = -1, .mlp_through = -1};
    for (int i = 0; i < count; i++) {
        int attn = -1, mlp = -1;
        switch (features[i].kind) {
        case CLIP_FEATURE_CLS:
            wanted.cls = true, attn = mlp = last - 1;
            break;
        case CLIP_FEATURE_TOKENS:
            wanted.tokens = true, attn = mlp = last - 1;
            break;
        case CLIP_FEATURE_FINAL:
            attn = mlp = last;
            break;
        case CLIP_FEATURE_TAP:
            attn = features[i].to.block;
            mlp = features[i].to.after_mlp ? attn : attn - 1;
            break;
        case CLIP_FEATURE_WINDOWS:
            break;
        }
        wanted.attn_through = larger(wanted.attn_through, attn);
        wanted.mlp_through = larger(wanted.mlp_through, mlp);
    }
    return wanted;
}

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

static void embed(clip_vision_t *vision, const float *pixels)
{
    const clip_config_t *config = &vision->model->config;
    const clip_vision_weights_t *weights = &vision->model->vision;
    const int T = config->grid * config->grid, W = config->width, first = clip_vision_first(config);
    const size_t width = (size_t)W, count = (size_t)(T + first) * width;
    float *start = vision->start, *patches = start + (size_t)first * width;
    cut_patches(vision->patches, pixels, config);
    ops_linear(patches, vision->patches, weights->conv, weights->conv_bias, T, W, 3 * config->patch * config->patch);
    for (size_t i = 0; i < width; i++) start[i] = weights->class_row[i] + weights->position[i];
    for (size_t i = 0; i < (size_t)T * width; i++) patches[i] += weights->position[width + i];
    if (config->registers > 0)
        memcpy(start + width, weights->register_rows, (size_t)config->registers * width * sizeof(float));
    if (weights->pre_gain != NULL)
        clip_vision_norm(vision, start, start, weights->pre_gain, weights->pre_bias, T + first);
    memcpy(vision->ori, start, count * sizeof(float));
    memcpy(vision->vv, start, count * sizeof(float));
}

/* vv += out_proj(A(v,v,v)). */
static void attend_vv(clip_vision_t *vision, const clip_block_t *block, const float *v, int ldv)
{
    const clip_config_t *config = &vision->model->config;
    const int R = config->grid * config->grid + clip_vision_first(config), W = config->width;
    ops_attention_t how = clip_vision_attention(config, R, R);
    how.ldq = how.ldk = how.ldv = ldv;
    ops_attention(vision->mix, vision->probs, v, v, v, &how, false);
    clip_vision_add(vision, vision->vv, vision->mix, block->out_weight, block->out_bias, block->scale1, R, W);
}

/* Both attentions of a block, each added to its stream; y = ln_1(ori). */
static void attend_all(clip_vision_t *vision, const clip_block_t *block, bool vv)
{
    const clip_config_t *config = &vision->model->config;
    const int R = config->grid * config->grid + clip_vision_first(config), W = config->width;
    const float *q = vision->qkv, *k = q + W, *v = k + W;
    ops_linear(vision->qkv, vision->y, block->in_weight, block->in_bias, R, 3 * W, W);
    if (vv) attend_vv(vision, block, v, 3 * W);
    ops_attention_t how = clip_vision_attention(config, R, R);
    how.ldq = how.ldk = how.ldv = 3 * W;
    ops_attention(vision->mix, vision->probs, q, k, v, &how, false);
    clip_vision_add(vision, vision->ori, vision->mix, block->out_weight, block->out_bias, block->scale1, R, W);
}

/* Of the last block what the class token and the V-V stream need: v of all rows, k too and q of the class token alone.
 * The class token goes on in vision->cls, so that a tap of the same block changes no bit of it. */
static void attend_last(clip_vision_t *vision, const clip_block_t *block, const wanted_t *wanted)
{
    const clip_config_t *config = &vision->model->config;
    const int R = config->grid * config->grid + clip_vision_first(config), W = config->width;
    const size_t WW = (size_t)W * (size_t)W;
    float *q = vision->qkv, *k = q + W, *v = k + (size_t)R * (size_t)W;
    ops_linear(v, vision->y, block->in_weight + 2 * WW, block->in_bias + 2 * W, R, W, W);
    if (wanted->tokens) attend_vv(vision, block, v, W);
    if (!wanted->cls) return;
    ops_linear(q, vision->y, block->in_weight, block->in_bias, 1, W, W);
    ops_linear(k, vision->y, block->in_weight + WW, block->in_bias + W, R, W, W);
    ops_attention_t how = clip_vision_attention(config, 1, R);
    how.ldq = how.ldk = how.ldv = W;
    ops_attention(vision->mix, vision->probs, q, k, v, &how, false);
    memcpy(vision->cls, vision->ori, (size_t)W * sizeof(float));
    clip_vision_add(vision, vision->cls, vision->mix, block->out_weight, block->out_bias, block->scale1, 1, W);
}

/* Taps at this place: a mean is summed up block by block. */
static void save_taps(float *const *out, const clip_feature_t *features, int n, const clip_vision_t *vision, int block,
                      bool after_mlp)
{
    const clip_config_t *config = &vision->model->config;
    const int T = config->grid * config->grid, W = config->width;
    const size_t count = (size_t)T * (size_t)W;
    const float *ori = vision->ori + (size_t)clip_vision_first(config) * (size_t)W;
    for (int i = 0; i < n; i++) {
        const clip_feature_t *f = features + i;
        if (f->kind != CLIP_FEATURE_TAP || f->from.after_mlp != after_mlp) continue;
        if (block < f->from.block || block > f->to.block) continue;
        const int blocks = f->to.block - f->from.block + 1;
        if (blocks == 1 && !f->raw) {
            ops_normalize(out[i], NULL, ori, T, W);
            continue;
        }
        if (block == f->from.block)
            memcpy(out[i], ori, count * sizeof(float));
        else
            for (size_t j = 0; j < count; j++) out[i][j] += ori[j];
        if (block < f->to.block || blocks == 1) continue;
        for (size_t j = 0; j < count; j++) out[i][j] /= (float)blocks;
        if (!f->raw) ops_normalize(out[i], NULL, out[i], T, W);
    }
}

/* The heads, after the last block. Windows come last: they overwrite the streams. */
static void save_heads(float *const *out, const clip_feature_t *features, int n, clip_vision_t *vision)
{
    const clip_config_t *config = &vision->model->config;
    const int T = config->grid * config->grid;
    const size_t first = (size_t)clip_vision_first(config) * (size_t)config->width;
    for (int i = 0; i < n; i++) {
        const bool unit = !features[i].raw;
        if (features[i].kind == CLIP_FEATURE_CLS) clip_vision_project(out[i], vision, vision->cls, 1, unit);
        if (features[i].kind == CLIP_FEATURE_TOKENS) clip_vision_project(out[i], vision, vision->vv + first, T, unit);
        if (features[i].kind == CLIP_FEATURE_FINAL) clip_vision_project(out[i], vision, vision->ori + first, T, unit);
    }
    for (int i = 0; i < n; i++)
        if (features[i].kind == CLIP_FEATURE_WINDOWS)
            clip_vision_windows(out[i], vision, features[i].side, !features[i].raw);
}

static status_t check_finite(float *const *out, const clip_feature_t *features, int n, const clip_model_t *model)
{
    for (int i = 0; i < n; i++) {
        const size_t rows = (size_t)clip_feature_rows(&features[i], &model->config);
        const size_t count = rows * (size_t)clip_feature_width(&features[i], &model->config);
        double total = 0; /* finite when all are: squares of floats do not overflow a double */
        for (size_t j = 0; j < count; j++) total += (double)out[i][j] * (double)out[i][j];
        if (isfinite(total)) continue;
        char name[CLIP_FEATURE_TEXT];
        clip_feature_text(name, &features[i]);
        return fail(ST_EFORMAT, "'%s': the image tower's feature %s is not finite (hint: do the weights overflow?)",
                    model->dir, name);
    }
    return ST_OK;
}

status_t clip_vision_encode(float *const *out, clip_vision_t *vision, const clip_feature_t *features, int count,
                            const float *pixels)
{
    REQUIRE(out != NULL && features != NULL && count > 0 && pixels != NULL);
    const clip_config_t *config = &vision->model->config;
    const int R = config->grid * config->grid + clip_vision_first(config), last = config->layers - 1;
    const wanted_t wanted = find_wanted(features, count, last);
    const bool heads = wanted.cls || wanted.tokens;
    embed(vision, pixels);
    if (vision->watch != NULL) vision->watch(vision->watch_context, -1, vision->ori, vision->vv);
    for (int l = 0; l <= (heads ? last : wanted.attn_through); l++) {
        const clip_block_t *block = &vision->model->vision.block[l];
        clip_vision_norm(vision, vision->y, vision->ori, block->ln1_gain, block->ln1_bias, R);
        if (l == last && heads) attend_last(vision, block, &wanted);
        if (l <= wanted.attn_through) {
            attend_all(vision, block, wanted.tokens && l < last);
            save_taps(out, features, count, vision, l, false);
        }
        if (l == last && wanted.cls) clip_vision_mlp(vision, vision->cls, block, 1);
        if (l <= wanted.mlp_through) {
            clip_vision_mlp(vision, vision->ori, block, R);
            save_taps(out, features, count, vision, l, true);
        }
        if (vision->watch != NULL)
            vision->watch(vision->watch_context, l, l == last && wanted.cls ? vision->cls : vision->ori,
                          wanted.tokens ? vision->vv : NULL);
    }
    save_heads(out, features, count, vision);
    return check_finite(out, features, count, vision->model);
}

status_t clip_vision_forward(clip_features_t *out, clip_vision_t *vision, const float *pixels)
{
    float *const array[4] = {out->cls, out->tokens, out->memory1, out->memory2};
    const clip_feature_t feature[4] = {
        {.kind = CLIP_FEATURE_CLS},
        {.kind = CLIP_FEATURE_TOKENS},
        {.kind = CLIP_FEATURE_TAP, .from = vision->taps[0], .to = vision->taps[0]},
        {.kind = CLIP_FEATURE_TAP, .from = vision->taps[1], .to = vision->taps[1]},
    };
    float *wanted[4];
    clip_feature_t features[4];
    int count = 0;
    for (int i = 0; i < 4; i++) {
        if (array[i] == NULL) continue;
        wanted[count] = array[i];
        features[count++] = feature[i];
    }
    return clip_vision_encode(wanted, vision, features, count, pixels);
}
