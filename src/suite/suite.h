/* suite: from a job file to results. It expands the job to tasks, lets any number of MPI ranks (and jobs) take them,
 * keeps features and maps in HDF5, and reduces them to tables. It computes nothing itself: it carries arrays from one
 * room to the next. A file that exists is whole; a task that is done is never done twice; a result depends on nothing
 * but the options, the model and the images. Depends on every room to its left but ops, and on MPI.
 * Functions say "Collective" (every rank of the communicator calls) or "Not collective". */
#ifndef FGAD_SUITE_H
#define FGAD_SUITE_H

#include "base/base.h"
#include "data/data.h"
#include "io/io.h"
#include "metrics/metrics.h"

#include <mpi.h>
#include <stdio.h>

/* "0.1.0+1a2b3c4-dirty": version and commit of this program. Not collective. */
const char *suite_code_version(void);

/* ---- Job -----------------------------------------------------------------------------------------------------------
 * What a job file may say. One table (suite_job_options) serves the file, -s key=value, --help, plan and the HDF5
 * attributes; its `tag` is the stage from which on a result depends on the key. */
typedef enum {
    SUITE_STAGE_NONE,     /* where files lie, how to run: no result depends on it */
    SUITE_STAGE_FEATURES, /* model and what is kept of it */
    SUITE_STAGE_REGIONS,  /* aggregation of training tokens */
    SUITE_STAGE_PROMPTS,  /* prompts and their learning */
    SUITE_STAGE_MAPS,     /* inference from learned prompts */
    SUITE_STAGE_METRICS,  /* from maps to numbers */
} suite_stage_t;

enum { SUITE_DRAW_SEED, SUITE_DRAW_PUBLISHED, SUITE_DRAW_FILE };
enum { SUITE_FEATURES_F32, SUITE_FEATURES_F16 };
enum { SUITE_METHOD_FINEGRAINEDAD, SUITE_METHOD_PROMPTAD, SUITE_METHOD_WINCLIP, SUITE_METHOD_PATCHCORE };
enum { SUITE_METRIC_SIZE_R, SUITE_METRIC_SIZE_NATIVE };
enum { SUITE_AUPRO_EXACT8, SUITE_AUPRO_STEPS200 };
enum { SUITE_SWEEP_PRODUCT, SUITE_SWEEP_ONE_AT_A_TIME };
enum { SUITE_RETRIEVAL_AUTO, SUITE_RETRIEVAL_QUERY_FORMER, SUITE_RETRIEVAL_NORMAL };

typedef struct {
    char *name, *output;
    io_names_t dataset, category;
    char *data_root, *assets;
    io_text_map_t roots; /* dataset -> folder, where it is not data_root/<dataset> */
    io_int_list_t shots, seeds;
    char *fewshot; /* "nested", "draw", "published" or a list file */
    int views, tree;
    char *model;
    io_names_t memory_taps; /* two points of the image tower; resolved, never empty */
    int features, chunk;
    int method;
    io_names_t branches;
    bool learn;
    io_names_t groups;
    int n_ahp, n_ab, n_ctx, n_ctx_ab;
    char *ctx_init;
    io_names_t heads;
    int pixel_n_pro, pixel_epochs, image_n_pro, image_epochs;
    io_names_t losses;
    double epsilon, lambda_mean, lambda_reg, gamma;
    int aggregation_centers, aggregation_reference, aggregation_stages, aggregation_scale;
    char *logit_scale; /* "raw", "exp" or a number */
    double lr, lr_min, momentum, weight_decay;
    int query_steps;
    double query_lr;
    int retrieval;
    bool token_wise;
    int reweight, image_map;
    int resolution;
    double sigma;
    int metric_size;
    char *metric_memory, *feature_memory, *learn_memory;
    double aupro_limit;
    int aupro, mask_threshold;
    int threads, checkpoint_every, track_epochs, max_attempts;
    int sweep_mode;
    io_sweep_t sweep;
} suite_job_t;

