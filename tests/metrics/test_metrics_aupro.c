#include "metrics_cases.h"

#include <math.h>
#include <string.h>

static void every_case_equals_the_reference_at_every_limit(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("metrics/aupro");
    size_t limits;
    const double *limit = check_golden_f64(golden, "limits", &limits, NULL);
    for (int c = 0; c < CASES_COUNT; c++) {
        cases_t maps;
        cases_load(&maps, golden, CASES_NAMES[c]);
        metrics_pixels_t *pixels = NULL;
        assert_int_equal(metrics_pixels_open(&pixels, &(metrics_pixels_options_t){.regions = true}), ST_OK);
        cases_add(pixels, &maps);
        int64_t regions = 0;
        for (int i = 0; i < maps.images; i++) regions += maps.regions[i];
        for (size_t l = 0; l < limits; l++) {
            metrics_pixels_result_t got;
            assert_int_equal(metrics_pixels_measure(&got, pixels, limit[l], NULL, NULL), ST_OK);
            cases_near(maps.name, "AUPRO", got.aupro, maps.aupro[l]);
            cases_near(maps.name, "AUROC", got.ranking.auroc, maps.ranking[0]);
            cases_near(maps.name, "AP", got.ranking.ap, maps.ranking[1]);
            cases_near(maps.name, "F1-max", got.ranking.f1_max, maps.ranking[2]);
            assert_int_equal(got.regions, regions);
            assert_int_equal(got.images, maps.images);
            double alone = 0;
            assert_int_equal(
                metrics_aupro(&alone, maps.scores, maps.masks, (const int(*)[2])maps.sizes, maps.images, limit[l]),
                ST_OK);
            assert_memory_equal(&alone, &got.aupro, sizeof alone);
        }
        metrics_pixels_close(pixels);
        cases_free(&maps);
    }
    check_golden_close(golden);
}

static void the_sweep_of_thresholds_equals_published_code_for_every_case(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("metrics/aupro");
    size_t limits;
    const double *limit = check_golden_f64(golden, "limits", &limits, NULL);
    for (int c = 0; c < CASES_COUNT; c++) {
        cases_t maps;
        cases_load(&maps, golden, CASES_NAMES[c]);
        for (int wide = 0; wide < 2; wide++) {
            metrics_pixels_options_t options = {.regions = true, .images = wide != 0};
            if (wide != 0) options.memory = METRICS_MEMORY_MIN, options.temp_dir = check_temp_dir("metrics_steps");
            metrics_pixels_t *pixels = NULL;
            assert_int_equal(metrics_pixels_open(&pixels, &options), ST_OK);
            cases_add(pixels, &maps);
            const uint8_t all[] = {1, 1, 1, 1, 1};
            for (size_t l = 0; l < limits; l++) {
                double down = 0, up = 0;
                const uint8_t *include = wide != 0 ? all : NULL;
                assert_int_equal(metrics_pixels_aupro_steps(&down, pixels, 200, false, limit[l], include), ST_OK);
                assert_int_equal(metrics_pixels_aupro_steps(&up, pixels, 200, true, limit[l], include), ST_OK);
                cases_near(maps.name, "AUPRO by steps from the highest score", down, maps.steps[l]);
                cases_near(maps.name, "AUPRO by steps from the lowest score", up, maps.steps_up[l]);
            }
            metrics_pixels_close(pixels);
        }
        cases_free(&maps);
    }
    check_golden_close(golden);
}

static void a_perfect_map_has_one_and_a_curve_by_hand_has_its_area(void **state)
{
    (void)state;
    /* Two regions, of 1 and 2 pixels, and four normal pixels. */
    const uint8_t mask[7] = {1, 0, 1, 1, 0, 0, 0};
    const float perfect[7] = {5, 1, 6, 7, 1, 2, 0};
    const float scores[7] = {3, 4, 5, 2, 2, 1, 0};
    const int size[1][2] = {{1, 7}};
    double aupro = 0;
    assert_int_equal(metrics_aupro(&aupro, perfect, mask, size, 1, 0.3), ST_OK);
    assert_true(aupro == 1);
    /* 5: (0, 1/4); 4: (1/4, 1/4); 3: (1/4, 3/4); 2: (1/2, 1); then level to 1. */
    assert_int_equal(metrics_aupro(&aupro, scores, mask, size, 1, 1.0), ST_OK);
    cases_near("by hand", "AUPRO to 1", aupro, 0.25 * 0.25 + 0.25 * (0.75 + 1) / 2 + 0.5);
    /* To 0.3 the sloping part ends at 0.05 / 0.25 of its way, in height 0.75 + 0.2 * 0.25. */
    assert_int_equal(metrics_aupro(&aupro, scores, mask, size, 1, 0.3), ST_OK);
    cases_near("by hand", "AUPRO to 0.3", aupro, (0.25 * 0.25 + 0.05 * (0.75 + 0.8) / 2) / 0.3);
}

