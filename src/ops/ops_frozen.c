/* Linear layers whose weights never change: in float32 as any other, or in bfloat16 by ops_bf16.c; and what such
 * products are held to before they are used. */
#include "ops/ops_internal.h"

#include <math.h>

void ops_frozen_linear(float *y, const float *x, const float *w, const float *b, int M, int N, int K,
                       const ops_frozen_t *set)
{
    if (set == NULL) {
        ops_linear(y, x, w, b, M, N, K);
        return;
    }
    for (int m = 0; m < M && b != NULL; m++) memcpy(y + (size_t)m * (size_t)N, b, (size_t)N * sizeof *y);
    ops_frozen_multiply(y, x, w, M, N, K, b != NULL ? OPS_FROZEN_ADD : OPS_FROZEN_SET, set);
}

void ops_frozen_linear_add(float *y, const float *x, const float *w, const float *b, int M, int N, int K,
                           const ops_frozen_t *set)
{
    if (set == NULL) {
        ops_linear_add(y, x, w, b, M, N, K);
        return;
    }
    if (b != NULL) ops_add_bias(y, b, M, N);
    ops_frozen_multiply(y, x, w, M, N, K, OPS_FROZEN_ADD, set);
}

void ops_frozen_backward_set(float *dx, const float *dy, const float *w, int M, int N, int K, const ops_frozen_t *set)
{
    if (set == NULL)
        ops_linear_backward_set(dx, dy, w, M, N, K);
    else
        ops_frozen_multiply(dx, dy, w, M, N, K, OPS_FROZEN_BACK, set);
}

float ops_bf16_round(float x)
{
    const uint32_t bits = ops_bits_of(x);
    return ops_float_of((bits + 0x7fffu + (bits >> 16 & 1)) & 0xffff0000u);
}

enum { CHECK_ROWS = 64, CHECK_SAMPLES = 128 };

static status_t fail_frozen(const char *what, int N, int K)
{
    char backend[128];
    ops_bf16_backend(backend, sizeof backend);
    return fail(ST_EIO, "%s: a product with weights (%d,%d) %s (hint: precision: f32)", backend, N, K, what);
}

/* Elements of y against sums in double of rounded factors: K of them, added in float32. */
static bool right(const float *y, const float *x, const float *w, int N, int K, bool back)
{
    const int columns = back ? K : N, depth = back ? N : K;
    for (uint32_t s = 0; s < CHECK_SAMPLES; s++) {
        const int m = s % 4 == 0 ? CHECK_ROWS - 1 : (int)(s * 2654435761u >> 8) % CHECK_ROWS;
        const int n = s % 4 == 1 ? columns - 1 : (int)(s * 2246822519u >> 8) % columns;
        double want = 0, size = 0;
        for (int k = 0; k < depth; k++) {
            const float weight = back ? w[(size_t)k * (size_t)K + (size_t)n] : w[(size_t)n * (size_t)K + (size_t)k];
            const double term =
                (double)ops_bf16_round(x[(size_t)m * (size_t)depth + (size_t)k]) * (double)ops_bf16_round(weight);
            want += term, size += fabs(term);
        }
        const double got = (double)y[(size_t)m * (size_t)columns + (size_t)n];
        if (!(fabs(got - want) <= (depth + 4) * 0x1p-23 * size + 1e-30)) return false;
    }
    return true;
}

status_t ops_frozen_check(const ops_frozen_t *set, const float *w, int N, int K, bool back, float *scratch)
{
    const ops_frozen_product_t what = back ? OPS_FROZEN_BACK : OPS_FROZEN_SET;
    const int columns = back ? K : N, depth = back ? N : K;
    float *x = scratch, *y = x + CHECK_ROWS * (size_t)depth, *moved = y + CHECK_ROWS * (size_t)columns;
    ops_fill(x, CHECK_ROWS * depth, 1);
    ops_frozen_multiply(y, x, w, CHECK_ROWS, N, K, what, set);
    if (!right(y, x, w, N, K, back)) return fail_frozen("is wrong", N, K);
    /* One row less, each at another place: other kernels, and rows that fill none. */
    ops_frozen_multiply(moved, x + depth, w, CHECK_ROWS - 1, N, K, what, set);
    if (memcmp(moved, y + columns, (size_t)(CHECK_ROWS - 1) * (size_t)columns * sizeof *y) != 0)
        return fail_frozen("gives a row other bits at another place", N, K);
    return ST_OK;
}
