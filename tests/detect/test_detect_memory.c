#include "support/check.h"

#include "detect/detect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TOLERANCE 1e-6 /* float32 GEMM against double, relative to the largest value */

static void check_memory(int n)
{
    check_golden_t *golden = check_golden_open("detect/scores");
    const char *const parts[] = {"r1", "r2", "m1", "m2", "M_v"};
    const float *array[5];
    int dims[8], T = 0;
    detect_memory_t memory = {0};
    for (int i = 0; i < 5; i++) {
        char name[32];
        snprintf(name, sizeof name, "vad%d.%s", n, parts[i]);
        array[i] = check_golden_f32(golden, name, NULL, dims);
        if (i == 1) T = dims[0];
        if (i == 3) memory.rows = dims[0], memory.width = dims[1];
    }
    memory.memory1 = array[2], memory.memory2 = array[3];
    arena_t arena;
    arena_init(&arena, "test");
    float *got = malloc((size_t)T * sizeof *got);
    assert_int_equal(detect_vad(got, &memory, array[0], array[1], T, &arena), ST_OK);
    check_array("M_v", got, array[4], (size_t)T, TOLERANCE);
    assert_int_equal(arena.used, 0);
    free(got);
    arena_free(&arena);
    check_golden_close(golden);
}

static void memory_scores_equal_the_exact_minimum(void **state)
{
    (void)state;
    for (int n = 0; n < 3; n++) check_memory(n);
}

static void fill_unit_rows(float *out, int rows, int width, rng_t *rng)
{
    for (int i = 0; i < rows; i++) {
        double norm = 0;
        float *row = out + (size_t)i * width;
        for (int c = 0; c < width; c++) {
            row[c] = (float)rng_normal(rng);
            norm += (double)row[c] * (double)row[c];
        }
        for (int c = 0; c < width; c++) row[c] = (float)((double)row[c] / sqrt(norm));
    }
}

static void memory_scores_of_the_bank_itself_are_zero_and_never_negative(void **state)
{
    (void)state;
    enum { N = 600, W = 96 };
    rng_t rng = rng_init("test", "vad", 1, 0, "features");
    float *bank = malloc(N * W * sizeof *bank), *scores = malloc(N * sizeof *scores);
    fill_unit_rows(bank, N, W, &rng);
    arena_t arena;
    arena_init(&arena, "test");
    detect_memory_t memory = {bank, bank, N, W};
    assert_int_equal(detect_vad(scores, &memory, bank, bank, N, &arena), ST_OK);
    for (int i = 0; i < N; i++) assert_true(scores[i] >= 0 && scores[i] < 1e-6F);
    arena_free(&arena);
    free(bank);
    free(scores);
}

static void a_nan_feature_gives_a_nan_score(void **state)
{
    (void)state;
    const float bank[6] = {1, 0, 0, 1, 0.6F, 0.8F}, r[4] = {0.8F, 0.6F, NAN, 0};
    float scores[2];
    arena_t arena;
    arena_init(&arena, "test");
    detect_memory_t memory = {bank, bank, 3, 2};
    assert_int_equal(detect_vad(scores, &memory, r, r, 2, &arena), ST_OK);
    assert_true(fabsf(scores[0] - 0.02F) < 1e-6F);
    assert_true(isnan(scores[1]));
    arena_free(&arena);
}

/* A second image scored in the same call must not change the first one's bits, whatever the sizes. */
static void memory_scores_do_not_depend_on_the_rows_scored_with_them(void **state)
{
    (void)state;
    enum { N = 450, W = 100, T = 225 };
    rng_t rng = rng_init("test", "vad", 1, 0, "batch");
    float *bank = malloc(N * W * sizeof *bank), *r = malloc(2 * T * W * sizeof *r);
    float alone[T], together[2 * T];
    fill_unit_rows(bank, N, W, &rng);
    fill_unit_rows(r, 2 * T, W, &rng);
    arena_t arena;
    arena_init(&arena, "test");
    detect_memory_t memory = {bank, bank, N, W};
    assert_int_equal(detect_vad(together, &memory, r, r, 2 * T, &arena), ST_OK);
    assert_int_equal(detect_vad(alone, &memory, r, r, T, &arena), ST_OK);
    assert_memory_equal(alone, together, sizeof alone);
    arena_free(&arena);
    free(bank);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_scores_equal_the_exact_minimum),
        cmocka_unit_test(memory_scores_of_the_bank_itself_are_zero_and_never_negative),
        cmocka_unit_test(a_nan_feature_gives_a_nan_score),
        cmocka_unit_test(memory_scores_do_not_depend_on_the_rows_scored_with_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
