/* Maps in memory. */
#include "store/store.h"

#include <stdlib.h>

void store_maps_free(store_maps_t *maps)
{
    free(maps->M_v);
    free(maps->Mhat_p);
    free(maps->s_image);
    free(maps->M_p);
    free(maps->M_pix);
    free(maps->group);
    free(maps->S_i);
    free(maps->M_img);
    *maps = (store_maps_t){0};
}

status_t store_maps_alloc(store_maps_t *maps, int n, int h, int w, bool vad, bool pad, bool image)
{
    size_t images = (size_t)n, values = images * (size_t)h * (size_t)w;
    *maps = (store_maps_t){.n = n, .h = h, .w = w};
    bool ok = (maps->M_pix = base_alloc(values, sizeof(float))) != NULL;
    ok = ok && (maps->M_img = base_alloc(images, sizeof(float))) != NULL;
    if (vad) ok = ok && (maps->M_v = base_alloc(values, sizeof(float))) != NULL;
    if (pad) {
        ok = ok && (maps->Mhat_p = base_alloc(values, sizeof(float))) != NULL;
        ok = ok && (maps->s_image = base_alloc(values, sizeof(float))) != NULL;
        ok = ok && (maps->M_p = base_alloc(values, sizeof(float))) != NULL;
        ok = ok && (maps->group = base_alloc(values, sizeof(int32_t))) != NULL;
    }
    if (image) ok = ok && (maps->S_i = base_alloc(images, sizeof(float))) != NULL;
    if (ok) return ST_OK;
    store_maps_free(maps);
    return ST_ENOMEM;
}
