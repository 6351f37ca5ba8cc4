/* align: the learning part of the method: language-guided region aggregation (MLSA, METHOD.md 6), the four losses with
 * their gradients (7), SGD with a cosine schedule, the training of a head, the query former (8). Plain arrays in and
 * out, so that a caller can store, checkpoint and replay everything. It reads no file, writes none, and scores no test
 * image. Depends on base, ops, clip (text tower) and prompts. Features z, anchors p are rows of E floats, normalised;
 * prompt features f are not. Everything is a pure function of its inputs: no thread, rank or clock enters. */
#ifndef FGAD_ALIGN_H
#define FGAD_ALIGN_H

#include "base/base.h"
#include "clip/clip.h"
#include "prompts/prompts.h"

/* ---- Region aggregation, METHOD.md 6 ------------------------------------------------------------------------------- */
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
 * all. ST_ENOMEM. Scratch from `arena` (given back on return): some (2 dims + 10) * N doubles, never N * N. */
status_t align_regions(uint8_t *labels, const float *z, int N, int E, const float *anchors, int C, bool background,
                       const align_aggregation_t *how, arena_t *arena);

/* Token weights w (h,w) of one group: 1 + gamma * share of the group's region in token i's scale x scale cell of labels
 * (scale h, scale w). `component` counts for PROMPTS_COMPONENT only; PROMPTS_IMAGE gives 1 everywhere. */
void align_weights(float *weights, const uint8_t *labels, int h, int w, int scale, int C, prompts_level_t level,
                   int component, double gamma);

/* ---- Losses, METHOD.md 7 ------------------------------------------------------------------------------------------- */
/* A group's prompts are rows first .. first + normal + ahp + alp - 1 of f: NHP, then AHP, then ALP, copies included.
 * normal > 0 and ahp + alp > 0. */
typedef struct {
    prompts_level_t level;
    int component; /* of PROMPTS_COMPONENT */
    int first, normal, ahp, alp;
} align_group_t;

typedef enum {
    ALIGN_TERM_TOTAL,
    ALIGN_TERM_CLIP,
    ALIGN_TERM_TRIP,
    ALIGN_TERM_MEAN,
    ALIGN_TERM_REG,
    ALIGN_TERMS
} align_term_t;
extern const char *const align_term_names[]; /* "total", "clip", "trip", "mean", "reg", NULL */
/* Which distances l_trip compares, method/README.md 1. The published code's are SQUARED for the image head and CHANNELS for
 * the pixel head. */
typedef enum {
    ALIGN_TRIPLET_EUCLID,   /* per token: ||z' - p_n|| - ||z' - p_a|| + epsilon */
    ALIGN_TRIPLET_SQUARED,  /* per token: the squares of both */
    ALIGN_TRIPLET_CHANNELS, /* per image and channel: sums over the image's tokens of (z' - p_n)^2 and (z' - p_a)^2 */
} align_triplet_t;
typedef struct {
    bool use[ALIGN_TERMS]; /* by term; TOTAL's is not read */
    align_triplet_t triplet;
    double epsilon, lambda_mean, lambda_reg, logit_scale;
    bool plain_sum; /* l_reg subtracts sum_c u_c as it is, as printed, not of length 1 (METHOD.md 12.17) */
} align_losses_t;

/* What is learned from: tokens of all K images. */
typedef struct {
    const float *z;       /* (N,E), rows normalised: K * T patch tokens, or K class tokens; not owned */
    const float *weights; /* (G,N) w_gi; NULL: 1 everywhere. not owned */
    int N, E;
    int images; /* K, image after image, N / K tokens each: read by ALIGN_TRIPLET_CHANNELS alone */
} align_tokens_t;

/* Anchors p_n, p_a (G,E) of prompt features f (P,E). */
void align_anchors(float *normal, float *abnormal, const float *f, const align_group_t *groups, int G, int E);

