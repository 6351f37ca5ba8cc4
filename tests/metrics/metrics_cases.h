/* The maps and masks of golden/metrics/aupro, and helpers shared by the tests of pixel metrics. */
#ifndef FGAD_TESTS_METRICS_CASES_H
#define FGAD_TESTS_METRICS_CASES_H

#include "support/check.h"

#include "base/base.h"
#include "metrics/metrics.h"

typedef struct {
    const char *name;
    const float *scores; /* maps one after another; of the golden file */
    uint8_t *masks;      /* the same shape, 0 or 1; owned */
    int (*sizes)[2];     /* (images) H, W; owned */
    int images;
    const double *aupro;    /* at each of the file's limits */
    const double *steps;    /* the same by 200 thresholds, from the highest score down */
    const double *steps_up; /* and from the lowest up */
    const double *ranking;  /* AUROC, AP, F1-max */
    const int32_t *regions; /* (images) */
} cases_t;
extern const char *const CASES_NAMES[];
extern const int CASES_COUNT;

void cases_load(cases_t *out, const check_golden_t *golden, const char *name);
void cases_free(cases_t *maps);
/* Adds all maps of the case to `pixels`, failing the test on an error. */
void cases_add(metrics_pixels_t *pixels, const cases_t *maps);
/* Fails the test unless |got - want| <= 1e-9; NaN must meet NaN. */
void cases_near(const char *name, const char *metric, double got, double want);

#endif
