/* Ranks that compute with different kernels, and a cache that others made: told, for last bits depend on it. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>

/* "Haswell, 1 thread (3 ranks); SkylakeX, 1 thread (1 rank)" of (size) sets of one kind each. */
static char *count_ranks(const store_made_on_t *all, const store_made_on_t *of, int size)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (out == NULL) return NULL;
    for (const char *at = all->text; *at != '\0';) {
        size_t length = strcspn(at, ";");
        int ranks = 0;
        for (int r = 0; r < size; r++) ranks += strlen(of[r].text) == length && memcmp(of[r].text, at, length) == 0;
        fprintf(out, "%s%.*s (%d rank%s)", at == all->text ? "" : "; ", (int)length, at, ranks, ranks == 1 ? "" : "s");
        at += length;
        at += strspn(at, "; ");
    }
    return fclose(out) == 0 ? text : NULL;
}

status_t suite_made_on_gather(store_made_on_t *set, char **kinds, const suite_comm_t *comm)
{
    store_made_on_t *all = calloc((size_t)comm->size, sizeof *all);
    status_t status = suite_agree(comm, all != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory: %d ranks", comm->size));
    if (status != ST_OK) {
        free(all); /* it is another rank that has none */
        return status;
    }
    /* A row a rank, zeros in the others': the largest byte is the row's own. */
    all[comm->rank] = *set;
    suite_comm_all(comm, all, comm->size * (int)sizeof *all, SUITE_MAX_BYTES);
    for (int r = 0; r < comm->size; r++) store_made_on_add(set, all[r].text);
    if (kinds != NULL) *kinds = count_ranks(set, all, comm->size);
    free(all);
    return ST_OK;
}

/* Whether features or heads that are there already will be read. */
static bool uses_cache(const plan_items_t *items)
{
    for (int i = 0; i < items->count; i++) {
        const plan_item_t *item = &items->items[i];
        if (item->kind != PLAN_EVALUATE || item->state == PLAN_DONE) continue;
        for (int n = 0; n < item->need_count; n++)
            if (items->items[item->needs[n]].reused) return true;
    }
    return false;
}

void suite_made_on_begin(const plan_t *plan, const store_made_on_t *ranks, const char *kinds, const plan_items_t *items)
{
    store_made_on_t cache, both = *ranks;
    int own = store_made_on_count(ranks);
    if (own > 1)
        log_warn("the ranks compute with %d kinds of kernels: %s; last bits of a result depend on who makes it (hint: "
                 "OPENBLAS_CORETYPE=... of the oldest processor, for all)",
                 own, kinds != NULL ? kinds : ranks->text);
    store_made_on_cache(&cache, plan);
    store_made_on_add(&both, cache.text);
    if (store_made_on_count(&both) > own && uses_cache(items))
        log_warn(
            "the cache in '%s/cache' was made on %s, this run computes on %s: last bits of a result depend on what "
            "is used again (hint: OPENBLAS_CORETYPE=... as the cache's, or another output)",
            plan->points[0].output, cache.text, ranks->text);
    store_made_on_cache_add(plan, ranks);
}
