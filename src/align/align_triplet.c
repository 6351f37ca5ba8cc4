/* The published triplet loss of the pixel head, method/README.md 1. */
#include "align/align_internal.h"

#include <math.h>
#include <string.h>

/* With s_e the sum of z' over an image's T tokens, sum (z' - p_n)^2 - sum (z' - p_a)^2 of channel e is
 * T (p_n^2 - p_a^2) - 2 s (p_n - p_a): the squares of z' cancel. */
double align_triplet_channels(double *dnormal, double *dabnormal, const double *normal, const double *abnormal,
                              const align_tokens_t *tokens, const float *weights, double epsilon, int *open,
                              double *sum)
{
    const int E = tokens->E, images = tokens->images;
    REQUIRE(images > 0 && tokens->N % images == 0);
    const int T = tokens->N / images;
    const double share = 1.0 / ((double)images * E);
    double total = 0;
    *open = 0;
    for (int k = 0; k < images; k++) {
        memset(sum, 0, (size_t)E * sizeof *sum);
        for (int i = k * T; i < (k + 1) * T; i++) {
            const double w = weights != NULL ? (double)weights[i] : 1;
            for (int e = 0; e < E; e++) sum[e] += w * (double)tokens->z[(size_t)i * (size_t)E + (size_t)e];
        }
        for (int e = 0; e < E; e++) {
            const double gap = T * (normal[e] * normal[e] - abnormal[e] * abnormal[e]);
            const double hinge = gap - 2 * sum[e] * (normal[e] - abnormal[e]) + epsilon;
            if (!(hinge > 0) && !isnan(hinge)) continue;
            total += hinge;
            ++*open;
            if (dnormal == NULL) continue;
            dnormal[e] += 2 * share * (T * normal[e] - sum[e]);
            dabnormal[e] -= 2 * share * (T * abnormal[e] - sum[e]);
        }
    }
    return share * total;
}
