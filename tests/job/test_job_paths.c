/* Paths of a job: what a shell would make of them, and what becomes of variables that are not set. */
#include "support/check.h"

#include "job/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static job_t read_with(const char *assignment)
{
    job_t job;
    const char *assignments[] = {"dataset=folder", assignment};
    if (job_read(&job, NULL, assignments, 2) != ST_OK) fail_msg("%s: %s", assignment, fail_message());
    return job;
}

static void home_and_variables_are_expanded(void **state)
{
    (void)state;
    setenv("HOME", "/people/me", 1);
    setenv("SCRATCH_1", "/scratch", 1);
    static const char *const rows[][2] = {{"output=~", "/people/me"},
                                          {"output=~/runs", "/people/me/runs"},
                                          {"output=$SCRATCH_1/runs", "/scratch/runs"},
                                          {"output=${SCRATCH_1}2/${SCRATCH_1}", "/scratch2//scratch"},
                                          {"output=a~b", "a~b"},
                                          {"output=a$(b)$", "a$(b)$"},
                                          {"output=a$$HOME", "a$HOME"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        job_t job = read_with(rows[i][0]);
        assert_string_equal(job.output, rows[i][1]);
        job_free(&job);
    }
    job_t job = read_with("roots.folder=$SCRATCH_1/own");
    assert_string_equal(job.roots.value[0], "/scratch/own");
    job_free(&job);
    job = read_with("model=~/model");
    assert_string_equal(job.model, "/people/me/model");
    job_free(&job);
}

static void what_stands_for_nothing_is_refused(void **state)
{
    (void)state;
    setenv("HOME", "/people/me", 1);
    setenv("FGAD_EMPTY", "", 1);
    setenv("FGAD_BLANK", "  ", 1);
    unsetenv("FGAD_UNSET");
    static const char *const rows[][2] = {
        {"output=", "output is empty, expected a path"},
        {"data_root=", "data_root is empty"},
        {"roots.folder=", "roots.folder is empty"},
        {"assets=", "assets is empty"},
        {"fewshot=", "fewshot is empty"},
        {"output=$FGAD_UNSET/x", "but FGAD_UNSET is not set in the environment"},
        {"model=/a/${FGAD_EMPTY}", "but FGAD_EMPTY is empty in the environment"},
        {"output=  ", "output is empty, expected a path"},
        {"output=$FGAD_BLANK", "output is blank"},
        {"data_root=${FGAD_UNSET:-/data}", "of which only $NAME and ${NAME} can be filled in"},
        {"roots.folder=/a/${}", "of which only $NAME and ${NAME} can be filled in"},
        {"assets=/a/${HOME", "of which only $NAME and ${NAME} can be filled in"},
        {"data_root=~other/x", "folders of other users are not looked up"},
        {"roots.folder=/data/r\xe9", "roots.folder is '/data/r\\xe9', expected UTF-8"},
        {"category=a\nb", "category is 'a\\x0ab', expected UTF-8 without control"},
        {"name=cache", "name is 'cache', which is the folder of features"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        job_t job;
        const char *assignments[] = {"dataset=folder", rows[i][0]};
        check_error(job_read(&job, NULL, assignments, 2), ST_EFORMAT, rows[i][1]);
    }
    unsetenv("HOME");
    job_t job;
    const char *assignments[] = {"dataset=folder", "output=~/x"};
    check_error(job_read(&job, NULL, assignments, 2), ST_EFORMAT, "HOME is not set");
}

/* What run.yaml says is read back to the same path, whatever stands in it. */
static void a_path_survives_its_file(void **state)
{
    (void)state;
    setenv("HOME", "/people/me", 1);
    char path[600];
    job_t first = read_with("output=/a/$$HOME/~/b$(c)"), again;
    assert_string_equal(first.output, "/a/$HOME/~/b$(c)");
    char *yaml = job_yaml(&first);
    assert_non_null(yaml);
    snprintf(path, sizeof path, "%s/run.yaml", check_temp_dir("job-paths"));
    assert_int_equal(io_write_file(path, yaml, strlen(yaml)), ST_OK);
    if (job_read(&again, path, NULL, 0) != ST_OK) fail_msg("%s", fail_message());
    assert_string_equal(again.output, first.output);
    free(yaml);
    job_free(&first);
    job_free(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(home_and_variables_are_expanded),
        cmocka_unit_test(what_stands_for_nothing_is_refused),
        cmocka_unit_test(a_path_survives_its_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
