#include "support/check.h"

#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

/* A list of items by hand: kind, category, cost and one need (-1: none). */
typedef struct {
    plan_item_kind_t kind;
    int category_index;
    double cost;
    int need;
} row_t;

static void make(plan_items_t *out, plan_item_t items[MOST], int needs[MOST], const row_t *rows, int count)
{
    *out = (plan_items_t){.items = items, .count = count};
    for (int i = 0; i < count; i++) {
        needs[i] = rows[i].need;
        items[i] = (plan_item_t){.kind = rows[i].kind,
                                 .category_index = rows[i].category_index,
                                 .cost = rows[i].cost,
                                 .needs = &needs[i],
                                 .need_count = rows[i].need >= 0,
                                 .wanted = true};
    }
    assert_int_equal(plan_items_order(out), ST_OK);
}

static const row_t chains[] = {
    {PLAN_EVALUATE, 0, 1, 1}, /* chunk 2 -> learn 5 -> evaluate 1: 8 in all */
    {PLAN_LEARN, 0, 5, 2},    {PLAN_CHUNK, 0, 2, -1}, {PLAN_CHUNK, 1, 4, -1}, {PLAN_EVALUATE, 1, 3, 3}, /* 7 in all */
    {PLAN_CHUNK, 2, 6, -1},
};
enum { CHAINS = sizeof chains / sizeof chains[0] };

static void what_others_wait_for_longest_comes_first(void **state)
{
    (void)state;
    plan_items_t items;
    plan_item_t item[MOST];
    int needs[MOST];
    plan_ready_t *ready;
    make(&items, item, needs, chains, CHAINS);
    assert_true(item[2].critical_path == 8 && item[1].critical_path == 6 && item[0].critical_path == 1 &&
                item[3].critical_path == 7 && item[5].critical_path == 6);
    assert_int_equal(plan_ready_make(&ready, &items, 3), ST_OK);
    assert_int_equal(plan_ready_count(ready), 3);
    assert_int_equal(plan_ready_take(ready, -1), 2);
    assert_int_equal(plan_ready_take(ready, -1), 3);
    plan_ready_done(ready, 2);
    assert_int_equal(plan_ready_take(ready, -1), 1); /* as long as item 5, and before it in the list */
    plan_ready_put(ready, 1);
    assert_int_equal(plan_ready_take(ready, -1), 1);
    assert_int_equal(plan_ready_take(ready, -1), 5);
    assert_int_equal(plan_ready_take(ready, -1), -1);
    plan_ready_done(ready, 1);
    assert_int_equal(plan_ready_take(ready, -1), 0);
    plan_ready_free(ready);
    free(items.order);
}

static void a_rank_prefers_the_category_it_holds_unless_another_is_urgent(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {PLAN_EVALUATE, 0, 10, -1}, {PLAN_EVALUATE, 1, 6, -1}, {PLAN_EVALUATE, 1, 4, -1}, {PLAN_CHUNK, 2, 9, -1}};
    plan_items_t items;
    plan_item_t item[MOST];
    int needs[MOST];
    plan_ready_t *ready;
    make(&items, item, needs, rows, 4);
    assert_int_equal(plan_ready_make(&ready, &items, 3), ST_OK);
    assert_int_equal(plan_ready_take(ready, 1), 1); /* 6 is more than half of 10 */
    assert_int_equal(plan_ready_take(ready, 1), 0); /* 4 is not */
    assert_int_equal(plan_ready_take(ready, 2), 3); /* a chunk is no evaluation: only the order counts */
    assert_int_equal(plan_ready_take(ready, 1), 2);
    plan_ready_free(ready);
    free(items.order);
}

static void makespan(double want, int ranks)
{
    plan_items_t items;
    plan_item_t item[MOST];
    int needs[MOST];
    plan_simulation_t s;
    make(&items, item, needs, chains, CHAINS);
    assert_int_equal(plan_simulate(&s, &items, NULL, 3, ranks), ST_OK);
    if (s.makespan != want) fail_msg("%d ranks take %g, expected %g", ranks, s.makespan, want);
    assert_true(s.work == 21 && s.critical_path == 8 && s.critical_item == 2 && s.items == CHAINS);
    assert_int_equal(plan_critical_next(&items, 2), 1);
    assert_int_equal(plan_critical_next(&items, 1), 0);
    assert_int_equal(plan_critical_next(&items, 0), -1);
    free(items.order);
}