extern const io_option_t suite_job_options[];

/* Reads `path` (NULL: defaults alone), then the assignments "key=value", then checks keys against one another.
 * Not collective. Errors are one line with file and line, or "-s". The caller frees with suite_job_free. */
status_t suite_job_read(suite_job_t *out, const char *path, const char *const *assignments, int count);
void suite_job_free(suite_job_t *job);
/* Where the images of `dataset` lie (heap). Not collective. */
char *suite_job_root(const suite_job_t *job, const char *dataset);
/* <output>/<name> (heap). Not collective. */
char *suite_job_run_dir(const suite_job_t *job);
bool suite_job_has(const io_names_t *list, const char *name);
/* The two heads of METHOD.md 7. */
typedef enum { SUITE_HEAD_PIXEL, SUITE_HEAD_IMAGE, SUITE_HEADS } suite_head_t;
extern const char *const suite_head_names[]; /* "pixel", "image", NULL */
/* Whether the job needs the head at all. */
bool suite_head_wanted(const suite_job_t *job, suite_head_t head);
/* metric_memory in bytes; 0: no limit. */
status_t suite_job_memory(size_t *bytes, const suite_job_t *job);
/* feature_memory, learn_memory in bytes; 0: none. */
status_t suite_job_feature_memory(size_t *bytes, const suite_job_t *job);
status_t suite_job_learn_memory(size_t *bytes, const suite_job_t *job);
data_options_t suite_data_options(const suite_job_t *job);
/* The points of the sweep, each a resolved job, and their texts; one point without a sweep. */
status_t suite_points_make(suite_job_t **points, char ***texts, int *count, const char *job_path,
                           const char *const *assignments, int assignment_count);
/* The temperature t that the job asks of a model whose stored parameter is `stored` (METHOD.md 7). Not collective. */
status_t suite_job_logit_scale(double *t, const suite_job_t *job, double stored);

/* ---- Plan ----------------------------------------------------------------------------------------------------------
 * The tasks of a job: dataset x category x shots x seed x grid point, and the encoding that they need. */
typedef struct {
    char *dataset, *category;
    int shots;
    uint64_t seed;
    int point;    /* index into the plan's points */
    char id[17];  /* first 16 hex digits of the digest of all that the result depends on */
    char *path;   /* <run>/tasks/<dataset>/<category>/k<shots>-s<seed>-<id>.h5 */
    int listing;  /* index into the plan's listings */
    int *support; /* (shots) indices into the listing's train images */
} suite_task_t;

typedef struct suite_listing suite_listing_t; /* one category's images and their cache files */
/* What work takes on this machine with this model: seconds a unit, measured by earlier runs or guessed. It orders work and
 * foretells; no result depends on it. */
typedef enum {
    SUITE_RATE_START,   /* a rank: plan, looking at what is there, model */
    SUITE_RATE_REDUCE,  /* a task, at the end of a run */
    SUITE_RATE_ITEM,    /* a work item: claim, small files, all that the others do not count */
    SUITE_RATE_PICTURE, /* a picture read and resized */
    SUITE_RATE_ENCODE,  /* Gflop of the image tower on a whole image */
    SUITE_RATE_TILE,    /* the same on tiles, where patch tokens alone are wanted */
    SUITE_RATE_REGIONS, /* Gflop of region aggregation */
    SUITE_RATE_LEARN,   /* Gflop of the text tower, forward and backward */
    SUITE_RATE_QUERY,   /* Gflop of the query former */
    SUITE_RATE_MAPS,    /* Gflop of scoring against memory and anchors */
    SUITE_RATE_PIXELS,  /* million pixels upsampled, smoothed and ranked */
    SUITE_RATE_READ,    /* MB of features read */
    SUITE_RATE_WRITE,   /* MB of features or maps written */
    SUITE_RATES
} suite_rate_t;
typedef struct {
    double seconds[SUITE_RATES]; /* a unit */
    bool measured[SUITE_RATES];  /* false: a guess */
} suite_cost_t;

