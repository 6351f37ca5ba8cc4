/* metrics: exact ranking metrics over scores and labels (METHOD.md 10): a label of 0 is normal, anything else anomalous.
 * Which images, masks and names belong together is decided elsewhere. Depends on base. A set with one class has no
 * AUROC: NaN, and the caller reports it as missing. On failure the outputs are unchanged. */
#ifndef FGAD_METRICS_H
#define FGAD_METRICS_H

#include "base/base.h"

/* Exact area under the ROC curve with ties counted half (Mann-Whitney). scores (n) any finite floats, labels (n).
 * *auroc is NaN when one class is missing. Radix sort, O(n): beside the caller's arrays 8 bytes a normal and 16 bytes an
 * anomalous score. ST_EFORMAT when a score is not finite (says which index), ST_ENOMEM. */
status_t metrics_auroc(double *auroc, const float *scores, const uint8_t *labels, int64_t n);

/* AUROC, average precision (the step form, sklearn's) and the largest F1 over all thresholds, from one sort. */
typedef struct {
    double auroc;        /* as metrics_auroc */
    double ap;           /* NaN without positives; 1 without negatives */
    double f1_max;       /* NaN without positives */
    double f1_threshold; /* "anomalous" is score >= it; the highest of equally good ones; NaN without positives */
    int64_t positives, negatives;
} metrics_ranking_t;
status_t metrics_ranking(metrics_ranking_t *out, const float *scores, const uint8_t *labels, int64_t n);

#endif
