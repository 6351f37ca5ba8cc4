/* index.h5: the categories of a run as they were when it began. */
#include "store/store_internal.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_VERSION = 2, MOST_WORDS = 100000 };

/* Sizes of the model, an attribute each, with what may be believed of a file. */
static const struct {
    const char *name;
    size_t offset;
    int low, high;
} sizes[] = {{"model_embed", offsetof(clip_config_t, embed), 1, 1 << 16},
             {"model_image_size", offsetof(clip_config_t, image_size), 1, 1 << 16},
             {"model_patch", offsetof(clip_config_t, patch), 1, 1 << 12},
             {"model_width", offsetof(clip_config_t, width), 1, 1 << 16},
             {"model_layers", offsetof(clip_config_t, layers), 1, 1 << 12},
             {"model_heads", offsetof(clip_config_t, heads), 1, 1 << 12},
             {"model_mlp", offsetof(clip_config_t, mlp), 1, 1 << 20},
             {"model_grid", offsetof(clip_config_t, grid), 1, 1 << 12},
             {"model_context", offsetof(clip_config_t, context), 0, 1 << 16},
             {"model_vocab", offsetof(clip_config_t, vocab), 0, 1 << 24},
             {"model_text_width", offsetof(clip_config_t, text_width), 0, 1 << 16},
             {"model_text_heads", offsetof(clip_config_t, text_heads), 0, 1 << 12},
             {"model_text_layers", offsetof(clip_config_t, text_layers), 0, 1 << 12},
             {"model_text_mlp", offsetof(clip_config_t, text_mlp), 0, 1 << 20},
             {"model_position_grid", offsetof(clip_config_t, position_grid), 0, 1 << 12},
             {"model_registers", offsetof(clip_config_t, registers), 0, 1 << 12}};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* ---- Writing -------------------------------------------------------------------------------------------------------- */

static status_t write_images(io_h5_t *file, const char *group, const data_image_t *images, int count,
                             const int64_t *mark)
{
    const store_image_columns_t columns = {.group = group,
                                           .axis = "image",
                                           .name = "name",
                                           .description = "image file below the category's folder",
                                           .labels = true};
    uint8_t *mask = base_alloc((size_t)count + 1, 1);
    if (mask == NULL) return ST_ENOMEM;
    for (int i = 0; i < count; i++) mask[i] = images[i].mask != NULL;
    const io_h5_field_t fields[] = {
        {"mask", IO_H5_U8, 1, {count}, "image", "1", "1: there is a ground truth", mask},
        {"mark", IO_H5_I64, 1, {count}, "image", "1", "bytes of the file, or 60 bits of its digest", mark},
    };
    status_t status = store_images_write(file, &columns, images, NULL, count);
    if (status == ST_OK) status = io_h5_write(file, group, fields, sizeof fields / sizeof fields[0]);
    free(mask);
    return status;
}

static status_t write_category(io_h5_t *file, const plan_category_t *entry, int index)
{
    char group[64], part[80];
    const data_category_t *images = &entry->images;
    snprintf(group, sizeof group, "categories/%d", index);
    const int64_t words = (int64_t)(sizeof entry->caption / sizeof(int32_t));
    const io_h5_field_t caption = {
        "caption", IO_H5_I32, 1, {words}, "count", "1", "groups; of each: words, values, states", &entry->caption};
    TRY(io_h5_write(file, group, &caption, 1));
    TRY(io_h5_set_text(file, group, "dataset", images->dataset));
    TRY(io_h5_set_text(file, group, "category", images->category));
    TRY(io_h5_set_text(file, group, "digest", entry->digest));
    TRY(io_h5_set_text(file, group, "caption_digest", entry->caption_digest));
    TRY(io_h5_set_text(file, group, "split", images->split != NULL ? images->split : ""));
    TRY(io_h5_set_i64(file, group, "mask_threshold", images->mask_threshold));
    TRY(io_h5_set_i64(file, group, "test_anomalous", images->test_anomalous));
    TRY(io_h5_set_i64(file, group, "masks_missing", images->masks_missing));
    snprintf(part, sizeof part, "%s/train", group);
    TRY(write_images(file, part, images->train, images->train_count, entry->train_fingerprint));
    snprintf(part, sizeof part, "%s/test", group);
    return write_images(file, part, images->test, images->test_count, entry->test_fingerprint);
}

static status_t write_config(io_h5_t *file, const clip_config_t *config)
{
    for (int i = 0; i < SIZES; i++) {
        int value;
        memcpy(&value, (const char *)config + sizes[i].offset, sizeof value);
        TRY(io_h5_set_i64(file, "/", sizes[i].name, value));
    }
    TRY(io_h5_set_i64(file, "/", "model_quick_gelu", config->quick_gelu));
    TRY(io_h5_set_i64(file, "/", "model_dino", config->dino));
    TRY(io_h5_set_i64(file, "/", "model_swiglu", config->swiglu));
    return io_h5_set_f64(file, "/", "model_eps", config->eps);
}

