#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>

void suite_features_free(suite_features_t *features)
{
    free(features->cls);
    free(features->tokens);
    free(features->memory1);
    free(features->memory2);
    *features = (suite_features_t){0};
}

/* all: also the class token and the memory taps. */
static status_t features_alloc(suite_features_t *features, const clip_config_t *config, int count, bool all)
{
    size_t n = (size_t)count, T = (size_t)config->grid * (size_t)config->grid;
    *features =
        (suite_features_t){.count = count, .T = (int)T, .E = config->embed, .W = config->width, .grid = config->grid};
    features->tokens = base_alloc(n * T * (size_t)config->embed, sizeof(float));
    if (!all) return features->tokens != NULL ? ST_OK : ST_ENOMEM;
    features->cls = base_alloc(n * (size_t)config->embed, sizeof(float));
    features->memory1 = base_alloc(n * T * (size_t)config->width, sizeof(float));
    features->memory2 = base_alloc(n * T * (size_t)config->width, sizeof(float));
    if (features->cls != NULL && features->tokens != NULL && features->memory1 != NULL && features->memory2 != NULL)
        return ST_OK;
    suite_features_free(features);
    return ST_ENOMEM;
}

static status_t encode_image(suite_worker_t *worker, suite_features_t *features, int i, const char *path, float *pixels)
{
    io_image_t image;
    const clip_config_t *config = clip_model_config(worker->model);
    double began = clock_seconds();
    TRY(io_image_read(&image, path));
    status_t status = clip_preprocess(pixels, &image, config->image_size);
    io_image_free(&image);
    if (status != ST_OK) return status;
    began = suite_worker_charge(worker, SUITE_RATE_PICTURE, 1, began);
    size_t index = (size_t)i, T = (size_t)features->T, E = (size_t)features->E, W = (size_t)features->W;
    clip_features_t out = {.cls = features->cls + index * E,
                           .tokens = features->tokens + index * T * E,
                           .memory1 = features->memory1 + index * T * W,
                           .memory2 = features->memory2 + index * T * W};
    status = clip_vision_forward(&out, worker->vision, pixels);
    suite_worker_charge(worker, SUITE_RATE_ENCODE, suite_encode_gflop(config), began);
    return status;
}

/* What every feature file says of itself. */
static status_t write_description(io_h5_t *file, suite_worker_t *worker, const item_t *item, const char *description,
                                  int grid, double seconds)
{
    char *options = suite_options_text(&worker->plan->points[0], SUITE_STAGE_FEATURES, SUITE_STAGE_FEATURES);
    if (options == NULL) return ST_ENOMEM;
    status_t status;
    TRY_DONE(io_h5_set_text(file, "/", "description", description));
    TRY_DONE(io_h5_set_text(file, "/", "id", item->id));
    TRY_DONE(io_h5_set_text(file, "/", "options", options));
    TRY_DONE(io_h5_set_i64(file, "/", "grid", grid));
    TRY_DONE(io_h5_set_f64(file, "/", "encode_seconds", seconds));
    TRY_DONE(suite_provenance_write(file, worker));
    TRY_DONE(io_h5_set_i64(file, "/", "complete", 1));
done:
    free(options);
    return status;
}

static status_t write_tiles(suite_worker_t *worker, const item_t *item, const suite_features_t *features,
                            const data_image_t *image, double seconds)
{
    status_t status;
    io_h5_t *file = NULL;
    char digest[IO_DIGEST_SIZE];
    const char *digests[1] = {digest}, *names[1] = {image->name};
    io_h5_type_t type = worker->plan->points[0].features == SUITE_FEATURES_F16 ? IO_H5_F16 : IO_H5_F32;
    TRY_DONE(io_digest_file(digest, image->path));
    const io_h5_field_t fields[] = {
        {"tokens",
         type,
         3,
         {features->count, features->T, features->E},
         "tile,token,embedding",
         "1",
         "patch tokens of the V-V stream, rows normalised, of each tile of the enlarged image in reading order",
         features->tokens},
        {"path", IO_H5_STRING, 1, {1}, "image", "1", "image file below the category's folder", names},
        {"digest", IO_H5_STRING, 1, {1}, "image", "1", "SHA-256 of the image file", digests},
    };
    TRY_DONE(io_h5_create(&file, item->path));
    TRY_DONE(io_h5_write(file, "/", fields, sizeof fields / sizeof fields[0]));
    TRY_DONE(io_h5_set_i64(file, "/", "scale", item->scale));
    TRY_DONE(write_description(file, worker, item, "CLIP patch features of the tiles of one enlarged training image",
                               features->grid, seconds));
    status = io_h5_publish(file);
    file = NULL;
done:
    io_h5_close(file);
    return status;
}

