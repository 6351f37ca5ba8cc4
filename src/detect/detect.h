/* detect: from features to anomaly maps (METHOD.md 9, method/README.md). Searches in memory banks, coresets, Gaussians,
 * subspaces, mutual scoring; token-wise scoring against anchors (PAD), re-weighting, fusion, image scores, upsampling and
 * smoothing. Plain arrays in and out: no files, no model, no metrics, no method as a whole. Everything is a function of
 * one image (of a set of images where it says so), so its bits depend neither on the images scored with it nor on ranks.
 * Depends on base and ops. Maps are (h, w) row-major = (T) floats, T = h*w tokens; features are rows of `width` floats.
 * Scratch comes from `arena` and is given back on return; the status is ST_ENOMEM when there is none. A token that is not
 * finite scores NaN. */
#ifndef FGAD_DETECT_H
#define FGAD_DETECT_H

#include "base/base.h"

/* ---- Memory banks --------------------------------------------------------------------------------------------------
 * Searches run by GEMM in blocks of one shape. */
/* best (T): the largest <f_i, r> over the rows r of a bank (N, width). */
status_t detect_similar(float *best, const float *f, int T, const float *bank, int N, int width, arena_t *arena);
/* squared (T): min over the bank of ||f_i - r||^2, exact for the row that was found; index (T): that row, the first of
 * equals; may be NULL. */
status_t detect_nearest(float *squared, int *index, const float *f, int T, const float *bank, int N, int width,
                        arena_t *arena);
/* The k <= N rows nearest to one vector, by ascending squared distance; the first of equals first. */
void detect_k_nearest(double *squared, int *index, int k, const float *f, const float *bank, int N, int width);

/* One tap: an image's features and the bank of the K shots. */
typedef struct {
    const float *features; /* (T, width); not owned */
    const float *bank;     /* (rows, width); not owned */
    int rows, width;
} detect_tap_t;
/* scores (T) = mean over the taps of min over the bank of (1 - <f_i, r>) / 2, in [0, 1]; rows L2-normalised. */
status_t detect_cosine(float *scores, const detect_tap_t *taps, int count, int T, arena_t *arena);
/* scores (T) = mean over the taps of min over the bank of ||f_i - r||: SPADE's map. */
status_t detect_euclid(float *scores, const detect_tap_t *taps, int count, int T, arena_t *arena);

/* Bank of both taps: all patch features of the K shots, (N, W) each, rows L2-normalised, N = K*T. Borrowed. */
typedef struct {
    const float *memory1, *memory2; /* (N, W); not owned */
    int rows;                       /* N */
    int width;                      /* W */
} detect_memory_t;
/* scores (T): M_v = detect_cosine of two taps; r1, r2 (T, W) of one image. */
status_t detect_vad(float *scores, const detect_memory_t *memory, const float *r1, const float *r2, int T,
                    arena_t *arena);

/* out (T, width): mean over the side x side neighbours of every token, side odd; places outside the map count as zeros. */
void detect_pool(float *out, const float *x, int h, int w, int width, int side);
/* x (count) = (x - mean) / sqrt(variance + 1e-5), over all tokens and channels together. */
void detect_norm_map(float *x, size_t count);
/* Rows (rows, width) to length 1; a row of zeros stays. */
void detect_unit_rows(float *x, int rows, int width);
/* out (T, sum of widths): the taps (T, widths[l]) of every token side by side. */
void detect_join(float *out, const float *const *taps, const int *widths, int count, int T);

/* chosen (count): rows of the bank by greedy k-centre on a random projection to 128 dimensions (on the rows themselves
 * when they have no more), method/README.md 3; the first of equals. Streams 0 and 1 below `rng`. */
status_t detect_coreset(int *chosen, int count, const float *rows, int N, int width, const rng_t *rng, arena_t *arena);
/* PatchCore's re-weighted image score: d* = the largest distance of the map, m* its nearest member; S = (1 - e^d* / sum
 * over the `neighbours` members nearest to m*, itself among them, of e^||f* - m||) d*. squared, index as detect_nearest. */
