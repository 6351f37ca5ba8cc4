/* Values of datasets and attributes out of an HDF5 file. */
#include "io/io_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_VALUES = 1 << 18 };

/* ---- Values ---- */

static status_t check_kind(const io_h5_array_t *array, io_h5_type_t type, const io_h5_t *file, const char *path)
{
    const bool fraction = array->kind == IO_H5_F16 || array->kind == IO_H5_F32 || array->kind == IO_H5_F64;
    const bool whole = array->kind == IO_H5_I32 || array->kind == IO_H5_I64 || array->kind == IO_H5_U8;
    bool right = false;
    const char *wanted = "numbers";
    switch (type) {
    case IO_H5_F32:
    case IO_H5_F64:
        right = fraction || whole;
        break;
    case IO_H5_I32:
    case IO_H5_I64:
    case IO_H5_U8:
        right = whole;
        wanted = "whole numbers";
        break;
    case IO_H5_STRING:
        right = array->kind == IO_H5_STRING;
        wanted = "variable-length strings";
        break;
    case IO_H5_F16:
        break;
    }
    /* Half is a type of files; in memory it is float. */
    REQUIRE(type != IO_H5_F16);
    if (right) return ST_OK;
    const char *holds = fraction ? "fractions" : whole ? "whole numbers" : "other values";
    return fail(ST_EFORMAT, "'%s': '%s' holds %s, expected %s", file->path, path,
                array->kind == IO_H5_STRING ? "strings" : holds, wanted);
}

/* Rows of an array as they lie in the file. */
typedef struct {
    uint8_t *out; /* (rows, row bytes) */
    io_h5_t *file;
    const io_h5_array_t *array;
    int64_t first, rows;
    size_t row, whole;          /* bytes of a row, of a chunk */
    uint8_t *packed, *shuffled; /* scratch of a chunk each */
    bool *done;                 /* a flag a chunk that is wanted */
} gather_t;

static status_t take_chunk(void *context, const io_h5_chunk_t *chunk)
{
    gather_t *gather = context;
    const io_h5_array_t *array = gather->array;
    const int64_t first = (int64_t)chunk->first, height = array->chunk[0];
    if (first >= gather->first + gather->rows || first + height <= gather->first) return ST_OK;
    const uint8_t *bytes = chunk->bytes;
    size_t size = chunk->size;
    if (array->deflated && (chunk->skipped >> array->deflate_bit & 1) == 0) {
        if (!io_inflate(gather->packed, gather->whole, bytes, size))
            return io_h5_damaged(gather->file, "a chunk does not unpack to its size");
        bytes = gather->packed;
        size = gather->whole;
    }
    if (size != gather->whole) return io_h5_damaged(gather->file, "a chunk does not have its size");
    if (array->shuffled && (chunk->skipped & 1) == 0) {
        const size_t items = gather->whole / array->item;
        for (size_t b = 0; b < array->item; b++)
            for (size_t i = 0; i < items; i++) gather->shuffled[i * array->item + b] = bytes[b * items + i];
        bytes = gather->shuffled;
    }
    int64_t from = first > gather->first ? first : gather->first;
    int64_t to = first + height < gather->first + gather->rows ? first + height : gather->first + gather->rows;
    memcpy(gather->out + (size_t)(from - gather->first) * gather->row, bytes + (size_t)(from - first) * gather->row,
           (size_t)(to - from) * gather->row);
    gather->done[first / height - gather->first / height] = true;
    return ST_OK;
}

static status_t gather_chunks(uint8_t *out, io_h5_t *file, const io_h5_array_t *array, int64_t first, int64_t rows)
{
    status_t status = ST_OK;
    const size_t row = (size_t)(array->count / array->dims[0]) * array->item;
    const int64_t chunks = (first + rows - 1) / array->chunk[0] - first / array->chunk[0] + 1;
    gather_t gather = {.out = out,
                       .file = file,
                       .array = array,
                       .first = first,
                       .rows = rows,
                       .row = row,
                       .whole = row * (size_t)array->chunk[0]};
    gather.packed = array->deflated ? base_alloc(gather.whole, 1) : NULL;
    gather.shuffled = array->shuffled ? base_alloc(gather.whole, 1) : NULL;
    gather.done = calloc((size_t)chunks, sizeof *gather.done);
    if ((array->deflated && gather.packed == NULL) || (array->shuffled && gather.shuffled == NULL) ||
        gather.done == NULL)
        TRY_DONE(fail(ST_ENOMEM, "'%s': out of memory for a chunk of %zu bytes", file->path, gather.whole));
    TRY_DONE(io_h5_each_chunk(file, array, take_chunk, &gather));
    for (int64_t i = 0; i < chunks; i++)
        if (!gather.done[i]) TRY_DONE(io_h5_damaged(file, "a chunk of an array is missing"));
done:
    free(gather.packed);
    free(gather.shuffled);
    free(gather.done);
    return status;
}

