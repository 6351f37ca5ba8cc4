/* The objects of an HDF5 file, as the library writes them for io_hdf5_write.c and as nobody else needs to. Why not the
 * library on the same bytes, after a check: to keep it from circles (heaps, trees, headers), from other files and from its
 * own faults of memory, the check has to walk all that stands here; what is left to the library is to unpack and convert,
 * and two readers that understand a byte differently are a way in. tests/fuzz (hdf5) runs this one.
 *   1. a superblock of version 0, whose root group has a header of version 1, as every object has;
 *   2. groups as a B-tree (type 0) of symbol nodes, names in a local heap; hard links alone;
 *   3. datasets of the seven types of io.h, contiguous, or in chunks of whole rows found by a B-tree (type 1), plain,
 *      shuffled, deflated or both; attributes in the object's header; strings in global heaps.
 * 2, and the trees and heaps of 3, are io_hdf5_tree.c's. Every address is checked against the file before it is followed,
 * levels of trees must fall, and a budget of steps that no file of ours needs ends what walks in circles all the same.
 * Links and storage outside the file, soft links, virtual datasets and shared messages have no reader here. */
#include "io/io_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers lie in files in the order of memory");

#define UNDEFINED UINT64_MAX

enum { MESSAGE_SPACE = 1, MESSAGE_TYPE = 3, MESSAGE_LAYOUT = 8, MESSAGE_FILTERS = 11, MESSAGE_ATTRIBUTE = 12 };
enum { MESSAGE_CONTINUED = 16, MESSAGE_GROUP = 17 };

status_t io_h5_damaged(const io_h5_t *file, const char *what)
{
    return fail(ST_EFORMAT, "'%s' is damaged, or not of this program: %s", file->path, what);
}

uint64_t io_h5_number(const uint8_t *bytes, int size)
{
    uint64_t value = 0;
    memcpy(&value, bytes, (size_t)size);
    return value;
}

/* `length` bytes at an address of the file, or NULL. */
const uint8_t *io_h5_bytes(const io_h5_t *file, uint64_t address, uint64_t length)
{
    return address <= file->size && length <= file->size - address ? file->bytes + address : NULL;
}

status_t io_h5_step(io_h5_t *file)
{
    return --file->steps >= 0 ? ST_OK : io_h5_damaged(file, "its objects lead in circles");
}

/* ---- Object headers ---- */

enum { BLOCKS = 64 };
typedef struct {
    struct {
        uint64_t address, length;
    } block[BLOCKS];
    int blocks, current;
    uint64_t used; /* of the current block */
} messages_t;
typedef struct {
    int type;
    const uint8_t *bytes;
    size_t size;
} message_t;

static status_t begin_messages(messages_t *walk, io_h5_t *file, uint64_t header)
{
    const uint8_t *start = io_h5_bytes(file, header, 16);
    if (start == NULL || start[0] != 1) return io_h5_damaged(file, "an object has no header of version 1");
    walk->block[0].address = header + 16;
    walk->block[0].length = io_h5_number(start + 8, 4);
    walk->blocks = 1;
    walk->current = 0;
    walk->used = 0;
    return ST_OK;
}

/* The next message of an object; type -1 at the end. Those that tell of more messages are followed here. */
static status_t next_message(message_t *out, messages_t *walk, io_h5_t *file)
{
    for (;;) {
        TRY(io_h5_step(file));
        if (walk->current == walk->blocks) return out->type = -1, ST_OK;
        const uint64_t length = walk->block[walk->current].length;
        const uint8_t *block = io_h5_bytes(file, walk->block[walk->current].address, length);
        if (block == NULL) return io_h5_damaged(file, "an object's header ends outside of the file");
        if (length - walk->used < 8) {
            walk->current++;
            walk->used = 0;
            continue;
        }
        const uint8_t *head = block + walk->used;
        out->type = (int)io_h5_number(head, 2);
        out->size = (size_t)io_h5_number(head + 2, 2);
        out->bytes = head + 8;
        if (out->size > length - walk->used - 8) return io_h5_damaged(file, "a message is longer than its header");
        if ((head[4] & 2) != 0) return io_h5_damaged(file, "an object shares a message with another");
        walk->used += 8 + out->size;
        if (out->type != MESSAGE_CONTINUED) return ST_OK;
        if (out->size < 16 || walk->blocks == BLOCKS)
            return io_h5_damaged(file, "an object's header is in too many pieces");
        walk->block[walk->blocks].address = io_h5_number(out->bytes, 8);
        walk->block[walk->blocks++].length = io_h5_number(out->bytes + 8, 8);
    }
}

/* ---- Spaces, types, layouts ---- */