status_t detect_patchcore_image(float *score, const float *squared, const int *index, const float *f, int T,
                                const float *bank, int N, int width, int neighbours, arena_t *arena);
/* SPADE: score = mean Euclidean distance of cls (E) to the k nearest of gallery (K, E); images (k): which they are. */
status_t detect_spade_image(float *score, int *images, int k, const float *cls, const float *gallery, int K, int E,
                            arena_t *arena);
/* Mean of the largest max(1, floor(share T)) values of a map. */
float detect_top_share(const float *map, int T, double share);

/* ---- Gaussians and subspaces ----------------------------------------------------------------------------------------
 * PaDiM, method/README.md 4. With fewer images than channels the inverse is Woodbury's, of an N x N matrix a position. */
typedef struct {
    const float *support; /* (N, T, d); not owned, read again when scoring */
    int N, T, d;
    bool few;       /* N < d */
    double ridge;   /* what stands on the covariances' diagonal */
    double *mean;   /* (T, d); from the arena */
    double *factor; /* (T, N, N) when few, else (T, d, d): Cholesky factors; from the arena */
} detect_padim_t;
/* channels (d): drawn from `width` without replacement. scratch (width). */
void detect_padim_channels(int *channels, int d, int width, const rng_t *rng, int *scratch);
/* eps is relative to the channels' mean variance over all positions and images; divisor max(1, N - 1). out lives in the
 * arena. ST_EFORMAT: a covariance is not positive definite (features that are not finite). */
status_t detect_padim_fit(detect_padim_t *out, const float *support, int N, int T, int d, double eps, arena_t *arena);
/* scores (T): Mahalanobis distances of f (T, d). */
status_t detect_padim_score(float *scores, const detect_padim_t *padim, const float *f, arena_t *arena);

/* SubspaceAD, method/README.md 10: moments of any number of rows, then the principal directions that hold a share of the
 * variance. */
typedef struct {
    int width;
    int64_t count;   /* rows added */
    float *shift;    /* (W) taken off every row */
    double *sum;     /* (W) of the shifted rows */
    double *product; /* (W, W) of the shifted rows with themselves */
} detect_moments_t;
status_t detect_moments_init(detect_moments_t *out, int width, arena_t *arena);
status_t detect_moments_add(detect_moments_t *moments, const float *rows, int count, arena_t *arena);
typedef struct {
    int width, directions; /* q: 0 for variance 0 */
    float *mean;           /* (W) */
    float *basis;          /* (q, W), rows of length 1, the largest variance first */
} detect_subspace_t;
/* out lives in the arena. ST_EFORMAT: rows were not finite. */
status_t detect_subspace_fit(detect_subspace_t *out, const detect_moments_t *moments, double variance, arena_t *arena);
/* scores (T): ||x - U^T U x||^2, x = f - mean. */
status_t detect_subspace_score(float *scores, const detect_subspace_t *subspace, const float *f, int T, arena_t *arena);

/* AnomalyDINO, method/README.md 6: mask (h, w) of 0 and 1, the object's tokens by their first principal component above
 * *threshold (10 on DINOv2's scale), or above Otsu's when it is NULL; the other side when that covers at most 35 % of the
 * middle; then dilated and closed. ST_EFORMAT: f (T, width) is not finite. */
status_t detect_foreground(uint8_t *mask, const float *f, int h, int w, int width, const double *threshold,
                           arena_t *arena);

/* ---- Windows, method/README.md 2 ---------------------------------------------------------------------------------------- */
/* map (grid, grid): harmonic mean of the scores of the windows that cover a token; scores ((grid-side+1)^2) >= 0. */
void detect_windows_to_tokens(float *map, const float *scores, int grid, int side);
/* out (T) = count / sum of 1 / maps; a 0 among them gives 0. */
void detect_harmonic_mean(float *out, const float *const *maps, int count, int T);

