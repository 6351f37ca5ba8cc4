/* Images to features. */
#include "work/work_internal.h"

#include <stdlib.h>
#include <string.h>

/* Pixels of the images that go through the tower together: (clip_vision_batch, 3, S, S). */
static float *take_pixels(const work_worker_t *worker)
{
    const size_t S = (size_t)clip_model_config(worker->model)->image_size;
    return base_alloc((size_t)clip_vision_batch(worker->vision) * 3 * S * S, sizeof(float));
}

static float *pixels_of(const work_worker_t *worker, float *pixels, int i)
{
    const size_t S = (size_t)clip_model_config(worker->model)->image_size;
    return pixels + (size_t)i * 3 * S * S;
}

/* All arrays of rows first .. first+count-1: a whole batch, or image by image. */
static status_t encode_pixels(work_worker_t *worker, const store_features_t *features, int first, int count,
                              float *pixels)
{
    float *out[CLIP_BATCH * METHOD_MAX_FEATURES];
    const float *batch[CLIP_BATCH];
    clip_feature_t feature[METHOD_MAX_FEATURES];
    const int together = count == clip_vision_batch(worker->vision) ? count : 1;
    for (int a = 0; a < features->arrays; a++)
        TRY(clip_feature_parse(&feature[a], features->array[a].name, &worker->plan->config));
    for (int i = 0; i < count; i += together) {
        for (int j = 0; j < together; j++) {
            batch[j] = pixels_of(worker, pixels, i + j);
            for (int a = 0; a < features->arrays; a++) {
                const store_array_t *array = &features->array[a];
                out[j * features->arrays + a] =
                    array->data + (size_t)(first + i + j) * (size_t)array->rows * (size_t)array->width;
            }
        }
        TRY(clip_vision_encode_batch(out, worker->vision, feature, features->arrays, batch, together));
    }
    return ST_OK;
}

/* What the arrays of one image cost. */
static double encode_gflop(const work_worker_t *worker, const store_features_t *features)
{
    method_ask_t ask = {.count = features->arrays};
    for (int a = 0; a < ask.count; a++) memcpy(ask.text[a], features->array[a].name, sizeof ask.text[a]);
    return plan_encode_gflop(clip_model_config(worker->model), &ask);
}

/* Images first .. first+count-1 of the features, at most a batch. */
static status_t encode_images(work_worker_t *worker, store_features_t *features, int first, int count,
                              const data_category_t *category, const data_image_t *files, bool test, float *pixels)
{
    const clip_config_t *config = clip_model_config(worker->model);
    double began = clock_own_seconds();
    for (int i = 0; i < count; i++) {
        io_image_t image;
        TRY(work_picture_read(&image, worker, category, &files[i], test));
        status_t status = clip_preprocess(pixels_of(worker, pixels, i), &image, config);
        io_image_free(&image);
        if (status != ST_OK) return status;
    }
    began = work_worker_charge(worker, PLAN_RATE_PICTURE, count, began);
    TRY(encode_pixels(worker, features, first, count, pixels));
    work_worker_charge(worker, PLAN_RATE_ENCODE, count * encode_gflop(worker, features), began);
    return ST_OK;
}

status_t work_encode_image(work_worker_t *worker, store_features_t *features, int i, const data_category_t *category,
                           const data_image_t *file, float *pixels)
{
    return encode_images(worker, features, i, 1, category, file, true, pixels);
}

/* One enlarged training image as scale x scale tiles of the model's size, in reading order (METHOD.md 6.1). */
static status_t encode_tiles(work_worker_t *worker, store_features_t *features, const data_category_t *category,
                             const data_image_t *file, int scale, float *pixels)
{
    int S = clip_model_config(worker->model)->image_size, side = scale * S;
    io_image_t image, tile = {.width = S, .height = S};
    double began = clock_own_seconds();
    TRY(work_picture_read(&image, worker, category, file, false));
    status_t status = ST_ENOMEM;
    uint8_t *large = base_alloc((size_t)side * (size_t)side, 3);
    tile.pixels = base_alloc((size_t)S * (size_t)S, 3);
    if (large == NULL || tile.pixels == NULL) goto done;
    TRY_DONE(io_resize_bicubic(large, side, side, image.pixels, image.width, image.height, 3));
    began = work_worker_charge(worker, PLAN_RATE_PICTURE, 1, began);
    const int tiles = scale * scale, most = clip_vision_batch(worker->vision);
    for (int first = 0, count; first < tiles; first += count) {
        count = tiles - first < most ? tiles - first : most;
        if (stop_asked()) {
            status = fail(ST_EINTERRUPTED, "interrupted while encoding '%s'", file->path);
            goto done;
        }
        for (int t = first; t < first + count; t++) {
            const uint8_t *corner = large + 3 * ((size_t)(t / scale * S) * (size_t)side + (size_t)(t % scale * S));
            for (int y = 0; y < S; y++)
                memcpy(tile.pixels + 3 * (size_t)y * (size_t)S, corner + 3 * (size_t)y * (size_t)side, 3 * (size_t)S);
            TRY_DONE(clip_preprocess(pixels_of(worker, pixels, t - first), &tile, clip_model_config(worker->model)));
        }
        TRY_DONE(encode_pixels(worker, features, first, count, pixels));
        began = work_worker_charge(worker, PLAN_RATE_TILE, count * encode_gflop(worker, features), began);
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
    float *pixels = take_pixels(worker);
    if (pixels == NULL) return ST_ENOMEM;
    if (item->kind == PLAN_TILES) {
        TRY_DONE(store_features_alloc(&features, config, &missing, item->scale * item->scale));
        if (missing.count > 0) TRY_DONE(encode_tiles(worker, &features, category, &images[first], item->scale, pixels));
        double encoded = clock_own_seconds();
        TRY_DONE(store_features_write(worker->plan, worker->size, item, &features, &images[first],
                                      clock_seconds() - started));
        work_worker_charge(worker, PLAN_RATE_WRITE, work.units[PLAN_RATE_WRITE], encoded);
        goto done;
    }
    TRY_DONE(store_features_alloc(&features, config, &missing, count));
    const int most = clip_vision_batch(worker->vision);
    for (int i = 0, together; i < count && missing.count > 0; i += together) {
        together = count - i < most ? count - i : most;
        if (stop_asked()) {
            status = fail(ST_EINTERRUPTED, "interrupted while encoding %s/%s", category->dataset, category->category);
            goto done;
        }
        TRY_DONE(encode_images(worker, &features, i, together, category, &images[first + i], item->kind == PLAN_CHUNK,
                               pixels));
    }
    double encoded = clock_own_seconds();
    TRY_DONE(
        store_features_write(worker->plan, worker->size, item, &features, images + first, clock_seconds() - started));
    work_worker_charge(worker, PLAN_RATE_WRITE, work.units[PLAN_RATE_WRITE], encoded);
done:
    free(pixels);
    store_features_free(&features);
    return status;
}
