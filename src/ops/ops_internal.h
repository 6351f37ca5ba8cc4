/* Inside ops: scalar functions written so that loops over them vectorise without libm, double sums in a fixed order of
 * lanes, and the plain references that tests hold the kernels against. */
#ifndef FGAD_OPS_INTERNAL_H
#define FGAD_OPS_INTERNAL_H

#include "ops/ops.h"

#include <string.h>

static inline uint32_t ops_bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float ops_float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Polynomials by their terms from the highest power on: FIRST(c) begins with one, NEXT(c) multiplies and adds.
 * (e^r - 1 - r) / r^2, |r| <= ln2/2 (Cephes); erf(z) / z of z^2, |z| <= 1 (minimax, 1.2e-9 relative); erfc(z) e^{z^2} / t of t = 1/(1 + 0.4 z),
 * z in [1, 9.5] (minimax, 2.4e-8 relative). */
#define OPS_EXP_TERMS(FIRST, NEXT)                                                                                     \
    FIRST(1.9875691500e-4f)                                                                                            \
    NEXT(1.3981999507e-3f) NEXT(8.3334519073e-3f) NEXT(4.1665795894e-2f) NEXT(1.6666665459e-1f) NEXT(5.0000001201e-1f)
#define OPS_ERF_TERMS(FIRST, NEXT)                                                                                     \
    FIRST(7.853861461626366e-05f)                                                                                      \
    NEXT(-8.010193705558777e-04f)                                                                                      \
    NEXT(5.188327748328447e-03f)                                                                                       \
    NEXT(-2.6853812858462334e-02f) NEXT(1.128358542919159e-01f) NEXT(-3.761262595653534e-01f) NEXT(1.1283791065216064f)
#define OPS_ERFC_TERMS(FIRST, NEXT)                                                                                    \
    FIRST(-1.1737075448036194e-01f)                                                                                    \
    NEXT(2.4663375318050385e-01f)                                                                                      \
    NEXT(4.916241858154535e-03f)                                                                                       \
    NEXT(2.1496416628360748e-01f)                                                                                      \
    NEXT(1.9818606972694397e-01f) NEXT(2.267884463071823e-01f) NEXT(2.256208062171936e-01f)
#define OPS_TERMS_FIRST(c) float p = (c);
#define OPS_TERMS_NEXT(c) p = p * at + (c);

/* e^x = 2^n e^r, |r| <= ln2/2. Adding 1.5 * 2^23 rounds x/ln2 to an integer in the low mantissa bits; ln2 is split so
 * that n times its head is exact. Below -87.3 the result is 0, above 88.3 it stays at e^88.3; NaN stays NaN. */
static inline float ops_exp_scalar(float x)
{
    float c = x > 88.3f ? 88.3f : x;
    c = c < -87.3f ? -87.3f : c;
    float shifted = c * 1.44269504088896341f + 12582912.0f;
    float n = shifted - 12582912.0f;
    float at = (c - n * 0.693359375f) - n * -2.12194440e-4f;
    OPS_EXP_TERMS(OPS_TERMS_FIRST, OPS_TERMS_NEXT)
    p = p * (at * at) + at + 1.0f;
    float power = ops_float_of((ops_bits_of(shifted) << 23) + 0x3f800000u);
    float y = p * power;
    return x < -87.3f ? 0.0f : y;
}

/* erf(z) / z for |z| <= 1, at = z^2. */
static inline float ops_erf_small(float at)
{
    OPS_ERF_TERMS(OPS_TERMS_FIRST, OPS_TERMS_NEXT)
    return p;
}

/* erfc(z) e^{z^2} for z >= 1. */
static inline float ops_erfc_scaled(float z)
{
    float at = 1.0f / (1.0f + 0.4f * z);
    OPS_ERFC_TERMS(OPS_TERMS_FIRST, OPS_TERMS_NEXT)
    return p * at;
}

/* Phi(x) = (1 + erf(x / sqrt 2)) / 2 and e = exp(-x^2 / 2). The negative tail is taken from erfc directly, so it is
 * accurate relative to itself and x Phi(x) does not lose its digits to 1 - 1. */
static inline float ops_phi_scalar(float x, float *e)
{
    float z = (x < 0 ? -x : x) * 0.70710678118654752f;
    float y = z * z;
    *e = ops_exp_scalar(-y);
    float half_small = 0.5f * (z * ops_erf_small(y));
    float half_tail = 0.5f * (*e * ops_erfc_scaled(z));
    float below = z < 1.0f ? 0.5f - half_small : half_tail;
    return x < 0 ? below : 1.0f - below;
}