static void simulated_ranks_work_as_real_ones_would(void **state)
{
    (void)state;
    makespan(21, 1);
    /* 0-2 item 2, 0-4 item 3; 2-7 item 1, 4-10 item 5; 7-10 item 4, 10-11 item 0 */
    makespan(11, 2);
    makespan(8, 3); /* the longest chain */
    makespan(8, 10000);
}

/* MOST chunks of three categories; costs 1 to 99, in no order. */
static void make_many(plan_items_t *out, plan_item_t items[MOST], int needs[MOST], uint64_t seed)
{
    row_t rows[MOST];
    rng_t rng = rng_init("", "", 0, seed, "many items");
    for (int i = 0; i < MOST; i++) rows[i] = (row_t){PLAN_CHUNK, (int)rng_below(&rng, 3), 1 + rng_below(&rng, 99), -1};
    make(out, items, needs, rows, MOST);
}

static void many_items_come_longest_first_also_when_some_are_put_back(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        plan_items_t items;
        plan_item_t item[MOST];
        int needs[MOST], back[3];
        plan_ready_t *ready;
        make_many(&items, item, needs, seed);
        assert_int_equal(plan_ready_make(&ready, &items, 3), ST_OK);
        for (int i = 0; i < MOST; i++) {
            int more = MOST - i < 3 ? MOST - i : 3;
            for (int k = 0; k < more; k++) back[k] = plan_ready_take(ready, -1);
            for (int k = 0; k < more; k++) plan_ready_put(ready, back[(k + i) % more]);
            assert_int_equal(plan_ready_take(ready, -1), items.order[i]);
        }
        assert_int_equal(plan_ready_count(ready), 0);
        plan_ready_free(ready);
        free(items.order);
    }
}

static void many_items_take_simulated_ranks_as_long_as_counting_by_hand(void **state)
{
    (void)state;
    for (int ranks = 1; ranks <= 12; ranks++) {
        plan_items_t items;
        plan_item_t item[MOST];
        int needs[MOST];
        double free_at[12] = {0}, end = 0;
        plan_simulation_t s;
        make_many(&items, item, needs, (uint64_t)ranks);
        for (int i = 0; i < MOST; i++) { /* the longest to whoever is free first */
            int first = 0;
            for (int r = 1; r < ranks; r++)
                if (free_at[r] < free_at[first]) first = r;
            free_at[first] += item[items.order[i]].cost;
            if (free_at[first] > end) end = free_at[first];
        }
        assert_int_equal(plan_simulate(&s, &items, NULL, 3, ranks), ST_OK);
        if (s.makespan != end) fail_msg("%d ranks take %g, expected %g", ranks, s.makespan, end);
        free(items.order);
    }
}

static void what_is_at_hand_makes_the_next_evaluation_shorter(void **state)
{
    (void)state;
    static const row_t rows[] = {{PLAN_EVALUATE, 0, 5, -1}, {PLAN_EVALUATE, 0, 5, -1}, {PLAN_EVALUATE, 1, 5, -1}};
    plan_items_t items;
    plan_item_t item[MOST];
    int needs[MOST];
    plan_simulation_t s;
    make(&items, item, needs, rows, 3);
    for (int i = 0; i < 3; i++) item[i].warm = 2;
    assert_int_equal(plan_simulate(&s, &items, NULL, 2, 1), ST_OK);
    assert_true(s.makespan == 13); /* 5, 3 of the same category, 5 of another */
    free(items.order);
}

static void only_what_unfinished_tasks_need_is_wanted(void **state)
{
    (void)state;
    plan_items_t items;
    plan_item_t item[MOST];
    int needs[MOST];
    make(&items, item, needs, chains, CHAINS);
    item[4].state = PLAN_DONE;
    plan_items_mark_wanted(&items);
    assert_true(item[0].wanted && item[1].wanted && item[2].wanted);
    assert_false(item[3].wanted || item[4].wanted || item[5].wanted);
    item[1].state = PLAN_DONE; /* a learned head that is there needs no features */
    plan_items_mark_wanted(&items);
    assert_true(item[0].wanted);
    assert_false(item[1].wanted || item[2].wanted);
    free(items.order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_others_wait_for_longest_comes_first),
        cmocka_unit_test(a_rank_prefers_the_category_it_holds_unless_another_is_urgent),
        cmocka_unit_test(simulated_ranks_work_as_real_ones_would),
        cmocka_unit_test(many_items_come_longest_first_also_when_some_are_put_back),
        cmocka_unit_test(many_items_take_simulated_ranks_as_long_as_counting_by_hand),
        cmocka_unit_test(what_is_at_hand_makes_the_next_evaluation_shorter),
        cmocka_unit_test(only_what_unfinished_tasks_need_is_wanted),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
