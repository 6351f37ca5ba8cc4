#include "metrics/metrics_internal.h"

static void close_group(metrics_sweep_t *sweep)
{
    int64_t tp = sweep->tp + sweep->group_positives, fp = sweep->fp + sweep->group_negatives;
    /* Where recall stands still nothing is added and F1 can only fall. */
    if (sweep->group_positives > 0) {
        sweep->above +=
            (metrics_u128_t)sweep->group_positives * (2 * (metrics_u128_t)sweep->fp + sweep->group_negatives);
        sweep->precision_sum += (double)sweep->group_positives * ((double)tp / (double)(tp + fp));
        double f1 = 2 * (double)tp / (double)(tp + fp + sweep->positives);
        if (f1 > sweep->f1_max) sweep->f1_max = f1, sweep->f1_key = sweep->key;
    }
    sweep->tp = tp, sweep->fp = fp;
    sweep->group_positives = sweep->group_negatives = 0;
    sweep->open = false;
}

/* The loop for one width of normal records; `wide` is a constant at both calls. */
static inline __attribute__((always_inline)) void walk(metrics_sweep_t *sweep, const metrics_span_t *span,
                                                       const bool wide)
{
    const uint32_t *narrow_normal = span->normal;
    const uint64_t *wide_normal = span->normal;
    const uint64_t *anomalous = span->anomalous;
    const size_t normals = span->normals, anomalies = span->anomalies;
#define NORMAL_KEY(i) (wide ? (uint32_t)(wide_normal[i] >> 32) : narrow_normal[i])
    size_t i = 0, j = 0;
    for (;;) {
        if (sweep->open) {
            while (i < normals && NORMAL_KEY(i) == sweep->key) i++, sweep->group_negatives++;
            while (j < anomalies && (uint32_t)(anomalous[j] >> 32) == sweep->key) j++, sweep->group_positives++;
        }
        if (i == normals && j == anomalies) return;
        if (sweep->open) close_group(sweep);
        /* The next group is that of the next positive; without one, the last negatives: the next span may hold
         * positives of the same score. */
        uint32_t key = j < anomalies ? (uint32_t)(anomalous[j] >> 32) : NORMAL_KEY(normals - 1);
        size_t first = i;
        while (i < normals && NORMAL_KEY(i) < key) i++;
        sweep->fp += (int64_t)(i - first);
        sweep->key = key;
        sweep->open = true;
    }
#undef NORMAL_KEY
}

void metrics_sweep_take(void *sweep, const metrics_span_t *span)
{
    if (span->wide)
        walk(sweep, span, true);
    else
        walk(sweep, span, false);
}

void metrics_sweep_finish(metrics_sweep_t *sweep)
{
    if (sweep->open) close_group(sweep);
    REQUIRE(sweep->tp == sweep->positives && sweep->fp == sweep->negatives);
}
