/* What one method is as a case of another, method/README.md 12, on made-up features; and bits that do not depend on company. */
#include "support/check.h"

#include "detect/detect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GRID 9
#define T (GRID * GRID)
#define W 40
#define K 4

typedef struct {
    arena_t arena;
    float bank[K * T * W], f[T * W], unit_bank[K * T * W], unit_f[T * W];
    float map[T], other[T];
} fixture_t;

static void unit_rows(float *out, const float *x, int rows)
{
    for (int i = 0; i < rows; i++) {
        double square = 0;
        for (int c = 0; c < W; c++) square += (double)x[i * W + c] * (double)x[i * W + c];
        for (int c = 0; c < W; c++) out[i * W + c] = (float)((double)x[i * W + c] / sqrt(square));
    }
}

static int open_fixture(void **state)
{
    fixture_t *x = calloc(1, sizeof *x);
    rng_t rng = rng_init("test", "identities", K, 1, "features");
    arena_init(&x->arena, "test");
    for (int i = 0; i < K * T * W; i++) x->bank[i] = (float)(2 + rng_normal(&rng));
    for (int i = 0; i < T * W; i++) x->f[i] = (float)(2 + rng_normal(&rng));
    unit_rows(x->unit_bank, x->bank, K * T);
    unit_rows(x->unit_f, x->f, T);
    *state = x;
    return 0;
}

static int close_fixture(void **state)
{
    fixture_t *x = *state;
    arena_free(&x->arena);
    free(x);
    return 0;
}

static void vad(fixture_t *x)
{
    const detect_tap_t tap = {x->unit_f, x->unit_bank, K * T, W};
    assert_int_equal(detect_cosine(x->other, &tap, 1, T, &x->arena), ST_OK);
}

static void patchcore_of_one_unit_tap_is_four_times_vad(void **state)
{
    fixture_t *x = *state;
    assert_int_equal(detect_nearest(x->map, NULL, x->unit_f, T, x->unit_bank, K * T, W, &x->arena), ST_OK);
    vad(x);
    for (int i = 0; i < T; i++) x->other[i] *= 4;
    check_array("patchcore", x->map, x->other, T, 1e-5); /* a cosine near 1 has fewer digits than the distance */
}

static void pooling_by_one_token_changes_nothing(void **state)
{
    fixture_t *x = *state;
    float out[T * W];
    detect_pool(out, x->f, GRID, GRID, W, 1);
    assert_memory_equal(out, x->f, sizeof out);
}

/* Every row of the bank may be chosen once, and then the coreset searches as the bank does. */
static void a_coreset_of_everything_is_the_bank(void **state)
{
    fixture_t *x = *state;
    int *chosen = malloc(K * T * sizeof *chosen);
    float *kept = malloc(sizeof x->bank);
    bool seen[K * T] = {false};
    rng_t rng = rng_init("test", "identities", K, 1, "coreset");
    memcpy(x->bank + W, x->bank, W * sizeof(float)); /* equal rows are told apart */
    assert_int_equal(detect_coreset(chosen, K * T, x->bank, K * T, W, &rng, &x->arena), ST_OK);
    for (int i = 0; i < K * T; i++) {
        assert_false(seen[chosen[i]]);
        seen[chosen[i]] = true;
        memcpy(kept + (size_t)i * W, x->bank + (size_t)chosen[i] * W, W * sizeof(float));
    }
    assert_int_equal(detect_nearest(x->map, NULL, x->f, T, kept, K * T, W, &x->arena), ST_OK);
    assert_int_equal(detect_nearest(x->other, NULL, x->f, T, x->bank, K * T, W, &x->arena), ST_OK);
    check_array("coreset", x->map, x->other, T, 1e-6);
    free(chosen);
    free(kept);
}

static void spade_of_few_images_is_vad_with_raw_distances(void **state)
{
    fixture_t *x = *state;
    const detect_tap_t tap = {x->f, x->bank, K * T, W};
    assert_int_equal(detect_euclid(x->map, &tap, 1, T, &x->arena), ST_OK);
    for (int i = 0; i < T; i++) {
        double least = INFINITY;
        for (int r = 0; r < K * T; r++) {
            double square = 0;
            for (int c = 0; c < W; c++) square += pow((double)x->f[i * W + c] - (double)x->bank[r * W + c], 2);
            least = fmin(least, square);
        }
        x->other[i] = (float)sqrt(least);
    }
    check_array("spade", x->map, x->other, T, 1e-6);
}