/* terms: sums over the groups of l_clip, l_trip, l_mean as METHOD.md prints them (l_mean without its weight), l_reg with
 * its own, and total = clip + trip + lambda_mean mean + reg. A term that is off, or that cannot be, is 0: l_mean of a
 * group without AHP or without ALP; l_reg unless there is a background and the image and every component have ALP.
 * df (P,E), overwritten: d total / d f; NULL: terms alone. P is the number of rows the groups cover, from row 0.
 * Kinks, where the derivative is the one of a side: a hinge of l_trip at 0, any distance at 0 (derivative 0).
 * Products run in float32, everything else in double. ST_ENOMEM; scratch from `arena`, given back. */
status_t align_loss(double terms[ALIGN_TERMS], float *df, const float *f, const align_group_t *groups, int G,
                    const align_tokens_t *tokens, const align_losses_t *losses, arena_t *arena);

/* ---- Optimisers ---------------------------------------------------------------------------------------------------- */
/* PyTorch's SGD: v = mu v + (g + decay w); w -= rate v. All (n); v starts from zeros. */
void align_sgd(float *w, float *v, const float *g, int64_t n, double rate, double mu, double decay);
/* Cosine annealing: the rate of `epoch` (from 0) of `epochs`, from `start` to `end`. */
double align_cosine(double start, double end, int epoch, int epochs);

/* ---- A head, METHOD.md 7 -------------------------------------------------------------------------------------------
 * The learning of one head (pixel or image) as single epochs. Between two epochs its whole state is params, momentum
 * and epoch: written into a freshly opened head, learning goes on to the same bits. All prompts of all groups go
 * through the text tower as one batch. */
typedef struct {
    int epochs;             /* 100 for the pixel head, 50 for the image head; the schedule's length */
    double rate, rate_end;  /* 2e-3 to 1e-5 */
    double momentum, decay; /* 0.9, 5e-4 */
    align_losses_t losses;
    bool unit_anchors; /* anchors are means of features of length 1; METHOD.md 5: of features as they are */
    size_t budget;     /* bytes of activations to keep for the gradient: see clip_text_plan; no bit depends on it */
    base_pool_t *pool; /* whose threads share an epoch, NULL: none; must outlive the head; no bit depends on it */
} align_training_t;
/* METHOD.md's values for prompts_key_t.head "pixel" or "image"; logit_scale `raw`: the model's stored parameter. */
align_training_t align_training_default(const char *head, const clip_model_t *model);

typedef struct {
    const prompts_set_t *set; /* not owned */
    align_training_t training;
    int E, G;
    align_group_t groups[PROMPTS_MAX_GROUPS]; /* group g of set; rows in the order of the prompts, group by group */
    int64_t count;                            /* floats of the block: set->parameter_count, 0 without learning */
    float *initial, *params, *momentum;       /* (count) each, NULL when count is 0. owned */
    int epoch;                                /* epochs done */
    double *trace; /* (epochs, align_trace_columns), a row an epoch, where not NULL; no bit depends on it. not owned */
    struct align_work *work; /* the text batch and scratch. owned */
} align_head_t;
/* Draws the initial parameters. With set->options.learn false the head has no parameters and can only give anchors.
 * model and set must outlive it. Needs align_head_free in every case. */
status_t align_head_init(align_head_t *out, const clip_model_t *model, const prompts_set_t *set,
                         const align_training_t *training);
void align_head_free(align_head_t *head);
/* Bytes a head will take, and how its batch is computed (plan may be NULL): without opening it. */
status_t align_head_plan(size_t *bytes, clip_text_plan_t *plan, const clip_config_t *config, const prompts_set_t *set,
                         size_t budget);
/* Anchors (G,E) of the parameters as they are: before the first epoch those of the region aggregation, after the last
 * one the head's result, between for track_epochs. Changes nothing. ST_EFORMAT when a feature is not finite. */
status_t align_head_anchors(float *normal, float *abnormal, align_head_t *head);
/* One full-batch epoch: features, losses at the current parameters into terms, gradient, step, epoch + 1. On an error
 * parameters, momentum and epoch stay as they were (terms may not). ST_EFORMAT when features or losses are not finite (the
 * learning rate is too high), or when there is no parameter. */
