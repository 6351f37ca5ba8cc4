#include "support/check.h"

#include "base/base.h"
#include "metrics/metrics.h"

#include <math.h>
#include <stdio.h>

static const char *const CASES[] = {"plain",    "negative", "ties",         "two_values",   "all_equal",
                                    "inverted", "perfect",  "denormal",     "zeros",        "huge_range",
                                    "two",      "two_tied", "one_positive", "one_negative", "blocks"};

static void near(const char *name, const char *metric, double got, double want)
{
    if (!(fabs(got - want) <= 1e-9)) fail_msg("%s: %s is %.17g, expected %.17g", name, metric, got, want);
}

static void every_metric_equals_sklearn(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("metrics/ranking");
    for (size_t c = 0; c < sizeof CASES / sizeof CASES[0]; c++) {
        char name[64];
        size_t n;
        snprintf(name, sizeof name, "%s.scores", CASES[c]);
        const float *scores = check_golden_f32(golden, name, &n, NULL);
        snprintf(name, sizeof name, "%s.labels", CASES[c]);
        const uint8_t *labels = check_golden_u8(golden, name, NULL, NULL);
        snprintf(name, sizeof name, "%s.want", CASES[c]);
        const double *want = check_golden_f64(golden, name, NULL, NULL);
        metrics_ranking_t got;
        assert_int_equal(metrics_ranking(&got, scores, labels, (int64_t)n), ST_OK);
        near(CASES[c], "AUROC", got.auroc, want[0]);
        near(CASES[c], "AP", got.ap, want[1]);
        near(CASES[c], "F1-max", got.f1_max, want[2]);
        near(CASES[c], "F1 threshold", got.f1_threshold, want[3]);
        double auroc = 0;
        assert_int_equal(metrics_auroc(&auroc, scores, labels, (int64_t)n), ST_OK);
        assert_true(auroc == got.auroc);
    }
    check_golden_close(golden);
}

/* The definition itself: over all pairs, won = 1, tied = 1/2. */
static double auroc_of_all_pairs(const float *scores, const uint8_t *labels, int n)
{
    int64_t twice = 0, pairs = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            if (labels[i] && !labels[j]) {
                twice += scores[i] > scores[j] ? 2 : scores[i] == scores[j];
                pairs++;
            }
    return (double)twice / (2 * (double)pairs);
}

static void auroc_is_the_share_of_won_pairs_to_the_last_bit(void **state)
{
    (void)state;
    rng_t rng = rng_init("test", "metrics", 0, 1, "pairs");
    float scores[97];
    uint8_t labels[97];
    for (int round = 0; round < 200; round++) {
        int n = 2 + round % 96;
        uint32_t values = 1 + rng_below(&rng, 40);
        for (int i = 0; i < n; i++) {
            scores[i] = ((float)rng_below(&rng, values) - (float)(values / 2)) * 0.37f;
            labels[i] = (uint8_t)(rng_below(&rng, 3) == 0);
        }
        labels[0] = 0, labels[n - 1] = 255;
        double got = 0;
        assert_int_equal(metrics_auroc(&got, scores, labels, n), ST_OK);
        double want = auroc_of_all_pairs(scores, labels, n);
        if (!(got == want)) fail_msg("round %d: AUROC is %.17g, expected %.17g", round, got, want);
    }
}

static void a_set_with_one_class_has_no_auroc(void **state)
{
    (void)state;
    const float scores[3] = {0.1f, 0.2f, 0.3f};
    const uint8_t normal[3] = {0, 0, 0}, anomalous[3] = {1, 1, 1};
    metrics_ranking_t got;
    assert_int_equal(metrics_ranking(&got, scores, normal, 3), ST_OK);
    assert_true(isnan(got.auroc) && isnan(got.ap) && isnan(got.f1_max) && isnan(got.f1_threshold));
    assert_int_equal(got.negatives, 3);
    assert_int_equal(metrics_ranking(&got, scores, anomalous, 3), ST_OK);
    assert_true(isnan(got.auroc));
    assert_true(got.ap == 1 && got.f1_max == 1 && got.f1_threshold == (double)0.1f);
    assert_int_equal(metrics_ranking(&got, scores, anomalous, 1), ST_OK);
    assert_true(isnan(got.auroc));
    assert_int_equal(metrics_ranking(&got, NULL, NULL, 0), ST_OK);
    assert_true(isnan(got.auroc) && isnan(got.ap));
    assert_int_equal(got.positives + got.negatives, 0);
}

static void both_zeros_are_one_score(void **state)
{
    (void)state;
    const float scores[2] = {-0.0f, 0.0f};
    const uint8_t labels[2] = {0, 1};
    double auroc = 0;
    assert_int_equal(metrics_auroc(&auroc, scores, labels, 2), ST_OK);
    assert_true(auroc == 0.5);
}

