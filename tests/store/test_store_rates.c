/* The file of measured rates. */
#include "support/check.h"

#include "store/store.h"

#include <string.h>

static void rates_are_kept_a_line_a_model(void **state)
{
    (void)state;
    const char *path = FGAD_TEST_TMP "/cost.txt";
    remove(path);
    plan_cost_t cost, other;
    const char *one = "0123456789abcdef0000", *two = "fedcba98765432100000";
    store_rates_read(&cost, path, one, 1, "Old_Xeon");
    assert_false(cost.measured[PLAN_RATE_ENCODE]);
    assert_true(cost.seconds[PLAN_RATE_ENCODE] > 0);
    const plan_work_t done = {.units = {[PLAN_RATE_ENCODE] = 50, [PLAN_RATE_PIXELS] = 2}};
    const double seconds[PLAN_RATES] = {[PLAN_RATE_ENCODE] = 100, [PLAN_RATE_PIXELS] = 1};
    plan_cost_learned(&cost, &done, seconds);
    assert_int_equal(store_rates_write(&cost, path, one, 1, "Old_Xeon"), ST_OK);
    store_rates_read(&other, path, two, 1, "Old_Xeon");
    assert_false(other.measured[PLAN_RATE_ENCODE]);
    other.seconds[PLAN_RATE_MAPS] = 7, other.measured[PLAN_RATE_MAPS] = true;
    assert_int_equal(store_rates_write(&other, path, two, 1, "Old_Xeon"), ST_OK);
    assert_int_equal(store_rates_write(&other, path, two, 2, "Old_Xeon"), ST_OK);
    store_rates_read(&cost, path, one, 1, "Old_Xeon");
    assert_true(cost.measured[PLAN_RATE_ENCODE] && cost.seconds[PLAN_RATE_ENCODE] == 2);
    assert_true(cost.seconds[PLAN_RATE_PIXELS] == 0.5);
    assert_false(cost.measured[PLAN_RATE_MAPS]);
    store_rates_read(&other, path, two, 2, "Old_Xeon");
    assert_true(other.seconds[PLAN_RATE_MAPS] == 7);
}

/* What nobody measured with these threads on this kind of processor comes from the nearest there is, and is no measurement. */
static void rates_of_other_threads_and_processors_are_borrowed(void **state)
{
    (void)state;
    const char *path = FGAD_TEST_TMP "/kinds.txt", *model = "0123456789abcdef";
    const char *text = "0123456789abcdef 1 encode=9 pixels=8 read=7\n" /* of a version without kinds */
                       "0123456789abcdef 1 EPYC=7763 encode=5 pixels=4\n"
                       "0123456789abcdef 4 EPYC=7763 encode=2\n";
    assert_int_equal(io_write_file(path, text, strlen(text)), ST_OK);
    plan_cost_t cost;
    store_rates_read(&cost, path, model, 1, "EPYC=7763");
    assert_true(cost.measured[PLAN_RATE_ENCODE] && cost.seconds[PLAN_RATE_ENCODE] == 5);
    assert_true(!cost.borrowed[PLAN_RATE_ENCODE] && cost.borrowed[PLAN_RATE_READ] && cost.seconds[PLAN_RATE_READ] == 7);
    assert_false(cost.borrowed[PLAN_RATE_LEARN] || cost.measured[PLAN_RATE_LEARN]);
    store_rates_read(&cost, path, model, 2, "EPYC=7763");
    assert_true(cost.borrowed[PLAN_RATE_ENCODE] && !cost.measured[PLAN_RATE_ENCODE]);
    assert_true(cost.seconds[PLAN_RATE_ENCODE] > 2 && cost.seconds[PLAN_RATE_ENCODE] < 5);
    assert_true(cost.borrowed[PLAN_RATE_PIXELS] && cost.seconds[PLAN_RATE_PIXELS] == 4); /* threads do not help there */
    store_rates_read(&cost, path, model, 4, "Other");
    assert_true(cost.borrowed[PLAN_RATE_ENCODE] && !cost.measured[PLAN_RATE_ENCODE]);
    assert_int_equal(store_rates_write(&cost, path, model, 4, "Other"), ST_OK);
    store_rates_read(&cost, path, model, 4, "EPYC=7763");
    assert_true(cost.measured[PLAN_RATE_ENCODE] && cost.seconds[PLAN_RATE_ENCODE] == 2);
    store_rates_read(&cost, path, model, 1, NULL);
    assert_false(cost.measured[PLAN_RATE_ENCODE]);
}

static void a_file_of_rates_that_is_none_is_passed_over(void **state)
{
    (void)state;
    const char *path = FGAD_TEST_TMP "/no-cost.txt";
    const char *text = "0123456789abcdef 1 encode=nan pixels=-3 maps= reduce\n\x80\xff\n0123456789abcdef\n";
    assert_int_equal(io_write_file(path, text, strlen(text)), ST_OK);
    plan_cost_t cost;
    store_rates_read(&cost, path, "0123456789abcdef", 1, "Old_Xeon");
    for (int r = 0; r < PLAN_RATES; r++)
        if (r != PLAN_RATE_MAPS) assert_true(!cost.measured[r] && cost.seconds[r] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_kept_a_line_a_model),
        cmocka_unit_test(rates_of_other_threads_and_processors_are_borrowed),
        cmocka_unit_test(a_file_of_rates_that_is_none_is_passed_over),
    };
    return cmocka_run_group_tests_name("rates", tests, NULL, NULL);
}
