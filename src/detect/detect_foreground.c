/* The object among an image's tokens by their first principal component, method/README.md 6. */
#include "detect/detect.h"
#include "ops/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* pc (T): the tokens' values along their first principal component, the one of the largest size positive. */
static status_t first_component(double *pc, const float *f, int T, int width, arena_t *arena)
{
    const size_t rows = (size_t)T, W = (size_t)width;
    const int n = T < width ? T : width;
    double *x = arena_take(arena, rows * W, sizeof *x), *a = arena_take(arena, (size_t)n * (size_t)n, sizeof *a);
    double *values = arena_take(arena, (size_t)n, sizeof *values);
    double *scratch = arena_take(arena, ops_eigen_scratch(n), sizeof *scratch);
    if (x == NULL || a == NULL || values == NULL || scratch == NULL) return ST_ENOMEM;
    for (size_t c = 0; c < W; c++) {
        double mean = 0;
        for (size_t i = 0; i < rows; i++) mean += (double)f[i * W + c] / T;
        for (size_t i = 0; i < rows; i++) x[i * W + c] = (double)f[i * W + c] - mean;
    }
    /* The smaller of x x^T, whose first vector is pc over its length, and x^T x, whose first vector is the direction. */
    const bool gram = T <= width;
    for (size_t i = 0; i < rows && gram; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t c = 0; c < W; c++) sum += x[i * W + c] * x[j * W + c];
            a[i * rows + j] = a[j * rows + i] = sum;
        }
    for (size_t i = 0; i < rows && !gram; i++)
        for (size_t b = 0; b < W; b++)
            for (size_t c = 0; c < W; c++) a[b * W + c] += x[i * W + b] * x[i * W + c];
    TRY(ops_eigen(values, a, n, scratch));
    const double *vector = a + (size_t)(n - 1) * (size_t)n;
    size_t largest = 0;
    for (size_t i = 0; i < rows; i++) {
        pc[i] = 0;
        if (gram)
            pc[i] = vector[i] * sqrt(values[n - 1] > 0 ? values[n - 1] : 0);
        else
            for (size_t c = 0; c < W; c++) pc[i] += x[i * W + c] * vector[c];
        if (fabs(pc[i]) > fabs(pc[largest])) largest = i;
    }
    const double sign = pc[largest] < 0 ? -1 : 1;
    for (size_t i = 0; i < rows; i++) pc[i] *= sign;
    return ST_OK;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Otsu's threshold over all splits of the values: half way between the two around the best one. sorted (T): scratch. */
static double find_otsu(const double *value, int T, double *sorted)
{
    memcpy(sorted, value, (size_t)T * sizeof *sorted);
    qsort(sorted, (size_t)T, sizeof *sorted, ascending);
    double total = 0, below = 0, best = -1, threshold = sorted[0];
    for (int i = 0; i < T; i++) total += sorted[i];
    for (int i = 0; i + 1 < T; i++) {
        below += sorted[i];
        const double low = i + 1, high = T - 1 - i, gap = below / low - (total - below) / high;
        if (low * high * gap * gap <= best || sorted[i] == sorted[i + 1]) continue;
        best = low * high * gap * gap;
        threshold = (sorted[i] + sorted[i + 1]) / 2;
    }
    return threshold;
}

/* How much of the central 60 % x 60 % window is marked. */
static double central_share(const uint8_t *mask, int h, int w)
{
    int marked = 0, all = 0;
    for (int y = (int)(h * 0.2); y < (int)(h * 0.8); y++)
        for (int x = (int)(w * 0.2); x < (int)(w * 0.8); x++, all++) marked += mask[y * w + x];
    return all > 0 ? (double)marked / all : 0;
}

/* out: the largest (grow) or smallest value of the 3 x 3 neighbours inside the map. */
static void morph(uint8_t *out, const uint8_t *mask, int h, int w, bool grow)
{
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            uint8_t value = grow ? 0 : 1;
            for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < h; v++)
                for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < w; u++)
                    if ((mask[v * w + u] != 0) == grow) value = grow ? 1 : 0;
            out[y * w + x] = value;
        }
}

status_t detect_foreground(uint8_t *mask, const float *f, int h, int w, int width, const double *threshold,
                           arena_t *arena)
{
    REQUIRE(mask != NULL && f != NULL && h > 0 && w > 0 && width > 0);
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    const int T = h * w;
    double *pc = arena_take(arena, 2 * (size_t)T, sizeof *pc);
    uint8_t *other = arena_take(arena, (size_t)T, 1);
    if (pc == NULL || other == NULL) goto done;
    TRY_DONE(first_component(pc, f, T, width, arena));
    const double limit = threshold != NULL ? *threshold : find_otsu(pc, T, pc + T);
    for (int i = 0; i < T; i++) mask[i] = pc[i] > limit;
    if (central_share(mask, h, w) <= 0.35)
        for (int i = 0; i < T; i++) mask[i] = -pc[i] > (threshold != NULL ? limit : -limit);
    morph(other, mask, h, w, true);
    morph(mask, other, h, w, true);
    morph(other, mask, h, w, false);
    memcpy(mask, other, (size_t)T);
    status = ST_OK;
done:
    arena_reset(arena, mark);
    return status;
}
