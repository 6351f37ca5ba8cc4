#include "metrics/metrics_internal.h"

#include <stdlib.h>

void metrics_pixels_close(metrics_pixels_t *pixels)
{
    if (pixels == NULL) return;
    metrics_store_free(&pixels->store);
    metrics_regions_free(&pixels->found);
    free(pixels->region_size);
    free(pixels->region_image);
    free(pixels->image);
    free(pixels);
}

status_t metrics_pixels_open(metrics_pixels_t **out, const metrics_pixels_options_t *options)
{
    REQUIRE(out != NULL && options != NULL);
    if (options->memory != 0 && options->memory < METRICS_MEMORY_MIN)
        return fail(ST_EFORMAT, "metric_memory is %zu bytes, expected 0 (no limit) or at least %zu", options->memory,
                    METRICS_MEMORY_MIN);
    metrics_pixels_t *pixels = base_alloc(1, sizeof *pixels);
    if (pixels == NULL) return ST_ENOMEM;
    *pixels = (metrics_pixels_t){.regions = options->regions, .images = options->images};
    metrics_regions_init(&pixels->found);
    status_t status = metrics_store_init(&pixels->store, options->images, options->memory, options->temp_dir);
    if (status != ST_OK) {
        metrics_pixels_close(pixels);
        return status;
    }
    *out = pixels;
    return ST_OK;
}

static status_t check_finite(const metrics_pixels_t *pixels, const float *scores, int H, int W)
{
    int64_t n = (int64_t)H * W, bad = metrics_first_not_finite(scores, n);
    if (bad == n) return ST_OK;
    return fail(ST_EFORMAT, "the score of image %zu at row %lld, column %lld is %g, expected a finite number",
                pixels->images_added, (long long)(bad / W), (long long)(bad % W), (double)scores[bad]);
}

/* Notes the image and its regions; without `regions` the anomalous pixels of an image are one region. */
static status_t note_image(metrics_pixels_t *pixels, int64_t pixel_count)
{
    const metrics_regions_t *found = &pixels->found;
    int64_t positives = 0;
    for (uint32_t r = 0; r < found->count; r++) positives += found->size[r];
    uint32_t regions = pixels->regions ? found->count : positives > 0;
    if (pixels->images_added >= UINT32_MAX || regions > UINT32_MAX - pixels->region_count)
        return fail(ST_EFORMAT, "more than 2^32 - 1 images or regions");

    void *grown = pixels->image;
    status_t status = metrics_grow(&grown, &pixels->image_capacity, pixels->images_added, 1, sizeof *pixels->image);
    pixels->image = grown;
    TRY(status);
    grown = pixels->region_size;
    status = metrics_grow(&grown, &pixels->size_capacity, pixels->region_count, regions, sizeof *pixels->region_size);
    pixels->region_size = grown;
    TRY(status);
    grown = pixels->region_image;
    status =
        metrics_grow(&grown, &pixels->region_capacity, pixels->region_count, regions, sizeof *pixels->region_image);
    pixels->region_image = grown;
    TRY(status);

    pixels->image[pixels->images_added] = (metrics_image_t){positives, pixel_count - positives};
    for (uint32_t r = 0; r < regions; r++) {
        pixels->region_size[pixels->region_count + r] = pixels->regions ? found->size[r] : positives;
        pixels->region_image[pixels->region_count + r] = (uint32_t)pixels->images_added;
    }
    pixels->images_added++;
    pixels->region_count += regions;
    return ST_OK;
}

status_t metrics_pixels_add(metrics_pixels_t *pixels, const float *scores, const uint8_t *mask, int H, int W)
{
    REQUIRE(pixels != NULL && scores != NULL && H > 0 && W > 0);
    TRY(check_finite(pixels, scores, H, W));
    pixels->found.runs = 0;
    pixels->found.count = 0;
    if (mask != NULL) TRY(metrics_regions_find(&pixels->found, mask, H, W));
    uint32_t image = (uint32_t)pixels->images_added, first_region = pixels->region_count;
    size_t n = (size_t)H * (size_t)W;
    TRY(note_image(pixels, (int64_t)n));
    /* Normal pixels lie between the runs; stretches may go over the ends of rows. */
    size_t done = 0;
    for (size_t i = 0; i < pixels->found.runs; i++) {
        const metrics_run_t *run = &pixels->found.run[i];
        size_t begin = (size_t)run->row * (size_t)W + (size_t)run->begin;
        size_t length = (size_t)(run->end - run->begin);
        uint32_t region = first_region + (pixels->regions ? run->region : 0);
        TRY(metrics_store_add_normal(&pixels->store, scores + done, begin - done, image));
        TRY(metrics_store_add_anomalous(&pixels->store, scores + begin, length, region));
        done = begin + length;
    }
    return metrics_store_add_normal(&pixels->store, scores + done, n - done, image);
}

status_t metrics_pixels_count(int64_t *positives, int64_t *negatives, int *images, const metrics_pixels_t *pixels,
                              double limit, const uint8_t *include)
{
    REQUIRE(include == NULL || pixels->images);
    if (!(limit > 0 && limit <= 1))
        return fail(ST_EFORMAT, "the AUPRO limit is %g, expected a false-positive rate in (0, 1]", limit);
    *positives = *negatives = *images = 0;
    for (size_t i = 0; i < pixels->images_added; i++) {
        if (include != NULL && include[i] == 0) continue;
        *positives += pixels->image[i].positives;
        *negatives += pixels->image[i].negatives;
        *images += 1;
    }
    return ST_OK;
}

status_t metrics_pixels_measure(metrics_pixels_result_t *out, metrics_pixels_t *pixels, double limit,
                                const uint8_t *include, const metrics_curves_t *curves)
{
    REQUIRE(out != NULL && pixels != NULL);
    metrics_sweep_t sweep = {.include = include, .region_image = pixels->region_image};
    metrics_pixels_result_t result = {0};
    TRY(metrics_pixels_count(&sweep.positives, &sweep.negatives, &result.images, pixels, limit, include));
    uint64_t *weight = NULL;
    status_t status = ST_OK;
    if (curves != NULL) sweep.curves = *curves;
    if (pixels->regions) {
        TRY_DONE(metrics_weights(&weight, &sweep.weight_total, &result.regions, pixels->region_size,
                                 pixels->region_count, pixels->region_image, include));
        sweep.weight = weight;
        sweep.fp_limit = limit * (double)sweep.negatives;
    }
    metrics_sweep_begin(&sweep);
    TRY_DONE(metrics_sweep_store(&sweep, &pixels->store));
    metrics_sweep_finish(&sweep);
    metrics_sweep_ranking(&result.ranking, &sweep);
    result.aupro = metrics_sweep_aupro(&sweep);
    *out = result;
done:
    free(weight);
    return status;
}
