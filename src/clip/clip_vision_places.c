/* How many images share a product, and how many rows an image takes in it. A BLAS may sum a row differently at
 * another place of a call: with kernels that take 12 rows at a time, the 226 rows of an image fall differently into
 * them as a second one. So rows are added until all places agree, seen on this machine's BLAS at the tower's shapes;
 * where no number does, images go alone. Strassen's scheme wants an even number. */
#include "clip/clip_internal.h"

#include <stdlib.h>

enum { LEAST_COLUMNS = 192 };

/* A product's columns go through blocks of 64 at most, and only the last is another one: what rows see is seen on
 * the first and the last. Where a product takes several threads, they share columns and rows out by the shape of the
 * whole. */
static int enough_columns(int N)
{
    return ops_threads() > 1 || N < 2 * LEAST_COLUMNS ? N : LEAST_COLUMNS + N % 64;
}

static bool all_agree(const clip_config_t *config, int rows, float *scratch)
{
    const int W = config->width, F = config->mlp;
    const int shape[][2] = {{W, W}, {3 * W, W}, {F * (config->swiglu ? 2 : 1), W}, {W, F}};
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
        if (!ops_same_places(rows, CLIP_BATCH, enough_columns(shape[i][0]), shape[i][1], scratch)) return false;
    return true;
}

status_t clip_vision_choose(int *images, int *rows, const clip_model_t *model)
{
    const clip_config_t *config = &model->config;
    const int R = clip_vision_count(config), W = config->width;
    const size_t K = (size_t)(config->mlp > W ? config->mlp : W);
    const size_t N = (size_t)(3 * W > 2 * config->mlp ? 3 * W : 2 * config->mlp);
    if (model->pairs) {
        *images = CLIP_BATCH, *rows = R + R % 2;
        return ST_OK;
    }
    float *scratch = base_alloc((CLIP_BATCH + 1) * (size_t)(R + CLIP_MORE_ROWS) * (K + N) + N * K, sizeof *scratch);
    if (scratch == NULL) return ST_ENOMEM;
    *images = 1, *rows = R;
    for (int padded = R; padded <= R + CLIP_MORE_ROWS; padded++) {
        if (padded != R && padded % 4 != 0) continue;
        if (!all_agree(config, padded, scratch)) continue;
        *images = CLIP_BATCH, *rows = padded;
        break;
    }
    free(scratch);
    return ST_OK;
}
