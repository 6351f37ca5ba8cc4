/* Small compressed texts, through zlib. */
#include "io/io_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* A text of merges is 1-4 MB; a file that unpacks to more than this is not one. */
#define GZIP_LIMIT ((size_t)256 << 20)

status_t io_read_gzip(char **bytes, size_t *size, const char *path)
{
    status_t status = ST_OK;
    char *buffer = NULL;
    size_t used = 0, capacity = 0;
    int descriptor;
    TRY(io_open_regular(&descriptor, NULL, path));
    gzFile file = gzdopen(descriptor, "rb");
    if (file == NULL) {
        close(descriptor);
        return fail(ST_ENOMEM, "'%s': out of memory", path);
    }
    for (;;) {
        if (capacity - used < 65536) {
            capacity = 2 * capacity + 131072;
            char *larger = realloc(buffer, capacity);
            if (larger == NULL) TRY_DONE(fail(ST_ENOMEM, "'%s': out of memory after %zu bytes", path, used));
            buffer = larger;
        }
        int got = gzread(file, buffer + used, 65535);
        if (got <= 0) break;
        used += (size_t)got;
        if (used > GZIP_LIMIT) TRY_DONE(fail(ST_EFORMAT, "'%s': unpacks to more than %zu MB", path, GZIP_LIMIT >> 20));
    }
    int code = Z_OK;
    const char *message = gzerror(file, &code);
    if (code != Z_OK && code != Z_STREAM_END) {
        if (code == Z_ERRNO)
            status = fail(ST_EIO, "'%s': cannot be read: %s", path, strerror(errno));
        else
            status = fail(ST_EFORMAT, "'%s': damaged or cut gzip file: %s", path, message);
        goto done;
    }
    buffer[used] = '\0';
    *bytes = buffer;
    if (size != NULL) *size = used;
    buffer = NULL;
done:
    free(buffer);
    gzclose_r(file);
    return status;
}

bool io_inflate(void *out, size_t size, const void *packed, size_t packed_size)
{
    uLongf made = (uLongf)size;
    return uncompress(out, &made, packed, (uLong)packed_size) == Z_OK && made == size;
}

void io_gzip_version(char out[64])
{
    snprintf(out, 64, "zlib %s", zlibVersion());
}
