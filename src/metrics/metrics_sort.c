#include "metrics/metrics_internal.h"

/* Least significant digit first, 8 bits a digit: four passes, an even number, so that the result ends in place. On
 * 27 million keys 256 destinations stay within the caches' and the TLB's reach; 2048 (three passes) were slower. A
 * digit that all keys share needs no pass; the last copy is for an odd number of passes. */
enum { DIGIT_BITS = 8, DIGITS = 4, BUCKETS = 1 << DIGIT_BITS };

typedef struct {
    size_t start[DIGITS][BUCKETS];
    bool needed[DIGITS];
} histogram_t;

static void count_to_start(histogram_t *histogram, size_t n)
{
    for (int d = 0; d < DIGITS; d++) {
        size_t sum = 0;
        histogram->needed[d] = true;
        for (int b = 0; b < BUCKETS; b++) {
            size_t count = histogram->start[d][b];
            if (count == n) histogram->needed[d] = false;
            histogram->start[d][b] = sum;
            sum += count;
        }
    }
}

void metrics_sort_u32(uint32_t *keys, uint32_t *scratch, size_t n)
{
    if (n < 2) return;
    histogram_t histogram = {0};
    for (size_t i = 0; i < n; i++)
        for (int d = 0; d < DIGITS; d++) histogram.start[d][(keys[i] >> (DIGIT_BITS * d)) & (BUCKETS - 1)]++;
    count_to_start(&histogram, n);
    uint32_t *from = keys, *to = scratch;
    for (int d = 0; d < DIGITS; d++) {
        if (!histogram.needed[d]) continue;
        size_t *next = histogram.start[d];
        int shift = DIGIT_BITS * d;
        for (size_t i = 0; i < n; i++) {
            uint32_t key = from[i];
            to[next[(key >> shift) & (BUCKETS - 1)]++] = key;
        }
        uint32_t *swap = from;
        from = to, to = swap;
    }
    if (from != keys) memcpy(keys, from, n * sizeof *keys);
}

void metrics_sort_u64(uint64_t *records, uint64_t *scratch, size_t n)
{
    if (n < 2) return;
    histogram_t histogram = {0};
    for (size_t i = 0; i < n; i++)
        for (int d = 0; d < DIGITS; d++) histogram.start[d][(records[i] >> (32 + DIGIT_BITS * d)) & (BUCKETS - 1)]++;
    count_to_start(&histogram, n);
    uint64_t *from = records, *to = scratch;
    for (int d = 0; d < DIGITS; d++) {
        if (!histogram.needed[d]) continue;
        size_t *next = histogram.start[d];
        int shift = 32 + DIGIT_BITS * d;
        for (size_t i = 0; i < n; i++) {
            uint64_t record = from[i];
            to[next[(record >> shift) & (BUCKETS - 1)]++] = record;
        }
        uint64_t *swap = from;
        from = to, to = swap;
    }
    if (from != records) memcpy(records, from, n * sizeof *records);
}
