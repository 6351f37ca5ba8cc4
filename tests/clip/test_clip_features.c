/* Every array that the image tower offers, against PyTorch; their names; and that none changes with its company. */
#include "support/check.h"

#include "clip/clip_internal.h"
#include "tools/toy_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Relative to the largest value of each array: float32 against double through 12 blocks. */
#define TOLERANCE 1e-4
#define MOST 40

typedef struct {
    check_golden_t *golden;
    clip_model_t *model;
    clip_vision_t *vision;
    const clip_config_t *config;
} toy_t;

static void open_toy(toy_t *toy, const char *preset, uint64_t seed)
{
    char path[64];
    snprintf(path, sizeof path, "clip/features-%s", preset);
    toy->golden = check_golden_open(path);
    const char *dir = check_temp_dir("clip-features");
    check_error(toy_model_write(dir, toy_preset_find(preset), seed, false), ST_OK, "");
    check_error(clip_model_open(&toy->model, dir), ST_OK, "");
    check_error(clip_vision_open(&toy->vision, toy->model, NULL), ST_OK, "");
    toy->config = clip_model_config(toy->model);
}

static void close_toy(toy_t *toy)
{
    clip_vision_close(toy->vision);
    clip_model_close(toy->model);
    check_golden_close(toy->golden);
}

static size_t floats_of(const clip_feature_t *feature, const clip_config_t *config)
{
    return (size_t)clip_feature_rows(feature, config) * (size_t)clip_feature_width(feature, config);
}

static const char *const toy_names[] = {"cls",
                                        "final",
                                        "0.attn",
                                        "6.mlp",
                                        "last.attn",
                                        "last.mlp",
                                        "windows1",
                                        "windows2",
                                        "windows3",
                                        "windows5",
                                        "mean(0.mlp..11.mlp)",
                                        "mean(5.attn..last.attn)",
                                        "cls-raw",
                                        "final-raw",
                                        "6.mlp-raw",
                                        "0.attn-raw",
                                        "11.mlp-raw",
                                        "windows2-raw",
                                        "mean(0.mlp..11.mlp)-raw",
                                        NULL};
static const char *const quick_names[] = {
    "cls", "final-raw", "0.attn", "1.mlp-raw", "1.attn", "windows2", "windows1", "windows3", "mean(0.mlp..1.mlp)-raw",
    NULL};

static int take_features(float **out, clip_feature_t *features, const char *const *names, const clip_config_t *config)
{
    int count = 0;
    for (; names[count] != NULL; count++) {
        check_error(clip_feature_parse(&features[count], names[count], config), ST_OK, "");
        out[count] = malloc(floats_of(&features[count], config) * sizeof(float));
    }
    return count;
}

static void compare(const char *preset, uint64_t seed, const char *const *names)
{
    toy_t toy;
    open_toy(&toy, preset, seed);
    float *out[MOST];
    clip_feature_t features[MOST];
    const int count = take_features(out, features, names, toy.config);
    const float *pixels = check_golden_f32(toy.golden, "pixels", NULL, NULL);
    check_error(clip_vision_encode(out, toy.vision, features, count, pixels), ST_OK, "");
    for (int i = 0; i < count; i++) {
        char name[CLIP_FEATURE_TEXT];
        size_t wanted;
        clip_feature_text(name, &features[i]);
        const float *want = check_golden_f32(toy.golden, name, &wanted, NULL);
        assert_int_equal(wanted, floats_of(&features[i], toy.config));
        check_array(name, out[i], want, wanted, TOLERANCE);
        free(out[i]);
    }
    close_toy(&toy);
}

static void every_feature_equals_pytorch(void **state)
{
    (void)state;
    compare("toy", 6, toy_names);
    compare("toy-quick", 7, quick_names);
}

static void a_feature_has_the_bits_that_it_has_alone(void **state)
{
    (void)state;
    toy_t toy;
    open_toy(&toy, "toy", 6);
    float *out[MOST];
    clip_feature_t features[MOST];
    const char *names[MOST] = {"tokens", "tokens-raw"};
    for (int i = 0; toy_names[i] != NULL; i++) names[i + 2] = toy_names[i];
    const int count = take_features(out, features, names, toy.config);
    const float *pixels = check_golden_f32(toy.golden, "pixels", NULL, NULL);
    check_error(clip_vision_encode(out, toy.vision, features, count, pixels), ST_OK, "");
    for (int i = 0; i < count; i++) {
        const size_t floats = floats_of(&features[i], toy.config);
        float *alone = malloc(floats * sizeof *alone);
        check_error(clip_vision_encode(&alone, toy.vision, &features[i], 1, pixels), ST_OK, "");
        if (memcmp(alone, out[i], floats * sizeof *alone) != 0) fail_msg("%s depends on its company", names[i]);
        free(alone);
    }
    for (int i = 0; i < count; i++) free(out[i]);
    close_toy(&toy);
}

