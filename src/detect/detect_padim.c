/* A Gaussian at every position, method/README.md 4. Letters: N images, T positions, d channels. */
#include "detect/detect.h"
#include "ops/ops.h"

#include <math.h>
#include <string.h>

void detect_padim_channels(int *channels, int d, int width, const rng_t *rng, int *scratch)
{
    REQUIRE(d > 0 && d <= width);
    rng_t stream = *rng;
    rng_permutation(scratch, &stream, width);
    memcpy(channels, scratch, (size_t)d * sizeof *channels);
}

/* eps times the mean over channels of the variance over all positions and images; 1 where nothing varies. */
static double find_ridge(const detect_padim_t *p, double eps)
{
    const size_t rows = (size_t)p->N * (size_t)p->T, d = (size_t)p->d;
    double total = 0;
    for (size_t c = 0; c < d; c++) {
        double sum = 0, square = 0;
        for (size_t i = 0; i < rows; i++) sum += (double)p->support[i * d + c];
        const double mean = sum / (double)rows;
        for (size_t i = 0; i < rows; i++) {
            const double x = (double)p->support[i * d + c] - mean;
            square += x * x;
        }
        total += square / (double)rows;
    }
    const double ridge = eps * total / (double)d;
    return ridge > 0 ? ridge : 1;
}

static const float *support_row(const detect_padim_t *p, int n, int i)
{
    return p->support + ((size_t)n * (size_t)p->T + (size_t)i) * (size_t)p->d;
}

/* Few images: ridge c I + U^T U, U the centred images at position i; factor (N,N). */
static void fill_gram(double *factor, const detect_padim_t *p, int i, double c)
{
    const double *mean = p->mean + (size_t)i * (size_t)p->d;
    for (int a = 0; a < p->N; a++)
        for (int b = 0; b <= a; b++) {
            const float *x = support_row(p, a, i), *y = support_row(p, b, i);
            double sum = a == b ? p->ridge * c : 0;
            for (int k = 0; k < p->d; k++) sum += ((double)x[k] - mean[k]) * ((double)y[k] - mean[k]);
            factor[a * p->N + b] = sum;
        }
}

/* Many: the covariance itself; factor (d,d). */
static void fill_covariance(double *factor, const detect_padim_t *p, int i, double c, double *x)
{
    const double *mean = p->mean + (size_t)i * (size_t)p->d;
    const size_t d = (size_t)p->d;
    memset(factor, 0, d * d * sizeof *factor);
    for (int n = 0; n < p->N; n++) {
        const float *row = support_row(p, n, i);
        for (size_t k = 0; k < d; k++) x[k] = (double)row[k] - mean[k];
        for (size_t a = 0; a < d; a++)
            for (size_t b = 0; b <= a; b++) factor[a * d + b] += x[a] * x[b] / c;
    }
    for (size_t a = 0; a < d; a++) factor[a * d + a] += p->ridge;
}

status_t detect_padim_fit(detect_padim_t *out, const float *support, int N, int T, int d, double eps, arena_t *arena)
{
    REQUIRE(out != NULL && support != NULL && N > 0 && T > 0 && d > 0 && eps > 0);
    *out = (detect_padim_t){.support = support, .N = N, .T = T, .d = d, .few = N < d};
    const double c = N > 2 ? N - 1 : 1;
    const size_t side = (size_t)(out->few ? N : d);
    out->mean = arena_take(arena, (size_t)T * (size_t)d, sizeof *out->mean);
    out->factor = arena_take(arena, (size_t)T * side * side, sizeof *out->factor);
    double *x = arena_take(arena, (size_t)d, sizeof *x);
    if (out->mean == NULL || out->factor == NULL || x == NULL) return ST_ENOMEM;
    out->ridge = find_ridge(out, eps);
    for (int i = 0; i < T; i++) {
        double *mean = out->mean + (size_t)i * (size_t)d;
        for (int n = 0; n < N; n++) {
            const float *row = support_row(out, n, i);
            for (int k = 0; k < d; k++) mean[k] += (double)row[k] / N;
        }
        double *factor = out->factor + (size_t)i * side * side;
        if (out->few)
            fill_gram(factor, out, i, c);
        else
            fill_covariance(factor, out, i, c, x);
        TRY(ops_cholesky(factor, (int)side));
    }
    return ST_OK;
}

status_t detect_padim_score(float *scores, const detect_padim_t *p, const float *f, arena_t *arena)
{
    REQUIRE(scores != NULL && p != NULL && f != NULL);
    arena_mark_t mark = arena_mark(arena);
    const size_t d = (size_t)p->d, side = (size_t)(p->few ? p->N : p->d);
    double *x = arena_take(arena, d, sizeof *x), *y = arena_take(arena, 2 * side, sizeof *y);
    if (x == NULL || y == NULL) {
        arena_reset(arena, mark);
        return ST_ENOMEM;
    }
    for (int i = 0; i < p->T; i++) {
        const double *mean = p->mean + (size_t)i * d, *factor = p->factor + (size_t)i * side * side;
        double square = 0, form;
        for (size_t k = 0; k < d; k++) {
            x[k] = (double)f[(size_t)i * d + k] - mean[k];
            square += x[k] * x[k];
        }
        if (p->few) {
            for (int n = 0; n < p->N; n++) {
                const float *row = support_row(p, n, i);
                y[n] = 0;
                for (size_t k = 0; k < d; k++) y[n] += x[k] * ((double)row[k] - mean[k]);
            }
            form = (square - ops_cholesky_form(factor, y, p->N, y + side)) / p->ridge;
        } else {
            form = ops_cholesky_form(factor, x, p->d, y);
        }
        /* Rounding may carry a distance of 0 below it; a NaN stays one. */
        scores[i] = (float)sqrt(form < 0 ? 0 : form);
    }
    arena_reset(arena, mark);
    return ST_OK;
}
