#include "base/base.h"

#include <math.h>
#include <string.h>

/* Philox 4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. */
void rng_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

uint64_t base_hash(uint64_t state, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++) state = (state ^ byte[i]) * 1099511628211ULL;
    return state;
}

/* Spreads every bit of a hash over all 64 (the finaliser of splitmix64). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

static uint64_t hash_string(uint64_t state, const char *text)
{
    uint64_t length = strlen(text);
    return base_hash(base_hash(state, &length, sizeof length), text, (size_t)length);
}

static rng_t from_key(uint64_t key)
{
    return (rng_t){.key = {(uint32_t)key, (uint32_t)(key >> 32)}};
}

rng_t rng_init(const char *dataset, const char *category, int shots, uint64_t seed, const char *purpose)
{
    uint64_t numbers[2] = {(uint64_t)shots, seed};
    uint64_t key = hash_string(BASE_HASH_SEED, dataset);
    key = hash_string(key, category);
    key = base_hash(key, numbers, sizeof numbers);
    key = hash_string(key, purpose);
    return from_key(mix(key));
}

rng_t rng_split(const rng_t *rng, uint64_t index)
{
    uint64_t key = (uint64_t)rng->key[1] << 32 | rng->key[0];
    return from_key(mix(key ^ mix(index + 0x9E3779B97F4A7C15ULL)));
}

uint32_t rng_u32(rng_t *rng)
{
    if (rng->left == 0) {
        uint32_t counter[4] = {(uint32_t)rng->counter, (uint32_t)(rng->counter >> 32), 0, 0};
        rng_philox(rng->words, counter, rng->key);
        rng->counter++;
        rng->left = 4;
    }
    return rng->words[4 - rng->left--];
}

double rng_uniform(rng_t *rng)
{
    uint64_t high = rng_u32(rng);
    uint64_t low = rng_u32(rng);
    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

double rng_normal(rng_t *rng)
{
    if (rng->has_spare) {
        rng->has_spare = false;
        return rng->spare;
    }
    double radius = sqrt(-2.0 * log(1.0 - rng_uniform(rng)));
    double angle = 6.283185307179586476925 * rng_uniform(rng);
    rng->spare = radius * sin(angle);
    rng->has_spare = true;
    return radius * cos(angle);
}

uint32_t rng_below(rng_t *rng, uint32_t n)
{
    REQUIRE(n > 0);
    /* Words below 2^32 mod n would favour the small values: draw again (Lemire's threshold). */
    uint32_t threshold = (0u - n) % n;
    for (;;) {
        uint64_t product = (uint64_t)rng_u32(rng) * n;
        if ((uint32_t)product >= threshold) return (uint32_t)(product >> 32);
    }
}

void rng_permutation(int *out, rng_t *rng, int n)
{
    for (int i = 0; i < n; i++) {
        int j = (int)rng_below(rng, (uint32_t)i + 1);
        out[i] = out[j];
        out[j] = i;
    }
}
