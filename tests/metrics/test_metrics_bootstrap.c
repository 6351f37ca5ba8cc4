#include "metrics_cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { REPLICATES = 60 };

static metrics_bootstrap_t settings(const rng_t *rng)
{
    return (metrics_bootstrap_t){.rng = rng, .replicates = REPLICATES, .level = 0.9};
}

/* What an interval must be, from the AUROC of every resample measured by itself. */
static metrics_interval_t plain_interval(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    metrics_interval_t out = {.replicates = count};
    double low = 0.05 * (count - 1), high = 0.95 * (count - 1);
    int l = (int)low, h = (int)high;
    out.low = values[l] + (low - l) * (values[l + 1] - values[l]);
    out.high = values[h] + (high - h) * (values[h + 1] - values[h]);
    return out;
}

static void image_intervals_equal_resampling_by_hand(void **state)
{
    (void)state;
    enum { N = 31 };
    float scores[N], drawn_scores[N];
    uint8_t labels[N], drawn_labels[N];
    rng_t rng = rng_init("test", "metrics", 0, 8, "bootstrap");
    rng_t noise = rng_split(&rng, 12345);
    for (int i = 0; i < N; i++) {
        labels[i] = i % 3 == 0;
        scores[i] = (float)(int)(4 * rng_normal(&noise) + 5 * labels[i]) / 4;
    }
    double values[REPLICATES];
    for (int b = 0; b < REPLICATES; b++) {
        rng_t draw = rng_split(&rng, (uint64_t)b);
        for (int i = 0; i < N; i++) {
            uint32_t image = rng_below(&draw, N);
            drawn_scores[i] = scores[image];
            drawn_labels[i] = labels[image];
        }
        assert_int_equal(metrics_auroc(&values[b], drawn_scores, drawn_labels, N), ST_OK);
    }
    metrics_interval_t want = plain_interval(values, REPLICATES), got;
    const metrics_bootstrap_t bootstrap = settings(&rng);
    assert_int_equal(metrics_bootstrap_images(&got, scores, labels, N, &bootstrap), ST_OK);
    double auroc;
    assert_int_equal(metrics_auroc(&auroc, scores, labels, N), ST_OK);
    assert_true(got.estimate == auroc);
    cases_near("images", "low", got.low, want.low);
    cases_near("images", "high", got.high, want.high);
    assert_true(got.low < got.estimate && got.estimate < got.high);
    assert_int_equal(got.replicates, REPLICATES);
    assert_true(isnan(got.p_value));
}

static void pixel_intervals_equal_resampling_by_hand_in_memory_and_beyond(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("metrics/aupro");
    rng_t rng = rng_init("test", "metrics", 0, 9, "bootstrap");
    const metrics_bootstrap_t bootstrap = settings(&rng);
    const char *const names[] = {"plain", "ties", "larger", "constant_maps", "one_covered", "tangled_regions"};
    for (size_t c = 0; c < sizeof names / sizeof names[0]; c++) {
        cases_t maps;
        cases_load(&maps, golden, names[c]);
        size_t offsets[8] = {0};
        for (int i = 0; i < maps.images; i++)
            offsets[i + 1] = offsets[i] + (size_t)(maps.sizes[i][0] * maps.sizes[i][1]);
        size_t most = offsets[maps.images] * (size_t)maps.images;
        float *scores = malloc(most * sizeof *scores);
        uint8_t *labels = malloc(most);
        assert_non_null(scores);
        assert_non_null(labels);
        double values[REPLICATES];
        int count = 0;
        for (int b = 0; b < REPLICATES; b++) {
            rng_t draw = rng_split(&rng, (uint64_t)b);
            size_t n = 0;
            for (int i = 0; i < maps.images; i++) {
                uint32_t image = rng_below(&draw, (uint32_t)maps.images);
                size_t size = offsets[image + 1] - offsets[image];
                memcpy(scores + n, maps.scores + offsets[image], size * sizeof *scores);
                memcpy(labels + n, maps.masks + offsets[image], size);
                n += size;
            }
            double value;
            assert_int_equal(metrics_auroc(&value, scores, labels, (int64_t)n), ST_OK);
            if (!isnan(value)) values[count++] = value;
        }
        metrics_interval_t want = plain_interval(values, count), got, beyond;
        for (int regions = 0; regions < 2; regions++) {
            metrics_pixels_options_t options = {.images = true, .regions = regions != 0};
            metrics_pixels_t *pixels = NULL;
            metrics_pixels_result_t measured;
            assert_int_equal(metrics_pixels_open(&pixels, &options), ST_OK);
            cases_add(pixels, &maps);
            assert_int_equal(metrics_bootstrap_pixels(&got, pixels, &bootstrap), ST_OK);
            assert_int_equal(metrics_pixels_measure(&measured, pixels, 0.3, NULL, NULL), ST_OK);
            metrics_pixels_close(pixels);
            cases_near(names[c], "estimate", got.estimate, maps.ranking[0]);
            assert_true(got.estimate == measured.ranking.auroc);
            cases_near(names[c], "low", got.low, want.low);
            cases_near(names[c], "high", got.high, want.high);
            assert_int_equal(got.replicates, count);

            options.memory = METRICS_MEMORY_MIN;
            options.temp_dir = check_temp_dir("metrics_bootstrap");
            assert_int_equal(metrics_pixels_open(&pixels, &options), ST_OK);
            cases_add(pixels, &maps);
            assert_int_equal(metrics_bootstrap_pixels(&beyond, pixels, &bootstrap), ST_OK);
            metrics_pixels_close(pixels);
            assert_memory_equal(&beyond.low, &got.low, sizeof got.low);
            assert_memory_equal(&beyond.high, &got.high, sizeof got.high);
        }
        free(labels);
        free(scores);
        cases_free(&maps);
    }
    check_golden_close(golden);
}