status_t align_head_epoch(double terms[ALIGN_TERMS], align_head_t *head, const align_tokens_t *tokens);

/* What an epoch leaves in head->trace, at the parameters that it starts from: of every group the share of hinges of l_trip
 * that were open ("open/GROUP") and p_n . p_a ("cosine/GROUP"); of every term |d term / d f|, weighted as in the total
 * ("by loss/clip"); of every array of parameters the norm of its gradient ("by block/V"). 0 columns where nothing is
 * learned. Where all hinges are open, a larger epsilon gives the same gradient, to the bit. */
enum { ALIGN_TRACE_NAME = 256 };
int align_trace_columns(const align_head_t *head);
void align_trace_name(char out[ALIGN_TRACE_NAME], const align_head_t *head, int column);

/* anchors (C+1,E) or (C,E) as align_regions wants them, from p_n (G,E) of a head; *background: there is one. */
void align_region_anchors(float *anchors, bool *background, const float *normal, const prompts_set_t *set, int E);
/* weights (G, K*h*w) as align_tokens_t wants them, of K images' labels (K, scale h, scale w). */
void align_group_weights(float *weights, const prompts_set_t *set, const uint8_t *labels, int K, int h, int w,
                         int scale, double gamma);

/* ---- Query former, METHOD.md 8 ------------------------------------------------------------------------------------- */
/* One flat block of parameters with a table, named as torch.nn.MultiheadAttention names them. */
typedef struct {
    const char *name;
    int64_t offset;    /* floats from the start of the block */
    int rows, columns; /* rows 1: a vector */
} align_block_t;
enum { ALIGN_QUERY_BLOCKS = 11 };
/* Fills the table; returns the floats of the whole block. */
int64_t align_query_table(align_block_t table[ALIGN_QUERY_BLOCKS], int G, int E);
int align_query_heads(int E); /* 8, or the largest divisor of E below */
/* Queries N(0,1); in_proj Xavier-uniform, out_proj and proj uniform in 1/sqrt(inputs), proj's bias too, other biases 0:
 * PyTorch's own starts, drawn from `rng` in the order of the table. */
void align_query_init(float *params, int G, int E, rng_t *rng);
/* q (G,E), rows normalised, and *loss = l_qf, which may be NULL. */
status_t align_query_forward(float *q, double *loss, const float *params, const float *normal, const float *abnormal,
                             int G, int E, arena_t *arena);
typedef struct {
    int steps; /* 300, and on as long as the loss is not at its floor, up to */
    int max_steps;
    double rate, beta1, beta2, epsilon; /* Adam: 3e-3, 0.9, 0.999, 1e-8 */
} align_adam_t;
extern const align_adam_t align_query_adam;
/* Trains params in place on constant anchors (G,E). *steps: how many were taken, losses (max_steps + 1): l_qf before
 * each of them and after the last. METHOD.md's 300 steps reach the floor where anchors lie apart; where they lie close
 * (cosine above 0.8 or so) queries stay for a while at their common mean, which matches every token to one group. So
 * steps go on until the loss is within 1e-3 of the floor and within a hundredth of the gap between floor and common
 * mean; a warning tells when max_steps did not do. */
status_t align_query_train(float *params, double *losses, int *steps, const float *normal, const float *abnormal, int G,
                           int E, const align_adam_t *adam, arena_t *arena);
/* keys (G,E): the queries at that minimum, normalise(p_n + p_a); zeros where p_a = -p_n. */
void align_query_bisector(float *keys, const float *normal, const float *abnormal, int G, int E);
/* The least l_qf there can be: mean over g of 2 - |p_n + p_a|, at q = normalise(p_n + p_a). */
double align_query_floor(const float *normal, const float *abnormal, int G, int E);
/* How far above its floor l_qf is when all queries are the same, at best: 0 when all groups' anchors are. */
double align_query_gap(const float *normal, const float *abnormal, int G, int E);

#endif
