/* Numbers in text: decimal and finite ones alone, and what follows them. */
#include "base/base.h"
#include "support/check.h"

#include <string.h>

static void decimal(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
        const char *rest;
    } cases[] = {{"0", 0, ""},     {"-1.5", -1.5, ""}, {"+2e3", 2000, ""}, {".5", 0.5, ""},        {"3,4", 3, ",4"},
                 {"30d", 30, "d"}, {"1e", 1, "e"},     {"7 MB", 7, " MB"}, {"1.25GB", 1.25, "GB"}, {"1-2", 1, "-2"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = -99;
        const char *rest = base_number(&value, cases[i].text);
        assert_non_null(rest);
        assert_string_equal(rest, cases[i].rest);
        assert_true(value == cases[i].value);
    }
}

static void none(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    " 1",   "\t1",      "x",  "0x10", "0X1p4", "-0x1",
                                        "inf", "-nan", "INFINITY", "e5", "-",    ".",     "1e999"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double value = -99;
        assert_null(base_number(&value, texts[i]));
        assert_true(value == -99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decimal), cmocka_unit_test(none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
