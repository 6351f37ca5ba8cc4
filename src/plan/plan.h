/* plan: what a job comes to: its tasks, the work items (files) that they need, what those cost, and when all will be done.
 * Of the file system it asks for the model, the images and the captions; what exists of the work already, and rates that
 * earlier runs have measured, are told to it by store. It computes no feature and claims nothing. Depends on base, io,
 * data, clip, prompts and job. No function is collective. */
#ifndef FGAD_PLAN_H
#define FGAD_PLAN_H

#include "clip/clip.h"
#include "job/job.h"
#include "method/method.h"
#include "prompts/prompts.h"

#include <stdio.h>

/* Part of ids; bumped when the meaning of a stored file changes: old files are then computed again. */
#define PLAN_FORMAT "1"
#define PLAN_FEATURES_FORMAT "3" /* an array a file */
#define PLAN_ID_SIZE 17

/* ---- Tasks ---------------------------------------------------------------------------------------------------------
 * dataset x category x shots x seed x grid point. */
typedef struct {
    char *dataset, *category;
    int shots;
    uint64_t seed;
    int point;          /* index into the plan's points */
    char id[17];        /* first 16 hex digits of the digest of all that the result depends on */
    char *path;         /* <run>/tasks/<dataset>/<category>/k<shots>-s<seed>-<id>.h5 */
    int category_index; /* index into the plan's categories */
    int *support;       /* (shots) indices into the category's train images */
} plan_task_t;

/* Of a caption, what the cost of learning depends on. */
typedef struct {
    prompts_level_t level;
    int words;  /* of the body */
    int values; /* that can be replaced */
    int states; /* that its noun can be in */
} plan_body_t;
typedef struct {
    int groups; /* image first; 0: no caption */
    plan_body_t body[PROMPTS_MAX_GROUPS];
} plan_caption_t;
/* One category's images, and where files of them go. */
typedef struct {
    data_category_t images;
    int64_t *train_fingerprint,
        *test_fingerprint;               /* of each image file: its bytes; of own images 60 bits of its digest */
    char digest[IO_DIGEST_SIZE];         /* of names, labels and marks of images and masks, in order */
    char cache_key[IO_DIGEST_SIZE];      /* of the model and every option that features depend on */
    char arrays_key[IO_DIGEST_SIZE];     /* of the model and of how images are read and arrays stored */
    char features_key[IO_DIGEST_SIZE];   /* of the same, and of the arrays that this plan asks for */
    char caption_digest[IO_DIGEST_SIZE]; /* of caption, what it draws, tokenizer; "" without prompts */
    char *cache;                         /* folder of this category in the feature cache */
    char *arrays;                        /* the same of its arrays: a folder for each feature */
    char *prompts;                       /* folder of this category's learned prompts in the cache */
    plan_caption_t caption;              /* what its prompts will be like */
} plan_category_t;

/* What work takes on this machine with this model: seconds a unit, measured by earlier runs or guessed. It orders work and
 * forecasts; no result depends on it. */
typedef enum {
    PLAN_RATE_START,   /* a rank: plan, looking at what is there, model */
    PLAN_RATE_REDUCE,  /* a task, at the end of a run (plan_reduce_units) */
    PLAN_RATE_ITEM,    /* a work item: claim, small files, all that the others do not count */
    PLAN_RATE_PICTURE, /* a picture read and resized */
    PLAN_RATE_ENCODE,  /* Gflop of the image tower on a whole image */
    PLAN_RATE_TILE,    /* the same on tiles, where patch tokens alone are wanted */
    PLAN_RATE_REGIONS, /* Gflop of region aggregation */
    PLAN_RATE_LEARN,   /* Gflop of the text tower, forward and backward */
    PLAN_RATE_QUERY,   /* Gflop of the query former */
    PLAN_RATE_MAPS,    /* Gflop of scoring against memory and anchors */
    PLAN_RATE_PIXELS,  /* million pixels upsampled, smoothed and ranked */
    PLAN_RATE_READ,    /* MB of features read */
    PLAN_RATE_WRITE,   /* MB of features or maps written */
    PLAN_RATES
} plan_rate_t;
typedef struct {
    double seconds[PLAN_RATES]; /* a unit */
    bool measured[PLAN_RATES];  /* false: a guess */
    bool borrowed[PLAN_RATES];  /* measured with other threads, or on another kind of processor */
} plan_cost_t;
/* A rate of `from` threads in one of `to`: threads share images and a head's prompts, not the rest. */
double plan_rate_scaled(plan_rate_t rate, double seconds, int from, int to);

