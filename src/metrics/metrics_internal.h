/* Private to metrics. One pipeline serves every metric: scores become 32-bit keys in two lists of records (normal and
 * anomalous), the lists are sorted, and one walk over both gives each group of equal scores to the sums. */
#ifndef FGAD_METRICS_INTERNAL_H
#define FGAD_METRICS_INTERNAL_H

#include "metrics/metrics.h"

#include <string.h>

__extension__ typedef unsigned __int128 metrics_u128_t;

/* ---- Keys ----------------------------------------------------------------------------------------------------------
 * A finite score as an unsigned number that grows as the score falls, so that ascending keys walk from the most
 * anomalous score down. -0.0 and 0.0 share a key: they are equal scores. */
static inline uint32_t metrics_key(float score)
{
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    if (bits == 0x80000000u) bits = 0;
    uint32_t ascending = bits ^ ((bits >> 31) ? 0xFFFFFFFFu : 0x80000000u);
    return ~ascending;
}

static inline float metrics_key_score(uint32_t key)
{
    uint32_t ascending = ~key;
    uint32_t bits = ascending ^ ((ascending >> 31) ? 0x80000000u : 0xFFFFFFFFu);
    float score;
    memcpy(&score, &bits, sizeof score);
    return score;
}

/* Index of the first score that is not finite, or n. */
int64_t metrics_first_not_finite(const float *scores, int64_t n);

/* ---- Sort ----------------------------------------------------------------------------------------------------------
 * Ascending, in place, stable; scratch (n). The 64-bit one sorts by the upper 32 bits alone. */
void metrics_sort_u32(uint32_t *keys, uint32_t *scratch, size_t n);
void metrics_sort_u64(uint64_t *records, uint64_t *scratch, size_t n);

/* ---- Records -------------------------------------------------------------------------------------------------------
 * An anomalous pixel: key << 32 | region. A normal pixel: its key alone ("narrow"), or key << 32 | image ("wide") when
 * the images must stay apart. A span is a stretch of both sorted lists; the next span starts with no smaller key. */
typedef struct {
    const void *normal; /* uint32_t or uint64_t; not owned */
    size_t normals;
    const uint64_t *anomalous; /* not owned */
    size_t anomalies;
    bool wide;
} metrics_span_t;
typedef void (*metrics_span_fn)(void *context, const metrics_span_t *span);

/* Sorted lists in a file without a name, for records beyond the memory limit (metrics_external.c). */
typedef struct {
    int64_t offset; /* bytes */
    size_t count;   /* records */
} metrics_piece_t;
typedef struct {
    metrics_piece_t normal, anomalous;
} metrics_spill_t;
typedef struct {
    int descriptor;         /* -1: none yet */
    char *directory;        /* owned */
    int64_t size;           /* bytes written */
    metrics_spill_t *spill; /* (spills); owned */
    size_t spills, capacity;
} metrics_file_t;

typedef struct {
    void *normal; /* owned; capacities in records */
    size_t normals, normal_capacity;
    uint64_t *anomalous; /* owned */
    size_t anomalies, anomalous_capacity;
    void *scratch; /* kept between spills; owned */
    size_t scratch_capacity;
    bool wide;
    bool sorted;
    size_t memory; /* bytes; 0: no limit */
    metrics_file_t file;
} metrics_store_t;

/* memory, directory: as in metrics_pixels_options_t. */
status_t metrics_store_init(metrics_store_t *store, bool wide, size_t memory, const char *directory);
void metrics_store_free(metrics_store_t *store);
/* Both add n finite scores. `image` counts in a wide store only. */
status_t metrics_store_add_normal(metrics_store_t *store, const float *scores, size_t n, uint32_t image);
status_t metrics_store_add_anomalous(metrics_store_t *store, const float *scores, size_t n, uint32_t region);
/* Sorts the anomalous records alone. */
status_t metrics_store_sort_anomalous(metrics_store_t *store);
/* Gives all records to `take` in ascending order of keys, in one span or more. May be called again. */
status_t metrics_store_each(metrics_store_t *store, metrics_span_fn take, void *context);
/* Room in an array of `size`-byte entries for `more` after `used`. */
status_t metrics_grow(void **array, size_t *capacity, size_t used, size_t more, size_t size);
static inline size_t metrics_normal_size(bool wide)
{
    return wide ? sizeof(uint64_t) : sizeof(uint32_t);
}

/* Appends both sorted lists of the store to the file. */
status_t metrics_file_append(metrics_file_t *file, const metrics_store_t *store);
/* Merges all that was appended, within `memory` bytes. */
status_t metrics_file_each(const metrics_file_t *file, bool wide, size_t memory, metrics_span_fn take, void *context);
void metrics_file_free(metrics_file_t *file);

