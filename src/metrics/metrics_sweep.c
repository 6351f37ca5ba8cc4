#include "metrics/metrics_internal.h"

#include <math.h>

void metrics_sweep_begin(metrics_sweep_t *sweep)
{
    if (sweep->curves.roc != NULL) sweep->curves.roc->count = 0;
    if (sweep->curves.pr != NULL) sweep->curves.pr->count = 0;
    if (sweep->curves.pro != NULL) sweep->curves.pro->count = 0;
    if (sweep->positives == 0) sweep->curves.pr = NULL;
    if (sweep->positives == 0 || sweep->negatives == 0) sweep->curves.roc = NULL;
    if (sweep->positives == 0 || sweep->negatives == 0 || sweep->weight == NULL) sweep->curves.pro = NULL;
    if (sweep->curves.roc != NULL) metrics_curve_add(sweep->curves.roc, 0, 0, INFINITY, METRICS_CURVE_ALWAYS);
    if (sweep->curves.pro != NULL) metrics_curve_add(sweep->curves.pro, 0, 0, INFINITY, METRICS_CURVE_ALWAYS);
}

/* The curve up to a group (from the group before it, level: only negatives lie between), then along it. */
static void add_vertices(metrics_curve_t *curve, double x_before, double y_before, double x, double y, float score)
{
    metrics_curve_add(curve, x_before, y_before, nextafterf(score, INFINITY), METRICS_CURVE_IF_AWAY);
    metrics_curve_add(curve, x, y, score, METRICS_CURVE_IF_AWAY);
}

static void close_group(metrics_sweep_t *sweep)
{
    sweep->open = false;
    int64_t tp = sweep->tp + sweep->group_positives, fp = sweep->fp + sweep->group_negatives;
    if (sweep->group_positives > 0) {
        /* Where recall stands still nothing is added to these and F1 can only fall. */
        sweep->above +=
            (metrics_u128_t)sweep->group_positives * (2 * (metrics_u128_t)sweep->fp + sweep->group_negatives);
        double precision = (double)tp / (double)(tp + fp);
        sweep->precision_sum += (double)sweep->group_positives * precision;
        double f1 = 2 * (double)tp / (double)(tp + fp + sweep->positives);
        if (f1 > sweep->f1_max) sweep->f1_max = f1, sweep->f1_key = sweep->key;

        double P = (double)sweep->positives, N = (double)sweep->negatives;
        double x_before = (double)sweep->fp / N, x = (double)fp / N;
        float score = metrics_key_score(sweep->key);
        if (sweep->curves.roc != NULL)
            add_vertices(sweep->curves.roc, x_before, (double)sweep->tp / P, x, (double)tp / P, score);
        if (sweep->curves.pr != NULL)
            metrics_curve_add(sweep->curves.pr, (double)tp / P, precision, score, METRICS_CURVE_IF_RIGHT);
        if (sweep->weight != NULL) {
            uint64_t weight = sweep->region_weight + sweep->group_weight;
            double y_before = metrics_sweep_overlap(sweep, sweep->region_weight);
            double y = metrics_sweep_overlap(sweep, weight);
            metrics_sweep_area(sweep, (double)sweep->area_fp, y_before, (double)sweep->fp, y_before);
            metrics_sweep_area(sweep, (double)sweep->fp, y_before, (double)fp, y);
            if (sweep->curves.pro != NULL) add_vertices(sweep->curves.pro, x_before, y_before, x, y, score);
            sweep->area_fp = fp;
            sweep->region_weight = weight;
        }
    }
    sweep->tp = tp, sweep->fp = fp;
    sweep->group_positives = sweep->group_negatives = 0;
    sweep->group_weight = 0;
}

/* The loop for one kind of record: `wide`, `filter` (leave out images) and `weighted` (sum region weights) are
 * constants at every call. */
static inline __attribute__((always_inline)) void walk(metrics_sweep_t *sweep, const metrics_span_t *span,
                                                       const bool wide, const bool filter, const bool weighted)
{
    const uint32_t *narrow_normal = span->normal;
    const uint64_t *wide_normal = span->normal;
    const uint64_t *anomalous = span->anomalous;
    const uint8_t *include = sweep->include;
    const size_t normals = span->normals, anomalies = span->anomalies;
#define NORMAL_KEY(i) (wide ? (uint32_t)(wide_normal[i] >> 32) : narrow_normal[i])
#define NORMAL_COUNTS(i) (!filter || include[(uint32_t)wide_normal[i]] != 0)
#define ANOMALOUS_KEY(j) ((uint32_t)(anomalous[j] >> 32))
    size_t i = 0, j = 0;
    for (;;) {
        if (sweep->open) {
            for (; i < normals && NORMAL_KEY(i) == sweep->key; i++) sweep->group_negatives += NORMAL_COUNTS(i);
            for (; j < anomalies && ANOMALOUS_KEY(j) == sweep->key; j++) {
                uint32_t region = (uint32_t)anomalous[j];
                bool counts = !filter || include[sweep->region_image[region]] != 0;
                sweep->group_positives += counts;
                if (weighted && counts) sweep->group_weight += sweep->weight[region];
            }
        }
        if (i == normals && j == anomalies) return;
        if (sweep->open) close_group(sweep);
        /* The next group is that of the next positive; without one, the last negatives: the next span may hold
         * positives of the same score. */
        uint32_t key = j < anomalies ? ANOMALOUS_KEY(j) : NORMAL_KEY(normals - 1);
        int64_t passed = 0;
        for (; i < normals && NORMAL_KEY(i) < key; i++) passed += NORMAL_COUNTS(i);
        sweep->fp += passed;
        sweep->key = key;
        sweep->open = true;
    }
#undef NORMAL_KEY
#undef NORMAL_COUNTS
#undef ANOMALOUS_KEY
}

void metrics_sweep_take(void *context, const metrics_span_t *span)
{
    metrics_sweep_t *sweep = context;
    bool weighted = sweep->weight != NULL;
    if (sweep->include != NULL && weighted)
        walk(sweep, span, true, true, true);
    else if (sweep->include != NULL)
        walk(sweep, span, true, true, false);
    else if (span->wide && weighted)
        walk(sweep, span, true, false, true);
    else if (span->wide)
        walk(sweep, span, true, false, false);
    else if (weighted)
        walk(sweep, span, false, false, true);
    else
        walk(sweep, span, false, false, false);
}

void metrics_sweep_group(metrics_sweep_t *sweep, uint32_t key, int64_t above, int64_t equal)
{
    if (sweep->open) close_group(sweep);
    sweep->fp += above;
    sweep->key = key;
    sweep->group_negatives = equal;
    sweep->open = true;
}

void metrics_sweep_rest(metrics_sweep_t *sweep, int64_t negatives)
{
    if (sweep->open) close_group(sweep);
    sweep->fp += negatives;
}

void metrics_sweep_finish(metrics_sweep_t *sweep)
{
    if (sweep->open) close_group(sweep);
    REQUIRE(sweep->tp == sweep->positives && sweep->fp == sweep->negatives);
    if (sweep->weight != NULL) metrics_sweep_area(sweep, (double)sweep->area_fp, 1, (double)sweep->negatives, 1);
    if (sweep->curves.roc != NULL) metrics_curve_add(sweep->curves.roc, 1, 1, -INFINITY, METRICS_CURVE_ALWAYS);
    if (sweep->curves.pro != NULL) metrics_curve_add(sweep->curves.pro, 1, 1, -INFINITY, METRICS_CURVE_ALWAYS);
}
