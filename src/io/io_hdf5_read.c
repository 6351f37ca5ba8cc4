/* Datasets and attributes out of an HDF5 file. */
#include "io/io_internal.h"

#include <hdf5.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Attributes ---- */

/* wanted: the class the attribute must have; a scalar of it is read into value. */
static status_t get_attribute(void *value, io_h5_t *file, const char *object, const char *name, hid_t memory_type,
                              H5T_class_t wanted, const char *wanted_text)
{
    status_t status = ST_OK;
    REQUIRE(file != NULL && object != NULL && name != NULL && value != NULL);
    if (!io_h5_has(file, object)) return fail(ST_ENOTFOUND, "'%s' has no object '%s'", file->path, object);
    hid_t owner = io_h5_object(file, object, false), attribute = H5I_INVALID_HID, type = H5I_INVALID_HID;
    hid_t space = H5I_INVALID_HID;
    if (owner < 0) TRY_DONE(io_h5_fail(ST_EFORMAT, file, "opening", object));
    if (H5Aexists(owner, name) <= 0)
        TRY_DONE(fail(ST_ENOTFOUND, "'%s': '%s' has no attribute '%s'", file->path, object, name));
    attribute = H5Aopen(owner, name, H5P_DEFAULT);
    type = attribute < 0 ? attribute : H5Aget_type(attribute);
    space = attribute < 0 ? attribute : H5Aget_space(attribute);
    if (type < 0 || space < 0) TRY_DONE(io_h5_fail(ST_EFORMAT, file, "opening the attribute", name));
    if (H5Tget_class(type) != wanted || H5Sget_simple_extent_npoints(space) != 1 ||
        (wanted == H5T_STRING && H5Tis_variable_str(type) <= 0))
        TRY_DONE(fail(ST_EFORMAT, "'%s': the attribute '%s' of '%s' is not %s", file->path, name, object, wanted_text));
    if (H5Aread(attribute, memory_type, value) < 0)
        TRY_DONE(io_h5_fail(ST_EFORMAT, file, "reading the attribute", name));
done:
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (attribute >= 0) H5Aclose(attribute);
    if (owner >= 0) H5Oclose(owner);
    H5Eclear2(H5E_DEFAULT);
    return status;
}

status_t io_h5_get_text(char **value, io_h5_t *file, const char *object, const char *name)
{
    *value = NULL;
    char *text = NULL;
    hid_t type = io_h5_string_type();
    if (type < 0) return io_h5_fail(ST_EFORMAT, file, "reading the attribute", name);
    status_t status = get_attribute(&text, file, object, name, type, H5T_STRING, "a text");
    H5Tclose(type);
    if (status == ST_OK) *value = base_format("%s", text != NULL ? text : "");
    if (text != NULL) H5free_memory(text);
    return status == ST_OK && *value == NULL ? ST_ENOMEM : status;
}

status_t io_h5_get_i64(int64_t *value, io_h5_t *file, const char *object, const char *name)
{
    return get_attribute(value, file, object, name, H5T_NATIVE_INT64, H5T_INTEGER, "a whole number");
}

status_t io_h5_get_f64(double *value, io_h5_t *file, const char *object, const char *name)
{
    return get_attribute(value, file, object, name, H5T_NATIVE_DOUBLE, H5T_FLOAT, "a number with a fraction");
}

/* ---- Datasets ---- */

typedef struct {
    hid_t dataset, type, space;
    int ndim;
    hsize_t dims[6];
} opened_t;

static void close_dataset(opened_t *opened)
{
    if (opened->space >= 0) H5Sclose(opened->space);
    if (opened->type >= 0) H5Tclose(opened->type);
    if (opened->dataset >= 0) H5Dclose(opened->dataset);
    H5Eclear2(H5E_DEFAULT);
}