typedef struct {
    const method_t *const *methods;        /* ends with NULL; not owned */
    job_t *points;                         /* resolved jobs, one a grid point */
    char **point_text;                     /* "epsilon=0.5 gamma=1", or "" without a sweep */
    char **point_options, **learn_options; /* texts that ids of tasks and of learned heads are made of */
    int point_count;
    plan_task_t *tasks; /* sorted by dataset, category, shots, seed, point */
    int task_count;
    plan_category_t *categories;
    int category_count;
    char *run_dir;
    char *model_digest;
    char *
        model_mark; /* of the files that were checked and digested; NULL: they have just changed, and may again unmarked */
    bool model_kept;                       /* digest and mark are on record already */
    char tokenizer_digest[IO_DIGEST_SIZE]; /* of the process that looked; "" without prompts */
    const char *blas;                      /* the library and core that compute; not owned */
    size_t model_private_bytes; /* weights that every process converts for itself; of the process that looked */
    clip_config_t config;       /* of the model, or of the one that is assumed */
    method_ask_t ask;           /* arrays of an image that any point asks for */
    method_ask_t ask_test;      /* of them, those of test images: of the support alone are turned views */
    plan_cost_t cost;           /* from the file of rates beside the feature cache */
    char *cost_path;
    double seconds; /* that making it took */
    bool assume;    /* made without what is missing */
    bool assumed_model;
    int assumed_categories;
} plan_t;

/* methods: those that there are, method_table but in tests. Opens the model for its digest and the category folders;
 * draws the shots. ST_ENOTFOUND, ST_EFORMAT name the file or folder. Rates are guesses until store_rates_read. */
status_t plan_make(plan_t *out, const method_t *const *methods, const char *job_path, const char *const *assignments,
                   int count);
/* The same where data and model may still be missing: the published numbers of images then stand for a folder that is not
 * there, and ViT-B/16+ at 240 for the model. Good for forecasts only. */
status_t plan_assume(plan_t *out, const method_t *const *methods, const char *job_path, const char *const *assignments,
                     int count);
/* plan_make in parts, for ranks of which one asks the file system: the job, on every rank; model, images and captions, on
 * one, which then tells the others all that these lines fill in (model_digest, model_mark, tokenizer_digest,
 * model_private_bytes, categories); the tasks, on every rank. */
status_t plan_make_job(plan_t *out, const method_t *const *methods, const char *job_path,
                       const char *const *assignments, int count);
status_t plan_make_categories(plan_t *plan);
/* Looks at the images' headers and at all masks, as a run does when it opens: what would end a task after hours of work is
 * refused now, what changes numbers or is left out is warned of. A category without findings is remembered beside the feature
 * cache, and not looked at again while the category's digest stays. */
status_t plan_survey(const plan_t *plan);
status_t plan_make_tasks(plan_t *plan);
/* How run.yaml begins in a folder of results that is no run: there is nothing to plan, do or reduce. */
#define PLAN_IMPORTED_HEAD "# Maps imported from "
#define PLAN_RESCORED_HEAD "# Made by `fgad rescore` from "
/* The job of a run by its folder, from <run>/run.yaml; the folder may have been moved. Then plan_make_categories, or whoever
 * else knows of model, images and captions (store_index_read), then plan_make_tasks. ST_ENOTFOUND: it is not the folder
 * of a run; ST_EFORMAT: of imported maps, or of a run rescored. */
