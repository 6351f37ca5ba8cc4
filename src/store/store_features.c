/* Feature files: chunks of test images, support images, tiles of one enlarged support image. */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

void store_features_free(store_features_t *features)
{
    for (int a = 0; a < features->arrays; a++) free(features->array[a].data);
    *features = (store_features_t){0};
}

status_t store_features_alloc(store_features_t *features, const clip_config_t *config, const method_ask_t *ask,
                              int count)
{
    *features = (store_features_t){.count = count, .grid = config->grid};
    for (int a = 0; a < ask->count; a++) {
        clip_feature_t feature;
        store_array_t *array = &features->array[features->arrays++];
        status_t status = clip_feature_parse(&feature, ask->text[a], config);
        memcpy(array->name, ask->text[a], sizeof array->name);
        array->rows = status == ST_OK ? clip_feature_rows(&feature, config) : 0;
        array->width = status == ST_OK ? clip_feature_width(&feature, config) : 0;
        array->data = base_alloc((size_t)count * (size_t)array->rows * (size_t)array->width, sizeof(float));
        if (status == ST_OK && array->data == NULL) status = ST_ENOMEM;
        if (status == ST_OK) continue;
        store_features_free(features);
        return status;
    }
    return ST_OK;
}

status_t store_features_find(const store_array_t **out, const store_features_t *features, const char *name)
{
    for (int a = 0; a < features->arrays; a++)
        if (strcmp(features->array[a].name, name) == 0) return *out = &features->array[a], ST_OK;
    return fail(ST_EFORMAT, "the features hold no array '%s'", name);
}

status_t store_features_image(method_image_t *out, const store_features_t *features, const method_ask_t *ask, int i)
{
    for (int a = 0; a < ask->count; a++) {
        const store_array_t *array = NULL;
        out->array[a] = NULL;
        out->rows[a] = out->width[a] = 0;
        /* Turned views are of the support alone. */
        status_t status = store_features_find(&array, features, ask->text[a]);
        if (status != ST_OK && strncmp(ask->text[a], "turned", 6) == 0) continue;
        TRY(status);
        out->array[a] = array->data + (size_t)i * (size_t)array->rows * (size_t)array->width;
        out->rows[a] = array->rows;
        out->width[a] = array->width;
    }
    return ST_OK;
}

size_t store_features_bytes(const store_features_t *features)
{
    size_t values = 0;
    for (int a = 0; a < features->arrays; a++)
        values += (size_t)features->array[a].rows * (size_t)features->array[a].width;
    return (size_t)features->count * values * sizeof(float);
}

/* ---- Writing --------------------------------------------------------------------------------------------------------- */

/* What every feature file says of itself. */
static status_t write_attributes(io_h5_t *file, const plan_t *plan, int ranks, const plan_item_t *item, const char *id,
                                 int grid, double seconds)
{
    char *options = job_options_text(&plan->points[0], JOB_STAGE_FEATURES, JOB_STAGE_FEATURES);
    if (options == NULL) return ST_ENOMEM;
    status_t status;
    const store_made_by_t made_by = store_made_by(plan, ranks, NULL);
    bool tiles = item->kind == PLAN_TILES;
    TRY_DONE(io_h5_set_text(file, "/", "description",
                            tiles ? "CLIP patch features of the tiles of one enlarged training image, in reading order"
                                  : "CLIP image features of some images of one category"));
    TRY_DONE(io_h5_set_text(file, "/", "options", options));
    TRY_DONE(io_h5_set_i64(file, "/", "grid", grid));
    if (tiles) TRY_DONE(io_h5_set_i64(file, "/", "scale", item->scale));
    TRY_DONE(io_h5_set_f64(file, "/", "encode_seconds", seconds));
    TRY_DONE(store_made_by_write(file, &made_by));
    TRY_DONE(store_complete(file, id, NULL, NULL));
done:
    free(options);
    return status;
}

static status_t write_array(io_h5_t *file, const plan_t *plan, const plan_item_t *item,
                            const store_features_t *features, int a)
{
    static const char *const what[] = {
        [CLIP_FEATURE_CLS] = "class token",
        [CLIP_FEATURE_TOKENS] = "patch tokens of the V-V stream; tokens row by row from the top left",
        [CLIP_FEATURE_FINAL] = "patch tokens of CLIP's own stream; tokens row by row from the top left",
        [CLIP_FEATURE_TAP] = "patch features at a tap of the image tower; tokens row by row from the top left",
        [CLIP_FEATURE_WINDOWS] = "class tokens of windows, row by row from the top left"};
    io_h5_type_t type = plan->points[0].features == JOB_FEATURES_F16 ? IO_H5_F16 : IO_H5_F32;
    const store_array_t *array = &features->array[a];
    clip_feature_t feature;
    char axes[64], description[192];
    TRY(clip_feature_parse(&feature, array->name, &plan->config));
    bool vector = feature.kind == CLIP_FEATURE_CLS && feature.turns == 0;
    snprintf(axes, sizeof axes, "%s%s,%s", item->kind == PLAN_TILES ? "tile" : "image",
             vector                                 ? ""
             : feature.kind == CLIP_FEATURE_WINDOWS ? ",window"
                                                    : ",token",
             feature.kind == CLIP_FEATURE_TAP ? "width" : "embedding");
    snprintf(description, sizeof description, "%s%s%s", what[feature.kind],
             feature.raw ? ", as they come" : ", rows normalised",
             feature.turns == 0 ? ""
             : feature.drawn    ? ", of each view turned by a drawn angle"
                                : ", of each turned view");
    io_h5_field_t field = {array->name, type, 3,           {features->count, array->rows, array->width},
                           axes,        "1",  description, array->data};
    if (vector) {
        field.ndim = 2;
        field.dims[1] = array->width;
    }
    /* Packed they would be a seventh smaller, for a tenth of the time that the tower takes. */
    return io_h5_write_plain(file, "/", &field);
}

