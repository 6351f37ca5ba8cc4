/* Residuals of a principal subspace, method/README.md 10. Letters: W channels, q directions. */
#include "detect/detect_internal.h"
#include "ops/ops.h"

#include <math.h>
#include <string.h>

status_t detect_moments_init(detect_moments_t *out, int width, arena_t *arena)
{
    REQUIRE(width > 0 && width <= OPS_EIGEN_MOST);
    const size_t W = (size_t)width;
    *out = (detect_moments_t){.width = width};
    out->shift = arena_take(arena, W, sizeof *out->shift);
    out->sum = arena_take(arena, W, sizeof *out->sum);
    out->product = arena_take(arena, W * W, sizeof *out->product);
    return out->shift != NULL && out->sum != NULL && out->product != NULL ? ST_OK : ST_ENOMEM;
}

/* The first rows' mean, so that what is summed up is small beside the spread. */
static void find_shift(detect_moments_t *m, const float *rows, int count)
{
    for (int c = 0; c < m->width; c++) {
        double sum = 0;
        for (int i = 0; i < count; i++) sum += (double)rows[(size_t)i * (size_t)m->width + (size_t)c];
        m->shift[c] = (float)(sum / count);
    }
}

status_t detect_moments_add(detect_moments_t *m, const float *rows, int count, arena_t *arena)
{
    REQUIRE(rows != NULL && count > 0);
    arena_mark_t mark = arena_mark(arena);
    const size_t W = (size_t)m->width;
    float *block = arena_take(arena, DETECT_BANK * W, sizeof *block);
    float *product = arena_take(arena, W * W, sizeof *product);
    if (block == NULL || product == NULL) {
        arena_reset(arena, mark);
        return ST_ENOMEM;
    }
    if (m->count == 0) find_shift(m, rows, count);
    const ops_gemm_t how = {.transpose_a = true, .lda = m->width, .ldb = m->width, .ldc = m->width, .alpha = 1};
    for (int first = 0; first < count; first += DETECT_BANK) {
        const int n = count - first < DETECT_BANK ? count - first : DETECT_BANK;
        for (size_t i = 0; i < (size_t)n; i++)
            for (size_t c = 0; c < W; c++) {
                const float x = rows[((size_t)first + i) * W + c] - m->shift[c];
                block[i * W + c] = x;
                m->sum[c] += (double)x;
            }
        memset(block + (size_t)n * W, 0, (size_t)(DETECT_BANK - n) * W * sizeof *block);
        ops_gemm(product, block, block, m->width, m->width, DETECT_BANK, &how);
        for (size_t k = 0; k < W * W; k++) m->product[k] += (double)product[k];
    }
    m->count += count;
    arena_reset(arena, mark);
    return ST_OK;
}

/* The smallest q whose largest eigenvalues add up to the share of the whole; values ascend. */
static int count_directions(const double *values, int n, double variance)
{
    double total = 0, sum = 0;
    for (int i = 0; i < n; i++) total += values[i] > 0 ? values[i] : 0;
    int q = 0;
    while (q < n && sum < variance * total) {
        sum += values[n - 1 - q] > 0 ? values[n - 1 - q] : 0;
        q++;
    }
    return q;
}

status_t detect_subspace_fit(detect_subspace_t *out, const detect_moments_t *m, double variance, arena_t *arena)
{
    REQUIRE(m->count > 0 && variance >= 0 && variance <= 1);
    const size_t W = (size_t)m->width;
    *out = (detect_subspace_t){.width = m->width};
    out->mean = arena_take(arena, W, sizeof *out->mean);
    out->basis = arena_take(arena, W * W, sizeof *out->basis);
    if (out->mean == NULL || out->basis == NULL) return ST_ENOMEM;
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    double *covariance = arena_take(arena, W * W, sizeof *covariance), *values = arena_take(arena, W, sizeof *values);
    double *scratch = arena_take(arena, ops_eigen_scratch(m->width), sizeof *scratch);
    if (covariance == NULL || values == NULL || scratch == NULL) goto done;
    const double n = (double)m->count;
    for (size_t a = 0; a < W; a++) {
        out->mean[a] = (float)((double)m->shift[a] + m->sum[a] / n);
        for (size_t b = 0; b < W; b++)
            covariance[a * W + b] = m->product[a * W + b] / n - m->sum[a] / n * (m->sum[b] / n);
    }
    TRY_DONE(ops_eigen(values, covariance, m->width, scratch));
    out->directions = count_directions(values, m->width, variance);
    for (size_t i = 0; i < (size_t)out->directions; i++)
        for (size_t c = 0; c < W; c++) out->basis[i * W + c] = (float)covariance[(W - 1 - i) * W + c];
    status = ST_OK;
done:
    arena_reset(arena, mark);
    return status;
}

status_t detect_subspace_score(float *scores, const detect_subspace_t *s, const float *f, int T, arena_t *arena)
{
    REQUIRE(scores != NULL && s != NULL && f != NULL && T > 0);
    arena_mark_t mark = arena_mark(arena);
    const size_t W = (size_t)s->width;
    const int q = s->directions, w = s->width;
    float *x = arena_take(arena, DETECT_QUERIES * W, sizeof *x);
    float *y = arena_take(arena, DETECT_QUERIES * (size_t)(q > 0 ? q : 1), sizeof *y);
    if (x == NULL || y == NULL) {
        arena_reset(arena, mark);
        return ST_ENOMEM;
    }
    for (int first = 0; first < T; first += DETECT_QUERIES) {
        const int count = T - first < DETECT_QUERIES ? T - first : DETECT_QUERIES;
        for (size_t i = 0; i < (size_t)count; i++)
            for (size_t c = 0; c < W; c++) x[i * W + c] = f[((size_t)first + i) * W + c] - s->mean[c];
        memset(x + (size_t)count * W, 0, (size_t)(DETECT_QUERIES - count) * W * sizeof *x);
        if (q > 0) {
            ops_gemm(y, x, s->basis, DETECT_QUERIES, q, w,
                     &(ops_gemm_t){.transpose_b = true, .lda = w, .ldb = w, .ldc = q, .alpha = 1});
            ops_gemm(x, y, s->basis, DETECT_QUERIES, w, q,
                     &(ops_gemm_t){.lda = q, .ldb = w, .ldc = w, .alpha = -1, .beta = 1});
        }
        for (size_t i = 0; i < (size_t)count; i++) {
            double square = 0;
            for (size_t c = 0; c < W; c++) square += (double)x[i * W + c] * (double)x[i * W + c];
            scores[(size_t)first + i] = (float)square;
        }
    }
    arena_reset(arena, mark);
    return ST_OK;
}
