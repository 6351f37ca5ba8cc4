/* Datasets and attributes into an HDF5 file being made. */
#include "io/io_internal.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGE_VALUES 4096
#define CHUNK_BYTES 262144

/* ---- Attributes ---- */

static status_t set_attribute(io_h5_t *file, const char *object, const char *name, hid_t file_type, hid_t memory_type,
                              const void *value)
{
    status_t status = ST_OK;
    REQUIRE(file != NULL && file->writing && object != NULL && name != NULL);
    hid_t owner = io_h5_object(file, object), space = H5Screate(H5S_SCALAR), attribute = H5I_INVALID_HID;
    if (owner >= 0 && H5Aexists(owner, name) > 0) H5Adelete(owner, name);
    if (owner >= 0 && space >= 0) attribute = H5Acreate2(owner, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0 || H5Awrite(attribute, memory_type, value) < 0)
        status = io_h5_fail(ST_EIO, file, "writing the attribute", name);
    if (attribute >= 0) H5Aclose(attribute);
    if (space >= 0) H5Sclose(space);
    if (owner >= 0) H5Oclose(owner);
    return status;
}

status_t io_h5_set_text(io_h5_t *file, const char *object, const char *name, const char *value)
{
    REQUIRE(value != NULL);
    hid_t type = io_h5_string_type();
    if (type < 0) return io_h5_fail(ST_EIO, file, "writing the attribute", name);
    status_t status = set_attribute(file, object, name, type, type, &value);
    H5Tclose(type);
    return status;
}

