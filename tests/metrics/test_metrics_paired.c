/* Paired statistics against scipy (tests/reference/paired.py). */
#include "support/check.h"

#include "metrics/metrics.h"

#include <math.h>

static void p_values_are_those_of_scipy(void **state)
{
    (void)state;
    const struct {
        double mean, deviation, p;
        int draws;
    } cases[] = {{0.5, 1, 0.3261642353450604, 5},
                 {0.01, 0.004, 0.04941362421328313, 3},
                 {-0.2, 0.3, 0.5187349260190777, 2},
                 {0.1, 1, 0.53078000647037, 40}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(fabs(metrics_paired_p(cases[i].mean, cases[i].deviation, cases[i].draws) - cases[i].p) < 1e-6);
    assert_true(isnan(metrics_paired_p(0.5, 1, 1)));
    assert_true(metrics_paired_p(0, 0, 3) == 1);
}

static void draws_needed_are_those_of_the_noncentral_t(void **state)
{
    (void)state;
    const struct {
        double effect;
        int draws;
    } cases[] = {{4, 3}, {2.5, 4}, {1.2, 8}, {0.8, 15}, {0.5, 34}, {0.2, 199}, {0.1, 787}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(metrics_draws_needed(0.3 * cases[i].effect, 0.3, 0.05, 0.8, 1000), cases[i].draws);
        assert_int_equal(metrics_draws_needed(-cases[i].effect, 1, 0.05, 0.8, 1000), cases[i].draws);
    }
    assert_int_equal(metrics_draws_needed(0.1, 1, 0.05, 0.8, 700), 0);
    assert_int_equal(metrics_draws_needed(0, 1, 0.05, 0.8, 1000), 0);
    assert_int_equal(metrics_draws_needed(0.1, 0, 0.05, 0.8, 1000), 2);
}

static void the_crossed_interval_holds_the_mean_and_widens_with_both(void **state)
{
    (void)state;
    metrics_interval_t interval;
    rng_t rng = rng_init("", "", 0, 0, "bootstrap");
    const metrics_bootstrap_t how = {.rng = &rng, .replicates = 2000, .level = 0.95};
    /* All draws alike: the interval is that of three categories' mean, from all the lowest to all the highest. */
    const double alike[] = {1, 1, 2, 2, 6, 6};
    assert_int_equal(metrics_bootstrap_crossed(&interval, alike, 3, 2, &how), ST_OK);
    assert_true(fabs(interval.estimate - 3) < 1e-12);
    assert_true(interval.low == 1 && interval.high == 6);
    /* One category: the draws alone vary. */
    const double draws[] = {1, NAN, 3};
    assert_int_equal(metrics_bootstrap_crossed(&interval, draws, 1, 3, &how), ST_OK);
    assert_true(fabs(interval.estimate - 2) < 1e-12);
    assert_true(interval.low == 1 && interval.high == 3);
    assert_true(interval.replicates < 2000); /* those of the missing draw alone have no mean */
    const double same[] = {0.5, 0.5, 0.5, 0.5};
    assert_int_equal(metrics_bootstrap_crossed(&interval, same, 2, 2, &how), ST_OK);
    assert_true(interval.low == 0.5 && interval.high == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p_values_are_those_of_scipy),
        cmocka_unit_test(draws_needed_are_those_of_the_noncentral_t),
        cmocka_unit_test(the_crossed_interval_holds_the_mean_and_widens_with_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
