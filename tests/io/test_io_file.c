#include "support/check.h"

#include "base/base.h"
#include "io/io.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef char path_t[4096];

static void join(path_t out, const char *directory, const char *name)
{
    snprintf(out, sizeof(path_t), "%s/%s", directory, name);
}

static void put(const char *directory, const char *name, const char *text)
{
    path_t path;
    join(path, directory, name);
    if (io_write_file(path, text, strlen(text)) != ST_OK) fail_msg("%s", fail_message());
}

static void check_names(const char *directory, const char *const *want)
{
    io_names_t names;
    if (io_list_dir(&names, directory) != ST_OK) fail_msg("%s", fail_message());
    int count = 0;
    while (want[count] != NULL) count++;
    if (names.count != count) fail_msg("'%s' holds %d names, expected %d", directory, names.count, count);
    for (int i = 0; i < count; i++) assert_string_equal(names.name[i], want[i]);
    io_names_free(&names);
    assert_int_equal(names.count, 0);
}

static void listings_are_sorted_by_bytes_and_skip_hidden_names(void **state)
{
    (void)state;
    const char *directory = check_temp_dir("file-list");
    put(directory, "b.png", ""), put(directory, "010.png", ""), put(directory, "9.png", "");
    put(directory, "B.png", ""), put(directory, ".hidden", ""), put(directory, "\xc3\xa9.png", "");
    check_names(directory, (const char *const[]){"010.png", "9.png", "B.png", "b.png", "\xc3\xa9.png", NULL});
}

static void folders_are_listed_apart(void **state)
{
    (void)state;
    io_names_t files, folders;
    path_t path, target;
    const char *directory = check_temp_dir("file-parted");
    const char *const links[][2] = {{"to folder", "b"}, {"to file", "a"}, {"to nothing", "gone"}};
    put(directory, "a", "");
    join(path, directory, "b");
    assert_int_equal(io_make_dirs(path), ST_OK);
    join(path, directory, ".hidden");
    assert_int_equal(io_make_dirs(path), ST_OK);
    for (int i = 0; i < 3; i++) {
        join(path, directory, links[i][0]);
        join(target, directory, links[i][1]);
        assert_int_equal(symlink(target, path), 0);
    }
    assert_int_equal(io_list_parted(&files, &folders, directory), ST_OK);
    assert_int_equal(files.count, 3);
    assert_string_equal(files.name[0], "a");
    assert_string_equal(files.name[1], "to file");
    assert_string_equal(files.name[2], "to nothing");
    assert_int_equal(folders.count, 2);
    assert_string_equal(folders.name[0], "b");
    assert_string_equal(folders.name[1], "to folder");
    io_names_free(&files);
    io_names_free(&folders);
    join(path, directory, "a");
    check_error(io_list_parted(&files, &folders, path), ST_ENOTFOUND, "a' cannot be listed: Not a directory");
}

static void long_listings_are_whole(void **state)
{
    (void)state;
    const char *directory = check_temp_dir("file-long");
    for (int i = 0; i < 300; i++) {
        path_t path;
        snprintf(path, sizeof path, "%s/%03d", directory, i);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fclose(file);
    }
    io_names_t names;
    assert_int_equal(io_list_dir(&names, directory), ST_OK);
    assert_int_equal(names.count, 300);
    assert_string_equal(names.name[0], "000");
    assert_string_equal(names.name[299], "299");
    io_names_free(&names);
}

static void what_cannot_be_listed_is_named(void **state)
{
    (void)state;
    path_t path;
    io_names_t names;
    const char *directory = check_temp_dir("file-unlisted");
    check_names(directory, (const char *const[]){NULL});
    join(path, directory, "absent");
    check_error(io_list_dir(&names, path), ST_ENOTFOUND, "absent' cannot be listed: No such file or directory");
    put(directory, "file", "");
    join(path, directory, "file");
    check_error(io_list_dir(&names, path), ST_ENOTFOUND, "file' cannot be listed: Not a directory");
    assert_null(names.name);
}

