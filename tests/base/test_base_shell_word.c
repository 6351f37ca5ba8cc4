/* Words of a shell, read back by the shell itself. */
#include "base/base.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void plain_stay(void **state)
{
    (void)state;
    static const char *const texts[] = {"results/demo", "a.b_c-d+e,f:g@h%i=j", "/"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) assert_ptr_equal(base_shell_word(texts[i]), texts[i]);
}

static void shell_reads_back(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",   "my parts",    "it's",        "'",          "''x''",     "$HOME", "`id`", "$(id)", "a;b", "a&b|c<d>e",
        "~x", "*?[a]{b,c}!", "back\\slash", "two\nlines", "tab\there", "\"q\"", "#no",  "(x)",   "é ü",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *command = base_format("printf %%s. %s", base_shell_word(texts[i])), back[64] = "";
        assert_non_null(command);
        FILE *shell = popen(command, "r");
        assert_non_null(shell);
        const size_t size = fread(back, 1, sizeof back - 1, shell);
        assert_int_equal(pclose(shell), 0);
        assert_int_equal(size, strlen(texts[i]) + 1);
        back[size - 1] = '\0';
        assert_string_equal(back, texts[i]);
        free(command);
    }
}

static void eight_live_at_once(void **state)
{
    (void)state;
    const char *words[8];
    char text[] = "a b";
    for (int i = 0; i < 8; i++) {
        text[0] = (char)('a' + i);
        words[i] = base_shell_word(text);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(words[i][1], 'a' + i);
        assert_string_equal(words[i] + 2, " b'");
    }
}

static void too_long_stays(void **state)
{
    (void)state;
    char text[5000];
    memset(text, ' ', sizeof text);
    text[4093] = '\0';
    assert_ptr_not_equal(base_shell_word(text), text);
    text[4093] = ' ';
    text[4094] = '\0';
    assert_ptr_equal(base_shell_word(text), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plain_stay), cmocka_unit_test(shell_reads_back),
                                       cmocka_unit_test(eight_live_at_once), cmocka_unit_test(too_long_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
