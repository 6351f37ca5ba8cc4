/* What a rank needs of memory: the larger of what encoding, learning and evaluating take at their peaks. */
#include "plan/plan.h"

#include <stdlib.h>
#include <sys/stat.h>

/* Code, libraries and MPI, as seen. */
#define PROGRAM_MB 90.0

/* Weights in F16 or BF16 are converted in every process; F32 stays in the mapping that a node shares. What products in bfloat16
 * read comes on top. */
static void weights(plan_memory_t *out, const plan_t *plan)
{
    struct stat info;
    char *path = NULL;
    out->shared_mb = plan->assumed_model ? 833 : 0;
    if (plan->assumed_model || clip_model_weights_path(&path, plan->points[0].model) != ST_OK) return;
    bool there = stat(path, &info) == 0;
    free(path);
    if (!there) return;
    out->private_mb = 1e-6 * (double)plan->model_private_bytes;
    out->shared_mb = out->private_mb > 0 ? 0 : 1e-6 * (double)info.st_size;
}

static double encode_mb(const plan_t *plan, const job_t *job)
{
    const clip_config_t *c = &plan->config;
    double T = (double)c->grid * c->grid, scale = job->aggregation_scale;
    double chunk = job->chunk * plan_image_mb(plan);
    const method_t *method = method_of(plan->methods, job);
    const bool regions =
        method_wants_head(method, job, JOB_HEAD_PIXEL) && method_head_reads_regions(method, job, JOB_HEAD_PIXEL);
    double tiles = regions ? 4e-6 * scale * scale * T * c->embed : 0;
    /* The file is made in memory: the arrays, and their stored form twice. */
    return 3 * (chunk > tiles ? chunk : tiles);
}

static status_t learn_mb(double *out, const plan_t *plan, const clip_config_t *c, const plan_category_t *entry,
                         const job_t *job)
{
    double T = (double)c->grid * c->grid, scale = job->aggregation_scale, shots = 0;
    for (int k = 0; k < plan->points[0].shots.count; k++)
        if (shots < plan->points[0].shots.value[k]) shots = plan->points[0].shots.value[k];
    double tokens = 4e-6 * shots * T * c->embed, grid = 4e-6 * scale * scale * T * c->embed;
    *out = 0;
    for (int head = 0; head < JOB_HEADS; head++) {
        plan_head_work_t work;
        if (!method_wants_head(method_of(plan->methods, job), job, head)) continue;
        TRY(plan_head_work(&work, c, job, &entry->caption, head));
        double mb = 1e-6 * (double)work.bytes + 2 * tokens + 2 * grid + 4e-6 * shots * T * work.prompts * 2;
        mb += 1e-6 * 4 * 60.0 * c->embed * c->embed; /* the query former with its moments and gradient */
        if (*out < mb) *out = mb;
    }
    return ST_OK;
}

static status_t evaluate_mb(double *out, const plan_t *plan, const clip_config_t *c, const plan_category_t *entry,
                            const job_t *job)
{
    double T = (double)c->grid * c->grid, n = entry->images.test_count, shots = 0;
    size_t budget, kept;
    for (int k = 0; k < plan->points[0].shots.count; k++)
        if (shots < plan->points[0].shots.value[k]) shots = plan->points[0].shots.value[k];
    TRY(job_metric_memory(&budget, job));
    TRY(job_feature_memory(&kept, job));
    double image = plan_image_mb(plan);
    double features = 1e-6 * (double)kept < n * image ? 1e-6 * (double)kept : n * image;
    double pixels = 1e-6 * n * job->resolution * job->resolution, labels = pixels;
    double ranking = 9 * pixels; /* score and label, and the order while it sorts */
    if (budget > 0 && ranking > 1e-6 * (double)budget) ranking = 1e-6 * (double)budget;
    *out = features + 2 * job->chunk * image + 4e-6 * shots * T * 2 * c->width + labels + ranking + 4e-6 * n * T * 12;
    return ST_OK;
}

/* A slice of a set: one array of all images twice, and what each token is of every other image. */
static double slice_mb(const plan_t *plan, const clip_config_t *c, const plan_category_t *entry, const job_t *job)
{
    const double T = (double)c->grid * c->grid, n = entry->images.test_count;
    const double most = job->musc.subset > 0 && job->musc.subset < n ? job->musc.subset : n;
    if (method_slice_count(method_of(plan->methods, job), job) == 0) return 0;
    return 4e-6 * n * T * c->width + 4e-6 * most * T * (c->width + most);
}

/* The plan itself, which every rank holds: its points' options and texts, tasks, images and items with what they need. */
static double plan_mb(const plan_t *plan, const plan_items_t *items)
{
    enum { TEXTS = 6000, IMAGE_TEXTS = 400 }; /* bytes of a point's three texts, and of an image's names, as seen */
    double bytes = (double)plan->point_count * (double)(sizeof(job_t) + TEXTS) +
                   (double)plan->task_count * (double)sizeof(plan_task_t);
    for (int c = 0; c < plan->category_count; c++) {
        const data_category_t *images = &plan->categories[c].images;
        bytes += (double)(images->train_count + images->test_count) * (double)(sizeof(data_image_t) + IMAGE_TEXTS);
    }
    for (int i = 0; i < items->count; i++)
        bytes += (double)sizeof(plan_item_t) + (double)items->items[i].need_count * 4 * (double)sizeof(int);
    return 1e-6 * bytes;
}

status_t plan_memory(plan_memory_t *out, const plan_t *plan, const plan_items_t *items)
{
    const clip_config_t *c = &plan->config;
    double most = 0;
    *out = (plan_memory_t){0};
    weights(out, plan);
    out->private_mb += 1e-6 * (double)clip_products_bytes(c, plan_products(plan), plan->points[0].threads);
    out->shared_mb += 1e-6 * (double)clip_products_shared_bytes(c, plan_products(plan));
    for (int p = 0; p < plan->point_count; p++) {
        const job_t *job = &plan->points[p];
        double encode = encode_mb(plan, job);
        if (most < encode) most = encode;
        /* The grid has many points of like size: the categories of the first stand for all. */
        for (int l = 0; l < plan->category_count && (p == 0 || l == 0); l++) {
            double learn = 0, evaluate;
            const double slice = slice_mb(plan, c, &plan->categories[l], job);
            if (most < slice) most = slice;
            TRY(learn_mb(&learn, plan, c, &plan->categories[l], job));
            TRY(evaluate_mb(&evaluate, plan, c, &plan->categories[l], job));
            if (most < learn) most = learn;
            if (most < evaluate) most = evaluate;
        }
    }
    out->rank_mb = PROGRAM_MB + plan_mb(plan, items) + out->private_mb +
                   1e-6 * plan->points[0].threads * (double)clip_vision_bytes(c) + most;
    return ST_OK;
}

void plan_learn_memory(plan_t *plan, int mb)
{
    for (int p = 0; p < plan->point_count; p++) plan->points[p].learn_memory_auto = (size_t)mb * 1000000;
}
