/* DINOv2 towers against transformers on toys that it saved itself: MLP and SwiGLU, with and without registers, at the
 * stored image size, a larger and a smaller one. */
#include "support/check.h"

#include "clip/clip.h"
#include "io/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 1e-5 /* float32 against double through three blocks; positions are interpolated in float32 there */

static const char *toy_dir(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/clip/%s", FGAD_GOLDEN_DIR, name);
    return path;
}

static void compare_size(const check_golden_t *golden, const char *name, int size)
{
    static const char *const features[] = {"cls-raw",    "final",      "0.attn",
                                           "0.mlp-raw",  "1.attn-raw", "1.mlp-raw",
                                           "2.attn-raw", "2.mlp-raw",  "mean(0.mlp..2.mlp)-raw"};
    enum { COUNT = sizeof features / sizeof *features };
    clip_model_t *model = NULL;
    clip_vision_t *vision = NULL;
    check_error(clip_model_open_size(&model, toy_dir(name), size), ST_OK, "");
    check_error(clip_vision_open(&vision, model, NULL), ST_OK, "");
    const clip_config_t *config = clip_model_config(model);
    assert_true(config->dino && config->grid == size / 4 && config->position_grid == 7);
    clip_feature_t feature[COUNT];
    float *out[COUNT];
    for (int i = 0; i < COUNT; i++) {
        check_error(clip_feature_parse(&feature[i], features[i], config), ST_OK, "");
        out[i] = malloc((size_t)clip_feature_rows(&feature[i], config) *
                        (size_t)clip_feature_width(&feature[i], config) * sizeof(float));
    }
    char key[64];
    snprintf(key, sizeof key, "%d.pixels", size);
    check_error(clip_vision_encode(out, vision, feature, COUNT, check_golden_f32(golden, key, NULL, NULL)), ST_OK, "");
    for (int i = 0; i < COUNT; i++) {
        size_t count;
        snprintf(key, sizeof key, "%d.%s", size, features[i]);
        const float *want = check_golden_f32(golden, key, &count, NULL);
        assert_int_equal(count, clip_feature_rows(&feature[i], config) * clip_feature_width(&feature[i], config));
        check_array(key, out[i], want, count, TOLERANCE);
        free(out[i]);
    }
    clip_vision_close(vision);
    clip_model_close(model);
}

static void compare(const char *name)
{
    char path[64];
    size_t count;
    snprintf(path, sizeof path, "clip/%s", name);
    check_golden_t *golden = check_golden_open(path);
    const int32_t *sizes = check_golden_i32(golden, "sizes", &count, NULL);
    for (size_t i = 0; i < count; i++) compare_size(golden, name, sizes[i]);
    check_golden_close(golden);
}

static void an_mlp_tower_equals_transformers(void **state)
{
    (void)state;
    compare("dinov2-mlp");
}

static void registers_and_swiglu_equal_transformers(void **state)
{
    (void)state;
    compare("dinov2-registers");
    compare("dinov2-swiglu");
}

static void images_get_imagenets_mean_and_deviation(void **state)
{
    (void)state;
    const uint8_t white[3] = {255, 255, 255};
    float out[3];
    const io_image_t image = {.width = 1, .height = 1, .pixels = (uint8_t *)white};
    check_error(clip_preprocess(out, &image, &(clip_config_t){.dino = true, .image_size = 1}), ST_OK, "");
    const float want[3] = {(1 - 0.485F) / 0.229F, (1 - 0.456F) / 0.224F, (1 - 0.406F) / 0.225F};
    check_array("pixels", out, want, 3, 1e-6);
}

static void what_a_dinov2_has_not_is_refused(void **state)
{
    (void)state;
    clip_config_t config;
    clip_feature_t feature;
    check_error(clip_config_read(&config, toy_dir("dinov2-registers")), ST_OK, "");
    assert_true(config.registers == 3 && config.swiglu && config.mlp == 64 && config.embed == 24);
    check_error(clip_feature_parse(&feature, "tokens", &config), ST_EFORMAT,
                "feature 'tokens' is CLIP's, the model is a DINOv2: it has cls, final and taps");
    check_error(clip_feature_parse(&feature, "windows2", &config), ST_EFORMAT, "feature 'windows2' is CLIP's");
    check_error(clip_config_resize(&config, 30), ST_EFORMAT,
                "image_size is 30, expected a multiple of the model's patch 4");
    check_error(clip_config_resize(&config, 0), ST_OK, "");
    assert_int_equal(config.grid, 7);
    clip_text_plan_t plan;
    const int ids[2] = {0, 1};
    check_error(clip_text_plan(&plan, &config, &(clip_prompt_t){ids, 2}, 1, false, 0), ST_EFORMAT, "has no text tower");
}

static void with_config(const char *image_size, const char *others, status_t wanted, const char *text)
{
    char dir[512], path[600];
    snprintf(dir, sizeof dir, "%s", check_temp_dir("clip-dino"));
    snprintf(path, sizeof path, "%s/config.json", dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "{\"model_type\": \"dinov2\", \"hidden_size\": 24, \"num_attention_heads\": 3, \"patch_size\": 4, "
            "\"num_hidden_layers\": 3, \"image_size\": %s%s}\n",
            image_size, others);
    fclose(file);
    clip_config_t config;
    check_error(clip_config_read(&config, dir), wanted, text);
}

static void other_configurations_are_refused(void **state)
{
    (void)state;
    with_config("28", "", ST_OK, "");
    with_config("[28, 56]", "", ST_EFORMAT, "image_size is a list, expected one number: images are made square");
    with_config("30", "", ST_EFORMAT, "image_size is 30, expected a multiple of patch_size 4");
    with_config("\"28\"", "", ST_EFORMAT, "image_size is not a number, expected a whole number from 1 to 4096");
    with_config("28", ", \"hidden_act\": \"relu\"", ST_EFORMAT, "hidden_act is 'relu', DINOv2's is 'gelu'");
    with_config("28", ", \"qkv_bias\": false", ST_EFORMAT, "qkv_bias is false");
    with_config("28", ", \"layer_norm_eps\": 0", ST_EFORMAT, "layer_norm_eps is 0, expected a number above 0");
    with_config("28", ", \"num_channels\": 1", ST_EFORMAT, "num_channels is not 3");
    with_config("28", ", \"mlp_ratio\": 0.5", ST_EFORMAT, "mlp_ratio is 0.5, expected a whole number from 1 to 64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_mlp_tower_equals_transformers),
        cmocka_unit_test(registers_and_swiglu_equal_transformers),
        cmocka_unit_test(images_get_imagenets_mean_and_deviation),
        cmocka_unit_test(what_a_dinov2_has_not_is_refused),
        cmocka_unit_test(other_configurations_are_refused),
    };
    return cmocka_run_group_tests_name("clip_dino", tests, NULL, NULL);
}
