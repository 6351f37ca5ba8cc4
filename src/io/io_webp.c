/* WebP in by libwebp, where the build had it; else a WebP is refused by name. */
#include "io/io_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef FGAD_WEBP
#include <webp/decode.h>

static uint32_t le32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* 1. "RIFF", u32 size, "WEBP"; 2. chunks: four letters, u32 size, bytes (filled up to even). */
static int read_turn(const uint8_t *bytes, size_t size)
{
    for (size_t at = 12; size >= 8 && at <= size - 8;) {
        size_t length = le32(bytes + at + 4);
        const uint8_t *chunk = bytes + at + 8;
        if (length > size - at - 8) return 1;
        if (memcmp(bytes + at, "EXIF", 4) == 0) return io_exif_turn(chunk, length);
        at += 8 + length + (length & 1);
    }
    return 1;
}

status_t io_webp_decode(io_raster_t *out, const uint8_t *bytes, size_t size, io_decode_t what, const char *path)
{
    WebPBitstreamFeatures features;
    /* EXIF stands at the end: a file cut short is told before anything is read of it. */
    if (size < 12 || (uint64_t)le32(bytes + 4) + 8 > size)
        return fail(ST_EFORMAT, "'%s': the WebP is truncated: the file ends after %zu bytes, before the image does",
                    path, size);
    VP8StatusCode code = WebPGetFeatures(bytes, size, &features);
    if (code != VP8_STATUS_OK) return fail(ST_EFORMAT, "'%s' is no WebP image, or a damaged one", path);
    if (features.has_animation)
        return fail(ST_EFORMAT, "'%s': a WebP of several frames is not read (hint: save one of them)", path);
    TRY(io_check_size(features.width, features.height, path));
    *out = (io_raster_t){.width = features.width,
                         .height = features.height,
                         .depth = 8,
                         .alpha = features.has_alpha != 0,
                         .turn = read_turn(bytes, size)};
    if (what == IO_DECODE_SIZE) return ST_OK;
    out->channels = 3;
    out->bits = 8;
    size_t row = (size_t)out->width * 3, all = row * (size_t)out->height;
    out->samples = base_alloc(all, 1);
    if (out->samples == NULL) return fail_context(ST_ENOMEM, "'%s'", path);
    if (WebPDecodeRGBInto(bytes, size, out->samples, all, (int)row) != NULL) return ST_OK;
    free(out->samples);
    *out = (io_raster_t){0};
    return fail(ST_EFORMAT, "'%s': the WebP is truncated or damaged: it ends after %zu bytes", path, size);
}

void io_webp_version(char out[64])
{
    int version = WebPGetDecoderVersion();
    snprintf(out, 64, "libwebp %d.%d.%d", version >> 16, version >> 8 & 255, version & 255);
}
#else
status_t io_webp_decode(io_raster_t *out, const uint8_t *bytes, size_t size, io_decode_t what, const char *path)
{
    (void)out, (void)bytes, (void)size, (void)what;
    return fail(
        ST_EFORMAT,
        "'%s': this fgad was built without WebP (hint: install libwebp-dev and build it again, or save the image "
        "as PNG)",
        path);
}

void io_webp_version(char out[64])
{
    snprintf(out, 64, "no libwebp");
}
#endif