status_t io_h5_set_i64(io_h5_t *file, const char *object, const char *name, int64_t value)
{
    return set_attribute(file, object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

status_t io_h5_set_f64(io_h5_t *file, const char *object, const char *name, double value)
{
    return set_attribute(file, object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

status_t io_h5_set_options(io_h5_t *file, const char *object, const void *options, const io_option_t *table)
{
    for (int i = 0; table[i].name != NULL; i++) {
        char *text = io_options_text(options, &table[i]);
        if (text == NULL) return ST_ENOMEM;
        status_t status = io_h5_set_text(file, object, table[i].name, text);
        free(text);
        TRY(status);
    }
    return ST_OK;
}

/* DIMENSION_LABELS as the dimension-scales convention has it: one ASCII name a dimension. */
static bool set_labels(hid_t dataset, const io_h5_field_t *field)
{
    if (field->ndim == 0) return true;
    char names[6][64];
    const char *labels[6];
    const char *next = field->axes;
    for (int d = 0; d < field->ndim; d++) {
        size_t length = strcspn(next, ",");
        /* The table is ours: a name for every dimension, and no more. */
        REQUIRE(length > 0 && length < sizeof names[d] && (next[length] == ',') == (d + 1 < field->ndim));
        memcpy(names[d], next, length);
        names[d][length] = '\0';
        labels[d] = names[d];
        next += length + 1;
    }
    const hsize_t count = (hsize_t)field->ndim;
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &count, NULL), attribute = H5I_INVALID_HID;
    bool right = type >= 0 && space >= 0 && H5Tset_size(type, H5T_VARIABLE) >= 0;
    if (right) attribute = H5Acreate2(dataset, "DIMENSION_LABELS", type, space, H5P_DEFAULT, H5P_DEFAULT);
    right = attribute >= 0 && H5Awrite(attribute, type, labels) >= 0;
    if (attribute >= 0) H5Aclose(attribute);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return right;
}

/* ---- Datasets ---- */

static hid_t file_type_of(io_h5_type_t type)
{
    switch (type) {
    case IO_H5_F16:
        return io_h5_half_type(false);
    case IO_H5_F32:
        return H5Tcopy(H5T_IEEE_F32LE);
    case IO_H5_F64:
        return H5Tcopy(H5T_IEEE_F64LE);
    case IO_H5_I32:
        return H5Tcopy(H5T_STD_I32LE);
    case IO_H5_I64:
        return H5Tcopy(H5T_STD_I64LE);
    case IO_H5_U8:
        return H5Tcopy(H5T_STD_U8LE);
    case IO_H5_STRING:
        break;
    }
    return io_h5_string_type();
}

/* Creation properties: no times; large arrays in chunks of whole rows, about 256 KiB each, shuffled and deflated,
 * but plain ones. */
static hid_t make_layout(const io_h5_field_t *field, int64_t count, bool plain)
{
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    if (creation < 0 || H5Pset_obj_track_times(creation, 0) < 0) goto failed;
    if (count <= LARGE_VALUES || field->type == IO_H5_STRING || plain) return creation;
    hsize_t chunk[6];
    int64_t row = count / field->dims[0] * (int64_t)io_h5_type_size(field->type);
    int64_t rows = CHUNK_BYTES / row;
    chunk[0] = (hsize_t)(rows < 1 ? 1 : rows > field->dims[0] ? field->dims[0] : rows);
    for (int d = 1; d < field->ndim; d++) chunk[d] = (hsize_t)field->dims[d];
    if (H5Pset_chunk(creation, field->ndim, chunk) >= 0 && H5Pset_shuffle(creation) >= 0 &&
        H5Pset_deflate(creation, 1) >= 0)
        return creation;
failed:
    if (creation >= 0) H5Pclose(creation);
    return H5I_INVALID_HID;
}

/* Floats go to half by our own rounding: the library's is slower by far and not told to be to nearest even. */
/* A number that half precision has no value for would be read as infinity. */
static status_t check_half(const io_h5_t *file, const char *path, const float *data, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (isfinite(data[i]) && (io_f32_to_f16(data[i]) & 0x7fffu) == 0x7c00u)
            return fail(ST_EFORMAT, "'%s': '%s' holds %g, expected 65504 at most for half precision", file->path, path,
                        (double)data[i]);
    return ST_OK;
}

static bool write_half(hid_t dataset, const float *data, int64_t count)
{
    uint16_t *half = base_alloc((size_t)count, sizeof *half);
    hid_t type = io_h5_half_type(true);
    bool right = half != NULL && type >= 0;
    for (int64_t i = 0; i < count && right; i++) half[i] = io_f32_to_f16(data[i]);
    right = right && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, half) >= 0;
    if (type >= 0) H5Tclose(type);
    free(half);
    return right;
}

static bool write_values(hid_t dataset, const io_h5_field_t *field, int64_t count)
{
    if (count == 0) return true;
    if (field->type == IO_H5_F16) return write_half(dataset, field->data, count);
    if (field->type != IO_H5_STRING)
        return H5Dwrite(dataset, io_h5_native_type(field->type), H5S_ALL, H5S_ALL, H5P_DEFAULT, field->data) >= 0;
    hid_t type = io_h5_string_type();
    bool right = type >= 0 && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, field->data) >= 0;
    if (type >= 0) H5Tclose(type);
    return right;
}

static status_t write_field(io_h5_t *file, const char *group, const io_h5_field_t *field, bool plain)
{
    status_t status = ST_OK;
    REQUIRE(field->name != NULL && field->ndim >= 0 && field->ndim <= 6 && field->axes != NULL);
    REQUIRE(field->unit != NULL && field->description != NULL);
    int64_t count = 1;
    hsize_t dims[6] = {0};
    for (int d = 0; d < field->ndim; d++) {
        REQUIRE(field->dims[d] >= 0);
        dims[d] = (hsize_t)field->dims[d];
        count *= field->dims[d];
    }
    REQUIRE(field->data != NULL || count == 0);
    hid_t links = H5Pcreate(H5P_LINK_CREATE), type = file_type_of(field->type), layout = H5I_INVALID_HID;
    hid_t space = field->ndim == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(field->ndim, dims, NULL);
    hid_t dataset = H5I_INVALID_HID;
    const bool root = strcmp(group, "/") == 0;
    char *path = base_format("%s/%s", root ? "" : group, field->name);
    if (path == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    layout = make_layout(field, count, plain);
    if (links < 0 || type < 0 || space < 0 || layout < 0 || H5Pset_create_intermediate_group(links, 1) < 0)
        TRY_DONE(io_h5_fail(ST_EIO, file, "preparing", path));
    if (field->type == IO_H5_F16) TRY_DONE(check_half(file, path, field->data, count));
    dataset = H5Dcreate2(file->id, path, type, space, links, layout, H5P_DEFAULT);
    if (dataset < 0 || !write_values(dataset, field, count)) TRY_DONE(io_h5_fail(ST_EIO, file, "writing", path));
    if (!set_labels(dataset, field)) TRY_DONE(io_h5_fail(ST_EIO, file, "labelling", path));
    TRY_DONE(io_h5_set_text(file, path, "description", field->description));
    TRY_DONE(io_h5_set_text(file, path, "units", field->unit));
done:
    if (dataset >= 0) H5Dclose(dataset);
    if (space >= 0) H5Sclose(space);
    if (layout >= 0) H5Pclose(layout);
    if (type >= 0) H5Tclose(type);
    if (links >= 0) H5Pclose(links);
    free(path);
    return status;
}

status_t io_h5_write(io_h5_t *file, const char *group, const io_h5_field_t *fields, int count)
{
    REQUIRE(file != NULL && file->writing && group != NULL && (fields != NULL || count == 0));
    for (int i = 0; i < count; i++) TRY(write_field(file, group, &fields[i], false));
    return ST_OK;
}

status_t io_h5_write_plain(io_h5_t *file, const char *group, const io_h5_field_t *field)
{
    REQUIRE(file != NULL && file->writing && group != NULL && field != NULL);
    return write_field(file, group, field, true);
}