status_t store_index_write(const plan_t *plan)
{
    io_h5_t *file = NULL;
    char path[4096];
    status_t status;
    snprintf(path, sizeof path, "%s/index.h5", plan->run_dir);
    TRY(io_h5_create(&file, path));
    TRY_DONE(io_h5_set_text(file, "/", "description", "images and model of a run as they were when it began"));
    TRY_DONE(io_h5_set_text(file, "/", "code", base_version()));
    TRY_DONE(io_h5_set_i64(file, "/", "version", INDEX_VERSION));
    TRY_DONE(write_config(file, &plan->config));
    TRY_DONE(io_h5_set_text(file, "/", "model_digest", plan->model_digest));
    TRY_DONE(io_h5_set_text(file, "/", "tokenizer_digest", plan->tokenizer_digest));
    TRY_DONE(io_h5_set_i64(file, "/", "categories", plan->category_count));
    for (int c = 0; c < plan->category_count; c++) TRY_DONE(write_category(file, &plan->categories[c], c));
    status = io_h5_publish(&file);
done:
    io_h5_close(file);
    return status;
}

/* ---- Reading -------------------------------------------------------------------------------------------------------- */

/* A column of as many values as there are images. */
static status_t read_column(void *out, io_h5_t *file, const char *group, const char *name, io_h5_type_t type,
                            int64_t count)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", group, name);
    return store_read(out, file, path, type, 1, &count);
}

static status_t take_image(data_image_t *image, const data_category_t *category, const char *name, const char *defect,
                           int label, bool mask)
{
    *image = (data_image_t){.label = label};
    image->name = base_format("%s", name);
    image->path = base_format("(not here)/%s/%s", category->category, name);
    image->defect = base_format("%s", defect);
    if (mask) image->mask = base_format("(not here)/mask of %s", name);
    const char *end = strrchr(name, '/');
    if (strcmp(category->dataset, "realiad") == 0 && end != NULL)
        image->sample = base_format("%.*s", (int)(end - name), name);
    return image->name != NULL && image->path != NULL && image->defect != NULL ? ST_OK : ST_ENOMEM;
}

static status_t read_images(data_image_t **images, int *count, int64_t **mark, io_h5_t *file, const char *group,
                            const data_category_t *category)
{
    int ndim;
    int64_t dims[6];
    char path[128], **names = NULL, **defects = NULL;
    uint8_t *label = NULL, *mask = NULL;
    status_t status;
    snprintf(path, sizeof path, "%s/name", group);
    TRY(io_h5_dims(&ndim, dims, file, path));
    if (ndim != 1 || dims[0] < 1 || dims[0] > 10000000) return fail(ST_EFORMAT, "index.h5: %s is not a list", path);
    int64_t n = dims[0];
    TRY_DONE(read_column(&names, file, group, "name", IO_H5_STRING, n));
    TRY_DONE(read_column(&defects, file, group, "defect", IO_H5_STRING, n));
    TRY_DONE(read_column(&label, file, group, "label", IO_H5_U8, n));
    TRY_DONE(read_column(&mask, file, group, "mask", IO_H5_U8, n));
    TRY_DONE(read_column(mark, file, group, "mark", IO_H5_I64, n));
    *images = calloc((size_t)n, sizeof **images);
    status = *images != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory");
    for (; status == ST_OK && *count < n; (*count)++)
        status = take_image(&(*images)[*count], category, names[*count], defects[*count], label[*count] != 0,
                            mask[*count] != 0);
done:
    if (names != NULL) io_h5_free_strings(names, n);
    if (defects != NULL) io_h5_free_strings(defects, n);
    free(label);
    free(mask);
    return status;
}

static status_t read_digest(char out[IO_DIGEST_SIZE], io_h5_t *file, const char *group, const char *name)
{
    char *text;
    TRY(io_h5_get_text(&text, file, group, name));
    bool fits = strlen(text) < IO_DIGEST_SIZE;
    if (fits) strcpy(out, text);
    free(text);
    return fits ? ST_OK : fail(ST_EFORMAT, "index.h5: %s of %s is no digest", name, group);
}

static status_t read_number(int *out, io_h5_t *file, const char *group, const char *name)
{
    int64_t value;
    TRY(io_h5_get_i64(&value, file, group, name));
    if (value < INT32_MIN || value > INT32_MAX)
        return fail(ST_EFORMAT, "index.h5: %s of %s is out of range", name, group);
    *out = (int)value;
    return ST_OK;
}

static status_t read_caption(plan_caption_t *out, io_h5_t *file, const char *group)
{
    int32_t *words = NULL;
    const int64_t count = (int64_t)(sizeof *out / sizeof *words);
    bool fits = true;
    TRY(read_column(&words, file, group, "caption", IO_H5_I32, count));
    for (int64_t i = 0; i < count; i++) fits = fits && words[i] >= 0 && words[i] <= MOST_WORDS;
    memcpy(out, words, sizeof *out);
    free(words);
    if (fits && out->groups <= PROMPTS_MAX_GROUPS) return ST_OK;
    return fail(ST_EFORMAT, "index.h5: caption of %s has sizes that no caption has", group);
}