/* Sums of `n` terms in double over 8 lanes that are added in a fixed order: `TERM` may use the index i. */
#define OPS_SUM(result, n, TERM)                                                                                       \
    do {                                                                                                               \
        double lanes_[8] = {0};                                                                                        \
        int blocks_ = (n) / 8 * 8;                                                                                     \
        for (int base_ = 0; base_ < blocks_; base_ += 8)                                                               \
            for (int lane_ = 0; lane_ < 8; lane_++) {                                                                  \
                const int i = base_ + lane_;                                                                           \
                lanes_[lane_] += (TERM);                                                                               \
            }                                                                                                          \
        for (int i = blocks_; i < (n); i++) lanes_[i - blocks_] += (TERM);                                             \
        (result) =                                                                                                     \
            ((lanes_[0] + lanes_[4]) + (lanes_[1] + lanes_[5])) + ((lanes_[2] + lanes_[6]) + (lanes_[3] + lanes_[7])); \
    } while (0)

/* Softmax of scale * x over n values, scale > 0. A NaN or +infinity among them makes all of y NaN; -infinity gives 0, and
 * NaN where there is nothing else. y may be x. */
void ops_softmax_row(float *y, const float *x, int n, float scale);

/* Values in [-1, 1) that need no generator state: a multiplicative hash of the index. */
void ops_fill(float *x, int n, uint32_t salt);

/* ---- Products with frozen weights (ops_frozen.c, and the two below under it) ---- */
/* y (M,N) = x w^T, y += x w^T, y (M,K) = x w. */
typedef enum { OPS_FROZEN_SET, OPS_FROZEN_ADD, OPS_FROZEN_BACK } ops_frozen_product_t;

/* In bfloat16 (ops_bf16.c): as their namesakes of ops.h. */
typedef struct ops_bf16 ops_bf16_t;
status_t ops_bf16_open(ops_bf16_t **out, int threads);
status_t ops_bf16_add(ops_bf16_t *set, const float *w, int N, int K, bool backward);
status_t ops_bf16_ready(ops_bf16_t *set);
void ops_bf16_close(ops_bf16_t *set);
void ops_bf16_multiply(float *y, const float *x, const float *w, int M, int N, int K, ops_frozen_product_t what,
                       const ops_bf16_t *set);
/* The nearest bfloat16, ties to even; x is finite. */
float ops_bf16_round(float x);

/* In float32 by Strassen's scheme (ops_strassen.c). lanes: vectors of 8 floats alone, or of 16 where the processor has
 * them, for tests; no bit hangs on it. bias (N) or NULL, of products that are not back. Matrices need not be added: those that
 * are find room among the packed ones, where there is a room. */
typedef struct ops_strassen ops_strassen_t;
status_t ops_strassen_open(ops_strassen_t **out, int threads, int lanes);
status_t ops_strassen_add(ops_strassen_t *set, const float *w, int N, int K, bool back);
size_t ops_strassen_room(const ops_strassen_t *set, uint64_t *layout);
void ops_strassen_lend(ops_strassen_t *set, void *room);
void ops_strassen_close(ops_strassen_t *set);
void ops_strassen_multiply(float *y, const float *x, const float *w, const float *bias, int M, int N, int K,
                           ops_frozen_product_t what, const ops_strassen_t *set);

/* ---- Right factors of Strassen's scheme, packed once (ops_packs.c) ---- */
typedef struct ops_pack ops_pack_t;
typedef struct {
    ops_pack_t *pack; /* sorted from ops_packs_lend on */
    int count, most;
    size_t bytes;
    char *memory; /* lent; NULL: nothing is packed */
} ops_packs_t;
status_t ops_packs_add(ops_packs_t *packs, const float *w, int N, int K, bool back, size_t floats);
size_t ops_packs_bytes(const ops_packs_t *packs); /* of memory for all that was added: zeros at first */
void ops_packs_lend(ops_packs_t *packs, void *memory);
void ops_packs_free(ops_packs_t *packs);
/* Of a matrix; NULL: there is none. */
const ops_pack_t *ops_packs_find(const ops_packs_t *packs, const float *w, int N, int K, bool back);
/* Its floats; NULL: not made. */
const float *ops_packs_read(const ops_packs_t *packs, const ops_pack_t *pack);
/* Where the caller is to make it, who then calls ops_packs_end; NULL: somebody else did or does. */
float *ops_packs_begin(const ops_packs_t *packs, const ops_pack_t *pack);
void ops_packs_end(const ops_packs_t *packs, const ops_pack_t *pack);