status_t plan_open_job(plan_t *out, const method_t *const *methods, const char *run_dir);
/* All three, of images and model as they are now. */
status_t plan_open(plan_t *out, const method_t *const *methods, const char *run_dir);
/* What follows from categories and config that came from elsewhere: arrays to ask for, folders. */
status_t plan_adopt_categories(plan_t *plan);
void plan_forget_categories(plan_t *plan);
/* ST_EFORMAT: the model that the job names is not the one of the plan's digest, which was recorded. */
status_t plan_check_model(plan_t *plan);
void plan_free(plan_t *plan);
/* Keeps the digest of a model that was checked for this plan in <output>/cache/models.txt: the next plan neither reads nor
 * checks the weights as long as size, times and inode of its files are the same. */
void plan_model_keep(const plan_t *plan);
const method_t *plan_method(const plan_t *plan, const plan_task_t *task);
/* Whether results of the method may depend on an option of stages FEATURES to METRICS, as the job's other options are. */
bool plan_reads_option(const method_t *method, const job_t *job, const io_option_t *row);
/* Keys whose values nothing of the job reads, at none of its points: for run.yaml, a comment line each, but for the blocks of
 * methods that it has not; and of them, to the log in one line, those that the job sets to what is not their default. */
void plan_print_unread(FILE *out, const plan_t *plan);
status_t plan_tell_unread(const plan_t *plan);
/* What its tasks depend on of the job, as "key=value\n" lines; what the method does not read has its default (heap). */
char *plan_task_options(const method_t *method, const job_t *job);
/* Who multiplies with the towers' weights in a run: one for all its points. */
clip_products_t plan_products(const plan_t *plan);
/* The arrays of an image that a point's method asks for, in its order, each named as in `ask` of the plan. ST_EFORMAT with
 * the cure: a tap of another form, or of a block that the tower does not have. */
status_t plan_ask(method_ask_t *out, const plan_t *plan, const job_t *job);
/* Those of a test image. */
void plan_ask_of_test(method_ask_t *out, const method_ask_t *ask, const clip_config_t *config);
/* Views at drawn angles are of a seed: where a point asks for such, a support image has an item for each seed of the job that
 * draws it. How many seeds: 0 where nothing is drawn; an ask with the arrays of one of them named in full. */
int plan_draws(const plan_t *plan);
void plan_ask_of_draw(method_ask_t *out, const plan_t *plan, const method_ask_t *ask, int draw);

/* ---- Work items: everything that makes one file ---- */
/* Kinds: chunks of test images, support images, tiled support images, learned heads, slices of a set, evaluations (as many as
 * tasks). */
typedef enum {
    PLAN_CHUNK,
    PLAN_SUPPORT,
    PLAN_TILES,
    PLAN_LEARN,
    PLAN_SLICE,
    PLAN_EVALUATE,
    PLAN_KINDS
} plan_item_kind_t;
typedef enum { PLAN_OPEN, PLAN_DONE, PLAN_FAILED } plan_item_state_t;
typedef struct {
    plan_item_kind_t kind;
    plan_item_state_t state;
    char *path; /* the file it makes; its claim is "<path>.claim" */
    char id[PLAN_ID_SIZE];
    char array_id[PLAN_ID_SIZE]; /* of encoded images: of the arrays, whoever asks for them */
    double cost;                 /* predicted seconds */
    double gflop;                /* of matrix products */
    double warm;                 /* of cost, seconds saved after another evaluation of the same category */
    double critical_path;        /* predicted seconds from its begin to the end of the last item that waits for it */
    int category_index;          /* index into the plan's categories */
    int folder;                  /* PLAN_FOLDERS * category + which of the category's folders holds its file */
    const char *name;            /* of its file in that folder; points into path */
    int index;       /* chunk number, train image, or task (of a learned head, a slice: one of those that share it) */
    int scale;       /* of tiles */
    int draw;        /* of support images: the seed by its place in the job, where plan_draws is not 0 */
    int slice;       /* its number */
    job_head_t head; /* of a learned head */
    int *needs;      /* items whose files it reads */
    int need_count;
    double guessed, borrowed; /* of cost, in seconds: by rates that nobody measured, or that were measured elsewhere */
    double varying; /* the same by one that differs between categories: few anomalous pixels are ranked quickly */
    bool by_us;     /* this rank made it (or failed at it) in this run */
    int lost;       /* how often this rank found that what it needs cannot be read */
    bool reused;    /* the file was there before the run */
    bool wanted;    /* an unfinished task needs it */
} plan_item_t;
typedef struct {
    plan_item_t *items;
    int count;
    int *order; /* (count) longest critical path first */
    int *slot;  /* open addressing over (folder, name); -1: empty */
    int slots;  /* a power of two */
} plan_items_t;
/* The plan's files with their costs and needs, all open, and their order. ST_ENOMEM leaves nothing to free. */
status_t plan_items_make(plan_items_t *out, const plan_t *plan);
void plan_items_free(plan_items_t *items);
/* Sets critical paths by costs and needs, and the order by them. */
status_t plan_items_order(plan_items_t *items);
/* Sets `wanted` by the states: unfinished tasks, and what they need, as far as it is not done. */
void plan_items_mark_wanted(plan_items_t *items);
/* The item whose file is called `name` (`length` bytes of it) in that folder; -1: none. */
int plan_items_find(const plan_items_t *items, int folder, const char *name, size_t length);
/* Which images a chunk holds: first and count of the category's test images. */
void plan_chunk_range(int *first, int *count, const plan_t *plan, int category, int chunk);
extern const char *const plan_kind_names[PLAN_KINDS];
/* Of a task: the test images that are scored, into keep (all of the category); returns how many. */
int plan_task_images(int *keep, const plan_t *plan, const plan_task_t *task);
/* The arrays that an item of encoded images has; false: it is another kind of item, which has none. */
bool plan_item_ask(method_ask_t *out, const plan_t *plan, const plan_item_t *item);
/* "demo/gear shots 1 seed 0 gamma=1": the item for people. */
const char *plan_item_name(char out[512], const plan_t *plan, const plan_item_t *item);

