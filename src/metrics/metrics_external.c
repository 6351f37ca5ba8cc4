#include "metrics/metrics_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Why the bits are the same as in memory: the sweep sums groups of equal keys, and a merge gives the same groups in the
 * same order; a group cut between two spans is put together again by the sweep. */

void metrics_file_free(metrics_file_t *file)
{
    if (file->descriptor >= 0) close(file->descriptor);
    free(file->directory);
    free(file->spill);
    *file = (metrics_file_t){.descriptor = -1};
}

static status_t create(metrics_file_t *file)
{
    char *path = base_format("%s/fgad-pixels-XXXXXX", file->directory);
    if (path == NULL) return ST_ENOMEM;
    status_t status = ST_OK;
    file->descriptor = mkostemp(path, O_CLOEXEC);
    if (file->descriptor < 0)
        status = fail(ST_EIO, "'%s': no file for pixels beyond metric_memory: %s", file->directory, strerror(errno));
    /* Without a name it goes when the process goes, however that ends. */
    else if (unlink(path) != 0)
        status = fail(ST_EIO, "'%s': cannot unlink: %s", path, strerror(errno));
    free(path);
    return status;
}

static status_t write_piece(metrics_piece_t *piece, metrics_file_t *file, const void *records, size_t count,
                            size_t size)
{
    *piece = (metrics_piece_t){file->size, count};
    const char *bytes = records;
    size_t left = count * size;
    while (left > 0) {
        ssize_t written = pwrite(file->descriptor, bytes, left, (off_t)file->size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0)
            return fail(ST_EIO, "'%s': cannot write %zu bytes of pixels beyond metric_memory: %s", file->directory,
                        left, written < 0 ? strerror(errno) : "nothing written");
        bytes += written;
        left -= (size_t)written;
        file->size += written;
    }
    return ST_OK;
}

status_t metrics_file_append(metrics_file_t *file, const metrics_store_t *store)
{
    if (file->descriptor < 0) TRY(create(file));
    void *grown = file->spill;
    status_t status = metrics_grow(&grown, &file->capacity, file->spills, 1, sizeof *file->spill);
    file->spill = grown;
    TRY(status);
    metrics_spill_t *spill = &file->spill[file->spills];
    TRY(write_piece(&spill->normal, file, store->normal, store->normals, metrics_normal_size(store->wide)));
    TRY(write_piece(&spill->anomalous, file, store->anomalous, store->anomalies, sizeof *store->anomalous));
    file->spills++;
    return ST_OK;
}

/* A piece being read: records used..filled of the window are in memory, `left` are still in the file. */
typedef struct {
    int64_t offset;
    size_t left;
    size_t size; /* of a record */
    char *window;
    size_t used, filled;
} stream_t;

static uint32_t window_key(const stream_t *stream, size_t i)
{
    if (stream->size == sizeof(uint32_t)) return ((const uint32_t *)(void *)stream->window)[i];
    return (uint32_t)(((const uint64_t *)(void *)stream->window)[i] >> 32);
}

static status_t refill(stream_t *stream, const metrics_file_t *file, size_t window)
{
    if (stream->used < stream->filled || stream->left == 0) return ST_OK;
    size_t count = stream->left < window ? stream->left : window;
    char *bytes = stream->window;
    size_t wanted = count * stream->size;
    while (wanted > 0) {
        ssize_t got = pread(file->descriptor, bytes, wanted, (off_t)stream->offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            return fail(ST_EIO, "'%s': cannot read pixels beyond metric_memory back: %s", file->directory,
                        got < 0 ? strerror(errno) : "the file is too short");
        bytes += got;
        wanted -= (size_t)got;
        stream->offset += got;
    }
    stream->left -= count;
    stream->used = 0;
    stream->filled = count;
    return ST_OK;
}

/* The largest key up to which every record is in some window (those that equal it perhaps not all). */
static uint32_t complete_key(const stream_t *streams, size_t count)
{
    uint32_t key = UINT32_MAX;
    for (size_t s = 0; s < count; s++) {
        if (streams[s].left == 0) continue;
        uint32_t last = window_key(&streams[s], streams[s].filled - 1);
        if (last < key) key = last;
    }
    return key;
}

/* Moves the records with keys <= key to out; returns how many. */
static size_t gather(char *out, stream_t *stream, uint32_t key)
{
    size_t low = stream->used, high = stream->filled;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (window_key(stream, middle) <= key)
            low = middle + 1;
        else
            high = middle;
    }
    size_t count = low - stream->used;
    if (count > 0) memcpy(out, stream->window + stream->used * stream->size, count * stream->size);
    stream->used = low;
    return count;
}