static status_t write_features(suite_worker_t *worker, const item_t *item, const suite_features_t *features,
                               const data_image_t *images, double seconds)
{
    status_t status = ST_ENOMEM;
    io_h5_t *file = NULL;
    int64_t n = features->count, T = features->T;
    const suite_job_t *job = &worker->plan->points[0];
    io_h5_type_t type = job->features == SUITE_FEATURES_F16 ? IO_H5_F16 : IO_H5_F32;
    const char **names = base_alloc((size_t)n, sizeof *names), **defects = base_alloc((size_t)n, sizeof *defects);
    const char **digests = base_alloc((size_t)n, sizeof *digests);
    char(*digest)[IO_DIGEST_SIZE] = base_alloc((size_t)n, sizeof *digest);
    uint8_t *labels = base_alloc((size_t)n, sizeof *labels);
    if (names == NULL || defects == NULL || digests == NULL || digest == NULL || labels == NULL) goto done;
    for (int i = 0; i < n; i++) {
        names[i] = images[i].name;
        defects[i] = images[i].defect;
        labels[i] = (uint8_t)images[i].label;
        TRY_DONE(io_digest_file(digest[i], images[i].path));
        digests[i] = digest[i];
    }
    const io_h5_field_t fields[] = {
        {"cls", type, 2, {n, features->E}, "image,embedding", "1", "class token, normalised", features->cls},
        {"tokens",
         type,
         3,
         {n, T, features->E},
         "image,token,embedding",
         "1",
         "patch tokens of the V-V stream, rows normalised; tokens row by row from the top left",
         features->tokens},
        {"memory1",
         type,
         3,
         {n, T, features->W},
         "image,token,width",
         "1",
         "patch features at the first memory tap, rows normalised",
         features->memory1},
        {"memory2",
         type,
         3,
         {n, T, features->W},
         "image,token,width",
         "1",
         "patch features at the second memory tap, rows normalised",
         features->memory2},
        {"path", IO_H5_STRING, 1, {n}, "image", "1", "image file below the category's folder", names},
        {"label", IO_H5_U8, 1, {n}, "image", "1", "0 normal, 1 anomalous", labels},
        {"defect", IO_H5_STRING, 1, {n}, "image", "1", "kind of defect, good for normal images", defects},
        {"digest", IO_H5_STRING, 1, {n}, "image", "1", "SHA-256 of the image file", digests},
    };
    TRY_DONE(io_h5_create(&file, item->path));
    TRY_DONE(io_h5_write(file, "/", fields, sizeof fields / sizeof fields[0]));
    TRY_DONE(write_description(file, worker, item, "CLIP image features of some images of one category", features->grid,
                               seconds));
    status = io_h5_publish(file);
    file = NULL;
done:
    io_h5_close(file);
    free(names);
    free(defects);
    free(digests);
    free(digest);
    free(labels);
    return status;
}

/* One enlarged training image as scale x scale tiles of the model's size, in reading order (METHOD.md 6.1). */
static status_t encode_tiles(suite_worker_t *worker, suite_features_t *features, const char *path, int scale,
                             float *pixels)
{
    int S = clip_model_config(worker->model)->image_size, side = scale * S;
    io_image_t image, tile = {.width = S, .height = S};
    double began = clock_seconds();
    TRY(io_image_read(&image, path));
    status_t status = ST_ENOMEM;
    uint8_t *large = base_alloc((size_t)side * (size_t)side, 3);
    tile.pixels = base_alloc((size_t)S * (size_t)S, 3);
    if (large == NULL || tile.pixels == NULL) goto done;
    TRY_DONE(io_resize_bicubic(large, side, side, image.pixels, image.width, image.height, 3));
    began = suite_worker_charge(worker, SUITE_RATE_PICTURE, 1, began);
    for (int t = 0; t < scale * scale; t++) {
        if (suite_interrupted()) {
            status = fail(ST_EINTERRUPTED, "interrupted while encoding '%s'", path);
            goto done;
        }
        const uint8_t *corner = large + 3 * ((size_t)(t / scale * S) * (size_t)side + (size_t)(t % scale * S));
        for (int y = 0; y < S; y++)
            memcpy(tile.pixels + 3 * (size_t)y * (size_t)S, corner + 3 * (size_t)y * (size_t)side, 3 * (size_t)S);
        TRY_DONE(clip_preprocess(pixels, &tile, S));
        clip_features_t out = {.tokens = features->tokens + (size_t)t * (size_t)features->T * (size_t)features->E};
        TRY_DONE(clip_vision_forward(&out, worker->vision, pixels));
        began =
            suite_worker_charge(worker, SUITE_RATE_TILE, suite_encode_gflop(clip_model_config(worker->model)), began);
    }
done:
    free(large);
    free(tile.pixels);
    io_image_free(&image);
    return status;
}

