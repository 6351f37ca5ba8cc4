/* Products with frozen weights in bfloat16 against plain C on rounded factors, and that a row's bits are its own.
 * Where program or processor have no such products, they are refused, and the rest is skipped. */
#include "support/check.h"

#include "ops/ops_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SHAPES = 4, MOST = 200 };
static const int shapes[SHAPES][2] = {{96, 40}, {40, 96}, {33, 17}, {192, 256}};

typedef struct {
    ops_frozen_t *set;
    float *w[SHAPES];
} frozen_t;

static float *filled(int n, uint64_t seed)
{
    float *x = malloc((size_t)n * sizeof *x);
    rng_t rng = rng_init("tests", "frozen", n, seed, "fill");
    for (int i = 0; i < n; i++) x[i] = (float)(rng_uniform(&rng) - 0.5);
    return x;
}

static bool open_set(frozen_t *f, int threads)
{
    if (ops_bf16_check() != ST_OK) {
        print_message("skipped: %s\n", fail_message());
        check_error(ops_frozen_open(&f->set, OPS_FROZEN_BF16, threads), ST_EFORMAT, "precision is bf16");
        assert_null(f->set);
        return false;
    }
    check_error(ops_frozen_open(&f->set, OPS_FROZEN_BF16, threads), ST_OK, "");
    for (int s = 0; s < SHAPES; s++) {
        f->w[s] = filled(shapes[s][0] * shapes[s][1], (uint64_t)s);
        check_error(ops_frozen_add(f->set, f->w[s], shapes[s][0], shapes[s][1], s != 2), ST_OK, "");
    }
    check_error(ops_frozen_ready(f->set), ST_OK, "");
    return true;
}

static void close_set(frozen_t *f)
{
    ops_frozen_close(f->set);
    for (int s = 0; s < SHAPES; s++) free(f->w[s]);
}

static void rounding_is_to_the_nearest_and_to_even(void **state)
{
    (void)state;
    assert_float_equal(ops_bf16_round(1), 1, 0);
    assert_float_equal(ops_bf16_round(-1.5F), -1.5F, 0);
    assert_float_equal(ops_bf16_round(0x1.01p0F), 0x1.00p0F, 0); /* half way: to the even one */
    assert_float_equal(ops_bf16_round(0x1.03p0F), 0x1.04p0F, 0);
    assert_float_equal(ops_bf16_round(0x1.010002p0F), 0x1.02p0F, 0);
    assert_float_equal(ops_bf16_round(0x1.00fffep0F), 0x1.00p0F, 0);
}

static double rounded(float x)
{
    return (double)ops_bf16_round(x);
}

static void compare(const frozen_t *f, int s, int M)
{
    const int N = shapes[s][0], K = shapes[s][1];
    float *x = filled(M * K, 11), *b = filled(N, 12), *before = filled(M * N, 13);
    float *y = malloc(sizeof(float) * (size_t)(M * N)), *want = malloc(sizeof(float) * (size_t)(M * N));
    double *dot = malloc(sizeof(double) * (size_t)(M * N));
    for (int i = 0; i < M * N; i++) {
        dot[i] = 0;
        for (int k = 0; k < K; k++) dot[i] += rounded(x[i / N * K + k]) * rounded(f->w[s][i % N * K + k]);
        want[i] = (float)dot[i];
    }
    ops_frozen_linear(y, x, f->w[s], NULL, M, N, K, f->set);
    check_array("y", y, want, (size_t)(M * N), 2e-6);
    for (int i = 0; i < M * N; i++) want[i] = (float)(dot[i] + (double)b[i % N]);
    ops_frozen_linear(y, x, f->w[s], b, M, N, K, f->set);
    check_array("y with bias", y, want, (size_t)(M * N), 2e-6);
    for (int i = 0; i < M * N; i++) want[i] = (float)(dot[i] + (double)b[i % N] + (double)before[i]);
    memcpy(y, before, sizeof(float) * (size_t)(M * N));
    ops_frozen_linear_add(y, x, f->w[s], b, M, N, K, f->set);
    check_array("y accumulates", y, want, (size_t)(M * N), 2e-6);
    free(x), free(b), free(before), free(y), free(want), free(dot);
}

static void compare_backward(const frozen_t *f, int s, int M)
{
    const int N = shapes[s][0], K = shapes[s][1];
    float *dy = filled(M * N, 21), *dx = malloc(sizeof(float) * (size_t)(M * K));
    float *want = malloc(sizeof(float) * (size_t)(M * K));
    for (int i = 0; i < M * K; i++) {
        double dot = 0;
        for (int n = 0; n < N; n++) dot += rounded(dy[i / K * N + n]) * rounded(f->w[s][n * K + i % K]);
        want[i] = (float)dot;
    }
    ops_frozen_backward_set(dx, dy, f->w[s], M, N, K, f->set);
    check_array("dx", dx, want, (size_t)(M * K), 2e-6);
    free(dy), free(dx), free(want);
}

static void products_are_those_of_rounded_factors(void **state)
{
    (void)state;
    frozen_t f = {NULL};
    static const int rows[] = {1, 15, 16, 63, 64, 65, 145};
    if (!open_set(&f, 1)) skip();
    for (int s = 0; s < SHAPES; s++)
        for (size_t m = 0; m < sizeof rows / sizeof *rows; m++) {
            compare(&f, s, rows[m]);
            if (s != 2) compare_backward(&f, s, rows[m]);
        }
    close_set(&f);
}