static void directories_are_made_with_their_parents_and_twice(void **state)
{
    (void)state;
    path_t path;
    const char *directory = check_temp_dir("file-dirs");
    join(path, directory, "a/b//c/");
    assert_false(io_exists(path));
    assert_int_equal(io_make_dirs(path), ST_OK);
    assert_true(io_is_dir(path));
    assert_int_equal(io_make_dirs(path), ST_OK);
    assert_int_equal(io_make_dirs("."), ST_OK);
    put(directory, "file", "");
    join(path, directory, "file/below");
    check_error(io_make_dirs(path), ST_EIO, "file' cannot be made: it exists and is not a directory");
    join(path, directory, "file");
    assert_true(io_exists(path));
    assert_false(io_is_dir(path));
}

static void a_file_is_read_as_it_was_written(void **state)
{
    (void)state;
    path_t path;
    join(path, check_temp_dir("file-read"), "bytes");
    static char bytes[70000];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 7);
    const size_t sizes[] = {0, 1, 4095, 4096, sizeof bytes};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *got = NULL;
        size_t size = 99;
        assert_int_equal(io_write_file(path, bytes, sizes[i]), ST_OK);
        assert_int_equal(io_read_file(&got, &size, path), ST_OK);
        assert_int_equal(size, sizes[i]);
        assert_memory_equal(got, bytes, size);
        assert_int_equal(got[size], 0);
        free(got);
    }
}

static void files_without_a_size_are_read_to_their_end(void **state)
{
    (void)state;
    char *got = NULL;
    size_t size = 0;
    assert_int_equal(io_read_file(&got, &size, "/proc/self/maps"), ST_OK);
    assert_true(size > 100 && strlen(got) == size);
    free(got);
}

static void publication_replaces_and_leaves_no_temporary(void **state)
{
    (void)state;
    const char *directory = check_temp_dir("file-publish");
    path_t path, temporary;
    char *got = NULL;
    put(directory, "result", "old");
    join(path, directory, "result");
    io_temporary_name(temporary, path);
    assert_non_null(strstr(temporary, "/result.tmp."));
    FILE *file = fopen(temporary, "w");
    assert_non_null(file);
    fputs("new", file);
    fclose(file);
    assert_int_equal(io_publish(temporary, path), ST_OK);
    assert_int_equal(io_read_file(&got, NULL, path), ST_OK);
    assert_string_equal(got, "new");
    free(got);
    check_names(directory, (const char *const[]){"result", NULL});
}

static void a_publication_that_fails_removes_its_temporary(void **state)
{
    (void)state;
    const char *directory = check_temp_dir("file-unpublished");
    path_t path, temporary;
    join(path, directory, "result");
    io_temporary_name(temporary, path);
    check_error(io_publish(temporary, path), ST_ENOTFOUND, "cannot be published: No such file or directory");
    /* A directory with something in it cannot be replaced by a file. */
    join(path, directory, "result/inside");
    assert_int_equal(io_make_dirs(path), ST_OK);
    join(path, directory, "result");
    FILE *file = fopen(temporary, "w");
    assert_non_null(file);
    fclose(file);
    check_error(io_publish(temporary, path), ST_EIO, "result' cannot be published: Is a directory");
    check_error(io_write_file(path, "x", 1), ST_EIO, "result' cannot be written: Is a directory");
    check_names(directory, (const char *const[]){"result", NULL});
}

/* A reader beside the writer sees one whole version or another, never a part and never none. */
static void a_reader_never_sees_half_a_file(void **state)
{
    (void)state;
    path_t path;
    join(path, check_temp_dir("file-reader"), "result");
    static char version[50000];
    memset(version, 'a', sizeof version);
    assert_int_equal(io_write_file(path, version, sizeof version), ST_OK);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (int i = 0; i < 1000; i++) {
            char *got = NULL;
            size_t size = 0;
            if (io_read_file(&got, &size, path) != ST_OK || size != sizeof version) _exit(1);
            for (size_t j = 1; j < size; j++)
                if (got[j] != got[0]) _exit(2);
            free(got);
        }
        _exit(0);
    }
    for (int i = 1; i < 40; i++) {
        memset(version, 'a' + i % 26, sizeof version);
        assert_int_equal(io_write_file(path, version, sizeof version), ST_OK);
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
}

