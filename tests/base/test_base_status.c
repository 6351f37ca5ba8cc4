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

static void the_nearest_name_is_meant(void **state)
{
    (void)state;
    int edits = -1;
    assert_true(base_meant(&edits, "epsilon", "epsilom"));
    assert_int_equal(edits, 1);
    assert_false(base_meant(&edits, "epsilox", "epsilom")); /* as near as the first */
    assert_true(base_meant(&edits, "epsilom", "epsilom"));
    assert_int_equal(edits, 0);
    edits = -1;
    assert_true(base_meant(&edits, "gamma", "gmama")); /* a swap is one edit */
    assert_int_equal(edits, 1);
    edits = -1;
    assert_true(base_meant(&edits, "kitten", "sitting") == false && edits == -1); /* three of seven letters */
    assert_false(base_meant(&edits, "abc", ""));
    assert_false(base_meant(&edits, "reduce", "nosuch"));
    assert_true(base_meant(&edits, "run", "rum"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_leaves_its_line), cmocka_unit_test(context_is_put_before_the_line),
        cmocka_unit_test(the_line_may_quote_itself), cmocka_unit_test(long_lines_are_cut_and_stay_strings),
        cmocka_unit_test(durations_read_well),       cmocka_unit_test(the_nearest_name_is_meant),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
