/* Images to features. */
#include "work/work_internal.h"

#include <stdlib.h>
#include <string.h>

/* All arrays of row i. */
static status_t encode_pixels(work_worker_t *worker, const store_features_t *features, int i, const float *pixels)
{
    float *out[METHOD_MAX_FEATURES];
    clip_feature_t feature[METHOD_MAX_FEATURES];
    for (int a = 0; a < features->arrays; a++) {
        const store_array_t *array = &features->array[a];
        TRY(clip_feature_parse(&feature[a], array->name, &worker->plan->config));
        out[a] = array->data + (size_t)i * (size_t)array->rows * (size_t)array->width;
    }
    return clip_vision_encode(out, worker->vision, feature, features->arrays, pixels);
}

status_t work_encode_image(work_worker_t *worker, store_features_t *features, int i, const data_category_t *category,
                           const data_image_t *file, float *pixels)
{
    io_image_t image;
    const clip_config_t *config = clip_model_config(worker->model);
    double began = clock_seconds();
    TRY(data_image_read(&image, category, file));
    status_t status = clip_preprocess(pixels, &image, config);
    io_image_free(&image);
    if (status != ST_OK) return status;
    began = work_worker_charge(worker, PLAN_RATE_PICTURE, 1, began);
    status = encode_pixels(worker, features, i, pixels);
    work_worker_charge(worker, PLAN_RATE_ENCODE, plan_encode_gflop(config), began);
    return status;
}

/* One enlarged training image as scale x scale tiles of the model's size, in reading order (METHOD.md 6.1). */
static status_t encode_tiles(work_worker_t *worker, store_features_t *features, const data_category_t *category,
                             const data_image_t *file, int scale, float *pixels)
{
    int S = clip_model_config(worker->model)->image_size, side = scale * S;
    io_image_t image, tile = {.width = S, .height = S};
    double began = clock_seconds();
    TRY(data_image_read(&image, category, file));
    status_t status = ST_ENOMEM;
    uint8_t *large = base_alloc((size_t)side * (size_t)side, 3);
    tile.pixels = base_alloc((size_t)S * (size_t)S, 3);
    if (large == NULL || tile.pixels == NULL) goto done;
    TRY_DONE(io_resize_bicubic(large, side, side, image.pixels, image.width, image.height, 3));
    began = work_worker_charge(worker, PLAN_RATE_PICTURE, 1, began);
    for (int t = 0; t < scale * scale; t++) {
        if (stop_asked()) {
            status = fail(ST_EINTERRUPTED, "interrupted while encoding '%s'", file->path);
            goto done;
        }
        const uint8_t *corner = large + 3 * ((size_t)(t / scale * S) * (size_t)side + (size_t)(t % scale * S));
        for (int y = 0; y < S; y++)
            memcpy(tile.pixels + 3 * (size_t)y * (size_t)S, corner + 3 * (size_t)y * (size_t)side, 3 * (size_t)S);
        TRY_DONE(clip_preprocess(pixels, &tile, clip_model_config(worker->model)));
        TRY_DONE(encode_pixels(worker, features, t, pixels));
        began = work_worker_charge(worker, PLAN_RATE_TILE, plan_encode_gflop(clip_model_config(worker->model)), began);
    }
done:
    free(large);
    free(tile.pixels);
    io_image_free(&image);
    return status;
}

status_t work_encode(work_worker_t *worker, const plan_item_t *item)
{
    method_ask_t missing;
    TRY(work_worker_model(worker));
    const clip_config_t *config = clip_model_config(worker->model);
    const data_category_t *category = &worker->plan->categories[item->category_index].images;
    int first = item->index, count = 1;
    const data_image_t *images = category->train;
    if (item->kind == PLAN_CHUNK) {
        plan_chunk_range(&first, &count, worker->plan, item->category_index, item->index);
        images = category->test;
    }
    status_t status;
    plan_work_t work;
    store_features_missing(&missing, worker->plan, item);
    plan_work_encode(&work, worker->plan, item->kind, item->kind == PLAN_TILES ? item->scale * item->scale : count);
    double started = clock_seconds();
    store_features_t features = {0};
    float *pixels = base_alloc(3 * (size_t)config->image_size * (size_t)config->image_size, sizeof *pixels);
    if (pixels == NULL) return ST_ENOMEM;
    if (item->kind == PLAN_TILES) {
        TRY_DONE(store_features_alloc(&features, config, &missing, item->scale * item->scale));
        if (missing.count > 0) TRY_DONE(encode_tiles(worker, &features, category, &images[first], item->scale, pixels));
        double encoded = clock_seconds();
        TRY_DONE(store_features_write(worker->plan, worker->size, item, &features, &images[first], encoded - started));
        work_worker_charge(worker, PLAN_RATE_WRITE, work.units[PLAN_RATE_WRITE], encoded);
        goto done;
    }
    TRY_DONE(store_features_alloc(&features, config, &missing, count));
    for (int i = 0; i < count && missing.count > 0; i++) {
        if (stop_asked()) {
            status = fail(ST_EINTERRUPTED, "interrupted while encoding %s/%s", category->dataset, category->category);
            goto done;
        }
        TRY_DONE(work_encode_image(worker, &features, i, category, &images[first + i], pixels));
    }
    double encoded = clock_seconds();
    TRY_DONE(store_features_write(worker->plan, worker->size, item, &features, images + first, encoded - started));
    work_worker_charge(worker, PLAN_RATE_WRITE, work.units[PLAN_RATE_WRITE], encoded);
done:
    free(pixels);
    store_features_free(&features);
    return status;
}