/* What stood there before stays, and no temporary is left. */
static void check_refused_write(const char *directory, const char *reason)
{
    path_t path;
    static char bytes[1 << 20];
    char *got = NULL;
    join(path, directory, "result");
    check_error(io_write_file(path, bytes, sizeof bytes), ST_EIO, reason);
    assert_int_equal(io_read_file(&got, NULL, path), ST_OK);
    assert_string_equal(got, "old");
    free(got);
    check_names(directory, (const char *const[]){"result", NULL});
}

static void a_file_past_the_size_limit_leaves_the_old_one(void **state)
{
    (void)state;
    const char *directory = check_temp_dir("file-limit");
    put(directory, "result", "old");
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    low = before;
    low.rlim_cur = 8192;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    path_t path;
    static const char bytes[20000];
    join(path, directory, "result");
    status_t status = io_write_file(path, bytes, sizeof bytes);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    check_error(status, ST_EIO, "result' cannot be written: File too large");
    check_names(directory, (const char *const[]){"result", NULL});
    char *got = NULL;
    assert_int_equal(io_read_file(&got, NULL, path), ST_OK);
    assert_string_equal(got, "old");
    free(got);
}

/* A file system of 64 KiB, in a mount namespace of this process: needs root, and is skipped without. */
static void a_full_disk_gives_one_line_and_leaves_the_old_file(void **state)
{
    (void)state;
    const char *directory = check_temp_dir("file-full");
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("full", directory, "tmpfs", 0, "size=64k") != 0)
        skip();
    put(directory, "result", "old");
    check_refused_write(directory, "result' cannot be written: No space left on device");
    assert_int_equal(umount(directory), 0);
}

static void paths_too_long_are_refused(void **state)
{
    (void)state;
    static char path[5000];
    path_t temporary;
    memset(path, 'x', sizeof path - 1);
    io_temporary_name(temporary, path);
    assert_string_equal(temporary, "");
    check_error(io_write_file(path, "", 0), ST_EIO, "the path is too long");
    check_error(io_make_dirs(path), ST_EIO, "the path is too long");
}

