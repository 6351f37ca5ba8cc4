#include "ops/ops_fixture.h"

#include "support/check.h"

#include <stdlib.h>

float *ops_random(const char *purpose, int n, double scale)
{
    float *x = malloc((size_t)n * sizeof *x);
    rng_t rng = rng_init("tests", "ops", n, 1, purpose);
    for (int i = 0; i < n; i++) x[i] = (float)(scale * rng_normal(&rng));
    return x;
}

double *ops_to_double(const float *x, int n)
{
    double *y = malloc((size_t)n * sizeof *y);
    for (int i = 0; i < n; i++) y[i] = (double)x[i];
    return y;
}

void ops_check_against(const char *name, const float *got, const double *want, int n, double tolerance)
{
    float *rounded = malloc((size_t)n * sizeof *rounded);
    for (int i = 0; i < n; i++) rounded[i] = (float)want[i];
    check_array(name, got, rounded, (size_t)n, tolerance);
    free(rounded);
}
