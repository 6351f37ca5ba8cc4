#include "metrics/metrics_internal.h"

#include <math.h>
#include <stdlib.h>

status_t metrics_curve_init(metrics_curve_t *curve, int resolution)
{
    REQUIRE(curve != NULL && resolution >= 1 && resolution <= 1000000);
    /* A curve that never turns back goes at most 1 right and 1 up, 1/resolution at least between points kept. */
    int capacity = 2 * resolution + 4;
    double *values = base_alloc((size_t)capacity * 3, sizeof *values);
    if (values == NULL) return ST_ENOMEM;
    *curve = (metrics_curve_t){.x = values,
                               .y = values + capacity,
                               .threshold = values + 2 * (size_t)capacity,
                               .capacity = capacity,
                               .step = 1.0 / resolution};
    return ST_OK;
}

void metrics_curve_free(metrics_curve_t *curve)
{
    free(curve->x);
    *curve = (metrics_curve_t){0};
}

void metrics_curve_add(metrics_curve_t *curve, double x, double y, double threshold, metrics_curve_rule_t rule)
{
    if (curve->count > 0 && rule != METRICS_CURVE_ALWAYS) {
        double dx = fabs(x - curve->x[curve->count - 1]), dy = fabs(y - curve->y[curve->count - 1]);
        if (dx < curve->step && (rule == METRICS_CURVE_IF_RIGHT || dy < curve->step)) return;
    }
    REQUIRE(curve->count < curve->capacity);
    curve->x[curve->count] = x;
    curve->y[curve->count] = y;
    curve->threshold[curve->count] = threshold;
    curve->count++;
}
