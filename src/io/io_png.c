/* PNG in and out by libpng, in memory on both sides: reading a file and publishing it are io_file.c's. */
#include "io/io_internal.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything a longjmp passes over lives here, outside the frame that called setjmp: nothing to clobber, nothing to
 * lose. */
typedef struct {
    const uint8_t *bytes; /* not owned */
    size_t size, used;
    const char *path; /* not owned */
    io_decode_t what;
    png_structp png;
    png_infop info;
    png_bytep *rows;
    io_raster_t raster;
    status_t status; /* with its line recorded, when not ST_OK */
    bool truncated;
    char message[200];
} decoder_t;

static void on_error(png_structp png, png_const_charp text)
{
    decoder_t *decoder = png_get_error_ptr(png);
    snprintf(decoder->message, sizeof decoder->message, "%s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    log_debug("libpng: %s", text);
}

static void take_bytes(png_structp png, png_bytep out, size_t count)
{
    decoder_t *decoder = png_get_io_ptr(png);
    if (count > decoder->size - decoder->used) {
        decoder->truncated = true;
        png_error(png, "end of file");
    }
    memcpy(out, decoder->bytes + decoder->used, count);
    decoder->used += count;
}

/* What libpng shall hand over; see io_decode_t. PIL's convert("RGB") takes the high byte of 16-bit samples and drops
 * alpha without blending, so strip_16, not scale_16. */
static void set_transforms(decoder_t *decoder)
{
    png_structp png = decoder->png;
    int type = png_get_color_type(png, decoder->info), bits = png_get_bit_depth(png, decoder->info);
    if (decoder->what == IO_DECODE_RGB || decoder->what == IO_DECODE_WIDE) {
        if (bits == 16 && decoder->what == IO_DECODE_RGB) png_set_strip_16(png);
        if (bits == 16 && decoder->what == IO_DECODE_WIDE) png_set_swap(png);
        if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
        if (!(type & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
    } else {
        if (bits == 16) png_set_swap(png);
        if (type == PNG_COLOR_TYPE_PALETTE) png_set_packing(png);
    }
    if (type == PNG_COLOR_TYPE_GRAY && bits < 8) png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, decoder->info);
}

static void read_header(io_raster_t *raster, png_structp png, png_infop info)
{
    png_uint_32 size = 0;
    png_bytep exif = NULL;
    int type = png_get_color_type(png, info);
    raster->depth = png_get_bit_depth(png, info);
    raster->palette = type == PNG_COLOR_TYPE_PALETTE;
    raster->alpha = (type & PNG_COLOR_MASK_ALPHA) != 0;
    raster->turn = png_get_eXIf_1(png, info, &size, &exif) != 0 && exif != NULL ? io_exif_turn(exif, size) : 1;
    png_unknown_chunkp kept = NULL;
    raster->pages = png_get_unknown_chunks(png, info, &kept) > 0 ? 2 : 1;
}

/* False when libpng or we refused; the reason is in *decoder. */
static bool decode(decoder_t *decoder)
{
    png_structp png = decoder->png;
    io_raster_t *raster = &decoder->raster;
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_set_read_fn(png, decoder, take_bytes);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    /* The mark of an animated PNG, whose other pictures libpng skips. */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_ALWAYS, (png_const_bytep) "acTL", 1);
    png_read_info(png, decoder->info);
    uint32_t width = png_get_image_width(png, decoder->info), height = png_get_image_height(png, decoder->info);
    decoder->status = io_check_size(width, height, decoder->path);
    if (decoder->status != ST_OK) return false;
    raster->width = (int)width;
    raster->height = (int)height;
    read_header(raster, png, decoder->info);
    if (decoder->what == IO_DECODE_SIZE) return true;

    set_transforms(decoder);
    raster->channels = png_get_channels(png, decoder->info);
    raster->bits = png_get_bit_depth(png, decoder->info);
    size_t row_size = png_get_rowbytes(png, decoder->info);
    REQUIRE((raster->channels == 1 || raster->channels == 3) && (raster->bits == 8 || raster->bits == 16));
    REQUIRE(row_size == (size_t)width * (size_t)raster->channels * (size_t)raster->bits / 8);
    raster->samples = base_alloc(height, row_size);
    decoder->rows = base_alloc(height, sizeof *decoder->rows);
    if (raster->samples == NULL || decoder->rows == NULL) {
        decoder->status = fail_context(ST_ENOMEM, "'%s'", decoder->path);
        return false;
    }
    for (size_t y = 0; y < height; y++) decoder->rows[y] = (png_bytep)raster->samples + y * row_size;
    png_read_image(png, decoder->rows);
    png_read_end(png, NULL);
    return true;
}

status_t io_png_decode(io_raster_t *out, const uint8_t *bytes, size_t size, io_decode_t what, const char *path)
{
    *out = (io_raster_t){0};
    decoder_t decoder = {.bytes = bytes, .size = size, .path = path, .what = what};
    status_t status = ST_OK;
    decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, on_error, on_warning);
    if (decoder.png != NULL) decoder.info = png_create_info_struct(decoder.png);
    if (decoder.info == NULL) TRY_DONE(fail(ST_ENOMEM, "'%s': libpng has no memory", path));
    if (decode(&decoder)) {
        *out = decoder.raster;
        decoder.raster.samples = NULL;
    } else if (decoder.status != ST_OK) {
        status = decoder.status;
    } else if (decoder.truncated) {
        status = fail(ST_EFORMAT, "'%s': the PNG is truncated: the file ends after %zu bytes, before the image does",
                      path, size);
    } else {
        status = fail(ST_EFORMAT, "'%s': the PNG is damaged: %s", path, decoder.message);
    }
done:
    free(decoder.rows);
    free(decoder.raster.samples);
    png_destroy_read_struct(&decoder.png, &decoder.info, NULL);
    return status;
}

