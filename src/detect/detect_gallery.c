/* Image scores from a memory bank: SPADE's nearest images, PatchCore's re-weighting, the mean of the largest. */
#include "detect/detect_internal.h"

#include <math.h>
#include <string.h>

status_t detect_spade_image(float *score, int *images, int k, const float *cls, const float *gallery, int K, int E,
                            arena_t *arena)
{
    REQUIRE(score != NULL && images != NULL && k > 0 && k <= K);
    arena_mark_t mark = arena_mark(arena);
    double *squared = arena_take(arena, (size_t)k, sizeof *squared);
    if (squared == NULL) return ST_ENOMEM;
    detect_k_nearest(squared, images, k, cls, gallery, K, E);
    double sum = 0;
    for (int i = 0; i < k; i++) sum += sqrt(squared[i]);
    *score = (float)(sum / k);
    arena_reset(arena, mark);
    return ST_OK;
}

status_t detect_patchcore_image(float *score, const float *squared, const int *index, const float *f, int T,
                                const float *bank, int N, int width, int neighbours, arena_t *arena)
{
    REQUIRE(score != NULL && squared != NULL && index != NULL && f != NULL && bank != NULL && T > 0 && N > 0);
    int far = 0;
    for (int i = 1; i < T; i++)
        if (squared[i] > squared[far] || isnan(squared[i])) far = i;
    const double d = sqrt((double)squared[far]);
    const int k = neighbours < N ? neighbours : N;
    arena_mark_t mark = arena_mark(arena);
    double *near = arena_take(arena, 2 * (size_t)k, sizeof *near);
    int *member = arena_take(arena, (size_t)k, sizeof *member);
    if (near == NULL || member == NULL) {
        arena_reset(arena, mark);
        return ST_ENOMEM;
    }
    /* The members around m*, then how far the token is from each of them. */
    detect_k_nearest(near, member, k, bank + (size_t)index[far] * (size_t)width, bank, N, width);
    double *distance = near + k, largest = 0, sum = 0;
    for (int n = 0; n < k; n++) {
        distance[n] =
            sqrt(detect_squared(f + (size_t)far * (size_t)width, bank + (size_t)member[n] * (size_t)width, width));
        largest = distance[n] > largest ? distance[n] : largest;
    }
    for (int n = 0; n < k; n++) sum += exp(distance[n] - largest);
    *score = (float)((1 - exp(d - largest) / sum) * d);
    arena_reset(arena, mark);
    return ST_OK;
}

float detect_top_share(const float *map, int T, double share)
{
    REQUIRE(map != NULL && T > 0 && share > 0 && share <= 1);
    int count = (int)(share * T);
    if (count < 1) count = 1;
    /* The count-th largest value by counting how many are above each candidate: maps are small, and no copy is needed. */
    double sum = 0;
    int taken = 0;
    float limit = INFINITY;
    while (taken < count) {
        float next = -INFINITY;
        int equal = 0;
        for (int i = 0; i < T; i++) {
            if (isnan(map[i])) return map[i];
            if (map[i] >= limit || map[i] < next) continue;
            equal = map[i] > next ? 1 : equal + 1;
            next = map[i];
        }
        int use = equal < count - taken ? equal : count - taken;
        sum += use * (double)next;
        taken += use;
        limit = next;
    }
    return (float)(sum / count);
}
