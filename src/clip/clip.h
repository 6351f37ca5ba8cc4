/* clip: a frozen CLIP from a model directory in open_clip's Hugging Face layout (open_clip_config.json and
 * open_clip_model.safetensors, open_clip_pytorch_model.safetensors, model.safetensors or the one other .safetensors
 * there is: the first of these). Other layouts and pickles: datasets/models/convert. Configuration, weights by name,
 * the image tower with the V-V path (METHOD.md 2), preprocessing (METHOD.md 1), the text tower, which takes ids of the
 * room tokenizer, and its gradient with respect to learnable input embeddings (METHOD.md 3). It computes features; what
 * they are compared with stands to the right. Depends on base, ops and io. Weights are read-only and shared by threads; a
 * workspace belongs to one caller. */
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
    int position_grid; /* side of the stored table of positions: other than grid when another image size is asked for */
    /* DINOv2 (facebook/dinov2-*): an image tower alone, the text_ sizes are 0. Final layer norm without projection (E = W),
     * LayerScale on every branch, no layer norm before the first block, ImageNet's mean and std. */
    bool dino;
    int registers; /* rows between the class token and the patches; 0 in CLIP */
    bool swiglu;   /* the MLP is proj(silu(a) b), a and b the halves of fc */
    double eps;    /* of the image tower's layer norms */
} clip_config_t;

/* From dir/open_clip_config.json alone, without the weights. Every key is known and has a value that is computed here, or
 * ST_EFORMAT names it; what is left out has open_clip's default. */
status_t clip_config_read(clip_config_t *out, const char *dir);
/* The same tower for images of image_size x image_size (0: as it is): its positions are interpolated, as open_clip does
 * (bicubic with antialiasing; DINOv2 without registers: torch's plain bicubic). ST_EFORMAT: no multiple of the patch. */
status_t clip_config_resize(clip_config_t *config, int image_size);
/* Path of the weights in a model directory (caller frees). */
status_t clip_model_weights_path(char **out, const char *dir);

/* SHA-256 over configuration and weight file: what cached features are keyed by. Reads both files from end to end (half a
 * second for ViT-B/16+), so a program asks once and tells its other processes. */
status_t clip_model_digest(char out[IO_DIGEST_SIZE], const char *dir);

/* Size, times of change and inode of each of the two files, the same on every node that mounts them: while the mark is the
 * same, the digest is. *settled: none changed within the last seconds, so that none can change unmarked. */
#define CLIP_MARK_SIZE 320
status_t clip_model_mark(char out[CLIP_MARK_SIZE], bool *settled, const char *dir);

typedef struct clip_model clip_model_t;

/* Opens and checks a model: every tensor of the configuration by name, shape and finiteness, and that no other one is
 * there. Messages say expected and found. Runs the GEMM self-check once. */
status_t clip_model_open(clip_model_t **out, const char *dir);
/* The same for another image size: clip_config_resize. */
status_t clip_model_open_size(clip_model_t **out, const char *dir, int image_size);
/* The same of files that a process has opened and checked before, `mark` being their mark then: while it is their mark, F32
 * weights are not read for the sake of a check, only as they are used. Another mark, NULL or "": checked. */
status_t clip_model_open_checked(clip_model_t **out, const char *dir, int image_size, const char *mark);
void clip_model_close(clip_model_t *model);
const clip_config_t *clip_model_config(const clip_model_t *model);
float clip_model_logit_scale(const clip_model_t *model);             /* the stored parameter itself, e.g. 4.605 */
int64_t clip_model_parameters(const clip_model_t *model, bool text); /* of one tower; logit_scale is the text's */
/* Memory of this process alone: weights converted from F16 or BF16. F32 weights stay in the file's mapping, which the
 * processes of a node share. */
size_t clip_model_private_bytes(const clip_model_t *model);

/* Who multiplies with the weights of both towers' blocks (ops.h): the BLAS, oneDNN in bfloat16, or kernels of our own in
 * float32 by Strassen's scheme, which attend to images and compute GELU, too. Embedding, the other attention, norms,
 * projections and all else stay in float32 by the BLAS. */
typedef enum { CLIP_PRODUCTS_BLAS, CLIP_PRODUCTS_BF16, CLIP_PRODUCTS_STRASSEN } clip_products_t;
/* From now on it is `kind`, forward and backward, on so many threads at a time; a model is asked once. ST_EFORMAT, as
 * clip_products_check alone says: program or processor have no such products. ST_EIO: they are wrong here, or a row's bits hang
 * on its place. Before any workspace of the model. */
