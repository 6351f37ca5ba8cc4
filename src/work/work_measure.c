/* From low-resolution maps to numbers: upsampling, smoothing, pooling with the ground truth, metrics. */
#include "work/work_internal.h"

#include "detect/detect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Ground truth -------------------------------------------------------------------------------------------------- */

void work_masks_free(work_masks_t *masks)
{
    free(masks->size);
    free(masks->labels);
    *masks = (work_masks_t){0};
}

/* The dataset's rule, or the job's. */
static int mask_threshold(const data_category_t *images, const job_t *job)
{
    return job->mask_threshold >= 0 ? job->mask_threshold : images->mask_threshold;
}

static uint64_t masks_key(const data_category_t *images, const job_t *job, const int *keep, int n)
{
    int rule[6] = {job->metric_size == JOB_METRIC_SIZE_R ? job->resolution : 0,
                   mask_threshold(images, job),
                   n,
                   images->how.upright,
                   job->pre_resize,
                   job->mask_resize};
    uint64_t key = base_hash(BASE_HASH_SEED, rule, sizeof rule);
    for (int i = 0; i < n; i++) {
        const data_image_t *image = &images->test[keep[i]];
        key = base_hash(key, image->path, strlen(image->path) + 1);
        if (image->mask != NULL) key = base_hash(key, image->mask, strlen(image->mask) + 1);
    }
    return key | 1;
}

static status_t load_mask(uint8_t *labels, const int size[2], const data_category_t *images, const data_image_t *image,
                          const job_t *job)
{
    int width, height, pre_resize = job->pre_resize;
    status_t status = ST_OK;
    uint8_t *mask;
    if (image->mask == NULL) {
        memset(labels, 0, (size_t)size[0] * (size_t)size[1]);
        return ST_OK;
    }
    TRY(data_mask_read(&mask, &width, &height, images, image));
    if (pre_resize > 0) {
        uint8_t *first = base_alloc((size_t)pre_resize * (size_t)pre_resize, 1);
        if (first != NULL) io_resize_nearest(first, pre_resize, pre_resize, mask, width, height);
        free(mask);
        if ((mask = first) == NULL) return ST_ENOMEM;
        width = height = pre_resize;
    }
    if (job->mask_resize == JOB_MASK_NEAREST)
        data_mask_resize(labels, size[0], size[1], mask, width, height);
    else
        status = data_mask_resize_bilinear(labels, size[0], size[1], mask, width, height,
                                           job->mask_resize == JOB_MASK_WHOLE);
    free(mask);
    return status;
}

status_t work_masks_load(work_masks_t *masks, const data_category_t *images, const job_t *job, const int *keep, int n)
{
    status_t status = ST_ENOMEM;
    size_t total = 0;
    uint64_t key = masks_key(images, job, keep, n);
    if (masks->key == key) return ST_OK;
    work_masks_free(masks);
    data_category_t ruled = *images;
    ruled.mask_threshold = mask_threshold(images, job);
    masks->size = base_alloc((size_t)n, sizeof *masks->size);
    if (masks->size == NULL) goto done;
    for (int i = 0; i < n; i++) {
        masks->size[i][0] = masks->size[i][1] = job->resolution;
        if (job->metric_size != JOB_METRIC_SIZE_R)
            TRY_DONE(data_image_size(&masks->size[i][0], &masks->size[i][1], images, &images->test[keep[i]]));
        total += (size_t)masks->size[i][0] * (size_t)masks->size[i][1];
    }
    status = ST_ENOMEM;
    masks->labels = base_alloc(total, 1);
    if (masks->labels == NULL) goto done;
    uint8_t *at = masks->labels;
    status = ST_OK;
    for (int i = 0; i < n; i++) {
        TRY_DONE(load_mask(at, masks->size[i], &ruled, &images->test[keep[i]], job));
        at += (size_t)masks->size[i][0] * (size_t)masks->size[i][1];
    }
    masks->count = n;
    masks->key = key;
done:
    if (status != ST_OK) work_masks_free(masks);
    return status;
}

bool work_has_pixels(const data_category_t *images, const int *keep, int n)
{
    int anomalous = 0;
    for (int i = 0; i < n; i++) anomalous += images->test[keep[i]].label;
    return anomalous == 0 || images->masks_missing < images->test_anomalous;
}

/* ---- Pixels -------------------------------------------------------------------------------------------------------- */

status_t work_room(float **map, size_t *room, size_t size)
{
    if (size <= *room) return ST_OK;
    free(*map);
    *map = base_alloc(size, sizeof **map);
    *room = *map != NULL ? size : 0;
    return *map != NULL ? ST_OK : ST_ENOMEM;
}

status_t work_pixels_add(metrics_pixels_t *pixels, const float *M_pix, int h, int w, const work_masks_t *masks,
                         const job_t *job)
{
    status_t status = ST_OK;
    arena_t arena;
    float *map = NULL;
    size_t room = 0;
    const uint8_t *mask = masks->labels;
    arena_init(&arena, "measure");
    for (int i = 0; i < masks->count; i++) {
        int width = masks->size[i][0], height = masks->size[i][1];
        size_t size = (size_t)width * (size_t)height;
        TRY_DONE(work_room(&map, &room, size));
        TRY_DONE(detect_full_map(map, height, width, M_pix + (size_t)i * (size_t)(h * w), h, w, job->sigma,
                                 job->align_corners, &arena));
        TRY_DONE(metrics_pixels_add(pixels, map, mask, height, width));
        mask += size;
    }
done:
    free(map);
    arena_free(&arena);
    return status;
}

