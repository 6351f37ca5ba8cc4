/* TIFF by libtiff, in memory, in and out. Over 400 lines: libtiff is known to one file.
 * Pictures and masks of unsigned samples in, one-channel float maps in and out. */
#include "io/io_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

/* ---- A TIFF in memory ---------------------------------------------------------------------------------------------- */
typedef struct {
    uint8_t *bytes; /* owned when writing */
    size_t size, room, at;
    bool writing;
    bool past_end; /* libtiff asked for bytes the file does not have */
    char message[200];
} memory_t;

static tmsize_t memory_read(thandle_t handle, void *out, tmsize_t count)
{
    memory_t *memory = handle;
    size_t left = memory->at < memory->size ? memory->size - memory->at : 0;
    size_t take = (size_t)count < left ? (size_t)count : left;
    if (take < (size_t)count && !memory->writing) memory->past_end = true;
    if (take > 0) memcpy(out, memory->bytes + memory->at, take);
    memory->at += take;
    return (tmsize_t)take;
}

static tmsize_t memory_write(thandle_t handle, void *bytes, tmsize_t count)
{
    memory_t *memory = handle;
    size_t end = memory->at + (size_t)count;
    if (end > memory->room) {
        size_t room = 2 * end;
        uint8_t *grown = realloc(memory->bytes, room);
        if (grown == NULL) return 0;
        memory->bytes = grown;
        memory->room = room;
    }
    if (memory->at > memory->size) memset(memory->bytes + memory->size, 0, memory->at - memory->size);
    memcpy(memory->bytes + memory->at, bytes, (size_t)count);
    memory->at = end;
    if (end > memory->size) memory->size = end;
    return count;
}

static toff_t memory_seek(thandle_t handle, toff_t offset, int whence)
{
    memory_t *memory = handle;
    size_t base = whence == SEEK_CUR ? memory->at : whence == SEEK_END ? memory->size : 0;
    memory->at = base + (size_t)offset;
    return memory->at;
}

static int memory_close(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t memory_size(thandle_t handle)
{
    return ((memory_t *)handle)->size;
}

static int on_error(TIFF *tiff, void *data, const char *module, const char *format, va_list args)
{
    (void)tiff, (void)module;
    memory_t *memory = data;
    /* The first is the cause, later ones its echoes. */
    if (memory->message[0] == '\0') vsnprintf(memory->message, sizeof memory->message, format, args);
    return 1;
}

#ifndef FGAD_TIFF_OPTIONS
/* Before 4.5 libtiff has handlers for the whole process; what they are given is the file's own data all the same. */
static void on_error_of_any(thandle_t memory, const char *module, const char *format, va_list args)
{
    on_error(NULL, memory, module, format, args);
}

static TIFF *memory_open(memory_t *memory, const char *mode)
{
    TIFFSetErrorHandler(NULL);
    TIFFSetErrorHandlerExt(on_error_of_any);
    TIFFSetWarningHandler(NULL);
    return TIFFClientOpen("memory", mode, memory, memory_read, memory_write, memory_seek, memory_close, memory_size,
                          NULL, NULL);
}
#else
static int on_warning(TIFF *tiff, void *data, const char *module, const char *format, va_list args)
{
    (void)tiff, (void)data, (void)module, (void)format, (void)args;
    return 1;
}

static TIFF *memory_open(memory_t *memory, const char *mode)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (options == NULL) return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, memory);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, memory);
    TIFF *tiff = TIFFClientOpenExt("memory", mode, memory, memory_read, memory_write, memory_seek, memory_close,
                                   memory_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}
#endif

static status_t fail_damaged(const memory_t *memory, const char *path)
{
    if (memory->past_end)
        return fail(ST_EFORMAT, "'%s': the TIFF is truncated: the file ends after %zu bytes, before the image does",
                    path, memory->size);
    return fail(ST_EFORMAT, "'%s': the TIFF is damaged: %s", path,
                memory->message[0] != '\0' ? memory->message : "libtiff gives no reason");
}

/* ---- Samples ------------------------------------------------------------------------------------------------------- */
typedef struct {
    uint32_t width, height;
    uint16_t bits, samples, format, photometric, planar, compression;
    uint16_t *red, *green, *blue; /* colour map, libtiff's */
    bool tiled;
    /* A block is a tile, or a strip of full width. */
    uint32_t block_width, block_height;
} layout_t;