static void maps_may_be_measured_before_all_are_added(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("metrics/aupro");
    cases_t plain, larger;
    cases_load(&plain, golden, "plain");
    cases_load(&larger, golden, "larger");
    metrics_pixels_t *pixels = NULL, *other = NULL;
    metrics_pixels_result_t early, got, want;
    assert_int_equal(metrics_pixels_open(&pixels, &(metrics_pixels_options_t){.regions = true}), ST_OK);
    cases_add(pixels, &plain);
    assert_int_equal(metrics_pixels_measure(&early, pixels, 0.3, NULL, NULL), ST_OK);
    cases_near("plain", "AUPRO", early.aupro, plain.aupro[0]);
    cases_add(pixels, &larger);
    assert_int_equal(metrics_pixels_measure(&got, pixels, 0.3, NULL, NULL), ST_OK);
    /* The order of images must not change a bit. */
    assert_int_equal(metrics_pixels_open(&other, &(metrics_pixels_options_t){.regions = true}), ST_OK);
    cases_add(other, &larger);
    cases_add(other, &plain);
    assert_int_equal(metrics_pixels_measure(&want, other, 0.3, NULL, NULL), ST_OK);
    assert_memory_equal(&got.aupro, &want.aupro, sizeof got.aupro);
    assert_memory_equal(&got.ranking, &want.ranking, sizeof got.ranking);
    metrics_pixels_close(other);
    metrics_pixels_close(pixels);
    cases_free(&larger);
    cases_free(&plain);
    check_golden_close(golden);
}

static void a_subset_of_images_measures_as_if_alone(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("metrics/aupro");
    cases_t plain, ties;
    cases_load(&plain, golden, "plain");
    cases_load(&ties, golden, "ties");
    metrics_pixels_t *pixels = NULL;
    metrics_pixels_result_t got, alone;
    assert_int_equal(metrics_pixels_open(&pixels, &(metrics_pixels_options_t){.regions = true, .images = true}), ST_OK);
    cases_add(pixels, &plain);
    cases_add(pixels, &ties);
    uint8_t include[10] = {0};
    memset(include, 1, 5);
    assert_int_equal(metrics_pixels_measure(&got, pixels, 0.3, include, NULL), ST_OK);
    metrics_pixels_t *only = NULL;
    assert_int_equal(metrics_pixels_open(&only, &(metrics_pixels_options_t){.regions = true}), ST_OK);
    cases_add(only, &plain);
    assert_int_equal(metrics_pixels_measure(&alone, only, 0.3, NULL, NULL), ST_OK);
    assert_memory_equal(&got.ranking, &alone.ranking, sizeof got.ranking);
    assert_memory_equal(&got.aupro, &alone.aupro, sizeof got.aupro);
    assert_int_equal(got.images, 5);
    assert_int_equal(got.regions, alone.regions);
    /* Everything included is the same as no selection; nothing included has no value. */
    metrics_pixels_result_t all;
    memset(include, 255, 10);
    assert_int_equal(metrics_pixels_measure(&got, pixels, 0.3, include, NULL), ST_OK);
    assert_int_equal(metrics_pixels_measure(&all, pixels, 0.3, NULL, NULL), ST_OK);
    assert_memory_equal(&got.ranking, &all.ranking, sizeof got.ranking);
    assert_memory_equal(&got.aupro, &all.aupro, sizeof got.aupro);
    memset(include, 0, 10);
    assert_int_equal(metrics_pixels_measure(&got, pixels, 0.3, include, NULL), ST_OK);
    assert_true(isnan(got.aupro) && isnan(got.ranking.auroc));
    assert_int_equal(got.images, 0);
    metrics_pixels_close(only);
    metrics_pixels_close(pixels);
    cases_free(&ties);
    cases_free(&plain);
    check_golden_close(golden);
}

static double area_below(const metrics_curve_t *curve)
{
    double area = 0;
    for (int i = 1; i < curve->count; i++)
        area += (curve->x[i] - curve->x[i - 1]) * (curve->y[i] + curve->y[i - 1]) / 2;
    return area;
}

