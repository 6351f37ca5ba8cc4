/* metrics: exact ranking metrics over scores and labels (METHOD.md 10): a label of 0 is normal, anything else anomalous.
 * Which images, masks and names belong together is decided elsewhere; nothing here reads an image. Depends on base. A
 * set with one class has no AUROC: NaN, and the caller reports it as missing. No binning anywhere: equal scores are one
 * threshold, all others are apart. On failure outputs are unchanged. Not thread-safe on one object. */
#ifndef FGAD_METRICS_H
#define FGAD_METRICS_H

#include "base/base.h"

/* ---- One list of scores --------------------------------------------------------------------------------------------
 * Exact area under the ROC curve with ties counted half (Mann-Whitney). scores (n) any finite floats, labels (n).
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

/* out (groups): the anomalous scores of group g against all normal ones (per defect type). group (n), 0 <= group[i] <
 * groups; that of a normal score is not looked at. A group without anomalous scores has NaN. */
status_t metrics_ranking_by_group(metrics_ranking_t *out, const float *scores, const uint8_t *labels,
                                  const int32_t *group, int64_t n, int groups);

/* A sample's score is the maximum over its views, its label anomalous when any view's is (Real-IAD's sample level).
 * out_scores, out_labels (groups); group (n) names each view's sample. ST_EFORMAT when a group has no view or a score is
 * not finite. */
status_t metrics_group_max(float *out_scores, uint8_t *out_labels, const float *scores, const uint8_t *labels,
                           const int32_t *group, int64_t n, int groups);

/* ---- Curves for plots ----------------------------------------------------------------------------------------------
 * Every point is a true vertex of the exact curve; vertices nearer than 1/resolution to the last kept one are left out
 * (in x and y; for precision-recall in x). threshold: "anomalous" is score >= it (infinity: none; -infinity: all). */
typedef struct {
    double *x, *y, *threshold; /* (count); owned */
    int count, capacity;
    double step; /* 1 / resolution */
} metrics_curve_t;
status_t metrics_curve_init(metrics_curve_t *curve, int resolution);
void metrics_curve_free(metrics_curve_t *curve);
/* Which curves are wanted; each may be NULL, else initialised by the caller. */
typedef struct {
    metrics_curve_t *roc; /* false-positive rate, true-positive rate; from (0,0) to (1,1) */
    metrics_curve_t *pr;  /* recall, precision */
    metrics_curve_t
        *pro; /* false-positive rate, per-region overlap; from (0,0) to (1,1), to rate 1 whatever the limit */
} metrics_curves_t;
/* ROC and precision-recall of a list (`pro` is not looked at). Empty where a class it needs is missing. */
status_t metrics_ranking_curves(const metrics_curves_t *curves, const float *scores, const uint8_t *labels, int64_t n);

/* ---- Regions of a mask ---------------------------------------------------------------------------------------------
 * Connected regions, 8 neighbours, of the pixels that are not 0, numbered from 0 in the order of their first pixel (row
 * by row). Kept as runs: the pixels begin..end-1 of one row. */
typedef struct {
    int row, begin, end;
    uint32_t region;
} metrics_run_t;
typedef struct {
    metrics_run_t *run; /* (runs), in the order of pixels; owned */
    size_t runs;
    int64_t *size; /* (count) pixels of each region; owned */
    uint32_t count;
    size_t run_capacity, size_capacity;
} metrics_regions_t;
void metrics_regions_init(metrics_regions_t *regions);
void metrics_regions_free(metrics_regions_t *regions);
/* Replaces what `regions` held (its memory is used again). mask (H,W). ST_ENOMEM. */
status_t metrics_regions_find(metrics_regions_t *regions, const uint8_t *mask, int H, int W);

/* ---- The pixels of a category --------------------------------------------------------------------------------------
 * Takes maps one at a time, of any sizes, and then measures all of them together. It keeps 4 bytes a normal and 8 an
 * anomalous pixel, twice that while it sorts; the maps themselves are not kept. With `memory` set, what goes beyond it
 * waits sorted in a nameless file of `temp_dir`: the results have the same bits. */
#define METRICS_MEMORY_MIN ((size_t)64 << 10)
#define METRICS_PRO_LIMIT 0.3
typedef struct metrics_pixels metrics_pixels_t;
typedef struct {
    bool regions;         /* find the masks' regions: needed for AUPRO */
    bool images;          /* keep the images apart: needed for `include` and the bootstrap; doubles a normal pixel */
    size_t memory;        /* most bytes of pixels in memory, sorting included; 0: no limit; >= METRICS_MEMORY_MIN */
    const char *temp_dir; /* with `memory`; NULL: /tmp */
} metrics_pixels_options_t;
typedef struct {
    metrics_ranking_t ranking;
    double aupro;    /* NaN without `regions`, without an anomalous or without a normal pixel */
    int64_t regions; /* that AUPRO is the mean over */
    int images;      /* that were measured */
} metrics_pixels_result_t;

