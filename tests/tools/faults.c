/* A library for LD_PRELOAD that makes files fail: below the folder $FGAD_FAULTS_UNDER, one in $FGAD_FAULTS calls of write,
 * fsync and rename is refused as by a full or broken disk; a write may put some of its bytes first. Calls go to the kernel
 * directly, so that nothing of the C library is wrapped twice. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_uint drawn;

static unsigned draw(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned x = (unsigned)now.tv_nsec ^ (unsigned)getpid() * 2654435761u ^ atomic_fetch_add(&drawn, 1) * 40503u;
    x ^= x >> 16;
    x *= 2246822519u;
    return x ^ x >> 13;
}

static bool is_unlucky(const char *path)
{
    const char *under = getenv("FGAD_FAULTS_UNDER"), *one_in = getenv("FGAD_FAULTS");
    if (under == NULL || one_in == NULL || path == NULL || strncmp(path, under, strlen(under)) != 0) return false;
    unsigned n = (unsigned)strtoul(one_in, NULL, 10);
    return n > 0 && draw() % n == 0;
}

static bool is_unlucky_file(int file)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return false;
    path[length] = '\0';
    return is_unlucky(path);
}

ssize_t write(int file, const void *bytes, size_t size)
{
    if (!is_unlucky_file(file)) return syscall(SYS_write, file, bytes, size);
    if (draw() % 2 == 0 && size > 1) return syscall(SYS_write, file, bytes, size / 2); /* legal, and easily forgotten */
    errno = draw() % 2 == 0 ? ENOSPC : EIO;
    return -1;
}

int fsync(int file)
{
    if (!is_unlucky_file(file)) return (int)syscall(SYS_fsync, file);
    errno = EIO;
    return -1;
}

int rename(const char *from, const char *to)
{
    if (!is_unlucky(to)) return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    errno = ENOSPC;
    return -1;
}
