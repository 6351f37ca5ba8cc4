/* From the streams of a batch to the features asked for, image by image: what is done here has the shapes of one image. */
#include "clip/clip_internal.h"

#include <math.h>
#include <string.h>

/* Taps at this place: a mean is summed up block by block. */
static void save_taps(float *const *out, const clip_feature_t *features, int n, const clip_vision_t *vision, int image,
                      int block, bool after_mlp)
{
    const clip_config_t *config = &vision->model->config;
    const int T = config->grid * config->grid, W = config->width;
    const size_t count = (size_t)T * (size_t)W;
    const float *ori = clip_vision_image(vision, vision->ori, image) + (size_t)clip_vision_first(config) * (size_t)W;
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

void clip_vision_save_taps(float *const *out, const clip_feature_t *features, int n, const clip_vision_t *vision,
                           int block, bool after_mlp)
{
    for (int i = 0; i < vision->images; i++)
        save_taps(out + (size_t)i * (size_t)n, features, n, vision, i, block, after_mlp);
}

static void save_heads(float *const *out, const clip_feature_t *features, int n, clip_vision_t *vision, int image)
{
    const clip_config_t *config = &vision->model->config;
    const int T = config->grid * config->grid;
    const size_t first = (size_t)clip_vision_first(config) * (size_t)config->width;
    const float *vv = clip_vision_image(vision, vision->vv, image) + first;
    const float *ori = clip_vision_image(vision, vision->ori, image) + first;
    const float *cls = vision->cls + (size_t)image * (size_t)config->width;
    for (int i = 0; i < n; i++) {
        const bool unit = !features[i].raw;
        if (features[i].kind == CLIP_FEATURE_CLS) clip_vision_project(out[i], vision, cls, 1, unit);
        if (features[i].kind == CLIP_FEATURE_TOKENS) clip_vision_project(out[i], vision, vv, T, unit);
        if (features[i].kind == CLIP_FEATURE_FINAL) clip_vision_project(out[i], vision, ori, T, unit);
    }
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

status_t clip_vision_save_heads(float *const *out, const clip_feature_t *features, int n, clip_vision_t *vision)
{
    for (int i = 0; i < vision->images; i++) save_heads(out + (size_t)i * (size_t)n, features, n, vision, i);
    /* Windows come last: they overwrite the streams. */
    for (int i = 0; i < vision->images * n; i++) {
        const clip_feature_t *feature = &features[i % n];
        if (feature->kind == CLIP_FEATURE_WINDOWS)
            clip_vision_windows(out[i], vision, clip_vision_image(vision, vision->start, i / n), feature->side,
                                !feature->raw);
    }
    for (int i = 0; i < vision->images; i++) TRY(check_finite(out + (size_t)i * (size_t)n, features, n, vision->model));
    return ST_OK;
}