typedef struct {
    suite_job_t *points;                   /* resolved jobs, one a grid point */
    char **point_text;                     /* "epsilon=0.5 gamma=1", or "" without a sweep */
    char **point_options, **learn_options; /* texts that ids of tasks and of learned heads are made of */
    int point_count;
    suite_task_t *tasks; /* sorted by dataset, category, shots, seed, point */
    int task_count;
    suite_listing_t *listings;
    int listing_count;
    char *run_dir;
    char *model_digest;
    char tokenizer_digest[IO_DIGEST_SIZE]; /* of the process that looked; "" without prompts */
    size_t model_private_bytes; /* weights that every process converts for itself; of the process that looked */
    suite_cost_t cost;          /* from the file of rates beside the feature cache */
    char *cost_path;
    double seconds; /* that making it took */
    bool assume;    /* made without what is missing */
    bool assumed_model;
    int assumed_listings;
} suite_plan_t;

/* Not collective. Opens the model for its digest and the category folders; draws the shots. ST_ENOTFOUND, ST_EFORMAT name
 * the file or folder. */
status_t suite_plan_make(suite_plan_t *out, const char *job_path, const char *const *assignments, int count);
/* Collective. The same plan on every rank, for which rank 0 alone has asked the file system. */
status_t suite_plan_make_shared(suite_plan_t *out, const char *job_path, const char *const *assignments, int count,
                                MPI_Comm comm);
/* The same where data and model may still be missing: the published numbers of images then stand for a folder that is not
 * there, and ViT-B/16+ at 240 for the model. Good for foretelling only. */
status_t suite_plan_assume(suite_plan_t *out, const char *job_path, const char *const *assignments, int count);
/* The plan of a run by its folder, from <run>/run.yaml; the folder may have been moved. Not collective. ST_ENOTFOUND:
 * it is not the folder of a run. */
status_t suite_plan_open(suite_plan_t *out, const char *run_dir);
void suite_plan_free(suite_plan_t *plan);
/* Prints what would be done: points, tasks, images to encode, bytes on disk. Not collective. */
status_t suite_plan_print(FILE *out, const suite_plan_t *plan);

/* Prints what the plan will take on so many ranks, by simulating the scheduler: work by kind and what is shared, memory,
 * disk, makespan, efficiency and what limits it; lines "key: number" for programs. Not collective. */
status_t suite_plan_forecast(FILE *out, const suite_plan_t *plan, int ranks, int ranks_per_node);

/* ---- Run ----------------------------------------------------------------------------------------------------------- */
typedef struct {
    /* Set finished tasks of this job aside and do them again, with features and learned heads as they are. */
    bool fresh;
    double time_limit; /* seconds from start after which no new work is begun; 0: none */
} suite_run_options_t;
/* Kinds of work items, each of which makes one file: chunks of test images, support images, tiled support images, learned
 * heads, evaluations (as many as tasks). */
enum { SUITE_KINDS = 5 };
extern const char *const suite_kind_names[SUITE_KINDS];
typedef struct {
    int done, skipped, failed, missing; /* of the plan's tasks; missing counts the failed ones too */
    int encoded;                        /* feature files made */
    int made[SUITE_KINDS];              /* work items made by this run */
    int reused[SUITE_KINDS];            /* found whole in the cache or the run's folder */
    int uses[SUITE_KINDS];              /* items of the next stages that read them: how much the grid shares */
    bool interrupted;
    double seconds;
} suite_outcome_t;
/* Not collective. From here on USR1, USR2, TERM and the first INT (Ctrl-C) ask a run to finish its step and stop; a
 * second INT ends the process at once. An INT that is ignored already (in the background of a script) stays so. To be
 * called first of all: a warning that comes while MPI starts or the model is opened must not kill the rank. */