status_t work_pixels_measure(store_numbers_t *out, metrics_pixels_t *pixels, const job_t *job)
{
    metrics_pixels_result_t result;
    TRY(metrics_pixels_measure(&result, pixels, job->aupro_limit, NULL, NULL));
    out->pixel_auroc = result.ranking.auroc;
    out->aupro = result.aupro;
    out->pixel_ap = result.ranking.ap;
    out->pixel_f1 = result.ranking.f1_max;
    if (job->aupro != JOB_AUPRO_EXACT8)
        TRY(metrics_pixels_aupro_steps(&out->aupro, pixels, 200, job->aupro == JOB_AUPRO_STEPS200UP, job->aupro_limit,
                                       NULL));
    return ST_OK;
}

status_t work_measure_pixels(store_numbers_t *const *out, const job_t *const *jobs, int count, const float *M_pix,
                             int h, int w, const work_masks_t *masks, const char *temp_dir)
{
    status_t status;
    metrics_pixels_t *pixels = NULL;
    metrics_pixels_options_t options = {.regions = true, .temp_dir = temp_dir};
    TRY_DONE(job_metric_memory(&options.memory, jobs[0]));
    TRY_DONE(metrics_pixels_open(&pixels, &options));
    TRY_DONE(work_pixels_add(pixels, M_pix, h, w, masks, jobs[0]));
    for (int i = 0; i < count; i++) TRY_DONE(work_pixels_measure(out[i], pixels, jobs[i]));
done:
    metrics_pixels_close(pixels);
    return status;
}

/* ---- Images -------------------------------------------------------------------------------------------------------- */

/* Real-IAD's sample level: images that show one object count once, by the highest of their scores. Missing (NaN) where
 * no object has two views. */
static status_t measure_samples(double *auroc, const float *M_img, const data_category_t *images, const int *keep,
                                int n, const uint8_t *labels)
{
    status_t status = ST_ENOMEM;
    int groups = 0;
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
    TRY_DONE(metrics_group_max(scores, sample_labels, M_img, labels, group, n, groups));
    TRY_DONE(metrics_auroc(auroc, scores, sample_labels, groups));
done:
    free(group);
    free(scores);
    free(sample_labels);
    return status;
}

status_t work_measure_images(store_numbers_t *out, const float *M_img, const data_category_t *images, const int *keep,
                             int n)
{
    metrics_ranking_t ranking;
    int anomalous = 0;
    uint8_t *labels = base_alloc((size_t)n, 1);
    if (labels == NULL) return ST_ENOMEM;
    for (int i = 0; i < n; i++) {
        labels[i] = (uint8_t)images->test[keep[i]].label;
        anomalous += labels[i];
    }
    status_t status = metrics_ranking(&ranking, M_img, labels, n);
    if (status == ST_OK) status = measure_samples(&out->sample_auroc, M_img, images, keep, n, labels);
    free(labels);
    if (status != ST_OK) return status;
    bool both = anomalous > 0 && anomalous < n;
    out->image_auroc = ranking.auroc;
    out->image_ap = both ? ranking.ap : (double)NAN;
    out->image_f1 = both ? ranking.f1_max : (double)NAN;
    return ST_OK;
}

char *work_protocol_text(const job_t *job, const data_category_t *images)
{
    char size[16];
    snprintf(size, sizeof size, job->metric_size == JOB_METRIC_SIZE_R ? "%d" : "native", job->resolution);
    bool views = strcmp(images->dataset, "realiad") == 0;
    char how[80] = "";
    if (job->bit_depth < 16) snprintf(how, sizeof how, " bit_depth=%d", job->bit_depth);
    if (job->exif != 0) strcat(how, " exif=apply");
    if (job->mask_resize != JOB_MASK_NEAREST)
        strcat(how, job->mask_resize == JOB_MASK_BILINEAR ? " masks=bilinear" : " masks=whole");
    if (job->align_corners) strcat(how, " corners=aligned");
    if (job->image_score != JOB_SCORE_OWN)
        strcat(how, job->image_score == JOB_SCORE_MAX ? " image=max" : " image=top1");
    char *reading = job_protocol_text(job);
    if (reading == NULL) return NULL;
    char *text = base_format(
        "aupro=%s@%g mask=>%d size=%s sigma=%g select=last%s%s%s%s%s%s%s", job_aupro_names[job->aupro],
        job->aupro_limit, job->mask_threshold >= 0 ? job->mask_threshold : images->mask_threshold, size, job->sigma,
        views ? " views=" : "", views ? job_view_names[job->views] : "", images->split != NULL ? " split=" : "",
        images->split != NULL ? images->split : "", how, reading[0] != '\0' ? " protocol=" : "", reading);
    free(reading);
    return text;
}