static void a_score_that_is_not_finite_is_refused_by_its_index(void **state)
{
    (void)state;
    enum { N = 3000 };
    static float scores[N];
    static uint8_t labels[N];
    labels[0] = 1;
    const float bad[3] = {NAN, INFINITY, -INFINITY};
    const int where[3] = {0, 1234, N - 1};
    for (int i = 0; i < 3; i++) {
        double auroc = -1;
        char text[64];
        scores[where[i]] = bad[i];
        snprintf(text, sizeof text, "score %d of 3000 is ", where[i]);
        check_error(metrics_auroc(&auroc, scores, labels, N), ST_EFORMAT, text);
        assert_true(auroc == -1);
        scores[where[i]] = 0;
    }
}

static void each_group_meets_all_normal_scores(void **state)
{
    (void)state;
    const float scores[8] = {0.1f, 0.5f, 0.3f, 0.9f, 0.8f, 0.2f, 0.4f, 0.4f};
    const uint8_t labels[8] = {0, 0, 0, 1, 1, 1, 0, 1};
    const int32_t group[8] = {-1, -1, -1, 0, 0, 2, -1, 2};
    metrics_ranking_t got[3];
    assert_int_equal(metrics_ranking_by_group(got, scores, labels, group, 8, 3), ST_OK);
    assert_true(got[0].auroc == 1 && got[0].positives == 2 && got[0].negatives == 4);
    assert_true(isnan(got[1].auroc) && got[1].positives == 0);
    /* 0.2 wins one of four; 0.4 wins two and ties one. */
    assert_true(got[2].auroc == (1 + 2.5) / 8);
}

static void a_sample_has_the_score_of_its_highest_view(void **state)
{
    (void)state;
    const float scores[6] = {-5, 0.5f, -7, 0.25f, -6, 0.5f};
    const uint8_t labels[6] = {0, 0, 0, 255, 0, 0};
    const int32_t sample[6] = {1, 0, 1, 0, 1, 2};
    float got[4] = {9, 9, 9, 9};
    uint8_t got_labels[4] = {9, 9, 9, 9};
    assert_int_equal(metrics_group_max(got, got_labels, scores, labels, sample, 6, 3), ST_OK);
    assert_true(got[0] == 0.5f && got[1] == -5 && got[2] == 0.5f && got[3] == 9);
    assert_true(got_labels[0] == 1 && got_labels[1] == 0 && got_labels[2] == 0 && got_labels[3] == 9);
    check_error(metrics_group_max(got, got_labels, scores, labels, sample, 6, 4), ST_EFORMAT,
                "sample 3 of 4 has no view");
    const float bad[6] = {0, 0, 0, 0, INFINITY, 0};
    check_error(metrics_group_max(got, got_labels, bad, labels, sample, 6, 3), ST_EFORMAT, "score 4 of 6 is inf");
    assert_true(got[0] == 0.5f && got_labels[0] == 1);
}

static void curves_of_a_short_list_are_its_vertices(void **state)
{
    (void)state;
    const float scores[5] = {0.9f, 0.7f, 0.7f, 0.4f, 0.1f};
    const uint8_t labels[5] = {1, 1, 0, 0, 1};
    metrics_curve_t roc, pr;
    assert_int_equal(metrics_curve_init(&roc, 100), ST_OK);
    assert_int_equal(metrics_curve_init(&pr, 100), ST_OK);
    const metrics_curves_t curves = {.roc = &roc, .pr = &pr};
    assert_int_equal(metrics_ranking_curves(&curves, scores, labels, 5), ST_OK);
    const double x[] = {0, 0, 0.5, 1, 1, 1}, y[] = {0, 1.0 / 3, 2.0 / 3, 2.0 / 3, 1, 1};
    assert_int_equal(roc.count, 6);
    for (int i = 0; i < 6; i++) assert_true(fabs(roc.x[i] - x[i]) < 1e-15 && fabs(roc.y[i] - y[i]) < 1e-15);
    assert_true(roc.threshold[1] == (double)0.9f && roc.threshold[2] == (double)0.7f);
    assert_true(roc.threshold[3] > (double)0.1f && roc.threshold[3] < 0.4 && roc.threshold[4] == (double)0.1f);
    const double precision[] = {1, 2.0 / 3, 0.6};
    assert_int_equal(pr.count, 3);
    for (int i = 0; i < 3; i++) assert_true(fabs(pr.y[i] - precision[i]) < 1e-15);
    /* Used again, for a list without anomalies: empty. */
    const uint8_t normal[5] = {0};
    assert_int_equal(metrics_ranking_curves(&curves, scores, normal, 5), ST_OK);
    assert_int_equal(roc.count + pr.count, 0);
    metrics_curve_free(&pr);
    metrics_curve_free(&roc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_equals_sklearn),
        cmocka_unit_test(auroc_is_the_share_of_won_pairs_to_the_last_bit),
        cmocka_unit_test(a_set_with_one_class_has_no_auroc),
        cmocka_unit_test(both_zeros_are_one_score),
        cmocka_unit_test(a_score_that_is_not_finite_is_refused_by_its_index),
        cmocka_unit_test(each_group_meets_all_normal_scores),
        cmocka_unit_test(a_sample_has_the_score_of_its_highest_view),
        cmocka_unit_test(curves_of_a_short_list_are_its_vertices),
    };
    return cmocka_run_group_tests_name("metrics_ranking", tests, NULL, NULL);
}
