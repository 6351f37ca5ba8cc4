/* Files read into memory: regular ones alone, and none larger than a file of its kind can be. */
#include "io/io_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

status_t io_open_regular(int *file, size_t *size, const char *path)
{
    status_t status = ST_OK;
    struct stat info;
    *file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*file < 0) return io_fail_system(path, "opened");
    if (fstat(*file, &info) != 0)
        status = io_fail_system(path, "read");
    else if (S_ISDIR(info.st_mode))
        status = fail(ST_EIO, "'%s' is a directory, expected a file", path);
    else if (!S_ISREG(info.st_mode))
        status = fail(ST_EFORMAT, "'%s' is a %s, expected a regular file", path,
                      S_ISFIFO(info.st_mode)                           ? "FIFO"
                      : S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode) ? "device"
                                                                       : "socket");
    else if (size != NULL)
        *size = (size_t)info.st_size;
    if (status != ST_OK) close(*file);
    return status;
}

static status_t refuse_size(size_t most, const char *path)
{
    return fail(ST_EFORMAT, "'%s' is larger than %.3g GB, the most that is read of such a file", path,
                1e-9 * (double)most);
}

/* part: the first `most` bytes; else the whole, which may have no more. */
static status_t read_most(char **bytes, size_t *size, size_t most, bool part, const char *path)
{
    const size_t end = part ? most : most + 1;
    *bytes = NULL;
    int file;
    size_t used = 0, room = 0;
    TRY(io_open_regular(&file, &room, path));
    status_t status = ST_OK;
    char *buffer = NULL;
    /* A hole of a terabyte takes no room on a disk, and all of the memory. */
    if (!part && room > most) TRY_DONE(refuse_size(most, path));
    if (room == 0) room = 4096;
    room = (room < end ? room : end) + 1;
    buffer = base_alloc(room, 1);
    if (buffer == NULL) TRY_DONE(fail_context(ST_ENOMEM, "'%s'", path));
    while (used < end) {
        /* One byte stays free for the NUL; a file that grows, or one of unknown size, grows the buffer. */
        if (used + 1 == room) {
            char *grown = realloc(buffer, 2 * room);
            if (grown == NULL) TRY_DONE(fail(ST_ENOMEM, "'%s': out of memory after %zu bytes", path, used));
            buffer = grown;
            room *= 2;
        }
        size_t ask = room - used - 1 < end - used ? room - used - 1 : end - used;
        ssize_t got = read(file, buffer + used, ask);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) TRY_DONE(io_fail_system(path, "read"));
        if (got == 0) break;
        used += (size_t)got;
    }
    if (!part && used > most) TRY_DONE(refuse_size(most, path)); /* it has grown since */
    buffer[used] = '\0';
    *bytes = buffer;
    buffer = NULL;
    if (size != NULL) *size = used;
done:
    free(buffer);
    close(file);
    return status;
}

status_t io_read_start(char **bytes, size_t *size, size_t most, const char *path)
{
    return read_most(bytes, size, most, true, path);
}

status_t io_read_whole(char **bytes, size_t *size, size_t most, const char *path)
{
    return read_most(bytes, size, most, false, path);
}

status_t io_read_large(char **bytes, size_t *size, const char *path)
{
    return io_read_whole(bytes, size, base_memory() / 2, path);
}

status_t io_read_file(char **bytes, size_t *size, const char *path)
{
    return io_read_whole(bytes, size, IO_MOST_TEXT, path);
}

status_t io_read_text(char **text, const char *path)
{
    size_t size = 0;
    TRY(io_read_file(text, &size, path));
    if (strlen(*text) == size) {
        /* The mark that editors of Windows put in front of UTF-8. */
        if (strncmp(*text, "\xef\xbb\xbf", 3) == 0) memmove(*text, *text + 3, size - 2);
        return ST_OK;
    }
    free(*text);
    *text = NULL;
    return fail(ST_EFORMAT, "%s: holds a byte of zero, expected text", path);
}

FILE *io_open_lines(const char *path)
{
    enum { MOST = 16 << 20 };
    int file;
    size_t size = 0;
    if (io_open_regular(&file, &size, path) != ST_OK) return NULL;
    FILE *lines = size <= MOST ? fdopen(file, "r") : NULL;
    if (lines == NULL) close(file);
    return lines;
}
