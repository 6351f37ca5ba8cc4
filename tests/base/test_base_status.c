#include "support/check.h"

#include "base/base.h"

#include <string.h>

static void a_failure_leaves_its_line(void **state)
{
    (void)state;
    check_error(fail(ST_EFORMAT, "'%s': width is %d, expected %d", "a.png", 3, 4), ST_EFORMAT,
                "'a.png': width is 3, expected 4");
}

static void context_is_put_before_the_line(void **state)
{
    (void)state;
    fail(ST_EIO, "no space left");
    check_error(fail_context(ST_EIO, "task %d", 7), ST_EIO, "task 7: no space left");
}

static void the_line_may_quote_itself(void **state)
{
    (void)state;
    fail(ST_EIO, "inner");
    fail(ST_EIO, "outer (%s)", fail_message());
    assert_string_equal(fail_message(), "outer (inner)");
}

static void long_lines_are_cut_and_stay_strings(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    fail(ST_EIO, "%s", text);
    assert_int_equal(strlen(fail_message()), 1023);
    fail_context(ST_EIO, "%s", text);
    assert_int_equal(strlen(fail_message()), 1023);
}

static void durations_read_well(void **state)
{
    (void)state;
    char text[16];
    clock_format(text, 3.24), assert_string_equal(text, "3.2s");
    clock_format(text, 245), assert_string_equal(text, "4m05s");
    clock_format(text, 7800), assert_string_equal(text, "2h10m");
}

static void edit_distance_counts_swaps_once(void **state)
{
    (void)state;
    assert_int_equal(base_edit_distance("epsilon", "epsilon"), 0);
    assert_int_equal(base_edit_distance("epsilom", "epsilon"), 1);
    assert_int_equal(base_edit_distance("gmama", "gamma"), 1);
    assert_int_equal(base_edit_distance("", "abc"), 3);
    assert_int_equal(base_edit_distance("kitten", "sitting"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_leaves_its_line), cmocka_unit_test(context_is_put_before_the_line),
        cmocka_unit_test(the_line_may_quote_itself), cmocka_unit_test(long_lines_are_cut_and_stay_strings),
        cmocka_unit_test(durations_read_well),       cmocka_unit_test(edit_distance_counts_swaps_once),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
