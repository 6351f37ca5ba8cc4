#include "support/check.h"

#include "ops/ops_internal.h"

#include <stdlib.h>
#include <string.h>

static float *filled(int n, uint64_t seed)
{
    float *x = malloc((size_t)n * sizeof *x);
    rng_t rng = rng_init("tests", "gemm", n, seed, "fill");
    for (int i = 0; i < n; i++) x[i] = (float)(rng_uniform(&rng) - 0.5);
    return x;
}

/* Every combination of flags at one shape, with row distances larger than the rows. */
static void compare(int M, int N, int K)
{
    for (int flags = 0; flags < 4; flags++) {
        ops_gemm_t how = {.transpose_a = flags & 1, .transpose_b = flags & 2, .ldc = N + 3, .alpha = 0.75f, .beta = -2};
        how.lda = (how.transpose_a ? M : K) + 2;
        how.ldb = (how.transpose_b ? K : N) + 1;
        const int rows_a = how.transpose_a ? K : M, rows_b = how.transpose_b ? N : K;
        float *a = filled(rows_a * how.lda, 1), *b = filled(rows_b * how.ldb, 2), *c = filled(M * how.ldc, 3);
        double *a2 = malloc(sizeof(double) * (size_t)(rows_a * how.lda));
        double *b2 = malloc(sizeof(double) * (size_t)(rows_b * how.ldb));
        double *c2 = malloc(sizeof(double) * (size_t)(M * how.ldc));
        for (int i = 0; i < rows_a * how.lda; i++) a2[i] = (double)a[i];
        for (int i = 0; i < rows_b * how.ldb; i++) b2[i] = (double)b[i];
        for (int i = 0; i < M * how.ldc; i++) c2[i] = (double)c[i];
        ops_ref_gemm(c2, a2, b2, M, N, K, &how);
        ops_gemm(c, a, b, M, N, K, &how);
        float *want = malloc(sizeof(float) * (size_t)(M * how.ldc));
        for (int i = 0; i < M * how.ldc; i++) want[i] = (float)c2[i];
        check_array("c, its padding untouched", c, want, (size_t)(M * how.ldc), 2e-6);
        free(a), free(b), free(c), free(a2), free(b2), free(c2), free(want);
    }
}

static void gemm_equals_plain_c_with_every_flag_at_awkward_shapes(void **state)
{
    (void)state;
    compare(1, 1, 1);
    compare(3, 7, 5);
    compare(1, 33, 20);
    compare(17, 1, 64);
    compare(26, 60, 47);
    compare(77, 30, 61);
}

static void linear_adds_its_bias_and_its_variants_accumulate(void **state)
{
    (void)state;
    enum { M = 5, N = 7, K = 11 };
    float *x = filled(M * K, 1), *w = filled(N * K, 2), *b = filled(N, 3);
    float y[M * N], sum[M * N], want[M * N];
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            double total = (double)b[n];
            for (int k = 0; k < K; k++) total += (double)x[m * K + k] * (double)w[n * K + k];
            want[m * N + n] = (float)total;
        }
    ops_linear(y, x, w, b, M, N, K);
    check_array("y", y, want, M * N, 1e-6);
    memcpy(sum, y, sizeof sum);
    ops_linear_add(sum, x, w, b, M, N, K);
    for (int i = 0; i < M * N; i++) want[i] *= 2;
    check_array("y + y", sum, want, M * N, 1e-6);

    float dx[M * K], set[M * K], expected[M * K];
    for (int m = 0; m < M; m++)
        for (int k = 0; k < K; k++) {
            double total = 0;
            for (int n = 0; n < N; n++) total += (double)y[m * N + n] * (double)w[n * K + k];
            expected[m * K + k] = (float)(total + 1);
            dx[m * K + k] = 1;
        }
    ops_linear_backward(dx, y, w, M, N, K);
    check_array("dx accumulates", dx, expected, M * K, 1e-6);
    ops_linear_backward_set(set, y, w, M, N, K);
    for (int i = 0; i < M * K; i++) expected[i] -= 1;
    check_array("dx set", set, expected, M * K, 1e-5);
    free(x), free(w), free(b);
}

static void the_self_check_passes_and_the_backend_has_a_name(void **state)
{
    (void)state;
    check_error(ops_check(), ST_OK, "");
    float *scratch = malloc(sizeof(float) * (31 * 70 + 45 * 70 + 31 * 45));
    check_error(ops_check_linear(31, 45, 70, scratch), ST_OK, "");
    free(scratch);
    scratch = malloc(sizeof(float) * (2 * 31 * (70 + 45) + 45 * 70));
    assert_true(
        ops_same_places(31, 1, 45, 70, scratch)); /* the same call twice; of more places a BLAS promises nothing */
    free(scratch);
    char backend[256];
    ops_backend(backend, sizeof backend);
    assert_non_null(strstr(backend, "core "));
    assert_non_null(strstr(backend, "thread"));
}

static void the_same_product_twice_has_the_same_bits(void **state)
{
    (void)state;
    enum { M = 50, N = 192, K = 256 };
    float *x = filled(M * K, 1), *w = filled(N * K, 2);
    float *one = malloc(sizeof(float) * M * N), *two = malloc(sizeof(float) * M * N);
    check_error(ops_set_threads(1), ST_OK, "");
    assert_int_equal(ops_threads(), 1);
    ops_linear(one, x, w, NULL, M, N, K);
    ops_linear(two, x, w, NULL, M, N, K);
    assert_memory_equal(one, two, sizeof(float) * M * N);
    free(x), free(w), free(one), free(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gemm_equals_plain_c_with_every_flag_at_awkward_shapes),
        cmocka_unit_test(linear_adds_its_bias_and_its_variants_accumulate),
        cmocka_unit_test(the_self_check_passes_and_the_backend_has_a_name),
        cmocka_unit_test(the_same_product_twice_has_the_same_bits),
    };
    return cmocka_run_group_tests_name("ops_gemm", tests, NULL, NULL);
}
