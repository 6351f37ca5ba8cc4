/* Turned images against scipy, to the half of a grey level that rounding takes. */
#include "support/check.h"

#include "io/io.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void turned_images_equal_scipy(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("io/rotate");
    int n = 0;
    for (;; n++) {
        char name[32];
        int dims[8];
        size_t count;
        snprintf(name, sizeof name, "%d.src", n);
        if (!check_golden_has(golden, name)) break;
        const uint8_t *src = check_golden_u8(golden, name, &count, dims);
        snprintf(name, sizeof name, "%d.dst", n);
        const float *want = check_golden_f32(golden, name, NULL, NULL);
        snprintf(name, sizeof name, "%d.degrees", n);
        uint8_t *dst = malloc(count);
        io_rotate(dst, src, dims[1], dims[0], dims[2], *check_golden_f64(golden, name, NULL, NULL));
        for (size_t i = 0; i < count; i++)
            if (!(fabs(dst[i] - (double)want[i]) <= 0.5 + 1e-4))
                fail_msg("image %d, value %zu is %d, expected %g", n, i, dst[i], (double)want[i]);
        free(dst);
    }
    assert_int_equal(n, 8);
    check_golden_close(golden);
}

static void an_image_turned_by_nothing_is_itself(void **state)
{
    (void)state;
    uint8_t src[7 * 5 * 3], dst[sizeof src];
    for (size_t i = 0; i < sizeof src; i++) src[i] = (uint8_t)(37 * i);
    io_rotate(dst, src, 7, 5, 3, 0);
    assert_memory_equal(dst, src, sizeof src);
    io_rotate(dst, src, 7, 5, 3, 360);
    for (size_t i = 0; i < sizeof src; i++) assert_true(abs(dst[i] - src[i]) <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turned_images_equal_scipy),
        cmocka_unit_test(an_image_turned_by_nothing_is_itself),
    };
    return cmocka_run_group_tests_name("io_rotate", tests, NULL, NULL);
}
