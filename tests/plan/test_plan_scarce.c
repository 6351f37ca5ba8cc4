/* Plans where memory ends: of a category as published and a model that is assumed. */
#include "tools/scarce.h"

#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const ASSIGNMENTS[] = {"dataset=mvtec",
                                          "category=bottle,zipper",
                                          "shots=1,2",
                                          "data_root=/nowhere",
                                          "assets=" FGAD_SOURCE_DIR "/datasets",
                                          "sweep.gamma=1,2"};
enum { COUNT = sizeof ASSIGNMENTS / sizeof ASSIGNMENTS[0] };

static status_t forecast(const plan_t *plan, const plan_items_t *items)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    status_t status = out != NULL ? plan_forecast(out, plan, items, 4, 2) : ST_ENOMEM;
    if (out != NULL)
        fclose(out);
    else
        fail(ST_ENOMEM, "no stream");
    free(text);
    return status;
}

static void a_refused_request_is_told(void **state)
{
    (void)state;
    plan_t plan = {0};
    plan_items_t items = {0};
    plan_ready_t *ready = NULL;
    plan_simulation_t simulation;
    plan_memory_t memory;
    CHECK_SCARCE_BORNE(plan_assume(&plan, method_table, NULL, ASSIGNMENTS, COUNT),
                       status_ != ST_OK ? (void)0 : plan_free(&plan));
    assert_int_equal(plan_assume(&plan, method_table, NULL, ASSIGNMENTS, COUNT), ST_OK);
    assert_int_equal(plan.task_count, 8);
    CHECK_SCARCE(plan_items_make(&items, &plan), status_ != ST_OK ? (void)0 : plan_items_free(&items));
    assert_int_equal(plan_items_make(&items, &plan), ST_OK);
    plan_items_mark_wanted(&items);
    CHECK_SCARCE(plan_items_order(&items), (void)0);
    CHECK_SCARCE(plan_ready_make(&ready, &items, plan.category_count), (plan_ready_free(ready), ready = NULL));
    CHECK_SCARCE(plan_simulate(&simulation, &items, NULL, plan.category_count, 2), (void)0);
    CHECK_SCARCE(plan_memory(&memory, &plan, &items), (void)0);
    CHECK_SCARCE(forecast(&plan, &items), (void)0);
    plan_items_free(&items);
    plan_free(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_refused_request_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
