/* From low-resolution maps to numbers: upsampling, smoothing, pooling with the ground truth, metrics. */
#include "suite/suite_internal.h"

#include "detect/detect.h"
#include "metrics/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Size at which image i is compared with its mask. */
static status_t image_size(int *width, int *height, const suite_job_t *job, const data_image_t *image)
{
    *width = *height = job->resolution;
    if (job->metric_size == SUITE_METRIC_SIZE_R) return ST_OK;
    return io_image_size(width, height, image->path);
}

/* The ground truth of every kept test image, pooled: labels and where each image begins. Kept by the worker for the
 * next task of the same category. */
static status_t load_masks(suite_worker_t *worker, const data_category_t *images, const suite_job_t *job,
                           const int *keep, int n)
{
    suite_masks_t *masks = &worker->masks;
    int size = job->metric_size == SUITE_METRIC_SIZE_R ? job->resolution : 0;
    if (masks->labels != NULL && masks->images == images && masks->size == size && masks->count == n) return ST_OK;
    free(masks->labels);
    *masks = (suite_masks_t){.images = images, .size = size, .count = n};
    int64_t total = 0;
    for (int i = 0; i < n; i++) {
        int width, height;
        TRY(image_size(&width, &height, job, &images->test[keep[i]]));
        total += (int64_t)width * height;
    }
    uint8_t *labels = base_alloc((size_t)total, 1);
    if (labels == NULL) return ST_ENOMEM;
    uint8_t *at = labels;
    for (int i = 0; i < n; i++) {
        const data_image_t *image = &images->test[keep[i]];
        int width, height, mask_width, mask_height;
        uint8_t *mask = NULL;
        status_t status = image_size(&width, &height, job, image);
        if (status == ST_OK && image->mask == NULL) {
            memset(at, 0, (size_t)width * (size_t)height);
        } else if (status == ST_OK) {
            status = data_mask_read(&mask, &mask_width, &mask_height, images, image);
            if (status == ST_OK) data_mask_resize(at, width, height, mask, mask_width, mask_height);
            free(mask);
        }
        if (status != ST_OK) {
            free(labels);
            return status;
        }
        at += (size_t)width * (size_t)height;
    }
    masks->labels = labels;
    masks->total = total;
    return ST_OK;
}

static status_t measure_pixels(suite_numbers_t *out, suite_worker_t *worker, const suite_maps_t *maps,
                               const data_category_t *images, const suite_job_t *job, const int *keep)
{
    status_t status;
    arena_t arena;
    metrics_pixels_t *pixels = NULL;
    metrics_pixels_result_t result;
    float *map = NULL;
    metrics_pixels_options_t options = {.regions = true, .temp_dir = worker->plan->run_dir};
    arena_init(&arena, "measure");
    TRY_DONE(suite_job_memory(&options.memory, job));
    TRY_DONE(load_masks(worker, images, job, keep, maps->n));
    TRY_DONE(metrics_pixels_open(&pixels, &options));
    const uint8_t *mask = worker->masks.labels;
    size_t T = (size_t)(maps->h * maps->w), room = 0;
    for (int i = 0; i < maps->n; i++) {
        int width, height;
        TRY_DONE(image_size(&width, &height, job, &images->test[keep[i]]));
        size_t size = (size_t)width * (size_t)height;
        if (size > room) {
            free(map);
            map = base_alloc(room = size, sizeof *map);
            if (map == NULL) {
                status = ST_ENOMEM;
                goto done;
            }
        }
        detect_upsample(map, height, width, maps->M_pix + (size_t)i * T, maps->h, maps->w);
        TRY_DONE(detect_smooth(map, height, width, job->sigma, &arena));
        TRY_DONE(metrics_pixels_add(pixels, map, mask, height, width));
        mask += size;
    }
    TRY_DONE(metrics_pixels_measure(&result, pixels, job->aupro_limit, NULL, NULL));
    out->pixel_auroc = result.ranking.auroc;
    out->aupro = result.aupro;
    out->pixel_ap = result.ranking.ap;
    out->pixel_f1 = result.ranking.f1_max;
done:
    metrics_pixels_close(pixels);
    free(map);
    arena_free(&arena);
    return status;
}

/* Real-IAD's sample level: images that show one object count once, by the highest of their scores. Missing (NaN) where
 * no object has two views. */
static status_t measure_samples(double *auroc, const suite_maps_t *maps, const data_category_t *images, const int *keep,
                                const uint8_t *labels)
{
    status_t status = ST_ENOMEM;
    int n = maps->n, groups = 0;
    int32_t *group = base_alloc((size_t)n, sizeof *group);
    float *scores = base_alloc((size_t)n, sizeof *scores);
    uint8_t *sample_labels = base_alloc((size_t)n, 1);
    *auroc = NAN;
    if (group == NULL || scores == NULL || sample_labels == NULL) goto done;
    status = ST_OK;
    for (int i = 0; i < n; i++) {
        const char *sample = images->test[keep[i]].sample;
        if (sample == NULL) goto done;
        /* The list is sorted by name, and an object's views stand together. */
        if (i == 0 || strcmp(sample, images->test[keep[i - 1]].sample) != 0) groups++;
        group[i] = groups - 1;
    }
    if (groups == n) goto done;
    TRY_DONE(metrics_group_max(scores, sample_labels, maps->M_img, labels, group, n, groups));
    TRY_DONE(metrics_auroc(auroc, scores, sample_labels, groups));
done:
    free(group);
    free(scores);
    free(sample_labels);
    return status;
}

status_t suite_measure(suite_numbers_t *out, suite_worker_t *worker, const suite_maps_t *maps,
                       const data_category_t *images, const suite_job_t *job, const int *keep)
{
    metrics_ranking_t ranking;
    *out = (suite_numbers_t){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    uint8_t *labels = base_alloc((size_t)maps->n, 1);
    if (labels == NULL) return ST_ENOMEM;
    int anomalous = 0;
    for (int i = 0; i < maps->n; i++) {
        labels[i] = (uint8_t)images->test[keep[i]].label;
        anomalous += labels[i];
    }
    status_t status = metrics_ranking(&ranking, maps->M_img, labels, maps->n);
    if (status == ST_OK) status = measure_samples(&out->sample_auroc, maps, images, keep, labels);
    free(labels);
    if (status != ST_OK) return status;
    bool both = anomalous > 0 && anomalous < maps->n;
    out->image_auroc = ranking.auroc;
    out->image_ap = both ? ranking.ap : (double)NAN;
    out->image_f1 = both ? ranking.f1_max : (double)NAN;
    /* Anomalous images without any ground truth have no pixel metrics: missing, not zero. */
    if (anomalous > 0 && images->masks_missing >= images->test_anomalous) return ST_OK;
    return measure_pixels(out, worker, maps, images, job, keep);
}