status_t clip_products_check(clip_products_t kind);
status_t clip_model_products(clip_model_t *model, clip_products_t kind, int threads);
/* Whether weights are packed where that helps: Strassen's scheme wants shared memory of the host for it, a quarter at most of what
 * the process may have, and is slower without, with the same bits. */
bool clip_model_packed(const clip_model_t *model);
/* That a process then has beside the weights: packed ones, or copies at hand; and what the processes of a host have together. */
size_t clip_products_bytes(const clip_config_t *config, clip_products_t kind, int threads);
size_t clip_products_shared_bytes(const clip_config_t *config, clip_products_t kind);

/* For provenance: "OpenBLAS 0.3.21, core Cooperlake, 1 thread", with "and oneDNN 2.6.3 AVX512_BF16" behind the core. */
const char *clip_backend(clip_products_t kind);
/* How many threads of this process may compute at a time, each product on one of them: a program calls it once,
 * before the first forward (1 a rank is usual). ST_ENOMEM: the address space has no room for their buffers. */
status_t clip_set_threads(int threads);

/* ---- Preprocessing, METHOD.md 1 ------------------------------------------------------------------------------------ */
/* RGB image to normalised planes: out (3, S, S), S = image_size; with the mean and std that the model wants. */
status_t clip_preprocess(float *out, const io_image_t *image, const clip_config_t *config);

/* ---- Image tower, METHOD.md 2, method/README.md 0 ----------------------------------------------------------------------
 * A tap "N.attn" is block N's state after its attention residual, "N.mlp" after the block; N counts from 0 as
 * in the weight names (resblocks.N), and is "last" for the last block, or a share of the depth: "1/4" of 12 blocks is
 * block 2, the last of the first quarter, "4/4" the last of all. */
typedef struct {
    int block;      /* 0-based index of the block */
    bool after_mlp; /* false: before the block's MLP */
} clip_tap_t;
/* "3.attn" -> tap. ST_EFORMAT says what form is expected, or which blocks the tower has. */
status_t clip_tap_parse(clip_tap_t *out, const char *text, const clip_config_t *config);

/* One array of an image. Its text names it in options, files and messages; each is normalised row by row unless the
 * text ends in "-raw":
 *   cls                 (1, E)  class token: ln_post(ori[0]) proj
 *   tokens              (T, E)  patch tokens of the V-V stream: ln_post(vv) proj
 *   final               (T, E)  patch tokens of CLIP's own stream: ln_post(ori) proj
 *   3.attn, last.mlp    (T, W)  patch tokens of CLIP's own stream at a tap
 *   mean(6.mlp..8.mlp)  (T, W)  mean of the raw taps of blocks 6 to 8
 *   windows2            (n, E)  class tokens of all square windows of 2 tokens a side, n = (grid-1)^2 from the top left row
 *                               by row: the tower run on the window's patches alone, with their own positions
 *   turned8(final)      (8 n, E) any of these for the image turned by 0, 45, .. 315 degrees (io_rotate), view below view:
 *                               whoever encodes turns the image, the tower knows nothing of it
 *   turned8s7(final)    the same for 8 angles that seed 7 draws; turned8s(final): the seed is still to be said
 * A DINOv2 has no tokens and no windows; its cls and final are layernorm(x). */
typedef enum {
    CLIP_FEATURE_CLS,
    CLIP_FEATURE_TOKENS,
    CLIP_FEATURE_FINAL,
    CLIP_FEATURE_TAP,
    CLIP_FEATURE_WINDOWS
} clip_feature_kind_t;
typedef struct {
    clip_feature_kind_t kind;
    bool raw;
    clip_tap_t from, to; /* of a tap; from == to unless it is a mean over blocks */
    int side;            /* of windows, 1 .. grid */
    int turns;           /* views of the image; 0: it stands as it is */
    bool drawn;          /* of turned views: at drawn angles, else evenly through 360 degrees */
    int64_t seed;        /* that draws them; -1: it is still to be said */
} clip_feature_t;
#define CLIP_FEATURE_TEXT 64
#define CLIP_TURNS 360 /* most views of an image */
/* ST_EFORMAT: not one of these forms, or a block, a window that the tower does not have. */
status_t clip_feature_parse(clip_feature_t *out, const char *text, const clip_config_t *config);
/* The text of a feature, "last" resolved: equal features have equal texts. */
void clip_feature_text(char out[CLIP_FEATURE_TEXT], const clip_feature_t *feature);
int clip_feature_rows(const clip_feature_t *feature, const clip_config_t *config);
int clip_feature_width(const clip_feature_t *feature, const clip_config_t *config);