/* ---- Sweep ---------------------------------------------------------------------------------------------------------
 * The walk from the highest score to the lowest. Counts and region weights are integers, so that neither the order
 * within a tie nor the cut into spans can change a bit. Fill in the first block, zero the rest; begin, give spans,
 * finish. */
typedef struct {
    int64_t positives, negatives; /* of all records that count */
    const uint8_t *include;       /* (images), wide records only, or NULL */
    const uint32_t *region_image; /* (regions), with include */
    const uint64_t *weight;       /* (regions), or NULL: no AUPRO */
    uint64_t weight_total;        /* sum over regions of weight * size */
    double fp_limit;              /* where the area ends, in false positives */
    metrics_curves_t curves;

    bool open; /* a group of equal keys is being gathered; it may go on in the next span */
    uint32_t key;
    int64_t group_positives, group_negatives;
    uint64_t group_weight;
    int64_t tp, fp; /* with a score above the group's */

    metrics_u128_t above; /* sum over positives of 2 * (negatives above) + (negatives equal) */
    double precision_sum;
    double f1_max;
    uint32_t f1_key;
    uint64_t region_weight; /* of the positives above the group */
    int64_t area_fp;        /* false positives as far as `area` goes */
    double area;            /* false positives x per-region overlap */
} metrics_sweep_t;

void metrics_sweep_begin(metrics_sweep_t *sweep);
void metrics_sweep_take(void *sweep, const metrics_span_t *span);
/* Instead of spans: opens the group of `key`, after `above` negatives that lie above it and not yet given; the caller then
 * adds its positives and their weight. At the end the negatives below all groups. */
void metrics_sweep_group(metrics_sweep_t *sweep, uint32_t key, int64_t above, int64_t equal);
void metrics_sweep_rest(metrics_sweep_t *sweep, int64_t negatives);
/* Gives the sweep all of a store, by counting where that is faster than metrics_store_each (metrics_counted.c). */
status_t metrics_sweep_store(metrics_sweep_t *sweep, metrics_store_t *store);
void metrics_sweep_finish(metrics_sweep_t *sweep);
void metrics_sweep_ranking(metrics_ranking_t *out, const metrics_sweep_t *sweep);

/* The parts of the sweep that are AUPRO's (metrics_overlap.c). *weights (count) is the caller's to free; excluded regions
 * weigh 0. */
status_t metrics_weights(uint64_t **weights, uint64_t *total, int64_t *regions, const int64_t *size, uint32_t count,
                         const uint32_t *region_image, const uint8_t *include);
double metrics_sweep_overlap(const metrics_sweep_t *sweep, uint64_t weight);
void metrics_sweep_area(metrics_sweep_t *sweep, double x0, double y0, double x1, double y1);
double metrics_sweep_aupro(const metrics_sweep_t *sweep);

/* IF_AWAY: kept when a step away from the last point in x or y; IF_RIGHT: in x. */
typedef enum { METRICS_CURVE_ALWAYS, METRICS_CURVE_IF_AWAY, METRICS_CURVE_IF_RIGHT } metrics_curve_rule_t;
void metrics_curve_add(metrics_curve_t *curve, double x, double y, double threshold, metrics_curve_rule_t rule);

/* ---- Pixels -------------------------------------------------------------------------------------------------------- */
typedef struct {
    int64_t positives, negatives;
} metrics_image_t;
struct metrics_pixels {
    bool regions, images;
    metrics_store_t store;
    metrics_regions_t found; /* of the image being added */
    int64_t *region_size;    /* (region_count) */
    uint32_t *region_image;  /* (region_count) */
    uint32_t region_count;
    size_t size_capacity, region_capacity;
    metrics_image_t *image; /* (images_added) */
    size_t images_added, image_capacity;
};
/* Pixels of each class in the images that count; ST_EFORMAT when limit is not in (0,1]. */
status_t metrics_pixels_count(int64_t *positives, int64_t *negatives, int *images, const metrics_pixels_t *pixels,
                              double limit, const uint8_t *include);

/* For every image with an anomalous pixel (a row) and every image (a column): over all pairs of an anomalous pixel of
 * the row's and a normal pixel of the column's, 2 for each that the anomalous one loses and 1 for each tie. Whole
 * numbers, exact in a double below 2^53. */
typedef struct {
    int images, rows;
    int *row_image;                 /* (rows); owned */
    double *lost;                   /* (rows, images); owned */
    int64_t *positives, *negatives; /* (images); owned */
} metrics_pairs_t;
status_t metrics_pairs_count(metrics_pairs_t *out, metrics_pixels_t *pixels);
void metrics_pairs_free(metrics_pairs_t *pairs);
/* AUROC of the images taken times[i] (images) times each; NaN when a class is missing. */
double metrics_pairs_auroc(const metrics_pairs_t *pairs, const int32_t *times);

#endif
