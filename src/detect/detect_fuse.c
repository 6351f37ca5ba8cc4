#include "detect/detect.h"

#include <math.h>

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
