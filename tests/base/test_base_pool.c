/* Threads that share numbered tasks. */
#include "support/check.h"

#include "base/base.h"

#include <stdatomic.h>
#include <stdio.h>

enum { TASKS = 500, MOST_WORKERS = 4 };

typedef struct {
    atomic_int times[TASKS];
    atomic_int at_work[MOST_WORKERS];
    atomic_bool wrong; /* two tasks on one worker, or a worker that there is none of */
    int workers;
    int first_to_fail; /* it and every later one fails */
} tally_t;

static status_t count(void *context, int task, int worker)
{
    tally_t *tally = context;
    /* Told by the main thread: cmocka's asserts are for it alone. */
    if (worker < 0 || worker >= tally->workers || atomic_fetch_add(&tally->at_work[worker], 1) != 0)
        tally->wrong = true;
    atomic_fetch_add(&tally->times[task], 1);
    atomic_fetch_sub(&tally->at_work[worker], 1);
    return task < tally->first_to_fail ? ST_OK : fail(ST_EFORMAT, "task %d", task);
}

static void every_task_is_done_once_by_any_number_of_workers(void **state)
{
    (void)state;
    for (int workers = 0; workers <= MOST_WORKERS; workers++) {
        base_pool_t *pool = NULL;
        if (workers > 0) check_error(base_pool_open(&pool, workers), ST_OK, "");
        assert_int_equal(base_pool_workers(pool), workers > 0 ? workers : 1);
        for (int round = 0; round < 20; round++) {
            const int tasks = round == 0 ? 0 : round == 1 ? 1 : TASKS;
            tally_t tally = {.workers = base_pool_workers(pool), .first_to_fail = TASKS};
            check_error(base_pool_run(pool, tasks, count, &tally), ST_OK, "");
            for (int t = 0; t < TASKS; t++) assert_int_equal(tally.times[t], t < tasks);
            assert_false(tally.wrong);
        }
        base_pool_close(pool);
    }
}

static void the_first_task_that_fails_tells_and_the_pool_goes_on(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MOST_WORKERS; workers++) {
        base_pool_t *pool;
        check_error(base_pool_open(&pool, workers), ST_OK, "");
        for (int round = 0; round < 20; round++) {
            const int first = round * 20;
            tally_t tally = {.workers = workers, .first_to_fail = first};
            char message[32];
            snprintf(message, sizeof message, "task %d", first);
            check_error(base_pool_run(pool, TASKS, count, &tally), ST_EFORMAT, message);
            for (int t = 0; t <= first; t++) assert_int_equal(tally.times[t], 1);
            for (int t = first + workers; t < TASKS; t++) assert_int_equal(tally.times[t], 0);
            tally = (tally_t){.workers = workers, .first_to_fail = TASKS};
            check_error(base_pool_run(pool, TASKS, count, &tally), ST_OK, "");
        }
        base_pool_close(pool);
    }
    base_pool_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_is_done_once_by_any_number_of_workers),
        cmocka_unit_test(the_first_task_that_fails_tells_and_the_pool_goes_on),
    };
    return cmocka_run_group_tests_name("base_pool", tests, NULL, NULL);
}
