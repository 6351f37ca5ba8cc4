/* Inside clip: the opened model's weights, in the order in which the towers use them, and what tests may watch. */
#ifndef FGAD_CLIP_INTERNAL_H
#define FGAD_CLIP_INTERNAL_H

#include "clip/clip.h"
#include "io/io.h"
#include "ops/ops.h"

#define CLIP_CONFIG_FILE "open_clip_config.json"
#define CLIP_WEIGHTS_FILE "open_clip_model.safetensors"

/* clip_config_keys.c: every member of `object` (NULL: none) is a key of open_clip's that is read, or that changes nothing
 * here, or whose value is the one computed here. ST_EFORMAT names the first that is not. */
typedef enum { CLIP_MODEL, CLIP_VISION, CLIP_TEXT, CLIP_PREPROCESS } clip_section_t;
status_t clip_config_check_keys(io_json_node_t object, clip_section_t section, const char *path);

/* One residual block; W is the tower's width, F its hidden width. All borrowed from the mapping or the converted block. */
typedef struct {
    const float *ln1_gain, *ln1_bias;   /* (W) */
    const float *in_weight, *in_bias;   /* (3W,W), (3W): rows of q, then k, then v */
    const float *out_weight, *out_bias; /* (W,W), (W) */
    const float *ln2_gain, *ln2_bias;
    const float *fc_weight, *fc_bias;     /* (F,W), (F); twice as many rows with SwiGLU */
    const float *proj_weight, *proj_bias; /* (W,F), (W) */
    const float *scale1, *scale2;         /* (W) LayerScale of both branches; NULL: none */
} clip_block_t;

typedef struct {
    const float *conv, *conv_bias;    /* (W, 3*P*P), (W); NULL: no bias */
    const float *class_row;           /* (W) */
    const float *register_rows;       /* (registers, W); NULL: none */
    const float *position;            /* (T+1, W): of the class token and the patches */
    const float *pre_gain, *pre_bias; /* NULL: no layer norm before the first block */
    const float *post_gain, *post_bias;
    const float *proj; /* (W,E); NULL: none, E = W */
    clip_block_t *block;
} clip_vision_weights_t;

typedef struct {
    const float *token;    /* (vocab, D) */
    const float *position; /* (context, D) */
    const float *final_gain, *final_bias;
    const float *proj; /* (D,E) */
    clip_block_t *block;
} clip_text_weights_t;

struct clip_model {
    clip_config_t config;
    char *dir;
    io_safetensors_t *file;
    arena_t arena;     /* block tables, and tensors that had to be converted to f32 */
    int64_t converted; /* floats in the arena rather than in the mapping */
    clip_vision_weights_t vision;
    clip_text_weights_t text;
    ops_frozen_t *products;    /* with the weights of both towers' blocks; NULL: by the BLAS */
    bool pairs;                /* two neighbouring rows of them hang on each other */
    io_shared_t *room;         /* for what they pack; NULL: nothing, or there was none */
    bool copies;               /* they would pack, and have no room */
    char mark[CLIP_MARK_SIZE]; /* of the files it was opened from; "": they may be others by now */
    float logit_scale;
    int64_t vision_parameters, text_parameters;
};

/* clip_files.c: path of the folder's configuration (caller frees). ST_ENOTFOUND says what the folder is instead. */
status_t clip_files_config(char **out, const char *dir);

/* clip_hints.c: " (hint: ...)" or "" about a tensor that is missing, or that has other rows than wanted. */
#define CLIP_HINT_SIZE 256
void clip_hint_missing(char out[CLIP_HINT_SIZE], const io_safetensors_t *file, const char *name);
void clip_hint_shape(char out[CLIP_HINT_SIZE], const io_tensor_t *found, int64_t rows);
/* ST_EFORMAT names the first tensor that is neither used (used[i], in the file's order) nor known to change nothing. */
status_t clip_check_leftover(const io_safetensors_t *file, const bool *used, const clip_config_t *config,
                             const char *path);

