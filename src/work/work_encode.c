/* Images to features. */
#include "work/work_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of an item's features, which the rank's threads make: a task is a batch of images, or one where batches do
 * not go round. An image has the same bits in either. */
typedef struct {
    work_worker_t *worker;
    const store_features_t *features;
    const data_category_t *category;
    const data_image_t *files; /* (count), or the one that the tiles are of */
    bool test;
    int first;            /* row of the first image */
    int count, batch;     /* images in all, and a task */
    const uint8_t *large; /* tiles: their image at scale x scale times the model's size; NULL: pictures are read */
    int scale;
} images_t;

/* What a worker computes with: opened by itself, when it first has something to do. */
static status_t take_seat(work_seat_t **out, work_worker_t *worker, int index)
{
    work_seat_t *seat = *out = &worker->seat[index];
    const size_t S = (size_t)clip_model_config(worker->model)->image_size;
    if (seat->vision == NULL) TRY(clip_vision_open(&seat->vision, worker->model, NULL));
    if (seat->pixels == NULL)
        seat->pixels = base_alloc((size_t)clip_vision_batch(seat->vision) * 3 * S * S, sizeof *seat->pixels);
    return seat->pixels != NULL ? ST_OK : ST_ENOMEM;
}

static float *pixels_of(const work_worker_t *worker, const work_seat_t *seat, int i)
{
    const size_t S = (size_t)clip_model_config(worker->model)->image_size;
    return seat->pixels + (size_t)i * 3 * S * S;
}

/* All arrays of rows first .. first+count-1: a whole batch, or image by image. */
static status_t encode_pixels(const work_worker_t *worker, work_seat_t *seat, const store_features_t *features,
                              int first, int count)
{
    float *out[CLIP_BATCH * METHOD_MAX_FEATURES];
    const float *batch[CLIP_BATCH];
    clip_feature_t feature[METHOD_MAX_FEATURES];
    const int together = count == clip_vision_batch(seat->vision) ? count : 1;
    const store_array_t *array[METHOD_MAX_FEATURES];
    int arrays = 0;
    for (int a = 0; a < features->arrays; a++) {
        TRY(clip_feature_parse(&feature[arrays], features->array[a].name, &worker->plan->config));
        if (feature[arrays].turns == 0) array[arrays++] = &features->array[a];
    }
    for (int i = 0; i < count && arrays > 0; i += together) {
        for (int j = 0; j < together; j++) {
            batch[j] = pixels_of(worker, seat, i + j);
            for (int a = 0; a < arrays; a++)
                out[j * arrays + a] =
                    array[a]->data + (size_t)(first + i + j) * (size_t)array[a]->rows * (size_t)array[a]->width;
        }
        TRY(clip_vision_encode_batch(out, seat->vision, feature, arrays, batch, together));
    }
    return ST_OK;
}

double work_view_angle(const clip_feature_t *feature, int t, const char *dataset, const char *category,
                       const char *image)
{
    char purpose[4096];
    if (!feature->drawn) return 360.0 * t / feature->turns;
    REQUIRE(feature->seed >= 0);
    snprintf(purpose, sizeof purpose, "turns/%s", image);
    const rng_t draw = rng_init(dataset, category, 0, (uint64_t)feature->seed, purpose);
    rng_t rng = rng_split(&draw, (uint64_t)t);
    return 360.0 * rng_uniform(&rng);
}

