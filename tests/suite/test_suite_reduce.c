/* The table of a run whose folder others work on at the same time. */
#include "support/check.h"

#include "suite/suite_internal.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN FGAD_TEST_TMP "/reduce/run"
enum { TASKS = 3 };

/* A run of two categories; the tasks' files are not made. */
static void make_plan(plan_t *plan, plan_category_t entries[2], plan_task_t tasks[TASKS], job_t *job)
{
    static char *const categories[TASKS] = {"bolt", "bolt", "nut"};
    static char *const paths[TASKS] = {RUN "/tasks/demo/bolt/k1-s0-0000000000000001.h5",
                                       RUN "/tasks/demo/bolt/k1-s1-0000000000000002.h5",
                                       RUN "/tasks/demo/nut/k1-s0-0000000000000003.h5"};
    static char *no_text[] = {""}, *options[] = {"none"};
    const char *const assignments[] = {"dataset=demo", "name=run", "output=" FGAD_TEST_TMP "/reduce"};
    assert_int_equal(job_read(job, NULL, assignments, 3), ST_OK);
    for (int l = 0; l < 2; l++)
        entries[l] =
            (plan_category_t){.images = {.dataset = "demo", .category = categories[2 * l], .mask_threshold = 127}};
    for (int t = 0; t < TASKS; t++) {
        tasks[t] = (plan_task_t){.dataset = "demo",
                                 .category = categories[t],
                                 .shots = 1,
                                 .seed = t == 1,
                                 .category_index = t == 2,
                                 .path = paths[t]};
        snprintf(tasks[t].id, sizeof tasks[t].id, "%016d", t + 1);
        unlink(paths[t]);
    }
    *plan = (plan_t){.methods = method_table,
                     .points = job,
                     .point_text = no_text,
                     .point_options = options,
                     .point_count = 1,
                     .tasks = tasks,
                     .task_count = TASKS,
                     .categories = entries,
                     .category_count = 2,
                     .run_dir = RUN,
                     .blas = "none",
                     .model_digest = "none"};
    assert_int_equal(io_make_dirs(RUN "/tasks/demo/bolt"), ST_OK);
    assert_int_equal(io_make_dirs(RUN "/tasks/demo/nut"), ST_OK);
}

/* As another job would: a task's file, all of whose metrics are `value`. */
static void publish(const plan_task_t *task, double value, const char *made_on)
{
    io_h5_t *file;
    assert_int_equal(io_h5_create(&file, task->path), ST_OK);
    for (const store_number_t *row = store_number_table; row->name != NULL; row++) {
        const io_h5_field_t field = {row->name, IO_H5_F64, 0, {0}, "", "1", row->description, &value};
        assert_int_equal(io_h5_write(file, "metrics", &field, 1), ST_OK);
    }
    assert_int_equal(io_h5_set_text(file, "/", "id", task->id), ST_OK);
    if (made_on != NULL) assert_int_equal(io_h5_set_text(file, "/", "made_on", made_on), ST_OK);
    assert_int_equal(io_h5_set_i64(file, "/", "complete", 1), ST_OK);
    assert_int_equal(io_h5_publish(&file), ST_OK);
}

/* What others publish after our look, and before our table is written, is in the table: theirs may be the one that ours
 * replaces. */
static void a_result_that_came_after_the_look_is_in_the_table(void **state)
{
    (void)state;
    int missing;
    plan_t plan;
    plan_category_t entries[2];
    plan_task_t tasks[TASKS];
    job_t job;
    store_results_t results;
    store_numbers_t numbers[TASKS];
    uint8_t there[TASKS];
    store_made_on_t made_on = {0};
    make_plan(&plan, entries, tasks, &job);
    publish(&tasks[0], 0.25, "SkylakeX, 1 thread");
    assert_int_equal(suite_numbers_read(numbers, there, &made_on, &plan, 0, 1, 0), ST_OK);
    assert_true(there[0] && !there[1] && !there[2]);
    publish(&tasks[2], 0.75, "Haswell, 2 threads; SkylakeX, 1 thread");
    assert_int_equal(suite_reduce(&missing, &plan, 1, numbers, there, &made_on, 0), ST_OK);
    assert_int_equal(missing, 1);
    assert_int_equal(store_results_read(&results, RUN), ST_OK);
    assert_int_equal(results.missing, 1);
    assert_int_equal(results.lost[0].seed, 1);
    assert_int_equal(results.count, 3); /* of seed 0 all categories are there: it has a mean */
    assert_string_equal(results.rows[1].category, "nut");
    assert_true(results.rows[1].metric[0] == 0.75);
    assert_string_equal(results.rows[2].category, STORE_MEAN);
    assert_true(results.rows[2].metric[0] == 0.5);
    assert_string_equal(results.made_on.text, "Haswell, 2 threads; SkylakeX, 1 thread");
    store_results_free(&results);
    job_free(&job);
}

