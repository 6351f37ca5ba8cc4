/* safetensors: the header is checked completely before a byte of the data is used. The rules are those of the
 * format's own reader: tensors lie in the data one after another without overlap and without holes, to its very end.
 */
#include "io/io_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LENGTH_BYTES 8
#define HEADER_LIMIT 100000000u /* what the format's own reader allows */
#define EXACT_LIMIT 9007199254740992.0

typedef struct {
    int64_t from, to; /* bytes of the data */
    io_tensor_t tensor;
} entry_t;

struct io_safetensors {
    char *path;
    const unsigned char *map;
    size_t size;
    io_json_t *header; /* names and dtype names are borrowed from it */
    entry_t *entry;    /* (count), by offset */
    int count;
};

static const struct {
    const char *name;
    int bytes;
    io_dtype_t dtype;
} dtypes[] = {
    {"F32", 4, IO_F32},
    {"F16", 2, IO_F16},
    {"BF16", 2, IO_BF16},
    {"F64", 8, IO_OTHER_DTYPE},
    {"I64", 8, IO_OTHER_DTYPE},
    {"U64", 8, IO_OTHER_DTYPE},
    {"I32", 4, IO_OTHER_DTYPE},
    {"U32", 4, IO_OTHER_DTYPE},
    {"I16", 2, IO_OTHER_DTYPE},
    {"U16", 2, IO_OTHER_DTYPE},
    {"I8", 1, IO_OTHER_DTYPE},
    {"U8", 1, IO_OTHER_DTYPE},
    {"BOOL", 1, IO_OTHER_DTYPE},
    {"C64", 8, IO_OTHER_DTYPE},
    {"F8_E5M2", 1, IO_OTHER_DTYPE},
    {"F8_E4M3", 1, IO_OTHER_DTYPE},
    {0},
};

/* "(3,16,16)" */
static void shape_text(char out[160], const io_tensor_t *tensor)
{
    size_t used = (size_t)snprintf(out, 160, "(");
    for (int d = 0; d < tensor->ndim && used < 150; d++)
        used += (size_t)snprintf(out + used, 160 - used, "%s%" PRId64, d ? "," : "", tensor->shape[d]);
    if (used < 159) snprintf(out + used, 160 - used, ")");
}

/* A whole number >= 0 that a double holds exactly; false otherwise. */
static bool whole_number(int64_t *out, io_json_node_t node)
{
    double value = io_json_number(node, -1);
    if (!(value >= 0 && value < EXACT_LIMIT) || value != floor(value)) return false;
    *out = (int64_t)value;
    return true;
}

static status_t read_shape(io_tensor_t *tensor, io_json_node_t node, const char *path)
{
    io_json_node_t shape = io_json_get(node, "shape");
    if (io_json_kind(shape) != IO_JSON_ARRAY)
        return fail(ST_EFORMAT, "'%s': tensor '%s': shape is missing or not a list", path, tensor->name);
    tensor->ndim = io_json_count(shape);
    if (tensor->ndim > 8)
        return fail(ST_EFORMAT, "'%s': tensor '%s': has %d dimensions, expected at most 8", path, tensor->name,
                    tensor->ndim);
    tensor->count = 1;
    for (int d = 0; d < tensor->ndim; d++) {
        if (!whole_number(&tensor->shape[d], io_json_at(shape, d)))
            return fail(ST_EFORMAT, "'%s': tensor '%s': dimension %d is not a whole number >= 0", path, tensor->name,
                        d);
        if (__builtin_mul_overflow(tensor->count, tensor->shape[d], &tensor->count))
            return fail(ST_EFORMAT, "'%s': tensor '%s': its shape's product is past 64 bits", path, tensor->name);
    }
    return ST_OK;
}

