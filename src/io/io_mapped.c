/* Files that are mapped. The kernel answers a look at what it can no longer read (the file was cut meanwhile, the disk or the
 * server fails) with SIGBUS, at any line of any room: the handler finds the file whose pages they are, says so and ends the
 * process, as it may: of all that prints, it calls write alone. */
#include "io/io_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FILES = 16 }; /* more are mapped without a name */
static struct {
    atomic_uintptr_t start; /* 0: a free place */
    size_t size;
    char line[512];
} mapped[FILES];
static atomic_int end_code;

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    (void)context;
    const uintptr_t at = (uintptr_t)info->si_addr;
    for (int i = 0; i < FILES; i++) {
        const uintptr_t start = atomic_load(&mapped[i].start);
        if (start == 0 || at < start || at - start >= mapped[i].size) continue;
        ssize_t written = write(STDERR_FILENO, mapped[i].line, strlen(mapped[i].line));
        (void)written;
        _exit(atomic_load(&end_code));
    }
    signal(number, SIG_DFL); /* another's: the same look again ends the process */
}

void io_mapped_install(int code)
{
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    atomic_store(&end_code, code);
    sigaction(SIGBUS, &action, NULL);
}

status_t io_map(const unsigned char **map, size_t size, int file, const char *path)
{
    void *start = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
    if (start == MAP_FAILED) return fail(ST_EIO, "'%s' cannot be mapped: %s", path, strerror(errno));
    *map = start;
    for (int i = 0; i < FILES; i++) {
        /* Taken by a place that no address has, so that a handler sees a whole entry or none. */
        uintptr_t free_place = 0;
        if (!atomic_compare_exchange_strong(&mapped[i].start, &free_place, UINTPTR_MAX)) continue;
        snprintf(mapped[i].line, sizeof mapped[i].line,
                 "fgad: '%.380s' cannot be read any more: it was cut while it was used, or its disk fails\n", path);
        mapped[i].size = size;
        atomic_store(&mapped[i].start, (uintptr_t)start);
        break;
    }
    return ST_OK;
}

void io_unmap(const unsigned char *map, size_t size)
{
    for (int i = 0; i < FILES; i++) {
        uintptr_t start = (uintptr_t)map;
        (void)atomic_compare_exchange_strong(&mapped[i].start, &start, 0);
    }
    munmap((void *)(uintptr_t)map, size);
}
