/* A checker that cannot fail is worse than none: zeros, a NaN, one swapped pair must all be refused. */
#include "support/check.h"

#include <math.h>

static const float want[5] = {0.5f, -2.0f, 1.0f, 3.0f, -0.25f};

static void equal_arrays_pass(void **state)
{
    (void)state;
    assert_true(check_close(want, want, 5, 0));
}

static void zeros_fail(void **state)
{
    (void)state;
    const float zeros[5] = {0};
    assert_false(check_close(zeros, want, 5, 0.5));
}

static void a_nan_fails_on_either_side(void **state)
{
    (void)state;
    float got[5] = {0.5f, -2.0f, NAN, 3.0f, -0.25f};
    assert_false(check_close(got, want, 5, 10));
    assert_false(check_close(want, got, 5, 10));
    assert_int_equal(check_diff(got, want, 5).where, 2);
}

static void a_swapped_pair_fails(void **state)
{
    (void)state;
    const float got[5] = {0.5f, 1.0f, -2.0f, 3.0f, -0.25f};
    assert_false(check_close(got, want, 5, 1e-3));
}

static void a_small_error_is_measured_against_the_largest_value(void **state)
{
    (void)state;
    const float got[5] = {0.5f, -2.0f, 1.0f, 3.0f, -0.2499f};
    assert_true(check_close(got, want, 5, 1e-4));
    assert_false(check_close(got, want, 5, 1e-5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_arrays_pass),
        cmocka_unit_test(zeros_fail),
        cmocka_unit_test(a_nan_fails_on_either_side),
        cmocka_unit_test(a_swapped_pair_fails),
        cmocka_unit_test(a_small_error_is_measured_against_the_largest_value),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