static status_t read_entry(entry_t *entry, io_json_node_t node, const io_safetensors_t *file, int64_t data_size)
{
    io_tensor_t *tensor = &entry->tensor;
    const char *path = file->path;
    tensor->dtype_name = io_json_string(io_json_get(node, "dtype"));
    if (tensor->dtype_name == NULL)
        return fail(ST_EFORMAT, "'%s': tensor '%s': dtype is missing or not a string", path, tensor->name);
    tensor->dtype = IO_OTHER_DTYPE;
    int bytes = 0;
    for (int i = 0; dtypes[i].name != NULL; i++) {
        if (strcmp(dtypes[i].name, tensor->dtype_name) != 0) continue;
        tensor->dtype = dtypes[i].dtype;
        bytes = dtypes[i].bytes;
    }
    TRY(read_shape(tensor, node, path));

    io_json_node_t offsets = io_json_get(node, "data_offsets");
    if (io_json_count(offsets) != 2 || !whole_number(&entry->from, io_json_at(offsets, 0)) ||
        !whole_number(&entry->to, io_json_at(offsets, 1)))
        return fail(ST_EFORMAT, "'%s': tensor '%s': data_offsets is not a list of two whole numbers", path,
                    tensor->name);
    if (entry->from > entry->to || entry->to > data_size)
        return fail(ST_EFORMAT,
                    "'%s': tensor '%s': data_offsets are [%" PRId64 ", %" PRId64 "), the file has %" PRId64
                    " bytes of data",
                    path, tensor->name, entry->from, entry->to, data_size);
    int64_t wanted = 0;
    /* Of a type newer than the table the size is unknown; such a tensor can be listed, not read. */
    if (bytes == 0) return ST_OK;
    bool fits = !__builtin_mul_overflow(tensor->count, (int64_t)bytes, &wanted);
    if (fits && wanted == entry->to - entry->from) return ST_OK;
    char shape[160];
    shape_text(shape, tensor);
    if (!fits)
        return fail(ST_EFORMAT, "'%s': tensor '%s': its shape %s of %s is past 64 bits of bytes", path, tensor->name,
                    shape, tensor->dtype_name);
    return fail(ST_EFORMAT, "'%s': tensor '%s': data_offsets span %" PRId64 " bytes, its shape %s of %s needs %" PRId64,
                path, tensor->name, entry->to - entry->from, shape, tensor->dtype_name, wanted);
}

static int compare_entries(const void *a, const void *b)
{
    const entry_t *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    if (x->to != y->to) return x->to < y->to ? -1 : 1;
    return strcmp(x->tensor.name, y->tensor.name);
}

/* Sorted entries must tile [0, data_size). */
static status_t check_tiling(const io_safetensors_t *file, int64_t data_size)
{
    int64_t end = 0;
    const char *before = NULL;
    for (int i = 0; i < file->count; i++) {
        const entry_t *entry = &file->entry[i];
        if (entry->from < end)
            return fail(ST_EFORMAT, "'%s': tensors '%s' and '%s' overlap in the data", file->path, before,
                        entry->tensor.name);
        if (entry->from > end)
            return fail(ST_EFORMAT,
                        "'%s': %" PRId64 " bytes before tensor '%s' belong to no tensor, expected none between tensors",
                        file->path, entry->from - end, entry->tensor.name);
        end = entry->to;
        before = entry->tensor.name;
    }
    if (end != data_size)
        return fail(ST_EFORMAT, "'%s': tensors end at byte %" PRId64 " of the data, the file has %" PRId64, file->path,
                    end, data_size);
    return ST_OK;
}

static status_t read_header(io_safetensors_t *file)
{
    if (file->size < LENGTH_BYTES)
        return fail(ST_EFORMAT, "'%s': is %zu bytes long, too short for a safetensors file", file->path, file->size);
    uint64_t length = 0;
    for (int i = 0; i < LENGTH_BYTES; i++) length |= (uint64_t)file->map[i] << (8 * i);
    static const char pointer[] = "version https://git-lfs";
    if (file->size >= sizeof pointer && memcmp(file->map, pointer, sizeof pointer - 1) == 0)
        return fail(ST_EFORMAT, "'%s': is git-lfs's pointer to the file, not the file (hint: git lfs pull)",
                    file->path);
    if (length > file->size - LENGTH_BYTES || length > HEADER_LIMIT)
        return fail(ST_EFORMAT,
                    "'%s': its header claims %" PRIu64 " bytes, the file has %zu (hint: a download cut short, or not "
                    "a safetensors file)",
                    file->path, length, file->size);
    const char *text = (const char *)file->map + LENGTH_BYTES;
    char name[4096];
    snprintf(name, sizeof name, "%s (header)", file->path);
    TRY(io_json_parse(&file->header, text, (size_t)length, name));
    io_json_node_t root = io_json_root(file->header);
    if (io_json_kind(root) != IO_JSON_OBJECT)
        return fail(ST_EFORMAT, "'%s': its header is not a JSON object", file->path);

    int members = io_json_count(root);
    file->entry = calloc((size_t)members + 1, sizeof *file->entry);
    if (file->entry == NULL) return fail(ST_ENOMEM, "'%s': out of memory for %d tensors", file->path, members);
    const int64_t data_size = (int64_t)(file->size - LENGTH_BYTES - (size_t)length);
    for (int i = 0; i < members; i++) {
        const char *key;
        io_json_node_t node = io_json_member(&key, root, i);
        if (strcmp(key, "__metadata__") == 0) continue;
        entry_t *entry = &file->entry[file->count];
        entry->tensor.name = key;
        TRY(read_entry(entry, node, file, data_size));
        entry->tensor.data = file->map + LENGTH_BYTES + length + entry->from;
        file->count++;
    }
    qsort(file->entry, (size_t)file->count, sizeof *file->entry, compare_entries);
    return check_tiling(file, data_size);
}

