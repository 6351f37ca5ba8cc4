#include "detect/detect_internal.h"

#include <math.h>

#define TILE 256 /* destination columns whose weights are kept at a time */

float detect_source_position(int *i0, int *i1, int d, int size, int source, bool corners)
{
    double position =
        corners ? (size > 1 ? d * ((double)(source - 1) / (size - 1)) : 0) : (d + 0.5) * ((double)source / size) - 0.5;
    if (position < 0) position = 0;
    int low = (int)position;
    if (low > source - 1) low = source - 1;
    *i0 = low;
    *i1 = low + 1 < source ? low + 1 : low;
    return (float)(position - low);
}

/* Into dst (H,W), or, NULL, only its largest value. */
static float upsample(float *dst, int H, int W, const float *src, int h, int w, bool corners)
{
    REQUIRE(src != NULL && H > 0 && W > 0 && h > 0 && w > 0);
    int x0[TILE], x1[TILE];
    float fx[TILE], values[TILE] = {0}, largest = src[0];
    const bool keep = dst != NULL;
    for (int first = 0; first < W; first += TILE) {
        int columns = W - first < TILE ? W - first : TILE;
        for (int x = 0; x < columns; x++) fx[x] = detect_source_position(&x0[x], &x1[x], first + x, W, w, corners);
        for (int y = 0; y < H; y++) {
            int y0, y1;
            float fy = detect_source_position(&y0, &y1, y, H, h, corners);
            const float *top = src + (size_t)y0 * w, *bottom = src + (size_t)y1 * w;
            float *row = keep ? dst + (size_t)y * W + first : values;
            for (int x = 0; x < columns; x++) {
                float a = (1 - fx[x]) * top[x0[x]] + fx[x] * top[x1[x]];
                float b = (1 - fx[x]) * bottom[x0[x]] + fx[x] * bottom[x1[x]];
                row[x] = (1 - fy) * a + fy * b;
            }
            for (int x = 0; !keep && x < columns; x++)
                if (isnan(row[x]) || row[x] > largest || (first + x == 0 && y == 0)) largest = row[x];
        }
    }
    return largest;
}

void detect_upsample(float *dst, int H, int W, const float *src, int h, int w)
{
    REQUIRE(dst != NULL);
    upsample(dst, H, W, src, h, w, false);
}

float detect_upsampled_max(int H, int W, const float *src, int h, int w, bool corners)
{
    return upsample(NULL, H, W, src, h, w, corners);
}

void detect_upsample_corners(float *dst, int H, int W, const float *src, int h, int w)
{
    REQUIRE(dst != NULL);
    upsample(dst, H, W, src, h, w, true);
}