/* One block holds a window for every stream, the gathered records of both kinds, and the sort's scratch. */
typedef struct {
    stream_t *streams; /* (count): the normal pieces, then the anomalous ones; owned */
    size_t count;
    size_t window; /* records */
    char *block;   /* owned */
    char *normal, *anomalous, *scratch;
} merge_t;

static status_t merge_init(merge_t *merge, const metrics_file_t *file, bool wide, size_t memory)
{
    const size_t normal_size = metrics_normal_size(wide), anomalous_size = sizeof(uint64_t), spills = file->spills;
    const size_t bytes = 2 * normal_size + 3 * anomalous_size; /* of a record in every place */
    merge->count = 2 * spills;
    merge->window = memory / (spills * bytes);
    if (merge->window < 32) merge->window = 32;
    const size_t records = merge->window * spills;
    merge->streams = base_alloc(merge->count, sizeof *merge->streams);
    merge->block = base_alloc(records, bytes);
    if (merge->streams == NULL || merge->block == NULL) return ST_ENOMEM;
    /* 64-bit records first: they stay aligned whatever the number of 32-bit ones. */
    char *anomalous_windows = merge->block;
    merge->anomalous = anomalous_windows + records * anomalous_size;
    merge->scratch = merge->anomalous + records * anomalous_size;
    char *normal_windows = merge->scratch + records * anomalous_size;
    merge->normal = normal_windows + records * normal_size;
    for (size_t s = 0; s < spills; s++) {
        const metrics_spill_t *spill = &file->spill[s];
        merge->streams[s] = (stream_t){.offset = spill->normal.offset,
                                       .left = spill->normal.count,
                                       .size = normal_size,
                                       .window = normal_windows + s * merge->window * normal_size};
        merge->streams[spills + s] = (stream_t){.offset = spill->anomalous.offset,
                                                .left = spill->anomalous.count,
                                                .size = anomalous_size,
                                                .window = anomalous_windows + s * merge->window * anomalous_size};
    }
    return ST_OK;
}

static void merge_free(merge_t *merge)
{
    free(merge->streams);
    free(merge->block);
}

/* The next span, empty when all is done. Some stream is used up by each, so the merge ends. */
static status_t merge_next(metrics_span_t *span, merge_t *merge, const metrics_file_t *file)
{
    for (size_t s = 0; s < merge->count; s++) TRY(refill(&merge->streams[s], file, merge->window));
    uint32_t key = complete_key(merge->streams, merge->count);
    span->normals = span->anomalies = 0;
    for (size_t s = 0; s < merge->count / 2; s++) {
        stream_t *stream = &merge->streams[s];
        span->normals += gather(merge->normal + span->normals * stream->size, stream, key);
        stream = &merge->streams[merge->count / 2 + s];
        span->anomalies += gather(merge->anomalous + span->anomalies * stream->size, stream, key);
    }
    if (span->wide)
        metrics_sort_u64((void *)merge->normal, (void *)merge->scratch, span->normals);
    else
        metrics_sort_u32((void *)merge->normal, (void *)merge->scratch, span->normals);
    metrics_sort_u64((void *)merge->anomalous, (void *)merge->scratch, span->anomalies);
    span->normal = merge->normal;
    span->anomalous = (void *)merge->anomalous;
    return ST_OK;
}

status_t metrics_file_each(const metrics_file_t *file, bool wide, size_t memory, metrics_span_fn take, void *context)
{
    merge_t merge = {0};
    metrics_span_t span = {.wide = wide};
    status_t status = ST_OK;
    TRY_DONE(merge_init(&merge, file, wide, memory));
    for (;;) {
        TRY_DONE(merge_next(&span, &merge, file));
        if (span.normals + span.anomalies == 0) break;
        take(context, &span);
    }
done:
    merge_free(&merge);
    return status;
}
