/* bench_tower [DIR [FILE]]: the image tower at ViT-B/16+ 240 shapes on one core. For one image and a batch: ms of
 * processor time and of wall time an image (best of n), GFLOP/s over the products really done, and the share of the
 * machine's own sgemm rate measured in the same run. DIR: a model directory; without it one of random weights is
 * made. FILE gets class token, patch tokens and both taps, for bench_tower.py to compare. Products:
 * bench_products.h. */
#include "bench/bench_products.h"
#include "clip/clip.h"
#include "ops/ops.h"
#include "tools/toy_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Multiply-adds count two. What METHOD.md 2's savings leave out of the last block is not counted. */
static double tower_flops(const clip_config_t *c)
{
    const double T = c->grid * c->grid, R = T + 1, W = c->width, F = c->mlp, E = c->embed, P = c->patch;
    const double embed = T * W * 3 * P * P, attention = 2 * R * R * W;
    const double block = R * 3 * W * W + 2 * attention + 2 * R * W * W + 2 * R * W * F;
    const double last = 2 * R * W * W + W * W + attention + 2 * R * W + R * W * W + W * W + 2 * W * F;
    return 2 * (embed + (c->layers - 1) * block + last + (T + 1) * W * E);
}

/* Processor time: one thread computes here, so it is the wall time of an idle machine, and still a figure on a busy
 * one. */
static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

enum { ROUNDS = 5 };

static double sgemm_rate(void)
{
    enum { SIDE = 1536 };
    float *a = malloc(sizeof(float) * SIDE * SIDE), *b = malloc(sizeof(float) * SIDE * SIDE);
    float *c = malloc(sizeof(float) * SIDE * SIDE);
    double best = INFINITY;
    if (a != NULL && b != NULL && c != NULL) {
        for (int i = 0; i < SIDE * SIDE; i++) a[i] = (float)(i % 7) - 3, b[i] = (float)(i % 5) - 2;
        for (int n = 0; n < 5; n++) {
            double start = cpu_seconds();
            ops_linear(c, a, b, NULL, SIDE, SIDE, SIDE);
            best = fmin(best, cpu_seconds() - start);
        }
    }
    free(a), free(b), free(c);
    return 2.0 * SIDE * SIDE * SIDE / best;
}

static status_t write_features(const char *path, const float *const arrays[4], const size_t floats[4])
{
    FILE *file = path != NULL ? fopen(path, "wb") : NULL;
    if (path == NULL) return ST_OK;
    bool whole = file != NULL;
    for (int a = 0; a < 4 && whole; a++) whole = fwrite(arrays[a], sizeof(float), floats[a], file) == floats[a];
    return (file == NULL || fclose(file) == 0) && whole ? ST_OK : fail(ST_EIO, "'%s' cannot be written", path);
}

static status_t bench(const char *dir, const char *path)
{
    const clip_products_t products = bench_products();
    status_t status = ST_OK;
    clip_model_t *model = NULL;
    clip_vision_t *vision = NULL;
    float *pixels = NULL;
    clip_features_t out = {0};
    float *many[4 * CLIP_BATCH] = {NULL};
    const float *batch[CLIP_BATCH];
    TRY_DONE(clip_model_open(&model, dir));
    TRY_DONE(clip_model_products(model, products, 1));
    const clip_config_t *c = clip_model_config(model);
    const clip_tap_t taps[2] = {{3, false}, {8, false}};
    TRY_DONE(clip_vision_open(&vision, model, taps));
    const size_t T = (size_t)(c->grid * c->grid), S = (size_t)c->image_size;
    pixels = base_alloc(3 * S * S, sizeof(float));
    out.cls = base_alloc((size_t)c->embed, sizeof(float));
    out.tokens = base_alloc(T * (size_t)c->embed, sizeof(float));
    out.memory1 = base_alloc(T * (size_t)c->width, sizeof(float));
    out.memory2 = base_alloc(T * (size_t)c->width, sizeof(float));
    if (pixels == NULL || out.cls == NULL || out.tokens == NULL || out.memory1 == NULL || out.memory2 == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    for (size_t i = 0; i < 3 * S * S; i++) pixels[i] = (float)sin((double)i);
    const double flops = tower_flops(c), rate = sgemm_rate();
    printf("%s\n%s, workspace %.1f MB, %.2f GFLOP an image, sgemm of this run %.1f GFLOP/s\n", clip_backend(products),
           dir, (double)clip_vision_bytes(c) / 1e6, flops / 1e9, rate / 1e9);
    TRY_DONE(clip_vision_forward(&out, vision, pixels));
    const clip_feature_t feature[4] = {{.kind = CLIP_FEATURE_CLS},
                                       {.kind = CLIP_FEATURE_TOKENS},
                                       {.kind = CLIP_FEATURE_TAP, .from = taps[0], .to = taps[0]},
                                       {.kind = CLIP_FEATURE_TAP, .from = taps[1], .to = taps[1]}};
    const size_t floats[4] = {(size_t)c->embed, T * (size_t)c->embed, T * (size_t)c->width, T * (size_t)c->width};
    const float *const one[4] = {out.cls, out.tokens, out.memory1, out.memory2};
    TRY_DONE(write_features(path, one, floats));
    const int most = clip_vision_batch(vision);
    for (int i = 0; i < most; i++) {
        batch[i] = pixels;
        for (int f = 0; f < 4; f++) {
            many[4 * i + f] = base_alloc(floats[f], sizeof(float));
            if (many[4 * i + f] == NULL) status = ST_ENOMEM;
        }
    }
    if (status != ST_OK) goto done;
    for (int images = 1; images <= most; images += most > 1 ? most - 1 : 1) {
        double best = INFINITY, wall = INFINITY;
        for (int n = 0; n < ROUNDS; n++) {
            double start = cpu_seconds(), start_wall = clock_seconds();
            TRY_DONE(clip_vision_encode_batch(many, vision, feature, 4, batch, images));
            best = fmin(best, (cpu_seconds() - start) / images);
            wall = fmin(wall, (clock_seconds() - start_wall) / images);
        }
        for (int i = 0; i < 4 * images; i++)
            if (memcmp(many[i], one[i % 4], floats[i % 4] * sizeof(float)) != 0) {
                status = fail(ST_EIO, "image %d of %d has other bits than alone", i / 4 + 1, images);
                goto done;
            }
        printf(
            "%d image%s at once: %.1f ms an image (best of %d; wall %.1f ms), %.1f GFLOP/s, %.0f %% of sgemm, bits as "
            "alone\n",
            images, images == 1 ? "" : "s", best * 1e3, ROUNDS, wall * 1e3, flops / best / 1e9,
            100 * flops / best / rate);
    }
done:
    for (int i = 0; i < 4 * CLIP_BATCH; i++) free(many[i]);
    free(pixels), free(out.cls), free(out.tokens), free(out.memory1), free(out.memory2);
    clip_vision_close(vision);
    clip_model_close(model);
    return status;
}

int main(int argc, char **argv)
{
    const char *dir = argc > 1 ? argv[1] : "bench-model";
    status_t status = ops_set_threads(1);
    if (argc <= 1 && status == ST_OK) status = toy_model_write(dir, toy_preset_find("vit-b-16-plus-240"), 1, false);
    if (status == ST_OK) status = bench(dir, argc > 2 ? argv[2] : NULL);
    if (status != ST_OK) fprintf(stderr, "bench_tower: %s\n", fail_message());
    return status != ST_OK;
}