static status_t read_layout(layout_t *layout, TIFF *tiff, const memory_t *memory, const char *path)
{
    *layout = (layout_t){0};
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout->width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout->height);
    TRY(io_check_size(layout->width, layout->height, path));
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout->bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout->samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &layout->format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &layout->planar);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &layout->compression);
    if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout->photometric))
        layout->photometric = layout->samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    if (layout->photometric == PHOTOMETRIC_PALETTE &&
        !TIFFGetField(tiff, TIFFTAG_COLORMAP, &layout->red, &layout->green, &layout->blue))
        return fail(ST_EFORMAT, "'%s': the TIFF has palette indices but no palette", path);
    if (!TIFFIsCODECConfigured(layout->compression))
        return fail(ST_EFORMAT, "'%s': the TIFF's compression scheme %d is not supported by this libtiff", path,
                    layout->compression);
    layout->tiled = TIFFIsTiled(tiff);
    layout->block_width = layout->width;
    if (layout->tiled) {
        TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &layout->block_width);
        TIFFGetField(tiff, TIFFTAG_TILELENGTH, &layout->block_height);
    } else {
        TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &layout->block_height);
        if (layout->block_height > layout->height) layout->block_height = layout->height;
    }
    if (layout->block_width == 0 || layout->block_height == 0 || layout->samples == 0)
        return fail_damaged(memory, path);
    return ST_OK;
}

/* Takes the samples of one row of a block: `row` is as libtiff decodes it (native byte order, packed), pixel x0 of
 * the image is its first, `count` are wanted; samples `first`, first + 1, ... of each pixel, `step` apart, are in it. */
typedef void (*take_row_t)(void *out, const layout_t *layout, const uint8_t *row, uint32_t y, uint32_t x0,
                           uint32_t count, uint16_t first, uint16_t step);

/* Walks all blocks; planes at and past `planes` of a planar file are skipped. */
static status_t read_blocks(TIFF *tiff, const layout_t *layout, uint16_t planes, take_row_t take_row, void *out,
                            const memory_t *memory, const char *path)
{
    bool planar = layout->planar == PLANARCONFIG_SEPARATE && layout->samples > 1;
    uint16_t step = planar ? 1 : layout->samples;
    tmsize_t block_size = layout->tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff);
    tmsize_t row_size = layout->tiled ? TIFFTileRowSize(tiff) : TIFFScanlineSize(tiff);
    size_t wanted = ((size_t)layout->block_width * step * layout->bits + 7) / 8;
    if (block_size <= 0 || row_size <= 0 || (size_t)row_size < wanted) return fail_damaged(memory, path);
    /* A block is at most the image and a tile's padding; a header that claims more is refused, not allocated. */
    if (block_size / row_size > (tmsize_t)layout->block_height || block_size > (tmsize_t)IO_MAX_PIXELS * 8)
        return fail_damaged(memory, path);
    uint8_t *block = base_alloc((size_t)block_size, 1);
    if (block == NULL) return fail_context(ST_ENOMEM, "'%s'", path);
    status_t status = ST_OK;
    for (uint16_t plane = 0; plane < (planar ? planes : 1); plane++) {
        for (uint32_t y = 0; y < layout->height; y += layout->block_height) {
            uint32_t rows = layout->height - y < layout->block_height ? layout->height - y : layout->block_height;
            for (uint32_t x = 0; x < layout->width; x += layout->block_width) {
                uint32_t count = layout->width - x < layout->block_width ? layout->width - x : layout->block_width;
                /* Of the last strip only its rows are asked for: a decoder may not have more. */
                tmsize_t ask = layout->tiled ? block_size : row_size * (tmsize_t)rows;
                tmsize_t got = layout->tiled
                                   ? TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, x, y, 0, plane), block, ask)
                                   : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, y, plane), block, ask);
                if (got < row_size * (tmsize_t)rows) TRY_DONE(fail_damaged(memory, path));
                for (uint32_t r = 0; r < rows; r++)
                    take_row(out, layout, block + (size_t)r * (size_t)row_size, y + r, x, count, plane, step);
            }
        }
    }
done:
    free(block);
    return status;
}

