#include "base/base.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(address, size) ASAN_POISON_MEMORY_REGION(address, size)
#define UNPOISON(address, size) ASAN_UNPOISON_MEMORY_REGION(address, size)
#define RED_ZONE 64
#else
#define POISON(address, size) ((void)(address), (void)(size))
#define UNPOISON(address, size) ((void)(address), (void)(size))
#define RED_ZONE 0
#endif

#define ALIGNMENT ((size_t)64)
#define BLOCK_MINIMUM ((size_t)1 << 20)

struct arena_block {
    struct arena_block *next;
    size_t size; /* bytes of data */
    size_t used;
    unsigned char *data; /* 64-byte aligned, in the same allocation */
};

void arena_init(arena_t *arena, const char *name)
{
    *arena = (arena_t){.name = name};
}

void arena_free(arena_t *arena)
{
    for (arena_block_t *block = arena->first; block != NULL;) {
        arena_block_t *next = block->next;
        UNPOISON(block->data, block->size);
        free(block);
        block = next;
    }
    arena_init(arena, arena->name);
}

/* The next block with room for `size` bytes: a kept one if it fits, else a new one put in its place in the
 * chain. */
static arena_block_t *next_block(arena_t *arena, size_t size)
{
    arena_block_t **link = arena->current != NULL ? &arena->current->next : &arena->first;
    if (*link != NULL && (*link)->size >= size) return *link;
    size_t data_size = size > BLOCK_MINIMUM ? size : BLOCK_MINIMUM;
    size_t header = (sizeof(arena_block_t) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (data_size > SIZE_MAX - header) return NULL;
    arena_block_t *block = base_alloc_aligned(ALIGNMENT, header + data_size);
    if (block == NULL) return NULL;
    *block = (arena_block_t){.next = *link, .size = data_size, .data = (unsigned char *)block + header};
    POISON(block->data, block->size);
    *link = block;
    return block;
}

void *arena_take(arena_t *arena, size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX / 2) / size) {
        fail(ST_ENOMEM, "arena '%s': %zu items of %zu bytes are past the address space", arena->name, count, size);
        return NULL;
    }
    size_t wanted = count * size;
    size_t padded = (wanted + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + RED_ZONE;
    if (padded == 0) padded = ALIGNMENT; /* two empty slices are still two addresses */
    arena_block_t *block = arena->current;
    if (block == NULL || block->size - block->used < padded) {
        block = next_block(arena, padded);
        if (block == NULL) {
            fail(ST_ENOMEM, "out of memory: arena '%s' holds %zu bytes and wants %zu more", arena->name, arena->used,
                 padded);
            return NULL;
        }
        block->used = 0;
        arena->current = block;
    }
    unsigned char *slice = block->data + block->used;
    block->used += padded;
    arena->used += padded;
    if (arena->used > arena->peak) arena->peak = arena->used;
    UNPOISON(slice, wanted);
    memset(slice, 0, wanted);
    return slice;
}

arena_mark_t arena_mark(const arena_t *arena)
{
    return (arena_mark_t){arena->current, arena->current != NULL ? arena->current->used : 0, arena->used};
}

void arena_reset(arena_t *arena, arena_mark_t mark)
{
    arena_block_t *block = mark.block != NULL ? mark.block->next : arena->first;
    for (; block != NULL; block = block->next) {
        POISON(block->data, block->size);
        block->used = 0;
    }
    if (mark.block != NULL) {
        POISON(mark.block->data + mark.block_used, mark.block->size - mark.block_used);
        mark.block->used = mark.block_used;
    }
    arena->current = mark.block;
    arena->used = mark.used;
}
