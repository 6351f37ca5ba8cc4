/* Names from outside: what is plain, how the rest is shown, and what becomes of it in a path. */
#include "support/check.h"

#include "io/io.h"

#include <stdio.h>
#include <string.h>

static void plain_is_utf8_without_control(void **state)
{
    (void)state;
    static const char *const plain[] = {
        "", "bottle", "a b,c", "\xc3\xa9", "\xe4\xb8\xad\xe6\x96\x87", "\xf0\x9f\x94\xa9", NULL};
    static const char *const other[] = {"a\nb",         "\t",           "\x7f",     "\xff",         "\xc0\xaf",
                                        "\xed\xa0\x80", "\xe4\xb8",     "\xc2\x85", "\xe2\x80\xa8", "\xf4\x90\x80\x80",
                                        "\x1b[2J",      "\xe2\x80\xae", NULL};
    for (int i = 0; plain[i] != NULL; i++)
        if (!io_text_is_plain(plain[i])) fail_msg("'%s' is plain", plain[i]);
    for (int i = 0; other[i] != NULL; i++)
        if (io_text_is_plain(other[i])) fail_msg("text %d is not plain", i);
}

static void what_is_not_plain_is_shown_in_hex(void **state)
{
    (void)state;
    char out[64], small[9];
    (void)base_visible(out, sizeof out, "r\xe9sum\xc3\xa9\n\xc2\x85");
    assert_string_equal(out, "r\\xe9sum\xc3\xa9\\x0a\\xc2\\x85");
    (void)base_visible(small, sizeof small, "abcdefghijkl");
    assert_true(strlen(small) < sizeof small);
    (void)base_visible(small, sizeof small, "\xff\xff\xff\xff");
    assert_string_equal(small, "\\xff\\xff");
}

static void a_component_stays_in_its_folder(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"crack", "crack"}, {"../../x", "_._.._x"}, {"..", "_."},   {".hidden", "_hidden"},
        {"/etc", "_etc"},   {"a\\b", "a_b"},        {"-rf", "_rf"}, {"", "_"},
        {"a\nb", "a_b"},    {"\xff", "_"},          {"a b", "a b"}, {"\xc3\xa9", "\xc3\xa9"}};
    char out[IO_COMPONENT_SIZE], text[1000];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        io_component(out, rows[i][0]);
        if (strchr(out, '/') != NULL || out[0] == '.' || out[0] == '\0') fail_msg("'%s' gives '%s'", rows[i][0], out);
        assert_string_equal(out, rows[i][1]);
    }
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    io_component(out, text);
    assert_in_range(strlen(out), 150, IO_COMPONENT_SIZE - 1);
}

static void a_path_stays_inside_or_does_not(void **state)
{
    (void)state;
    static const char *const in[] = {"a", "a/b", "", "a..b/c..", ".../a", NULL};
    static const char *const out[] = {"/a", "..", "a/..", "a/../b", "../a", "a/b/../../..", NULL};
    for (int i = 0; in[i] != NULL; i++) assert_true(io_path_stays_inside(in[i]));
    for (int i = 0; out[i] != NULL; i++) assert_false(io_path_stays_inside(out[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_is_utf8_without_control),
        cmocka_unit_test(what_is_not_plain_is_shown_in_hex),
        cmocka_unit_test(a_component_stays_in_its_folder),
        cmocka_unit_test(a_path_stays_inside_or_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