static unsigned unpack(const uint8_t *row, size_t index, int bits)
{
    switch (bits) {
    case 8:
        return row[index];
    case 16: {
        uint16_t value;
        memcpy(&value, row + 2 * index, sizeof value);
        return value;
    }
    default: /* 1, 2, 4: most significant first */
        return (row[index * (size_t)bits / 8] >> (8 - bits - (int)(index * (size_t)bits % 8))) & ((1u << bits) - 1u);
    }
}

typedef struct {
    io_raster_t *raster;
    io_decode_t what;
} picture_t;

static void put_sample(io_raster_t *raster, size_t index, unsigned value)
{
    if (raster->bits == 8)
        ((uint8_t *)raster->samples)[index] = (uint8_t)value;
    else
        ((uint16_t *)raster->samples)[index] = (uint16_t)value;
}

static void take_picture_row(void *out, const layout_t *layout, const uint8_t *row, uint32_t y, uint32_t x0,
                             uint32_t count, uint16_t first, uint16_t step)
{
    const picture_t *picture = out;
    io_raster_t *raster = picture->raster;
    int bits = layout->bits, channels = raster->channels;
    unsigned top = (1u << bits) - 1u;
    bool colours = layout->photometric == PHOTOMETRIC_PALETTE && picture->what != IO_DECODE_RAW;
    bool grey = layout->photometric == PHOTOMETRIC_MINISBLACK || layout->photometric == PHOTOMETRIC_MINISWHITE;
    for (uint32_t i = 0; i < count; i++) {
        size_t pixel = ((size_t)y * layout->width + x0 + i) * (size_t)channels;
        if (colours) {
            /* The map's 16-bit entries by their high byte, as PIL. */
            unsigned index = unpack(row, (size_t)i * step, bits);
            put_sample(raster, pixel, layout->red[index] >> 8);
            put_sample(raster, pixel + 1, layout->green[index] >> 8);
            put_sample(raster, pixel + 2, layout->blue[index] >> 8);
            continue;
        }
        /* Alpha and other extra samples stand after the colours and are dropped. */
        for (uint16_t s = 0; s < step && first + s < (grey || channels == 1 ? 1 : 3); s++) {
            unsigned value = unpack(row, (size_t)i * step + s, bits);
            if (layout->photometric == PHOTOMETRIC_MINISWHITE) value = top - value;
            if (grey && bits < 8) value = value * 255u / top;
            if (bits == 16 && raster->bits == 8) value >>= 8;
            put_sample(raster, pixel + first + s, value);
            for (int c = 1; grey && c < channels; c++) put_sample(raster, pixel + (size_t)c, value);
        }
    }
}

static status_t check_picture(const layout_t *layout, const char *path)
{
    if (layout->format != SAMPLEFORMAT_UINT && layout->format != SAMPLEFORMAT_VOID)
        return fail(ST_EFORMAT, "'%s': the TIFF holds %s samples of %d bits, expected an image of unsigned 8 or 16",
                    path, layout->format == SAMPLEFORMAT_IEEEFP ? "floating-point" : "signed or complex", layout->bits);
    bool one = layout->photometric == PHOTOMETRIC_MINISBLACK || layout->photometric == PHOTOMETRIC_MINISWHITE ||
               layout->photometric == PHOTOMETRIC_PALETTE;
    bool small = layout->bits == 1 || layout->bits == 2 || layout->bits == 4;
    bool known = one ? layout->bits == 8 || layout->bits == 16 || small
                     : layout->photometric == PHOTOMETRIC_RGB && layout->samples >= 3 &&
                           (layout->bits == 8 || layout->bits == 16);
    /* libtiff unpacks small samples of several channels no further than we would. */
    if (known && small && layout->samples > 1) known = false;
    if (known) return ST_OK;
    return fail(ST_EFORMAT,
                "'%s': a TIFF of %d samples of %d bits with photometric interpretation %d is not read (hint: save it "
                "as 8-bit RGB or grey)",
                path, layout->samples, layout->bits, layout->photometric);
}

