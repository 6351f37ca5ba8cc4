/* Maps of doubles, and of integers of 32 bits, through metrics that take floats: metrics ask for the order of the values
 * alone, so distinct values become distinct floats in the same order. */
#include "review/review_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static size_t make_distinct(double *values, size_t count)
{
    size_t kept = 0;
    qsort(values, count, sizeof *values, by_value);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || values[i] != values[kept - 1]) values[kept++] = values[i];
    return kept;
}

/* Level i as a float: the i-th positive one that is no denormal, so that the order is the levels'. */
static float nth_float(size_t i)
{
    uint32_t bits = 0x00800000u + (uint32_t)i;
    float out;
    memcpy(&out, &bits, sizeof out);
    return out;
}

float review_level(const review_levels_t *levels, double value)
{
    if (levels->value == NULL) return (float)(value - levels->shift);
    const double *at = bsearch(&value, levels->value, levels->count, sizeof *levels->value, by_value);
    REQUIRE(at != NULL);
    return nth_float((size_t)(at - levels->value));
}

status_t review_rank_scores(float *out, const double *scores, int n)
{
    double *values = base_alloc((size_t)n + 1, sizeof *values);
    if (values == NULL) return ST_ENOMEM;
    memcpy(values, scores, (size_t)n * sizeof *values);
    const review_levels_t levels = {.value = values, .count = make_distinct(values, (size_t)n)};
    for (int i = 0; i < n; i++) out[i] = review_level(&levels, scores[i]);
    free(values);
    return ST_OK;
}

void review_levels_free(review_levels_t *levels)
{
    free(levels->value);
    *levels = (review_levels_t){0};
}

/* What one look at all maps tells. */
typedef struct {
    double *value; /* all pixels, while they fit; else NULL */
    size_t count, room, most;
    double lowest;
    bool floats, sized; /* all values are floats; all maps have the size that they are measured at */
} look_t;

static status_t look_at(look_t *look, const char *path, const int size[2])
{
    double *values;
    int width, height;
    TRY(io_tiff_read_map(&values, &width, &height, path));
    size_t count = (size_t)width * (size_t)height;
    status_t status = ST_OK;
    look->sized = look->sized && width == size[0] && height == size[1];
    for (size_t p = 0; p < count; p++) {
        if (!isfinite(values[p])) continue; /* refused by who takes it */
        look->floats = look->floats && (double)(float)values[p] == values[p];
        if (values[p] < look->lowest) look->lowest = values[p];
    }
    bool fits = look->count == 0 || look->value != NULL;
    if (fits && look->count + count > look->most) fits = false;
    if (fits && look->count + count > look->room) {
        size_t room = 2 * (look->count + count);
        double *more = realloc(look->value, room * sizeof *more);
        if (more == NULL) status = fail(ST_ENOMEM, "out of memory: %zu pixels", room);
        if (more != NULL) look->value = more, look->room = room;
    }
    if (fits && status == ST_OK) memcpy(look->value + look->count, values, count * sizeof *values);
    if (!fits) {
        free(look->value);
        look->value = NULL;
    }
    look->count += count;
    free(values);
    return status;
}

status_t review_levels_make(review_levels_t *out, const review_stored_t *stored)
{
    char path[4096];
    size_t memory;
    bool fits = true;
    status_t status = ST_OK;
    look_t look = {.lowest = INFINITY, .floats = true, .sized = true};
    *out = (review_levels_t){0};
    for (int i = 0; i < stored->n && fits; i++) {
        TRY_DONE(review_imported_path(path, stored, i));
        TRY_DONE(io_tiff_map_fits_float(&fits, path));
    }
    if (fits) goto done;
    TRY_DONE(job_metric_memory(&memory, &stored->job));
    look.most = memory > 0 ? memory / sizeof(double) : SIZE_MAX / 16;
    for (int i = 0; i < stored->n; i++) {
        TRY_DONE(review_imported_path(path, stored, i));
        TRY_DONE(look_at(&look, path, stored->masks.size[i]));
    }
    if (look.floats) goto done;
    /* What is resized, smoothed or cut by thresholds needs values, not places in an order. */
    if (look.sized && look.value != NULL && stored->job.sigma == 0 && stored->job.aupro == JOB_AUPRO_EXACT8) {
        out->count = make_distinct(look.value, look.count);
        out->value = look.value;
        look.value = NULL;
        goto done;
    }
    out->shift = look.lowest;
    log_info("%s/%s: maps of doubles are measured as floats above their lowest value, %.9g%s", stored->dataset,
             stored->category, look.lowest, look.value == NULL ? " (metric_memory does not hold them all)" : "");
done:
    free(look.value);
    return status;
}