/* ---- Folders of a category's files ---- */
enum { PLAN_FOLDER_FEATURES, PLAN_FOLDER_PROMPTS, PLAN_FOLDER_TASKS, PLAN_FOLDERS };
/* folder: PLAN_FOLDERS * category + one of these. */
void plan_folder_path(char out[4096], const plan_t *plan, int folder);
/* The folder of the arrays of one feature, and the file in it that holds those of an item's images. */
void plan_array_folder(char out[4096], const plan_t *plan, int category, const char *feature);
void plan_array_path(char out[4096], const plan_t *plan, const plan_item_t *item, const char *feature);

/* ---- Costs ---- */
typedef struct {
    double units[PLAN_RATES];
} plan_work_t;
/* What the end of a run takes of rank 0, in tasks. */
double plan_reduce_units(int tasks, int ranks);
double plan_work_seconds(const plan_work_t *work, const plan_cost_t *cost);
/* Sets what the work means to an item: cost, gflop, and the seconds of it that are not measured here. */
void plan_item_price(plan_item_t *item, const plan_work_t *work, const plan_cost_t *cost);
double plan_work_gflop(const plan_work_t *work);
/* Of one image's arrays; windows are many short passes. */
double plan_encode_gflop(const clip_config_t *config, const method_ask_t *ask);
double plan_image_mb(const plan_t *plan);                /* features of an image, in memory */
double plan_features_mb(const plan_t *plan, int images); /* as stored */
void plan_work_encode(plan_work_t *out, const plan_t *plan, plan_item_kind_t kind, int images);
/* The prompts of one head: what the text tower will do a pass, and take. */
typedef struct {
    int prompts, groups;
    double forward_gflop, epoch_gflop; /* an epoch: forward, recomputed, backward */
    size_t bytes;                      /* of the workspace */
} plan_head_work_t;
status_t plan_head_work(plan_head_work_t *out, const clip_config_t *config, const job_t *job,
                        const plan_caption_t *caption, job_head_t head);
double plan_regions_gflop(const clip_config_t *config, const job_t *job, const plan_caption_t *caption, int shots);
double plan_query_gflop(const clip_config_t *config, const job_t *job, int groups);
/* Maps of an image whose pixels are ranked: the fused one, and each of two branches alone, which is less work. */
double plan_ranked_maps(const method_t *method, const job_t *job);
/* What the task's method says of scoring `images` test images against so many groups of prompts (times states);
 * known: what depends on features and support alone is. */
