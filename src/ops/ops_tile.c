/* The inner loops of products by Strassen's scheme, compiled once for AVX2 and once for AVX-512 (src/CMakeLists.txt): both
 * give every number the same bits. Sums fill the registers but for two vectors of columns and the number that is spread. */
#include "ops/ops_internal.h"

#ifdef FGAD_TILE
#include <immintrin.h>

#if defined __AVX512F__
typedef __m512 vector_t;
enum { LANES = 16, ROWS = 12 };
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define SPREAD _mm512_set1_ps
#define MULTIPLY_ADD _mm512_fmadd_ps
#else
typedef __m256 vector_t;
enum { LANES = 8, ROWS = 6 };
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define SPREAD _mm256_set1_ps
#define MULTIPLY_ADD _mm256_fmadd_ps
#endif
enum { ACROSS = 2 * LANES, LINE = 16 };

/* ---- A tile of a product ----------------------------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) void add_tile(float *c, bool minus, vector_t sum[ROWS][2], const int rows)
{
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int v = 0; v < 2; v++) {
            float *at = c + i * ACROSS + v * LANES;
            const vector_t there = LOAD(at);
            STORE(at, minus ? there - sum[i][v] : there + sum[i][v]);
        }
}

/* rows is known when this is compiled: all loops over it are unrolled, and sums stay in registers. */
static inline __attribute__((always_inline)) void tile(const ops_targets_t *to, const float *left, size_t ld,
                                                       const float *panel, int depth, const float *ahead,
                                                       const int rows)
{
    vector_t sum[ROWS][2];
    const float *a0 = left, *a4 = a0 + 4 * ld, *a8 = a0 + 8 * ld;
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = SPREAD(0);
    for (int k = 0; k < depth; k++, panel += ACROSS) {
        const vector_t b0 = LOAD(panel), b1 = LOAD(panel + LANES);
        __builtin_prefetch(ahead + k * LINE, 0, 2);
#pragma GCC unroll 12
        for (int i = 0; i < rows; i++) {
            const float *from = i < 4 ? a0 : i < 8 ? a4 : a8;
            const vector_t x = SPREAD(from[(size_t)(i % 4) * ld + (size_t)k]);
            sum[i][0] = MULTIPLY_ADD(x, b0, sum[i][0]);
            sum[i][1] = MULTIPLY_ADD(x, b1, sum[i][1]);
        }
    }
    add_tile(to->first, to->first_minus, sum, rows);
    if (to->second != NULL) add_tile(to->second, to->second_minus, sum, rows);
}

#define CASE(n)                                                                                                        \
    case n:                                                                                                            \
        tile(to, left, ld, panel, depth, ahead, n);                                                                    \
        break;

static void multiply(const ops_targets_t *to, const float *left, size_t ld, const float *panel, int depth, int rows,
                     const float *ahead)
{
    switch (rows) {
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
        CASE(5)
        CASE(6)
#if defined __AVX512F__
        CASE(7)
        CASE(8)
        CASE(9)
        CASE(10)
        CASE(11)
        CASE(12)
#endif
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

const ops_tile_t FGAD_TILE = {
    .lanes = LANES, .rows = ROWS, .multiply = multiply, .copy = copy, .copy_turned = copy_turned, .put = put};
#endif