static void two_taps_are_the_mean_of_each(void **state)
{
    fixture_t *x = *state;
    const detect_memory_t memory = {x->unit_bank, x->unit_bank, K * T, W};
    assert_int_equal(detect_vad(x->map, &memory, x->unit_f, x->unit_f, T, &x->arena), ST_OK);
    vad(x);
    assert_memory_equal(x->map, x->other, sizeof x->map);
}

static void padim_of_one_image_is_the_distance_to_it(void **state)
{
    fixture_t *x = *state;
    detect_padim_t fit;
    assert_int_equal(detect_padim_fit(&fit, x->bank, 1, T, W, 0.01, &x->arena), ST_OK);
    assert_int_equal(detect_padim_score(x->map, &fit, x->f, &x->arena), ST_OK);
    for (int i = 0; i < T; i++) {
        double square = 0;
        for (int c = 0; c < W; c++) square += pow((double)x->f[i * W + c] - (double)x->bank[i * W + c], 2);
        x->other[i] = (float)sqrt(square / fit.ridge);
    }
    check_array("padim", x->map, x->other, T, 1e-6);
}

static void padim_by_either_inverse_is_the_same(void **state)
{
    fixture_t *x = *state;
    enum { D = 3 };
    detect_padim_t few, many;
    float support[K * T * D], wide[K * T * 5] = {0}, f[T * D], f_wide[T * 5] = {0};
    for (int i = 0; i < K * T; i++) memcpy(support + i * D, x->bank + i * W, D * sizeof(float));
    for (int i = 0; i < T; i++) memcpy(f + i * D, x->f + i * W, D * sizeof(float));
    /* Two channels of zeros add nothing to a distance; they make the channels more than the images. */
    for (int i = 0; i < K * T; i++) memcpy(wide + i * 5, support + i * D, D * sizeof(float));
    for (int i = 0; i < T; i++) memcpy(f_wide + i * 5, f + i * D, D * sizeof(float));
    assert_int_equal(detect_padim_fit(&many, support, K, T, D, 0.01, &x->arena), ST_OK);
    assert_int_equal(detect_padim_fit(&few, wide, K, T, 5, 0.01 * 5 / D, &x->arena), ST_OK);
    assert_true(few.few && !many.few);
    assert_int_equal(detect_padim_score(x->map, &few, f_wide, &x->arena), ST_OK);
    assert_int_equal(detect_padim_score(x->other, &many, f, &x->arena), ST_OK);
    check_array("padim", x->map, x->other, T, 1e-6);
}

static void a_subspace_without_directions_is_the_distance_to_the_mean(void **state)
{
    fixture_t *x = *state;
    detect_moments_t moments;
    detect_subspace_t fit;
    assert_int_equal(detect_moments_init(&moments, W, &x->arena), ST_OK);
    assert_int_equal(detect_moments_add(&moments, x->bank, K * T, &x->arena), ST_OK);
    assert_int_equal(detect_subspace_fit(&fit, &moments, 0, &x->arena), ST_OK);
    assert_int_equal(fit.directions, 0);
    assert_int_equal(detect_subspace_score(x->map, &fit, x->f, T, &x->arena), ST_OK);
    for (int i = 0; i < T; i++) {
        double square = 0;
        for (int c = 0; c < W; c++) {
            double mean = 0;
            for (int r = 0; r < K * T; r++) mean += (double)x->bank[r * W + c] / (K * T);
            square += pow((double)x->f[i * W + c] - mean, 2);
        }
        x->other[i] = (float)square;
    }
    check_array("subspace", x->map, x->other, T, 1e-6);
    assert_int_equal(detect_subspace_fit(&fit, &moments, 1, &x->arena), ST_OK);
    assert_int_equal(detect_subspace_score(x->map, &fit, x->f, T, &x->arena), ST_OK);
    for (int i = 0; i < T; i++) assert_true(x->map[i] < 1e-8F * x->other[i]);
}

static void mutual_scoring_of_two_images_is_the_root_of_four_times_vad(void **state)
{
    fixture_t *x = *state;
    float back[T];
    assert_int_equal(detect_musc_pair(x->map, back, x->unit_f, x->unit_bank, T, W, &x->arena), ST_OK);
    const detect_tap_t tap = {x->unit_f, x->unit_bank, T, W}, turned = {x->unit_bank, x->unit_f, T, W};
    for (int way = 0; way < 2; way++) {
        float *d = way == 0 ? x->map : back, squared[T];
        assert_int_equal(detect_cosine(x->other, way == 0 ? &tap : &turned, 1, T, &x->arena), ST_OK);
        assert_int_equal(detect_musc_mutual(d, d, 1, T, 0.3, &x->arena), ST_OK);
        for (int i = 0; i < T; i++) squared[i] = d[i] * d[i], x->other[i] *= 4;
        check_array("musc", squared, x->other, T, 1e-5);
    }
}