static status_t decode(io_raster_t *out, TIFF *tiff, io_decode_t what, const memory_t *memory, const char *path)
{
    layout_t layout;
    TRY(read_layout(&layout, tiff, memory, path));
    out->width = (int)layout.width;
    out->height = (int)layout.height;
    uint16_t turn = 1;
    TIFFGetField(tiff, TIFFTAG_ORIENTATION, &turn);
    out->turn = turn >= 1 && turn <= 8 ? turn : 1;
    out->depth = layout.bits;
    out->palette = layout.photometric == PHOTOMETRIC_PALETTE;
    out->alpha = layout.samples == 2 || layout.samples > 3;
    if (layout.photometric == PHOTOMETRIC_YCBCR && layout.compression == COMPRESSION_JPEG) {
        TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        layout.photometric = PHOTOMETRIC_RGB;
    }
    status_t status = check_picture(&layout, path);
    out->refused = status != ST_OK;
    if (what == IO_DECODE_SIZE) {
        out->pages = TIFFLastDirectory(tiff) ? 1 : 2;
        return ST_OK;
    }
    TRY(status);
    out->channels = what != IO_DECODE_RAW || layout.photometric == PHOTOMETRIC_RGB ? 3 : 1;
    bool wide = what == IO_DECODE_RAW || (what == IO_DECODE_WIDE && !out->palette);
    out->bits = wide && layout.bits == 16 ? 16 : 8;
    out->samples = base_alloc((size_t)out->width * (size_t)out->height, (size_t)(out->channels * out->bits / 8));
    if (out->samples == NULL) return fail_context(ST_ENOMEM, "'%s'", path);
    picture_t picture = {.raster = out, .what = what};
    uint16_t planes = layout.photometric == PHOTOMETRIC_RGB ? 3 : 1;
    return read_blocks(tiff, &layout, planes, take_picture_row, &picture, memory, path);
}

status_t io_tiff_decode(io_raster_t *out, const uint8_t *bytes, size_t size, io_decode_t what, const char *path)
{
    *out = (io_raster_t){0};
    /* libtiff only reads through the callbacks; its handle has one type for both directions. */
    memory_t memory = {.bytes = (uint8_t *)(uintptr_t)bytes, .size = size};
    TIFF *tiff = memory_open(&memory, "rm");
    if (tiff == NULL) return fail_damaged(&memory, path);
    status_t status = decode(out, tiff, what, &memory, path);
    TIFFClose(tiff);
    if (status != ST_OK) {
        free(out->samples);
        *out = (io_raster_t){0};
    }
    return status;
}

/* ---- Maps ---------------------------------------------------------------------------------------------------------- */
/* What other programs write as a map: floats of 16, 32 and 64 bits, integers of 8, 16 and 32. Every value fits a double. */
static bool is_map_kind(uint16_t format, uint16_t bits)
{
    if (format == SAMPLEFORMAT_IEEEFP) return bits == 16 || bits == 32 || bits == 64;
    return (format == SAMPLEFORMAT_UINT || format == SAMPLEFORMAT_INT || format == SAMPLEFORMAT_VOID) &&
           (bits == 8 || bits == 16 || bits == 32);
}

/* Sample i of a row, which lies in the byte order of this machine. */
static double map_value(const uint8_t *row, size_t i, uint16_t format, uint16_t bits)
{
    union {
        uint8_t u8;
        int8_t i8;
        uint16_t u16;
        int16_t i16;
        uint32_t u32;
        int32_t i32;
        float f32;
        double f64;
    } value;
    memcpy(&value, row + i * bits / 8, bits / 8);
    if (format == SAMPLEFORMAT_IEEEFP)
        return bits == 64 ? value.f64 : bits == 32 ? (double)value.f32 : (double)io_f16_to_f32(value.u16);
    if (format == SAMPLEFORMAT_INT) return bits == 32 ? value.i32 : bits == 16 ? value.i16 : value.i8;
    return bits == 32 ? value.u32 : bits == 16 ? value.u16 : value.u8;
}

static void take_map_row(void *out, const layout_t *layout, const uint8_t *row, uint32_t y, uint32_t x0, uint32_t count,
                         uint16_t first, uint16_t step)
{
    (void)first, (void)step;
    double *target = (double *)out + (size_t)y * layout->width + x0;
    for (uint32_t i = 0; i < count; i++) target[i] = map_value(row, i, layout->format, layout->bits);
}

