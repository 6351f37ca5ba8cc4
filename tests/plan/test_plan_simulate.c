/* What is still to come of a run that is under way. */
#include "support/check.h"

#include "plan/plan.h"

#include <stdlib.h>

enum { MOST = 8 };

typedef struct {
    plan_item_kind_t kind;
    double cost;
    int needs[2]; /* -1: none */
} row_t;

typedef struct {
    plan_items_t items;
    plan_item_t item[MOST];
    int needs[MOST][2];
    double left[MOST];
} run_t;

static void make(run_t *run, const row_t *rows, int count)
{
    run->items = (plan_items_t){.items = run->item, .count = count};
    for (int i = 0; i < count; i++) {
        plan_item_t *item = &run->item[i];
        *item = (plan_item_t){.kind = rows[i].kind, .cost = rows[i].cost, .needs = run->needs[i], .wanted = true};
        for (int n = 0; n < 2; n++)
            if (rows[i].needs[n] >= 0) run->needs[i][item->need_count++] = rows[i].needs[n];
        run->left[i] = PLAN_NOT_BEGUN;
    }
    assert_int_equal(plan_items_order(&run->items), ST_OK);
}

static void comes(double want, const run_t *run, int ranks)
{
    plan_simulation_t forecast;
    assert_int_equal(plan_estimate(&forecast, &run->items, run->left, 1, ranks), ST_OK);
    if (!(forecast.makespan > want - 1e-9 && forecast.makespan < want + 1e-9))
        fail_msg("%d ranks: %g seconds are left, expected %g", ranks, forecast.makespan, want);
}

/* One category: a head of eight minutes, one of twelve and a half, and the evaluation of both. */
static const row_t category[] = {{PLAN_EVALUATE, 5, {1, 2}}, {PLAN_LEARN, 480, {-1, -1}}, {PLAN_LEARN, 750, {-1, -1}}};

static void what_is_in_other_hands_is_not_taken_for_untouched(void **state)
{
    (void)state;
    run_t run;
    make(&run, category, 3);
    comes(1235, &run, 1);
    comes(755, &run, 2);
    comes(755, &run, 10000);
    run.left[1] = 480 - 435; /* both ranks have worked for seven minutes and a quarter */
    run.left[2] = plan_left(750, 435);
    comes(320, &run, 2);
    run.left[1] = 0; /* done, and the other rank goes on alone */
    run.left[2] = plan_left(750, 490);
    comes(265, &run, 2);
    run.item[1].state = PLAN_DONE; /* the same when this has been noted */
    comes(265, &run, 2);
    run.left[2] = 0;
    comes(5, &run, 2);
    run.left[0] = 0;
    comes(0, &run, 2);
    free(run.items.order);
}

static void an_item_that_takes_longer_than_predicted_is_nearly_done(void **state)
{
    (void)state;
    assert_true(plan_left(750, 0) == 750 && plan_left(750, -3) == 750); /* clocks of two hosts may differ */
    assert_true(plan_left(750, 435) == 315);
    assert_true(plan_left(750, 749) == 37.5 && plan_left(750, 2000) == 100);
}

static void the_end_that_is_predicted_stays_where_it_is(void **state)
{
    (void)state;
    /* Two ranks: 0-2 item 2, 0-4 item 3; 2-7 item 1, 4-10 item 5; 7-10 item 4, 10-11 item 0. */
    static const row_t rows[] = {{PLAN_EVALUATE, 1, {1, -1}}, {PLAN_LEARN, 5, {2, -1}}, {PLAN_CHUNK, 2, {-1, -1}},
                                 {PLAN_CHUNK, 4, {-1, -1}},   {PLAN_LEARN, 3, {3, -1}}, {PLAN_CHUNK, 6, {-1, -1}}};
    static const double begin[] = {10, 2, 0, 0, 7, 4};
    run_t run;
    make(&run, rows, 6);
    for (double now = 0; now <= 11; now += 0.25) {
        for (int i = 0; i < 6; i++) {
            double end = begin[i] + rows[i].cost;
            /* At the very moment of a change the item has just been taken. */
            run.left[i] = now < begin[i] ? PLAN_NOT_BEGUN : now < end ? end - now : 0;
        }
        comes(11 - now, &run, 2);
    }
    free(run.items.order);
}

