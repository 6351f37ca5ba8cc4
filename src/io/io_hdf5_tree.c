/* What of an HDF5 file leads from one place to another: groups, the trees of chunks, the heaps of strings, the superblock.
 * See io_hdf5_parse.c. */
#include "io/io_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- Groups ---- */

typedef struct {
    const char *name; /* in the file's bytes */
    uint64_t header;
} child_t;
typedef struct {
    int count, room;
    child_t *child; /* owned by the caller */
} children_t;

static status_t push_child(children_t *list, const char *name, uint64_t header)
{
    if (list->count == list->room) {
        int larger = list->room > 0 ? 2 * list->room : 16;
        child_t *grown = realloc(list->child, (size_t)larger * sizeof *grown);
        if (grown == NULL) return fail(ST_ENOMEM, "out of memory for %d names of an HDF5 file", larger);
        list->child = grown;
        list->room = larger;
    }
    list->child[list->count++] = (child_t){name, header};
    return ST_OK;
}

static status_t list_node(children_t *list, io_h5_t *file, uint64_t address, const uint8_t *names, uint64_t names_size)
{
    const uint8_t *node = io_h5_bytes(file, address, 8);
    if (node == NULL || memcmp(node, "SNOD\1", 5) != 0) return io_h5_damaged(file, "a group's node is not there");
    const uint64_t count = io_h5_number(node + 6, 2);
    if (io_h5_bytes(file, address, 8 + 40 * count) == NULL) return io_h5_damaged(file, "a group's node is cut");
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *entry = node + 8 + 40 * i;
        const uint64_t name = io_h5_number(entry, 8);
        TRY(io_h5_step(file));
        if (io_h5_number(entry + 16, 4) > 1) return io_h5_damaged(file, "a group holds a link that is not a hard one");
        if (name >= names_size || memchr(names + name, '\0', (size_t)(names_size - name)) == NULL)
            return io_h5_damaged(file, "an object's name is not there");
        TRY(push_child(list, (const char *)names + name, io_h5_number(entry + 8, 8)));
    }
    return ST_OK;
}

/* The node of a B-tree; *entries and its first key, NULL on failure. below: one more than the highest level allowed. */
static const uint8_t *tree_node(int *level, int *entries, io_h5_t *file, uint64_t address, int type, int key_size,
                                int below)
{
    const uint8_t *node = io_h5_bytes(file, address, 24);
    if (io_h5_step(file) != ST_OK) return NULL;
    if (node == NULL || memcmp(node, "TREE", 4) != 0 || node[4] != type || node[5] >= below) {
        (void)io_h5_damaged(file, "a tree's node is not there");
        return NULL;
    }
    *level = node[5];
    *entries = (int)io_h5_number(node + 6, 2);
    if (io_h5_bytes(file, address, 24 + (uint64_t)*entries * (uint64_t)(key_size + 8) + (uint64_t)key_size) != NULL)
        return node + 24;
    (void)io_h5_damaged(file, "a tree's node is cut");
    return NULL;
}

static status_t list_tree(children_t *list, io_h5_t *file, uint64_t address, int below, const uint8_t *names,
                          uint64_t names_size)
{
    int level, entries;
    const uint8_t *keys = tree_node(&level, &entries, file, address, 0, 8, below);
    if (keys == NULL) return ST_EFORMAT;
    for (int i = 0; i < entries; i++) {
        const uint64_t child = io_h5_number(keys + 16 * i + 8, 8);
        if (level == 0)
            TRY(list_node(list, file, child, names, names_size));
        else
            TRY(list_tree(list, file, child, level, names, names_size));
    }
    return ST_OK;
}

static status_t list_group(children_t *out, io_h5_t *file, const io_h5_node_t *group)
{
    *out = (children_t){0};
    const uint8_t *heap = io_h5_bytes(file, group->heap, 32);
    if (heap == NULL || memcmp(heap, "HEAP\0", 5) != 0) return io_h5_damaged(file, "a group's names are not there");
    const uint64_t size = io_h5_number(heap + 8, 8);
    const uint8_t *names = io_h5_bytes(file, io_h5_number(heap + 24, 8), size);
    if (names == NULL) return io_h5_damaged(file, "a group's names end outside of the file");
    status_t status = list_tree(out, file, group->tree, 256, names, size);
    if (status != ST_OK) free(out->child);
    return status;
}

status_t io_h5_find(uint64_t *header, io_h5_t *file, const char *path)
{
    file->steps = (int64_t)file->size + 1024;
    file->copied = 0;
    *header = file->root;
    for (;;) {
        path += strspn(path, "/");
        const size_t length = strcspn(path, "/");
        if (length == 0) return ST_OK;
        io_h5_node_t node;
        children_t list;
        TRY(io_h5_parse(&node, file, *header));
        if (!node.is_group) return ST_ENOTFOUND;
        TRY(list_group(&list, file, &node));
        int i = 0;
        while (i < list.count && (strncmp(list.child[i].name, path, length) != 0 || list.child[i].name[length] != '\0'))
            i++;
        const bool found = i < list.count;
        if (found) *header = list.child[i].header;
        free(list.child);
        if (!found) return ST_ENOTFOUND;
        path += length;
    }
}

/* ---- Chunks ---- */