typedef struct clip_vision clip_vision_t; /* workspace of the image tower */
/* taps: of clip_vision_forward, NULL when it is not called. */
status_t clip_vision_open(clip_vision_t **out, const clip_model_t *model, const clip_tap_t taps[2]);
void clip_vision_close(clip_vision_t *vision);
size_t clip_vision_bytes(const clip_config_t *config); /* of the workspace, before opening it */
/* `count` features of one image in one pass, out[i] (rows, width) of feature i; pixels (3, S, S) normalised. The bits of
 * a feature depend on the feature, the image and the model, never on what else is asked for. ST_EFORMAT: a result is not
 * finite. */
status_t clip_vision_encode(float *const *out, clip_vision_t *vision, const clip_feature_t *features, int count,
                            const float *pixels);
/* The same of clip_vision_batch() images at once, or of one: out (images, count), pixels (images). A batch has
 * CLIP_BATCH images where this machine's BLAS gives a row the same bits at every place of it, which clip_vision_open
 * tries, and 1 elsewhere: no bit depends on an image's company either. */
enum { CLIP_BATCH = 4 };
int clip_vision_batch(const clip_vision_t *vision);
status_t clip_vision_encode_batch(float *const *out, clip_vision_t *vision, const clip_feature_t *features, int count,
                                  const float *const *pixels, int images);

typedef struct {
    float *cls;     /* (E) normalised */
    float *tokens;  /* (T, E) rows normalised, V-V stream */
    float *memory1; /* (T, W) rows normalised, first tap */
    float *memory2; /* (T, W) second tap */
} clip_features_t;  /* any pointer may be NULL: not wanted, and not computed where that saves work */
/* clip_vision_encode of what FineGrainedAD reads. */
status_t clip_vision_forward(clip_features_t *out, clip_vision_t *vision, const float *pixels);

/* ---- Text tower, METHOD.md 3 ---------------------------------------------------------------------------------------
 * A prompt is its ids from SOT to EOT, at most `context` of them. The row of the first EOT is its feature, as in
 * open_clip: what stands after it cannot reach that row, is not passed, and is not read where a text itself writes
 * <end_of_text>. An id >= 0 is a token of the vocabulary; CLIP_SLOT(k) stands for row k of a table of learnable
 * input embeddings (S, D) that the caller owns and changes between calls. All prompts of a batch go through the
 * tower together. Prompts that begin with the same ids share the rows of that beginning: attention is causal, so
 * those rows are equal, and they are computed once, forward and backward. In the last block the EOT rows alone are
 * computed. */
#define CLIP_SLOT(k) (-1 - (k))
typedef struct {
    const int *ids; /* (length) not owned; copied by clip_text_open */
    int length;
} clip_prompt_t;

/* Bytes that the gradient may keep of a batch's activations when the caller has no better idea. */
#define CLIP_TEXT_BUDGET ((size_t)768 << 20)

typedef struct {
    int prompts;
    int64_t tokens;  /* sum of the prompts' lengths */
    int64_t rows;    /* rows computed: less than tokens by what beginnings share */
    int kept_layers; /* layers whose activations are kept for the backward; the others are recomputed there */
    size_t bytes;    /* of the whole workspace */
} clip_text_plan_t;
/* What clip_text_open would take. With `gradient`, activations of as many layers as fit into `budget` bytes are kept,
 * at least those of one; recomputing changes no bit, and costs at most half as much time again. */
status_t clip_text_plan(clip_text_plan_t *out, const clip_config_t *config, const clip_prompt_t *prompts, int n,
                        bool gradient, size_t budget);

typedef struct clip_text clip_text_t; /* a batch of prompts and its workspace */
/* slots: S, rows of the table that ids may name. ST_EFORMAT: an id outside the vocabulary or the table, a prompt longer
 * than the context or empty. `model` must outlive it. */
status_t clip_text_open(clip_text_t **out, const clip_model_t *model, const clip_prompt_t *prompts, int n, int slots,
                        bool gradient, size_t budget);
void clip_text_close(clip_text_t *text);
/* From now on the pool's threads share its rows and prompts, which changes no bit. The pool must outlive it. */
void clip_text_share(clip_text_t *text, base_pool_t *pool);
/* f (n, E) = the EOT rows after ln_final and text_projection, not normalised. slots (S, D), NULL when S is 0.
 * ST_EFORMAT when a feature is not finite. The bits depend on the prompts of the batch and their order only. */
status_t clip_text_forward(float *f, clip_text_t *text, const float *slots);
/* dslots (S, D) += the gradient of sum(df * f) with respect to the slots of the last forward; df (n, E). */
void clip_text_backward(float *dslots, clip_text_t *text, const float *df);
/* out (L, D): token embeddings of ids, e.g. the start value of learnable vectors taken from words. */
status_t clip_text_embed(float *out, const clip_model_t *model, const int *ids, int L);

#endif
