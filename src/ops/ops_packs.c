/* Right factors of frozen weights as products read them, each made once, in memory that is lent. It may be common to processes
 * that added the same matrices in the same order: who first wants a factor makes it, and all others go on without until it is
 * there. One that ended while it made one leaves all without that one. */
#include "ops/ops_internal.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { LINE = 64, NOBODY = 0, BEGUN = 1, MADE = 2 };

/* A factor, and where it begins in the memory, in bytes; its state lies in a line of the first `count`. */
struct ops_pack {
    const float *w;
    int N, K, line;
    bool back;
    size_t at;
};

static int compare(const void *left, const void *right)
{
    const ops_pack_t *a = left, *b = right;
    if (a->w != b->w) return a->w < b->w ? -1 : 1;
    if (a->N != b->N) return a->N < b->N ? -1 : 1;
    if (a->K != b->K) return a->K < b->K ? -1 : 1;
    return (int)a->back - (int)b->back;
}

status_t ops_packs_add(ops_packs_t *packs, const float *w, int N, int K, bool back, size_t floats)
{
    if (packs->count == packs->most) {
        const int most = 2 * packs->most + 16;
        ops_pack_t *more = realloc(packs->pack, (size_t)most * sizeof *more);
        if (more == NULL) return fail(ST_ENOMEM, "out of memory for products");
        packs->pack = more, packs->most = most;
    }
    const size_t bytes = (floats * sizeof(float) + LINE - 1) / LINE * LINE;
    packs->pack[packs->count] = (ops_pack_t){w, N, K, packs->count, back, packs->bytes};
    packs->count++, packs->bytes += bytes;
    return ST_OK;
}

size_t ops_packs_bytes(const ops_packs_t *packs)
{
    return packs->bytes + (size_t)packs->count * LINE;
}

void ops_packs_lend(ops_packs_t *packs, void *memory)
{
    REQUIRE(packs->memory == NULL && (uintptr_t)memory % LINE == 0);
    packs->memory = memory;
    qsort(packs->pack, (size_t)packs->count, sizeof *packs->pack, compare);
}

void ops_packs_free(ops_packs_t *packs)
{
    free(packs->pack);
    *packs = (ops_packs_t){0};
}

static _Atomic int *state_of(const ops_packs_t *packs, const ops_pack_t *pack)
{
    return (_Atomic int *)(void *)(packs->memory + (size_t)pack->line * LINE);
}

const ops_pack_t *ops_packs_find(const ops_packs_t *packs, const float *w, int N, int K, bool back)
{
    const ops_pack_t key = {.w = w, .N = N, .K = K, .back = back};
    if (packs->memory == NULL) return NULL;
    return bsearch(&key, packs->pack, (size_t)packs->count, sizeof key, compare);
}

static float *floats_of(const ops_packs_t *packs, const ops_pack_t *pack)
{
    return (float *)(void *)(packs->memory + (size_t)packs->count * LINE + pack->at);
}

const float *ops_packs_read(const ops_packs_t *packs, const ops_pack_t *pack)
{
    return atomic_load_explicit(state_of(packs, pack), memory_order_acquire) == MADE ? floats_of(packs, pack) : NULL;
}

float *ops_packs_begin(const ops_packs_t *packs, const ops_pack_t *pack)
{
    int nobody = NOBODY;
    return atomic_compare_exchange_strong(state_of(packs, pack), &nobody, BEGUN) ? floats_of(packs, pack) : NULL;
}

void ops_packs_end(const ops_packs_t *packs, const ops_pack_t *pack)
{
    atomic_store_explicit(state_of(packs, pack), MADE, memory_order_release);
}
