/* Mutual scoring of a set of unlabelled images, method/README.md 9. Letters: N images, T tokens, W width, E of the
 * class token. */
#include "detect/detect_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The best product so far of a token, and whose it is. */
typedef struct {
    float product;
    int with;
} partner_t;

/* d (T): ||x_i - y of its partner||. A product near 1 has lost the digits of a small distance. */
static void find_distances(float *d, const partner_t *partner, const float *x, const float *y, int T, int width)
{
    for (int i = 0; i < T; i++)
        d[i] = (float)sqrt(
            detect_squared(x + (size_t)i * (size_t)width, y + (size_t)partner[i].with * (size_t)width, width));
}

status_t detect_musc_pair(float *d_a, float *d_b, const float *a, const float *b, int T, int width, arena_t *arena)
{
    REQUIRE(d_a != NULL && d_b != NULL && a != NULL && b != NULL && T > 0 && width > 0);
    arena_mark_t mark = arena_mark(arena);
    status_t status;
    detect_blocks_t blocks;
    TRY_DONE(detect_blocks_take(&blocks, width, arena));
    partner_t *of_a = arena_take(arena, (size_t)T, sizeof *of_a), *of_b = arena_take(arena, (size_t)T, sizeof *of_b);
    status = ST_ENOMEM;
    if (of_a == NULL || of_b == NULL) goto done;
    for (int i = 0; i < T; i++) of_a[i] = of_b[i] = (partner_t){-INFINITY, 0};
    for (int first = 0; first < T; first += DETECT_BANK) {
        const int columns = T - first < DETECT_BANK ? T - first : DETECT_BANK;
        const float *rows = detect_blocks_bank(&blocks, b + (size_t)first * (size_t)width, columns, width);
        for (int token = 0; token < T; token += DETECT_QUERIES) {
            detect_blocks_multiply(&blocks, a + (size_t)token * (size_t)width, T - token, rows, width);
            for (int i = token; i < token + DETECT_QUERIES && i < T; i++) {
                const float *row = blocks.products + (size_t)(i - token) * DETECT_BANK;
                for (int j = 0; j < columns; j++) {
                    if (row[j] > of_a[i].product) of_a[i] = (partner_t){row[j], first + j};
                    if (row[j] > of_b[first + j].product) of_b[first + j] = (partner_t){row[j], i};
                }
            }
        }
    }
    find_distances(d_a, of_a, a, b, T, width);
    find_distances(d_b, of_b, b, a, T, width);
    status = ST_OK;
done:
    arena_reset(arena, mark);
    return status;
}

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

status_t detect_musc_mutual(float *scores, const float *distances, int others, int T, double share, arena_t *arena)
{
    REQUIRE(scores != NULL && distances != NULL && others > 0 && T > 0 && share > 0 && share <= 1);
    arena_mark_t mark = arena_mark(arena);
    float *column = arena_take(arena, (size_t)others, sizeof *column);
    if (column == NULL) return ST_ENOMEM;
    int lowest = (int)(share * others);
    if (lowest < 1) lowest = 1;
    for (int i = 0; i < T; i++) {
        bool valid = true;
        for (int n = 0; n < others; n++) {
            column[n] = distances[(size_t)n * (size_t)T + (size_t)i];
            valid = valid && !isnan(column[n]);
        }
        qsort(column, (size_t)others, sizeof *column, ascending);
        double sum = 0;
        for (int n = 0; n < lowest; n++) sum += (double)column[n];
        scores[i] = valid ? (float)(sum / lowest) : NAN;
    }
    arena_reset(arena, mark);
    return ST_OK;
}

void detect_minmax(float *out, const float *scores, int N)
{
    REQUIRE(out != NULL && scores != NULL && N > 0);
    float low = scores[0], high = scores[0];
    for (int n = 1; n < N; n++) {
        if (scores[n] < low) low = scores[n];
        if (scores[n] > high) high = scores[n];
    }
    const double span = (double)high - (double)low;
    for (int n = 0; n < N; n++) out[n] = span > 0 ? (float)(((double)scores[n] - (double)low) / span) : 0;
}

status_t detect_rscin(float *out, const float *scores, const float *cls, int N, int E, const int *k, int count,
                      arena_t *arena)
{
    REQUIRE(out != NULL && scores != NULL && cls != NULL && N > 0 && E > 0 && k != NULL && count > 0);
    arena_mark_t mark = arena_mark(arena);
    double *row = arena_take(arena, (size_t)N, sizeof *row);
    bool *used = arena_take(arena, (size_t)N, sizeof *used);
    float *scaled = arena_take(arena, (size_t)N, sizeof *scaled);
    if (row == NULL || used == NULL || scaled == NULL) {
        arena_reset(arena, mark);
        return ST_ENOMEM;
    }
    detect_minmax(scaled, scores, N);
    for (int a = 0; a < N; a++) {
        for (int b = 0; b < N; b++) {
            row[b] = 0;
            for (int e = 0; e < E; e++)
                row[b] +=
                    (double)cls[(size_t)a * (size_t)E + (size_t)e] * (double)cls[(size_t)b * (size_t)E + (size_t)e];
        }
        double total = 0;
        for (int l = 0; l < count; l++) {
            const int most = k[l] < N ? k[l] : N;
            double weights = 0, sum = 0;
            memset(used, 0, (size_t)N * sizeof *used);
            for (int n = 0; n < most; n++) {
                int best = -1;
                for (int b = 0; b < N; b++)
                    if (!used[b] && (best < 0 || row[b] > row[best])) best = b;
                used[best] = true;
                weights += row[best];
                sum += row[best] * (double)scaled[best];
            }
            total += sum / weights;
        }
        out[a] = (float)(total / count);
    }
    arena_reset(arena, mark);
    return ST_OK;
}