static void a_row_has_its_bits_wherever_it_stands(void **state)
{
    (void)state;
    frozen_t f = {NULL};
    if (!open_set(&f, 1)) skip();
    for (int s = 0; s < SHAPES; s++) {
        const int N = shapes[s][0], K = shapes[s][1];
        float *x = filled(MOST * K, 31), *all = malloc(sizeof(float) * (size_t)(MOST * N)), *some = filled(MOST * N, 1);
        ops_frozen_linear(all, x, f.w[s], NULL, MOST, N, K, f.set);
        for (int first = 0; first < 80; first += 7)
            for (int count = 1; first + count <= MOST; count += 23) {
                ops_frozen_linear(some, x + first * K, f.w[s], NULL, count, N, K, f.set);
                assert_memory_equal(some, all + first * N, sizeof(float) * (size_t)(count * N));
            }
        float *scratch = malloc(sizeof(float) * 64 * (size_t)(2 * N + 2 * K));
        check_error(ops_frozen_check(f.set, f.w[s], N, K, false, scratch), ST_OK, "");
        if (s != 2) check_error(ops_frozen_check(f.set, f.w[s], N, K, true, scratch), ST_OK, "");
        free(x), free(all), free(some), free(scratch);
    }
    close_set(&f);
}

static void the_check_finds_weights_that_were_changed_behind_it(void **state)
{
    (void)state;
    frozen_t f = {NULL};
    const int N = shapes[0][0], K = shapes[0][1];
    if (!open_set(&f, 1)) skip();
    float *scratch = malloc(sizeof(float) * 64 * (size_t)(2 * N + 2 * K));
    for (int i = 0; i < N * K; i++) f.w[0][i] *= 1.01F;
    check_error(ops_frozen_check(f.set, f.w[0], N, K, false, scratch), ST_EIO, "is wrong");
    check_error(ops_frozen_check(f.set, f.w[0], N, K, true, scratch), ST_EIO, "is wrong");
    free(scratch);
    close_set(&f);
}

typedef struct {
    const frozen_t *f;
    const float *x, *want;
    bool same;
} share_t;

static void *run_share(void *context)
{
    share_t *share = context;
    float *y = malloc(sizeof(float) * (size_t)(MOST * shapes[3][0]));
    share->same = y != NULL;
    for (int round = 0; round < 50 && share->same; round++) {
        ops_frozen_linear(y, share->x, share->f->w[3], NULL, MOST, shapes[3][0], shapes[3][1], share->f->set);
        share->same = memcmp(y, share->want, sizeof(float) * (size_t)(MOST * shapes[3][0])) == 0;
    }
    free(y);
    return NULL;
}

static void threads_share_a_set(void **state)
{
    (void)state;
    enum { THREADS = 3 };
    frozen_t f = {NULL};
    pthread_t thread[THREADS];
    share_t share[THREADS];
    const int N = shapes[3][0], K = shapes[3][1];
    if (!open_set(&f, THREADS)) skip();
    float *x = filled(MOST * K, 41), *want = malloc(sizeof(float) * (size_t)(MOST * N));
    ops_frozen_linear(want, x, f.w[3], NULL, MOST, N, K, f.set);
    for (int t = 0; t < THREADS; t++) {
        share[t] = (share_t){.f = &f, .x = x, .want = want};
        assert_int_equal(pthread_create(&thread[t], NULL, run_share, &share[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) pthread_join(thread[t], NULL);
    for (int t = 0; t < THREADS; t++) assert_true(share[t].same);
    free(x), free(want);
    close_set(&f);
}

static void without_a_set_products_are_those_in_float32(void **state)
{
    (void)state;
    enum { M = 9, N = 13, K = 21 };
    float *x = filled(M * K, 1), *w = filled(N * K, 2), *b = filled(N, 3), *dy = filled(M * N, 4);
    float y[M * N], want[M * N], dx[M * K], wanted[M * K];
    ops_linear(want, x, w, b, M, N, K);
    ops_frozen_linear(y, x, w, b, M, N, K, NULL);
    assert_memory_equal(y, want, sizeof y);
    ops_linear_add(want, x, w, b, M, N, K);
    ops_frozen_linear_add(y, x, w, b, M, N, K, NULL);
    assert_memory_equal(y, want, sizeof y);
    ops_linear_backward_set(wanted, dy, w, M, N, K);
    ops_frozen_backward_set(dx, dy, w, M, N, K, NULL);
    assert_memory_equal(dx, wanted, sizeof dx);
    free(x), free(w), free(b), free(dy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounding_is_to_the_nearest_and_to_even),
        cmocka_unit_test(products_are_those_of_rounded_factors),
        cmocka_unit_test(a_row_has_its_bits_wherever_it_stands),
        cmocka_unit_test(the_check_finds_weights_that_were_changed_behind_it),
        cmocka_unit_test(threads_share_a_set),
        cmocka_unit_test(without_a_set_products_are_those_in_float32),
    };
    return cmocka_run_group_tests_name("ops_frozen", tests, NULL, NULL);
}