static void digests_are_sha256(void **state)
{
    (void)state;
    char digest[IO_DIGEST_SIZE];
    path_t path;
    io_digest_bytes(digest, "", 0);
    assert_string_equal(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    io_digest_bytes(digest, "abc", 3);
    assert_string_equal(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

    /* A million 'a', the third vector of FIPS 180. */
    join(path, check_temp_dir("file-digest"), "million");
    char *million = malloc(1000000);
    assert_non_null(million);
    memset(million, 'a', 1000000);
    assert_int_equal(io_write_file(path, million, 1000000), ST_OK);
    free(million);
    assert_int_equal(io_digest_file(digest, path), ST_OK);
    assert_string_equal(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    check_error(io_digest_file(digest, "/absent/file"), ST_ENOTFOUND, "'/absent/file' cannot be opened");
}

static void a_file_has_a_second_name_or_a_copy(void **state)
{
    (void)state;
    const char *here = check_temp_dir("link");
    path_t from, path, far;
    char *text;
    join(from, here, "from");
    join(path, here, "path");
    put(here, "from", "one");
    check_error(io_link_file(path, from, false), ST_OK, "");
    assert_true(io_same_file(path, from));
    check_error(io_link_file(path, from, true), ST_OK, ""); /* again: nothing changes, no temporary is left */
    check_names(here, (const char *const[]){"from", "path", NULL});

    put(here, "path", "other");
    check_error(io_link_file(path, from, false), ST_OK, ""); /* what stands there stays */
    assert_false(io_same_file(path, from));
    check_error(io_link_file(path, from, true), ST_OK, "");
    assert_true(io_same_file(path, from));
    join(far, here, "none");
    check_error(io_link_file(path, far, true), ST_ENOTFOUND, "none'");

    /* Another file system knows no second name of a file here. */
    snprintf(far, sizeof far, "/dev/shm/fgad-test-%ld", (long)getpid());
    if (io_write_file(far, "far", 3) != ST_OK) return;
    const status_t status = io_link_file(path, far, true);
    remove(far);
    check_error(status, ST_OK, "");
    check_error(io_read_text(&text, path), ST_OK, "");
    assert_string_equal(text, "far");
    free(text);
    check_names(here, (const char *const[]){"from", "path", NULL});
}

static void a_path_lies_in_a_folder_or_beside_it(void **state)
{
    (void)state;
    const char *folder = check_temp_dir("file-inside");
    path_t inner, path, link;
    join(inner, folder, "images");
    assert_int_equal(io_make_dirs(inner), ST_OK);
    join(link, folder, "link");
    assert_int_equal(symlink("images", link), 0);
    static const char *const in[] = {"images", "images/", "images/new", "images/a/b", "link", "link/new", NULL};
    static const char *const out[] = {"", "imag", "images2", "new", "images/../new", "link/../x", NULL};
    for (int i = 0; in[i] != NULL; i++) {
        join(path, folder, in[i]);
        if (!io_lies_in(path, inner)) fail_msg("'%s' lies in '%s'", path, inner);
        if (!io_lies_in(path, link)) fail_msg("'%s' lies in '%s'", path, link);
    }
    for (int i = 0; out[i] != NULL; i++) {
        join(path, folder, out[i]);
        if (io_lies_in(path, inner)) fail_msg("'%s' lies beside '%s'", path, inner);
    }
    assert_true(io_lies_in("no/such/folder", "."));
    assert_true(io_lies_in("/no/such/folder", "/"));
}

/* Another process has the same memory, by its key and size; what a killed one leaves is nobody's. */
static void processes_share_memory_by_a_key(void **state)
{
    (void)state;
    const uint64_t key = ((uint64_t)getpid() << 20) + 1;
    io_shared_t *mine, *other;
    int *memory = io_shared_open(&mine, key, 4096);
    if (memory == NULL) skip();
    assert_int_equal(memory[0], 0);
    pid_t child = fork();
    if (child == 0) {
        int *there = io_shared_open(&other, key, 4096);
        if (there == NULL) _exit(1);
        there[1000] = 7;
        raise(SIGKILL);
    }
    int how;
    assert_true(waitpid(child, &how, 0) == child && WIFSIGNALED(how));
    assert_int_equal(memory[1000], 7);
    assert_null(io_shared_open(&other, key, 8192)); /* other work than that of those who have it */
    assert_null(other);
    io_shared_close(mine);
    child = fork();
    if (child == 0) {
        int *there = io_shared_open(&other, key, 4096);
        if (there == NULL || there[1000] != 0) _exit(1);
        there[1000] = 7;
        raise(SIGKILL);
    }
    assert_true(waitpid(child, &how, 0) == child && WIFSIGNALED(how));
    memory = io_shared_open(&mine, key, 4096);
    assert_non_null(memory);
    assert_int_equal(memory[1000], 0);
    io_shared_close(mine);
    io_shared_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listings_are_sorted_by_bytes_and_skip_hidden_names),
        cmocka_unit_test(folders_are_listed_apart),
        cmocka_unit_test(long_listings_are_whole),
        cmocka_unit_test(what_cannot_be_listed_is_named),
        cmocka_unit_test(directories_are_made_with_their_parents_and_twice),
        cmocka_unit_test(a_file_is_read_as_it_was_written),
        cmocka_unit_test(files_without_a_size_are_read_to_their_end),
        cmocka_unit_test(publication_replaces_and_leaves_no_temporary),
        cmocka_unit_test(a_publication_that_fails_removes_its_temporary),
        cmocka_unit_test(a_reader_never_sees_half_a_file),
        cmocka_unit_test(a_file_past_the_size_limit_leaves_the_old_one),
        cmocka_unit_test(a_full_disk_gives_one_line_and_leaves_the_old_file),
        cmocka_unit_test(paths_too_long_are_refused),
        cmocka_unit_test(digests_are_sha256),
        cmocka_unit_test(a_file_has_a_second_name_or_a_copy),
        cmocka_unit_test(a_path_lies_in_a_folder_or_beside_it),
        cmocka_unit_test(processes_share_memory_by_a_key),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
