/* Linear layers whose weights never change: by the BLAS as any other, by Strassen's scheme (ops_strassen.c), or in bfloat16
 * (ops_bf16.c); and what such products are held to before they are used. */
#include "ops/ops_internal.h"

#include <math.h>
#include <stdlib.h>

/* One of the two. */
struct ops_frozen {
    ops_bf16_t *bf16;
    ops_strassen_t *strassen;
};

status_t ops_frozen_open(ops_frozen_t **out, ops_frozen_kind_t kind, int threads)
{
    REQUIRE(threads > 0);
    *out = NULL;
    ops_frozen_t *set = calloc(1, sizeof *set);
    if (set == NULL) return fail(ST_ENOMEM, "out of memory for products");
    const status_t status =
        kind == OPS_FROZEN_BF16 ? ops_bf16_open(&set->bf16, threads) : ops_strassen_open(&set->strassen, threads, 16);
    if (status == ST_OK)
        *out = set;
    else
        free(set);
    return status;
}

status_t ops_frozen_add(ops_frozen_t *set, const float *w, int N, int K, bool backward)
{
    if (set->bf16 != NULL) return ops_bf16_add(set->bf16, w, N, K, backward);
    TRY(ops_strassen_add(set->strassen, w, N, K, false));
    return backward ? ops_strassen_add(set->strassen, w, N, K, true) : ST_OK;
}

size_t ops_frozen_room(const ops_frozen_t *set, uint64_t *layout)
{
    *layout = 0;
    return set->strassen != NULL ? ops_strassen_room(set->strassen, layout) : 0;
}

void ops_frozen_lend(ops_frozen_t *set, void *room)
{
    ops_strassen_lend(set->strassen, room);
}

status_t ops_frozen_ready(ops_frozen_t *set)
{
    return set->bf16 != NULL ? ops_bf16_ready(set->bf16) : ST_OK;
}

void ops_frozen_close(ops_frozen_t *set)
{
    if (set == NULL) return;
    ops_bf16_close(set->bf16);
    ops_strassen_close(set->strassen);
    free(set);
}

void ops_frozen_linear(float *y, const float *x, const float *w, const float *b, int M, int N, int K,
                       const ops_frozen_t *set)
{
    if (set == NULL) {
        ops_linear(y, x, w, b, M, N, K);
        return;
    }
    if (set->strassen != NULL) {
        ops_strassen_multiply(y, x, w, b, M, N, K, OPS_FROZEN_SET, set->strassen);
        return;
    }
    for (int m = 0; m < M && b != NULL; m++) memcpy(y + (size_t)m * (size_t)N, b, (size_t)N * sizeof *y);
    ops_bf16_multiply(y, x, w, M, N, K, b != NULL ? OPS_FROZEN_ADD : OPS_FROZEN_SET, set->bf16);
}

void ops_frozen_linear_add(float *y, const float *x, const float *w, const float *b, int M, int N, int K,
                           const ops_frozen_t *set)
{
    if (set == NULL) {
        ops_linear_add(y, x, w, b, M, N, K);
        return;
    }
    if (set->strassen != NULL) {
        ops_strassen_multiply(y, x, w, b, M, N, K, OPS_FROZEN_ADD, set->strassen);
        return;
    }
    if (b != NULL) ops_add_bias(y, b, M, N);
    ops_bf16_multiply(y, x, w, M, N, K, OPS_FROZEN_ADD, set->bf16);
}

void ops_frozen_backward_set(float *dx, const float *dy, const float *w, int M, int N, int K, const ops_frozen_t *set)
{
    if (set == NULL)
        ops_linear_backward_set(dx, dy, w, M, N, K);
    else if (set->strassen != NULL)
        ops_strassen_multiply(dx, dy, w, NULL, M, N, K, OPS_FROZEN_BACK, set->strassen);
    else
        ops_bf16_multiply(dx, dy, w, M, N, K, OPS_FROZEN_BACK, set->bf16);
}

void ops_frozen_attention(float *out, float *probs, const float *q, const float *k, const float *v,
                          const ops_attention_t *how, const ops_frozen_t *set)
{
    if (set == NULL || set->strassen == NULL || !ops_strassen_attention(out, q, k, v, how, set->strassen))
        ops_attention(out, probs, q, k, v, how, false);
}