static status_t publish_array(const plan_t *plan, int ranks, const plan_item_t *item, const store_features_t *features,
                              int a, double seconds)
{
    status_t status;
    io_h5_t *file = NULL;
    char path[4096];
    plan_array_folder(path, plan, item->category_index, features->array[a].name);
    TRY(io_make_dirs(path));
    plan_array_path(path, plan, item, features->array[a].name);
    TRY_DONE(io_h5_create(&file, path));
    TRY_DONE(write_array(file, plan, item, features, a));
    TRY_DONE(write_attributes(file, plan, ranks, item, item->array_id, features->grid, seconds));
    status = io_h5_publish(&file);
done:
    io_h5_close(file);
    return status;
}

void store_features_missing(method_ask_t *out, const plan_t *plan, const plan_item_t *item)
{
    method_ask_t ask;
    char path[4096];
    *out = (method_ask_t){0};
    plan_item_ask(&ask, plan, item);
    for (int a = 0; a < ask.count; a++) {
        plan_array_path(path, plan, item, ask.text[a]);
        if (!io_exists(path)) memcpy(out->text[out->count++], ask.text[a], sizeof ask.text[a]);
    }
}

status_t store_features_write(const plan_t *plan, int ranks, const plan_item_t *item, const store_features_t *features,
                              const data_image_t *images, double seconds)
{
    static const store_image_columns_t columns = {.group = "/",
                                                  .axis = "image",
                                                  .name = "path",
                                                  .description = "image file below the category's folder",
                                                  .labels = true,
                                                  .digests = true};
    status_t status;
    io_h5_t *file = NULL;
    for (int a = 0; a < features->arrays; a++) TRY(publish_array(plan, ranks, item, features, a, seconds));
    TRY_DONE(io_h5_create(&file, item->path));
    const int count = item->kind == PLAN_TILES ? 1 : features->count;
    TRY_DONE(store_images_write(file, &columns, images, NULL, count));
    TRY_DONE(io_h5_set_text(file, "/", "arrays", plan->categories[item->category_index].arrays));
    TRY_DONE(io_h5_set_text(file, "/", "array_id", item->array_id));
    TRY_DONE(write_attributes(file, plan, ranks, item, item->id, features->grid, seconds));
    status = io_h5_publish(&file);
done:
    io_h5_close(file);
    return status;
}

/* ---- Reading --------------------------------------------------------------------------------------------------------- */

static status_t read_values(store_array_t *array, const plan_t *plan, io_h5_t *file, int count)
{
    clip_feature_t feature;
    int64_t dims[3];
    TRY(clip_feature_parse(&feature, array->name, &plan->config));
    array->rows = clip_feature_rows(&feature, &plan->config);
    array->width = clip_feature_width(&feature, &plan->config);
    const int ndim = store_feature_dims(dims, &feature, &plan->config, count);
    return store_read(&array->data, file, array->name, IO_H5_F32, ndim, dims);
}

static status_t read_array(store_features_t *out, const plan_t *plan, const plan_item_t *item, const char *feature)
{
    io_h5_t *file;
    char path[4096];
    store_array_t *array = &out->array[out->arrays++];
    snprintf(array->name, sizeof array->name, "%s", feature);
    plan_array_path(path, plan, item, feature);
    TRY(store_open(&file, path, item->array_id));
    store_made_on_read(&out->made_on, file);
    status_t status = read_values(array, plan, file, out->count);
    io_h5_close(file);
    return status;
}

status_t store_features_read(store_features_t *out, const plan_t *plan, const plan_item_t *item,
                             const method_ask_t *ask)
{
    io_h5_t *file;
    *out = (store_features_t){.grid = plan->config.grid, .count = store_item_images(plan, item)};
    TRY(store_item_open(&file, item));
    store_made_on_read(&out->made_on, file);
    io_h5_close(file);
    status_t status = ST_OK;
    for (int a = 0; a < ask->count && status == ST_OK; a++) status = read_array(out, plan, item, ask->text[a]);
    if (status != ST_OK) store_features_free(out);
    return status;
}
