/* Neighbourhoods and norms of whole maps of tokens, before a search. */
#include "detect/detect.h"
#include "ops/ops.h"

#include <math.h>
#include <string.h>

void detect_pool(float *out, const float *x, int h, int w, int width, int side)
{
    REQUIRE(out != NULL && x != NULL && out != x && h > 0 && w > 0 && width > 0 && side > 0 && side % 2 == 1);
    const int reach = side / 2;
    const float share = 1.0F / (float)(side * side);
    for (int y = 0; y < h; y++)
        for (int z = 0; z < w; z++) {
            float *to = out + (size_t)(y * w + z) * (size_t)width;
            memset(to, 0, (size_t)width * sizeof *to);
            for (int v = y - reach; v <= y + reach; v++)
                for (int u = z - reach; u <= z + reach; u++) {
                    if (v < 0 || v >= h || u < 0 || u >= w) continue;
                    const float *from = x + (size_t)(v * w + u) * (size_t)width;
                    for (int c = 0; c < width; c++) to[c] += from[c];
                }
            for (int c = 0; c < width; c++) to[c] *= share;
        }
}

void detect_norm_map(float *x, size_t count)
{
    REQUIRE(x != NULL && count > 0);
    double sum = 0, square = 0;
    for (size_t i = 0; i < count; i++) sum += (double)x[i];
    const double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) square += ((double)x[i] - mean) * ((double)x[i] - mean);
    const double scale = 1 / sqrt(square / (double)count + 1e-5);
    for (size_t i = 0; i < count; i++) x[i] = (float)(((double)x[i] - mean) * scale);
}

void detect_unit_rows(float *x, int rows, int width)
{
    ops_normalize(x, NULL, x, rows, width);
}

void detect_join(float *out, const float *const *taps, const int *widths, int count, int T)
{
    REQUIRE(out != NULL && taps != NULL && widths != NULL && count > 0 && T > 0);
    for (int i = 0; i < T; i++)
        for (int l = 0; l < count; l++) {
            memcpy(out, taps[l] + (size_t)i * (size_t)widths[l], (size_t)widths[l] * sizeof *out);
            out += widths[l];
        }
}
