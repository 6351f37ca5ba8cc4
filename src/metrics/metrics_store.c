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

status_t metrics_store_init(metrics_store_t *store, bool wide, size_t memory, const char *directory)
{
    *store = (metrics_store_t){.wide = wide, .memory = memory, .file = {.descriptor = -1}};
    if (memory == 0) return ST_OK;
    store->file.directory = base_format("%s", directory != NULL ? directory : "/tmp");
    return store->file.directory != NULL ? ST_OK : ST_ENOMEM;
}

static void free_records(metrics_store_t *store)
{
    free(store->normal);
    free(store->anomalous);
    free(store->scratch);
    store->normal = store->anomalous = store->scratch = NULL;
    store->normals = store->normal_capacity = 0;
    store->anomalies = store->anomalous_capacity = 0;
    store->scratch_capacity = 0;
}

void metrics_store_free(metrics_store_t *store)
{
    free_records(store);
    metrics_file_free(&store->file);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static status_t take_scratch(metrics_store_t *store, size_t bytes)
{
    if (bytes <= store->scratch_capacity) return ST_OK;
    free(store->scratch);
    store->scratch = malloc(bytes);
    store->scratch_capacity = store->scratch != NULL ? bytes : 0;
    if (store->scratch == NULL)
        return fail(ST_ENOMEM, "no memory to sort %zu bytes of scores (hint: metric_memory)", bytes);
    return ST_OK;
}

status_t metrics_store_sort_anomalous(metrics_store_t *store)
{
    if (store->sorted) return ST_OK;
    TRY(take_scratch(store, store->anomalies * sizeof(uint64_t)));
    metrics_sort_u64(store->anomalous, store->scratch, store->anomalies);
    return ST_OK;
}

static status_t sort_records(metrics_store_t *store)
{
    if (store->sorted) return ST_OK;
    TRY(take_scratch(store,
                     larger(store->normals * metrics_normal_size(store->wide), store->anomalies * sizeof(uint64_t))));
    if (store->wide)
        metrics_sort_u64(store->normal, store->scratch, store->normals);
    else
        metrics_sort_u32(store->normal, store->scratch, store->normals);
    metrics_sort_u64(store->anomalous, store->scratch, store->anomalies);
    store->sorted = true;
    return ST_OK;
}

static status_t spill(metrics_store_t *store)
{
    TRY(sort_records(store));
    TRY(metrics_file_append(&store->file, store));
    store->normals = store->anomalies = 0;
    return ST_OK;
}

/* Sends the records to the file when so many more would pass the limit, sorting included. */
static status_t make_room(metrics_store_t *store, size_t more_normals, size_t more_anomalies)
{
    if (store->memory == 0) return ST_OK;
    size_t normal = (store->normals + more_normals) * metrics_normal_size(store->wide);
    size_t anomalous = (store->anomalies + more_anomalies) * sizeof(uint64_t);
    if (normal + anomalous + larger(normal, anomalous) <= store->memory) return ST_OK;
    return store->normals + store->anomalies > 0 ? spill(store) : ST_OK;
}

/* Scores are added by pieces, so that the limit holds whatever the size of an image. */
enum { PIECE = 1024 };

status_t metrics_store_add_normal(metrics_store_t *store, const float *scores, size_t n, uint32_t image)
{
    for (size_t start = 0; start < n; start += PIECE) {
        size_t count = n - start < PIECE ? n - start : PIECE;
        TRY(make_room(store, count, 0));
        TRY(metrics_grow(&store->normal, &store->normal_capacity, store->normals, count,
                         metrics_normal_size(store->wide)));
        if (store->wide) {
            uint64_t *out = (uint64_t *)store->normal + store->normals;
            for (size_t i = 0; i < count; i++) out[i] = (uint64_t)metrics_key(scores[start + i]) << 32 | image;
        } else {
            uint32_t *out = (uint32_t *)store->normal + store->normals;
            for (size_t i = 0; i < count; i++) out[i] = metrics_key(scores[start + i]);
        }
        store->normals += count;
        store->sorted = false;
    }
    return ST_OK;
}

status_t metrics_store_add_anomalous(metrics_store_t *store, const float *scores, size_t n, uint32_t region)
{
    for (size_t start = 0; start < n; start += PIECE) {
        size_t count = n - start < PIECE ? n - start : PIECE;
        TRY(make_room(store, 0, count));
        void *grown = store->anomalous;
        status_t status =
            metrics_grow(&grown, &store->anomalous_capacity, store->anomalies, count, sizeof *store->anomalous);
        store->anomalous = grown;
        TRY(status);
        uint64_t *out = store->anomalous + store->anomalies;
        for (size_t i = 0; i < count; i++) out[i] = (uint64_t)metrics_key(scores[start + i]) << 32 | region;
        store->anomalies += count;
        store->sorted = false;
    }
    return ST_OK;
}

status_t metrics_store_each(metrics_store_t *store, metrics_span_fn take, void *context)
{
    if (store->file.spills > 0) {
        if (store->normals + store->anomalies > 0) TRY(spill(store));
        free_records(store);
        return metrics_file_each(&store->file, store->wide, store->memory, take, context);
    }
    TRY(sort_records(store));
    /* The walk needs no scratch, and what is measured next may need the memory. */
    free(store->scratch);
    store->scratch = NULL;
    store->scratch_capacity = 0;
    metrics_span_t span = {store->normal, store->normals, store->anomalous, store->anomalies, store->wide};
    take(context, &span);
    return ST_OK;
}
