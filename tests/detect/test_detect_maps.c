#include "support/check.h"

#include "detect/detect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 1e-5 /* float32 against torch and scipy, relative to the largest value */

static const float *golden_map(const check_golden_t *golden, const char *format, int n, int dims[8])
{
    char name[64];
    snprintf(name, sizeof name, format, n);
    return check_golden_f32(golden, name, NULL, dims);
}

static void upsampling_equals_torch_at_every_size(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("detect/maps");
    int cases = 0;
    for (char name[64]; snprintf(name, sizeof name, "up%d.src", cases), check_golden_has(golden, name); cases++) {
        int from[8], to[8];
        const float *src = golden_map(golden, "up%d.src", cases, from);
        const float *want = golden_map(golden, "up%d.dst", cases, to);
        size_t count = (size_t)to[0] * (size_t)to[1];
        float *got = malloc(count * sizeof *got);
        detect_upsample(got, to[0], to[1], src, from[0], from[1]);
        check_array(name, got, want, count, TOLERANCE);
        free(got);
    }
    assert_int_equal(cases, 8);
    check_golden_close(golden);
}

static void upsampling_to_the_same_size_is_the_identity(void **state)
{
    (void)state;
    const float src[6] = {0.1F, 0.7F, -3, 4, 5.5F, 1e-8F};
    float got[6];
    detect_upsample(got, 2, 3, src, 2, 3);
    assert_memory_equal(got, src, sizeof src);
}

static void smoothing_equals_scipy_at_every_size(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("detect/maps");
    arena_t arena;
    arena_init(&arena, "test");
    int cases = 0;
    for (char name[64]; snprintf(name, sizeof name, "smooth%d.sigma", cases), check_golden_has(golden, name); cases++) {
        double sigma = check_golden_f64(golden, name, NULL, NULL)[0];
        int dims[8];
        const float *src = golden_map(golden, "smooth%d.src", cases, dims);
        const float *want = golden_map(golden, "smooth%d.dst", cases, dims);
        size_t count = (size_t)dims[0] * (size_t)dims[1];
        float *map = malloc(count * sizeof *map);
        memcpy(map, src, count * sizeof *map);
        assert_int_equal(detect_smooth(map, dims[0], dims[1], sigma, &arena), ST_OK);
        check_array(name, map, want, count, TOLERANCE);
        free(map);
    }
    assert_int_equal(cases, 11);
    assert_int_equal(arena.used, 0);
    arena_free(&arena);
    check_golden_close(golden);
}

static void smoothing_by_sigma_zero_leaves_the_map(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, "test");
    float map[4] = {1, 2, 3, 4};
    const float want[4] = {1, 2, 3, 4};
    assert_int_equal(detect_smooth(map, 2, 2, 0, &arena), ST_OK);
    assert_memory_equal(map, want, sizeof want);
    arena_free(&arena);
}

static void a_nan_is_spread_not_hidden(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, "test");
    float map[15] = {0};
    map[7] = NAN;
    assert_int_equal(detect_smooth(map, 3, 5, 1, &arena), ST_OK);
    assert_true(isnan(map[7]) && isnan(map[6]));
    arena_free(&arena);
}

static void the_way_to_full_size_equals_torch_and_scipy(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("detect/maps");
    arena_t arena;
    arena_init(&arena, "test");
    const float *src = check_golden_f32(golden, "full.src", NULL, NULL);
    size_t count;
    const float *want = check_golden_f32(golden, "full.every13", &count, NULL);
    float *map = malloc(400 * 400 * sizeof *map);
    detect_upsample(map, 400, 400, src, 15, 15);
    assert_int_equal(detect_smooth(map, 400, 400, 4.0, &arena), ST_OK);
    float got[31 * 31];
    assert_int_equal(count, 31 * 31);
    for (int y = 0; y < 31; y++)
        for (int x = 0; x < 31; x++) got[y * 31 + x] = map[y * 13 * 400 + x * 13];
    check_array("every 13th pixel of the 400 x 400 map", got, want, count, TOLERANCE);
    free(map);
    arena_free(&arena);
    check_golden_close(golden);
}

static void a_full_map_is_the_upsampled_one_smoothed(void **state)
{
    (void)state;
    static const struct {
        int h, w, H, W;
        double sigma;
        bool corners;
    } cases[] = {{15, 15, 400, 400, 4, false}, {7, 5, 33, 96, 1.5, false}, {4, 6, 3, 2, 1, false},
                 {1, 1, 9, 7, 2, false},       {1, 5, 20, 1, 4, false},    {6, 4, 6, 4, 0, false},
                 {5, 3, 17, 8, 0, false},      {3, 4, 5, 6, 9.3, false},   {15, 15, 400, 400, 4, true},
                 {15, 15, 240, 240, 0, true},  {7, 5, 33, 96, 1.5, true},  {4, 6, 3, 2, 1, true},
                 {1, 5, 20, 1, 0, true},       {6, 4, 6, 4, 0, true}};
    arena_t arena;
    arena_init(&arena, "test");
    rng_t rng = rng_init("detect", "full", 0, 0, "test");
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        int h = cases[c].h, w = cases[c].w, H = cases[c].H, W = cases[c].W;
        float *src = base_alloc((size_t)(h * w), sizeof *src), *want = base_alloc((size_t)(H * W), sizeof *want);
        float *got = base_alloc((size_t)(H * W), sizeof *got);
        for (int i = 0; i < h * w; i++) src[i] = (float)rng_uniform(&rng);
        (cases[c].corners ? detect_upsample_corners : detect_upsample)(want, H, W, src, h, w);
        assert_int_equal(detect_smooth(want, H, W, cases[c].sigma, &arena), ST_OK);
        assert_int_equal(detect_full_map(got, H, W, src, h, w, cases[c].sigma, cases[c].corners, &arena), ST_OK);
        check_array("full map", got, want, (size_t)(H * W), 5e-7); /* three roundings to float against one */
        for (int i = 0; i < h * w; i++) src[i] = 0.1f;
        assert_int_equal(detect_full_map(got, H, W, src, h, w, cases[c].sigma, cases[c].corners, &arena), ST_OK);
        for (int i = 0; i < H * W; i++) assert_true(got[i] == 0.1f); /* a constant map stays one */
        free(src);
        free(want);
        free(got);
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upsampling_equals_torch_at_every_size),
        cmocka_unit_test(upsampling_to_the_same_size_is_the_identity),
        cmocka_unit_test(smoothing_equals_scipy_at_every_size),
        cmocka_unit_test(smoothing_by_sigma_zero_leaves_the_map),
        cmocka_unit_test(a_full_map_is_the_upsampled_one_smoothed),
        cmocka_unit_test(a_nan_is_spread_not_hidden),
        cmocka_unit_test(the_way_to_full_size_equals_torch_and_scipy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