/* Image after image and as a batch, where this BLAS allows one. */
static void an_image_has_the_bits_that_it_has_alone(void **state)
{
    (void)state;
    static const char *const presets[] = {"toy", "toy-quick"};
    for (int p = 0; p < 2; p++) {
        toy_t toy;
        open_toy(&toy, presets[p], 6 + (uint64_t)p);
        const int images = clip_vision_batch(toy.vision);
        assert_true(images == 1 || images == CLIP_BATCH);
        const char *names[MOST] = {"tokens", "cls", "final", "0.attn", "last.mlp", "windows2", NULL};
        float *out[CLIP_BATCH * MOST], *alone[MOST], *pixels[CLIP_BATCH];
        clip_feature_t features[MOST];
        const int count = take_features(alone, features, names, toy.config);
        const size_t floats = 3 * (size_t)toy.config->image_size * (size_t)toy.config->image_size;
        for (int i = 0; i < images; i++) {
            assert_int_equal(take_features(out + i * count, features, names, toy.config), count);
            pixels[i] = malloc(floats * sizeof(float));
            for (size_t j = 0; j < floats; j++) pixels[i][j] = (float)sin((double)j * (i + 1));
        }
        check_error(clip_vision_encode_batch(out, toy.vision, features, count, (const float *const *)pixels, images),
                    ST_OK, "");
        for (int i = images - 1; i >= 0; i--) {
            check_error(clip_vision_encode(alone, toy.vision, features, count, pixels[i]), ST_OK, "");
            for (int f = 0; f < count; f++) {
                if (memcmp(alone[f], out[i * count + f], floats_of(&features[f], toy.config) * sizeof(float)) != 0)
                    fail_msg("%s of image %d of %d depends on its company", names[f], i, images);
                free(out[i * count + f]);
            }
            free(pixels[i]);
        }
        for (int f = 0; f < count; f++) free(alone[f]);
        close_toy(&toy);
    }
}

/* method/README.md 12: the one window of the grid's side sees the whole image. */
static void the_window_of_the_whole_image_is_its_class_token(void **state)
{
    (void)state;
    toy_t toy;
    open_toy(&toy, "toy", 6);
    float *out[MOST];
    clip_feature_t features[MOST];
    const int count = take_features(out, features, (const char *const[]){"cls", "windows5", NULL}, toy.config);
    const float *pixels = check_golden_f32(toy.golden, "pixels", NULL, NULL);
    check_error(clip_vision_encode(out, toy.vision, features, count, pixels), ST_OK, "");
    check_array("windows5", out[1], out[0], (size_t)toy.config->embed, 1e-6);
    free(out[0]), free(out[1]);
    close_toy(&toy);
}

static void other_image_sizes_equal_pytorch(void **state)
{
    (void)state;
    static const int sizes[] = {20, 28, 8};
    check_golden_t *golden = check_golden_open("clip/sizes-toy-quick");
    char dir[512];
    snprintf(dir, sizeof dir, "%s", check_temp_dir("clip-features"));
    check_error(toy_model_write(dir, toy_preset_find("toy-quick"), 8, false), ST_OK, "");
    for (int s = 0; s < 3; s++) {
        clip_model_t *model = NULL;
        clip_vision_t *vision = NULL;
        check_error(clip_model_open_size(&model, dir, sizes[s]), ST_OK, "");
        check_error(clip_vision_open(&vision, model, NULL), ST_OK, "");
        const clip_config_t *config = clip_model_config(model);
        static const char *const names[] = {"cls", "1.attn", NULL};
        float *out[2];
        clip_feature_t features[2];
        char key[32];
        take_features(out, features, names, config);
        snprintf(key, sizeof key, "%d.pixels", sizes[s]);
        check_error(clip_vision_encode(out, vision, features, 2, check_golden_f32(golden, key, NULL, NULL)), ST_OK, "");
        for (int i = 0; i < 2; i++) {
            size_t count;
            snprintf(key, sizeof key, "%d.%s", sizes[s], names[i]);
            const float *want = check_golden_f32(golden, key, &count, NULL);
            assert_int_equal(count, floats_of(&features[i], config));
            check_array(key, out[i], want, count, TOLERANCE);
            free(out[i]);
        }
        clip_vision_close(vision);
        clip_model_close(model);
    }
    check_golden_close(golden);
}

