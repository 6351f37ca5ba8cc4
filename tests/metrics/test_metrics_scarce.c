/* Metrics where memory ends: told whichever request is refused, and the next attempt measures. */
#include "tools/scarce.h"

#include "metrics/metrics.h"

#include <math.h>
#include <stdlib.h>

enum { N = 12, H = 96, W = 96, IMAGES = 3 };

typedef struct {
    float scores[IMAGES * H * W], other[N];
    uint8_t masks[IMAGES * H * W];
    rng_t rng;
    metrics_bootstrap_t bootstrap;
} fixture_t;

static int open_fixture(void **state)
{
    fixture_t *x = calloc(1, sizeof *x);
    x->rng = rng_init("test", "scarce", 0, 1, "scores");
    for (int i = 0; i < IMAGES * H * W; i++) {
        x->masks[i] = i % 7 == 0;
        x->scores[i] = (float)(rng_normal(&x->rng) + x->masks[i]);
    }
    for (int i = 0; i < N; i++) x->other[i] = (float)rng_normal(&x->rng);
    x->bootstrap = (metrics_bootstrap_t){.rng = &x->rng, .replicates = 20, .level = 0.9};
    *state = x;
    return 0;
}

static int close_fixture(void **state)
{
    free(*state);
    return 0;
}

static void lists(void **state)
{
    fixture_t *x = *state;
    double auroc, value[6] = {1, 2, 3, 4, 5, 6};
    metrics_ranking_t ranking, groups[2];
    metrics_interval_t interval;
    metrics_curve_t curve = {0};
    metrics_regions_t regions;
    int32_t group[N];
    for (int i = 0; i < N; i++) group[i] = i % 2;
    CHECK_SCARCE(metrics_auroc(&auroc, x->scores, x->masks, N), (void)0);
    CHECK_SCARCE(metrics_ranking(&ranking, x->scores, x->masks, N), (void)0);
    CHECK_SCARCE(metrics_ranking_by_group(groups, x->scores, x->masks, group, N, 2), (void)0);
    CHECK_SCARCE(metrics_curve_init(&curve, 100), metrics_curve_free(&curve));
    metrics_regions_init(&regions);
    CHECK_SCARCE(metrics_regions_find(&regions, x->masks, H, W),
                 (metrics_regions_free(&regions), metrics_regions_init(&regions)));
    CHECK_SCARCE(metrics_bootstrap_images(&interval, x->scores, x->masks, N, &x->bootstrap), (void)0);
    CHECK_SCARCE(metrics_bootstrap_images_paired(&interval, x->scores, x->other, x->masks, N, &x->bootstrap), (void)0);
    CHECK_SCARCE(metrics_bootstrap_crossed(&interval, value, 3, 2, &x->bootstrap), (void)0);
}

/* All of a category, from opening to the bootstrap. */
static status_t measure(const fixture_t *x, const metrics_pixels_options_t *options)
{
    status_t status;
    metrics_pixels_t *pixels = NULL;
    metrics_pixels_result_t result;
    metrics_interval_t interval;
    metrics_curve_t curve = {0};
    double steps;
    TRY_DONE(metrics_pixels_open(&pixels, options));
    TRY_DONE(metrics_curve_init(&curve, 10));
    for (int i = 0; i < IMAGES; i++)
        TRY_DONE(metrics_pixels_add(pixels, x->scores + (size_t)i * H * W, i == 0 ? NULL : x->masks + (size_t)i * H * W,
                                    H, W));
    TRY_DONE(metrics_pixels_measure(&result, pixels, 0.3, NULL, &(metrics_curves_t){.roc = &curve}));
    assert_false(isnan(result.ranking.auroc));
    TRY_DONE(metrics_pixels_aupro_steps(&steps, pixels, 20, false, 0.3, NULL));
    TRY_DONE(metrics_bootstrap_pixels(&interval, pixels, &x->bootstrap));
done:
    metrics_curve_free(&curve);
    metrics_pixels_close(pixels);
    return status;
}

static void pixels_in_memory_and_beyond(void **state)
{
    fixture_t *x = *state;
    metrics_pixels_options_t options = {.regions = true, .images = true};
    CHECK_SCARCE(measure(x, &options), (void)0);
    options.memory = METRICS_MEMORY_MIN;
    options.temp_dir = check_temp_dir("metrics_scarce");
    CHECK_SCARCE(measure(x, &options), (void)0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(pixels_in_memory_and_beyond, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
