/* Symmetric matrices: eigenvectors and Cholesky factors by what they must satisfy, and matrices that have none. */
#include "support/check.h"

#include "ops/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST 130

static void symmetric(double *a, int n, int rank, rng_t *rng)
{
    double *x = malloc((size_t)(n * rank) * sizeof *x);
    for (int i = 0; i < n * rank; i++) x[i] = rng_normal(rng);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            a[i * n + j] = 0;
            for (int k = 0; k < rank; k++) a[i * n + j] += x[i * rank + k] * x[j * rank + k];
        }
    free(x);
}

static void eigenvectors_rebuild_their_matrix(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 1}, {2, 5}, {17, 30}, {33, 4}, {MOST, 200}};
    static double a[MOST * MOST], v[MOST * MOST], values[MOST];
    rng_t rng = rng_init("test", "lapack", 1, 1, "eigen");
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int n = sizes[s][0];
        symmetric(a, n, sizes[s][1], &rng);
        memcpy(v, a, sizeof v);
        double *scratch = malloc(ops_eigen_scratch(n) * sizeof *scratch);
        check_error(ops_eigen(values, v, n, scratch), ST_OK, "");
        free(scratch);
        for (int i = 1; i < n; i++) assert_true(values[i] >= values[i - 1]);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                double sum = 0, dot = 0;
                for (int k = 0; k < n; k++) {
                    sum += values[k] * v[k * n + i] * v[k * n + j];
                    dot += v[i * n + k] * v[j * n + k];
                }
                assert_true(fabs(sum - a[i * n + j]) <= 1e-11 * values[n - 1]);
                assert_true(fabs(dot - (i == j)) < 1e-11);
            }
    }
}

static void a_cholesky_factor_solves_its_matrix(void **state)
{
    (void)state;
    enum { N = 21 };
    double a[N * N], l[N * N], x[N], y[N], scratch[N], want = 0;
    rng_t rng = rng_init("test", "lapack", 1, 1, "cholesky");
    symmetric(a, N, 2 * N, &rng);
    for (int i = 0; i < N; i++) x[i] = rng_normal(&rng);
    for (int i = 0; i < N; i++) {
        y[i] = 0;
        for (int j = 0; j < N; j++) y[i] += a[i * N + j] * x[j];
        want += x[i] * y[i]; /* y^T a^-1 y of y = a x */
    }
    memcpy(l, a, sizeof l);
    check_error(ops_cholesky(l, N), ST_OK, "");
    assert_true(fabs(ops_cholesky_form(l, y, N, scratch) / want - 1) < 1e-11);
}

static void matrices_without_answer_are_refused(void **state)
{
    (void)state;
    double a[4] = {1, NAN, NAN, 1}, b[4] = {1, 2, 2, 1}, values[2];
    double *scratch = malloc(ops_eigen_scratch(2) * sizeof *scratch);
    check_error(ops_eigen(values, a, 2, scratch), ST_EFORMAT, "no eigenvectors of a 2 x 2 matrix");
    check_error(ops_cholesky(b, 2), ST_EFORMAT, "is not positive definite (pivot 2)");
    free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eigenvectors_rebuild_their_matrix),
        cmocka_unit_test(a_cholesky_factor_solves_its_matrix),
        cmocka_unit_test(matrices_without_answer_are_refused),
    };
    return cmocka_run_group_tests_name("ops_lapack", tests, NULL, NULL);
}