/* Arrays of image i turned, method/README.md 6: every view by itself, whatever their number. */
static status_t encode_turned(const images_t *images, work_seat_t *seat, int i)
{
    const store_features_t *features = images->features;
    const clip_config_t *config = clip_model_config(images->worker->model);
    status_t status = ST_OK;
    io_image_t image = {0}, view = {0};
    for (int a = 0; a < features->arrays && status == ST_OK; a++) {
        const store_array_t *array = &features->array[a];
        clip_feature_t feature;
        TRY_DONE(clip_feature_parse(&feature, array->name, config));
        const clip_feature_t turned = feature;
        const int turns = turned.turns;
        if (turns == 0) continue;
        feature.turns = 0;
        if (view.pixels == NULL) {
            TRY_DONE(work_picture_read(&image, images->worker, images->category, &images->files[i], images->test));
            view = (io_image_t){.width = image.width, .height = image.height};
            view.pixels = base_alloc((size_t)view.width * (size_t)view.height, 3);
            status = view.pixels != NULL ? ST_OK : ST_ENOMEM;
        }
        const size_t size = (size_t)(array->rows / turns) * (size_t)array->width;
        for (int t = 0; t < turns && status == ST_OK; t++) {
            float *out = array->data + ((size_t)(images->first + i) * (size_t)turns + (size_t)t) * size;
            io_rotate(view.pixels, image.pixels, image.width, image.height, 3,
                      work_view_angle(&turned, t, images->category->dataset, images->category->category,
                                      images->files[i].name));
            TRY_DONE(clip_preprocess(seat->pixels, &view, config));
            status = clip_vision_encode(&out, seat->vision, &feature, 1, seat->pixels);
        }
    }
done:
    free(view.pixels);
    io_image_free(&image);
    return status;
}

static status_t read_picture(float *pixels, const images_t *images, int i)
{
    const clip_config_t *config = clip_model_config(images->worker->model);
    io_image_t image;
    TRY(work_picture_read(&image, images->worker, images->category, &images->files[i], images->test));
    status_t status = clip_preprocess(pixels, &image, config);
    io_image_free(&image);
    return status;
}

/* Tile i, in reading order (METHOD.md 6.1). */
static status_t cut_tile(float *pixels, const images_t *images, int i)
{
    const clip_config_t *config = clip_model_config(images->worker->model);
    const int S = config->image_size, side = images->scale * S;
    io_image_t tile = {.width = S, .height = S, .pixels = base_alloc((size_t)S * (size_t)S, 3)};
    if (tile.pixels == NULL) return ST_ENOMEM;
    const uint8_t *corner =
        images->large + 3 * ((size_t)(i / images->scale * S) * (size_t)side + (size_t)(i % images->scale * S));
    for (int y = 0; y < S; y++)
        memcpy(tile.pixels + 3 * (size_t)y * (size_t)S, corner + 3 * (size_t)y * (size_t)side, 3 * (size_t)S);
    status_t status = clip_preprocess(pixels, &tile, config);
    free(tile.pixels);
    return status;
}

static status_t encode_task(void *context, int task, int worker)
{
    const images_t *images = context;
    const int begin = task * images->batch, left = images->count - begin;
    const int count = left < images->batch ? left : images->batch;
    work_seat_t *seat;
    if (stop_asked()) {
        if (images->large != NULL)
            return fail(ST_EINTERRUPTED, "interrupted while encoding '%s'", images->files[0].path);
        return fail(ST_EINTERRUPTED, "interrupted while encoding %s/%s", images->category->dataset,
                    images->category->category);
    }
    TRY(take_seat(&seat, images->worker, worker));
    double began = clock_own_seconds();
    for (int i = 0; i < count; i++) {
        float *pixels = pixels_of(images->worker, seat, i);
        TRY(images->large != NULL ? cut_tile(pixels, images, begin + i) : read_picture(pixels, images, begin + i));
    }
    double read = clock_own_seconds();
    TRY(encode_pixels(images->worker, seat, images->features, images->first + begin, count));
    for (int i = 0; i < count && images->large == NULL; i++) TRY(encode_turned(images, seat, begin + i));
    seat->picture_seconds += read - began;
    seat->tower_seconds += clock_own_seconds() - read;
    return ST_OK;
}

/* What the arrays of one image cost. */
static double encode_gflop(const work_worker_t *worker, const store_features_t *features)
{
    method_ask_t ask = {.count = features->arrays};
    for (int a = 0; a < ask.count; a++) memcpy(ask.text[a], features->array[a].name, sizeof ask.text[a]);
    return plan_encode_gflop(clip_model_config(worker->model), &ask);
}

