/* The inner loops of products by Strassen's scheme, and of attention beside them, compiled once for AVX2 and once for AVX-512
 * (src/CMakeLists.txt): both give every number the same bits. Sums fill the registers but for two vectors of columns and the
 * number that is spread. */
#include "ops/ops_internal.h"

#ifdef FGAD_TILE
#include <immintrin.h>
#include <math.h>

#if defined __AVX512F__
typedef __m512 vector_t;
typedef __m512d wide_t;
enum { LANES = 16, ROWS = 12 };
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define SPREAD _mm512_set1_ps
#define MULTIPLY_ADD _mm512_fmadd_ps
#define SUBTRACT_PRODUCT _mm512_fnmadd_ps
#define MAXIMUM _mm512_max_ps
#define WHERE_NOT_LESS(y, x, least) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, SPREAD(least), _CMP_NLT_UQ), y)
#define WHERE_LESS(x, most, y, other) _mm512_mask_mov_ps(other, _mm512_cmp_ps_mask(x, most, _CMP_LT_OQ), y)
#define LOW_HALF _mm512_castps512_ps256
#define HIGH_HALF(x) _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1))
#define WIDEN _mm512_cvtps_pd
#else
typedef __m256 vector_t;
typedef __m256d wide_t;
enum { LANES = 8, ROWS = 6 };
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define SPREAD _mm256_set1_ps
#define MULTIPLY_ADD _mm256_fmadd_ps
#define SUBTRACT_PRODUCT _mm256_fnmadd_ps
#define MAXIMUM _mm256_max_ps
#define WHERE_NOT_LESS(y, x, least) _mm256_and_ps(_mm256_cmp_ps(x, SPREAD(least), _CMP_NLT_UQ), y)
#define WHERE_LESS(x, most, y, other) _mm256_blendv_ps(other, y, _mm256_cmp_ps(x, most, _CMP_LT_OQ))
#define LOW_HALF _mm256_castps256_ps128
#define HIGH_HALF(x) _mm256_extractf128_ps(x, 1)
#define WIDEN _mm256_cvtps_pd
#endif
enum { ACROSS = 2 * LANES, LINE = 16 };
typedef uint32_t integers_t __attribute__((vector_size(sizeof(vector_t))));

/* ---- A tile of a product ----------------------------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) void give_as(float *c, const ops_target_t gets, vector_t sum[ROWS][2],
                                                          const int rows)
{
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int v = 0; v < 2; v++) {
            float *at = c + i * ACROSS + v * LANES;
            vector_t now = sum[i][v];
            if (gets == OPS_TILE_ADD) now = LOAD(at) + now;
            if (gets == OPS_TILE_SUBTRACT) now = LOAD(at) - now;
            STORE(at, now);
        }
}

static inline __attribute__((always_inline)) void give_tile(float *c, ops_target_t gets, vector_t sum[ROWS][2],
                                                            const int rows)
{
    if (gets == OPS_TILE_SET)
        give_as(c, OPS_TILE_SET, sum, rows);
    else if (gets == OPS_TILE_ADD)
        give_as(c, OPS_TILE_ADD, sum, rows);
    else
        give_as(c, OPS_TILE_SUBTRACT, sum, rows);
}

/* rows and vectors (of columns) are known when this is compiled: all loops over them are unrolled, and sums stay in
 * registers. */
static inline __attribute__((always_inline)) void sum_tile(vector_t sum[ROWS][2], const float *left, size_t ld,
                                                           const float *panel, int depth, const float *ahead,
                                                           const int rows, const int vectors, const bool fetch)
{
    const float *a0 = left, *a4 = a0 + 4 * ld, *a8 = a0 + 8 * ld;
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = SPREAD(0);
    for (int k = 0; k < depth; k++, panel += ACROSS) {
        const vector_t b0 = LOAD(panel), b1 = LOAD(panel + (vectors - 1) * LANES);
        if (fetch) __builtin_prefetch(ahead + k * LINE, 0, 2);
#pragma GCC unroll 12
        for (int i = 0; i < rows; i++) {
            const float *from = i < 4 ? a0 : i < 8 ? a4 : a8;
            const vector_t x = SPREAD(from[(size_t)(i % 4) * ld + (size_t)k]);
            sum[i][0] = MULTIPLY_ADD(x, b0, sum[i][0]);
            if (vectors == 2) sum[i][1] = MULTIPLY_ADD(x, b1, sum[i][1]);
        }
    }
}

