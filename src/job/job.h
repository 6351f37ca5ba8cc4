/* job: what is to be done: the job file, its options, the points of its grid, and where its files lie. One table of
 * options serves the file, -s key=value, --help, plan and the HDF5 attributes. It reads no image and opens no model.
 * Depends on base, io and data. Errors are one line that names file and line, or "-s". No function is collective. */
#ifndef FGAD_JOB_H
#define FGAD_JOB_H

#include "base/base.h"
#include "data/data.h"
#include "io/io.h"

/* ---- Options -------------------------------------------------------------------------------------------------------
 * What a job file may say; the `tag` of an option is the stage from which on a result depends on it. */
typedef enum {
    JOB_STAGE_NONE,     /* where files lie, how to run: no result depends on it */
    JOB_STAGE_FEATURES, /* model and what is kept of it */
    JOB_STAGE_REGIONS,  /* aggregation of training tokens */
    JOB_STAGE_PROMPTS,  /* prompts and their learning */
    JOB_STAGE_MAPS,     /* inference from learned prompts */
    JOB_STAGE_METRICS,  /* from maps to numbers */
} job_stage_t;

enum { JOB_DRAW_SEED, JOB_DRAW_PUBLISHED, JOB_DRAW_FILE };
enum { JOB_FEATURES_F32, JOB_FEATURES_F16 };
enum { JOB_PRECISION_F32, JOB_PRECISION_BF16, JOB_PRECISION_STRASSEN };
enum { JOB_METRIC_SIZE_R, JOB_METRIC_SIZE_NATIVE };
enum { JOB_MASK_NEAREST, JOB_MASK_BILINEAR, JOB_MASK_WHOLE };
enum { JOB_AUPRO_EXACT8, JOB_AUPRO_STEPS200, JOB_AUPRO_STEPS200UP };
enum { JOB_SWEEP_PRODUCT, JOB_SWEEP_ONE_AT_A_TIME, JOB_SWEEP_LIST };
enum { JOB_CENTERS_LANGUAGE, JOB_CENTERS_DENSITY };
enum { JOB_REFERENCE_SIMILARITY, JOB_REFERENCE_FEATURE };
enum { JOB_REWEIGHT_MEAN1, JOB_REWEIGHT_LITERAL, JOB_REWEIGHT_OFF };
enum { JOB_IMAGE_MAP_FUSED, JOB_IMAGE_MAP_VAD };
enum { JOB_IMAGE_MAX_GRID, JOB_IMAGE_MAX_RESIZED };
enum { JOB_FUSION_HARMONIC, JOB_FUSION_ARITHMETIC, JOB_FUSION_GEOMETRIC, JOB_FUSION_STANDARD };
enum { JOB_IMAGE_FUSION_HARMONIC, JOB_IMAGE_FUSION_ARITHMETIC, JOB_IMAGE_FUSION_BEST };
enum { JOB_TRIPLET_EUCLID, JOB_TRIPLET_PUBLISHED };
enum { JOB_STATES_OWN, JOB_STATES_GENERAL };
enum { JOB_TEXTS_NAME, JOB_TEXTS_MFSC };
enum { JOB_TURNS_EVEN, JOB_TURNS_DRAWN };
enum { JOB_TURNED_AGNOSTIC, JOB_TURNED_INFORMED };
enum { JOB_SCORE_OWN, JOB_SCORE_MAX, JOB_SCORE_TOP1 };
enum { JOB_RETRIEVAL_AUTO, JOB_RETRIEVAL_QUERY_FORMER, JOB_RETRIEVAL_NORMAL, JOB_RETRIEVAL_BISECTOR };
enum { JOB_PROTOCOL_STRICT, JOB_PROTOCOL_PAPER, JOB_PROTOCOL_PUBLISHED };
enum { JOB_CHANNELS_RGB, JOB_CHANNELS_BGR };
enum { JOB_TEST_SHOTS_EXCLUDED, JOB_TEST_SHOTS_INCLUDED };
enum { JOB_MASKLESS_COUNTED, JOB_MASKLESS_DROPPED };
enum { JOB_ALP_REPLACE, JOB_ALP_INSERT };
enum { JOB_ALP_OWN, JOB_ALP_SHARED };
enum { JOB_REG_NORMALISED, JOB_REG_PLAIN };
enum { JOB_CLASS_TOKEN_IMAGE, JOB_CLASS_TOKEN_MATCHED };