static status_t read_category(plan_category_t *entry, io_h5_t *file, int index)
{
    char group[64], part[80];
    data_category_t *images = &entry->images;
    snprintf(group, sizeof group, "categories/%d", index);
    TRY(io_h5_get_text(&images->dataset, file, group, "dataset"));
    TRY(io_h5_get_text(&images->category, file, group, "category"));
    TRY(io_h5_get_text(&images->split, file, group, "split"));
    TRY(read_digest(entry->digest, file, group, "digest"));
    TRY(read_digest(entry->caption_digest, file, group, "caption_digest"));
    TRY(read_number(&images->mask_threshold, file, group, "mask_threshold"));
    TRY(read_number(&images->test_anomalous, file, group, "test_anomalous"));
    TRY(read_number(&images->masks_missing, file, group, "masks_missing"));
    TRY(read_caption(&entry->caption, file, group));
    if (images->split[0] == '\0') {
        free(images->split);
        images->split = NULL;
    }
    snprintf(part, sizeof part, "%s/train", group);
    TRY(read_images(&images->train, &images->train_count, &entry->train_fingerprint, file, part, images));
    snprintf(part, sizeof part, "%s/test", group);
    return read_images(&images->test, &images->test_count, &entry->test_fingerprint, file, part, images);
}

static status_t read_flag(bool *out, io_h5_t *file, const char *name)
{
    int value = 0;
    TRY(read_number(&value, file, "/", name));
    *out = value != 0;
    return ST_OK;
}

static status_t read_config(clip_config_t *out, io_h5_t *file)
{
    *out = (clip_config_t){0};
    for (int i = 0; i < SIZES; i++) {
        int value = 0;
        TRY(read_number(&value, file, "/", sizes[i].name));
        if (value < sizes[i].low || value > sizes[i].high)
            return fail(ST_EFORMAT, "index.h5: %s is %d, expected %d to %d", sizes[i].name, value, sizes[i].low,
                        sizes[i].high);
        memcpy((char *)out + sizes[i].offset, &value, sizeof value);
    }
    TRY(read_flag(&out->quick_gelu, file, "model_quick_gelu"));
    TRY(read_flag(&out->dino, file, "model_dino"));
    TRY(read_flag(&out->swiglu, file, "model_swiglu"));
    TRY(io_h5_get_f64(&out->eps, file, "/", "model_eps"));
    if (!isfinite(out->eps) || out->width % out->heads != 0 || out->grid != out->image_size / out->patch)
        return fail(ST_EFORMAT, "index.h5: sizes of the model do not fit one another");
    return ST_OK;
}

status_t store_index_read(plan_t *plan)
{
    io_h5_t *file = NULL;
    char path[4096];
    int version = 0, categories = 0;
    status_t status;
    snprintf(path, sizeof path, "%s/index.h5", plan->run_dir);
    TRY(io_h5_open(&file, path));
    TRY_DONE(read_number(&version, file, "/", "version"));
    TRY_DONE(read_number(&categories, file, "/", "categories"));
    if (version != INDEX_VERSION || categories < 1 || categories > 1000000)
        TRY_DONE(fail(ST_EFORMAT, "'%s' is of version %d with %d categories", path, version, categories));
    TRY_DONE(read_config(&plan->config, file));
    TRY_DONE(io_h5_get_text(&plan->model_digest, file, "/", "model_digest"));
    TRY_DONE(read_digest(plan->tokenizer_digest, file, "/", "tokenizer_digest"));
    plan->categories = calloc((size_t)categories, sizeof *plan->categories);
    if (plan->categories == NULL) TRY_DONE(fail(ST_ENOMEM, "out of memory"));
    for (int c = 0; c < categories; c++) {
        plan->category_count = c + 1;
        TRY_DONE(read_category(&plan->categories[c], file, c));
        plan->categories[c].images.how = job_data_options(&plan->points[0]).how;
    }
done:
    io_h5_close(file);
    return status;
}

/* Images are not looked at: who asks what became of a run asks what it was made of, wherever that is now. */
static status_t open_run(plan_t *out, const method_t *const *methods, const char *run_dir, bool recorded)
{
    double started = clock_seconds();
    TRY(plan_open_job(out, methods, run_dir));
    status_t status = store_index_read(out);
    if (status == ST_OK && recorded) status = plan_check_model(out);
    if (status == ST_OK) status = plan_adopt_categories(out);
    if (!recorded && status != ST_OK && status != ST_ENOMEM) { /* made before there was an index, or it is damaged */
        log_debug("%s", fail_message());
        plan_forget_categories(out);
        status = plan_make_categories(out);
    }
    if (status == ST_OK) status = plan_make_tasks(out);
    out->seconds = clock_seconds() - started;
    if (status != ST_OK) plan_free(out);
    return status;
}

status_t store_run_open(plan_t *out, const method_t *const *methods, const char *run_dir)
{
    return open_run(out, methods, run_dir, false);
}

status_t store_run_open_recorded(plan_t *out, const method_t *const *methods, const char *run_dir)
{
    return open_run(out, methods, run_dir, true);
}
