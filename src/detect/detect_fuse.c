#include "detect/detect.h"

#include <math.h>
#include <stdlib.h>

#define SMALLEST 1e-12

const char *const detect_image_map_names[] = {"fused", "vad", NULL};

/* 1 / (1/a + 1/b): half the harmonic mean. A NaN stays one, so that it cannot pass for a low score. */
static double harmonic(double a, double b)
{
    if (a < SMALLEST) a = SMALLEST;
    if (b < SMALLEST) b = SMALLEST;
    return 1 / (1 / a + 1 / b);
}

void detect_fuse(float *M_pix, const float *M_v, const float *M_p, int T)
{
    REQUIRE(M_pix != NULL && T > 0 && (M_v != NULL || M_p != NULL));
    for (int i = 0; i < T; i++) {
        if (M_v == NULL || M_p == NULL)
            M_pix[i] = M_v != NULL ? M_v[i] : M_p[i];
        else
            M_pix[i] = (float)harmonic((double)M_v[i], (double)M_p[i]);
    }
}

void detect_fuse_by(float *M_pix, const float *M_v, const float *M_p, int T, detect_fusion_t how, const double scale[2])
{
    if (how == DETECT_FUSION_HARMONIC || M_v == NULL || M_p == NULL) {
        detect_fuse(M_pix, M_v, M_p, T);
        return;
    }
    const bool scaled = how == DETECT_FUSION_STANDARD;
    REQUIRE(M_pix != NULL && T > 0 && (!scaled || scale != NULL));
    const double by_v = scaled ? fmax(scale[0], SMALLEST) : 1, by_p = scaled ? fmax(scale[1], SMALLEST) : 1;
    for (int i = 0; i < T; i++) {
        const double v = (double)M_v[i], p = (double)M_p[i];
        if (how == DETECT_FUSION_GEOMETRIC)
            M_pix[i] = (float)sqrt((v < SMALLEST ? SMALLEST : v) * (p < SMALLEST ? SMALLEST : p));
        else
            M_pix[i] = (float)((v / by_v + p / by_p) / 2);
    }
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

float detect_quantile(float *values, int n, double q)
{
    REQUIRE(values != NULL && n > 0 && q >= 0 && q <= 1);
    qsort(values, (size_t)n, sizeof *values, by_value);
    const double at = q * (n - 1);
    const int low = (int)at, high = low + 1 < n ? low + 1 : low;
    return (float)((double)values[low] + (at - low) * ((double)values[high] - (double)values[low]));
}

float detect_image_fuse(float largest, float S, bool arithmetic)
{
    return arithmetic ? (float)(((double)largest + (double)S) / 2) : (float)harmonic((double)largest, (double)S);
}

float detect_image_score(const float *map, int T, const float *S)
{
    REQUIRE(map != NULL || S != NULL);
    if (map == NULL) return *S;
    REQUIRE(T > 0);
    float largest = map[0];
    for (int i = 1; i < T; i++)
        if (map[i] > largest || isnan(map[i])) largest = map[i];
    return S == NULL ? largest : (float)harmonic((double)largest, (double)*S);
}