typedef struct {
    char *name, *output;
    io_names_t dataset, category;
    char *data_root, *assets;
    int protocol;
    io_text_map_t roots; /* dataset -> folder, where it is not data_root/<dataset> */
    io_int_list_t shots, seeds;
    char *fewshot; /* "nested", "draw", "published" or a list file */
    int views, tree;
    char *unlabelled;
    int bit_depth, exif; /* exif: 0 ignore, 1 apply */
    char *model;
    int image_size; /* 0: the model's */
    int pre_resize, test_channels, test_shots, test_maskless;
    io_names_t memory_taps; /* two points of the image tower; resolved, never empty */
    int features, precision, chunk;
    int method;
    io_names_t branches;
    bool learn;
    io_names_t groups, pixel_groups, image_groups; /* of a head empty: groups */
    int n_ahp, n_ahp_component, ahp_order, n_ab, alp, alp_vectors, n_ctx, n_ctx_ab;
    char *ctx_init;
    io_names_t heads;
    int pixel_n_pro, pixel_epochs, image_n_pro, image_epochs;
    io_names_t losses, pixel_losses, image_losses; /* of a head empty: losses */
    int triplet;
    double epsilon, pixel_epsilon, image_epsilon; /* of a head below 0: epsilon */
    double lambda_mean, lambda_reg, gamma;
    int reg_sum;
    int aggregation_centers, aggregation_reference, aggregation_stages, aggregation_scale;
    char *logit_scale; /* "raw", "exp" or a number */
    double lr, lr_min, momentum, weight_decay;
    int query_steps;
    double query_lr;
    bool query_keep; /* its weights */
    int retrieval;
    bool token_wise;
    int reweight, fusion, image_map, image_max, image_fusion, class_token, image_score;
    int texts;
    /* Keys of one method each. */
    struct {
        int states;
    } promptad;
    struct {
        int class_names, templates;
    } winclip;
    struct {
        io_names_t taps;
    } inctrl;
    struct {
        io_names_t taps;
        bool minmax;
    } april;
    struct {
        io_names_t taps;
        bool unit;
        int patch, score_neighbours;
        double coreset;
    } patchcore;
    struct {
        io_names_t taps;
    } spade;
    struct {
        io_names_t taps;
        int dims;
    } padim;
    struct {
        char *feature;
        double variance;
        int turns, turn_draw;
    } subspace;
    struct {
        char *feature;
        int mask, turns, turned;
    } anomalydino;
    struct {
        io_names_t taps;
        int subset;
        io_int_list_t neighbours;
    } musc;
    int resolution;
    double sigma;
    bool align_corners; /* of maps that go to full size */
    int metric_size;
    char *metric_memory, *feature_memory, *learn_memory;
    size_t learn_memory_auto; /* bytes that learn_memory: auto stands for: set by whoever knows the ranks of a node */
    double aupro_limit;
    int aupro, mask_threshold, mask_resize;
    int threads, checkpoint_every, track_epochs, max_attempts;
    int sweep_mode;
    io_sweep_t sweep;
    /* Of a sweep over methods, each of which settles some keys, or of a list of points, each of which sets some: what the file says
     * of these, a line a key; else NULL. */
    char *given;
    bool *set; /* a row of job_options each: the file, -s or the point says it */
} job_t;

extern const io_option_t job_options[];
/* The methods, a line each: what src/method/ calls the file's method_t, and what a job calls the method. The names of the
 * option, declarations and table of src/method/ come from these lines. */
#define JOB_METHODS(METHOD)                                                                                            \
    METHOD(finegrainedad, "finegrainedad")                                                                             \
    METHOD(promptad, "promptad")                                                                                       \
    METHOD(winclip, "winclip")                                                                                         \
    METHOD(winclip_few, "winclip+")                                                                                    \
    METHOD(patchcore, "patchcore")                                                                                     \
    METHOD(spade, "spade")                                                                                             \
    METHOD(padim, "padim")                                                                                             \
    METHOD(anomalydino, "anomalydino")                                                                                 \
    METHOD(musc, "musc")                                                                                               \
    METHOD(subspace, "subspace")                                                                                       \
    METHOD(april, "april_vad")                                                                                         \
    METHOD(inctrl, "inctrl_residual")                                                                                  \
    METHOD(subspace_batched, "subspace_batched")