method_work_t plan_method_work(const plan_t *plan, const plan_task_t *task, int groups, int images, bool known);
/* As stored: a slice of a set, a learned head, and a task with its maps. */
double plan_slice_mb(const clip_config_t *config, int images);
double plan_head_mb(const clip_config_t *config, const job_t *job, const plan_caption_t *caption, job_head_t head);
double plan_task_mb(const clip_config_t *config, const method_t *method, const job_t *job, int images);
void plan_work_slice(plan_work_t *out, const plan_t *plan, const plan_task_t *task, int images);
/* *warm: of it, what is saved by a rank that has just evaluated the same category. */
void plan_work_evaluate(plan_work_t *out, plan_work_t *warm, const plan_t *plan, const plan_task_t *task);
/* What a rate is called in the file of rates, and its value before anything was measured. */
typedef struct {
    const char *name;
    double guess;
} plan_rate_row_t;
extern const plan_rate_row_t plan_rates[PLAN_RATES];
plan_cost_t plan_cost_guess(void);
/* What a run measured (seconds for so many units) makes the next prediction better. */
void plan_cost_learned(plan_cost_t *cost, const plan_work_t *done, const double seconds[PLAN_RATES]);

/* ---- Readiness ---- */
typedef struct plan_ready plan_ready_t;
/* Of the wanted, open items: those whose needs are all done are ready. */
status_t plan_ready_make(plan_ready_t **out, const plan_items_t *items, int categories);
void plan_ready_free(plan_ready_t *ready);
/* The ready item to do next, taken out; -1: none. prefer: a category whose features are in memory, or -1. */
int plan_ready_take(plan_ready_t *ready, int prefer);
void plan_ready_put(plan_ready_t *ready, int item);
/* The item is done: those that waited for it alone become ready. */
void plan_ready_done(plan_ready_t *ready, int item);
int plan_ready_count(const plan_ready_t *ready);
/* Wanted items that need this one. */
const int *plan_ready_users(int *count, const plan_ready_t *ready, int item);

/* ---- Forecast ---- */
typedef struct {
    int items;             /* to be made */
    double makespan, work; /* seconds: from the first item to the last, and of all ranks together */
    double critical_path;  /* of the longest chain of items that wait for one another */
    int critical_item;     /* its first; -1: nothing is to be done */
} plan_simulation_t;
/* left (items): predicted seconds that an open item which is in progress will still take, 0 when its file is there
 * by now, or one of these; NULL: none is begun. */
#define PLAN_NOT_BEGUN (-1.0)
#define PLAN_NEVER 1e300 /* it has failed, or waits for what has */
/* Of the wanted, open items; by at least as many ranks as there are items in progress. */
status_t plan_simulate(plan_simulation_t *out, const plan_items_t *items, const double *left, int categories,
                       int ranks);
/* The same, but a lower bound where the simulation would take long. */
status_t plan_estimate(plan_simulation_t *out, const plan_items_t *items, const double *left, int categories,
                       int ranks);
/* `left` of an item that another rank has worked on for so many predicted seconds. */
double plan_left(double cost, double elapsed);
/* The item after this one on the critical path through it; -1: it is the last. */
int plan_critical_next(const plan_items_t *items, int item);
typedef struct {
    double rank_mb;    /* peak of one rank with its own plan, without what a node shares */
    double private_mb; /* of it, weights converted or packed */
    double shared_mb;  /* weights, once a node */
} plan_memory_t;
status_t plan_memory(plan_memory_t *out, const plan_t *plan, const plan_items_t *items);
/* What learn_memory: auto stands for, to be told before items are made. */
void plan_learn_memory(plan_t *plan, int mb);

/* ---- For people ---- */
/* Prints what would be done: points, tasks, images to encode, bytes on disk. items: with the state of each. */
status_t plan_print(FILE *out, const plan_t *plan, const plan_items_t *items);
/* Prints what the plan will take on so many ranks, by simulating the scheduler: work by kind and what is shared, memory,
 * disk, makespan, efficiency and what limits it; lines "key: number" for programs. */
status_t plan_forecast(FILE *out, const plan_t *plan, const plan_items_t *items, int ranks, int ranks_per_node);

#endif