status_t suite_encode(suite_worker_t *worker, const item_t *item)
{
    TRY(suite_worker_model(worker));
    const clip_config_t *config = clip_model_config(worker->model);
    const data_category_t *category = &worker->plan->listings[item->listing].images;
    int first = item->index, count = 1;
    const data_image_t *images = category->train;
    if (item->kind == ITEM_CHUNK) {
        suite_chunk_range(&first, &count, worker->plan, item->listing, item->index);
        images = category->test;
    }
    status_t status;
    suite_work_t work;
    suite_work_encode(&work, config, &worker->plan->points[0], item->kind,
                      item->kind == ITEM_TILES ? item->scale * item->scale : count);
    double started = clock_seconds();
    suite_features_t features = {0};
    float *pixels = base_alloc(3 * (size_t)config->image_size * (size_t)config->image_size, sizeof *pixels);
    if (pixels == NULL) return ST_ENOMEM;
    if (item->kind == ITEM_TILES) {
        TRY_DONE(features_alloc(&features, config, item->scale * item->scale, false));
        TRY_DONE(encode_tiles(worker, &features, images[first].path, item->scale, pixels));
        double encoded = clock_seconds();
        TRY_DONE(write_tiles(worker, item, &features, &images[first], encoded - started));
        suite_worker_charge(worker, SUITE_RATE_WRITE, work.units[SUITE_RATE_WRITE], encoded);
        goto done;
    }
    TRY_DONE(features_alloc(&features, config, count, true));
    for (int i = 0; i < count; i++) {
        if (suite_interrupted()) {
            status = fail(ST_EINTERRUPTED, "interrupted while encoding %s/%s", category->dataset, category->category);
            goto done;
        }
        TRY_DONE(encode_image(worker, &features, i, images[first + i].path, pixels));
    }
    double encoded = clock_seconds();
    TRY_DONE(write_features(worker, item, &features, images + first, encoded - started));
    suite_worker_charge(worker, SUITE_RATE_WRITE, work.units[SUITE_RATE_WRITE], encoded);
done:
    free(pixels);
    suite_features_free(&features);
    return status;
}

/* One array of a feature file, (count, ...) with the wanted number of values an image. */
static status_t read_array(float **out, int64_t dims[6], int want_ndim, io_h5_t *file, const char *name,
                           const char *path)
{
    void *data;
    int ndim;
    TRY(io_h5_read(&data, &ndim, dims, file, name, IO_H5_F32));
    *out = data;
    if (ndim == want_ndim) return ST_OK;
    return fail(ST_EFORMAT, "'%s': %s has %d dimensions, expected %d", path, name, ndim, want_ndim);
}

status_t suite_features_read(suite_features_t *out, const item_t *item)
{
    status_t status;
    const char *path = item->path;
    io_h5_t *file = NULL;
    int64_t grid, cls[6], tokens[6], first[6], second[6];
    *out = (suite_features_t){0};
    TRY_DONE(suite_item_open(&file, item));
    TRY_DONE(io_h5_get_i64(&grid, file, "/", "grid"));
    TRY_DONE(read_array(&out->cls, cls, 2, file, "cls", path));
    TRY_DONE(read_array(&out->tokens, tokens, 3, file, "tokens", path));
    TRY_DONE(read_array(&out->memory1, first, 3, file, "memory1", path));
    TRY_DONE(read_array(&out->memory2, second, 3, file, "memory2", path));
    if (tokens[0] != cls[0] || first[0] != cls[0] || second[0] != cls[0] || tokens[2] != cls[1] ||
        first[1] != tokens[1] || second[1] != tokens[1] || first[2] != second[2] || grid * grid != tokens[1]) {
        status = fail(ST_EFORMAT, "'%s': the shapes of cls, tokens, memory1 and memory2 do not agree", path);
        goto done;
    }
    out->count = (int)cls[0];
    out->E = (int)cls[1];
    out->T = (int)tokens[1];
    out->W = (int)first[2];
    out->grid = (int)grid;
done:
    io_h5_close(file);
    if (status != ST_OK) suite_features_free(out);
    return status;
}