static void a_window_score_of_one_value_is_that_value_at_every_token(void **state)
{
    fixture_t *x = *state;
    for (int side = 1; side <= GRID; side++) {
        for (int i = 0; i < T; i++) x->other[i] = 0.3F;
        detect_windows_to_tokens(x->map, x->other, GRID, side);
        check_array("windows", x->map, x->other, T, 1e-6);
    }
    x->other[0] = 0; /* a window of score 0 takes its tokens with it */
    detect_windows_to_tokens(x->map, x->other, GRID, 2);
    assert_true(x->map[0] == 0 && x->map[GRID + 1] == 0 && x->map[2] > 0.29F);
}

static void tokens_that_are_not_finite_score_nan(void **state)
{
    fixture_t *x = *state;
    x->f[5 * W + 1] = NAN;
    detect_tap_t tap = {x->f, x->bank, K * T, W};
    assert_int_equal(detect_euclid(x->map, &tap, 1, T, &x->arena), ST_OK);
    for (int i = 0; i < T; i++) assert_true(isnan(x->map[i]) == (i == 5));
    assert_true(isnan(detect_top_share(x->map, T, 0.01)));
    int index[T] = {0};
    float score;
    assert_int_equal(detect_patchcore_image(&score, x->map, index, x->f, T, x->bank, K * T, W, 9, &x->arena), ST_OK);
    assert_true(isnan(score));
    float back[T];
    assert_int_equal(detect_musc_pair(x->map, back, x->f, x->unit_bank, T, W, &x->arena), ST_OK);
    assert_true(isnan(x->map[5]) && !isnan(x->map[4]) && !isnan(back[5]));
    detect_padim_t fit;
    assert_int_equal(detect_padim_fit(&fit, x->bank, K, T, W, 0.01, &x->arena), ST_OK);
    assert_int_equal(detect_padim_score(x->map, &fit, x->f, &x->arena), ST_OK);
    for (int i = 0; i < T; i++) assert_true(isnan(x->map[i]) == (i == 5));
    uint8_t mask[T];
    check_error(detect_foreground(mask, x->f, GRID, GRID, W, NULL, &x->arena), ST_EFORMAT, "");
}

/* An image's tokens, alone and before others in one call: the same bits. */
static void searches_do_not_depend_on_the_rows_scored_with_them(void **state)
{
    fixture_t *x = *state;
    float *both = malloc(2 * sizeof x->f), together[2 * T];
    memcpy(both, x->f, sizeof x->f);
    memcpy(both + T * W, x->bank, sizeof x->f);
    assert_int_equal(detect_nearest(together, NULL, both, 2 * T, x->bank, K * T, W, &x->arena), ST_OK);
    assert_int_equal(detect_nearest(x->map, NULL, x->f, T, x->bank, K * T, W, &x->arena), ST_OK);
    assert_memory_equal(x->map, together, sizeof x->map);
    for (int i = T; i < 2 * T; i++) assert_true(together[i] == 0); /* the bank's own rows, exactly */
    free(both);
}

#define IDENTITY(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IDENTITY(patchcore_of_one_unit_tap_is_four_times_vad),
        IDENTITY(pooling_by_one_token_changes_nothing),
        IDENTITY(a_coreset_of_everything_is_the_bank),
        IDENTITY(spade_of_few_images_is_vad_with_raw_distances),
        IDENTITY(two_taps_are_the_mean_of_each),
        IDENTITY(padim_of_one_image_is_the_distance_to_it),
        IDENTITY(padim_by_either_inverse_is_the_same),
        IDENTITY(a_subspace_without_directions_is_the_distance_to_the_mean),
        IDENTITY(mutual_scoring_of_two_images_is_the_root_of_four_times_vad),
        IDENTITY(a_window_score_of_one_value_is_that_value_at_every_token),
        IDENTITY(tokens_that_are_not_finite_score_nan),
        IDENTITY(searches_do_not_depend_on_the_rows_scored_with_them),
    };
    return cmocka_run_group_tests_name("detect_identities", tests, NULL, NULL);
}
