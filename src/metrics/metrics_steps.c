#include "metrics/metrics_internal.h"

#include <math.h>
#include <stdlib.h>

/* Records fall into bins by how many thresholds lie below their score: those of bin b are anomalous at thresholds
 * 0..b-1. Within a span keys ascend, so scores and bins fall. */
typedef struct {
    const uint8_t *include;
    const uint32_t *region_image;
    const uint64_t *weight;
    double lowest, highest;  /* score; first walk */
    const double *threshold; /* (steps) ascending; NULL in the first walk */
    int normal_bin, anomalous_bin;
    int64_t *normal;     /* (steps + 1) */
    uint64_t *anomalous; /* (steps + 1) weights */
} steps_t;

static uint32_t normal_key(const metrics_span_t *span, size_t i)
{
    if (!span->wide) return ((const uint32_t *)span->normal)[i];
    return (uint32_t)(((const uint64_t *)span->normal)[i] >> 32);
}

static bool normal_counts(const steps_t *steps, const metrics_span_t *span, size_t i)
{
    return steps->include == NULL || steps->include[(uint32_t)((const uint64_t *)span->normal)[i]] != 0;
}

static bool anomalous_counts(const steps_t *steps, uint64_t record)
{
    return steps->include == NULL || steps->include[steps->region_image[(uint32_t)record]] != 0;
}

static void note_score(steps_t *steps, uint32_t key)
{
    double score = metrics_key_score(key);
    if (score < steps->lowest) steps->lowest = score;
    if (score > steps->highest) steps->highest = score;
}

static void take_range(void *context, const metrics_span_t *span)
{
    steps_t *steps = context;
    for (size_t i = 0; i < span->normals; i++)
        if (normal_counts(steps, span, i)) note_score(steps, normal_key(span, i));
    for (size_t j = 0; j < span->anomalies; j++)
        if (anomalous_counts(steps, span->anomalous[j])) note_score(steps, (uint32_t)(span->anomalous[j] >> 32));
}

static int bin_of(const steps_t *steps, int bin, uint32_t key)
{
    double score = metrics_key_score(key);
    while (bin > 0 && !(score > steps->threshold[bin - 1])) bin--;
    return bin;
}

static void take_bins(void *context, const metrics_span_t *span)
{
    steps_t *steps = context;
    for (size_t i = 0; i < span->normals; i++) {
        if (!normal_counts(steps, span, i)) continue;
        steps->normal_bin = bin_of(steps, steps->normal_bin, normal_key(span, i));
        steps->normal[steps->normal_bin]++;
    }
    for (size_t j = 0; j < span->anomalies; j++) {
        uint64_t record = span->anomalous[j];
        if (!anomalous_counts(steps, record)) continue;
        steps->anomalous_bin = bin_of(steps, steps->anomalous_bin, (uint32_t)(record >> 32));
        steps->anomalous[steps->anomalous_bin] += steps->weight[(uint32_t)record];
    }
}

/* The trapezoid over the kept points, from the highest threshold (lowest rate) down, rates stretched to 0..1. */
static double area_of_bins(const steps_t *steps, int count, double negatives, double weight_total, double limit)
{
    int64_t fp = 0;
    uint64_t overlap = 0;
    double area = 0, first = 0, last_x = 0, last_y = 0;
    int kept = 0;
    for (int k = count - 1; k >= 0; k--) {
        fp += steps->normal[k + 1];
        overlap += steps->anomalous[k + 1];
        double x = (double)fp / negatives, y = (double)overlap / weight_total;
        if (!(x < limit)) break;
        if (kept++ == 0)
            first = x;
        else
            area += (x - last_x) * (0.5 * (y + last_y));
        last_x = x, last_y = y;
    }
    return kept > 0 && last_x > first ? area / (last_x - first) : NAN;
}

status_t metrics_pixels_aupro_steps(double *aupro, metrics_pixels_t *pixels, int steps, bool up, double limit,
                                    const uint8_t *include)
{
    REQUIRE(aupro != NULL && pixels != NULL && steps >= 2);
    int64_t positives, negatives, regions;
    int images;
    TRY(metrics_pixels_count(&positives, &negatives, &images, pixels, limit, include));
    if (!pixels->regions || positives == 0 || negatives == 0) {
        *aupro = NAN;
        return ST_OK;
    }
    steps_t walk = {.include = include,
                    .region_image = pixels->region_image,
                    .lowest = INFINITY,
                    .highest = -INFINITY,
                    .normal_bin = steps,
                    .anomalous_bin = steps};
    uint64_t *weight = NULL, weight_total;
    double *threshold = NULL;
    status_t status = ST_OK;
    walk.normal = calloc((size_t)steps + 1, sizeof *walk.normal);
    walk.anomalous = calloc((size_t)steps + 1, sizeof *walk.anomalous);
    threshold = base_alloc((size_t)steps, sizeof *threshold);
    if (walk.normal == NULL || walk.anomalous == NULL || threshold == NULL) {
        status = fail(ST_ENOMEM, "no memory for %d thresholds", steps);
        goto done;
    }
    TRY_DONE(metrics_weights(&weight, &weight_total, &regions, pixels->region_size, pixels->region_count,
                             pixels->region_image, include));
    walk.weight = weight;
    TRY_DONE(metrics_store_each(&pixels->store, take_range, &walk));
    double delta = (walk.highest - walk.lowest) / steps;
    for (int k = 0; k < steps; k++)
        threshold[k] = up ? walk.lowest + k * delta : walk.highest - (steps - 1 - k) * delta;
    walk.threshold = threshold;
    TRY_DONE(metrics_store_each(&pixels->store, take_bins, &walk));
    *aupro = area_of_bins(&walk, steps, (double)negatives, (double)weight_total, limit);
done:
    free(weight);
    free(threshold);
    free(walk.anomalous);
    free(walk.normal);
    return status;
}
