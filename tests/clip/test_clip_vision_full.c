/* The image tower at the shapes of ViT-B/16+ 240: rows of every output against PyTorch in double. */
#include "support/check.h"

#include "clip/clip.h"
#include "tools/toy_model.h"

#include <stdlib.h>

static void the_tower_at_full_size_equals_pytorch(void **state)
{
    (void)state;
    const char *dir = check_temp_dir("clip-vision-full");
    const toy_preset_t *preset = toy_preset_find("vit-b-16-plus-240");
    check_error(toy_model_write(dir, preset, 5, false), ST_OK, "");
    clip_model_t *model = NULL;
    check_error(clip_model_open(&model, dir), ST_OK, "");
    const clip_config_t *config = clip_model_config(model);
    assert_int_equal(config->heads, 14);
    assert_int_equal(config->grid, 15);
    const clip_tap_t taps[2] = {{3, false}, {8, false}};
    clip_vision_t *vision = NULL;
    check_error(clip_vision_open(&vision, model, taps), ST_OK, "");
    const size_t T = 225, E = 640, W = 896;
    float *pixels = malloc(sizeof(float) * 3 * 240 * 240);
    toy_model_pixels(pixels, preset, 5);
    clip_features_t out = {.cls = malloc(sizeof(float) * E),
                           .tokens = malloc(sizeof(float) * T * E),
                           .memory1 = malloc(sizeof(float) * T * W),
                           .memory2 = malloc(sizeof(float) * T * W)};
    check_error(clip_vision_forward(&out, vision, pixels), ST_OK, "");
    check_golden_t *golden = check_golden_open("clip/vision-vit-b-16-plus-240");
    check_array("cls", out.cls, check_golden_f32(golden, "cls", NULL, NULL), E, 1e-4);
    size_t count;
    const int32_t *rows = check_golden_i32(golden, "rows", &count, NULL);
    for (size_t i = 0; i < count; i++) {
        size_t row = (size_t)rows[i];
        check_array("tokens", out.tokens + row * E, check_golden_f32(golden, "tokens", NULL, NULL) + i * E, E, 1e-4);
        check_array("memory1", out.memory1 + row * W, check_golden_f32(golden, "memory1", NULL, NULL) + i * W, W, 1e-4);
        check_array("memory2", out.memory2 + row * W, check_golden_f32(golden, "memory2", NULL, NULL) + i * W, W, 1e-4);
    }
    check_golden_close(golden);
    free(pixels), free(out.cls), free(out.tokens), free(out.memory1), free(out.memory2);
    clip_vision_close(vision);
    clip_model_close(model);
    check_temp_dir("clip-vision-full"); /* 600 MB that need not stay */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_tower_at_full_size_equals_pytorch)};
    return cmocka_run_group_tests_name("clip_vision_full", tests, NULL, NULL);
}
