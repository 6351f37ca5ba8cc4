#include "metrics/metrics_internal.h"

#include <stdlib.h>

/* All that the sweep asks of normal scores is how many lie between two neighbouring anomalous ones, and how many
 * equal one. Where anomalous pixels are few these are counted without sorting the normal ones: the same integers
 * reach the sweep, and the same bits come out, in half the memory.
 *
 * A score finds its place by two tables. The upper half of its key chooses a page; a page with n of the anomalous
 * keys is cut into 4 n equal cells or more, which say where to start among the keys. So crowded scores get fine
 * cells wherever they crowd, and outliers cost nothing. Two steps without a branch then reach the place, but for
 * crowds within a page. How often they do not is tried on a sample, and where it is often, or where sorting is
 * cheap, all is sorted. */

enum {
    PAGES = 1 << 16,
    MOST_KEYS = 1 << 15,     /* places beyond the caches' reach take longer than a sort */
    LEAST_LIMITED = 1 << 20, /* normal scores, from where a sort's scratch is larger than all tables */
    SAMPLE = 1 << 14,
    MOST_STEPS = SAMPLE / 8, /* beyond two, of the whole sample */
    LEAST_DIGITS = 3,        /* bytes in which keys differ: the passes of a sort */
};

typedef struct {
    uint32_t key;
    uint32_t scores[2]; /* normal ones above it and below the key before (of the last place: below all); equal to it */
} place_t;

typedef struct {
    place_t *place; /* (count + 2); the last two have no key */
    uint32_t count;
    uint32_t *cell; /* the first place whose key can be in it */
    struct {
        uint32_t first; /* of its cells */
        uint32_t shift; /* lower half of a key to a cell */
    } page[PAGES];
} counts_t;

static void counts_free(counts_t *counts)
{
    if (counts == NULL) return;
    free(counts->place);
    free(counts->cell);
    free(counts);
}

static uint32_t count_keys(const uint64_t *anomalous, size_t n)
{
    uint32_t count = 0;
    for (size_t i = 0; i < n && count <= MOST_KEYS; i++)
        count += i == 0 || (uint32_t)(anomalous[i] >> 32) != (uint32_t)(anomalous[i - 1] >> 32);
    return count;
}

/* anomalous (n): sorted, with `count` different keys. */
static status_t counts_make(counts_t **out, const uint64_t *anomalous, size_t n, uint32_t count)
{
    counts_t *counts = calloc(1, sizeof *counts);
    if (counts == NULL) return fail(ST_ENOMEM, "no memory to count scores");
    *out = counts;
    counts->count = count;
    counts->place = calloc((size_t)count + 2, sizeof *counts->place);
    counts->cell = base_alloc((size_t)PAGES + 8 * (size_t)count, sizeof *counts->cell);
    if (counts->place == NULL || counts->cell == NULL) return fail(ST_ENOMEM, "no memory to count scores");
    uint32_t k = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t key = (uint32_t)(anomalous[i] >> 32);
        if (i == 0 || counts->place[k - 1].key != key) counts->place[k++].key = key;
    }
    counts->place[count].key = counts->place[count + 1].key = UINT32_MAX; /* no finite score has it */
    uint32_t cells = 0;
    k = 0;
    for (uint32_t p = 0; p < PAGES; p++) {
        uint32_t end = k, bits = 0;
        while (end < count && counts->place[end].key >> 16 == p) end++;
        while ((uint32_t)1 << bits < end - k) bits++;
        if (end > k) bits = bits < 14 ? bits + 2 : 16;
        counts->page[p].first = cells;
        counts->page[p].shift = 16 - bits;
        for (uint32_t c = 0; c < (uint32_t)1 << bits; c++) {
            while (k < end && (counts->place[k].key & 0xFFFF) >> (16 - bits) < c) k++;
            counts->cell[cells++] = k;
        }
        k = end;
    }
    return ST_OK;
}

static inline uint32_t start_of(const counts_t *counts, uint32_t key)
{
    return counts->cell[counts->page[key >> 16].first + ((key & 0xFFFF) >> counts->page[key >> 16].shift)];
}

static inline uint32_t two_steps(const counts_t *counts, uint32_t key)
{
    uint32_t k = start_of(counts, key);
    k += counts->place[k].key < key;
    return k + (counts->place[k].key < key);
}

static uint32_t sample_of(const uint32_t *normal, size_t n, uint32_t s)
{
    return normal[(uint64_t)(s * 2654435761u) * n >> 32];
}

/* Whether keys differ in so few bytes that a sort has little to do: looked at before any table is made. */
static bool is_sort_cheap(const uint32_t *normal, size_t n)
{
    uint32_t differ = 0, digits = 0;
    for (uint32_t s = 0; s < SAMPLE; s++) differ |= sample_of(normal, n, s) ^ normal[0];
    for (; differ != 0; differ >>= 8) digits += (differ & 0xFF) != 0;
    return digits < LEAST_DIGITS;
}

static bool is_faster(const counts_t *counts, const uint32_t *normal, size_t n)
{
    uint32_t steps = 0;
    for (uint32_t s = 0; s < SAMPLE; s++) {
        const uint32_t key = sample_of(normal, n, s);
        for (uint32_t k = two_steps(counts, key); counts->place[k].key < key; k++) steps++;
    }
    return steps <= MOST_STEPS;
}

static void count_normals(counts_t *counts, const uint32_t *normal, size_t n)
{
    place_t *place = counts->place;
    for (size_t i = 0; i < n; i++) {
        const uint32_t key = normal[i];
        uint32_t k = two_steps(counts, key);
        while (place[k].key < key) k++;
        place[k].scores[place[k].key == key]++;
    }
}

static void give(metrics_sweep_t *sweep, const counts_t *counts, const uint64_t *anomalous, size_t n)
{
    size_t j = 0;
    for (uint32_t k = 0; k < counts->count; k++) {
        const place_t *place = &counts->place[k];
        metrics_sweep_group(sweep, place->key, place->scores[0], place->scores[1]);
        for (; j < n && (uint32_t)(anomalous[j] >> 32) == place->key; j++) {
            sweep->group_positives++;
            if (sweep->weight != NULL) sweep->group_weight += sweep->weight[(uint32_t)anomalous[j]];
        }
    }
    metrics_sweep_rest(sweep, counts->place[counts->count].scores[0]);
}

status_t metrics_sweep_store(metrics_sweep_t *sweep, metrics_store_t *store)
{
    counts_t *counts = NULL;
    bool counted = !store->wide && !store->sorted && store->file.spills == 0 && store->anomalies > 0 &&
                   store->anomalies <= store->normals / 8 && store->normals < UINT32_MAX &&
                   (store->memory == 0 || store->normals > LEAST_LIMITED) &&
                   !is_sort_cheap(store->normal, store->normals);
    status_t status = ST_OK;
    if (counted) {
        TRY(metrics_store_sort_anomalous(store));
        const uint32_t count = count_keys(store->anomalous, store->anomalies);
        counted = count <= MOST_KEYS;
        if (counted) {
            TRY_DONE(counts_make(&counts, store->anomalous, store->anomalies, count));
            counted = is_faster(counts, store->normal, store->normals);
        }
    }
    if (counted) {
        count_normals(counts, store->normal, store->normals);
        give(sweep, counts, store->anomalous, store->anomalies);
    } else {
        status = metrics_store_each(store, metrics_sweep_take, sweep);
    }
done:
    counts_free(counts);
    return status;
}
