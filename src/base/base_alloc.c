/* Memory, and pages for large arrays: an array of some megabytes in pages of 4 KB is thousands of faults when it is first
 * written, and more pages than a processor keeps addresses of. */
#include "base/base.h"

#include <stdlib.h>
#include <sys/mman.h>

#define PAGE ((size_t)2 << 20)
#define LARGE (2 * PAGE)

void *base_alloc_aligned(size_t alignment, size_t bytes)
{
    const size_t unit = bytes >= LARGE && alignment < PAGE ? PAGE : alignment;
    void *memory = bytes <= SIZE_MAX - unit ? aligned_alloc(unit, (bytes + unit - 1) / unit * unit) : NULL;
#ifdef MADV_HUGEPAGE
    /* A wish: a system without such pages gives others. What the array does not fill is never touched. */
    if (bytes >= LARGE && memory != NULL) (void)madvise(memory, bytes / PAGE * PAGE, MADV_HUGEPAGE);
#endif
    return memory;
}

void *base_alloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        fail(ST_ENOMEM, "an allocation of %zu items of %zu bytes is past the address space", count, size);
        return NULL;
    }
    const size_t bytes = count * size;
    void *memory = bytes < LARGE ? malloc(bytes > 0 ? bytes : 1) : base_alloc_aligned(PAGE, bytes);
    if (memory == NULL) fail(ST_ENOMEM, "out of memory: %zu bytes asked for", bytes);
    return memory;
}
