/* What products by Strassen's scheme compute with: the inner loops of this processor, memory for each thread, packed weights. */
#include "ops/ops_internal.h"

#include <stdatomic.h>
#include <stdlib.h>

struct ops_strassen {
    const ops_tile_t *tile;
    ops_packs_t packs;
    ops_strassen_slot_t *slot;
    atomic_flag *taken; /* of each slot */
    int slots;
    size_t left; /* floats of a slot's left part */
};

/* 8 or 16 lanes at most, as FGAD_MAX_ISA of the environment says; 0: it says something else. */
static int most_lanes(void)
{
    const char *isa = getenv("FGAD_MAX_ISA");
    if (isa == NULL || isa[0] == '\0' || strcmp(isa, "avx512") == 0) return 16;
    return strcmp(isa, "avx2") == 0 ? 8 : 0;
}

#ifdef FGAD_TILES
static const ops_tile_t *find_tile(int lanes)
{
    if (lanes >= 16 && most_lanes() >= 16 && __builtin_cpu_supports("avx512f")) return &ops_tile_avx512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &ops_tile_avx2 : NULL;
}
#else
static const ops_tile_t *find_tile(int lanes)
{
    (void)lanes;
    return NULL;
}
#endif

status_t ops_strassen_check(void)
{
    if (most_lanes() == 0)
        return fail(ST_EFORMAT, "FGAD_MAX_ISA is '%s', expected avx2 or avx512", getenv("FGAD_MAX_ISA"));
    if (find_tile(16) != NULL) return ST_OK;
    return fail(
        ST_EFORMAT,
        "precision is strassen, but this processor has neither AVX-512 nor AVX2 with FMA (hint: precision: f32)");
}

static status_t open_slots(ops_strassen_t *set, int threads, const size_t floats[3])
{
    set->slot = calloc((size_t)threads, sizeof *set->slot);
    set->taken = calloc((size_t)threads, sizeof *set->taken);
    if (set->slot == NULL || set->taken == NULL) return fail(ST_ENOMEM, "out of memory for %d threads", threads);
    for (; set->slots < threads; set->slots++) {
        /* Touched as far as products are large. */
        float *all = base_alloc(floats[0] + floats[1] + floats[2], sizeof *all);
        if (all == NULL) return ST_ENOMEM;
        set->slot[set->slots] = (ops_strassen_slot_t){all, all + floats[0], all + floats[0] + floats[1]};
    }
    return ST_OK;
}

status_t ops_strassen_open_set(ops_strassen_t **out, int threads, int lanes, const size_t floats[3])
{
    *out = NULL;
    TRY(ops_strassen_check());
    ops_strassen_t *set = calloc(1, sizeof *set);
    if (set == NULL) return fail(ST_ENOMEM, "out of memory for products");
    set->tile = find_tile(lanes);
    set->left = floats[0];
    const status_t status = open_slots(set, threads, floats);
    if (status == ST_OK)
        *out = set;
    else
        ops_strassen_close(set);
    return status;
}

void ops_strassen_close(ops_strassen_t *set)
{
    if (set == NULL) return;
    for (int s = 0; s < set->slots; s++) free(set->slot[s].left);
    ops_packs_free(&set->packs);
    free(set->taken);
    free(set->slot);
    free(set);
}

const ops_strassen_slot_t *ops_strassen_take_slot(const ops_strassen_t *set)
{
    for (int s = 0; s < set->slots; s++)
        if (!atomic_flag_test_and_set(&set->taken[s])) return &set->slot[s];
    REQUIRE(!"more threads than the set was opened for");
    return NULL;
}

float *ops_strassen_take(const ops_strassen_t *set, size_t floats)
{
    return floats <= set->left ? ops_strassen_take_slot(set)->left : NULL;
}

void ops_strassen_give(const ops_strassen_t *set, const float *scratch)
{
    for (int s = 0; s < set->slots; s++)
        if (set->slot[s].left == scratch) atomic_flag_clear(&set->taken[s]);
}

const ops_tile_t *ops_strassen_tile(const ops_strassen_t *set)
{
    return set->tile;
}

const ops_packs_t *ops_strassen_packs(const ops_strassen_t *set)
{
    return &set->packs;
}

status_t ops_strassen_add_pack(ops_strassen_t *set, const float *w, int N, int K, bool back, size_t floats)
{
    return ops_packs_add(&set->packs, w, N, K, back, floats);
}

void ops_strassen_lend(ops_strassen_t *set, void *room)
{
    ops_packs_lend(&set->packs, room);
}
