/* JPEG in by libjpeg-turbo with its defaults (accurate integer DCT, smooth chroma upsampling), which are PIL's. */
#include "io/io_internal.h"

/* jpeglib.h needs FILE before it. */
#include <stdio.h>

#include <jpeglib.h>

#include <jerror.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* Everything a longjmp passes over lives here, outside the frame that called setjmp. */
typedef struct {
    struct jpeg_error_mgr errors; /* first: libjpeg hands back a pointer to it */
    jmp_buf jump;
    struct jpeg_decompress_struct jpeg;
    bool created;
    const uint8_t *bytes; /* not owned */
    size_t size;
    const char *path; /* not owned */
    io_decode_t what;
    io_raster_t raster;
    uint8_t *row;    /* one CMYK row */
    status_t status; /* with its line recorded, when not ST_OK */
    bool truncated;
    char message[JMSG_LENGTH_MAX];
} decoder_t;

static _Noreturn void on_error(j_common_ptr jpeg)
{
    decoder_t *decoder = (decoder_t *)jpeg->err;
    jpeg->err->format_message(jpeg, decoder->message);
    longjmp(decoder->jump, 1);
}

/* libjpeg only warns where it invents pixels: after the end of the data, and where the code stream is broken. A made-up
 * pixel is worse than none, so these are errors here. Others (stray bytes between markers, odd versions) lose
 * nothing. */
static void on_message(j_common_ptr jpeg, int level)
{
    decoder_t *decoder = (decoder_t *)jpeg->err;
    if (level >= 0) return;
    switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
        decoder->truncated = true;
        on_error(jpeg);
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
        on_error(jpeg);
    default:
        break;
    }
}

/* PIL's CMYK to RGB, in its integer arithmetic. JPEG files hold CMYK inverted (Adobe's habit, which PIL assumes of
 * all), so a sample here is 255 - ink. */
static void cmyk_to_rgb(uint8_t *rgb, const uint8_t *cmyk, int width)
{
    for (int x = 0; x < width; x++, rgb += 3, cmyk += 4) {
        int white = cmyk[3];
        for (int c = 0; c < 3; c++) {
            int product = (255 - cmyk[c]) * white + 128;
            rgb[c] = (uint8_t)(white - ((product + (product >> 8)) >> 8));
        }
    }
}

static void choose_output(decoder_t *decoder)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    decoder->raster.bits = 8;
    decoder->raster.channels = 3;
    if (jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK) {
        jpeg->out_color_space = JCS_CMYK;
    } else if (jpeg->jpeg_color_space == JCS_GRAYSCALE && decoder->what == IO_DECODE_RAW) {
        jpeg->out_color_space = JCS_GRAYSCALE;
        decoder->raster.channels = 1;
    } else {
        jpeg->out_color_space = JCS_RGB;
    }
}

/* The first APP1 marker that is EXIF. */
static int read_turn(const struct jpeg_decompress_struct *jpeg)
{
    for (jpeg_saved_marker_ptr marker = jpeg->marker_list; marker != NULL; marker = marker->next)
        if (marker->marker == JPEG_APP0 + 1 && marker->data_length > 6 && memcmp(marker->data, "Exif\0", 6) == 0)
            return io_exif_turn(marker->data, marker->data_length);
    return 1;
}

/* False when libjpeg or we refused; the reason is in *decoder. */
static bool decode(decoder_t *decoder)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    io_raster_t *raster = &decoder->raster;
    if (setjmp(decoder->jump) != 0) return false;
    jpeg_create_decompress(jpeg);
    decoder->created = true;
    jpeg_mem_src(jpeg, decoder->bytes, decoder->size);
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(jpeg, TRUE);
    decoder->status = io_check_size(jpeg->image_width, jpeg->image_height, decoder->path);
    if (decoder->status != ST_OK) return false;
    raster->width = (int)jpeg->image_width;
    raster->height = (int)jpeg->image_height;
    raster->depth = 8;
    raster->turn = read_turn(jpeg);
    if (decoder->what == IO_DECODE_SIZE) return true;

    choose_output(decoder);
    size_t row_size = (size_t)raster->width * (size_t)raster->channels;
    raster->samples = base_alloc((size_t)raster->height, row_size);
    decoder->row = base_alloc((size_t)raster->width, 4);
    if (raster->samples == NULL || decoder->row == NULL) {
        decoder->status = fail_context(ST_ENOMEM, "'%s'", decoder->path);
        return false;
    }
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *target = (uint8_t *)raster->samples + jpeg->output_scanline * row_size;
        JSAMPROW row = jpeg->out_color_space == JCS_CMYK ? decoder->row : target;
        jpeg_read_scanlines(jpeg, &row, 1);
        if (row != target) cmyk_to_rgb(target, row, raster->width);
    }
    jpeg_finish_decompress(jpeg);
    return true;
}

status_t io_jpeg_decode(io_raster_t *out, const uint8_t *bytes, size_t size, io_decode_t what, const char *path)
{
    *out = (io_raster_t){0};
    status_t status = ST_OK;
    decoder_t *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL) return fail(ST_ENOMEM, "'%s': out of memory", path);
    decoder->bytes = bytes;
    decoder->size = size;
    decoder->path = path;
    decoder->what = what;
    decoder->jpeg.err = jpeg_std_error(&decoder->errors);
    decoder->errors.error_exit = on_error;
    decoder->errors.emit_message = on_message;
    if (decode(decoder)) {
        *out = decoder->raster;
        decoder->raster.samples = NULL;
    } else if (decoder->status != ST_OK) {
        status = decoder->status;
    } else if (decoder->truncated) {
        status = fail(ST_EFORMAT, "'%s': the JPEG is truncated: the file ends after %zu bytes, before the image does",
                      path, size);
    } else {
        status = fail(ST_EFORMAT, "'%s': the JPEG is damaged: %s", path, decoder->message);
    }
    if (decoder->created) jpeg_destroy_decompress(&decoder->jpeg);
    free(decoder->raster.samples);
    free(decoder->row);
    free(decoder);
    return status;
}

#define QUOTE_TEXT(text) #text
#define QUOTE(text) QUOTE_TEXT(text)

/* The library cannot be asked at run time; its header knows. */
void io_jpeg_version(char out[64])
{
    snprintf(out, 64, "libjpeg-turbo %s", QUOTE(LIBJPEG_TURBO_VERSION));
}
