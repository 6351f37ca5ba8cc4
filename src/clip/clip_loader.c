/* Tensors by name and shape, in place where they can be. */
#include "clip/clip_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void shape_text(char out[96], const int64_t *shape, int ndim)
{
    int at = snprintf(out, 96, "(");
    for (int d = 0; d < ndim && at < 80; d++)
        at += snprintf(out + at, 96 - (size_t)at, "%s%" PRId64, d ? "," : "", shape[d]);
    snprintf(out + at, 96 - (size_t)at, ")");
}

static bool usable_in_place(const io_tensor_t *tensor)
{
    return tensor->dtype == IO_F32 && (uintptr_t)tensor->data % _Alignof(float) == 0;
}

static status_t take_values(const float **out, clip_loader_t *loader, const io_tensor_t *tensor)
{
    if (usable_in_place(tensor) && (loader->finite || base_all_finite(tensor->data, tensor->count))) {
        *out = tensor->data;
        return ST_OK;
    }
    if (usable_in_place(tensor)) { /* converted only for the message that names the first bad value */
        float *copy = base_alloc((size_t)tensor->count, sizeof *copy);
        if (copy == NULL) return ST_ENOMEM;
        status_t status = io_tensor_to_f32(copy, tensor, loader->path);
        free(copy);
        return status;
    }
    TRY(io_tensor_to_f32(loader->converted, tensor, loader->path));
    *out = loader->converted;
    loader->converted += tensor->count;
    return ST_OK;
}

static status_t take(const float **out, clip_loader_t *loader, const char *name, int ndim, const int64_t *shape)
{
    const io_tensor_t *tensor = io_safetensors_find(loader->file, name);
    char wanted[96], found[96], hint[CLIP_HINT_SIZE];
    shape_text(wanted, shape, ndim);
    if (tensor == NULL) {
        clip_hint_missing(hint, loader->file, name);
        return fail(ST_EFORMAT, "'%s': no tensor '%s', config wants one of shape %s%s", loader->path, name, wanted,
                    hint);
    }
    if (loader->taking) return take_values(out, loader, tensor);
    bool same = tensor->ndim == ndim && memcmp(tensor->shape, shape, (size_t)ndim * sizeof *shape) == 0;
    /* A scalar is stored with no dimension or with one of length 1. */
    if (ndim == 0 && tensor->count == 1) same = true;
    if (!same) {
        shape_text(found, tensor->shape, tensor->ndim);
        clip_hint_shape(hint, tensor, ndim > 0 ? shape[0] : 1);
        return fail(ST_EFORMAT, "'%s': %s is %s, config wants %s%s", loader->path, name, found, wanted, hint);
    }
    if (tensor->dtype == IO_OTHER_DTYPE)
        return fail(ST_EFORMAT, "'%s': %s is of type %s, expected F32, F16 or BF16%s", loader->path, name,
                    tensor->dtype_name,
                    strcmp(tensor->dtype_name, "F64") == 0 ? " (hint: datasets/models/convert stores F32)" : "");
    if (!usable_in_place(tensor)) loader->needed += tensor->count;
    *loader->parameters += tensor->count;
    for (int i = 0; i < io_safetensors_count(loader->file); i++)
        if (io_safetensors_at(loader->file, i) == tensor) loader->used[i] = true;
    return ST_OK;
}

status_t clip_loader_take(const float **out, clip_loader_t *loader, const char *prefix, const char *name, int64_t d0,
                          int64_t d1, int64_t d2, int64_t d3)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const int64_t shape[4] = {d0, d1, d2, d3};
    int ndim = 0;
    while (ndim < 4 && shape[ndim] > 0) ndim++;
    return take(out, loader, full, ndim, shape);
}

status_t clip_loader_join(const float **out, clip_loader_t *loader, const char *prefix, const char *name, int64_t d0,
                          int64_t d1)
{
    static const char *const parts[] = {"query", "key", "value"};
    const float *first = loader->converted;
    const char *hole = strstr(name, "%s");
    REQUIRE(hole != NULL);
    for (int i = 0; i < 3; i++) {
        char full[256];
        const float *part;
        snprintf(full, sizeof full, "%.*s%s%s", (int)(hole - name), name, parts[i], hole + 2);
        const int64_t needed = loader->needed;
        TRY(clip_loader_take(&part, loader, prefix, full, d0, d1, 0, 0));
        const int64_t count = d0 * (d1 > 0 ? d1 : 1);
        if (!loader->taking) {
            loader->needed = needed + count;
        } else if (part != loader->converted - count) { /* it lies in the file's mapping */
            memcpy(loader->converted, part, (size_t)count * sizeof *part);
            loader->converted += count;
        }
    }
    *out = first;
    return ST_OK;
}