static void features_are_named_and_refused_by_name(void **state)
{
    (void)state;
    const clip_config_t config = {.layers = 12, .grid = 15, .width = 896, .embed = 640};
    static const char *const same[][2] = {
        {"cls", "cls"},
        {"last.mlp-raw", "11.mlp-raw"},
        {"mean(6.mlp..last.mlp)", "mean(6.mlp..11.mlp)"},
        {"windows03", "windows3"},
        {"03.attn", "3.attn"},
        {"1/4.mlp", "2.mlp"},
        {"4/4.attn-raw", "11.attn-raw"},
        {"mean(7/12.mlp..9/12.mlp)", "mean(6.mlp..8.mlp)"},
        {"1/100.mlp", "0.mlp"},
        {"turned8(final)", "turned8(final)"},
        {"turned30s(mean(7/12.mlp..9/12.mlp))-raw", "turned30s(mean(6.mlp..8.mlp))-raw"},
        {"turned360s02000000000(mean(10.mlp..last.mlp))-raw", "turned360s2000000000(mean(10.mlp..11.mlp))-raw"}};
    clip_feature_t feature;
    char text[CLIP_FEATURE_TEXT];
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        check_error(clip_feature_parse(&feature, same[i][0], &config), ST_OK, "");
        clip_feature_text(text, &feature);
        assert_string_equal(text, same[i][1]);
    }
    const clip_config_t shallow = {.layers = 3, .grid = 15, .width = 896, .embed = 640};
    check_error(clip_feature_parse(&feature, "mean(7/12.mlp..9/12.mlp)-raw", &shallow), ST_OK, "");
    clip_feature_text(text, &feature);
    assert_string_equal(text, "1.mlp-raw");
    check_error(clip_feature_parse(&feature, "mean(9/12.mlp..1/12.mlp)", &config), ST_EFORMAT,
                "the second of a later block");
    check_error(clip_feature_parse(&feature, "windows2", &config), ST_OK, "");
    assert_int_equal(clip_feature_rows(&feature, &config), 196);
    assert_int_equal(clip_feature_width(&feature, &config), 640);
    static const char *const bad[][2] = {
        {"windows16", "windows of 16 tokens a side, the image tower's grid has 15 x 15"},
        {"windows", "is not of the form windowsN"},
        {"windows0", "is not of the form windowsN"},
        {"windows2x", "is not of the form windowsN"},
        {"12.mlp", "names block 12, the image tower has blocks 0 to 11"},
        {"mean(6.mlp..6.mlp)", "the second of a later block"},
        {"mean(6.mlp..8.attn)", "both .attn or both .mlp"},
        {"mean(6.mlp)", "is not of the form mean(A..B)"},
        {"mean(6.mlp..8.mlp", "is not of the form mean(A..B)"},
        {"mean(", "is not of the form mean(A..B)"},
        {"mean(6.mlp..12.mlp)", "names block 12"},
        {"turned1(final)", "is not of the form turnedN(FEATURE), N from 2 to 360, or turnedNsSEED(FEATURE)"},
        {"turned0s(final)", "is not of the form turnedN(FEATURE)"},
        {"turned361(final)", "is not of the form turnedN(FEATURE)"},
        {"turned4sx(final)", "is not of the form turnedN(FEATURE)"},
        {"turned4s1", "is not of the form turnedN(FEATURE)"},
        {"turned4s1(turned2(final))", "is not of the form turnedN(FEATURE)"},
        {"5/4.mlp", "a share of the depth is as 1/4, above 0 and up to 1"},
        {"1/.mlp", "a share of the depth is as 1/4"},
        {"0/4.mlp", "a share of the depth is as 1/4"},
        {"clss", "feature 'clss' (cls, tokens, final, a tap"},
        {"-raw", "feature '-raw'"},
        {"", "is not of the form N.attn"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_error(clip_feature_parse(&feature, bad[i][0], &config), ST_EFORMAT, bad[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_feature_equals_pytorch),
        cmocka_unit_test(a_feature_has_the_bits_that_it_has_alone),
        cmocka_unit_test(an_image_has_the_bits_that_it_has_alone),
        cmocka_unit_test(the_window_of_the_whole_image_is_its_class_token),
        cmocka_unit_test(other_image_sizes_equal_pytorch),
        cmocka_unit_test(features_are_named_and_refused_by_name),
    };
    return cmocka_run_group_tests_name("clip_features", tests, NULL, NULL);
}