/* ---- Weights (clip_loader.c, clip_weights.c, clip_dino.c) ----
 * The list of tensors is walked twice: first every name and shape is checked and the floats that need conversion are
 * counted, then the values are taken (from the mapping where they are aligned f32) and checked for finiteness. */
typedef struct {
    io_safetensors_t *file;
    const char *path;
    const char *text_prefix; /* "" or "text." (open_clip's CustomTextCLIP) */
    bool taking;
    bool finite;      /* known to be: values in the mapping are not read */
    float *converted; /* next free float of the conversion block */
    int64_t needed;   /* floats to convert, counted by the first walk */
    int64_t *parameters;
    bool *used; /* (count of the file) tensors asked for */
} clip_loader_t;
/* The tensor prefix + name of up to four dimensions: a zero ends the shape. */
status_t clip_loader_take(const float **out, clip_loader_t *loader, const char *prefix, const char *name, int64_t d0,
                          int64_t d1, int64_t d2, int64_t d3);
/* Three tensors of one shape, "%s" of the name standing for query, key and value, one behind the other. */
status_t clip_loader_join(const float **out, clip_loader_t *loader, const char *prefix, const char *name, int64_t d0,
                          int64_t d1);
/* clip_weights.c: opens the folder's weights, checks every tensor (finite: all values are known to be) and points the model
 * at them. */
status_t clip_weights_load(clip_model_t *model, bool finite);
/* clip_dino.c: the configuration of a DINOv2, and one walk over its tensors. */
bool clip_dino_is(io_json_node_t root);
status_t clip_dino_config(clip_config_t *out, io_json_node_t root, const char *path);
status_t clip_dino_walk(clip_model_t *model, clip_loader_t *loader);
/* clip_position.c: out (1 + side^2, W) = the table (1 + stored^2, W) of other positions; weights (side, stored): scratch. */
void clip_position_resize(float *out, int side, const float *table, int stored, int W, bool antialias, double *weights);

/* ---- Image tower (clip_vision.c, and _attend, _block, _places, _save, _windows) ----------------------------------------- */
/* Called after embedding (block -1) and after every block with the streams that exist then: ori (T+1, W) is whole up to
 * the last block, where only row 0 need be; vv is NULL when tokens are not wanted. Of a batch the first image's. For tests. */
typedef void clip_vision_watch_t(void *context, int block, const float *ori, const float *vv);
void clip_vision_watch(clip_vision_t *vision, clip_vision_watch_t *watch, void *context);

/* Rows before the patches' tokens: the class token, then the registers. */
static inline int clip_vision_first(const clip_config_t *config)
{
    return 1 + config->registers;
}

/* Rows of an image's own: class token, registers, patches. */
static inline int clip_vision_count(const clip_config_t *config)
{
    return config->grid * config->grid + clip_vision_first(config);
}

/* The workspace, for a batch of B images of R rows each: an image's own, then those that pad it. W width, F hidden width of
 * the MLP, T patches. */
struct clip_vision {
    const clip_model_t *model; /* not owned */
    clip_tap_t taps[2];
    int most;   /* B */
    int rows;   /* R */
    int images; /* of the batch at hand: 1 or B */
    arena_t arena;
    float *patches; /* (T, 3*P*P), rows in the order of conv1's weights */
    float *start;   /* (B, R, W) what the first block gets; rows that pad are 0 */
    float *ori;     /* (B, R, W) CLIP's own stream */
    float *vv;      /* (B, R, W) the V-V stream */
    float *cls;     /* (B, W) the class tokens in the last block */
    float *y;       /* (B, R, W) a normalised copy */
    float *qkv;     /* (B, R, 3W) */
    float *mix;     /* (2, B, R, W) attention's output, of both streams; rows that pad stay finite */
    float *hidden;  /* (B, R, F), with SwiGLU (B, R, 3F): the gate's result behind its halves */
    float *branch;  /* (B, R, W) a branch before its LayerScale; NULL: there is none */
    float *probs;   /* of one image and head */
    clip_vision_watch_t *watch;
    void *watch_context;
};

/* An image's rows in an array (B, R, W). */
static inline float *clip_vision_image(const clip_vision_t *vision, float *array, int image)
{
    return array + (size_t)image * (size_t)vision->rows * (size_t)vision->model->config.width;
}