static inline __attribute__((always_inline)) void tile(const ops_targets_t *to, const float *left, size_t ld,
                                                       const float *panel, int depth, const float *ahead,
                                                       const int rows)
{
    vector_t sum[ROWS][2];
    sum_tile(sum, left, ld, panel, depth, ahead, rows, 2, true);
    give_tile(to->first, to->first_gets, sum, rows);
    if (to->second != NULL) give_tile(to->second, to->second_gets, sum, rows);
}

/* Sums that no tile gets, but rows of `ldo` floats, times a factor each. */
static inline __attribute__((always_inline)) void tile_alone(float *out, size_t ldo, const float *left, size_t ld,
                                                             const float *panel, int depth, int columns,
                                                             const float *factor, const int rows, const int vectors)
{
    vector_t sum[ROWS][2];
    sum_tile(sum, left, ld, panel, depth, NULL, rows, vectors, false);
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++, out += ldo) {
        float row[ACROSS], *at = columns == vectors * LANES ? out : row;
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) STORE(at + v * LANES, sum[i][v] * SPREAD(factor[i]));
        if (at == row) memcpy(out, row, (size_t)columns * sizeof *out);
    }
}

#define CASE(n, DO)                                                                                                    \
    case n:                                                                                                            \
        DO(n);                                                                                                         \
        break;
#if defined __AVX512F__
#define MORE_CASES(DO) CASE(7, DO) CASE(8, DO) CASE(9, DO) CASE(10, DO) CASE(11, DO) CASE(12, DO)
#else
#define MORE_CASES(DO)
#endif
#define CASES(DO) CASE(1, DO) CASE(2, DO) CASE(3, DO) CASE(4, DO) CASE(5, DO) CASE(6, DO) MORE_CASES(DO)
#define TILE(n) tile(to, left, ld, panel, depth, ahead, n)
#define TILE_ALONE(n) tile_alone(out, ldo, left, ld, panel, depth, columns, factor, n, 2)
#define TILE_NARROW(n) tile_alone(out, ldo, left, ld, panel, depth, columns, factor, n, 1)

static void multiply(const ops_targets_t *to, const float *left, size_t ld, const float *panel, int depth, int rows,
                     const float *ahead)
{
    switch (rows) {
        CASES(TILE)
    }
}

static void multiply_alone(float *out, size_t ldo, const float *left, size_t ld, const float *panel, int depth,
                           int rows, int columns, const float *factor)
{
    if (columns > LANES) {
        switch (rows) {
            CASES(TILE_ALONE)
        }
        return;
    }
    switch (rows) {
        CASES(TILE_NARROW)
    }
}

/* ---- Operands ---------------------------------------------------------------------------------------------------------- */

/* What lies right of a short row is wanted next: another panel. */
static inline void fetch_next(const float *row, int columns)
{
    for (int j = 0; j < ACROSS && columns <= ACROSS; j += LINE) __builtin_prefetch(row + columns + j);
}

static void copy(float *out, size_t ldo, const ops_operand_t *x, size_t ld, int rows, int columns)
{
    const float *one = x->first, *two = x->second;
    for (int i = 0; i < rows; i++, out += ldo, one += ld) {
        int j = 0;
        fetch_next(one, columns);
        if (two != NULL) fetch_next(two, columns);
        if (two == NULL) {
            for (; j + LANES <= columns; j += LANES) STORE(out + j, LOAD(one + j));
            for (; j < columns; j++) out[j] = one[j];
            continue;
        }
        if (x->minus) {
            for (; j + LANES <= columns; j += LANES) STORE(out + j, LOAD(one + j) - LOAD(two + j));
            for (; j < columns; j++) out[j] = one[j] - two[j];
        } else {
            for (; j + LANES <= columns; j += LANES) STORE(out + j, LOAD(one + j) + LOAD(two + j));
            for (; j < columns; j++) out[j] = one[j] + two[j];
        }
        two += ld;
    }
}

enum { SIDE = 8 };

