#include "support/check.h"

#include "base/base.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What goes to stderr between listen and heard, which returns it; the text lives until the next call. */
static int kept_stderr = -1;
static char path[600];

static void listen(void)
{
    snprintf(path, sizeof path, "%s/stderr", check_temp_dir("log"));
    fflush(stderr);
    kept_stderr = dup(STDERR_FILENO);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    fclose(file);
}

static const char *heard(void)
{
    static char text[4096];
    fflush(stderr);
    assert_true(dup2(kept_stderr, STDERR_FILENO) >= 0);
    close(kept_stderr);
    size_t size;
    char *bytes = check_read_file(path, &size);
    assert_true(size < sizeof text);
    memcpy(text, bytes, size);
    text[size] = '\0';
    free(bytes);
    return text;
}

static void lines_name_their_level_and_the_rank_where_there_are_several(void **state)
{
    (void)state;
    listen();
    log_init(LOG_INFO, 0, 1);
    log_error("a %d", 1);
    log_warn("b");
    log_info("c");
    log_debug("not shown");
    log_init(LOG_DEBUG, 3, 4);
    log_info("d");
    log_debug("e");
    log_init(LOG_ERROR, 0, 1);
    log_warn("not shown");
    log_init(LOG_INFO, 0, 1);
    assert_string_equal(heard(), "fgad: error: a 1\nfgad: warning: b\nfgad: c\nfgad[3]: d\nfgad[3]: debug: e\n");
}

static void a_broken_promise_aborts_and_names_its_place(void **state)
{
    (void)state;
    listen();
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        base_require_failed("n > 0", "room.c", 7);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    const char *text = heard();
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT);
    assert_string_equal(text, "fgad: error: room.c:7: a promise between functions was broken: n > 0\n");
}

static void a_log_file_gets_one_line_a_minute(void **state)
{
    (void)state;
    progress_t progress;
    listen();
    progress_begin(&progress, "test", 8);
    assert_false(progress.terminal);
    progress_update(&progress, 1, "soon");
    progress.started -= 60;
    progress.last_shown -= 60;
    progress_update(&progress, 2, "bottle");
    progress_update(&progress, 3, "at once again");
    progress_end(&progress);
    assert_string_equal(heard(), "fgad: test: 25% after 1m00s, ETA 3m00s, bottle\n");
}

static void a_terminal_gets_a_bar_that_goes_at_the_end(void **state)
{
    (void)state;
    progress_t progress;
    listen();
    progress_begin(&progress, "test", 4);
    progress.terminal = true;
    progress.last_shown = 0;
    progress_update(&progress, 0, "first");
    progress.last_shown = 0;
    progress_update(&progress, 9, "past the end");
    progress_end(&progress);
    const char *text = heard();
    assert_non_null(strstr(text, "\r\033[Ktest [........................]   0% ETA ? first"));
    assert_non_null(strstr(text, "\r\033[Ktest [########################] 100% ETA 0.0s past the end\r\033[K"));
}

static void who_knows_the_rest_better_says_so(void **state)
{
    (void)state;
    progress_t progress;
    listen();
    progress_begin(&progress, "test", 0);
    assert_false(progress_due(&progress));
    progress.started -= 90;
    progress.last_shown -= 60;
    assert_true(progress_due(&progress));
    progress_show(&progress, 0.756, 29, "");
    assert_false(progress_due(&progress));
    progress_show(&progress, 0.5, -1, "asked for");
    assert_string_equal(heard(),
                        "fgad: test: 76% after 1m30s, ETA 29.0s\nfgad: test: 50% after 1m30s, ETA ?, asked for\n");
}

static void no_work_at_all_is_no_division(void **state)
{
    (void)state;
    progress_t progress;
    listen();
    progress_begin(&progress, "nothing", 0);
    progress.last_shown -= 60;
    progress_update(&progress, 0, "");
    assert_string_equal(heard(), "fgad: nothing: 0% after 0.0s, ETA ?\n");
}

static void clocks_run_forward_and_dates_have_their_form(void **state)
{
    (void)state;
    double before = clock_seconds();
    assert_true(clock_seconds() >= before);
    char date[32];
    clock_iso8601(date);
    int year, month, day, hour, minute, second, length = 0;
    assert_int_equal(sscanf(date, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &year, &month, &day, &hour, &minute, &second, &length),
                     6);
    assert_int_equal(length, 20);
    assert_int_equal(strlen(date), 20);
    assert_true(year >= 2024 && month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour < 24);
}

static void durations_at_the_edges_of_their_units(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {
        {0, "0.0s"},       {-3, "0.0s"},           {59.94, "59.9s"}, {59.97, "1m00s"},       {3599.4, "59m59s"},
        {3599.6, "1h00m"}, {3.6e6 - 1, "999h59m"}, {3.6e6, "1000h"}, {1e300, "1000000000h"}, {INFINITY, "1000000000h"},
        {(double)NAN, "?"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        clock_format(text, cases[i].seconds);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_name_their_level_and_the_rank_where_there_are_several),
        cmocka_unit_test(a_broken_promise_aborts_and_names_its_place),
        cmocka_unit_test(a_log_file_gets_one_line_a_minute),
        cmocka_unit_test(a_terminal_gets_a_bar_that_goes_at_the_end),
        cmocka_unit_test(who_knows_the_rest_better_says_so),
        cmocka_unit_test(no_work_at_all_is_no_division),
        cmocka_unit_test(clocks_run_forward_and_dates_have_their_form),
        cmocka_unit_test(durations_at_the_edges_of_their_units),
    };
    return cmocka_run_group_tests_name("base_log", tests, NULL, NULL);
}
