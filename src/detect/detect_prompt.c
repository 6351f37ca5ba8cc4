#include "detect/detect.h"

#include <math.h>

#define LANES 8 /* partial sums of a dot product: a fixed order of additions that still vectorises */

/* <a, b> in double; the bits depend on the two rows alone. */
static double dot(const float *a, const float *b, int width)
{
    double sum[LANES] = {0};
    int i = 0;
    for (; i + LANES <= width; i += LANES)
        for (int k = 0; k < LANES; k++) sum[k] += (double)a[i + k] * (double)b[i + k];
    for (int k = 0; i < width; i++, k++) sum[k] += (double)a[i] * (double)b[i];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

/* e^{ta} / (e^{tn} + e^{ta}) as a function of x = t (a - n), without overflow on either side. */
static double abnormal_share(double x)
{
    if (x >= 0) return 1 / (1 + exp(-x));
    double e = exp(x);
    return e / (1 + e);
}

static double group_score(const detect_anchors_t *anchors, const float *z, int g)
{
    size_t row = (size_t)g * (size_t)anchors->width;
    double normal = dot(z, anchors->normal + row, anchors->width);
    double abnormal = dot(z, anchors->abnormal + row, anchors->width);
    return abnormal_share(anchors->logit_scale * (abnormal - normal));
}

static int match_group(const detect_anchors_t *anchors, const float *z)
{
    const float *keys = anchors->keys != NULL ? anchors->keys : anchors->normal;
    int best = 0;
    double best_similarity = dot(z, keys, anchors->width);
    for (int g = 1; g < anchors->groups; g++) {
        double similarity = dot(z, keys + (size_t)g * anchors->width, anchors->width);
        if (similarity > best_similarity) best = g, best_similarity = similarity;
    }
    return best;
}

void detect_pad(float *Mhat, int *group, float *s_image, const detect_anchors_t *anchors, const float *z, int T)
{
    REQUIRE(anchors != NULL && anchors->normal != NULL && anchors->abnormal != NULL && z != NULL && T > 0);
    REQUIRE(anchors->groups > 0 && anchors->width > 0);
    REQUIRE(anchors->image_group >= 0 && anchors->image_group < anchors->groups);
    for (int i = 0; i < T; i++) {
        const float *token = z + (size_t)i * anchors->width;
        int matched = 0;
        if (group != NULL || (Mhat != NULL && anchors->token_wise)) matched = match_group(anchors, token);
        if (group != NULL) group[i] = matched;
        if (s_image != NULL) s_image[i] = (float)group_score(anchors, token, anchors->image_group);
        if (Mhat == NULL) continue;
        if (anchors->token_wise) {
            Mhat[i] = (float)group_score(anchors, token, matched);
        } else {
            double sum = 0;
            for (int g = 0; g < anchors->groups; g++) sum += group_score(anchors, token, g);
            Mhat[i] = (float)(sum / anchors->groups);
        }
    }
}

const char *const detect_reweight_names[] = {"mean1", "literal", "off", NULL};

void detect_reweight(float *M_p, const float *Mhat, const float *s_image, int T, detect_reweight_t mode)
{
    REQUIRE(M_p != NULL && Mhat != NULL && T > 0 && (s_image != NULL || mode == DETECT_REWEIGHT_OFF));
    if (mode == DETECT_REWEIGHT_OFF) {
        for (int i = 0; i < T; i++) M_p[i] = Mhat[i];
        return;
    }
    double largest = (double)s_image[0];
    for (int i = 1; i < T; i++) largest = fmax(largest, (double)s_image[i]);
    double sum = 0;
    for (int i = 0; i < T; i++) sum += exp((double)s_image[i] - largest);
    double scale = (mode == DETECT_REWEIGHT_MEAN1 ? (double)T : 1.0) / sum;
    for (int i = 0; i < T; i++) M_p[i] = (float)(scale * exp((double)s_image[i] - largest) * (double)Mhat[i]);
}
