#include "support/check.h"

#include "claim/claim.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[500], path[600];

static void begin(void)
{
    snprintf(folder, sizeof folder, "%s", check_temp_dir("claim"));
    snprintf(path, sizeof path, "%s/file.h5.claim", folder);
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void age(const char *name, int seconds)
{
    struct timespec times[2];
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= seconds;
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

static bool take(void)
{
    bool taken;
    check_error(claim_take(&taken, path, NULL), ST_OK, "");
    return taken;
}

static bool take_watched(const claim_watch_t *watch)
{
    bool taken;
    check_error(claim_take(&taken, path, watch), ST_OK, "");
    return taken;
}

/* One look, by a watcher whose own clock has gone on by so many seconds since the last one. */
static bool is_stale_after(claim_watch_t *watch, int seconds)
{
    watch->since -= seconds;
    return claim_watch(watch, path);
}

/* A process that takes the claim and dies without a release; it is reaped when `reap`. */
static pid_t die_with_it(bool reap)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool taken = false;
        _exit(claim_take(&taken, path, NULL) == ST_OK && taken ? 0 : 1);
    }
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | (reap ? 0 : WNOWAIT)), 0);
    assert_int_equal(info.si_status, 0);
    return child;
}

static void a_claim_is_taken_once_and_again_after_its_release(void **state)
{
    (void)state;
    begin();
    claim_holder_t holder;
    claim_watch_t watch = {0};
    assert_false(claim_read(&holder, path));
    assert_false(claim_watch(&watch, path));
    assert_true(take());
    assert_false(take());
    assert_false(claim_watch(&watch, path));
    assert_true(watch.known && watch.here && watch.who == claim_ourselves());
    assert_true(claim_read(&holder, path));
    assert_int_equal(holder.pid, getpid());
    assert_true(holder.alive);
    assert_true(llabs((long long)time(NULL) - holder.since) <= 1);
    claim_clear(path);
    assert_false(take());
    claim_release(path);
    assert_true(take());
    claim_release(path);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_claim_of_a_dead_process_is_taken_over_reaped_or_not(void **state)
{
    (void)state;
    for (int reap = 0; reap < 2; reap++) {
        begin();
        claim_holder_t holder;
        pid_t child = die_with_it(reap == 1);
        assert_true(claim_read(&holder, path));
        assert_int_equal(holder.pid, child);
        assert_false(holder.alive);
        claim_watch_t watch = {0};
        assert_true(claim_watch(&watch, path));
        assert_true(take());
        assert_true(claim_read(&holder, path));
        assert_int_equal(holder.pid, getpid());
        claim_release(path);
        if (!reap) waitpid(child, NULL, 0);
    }
}

static void a_reused_pid_is_not_the_holder(void **state)
{
    (void)state;
    begin();
    char space[32], text[400];
    io_process_space(space);
    snprintf(text, sizeof text, "a %ld 1 %lld %s\n", (long)getpid(), (long long)time(NULL), space); /* born at boot */
    claim_watch_t watch = {0};
    write_text(path, text);
    assert_true(claim_watch(&watch, path));
    claim_clear(path);
    assert_int_equal(access(path, F_OK), -1);
}

/* Two containers of one node have one host's name, and processes of one number in each. */
static void a_claim_of_another_container_lives_until_it_is_silent(void **state)
{
    (void)state;
    begin();
    char host[256] = "", text[400];
    gethostname(host, sizeof host - 1);
    snprintf(text, sizeof text, "%s %ld 1 %lld 0123456789abcdef\n", host, (long)getpid(), (long long)time(NULL));
    claim_watch_t watch = {0};
    write_text(path, text);
    assert_false(claim_watch(&watch, path));
    assert_false(take());
    claim_release(path); /* nor is it ours to release */
    assert_int_equal(access(path, F_OK), 0);
    assert_true(is_stale_after(&watch, CLAIM_SILENCE + 10));
    assert_true(take_watched(&watch));
    claim_release(path);
}

/* Who may write into the folder may put anything there. */
static void what_is_no_claim_is_not_waited_for_and_not_shown(void **state)
{
    (void)state;
    begin();
    claim_holder_t holder;
    char target[700];
    write_text(path, "x\033[2J 1 1 1 0123456789abcdef\n");
    assert_false(claim_read(&holder, path));
    unlink(path);
    assert_int_equal(mkfifo(path, 0666), 0);
    assert_false(claim_read(&holder, path));
    assert_false(take());
    unlink(path);
    snprintf(target, sizeof target, "%s/target", folder);
    assert_int_equal(symlink(target, path), 0);
    assert_false(claim_read(&holder, path));
    assert_false(take());
    assert_int_equal(access(target, F_OK), -1);
}

static void a_claim_of_another_host_lives_until_it_is_silent(void **state)
{
    (void)state;
    begin();
    claim_watch_t watch = {0};
    write_text(path, "elsewhere 1 1 1 fedcba9876543210\n");
    assert_false(claim_watch(&watch, path));
    assert_false(take());
    assert_false(is_stale_after(&watch, CLAIM_SILENCE - 10));
    assert_false(take_watched(&watch));
    assert_true(is_stale_after(&watch, 20));
    assert_true(take_watched(&watch));
    claim_release(path);
}

/* Its stamp is by another clock than ours, hours behind or ahead: as long as it changes, it lives. */
static void a_claim_of_another_host_is_cleared_once_it_is_silent(void **state)
{
    (void)state;
    begin();
    write_text(path, "elsewhere 1 1 1 fedcba9876543210\n");
    claim_clear(path);
    age(path, CLAIM_SILENCE - 10);
    claim_clear(path);
    assert_int_equal(access(path, F_OK), 0);
    age(path, CLAIM_SILENCE + 10);
    claim_clear(path);
    assert_int_equal(access(path, F_OK), -1);
}

static void clocks_that_differ_take_no_living_claim(void **state)
{
    (void)state;
    for (int skew = -7200; skew <= 7200; skew += 14400) {
        begin();
        claim_watch_t watch = {0};
        write_text(path, "elsewhere 1 1 1 fedcba9876543210\n");
        for (int beat = 0; beat < 5; beat++) {
            age(path, skew + 100 * (5 - beat));
            assert_false(is_stale_after(&watch, 100));
            assert_false(take_watched(&watch));
            assert_int_equal(watch.beats, beat);
        }
        assert_true(is_stale_after(&watch, CLAIM_SILENCE + 1));
        /* A beat between the look and the taking keeps it. */
        age(path, skew);
        assert_false(take_watched(&watch));
        unlink(path);
    }
}

/* Released and taken by another in between: a claim of its own, whatever its stamp. */
static void a_new_claim_of_the_name_is_watched_anew(void **state)
{
    (void)state;
    begin();
    claim_watch_t watch = {0};
    char other[700];
    snprintf(other, sizeof other, "%s/other", folder);
    write_text(path, "elsewhere 1 1 1 fedcba9876543210\n");
    assert_false(claim_watch(&watch, path));
    write_text(other, "elsewhere 2 1 1 fedcba9876543210\n");
    const uint64_t who = watch.who;
    assert_int_equal(rename(other, path), 0);
    assert_false(is_stale_after(&watch, CLAIM_SILENCE + 10));
    assert_true(watch.who != who);
    assert_false(take_watched(&watch));
}

/* A claim taken over may be a file of the dead one's inode: it is the next holder's all the same, and its own watch. */
static void a_new_claim_in_the_old_ones_inode_is_not_the_dead_ones(void **state)
{
    (void)state;
    begin();
    claim_watch_t watch = {0};
    char other[700], text[512] = "";
    bool taken;
    struct stat before, after;
    snprintf(other, sizeof other, "%s/other", folder);
    check_error(claim_take(&taken, other, NULL), ST_OK, "");
    FILE *file = fopen(other, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    die_with_it(true);
    age(path, 5);
    assert_true(claim_watch(&watch, path));
    assert_int_equal(stat(path, &before), 0);
    write_text(path, text);
    assert_int_equal(stat(path, &after), 0);
    assert_true(before.st_ino == after.st_ino);
    const claim_watch_t old = watch;
    assert_false(take_watched(&old));
    assert_false(claim_watch(&watch, path));
    assert_true(watch.known && watch.here && watch.who == claim_ourselves());
    assert_int_equal(watch.beats, 0);
    /* Nor is it the dead one's before its holder has written its name. */
    watch = old;
    write_text(path, "");
    assert_false(claim_watch(&watch, path));
    assert_false(watch.known || watch.here || watch.who != 0);
    claim_release(other);
}

static void a_claim_without_a_name_lives_until_it_is_silent(void **state)
{
    (void)state;
    claim_holder_t holder;
    claim_watch_t watch = {0};
    begin();
    write_text(path, "");
    assert_false(claim_read(&holder, path));
    assert_false(claim_watch(&watch, path));
    assert_false(watch.known);
    assert_false(take());
    assert_true(is_stale_after(&watch, CLAIM_SILENCE + 10));
    assert_true(take_watched(&watch));
    claim_release(path);
}

static void a_living_but_silent_holder_loses_its_claim(void **state)
{
    (void)state;
    begin();
    claim_watch_t watch = {0};
    assert_true(take());
    assert_false(claim_watch(&watch, path));
    assert_true(is_stale_after(&watch, CLAIM_SILENCE + 10));
    assert_true(take_watched(&watch));
    claim_release(path);
}

static void who_lost_its_claim_does_not_release_the_next_ones(void **state)
{
    (void)state;
    begin();
    assert_true(take());
    write_text(path, "elsewhere 1 1 1 fedcba9876543210\n");
    claim_release(path);
    assert_int_equal(access(path, F_OK), 0);
}

static void of_many_processes_one_takes_the_claim(void **state)
{
    (void)state;
    enum { ROUNDS = 20, PROCESSES = 8 };
    for (int round = 0; round < ROUNDS; round++) {
        begin();
        int gate[2], takers = 0;
        assert_int_equal(pipe(gate), 0);
        for (int p = 0; p < PROCESSES; p++) {
            pid_t child = fork();
            assert_true(child >= 0);
            if (child > 0) continue;
            char byte;
            bool taken = false;
            close(gate[1]);
            if (read(gate[0], &byte, 1) != 0) _exit(2); /* the end of the pipe opens the gate for all */
            if (claim_take(&taken, path, NULL) != ST_OK) _exit(2);
            usleep(100000); /* holders live while the others look */
            _exit(taken);
        }
        close(gate[0]);
        close(gate[1]);
        for (int p = 0; p < PROCESSES; p++) {
            int how;
            assert_true(wait(&how) > 0);
            assert_true(WIFEXITED(how) && WEXITSTATUS(how) < 2);
            takers += WEXITSTATUS(how);
        }
        assert_int_equal(takers, 1);
    }
}

static void temporary_files_of_the_dead_are_removed_and_no_others(void **state)
{
    (void)state;
    begin();
    char space[32], name[7][1000];
    io_process_space(space);
    pid_t dead = die_with_it(true);
    snprintf(name[0], sizeof name[0], "%s/a.h5.tmp.a.node.%ld.%s.0123456789abcdef", folder, (long)dead, space);
    snprintf(name[1], sizeof name[1], "%s/b.h5.tmp.a.node.%ld.%s.0123456789abcdef", folder, (long)getpid(), space);
    snprintf(name[2], sizeof name[2], "%s/c.h5.tmp.elsewhere.1.fedcba9876543210.0", folder);
    snprintf(name[3], sizeof name[3], "%s/d.h5.tmp.elsewhere.1.fedcba9876543210.0", folder);
    snprintf(name[4], sizeof name[4], "%s/e.tmp.h5", folder);
    snprintf(name[5], sizeof name[5], "%s/f.h5.tmp.a.node.%ld.fedcba9876543210.0", folder, (long)dead);
    snprintf(name[6], sizeof name[6], "%s/g.h5.tmp.elsewhere.1", folder); /* of an earlier fgad */
    for (int i = 0; i < 7; i++) write_text(name[i], "half");
    age(name[3], 4000);
    age(name[4], 4000);
    age(name[6], 4000);
    /* Taking over the dead one's claim tidies its folder. */
    assert_true(take());
    claim_release(path);
    const bool stays[7] = {false, true, true, false, true, true, false};
    for (int i = 0; i < 7; i++) assert_int_equal(access(name[i], F_OK) == 0, stays[i]);
    check_error(claim_tidy_folder("no/such/folder"), ST_OK, "");
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    bool taken;
    check_error(claim_take(&taken, "no/such/folder/x.claim", NULL), ST_EIO, "'no/such/folder/x.claim' cannot be made");
}

static void the_heartbeat_touches_what_is_held(void **state)
{
    (void)state;
    begin();
    struct stat info;
    claim_heartbeat_stop();
    assert_true(take());
    age(path, CLAIM_SILENCE - 10);
    check_error(claim_heartbeat_start(), ST_OK, "");
    claim_heartbeat_stop();
    assert_int_equal(stat(path, &info), 0);
    assert_true(difftime(time(NULL), info.st_mtime) < 10);
    claim_release(path);
}

int main(void)
{
    log_init(LOG_ERROR, 0, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_is_taken_once_and_again_after_its_release),
        cmocka_unit_test(a_claim_of_a_dead_process_is_taken_over_reaped_or_not),
        cmocka_unit_test(a_reused_pid_is_not_the_holder),
        cmocka_unit_test(a_claim_of_another_container_lives_until_it_is_silent),
        cmocka_unit_test(what_is_no_claim_is_not_waited_for_and_not_shown),
        cmocka_unit_test(a_claim_of_another_host_lives_until_it_is_silent),
        cmocka_unit_test(a_claim_of_another_host_is_cleared_once_it_is_silent),
        cmocka_unit_test(clocks_that_differ_take_no_living_claim),
        cmocka_unit_test(a_new_claim_of_the_name_is_watched_anew),
        cmocka_unit_test(a_new_claim_in_the_old_ones_inode_is_not_the_dead_ones),
        cmocka_unit_test(a_claim_without_a_name_lives_until_it_is_silent),
        cmocka_unit_test(a_living_but_silent_holder_loses_its_claim),
        cmocka_unit_test(who_lost_its_claim_does_not_release_the_next_ones),
        cmocka_unit_test(of_many_processes_one_takes_the_claim),
        cmocka_unit_test(temporary_files_of_the_dead_are_removed_and_no_others),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
        cmocka_unit_test(the_heartbeat_touches_what_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
