/* The numbers of a task: of what it fuses, and of each branch alone, which the fused ones hide. */
#include "work/work_internal.h"

#include <math.h>
#include <stdlib.h>

/* AUROC of n images by `scores`; NaN: test images of one class. */
static status_t images_auroc(double *auroc, const float *scores, const data_category_t *images, const int *keep, int n)
{
    uint8_t *labels = base_alloc((size_t)n, 1);
    if (labels == NULL) return ST_ENOMEM;
    for (int i = 0; i < n; i++) labels[i] = (uint8_t)images->test[keep[i]].label;
    status_t status = metrics_auroc(auroc, scores, labels, n);
    free(labels);
    return status;
}

double *work_branch_pixel(store_numbers_t *numbers, method_branch_t which)
{
    return which == METHOD_BRANCH_VAD ? &numbers->vad_pixel : &numbers->pad_pixel;
}

status_t work_measure_branch_images(store_numbers_t *out, const method_t *method, const method_maps_t *maps,
                                    const job_t *job, const data_category_t *images, const int *keep)
{
    const size_t n = (size_t)maps->n, T = (size_t)maps->h * (size_t)maps->w;
    status_t status = ST_OK;
    float *M = NULL;
    const float *cls = method->class_token != NULL ? method->class_token(maps, job) : NULL;
    if (cls != NULL) TRY(images_auroc(&out->cls_image, cls, images, keep, maps->n));
    for (int which = 0; which < METHOD_BRANCHES; which++) {
        if (!method_branch(NULL, method, maps, job, (method_branch_t)which)) continue;
        if (M == NULL && (M = base_alloc(n * T, sizeof *M)) == NULL) return ST_ENOMEM;
        method_branch(M, method, maps, job, (method_branch_t)which);
        /* The largest value of image i is written to a place that has been read. */
        for (size_t i = 0; i < n; i++) {
            float largest = M[i * T];
            for (size_t t = 1; t < T; t++)
                if (M[i * T + t] > largest || isnan(M[i * T + t])) largest = M[i * T + t];
            M[i] = largest;
        }
        TRY_DONE(
            images_auroc(which == METHOD_BRANCH_VAD ? &out->vad_image : &out->pad_image, M, images, keep, maps->n));
    }
done:
    free(M);
    return status;
}

status_t work_measure_branch_pixels(double *auroc, const method_t *method, const method_maps_t *maps,
                                    method_branch_t which, const job_t *job, const work_masks_t *masks,
                                    const char *temp_dir)
{
    const size_t values = (size_t)maps->n * (size_t)maps->h * (size_t)maps->w;
    status_t status = ST_ENOMEM;
    metrics_pixels_t *pixels = NULL;
    metrics_pixels_options_t options = {.temp_dir = temp_dir};
    metrics_pixels_result_t result;
    float *M = base_alloc(values, sizeof *M);
    if (M == NULL) goto done;
    method_branch(M, method, maps, job, which);
    TRY_DONE(job_metric_memory(&options.memory, job));
    TRY_DONE(metrics_pixels_open(&pixels, &options));
    TRY_DONE(work_pixels_add(pixels, M, maps->h, maps->w, masks, job));
    TRY_DONE(metrics_pixels_measure(&result, pixels, job->aupro_limit, NULL, NULL));
    *auroc = result.ranking.auroc;
done:
    metrics_pixels_close(pixels);
    free(M);
    return status;
}

status_t work_measure(store_numbers_t *out, work_worker_t *worker, const method_t *method, const method_maps_t *maps,
                      const data_category_t *images, const job_t *job, const int *keep)
{
    *out = store_numbers_none;
    TRY(work_measure_images(out, maps->M_img, images, keep, maps->n));
    TRY(work_measure_branch_images(out, method, maps, job, images, keep));
    if (!work_has_pixels(images, keep, maps->n)) return ST_OK;
    TRY(work_masks_load(&worker->masks, images, job, keep, maps->n));
    const char *temp_dir = worker->plan->run_dir;
    TRY(work_measure_pixels(&out, &job, 1, maps->M_pix, maps->h, maps->w, &worker->masks, temp_dir));
    const int only = method_only_branch(method, maps, job);
    for (int b = 0; b < METHOD_BRANCHES; b++) {
        double *auroc = work_branch_pixel(out, (method_branch_t)b);
        if (b == only)
            *auroc = out->pixel_auroc;
        else if (method_branch(NULL, method, maps, job, (method_branch_t)b))
            TRY(work_measure_branch_pixels(auroc, method, maps, (method_branch_t)b, job, &worker->masks, temp_dir));
    }
    return ST_OK;
}