status_t io_safetensors_open(io_safetensors_t **out, const char *path)
{
    REQUIRE(out != NULL && path != NULL);
    *out = NULL;
    status_t status = ST_OK;
    io_safetensors_t *file = calloc(1, sizeof *file);
    if (file == NULL) return fail(ST_ENOMEM, "'%s': out of memory", path);
    file->path = base_format("%s", path);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file->path == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    struct stat info;
    if (descriptor < 0 || fstat(descriptor, &info) != 0) {
        status = fail(errno == ENOENT ? ST_ENOTFOUND : ST_EIO, "'%s' cannot be opened: %s", path, strerror(errno));
        goto done;
    }
    if (!S_ISREG(info.st_mode)) {
        status = fail(ST_EFORMAT, "'%s': is not a regular file, expected a safetensors file", path);
        goto done;
    }
    file->size = (size_t)info.st_size;
    if (file->size > 0) TRY_DONE(io_map(&file->map, file->size, descriptor, path));
    TRY_DONE(read_header(file));
    *out = file;
    file = NULL;
done:
    if (descriptor >= 0) close(descriptor);
    io_safetensors_close(file);
    return status;
}

void io_safetensors_close(io_safetensors_t *file)
{
    if (file == NULL) return;
    if (file->map != NULL) io_unmap(file->map, file->size);
    io_json_free(file->header);
    free(file->entry);
    free(file->path);
    free(file);
}

int io_safetensors_count(const io_safetensors_t *file)
{
    return file->count;
}

const io_tensor_t *io_safetensors_at(const io_safetensors_t *file, int index)
{
    REQUIRE(index >= 0 && index < file->count);
    return &file->entry[index].tensor;
}

const io_tensor_t *io_safetensors_find(const io_safetensors_t *file, const char *name)
{
    for (int i = 0; i < file->count; i++)
        if (strcmp(file->entry[i].tensor.name, name) == 0) return &file->entry[i].tensor;
    return NULL;
}

/* "visual.conv1.weight[0,2,15,3]" is what a reader can look up; a flat index is not. */
static status_t fail_not_finite(const io_tensor_t *tensor, int64_t index, float value, const char *path)
{
    char place[256] = "";
    int64_t stride = tensor->count;
    size_t used = 0;
    for (int d = 0; d < tensor->ndim && used + 24 < sizeof place; d++) {
        stride /= tensor->shape[d];
        used += (size_t)snprintf(place + used, sizeof place - used, "%s%" PRId64, d ? "," : "[",
                                 index / stride % tensor->shape[d]);
    }
    return fail(ST_EFORMAT, "'%s': %s%s%s is %s, expected finite numbers", path, tensor->name, place, used ? "]" : "",
                isnan(value) ? "NaN"
                : value > 0  ? "infinite"
                             : "-infinite");
}

status_t io_tensor_to_f32(float *dst, const io_tensor_t *tensor, const char *path)
{
    REQUIRE(dst != NULL && tensor != NULL && path != NULL);
    const unsigned char *src = tensor->data;
    switch (tensor->dtype) {
    case IO_F32:
        memcpy(dst, src, (size_t)tensor->count * sizeof *dst);
        break;
    case IO_F16:
        for (int64_t i = 0; i < tensor->count; i++)
            dst[i] = io_f16_to_f32((uint16_t)(src[2 * i] | (unsigned)src[2 * i + 1] << 8));
        break;
    case IO_BF16:
        for (int64_t i = 0; i < tensor->count; i++) {
            uint32_t bits = (uint32_t)src[2 * i] << 16 | (uint32_t)src[2 * i + 1] << 24;
            memcpy(&dst[i], &bits, sizeof bits);
        }
        break;
    case IO_OTHER_DTYPE:
        return fail(ST_EFORMAT, "'%s': tensor '%s' is %s, expected F32, F16 or BF16", path, tensor->name,
                    tensor->dtype_name);
    }
    for (int64_t i = 0; i < tensor->count; i++)
        if (!isfinite(dst[i])) return fail_not_finite(tensor, i, dst[i], path);
    return ST_OK;
}