/* End with NULL. */
extern const char *const job_method_names[];
extern const char *const job_precision_names[],
    *const job_view_names[], *const job_tree_names[], *const job_aupro_names[], *const job_protocol_names[];

/* Reads `path` (NULL: defaults alone), then the assignments "key=value", then checks keys against one another. The caller
 * frees with job_free. */
status_t job_read(job_t *out, const char *path, const char *const *assignments, int count);
void job_free(job_t *job);
bool job_has(const io_names_t *list, const char *name);
/* The two heads of METHOD.md 7. */
typedef enum { JOB_HEAD_PIXEL, JOB_HEAD_IMAGE, JOB_HEADS } job_head_t;
extern const char *const job_head_names[]; /* "pixel", "image", NULL */
/* Whether the job needs the head at all. */
bool job_head_wanted(const job_t *job, job_head_t head);
/* What a head has and learns by: its own levels of prompts, terms and margin, or the job's. */
const io_names_t *job_head_groups(const job_t *job, job_head_t head);
const io_names_t *job_head_losses(const job_t *job, job_head_t head);
double job_head_epsilon(const job_t *job, job_head_t head);
/* "published (reweight=off ...)": the protocol, and every key of METHOD.md 11's table in which the job differs from strict;
 * "" where it is strict and none does (heap, NULL: no memory). */
char *job_protocol_text(const job_t *job);
/* Whether tokens are matched to what the query former gives. */
bool job_queries(const job_t *job);
/* In bytes: metric_memory (0: no limit); feature_memory, learn_memory (0: none). */
status_t job_metric_memory(size_t *bytes, const job_t *job);
status_t job_feature_memory(size_t *bytes, const job_t *job);
status_t job_learn_memory(size_t *bytes, const job_t *job);
/* MB that learn_memory: auto gives each of so many ranks on this node. */
int job_learn_memory_share(int ranks);
/* The temperature t that the job asks of a model whose stored parameter is `stored` (METHOD.md 7). */
status_t job_logit_scale(double *t, const job_t *job, double stored);

/* ---- Where its files lie (all on the heap) ------------------------------------------------------------------------- */
/* Of the images of `dataset`, and how they are read. */
char *job_root(const job_t *job, const char *dataset);
data_options_t job_data_options(const job_t *job);
/* <assets>/mfsc/<dataset>/<category>.json; of `folder` first caption.json in the category's folder. */
char *job_caption_path(const job_t *job, const char *dataset, const char *category);
/* Of a run: it becomes a folder, a job's name at Slurm and part of the names of logs. */
status_t job_check_name(const char *name);
/* <output>/<name> */
char *job_run_dir(const job_t *job);

/* ---- Grid ----------------------------------------------------------------------------------------------------------
 * The points of the sweep, each a resolved job, and their texts ("epsilon=0 gamma=1.5"); one point without a sweep. */
status_t job_points_make(job_t **points, char ***texts, int *count, const char *job_path,
                         const char *const *assignments, int assignment_count);

/* ---- As text ------------------------------------------------------------------------------------------------------- */
/* The options of stages [from, to] as "key=value\n" lines: what a result of stage `to` depends on (heap). Those younger
 * than results that they do not change at their default are told at other values alone. */
char *job_options_text(const job_t *job, job_stage_t from, job_stage_t to);
/* The resolved job as a job file with paths that hold from everywhere (heap). */
char *job_yaml(const job_t *job);

/* ---- For images of one's own (fgad new) ---------------------------------------------------------------------------- */
typedef struct {
    const char *name;  /* of the category and the run */
    const char *place; /* the folder of job, images and results: absolute, plain text */
    const char *model; /* NULL: the demo's of `assets` */
    const char *assets;
    int shots;
    bool caption; /* there is a whole one: prompts, too */
} job_own_t;
status_t job_own_write(const job_own_t *own, const char *path);
/* A fetched model of assets/models: vit-b-16-plus-240, or the first there is; NULL: the demo's alone (heap). */
char *job_own_model(const char *assets);

#endif
