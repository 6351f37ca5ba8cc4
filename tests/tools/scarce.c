#include "tools/scarce.h"

#include <stdio.h>
#include <stdlib.h>

static int left;
static bool refused;

bool scarce_refuse(int nth)
{
    const bool was = refused;
    left = nth;
    refused = false;
    return was;
}

static bool ends(void)
{
    if (left == 0 || --left > 0) return false;
    return refused = true;
}

/* What the linker makes of the rooms' calls, and what it calls the C library's own. NOLINTBEGIN */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
FILE *__real_open_memstream(char **text, size_t *size);
int __real_vasprintf(char **text, const char *format, va_list args);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
FILE *__wrap_open_memstream(char **text, size_t *size);
int __wrap_vasprintf(char **text, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

void *__wrap_malloc(size_t size)
{
    return ends() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return ends() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return ends() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return ends() ? NULL : __real_aligned_alloc(alignment, size);
}

FILE *__wrap_open_memstream(char **text, size_t *size)
{
    return ends() ? NULL : __real_open_memstream(text, size);
}

int __wrap_vasprintf(char **text, const char *format, va_list args)
{
    return ends() ? -1 : __real_vasprintf(text, format, args);
}
/* NOLINTEND */
