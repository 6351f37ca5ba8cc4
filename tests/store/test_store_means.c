/* Means of large tables. */
#include "support/check.h"

#include "store/store.h"

#include <stdlib.h>
#include <string.h>

/* Two categories of as many seeds as a grid of 100,000 rows has groups; of every second seed one category is lost. */
static void means_of_many_groups_with_many_lost(void **state)
{
    (void)state;
    enum { SEEDS = 50000 };
    store_results_t results = {.rows = calloc(3 * SEEDS, sizeof *results.rows),
                               .lost = calloc(SEEDS, sizeof *results.lost)};
    assert_true(results.rows != NULL && results.lost != NULL);
    for (int s = 0; s < SEEDS; s++)
        for (int c = 0; c < 2; c++) {
            const store_row_key_t key = {.dataset = "demo",
                                         .category = c == 0 ? "bolt" : "nut",
                                         .point = "",
                                         .method = "finegrainedad",
                                         .shots = 1,
                                         .seed = s};
            const bool lost = c == 1 && s % 2 == 1;
            store_row_t *row = lost ? &results.lost[results.missing++] : &results.rows[results.count++];
            check_error(store_row_make(row, &key), ST_OK, "");
            if (!lost) row->metric[0] = c == 0 ? 0.25 : (double)s / SEEDS;
        }
    const int rows = results.count;
    check_error(store_results_add_means(&results), ST_OK, "");
    assert_int_equal(results.count - rows, SEEDS / 2);
    for (int i = rows; i < results.count; i++) {
        const store_row_t *mean = &results.rows[i];
        assert_string_equal(mean->category, STORE_MEAN);
        assert_int_equal(mean->seed, 2 * (i - rows)); /* those that have both, in their order */
        assert_true(mean->metric[0] == (0.25 + (double)mean->seed / SEEDS) / 2);
    }
    store_results_free(&results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(means_of_many_groups_with_many_lost)};
    return cmocka_run_group_tests_name("means", tests, NULL, NULL);
}