/* ---- The inner loops of Strassen's scheme (ops_tile.c) ---- */
/* Two arrays that lie alike: first + second, first - second where `minus`, first alone where second is NULL. */
typedef struct {
    const float *first, *second;
    bool minus;
} ops_operand_t;
/* One or two tiles that get a product: it is set there, added or subtracted. */
typedef enum { OPS_TILE_SET, OPS_TILE_ADD, OPS_TILE_SUBTRACT } ops_target_t;
typedef struct {
    float *first, *second; /* second NULL: one alone */
    ops_target_t first_gets, second_gets;
} ops_targets_t;
/* A tile is (rows, 2 lanes), a panel (depth, 2 lanes).
 * multiply: tiles = or +- left (rows, depth) panel; `ahead`: `depth` lines of the cache from here on are wanted next.
 * multiply_alone: out (rows, columns) = left (rows, depth) panel, row by row times factor (rows); columns may be fewer than a
 * panel has. exponentials: x (rows, columns) = e^(x - the largest of a row), inverse (rows) of their sums; 16 floats right of
 * every row are written, too. A NaN or +infinity in a row makes all of it NaN, or its inverse.
 * copy: out (rows, columns) = x. copy_turned: panel's first `columns` = x (columns, depth), turned.
 * gelu: y (n) = x + bias through GELU, slope (n) its derivative, or NULL; y may be x.
 * put: y (columns) = or += a row of tiles that lie one after another, and bias (columns) or NULL; y + next is wanted soon. */
typedef struct {
    int lanes, rows;
    void (*multiply)(const ops_targets_t *to, const float *left, size_t ld, const float *panel, int depth, int rows,
                     const float *ahead);
    void (*multiply_alone)(float *out, size_t ldo, const float *left, size_t ld, const float *panel, int depth,
                           int rows, int columns, const float *factor);
    void (*exponentials)(float *x, size_t ld, float *inverse, int rows, int columns);
    void (*gelu)(float *y, float *slope, const float *x, const float *bias, int n);
    void (*copy)(float *out, size_t ldo, const ops_operand_t *x, size_t ld, int rows, int columns);
    void (*copy_turned)(float *panel, const ops_operand_t *x, size_t ld, int depth, int columns);
    void (*put)(float *y, const float *sum, const float *bias, bool add, int columns, size_t next);
} ops_tile_t;
extern const ops_tile_t ops_tile_avx2, ops_tile_avx512;

/* What products compute with (ops_strassen_set.c): inner loops, packed weights, and of each thread at a time memory for left
 * factors, right ones and results, `floats` of each; the left part is enough to give it back. */
typedef struct {
    float *left, *right, *sum;
} ops_strassen_slot_t;
status_t ops_strassen_open_set(ops_strassen_t **out, int threads, int lanes, const size_t floats[3]);
status_t ops_strassen_add_pack(ops_strassen_t *set, const float *w, int N, int K, bool back, size_t floats);
const ops_strassen_slot_t *ops_strassen_take_slot(const ops_strassen_t *set);
float *ops_strassen_take(const ops_strassen_t *set, size_t floats); /* the left part; NULL: it is smaller */
void ops_strassen_give(const ops_strassen_t *set, const float *left);
const ops_tile_t *ops_strassen_tile(const ops_strassen_t *set);
const ops_packs_t *ops_strassen_packs(const ops_strassen_t *set);

/* Attention by the same loops (ops_attention_tile.c): false, and nothing done, where it is causal, or has more keys than such
 * scratch holds. */
bool ops_strassen_attention(float *out, const float *q, const float *k, const float *v, const ops_attention_t *how,
                            const ops_strassen_t *set);
void ops_attention_check(const ops_attention_t *how); /* REQUIRE of its sides */

/* ---- Plain references (ops_ref.c): all in double, so that central differences of them are
 * sharp. */
void ops_ref_gemm(double *c, const double *a, const double *b, int M, int N, int K, const ops_gemm_t *how);
void ops_ref_linear(double *y, const double *x, const double *w, const double *b, int M, int N, int K);
void ops_ref_layernorm(double *y, const double *x, const double *gain, const double *bias, int M, int C);
void ops_ref_softmax(double *y, const double *x, int M, int N);
void ops_ref_activate(double *y, const double *x, const double *b, int M, int N, ops_activation_t kind);
void ops_ref_attention(double *out, const double *q, const double *k, const double *v, const ops_attention_t *how);

#endif