static status_t decode_map(double **values, int *width, int *height, TIFF *tiff, const memory_t *memory,
                           const char *path)
{
    layout_t layout;
    TRY(read_layout(&layout, tiff, memory, path));
    if (!is_map_kind(layout.format, layout.bits) || layout.samples != 1)
        return fail(ST_EFORMAT,
                    "'%s': the TIFF holds %d %s samples of %d bits a pixel, expected 1: a float of 16, 32 or 64, or an "
                    "integer of 8, 16 or 32",
                    path, layout.samples, layout.format == SAMPLEFORMAT_IEEEFP ? "float" : "integer", layout.bits);
    *values = base_alloc((size_t)layout.width * layout.height, sizeof **values);
    if (*values == NULL) return fail_context(ST_ENOMEM, "'%s'", path);
    *width = (int)layout.width;
    *height = (int)layout.height;
    return read_blocks(tiff, &layout, 1, take_map_row, *values, memory, path);
}

/* The file in memory, opened; free `bytes` after TIFFClose. */
static status_t open_map(TIFF **tiff, memory_t *memory, char **bytes, const char *path)
{
    *tiff = NULL;
    *memory = (memory_t){0};
    TRY(io_read_whole(bytes, &memory->size, IO_MOST_IMAGE, path));
    memory->bytes = (uint8_t *)*bytes;
    if (memory->size < 4 || (memcmp(*bytes, "II", 2) != 0 && memcmp(*bytes, "MM", 2) != 0))
        return fail(ST_EFORMAT, "'%s' is not a TIFF", path);
    *tiff = memory_open(memory, "rm");
    return *tiff != NULL ? ST_OK : fail_damaged(memory, path);
}

status_t io_tiff_read_map(double **values, int *width, int *height, const char *path)
{
    TIFF *tiff;
    memory_t memory;
    char *bytes = NULL;
    *values = NULL;
    status_t status = open_map(&tiff, &memory, &bytes, path);
    if (status == ST_OK) status = decode_map(values, width, height, tiff, &memory, path);
    if (tiff != NULL) TIFFClose(tiff);
    free(bytes);
    if (status != ST_OK) {
        free(*values);
        *values = NULL;
    }
    return status;
}

status_t io_tiff_map_fits_float(bool *out, const char *path)
{
    TIFF *tiff;
    memory_t memory;
    layout_t layout;
    char *bytes = NULL;
    *out = false;
    status_t status = open_map(&tiff, &memory, &bytes, path);
    if (status == ST_OK) status = read_layout(&layout, tiff, &memory, path);
    if (status == ST_OK) *out = layout.bits < 32 || (layout.bits == 32 && layout.format == SAMPLEFORMAT_IEEEFP);
    if (tiff != NULL) TIFFClose(tiff);
    free(bytes);
    return status;
}

static bool encode_map(TIFF *tiff, const float *values, int width, int height)
{
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, (uint32_t)width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, (uint32_t)height);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 32);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_IEEEFP);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    /* The mantissas of a smoothed map hardly deflate, and every reader knows a TIFF that is not compressed. */
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, (uint32_t)height);
    /* libtiff takes a non-const buffer, but without compression and byte swapping leaves it as it is. */
    tmsize_t size = (tmsize_t)width * height * (tmsize_t)sizeof *values;
    return TIFFWriteEncodedStrip(tiff, 0, (void *)(uintptr_t)values, size) == size && TIFFFlush(tiff) == 1;
}

status_t io_tiff_write_f32(const char *path, const float *values, int width, int height)
{
    REQUIRE(width > 0 && height > 0);
    memory_t memory = {.writing = true};
    status_t status = ST_OK;
    /* Little-endian on every machine that fgad runs on; "w" alone follows the host. */
    TIFF *tiff = memory_open(&memory, "wl");
    bool whole = tiff != NULL && encode_map(tiff, values, width, height);
    if (tiff != NULL) TIFFClose(tiff);
    if (whole)
        status = io_write_file(path, memory.bytes, memory.size);
    else
        status = fail(ST_ENOMEM, "'%s' cannot be encoded: %s", path, memory.message);
    free(memory.bytes);
    return status;
}

void io_tiff_version(char out[64])
{
    /* "LIBTIFF, Version 4.5.0" and a line of copyright. */
    const char *text = TIFFGetVersion(), *number = strstr(text, "Version ");
    number = number != NULL ? number + strlen("Version ") : text;
    snprintf(out, 64, "libtiff %.*s", (int)strcspn(number, "\n"), number);
}
