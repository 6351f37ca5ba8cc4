/* What the files of align share. */
#ifndef FGAD_ALIGN_INTERNAL_H
#define FGAD_ALIGN_INTERNAL_H

#include "align/align.h"

/* Tokens in a reference space, transposed: x (dims, n). Squared distances are sums over the channels in order. */
typedef struct {
    const double *x;
    int dims, n;
} align_points_t;

/* d2 (n): squared distance of every point to point `center`, not divided by dims. */
void align_distances(double *d2, const align_points_t *points, int center);
/* centers (count): the points of largest rho * delta of DPC-KNN, largest first, ties by index; count <= n.
 * Everything is computed in blocks of rows: scratch from `arena`, given back on return. */
status_t align_density_centers(int *centers, int count, const align_points_t *points, arena_t *arena);

/* grad: d l_qf of every parameter of the query former, laid out as its block; what one step of Adam is given. */
status_t align_query_gradient(float *grad, double *loss, const float *params, const float *normal,
                              const float *abnormal, int G, int E, arena_t *arena);

/* l_trip of ALIGN_TRIPLET_CHANNELS of one group: normal, abnormal (E) are its anchors, weights (N) or NULL. Adds to their
 * gradients, which may be NULL both. *open: how many hinges of the images * E were. sum (E): scratch. */
double align_triplet_channels(double *dnormal, double *dabnormal, const double *normal, const double *abnormal,
                              const align_tokens_t *tokens, const float *weights, double epsilon, int *open,
                              double *sum);

/* align_loss, and of every group which share of its hinges was open: open (G). */
status_t align_loss_open(double terms[ALIGN_TERMS], float *df, double *open, const float *f,
                         const align_group_t *groups, int G, const align_tokens_t *tokens, const align_losses_t *losses,
                         arena_t *arena);
/* One row of head->trace: f (P,E) and open as the epoch found them, grad its gradient. */
status_t align_trace(double *out, const align_head_t *head, const double *open, const float *f, const float *grad,
                     const align_tokens_t *tokens, arena_t *arena);

#endif
