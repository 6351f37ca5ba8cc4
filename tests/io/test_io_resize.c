#include "support/check.h"

#include "base/base.h"
#include "io/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const cases[] = {
    "down",     "up",        "down_to_odd",  "only_across", "only_down", "wider_and_lower", "same",    "one_wide",
    "one_high", "one_pixel", "to_one_pixel", "to_one_wide", "by_one",    "grey_down",       "grey_up", NULL,
};

/* The contract allows one level; measured difference is none, and the test holds it there. */
static void every_size_equals_pil_to_the_bit(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("io/resize");
    for (int i = 0; cases[i] != NULL; i++) {
        char key[64];
        int from[8], to[8];
        size_t size;
        snprintf(key, sizeof key, "%s/src", cases[i]);
        const uint8_t *src = check_golden_u8(golden, key, NULL, from);
        snprintf(key, sizeof key, "%s/dst", cases[i]);
        const uint8_t *want = check_golden_u8(golden, key, &size, to);
        uint8_t *got = malloc(size);
        assert_non_null(got);
        memset(got, 0xAA, size);
        assert_int_equal(io_resize_bicubic(got, to[1], to[0], src, from[1], from[0], from[2]), ST_OK);
        for (size_t j = 0; j < size; j++)
            if (got[j] != want[j]) fail_msg("%s: sample %zu is %d, PIL's is %d", cases[i], j, got[j], want[j]);
        free(got);
    }
    check_golden_close(golden);
}

static void a_flat_picture_stays_flat(void **state)
{
    (void)state;
    static uint8_t src[50 * 31 * 3], dst[23 * 70 * 3];
    for (int level = 0; level < 256; level += 51) {
        memset(src, level, sizeof src);
        assert_int_equal(io_resize_bicubic(dst, 23, 70, src, 50, 31, 3), ST_OK);
        for (size_t i = 0; i < sizeof dst; i++) assert_int_equal(dst[i], level);
    }
}

/* By PIL: Image.fromarray(src).resize((w, h), Image.BILINEAR), shrunk and enlarged. */
static void bilinear_equals_pil_to_the_bit(void **state)
{
    (void)state;
    static const uint8_t src[5 * 7] = {34,  32,  204, 127, 151, 153, 182, 7,   124, 37,  102, 237,
                                       140, 18,  138, 33,  193, 242, 250, 159, 222, 94,  37,  130,
                                       113, 169, 254, 70,  219, 35,  89,  201, 63,  171, 117};
    static const uint8_t small[4 * 3] = {69, 141, 152, 81, 161, 152, 89, 168, 183, 103, 132, 139};
    static const uint8_t large[8 * 9] = {34,  33,  108, 187, 127, 146, 152, 163, 182, 22,  56,  98,  128, 116, 173,
                                         166, 135, 110, 15,  84,  86,  61,  111, 210, 184, 104, 31,  97,  73,  98,
                                         156, 198, 235, 194, 155, 158, 124, 64,  96,  180, 202, 220, 204, 184, 175,
                                         97,  57,  80,  131, 121, 163, 215, 192, 80,  164, 79,  67,  119, 163, 122,
                                         164, 171, 96,  219, 96,  59,  114, 201, 94,  123, 153, 117};
    uint8_t got[8 * 9];
    assert_int_equal(io_resize_bilinear_antialiased(got, 3, 4, src, 7, 5, 1), ST_OK);
    assert_memory_equal(got, small, sizeof small);
    assert_int_equal(io_resize_bilinear_antialiased(got, 9, 8, src, 7, 5, 1), ST_OK);
    assert_memory_equal(got, large, sizeof large);
}

/* Two channels take the general path; each must equal its own grey resize. */
static void channels_do_not_mix(void **state)
{
    (void)state;
    static uint8_t both[29 * 17 * 2], one[29 * 17], got[11 * 13 * 2], want[11 * 13];
    rng_t rng = rng_init("test", "resize", 0, 1, "channels");
    for (size_t i = 0; i < sizeof both; i++) both[i] = (uint8_t)rng_below(&rng, 256);
    assert_int_equal(io_resize_bicubic(got, 11, 13, both, 29, 17, 2), ST_OK);
    for (size_t c = 0; c < 2; c++) {
        for (size_t i = 0; i < sizeof one; i++) one[i] = both[2 * i + c];
        assert_int_equal(io_resize_bicubic(want, 11, 13, one, 29, 17, 1), ST_OK);
        for (size_t i = 0; i < sizeof want; i++) assert_int_equal(got[2 * i + c], want[i]);
    }
}

/* tests/reference/resize.py: OpenCV's arithmetic in numpy, which equals cv2.resize to the bit. */
static void pictures_and_masks_equal_opencvs_to_the_bit(void **state)
{
    (void)state;
    static const char *const names[] = {"up", "down", "half", "double", "same", "tiny", "one_pixel", NULL};
    check_golden_t *golden = check_golden_open("io/resize_opencv");
    for (int i = 0; names[i] != NULL; i++) {
        char key[64];
        int from[8], to[8];
        size_t size;
        static uint8_t got[96 * 96 * 3];
        snprintf(key, sizeof key, "%s/src", names[i]);
        const uint8_t *src = check_golden_u8(golden, key, NULL, from);
        snprintf(key, sizeof key, "%s/linear", names[i]);
        const uint8_t *want = check_golden_u8(golden, key, &size, to);
        assert_int_equal(io_resize_bilinear(got, to[1], to[0], src, from[1], from[0], from[2]), ST_OK);
        assert_memory_equal(got, want, size);
        snprintf(key, sizeof key, "%s/mask", names[i]);
        src = check_golden_u8(golden, key, NULL, from);
        snprintf(key, sizeof key, "%s/nearest", names[i]);
        want = check_golden_u8(golden, key, &size, to);
        io_resize_nearest(got, to[1], to[0], src, from[1], from[0]);
        assert_memory_equal(got, want, size);
    }
    check_golden_close(golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_equals_pil_to_the_bit),
        cmocka_unit_test(a_flat_picture_stays_flat),
        cmocka_unit_test(bilinear_equals_pil_to_the_bit),
        cmocka_unit_test(channels_do_not_mix),
        cmocka_unit_test(pictures_and_masks_equal_opencvs_to_the_bit),
    };
    return cmocka_run_group_tests_name("resize", tests, NULL, NULL);
}
