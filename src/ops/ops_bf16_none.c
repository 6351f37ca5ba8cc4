/* A program that was built without oneDNN: what ops_bf16.c would do is refused. */
#include "ops/ops_internal.h"

#include <stdio.h>

#ifndef FGAD_DNNL
status_t ops_bf16_check(void)
{
    return fail(ST_EFORMAT, "precision is bf16, but this program was built without oneDNN 2 (hint: precision: f32, or "
                            "that library and a new build)");
}

void ops_bf16_backend(char *out, size_t size)
{
    snprintf(out, size, "no oneDNN");
}

status_t ops_bf16_open(ops_bf16_t **out, int threads)
{
    REQUIRE(threads > 0);
    *out = NULL;
    return ops_bf16_check();
}

void ops_bf16_close(ops_bf16_t *set)
{
    REQUIRE(set == NULL);
}

status_t ops_bf16_add(ops_bf16_t *set, const float *w, int N, int K, bool backward)
{
    (void)set, (void)w, (void)N, (void)K, (void)backward;
    return ops_bf16_check();
}

status_t ops_bf16_ready(ops_bf16_t *set)
{
    (void)set;
    return ops_bf16_check();
}

void ops_bf16_multiply(float *y, const float *x, const float *w, int M, int N, int K, ops_frozen_product_t what,
                       const ops_bf16_t *set)
{
    (void)y, (void)x, (void)w, (void)M, (void)N, (void)K, (void)what;
    REQUIRE(set == NULL); /* there is none to multiply with */
}
#endif