/* ---- Mutual scoring, method/README.md 9: of a set of N images ------------------------------------------------------------ */
/* d_a (T): distance of every token of image a to the nearest of image b, d_b (T) the other way, by one product; features
 * (T, width) with rows L2-normalised. */
status_t detect_musc_pair(float *d_a, float *d_b, const float *a, const float *b, int T, int width, arena_t *arena);
/* scores (T): mean of the lowest max(1, floor(share others)) of distances (others, T). */
status_t detect_musc_mutual(float *scores, const float *distances, int others, int T, double share, arena_t *arena);
/* out (N): scores from 0 to 1; zeros when all are equal. */
void detect_minmax(float *out, const float *scores, int N);
/* out (N): the scaled scores smoothed over the images whose class tokens cls (N, E), normalised, are nearest: mean over
 * the list k of the means weighted by similarity over the k nearest, itself among them. */
status_t detect_rscin(float *out, const float *scores, const float *cls, int N, int E, const int *k, int count,
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
typedef enum {
    DETECT_FUSION_HARMONIC,
    DETECT_FUSION_ARITHMETIC, /* (M_v + M_p) / 2 */
    DETECT_FUSION_GEOMETRIC,  /* sqrt(M_v M_p), each clamped to >= 1e-12 */
    DETECT_FUSION_STANDARD,   /* (M_v / scale[0] + M_p / scale[1]) / 2, scales clamped to >= 1e-12 */
} detect_fusion_t;
/* The same by another rule; scale is read by STANDARD alone. */
void detect_fuse_by(float *M_pix, const float *M_v, const float *M_p, int T, detect_fusion_t how,
                    const double scale[2]);
/* The q-quantile of n values, linear between neighbours (numpy's default); sorts `values`. */
float detect_quantile(float *values, int n, double q);

/* M_img = 1 / (1/max map + 1/S), each clamped to >= 1e-12. `map` (T) is at (h, w), before upsampling and smoothing:
 * M_pix for `image_map: fused`, M_v for `vad` (as published code). S: the class token's score by the image head.
 * NULL for one of the two gives the other alone: max map without an image head (VAD alone), S without a map. */
typedef enum { DETECT_IMAGE_MAP_FUSED, DETECT_IMAGE_MAP_VAD } detect_image_map_t;
extern const char *const detect_image_map_names[]; /* "fused", "vad", NULL */
float detect_image_score(const float *map, int T, const float *S);
/* Of the map's largest value and S: as detect_image_score, or their mean (METHOD.md 12.10). */
float detect_image_fuse(float largest, float S, bool arithmetic);

/* ---- Maps at full size ------------------------------------------------------------------------------------------- */
/* Bilinear (align_corners = false, as torch's interpolate) from (h, w) to (H, W). */
void detect_upsample(float *dst, int H, int W, const float *src, int h, int w);
/* With align_corners = true: the corners' centres stay where they are. */
void detect_upsample_corners(float *dst, int H, int W, const float *src, int h, int w);
/* The largest value of the map that one of them gives, without keeping it; NaN when there is one. */
float detect_upsampled_max(int H, int W, const float *src, int h, int w, bool corners);
/* scipy.ndimage.gaussian_filter: truncate 4.0, reflect borders (d c b a | a b c d | d c b a), float32 result of
 * double accumulation; in place; sigma 0 leaves the map. Scratch from `arena` (reset on return); ST_ENOMEM. */
status_t detect_smooth(float *map, int H, int W, double sigma, arena_t *arena);
/* Upsampling and detect_smooth at once, by one small matrix a side, in double and rounded once: within float rounding
 * of the two one after the other, at a tenth of their time. What the suite measures and exports. */
status_t detect_full_map(float *map, int H, int W, const float *src, int h, int w, double sigma, bool corners,
                         arena_t *arena);

#endif
