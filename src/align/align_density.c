/* DPC-KNN: cluster centres by density peaks, METHOD.md 6 step 5. Two passes over the pairs instead of a matrix of them. */
#include "align/align_internal.h"

#include <math.h>
#include <string.h>

enum { ROWS = 8, COLUMNS = 128 }; /* a tile of pairs: its sums stay in the first-level cache */

/* d2[r * n + j] of rows first .. first + rows - 1 against all points. */
static void distance_rows(double *d2, const align_points_t *points, int first, int rows)
{
    size_t n = (size_t)points->n;
    for (int j0 = 0; j0 < points->n; j0 += COLUMNS) {
        int columns = points->n - j0 < COLUMNS ? points->n - j0 : COLUMNS;
        double sum[ROWS][COLUMNS] = {{0}};
        for (int e = 0; e < points->dims; e++) {
            const double *x = points->x + (size_t)e * n;
            for (int r = 0; r < rows; r++) {
                double own = x[first + r];
                for (int j = 0; j < columns; j++) {
                    double d = x[j0 + j] - own;
                    sum[r][j] += d * d;
                }
            }
        }
        for (int r = 0; r < rows; r++) memcpy(d2 + (size_t)r * n + j0, sum[r], sizeof(double) * (size_t)columns);
    }
}

void align_distances(double *d2, const align_points_t *points, int center)
{
    distance_rows(d2, points, center, 1);
}

/* Mean of the k smallest of d2 (n), added from the smallest up. */
static double nearest_mean(const double *d2, int n, int k)
{
    double nearest[ALIGN_NEIGHBOURS] = {0};
    int held = 0;
    for (int j = 0; j < n; j++) {
        if (held == k && d2[j] >= nearest[k - 1]) continue;
        int at = held < k ? held++ : k - 1;
        for (; at > 0 && nearest[at - 1] > d2[j]; at--) nearest[at] = nearest[at - 1];
        nearest[at] = d2[j];
    }
    double sum = 0;
    for (int i = 0; i < held; i++) sum += nearest[i];
    return sum / held;
}

status_t align_density_centers(int *centers, int count, const align_points_t *points, arena_t *arena)
{
    int n = points->n, k = n < ALIGN_NEIGHBOURS ? n : ALIGN_NEIGHBOURS;
    REQUIRE(count > 0 && count <= n && points->dims > 0);
    arena_mark_t mark = arena_mark(arena);
    double *d2 = arena_take(arena, ROWS * (size_t)n, sizeof(double));
    double *rho = arena_take(arena, (size_t)n, sizeof(double));
    double *score = arena_take(arena, (size_t)n, sizeof(double));
    if (d2 == NULL || rho == NULL || score == NULL) {
        arena_reset(arena, mark);
        return ST_ENOMEM;
    }
    double largest = 0;
    for (int i0 = 0; i0 < n; i0 += ROWS) {
        int rows = n - i0 < ROWS ? n - i0 : ROWS;
        distance_rows(d2, points, i0, rows);
        for (int r = 0; r < rows; r++) {
            const double *row = d2 + (size_t)r * (size_t)n;
            for (int j = 0; j < n; j++) {
                if (row[j] > largest) largest = row[j];
            }
            rho[i0 + r] = exp(-(nearest_mean(row, n, k) / points->dims));
        }
    }
    for (int i0 = 0; i0 < n; i0 += ROWS) {
        int rows = n - i0 < ROWS ? n - i0 : ROWS;
        distance_rows(d2, points, i0, rows);
        for (int r = 0; r < rows; r++) {
            const double *row = d2 + (size_t)r * (size_t)n;
            int i = i0 + r;
            bool found = false;
            double smallest = largest;
            for (int j = 0; j < n; j++) {
                bool denser = rho[j] > rho[i] || (j < i && rho[j] == rho[i]);
                if (denser && (!found || row[j] < smallest)) found = true, smallest = row[j];
            }
            score[i] = rho[i] * sqrt(smallest / points->dims);
        }
    }
    for (int c = 0; c < count; c++) {
        int best = -1;
        for (int i = 0; i < n; i++) {
            bool taken = false;
            for (int b = 0; b < c; b++) taken = taken || centers[b] == i;
            if (!taken && (best < 0 || score[i] > score[best])) best = i;
        }
        centers[c] = best;
    }
    arena_reset(arena, mark);
    return ST_OK;
}
