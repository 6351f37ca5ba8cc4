/* Greedy k-centre choice of a memory bank's members, method/README.md 3. */
#include "detect/detect_internal.h"
#include "ops/ops.h"

#include <math.h>
#include <string.h>

#define DIMENSIONS 128 /* of the random projection */
#define STARTS 10      /* members' distances begin as the mean distance to so many */

/* out (N, DIMENSIONS) = rows times N(0,1)/sqrt(DIMENSIONS), in blocks of one shape. */
static status_t project(float *out, const float *rows, int N, int width, const rng_t *rng, arena_t *arena)
{
    float *matrix = arena_take(arena, (size_t)width * DIMENSIONS, sizeof *matrix);
    float *block = arena_take(arena, (size_t)DETECT_BANK * (size_t)width, sizeof *block);
    float *result = arena_take(arena, (size_t)DETECT_BANK * DIMENSIONS, sizeof *result);
    if (matrix == NULL || block == NULL || result == NULL) return ST_ENOMEM;
    rng_t stream = rng_split(rng, 0);
    const double scale = 1 / sqrt((double)DIMENSIONS);
    for (size_t i = 0; i < (size_t)width * DIMENSIONS; i++) matrix[i] = (float)(scale * rng_normal(&stream));
    const ops_gemm_t how = {.lda = width, .ldb = DIMENSIONS, .ldc = DIMENSIONS, .alpha = 1};
    for (int first = 0; first < N; first += DETECT_BANK) {
        const int count = N - first < DETECT_BANK ? N - first : DETECT_BANK;
        memcpy(block, rows + (size_t)first * (size_t)width, (size_t)count * (size_t)width * sizeof *block);
        ops_gemm(result, block, matrix, DETECT_BANK, DIMENSIONS, width, &how);
        memcpy(out + (size_t)first * DIMENSIONS, result, (size_t)count * DIMENSIONS * sizeof *out);
    }
    return ST_OK;
}

static double distance_between(const float *rows, int a, int b, int width)
{
    return sqrt(detect_squared(rows + (size_t)a * (size_t)width, rows + (size_t)b * (size_t)width, width));
}

status_t detect_coreset(int *chosen, int count, const float *rows, int N, int width, const rng_t *rng, arena_t *arena)
{
    REQUIRE(chosen != NULL && rows != NULL && count > 0 && count <= N && width > 0);
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    double *distance = arena_take(arena, (size_t)N, sizeof *distance);
    int *order = arena_take(arena, (size_t)N, sizeof *order);
    if (distance == NULL || order == NULL) goto done;
    if (width > DIMENSIONS) {
        float *small = arena_take(arena, (size_t)N * DIMENSIONS, sizeof *small);
        if (small == NULL) goto done;
        TRY_DONE(project(small, rows, N, width, rng, arena));
        rows = small;
        width = DIMENSIONS;
    }
    rng_t stream = rng_split(rng, 1);
    rng_permutation(order, &stream, N);
    const int starts = N < STARTS ? N : STARTS;
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int s = 0; s < starts; s++) sum += distance_between(rows, i, order[s], width);
        distance[i] = sum / starts;
    }
    for (int n = 0; n < count; n++) {
        int far = 0;
        for (int i = 1; i < N; i++)
            if (distance[i] > distance[far]) far = i;
        chosen[n] = far;
        for (int i = 0; i < N; i++) {
            const double d = distance_between(rows, i, far, width);
            if (d < distance[i]) distance[i] = d;
        }
        /* Of equal rows each may be chosen once: a member is never farther than any other row. */
        distance[far] = -1;
    }
    status = ST_OK;
done:
    arena_reset(arena, mark);
    return status;
}
