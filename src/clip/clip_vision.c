/* One pass of the image tower over the images of a batch: all features asked for, each with the bits it has alone. */
#include "clip/clip_internal.h"

#include <stdlib.h>

typedef struct {
    size_t patches, row, stream, qkv, hidden, branch, probs;
} plan_t;

/* `images` images of `rows` rows. */
static plan_t make_plan(const clip_config_t *config, int images, int rows)
{
    const size_t T = (size_t)config->grid * (size_t)config->grid, own = (size_t)clip_vision_count(config);
    const size_t R = (size_t)images * (size_t)rows, F = (size_t)config->mlp;
    const size_t W = (size_t)config->width, P = (size_t)config->patch;
    return (plan_t){.patches = T * 3 * P * P,
                    .row = (size_t)images * W,
                    .stream = R * W,
                    .qkv = R * 3 * W,
                    .hidden = R * F * (config->swiglu ? 3 : 1),
                    .branch = config->dino ? R * W : 0,
                    .probs = own * own};
}

size_t clip_vision_bytes(const clip_config_t *config)
{
    plan_t plan = make_plan(config, CLIP_BATCH, clip_vision_count(config) + CLIP_MORE_ROWS);
    return (plan.patches + plan.row + 6 * plan.stream + plan.qkv + plan.hidden + plan.branch + plan.probs) *
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
    status_t status = clip_vision_choose(&vision->most, &vision->rows, model);
    plan_t plan = make_plan(&model->config, vision->most, vision->rows);
    struct {
        float **slice;
        size_t count;
    } const slices[] = {
        {&vision->patches, plan.patches}, {&vision->start, plan.stream},  {&vision->ori, plan.stream},
        {&vision->vv, plan.stream},       {&vision->cls, plan.row},       {&vision->y, plan.stream},
        {&vision->mix, 2 * plan.stream},  {&vision->qkv, plan.qkv},       {&vision->hidden, plan.hidden},
        {&vision->probs, plan.probs},     {&vision->branch, plan.branch},
    };
    for (size_t i = 0; i < sizeof slices / sizeof *slices && status == ST_OK; i++) {
        if (slices[i].count == 0) continue;
        *slices[i].slice = arena_take(&vision->arena, slices[i].count, sizeof(float));
        if (*slices[i].slice == NULL) status = ST_ENOMEM;
    }
    if (status == ST_OK)
        *out = vision;
    else
        clip_vision_close(vision);
    return status;
}

void clip_vision_close(clip_vision_t *vision)
{
    if (vision == NULL) return;
    arena_free(&vision->arena);
    free(vision);
}

int clip_vision_batch(const clip_vision_t *vision)
{
    return vision->most;
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
        wanted.attn_through = clip_larger(wanted.attn_through, attn);
        wanted.mlp_through = clip_larger(wanted.mlp_through, mlp);
    }
    return wanted;
}

status_t clip_vision_encode_batch(float *const *out, clip_vision_t *vision, const clip_feature_t *features, int count,
                                  const float *const *pixels, int images)
{
    REQUIRE(out != NULL && features != NULL && count > 0 && pixels != NULL);
    REQUIRE(images == 1 || images == vision->most);
    const int last = vision->model->config.layers - 1, rows = images * vision->rows;
    const wanted_t wanted = find_wanted(features, count, last);
    const bool heads = wanted.cls || wanted.tokens;
    vision->images = images;
    clip_vision_embed(vision, pixels);
    if (vision->watch != NULL) vision->watch(vision->watch_context, -1, vision->ori, vision->vv);
    for (int l = 0; l <= (heads ? last : wanted.attn_through); l++) {
        const clip_block_t *block = &vision->model->vision.block[l];
        clip_vision_norm(vision, vision->y, vision->ori, block->ln1_gain, block->ln1_bias, rows);
        if (l == last && heads) clip_vision_attend_last(vision, block, wanted.cls, wanted.tokens);
        if (l <= wanted.attn_through) {
            clip_vision_attend_all(vision, block, wanted.tokens && l < last);
            clip_vision_save_taps(out, features, count, vision, l, false);
        }
        for (int i = 0; i < images && l == last && wanted.cls; i++)
            clip_vision_mlp(vision, vision->cls + (size_t)i * (size_t)vision->model->config.width, block, 1);
        if (l <= wanted.mlp_through) {
            clip_vision_mlp(vision, vision->ori, block, rows);
            clip_vision_save_taps(out, features, count, vision, l, true);
        }
        if (vision->watch != NULL)
            vision->watch(vision->watch_context, l, l == last && wanted.cls ? vision->cls : vision->ori,
                          wanted.tokens ? vision->vv : NULL);
    }
    return clip_vision_save_heads(out, features, count, vision);
}

status_t clip_vision_encode(float *const *out, clip_vision_t *vision, const clip_feature_t *features, int count,
                            const float *pixels)
{
    return clip_vision_encode_batch(out, vision, features, count, &pixels, 1);
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
