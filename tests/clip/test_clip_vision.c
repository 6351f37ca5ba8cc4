/* The image tower against PyTorch on seeded toy models: every block of both streams, both taps, class token, tokens. */
#include "support/check.h"

#include "clip/clip_internal.h"
#include "tools/toy_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Relative to the largest value of each array: float32 against double through 12 blocks stays some 20 times below. */
#define TOLERANCE 1e-4

static clip_model_t *toy(const char *preset, uint64_t seed, bool half)
{
    const char *dir = check_temp_dir("clip-vision");
    check_error(toy_model_write(dir, toy_preset_find(preset), seed, half), ST_OK, "");
    clip_model_t *model = NULL;
    check_error(clip_model_open(&model, dir), ST_OK, "");
    return model;
}

typedef struct {
    const check_golden_t *golden;
    size_t stream; /* floats of one stream */
    size_t width;
    int last;
    int seen;
} watcher_t;

static void compare_block(void *context, int block, const float *ori, const float *vv)
{
    watcher_t *watcher = context;
    char name[32];
    watcher->seen++;
    if (block < 0) {
        check_array("x0", ori, check_golden_f32(watcher->golden, "x0", NULL, NULL), watcher->stream, TOLERANCE);
        return;
    }
    snprintf(name, sizeof name, "ori.%d", block);
    /* In the last block ori is computed for the class token alone. */
    size_t count = block == watcher->last ? watcher->width : watcher->stream;
    check_array(name, ori, check_golden_f32(watcher->golden, name, NULL, NULL), count, TOLERANCE);
    snprintf(name, sizeof name, "vv.%d", block);
    check_array(name, vv, check_golden_f32(watcher->golden, name, NULL, NULL), watcher->stream, TOLERANCE);
}

typedef struct {
    clip_features_t features;
    size_t cls, tokens, memory;
} outputs_t;

static outputs_t make_outputs(const clip_config_t *config)
{
    const size_t T = (size_t)(config->grid * config->grid), E = (size_t)config->embed, W = (size_t)config->width;
    outputs_t out = {.cls = E, .tokens = T * E, .memory = T * W};
    out.features.cls = calloc(out.cls, sizeof(float));
    out.features.tokens = calloc(out.tokens, sizeof(float));
    out.features.memory1 = calloc(out.memory, sizeof(float));
    out.features.memory2 = calloc(out.memory, sizeof(float));
    return out;
}

static void free_outputs(outputs_t *out)
{
    free(out->features.cls), free(out->features.tokens), free(out->features.memory1), free(out->features.memory2);
}

static void compare_outputs(const outputs_t *out, const check_golden_t *golden)
{
    check_array("cls", out->features.cls, check_golden_f32(golden, "cls", NULL, NULL), out->cls, TOLERANCE);
    check_array("tokens", out->features.tokens, check_golden_f32(golden, "tokens", NULL, NULL), out->tokens, TOLERANCE);
    check_array("memory1", out->features.memory1, check_golden_f32(golden, "memory1", NULL, NULL), out->memory,
                TOLERANCE);
    check_array("memory2", out->features.memory2, check_golden_f32(golden, "memory2", NULL, NULL), out->memory,
                TOLERANCE);
}

static void compare(const char *name, const char *preset, uint64_t seed, bool half, const char *tap1, const char *tap2)
{
    char path[64];
    snprintf(path, sizeof path, "clip/vision-%s", name);
    check_golden_t *golden = check_golden_open(path);
    clip_model_t *model = toy(preset, seed, half);
    const clip_config_t *config = clip_model_config(model);
    clip_tap_t taps[2];
    check_error(clip_tap_parse(&taps[0], tap1, config), ST_OK, "");
    check_error(clip_tap_parse(&taps[1], tap2, config), ST_OK, "");
    clip_vision_t *vision = NULL;
    check_error(clip_vision_open(&vision, model, taps), ST_OK, "");
    outputs_t out = make_outputs(config);
    watcher_t watcher = {.golden = golden,
                         .stream = (size_t)((config->grid * config->grid + 1) * config->width),
                         .width = (size_t)config->width,
                         .last = config->layers - 1};
    if (check_golden_has(golden, "x0")) clip_vision_watch(vision, compare_block, &watcher);
    check_error(clip_vision_forward(&out.features, vision, check_golden_f32(golden, "pixels", NULL, NULL)), ST_OK, "");
    if (check_golden_has(golden, "x0")) assert_int_equal(watcher.seen, config->layers + 1);
    compare_outputs(&out, golden);
    free_outputs(&out);
    clip_vision_close(vision);
    clip_model_close(model);
    check_golden_close(golden);
}

static void every_block_of_both_streams_equals_pytorch(void **state)
{
    (void)state;
    compare("toy", "toy", 1, false, "3.attn", "8.attn");
}

static void taps_after_the_mlp_and_in_the_last_block_equal_pytorch(void **state)
{
    (void)state;
    compare("toy-mlp", "toy", 2, false, "2.mlp", "11.mlp");
    compare("toy-last", "toy", 2, false, "11.attn", "0.attn");
}

