/* Who multiplies with the towers' weights: FGAD_BENCH_PRODUCTS in the environment, bf16 or strassen; else the BLAS. */
#ifndef FGAD_BENCH_PRODUCTS_H
#define FGAD_BENCH_PRODUCTS_H

#include "clip/clip.h"

#include <stdlib.h>
#include <string.h>

static inline clip_products_t bench_products(void)
{
    const char *name = getenv("FGAD_BENCH_PRODUCTS");
    if (name == NULL) return CLIP_PRODUCTS_BLAS;
    return strcmp(name, "bf16") == 0 ? CLIP_PRODUCTS_BF16 : CLIP_PRODUCTS_STRASSEN;
}

#endif
