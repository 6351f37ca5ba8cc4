#include "metrics/metrics_internal.h"

#include <math.h>
#include <stdlib.h>

/* AUROC over a multiset of images is a sum over pairs of images of the pairs of pixels lost between them, so one walk
 * over all pixels serves any number of resamples. */

typedef struct {
    const uint32_t *region_image;
    const int *image_row; /* (images): the row of an image with anomalous pixels, or -1 */
    metrics_pairs_t *pairs;
    double *above;         /* (images) normal pixels above the group */
    int64_t *group_normal; /* (images) in the group; 0 between groups */
    int64_t *group_lost;   /* (rows) anomalous pixels in the group; 0 between groups */
    uint32_t *touched;     /* (images): those with group_normal > 0 */
    int *touched_rows;     /* (rows) */
    int touched_count, touched_row_count;
    bool open;
    uint32_t key;
} counter_t;

/* An anomalous pixel loses 2 to each normal pixel above it and 1 to each equal one: what stands above before the group
 * plus what stands above after it. */
static void add_above(counter_t *counter)
{
    const size_t images = (size_t)counter->pairs->images;
    for (int t = 0; t < counter->touched_row_count; t++) {
        double count = (double)counter->group_lost[counter->touched_rows[t]];
        double *lost = counter->pairs->lost + (size_t)counter->touched_rows[t] * images;
        for (size_t j = 0; j < images; j++) lost[j] += count * counter->above[j];
    }
}

static void close_group(counter_t *counter)
{
    add_above(counter);
    for (int t = 0; t < counter->touched_count; t++) {
        uint32_t image = counter->touched[t];
        counter->above[image] += (double)counter->group_normal[image];
        counter->group_normal[image] = 0;
    }
    add_above(counter);
    for (int t = 0; t < counter->touched_row_count; t++) counter->group_lost[counter->touched_rows[t]] = 0;
    counter->touched_count = counter->touched_row_count = 0;
    counter->open = false;
}

/* The same walk as the sweep's, for wide records. */
static void take(void *context, const metrics_span_t *span)
{
    counter_t *counter = context;
    const uint64_t *normal = span->normal, *anomalous = span->anomalous;
    size_t i = 0, j = 0;
    for (;;) {
        if (counter->open) {
            for (; i < span->normals && (uint32_t)(normal[i] >> 32) == counter->key; i++) {
                uint32_t image = (uint32_t)normal[i];
                if (counter->group_normal[image]++ == 0) counter->touched[counter->touched_count++] = image;
            }
            for (; j < span->anomalies && (uint32_t)(anomalous[j] >> 32) == counter->key; j++) {
                int row = counter->image_row[counter->region_image[(uint32_t)anomalous[j]]];
                if (counter->group_lost[row]++ == 0) counter->touched_rows[counter->touched_row_count++] = row;
            }
        }
        if (i == span->normals && j == span->anomalies) return;
        if (counter->open) close_group(counter);
        uint32_t key =
            j < span->anomalies ? (uint32_t)(anomalous[j] >> 32) : (uint32_t)(normal[span->normals - 1] >> 32);
        for (; i < span->normals && (uint32_t)(normal[i] >> 32) < key; i++) counter->above[(uint32_t)normal[i]] += 1;
        counter->key = key;
        counter->open = true;
    }
}

void metrics_pairs_free(metrics_pairs_t *pairs)
{
    free(pairs->row_image);
    free(pairs->lost);
    free(pairs->positives);
    free(pairs->negatives);
    *pairs = (metrics_pairs_t){0};
}

static status_t prepare(metrics_pairs_t *pairs, int *image_row, const metrics_pixels_t *pixels)
{
    size_t images = pixels->images_added;
    pairs->images = (int)images;
    pairs->row_image = base_alloc(images + 1, sizeof *pairs->row_image);
    pairs->positives = base_alloc(images + 1, sizeof *pairs->positives);
    pairs->negatives = base_alloc(images + 1, sizeof *pairs->negatives);
    if (pairs->row_image == NULL || pairs->positives == NULL || pairs->negatives == NULL) return ST_ENOMEM;
    for (size_t i = 0; i < images; i++) {
        pairs->positives[i] = pixels->image[i].positives;
        pairs->negatives[i] = pixels->image[i].negatives;
        image_row[i] = -1;
        if (pairs->positives[i] == 0) continue;
        image_row[i] = pairs->rows;
        pairs->row_image[pairs->rows++] = (int)i;
    }
    size_t entries = (size_t)pairs->rows * images;
    pairs->lost = calloc(entries + 1, sizeof *pairs->lost);
    if (pairs->lost == NULL)
        return fail(ST_ENOMEM, "no memory for the %d x %zu pairs of images of the bootstrap", pairs->rows, images);
    return ST_OK;
}

status_t metrics_pairs_count(metrics_pairs_t *out, metrics_pixels_t *pixels)
{
    REQUIRE(pixels->images && pixels->images_added <= INT32_MAX);
    size_t images = pixels->images_added;
    metrics_pairs_t pairs = {0};
    arena_t arena;
    arena_init(&arena, "pairs of images");
    int *image_row = arena_take(&arena, images + 1, sizeof *image_row);
    counter_t counter = {.region_image = pixels->region_image, .image_row = image_row, .pairs = &pairs};
    counter.above = arena_take(&arena, images + 1, sizeof *counter.above);
    counter.group_normal = arena_take(&arena, images + 1, sizeof *counter.group_normal);
    counter.group_lost = arena_take(&arena, images + 1, sizeof *counter.group_lost);
    counter.touched = arena_take(&arena, images + 1, sizeof *counter.touched);
    counter.touched_rows = arena_take(&arena, images + 1, sizeof *counter.touched_rows);
    status_t status = ST_OK;
    if (image_row == NULL || counter.above == NULL || counter.group_normal == NULL || counter.group_lost == NULL ||
        counter.touched == NULL || counter.touched_rows == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    TRY_DONE(prepare(&pairs, image_row, pixels));
    TRY_DONE(metrics_store_each(&pixels->store, take, &counter));
    if (counter.open) close_group(&counter);
    *out = pairs;
    pairs = (metrics_pairs_t){0};
done:
    metrics_pairs_free(&pairs);
    arena_free(&arena);
    return status;
}

double metrics_pairs_auroc(const metrics_pairs_t *pairs, const int32_t *times)
{
    double positives = 0, negatives = 0, lost = 0;
    for (int i = 0; i < pairs->images; i++) {
        positives += (double)times[i] * (double)pairs->positives[i];
        negatives += (double)times[i] * (double)pairs->negatives[i];
    }
    if (positives == 0 || negatives == 0) return NAN;
    for (int r = 0; r < pairs->rows; r++) {
        int32_t row_times = times[pairs->row_image[r]];
        if (row_times == 0) continue;
        const double *row = pairs->lost + (size_t)r * (size_t)pairs->images;
        double sum = 0;
        for (int j = 0; j < pairs->images; j++) sum += (double)times[j] * row[j];
        lost += (double)row_times * sum;
    }
    double all = 2 * positives * negatives;
    return (all - lost) / all;
}
