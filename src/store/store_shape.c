/* What each kind of file holds, by the plan: names, kinds of values and dimensions. The one place where arrays of a file are
 * held against what will be done with them, which asks for finite numbers; no memory is asked for before they fit. */
#include "store/store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static status_t expect(io_h5_t *file, const char *name, io_h5_type_t type, int ndim, const int64_t *want)
{
    return type == IO_H5_F32 ? io_h5_expect_finite(file, name, ndim, want) : io_h5_expect(file, name, type, ndim, want);
}

status_t store_read(void *out, io_h5_t *file, const char *name, io_h5_type_t type, int ndim, const int64_t *want)
{
    void *data;
    int found;
    TRY(expect(file, name, type, ndim, want));
    TRY(io_h5_read(&data, &found, NULL, file, name, type));
    memcpy(out, &data, sizeof data);
    return ST_OK;
}

status_t store_read_into(void *out, io_h5_t *file, const char *name, io_h5_type_t type, int ndim, const int64_t *want)
{
    TRY(expect(file, name, type, ndim, want));
    if (ndim > 0) return io_h5_read_rows(out, file, name, type, 0, want[0]);
    void *data;
    int found;
    const size_t size = type == IO_H5_F64 || type == IO_H5_I64 ? 8 : type == IO_H5_U8 ? 1 : 4;
    TRY(io_h5_read(&data, &found, NULL, file, name, type));
    memcpy(out, data, size);
    free(data);
    return ST_OK;
}

/* ---- Files of items -------------------------------------------------------------------------------------------------- */

int store_feature_dims(int64_t dims[3], const clip_feature_t *feature, const clip_config_t *config, int count)
{
    const bool vector = feature->kind == CLIP_FEATURE_CLS && feature->turns == 0;
    dims[0] = count;
    dims[1] = vector ? clip_feature_width(feature, config) : clip_feature_rows(feature, config);
    dims[2] = clip_feature_width(feature, config);
    return vector ? 2 : 3;
}

int store_item_images(const plan_t *plan, const plan_item_t *item)
{
    int first, count = 1;
    if (item->kind == PLAN_TILES) return item->scale * item->scale;
    if (item->kind == PLAN_CHUNK) plan_chunk_range(&first, &count, plan, item->category_index, item->index);
    return count;
}

static status_t check_feature(io_h5_t *file, const plan_t *plan, const plan_item_t *item, const char *name)
{
    clip_feature_t feature;
    int64_t dims[3];
    TRY(clip_feature_parse(&feature, name, &plan->config));
    const int ndim = store_feature_dims(dims, &feature, &plan->config, store_item_images(plan, item));
    return expect(file, name, IO_H5_F32, ndim, dims);
}

/* Groups are as many as the caption gives: any number, but the same in all arrays. */
static status_t check_head(io_h5_t *file, const plan_t *plan, const plan_item_t *item)
{
    static const char *const states[] = {"oracle/normal", "oracle/abnormal", "oracle/keys"};
    char name[96];
    int ndim;
    int64_t dims[6];
    const char *head = job_head_names[item->head];
    snprintf(name, sizeof name, "prompts/%s/anchors/normal", head);
    TRY(io_h5_dims(&ndim, dims, file, name));
    if (ndim != 2 || dims[0] < 1 || dims[0] > PROMPTS_MAX_GROUPS)
        return fail(ST_EFORMAT, "%s has no groups, or more than %d", name, PROMPTS_MAX_GROUPS);
    const int64_t G = dims[0], anchors[] = {G, plan->config.embed};
    TRY(expect(file, name, IO_H5_F32, 2, anchors));
    snprintf(name, sizeof name, "prompts/%s/anchors/abnormal", head);
    TRY(expect(file, name, IO_H5_F32, 2, anchors));
    snprintf(name, sizeof name, "prompts/%s/query_former/keys", head);
    if (io_h5_has(file, name)) TRY(expect(file, name, IO_H5_F32, 2, anchors));
    snprintf(name, sizeof name, "prompts/%s/oracle", head);
    if (!io_h5_has(file, name)) return ST_OK;
    snprintf(name, sizeof name, "prompts/%s/oracle/epoch", head);
    TRY(io_h5_dims(&ndim, dims, file, name));
    const int64_t n = dims[0], kept[] = {n, G, plan->config.embed};
    TRY(io_h5_expect(file, name, IO_H5_I32, 1, &n));
    if (n > 100000) return fail(ST_EFORMAT, "%s keeps %lld states", name, (long long)n);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "prompts/%s/%s", head, states[i]);
        TRY(expect(file, name, IO_H5_F32, 3, kept));
    }
    return ST_OK;
}

/* Of a task's maps, what every method gives; the others are held against them when they are read again. */
static status_t check_task(io_h5_t *file)
{
    int ndim;
    int64_t dims[6];
    TRY(io_h5_dims(&ndim, dims, file, "maps/M_img"));
    const int64_t pixels[] = {dims[0], -1, -1};
    TRY(expect(file, "maps/M_img", IO_H5_F32, 1, pixels));
    TRY(io_h5_expect(file, "maps/label", IO_H5_U8, 1, pixels));
    TRY(io_h5_expect(file, "maps/path", IO_H5_STRING, 1, pixels));
    TRY(io_h5_expect(file, "maps/defect", IO_H5_STRING, 1, pixels));
    return expect(file, "maps/M_pix", IO_H5_F32, 3, pixels);
}

status_t store_item_fits(io_h5_t *file, const plan_t *plan, const plan_item_t *item, const char *feature)
{
    status_t status = ST_OK;
    if (feature != NULL)
        status = check_feature(file, plan, item, feature);
    else if (item->kind == PLAN_EVALUATE)
        status = check_task(file);
    else if (item->kind == PLAN_LEARN)
        status = check_head(file, plan, item);
    else if (item->kind == PLAN_SLICE)
        status = expect(file, "slice", IO_H5_F32, 3, (const int64_t[]){-1, plan->config.grid, plan->config.grid});
    return status == ST_ENOTFOUND ? fail(ST_EFORMAT, "%s", fail_message()) : status;
}
