/* PIL's antialiased bicubic and bilinear resize (Image.resize with BICUBIC, BILINEAR), to the bit: weights computed
 * in double, normalised, rounded to 22 fractional bits; 8-bit rounding between the horizontal and the vertical pass.
 * METHOD.md 1. */
#include "io/io.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 8 bits of pixel, 2 of headroom for the negative lobes, the rest of an int for the weights' fraction. */
#define FRACTION_BITS (32 - 8 - 2)
#define HALF (1 << (FRACTION_BITS - 1))

/* The weights of one direction: output i is sum over k < count[i] of weight[i * taps + k] * input[first[i] + k]. */
typedef struct {
    int taps;
    int *first, *count; /* (out) */
    int *weight;        /* (out, taps), fixed point; unused ones are zero */
} filter_t;

/* Keys' cubic with a = -0.5. */
static double cubic(double x)
{
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
    return 0.0;
}

/* A kernel and how far it reaches to each side. */
typedef struct {
    double (*weight)(double x);
    double support;
} kernel_t;

static double triangle(double x)
{
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

static void filter_free(filter_t *filter)
{
    free(filter->first);
    free(filter->count);
    free(filter->weight);
}

/* On failure, too, the caller frees it. */
static status_t filter_init(filter_t *filter, const kernel_t *kernel, int in, int out)
{
    *filter = (filter_t){0};
    double scale = (double)in / out;
    double stretch = scale > 1.0 ? scale : 1.0; /* enlarging interpolates, shrinking averages */
    double support = kernel->support * stretch;
    filter->taps = (int)ceil(support) * 2 + 1;
    size_t taps = (size_t)filter->taps;
    filter->first = base_alloc((size_t)out, sizeof *filter->first);
    filter->count = base_alloc((size_t)out, sizeof *filter->count);
    filter->weight = base_alloc((size_t)out * taps, sizeof *filter->weight);
    double *exact = base_alloc(taps, sizeof *exact);
    if (filter->first == NULL || filter->count == NULL || filter->weight == NULL || exact == NULL) {
        free(exact);
        return ST_ENOMEM;
    }
    for (int i = 0; i < out; i++) {
        double center = (i + 0.5) * scale, sum = 0;
        int first = (int)(center - support + 0.5), last = (int)(center + support + 0.5);
        if (first < 0) first = 0;
        if (last > in) last = in;
        int count = last - first;
        for (int k = 0; k < count; k++) {
            exact[k] = kernel->weight((k + first - center + 0.5) * (1.0 / stretch));
            sum += exact[k];
        }
        int *weight = filter->weight + (size_t)i * taps;
        memset(weight, 0, taps * sizeof *weight);
        for (int k = 0; k < count; k++) {
            double w = (sum != 0.0 ? exact[k] / sum : exact[k]) * (1 << FRACTION_BITS);
            weight[k] = (int)(w < 0 ? w - 0.5 : w + 0.5);
        }
        filter->first[i] = first;
        filter->count[i] = count;
    }
    free(exact);
    return ST_OK;
}

static uint8_t to_byte(int sum)
{
    int value = sum >> FRACTION_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* One row of the horizontal pass: dst (out, channels) from src (in, channels). */
static void resize_row(uint8_t *restrict dst, const uint8_t *restrict src, const filter_t *filter, int out,
                       int channels)
{
    for (int i = 0; i < out; i++) {
        const int *weight = filter->weight + (size_t)i * (size_t)filter->taps;
        const uint8_t *in = src + (size_t)filter->first[i] * (size_t)channels;
        int count = filter->count[i];
        if (channels == 3) {
            int red = HALF, green = HALF, blue = HALF;
            for (int k = 0; k < count; k++) {
                red += in[3 * k] * weight[k];
                green += in[3 * k + 1] * weight[k];
                blue += in[3 * k + 2] * weight[k];
            }
            dst[3 * i] = to_byte(red), dst[3 * i + 1] = to_byte(green), dst[3 * i + 2] = to_byte(blue);
            continue;
        }
        for (int c = 0; c < channels; c++) {
            int sum = HALF;
            for (int k = 0; k < count; k++) sum += in[k * channels + c] * weight[k];
            dst[i * channels + c] = to_byte(sum);
        }
    }
}

/* One row of the vertical pass: dst (size) from `count` rows of src, one below the other; sum (size) is scratch. */
static void resize_column(uint8_t *restrict dst, const uint8_t *restrict src, const int *weight, int count, size_t size,
                          int *restrict sum)
{
    for (size_t i = 0; i < size; i++) sum[i] = HALF;
    for (int k = 0; k < count; k++) {
        const uint8_t *restrict in = src + (size_t)k * size;
        int w = weight[k];
        for (size_t i = 0; i < size; i++) sum[i] += in[i] * w;
    }
    for (size_t i = 0; i < size; i++) dst[i] = to_byte(sum[i]);
}

static status_t resize(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh, int channels,
                       const kernel_t *kernel)
{
    REQUIRE(dw > 0 && dh > 0 && sw > 0 && sh > 0 && channels > 0);
    size_t source_row = (size_t)sw * (size_t)channels, row = (size_t)dw * (size_t)channels;
    filter_t across = {0}, down = {0};
    uint8_t *between = NULL;
    int *sum = NULL;
    status_t status = ST_OK;
    /* A direction that keeps its size is copied, not filtered: its weights would be 0 and 1. */
    if (sw != dw) TRY_DONE(filter_init(&across, kernel, sw, dw));
    if (sh != dh) TRY_DONE(filter_init(&down, kernel, sh, dh));

    /* Rows [top, bottom) of the source are needed; `rows` holds them at the new width. */
    int top = sh != dh ? down.first[0] : 0;
    int bottom = sh != dh ? down.first[dh - 1] + down.count[dh - 1] : sh;
    const uint8_t *rows = src + (size_t)top * source_row;
    if (sw != dw) {
        uint8_t *target = dst;
        if (sh != dh) {
            between = base_alloc((size_t)(bottom - top), row);
            if (between == NULL) TRY_DONE(ST_ENOMEM);
            target = between;
        }
        for (int y = 0; y < bottom - top; y++)
            resize_row(target + (size_t)y * row, rows + (size_t)y * source_row, &across, dw, channels);
        rows = target;
    }
    if (sh != dh) {
        sum = base_alloc(row, sizeof *sum);
        if (sum == NULL) TRY_DONE(ST_ENOMEM);
        for (int y = 0; y < dh; y++)
            resize_column(dst + (size_t)y * row, rows + (size_t)(down.first[y] - top) * row,
                          down.weight + (size_t)y * (size_t)down.taps, down.count[y], row, sum);
    } else if (sw == dw) {
        memcpy(dst, src, (size_t)sh * source_row);
    }
done:
    free(sum);
    free(between);
    filter_free(&across);
    filter_free(&down);
    return status;
}

status_t io_resize_bicubic(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh, int channels)
{
    static const kernel_t kernel = {cubic, 2.0};
    return resize(dst, dw, dh, src, sw, sh, channels, &kernel);
}

status_t io_resize_bilinear_antialiased(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh, int channels)
{
    static const kernel_t kernel = {triangle, 1.0};
    return resize(dst, dw, dh, src, sw, sh, channels, &kernel);
}
