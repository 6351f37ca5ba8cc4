/* Pictures and masks by content: which decoder a file wants, and what the callers get of its samples. */
#include "io/io_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

status_t io_check_size(int64_t width, int64_t height, const char *path)
{
    if (width < 1 || height < 1)
        return fail(ST_EFORMAT, "'%s': the image is %lld x %lld pixels, expected at least 1 x 1", path,
                    (long long)width, (long long)height);
    if (width > IO_MAX_PIXELS / height)
        return fail(ST_EFORMAT, "'%s': the image claims %lld x %lld pixels, at most %lld are read", path,
                    (long long)width, (long long)height, (long long)IO_MAX_PIXELS);
    return ST_OK;
}

typedef status_t (*decoder_t)(io_raster_t *, const uint8_t *, size_t, io_decode_t, const char *);

typedef struct {
    const char *signature;
    size_t length;
    decoder_t decode;
} format_t;

static const format_t formats[] = {
    {"\x89PNG\r\n\x1a\n", 8, io_png_decode},
    {"\xff\xd8\xff", 3, io_jpeg_decode},
    {"II*\0", 4, io_tiff_decode},
    {"MM\0*", 4, io_tiff_decode},
    {"II+\0", 4, io_tiff_decode},
    {"MM\0+", 4, io_tiff_decode},
    {NULL, 0, NULL},
};

/* The first bytes as text for a message: printable ones as they are, others as \xNN. */
static void show_start(char out[64], const uint8_t *bytes, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < size && i < 12; i++) {
        const char *form = isprint(bytes[i]) ? "%c" : "\\x%02x";
        used += (size_t)snprintf(out + used, 64 - used, form, bytes[i]);
    }
    out[used] = '\0';
}

static status_t decode_bytes(io_raster_t *out, const uint8_t *bytes, size_t size, io_decode_t what, const char *path)
{
    for (const format_t *format = formats; format->signature != NULL; format++)
        if (size >= format->length && memcmp(bytes, format->signature, format->length) == 0)
            return format->decode(out, bytes, size, what, path);
    if (size == 0) return fail(ST_EFORMAT, "'%s' is empty, expected a PNG, JPEG or TIFF image", path);
    char start[64];
    show_start(start, bytes, size);
    return fail(ST_EFORMAT, "'%s' is not a PNG, JPEG or TIFF image (it begins with \"%s\")", path, start);
}

/* On failure *out holds nothing to free. */
static status_t read_raster(io_raster_t *out, io_decode_t what, size_t most, const char *path)
{
    *out = (io_raster_t){0};
    char *bytes = NULL;
    size_t size = 0;
    TRY(io_read_start(&bytes, &size, most, path));
    status_t status = decode_bytes(out, (const uint8_t *)bytes, size, what, path);
    free(bytes);
    return status;
}

status_t io_image_read(io_image_t *out, const char *path)
{
    *out = (io_image_t){0};
    io_raster_t raster;
    TRY(read_raster(&raster, IO_DECODE_RGB, SIZE_MAX, path));
    REQUIRE(raster.channels == 3 && raster.bits == 8);
    *out = (io_image_t){.width = raster.width, .height = raster.height, .pixels = raster.samples};
    return ST_OK;
}

void io_image_free(io_image_t *image)
{
    free(image->pixels);
    *image = (io_image_t){0};
}

status_t io_image_size(int *width, int *height, const char *path)
{
    io_raster_t raster;
    /* Headers mostly stand in front; long metadata, and a TIFF with its directory at the end, need the rest. */
    if (read_raster(&raster, IO_DECODE_SIZE, (size_t)1 << 16, path) != ST_OK)
        TRY(read_raster(&raster, IO_DECODE_SIZE, SIZE_MAX, path));
    *width = raster.width;
    *height = raster.height;
    return ST_OK;
}

static uint16_t sample_at(const io_raster_t *raster, size_t index)
{
    return raster->bits == 8 ? ((const uint8_t *)raster->samples)[index] : ((const uint16_t *)raster->samples)[index];
}

status_t io_mask_read(io_mask_t *out, const char *path)
{
    *out = (io_mask_t){0};
    io_raster_t raster;
    TRY(read_raster(&raster, IO_DECODE_RAW, SIZE_MAX, path));
    status_t status = ST_OK;
    size_t count = (size_t)raster.width * (size_t)raster.height, step = (size_t)raster.channels;
    uint16_t *values = base_alloc(count, sizeof *values);
    if (values == NULL) TRY_DONE(fail_context(ST_ENOMEM, "'%s'", path));
    for (size_t i = 0; i < count; i++) {
        values[i] = sample_at(&raster, i * step);
        if (step == 1) continue;
        uint16_t green = sample_at(&raster, i * step + 1), blue = sample_at(&raster, i * step + 2);
        if (values[i] != green || values[i] != blue)
            TRY_DONE(fail(ST_EFORMAT,
                          "'%s': a mask has one channel, but pixel (%zu, %zu) is the colour (%d, %d, %d) (hint: save "
                          "the mask as 8-bit grey)",
                          path, i % (size_t)raster.width, i / (size_t)raster.width, values[i], green, blue));
    }
    *out = (io_mask_t){.width = raster.width, .height = raster.height, .values = values};
    values = NULL;
done:
    free(values);
    free(raster.samples);
    return status;
}

void io_mask_free(io_mask_t *mask)
{
    free(mask->values);
    *mask = (io_mask_t){0};
}
