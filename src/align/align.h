/* align: the learning part of the method: language-guided region aggregation (MLSA, METHOD.md 6), the four losses with
 * their gradients (7), SGD with a cosine schedule, the training of a head, the query former (8). Plain arrays in and
 * out, so that a caller can store, checkpoint and replay everything. It reads no file, writes none, and scores no test
 * image. Depends on base, ops, clip (text tower) and prompts. Features z, anchors p are rows of E floats, normalised;
 * prompt features f are not. Everything is a pure function of its inputs: no thread, rank or clock enters. */
#ifndef FGAD_ALIGN_H
#define FGAD_ALIGN_H

#include "base/base.h"

/* ---- Region aggregation, METHOD.md 6 ------------------------------------------------------------------------------- */
#define ALIGN_MAX_COMPONENTS 6
#define ALIGN_NEIGHBOURS 5 /* k of DPC-KNN, the token itself among them */

typedef enum { ALIGN_CENTERS_LANGUAGE, ALIGN_CENTERS_DENSITY } align_centers_t;
typedef enum { ALIGN_REFERENCE_SIMILARITY, ALIGN_REFERENCE_FEATURE } align_reference_t;
extern const char *const align_centers_names[];   /* "language", "density", NULL: in the enum's order */
extern const char *const align_reference_names[]; /* "similarity", "feature", NULL */
typedef struct {
    align_centers_t centers;
    align_reference_t reference;
    int stages; /* 2: background first, then components; 1: all classes at once */
    int scale;  /* tokens of the grid a training token's side: 4, 2 or 1 */
} align_aggregation_t;

/* labels (N) of one image's grid of tokens z (N,E): 0..C-1 a component, C the background. anchors: NHP anchors at
 * initialisation, C components, then the background when there is one (C+1 rows, else C). Without a background every
 * token is foreground and stage one is left out.
 * What METHOD.md leaves open: sums run over the channels in order, in double, so that a plain script gives the same
 * labels; ties go to the lower index (of token, of centre, of class); every centre belongs to itself; an empty cluster
 * of stage one is the foreground; with fewer foreground tokens than components the last components get none; distances
 * are divided by the square root of the reference's dimension; the densest token's delta is the largest distance of
 * all. ST_ENOMEM. Scratch from `arena` (given back on return): some (dims + 10) * N doubles, never N * N. */
status_t align_regions(uint8_t *labels, const float *z, int N, int E, const float *anchors, int C, bool background,
                       const align_aggregation_t *how, arena_t *arena);

/* What a group looks at, and its token weights. */
typedef enum { ALIGN_IMAGE, ALIGN_FOREGROUND, ALIGN_BACKGROUND, ALIGN_COMPONENT } align_region_t;
/* w (h,w): 1 + gamma * share of the region in token i's scale x scale cell of labels (scale h, scale w). `component`
 * counts for ALIGN_COMPONENT only; ALIGN_IMAGE gives 1 everywhere. */
void align_weights(float *weights, const uint8_t *labels, int h, int w, int scale, int C, align_region_t region,
                   int component, double gamma);

#endif
