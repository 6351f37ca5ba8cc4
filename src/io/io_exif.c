/* EXIF orientation: read from its block (which is a small TIFF), and undone. */
#include "io/io_internal.h"

#include <stdlib.h>
#include <string.h>

static unsigned take(const uint8_t *bytes, int count, bool big)
{
    unsigned value = 0;
    for (int i = 0; i < count; i++) value = value << 8 | bytes[big ? i : count - 1 - i];
    return value;
}

/* 1. "II*\0" or "MM\0*", 2. u32: where the directory is, 3. there u16 entries of 12 bytes: tag, type, count, value.
 * Orientation is tag 0x112, of type 3 (u16). */
int io_exif_turn(const uint8_t *bytes, size_t size)
{
    enum { ORIENTATION = 0x112, SHORT = 3, ENTRY = 12 };
    if (size >= 6 && memcmp(bytes, "Exif\0", 6) == 0) bytes += 6, size -= 6;
    if (size < 8 || (memcmp(bytes, "II", 2) != 0 && memcmp(bytes, "MM", 2) != 0)) return 1;
    bool big = bytes[0] == 'M';
    size_t at = take(bytes + 4, 4, big);
    if (at > size || size - at < 2) return 1;
    unsigned entries = take(bytes + at, 2, big);
    for (at += 2; entries > 0 && size - at >= ENTRY; entries--, at += ENTRY) {
        const uint8_t *entry = bytes + at;
        if (take(entry, 2, big) != ORIENTATION || take(entry + 2, 2, big) != SHORT) continue;
        unsigned turn = take(entry + 8, 2, big);
        return turn >= 1 && turn <= 8 ? (int)turn : 1;
    }
    return 1;
}

/* Where pixel (x, y) of the upright picture (width, height) lies in the file's rows. */
static void source(int *from_x, int *from_y, int turn, int x, int y, int width, int height)
{
    /* The file's row 0 and column 0 are the picture's: 1 top, left; 2 top, right; 3 bottom, right; 4 bottom, left;
     * 5 left, top; 6 right, top; 7 right, bottom; 8 left, bottom. */
    int right = width - 1 - x, below = height - 1 - y;
    bool across = turn >= 5;
    int row = across ? (turn == 6 || turn == 7 ? right : x) : (turn >= 3 ? below : y);
    int column = across ? (turn >= 7 ? below : y) : (turn == 2 || turn == 3 ? right : x);
    *from_x = column;
    *from_y = row;
}

status_t io_raster_upright(io_raster_t *raster, const char *path)
{
    REQUIRE(raster->bits == 8);
    if (raster->turn <= 1) return ST_OK;
    bool across = raster->turn >= 5;
    int width = across ? raster->height : raster->width, height = across ? raster->width : raster->height;
    size_t pixel = (size_t)raster->channels;
    uint8_t *upright = base_alloc((size_t)width * (size_t)height, pixel);
    if (upright == NULL) return fail_context(ST_ENOMEM, "'%s'", path);
    const uint8_t *samples = raster->samples;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int from_x, from_y;
            source(&from_x, &from_y, raster->turn, x, y, width, height);
            memcpy(upright + ((size_t)y * (size_t)width + (size_t)x) * pixel,
                   samples + ((size_t)from_y * (size_t)raster->width + (size_t)from_x) * pixel, pixel);
        }
    free(raster->samples);
    raster->samples = upright;
    raster->width = width;
    raster->height = height;
    raster->turn = 1;
    return ST_OK;
}
