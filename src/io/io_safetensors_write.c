/* The writer of safetensors, for tools and tests. */
#include "io/io.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_VALUES 4096

static int64_t values_of(const int64_t shape[8], int ndim)
{
    int64_t count = 1;
    for (int d = 0; d < ndim; d++) count *= shape[d];
    return count;
}

static void put_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') fputc('\\', out);
        if (*c < 0x20)
            fprintf(out, "\\u%04x", *c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

/* The JSON text, padded with blanks so that the data starts at a multiple of 8. Caller frees. */
static status_t make_header(char **text, size_t *size, const char *const *names, const int64_t (*shapes)[8],
                            const int *ndims, int count, bool half)
{
    FILE *out = open_memstream(text, size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory for a safetensors header");
    fprintf(out, "{\"__metadata__\":{\"format\":\"pt\"}");
    int64_t offset = 0;
    for (int i = 0; i < count; i++) {
        REQUIRE(ndims[i] >= 0 && ndims[i] <= 8);
        int64_t end = offset + values_of(shapes[i], ndims[i]) * (half ? 2 : 4);
        fputc(',', out);
        put_string(out, names[i]);
        fprintf(out, ":{\"dtype\":\"%s\",\"shape\":[", half ? "F16" : "F32");
        for (int d = 0; d < ndims[i]; d++) fprintf(out, "%s%" PRId64, d ? "," : "", shapes[i][d]);
        fprintf(out, "],\"data_offsets\":[%" PRId64 ",%" PRId64 "]}", offset, end);
        offset = end;
    }
    fputc('}', out);
    fflush(out);
    for (size_t padding = (8 - *size % 8) % 8; padding > 0; padding--) fputc(' ', out);
    if (fclose(out) != 0) return fail(ST_ENOMEM, "out of memory for a safetensors header");
    return ST_OK;
}

static void put_values(FILE *out, const float *data, int64_t count, bool half)
{
    if (!half) {
        fwrite(data, sizeof *data, (size_t)count, out);
        return;
    }
    uint16_t buffer[BUFFER_VALUES];
    for (int64_t done = 0; done < count;) {
        int64_t part = count - done < BUFFER_VALUES ? count - done : BUFFER_VALUES;
        for (int64_t i = 0; i < part; i++) buffer[i] = io_f32_to_f16(data[done + i]);
        fwrite(buffer, sizeof *buffer, (size_t)part, out);
        done += part;
    }
}

status_t io_safetensors_write(const char *path, const char *const *names, const float *const *data,
                              const int64_t (*shapes)[8], const int *ndims, int count, bool half)
{
    REQUIRE(path != NULL && count >= 0);
    status_t status = ST_OK;
    char temporary[4096];
    io_temporary_name(temporary, path);
    char *header = NULL;
    size_t size = 0;
    FILE *out = NULL;
    TRY_DONE(make_header(&header, &size, names, shapes, ndims, count, half));
    out = fopen(temporary, "wbx");
    if (out == NULL) {
        status = fail(ST_EIO, "'%s' cannot be created: %s", path, strerror(errno));
        goto done;
    }
    errno = 0;
    for (int i = 0; i < 8; i++) fputc((int)((uint64_t)size >> (8 * i) & 0xff), out);
    fwrite(header, 1, size, out);
    for (int i = 0; i < count && !ferror(out); i++) put_values(out, data[i], values_of(shapes[i], ndims[i]), half);
    bool failed = fflush(out) != 0 || ferror(out);
    int reason = errno;
    failed = fclose(out) != 0 || failed;
    if (failed)
        status = fail(ST_EIO, "'%s' cannot be written: %s", path, strerror(reason ? reason : EIO));
    else
        status = io_publish(temporary, path);
    if (status != ST_OK) unlink(temporary);
done:
    free(header);
    return status;
}