void suite_signals_install(void);
/* Collective. Takes tasks until none is left, then rank 0 writes results.h5, results.csv and run.yaml. A task that
 * fails is recorded under <run>/failed and reported; the others go on. ST_OK also with failed tasks (see outcome);
 * errors of the world that stop everything (the output cannot be written) come back on every rank alike. */
status_t suite_run(suite_outcome_t *out, const suite_plan_t *plan, MPI_Comm comm, const suite_run_options_t *options);
/* Collective. The worst status of all ranks, on every rank, with the line of the lowest rank that has it. */
status_t suite_agree(MPI_Comm comm, status_t status);

/* ---- Looking at a run, also while it works; not collective ---- */
typedef struct {
    int done, failed, left; /* tasks; left: neither done nor failed */
    int running;            /* work items in living hands */
} suite_status_t;
/* Prints tasks and work items by state, who works on what since when, reasons of failures, what is missing (`all`: every
 * task of it, else the first few) and when it will be done. */
status_t suite_status_print(FILE *out, suite_status_t *status, const suite_plan_t *plan, bool all);
/* Makes results.h5 and results.csv again from the task files. *missing: tasks without one, named in results.h5. */
status_t suite_run_reduce(int *missing, const suite_plan_t *plan);

/* ---- Results -------------------------------------------------------------------------------------------------------
 * <run>/results.h5 and results.csv: a row a task, then the means over categories (category MEAN). Every value is found by
 * its column's name, never by place. A task without a result is named apart, so that it cannot pass for a row. */
enum { SUITE_METRICS = 8 };
extern const char *const suite_metric_names[SUITE_METRICS]; /* columns: image_auroc, pixel_auroc, ... */
#define SUITE_MEAN "MEAN"
/* What tables call the grid point that sets nothing anew, whose text is "". */
#define SUITE_AS_THE_JOB "(as the job)"
typedef struct {
    char *dataset, *category, *point, *method, *protocol, *task; /* owned */
    char *changes; /* of a rescored row: what was set anew since the task, "key=value" lines; "" otherwise; owned */
    int shots;
    int64_t seed;
    double metric[SUITE_METRICS]; /* fractions; NaN: missing */
} suite_row_t;
typedef struct {
    suite_row_t *rows; /* in the order of the plan: dataset, category, shots, seed, point; then MEAN rows */
    int count;
    suite_row_t *lost; /* tasks of the plan that have no result, all metrics NaN */
    int missing;       /* of them */
    char *source;      /* folder of the run whose task files the rows come from (of a rescored set: not its own) */
    char *assets;      /* the job's */
} suite_results_t;
/* Reads <path>/results.h5, or `path` itself when it ends with .csv. Not collective. ST_EFORMAT: columns missing, unknown
 * or of different lengths, two rows of one task, a MEAN that is not the mean of its rows. */
status_t suite_results_read(suite_results_t *out, const char *path);
void suite_results_free(suite_results_t *results);

/* Rows that are meant, by comma-separated names; NULL: all. point: a grid point, or some of its "key=value" words;
 * blanks after commas do not count. */
typedef struct {
    const char *dataset, *category, *shots, *seeds, *point;
} suite_select_t;
bool suite_row_selected(const suite_row_t *row, const suite_select_t *select); /* false for MEAN */
/* Whether the comma-separated list names the word; NULL names everything. */
bool suite_list_names(const char *list, const char *word);

/* Making one. A row takes copies of all texts; every metric is NaN. */
typedef struct {
    const char *dataset, *category, *point, *method, *protocol, *task, *changes; /* NULL: "" */
    int shots;
    int64_t seed;
} suite_row_key_t;
status_t suite_row_make(suite_row_t *row, const suite_row_key_t *key);
/* Appends the plain mean over categories of every dataset, shots, seed, point and method none of whose tasks is lost; a
 * metric that a category does not have is left out of it. rows has room for a mean beside every row. */
status_t suite_results_add_means(suite_results_t *results);
/* results.csv and results.h5 of the folder `dir`, with the job's options. made_from: the folder of the run whose task
 * files the rows are of, relative to dir; NULL: their own. */
