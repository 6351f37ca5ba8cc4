#include "support/check.h"

#include "clip/clip.h"

#include <stdlib.h>

static void an_image_of_the_right_size_is_only_normalised(void **state)
{
    (void)state;
    enum { S = 7 };
    uint8_t bytes[S * S * 3];
    for (int i = 0; i < S * S * 3; i++) bytes[i] = (uint8_t)(i * 37 % 256);
    float out[3 * S * S], want[3 * S * S];
    static const double mean[3] = {0.48145466, 0.4578275, 0.40821073}, sd[3] = {0.26862954, 0.26130258, 0.27577711};
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < S * S; i++) want[c * S * S + i] = (float)((bytes[3 * i + c] / 255.0 - mean[c]) / sd[c]);
    check_error(clip_preprocess(out, &(io_image_t){.width = S, .height = S, .pixels = bytes},
                                &(clip_config_t){.image_size = S}),
                ST_OK, "");
    check_array("planes", out, want, 3 * S * S, 1e-6);
}

/* Both sides are stretched, without a crop: a picture of two halves keeps them at any proportion. */
static void a_rectangle_is_stretched_to_the_square(void **state)
{
    (void)state;
    static const int sizes[][2] = {{64, 16}, {6, 40}, {1, 9}, {33, 1}};
    enum { S = 12 };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int W = sizes[s][0], H = sizes[s][1];
        uint8_t *bytes = malloc((size_t)(W * H * 3));
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                for (int c = 0; c < 3; c++) bytes[(y * W + x) * 3 + c] = 2 * y < H ? 10 : 200;
        float out[3 * S * S];
        check_error(clip_preprocess(out, &(io_image_t){.width = W, .height = H, .pixels = bytes},
                                    &(clip_config_t){.image_size = S}),
                    ST_OK, "");
        const float dark = (float)((10 / 255.0 - 0.48145466) / 0.26862954);
        const float light = (float)((200 / 255.0 - 0.48145466) / 0.26862954);
        for (int x = 0; x < S; x++) {
            assert_float_equal(out[x], dark, 0.1);
            assert_float_equal(out[(S - 1) * S + x], H > 1 ? light : dark, 0.1);
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_of_the_right_size_is_only_normalised),
        cmocka_unit_test(a_rectangle_is_stretched_to_the_square),
    };
    return cmocka_run_group_tests_name("clip_preprocess", tests, NULL, NULL);
}
