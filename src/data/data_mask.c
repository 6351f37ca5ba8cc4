#include "data/data_internal.h"

#include <stdlib.h>

static status_t threshold_mask(uint8_t *out, const io_mask_t *mask, int threshold, const char *path)
{
    size_t count = (size_t)mask->width * (size_t)mask->height;
    int largest = 0;
    for (size_t i = 0; i < count; i++) {
        out[i] = mask->values[i] > threshold;
        if (mask->values[i] > largest) largest = mask->values[i];
    }
    if (largest == 0 || largest > threshold) return ST_OK;
    return fail(ST_EFORMAT,
                "'%s': mask values go up to %d, expected anomalous pixels above %d (hint: scale a 0/1 mask to 0/255)",
                path, largest, threshold);
}

status_t data_mask_read(uint8_t **mask, int *width, int *height, const data_category_t *category,
                        const data_image_t *image)
{
    *mask = NULL;
    TRY(data_image_size(width, height, category, image));
    io_mask_t raw = {0};
    status_t status = ST_OK;
    uint8_t *binary = base_alloc((size_t)*width * (size_t)*height, 1);
    if (binary == NULL) return ST_ENOMEM;
    size_t count = (size_t)*width * (size_t)*height;
    for (size_t i = 0; i < count; i++) binary[i] = 0;
    if (image->mask != NULL) {
        TRY_DONE(io_mask_read(&raw, image->mask));
        if (raw.width != *width || raw.height != *height) {
            status = fail(ST_EFORMAT, "'%s': mask is %d x %d, its image '%s' is %d x %d", image->mask, raw.width,
                          raw.height, image->path, *width, *height);
            goto done;
        }
        TRY_DONE(threshold_mask(binary, &raw, category->mask_threshold, image->mask));
    }
    *mask = binary;
    binary = NULL;
done:
    io_mask_free(&raw);
    free(binary);
    return status;
}

void data_mask_resize(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh)
{
    REQUIRE(dst != NULL && src != NULL && dw > 0 && dh > 0 && sw > 0 && sh > 0);
    for (int y = 0; y < dh; y++) {
        const uint8_t *row = src + (2 * (int64_t)y + 1) * sh / (2 * (int64_t)dh) * sw;
        for (int x = 0; x < dw; x++) *dst++ = row[(2 * (int64_t)x + 1) * sw / (2 * (int64_t)dw)];
    }
}

status_t data_mask_resize_bilinear(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh, bool whole)
{
    REQUIRE(dst != NULL && src != NULL && dw > 0 && dh > 0 && sw > 0 && sh > 0);
    const size_t from = (size_t)sw * (size_t)sh, to = (size_t)dw * (size_t)dh;
    uint8_t *grey = base_alloc(from, 1);
    if (grey == NULL) return ST_ENOMEM;
    for (size_t i = 0; i < from; i++) grey[i] = src[i] != 0 ? 255 : 0;
    status_t status = io_resize_bilinear_antialiased(dst, dw, dh, grey, sw, sh, 1);
    for (size_t i = 0; i < to && status == ST_OK; i++) dst[i] = dst[i] > (whole ? 254 : 127);
    free(grey);
    return status;
}