static inline int clip_larger(int a, int b)
{
    return a > b ? a : b;
}

/* How many images a batch has, CLIP_BATCH or 1, and rows an image, at most CLIP_MORE_ROWS more than its own. */
enum { CLIP_MORE_ROWS = 16 };
status_t clip_vision_choose(int *images, int *rows, const clip_model_t *model);
/* start, ori and vv of all images. */
void clip_vision_embed(clip_vision_t *vision, const float *const *pixels);
/* ori += out_proj(A(q,k,v)) and, when asked for, vv += out_proj(A(v,v,v)); y = ln_1(ori). */
void clip_vision_attend_all(clip_vision_t *vision, const clip_block_t *block, bool vv);
/* Of the last block what the class token and the V-V stream need: v of all rows, k too and q of the class token
 * alone. The class token goes on in vision->cls, so that a tap of the same block changes no bit of it. */
void clip_vision_attend_last(clip_vision_t *vision, const clip_block_t *block, bool cls, bool tokens);
/* out: (images, n). Taps at this place, and after the last block the heads. ST_EFORMAT: something is not finite. */
void clip_vision_save_taps(float *const *out, const clip_feature_t *features, int n, const clip_vision_t *vision,
                           int block, bool after_mlp);
status_t clip_vision_save_heads(float *const *out, const clip_feature_t *features, int n, clip_vision_t *vision);
/* y (rows, W) = layer norm of x, with the image tower's eps. */
void clip_vision_norm(clip_vision_t *vision, float *y, const float *x, const float *gain, const float *bias, int rows);
/* x (rows, W) += scale (h w^T + b), h (rows, K): how every branch of a block ends. scale may be NULL. */
void clip_vision_add(clip_vision_t *vision, float *x, const float *h, const float *w, const float *b,
                     const float *scale, int rows, int K);
/* x (rows, W) += mlp(ln_2(x)). */
void clip_vision_mlp(clip_vision_t *vision, float *x, const clip_block_t *block, int rows);
/* What all attentions of the image tower have in common; the caller sets ldq, ldk, ldv. */
ops_attention_t clip_vision_attention(const clip_config_t *config, int queries, int keys);
/* out (rows, E) = ln_post(x) proj, rows normalised when `unit`. x is not out. */
void clip_vision_project(float *out, clip_vision_t *vision, const float *x, int rows, bool unit);
/* out ((grid-side+1)^2, E) of an image's `start`; overwrites the streams. */
void clip_vision_windows(float *out, clip_vision_t *vision, const float *start, int side, bool unit);

/* ---- Text tower (clip_text_batch.c, clip_text_forward.c, clip_text_backward.c) ---------------------------------------- */
/* Letters: n prompts, M rows, D width, F hidden width, H heads, L a prompt's length. A prompt's rows are a path: the
 * first `shared` belong to an earlier prompt, the others are its own and stand together. */
typedef struct {
    int length, shared;
    int first;         /* its first own row; it has length - shared of them */
    int given;         /* where its `shared` rows stand in dshared */
    const int *path;   /* (length) rows */
    size_t probs;      /* where its (H, own, L) stands in a layer's probs */
    size_t last_probs; /* where its (H, 1, L) stands in the last layer's */
} clip_text_prompt_t;

/* What a layer leaves for its backward. Without gradient only qkv and mid are there. */
typedef struct {
    float *qkv;                           /* (M,3D) */
    float *probs;                         /* of all prompts */
    float *mid;                           /* (M,D) after the attention */
    float *slope;                         /* (M,F) of the activation */
    float *mean1, *rstd1, *mean2, *rstd2; /* (M) */
} clip_text_layer_t;

/* The last layer: keys and values of all rows, everything else of the EOT rows. */
typedef struct {
    float *kv;                            /* (M,2D) */
    float *q;                             /* (n,D) */
    float *probs;                         /* of all prompts */
    float *mid, *out;                     /* (n,D) */
    float *slope;                         /* (n,F) */
    float *mean1, *rstd1;                 /* (M) */
    float *mean2, *rstd2, *mean3, *rstd3; /* (n); 3: ln_final */
} clip_text_last_t;

