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
        cmocka_unit_test(channels_do_not_mix),
        cmocka_unit_test(pictures_and_masks_equal_opencvs_to_the_bit),
    };
    return cmocka_run_group_tests_name("resize", tests, NULL, NULL);
}
