#include "metrics/metrics_internal.h"

#include <math.h>

/* Per-region overlap (PRO) at a threshold is the mean over regions of the share of the region above it, so a pixel of a
 * region of s pixels adds 1/s. The sums are integers in units of about 1/2^bits: exact in any order, and the last one is
 * weight_total itself, so that the curve ends in 1. The largest error of a weight is half a unit: over a whole curve
 * (pixels of regions) / 2^63 of the mean. */
status_t metrics_weights(uint64_t **weights, uint64_t *total, int64_t *regions, const int64_t *size, uint32_t count,
                         const uint32_t *region_image, const uint8_t *include)
{
    uint64_t *weight = base_alloc(count > 0 ? count : 1, sizeof *weight);
    if (weight == NULL) return ST_ENOMEM;
    int64_t counted = 0;
    for (uint32_t r = 0; r < count; r++) counted += include == NULL || include[region_image[r]] != 0;
    int bits = 62;
    while (bits > 0 && counted > (int64_t)1 << (62 - bits)) bits--;
    *total = 0;
    for (uint32_t r = 0; r < count; r++) {
        bool counts = include == NULL || include[region_image[r]] != 0;
        weight[r] = counts ? (((uint64_t)1 << bits) + (uint64_t)size[r] / 2) / (uint64_t)size[r] : 0;
        *total += weight[r] * (uint64_t)size[r];
    }
    *weights = weight;
    *regions = counted;
    return ST_OK;
}

double metrics_sweep_overlap(const metrics_sweep_t *sweep, uint64_t weight)
{
    return (double)weight / (double)sweep->weight_total;
}

/* Adds the area under the straight line (x0,y0)-(x1,y1), x in false positives, as far as x <= fp_limit; where the line
 * crosses the limit its height there is interpolated, as MVTec's evaluation does. */
void metrics_sweep_area(metrics_sweep_t *sweep, double x0, double y0, double x1, double y1)
{
    if (x0 >= sweep->fp_limit) return;
    if (x1 > sweep->fp_limit) {
        y1 = y0 + (y1 - y0) * ((sweep->fp_limit - x0) / (x1 - x0));
        x1 = sweep->fp_limit;
    }
    sweep->area += (x1 - x0) * (0.5 * (y0 + y1));
}

double metrics_sweep_aupro(const metrics_sweep_t *sweep)
{
    if (sweep->weight == NULL || sweep->positives == 0 || sweep->negatives == 0) return NAN;
    return sweep->area / sweep->fp_limit;
}
