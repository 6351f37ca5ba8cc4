/* Feature files: chunks of test images, support images, tiles of one enlarged support image. */
#include "store/store.h"

#include <stdlib.h>

void store_features_free(store_features_t *features)
{
    free(features->cls);
    free(features->tokens);
    free(features->memory1);
    free(features->memory2);
    *features = (store_features_t){0};
}

status_t store_features_alloc(store_features_t *features, const clip_config_t *config, int count, bool all)
{
    size_t n = (size_t)count, T = (size_t)config->grid * (size_t)config->grid;
    *features =
        (store_features_t){.count = count, .T = (int)T, .E = config->embed, .W = config->width, .grid = config->grid};
    features->tokens = base_alloc(n * T * (size_t)config->embed, sizeof(float));
    if (!all) return features->tokens != NULL ? ST_OK : ST_ENOMEM;
    features->cls = base_alloc(n * (size_t)config->embed, sizeof(float));
    features->memory1 = base_alloc(n * T * (size_t)config->width, sizeof(float));
    features->memory2 = base_alloc(n * T * (size_t)config->width, sizeof(float));
    if (features->cls != NULL && features->tokens != NULL && features->memory1 != NULL && features->memory2 != NULL)
        return ST_OK;
    store_features_free(features);
    return ST_ENOMEM;
}

/* What every feature file says of itself. */
static status_t write_description(io_h5_t *file, const plan_t *plan, int ranks, const plan_item_t *item,
                                  const char *description, int grid, double seconds)
{
    char *options = job_options_text(&plan->points[0], JOB_STAGE_FEATURES, JOB_STAGE_FEATURES);
    if (options == NULL) return ST_ENOMEM;
    status_t status;
    const store_made_by_t made_by = store_made_by(plan, ranks);
    TRY_DONE(io_h5_set_text(file, "/", "description", description));
    TRY_DONE(io_h5_set_text(file, "/", "id", item->id));
    TRY_DONE(io_h5_set_text(file, "/", "options", options));
    TRY_DONE(io_h5_set_i64(file, "/", "grid", grid));
    TRY_DONE(io_h5_set_f64(file, "/", "encode_seconds", seconds));
    TRY_DONE(store_made_by_write(file, &made_by));
    TRY_DONE(io_h5_set_i64(file, "/", "complete", 1));
done:
    free(options);
    return status;
}

static status_t write_tiles(const plan_t *plan, int ranks, const plan_item_t *item, const store_features_t *features,
                            const data_image_t *image, double seconds)
{
    status_t status;
    io_h5_t *file = NULL;
    char digest[IO_DIGEST_SIZE];
    const char *digests[1] = {digest}, *names[1] = {image->name};
    io_h5_type_t type = plan->points[0].features == JOB_FEATURES_F16 ? IO_H5_F16 : IO_H5_F32;
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
    TRY_DONE(write_description(file, plan, ranks, item,
                               "CLIP patch features of the tiles of one enlarged training image", features->grid,
                               seconds));
    status = io_h5_publish(file);
    file = NULL;
done:
    io_h5_close(file);
    return status;
}

static status_t write_features(const plan_t *plan, int ranks, const plan_item_t *item, const store_features_t *features,
                               const data_image_t *images, double seconds)
{
    status_t status = ST_ENOMEM;
    io_h5_t *file = NULL;
    int64_t n = features->count, T = features->T;
    const job_t *job = &plan->points[0];
    io_h5_type_t type = job->features == JOB_FEATURES_F16 ? IO_H5_F16 : IO_H5_F32;
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
    TRY_DONE(write_description(file, plan, ranks, item, "CLIP image features of some images of one category",
                               features->grid, seconds));
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

status_t store_features_write(const plan_t *plan, int ranks, const plan_item_t *item, const store_features_t *features,
                              const data_image_t *images, double seconds)
{
    return (item->kind == PLAN_TILES ? write_tiles : write_features)(plan, ranks, item, features, images, seconds);
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

status_t store_features_read(store_features_t *out, const plan_item_t *item)
{
    status_t status;
    const char *path = item->path;
    io_h5_t *file = NULL;
    int64_t grid, cls[6], tokens[6], first[6], second[6];
    *out = (store_features_t){0};
    TRY_DONE(store_item_open(&file, item));
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
    if (status != ST_OK) store_features_free(out);
    return status;
}