static status_t walk_chunks(io_h5_t *file, const io_h5_array_t *array, uint64_t address, int below,
                            status_t (*visit)(void *context, const io_h5_chunk_t *chunk), void *context)
{
    int level, entries;
    const int key = 8 + 8 * (array->ndim + 1);
    const uint8_t *keys = tree_node(&level, &entries, file, address, 1, key, below);
    if (keys == NULL) return ST_EFORMAT;
    for (int i = 0; i < entries; i++) {
        const uint8_t *entry = keys + (size_t)i * (size_t)(key + 8);
        const uint64_t child = io_h5_number(entry + key, 8);
        if (level > 0) {
            TRY(walk_chunks(file, array, child, level, visit, context));
            continue;
        }
        TRY(io_h5_step(file));
        const io_h5_chunk_t chunk = {.first = io_h5_number(entry + 8, 8),
                                     .size = (size_t)io_h5_number(entry, 4),
                                     .skipped = (unsigned)io_h5_number(entry + 4, 4),
                                     .bytes = io_h5_bytes(file, child, io_h5_number(entry, 4))};
        if (chunk.bytes == NULL) return io_h5_damaged(file, "a chunk ends outside of the file");
        if (chunk.first >= (uint64_t)array->dims[0] || chunk.first % (uint64_t)array->chunk[0] != 0)
            return io_h5_damaged(file, "a chunk lies outside of its array");
        TRY(visit(context, &chunk));
    }
    return ST_OK;
}

status_t io_h5_each_chunk(io_h5_t *file, const io_h5_array_t *array,
                          status_t (*visit)(void *context, const io_h5_chunk_t *chunk), void *context)
{
    return walk_chunks(file, array, array->tree, 256, visit, context);
}

/* ---- Strings ---- */

static int compare_strings(const void *a, const void *b)
{
    const io_h5_string_t *one = a, *other = b;
    return (one->index > other->index) - (one->index < other->index);
}

/* The first known heap at or after an address. */
static size_t heap_from(const io_h5_t *file, uint64_t address)
{
    size_t low = 0, high = file->heaps;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (file->heap[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static status_t push_string(io_h5_t *file, unsigned index, uint64_t length, const uint8_t *bytes)
{
    if (file->strings == file->string_room) {
        size_t larger = file->string_room > 0 ? 2 * file->string_room : 64;
        io_h5_string_t *grown = realloc(file->string, larger * sizeof *grown);
        if (grown == NULL) return fail(ST_ENOMEM, "'%s': out of memory for %zu strings", file->path, larger);
        file->string = grown;
        file->string_room = larger;
    }
    file->string[file->strings++] = (io_h5_string_t){index, length, bytes};
    return ST_OK;
}

/* Notes where a heap's strings are, once a heap; heap `at` of the list is to be this one. The library's heaps have 4096
 * bytes or more and do not overlap: so the list is short, and all of it smaller than the file. */
static status_t read_heap(io_h5_t *file, uint64_t address, size_t at)
{
    const uint8_t *bytes = io_h5_bytes(file, address, 16);
    if (bytes == NULL || memcmp(bytes, "GCOL\1", 5) != 0) return io_h5_damaged(file, "a heap of strings is not there");
    const uint64_t size = io_h5_number(bytes + 8, 8);
    if (size < 4096 || io_h5_bytes(file, address, size) == NULL || size > file->size - file->heaped)
        return io_h5_damaged(file, "a heap of strings ends outside of the file");
    file->heaped += size;
    io_h5_heap_t heap = {.address = address, .first = file->strings};
    for (uint64_t used = 16; size - used >= 16;) {
        const uint64_t index = io_h5_number(bytes + used, 2), length = io_h5_number(bytes + used + 8, 8);
        if (index == 0) break; /* the free rest */
        if (length > size - used - 16) return io_h5_damaged(file, "a string is longer than its heap");
        TRY(push_string(file, (unsigned)index, length, bytes + used + 16));
        const uint64_t padded = 16 + (length + 7) / 8 * 8;
        used = padded < size - used ? used + padded : size;
    }
    heap.count = file->strings - heap.first;
    if (heap.count > 1) qsort(file->string + heap.first, heap.count, sizeof *file->string, compare_strings);
    io_h5_heap_t *grown = realloc(file->heap, (file->heaps + 1) * sizeof *grown);
    if (grown == NULL) return fail(ST_ENOMEM, "'%s': out of memory for its strings", file->path);
    file->heap = grown;
    memmove(grown + at + 1, grown + at, (file->heaps - at) * sizeof *grown);
    grown[at] = heap;
    file->heaps++;
    return ST_OK;
}

status_t io_h5_string(char **out, io_h5_t *file, const uint8_t *reference)
{
    const uint64_t length = io_h5_number(reference, 4), address = io_h5_number(reference + 4, 8);
    *out = NULL;
    if (length > 0 && address != 0) {
        const size_t at = heap_from(file, address);
        if (at == file->heaps || file->heap[at].address != address) TRY(read_heap(file, address, at));
        const io_h5_string_t wanted = {.index = (unsigned)io_h5_number(reference + 12, 4)}, *found = NULL;
        if (file->heap[at].count > 0)
            found = bsearch(&wanted, file->string + file->heap[at].first, file->heap[at].count, sizeof wanted,
                            compare_strings);
        if (found == NULL || length > found->length) return io_h5_damaged(file, "a string is not in its heap");
        /* Each string of an array has its own bytes. */
        if (length > file->size - file->copied) return io_h5_damaged(file, "its strings are longer than the file");
        file->copied += length;
        *out = base_format("%.*s", (int)length, (const char *)found->bytes);
    } else {
        *out = base_format("%s", "");
    }
    return *out == NULL ? ST_ENOMEM : ST_OK;
}

/* ---- Superblock ---- */

status_t io_h5_begin(io_h5_t *file)
{
    const uint8_t *start = io_h5_bytes(file, 0, 96);
    if (start == NULL || memcmp(start, "\x89HDF\r\n\x1a\n", 8) != 0 || start[8] != 0 || start[13] != 8 ||
        start[14] != 8)
        return io_h5_damaged(file, "it does not begin with a superblock of version 0");
    file->root = io_h5_number(start + 64, 8);
    return ST_OK;
}
