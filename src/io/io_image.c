/* Pictures and masks by content: which decoder a file wants, and what the callers get of its samples. */
#include "io/io_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef status_t (*decoder_t)(io_raster_t *, const uint8_t *, size_t, io_decode_t, const char *);

typedef struct {
    const char *signature;
    size_t length;
    decoder_t decode;
} format_t;

static const format_t formats[] = {
    {"\x89PNG\r\n\x1a\n", 8, io_png_decode},
    {"\xff\xd8\xff", 3, io_jpeg_decode},
    {"BM", 2, io_bmp_decode},
    {"RIFF", 4, io_webp_decode},
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
    if (size == 0) return fail(ST_EFORMAT, "'%s' is empty, expected a PNG, JPEG, TIFF, BMP or WebP image", path);
    char start[64];
    show_start(start, bytes, size);
    return fail(ST_EFORMAT, "'%s' is not a PNG, JPEG, TIFF, BMP or WebP image (it begins with \"%s\")", path, start);
}

/* On failure *out holds nothing to free. */
static status_t read_raster(io_raster_t *out, io_decode_t what, size_t most, const char *path)
{
    *out = (io_raster_t){.turn = 1};
    char *bytes = NULL;
    size_t size = 0;
    if (most < IO_MOST_IMAGE)
        TRY(io_read_start(&bytes, &size, most, path));
    else
        TRY(io_read_whole(&bytes, &size, IO_MOST_IMAGE, path));
    status_t status = decode_bytes(out, (const uint8_t *)bytes, size, what, path);
    free(bytes);
    return status;
}

/* 16-bit samples to 8: the upper 8 of `depth` bits; what needs more bits than that is white. In place. */
static void narrow(io_raster_t *raster, int depth)
{
    const uint16_t *from = raster->samples;
    uint8_t *to = raster->samples;
    size_t count = (size_t)raster->width * (size_t)raster->height * (size_t)raster->channels;
    for (size_t i = 0; i < count; i++) {
        int value = from[i] >> (depth - 8);
        to[i] = (uint8_t)(value > 255 ? 255 : value);
    }
    raster->bits = 8;
}

status_t io_image_read(io_image_t *out, const char *path)
{
    return io_image_read_how(out, path, &(io_image_how_t){0});
}

status_t io_image_read_how(io_image_t *out, const char *path, const io_image_how_t *how)
{
    int depth = how->bit_depth > 0 ? how->bit_depth : 16;
    REQUIRE(depth >= 8 && depth <= 16);
    *out = (io_image_t){0};
    io_raster_t raster;
    TRY(read_raster(&raster, depth < 16 ? IO_DECODE_WIDE : IO_DECODE_RGB, IO_MOST_IMAGE, path));
    if (raster.bits == 16) narrow(&raster, depth);
    REQUIRE(raster.channels == 3 && raster.bits == 8);
    status_t status = how->upright ? io_raster_upright(&raster, path) : ST_OK;
    if (status != ST_OK) {
        free(raster.samples);
        return status;
    }
    *out = (io_image_t){.width = raster.width, .height = raster.height, .pixels = raster.samples};
    return ST_OK;
}

void io_image_free(io_image_t *image)
{
    free(image->pixels);
    *image = (io_image_t){0};
}

status_t io_image_look(io_image_info_t *out, const char *path)
{
    io_raster_t raster;
    /* Headers mostly stand in front; long metadata, and a TIFF with its directory at the end, need the rest. */
    if (read_raster(&raster, IO_DECODE_SIZE, (size_t)1 << 16, path) != ST_OK)
        TRY(read_raster(&raster, IO_DECODE_SIZE, IO_MOST_IMAGE, path));
    *out = (io_image_info_t){.width = raster.width,
                             .height = raster.height,
                             .depth = raster.depth,
                             .turn = raster.turn,
                             .pages = raster.pages,
                             .refused = raster.refused,
                             .palette = raster.palette,
                             .alpha = raster.alpha};
    return ST_OK;
}

status_t io_image_size(int *width, int *height, const char *path)
{
    io_image_info_t info;
    TRY(io_image_look(&info, path));
    *width = info.width;
    *height = info.height;
    return ST_OK;
}

status_t io_image_largest(int *out, const char *path)
{
    io_raster_t raster;
    TRY(read_raster(&raster, IO_DECODE_WIDE, IO_MOST_IMAGE, path));
    size_t count = (size_t)raster.width * (size_t)raster.height * (size_t)raster.channels;
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        int value = raster.bits == 8 ? ((const uint8_t *)raster.samples)[i] : ((const uint16_t *)raster.samples)[i];
        if (value > *out) *out = value;
    }
    free(raster.samples);
    return ST_OK;
}

static const char *const readable_endings[] = {".png",  ".jpg", ".jpeg", ".jpe",  ".jfif", ".tif",
                                               ".tiff", ".bmp", ".dib",  ".webp", NULL};
const char *const io_image_unread_endings[] = {".gif",  ".jp2",  ".j2k",  ".jxl", ".ppm", ".pgm", ".pbm", ".pnm",
                                               ".heic", ".heif", ".avif", ".exr", ".hdr", ".tga", ".dcm", ".nef",
                                               ".cr2",  ".arw",  ".dng",  ".raw", ".npy", NULL};

bool io_image_has_ending(const char *name)
{
    size_t length = strlen(name);
    for (int e = 0; readable_endings[e] != NULL; e++) {
        size_t end = strlen(readable_endings[e]);
        if (length > end && strcasecmp(name + length - end, readable_endings[e]) == 0) return true;
    }
    return false;
}

static uint16_t sample_at(const io_raster_t *raster, size_t index)
{
    return raster->bits == 8 ? ((const uint8_t *)raster->samples)[index] : ((const uint16_t *)raster->samples)[index];
}

status_t io_mask_read(io_mask_t *out, const char *path)
{
    *out = (io_mask_t){0};
    io_raster_t raster;
    TRY(read_raster(&raster, IO_DECODE_RAW, IO_MOST_IMAGE, path));
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
    *out = (io_mask_t){.width = raster.width,
                       .height = raster.height,
                       .values = values,
                       .palette = raster.palette,
                       .alpha = raster.alpha};
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
