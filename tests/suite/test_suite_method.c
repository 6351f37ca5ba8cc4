/* A run of a method that does nothing, from a table of the test's own: tasks, features, maps, numbers and tables come out
 * whatever a method is. */
#include "support/check.h"

#include "method/method.h"
#include "store/store.h"
#include "suite/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the machinery handed to the method. */
typedef struct {
    int fits, scored, sets;
} seen_t;
static seen_t seen;

static const method_map_t maps[] = {{"number", "its place among the test images", .image = true, .integer = true}, {0}};

static void ask(method_ask_t *out, const job_t *job)
{
    (void)job;
    *out = (method_ask_t){2, {"cls", "mean(0.mlp..1.mlp)-raw"}};
}

static bool always(const job_t *job)
{
    (void)job;
    return true;
}

static bool gives(const job_t *job, int map)
{
    (void)job;
    return map == 0;
}

static status_t fit(void **state, const method_task_t *task, arena_t *arena)
{
    int *count = *state = arena_take(arena, 1, sizeof *count);
    assert_non_null(count);
    assert_true(task->model != NULL && task->tokenizer == NULL && task->images > 0);
    assert_true(task->support != NULL && task->support[task->shots - 1].rows[0] == 1);
    assert_true(task->head[JOB_HEAD_PIXEL].G == 0 && task->head[JOB_HEAD_IMAGE].G == 0);
    seen.fits++;
    return ST_OK;
}

static status_t score(method_maps_t *out, int i, void *state, const method_image_t *image, arena_t *arena)
{
    (void)arena;
    int *count = state, T = out->h * out->w;
    assert_true(*count == i && image->rows[0] == 1 && image->rows[1] == T && isfinite((double)image->array[1][0]));
    ((int32_t *)out->kept[0])[i] = (*count)++;
    for (int t = 0; t < T; t++) out->M_pix[i * T + t] = 0.25f;
    out->M_img[i] = 0.25f;
    seen.scored++;
    return ST_OK;
}

static status_t score_set(method_maps_t *out, void *state, arena_t *arena)
{
    (void)arena;
    assert_int_equal(*(int *)state, out->n);
    seen.sets++;
    return ST_OK;
}

static const method_t nothing = {.name = "patchcore", /* a name that the option knows */
                                 .maps = maps,
                                 .ask = ask,
                                 .gives = gives,
                                 .transductive = always,
                                 .fit = fit,
                                 .score = score,
                                 .score_set = score_set};
static const method_t *const table[] = {&nothing, NULL};

static char output[600];
static const char *const assignments[] = {"dataset=demo",
                                          "category=gear,fabric",
                                          "method=patchcore",
                                          "roots.demo=" SUITE_DATA "/demo",
                                          "model=" SUITE_DATA "/model",
                                          "memory_taps=0.attn,1.attn",
                                          output,
                                          "shots=1,2",
                                          "resolution=32"};
enum { ASSIGNMENTS = sizeof assignments / sizeof assignments[0], TASKS = 4 };

static void run(suite_outcome_t *outcome, plan_t *plan)
{
    const suite_comm_t alone = {.rank = 0, .size = 1};
    const suite_run_options_t options = {0};
    seen = (seen_t){0};
    check_error(suite_plan_make(plan, table, NULL, assignments, ASSIGNMENTS, &alone), ST_OK, "");
    check_error(suite_run(outcome, plan, &alone, &options), ST_OK, "");
}

static void a_method_that_does_nothing_goes_from_images_to_tables(void **state)
{
    (void)state;
    plan_t plan;
    suite_outcome_t outcome;
    store_results_t results;
    int64_t flag;
    io_h5_t *file;
    snprintf(output, sizeof output, "output=%s", check_temp_dir("method"));
    run(&outcome, &plan);
    assert_true(outcome.done == TASKS && outcome.failed == 0 && outcome.made[PLAN_LEARN] == 0);
    assert_true(seen.fits == TASKS && seen.sets == TASKS && seen.scored >= TASKS * 20);
    check_error(store_results_read(&results, plan.run_dir), ST_OK, "");
    for (int r = 0; r < results.count; r++) {
        assert_string_equal(results.rows[r].method, "patchcore");
        assert_true(results.rows[r].metric[0] == 0.5); /* image AUROC of one score for all */
        assert_true(results.rows[r].metric[1] == 0.5); /* pixel AUROC */
    }
    check_error(io_h5_open(&file, plan.tasks[0].path), ST_OK, "");
    check_error(io_h5_get_i64(&flag, file, "/", "transductive"), ST_OK, "");
    assert_int_equal(flag, 1);
    check_error(io_h5_get_i64(&flag, file, "/", "auxiliary"), ST_OK, "");
    assert_int_equal(flag, 0);
    assert_true(io_h5_has(file, "maps/number") && io_h5_has(file, "maps/M_pix") && !io_h5_has(file, "maps/M_v"));
    io_h5_close(file);
    store_results_free(&results);
    plan_free(&plan);
    run(&outcome, &plan); /* and a second time there is nothing left to do */
    assert_true(outcome.done == 0 && outcome.skipped == TASKS && seen.fits == 0);
    plan_free(&plan);
}

static void a_method_that_the_table_does_not_have_is_refused(void **state)
{
    (void)state;
    plan_t plan;
    const char *const other[] = {"dataset=demo", "method=winclip+"};
    check_error(plan_make(&plan, table, NULL, other, 2), ST_EFORMAT,
                "method: 'winclip+' is not part of this version (expected patchcore");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_method_that_does_nothing_goes_from_images_to_tables),
        cmocka_unit_test(a_method_that_the_table_does_not_have_is_refused),
    };
    return cmocka_run_group_tests_name("method", tests, NULL, NULL);
}
