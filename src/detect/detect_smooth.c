#include "detect/detect_internal.h"

#include <math.h>
#include <string.h>

#define LANES 16 /* columns summed together: their accumulators stay in registers */

int detect_mirror(int i, int n)
{
    int period = 2 * n;
    i %= period;
    if (i < 0) i += period;
    return i < n ? i : period - 1 - i;
}

int detect_gaussian_radius(double sigma)
{
    return (int)(4.0 * sigma + 0.5);
}

void detect_gaussian(double *weights, double sigma, int radius)
{
    double sum = 0;
    for (int j = 0; j <= radius; j++) {
        weights[j] = exp(-0.5 * ((double)j / sigma) * ((double)j / sigma));
        sum += j == 0 ? weights[j] : 2 * weights[j];
    }
    for (int j = 0; j <= radius; j++) weights[j] /= sum;
}

/* out[x] = sum_j weights[|j|] centre[x + j*step] for LANES neighbouring x. */
static void convolve(double out[LANES], const double *centre, ptrdiff_t step, const double *weights, int radius)
{
    double sum[LANES];
    for (int x = 0; x < LANES; x++) sum[x] = weights[0] * centre[x];
    for (int j = 1; j <= radius; j++) {
        const double *before = centre - j * step, *after = centre + j * step;
        double weight = weights[j];
        for (int x = 0; x < LANES; x++) sum[x] += weight * (before[x] + after[x]);
    }
    memcpy(out, sum, sizeof sum);
}

/* Down the columns, LANES of them at a time, through a copy with mirrored ends: column (H + 2 radius, LANES). */
static void smooth_columns(float *map, int H, int W, const double *weights, int radius, double *column)
{
    for (int first = 0; first < W; first += LANES) {
        int lanes = W - first < LANES ? W - first : LANES;
        for (int y = -radius; y < H + radius; y++) {
            const float *row = map + (size_t)detect_mirror(y, H) * W + first;
            double *line = column + (size_t)(y + radius) * LANES;
            for (int x = 0; x < lanes; x++) line[x] = row[x];
        }
        for (int y = 0; y < H; y++) {
            double sum[LANES];
            convolve(sum, column + (size_t)(y + radius) * LANES, LANES, weights, radius);
            float *row = map + (size_t)y * W + first;
            for (int x = 0; x < lanes; x++) row[x] = (float)sum[x];
        }
    }
}

/* Along the rows, one at a time: line (W + 2 radius + LANES). */
static void smooth_rows(float *map, int H, int W, const double *weights, int radius, double *line)
{
    for (int y = 0; y < H; y++) {
        float *row = map + (size_t)y * W;
        for (int x = 0; x < W; x++) line[radius + x] = row[x];
        for (int x = 0; x < radius; x++) {
            line[radius - 1 - x] = row[detect_mirror(-1 - x, W)];
            line[radius + W + x] = row[detect_mirror(W + x, W)];
        }
        for (int first = 0; first < W; first += LANES) {
            double sum[LANES];
            convolve(sum, line + radius + first, 1, weights, radius);
            int lanes = W - first < LANES ? W - first : LANES;
            for (int x = 0; x < lanes; x++) row[first + x] = (float)sum[x];
        }
    }
}

status_t detect_smooth(float *map, int H, int W, double sigma, arena_t *arena)
{
    REQUIRE(map != NULL && H > 0 && W > 0 && sigma >= 0 && sigma < 1e6);
    int radius = detect_gaussian_radius(sigma);
    if (radius == 0) return ST_OK;
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    double *weights = arena_take(arena, (size_t)radius + 1, sizeof *weights);
    double *column = arena_take(arena, ((size_t)H + 2 * (size_t)radius) * LANES, sizeof *column);
    double *line = arena_take(arena, (size_t)W + 2 * (size_t)radius + LANES, sizeof *line);
    if (weights != NULL && column != NULL && line != NULL) {
        detect_gaussian(weights, sigma, radius);
        smooth_columns(map, H, W, weights, radius, column);
        smooth_rows(map, H, W, weights, radius, line);
        status = ST_OK;
    }
    arena_reset(arena, mark);
    return status;
}
