/* detect: from features to anomaly maps (METHOD.md 9). The memory bank (VAD), token-wise scoring against anchors
 * (PAD), re-weighting, harmonic fusion, upsampling and smoothing. Plain arrays in and out: no files, no model, no
 * metrics. Depends on base and ops. */
#ifndef FGAD_DETECT_H
#define FGAD_DETECT_H

#include "base/base.h"

/* ---- Memory branch (VAD) -------------------------------------------------------------------------------------------
 * Bank of both taps: all patch features of the K shots, (N, W) each, rows L2-normalised, N = K*T. Borrowed. */
typedef struct {
    const float *memory1, *memory2; /* (N, W); not owned */
    int rows;                       /* N */
    int width;                      /* W */
} detect_memory_t;
/* scores (T): M_v,i = mean over the two taps of min over the bank of (1 - <r_i, r>) / 2, by blocked GEMM of fixed
 * shapes (the bits do not depend on what else is scored). r1, r2 (T, W), rows L2-normalised. scratch from `arena`
 * (reset on return). */
status_t detect_vad(float *scores, const detect_memory_t *memory, const float *r1, const float *r2, int T,
                    arena_t *arena);

/* ---- Maps at full size ---------------------------------------------------------------------------------------------
 * Bilinear (align_corners = false, as torch's interpolate) from (h, w) to (H, W). */
void detect_upsample(float *dst, int H, int W, const float *src, int h, int w);
/* scipy.ndimage.gaussian_filter: truncate 4.0, reflect borders (d c b a | a b c d | d c b a), float32 result of
 * double accumulation; in place; sigma 0 leaves the map. */
status_t detect_smooth(float *map, int H, int W, double sigma, arena_t *arena);

#endif