/* to (SIDE, SIDE) = row, turned. */
static inline void turn(float *to, const __m256 row[SIDE])
{
    __m256 pair[SIDE], four[SIDE];
#pragma GCC unroll 4
    for (int i = 0; i < SIDE; i += 2) {
        pair[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
        pair[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < SIDE; i += 4) {
        four[i] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0x44);
        four[i + 1] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0xee);
        four[i + 2] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0x44);
        four[i + 3] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0xee);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_ps(to + i * ACROSS, _mm256_permute2f128_ps(four[i], four[i + 4], 0x20));
        _mm256_storeu_ps(to + (i + 4) * ACROSS, _mm256_permute2f128_ps(four[i], four[i + 4], 0x31));
    }
}

static void copy_turned(float *panel, const ops_operand_t *x, size_t ld, int depth, int columns)
{
    const int deep = depth / SIDE * SIDE, wide = columns / SIDE * SIDE;
    for (int j = 0; j < wide; j += SIDE)
        for (int k = 0; k < deep; k += SIDE) {
            const size_t at = (size_t)j * ld + (size_t)k;
            __m256 row[SIDE];
            for (int i = SIDE; i < 2 * SIDE && k % LINE == 0; i++) { /* the rows below are wanted next */
                __builtin_prefetch(x->first + at + (size_t)i * ld);
                if (x->second != NULL) __builtin_prefetch(x->second + at + (size_t)i * ld);
            }
#pragma GCC unroll 8
            for (int i = 0; i < SIDE; i++) row[i] = _mm256_loadu_ps(x->first + at + (size_t)i * ld);
            if (x->second != NULL && x->minus) {
#pragma GCC unroll 8
                for (int i = 0; i < SIDE; i++) row[i] -= _mm256_loadu_ps(x->second + at + (size_t)i * ld);
            } else if (x->second != NULL) {
#pragma GCC unroll 8
                for (int i = 0; i < SIDE; i++) row[i] += _mm256_loadu_ps(x->second + at + (size_t)i * ld);
            }
            turn(panel + k * ACROSS + j, row);
        }
    for (int j = 0; j < columns; j++)
        for (int k = j < wide ? deep : 0; k < depth; k++) {
            const size_t at = (size_t)j * ld + (size_t)k;
            float value = x->first[at];
            if (x->second != NULL) value += x->minus ? -x->second[at] : x->second[at];
            panel[k * ACROSS + j] = value;
        }
}

/* ---- Results ----------------------------------------------------------------------------------------------------------- */

static void put(float *y, const float *sum, const float *bias, bool add, int columns, size_t next)
{
    for (int n = 0; n < columns; n += LINE) __builtin_prefetch(y + next + n, 1);
    for (int n = 0; n < columns; n += ACROSS, sum += ROWS * ACROSS) {
        const int across = columns - n < ACROSS ? columns - n : ACROSS;
        int j = 0;
        for (; j + LANES <= across; j += LANES) {
            vector_t value = LOAD(sum + j);
            if (bias != NULL) value += LOAD(bias + n + j);
            if (add) value += LOAD(y + n + j);
            STORE(y + n + j, value);
        }
        for (; j < across; j++) {
            const float value = bias != NULL ? sum[j] + bias[n + j] : sum[j];
            y[n + j] = add ? y[n + j] + value : value;
        }
    }
}

/* ---- Softmax and GELU ----------------------------------------------------------------------------------------------------------- */

#define FIRST(c) vector_t p = SPREAD(c);
#define NEXT(c) p = MULTIPLY_ADD(p, at, SPREAD(c));

/* e^x of x <= 0, or NaN: as ops_exp_scalar, whose products and sums are fused here. */
static inline vector_t exponential(vector_t x)
{
    const vector_t c = MAXIMUM(SPREAD(-87.3f), x);
    const vector_t shifted = MULTIPLY_ADD(c, SPREAD(1.44269504088896341f), SPREAD(12582912.0f));
    const vector_t n = shifted - SPREAD(12582912.0f);
    const vector_t at = SUBTRACT_PRODUCT(n, SPREAD(-2.12194440e-4f), SUBTRACT_PRODUCT(n, SPREAD(0.693359375f), c));
    OPS_EXP_TERMS(FIRST, NEXT)
    p = MULTIPLY_ADD(p, at * at, at) + SPREAD(1);
    const vector_t power = (vector_t)(((integers_t)shifted << 23) + 0x3f800000u);
    return WHERE_NOT_LESS(p * power, x, -87.3f);
}

