/* Records that know their image are sorted; of those that do not, normal ones are counted between anomalous ones
 * where these are few, and sorted by code of their own elsewhere: all must give the same bits. */
#include "support/check.h"

#include "metrics/metrics.h"

#include <stdlib.h>
#include <string.h>

enum { H = 37, W = 53, IMAGES = 9 };

static metrics_pixels_result_t measure(const float *scores, const uint8_t *masks, bool images, double limit)
{
    metrics_pixels_t *pixels;
    metrics_pixels_result_t result;
    const metrics_pixels_options_t options = {.regions = true, .images = images};
    assert_int_equal(metrics_pixels_open(&pixels, &options), ST_OK);
    for (int i = 0; i < IMAGES; i++)
        assert_int_equal(metrics_pixels_add(pixels, scores + i * H * W, masks + i * H * W, H, W), ST_OK);
    assert_int_equal(metrics_pixels_measure(&result, pixels, limit, NULL, NULL), ST_OK);
    /* A second measure of the same object, and one after its pixels were sorted for another purpose. */
    metrics_pixels_result_t again;
    double steps;
    assert_int_equal(metrics_pixels_measure(&again, pixels, limit, NULL, NULL), ST_OK);
    assert_memory_equal(&result.ranking, &again.ranking, sizeof result.ranking);
    assert_int_equal(metrics_pixels_aupro_steps(&steps, pixels, 200, false, limit, NULL), ST_OK);
    assert_int_equal(metrics_pixels_measure(&again, pixels, limit, NULL, NULL), ST_OK);
    assert_memory_equal(&result.ranking, &again.ranking, sizeof result.ranking);
    assert_memory_equal(&result.aupro, &again.aupro, sizeof result.aupro);
    metrics_pixels_close(pixels);
    return result;
}

/* levels: different scores; 0: all that a float can tell apart. every: an anomalous pixel in so many, on average. */
static void check(int levels, uint32_t every, double low, double high)
{
    static float scores[IMAGES * H * W];
    static uint8_t masks[IMAGES * H * W];
    rng_t rng = rng_init("metrics", "wide", levels, every, "test");
    for (int p = 0; p < IMAGES * H * W; p++) {
        double share = levels > 0 ? rng_below(&rng, (uint32_t)levels) / (double)levels : rng_uniform(&rng);
        scores[p] = (float)(low + (high - low) * share);
        masks[p] = rng_below(&rng, every) == 0;
    }
    masks[5] = 1;
    for (double limit = 0.05; limit <= 1; limit += 0.25) {
        metrics_pixels_result_t narrow = measure(scores, masks, false, limit);
        metrics_pixels_result_t wide = measure(scores, masks, true, limit);
        assert_memory_equal(&narrow.ranking, &wide.ranking, sizeof narrow.ranking);
        assert_memory_equal(&narrow.aupro, &wide.aupro, sizeof narrow.aupro);
        assert_true(narrow.aupro >= 0 && narrow.ranking.auroc > 0 && (limit < 0.5 || narrow.aupro > 0));
    }
}

static void narrow_and_wide_records_give_the_same_bits(void **state)
{
    (void)state;
    check(0, 30, 0, 1);
    check(0, 30, -1e30, 1e30);
    check(0, 5000, 0, 1e-38); /* denormal scores, a handful of anomalous pixels */
    check(0, 30, 1, 1.0001);  /* crowded: hundreds of scores, all keys in two pages */
    check(40000, 9, -1, 1);   /* nearly as many anomalous pixels as are counted */
    check(7, 30, -0.5, 0.5);  /* ties everywhere, zero among them */
    check(1, 30, 0.25, 0.25); /* one score */
    check(300, 3, 0, 1);      /* anomalous pixels are not few */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(narrow_and_wide_records_give_the_same_bits)};
    return cmocka_run_group_tests_name("wide", tests, NULL, NULL);
}
