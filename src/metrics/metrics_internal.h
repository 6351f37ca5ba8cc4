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

typedef struct {
    void *normal; /* owned; capacity in records */
    size_t normals, normal_capacity;
    uint64_t *anomalous; /* owned */
    size_t anomalies, anomalous_capacity;
    bool wide;
    bool sorted;
} metrics_store_t;

void metrics_store_init(metrics_store_t *store, bool wide);
void metrics_store_free(metrics_store_t *store);
/* Both add n finite scores. `image` counts in a wide store only. */
status_t metrics_store_add_normal(metrics_store_t *store, const float *scores, size_t n, uint32_t image);
status_t metrics_store_add_anomalous(metrics_store_t *store, const float *scores, size_t n, uint32_t region);
/* Gives all records to `take` in ascending order of keys, in one span or more. May be called again. */
status_t metrics_store_each(metrics_store_t *store, metrics_span_fn take, void *context);

/* ---- Sweep ---------------------------------------------------------------------------------------------------------
 * The walk from the highest score to the lowest. All counts are integers, so that neither the order within a tie nor
 * the cut into spans can change a bit. Set the first block, zero the rest, give spans, finish. */
typedef struct {
    int64_t positives, negatives; /* of all records that count */

    bool open; /* a group of equal keys is being gathered; it may go on in the next span */
    uint32_t key;
    int64_t group_positives, group_negatives;
    int64_t tp, fp; /* with a score above the group's */

    metrics_u128_t above; /* sum over positives of 2 * (negatives above) + (negatives equal) */
    double precision_sum;
    double f1_max;
    uint32_t f1_key;
} metrics_sweep_t;

void metrics_sweep_take(void *sweep, const metrics_span_t *span);
/* Closes the last group. */
void metrics_sweep_finish(metrics_sweep_t *sweep);
void metrics_sweep_ranking(metrics_ranking_t *out, const metrics_sweep_t *sweep);

#endif
