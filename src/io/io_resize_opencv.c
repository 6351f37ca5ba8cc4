/* OpenCV's resize of 8-bit pictures, INTER_LINEAR and INTER_NEAREST, to the bit: what published code of few-shot methods
 * puts in front of the model's own resize (METHOD.md 12.12). Its linear one does not smooth when it shrinks. */
#include "io/io.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COEFFICIENT = 2048 }; /* fixed point of a weight */
typedef struct {
    int first, second; /* source positions */
    int near, far;     /* their weights */
} tap_t;

static int within(int at, int size)
{
    return at < 0 ? 0 : at >= size ? size - 1 : at;
}

/* Across, a position outside the picture takes the border alone; down, it mixes the border row with itself, which rounds
 * twice. */
static void make_taps(tap_t *taps, int in, int out, bool across)
{
    const double scale = (double)in / out;
    for (int i = 0; i < out; i++) {
        float at = (float)((i + 0.5) * scale - 0.5);
        const int low = (int)floorf(at);
        at -= (float)low;
        if (across && (low < 0 || low >= in - 1)) at = 0;
        taps[i] = (tap_t){.first = within(low, in),
                          .second = within(low + 1, in),
                          .near = (int)rintf((1 - at) * COEFFICIENT),
                          .far = (int)rintf(at * COEFFICIENT)};
    }
}

/* row (width * channels): a source row at the new width, in fixed point. */
static void stretch(int *row, const uint8_t *src, const tap_t *taps, int width, int channels)
{
    for (int x = 0; x < width; x++)
        for (int c = 0; c < channels; c++)
            row[x * channels + c] =
                src[taps[x].first * channels + c] * taps[x].near + src[taps[x].second * channels + c] * taps[x].far;
}

status_t io_resize_bilinear(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh, int channels)
{
    REQUIRE(dst != NULL && src != NULL && dw > 0 && dh > 0 && sw > 0 && sh > 0 && channels > 0);
    status_t status = ST_ENOMEM;
    const size_t size = (size_t)dw * (size_t)channels, source_row = (size_t)sw * (size_t)channels;
    tap_t *across = base_alloc((size_t)dw, sizeof *across), *down = base_alloc((size_t)dh, sizeof *down);
    int *rows = base_alloc(2 * size, sizeof *rows);
    if (across == NULL || down == NULL || rows == NULL) goto done;
    make_taps(across, sw, dw, true);
    make_taps(down, sh, dh, false);
    for (int y = 0; y < dh; y++) {
        const int *top = rows, *bottom = rows + size;
        stretch(rows, src + (size_t)down[y].first * source_row, across, dw, channels);
        stretch(rows + size, src + (size_t)down[y].second * source_row, across, dw, channels);
        for (size_t i = 0; i < size; i++) {
            const int sum = ((down[y].near * (top[i] >> 4)) >> 16) + ((down[y].far * (bottom[i] >> 4)) >> 16);
            dst[(size_t)y * size + i] = (uint8_t)((sum + 2) >> 2);
        }
    }
    status = ST_OK;
done:
    free(across);
    free(down);
    free(rows);
    return status;
}

void io_resize_nearest(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh)
{
    REQUIRE(dst != NULL && src != NULL && dw > 0 && dh > 0 && sw > 0 && sh > 0);
    for (int y = 0; y < dh; y++) {
        const uint8_t *row = src + (size_t)within((int)(y * ((double)sh / dh)), sh) * (size_t)sw;
        for (int x = 0; x < dw; x++) *dst++ = row[within((int)(x * ((double)sw / dw)), sw)];
    }
}
