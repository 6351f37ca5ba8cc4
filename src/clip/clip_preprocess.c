#include "clip/clip.h"

#include <stdlib.h>

status_t clip_preprocess(float *out, const io_image_t *image, const clip_config_t *config)
{
    /* CLIP's, then ImageNet's. */
    static const double means[2][3] = {{0.48145466, 0.4578275, 0.40821073}, {0.485, 0.456, 0.406}};
    static const double deviations[2][3] = {{0.26862954, 0.26130258, 0.27577711}, {0.229, 0.224, 0.225}};
    const double *mean = means[config->dino], *deviation = deviations[config->dino];
    const int S = config->image_size;
    REQUIRE(S > 0 && image->pixels != NULL);
    status_t status = ST_OK;
    const size_t plane = (size_t)S * (size_t)S;
    uint8_t *resized = base_alloc(plane * 3, 1);
    if (resized == NULL) return ST_ENOMEM;
    TRY_DONE(io_resize_bicubic(resized, S, S, image->pixels, image->width, image->height, 3));
    for (int c = 0; c < 3; c++) {
        /* A byte has 256 values: the float arithmetic of torchvision (v/255, minus mean, over std) once for each. */
        float table[256];
        for (int v = 0; v < 256; v++) table[v] = ((float)v / 255.0f - (float)mean[c]) / (float)deviation[c];
        for (size_t i = 0; i < plane; i++) out[(size_t)c * plane + i] = table[resized[3 * i + (size_t)c]];
    }
done:
    free(resized);
    return status;
}