static double wide_at(const io_h5_array_t *array, const uint8_t *raw, int64_t i)
{
    switch (array->kind) {
    case IO_H5_F16: {
        uint16_t value;
        memcpy(&value, raw + 2 * i, sizeof value);
        return (double)io_f16_to_f32(value);
    }
    case IO_H5_F32: {
        float value;
        memcpy(&value, raw + 4 * i, sizeof value);
        return (double)value;
    }
    default: {
        double value;
        memcpy(&value, raw + 8 * i, sizeof value);
        return value;
    }
    }
}

static int64_t whole_at(const io_h5_array_t *array, const uint8_t *raw, int64_t i)
{
    int32_t narrow;
    int64_t value;
    if (array->kind == IO_H5_U8) return raw[i];
    if (array->kind == IO_H5_I64) return memcpy(&value, raw + 8 * i, sizeof value), value;
    return memcpy(&narrow, raw + 4 * i, sizeof narrow), narrow;
}

static void convert(void *out, const io_h5_array_t *array, io_h5_type_t type, const uint8_t *raw, int64_t count)
{
    const bool fraction = array->kind == IO_H5_F16 || array->kind == IO_H5_F32 || array->kind == IO_H5_F64;
    for (int64_t i = 0; i < count; i++) {
        if (type == IO_H5_F32) {
            ((float *)out)[i] = fraction ? (float)wide_at(array, raw, i) : (float)whole_at(array, raw, i);
        } else if (type == IO_H5_F64) {
            ((double *)out)[i] = fraction ? wide_at(array, raw, i) : (double)whole_at(array, raw, i);
        } else {
            const int64_t value = whole_at(array, raw, i);
            /* What does not fit becomes the nearest that does, as with the library. */
            if (type == IO_H5_I64) ((int64_t *)out)[i] = value;
            if (type == IO_H5_I32)
                ((int32_t *)out)[i] = (int32_t)(value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : value);
            if (type == IO_H5_U8) ((uint8_t *)out)[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    }
}

/* Strings are set to NULL first; on failure those made are the caller's to free. */
static status_t take_strings(char **out, io_h5_t *file, const uint8_t *raw, int64_t count)
{
    memset(out, 0, (size_t)count * sizeof *out);
    for (int64_t i = 0; i < count; i++) TRY(io_h5_string(&out[i], file, raw + 16 * i));
    return ST_OK;
}

/* Values of an array (rows [first, first + rows); the only row of a scalar) as `type`, to where the caller made room. */
static status_t take_values(void *out, io_h5_t *file, const io_h5_array_t *array, io_h5_type_t type, int64_t first,
                            int64_t rows, const char *path)
{
    TRY(check_kind(array, type, file, path));
    const int64_t row = array->ndim == 0 ? 1 : array->dims[0] == 0 ? 0 : array->count / array->dims[0];
    const int64_t count = rows * row;
    if (count == 0) return ST_OK;
    const bool as_is = array->kind == (int)type && type != IO_H5_STRING;
    if (!array->chunked) {
        const uint8_t *raw = array->data + (size_t)(first * row) * array->item;
        if (type == IO_H5_STRING) return take_strings(out, file, raw, count);
        if (as_is)
            memcpy(out, raw, (size_t)count * array->item);
        else
            convert(out, array, type, raw, count);
        return ST_OK;
    }
    if (as_is) return gather_chunks(out, file, array, first, rows);
    uint8_t *raw = base_alloc((size_t)count, array->item);
    if (raw == NULL) return fail_context(ST_ENOMEM, "'%s': '%s'", file->path, path);
    status_t status = gather_chunks(raw, file, array, first, rows);
    if (status == ST_OK) convert(out, array, type, raw, count);
    free(raw);
    return status;
}

/* ---- Attributes ---- */

bool io_h5_has(io_h5_t *file, const char *path)
{
    REQUIRE(file != NULL && path != NULL && !file->writing);
    uint64_t header;
    return io_h5_find(&header, file, path) == ST_OK;
}

/* The attribute, of one value. */
static status_t get_attribute(io_h5_attribute_t *out, io_h5_t *file, const char *object, const char *name)
{
    REQUIRE(file != NULL && object != NULL && name != NULL && !file->writing);
    uint64_t header;
    status_t status = io_h5_find(&header, file, object);
    if (status == ST_ENOTFOUND) return fail(ST_ENOTFOUND, "'%s' has no object '%s'", file->path, object);
    if (status != ST_OK) return status;
    TRY(io_h5_parse_attribute(out, file, header, name));
    if (out->name == NULL) return fail(ST_ENOTFOUND, "'%s': '%s' has no attribute '%s'", file->path, object, name);
    return ST_OK;
}

static status_t refuse_attribute(const io_h5_t *file, const char *object, const char *name, const char *wanted)
{
    return fail(ST_EFORMAT, "'%s': the attribute '%s' of '%s' is not %s", file->path, name, object, wanted);
}

status_t io_h5_get_text(char **value, io_h5_t *file, const char *object, const char *name)
{
    *value = NULL;
    io_h5_attribute_t attribute;
    TRY(get_attribute(&attribute, file, object, name));
    if (attribute.array.count != 1 || attribute.array.kind != IO_H5_STRING)
        return refuse_attribute(file, object, name, "a text");
    return io_h5_string(value, file, attribute.array.data);
}

status_t io_h5_get_i64(int64_t *value, io_h5_t *file, const char *object, const char *name)
{
    io_h5_attribute_t attribute;
    TRY(get_attribute(&attribute, file, object, name));
    const int kind = attribute.array.kind;
    if (attribute.array.count != 1 || (kind != IO_H5_I32 && kind != IO_H5_I64 && kind != IO_H5_U8))
        return refuse_attribute(file, object, name, "a whole number");
    *value = whole_at(&attribute.array, attribute.array.data, 0);
    return ST_OK;
}

status_t io_h5_get_f64(double *value, io_h5_t *file, const char *object, const char *name)
{
    io_h5_attribute_t attribute;
    TRY(get_attribute(&attribute, file, object, name));
    const int kind = attribute.array.kind;
    if (attribute.array.count != 1 || (kind != IO_H5_F16 && kind != IO_H5_F32 && kind != IO_H5_F64))
        return refuse_attribute(file, object, name, "a number with a fraction");
    *value = wide_at(&attribute.array, attribute.array.data, 0);
    return ST_OK;
}

/* ---- Datasets ---- */

static status_t find_array(io_h5_node_t *out, io_h5_t *file, const char *path)
{
    REQUIRE(file != NULL && path != NULL && !file->writing);
    uint64_t header;
    status_t status = io_h5_find(&header, file, path);
    if (status == ST_ENOTFOUND) return fail(ST_ENOTFOUND, "'%s' has no dataset '%s'", file->path, path);
    if (status != ST_OK) return status;
    TRY(io_h5_parse(out, file, header));
    return out->is_dataset ? ST_OK : fail(ST_EFORMAT, "'%s': '%s' is a group, expected a dataset", file->path, path);
}

static void give_dims(int *ndim, int64_t dims[6], const io_h5_array_t *array)
{
    *ndim = array->ndim;
    for (int d = 0; dims != NULL && d < 6; d++) dims[d] = d < array->ndim ? array->dims[d] : 0;
}

status_t io_h5_dims(int *ndim, int64_t dims[6], io_h5_t *file, const char *path)
{
    io_h5_node_t node;
    TRY(find_array(&node, file, path));
    give_dims(ndim, dims, &node.array);
    return ST_OK;
}

/* "(3, 5)", with * for any. */
static void put_shape(char out[160], int ndim, const int64_t *dims)
{
    size_t used = (size_t)snprintf(out, 160, "(");
    for (int d = 0; d < ndim && used < 130; d++) {
        used += (size_t)snprintf(out + used, 160 - used, d > 0 ? ", " : "%s", "");
        used += (size_t)(dims[d] < 0 ? snprintf(out + used, 160 - used, "*")
                                     : snprintf(out + used, 160 - used, "%" PRId64, dims[d]));
    }
    snprintf(out + used, 160 - used, ")");
}

status_t io_h5_expect(io_h5_t *file, const char *path, io_h5_type_t type, int ndim, const int64_t *want)
{
    REQUIRE(ndim >= 0 && ndim <= 6 && (want != NULL || ndim == 0));
    io_h5_node_t node;
    TRY(find_array(&node, file, path));
    TRY(check_kind(&node.array, type, file, path));
    bool fits = node.array.ndim == ndim;
    for (int d = 0; d < ndim && fits; d++) fits = want[d] < 0 || node.array.dims[d] == want[d];
    if (fits) return ST_OK;
    char found[160], expected[160];
    put_shape(found, node.array.ndim, node.array.dims);
    put_shape(expected, ndim, want);
    return fail(ST_EFORMAT, "'%s': '%s' is %s, expected %s", file->path, path, found, expected);
}

status_t io_h5_expect_finite(io_h5_t *file, const char *path, int ndim, const int64_t *want)
{
    io_h5_node_t node;
    TRY(io_h5_expect(file, path, IO_H5_F32, ndim, want));
    TRY(find_array(&node, file, path));
    const int64_t rows = ndim == 0 ? 1 : node.array.dims[0], row = rows == 0 ? 0 : node.array.count / rows;
    /* Some rows at a time: beside the file itself this takes little memory. */
    const int64_t most = row == 0 || row > BLOCK_VALUES ? 1 : BLOCK_VALUES / row;
    float *block = base_alloc((size_t)((most < rows ? most : rows) * row), sizeof *block);
    if (block == NULL) return fail_context(ST_ENOMEM, "'%s': '%s'", file->path, path);
    status_t status = ST_OK;
    for (int64_t first = 0; first < rows && status == ST_OK; first += most) {
        const int64_t some = rows - first < most ? rows - first : most;
        status = take_values(block, file, &node.array, IO_H5_F32, first, some, path);
        if (status == ST_OK && !base_all_finite(block, some * row))
            status = fail(ST_EFORMAT, "'%s': '%s' holds a value that is not finite", file->path, path);
    }
    free(block);
    return status;
}

status_t io_h5_read(void **data, int *ndim, int64_t dims[6], io_h5_t *file, const char *path, io_h5_type_t type)
{
    REQUIRE(data != NULL && ndim != NULL);
    *data = NULL;
    io_h5_node_t node;
    TRY(find_array(&node, file, path));
    TRY(check_kind(&node.array, type, file, path));
    void *values = base_alloc((size_t)node.array.count, io_h5_type_size(type));
    if (values == NULL) return fail_context(ST_ENOMEM, "'%s': '%s'", file->path, path);
    if (type == IO_H5_STRING) memset(values, 0, (size_t)node.array.count * sizeof(char *));
    status_t status =
        take_values(values, file, &node.array, type, 0, node.array.ndim == 0 ? 1 : node.array.dims[0], path);
    if (status != ST_OK) {
        if (type == IO_H5_STRING)
            io_h5_free_strings(values, node.array.count);
        else
            free(values);
        return status;
    }
    give_dims(ndim, dims, &node.array);
    *data = values;
    return ST_OK;
}

status_t io_h5_read_rows(void *out, io_h5_t *file, const char *path, io_h5_type_t type, int64_t first, int64_t rows)
{
    REQUIRE(out != NULL && first >= 0 && rows >= 0);
    io_h5_node_t node;
    TRY(find_array(&node, file, path));
    TRY(check_kind(&node.array, type, file, path));
    const int64_t there = node.array.ndim == 0 ? 0 : node.array.dims[0];
    if (node.array.ndim == 0 || first > there || rows > there - first)
        return fail(ST_EFORMAT, "'%s': '%s' has %" PRId64 " rows, %" PRId64 " to %" PRId64 " are asked for", file->path,
                    path, there, first, first + rows);
    return take_values(out, file, &node.array, type, first, rows, path);
}

void io_h5_free_strings(char **strings, int64_t count)
{
    if (strings == NULL) return;
    for (int64_t i = 0; i < count; i++) free(strings[i]);
    free(strings);
}
