/* BMP in: Windows' bitmaps without compression, which industrial cameras write.
 * 1. "BM", u32 size, u32 reserved, u32 where the pixels begin;
 * 2. u32 size of the header (12: OS/2's, with u16 sizes; 40 or more: i32 width, i32 height - negative: the upper row
 *    first -, u16 planes, u16 bits, u32 compression, u32 size, 2 i32, u32 colours, u32);
 * 3. compression 3 (or 6): masks of red, green, blue, in the header when it has room, else after it;
 * 4. up to 8 bits: the palette, blue, green, red (and a fourth byte but for OS/2);
 * 5. rows, the lowest first, each filled up to four bytes. All little-endian. */
#include "io/io_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    FILE_HEADER = 14,
    OS2_HEADER = 12,
    INFO_HEADER = 40,
    MASKS_END = 52,
    V3_HEADER = 56,
    PLAIN = 0,
    BITFIELDS = 3,
    ALPHA_BITFIELDS = 6
};

typedef struct {
    const uint8_t *bytes;
    size_t size;
    const char *path;
    size_t header, pixels, row; /* bytes: size of header 2; where pixels begin; of a row */
    int width, height, bits;
    bool upper_first;
    unsigned compression, colours;
    unsigned mask[3]; /* of 16 and 32 bits: red, green, blue */
    const uint8_t *palette;
    size_t entry; /* bytes of a palette's entry */
} bmp_t;