static status_t parse_space(io_h5_array_t *out, const io_h5_t *file, const uint8_t *bytes, size_t size)
{
    if (size < 8 || bytes[0] != 1 || bytes[1] > 6 || size < 8 + 8 * (size_t)bytes[1])
        return io_h5_damaged(file, "an array's dimensions are not of version 1 and at most 6");
    out->ndim = bytes[1];
    out->count = 1;
    for (int d = 0; d < out->ndim; d++) {
        uint64_t extent = io_h5_number(bytes + 8 + 8 * d, 8);
        if (extent > INT64_MAX || __builtin_mul_overflow(out->count, (int64_t)extent, &out->count))
            return io_h5_damaged(file, "an array's size is past 64 bits");
        out->dims[d] = (int64_t)extent;
    }
    return ST_OK;
}

/* Bits of a float of `item` bytes: where its sign, exponent and mantissa lie. */
static bool is_ieee(const uint8_t *bytes, uint64_t item, int exponent, int bias)
{
    const int width = 8 * (int)item, mantissa = width - 1 - exponent;
    return io_h5_number(bytes + 1, 1) == 0x20 && bytes[2] == width - 1 && io_h5_number(bytes + 8, 2) == 0 &&
           io_h5_number(bytes + 10, 2) == (uint64_t)width && bytes[12] == mantissa && bytes[13] == exponent &&
           bytes[14] == 0 && bytes[15] == mantissa && io_h5_number(bytes + 16, 4) == (uint64_t)bias;
}

static status_t parse_type(io_h5_array_t *out, const io_h5_t *file, const uint8_t *bytes, size_t size)
{
    if (size < 8) return io_h5_damaged(file, "an array's type is cut");
    const int class = bytes[0] & 15;
    const uint64_t item = io_h5_number(bytes + 4, 4);
    out->item = (size_t)item;
    out->kind = IO_H5_FOREIGN;
    if (class == 0 && size >= 12 && (bytes[1] & 1) == 0 && io_h5_number(bytes + 8, 2) == 0 &&
        io_h5_number(bytes + 10, 2) == 8 * item) {
        const bool is_signed = (bytes[1] & 8) != 0;
        if (item == 1 && !is_signed) out->kind = IO_H5_U8;
        if (item == 4 && is_signed) out->kind = IO_H5_I32;
        if (item == 8 && is_signed) out->kind = IO_H5_I64;
    } else if (class == 1 && size >= 20) {
        if (item == 2 && is_ieee(bytes, item, 5, 15)) out->kind = IO_H5_F16;
        if (item == 4 && is_ieee(bytes, item, 8, 127)) out->kind = IO_H5_F32;
        if (item == 8 && is_ieee(bytes, item, 11, 1023)) out->kind = IO_H5_F64;
    } else if (class == 9 && (bytes[1] & 15) == 1 && item == 16) {
        out->kind = IO_H5_STRING;
    }
    return ST_OK;
}

static status_t parse_layout(io_h5_array_t *out, const io_h5_t *file, const message_t *message)
{
    const uint8_t *bytes = message->bytes;
    if (message->size < 2 || bytes[0] != 3 || (bytes[1] != 1 && bytes[1] != 2))
        return io_h5_damaged(file, "an array lies neither in one piece nor in chunks of this file");
    if (bytes[1] == 1) {
        if (message->size < 18) return io_h5_damaged(file, "an array's layout is cut");
        const uint64_t address = io_h5_number(bytes + 2, 8);
        out->bytes = io_h5_number(bytes + 10, 8);
        out->data = address == UNDEFINED ? NULL : io_h5_bytes(file, address, out->bytes);
        if (address != UNDEFINED && out->data == NULL) return io_h5_damaged(file, "an array ends outside of the file");
        return ST_OK;
    }
    out->chunked = true;
    out->chunk_ndim = message->size < 11 ? 0 : bytes[2] - 1;
    if (out->chunk_ndim < 1 || out->chunk_ndim > 6 || message->size < 11 + 4 * ((size_t)out->chunk_ndim + 1))
        return io_h5_damaged(file, "an array's layout is cut");
    out->tree = io_h5_number(bytes + 3, 8);
    for (int d = 0; d <= out->chunk_ndim; d++) out->chunk[d] = (int64_t)io_h5_number(bytes + 11 + 4 * d, 4);
    return ST_OK;
}

static status_t parse_filters(io_h5_array_t *out, const io_h5_t *file, const message_t *message)
{
    const uint8_t *bytes = message->bytes;
    size_t used = 8;
    if (message->size < 8 || bytes[0] != 1) return io_h5_damaged(file, "an array's filters are not of version 1");
    for (int i = 0; i < bytes[1]; i++) {
        if (message->size - used < 8) return io_h5_damaged(file, "an array's filters are cut");
        const int filter = (int)io_h5_number(bytes + used, 2);
        const size_t name = ((size_t)io_h5_number(bytes + used + 2, 2) + 7) / 8 * 8,
                     values = (size_t)io_h5_number(bytes + used + 6, 2);
        const size_t length = 8 + name + 4 * (values + values % 2);
        if (message->size - used < length) return io_h5_damaged(file, "an array's filters are cut");
        if (filter == 2 && !out->shuffled && !out->deflated)
            out->shuffled = true;
        else if (filter == 1 && !out->deflated)
            out->deflated = true;
        else
            return io_h5_damaged(file, "an array has filters other than shuffle and then deflate");
        out->deflate_bit = i;
        used += length;
    }
    return ST_OK;
}

