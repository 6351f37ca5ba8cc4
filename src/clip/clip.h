/* clip: a frozen CLIP from a model directory in open_clip's Hugging Face layout (open_clip_config.json,
 * open_clip_model.safetensors). Configuration, weights by name, the image tower with the V-V path (METHOD.md 2),
 * preprocessing (METHOD.md 1). It computes features; what they are compared with stands to the right. Depends on
 * base, ops and io. Weights are read-only and shared by threads; a workspace belongs to one caller. */
#ifndef FGAD_CLIP_H
#define FGAD_CLIP_H

#include "base/base.h"
#include "io/io.h"

/* What the configuration says. B/32, B/16, B/16+ (224, 240), L/14 (224, 336), H/14 and smaller relatives. */
typedef struct {
    int embed;                                        /* E, width of the joint embedding */
    int image_size, patch, width, layers, heads, mlp; /* vision; mlp is the hidden width */
    int grid;                                         /* h = w = image_size / patch; T = grid * grid */
    int context, vocab, text_width, text_heads, text_layers, text_mlp;
    bool quick_gelu;
} clip_config_t;

typedef struct clip_model clip_model_t;

/* Opens and checks a model: every tensor of the configuration by name, shape and finiteness. Messages say expected
 * and found. Runs the GEMM self-check once. */
status_t clip_model_open(clip_model_t **out, const char *dir);
void clip_model_close(clip_model_t *model);
const clip_config_t *clip_model_config(const clip_model_t *model);
/* SHA-256 over configuration and weight file: what cached features are keyed by. */
const char *clip_model_digest(const clip_model_t *model);
const char *clip_model_dir(const clip_model_t *model);
float clip_model_logit_scale(const clip_model_t *model);             /* the stored parameter itself, e.g. 4.605 */
int64_t clip_model_parameters(const clip_model_t *model, bool text); /* of one tower */

/* Name and kernel of the BLAS in use, e.g. "OpenBLAS 0.3.21 ... Cooperlake, 1 thread": for provenance. */
const char *clip_backend(void);

/* ---- Preprocessing, METHOD.md 1 ------------------------------------------------------------------------------------ */
/* RGB image to normalised planes: out (3, S, S), S = image_size. */
status_t clip_preprocess(float *out, const io_image_t *image, int S);

/* ---- Image tower, METHOD.md 2 --------------------------------------------------------------------------------------
 * A tap "N.attn" is block N's state after its attention residual, "N.mlp" after the block; N counts from 0 as
 * in the weight names (resblocks.N). */
typedef struct {
    int block;      /* 0-based index of the block */
    bool after_mlp; /* false: before the block's MLP */
} clip_tap_t;
/* "4.attn" -> tap, with N scaled by layers/12 and rounded when `scale`. ST_EFORMAT says what form is expected. */
status_t clip_tap_parse(clip_tap_t *out, const char *text, const clip_config_t *config, bool scale);

typedef struct {
    float *cls;     /* (E) normalised */
    float *tokens;  /* (T, E) rows normalised, V-V stream */
    float *memory1; /* (T, W) rows normalised, first tap */
    float *memory2; /* (T, W) second tap */
} clip_features_t;  /* any pointer may be NULL: not wanted, and not computed where that saves work */

typedef struct clip_vision clip_vision_t; /* workspace of the image tower */
status_t clip_vision_open(clip_vision_t **out, const clip_model_t *model, const clip_tap_t taps[2]);
void clip_vision_close(clip_vision_t *vision);
size_t clip_vision_bytes(const clip_config_t *config); /* of the workspace, before opening it */
/* One image: pixels (3, S, S) normalised. The bits of the result depend on nothing but the image and the model. */
status_t clip_vision_forward(clip_features_t *out, clip_vision_t *vision, const float *pixels);

#endif
