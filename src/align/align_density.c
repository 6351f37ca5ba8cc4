/* DPC-KNN: cluster centres by density peaks, METHOD.md 6 step 5. Two passes over the pairs instead of a matrix of
 * them. A pair is computed once a pass, in tiles whose sums stay in registers while the channels go by, in order:
 * the sum that a plain loop takes, to the bit, on every processor. */
#include "align/align_internal.h"

#include <math.h>
#include <string.h>

enum { SIDE = 8 };
typedef double lanes_t __attribute__((vector_size(SIDE * sizeof(double))));

/* Points by eights, channel after channel, so that a tile reads memory from end to end: (panels, dims, SIDE), zeros
 * behind the last point. */
static double *take_panels(const align_points_t *points, arena_t *arena)
{
    const size_t n = (size_t)points->n, dims = (size_t)points->dims, panels = (n + SIDE - 1) / SIDE;
    double *out = arena_take(arena, panels * dims * SIDE, sizeof *out);
    for (size_t i = 0; i < n && out != NULL; i++)
        for (size_t e = 0; e < dims; e++) out[(i / SIDE * dims + e) * SIDE + i % SIDE] = points->x[e * n + i];
    return out;
}

/* d2 of the points of one panel against those of another. */
static void distance_tile(double d2[SIDE][SIDE], const double *own, const double *other, int dims)
{
    lanes_t sum[SIDE] = {{0}};
    for (int e = 0; e < dims; e++, own += SIDE, other += SIDE) {
        lanes_t there;
        memcpy(&there, other, sizeof there);
        for (int r = 0; r < SIDE; r++) {
            const lanes_t d = there - own[r];
            sum[r] += d * d;
        }
    }
    memcpy(d2, sum, sizeof sum);
}

void align_distances(double *d2, const align_points_t *points, int center)
{
    const size_t n = (size_t)points->n;
    memset(d2, 0, n * sizeof *d2);
    for (int e = 0; e < points->dims; e++) {
        const double *x = points->x + (size_t)e * n, own = x[center];
        for (size_t j = 0; j < n; j++) d2[j] += (x[j] - own) * (x[j] - own);
    }
}

/* What both passes gather of the pairs. */
typedef struct {
    const double *panel; /* take_panels */
    int n, dims, k;
    double (
        *nearest)[ALIGN_NEIGHBOURS]; /* (n) the k smallest distances so far, ascending; the point itself among them */
    double largest;
    const double *rho; /* (n); NULL: the first pass */
    double *smallest;  /* (n) to a denser point */
} pairs_t;

static void note_nearest(double nearest[ALIGN_NEIGHBOURS], int k, double d2)
{
    if (d2 >= nearest[k - 1]) return;
    int at = k - 1;
    for (; at > 0 && nearest[at - 1] > d2; at--) nearest[at] = nearest[at - 1];
    nearest[at] = d2;
}

static void note_pair(pairs_t *pairs, int i, int j, double d2)
{
    if (pairs->rho == NULL) {
        if (d2 > pairs->largest) pairs->largest = d2;
        note_nearest(pairs->nearest[i], pairs->k, d2);
        note_nearest(pairs->nearest[j], pairs->k, d2);
        return;
    }
    /* i < j: of two that are equally dense the first counts as denser. */
    const int other = pairs->rho[j] > pairs->rho[i] ? i : j;
    if (d2 < pairs->smallest[other]) pairs->smallest[other] = d2;
}

static void each_pair(pairs_t *pairs)
{
    const int n = pairs->n;
    const size_t step = (size_t)pairs->dims; /* of a panel's first point */
    for (int i = 0; i < n; i += SIDE)
        for (int j = i; j < n; j += SIDE) {
            const int rows = n - i < SIDE ? n - i : SIDE, columns = n - j < SIDE ? n - j : SIDE;
            double d2[SIDE][SIDE];
            distance_tile(d2, pairs->panel + (size_t)i * step, pairs->panel + (size_t)j * step, pairs->dims);
            for (int r = 0; r < rows; r++)
                for (int c = i == j ? r + 1 : 0; c < columns; c++) note_pair(pairs, i + r, j + c, d2[r][c]);
        }
}

/* Mean of the k smallest, added from the smallest up. */
static double mean_of(const double *nearest, int k)
{
    double sum = 0;
    for (int i = 0; i < k; i++) sum += nearest[i];
    return sum / k;
}

status_t align_density_centers(int *centers, int count, const align_points_t *points, arena_t *arena)
{
    const int n = points->n;
    REQUIRE(count > 0 && count <= n && points->dims > 0);
    arena_mark_t mark = arena_mark(arena);
    pairs_t pairs = {.n = n, .dims = points->dims, .k = n < ALIGN_NEIGHBOURS ? n : ALIGN_NEIGHBOURS};
    pairs.panel = take_panels(points, arena);
    pairs.nearest = arena_take(arena, (size_t)n, sizeof *pairs.nearest);
    pairs.smallest = arena_take(arena, (size_t)n, sizeof(double));
    double *rho = arena_take(arena, (size_t)n, sizeof(double));
    double *score = arena_take(arena, (size_t)n, sizeof(double));
    if (pairs.panel == NULL || pairs.nearest == NULL || pairs.smallest == NULL || rho == NULL || score == NULL) {
        arena_reset(arena, mark);
        return ST_ENOMEM;
    }
    for (int i = 0; i < n; i++) {
        pairs.nearest[i][0] = 0; /* a point is its own neighbour */
        for (int k = 1; k < ALIGN_NEIGHBOURS; k++) pairs.nearest[i][k] = INFINITY;
    }
    each_pair(&pairs);
    for (int i = 0; i < n; i++) {
        rho[i] = exp(-(mean_of(pairs.nearest[i], pairs.k) / points->dims));
        pairs.smallest[i] = pairs.largest;
    }
    pairs.rho = rho;
    each_pair(&pairs);
    for (int i = 0; i < n; i++) score[i] = rho[i] * sqrt(pairs.smallest[i] / points->dims);
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
