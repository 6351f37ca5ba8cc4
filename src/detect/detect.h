/* detect: from features to anomaly maps (METHOD.md 9). The memory bank (VAD), token-wise scoring against anchors
 * (PAD), re-weighting, harmonic fusion, the image score, upsampling and smoothing. Plain arrays in and out: no files,
 * no model, no metrics. Everything here is a function of one image, so its bits depend neither on the images scored
 * with it nor on ranks. Depends on base and ops. Maps are (h, w) row-major = (T) floats, T = h*w tokens. */
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
/* scores (T): M_v,i = mean over the two taps of min over the bank of (1 - <r_i, r>) / 2, in [0, 1], by blocked GEMM of
 * fixed shapes. r1, r2 (T, W) of one image, rows L2-normalised. scratch from `arena` (reset on return); ST_ENOMEM. */
status_t detect_vad(float *scores, const detect_memory_t *memory, const float *r1, const float *r2, int T,
                    arena_t *arena);

/* ---- Prompt branch (PAD) -------------------------------------------------------------------------------------------
 * s(z,g) = e^{t<z,p_a,g>} / (e^{t<z,p_n,g>} + e^{t<z,p_a,g>}): how far z shows group g's abnormal state. */
typedef struct {
    const float *normal, *abnormal; /* p_n, p_a (G, E), rows L2-normalised; not owned */
    const float *keys;  /* q (G, E), what tokens are matched to; NULL: p_n (`retrieval: normal`). not owned */
    int groups;         /* G */
    int width;          /* E */
    int image_group;    /* the group `image`, an index in [0, G) */
    double logit_scale; /* t */
    bool token_wise;    /* false: Mhat is the mean of s over all groups (the paper's table 4, without TI) */
} detect_anchors_t;
/* Per token of z (T, E), rows L2-normalised: group (T) = k* = argmax_g <z, q_g> (the first of equals), Mhat (T) =
 * s(z, k*), s_image (T) = s(z, image). `group` is matched with token_wise false too. Any output may be NULL: S_i of
 * the class token is detect_pad(NULL, NULL, &S, anchors, z_cls, 1). */
void detect_pad(float *Mhat, int *group, float *s_image, const detect_anchors_t *anchors, const float *z, int T);

/* M_p (T) from Mhat and the weights m = softmax over the image's tokens of s_image (METHOD.md 9, 12.4). M_p may be
 * Mhat. */
typedef enum {
    DETECT_REWEIGHT_MEAN1,   /* T m_i Mhat_i: the default */
    DETECT_REWEIGHT_LITERAL, /* m_i Mhat_i, as printed */
    DETECT_REWEIGHT_OFF,     /* Mhat */
} detect_reweight_t;
extern const char *const detect_reweight_names[]; /* "mean1", "literal", "off", NULL: in the enum's order */
void detect_reweight(float *M_p, const float *Mhat, const float *s_image, int T, detect_reweight_t mode);

/* ---- Fusion ------------------------------------------------------------------------------------------------------ */
/* M_pix (T) = 1 / (1/M_v + 1/M_p), each clamped to >= 1e-12. A branch that is off is NULL: M_pix is the other one,
 * unclamped. M_pix may be either input. */
void detect_fuse(float *M_pix, const float *M_v, const float *M_p, int T);

/* M_img = 1 / (1/max map + 1/S), each clamped to >= 1e-12. `map` (T) is at (h, w), before upsampling and smoothing:
 * M_pix for `image_map: fused`, M_v for `vad` (as published code). S: the class token's score by the image head.
 * NULL for one of the two gives the other alone: max map without an image head (VAD alone), S without a map. */
typedef enum { DETECT_IMAGE_MAP_FUSED, DETECT_IMAGE_MAP_VAD } detect_image_map_t;
extern const char *const detect_image_map_names[]; /* "fused", "vad", NULL */
float detect_image_score(const float *map, int T, const float *S);

/* ---- Maps at full size ------------------------------------------------------------------------------------------- */
/* Bilinear (align_corners = false, as torch's interpolate) from (h, w) to (H, W). */
void detect_upsample(float *dst, int H, int W, const float *src, int h, int w);
/* scipy.ndimage.gaussian_filter: truncate 4.0, reflect borders (d c b a | a b c d | d c b a), float32 result of
 * double accumulation; in place; sigma 0 leaves the map. Scratch from `arena` (reset on return); ST_ENOMEM. */
status_t detect_smooth(float *map, int H, int W, double sigma, arena_t *arena);
/* detect_upsample and detect_smooth at once, by one small matrix a side, in double and rounded once: within float rounding
 * of the two one after the other, at a tenth of their time. What the suite measures and exports. */
status_t detect_full_map(float *map, int H, int W, const float *src, int h, int w, double sigma, arena_t *arena);

#endif
