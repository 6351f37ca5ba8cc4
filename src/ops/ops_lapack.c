/* The one file that calls LAPACK. Its symbols are Fortran's: arguments by address, matrices by columns, the lengths of
 * character arguments behind the others. */
#include "ops/ops.h"

#include <math.h>

extern void dsyevd_(const char *job, const char *triangle, const int *n, double *a, const int *lda, double *w,
                    double *work, const int *lwork, int *iwork, const int *liwork, int *info, size_t job_size,
                    size_t triangle_size);
extern void dpotrf_(const char *triangle, const int *n, double *a, const int *lda, int *info, size_t triangle_size);

static int work_doubles(int n)
{
    return 1 + 6 * n + 2 * n * n;
}

static int work_ints(int n)
{
    return 3 + 5 * n;
}

size_t ops_eigen_scratch(int n)
{
    REQUIRE(n > 0 && n <= OPS_EIGEN_MOST);
    return (size_t)work_doubles(n) + ((size_t)work_ints(n) * sizeof(int) + sizeof(double) - 1) / sizeof(double);
}

status_t ops_eigen(double *values, double *a, int n, double *scratch)
{
    REQUIRE(values != NULL && a != NULL && scratch != NULL && n > 0 && n <= OPS_EIGEN_MOST);
    int info = 0, lwork = work_doubles(n), liwork = work_ints(n);
    void *integers = scratch + lwork;
    dsyevd_("V", "U", &n, a, &n, values, scratch, &lwork, integers, &liwork, &info, 1, 1);
    REQUIRE(info >= 0);
    bool finite = info == 0;
    for (int i = 0; i < n && finite; i++) finite = isfinite(values[i]);
    if (!finite)
        return fail(ST_EFORMAT, "LAPACK finds no eigenvectors of a %d x %d matrix (are values not finite?)", n, n);
    return ST_OK;
}

status_t ops_cholesky(double *a, int n)
{
    REQUIRE(a != NULL && n > 0);
    int info = 0;
    /* The upper triangle by columns is the lower one by rows. */
    dpotrf_("U", &n, a, &n, &info, 1);
    REQUIRE(info >= 0);
    if (info > 0) return fail(ST_EFORMAT, "a %d x %d covariance is not positive definite (pivot %d)", n, n, info);
    return ST_OK;
}

double ops_cholesky_form(const double *l, const double *x, int n, double *scratch)
{
    double total = 0;
    for (int i = 0; i < n; i++) {
        const double *row = l + (size_t)i * (size_t)n;
        double value = x[i];
        for (int j = 0; j < i; j++) value -= row[j] * scratch[j];
        scratch[i] = value / row[i];
        total += scratch[i] * scratch[i];
    }
    return total;
}
