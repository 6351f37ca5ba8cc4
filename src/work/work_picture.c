/* Pictures as the tower is to see them. */
#include "work/work_internal.h"

#include <stdlib.h>

status_t work_picture_read(io_image_t *out, const work_worker_t *worker, const data_category_t *category,
                           const data_image_t *file, bool test)
{
    const job_t *job = &worker->plan->points[0]; /* keys of features are the same at every point */
    const int side = job->pre_resize;
    TRY(data_image_read(out, category, file));
    if (side > 0) {
        uint8_t *resized = base_alloc((size_t)side * (size_t)side, 3);
        status_t status = resized == NULL
                              ? ST_ENOMEM
                              : io_resize_bilinear(resized, side, side, out->pixels, out->width, out->height, 3);
        io_image_free(out);
        if (status != ST_OK) {
            free(resized);
            return status;
        }
        *out = (io_image_t){.width = side, .height = side, .pixels = resized};
    }
    if (!test || job->test_channels == JOB_CHANNELS_RGB) return ST_OK;
    for (size_t i = 0; i < (size_t)out->width * (size_t)out->height; i++) {
        const uint8_t red = out->pixels[3 * i];
        out->pixels[3 * i] = out->pixels[3 * i + 2];
        out->pixels[3 * i + 2] = red;
    }
    return ST_OK;
}
