#include "detect/detect.h"
#include "ops/ops.h"

#include <string.h>

/* Every product has this shape, the last ones filled up, so that a token's bits depend on its place in the image and on
 * the bank alone: BLAS may round a row differently when a call has another number of rows. */
#define QUERIES 128
#define BANK 256
#define LANES 16 /* maxima kept side by side, so that the search vectorises */

typedef struct {
    float *queries;  /* (QUERIES, W): the last tokens, filled up with zeros */
    float *bank;     /* (BANK, W): the last rows of the bank, filled up with the very last */
    float *products; /* (QUERIES, BANK) */
} scratch_t;

/* `rows` rows of source copied to (block, width); the rest repeats the last row, or is zero. */
static void fill_block(float *block_rows, const float *source, int rows, int block, int width, bool repeat)
{
    memcpy(block_rows, source, (size_t)rows * width * sizeof *block_rows);
    for (int i = rows; i < block; i++) {
        float *row = block_rows + (size_t)i * width;
        if (repeat)
            memcpy(row, source + (size_t)(rows - 1) * width, (size_t)width * sizeof *row);
        else
            memset(row, 0, (size_t)width * sizeof *row);
    }
}

/* The largest of a row of products; NaN when all are, as for a token that is not finite. */
static float largest_of(const float row[BANK])
{
    float lane[LANES];
    memcpy(lane, row, sizeof lane);
    for (int n = LANES; n < BANK; n += LANES)
        for (int k = 0; k < LANES; k++) lane[k] = row[n + k] > lane[k] ? row[n + k] : lane[k];
    float largest = lane[0];
    for (int k = 1; k < LANES; k++) largest = lane[k] > largest ? lane[k] : largest;
    return largest;
}

/* best (T): the largest <r_i, m> over the bank m (N, W). */
static void nearest(float *best, const float *r, const float *m, int T, int N, int W, const scratch_t *scratch)
{
    const ops_gemm_t how = {.transpose_b = true, .lda = W, .ldb = W, .ldc = BANK, .alpha = 1};
    for (int first = 0; first < N; first += BANK) {
        const float *bank = m + (size_t)first * W;
        if (N - first < BANK) {
            fill_block(scratch->bank, bank, N - first, BANK, W, true);
            bank = scratch->bank;
        }
        for (int token = 0; token < T; token += QUERIES) {
            const float *queries = r + (size_t)token * W;
            int count = T - token < QUERIES ? T - token : QUERIES;
            if (count < QUERIES) {
                fill_block(scratch->queries, queries, count, QUERIES, W, false);
                queries = scratch->queries;
            }
            ops_gemm(scratch->products, queries, bank, QUERIES, BANK, W, &how);
            for (int i = 0; i < count; i++) {
                const float *row = scratch->products + (size_t)i * BANK;
                float largest = largest_of(row);
                best[token + i] = first > 0 && best[token + i] > largest ? best[token + i] : largest;
            }
        }
    }
}

status_t detect_vad(float *scores, const detect_memory_t *memory, const float *r1, const float *r2, int T,
                    arena_t *arena)
{
    REQUIRE(scores != NULL && memory != NULL && r1 != NULL && r2 != NULL && T > 0);
    REQUIRE(memory->memory1 != NULL && memory->memory2 != NULL && memory->rows > 0 && memory->width > 0);
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    size_t W = (size_t)memory->width;
    scratch_t scratch = {.queries = arena_take(arena, QUERIES * W, sizeof(float)),
                         .bank = arena_take(arena, BANK * W, sizeof(float)),
                         .products = arena_take(arena, (size_t)QUERIES * BANK, sizeof(float))};
    float *best = arena_take(arena, 2 * (size_t)T, sizeof *best);
    if (scratch.queries == NULL || scratch.bank == NULL || scratch.products == NULL || best == NULL) goto done;
    nearest(best, r1, memory->memory1, T, memory->rows, memory->width, &scratch);
    nearest(best + T, r2, memory->memory2, T, memory->rows, memory->width, &scratch);
    for (int i = 0; i < T; i++) {
        double distance = ((1 - (double)best[i]) / 2 + (1 - (double)best[T + i]) / 2) / 2;
        /* Rounding may carry a cosine past 1. */
        scores[i] = distance < 0 ? 0 : (float)distance;
    }
    status = ST_OK;
done:
    arena_reset(arena, mark);
    return status;
}
