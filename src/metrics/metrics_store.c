#include "metrics/metrics_internal.h"

#include <stdlib.h>

int64_t metrics_first_not_finite(const float *scores, int64_t n)
{
    /* By blocks, so that the common case has no branch a score. */
    enum { BLOCK = 1024 };
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t end = n - start < BLOCK ? n : start + BLOCK;
        uint32_t bad = 0;
        for (int64_t i = start; i < end; i++) {
            uint32_t bits;
            memcpy(&bits, &scores[i], sizeof bits);
            bad |= (bits & 0x7F800000u) == 0x7F800000u;
        }
        if (bad == 0) continue;
        for (int64_t i = start; i < end; i++) {
            uint32_t bits;
            memcpy(&bits, &scores[i], sizeof bits);
            if ((bits & 0x7F800000u) == 0x7F800000u) return i;
        }
    }
    return n;
}

void metrics_store_init(metrics_store_t *store, bool wide)
{
    *store = (metrics_store_t){.wide = wide};
}

void metrics_store_free(metrics_store_t *store)
{
    free(store->normal);
    free(store->anomalous);
    *store = (metrics_store_t){.wide = store->wide};
}

static size_t normal_size(const metrics_store_t *store)
{
    return store->wide ? sizeof(uint64_t) : sizeof(uint32_t);
}

/* Room for `more` records after `used`. realloc moves large blocks by remapping, so growing by halves costs no copy and
 * no memory that is not written. */
static status_t grow(void **records, size_t *capacity, size_t used, size_t more, size_t size)
{
    if (more <= *capacity - used) return ST_OK;
    size_t wanted = used + more;
    size_t next = *capacity + *capacity / 2;
    if (next < wanted) next = wanted;
    if (next < 64) next = 64;
    void *grown = next > SIZE_MAX / size ? NULL : realloc(*records, next * size);
    if (grown == NULL) return fail(ST_ENOMEM, "no memory for the scores of %zu pixels (%zu bytes each)", next, size);
    *records = grown;
    *capacity = next;
    return ST_OK;
}

status_t metrics_store_add_normal(metrics_store_t *store, const float *scores, size_t n, uint32_t image)
{
    TRY(grow(&store->normal, &store->normal_capacity, store->normals, n, normal_size(store)));
    store->sorted = false;
    if (store->wide) {
        uint64_t *out = (uint64_t *)store->normal + store->normals;
        for (size_t i = 0; i < n; i++) out[i] = (uint64_t)metrics_key(scores[i]) << 32 | image;
    } else {
        uint32_t *out = (uint32_t *)store->normal + store->normals;
        for (size_t i = 0; i < n; i++) out[i] = metrics_key(scores[i]);
    }
    store->normals += n;
    return ST_OK;
}

status_t metrics_store_add_anomalous(metrics_store_t *store, const float *scores, size_t n, uint32_t region)
{
    void *records = store->anomalous;
    status_t status = grow(&records, &store->anomalous_capacity, store->anomalies, n, sizeof *store->anomalous);
    store->anomalous = records;
    TRY(status);
    store->sorted = false;
    uint64_t *out = store->anomalous + store->anomalies;
    for (size_t i = 0; i < n; i++) out[i] = (uint64_t)metrics_key(scores[i]) << 32 | region;
    store->anomalies += n;
    return ST_OK;
}

static status_t sort_records(metrics_store_t *store)
{
    size_t normal_bytes = store->normals * normal_size(store);
    size_t anomalous_bytes = store->anomalies * sizeof *store->anomalous;
    size_t bytes = normal_bytes > anomalous_bytes ? normal_bytes : anomalous_bytes;
    if (bytes == 0) return ST_OK;
    void *scratch = malloc(bytes);
    if (scratch == NULL)
        return fail(ST_ENOMEM, "no memory to sort %zu bytes of scores (hint: set metric_memory)", bytes);
    if (store->wide)
        metrics_sort_u64(store->normal, scratch, store->normals);
    else
        metrics_sort_u32(store->normal, scratch, store->normals);
    metrics_sort_u64(store->anomalous, scratch, store->anomalies);
    free(scratch);
    return ST_OK;
}

status_t metrics_store_each(metrics_store_t *store, metrics_span_fn take, void *context)
{
    if (!store->sorted) TRY(sort_records(store));
    store->sorted = true;
    metrics_span_t span = {store->normal, store->normals, store->anomalous, store->anomalies, store->wide};
    take(context, &span);
    return ST_OK;
}