typedef void clip_text_watch_t(void *context, int layer, const float *x, int rows);

struct clip_text {
    const clip_model_t *model; /* not owned */
    arena_t arena;
    int n, rows, longest, slots;
    int room; /* rows of the scratch below: M, or n where prompts are repeated so often that it is larger */
    int64_t tokens;
    bool gradient;
    clip_text_prompt_t *prompt; /* (n) */
    int *id, *position;         /* (M) */
    int *order;                 /* (M) scratch of clip_text_learnable */
    bool entered; /* layer 0 holds keys and values of the vocabulary's rows, which no later forward changes */
    size_t probs, last_probs; /* floats of all prompts' probabilities, in a layer and in the last */
    int holds;                /* which layer's activations layer[kept] holds now */
    int kept;                 /* layers with activations of their own; the others share layer[kept] */
    clip_text_layer_t *layer; /* (kept + 1, or as many as there are full layers) */
    clip_text_last_t last;
    float **input;     /* (layers) of (M,D): what each layer starts from; one buffer for all without gradient */
    float *y, *mix;    /* (room,D) */
    float *hidden;     /* (room,F) */
    float *path_kv;    /* (SHARES, longest, 2D) */
    float *path_probs; /* (SHARES, longest, longest), without gradient */
    float *dx;         /* (room,D) */
    float *dqkv;       /* (room,3D) */
    float *dpath_kv;   /* (SHARES, longest, 2D) */
    float *dprobs;     /* (SHARES, 2, longest, longest) */
    float *dshared;    /* (tokens - rows, 2D): what each prompt gives to rows of earlier ones */
    base_pool_t *pool; /* not owned; NULL: one thread */
    clip_text_watch_t *watch;
    void *watch_context;
};

/* For tests: called with every full layer's output (M,D), and with the last layer's (n,D). */
void clip_text_watch(clip_text_t *text, clip_text_watch_t *watch, void *context);
/* The row of prompt p's position i, for tests. */
int clip_text_row(const clip_text_t *text, int p, int i);

/* The activations slot of a full layer. */
clip_text_layer_t *clip_text_layer(const clip_text_t *text, int layer);
/* Fills the slot of `layer` from input x; out (M,D), when not NULL, gets the layer's output. */
void clip_text_run_layer(float *out, clip_text_t *text, const float *x, int layer);

/* clip_text_share.c: what threads share. A row's bits may depend on how many stand in its product, so the shares of rows
 * depend on their number alone, but where products are by pairs of rows: there long shares save copies of weights. `same`: they
 * are those of any number of threads, for what depends on who shares. An attention is a prompt's own, and `share` says which
 * scratch it uses. */
enum { CLIP_TEXT_SHARES = 16 };
typedef void clip_text_rows_t(const void *context, int first, int count);
void clip_text_by_rows(const clip_text_t *text, int rows, clip_text_rows_t *run, const void *context, bool same);
/* Whether learnable rows are computed apart in layer 0: `hidden` has room for their keys and values. */
static inline bool clip_text_apart(const clip_text_t *text)
{
    return 3 * text->model->config.text_width <= text->model->config.text_mlp;
}
/* Into `order`: of the share's rows those whose input is learnable, *learnable of them, then as many others as a
 * product of some size wants. Returns how many there are in all; 0: none is learnable. */
int clip_text_learnable(int *learnable, const clip_text_t *text, int first, int count);
typedef void clip_text_prompts_t(const void *context, int first, int count, int share);
void clip_text_by_prompts(const clip_text_t *text, clip_text_prompts_t *run, const void *context);
/* k of a prompt's path (its v stands D floats further), gathered into the share's path_kv when rows are shared. rows: k and v
 * of all rows, ld floats apart. *ldk is the distance of the result's rows. */
const float *clip_text_gather(int *ldk, const clip_text_t *text, const clip_text_prompt_t *prompt, const float *rows,
                              int ld, int share);
ops_attention_t clip_text_attention(const clip_text_t *text, const clip_text_prompt_t *prompt);

#endif