void ops_frozen_activate(float *y, float *slope, const float *x, const float *b, int M, int N, ops_activation_t kind,
                         const ops_frozen_t *set)
{
    if (set == NULL || set->strassen == NULL || kind != OPS_GELU || b == NULL) {
        ops_activate(y, slope, x, b, M, N, kind);
        return;
    }
    const ops_tile_t *tile = ops_strassen_tile(set->strassen);
    for (size_t m = 0; m < (size_t)M; m++) {
        const size_t row = m * (size_t)N;
        tile->gelu(y + row, slope != NULL ? slope + row : NULL, x + row, b, N);
    }
}

float ops_bf16_round(float x)
{
    const uint32_t bits = ops_bits_of(x);
    return ops_float_of((bits + 0x7fffu + (bits >> 16 & 1)) & 0xffff0000u);
}

enum { CHECK_ROWS = 64, CHECK_SAMPLES = 128 };

static status_t fail_frozen(const ops_frozen_t *set, const char *what, int N, int K)
{
    char backend[128] = "Strassen's scheme";
    if (set->bf16 != NULL) ops_bf16_backend(backend, sizeof backend);
    return fail(ST_EIO, "%s: a product with weights (%d,%d) %s (hint: precision: f32)", backend, N, K, what);
}

static float largest(const float *x, size_t count)
{
    float most = 0;
    for (size_t i = 0; i < count; i++) most = fmaxf(most, fabsf(x[i]));
    return most;
}

/* Elements of y against sums in double: of rounded factors, each term's error added to the others'; or of factors as they
 * are, whose errors in Strassen's scheme are those of other terms as well, and are of either sign. */
static bool right(const ops_frozen_t *set, const float *y, const float *x, const float *w, int N, int K, bool back)
{
    const int columns = back ? K : N, depth = back ? N : K;
    const bool bf16 = set->bf16 != NULL;
    const double mixed = bf16 ? 0 : 64 * sqrt(depth) * (double)largest(w, (size_t)N * (size_t)K);
    for (uint32_t s = 0; s < CHECK_SAMPLES; s++) {
        const int m = s % 4 == 0 ? CHECK_ROWS - 1 : (int)(s * 2654435761u >> 8) % CHECK_ROWS;
        const int n = s % 4 == 1 ? columns - 1 : (int)(s * 2246822519u >> 8) % columns;
        double want = 0, size = 0;
        for (int k = 0; k < depth; k++) {
            const float weight = back ? w[(size_t)k * (size_t)K + (size_t)n] : w[(size_t)n * (size_t)K + (size_t)k];
            const float value = x[(size_t)m * (size_t)depth + (size_t)k];
            const double term =
                bf16 ? (double)ops_bf16_round(value) * (double)ops_bf16_round(weight) : (double)value * (double)weight;
            want += term, size += fabs(term);
        }
        const double got = (double)y[(size_t)m * (size_t)columns + (size_t)n];
        const double allowed = bf16 ? (depth + 4) * 0x1p-23 * size : 0x1p-24 * mixed;
        if (!(fabs(got - want) <= allowed + 1e-30)) return false;
    }
    return true;
}

static void multiply(float *y, const float *x, const float *w, int M, int N, int K, bool back, const ops_frozen_t *set)
{
    if (back)
        ops_frozen_backward_set(y, x, w, M, N, K, set);
    else
        ops_frozen_linear(y, x, w, NULL, M, N, K, set);
}

status_t ops_frozen_check(const ops_frozen_t *set, const float *w, int N, int K, bool back, float *scratch)
{
    const int columns = back ? K : N, depth = back ? N : K, less = set->strassen != NULL ? 2 : 1;
    float *x = scratch, *y = x + CHECK_ROWS * (size_t)depth, *moved = y + CHECK_ROWS * (size_t)columns;
    ops_fill(x, CHECK_ROWS * depth, 1);
    multiply(y, x, w, CHECK_ROWS, N, K, back, set);
    if (!right(set, y, x, w, N, K, back)) return fail_frozen(set, "is wrong", N, K);
    /* Rows less, each at another place: other kernels, and rows that fill none. */
    multiply(moved, x + less * depth, w, CHECK_ROWS - less, N, K, back, set);
    if (memcmp(moved, y + less * columns, (size_t)(CHECK_ROWS - less) * (size_t)columns * sizeof *y) != 0)
        return fail_frozen(set, "gives a row other bits at another place", N, K);
    return ST_OK;
}