static status_t open_dataset(opened_t *opened, io_h5_t *file, const char *path)
{
    *opened = (opened_t){.dataset = H5I_INVALID_HID, .type = H5I_INVALID_HID, .space = H5I_INVALID_HID};
    if (!io_h5_has(file, path)) return fail(ST_ENOTFOUND, "'%s' has no dataset '%s'", file->path, path);
    opened->dataset = H5Dopen2(file->id, path, H5P_DEFAULT);
    if (opened->dataset >= 0) {
        opened->type = H5Dget_type(opened->dataset);
        opened->space = H5Dget_space(opened->dataset);
    }
    int ndim = opened->space >= 0 ? H5Sget_simple_extent_ndims(opened->space) : -1;
    if (opened->type < 0 || ndim < 0) {
        status_t status = io_h5_fail(ST_EFORMAT, file, "opening the dataset", path);
        close_dataset(opened);
        return status;
    }
    if (ndim > 6) {
        close_dataset(opened);
        return fail(ST_EFORMAT, "'%s': '%s' has %d dimensions, expected at most 6", file->path, path, ndim);
    }
    opened->ndim = ndim;
    H5Sget_simple_extent_dims(opened->space, opened->dims, NULL);
    return ST_OK;
}

status_t io_h5_dims(int *ndim, int64_t dims[6], io_h5_t *file, const char *path)
{
    opened_t opened;
    TRY(open_dataset(&opened, file, path));
    *ndim = opened.ndim;
    for (int d = 0; d < 6; d++) dims[d] = d < opened.ndim ? (int64_t)opened.dims[d] : 0;
    close_dataset(&opened);
    return ST_OK;
}

/* Whether values of the dataset may be asked for as `type`: numbers as floats, whole numbers as whole numbers. */
static status_t check_type(const opened_t *opened, io_h5_type_t type, const io_h5_t *file, const char *path)
{
    H5T_class_t found = H5Tget_class(opened->type);
    bool right = false;
    const char *wanted = "numbers";
    switch (type) {
    case IO_H5_F32:
    case IO_H5_F64:
        right = found == H5T_FLOAT || found == H5T_INTEGER;
        break;
    case IO_H5_I32:
    case IO_H5_I64:
    case IO_H5_U8:
        right = found == H5T_INTEGER;
        wanted = "whole numbers";
        break;
    case IO_H5_STRING:
        right = found == H5T_STRING && H5Tis_variable_str(opened->type) > 0;
        wanted = "variable-length strings";
        break;
    case IO_H5_F16:
        break;
    }
    /* Half is a type of files; in memory it is float. */
    REQUIRE(type != IO_H5_F16);
    if (right) return ST_OK;
    const char *holds = found == H5T_FLOAT ? "fractions" : found == H5T_INTEGER ? "whole numbers" : "other values";
    return fail(ST_EFORMAT, "'%s': '%s' holds %s, expected %s", file->path, path,
                found == H5T_STRING ? "strings" : holds, wanted);
}

static bool is_half(hid_t type)
{
    return H5Tget_class(type) == H5T_FLOAT && H5Tget_size(type) == 2 && H5Tget_ebias(type) == 15;
}

/* count values of the selection into out. Half goes through our own conversion, which is much faster. */
static bool read_numbers(void *out, const opened_t *opened, io_h5_type_t type, hid_t memory, hid_t selection,
                         int64_t count)
{
    if (type != IO_H5_F32 || !is_half(opened->type))
        return H5Dread(opened->dataset, io_h5_native_type(type), memory, selection, H5P_DEFAULT, out) >= 0;
    uint16_t *half = base_alloc((size_t)count, sizeof *half);
    hid_t half_type = io_h5_half_type(true);
    bool right = half != NULL && half_type >= 0 &&
                 H5Dread(opened->dataset, half_type, memory, selection, H5P_DEFAULT, half) >= 0;
    float *values = out;
    for (int64_t i = 0; i < count && right; i++) values[i] = io_f16_to_f32(half[i]);
    if (half_type >= 0) H5Tclose(half_type);
    free(half);
    return right;
}

/* The library's strings become ours, so that free() is the one way to give them back. */
static bool read_strings(char **out, const opened_t *opened, hid_t memory, hid_t selection, int64_t count)
{
    hid_t type = io_h5_string_type();
    bool right = type >= 0 && H5Dread(opened->dataset, type, memory, selection, H5P_DEFAULT, out) >= 0;
    for (int64_t i = 0; i < count && right; i++) {
        char *text = out[i];
        out[i] = base_format("%s", text != NULL ? text : "");
        if (text != NULL) H5free_memory(text);
    }
    for (int64_t i = 0; i < count && right; i++)
        if (out[i] == NULL) right = false;
    if (type >= 0) H5Tclose(type);
    return right;
}