static void f16_weights_equal_pytorch(void **state)
{
    (void)state;
    compare("toy-half", "toy", 3, true, "3.attn", "8.attn");
}

static void quick_gelu_equals_pytorch(void **state)
{
    (void)state;
    compare("quick", "toy-quick", 4, false, "0.mlp", "1.attn");
}

/* Leaving outputs out saves work; what is left must not change by a bit, nor with what was computed before. */
static void the_bits_of_an_output_do_not_depend_on_the_others_or_on_history(void **state)
{
    (void)state;
    clip_model_t *model = toy("toy", 1, false);
    const clip_config_t *config = clip_model_config(model);
    static const char *const pairs[3][2] = {{"3.attn", "8.attn"}, {"1.mlp", "11.mlp"}, {"11.attn", "3.mlp"}};
    for (int p = 0; p < 3; p++) {
        clip_tap_t taps[2];
        for (int i = 0; i < 2; i++) check_error(clip_tap_parse(&taps[i], pairs[p][i], config), ST_OK, "");
        clip_vision_t *vision = NULL;
        check_error(clip_vision_open(&vision, model, taps), ST_OK, "");
        float pixels[3 * 20 * 20];
        toy_model_pixels(pixels, toy_preset_find("toy"), 7);
        outputs_t all = make_outputs(config);
        check_error(clip_vision_forward(&all.features, vision, pixels), ST_OK, "");
        for (int mask = 1; mask < 16; mask++) {
            outputs_t some = make_outputs(config);
            clip_features_t wanted = {.cls = mask & 1 ? some.features.cls : NULL,
                                      .tokens = mask & 2 ? some.features.tokens : NULL,
                                      .memory1 = mask & 4 ? some.features.memory1 : NULL,
                                      .memory2 = mask & 8 ? some.features.memory2 : NULL};
            check_error(clip_vision_forward(&wanted, vision, pixels), ST_OK, "");
            if (mask & 1) assert_memory_equal(some.features.cls, all.features.cls, all.cls * sizeof(float));
            if (mask & 2) assert_memory_equal(some.features.tokens, all.features.tokens, all.tokens * sizeof(float));
            if (mask & 4) assert_memory_equal(some.features.memory1, all.features.memory1, all.memory * sizeof(float));
            if (mask & 8) assert_memory_equal(some.features.memory2, all.features.memory2, all.memory * sizeof(float));
            free_outputs(&some);
        }
        free_outputs(&all);
        clip_vision_close(vision);
    }
    clip_model_close(model);
}

static void taps_are_parsed(void **state)
{
    (void)state;
    const clip_config_t deep = {.layers = 24}, plain = {.layers = 12};
    clip_tap_t tap;
    check_error(clip_tap_parse(&tap, "3.attn", &plain), ST_OK, "");
    assert_true(tap.block == 3 && !tap.after_mlp);
    check_error(clip_tap_parse(&tap, "18.mlp", &deep), ST_OK, "");
    assert_true(tap.block == 18 && tap.after_mlp);
    check_error(clip_tap_parse(&tap, "12.mlp", &plain), ST_EFORMAT,
                "memory tap '12.mlp' names block 12, the image tower has blocks 0 to 11");
    static const char *const bad[] = {"", "4", "attn", "4.att", "-1.attn", "4.attn ", "x.mlp"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_error(clip_tap_parse(&tap, bad[i], &plain), ST_EFORMAT, "is not of the form N.attn or N.mlp");
}

static void pixels_that_are_not_finite_are_reported_not_passed_on(void **state)
{
    (void)state;
    clip_model_t *model = toy("toy-quick", 1, false);
    const clip_tap_t taps[2] = {{0, false}, {1, false}};
    clip_vision_t *vision = NULL;
    check_error(clip_vision_open(&vision, model, taps), ST_OK, "");
    float pixels[3 * 12 * 12];
    toy_model_pixels(pixels, toy_preset_find("toy-quick"), 7);
    pixels[5] = NAN;
    outputs_t out = make_outputs(clip_model_config(model));
    check_error(clip_vision_forward(&out.features, vision, pixels), ST_EFORMAT, "not finite");
    free_outputs(&out);
    clip_vision_close(vision);
    clip_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_of_both_streams_equals_pytorch),
        cmocka_unit_test(taps_after_the_mlp_and_in_the_last_block_equal_pytorch),
        cmocka_unit_test(f16_weights_equal_pytorch),
        cmocka_unit_test(quick_gelu_equals_pytorch),
        cmocka_unit_test(the_bits_of_an_output_do_not_depend_on_the_others_or_on_history),
        cmocka_unit_test(taps_are_parsed),
        cmocka_unit_test(pixels_that_are_not_finite_are_reported_not_passed_on),
    };
    return cmocka_run_group_tests_name("clip_vision", tests, NULL, NULL);
}
