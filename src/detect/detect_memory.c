/* Scores by the distance to a memory bank, over any number of taps. */
#include "detect/detect_internal.h"

#include <math.h>

status_t detect_cosine(float *scores, const detect_tap_t *taps, int count, int T, arena_t *arena)
{
    REQUIRE(scores != NULL && taps != NULL && count > 0 && T > 0);
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    float *best = arena_take(arena, (size_t)T, sizeof *best);
    double *sum = arena_take(arena, (size_t)T, sizeof *sum);
    if (best == NULL || sum == NULL) goto done;
    for (int l = 0; l < count; l++) {
        TRY_DONE(detect_similar(best, taps[l].features, T, taps[l].bank, taps[l].rows, taps[l].width, arena));
        for (int i = 0; i < T; i++) sum[i] += (1 - (double)best[i]) / 2;
    }
    for (int i = 0; i < T; i++) {
        double distance = sum[i] / count;
        /* Rounding may carry a cosine past 1. */
        scores[i] = distance < 0 ? 0 : (float)distance;
    }
    status = ST_OK;
done:
    arena_reset(arena, mark);
    return status;
}

status_t detect_euclid(float *scores, const detect_tap_t *taps, int count, int T, arena_t *arena)
{
    REQUIRE(scores != NULL && taps != NULL && count > 0 && T > 0);
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    float *squared = arena_take(arena, (size_t)T, sizeof *squared);
    double *sum = arena_take(arena, (size_t)T, sizeof *sum);
    if (squared == NULL || sum == NULL) goto done;
    for (int l = 0; l < count; l++) {
        TRY_DONE(detect_nearest(squared, NULL, taps[l].features, T, taps[l].bank, taps[l].rows, taps[l].width, arena));
        for (int i = 0; i < T; i++) sum[i] += sqrt((double)squared[i]);
    }
    for (int i = 0; i < T; i++) scores[i] = (float)(sum[i] / count);
    status = ST_OK;
done:
    arena_reset(arena, mark);
    return status;
}

status_t detect_vad(float *scores, const detect_memory_t *memory, const float *r1, const float *r2, int T,
                    arena_t *arena)
{
    REQUIRE(memory != NULL && r1 != NULL && r2 != NULL);
    const detect_tap_t taps[2] = {
        {.features = r1, .bank = memory->memory1, .rows = memory->rows, .width = memory->width},
        {.features = r2, .bank = memory->memory2, .rows = memory->rows, .width = memory->width},
    };
    return detect_cosine(scores, taps, 2, T, arena);
}

/* Keeps the k smallest of the values seen so far, in order, the first of equals before the others. */
static void keep_smallest(double *value, int *index, int *kept, int k, double candidate, int n)
{
    int at = *kept;
    while (at > 0 && candidate < value[at - 1]) at--;
    if (at == k) return;
    int end = *kept < k ? (*kept)++ : k - 1;
    for (; end > at; end--) value[end] = value[end - 1], index[end] = index[end - 1];
    value[at] = candidate;
    index[at] = n;
}

void detect_k_nearest(double *squared, int *index, int k, const float *f, const float *bank, int N, int width)
{
    REQUIRE(k > 0 && k <= N && width > 0);
    int kept = 0;
    for (int n = 0; n < N; n++)
        keep_smallest(squared, index, &kept, k, detect_squared(f, bank + (size_t)n * (size_t)width, width), n);
}
