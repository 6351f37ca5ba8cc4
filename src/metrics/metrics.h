/* metrics: exact ranking metrics over scores and 0/1 labels (METHOD.md 10). Pooling of images, masks and names stand
 * elsewhere. Depends on base. A set with one class has no AUROC: NaN, and the caller reports it as missing. */
#ifndef FGAD_METRICS_H
#define FGAD_METRICS_H

#include "base/base.h"

/* Exact area under the ROC curve with ties counted half (Mann-Whitney). scores (n) any finite floats, labels (n) 0/1.
 * *auroc is NaN when one class is missing. Radix sort: O(n), 5 bytes a pixel + the sort's buffer. ST_EFORMAT when a
 * score is not finite (says which index), ST_ENOMEM. */
status_t metrics_auroc(double *auroc, const float *scores, const uint8_t *labels, int64_t n);

#endif
