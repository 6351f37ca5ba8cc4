/* Private to detect: what smoothing a map, resizing one and making one at full size share, and the blocks of a search. */
#ifndef FGAD_DETECT_INTERNAL_H
#define FGAD_DETECT_INTERNAL_H

#include "detect/detect.h"

/* Index of position i in a line of n values mirrored at its edges for ever (d c b a | a b c d | d c b a). */
int detect_mirror(int i, int n);
/* scipy's truncate 4.0; 0: nothing is smoothed. */
int detect_gaussian_radius(double sigma);
/* weights[j] of the offsets +-j, j = 0..radius, normalised over the whole window. */
void detect_gaussian(double *weights, double sigma, int radius);

/* The two source positions and the weight of the second for destination position `d` of `size`, out of `source`, as torch has
 * them: corners kept, or pixel centres, clamped at the left border (no extrapolation at the right one either). */
float detect_source_position(int *i0, int *i1, int d, int size, int source, bool corners);

/* ---- Searches (detect_search.c) ----
 * Every product has this shape, the last ones filled up, so that a token's bits depend on its place in the image and on
 * the bank alone: BLAS may round a row differently when a call has another number of rows. */
#define DETECT_QUERIES 128
#define DETECT_BANK 256
typedef struct {
    float *queries;  /* (DETECT_QUERIES, width): the last tokens, filled up with zeros */
    float *bank;     /* (DETECT_BANK, width): the last rows of a bank, filled up with the very last */
    float *products; /* (DETECT_QUERIES, DETECT_BANK) */
} detect_blocks_t;
/* From the arena; the caller resets it. */
status_t detect_blocks_take(detect_blocks_t *out, int width, arena_t *arena);
/* The block of DETECT_BANK rows that begins at `bank`, of which `rows` are left. */
const float *detect_blocks_bank(const detect_blocks_t *blocks, const float *bank, int rows, int width);
/* products = queries bank^T; `rows` queries are left. */
void detect_blocks_multiply(const detect_blocks_t *blocks, const float *queries, int rows, const float *bank,
                            int width);
/* ||a - b||^2 in double, in a fixed order. */
double detect_squared(const float *a, const float *b, int width);

#endif