static void other_jobs_that_help_are_counted_by_what_they_hold(void **state)
{
    (void)state;
    static const row_t rows[] = {{PLAN_CHUNK, 10, {-1, -1}},
                                 {PLAN_CHUNK, 10, {-1, -1}},
                                 {PLAN_CHUNK, 10, {-1, -1}},
                                 {PLAN_CHUNK, 10, {-1, -1}},
                                 {PLAN_CHUNK, 10, {-1, -1}}};
    run_t run;
    make(&run, rows, 5);
    comes(50, &run, 1);
    for (int i = 0; i < 4; i++) run.left[i] = 4;
    comes(14, &run, 1);                                /* four hands are at work: 4 for each, then one item more */
    run.item[0].state = run.item[1].state = PLAN_DONE; /* whatever stands in `left` */
    comes(14, &run, 1);
    free(run.items.order);
}

static void what_has_failed_is_not_waited_for(void **state)
{
    (void)state;
    run_t run;
    plan_simulation_t forecast;
    make(&run, category, 3);
    run.left[0] = run.left[1] = PLAN_NEVER;
    comes(750, &run, 1);
    assert_int_equal(plan_estimate(&forecast, &run.items, run.left, 1, 1), ST_OK);
    assert_true(forecast.items == 1 && forecast.work == 750 && forecast.critical_item == 2);
    run.left[2] = PLAN_NEVER;
    comes(0, &run, 1);
    run.item[0].wanted = run.item[1].wanted = run.item[2].wanted = false; /* nothing was to be done at all */
    comes(0, &run, 1);
    free(run.items.order);
}

static void very_many_items_have_a_bound_in_place_of_a_simulation(void **state)
{
    (void)state;
    enum { MANY = 40000 };
    plan_items_t items = {.count = MANY};
    items.items = calloc(MANY, sizeof *items.items);
    double *left = calloc(MANY, sizeof *left);
    assert_true(items.items != NULL && left != NULL);
    for (int i = 0; i < MANY; i++) {
        items.items[i] = (plan_item_t){.kind = PLAN_CHUNK, .cost = 2, .wanted = true};
        left[i] = i < 10000 ? 0 : i < 10004 ? 1 : PLAN_NOT_BEGUN;
    }
    plan_simulation_t simulated, forecast;
    assert_int_equal(plan_items_order(&items), ST_OK);
    for (int ranks = 1; ranks <= 100; ranks += 33) {
        assert_int_equal(plan_estimate(&forecast, &items, left, 1, ranks), ST_OK);
        assert_int_equal(plan_simulate(&simulated, &items, left, 1, ranks), ST_OK);
        double hands = ranks < 4 ? 4 : ranks;
        assert_true(forecast.items == MANY - 10000 && forecast.work == 4 + 2 * (MANY - 10004));
        assert_true(forecast.makespan == forecast.work / hands);
        assert_true(simulated.makespan >= forecast.makespan && simulated.makespan <= forecast.makespan + 2);
    }
    assert_int_equal(plan_estimate(&forecast, &items, left, 1, MANY), ST_OK);
    assert_true(forecast.makespan == 2); /* the longest item */
    free(items.items);
    free(items.order);
    free(left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_other_hands_is_not_taken_for_untouched),
        cmocka_unit_test(an_item_that_takes_longer_than_predicted_is_nearly_done),
        cmocka_unit_test(the_end_that_is_predicted_stays_where_it_is),
        cmocka_unit_test(other_jobs_that_help_are_counted_by_what_they_hold),
        cmocka_unit_test(what_has_failed_is_not_waited_for),
        cmocka_unit_test(very_many_items_have_a_bound_in_place_of_a_simulation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
