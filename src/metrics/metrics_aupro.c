#include "metrics/metrics_internal.h"

status_t metrics_aupro(double *aupro, const float *scores, const uint8_t *masks, const int (*sizes)[2], int images,
                       double limit)
{
    REQUIRE(aupro != NULL && images >= 0 && (images == 0 || (scores != NULL && masks != NULL && sizes != NULL)));
    metrics_pixels_t *pixels = NULL;
    metrics_pixels_result_t result;
    status_t status = ST_OK;
    TRY_DONE(metrics_pixels_open(&pixels, &(metrics_pixels_options_t){.regions = true}));
    size_t offset = 0;
    for (int i = 0; i < images; i++) {
        TRY_DONE(metrics_pixels_add(pixels, scores + offset, masks + offset, sizes[i][0], sizes[i][1]));
        offset += (size_t)sizes[i][0] * (size_t)sizes[i][1];
    }
    TRY_DONE(metrics_pixels_measure(&result, pixels, limit, NULL, NULL));
    *aupro = result.aupro;
done:
    metrics_pixels_close(pixels);
    return status;
}
