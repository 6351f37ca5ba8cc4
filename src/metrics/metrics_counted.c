#include "metrics/metrics_internal.h"

#include <stdlib.h>

/* All that the sweep asks of normal scores is how many lie between two neighbouring anomalous ones, and how many equal
 * one. Anomalous pixels are few, so these are counted without sorting the normal ones: the same integers reach the sweep,
 * and the same bits come out. */

enum { TABLE_BITS = 18 };

typedef struct {
    uint32_t *key;    /* (count) different keys of anomalous scores, ascending */
    uint32_t *normal; /* (2 count + 1): [2k] below key k and above key k-1, [2k+1] equal to key k, [2 count] the rest */
    uint32_t *start;  /* (1 << TABLE_BITS): the first key of each stretch of keys, or of the next that has one */
    size_t count;
    int shift; /* key - key[0] >> shift is its stretch */
} counts_t;

static void counts_free(counts_t *counts)
{
    free(counts->key);
    free(counts->normal);
    free(counts->start);
}

static status_t counts_make(counts_t *counts, const uint64_t *anomalous, size_t n)
{
    *counts = (counts_t){.key = base_alloc(n, sizeof(uint32_t)),
                         .normal = calloc(2 * n + 1, sizeof(uint32_t)),
                         .start = base_alloc((size_t)1 << TABLE_BITS, sizeof(uint32_t))};
    if (counts->key == NULL || counts->normal == NULL || counts->start == NULL)
        return fail(ST_ENOMEM, "no memory to count the scores between %zu others (hint: metric_memory)", n);
    for (size_t i = 0; i < n; i++) {
        uint32_t key = (uint32_t)(anomalous[i] >> 32);
        if (counts->count == 0 || counts->key[counts->count - 1] != key) counts->key[counts->count++] = key;
    }
    uint32_t range = counts->key[counts->count - 1] - counts->key[0];
    while (range >> counts->shift >> TABLE_BITS != 0) counts->shift++;
    size_t k = 0;
    for (uint32_t s = 0; s < (uint32_t)1 << TABLE_BITS; s++) {
        while (k < counts->count && (counts->key[k] - counts->key[0]) >> counts->shift < s) k++;
        counts->start[s] = (uint32_t)k;
    }
    return ST_OK;
}

static void count_normals(counts_t *counts, const uint32_t *normal, size_t n)
{
    const uint32_t *key = counts->key, lowest = key[0], highest = key[counts->count - 1];
    uint32_t *number = counts->normal, above = 0, below = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t own = normal[i];
        if (own < lowest) {
            above++;
        } else if (own > highest) {
            below++;
        } else {
            size_t k = counts->start[(own - lowest) >> counts->shift];
            while (key[k] < own) k++;
            number[2 * k + (key[k] == own)]++;
        }
    }
    number[0] += above;
    number[2 * counts->count] += below;
}

status_t metrics_sweep_counted(metrics_sweep_t *sweep, metrics_store_t *store)
{
    counts_t counts;
    status_t status = ST_ENOMEM;
    uint64_t *scratch = base_alloc(store->anomalies, sizeof *scratch);
    if (scratch == NULL) return ST_ENOMEM;
    metrics_sort_u64(store->anomalous, scratch, store->anomalies);
    free(scratch);
    TRY_DONE(counts_make(&counts, store->anomalous, store->anomalies));
    count_normals(&counts, store->normal, store->normals);
    size_t j = 0;
    for (size_t k = 0; k < counts.count; k++) {
        metrics_sweep_group(sweep, counts.key[k], counts.normal[2 * k], counts.normal[2 * k + 1]);
        for (; j < store->anomalies && (uint32_t)(store->anomalous[j] >> 32) == counts.key[k]; j++) {
            sweep->group_positives++;
            if (sweep->weight != NULL) sweep->group_weight += sweep->weight[(uint32_t)store->anomalous[j]];
        }
    }
    metrics_sweep_rest(sweep, counts.normal[2 * counts.count]);
done:
    counts_free(&counts);
    return status;
}
