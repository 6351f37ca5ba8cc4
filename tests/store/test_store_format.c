/* Files of other layouts, and the file of a task's head. */
#include "support/check.h"

#include "store/store.h"

#include <stdlib.h>
#include <string.h>

/* A file with a format ("": none) and, where `head` is not NULL, the id of a pixel head; open for reading. */
static io_h5_t *make(const char *path, const char *format, const char *head)
{
    io_h5_t *file;
    check_error(io_h5_create(&file, path), ST_OK, "");
    if (format[0] != '\0') check_error(io_h5_set_text(file, "/", "format", format), ST_OK, "");
    check_error(io_h5_set_text(file, "/", "code_version", "9.9+abc"), ST_OK, "");
    if (head != NULL) check_error(io_h5_set_text(file, "heads", "pixel", head), ST_OK, "");
    check_error(io_h5_publish(&file), ST_OK, "");
    check_error(io_h5_open(&file, path), ST_OK, "");
    return file;
}

static void formats_of_this_version_are_read_and_others_refused(void **state)
{
    (void)state;
    const char *const known[] = {"", "1", STORE_FORMAT};
    const char *path = FGAD_TEST_TMP "/format.h5";
    for (int i = 0; i < 3; i++) {
        io_h5_t *file = make(path, known[i], NULL);
        check_error(store_format_check(file, path), ST_OK, "");
        io_h5_close(file);
    }
    io_h5_t *file = make(path, "3", NULL);
    check_error(store_format_check(file, path), ST_EFORMAT,
                "format.h5' is of format 3, this version reads 1 and " STORE_FORMAT " (hint: fgad 9.9+abc wrote it)");
    io_h5_close(file);
    store_numbers_t numbers;
    store_made_on_t made_on = {0};
    check_error(store_task_numbers(&numbers, &made_on, path, "0123456789abcdef"), ST_EFORMAT, "is of format 3");
}

static void a_head_lies_in_the_run_or_in_the_task(void **state)
{
    (void)state;
    char *path;
    const char *file_path = FGAD_TEST_TMP "/named.h5", *task = "/data/run/tasks/demo/gear/k1-s0-x.h5";
    io_h5_t *file = make(file_path, "2", "0123456789abcdef");
    check_error(store_head_of_task(&path, file, task, "pixel"), ST_OK, "");
    assert_string_equal(path, "/data/run/heads/demo/gear/0123456789abcdef.h5");
    free(path);
    check_error(store_head_of_task(&path, file, task, "image"), ST_ENOTFOUND, "");
    check_error(store_head_of_task(&path, file, "k1-s0-x.h5", "pixel"), ST_EFORMAT, "k1-s0-x.h5'");
    io_h5_close(file);
    file = make(file_path, "2", "../../../../../etc/pass");
    check_error(store_head_of_task(&path, file, task, "pixel"), ST_EFORMAT, "does not name a file of a run");
    io_h5_close(file);

    check_error(io_h5_create(&file, file_path), ST_OK, "");
    check_error(io_h5_set_text(file, "prompts/pixel", "terms", "total"), ST_OK, "");
    check_error(io_h5_publish(&file), ST_OK, "");
    check_error(io_h5_open(&file, file_path), ST_OK, "");
    check_error(store_head_of_task(&path, file, task, "pixel"), ST_OK, "");
    assert_string_equal(path, task);
    free(path);
    io_h5_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_of_this_version_are_read_and_others_refused),
        cmocka_unit_test(a_head_lies_in_the_run_or_in_the_task),
    };
    return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