static void curves_are_monotone_thin_and_close_to_the_exact_areas(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("metrics/aupro");
    metrics_curve_t roc, pr, pro;
    assert_int_equal(metrics_curve_init(&roc, 200), ST_OK);
    assert_int_equal(metrics_curve_init(&pr, 200), ST_OK);
    assert_int_equal(metrics_curve_init(&pro, 200), ST_OK);
    const metrics_curves_t curves = {&roc, &pr, &pro};
    for (int c = 0; c < CASES_COUNT; c++) {
        cases_t maps;
        cases_load(&maps, golden, CASES_NAMES[c]);
        metrics_pixels_t *pixels = NULL;
        metrics_pixels_result_t got;
        assert_int_equal(metrics_pixels_open(&pixels, &(metrics_pixels_options_t){.regions = true}), ST_OK);
        cases_add(pixels, &maps);
        assert_int_equal(metrics_pixels_measure(&got, pixels, 1.0, NULL, &curves), ST_OK);
        if (isnan(got.aupro)) {
            assert_int_equal(roc.count + pro.count, 0);
        } else {
            assert_in_range(roc.count, 2, 404);
            assert_true(roc.x[0] == 0 && roc.y[0] == 0 && isinf(roc.threshold[0]));
            assert_true(pro.x[pro.count - 1] == 1 && pro.y[pro.count - 1] == 1);
            for (int i = 1; i < roc.count; i++)
                assert_true(roc.x[i] >= roc.x[i - 1] && roc.y[i] >= roc.y[i - 1] &&
                            roc.threshold[i] < roc.threshold[i - 1]);
            for (int i = 1; i < pro.count; i++) assert_true(pro.x[i] >= pro.x[i - 1] && pro.y[i] >= pro.y[i - 1]);
            assert_true(fabs(area_below(&roc) - got.ranking.auroc) < 0.01);
            assert_true(fabs(area_below(&pro) - got.aupro) < 0.01);
        }
        if (got.ranking.positives > 0) {
            assert_in_range(pr.count, 1, 204);
            for (int i = 1; i < pr.count; i++) assert_true(pr.x[i] > pr.x[i - 1]);
        } else {
            assert_int_equal(pr.count, 0);
        }
        metrics_pixels_close(pixels);
        cases_free(&maps);
    }
    metrics_curve_free(&pro);
    metrics_curve_free(&pr);
    metrics_curve_free(&roc);
    check_golden_close(golden);
}

static void bad_input_is_refused_with_its_place(void **state)
{
    (void)state;
    metrics_pixels_t *pixels = NULL;
    check_error(metrics_pixels_open(&pixels, &(metrics_pixels_options_t){.memory = 1000}), ST_EFORMAT,
                "metric_memory is 1000 bytes, expected 0 (no limit) or at least 65536");
    assert_null(pixels);
    assert_int_equal(metrics_pixels_open(&pixels, &(metrics_pixels_options_t){.regions = true}), ST_OK);
    float scores[6] = {0, 1, 2, 3, 4, 5};
    const uint8_t mask[6] = {0, 0, 0, 0, 1, 1};
    assert_int_equal(metrics_pixels_add(pixels, scores, mask, 2, 3), ST_OK);
    scores[5] = NAN;
    check_error(metrics_pixels_add(pixels, scores, mask, 2, 3), ST_EFORMAT,
                "the score of image 1 at row 1, column 2 is ");
    metrics_pixels_result_t got = {.aupro = -1};
    const double limits[] = {0, -0.3, 1.01, NAN};
    for (int i = 0; i < 4; i++)
        check_error(metrics_pixels_measure(&got, pixels, limits[i], NULL, NULL), ST_EFORMAT,
                    "expected a false-positive rate in (0, 1]");
    assert_true(got.aupro == -1);
    /* The refused image left nothing behind. */
    assert_int_equal(metrics_pixels_measure(&got, pixels, 0.3, NULL, NULL), ST_OK);
    assert_int_equal(got.ranking.positives + got.ranking.negatives, 6);
    metrics_pixels_close(pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_equals_the_reference_at_every_limit),
        cmocka_unit_test(the_sweep_of_thresholds_equals_published_code_for_every_case),
        cmocka_unit_test(a_perfect_map_has_one_and_a_curve_by_hand_has_its_area),
        cmocka_unit_test(maps_may_be_measured_before_all_are_added),
        cmocka_unit_test(a_subset_of_images_measures_as_if_alone),
        cmocka_unit_test(curves_are_monotone_thin_and_close_to_the_exact_areas),
        cmocka_unit_test(bad_input_is_refused_with_its_place),
    };
    return cmocka_run_group_tests_name("metrics_aupro", tests, NULL, NULL);
}