static unsigned take(const uint8_t *bytes, int count)
{
    unsigned value = 0;
    for (int i = count; i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

static status_t fail_truncated(const bmp_t *bmp)
{
    return fail(ST_EFORMAT, "'%s': the BMP is truncated: the file ends after %zu bytes, before the image does",
                bmp->path, bmp->size);
}

static status_t read_header(bmp_t *bmp)
{
    const uint8_t *info = bmp->bytes + FILE_HEADER;
    if (bmp->size < FILE_HEADER + OS2_HEADER) return fail_truncated(bmp);
    bmp->pixels = take(bmp->bytes + 10, 4);
    bmp->header = take(info, 4);
    bool os2 = bmp->header == OS2_HEADER;
    if (!os2 && bmp->header < INFO_HEADER)
        return fail(ST_EFORMAT, "'%s': the BMP's header is of %zu bytes, expected 12, or 40 and more", bmp->path,
                    bmp->header);
    if (bmp->header > bmp->size - FILE_HEADER) return fail_truncated(bmp);
    int64_t width = os2 ? (int64_t)take(info + 4, 2) : (int32_t)take(info + 4, 4);
    int64_t height = os2 ? (int64_t)take(info + 6, 2) : (int32_t)take(info + 8, 4);
    bmp->upper_first = height < 0;
    if (height < 0) height = -height;
    TRY(io_check_size(width, height, bmp->path));
    bmp->width = (int)width;
    bmp->height = (int)height;
    bmp->bits = (int)take(info + (os2 ? 10 : 14), 2);
    bmp->compression = os2 ? PLAIN : take(info + 16, 4);
    bmp->colours = os2 ? 0 : take(info + 32, 4);
    bmp->entry = os2 ? 3 : 4;
    bmp->row = ((size_t)bmp->width * (size_t)bmp->bits + 31) / 32 * 4;
    return ST_OK;
}

/* Where the colours of a pixel come from. */
static status_t read_colours(bmp_t *bmp)
{
    const uint8_t *info = bmp->bytes + FILE_HEADER;
    size_t after = FILE_HEADER + bmp->header;
    bool fields = bmp->compression == BITFIELDS || bmp->compression == ALPHA_BITFIELDS;
    bool small = bmp->bits == 1 || bmp->bits == 4 || bmp->bits == 8;
    bool known = small || bmp->bits == 24
                     ? bmp->compression == PLAIN
                     : (bmp->bits == 16 || bmp->bits == 32) && (fields || bmp->compression == PLAIN);
    if (!known)
        return fail(
            ST_EFORMAT,
            "'%s': a BMP of %d bits a pixel with compression %u is not read (hint: save it without compression, "
            "or as PNG)",
            bmp->path, bmp->bits, bmp->compression);
    if (fields) {
        if (bmp->header < MASKS_END) after += bmp->compression == BITFIELDS ? 12 : 16;
        if (after > bmp->size || bmp->size < FILE_HEADER + MASKS_END) return fail_truncated(bmp);
        for (int c = 0; c < 3; c++) bmp->mask[c] = take(info + INFO_HEADER + 4 * c, 4);
    } else if (bmp->bits == 16) {
        bmp->mask[0] = 0x7c00, bmp->mask[1] = 0x03e0, bmp->mask[2] = 0x001f;
    } else {
        bmp->mask[0] = 0xff0000, bmp->mask[1] = 0x00ff00, bmp->mask[2] = 0x0000ff;
    }
    if (small) {
        unsigned most = 1u << bmp->bits;
        if (bmp->colours == 0 || bmp->colours > most) bmp->colours = most;
        if (after > bmp->size || (bmp->size - after) / bmp->entry < bmp->colours) return fail_truncated(bmp);
        bmp->palette = bmp->bytes + after;
    }
    if (bmp->pixels > bmp->size || (bmp->size - bmp->pixels) / bmp->row < (size_t)bmp->height)
        return fail_truncated(bmp);
    return ST_OK;
}

/* The bits of `mask` in a pixel, as 0..255. */
static uint8_t masked(unsigned pixel, unsigned mask)
{
    if (mask == 0) return 0;
    int shift = 0;
    while ((mask >> shift & 1) == 0) shift++;
    unsigned top = mask >> shift;
    return (uint8_t)((uint64_t)((pixel & mask) >> shift) * 255 / top);
}

static unsigned index_at(const uint8_t *row, size_t x, int bits)
{
    return row[x * (size_t)bits / 8] >> (8 - bits - (int)(x * (size_t)bits % 8)) & ((1u << bits) - 1u);
}

static void take_pixel(uint8_t rgb[3], const bmp_t *bmp, const uint8_t *row, size_t x)
{
    if (bmp->palette != NULL) {
        unsigned index = index_at(row, x, bmp->bits);
        for (int c = 0; c < 3; c++)
            rgb[c] = index < bmp->colours ? bmp->palette[index * bmp->entry + 2 - (size_t)c] : 0;
    } else if (bmp->bits == 24) {
        for (int c = 0; c < 3; c++) rgb[c] = row[3 * x + 2 - (size_t)c];
    } else {
        size_t bytes = (size_t)bmp->bits / 8;
        unsigned pixel = take(row + x * bytes, (int)bytes);
        for (int c = 0; c < 3; c++) rgb[c] = masked(pixel, bmp->mask[c]);
    }
}

/* A palette whose entry i is the grey i (or, of two entries, black and white) is no palette but grey. */
static bool is_grey(const bmp_t *bmp)
{
    unsigned top = bmp->colours - 1;
    if (bmp->colours != 1u << bmp->bits) return false;
    for (unsigned i = 0; i < bmp->colours; i++)
        for (size_t c = 0; c < 3; c++)
            if (bmp->palette[i * bmp->entry + c] != i * 255 / top) return false;
    return true;
}

status_t io_bmp_decode(io_raster_t *out, const uint8_t *bytes, size_t size, io_decode_t what, const char *path)
{
    bmp_t bmp = {.bytes = bytes, .size = size, .path = path};
    TRY(read_header(&bmp));
    *out = (io_raster_t){.width = bmp.width, .height = bmp.height, .depth = bmp.bits <= 8 ? bmp.bits : 8, .turn = 1};
    out->alpha = bmp.bits == 32 && bmp.header >= V3_HEADER;
    if (what == IO_DECODE_SIZE) return ST_OK;
    TRY(read_colours(&bmp));
    bool grey = bmp.palette != NULL && is_grey(&bmp);
    out->palette = bmp.palette != NULL && !grey;
    out->channels = what == IO_DECODE_RAW && bmp.palette != NULL ? 1 : 3;
    out->bits = 8;
    uint8_t *samples = base_alloc((size_t)out->width * (size_t)out->height, (size_t)out->channels);
    if (samples == NULL) return fail_context(ST_ENOMEM, "'%s'", path);
    out->samples = samples;
    for (int y = 0; y < bmp.height; y++) {
        const uint8_t *row = bytes + bmp.pixels + (size_t)(bmp.upper_first ? y : bmp.height - 1 - y) * bmp.row;
        for (size_t x = 0; x < (size_t)bmp.width; x++, samples += out->channels) {
            uint8_t rgb[3];
            take_pixel(rgb, &bmp, row, x);
            if (out->channels == 3)
                memcpy(samples, rgb, 3);
            else
                *samples = grey ? rgb[0] : (uint8_t)index_at(row, x, bmp.bits);
        }
    }
    return ST_OK;
}
