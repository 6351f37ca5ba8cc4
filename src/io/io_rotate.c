#include "io/io.h"

#include <math.h>

/* Index i of a line of n values mirrored at its edges for ever, the edge itself not repeated (c b | a b c d | c b). */
static int mirror(int i, int n)
{
    if (n == 1) return 0;
    const int period = 2 * (n - 1);
    i %= period;
    if (i < 0) i += period;
    return i < n ? i : period - i;
}

void io_rotate(uint8_t *dst, const uint8_t *src, int width, int height, int channels, double degrees)
{
    REQUIRE(dst != NULL && src != NULL && dst != src && width > 0 && height > 0 && channels > 0 && isfinite(degrees));
    const double angle = degrees * 3.14159265358979323846 / 180, c = cos(angle), s = sin(angle);
    const double cx = width / 2.0, cy = height / 2.0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, dst += channels) {
            const double u = c * (x - cx) - s * (y - cy) + cx, v = s * (x - cx) + c * (y - cy) + cy;
            const int left = (int)floor(u), top = (int)floor(v);
            const double fx = u - left, fy = v - top;
            const size_t x0 = (size_t)mirror(left, width), x1 = (size_t)mirror(left + 1, width);
            const size_t y0 = (size_t)mirror(top, height), y1 = (size_t)mirror(top + 1, height);
            for (size_t k = 0; k < (size_t)channels; k++) {
                const uint8_t *row0 = src + y0 * (size_t)width * (size_t)channels + k;
                const uint8_t *row1 = src + y1 * (size_t)width * (size_t)channels + k;
                const double a = (1 - fx) * row0[x0 * (size_t)channels] + fx * row0[x1 * (size_t)channels];
                const double b = (1 - fx) * row1[x0 * (size_t)channels] + fx * row1[x1 * (size_t)channels];
                dst[k] = (uint8_t)((1 - fy) * a + fy * b + 0.5);
            }
        }
}