/* ST_EFORMAT when `memory` is too small, ST_ENOMEM. */
status_t metrics_pixels_open(metrics_pixels_t **out, const metrics_pixels_options_t *options);
void metrics_pixels_close(metrics_pixels_t *pixels); /* NULL is fine */
/* The next image: scores (H,W), mask (H,W) or NULL (all normal). ST_EFORMAT when a score is not finite (says image, row,
 * column; nothing is added); after ST_ENOMEM or ST_EIO the object is good for closing only. */
status_t metrics_pixels_add(metrics_pixels_t *pixels, const float *scores, const uint8_t *mask, int H, int W);
/* Measures what was added so far; more may be added and measured after. AUPRO: exact over all thresholds, each region of
 * equal weight, to a false-positive rate of `limit` in (0,1], the end point interpolated, divided by the limit (MVTec's
 * evaluation). include (images): only images with a non-zero entry count; NULL: all. curves may be NULL. Cost: the first
 * call sorts, each call walks once over all pixels (and reads the file again when there is one). ST_EFORMAT when limit is
 * out of range, ST_EIO, ST_ENOMEM. */
status_t metrics_pixels_measure(metrics_pixels_result_t *out, metrics_pixels_t *pixels, double limit,
                                const uint8_t *include, const metrics_curves_t *curves);

/* AUPRO as much published few-shot code has it (the cflow-ad family: PromptAD, WinCLIP in PyTorch, AnomalyCLIP), for
 * comparison with their tables only: `steps` (200 there) equally spaced thresholds, from the highest score down, without
 * the lowest (PromptAD), or `up` from the lowest, without the highest (the WinCLIP port); "anomalous" is score >
 * threshold; the points with a false-positive rate < limit are kept, their rates stretched to 0..1. It is not
 * metrics_pixels_measure's number and must be labelled so (`aupro=steps200@0.3`, `steps200up`). NaN as there, and where
 * fewer than two different rates are kept. */
status_t metrics_pixels_aupro_steps(double *aupro, metrics_pixels_t *pixels, int steps, bool up, double limit,
                                    const uint8_t *include);

/* AUPRO of maps that stand one after another: scores and masks (sum of sizes[i][0] * sizes[i][1]), sizes (images) as
 * (H,W). As metrics_pixels_measure, without a memory limit. */
status_t metrics_aupro(double *aupro, const float *scores, const uint8_t *masks, const int (*sizes)[2], int images,
                       double limit);

/* ---- Confidence intervals ------------------------------------------------------------------------------------------
 * Bootstrap over test images: each replicate draws as many images as there are, with replacement, and measures AUROC on
 * them. Replicate b uses rng_split(rng, b) alone: image, pixel and paired intervals of one rng see the same draws. */
typedef struct {
    const rng_t *rng;
    int replicates; /* >= 1; 1000 is usual */
    double level;   /* in (0,1), e.g. 0.95 */
} metrics_bootstrap_t;
typedef struct {
    double estimate;  /* on the images as they are */
    double low, high; /* percentiles (1-level)/2 and (1+level)/2 of the replicates, interpolated linearly */
    double p_value;   /* paired only: two-sided, that the difference is 0; else NaN */
    int replicates; /* that counted: one that drew a single class has no AUROC and is left out; 0: all NaN but estimate */
} metrics_interval_t;
status_t metrics_bootstrap_images(metrics_interval_t *out, const float *scores, const uint8_t *labels, int n,
                                  const metrics_bootstrap_t *bootstrap);
/* The difference of two score sets of the same images, first minus second. */
status_t metrics_bootstrap_images_paired(metrics_interval_t *out, const float *first, const float *second,
                                         const uint8_t *labels, int n, const metrics_bootstrap_t *bootstrap);
/* Pixel AUROC; `pixels` opened with `images`. One walk counts, for every anomalous image i and every image j, the pairs
 * that i's anomalous pixels lose to j's normal ones: (anomalous pixels) x (images) additions and 8 bytes a pair of
 * images; a replicate then costs one pass over that table, not over the pixels. */
status_t metrics_bootstrap_pixels(metrics_interval_t *out, metrics_pixels_t *pixels,
                                  const metrics_bootstrap_t *bootstrap);
/* ST_EFORMAT when the two do not hold the same images (pixel counts of each class are compared). */
status_t metrics_bootstrap_pixels_paired(metrics_interval_t *out, metrics_pixels_t *first, metrics_pixels_t *second,
                                         const metrics_bootstrap_t *bootstrap);

/* ---- Two methods on the same draws --------------------------------------------------------------------------------- */
/* Of the differences' mean and sample deviation over `draws` >= 2: the p-value of the paired t-test; NaN: fewer. */
double metrics_paired_p(double mean, double deviation, int draws);
/* The fewest draws at which that test, two-sided at alpha, finds a difference of such mean and deviation with probability
 * `power`, by the noncentral t distribution; 0: more than `most`, or none would. */
int metrics_draws_needed(double mean, double deviation, double alpha, double power, int most);
/* The mean of value (categories, draws; NaN: missing) and its percentile interval, where categories and draws are drawn with
 * replacement, each for itself; p_value stays NaN. */
status_t metrics_bootstrap_crossed(metrics_interval_t *out, const double *value, int categories, int draws,
                                   const metrics_bootstrap_t *bootstrap);

#endif
