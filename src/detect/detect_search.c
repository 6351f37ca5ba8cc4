/* Nearest rows of a bank, the search under every memory method. */
#include "detect/detect_internal.h"
#include "ops/ops.h"

#include <math.h>
#include <string.h>

#define LANES 16 /* maxima kept side by side, so that the search vectorises */

status_t detect_blocks_take(detect_blocks_t *out, int width, arena_t *arena)
{
    *out = (detect_blocks_t){
        .queries = arena_take(arena, (size_t)DETECT_QUERIES * (size_t)width, sizeof(float)),
        .bank = arena_take(arena, (size_t)DETECT_BANK * (size_t)width, sizeof(float)),
        .products = arena_take(arena, (size_t)DETECT_QUERIES * DETECT_BANK, sizeof(float)),
    };
    return out->queries != NULL && out->bank != NULL && out->products != NULL ? ST_OK : ST_ENOMEM;
}

/* `rows` rows of source, in place when they fill the block, else copied to (block, width) with the rest zero or the
 * last row again. */
static const float *fill_block(float *copy, const float *source, int rows, int block, int width, bool repeat)
{
    if (rows >= block) return source;
    memcpy(copy, source, (size_t)rows * (size_t)width * sizeof *copy);
    for (int i = rows; i < block; i++) {
        float *row = copy + (size_t)i * (size_t)width;
        if (repeat)
            memcpy(row, source + (size_t)(rows - 1) * (size_t)width, (size_t)width * sizeof *row);
        else
            memset(row, 0, (size_t)width * sizeof *row);
    }
    return copy;
}

const float *detect_blocks_bank(const detect_blocks_t *blocks, const float *bank, int rows, int width)
{
    return fill_block(blocks->bank, bank, rows, DETECT_BANK, width, true);
}

void detect_blocks_multiply(const detect_blocks_t *blocks, const float *queries, int rows, const float *bank, int width)
{
    queries = fill_block(blocks->queries, queries, rows, DETECT_QUERIES, width, false);
    ops_gemm(blocks->products, queries, bank, DETECT_QUERIES, DETECT_BANK, width,
             &(ops_gemm_t){.transpose_b = true, .lda = width, .ldb = width, .ldc = DETECT_BANK, .alpha = 1});
}

/* The largest of a row of products; NaN when all are, as for a token that is not finite. */
static float largest_of(const float row[DETECT_BANK])
{
    float lane[LANES];
    memcpy(lane, row, sizeof lane);
    for (int n = LANES; n < DETECT_BANK; n += LANES)
        for (int k = 0; k < LANES; k++) lane[k] = row[n + k] > lane[k] ? row[n + k] : lane[k];
    float largest = lane[0];
    for (int k = 1; k < LANES; k++) largest = lane[k] > largest ? lane[k] : largest;
    return largest;
}

status_t detect_similar(float *best, const float *f, int T, const float *bank, int N, int width, arena_t *arena)
{
    REQUIRE(best != NULL && f != NULL && bank != NULL && T > 0 && N > 0 && width > 0);
    arena_mark_t mark = arena_mark(arena);
    status_t status;
    detect_blocks_t blocks;
    TRY_DONE(detect_blocks_take(&blocks, width, arena));
    for (int first = 0; first < N; first += DETECT_BANK) {
        const float *rows = detect_blocks_bank(&blocks, bank + (size_t)first * (size_t)width, N - first, width);
        for (int token = 0; token < T; token += DETECT_QUERIES) {
            detect_blocks_multiply(&blocks, f + (size_t)token * (size_t)width, T - token, rows, width);
            for (int i = 0; i < DETECT_QUERIES && token + i < T; i++) {
                float largest = largest_of(blocks.products + (size_t)i * DETECT_BANK);
                best[token + i] = first > 0 && best[token + i] > largest ? best[token + i] : largest;
            }
        }
    }
done:
    arena_reset(arena, mark);
    return status;
}

double detect_squared(const float *a, const float *b, int width)
{
    double sum[LANES] = {0};
    int i = 0;
    for (; i + LANES <= width; i += LANES)
        for (int k = 0; k < LANES; k++) {
            double d = (double)a[i + k] - (double)b[i + k];
            sum[k] += d * d;
        }
    for (int k = 0; i < width; i++, k++) {
        double d = (double)a[i] - (double)b[i];
        sum[k] += d * d;
    }
    double total = 0;
    for (int k = 0; k < LANES; k++) total += sum[k];
    return total;
}

/* half (DETECT_BANK): half the squared norms of the block's rows. */
static void half_norms(float half[DETECT_BANK], const float *rows, int width)
{
    for (int n = 0; n < DETECT_BANK; n++) {
        const float *row = rows + (size_t)n * (size_t)width;
        double square = 0;
        for (int i = 0; i < width; i++) square += (double)row[i] * (double)row[i];
        half[n] = (float)(square / 2);
    }
}

/* Nearest of one block: the row with the smallest half - product, the first of equals; a NaN is never smaller. */
static int nearest_of(float *least, const float row[DETECT_BANK], const float half[DETECT_BANK])
{
    int best = 0;
    *least = half[0] - row[0];
    for (int n = 1; n < DETECT_BANK; n++) {
        float value = half[n] - row[n];
        if (value < *least) *least = value, best = n;
    }
    return best;
}

status_t detect_nearest(float *squared, int *index, const float *f, int T, const float *bank, int N, int width,
                        arena_t *arena)
{
    REQUIRE(squared != NULL && f != NULL && bank != NULL && T > 0 && N > 0 && width > 0);
    arena_mark_t mark = arena_mark(arena);
    status_t status;
    detect_blocks_t blocks;
    TRY_DONE(detect_blocks_take(&blocks, width, arena));
    int *nearest = arena_take(arena, (size_t)T, sizeof *nearest);
    float *least = arena_take(arena, (size_t)T, sizeof *least);
    float half[DETECT_BANK];
    status = ST_ENOMEM;
    if (nearest == NULL || least == NULL) goto done;
    for (int first = 0; first < N; first += DETECT_BANK) {
        const float *rows = detect_blocks_bank(&blocks, bank + (size_t)first * (size_t)width, N - first, width);
        half_norms(half, rows, width);
        for (int token = 0; token < T; token += DETECT_QUERIES) {
            detect_blocks_multiply(&blocks, f + (size_t)token * (size_t)width, T - token, rows, width);
            for (int i = 0; i < DETECT_QUERIES && token + i < T; i++) {
                float value;
                int n = first + nearest_of(&value, blocks.products + (size_t)i * DETECT_BANK, half);
                if (first > 0 && !(value < least[token + i])) continue;
                least[token + i] = value;
                nearest[token + i] = n < N ? n : N - 1;
            }
        }
    }
    /* A difference of large squares has lost its digits: the distance to the row that was found is computed again. */
    for (int i = 0; i < T; i++) {
        size_t row = (size_t)nearest[i] * (size_t)width;
        squared[i] = (float)detect_squared(f + (size_t)i * (size_t)width, bank + row, width);
        if (index != NULL) index[i] = nearest[i];
    }
    status = ST_OK;
done:
    arena_reset(arena, mark);
    return status;
}
