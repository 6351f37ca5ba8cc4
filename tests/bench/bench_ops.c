/* bench_ops: nanoseconds an element of the kernels that are no products, on one core: exp, GELU, QuickGELU, each with and
 * without the slope that a backward wants, and softmax, at the shapes of ViT-B/16+ 240. Says first whether they are right. */
#include "ops/ops_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 226, HIDDEN = 3584, COUNT = ROWS * HIDDEN, ROUNDS = 15 };

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void exponentials(float *y, float *slope, const float *x)
{
    (void)slope;
    ops_exp(y, x, COUNT);
}

static void gelu(float *y, float *slope, const float *x)
{
    (void)slope;
    ops_activate(y, NULL, x, NULL, ROWS, HIDDEN, OPS_GELU);
}

static void gelu_and_slope(float *y, float *slope, const float *x)
{
    ops_activate(y, slope, x, NULL, ROWS, HIDDEN, OPS_GELU);
}

static void quick_gelu(float *y, float *slope, const float *x)
{
    (void)slope;
    ops_activate(y, NULL, x, NULL, ROWS, HIDDEN, OPS_QUICK_GELU);
}

static void softmax(float *y, float *slope, const float *x)
{
    (void)slope;
    ops_softmax(y, x, COUNT / ROWS, ROWS);
}

static double exponential_of(double x)
{
    return exp(x);
}

static double gelu_of(double x)
{
    return 0.5 * x * erfc(-x * sqrt(0.5));
}

static double quick_gelu_of(double x)
{
    return x / (1 + exp(-1.702 * x));
}

/* The largest difference of y from f(x), to the largest |f(x)|; of softmax (no f) that of the rows' sums from 1. */
static double error_of(const float *y, const float *x, double (*f)(double))
{
    double worst = 0, largest = 1;
    if (f == NULL) {
        for (int r = 0; r < COUNT / ROWS; r++) {
            double sum = 0;
            for (int i = 0; i < ROWS; i++) sum += (double)y[r * ROWS + i];
            worst = fmax(worst, fabs(sum - 1));
        }
        return worst;
    }
    for (int i = 0; i < COUNT; i++) {
        const double want = f((double)x[i]);
        worst = fmax(worst, fabs((double)y[i] - want));
        largest = fmax(largest, fabs(want));
    }
    return worst / largest;
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(float *, float *, const float *);
        double (*f)(double);
    } kernels[] = {{"exp", exponentials, exponential_of},
                   {"GELU", gelu, gelu_of},
                   {"GELU and its slope", gelu_and_slope, gelu_of},
                   {"QuickGELU", quick_gelu, quick_gelu_of},
                   {"softmax, rows of 226", softmax, NULL}};
    float *x = base_alloc(COUNT, sizeof *x), *y = base_alloc(COUNT, sizeof *y), *slope = base_alloc(COUNT, sizeof *y);
    int wrong = x == NULL || y == NULL || slope == NULL;
    rng_t rng = rng_init("bench", "ops", 0, 0, "values");
    for (int i = 0; i < COUNT && !wrong; i++) x[i] = (float)(2 * rng_normal(&rng));
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels && !wrong; k++) {
        double best = INFINITY;
        for (int n = 0; n < ROUNDS; n++) {
            const double start = cpu_seconds();
            kernels[k].run(y, slope, x);
            best = fmin(best, cpu_seconds() - start);
        }
        const double error = error_of(y, x, kernels[k].f);
        printf("%-22s %6.3f ns an element (best of %d), error %.1e\n", kernels[k].name, best / COUNT * 1e9, ROUNDS,
               error);
        if (!(error < 1e-6)) {
            fprintf(stderr, "bench_ops: %s is off by %g\n", kernels[k].name, error);
            wrong = 1;
        }
    }
    free(x), free(y), free(slope);
    return wrong;
}
