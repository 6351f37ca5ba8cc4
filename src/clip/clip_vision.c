#include "clip/clip_internal.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The workspace. R = T + 1 rows (class token first), W width, F hidden width of the MLP. */
struct clip_vision {
    const clip_model_t *model; /* not owned */
    clip_tap_t taps[2];
    arena_t arena;
    float *patches; /* (T, 3*P*P), rows in the order of conv1's weights */
    float *ori;     /* (R, W) CLIP's own stream */
    float *vv;      /* (R, W) the V-V stream */
    float *y;       /* (R, W) a normalised copy */
    float *qkv;     /* (R, 3W) */
    float *mix;     /* (R, W) attention's output */
    float *hidden;  /* (R, F) */
    float *probs;   /* (R, R) */
    clip_vision_watch_t *watch;
    void *watch_context;
};

status_t clip_tap_parse(clip_tap_t *out, const char *text, const clip_config_t *config, bool scale)
{
    const char *at = text;
    long block = 0;
    while (isdigit((unsigned char)*at) && block < 100000) block = block * 10 + (*at++ - '0');
    const bool attn = strcmp(at, ".attn") == 0, mlp = strcmp(at, ".mlp") == 0;
    if (at == text || !(attn || mlp))
        return fail(ST_EFORMAT, "memory tap '%s' is not of the form N.attn or N.mlp, N a block number from 0", text);
    if (scale) block = lround((double)block * config->layers / 12.0);
    if (block >= config->layers)
        return fail(ST_EFORMAT, "memory tap '%s' names block %ld, the image tower has blocks 0 to %d", text, block,
                    config->layers - 1);
    *out = (clip_tap_t){.block = (int)block, .after_mlp = mlp};
    return ST_OK;
}

typedef struct {
    size_t patches, stream, qkv, hidden, probs;
} plan_t;

static plan_t make_plan(const clip_config_t *config)
{
    const size_t T = (size_t)config->grid * (size_t)config->grid, R = T + 1;
    const size_t W = (size_t)config->width, P = (size_t)config->patch;
    return (plan_t){
        .patches = T * 3 * P * P, .stream = R * W, .qkv = R * 3 * W, .hidden = R * (size_t)config->mlp, .probs = R * R};
}

size_t clip_vision_bytes(const clip_config_t *config)
{
    plan_t plan = make_plan(config);
    return (plan.patches + 4 * plan.stream + plan.qkv + plan.hidden + plan.probs) * sizeof(float);
}