static inline float largest_of(vector_t x)
{
#if defined __AVX512F__
    const __m256 eight = _mm256_max_ps(LOW_HALF(x), HIGH_HALF(x));
#else
    const __m256 eight = x;
#endif
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

/* Sixteen sums, of every sixteenth term each, added in one order. */
static inline double sum_of(const wide_t sum[2 * LINE / LANES])
{
#if defined __AVX512F__
    const __m512d eight = sum[0] + sum[1];
    const __m256d four = _mm512_castpd512_pd256(eight) + _mm512_extractf64x4_pd(eight, 1);
#else
    const __m256d four = (sum[0] + sum[2]) + (sum[1] + sum[3]);
#endif
    const __m128d two = _mm256_castpd256_pd128(four) + _mm256_extractf128_pd(four, 1);
    return two[0] + two[1];
}

static void exponentials(float *x, size_t ld, float *inverse, int rows, int columns)
{
    for (int i = 0; i < rows; i++) /* what is added to fill a line has e^x = 0 */
        for (int j = 0; j < LINE; j += LANES) STORE(x + (size_t)i * ld + columns + j, SPREAD(-INFINITY));
    for (int i = 0; i < rows; i++, x += ld) {
        vector_t most = LOAD(x);
        wide_t sum[2 * LINE / LANES] = {0};
        for (int j = LANES; j < columns; j += LANES) most = MAXIMUM(LOAD(x + j), most);
        const vector_t largest = SPREAD(largest_of(most));
        for (int j = 0; j < columns; j += LINE)
#pragma GCC unroll 2
            for (int v = 0; v < LINE / LANES; v++) {
                const vector_t y = exponential(LOAD(x + j + v * LANES) - largest);
                STORE(x + j + v * LANES, y);
                sum[2 * v] += WIDEN(LOW_HALF(y));
                sum[2 * v + 1] += WIDEN(HIGH_HALF(y));
            }
        inverse[i] = (float)(1 / sum_of(sum));
    }
}

static inline vector_t erf_small(vector_t at)
{
    OPS_ERF_TERMS(FIRST, NEXT)
    return p;
}

static inline vector_t erfc_scaled(vector_t at)
{
    OPS_ERFC_TERMS(FIRST, NEXT)
    return p * at;
}

/* As ops_phi_scalar and gelu_row (ops_activation.c), whose products and sums are fused here. */
static inline vector_t gelu_vector(vector_t u, vector_t *slope)
{
    const vector_t z = (vector_t)((integers_t)u & 0x7fffffffu) * SPREAD(0.70710678118654752f), zz = z * z;
    const vector_t e = exponential(-zz), t = SPREAD(1) / MULTIPLY_ADD(SPREAD(0.4f), z, SPREAD(1));
    const vector_t small = SPREAD(0.5f) - SPREAD(0.5f) * (z * erf_small(zz)),
                   tail = SPREAD(0.5f) * (e * erfc_scaled(t));
    const vector_t below = WHERE_LESS(z, SPREAD(1), small, tail);
    const vector_t phi = WHERE_LESS(u, SPREAD(0), below, SPREAD(1) - below);
    *slope = MULTIPLY_ADD(u, e * SPREAD(0.39894228040143268f), phi);
    return u * phi;
}

static void gelu(float *y, float *slope, const float *x, const float *bias, int n)
{
    vector_t along;
    int i = 0;
    for (; i + LANES <= n; i += LANES) {
        STORE(y + i, gelu_vector(LOAD(x + i) + LOAD(bias + i), &along));
        if (slope != NULL) STORE(slope + i, along);
    }
    if (i == n) return;
    const size_t rest = (size_t)(n - i) * sizeof *x;
    float own[LANES] = {0}, shift[LANES] = {0};
    memcpy(own, x + i, rest), memcpy(shift, bias + i, rest);
    STORE(own, gelu_vector(LOAD(own) + LOAD(shift), &along));
    STORE(shift, along);
    memcpy(y + i, own, rest);
    if (slope != NULL) memcpy(slope + i, shift, rest);
}

const ops_tile_t FGAD_TILE = {.lanes = LANES,
                              .rows = ROWS,
                              .multiply = multiply,
                              .multiply_alone = multiply_alone,
                              .exponentials = exponentials,
                              .gelu = gelu,
                              .copy = copy,
                              .copy_turned = copy_turned,
                              .put = put};
#endif