typedef struct {
    const suite_job_t *job;
    const char *model_digest, *made_from;
    int ranks;
} suite_made_by_t;
status_t suite_results_write(const suite_results_t *results, const char *dir, const suite_made_by_t *made_by);
/* Attributes that every file carries: code and library versions, BLAS core, ranks, host, time. */
status_t suite_made_by_write(io_h5_t *file, const suite_made_by_t *made_by);

/* ---- Measuring -----------------------------------------------------------------------------------------------------
 * From maps to numbers (METHOD.md 9, 10), the same way when a task is made and when it is looked at again. Not
 * collective. */
typedef struct {
    int n, h, w;
    float *M_v, *Mhat_p, *s_image, *M_p, *M_pix; /* (n, h*w); NULL: the branch is off */
    int32_t *group;
    float *S_i, *M_img; /* (n); S_i NULL without the image head */
} suite_maps_t;         /* owned */
void suite_maps_free(suite_maps_t *maps);
/* Of one image, from M_v, Mhat_p, s_image and S_i of `maps`: M_p (T; untouched without the prompt branch), M_pix (T),
 * and *M_img (METHOD.md 9). The outputs may be the image's own rows of `maps`. */
void suite_fuse_image(float *M_p, float *M_pix, float *M_img, const suite_maps_t *maps, int image,
                      const suite_job_t *job);
/* M_pix (n,T) and M_img (n) of the branches and heads that the job has; scratch (T). */
void suite_fuse(float *M_pix, float *M_img, const suite_maps_t *maps, const suite_job_t *job, float *scratch);

/* Ground truth of test images at metric size, one after another. Kept from one measurement to the next. */
typedef struct {
    uint64_t key;    /* of the images, the size and the mask rule; 0: nothing is held */
    int count;       /* images */
    int (*size)[2];  /* (count) width, height; owned */
    uint8_t *labels; /* 0/1, owned */
} suite_masks_t;
/* Of images->test[keep[i]], i < n, as the job measures; does nothing when that is what `masks` holds. */
status_t suite_masks_load(suite_masks_t *masks, const data_category_t *images, const suite_job_t *job, const int *keep,
                          int n);
void suite_masks_free(suite_masks_t *masks);

/* Numbers of one task; NaN: missing. The table names them, in the order of results.csv. */
typedef struct {
    double image_auroc, pixel_auroc, aupro, image_ap, image_f1, pixel_ap, pixel_f1, sample_auroc;
} suite_numbers_t;
typedef struct {
    const char *name;
    size_t offset; /* in suite_numbers_t */
    const char *description;
} suite_number_t;
extern const suite_number_t suite_number_table[]; /* ends with {0} */
extern const suite_numbers_t suite_numbers_none;  /* all missing */
status_t suite_measure_images(suite_numbers_t *out, const float *M_img, const data_category_t *images, const int *keep,
                              int n);
/* False: anomalous images without any ground truth have no pixel metrics. */
bool suite_has_pixels(const data_category_t *images, const int *keep, int n);
/* Of maps M_pix (n,h,w), brought to the masks' sizes, for jobs that differ in AUPRO's limit and form alone. */
status_t suite_measure_pixels(suite_numbers_t *const *out, const suite_job_t *const *jobs, int count,
                              const float *M_pix, int h, int w, const suite_masks_t *masks, const char *temp_dir);
/* Its parts: every map at the size of its mask, smoothed, given to `pixels`; what `pixels` then measures. */
status_t suite_pixels_add(metrics_pixels_t *pixels, const float *M_pix, int h, int w, const suite_masks_t *masks,
                          double sigma);
status_t suite_pixels_measure(suite_numbers_t *out, metrics_pixels_t *pixels, const suite_job_t *job);
/* The protocol ids that numbers of this job follow on these images (heap). */
char *suite_protocol_text(const suite_job_t *job, const data_category_t *images);

#endif