static bool read_selection(void *out, const opened_t *opened, io_h5_type_t type, hid_t memory, hid_t selection,
                           int64_t count)
{
    if (count == 0) return true;
    if (type == IO_H5_STRING) return read_strings(out, opened, memory, selection, count);
    return read_numbers(out, opened, type, memory, selection, count);
}

status_t io_h5_read(void **data, int *ndim, int64_t dims[6], io_h5_t *file, const char *path, io_h5_type_t type)
{
    REQUIRE(data != NULL && ndim != NULL && file != NULL && path != NULL);
    *data = NULL;
    opened_t opened;
    TRY(open_dataset(&opened, file, path));
    status_t status = ST_OK;
    void *values = NULL;
    int64_t count = 1;
    TRY_DONE(check_type(&opened, type, file, path));
    for (int d = 0; d < opened.ndim; d++)
        if (opened.dims[d] > INT64_MAX || __builtin_mul_overflow(count, (int64_t)opened.dims[d], &count))
            TRY_DONE(fail(ST_EFORMAT, "'%s': the size of '%s' is past 64 bits", file->path, path));
    values = base_alloc((size_t)count, io_h5_type_size(type));
    if (values == NULL) TRY_DONE(fail_context(ST_ENOMEM, "'%s': '%s'", file->path, path));
    if (type == IO_H5_STRING) memset(values, 0, (size_t)count * sizeof(char *));
    if (!read_selection(values, &opened, type, H5S_ALL, H5S_ALL, count))
        TRY_DONE(io_h5_fail(ST_EFORMAT, file, "reading the dataset", path));
    *ndim = opened.ndim;
    for (int d = 0; dims != NULL && d < 6; d++) dims[d] = d < opened.ndim ? (int64_t)opened.dims[d] : 0;
    *data = values;
    values = NULL;
done:
    if (type == IO_H5_STRING && values != NULL)
        io_h5_free_strings(values, count);
    else
        free(values);
    close_dataset(&opened);
    return status;
}

status_t io_h5_read_rows(void *out, io_h5_t *file, const char *path, io_h5_type_t type, int64_t first, int64_t rows)
{
    REQUIRE(out != NULL && file != NULL && path != NULL && first >= 0 && rows >= 0);
    opened_t opened;
    TRY(open_dataset(&opened, file, path));
    status_t status = ST_OK;
    hid_t memory = H5I_INVALID_HID;
    hsize_t start[6] = {(hsize_t)first}, extent[6];
    int64_t count = rows;
    TRY_DONE(check_type(&opened, type, file, path));
    if (opened.ndim == 0 || (hsize_t)first > opened.dims[0] || (hsize_t)rows > opened.dims[0] - (hsize_t)first)
        TRY_DONE(fail(ST_EFORMAT, "'%s': '%s' has %" PRIu64 " rows, %" PRId64 " to %" PRId64 " are asked for",
                      file->path, path, opened.ndim == 0 ? 0 : (uint64_t)opened.dims[0], first, first + rows));
    extent[0] = (hsize_t)rows;
    for (int d = 1; d < opened.ndim; d++) {
        extent[d] = opened.dims[d];
        count *= (int64_t)opened.dims[d];
    }
    if (count == 0) goto done;
    memory = H5Screate_simple(opened.ndim, extent, NULL);
    if (memory < 0 || H5Sselect_hyperslab(opened.space, H5S_SELECT_SET, start, NULL, extent, NULL) < 0 ||
        !read_selection(out, &opened, type, memory, opened.space, count))
        status = io_h5_fail(ST_EFORMAT, file, "reading the dataset", path);
done:
    if (memory >= 0) H5Sclose(memory);
    close_dataset(&opened);
    return status;
}

void io_h5_free_strings(char **strings, int64_t count)
{
    if (strings == NULL) return;
    for (int64_t i = 0; i < count; i++) free(strings[i]);
    free(strings);
}