typedef struct {
    uint8_t *bytes;
    size_t used, room;
    png_structp png;
    png_infop info;
    char message[200];
} encoder_t;

static void on_encode_error(png_structp png, png_const_charp text)
{
    encoder_t *encoder = png_get_error_ptr(png);
    snprintf(encoder->message, sizeof encoder->message, "%s", text);
    png_longjmp(png, 1);
}

static void put_bytes(png_structp png, png_bytep bytes, size_t count)
{
    encoder_t *encoder = png_get_io_ptr(png);
    if (count > encoder->room - encoder->used) {
        size_t room = 2 * encoder->room + count;
        uint8_t *grown = realloc(encoder->bytes, room);
        if (grown == NULL) png_error(png, "out of memory");
        encoder->bytes = grown;
        encoder->room = room;
    }
    memcpy(encoder->bytes + encoder->used, bytes, count);
    encoder->used += count;
}

static void keep_bytes(png_structp png)
{
    (void)png;
}

static bool encode(encoder_t *encoder, const uint8_t *pixels, int width, int height, int channels, bool fast)
{
    png_structp png = encoder->png;
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_set_write_fn(png, encoder, put_bytes, keep_bytes);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    if (fast) {
        png_set_compression_level(png, 1);
        png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_UP);
    }
    png_set_IHDR(png, encoder->info, (png_uint_32)width, (png_uint_32)height, 8,
                 channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, encoder->info);
    for (int y = 0; y < height; y++) png_write_row(png, pixels + (size_t)y * (size_t)width * (size_t)channels);
    png_write_end(png, NULL);
    return true;
}

static status_t write_png(const char *path, const uint8_t *pixels, int width, int height, int channels, bool fast)
{
    REQUIRE(width > 0 && height > 0 && (channels == 1 || channels == 3));
    encoder_t encoder = {0};
    status_t status = ST_OK;
    encoder.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &encoder, on_encode_error, on_warning);
    if (encoder.png != NULL) encoder.info = png_create_info_struct(encoder.png);
    if (encoder.info == NULL) TRY_DONE(fail(ST_ENOMEM, "'%s': libpng has no memory", path));
    if (!encode(&encoder, pixels, width, height, channels, fast))
        TRY_DONE(fail(ST_ENOMEM, "'%s' cannot be encoded: %s", path, encoder.message));
    TRY_DONE(io_write_file(path, encoder.bytes, encoder.used));
done:
    free(encoder.bytes);
    png_destroy_write_struct(&encoder.png, &encoder.info);
    return status;
}

status_t io_png_write(const char *path, const uint8_t *pixels, int width, int height, int channels)
{
    return write_png(path, pixels, width, height, channels, false);
}

status_t io_png_write_fast(const char *path, const uint8_t *pixels, int width, int height, int channels)
{
    return write_png(path, pixels, width, height, channels, true);
}

void io_png_version(char out[64])
{
    snprintf(out, 64, "libpng %s", png_get_libpng_ver(NULL));
}