static void a_paired_interval_is_of_the_difference_on_the_same_draws(void **state)
{
    (void)state;
    enum { N = 80 };
    float good[N], poor[N];
    uint8_t labels[N];
    rng_t rng = rng_init("test", "metrics", 0, 10, "bootstrap");
    rng_t noise = rng_split(&rng, 999);
    for (int i = 0; i < N; i++) {
        labels[i] = i % 2 == 1;
        double shared = rng_normal(&noise);
        good[i] = (float)(shared + 3 * labels[i]);
        poor[i] = (float)(shared + 0.5 * labels[i] + rng_normal(&noise));
    }
    const metrics_bootstrap_t bootstrap = {.rng = &rng, .replicates = 400, .level = 0.95};
    metrics_interval_t got, back, same;
    assert_int_equal(metrics_bootstrap_images_paired(&got, good, poor, labels, N, &bootstrap), ST_OK);
    double first, second;
    assert_int_equal(metrics_auroc(&first, good, labels, N), ST_OK);
    assert_int_equal(metrics_auroc(&second, poor, labels, N), ST_OK);
    assert_true(got.estimate == first - second);
    assert_true(got.low > 0 && got.low < got.estimate && got.estimate < got.high);
    assert_true(got.p_value < 0.02);
    assert_int_equal(metrics_bootstrap_images_paired(&back, poor, good, labels, N, &bootstrap), ST_OK);
    cases_near("swapped", "low", back.low, -got.high);
    cases_near("swapped", "p", back.p_value, got.p_value);
    assert_int_equal(metrics_bootstrap_images_paired(&same, good, good, labels, N, &bootstrap), ST_OK);
    assert_true(same.estimate == 0 && same.low == 0 && same.high == 0 && same.p_value == 1);
}

/* Twice the share of replicates on the rarer side of 0, the sample itself counted: never 0, and 1 at the most. */
static void a_p_value_counts_replicates_and_the_sample(void **state)
{
    (void)state;
    rng_t rng = rng_init("test", "metrics", 0, 13, "bootstrap");
    const metrics_bootstrap_t bootstrap = {.rng = &rng, .replicates = 400, .level = 0.95};
    const float rising[6] = {1, 2, 3, 4, 5, 6}, falling[6] = {6, 5, 4, 3, 2, 1};
    const float mixed[6] = {1, 5, 2, 6, 3, 4};
    const uint8_t labels[6] = {0, 0, 0, 1, 1, 1};
    metrics_interval_t got;
    assert_int_equal(metrics_bootstrap_images_paired(&got, rising, falling, labels, 6, &bootstrap), ST_OK);
    assert_in_range(got.replicates, 360, 400); /* 1 draw in 32 has a single class */
    assert_true(got.p_value == 2.0 / (got.replicates + 1));
    /* The difference of these is 0 or above in each draw: those that are 0 stand on both sides. */
    assert_int_equal(metrics_bootstrap_images_paired(&got, rising, mixed, labels, 6, &bootstrap), ST_OK);
    int zero = 0;
    for (int b = 0; b < bootstrap.replicates; b++) {
        rng_t stream = rng_split(&rng, (uint64_t)b);
        bool drawn[6] = {false};
        for (int i = 0; i < 6; i++) drawn[rng_below(&stream, 6)] = true;
        bool normal = drawn[0] || drawn[1] || drawn[2], anomalous = drawn[3] || drawn[4] || drawn[5];
        /* Of the pairs only (1, 4) and (1, 5) are wrong in `mixed`. */
        zero += normal && anomalous && !(drawn[1] && (drawn[4] || drawn[5]));
    }
    assert_true(zero > 5);
    assert_true(got.p_value == 2.0 * (zero + 1) / (got.replicates + 1));
}

