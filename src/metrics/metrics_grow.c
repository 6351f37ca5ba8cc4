#include "metrics/metrics_internal.h"

#include <stdlib.h>

status_t metrics_grow(void **array, size_t *capacity, size_t used, size_t more, size_t size)
{
    if (more <= *capacity - used) return ST_OK;
    /* realloc moves large blocks by remapping, so growing by halves costs no copy and no memory that is not written. */
    size_t wanted = used + more;
    size_t next = *capacity + *capacity / 2;
    if (next < wanted) next = wanted;
    if (next < 64) next = 64;
    void *grown = next > SIZE_MAX / size ? NULL : realloc(*array, next * size);
    if (grown == NULL)
        return fail(ST_ENOMEM, "no memory for %zu records of %zu bytes (hint: metric_memory)", next, size);
    *array = grown;
    *capacity = next;
    return ST_OK;
}