/* What the parts of a dataset's header say of each other. Deflate makes at most 1032 bytes of one. */
static status_t check_array(const io_h5_array_t *array, const io_h5_t *file)
{
    uint64_t bytes;
    if (array->kind == IO_H5_FOREIGN || array->count == 0) return ST_OK;
    if (__builtin_mul_overflow((uint64_t)array->count, array->item, &bytes) || bytes / 1040 > file->size)
        return io_h5_damaged(file, "an array is larger than the file can hold");
    if (!array->chunked)
        return array->bytes == bytes && array->data != NULL
                   ? ST_OK
                   : io_h5_damaged(file, "an array's bytes are not as many as its dimensions say");
    bool fits = array->chunk_ndim == array->ndim && array->chunk[array->ndim] == (int64_t)array->item &&
                array->kind != IO_H5_STRING;
    for (int d = 0; d < array->ndim && fits; d++)
        fits = d == 0 ? array->chunk[0] >= 1 && array->chunk[0] <= array->dims[0] : array->chunk[d] == array->dims[d];
    return fits ? ST_OK : io_h5_damaged(file, "an array's chunks are not of whole rows");
}

status_t io_h5_parse(io_h5_node_t *out, io_h5_t *file, uint64_t header)
{
    messages_t walk;
    message_t message = {0};
    bool space = false, type = false, layout = false;
    *out = (io_h5_node_t){0};
    TRY(begin_messages(&walk, file, header));
    for (;;) {
        TRY(next_message(&message, &walk, file));
        switch (message.type) {
        case -1:
            out->is_dataset = space && type && layout;
            if (out->is_dataset == out->is_group)
                return io_h5_damaged(file, "an object is neither a group nor an array");
            return out->is_dataset ? check_array(&out->array, file) : ST_OK;
        case MESSAGE_GROUP:
            if (message.size < 16) return io_h5_damaged(file, "a group is cut");
            out->is_group = true;
            out->tree = io_h5_number(message.bytes, 8);
            out->heap = io_h5_number(message.bytes + 8, 8);
            break;
        case MESSAGE_SPACE:
            space = true;
            TRY(parse_space(&out->array, file, message.bytes, message.size));
            break;
        case MESSAGE_TYPE:
            type = true;
            TRY(parse_type(&out->array, file, message.bytes, message.size));
            break;
        case MESSAGE_LAYOUT:
            layout = true;
            TRY(parse_layout(&out->array, file, &message));
            break;
        case MESSAGE_FILTERS:
            TRY(parse_filters(&out->array, file, &message));
            break;
        case 0:  /* nothing */
        case 5:  /* fill value: every value is written */
        case 18: /* time of change */
        case MESSAGE_ATTRIBUTE:
            break;
        default:
            return io_h5_damaged(file, "an object has parts that this program does not write");
        }
    }
}

/* ---- Attributes ---- */

/* Name, type and dimensions each lie in a multiple of 8 bytes; the values follow. */
static status_t parse_attribute(io_h5_attribute_t *out, const io_h5_t *file, const message_t *message)
{
    const uint8_t *bytes = message->bytes;
    *out = (io_h5_attribute_t){0};
    if (message->size < 8 || bytes[0] != 1) return io_h5_damaged(file, "an attribute is not of version 1");
    size_t part[3], start[3], used = 8;
    for (int i = 0; i < 3; i++) {
        part[i] = (size_t)io_h5_number(bytes + 2 + 2 * i, 2);
        start[i] = used;
        used += (part[i] + 7) / 8 * 8;
    }
    if (used > message->size || part[0] == 0 || bytes[start[0] + part[0] - 1] != '\0')
        return io_h5_damaged(file, "an attribute is cut");
    out->name = (const char *)bytes + start[0];
    TRY(parse_type(&out->array, file, bytes + start[1], part[1]));
    TRY(parse_space(&out->array, file, bytes + start[2], part[2]));
    out->array.data = bytes + used;
    uint64_t size;
    if (__builtin_mul_overflow((uint64_t)out->array.count, out->array.item, &size) || size > message->size - used)
        return io_h5_damaged(file, "an attribute is cut");
    return ST_OK;
}

status_t io_h5_parse_attribute(io_h5_attribute_t *out, io_h5_t *file, uint64_t header, const char *name)
{
    messages_t walk;
    message_t message = {0};
    TRY(begin_messages(&walk, file, header));
    for (;;) {
        TRY(next_message(&message, &walk, file));
        if (message.type == -1) return *out = (io_h5_attribute_t){0}, ST_OK;
        if (message.type != MESSAGE_ATTRIBUTE) continue;
        TRY(parse_attribute(out, file, &message));
        if (strcmp(out->name, name) == 0) return ST_OK;
    }
}