static void paired_pixels_need_the_same_images(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("metrics/aupro");
    rng_t rng = rng_init("test", "metrics", 0, 11, "bootstrap");
    const metrics_bootstrap_t bootstrap = settings(&rng);
    const metrics_pixels_options_t options = {.images = true};
    const char *const names[4] = {"plain", "inverted", "larger", "border"};
    cases_t maps[4];
    metrics_pixels_t *pixels[4];
    for (int i = 0; i < 4; i++) {
        cases_load(&maps[i], golden, names[i]);
        assert_int_equal(metrics_pixels_open(&pixels[i], &options), ST_OK);
        cases_add(pixels[i], &maps[i]);
    }
    metrics_interval_t got, same;
    assert_int_equal(metrics_bootstrap_pixels_paired(&got, pixels[0], pixels[1], &bootstrap), ST_OK);
    cases_near("paired", "estimate", got.estimate, maps[0].ranking[0] - maps[1].ranking[0]);
    assert_true(got.low > 0 && got.low < got.high && got.p_value < 0.1);
    assert_int_equal(metrics_bootstrap_pixels_paired(&same, pixels[0], pixels[0], &bootstrap), ST_OK);
    assert_true(same.estimate == 0 && same.low == 0 && same.high == 0 && same.p_value == 1);
    check_error(metrics_bootstrap_pixels_paired(&got, pixels[0], pixels[2], &bootstrap), ST_EFORMAT,
                "a paired bootstrap of 5 and 3 images, expected the same images");
    check_error(metrics_bootstrap_pixels_paired(&got, pixels[0], pixels[3], &bootstrap), ST_EFORMAT,
                "expected the same masks at the same size");
    for (int i = 0; i < 4; i++) {
        metrics_pixels_close(pixels[i]);
        cases_free(&maps[i]);
    }
    check_golden_close(golden);
}

static void one_class_has_no_interval_and_lone_classes_are_left_out(void **state)
{
    (void)state;
    rng_t rng = rng_init("test", "metrics", 0, 12, "bootstrap");
    const metrics_bootstrap_t bootstrap = {.rng = &rng, .replicates = 200, .level = 0.95};
    const float scores[3] = {1, 2, 3};
    const uint8_t normal[3] = {0, 0, 0}, mixed[3] = {0, 0, 1};
    metrics_interval_t got;
    assert_int_equal(metrics_bootstrap_images(&got, scores, normal, 3, &bootstrap), ST_OK);
    assert_true(isnan(got.estimate) && isnan(got.low) && isnan(got.high));
    assert_int_equal(got.replicates, 0);
    assert_int_equal(metrics_bootstrap_images(&got, scores, NULL, 0, &bootstrap), ST_OK);
    assert_true(isnan(got.estimate));
    /* Of three images one anomalous: 8/27 of the draws have none, 1/27 nothing else. */
    assert_int_equal(metrics_bootstrap_images(&got, scores, mixed, 3, &bootstrap), ST_OK);
    assert_in_range(got.replicates, 110, 160);
    assert_true(got.estimate == 1 && got.low == 1 && got.high == 1);
    const float bad[3] = {1, NAN, 3};
    check_error(metrics_bootstrap_images(&got, bad, mixed, 3, &bootstrap), ST_EFORMAT, "score 1 of 3 is ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_intervals_equal_resampling_by_hand),
        cmocka_unit_test(pixel_intervals_equal_resampling_by_hand_in_memory_and_beyond),
        cmocka_unit_test(a_paired_interval_is_of_the_difference_on_the_same_draws),
        cmocka_unit_test(a_p_value_counts_replicates_and_the_sample),
        cmocka_unit_test(paired_pixels_need_the_same_images),
        cmocka_unit_test(one_class_has_no_interval_and_lone_classes_are_left_out),
    };
    return cmocka_run_group_tests_name("metrics_bootstrap", tests, NULL, NULL);
}
