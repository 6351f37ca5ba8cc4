/* One file under two names. */
#include "io/io_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool io_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Another disk, a file system without second names (or without more of them), or a rule against them. */
static bool wants_copy(int error)
{
    return error == EXDEV || error == EPERM || error == EMLINK || error == ENOSYS || error == EOPNOTSUPP ||
           error == EACCES;
}

static status_t copy(const char *path, const char *from)
{
    char *bytes;
    size_t size;
    TRY(io_read_large(&bytes, &size, from));
    status_t status = io_write_file(path, bytes, size);
    free(bytes);
    return status;
}

status_t io_link_file(const char *path, const char *from, bool replace)
{
    char temporary[4096];
    if (!replace && io_exists(path)) return ST_OK;
    io_temporary_name(temporary, path);
    if (temporary[0] == '\0') return fail(ST_EIO, "'%.60s...' cannot be written: the path is too long", path);
    if (link(from, temporary) != 0) {
        if (wants_copy(errno)) return copy(path, from);
        return fail(errno == ENOENT ? ST_ENOTFOUND : ST_EIO, "'%s' cannot be linked to '%s': %s", path, from,
                    strerror(errno));
    }
    /* Two names of one file are left as they are by rename: the temporary one goes in any case. */
    status_t status = io_publish(temporary, path);
    unlink(temporary);
    return status;
}
