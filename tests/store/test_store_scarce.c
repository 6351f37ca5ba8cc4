/* Files of a run where memory ends. */
#include "tools/scarce.h"

#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#define RUN FGAD_GOLDEN_DIR "/suite/run-5c73643"

static status_t add_means(void)
{
    status_t status = ST_OK;
    store_results_t results = {.rows = calloc(8, sizeof *results.rows), .lost = calloc(8, sizeof *results.lost)};
    if (results.rows == NULL || results.lost == NULL) status = fail(ST_ENOMEM, "no rows");
    for (int s = 0; s < 4 && status == ST_OK; s++) {
        const store_row_key_t key = {.dataset = "demo", .category = s % 2 == 0 ? "bolt" : "nut", .seed = s / 2};
        store_row_t *row = s == 3 ? results.lost : &results.rows[results.count];
        status = store_row_make(row, &key);
        if (status == ST_OK) s == 3 ? results.missing++ : results.count++;
        if (status == ST_OK) row->metric[0] = s * 0.25;
    }
    if (status == ST_OK) status = store_results_add_means(&results);
    if (status == ST_OK) {
        assert_int_equal(results.count, 4); /* seed 1 has lost a category */
        assert_true(results.rows[3].metric[0] == 0.125);
    }
    store_results_free(&results);
    return status;
}

static void a_refused_request_is_told(void **state)
{
    (void)state;
    store_results_t results = {0};
    store_learned_t learned = {0};
    char path[700];
    CHECK_SCARCE_BORNE(store_results_read(&results, RUN), store_results_free(&results));
    assert_int_equal(store_results_read(&results, RUN), ST_OK);
    store_results_free(&results);
    snprintf(path, sizeof path, "%s/results.csv", RUN);
    CHECK_SCARCE_BORNE(store_results_read(&results, path), store_results_free(&results));
    CHECK_SCARCE(add_means(), (void)0);
    CHECK_SCARCE(store_learned_alloc(&learned, 3, 8, 10, 5, true), store_learned_free(&learned));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_refused_request_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