/* A file that cannot be read stays missing, however often it is looked at. */
static void a_damaged_file_is_missing_and_no_reason_to_look_for_ever(void **state)
{
    (void)state;
    int missing;
    plan_t plan;
    plan_category_t entries[2];
    plan_task_t tasks[TASKS];
    job_t job;
    store_numbers_t numbers[TASKS] = {{0}};
    uint8_t there[TASKS] = {0};
    store_made_on_t made_on = {0};
    make_plan(&plan, entries, tasks, &job);
    publish(&tasks[0], 0.25, NULL);
    assert_int_equal(io_write_file(tasks[1].path, "no HDF5", 7), ST_OK);
    assert_int_equal(suite_reduce(&missing, &plan, 1, numbers, there, &made_on, 0), ST_OK);
    assert_int_equal(missing, 2);
    job_free(&job);
}

/* Kinds are sorted, each once, whatever the order they come in; more than fit are "others". */
static void kinds_of_arithmetic_are_a_set(void **state)
{
    (void)state;
    store_made_on_t set = {0};
    assert_int_equal(store_made_on_count(&set), 0);
    store_made_on_add(&set, "");
    store_made_on_add(&set, "SkylakeX, 1 thread");
    store_made_on_add(&set, "Haswell, 2 threads; SkylakeX, 1 thread; Haswell, 1 thread");
    store_made_on_add(&set, "Zen, 1 thread; Haswell, 1 thread");
    assert_string_equal(set.text, "Haswell, 1 thread; Haswell, 2 threads; SkylakeX, 1 thread; Zen, 1 thread");
    assert_int_equal(store_made_on_count(&set), 4);
    for (int i = 0; i < 100; i++) {
        char kind[32];
        snprintf(kind, sizeof kind, "Core%d, 1 thread", i);
        store_made_on_add(&set, kind);
    }
    assert_true(strlen(set.text) < sizeof set.text);
    assert_non_null(strstr(set.text, "others"));
    assert_non_null(strstr(set.text, "Zen, 1 thread"));
    int count = store_made_on_count(&set);
    store_made_on_add(&set, "Core99, 1 thread; others");
    assert_int_equal(store_made_on_count(&set), count);
}

/* A folder of 85,500 tasks is read for minutes: a signal is heard between two of them. What is read after one has a second
 * of its own to end at. */
static void a_signal_is_heard_between_two_tasks(void **state)
{
    (void)state;
    plan_t plan;
    plan_category_t entries[2];
    plan_task_t tasks[TASKS];
    job_t job;
    store_numbers_t numbers[TASKS];
    uint8_t there[TASKS];
    store_made_on_t made_on = {0};
    make_plan(&plan, entries, tasks, &job);
    publish(&tasks[0], 0.25, NULL);
    stop_signals_install();
    assert_int_equal(raise(SIGTERM), 0);
    check_error(suite_numbers_read(numbers, there, &made_on, &plan, 0, 1, 0), ST_EINTERRUPTED, "task 1 of 3");
    check_error(suite_numbers_read(numbers, there, &made_on, &plan, 0, 1, clock_seconds() - 1), ST_EINTERRUPTED,
                "task 1 of 3");
    check_error(suite_numbers_read(numbers, there, &made_on, &plan, 0, 1, clock_seconds() + 600), ST_OK, "");
    assert_true(there[0] && !there[1] && !there[2]);
    job_free(&job);
}

/* The label tells what the file holds, NaN and all; another's, a cut one and one from before labels do not pass for it. */
static void a_label_tells_id_numbers_and_kinds_of_arithmetic(void **state)
{
    (void)state;
    const char *path = RUN "/label.h5", *id = "0123456789abcdef";
    io_h5_t *file;
    store_numbers_t put, got;
    store_made_on_t made_on = {0};
    for (size_t i = 0; i < sizeof put / sizeof(double); i++) {
        const double value = i == 1 ? NAN : i == 2 ? 1 : 1 / (double)(i + 3);
        memcpy((char *)&put + i * sizeof value, &value, sizeof value);
    }
    assert_int_equal(io_make_dirs(RUN), ST_OK);
    check_error(io_h5_create(&file, path), ST_OK, "");
    check_error(store_complete(file, id, &put, "Haswell, 2 threads"), ST_OK, "");
    check_error(io_h5_publish(&file), ST_OK, "");
    check_error(store_label_read(&got, &made_on, path, id), ST_OK, "");
    assert_memory_equal(&got, &put, sizeof put);
    assert_string_equal(made_on.text, "Haswell, 2 threads");
    check_error(store_label_read(&got, &made_on, path, "0123456789abcdee"), ST_EFORMAT, "has the id 0123456789abcdef");
    check_error(store_label_read(&got, &made_on, RUN "/none.h5", id), ST_ENOTFOUND, "none.h5'");
    check_error(io_h5_create(&file, path), ST_OK, "");
    check_error(store_complete(file, id, NULL, NULL), ST_OK, "");
    check_error(io_h5_publish(&file), ST_OK, "");
    check_error(store_label_read(&got, &made_on, path, id), ST_EFORMAT, "does not tell");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_that_came_after_the_look_is_in_the_table),
        cmocka_unit_test(kinds_of_arithmetic_are_a_set),
        cmocka_unit_test(a_damaged_file_is_missing_and_no_reason_to_look_for_ever),
        cmocka_unit_test(a_label_tells_id_numbers_and_kinds_of_arithmetic),
        cmocka_unit_test(a_signal_is_heard_between_two_tasks), /* the last one: the signal stays asked for */
    };
    return cmocka_run_group_tests_name("reduce", tests, NULL, NULL);
}
