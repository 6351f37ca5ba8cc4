/* Objects of one HDF5 file into another: read and written anew, as everything that is read. */
#include "io/io_internal.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 16 };
typedef struct {
    io_h5_t *to, *from;
    int64_t objects; /* left; each has an entry of 40 bytes in a group */
} copy_t;

/* The attributes that io_h5_write makes of a field's row. */
static bool is_of_field(const char *name)
{
    return strcmp(name, "DIMENSION_LABELS") == 0 || strcmp(name, "description") == 0 || strcmp(name, "units") == 0;
}

static status_t copy_attributes(copy_t *copy, uint64_t header, const char *path, bool dataset)
{
    for (int i = 0;; i++) {
        io_h5_attribute_t attribute;
        io_h5_budget(copy->from);
        TRY(io_h5_parse_attribute(&attribute, copy->from, header, NULL, i));
        if (attribute.name == NULL) return ST_OK;
        if (dataset && is_of_field(attribute.name)) continue;
        if (attribute.array.count != 1) return io_h5_damaged(copy->from, "an attribute has more than one value");
        if (attribute.array.kind == IO_H5_STRING) {
            char *text;
            TRY(io_h5_string(&text, copy->from, attribute.array.data));
            status_t status = io_h5_set_text(copy->to, path, attribute.name, text);
            free(text);
            TRY(status);
        } else if (attribute.array.kind == IO_H5_I64) {
            int64_t value;
            TRY(io_h5_values(&value, copy->from, &attribute.array, IO_H5_I64, 0, 1, attribute.name));
            TRY(io_h5_set_i64(copy->to, path, attribute.name, value));
        } else {
            double value;
            TRY(io_h5_values(&value, copy->from, &attribute.array, IO_H5_F64, 0, 1, attribute.name));
            TRY(io_h5_set_f64(copy->to, path, attribute.name, value));
        }
    }
}

/* Names of the dimensions, as the field table has them: apart by commas. Caller frees. */
static status_t take_axes(char **out, copy_t *copy, uint64_t header, int ndim)
{
    io_h5_attribute_t labels;
    *out = base_format("%s", "");
    if (*out == NULL) return ST_ENOMEM;
    if (ndim == 0) return ST_OK;
    TRY(io_h5_parse_attribute(&labels, copy->from, header, "DIMENSION_LABELS", 0));
    if (labels.name == NULL || labels.array.kind != IO_H5_STRING || labels.array.count != ndim)
        return io_h5_damaged(copy->from, "an array's dimensions have no names");
    for (int d = 0; d < ndim; d++) {
        char *name, *longer;
        TRY(io_h5_string(&name, copy->from, labels.array.data + 16 * d));
        const size_t length = strlen(name);
        longer = length > 0 && length < 64 && strchr(name, ',') == NULL
                     ? base_format("%s%s%s", *out, d > 0 ? "," : "", name)
                     : NULL;
        free(name);
        if (longer == NULL) return io_h5_damaged(copy->from, "an array's dimensions have no names");
        free(*out);
        *out = longer;
    }
    return ST_OK;
}

static status_t take_text(char **out, copy_t *copy, uint64_t header, const char *name)
{
    io_h5_attribute_t attribute;
    *out = NULL;
    TRY(io_h5_parse_attribute(&attribute, copy->from, header, name, 0));
    if (attribute.name == NULL || attribute.array.kind != IO_H5_STRING || attribute.array.count != 1)
        return io_h5_damaged(copy->from, "an array has no unit or description");
    return io_h5_string(out, copy->from, attribute.array.data);
}

static status_t copy_array(copy_t *copy, const io_h5_array_t *array, uint64_t header, const char *path)
{
    status_t status = ST_OK;
    if (array->kind == IO_H5_FOREIGN)
        return io_h5_damaged(copy->from, "an array is of a type that is not written here");
    /* Half is float in memory. */
    const io_h5_type_t kind = (io_h5_type_t)array->kind, memory = kind == IO_H5_F16 ? IO_H5_F32 : kind;
    char *axes = NULL, *unit = NULL, *description = NULL;
    void *values = base_alloc((size_t)array->count, io_h5_type_size(memory));
    if (values == NULL) return fail_context(ST_ENOMEM, "'%s': '%s'", copy->from->path, path);
    memset(values, 0, (size_t)array->count * io_h5_type_size(memory));
    TRY_DONE(io_h5_values(values, copy->from, array, memory, 0, array->ndim == 0 ? 1 : array->dims[0], path));
    TRY_DONE(take_axes(&axes, copy, header, array->ndim));
    TRY_DONE(take_text(&unit, copy, header, "units"));
    TRY_DONE(take_text(&description, copy, header, "description"));
    io_h5_field_t field = {.name = path + (path[0] == '/'),
                           .type = kind,
                           .ndim = array->ndim,
                           .axes = axes,
                           .unit = unit,
                           .description = description,
                           .data = values};
    memcpy(field.dims, array->dims, sizeof field.dims);
    status = io_h5_write(copy->to, "/", &field, 1);
done:
    if (memory == IO_H5_STRING)
        io_h5_free_strings(values, array->count);
    else
        free(values);
    free(axes);
    free(unit);
    free(description);
    return status;
}

static status_t copy_object(copy_t *copy, uint64_t header, const char *path, int depth)
{
    io_h5_node_t node;
    if (depth == DEEPEST || --copy->objects < 0) return io_h5_damaged(copy->from, "its groups lead in circles");
    io_h5_budget(copy->from);
    TRY(io_h5_parse(&node, copy->from, header));
    if (node.is_dataset) {
        TRY(copy_array(copy, &node.array, header, path));
        return copy_attributes(copy, header, path, true);
    }
    int64_t group = io_h5_object(copy->to, path);
    if (group < 0) return io_h5_fail(ST_EIO, copy->to, "making the group", path);
    H5Oclose(group);
    TRY(copy_attributes(copy, header, path, false));
    io_h5_children_t list;
    io_h5_budget(copy->from);
    TRY(io_h5_list(&list, copy->from, &node));
    status_t status = ST_OK;
    for (int i = 0; i < list.count && status == ST_OK; i++) {
        const char *name = list.child[i].name;
        if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL) {
            status = io_h5_damaged(copy->from, "an object has no name");
            break;
        }
        char *below = base_format("%s/%s", path, name);
        status = below == NULL ? ST_ENOMEM : copy_object(copy, list.child[i].header, below, depth + 1);
        free(below);
    }
    free(list.child);
    return status;
}

status_t io_h5_copy(io_h5_t *file, io_h5_t *source, const char *path)
{
    REQUIRE(file->writing && !source->writing);
    uint64_t header;
    status_t status = io_h5_find(&header, source, path);
    if (status == ST_ENOTFOUND) return fail(ST_ENOTFOUND, "'%s' has no object '%s'", source->path, path);
    if (status != ST_OK) return status;
    copy_t copy = {.to = file, .from = source, .objects = (int64_t)(source->size / 40) + 1};
    return copy_object(&copy, header, path, 0);
}