status_t clip_vision_open(clip_vision_t **out, const clip_model_t *model, const clip_tap_t taps[2])
{
    *out = NULL;
    clip_vision_t *vision = calloc(1, sizeof *vision);
    if (vision == NULL) return fail(ST_ENOMEM, "out of memory for the image tower");
    arena_init(&vision->arena, "image tower");
    vision->model = model;
    for (int i = 0; i < 2; i++) {
        REQUIRE(taps[i].block >= 0 && taps[i].block < model->config.layers);
        vision->taps[i] = taps[i];
    }
    plan_t plan = make_plan(&model->config);
    struct {
        float **slice;
        size_t count;
    } const slices[] = {
        {&vision->patches, plan.patches}, {&vision->ori, plan.stream},  {&vision->vv, plan.stream},
        {&vision->y, plan.stream},        {&vision->mix, plan.stream},  {&vision->qkv, plan.qkv},
        {&vision->hidden, plan.hidden},   {&vision->probs, plan.probs},
    };
    for (size_t i = 0; i < sizeof slices / sizeof *slices; i++) {
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

/* What of one block has to be computed. The choice depends on the taps, never on which outputs a caller wants, where
 * that could change the shape of a call and with it the last bits of another output. */
typedef struct {
    bool vv;       /* the V-V stream */
    bool split;    /* q, k and v by calls of their own: the last block without a tap */
    bool attn_all; /* every row of ori's attention */
    bool mlp_all;  /* every row of ori's MLP */
    bool cls;      /* row 0 of what is not done for all */
} work_t;

static bool tap_at(const clip_vision_t *vision, int block, bool or_later, bool after_mlp)
{
    for (int i = 0; i < 2; i++) {
        const clip_tap_t tap = vision->taps[i];
        if (or_later ? tap.block > block : tap.block == block && tap.after_mlp == after_mlp) return true;
    }
    return false;
}

static work_t work_of(const clip_vision_t *vision, const clip_features_t *out, int block)
{
    const bool last = block == vision->model->config.layers - 1;
    const bool memories = out->memory1 != NULL || out->memory2 != NULL;
    const bool further =
        ((out->cls != NULL || out->tokens != NULL) && !last) || (memories && tap_at(vision, block, true, false));
    const bool tap_mlp = tap_at(vision, block, false, true), tap_attn = tap_at(vision, block, false, false);
    const bool ori_wanted = memories || out->cls != NULL;
    return (work_t){.vv = out->tokens != NULL,
                    .split = last && !tap_mlp && !tap_attn,
                    .mlp_all = further || (tap_mlp && ori_wanted),
                    .attn_all = further || ((tap_mlp || tap_attn) && ori_wanted),
                    .cls = out->cls != NULL};
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
    const int T = config->grid * config->grid, W = config->width;
    cut_patches(vision->patches, pixels, config);
    memcpy(vision->ori, weights->class_row, (size_t)W * sizeof(float));
    ops_linear(vision->ori + W, vision->patches, weights->conv, NULL, T, W, 3 * config->patch * config->patch);
    const size_t count = (size_t)(T + 1) * (size_t)W;
    for (size_t i = 0; i < count; i++) vision->ori[i] += weights->position[i];
    ops_layernorm(vision->ori, NULL, NULL, vision->ori, weights->pre_gain, weights->pre_bias, T + 1, W);
    memcpy(vision->vv, vision->ori, count * sizeof(float));
}

/* rows of ori += mlp(ln_2(rows of ori)) for the first `rows`. */
static void apply_mlp(clip_vision_t *vision, const clip_block_t *block, int rows)
{
    const clip_config_t *config = &vision->model->config;
    const int W = config->width, F = config->mlp;
    ops_layernorm(vision->y, NULL, NULL, vision->ori, block->ln2_gain, block->ln2_bias, rows, W);
    ops_linear(vision->hidden, vision->y, block->fc_weight, NULL, rows, F, W);
    ops_activate(vision->hidden, NULL, vision->hidden, block->fc_bias, rows, F,
                 config->quick_gelu ? OPS_QUICK_GELU : OPS_GELU);
    ops_linear_add(vision->ori, vision->hidden, block->proj_weight, block->proj_bias, rows, W, F);
}

/* The two attentions of a block, each added to its stream. q, k, v come from ln_1(ori). */
static void apply_attention(clip_vision_t *vision, const clip_block_t *block, work_t work)
{
    const clip_config_t *config = &vision->model->config;
    const int R = config->grid * config->grid + 1, W = config->width, d = W / config->heads;
    const size_t WW = (size_t)W * (size_t)W;
    float *y = vision->y;
    ops_layernorm(y, NULL, NULL, vision->ori, block->ln1_gain, block->ln1_bias, R, W);
    ops_attention_t how = {
        .Tq = R, .Tk = R, .H = config->heads, .d = d, .ldo = W, .first = -1, .scale = (float)(1.0 / sqrt((double)d))};
    const float *q, *k, *v;
    if (!work.split) {
        ops_linear(vision->qkv, y, block->in_weight, block->in_bias, R, 3 * W, W);
        q = vision->qkv, k = q + W, v = k + W;
        how.ldq = how.ldk = how.ldv = 3 * W;
    } else { /* k and v of all rows, q of the class token */
        float *q1 = vision->qkv, *k1 = q1 + W, *v1 = k1 + (size_t)R * (size_t)W;
        ops_linear(v1, y, block->in_weight + 2 * WW, block->in_bias + 2 * W, R, W, W);
        if (work.cls) {
            ops_linear(q1, y, block->in_weight, block->in_bias, 1, W, W);
            ops_linear(k1, y, block->in_weight + WW, block->in_bias + W, R, W, W);
        }
        q = q1, k = k1, v = v1;
        how.ldq = how.ldk = how.ldv = W;
    }
    if (work.vv) {
        ops_attention_t self = how;
        self.ldq = self.ldk = how.ldv;
        ops_attention(vision->mix, vision->probs, v, v, v, &self, false);
        ops_linear_add(vision->vv, vision->mix, block->out_weight, block->out_bias, R, W, W);
    }
    if (work.attn_all || work.cls) {
        const int rows = work.attn_all ? R : 1;
        how.Tq = rows;
        ops_attention(vision->mix, vision->probs, q, k, v, &how, false);
        ops_linear_add(vision->ori, vision->mix, block->out_weight, block->out_bias, rows, W, W);
    }
}

static void save_taps(const clip_features_t *out, const clip_vision_t *vision, int block, bool after_mlp)
{
    const clip_config_t *config = &vision->model->config;
    float *const memory[2] = {out->memory1, out->memory2};
    for (int i = 0; i < 2; i++)
        if (memory[i] != NULL && vision->taps[i].block == block && vision->taps[i].after_mlp == after_mlp)
            ops_normalize(memory[i], NULL, vision->ori + config->width, config->grid * config->grid, config->width);
}

/* out (rows, E) = normalise(ln_post(x) proj). */
static void project(float *out, clip_vision_t *vision, const float *x, int rows)
{
    const clip_config_t *config = &vision->model->config;
    const clip_vision_weights_t *weights = &vision->model->vision;
    const int W = config->width, E = config->embed;
    ops_layernorm(vision->y, NULL, NULL, x, weights->post_gain, weights->post_bias, rows, W);
    ops_gemm(out, vision->y, weights->proj, rows, E, W, &(ops_gemm_t){.lda = W, .ldb = E, .ldc = E, .alpha = 1});
    ops_normalize(out, NULL, out, rows, E);
}

static bool all_finite(const float *x, size_t count)
{
    /* Rows are normalised: a finite sum of squares is at most the number of rows. */
    double total = 0;
    for (size_t i = 0; i < count; i++) total += (double)x[i] * (double)x[i];
    return isfinite(total);
}

status_t clip_vision_forward(clip_features_t *out, clip_vision_t *vision, const float *pixels)
{
    const clip_config_t *config = &vision->model->config;
    const int T = config->grid * config->grid;
    embed(vision, pixels);
    if (vision->watch != NULL) vision->watch(vision->watch_context, -1, vision->ori, vision->vv);
    for (int l = 0; l < config->layers; l++) {
        const clip_block_t *block = &vision->model->vision.block[l];
        const work_t work = work_of(vision, out, l);
        if (!work.vv && !work.attn_all && !work.cls) break;
        apply_attention(vision, block, work);
        save_taps(out, vision, l, false);
        if (work.mlp_all || work.cls) apply_mlp(vision, block, work.mlp_all ? T + 1 : 1);
        save_taps(out, vision, l, true);
        if (vision->watch != NULL) vision->watch(vision->watch_context, l, vision->ori, work.vv ? vision->vv : NULL);
    }
    if (out->cls != NULL) project(out->cls, vision, vision->ori, 1);
    if (out->tokens != NULL) project(out->tokens, vision, vision->vv + config->width, T);
    const struct {
        const float *x;
        int width;
        const char *name;
    } results[] = {{out->tokens, config->embed, "tokens"},
                   {out->memory1, config->width, "memory 1"},
                   {out->memory2, config->width, "memory 2"}};
    if (out->cls != NULL && !all_finite(out->cls, (size_t)config->embed))
        return fail(ST_EFORMAT, "'%s': the image tower's class feature is not finite", vision->model->dir);
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (results[i].x != NULL && !all_finite(results[i].x, (size_t)T * (size_t)results[i].width))
            return fail(ST_EFORMAT, "'%s': the image tower's %s are not finite (hint: do the weights overflow?)",
                        vision->model->dir, results[i].name);
    return ST_OK;
}