/* Charges what the threads took together for pictures and for the tower, in the proportion of their own times. */
static void charge(work_worker_t *worker, const images_t *images, double began)
{
    const int pictures = images->large != NULL ? 0 : images->count;
    const plan_rate_t tower = images->large != NULL ? PLAN_RATE_TILE : PLAN_RATE_ENCODE;
    double picture = 0, all = 0;
    for (int w = 0; w < base_pool_workers(worker->pool); w++) {
        work_seat_t *seat = &worker->seat[w];
        picture += seat->picture_seconds;
        all += seat->picture_seconds + seat->tower_seconds;
        seat->picture_seconds = seat->tower_seconds = 0;
    }
    const double took = clock_own_seconds() - began, share = pictures > 0 && all > 0 ? picture / all : 0;
    work_worker_charge(worker, PLAN_RATE_PICTURE, pictures, clock_own_seconds() - share * took);
    work_worker_charge(worker, tower, images->count * encode_gflop(worker, images->features),
                       clock_own_seconds() - (1 - share) * took);
}

static status_t encode_images(images_t *images)
{
    work_worker_t *worker = images->worker;
    work_seat_t *seat;
    const double began = clock_own_seconds();
    TRY(take_seat(&seat, worker, 0));
    const int most = clip_vision_batch(seat->vision), workers = base_pool_workers(worker->pool);
    images->batch = images->count >= most * workers || workers == 1 ? most : 1;
    TRY(base_pool_run(worker->pool, (images->count + images->batch - 1) / images->batch, encode_task, images));
    charge(worker, images, began);
    return ST_OK;
}

status_t work_encode_image(work_worker_t *worker, store_features_t *features, const data_category_t *category,
                           const data_image_t *file)
{
    images_t images = {
        .worker = worker, .features = features, .category = category, .files = file, .test = true, .count = 1};
    return encode_images(&images);
}

/* One enlarged training image as scale x scale tiles of the model's size. */
static status_t encode_tiles(work_worker_t *worker, store_features_t *features, const data_category_t *category,
                             const data_image_t *file, int scale)
{
    const int side = scale * clip_model_config(worker->model)->image_size;
    io_image_t image;
    double began = clock_own_seconds();
    TRY(work_picture_read(&image, worker, category, file, false));
    uint8_t *large = base_alloc((size_t)side * (size_t)side, 3);
    status_t status =
        large != NULL ? io_resize_bicubic(large, side, side, image.pixels, image.width, image.height, 3) : ST_ENOMEM;
    io_image_free(&image);
    work_worker_charge(worker, PLAN_RATE_PICTURE, 1, began);
    images_t images = {.worker = worker,
                       .features = features,
                       .category = category,
                       .files = file,
                       .count = scale * scale,
                       .large = large,
                       .scale = scale};
    if (status == ST_OK) status = encode_images(&images);
    free(large);
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
    if (item->kind == PLAN_TILES) count = item->scale * item->scale;
    TRY_DONE(store_features_alloc(&features, config, &missing, count));
    if (missing.count > 0 && item->kind == PLAN_TILES)
        TRY_DONE(encode_tiles(worker, &features, category, &images[first], item->scale));
    else if (missing.count > 0)
        TRY_DONE(encode_images(&(images_t){.worker = worker,
                                           .features = &features,
                                           .category = category,
                                           .files = &images[first],
                                           .test = item->kind == PLAN_CHUNK,
                                           .count = count}));
    double encoded = clock_own_seconds();
    TRY_DONE(
        store_features_write(worker->plan, worker->size, item, &features, images + first, clock_seconds() - started));
    work_worker_charge(worker, PLAN_RATE_WRITE, work.units[PLAN_RATE_WRITE], encoded);
done:
    store_features_free(&features);
    return status;
}
