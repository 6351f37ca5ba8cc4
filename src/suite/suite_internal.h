/* What the files of the suite share and nobody else sees. */
#ifndef FGAD_SUITE_INTERNAL_H
#define FGAD_SUITE_INTERNAL_H

#include "align/align.h"
#include "claim/claim.h"
#include "clip/clip.h"
#include "data/data.h"
#include "suite/suite.h"

/* Bumped when the meaning of a stored file changes: old files are then computed again. */
#define SUITE_FORMAT "1"
#define SUITE_ID_SIZE 17

/* ---- Plan ---- */
/* Of a caption, what the cost of learning depends on. */
typedef struct {
    int words;  /* of the body */
    int values; /* that can be replaced */
} suite_body_t;
typedef struct {
    int groups; /* image first; 0: no caption */
    int states;
    suite_body_t body[PROMPTS_MAX_GROUPS];
} suite_caption_t;
/* Counts the words of a caption; a file that is not fit counts as a typical one (its learning will say what is wrong). */
void suite_caption_count(suite_caption_t *out, const char *caption, const char *vocabulary);

struct suite_listing {
    data_category_t images;
    int64_t *train_mark, *test_mark;     /* of each image file: its bytes; of own images 60 bits of its digest */
    char digest[IO_DIGEST_SIZE];         /* of names, labels and marks of images and masks, in order */
    char cache_key[IO_DIGEST_SIZE];      /* of the model and every option that features depend on */
    char caption_digest[IO_DIGEST_SIZE]; /* of caption, vocabulary and tokenizer; "" without prompts */
    char *cache;                         /* folder of this category in the feature cache */
    char *prompts;                       /* folder of this category's learned prompts in the cache */
    suite_caption_t caption;             /* what its prompts will be like */
};

extern const char *const suite_view_names[], *const suite_tree_names[], *const suite_method_names[];
/* <assets>/mfsc/<dataset>/<category>.json; of `folder` first caption.json in the category's folder (heap). */
char *suite_caption_path(const suite_job_t *job, const char *dataset, const char *category);
/* The options of stages [from, to] as "key=value\n" lines: what a result of stage `to` depends on (heap). */
char *suite_options_text(const suite_job_t *job, suite_stage_t from, suite_stage_t to);

/* What a learned head depends on of the job, as "key=value\n" lines (heap). */
char *suite_learn_options(const suite_job_t *job, suite_head_t head);
/* memory_taps, where the job has none: what <model>/fgad.yaml says, else 3.attn, 8.attn. */
status_t suite_taps_resolve(suite_job_t *job);
/* ST_EFORMAT unless there are two. */
status_t suite_taps_count(const io_names_t *taps);
/* ST_EFORMAT with the cure: a point of another form, or a block that the tower does not have. */
status_t suite_taps_parse(clip_tap_t out[2], const suite_job_t *job, const clip_config_t *config);
/* Collective. What rank 0 has seen of the world (listings, digests) to all: one rank asks the file system, not thousands. */
status_t suite_plan_share(suite_plan_t *plan, MPI_Comm comm);
/* The model's configuration, or the one that is assumed. */
status_t suite_plan_config(clip_config_t *out, const suite_plan_t *plan);

/* ---- Work items: everything that makes one file ---- */
typedef enum { ITEM_CHUNK, ITEM_SUPPORT, ITEM_TILES, ITEM_LEARN, ITEM_EVALUATE, ITEM_KINDS } item_kind_t;
typedef enum { ITEM_OPEN, ITEM_DONE, ITEM_FAILED } item_state_t;
typedef struct {
    item_kind_t kind;
    item_state_t state;
    char *path; /* the file it makes; its claim is "<path>.claim" */
    char id[SUITE_ID_SIZE];
    double cost;       /* predicted seconds */
    double gflop;      /* of matrix products */
    double warm;       /* of cost, seconds saved after another evaluation of the same listing */
    double tail;       /* predicted seconds from its begin to the end of the longest chain that waits for it */
    int listing;       /* index into the plan's listings */
    int folder;        /* SUITE_FOLDERS * listing + which of the listing's folders holds its file */
    const char *name;  /* of its file in that folder; points into path */
    int index;         /* chunk number, train image, or task (of a learned head: one of those that share it) */
    int scale;         /* of tiles */
    suite_head_t head; /* of a learned head */
    int *needs;        /* items whose files it reads */
    int need_count;
    bool by_us;  /* this rank made it (or failed at it) in this run */
    bool reused; /* the file was there before the run */
    bool wanted; /* an unfinished task needs it */
} item_t;
typedef struct {
    item_t *items;
    int count;
    int *order; /* (count) longest tail first */
    int *slot;  /* open addressing over (folder, name); -1: empty */
    int slots;  /* a power of two */
} items_t;
status_t suite_items_make(items_t *out, const suite_plan_t *plan, const clip_config_t *config);
void suite_items_free(items_t *items);
/* Sets tails by costs and needs, and the order by tails. */
status_t suite_items_order(items_t *items);
/* Sets `wanted` by the states: unfinished tasks, and what they need, as far as it is not done. */
void suite_items_mark_wanted(items_t *items);
/* The item whose file is called `name` (`length` bytes of it) in that folder; -1: none. */
int suite_items_find(const items_t *items, int folder, const char *name, size_t length);
/* "demo/gear shots 1 seed 0 gamma=1": the item for people. */
const char *suite_item_name(char out[512], const suite_plan_t *plan, const item_t *item);

/* ---- Folders: what stands on disk, by one listing a folder instead of a question a file ---- */
enum { SUITE_FOLDER_FEATURES, SUITE_FOLDER_PROMPTS, SUITE_FOLDER_TASKS, SUITE_FOLDERS };
void suite_folder_path(char out[4096], const suite_plan_t *plan, int folder);
typedef struct {
    const suite_plan_t *plan;
    const items_t *items;
    uint32_t *there, *claimed; /* (items) the round in which the item's file, its claim, was seen last */
    uint32_t *round;           /* (folders) looks so far */
    double *looked;            /* (folders) clock_seconds of the last look; 0: none */
} suite_folders_t;
/* Looks into every folder, and takes each item whose file is there as done. */
status_t suite_folders_find_done(suite_folders_t *folders, items_t *items);
status_t suite_folders_make(suite_folders_t *out, const suite_plan_t *plan, const items_t *items);
void suite_folders_free(suite_folders_t *folders);
/* Looks into one folder; one that does not exist is empty. */
status_t suite_folders_look(suite_folders_t *folders, int folder);
/* As the last look saw it. A file that is there may still be damaged: its reader finds out. */
bool suite_folders_has(const suite_folders_t *folders, int item);
bool suite_folders_claimed(const suite_folders_t *folders, int item);
/* Removes what dead processes have left: temporary files, and claims and checkpoints of items that are done. */
status_t suite_folders_tidy(const suite_folders_t *folders, int folder);
/* Task files in the run's folder, of this plan or of any other. What cannot be listed counts as nothing. */
int suite_count_task_files(const suite_plan_t *plan);

/* ---- Costs ---- */
typedef struct {
    double units[SUITE_RATES];
} suite_work_t;
double suite_work_seconds(const suite_work_t *work, const suite_cost_t *cost);
double suite_work_gflop(const suite_work_t *work);
double suite_encode_gflop(const clip_config_t *config);                                    /* of one image */
double suite_features_mb(const clip_config_t *config, const suite_job_t *job, int images); /* as stored */
void suite_work_encode(suite_work_t *out, const clip_config_t *config, const suite_job_t *job, item_kind_t kind,
                       int images);
/* The prompts of one head: what the text tower will do a pass, and take. */
typedef struct {
    int prompts, groups;
    double forward_gflop, epoch_gflop; /* an epoch: forward, recomputed, backward */
    size_t bytes;                      /* of the workspace */
} suite_head_work_t;
status_t suite_head_work(suite_head_work_t *out, const clip_config_t *config, const suite_job_t *job,
                         const suite_caption_t *caption, suite_head_t head);
double suite_regions_gflop(const clip_config_t *config, const suite_job_t *job, const suite_caption_t *caption,
                           int shots);
double suite_query_gflop(const clip_config_t *config, const suite_job_t *job, int groups);
/* shots 0: no memory is searched. */
double suite_maps_gflop(const clip_config_t *config, int groups, int images, int shots);
/* As stored: a learned head, and a task with its maps and copies of its heads. */
double suite_head_mb(const clip_config_t *config, const suite_job_t *job, suite_head_t head);
double suite_task_mb(const clip_config_t *config, const suite_job_t *job, int images);
/* *warm: of it, what is saved by a rank that has just evaluated the same category. */
void suite_work_evaluate(suite_work_t *out, suite_work_t *warm, const clip_config_t *config, const suite_job_t *job,
                         const suite_listing_t *listing, int shots);
/* The rates for a model from the file at `path`, which holds a line a model and number of threads. */
void suite_cost_read(suite_cost_t *cost, const char *path, const char *model_digest, int threads);
status_t suite_cost_write(const suite_cost_t *cost, const char *path, const char *model_digest, int threads);
/* What a run measured (seconds for so many units) makes the next prediction better. */
void suite_cost_learned(suite_cost_t *cost, const suite_work_t *done, const double seconds[SUITE_RATES]);

/* ---- Features ---- */
typedef struct {
    int count, T, E, W, grid;
    float *cls;               /* (count, E) */
    float *tokens;            /* (count, T, E) */
    float *memory1, *memory2; /* (count, T, W) */
} suite_features_t;           /* owned */
void suite_features_free(suite_features_t *features);

/* What a rank holds of the category that it evaluated last. All zero at first. */
typedef struct {
    int listing;
    suite_features_t *chunk; /* (chunks) no tokens: not held */
    int chunks;
    size_t bytes, budget;
    uint64_t memory_key; /* of listing and shots; 0: none */
    float *M_v;          /* (n, T) */
} suite_hold_t;

typedef struct suite_progress suite_progress_t; /* see below */
/* What a rank keeps open while it works: the model and the image tower's workspace. */
typedef struct {
    const suite_plan_t *plan;
    clip_model_t *model; /* opened at first use */
    clip_vision_t *vision;
    clip_tap_t taps[2];
    suite_hold_t hold;
    suite_masks_t masks;         /* of the category measured last */
    clip_tokenizer_t *tokenizer; /* opened at first use */
    suite_progress_t *progress;  /* NULL but on rank 0 */
    int rank, size;
    double started, deadline; /* clock_seconds; deadline 0: none */
    double longest_step;      /* seconds of the longest thing that cannot be interrupted: epoch, chunk, task */
    suite_work_t measured;    /* units done by this rank */
    double measured_seconds[SUITE_RATES]; /* that they took */
    char run_id[32];
} suite_worker_t;
status_t suite_worker_model(suite_worker_t *worker);
status_t suite_worker_tokenizer(suite_worker_t *worker);
void suite_worker_close(suite_worker_t *worker);
/* A signal came, or the next step may end after the time limit. */
bool suite_worker_must_stop(const suite_worker_t *worker);
/* So many units took the time since `since` (clock_seconds); returns now. */
double suite_worker_charge(suite_worker_t *worker, suite_rate_t rate, double units, double since);

/* Makes the feature file of a chunk, a support image or its tiles. */
status_t suite_encode(suite_worker_t *worker, const item_t *item);
/* Reads a feature file whole. ST_EFORMAT: damaged, or of another item. */
status_t suite_features_read(suite_features_t *out, const item_t *item);
/* Features of a chunk, held or read: then into *own, which the caller frees, unless there is room to hold them. */
status_t suite_hold_chunk(const suite_features_t **out, suite_features_t *own, suite_worker_t *worker,
                          const item_t *chunk);
void suite_hold_free(suite_hold_t *hold);
/* Which images a chunk holds: first and count of the listing's test images. */
void suite_chunk_range(int *first, int *count, const suite_plan_t *plan, int listing, int chunk);

/* ---- Learned heads ---- */
/* What a head gives (G groups, E embedding). Owned by the struct. */
typedef struct {
    int G, E, epochs;
    float *normal, *abnormal; /* (G, E) anchors */
    float *keys;              /* (G, E) intrinsic features of the query former; NULL: none was trained */
    double *losses;           /* (epochs, ALIGN_TERMS) */
    float *query_params;      /* (query_count) */
    int64_t query_count;
    double *query_losses; /* (query_steps + 1) */
    int query_steps;
    int oracle_count; /* states kept for track_epochs */
    int *oracle_epoch;
    float *oracle_normal, *oracle_abnormal, *oracle_keys; /* (oracle_count, G, E) */
} suite_learned_t;
status_t suite_learned_alloc(suite_learned_t *out, int G, int E, int epochs, int track_epochs, bool queries);
void suite_learned_free(suite_learned_t *learned);
/* Anchors, keys and oracle states of a learned head's file. */
status_t suite_learned_read(suite_learned_t *out, const item_t *item);

typedef struct {
    const align_head_t *head;
    const suite_learned_t *result;
    const uint8_t *labels; /* (shots, side, side) or NULL */
    int side;
    double seconds;
} suite_learn_file_t;
status_t suite_learn_write(const suite_worker_t *worker, const item_t *item, const suite_learn_file_t *what);
/* Identity of the head that task t learns: of all that it depends on, and of nothing else. */
status_t suite_learn_id(char id[SUITE_ID_SIZE], const suite_plan_t *plan, int t, suite_head_t head);
status_t suite_learn(suite_worker_t *worker, const items_t *items, const item_t *item);

/* The state of a head in mid-learning, "<item path>.checkpoint": the next life goes on from it to the same bits. */
status_t suite_checkpoint_write(const align_head_t *head, const suite_learned_t *result, const item_t *item);
/* Restores head and result when there is a checkpoint of this item; a damaged one is set aside with a warning. */
status_t suite_checkpoint_read(align_head_t *head, suite_learned_t *result, const item_t *item);
void suite_checkpoint_remove(const item_t *item);

/* ---- Evaluating ---- */
/* keep (maps->n): which test images. */
status_t suite_measure(suite_numbers_t *out, suite_worker_t *worker, const suite_maps_t *maps,
                       const data_category_t *images, const suite_job_t *job, const int *keep);
/* M_v (n, T) of the task's test images and shots, when the task before had the same; NULL: not held. */
const float *suite_hold_memory(const suite_worker_t *worker, const suite_task_t *task);
void suite_hold_keep_memory(suite_worker_t *worker, const suite_task_t *task, const suite_maps_t *maps);
status_t suite_evaluate(suite_worker_t *worker, const items_t *items, const item_t *item);

/* ---- Task files ---- */
/* Test metrics at states kept during learning: for study, never for choice (METHOD.md 12.3). */
typedef struct {
    int count;
    int *epoch;
    suite_numbers_t *numbers;
} suite_oracle_t;
typedef struct {
    const suite_task_t *task;
    const suite_maps_t *maps;
    const suite_numbers_t *numbers;
    const suite_oracle_t *oracle;
    const int *keep; /* (maps->n) test images */
    const items_t *items;
    const int *heads; /* items of the learned heads, whose groups prompts/<head> are copied */
    int head_count;
    double seconds;
} suite_task_file_t;
status_t suite_task_write(const suite_worker_t *worker, const suite_task_file_t *what);
/* Reads a task file's numbers; ST_EFORMAT when it is damaged or another task's. */
status_t suite_task_numbers(suite_numbers_t *out, const char *path, const char *id);

/* ---- Foretelling ---- */
typedef struct {
    int items;             /* to be made */
    double makespan, work; /* seconds: from the first item to the last, and of all ranks together */
    double chain;          /* of the longest chain of items that wait for one another */
    int chain_item;        /* its first; -1: nothing is to be done */
} suite_simulation_t;
/* left (items): predicted seconds for which an open item will still be in the hand that has it, 0 when its file is there
 * by now, or one of these; NULL: none is begun. */
#define SUITE_NOT_BEGUN (-1.0)
#define SUITE_NEVER 1e300 /* it has failed, or waits for what has */
/* Of the wanted, open items; by at least as many ranks as there are items in hand. */
status_t suite_simulate(suite_simulation_t *out, const items_t *items, const double *left, int listings, int ranks);
/* The same, but a lower bound where the simulation would take long. */
status_t suite_outlook(suite_simulation_t *out, const items_t *items, const double *left, int listings, int ranks);
/* `left` of an item that has been in other hands for so many predicted seconds. */
double suite_left(double cost, double elapsed);
/* The item after this one in the longest chain through it; -1: it is the last. */
int suite_chain_next(const items_t *items, int item);
typedef struct {
    double rank_mb;    /* peak of one rank, without what a node shares */
    double private_mb; /* of it, weights converted */
    double shared_mb;  /* weights, once a node */
} suite_memory_t;
status_t suite_memory_plan(suite_memory_t *out, const suite_plan_t *plan, const clip_config_t *config);

/* ---- Provenance ---- */
/* Attributes that every file carries: code and library versions, BLAS core, ranks, host, time. */
status_t suite_provenance_write(io_h5_t *file, const suite_worker_t *worker);

/* ---- Failures: a record a failed item below <run>/failed, so that other ranks of this run do not try it again ---- */
typedef struct {
    char run[64]; /* the run that failed last */
    int attempts; /* so far */
    char reason[1024];
} suite_failure_t;
/* <run>/failed/<...>.txt (heap). */
char *suite_failure_path(const suite_plan_t *plan, const item_t *item);
/* False: the item has not failed. */
bool suite_failure_read(suite_failure_t *out, const suite_plan_t *plan, const item_t *item);
/* counts: as an attempt; a full disk or memory that is out is no fault of the item. */
void suite_failure_record(const suite_worker_t *worker, const item_t *item, const char *reason, bool counts);
void suite_failure_forget(const suite_worker_t *worker, const item_t *item);

/* ---- Steps ---- */
/* Opens the item's file. ST_EFORMAT: damaged, not complete, or of another id. */
status_t suite_item_open(io_h5_t **out, const item_t *item);
/* Whether the item's file is there and whole; a damaged or foreign one is set aside with a warning, never used and never
 * deleted. */
status_t suite_item_check(bool *whole, const item_t *item);
typedef enum {
    STEP_DONE,
    STEP_FAILED,
    STEP_NEEDS_LOST /* files that it reads were damaged: their items are open again */
} step_outcome_t;
/* Does an item whose claim this rank holds. ST_EINTERRUPTED, or what stops the whole run; what the item itself dies of
 * is an outcome. */
status_t suite_step(step_outcome_t *outcome, suite_worker_t *worker, items_t *items, item_t *item);

/* ---- Readiness ---- */
typedef struct suite_ready suite_ready_t;
/* Of the wanted, open items: those whose needs are all done are ready. */
status_t suite_ready_make(suite_ready_t **out, const items_t *items, int listings);
void suite_ready_free(suite_ready_t *ready);
/* The ready item to do next, taken out; -1: none. prefer: a listing whose features are at hand, or -1. */
int suite_ready_take(suite_ready_t *ready, int prefer);
void suite_ready_put(suite_ready_t *ready, int item);
/* The item is done: those that waited for it alone become ready. */
void suite_ready_done(suite_ready_t *ready, int item);
int suite_ready_count(const suite_ready_t *ready);
/* Wanted items that need this one. */
const int *suite_ready_users(int *count, const suite_ready_t *ready, int item);

/* ---- Progress: the line that rank 0 shows. All but `begin` do nothing on NULL ---- */
status_t suite_progress_begin(suite_progress_t **out, const suite_worker_t *worker, const items_t *items,
                              suite_folders_t *folders);
void suite_progress_end(suite_progress_t *progress); /* frees it */
/* An item is in this rank's hand, and should take `cost` seconds; an earlier life did a share of it; it is out of hand. */
void suite_progress_take(suite_progress_t *progress, int item, double cost);
void suite_progress_resume(suite_progress_t *progress, double share);
void suite_progress_drop(suite_progress_t *progress, bool made);
/* How far the item in hand is, in [0, 1], with a few words. */
void suite_progress_tell(suite_progress_t *progress, double share, const char *detail);
/* Nothing is in hand: all that could be done is in other hands. */
void suite_progress_wait(suite_progress_t *progress, const int *busy, int count);

/* ---- Scheduling ---- */
/* Takes items until none is left. ST_EINTERRUPTED: a signal or the time limit, with work left. */
status_t suite_schedule(suite_worker_t *worker, items_t *items);
/* Set by SIGUSR1, SIGUSR2, SIGTERM and SIGINT: finish the step and leave. */
bool suite_interrupted(void);

/* ---- Result sets ---- */
void suite_row_free(suite_row_t *row);
/* ST_EFORMAT when a MEAN row is not the mean of its rows. */
status_t suite_results_check_means(const suite_results_t *results, const char *path);
/* The table of columns of text, which serves writing and reading. */
typedef struct {
    const char *name;
    size_t offset; /* in suite_row_t */
    const char *description;
    bool optional; /* older files do not have it */
} suite_text_column_t;
extern const suite_text_column_t suite_text_columns[]; /* ends with {0} */

/* ---- Reducer ---- */
/* run.yaml: at the start of a run (finished is false), so that others can see what it is doing, and at its end. */
status_t suite_run_yaml_write(const suite_plan_t *plan, const suite_worker_t *worker, bool finished);
/* Tasks first, first + step, ...: whether there is a whole file, and its numbers (zeros where there is none). */
void suite_numbers_read(suite_numbers_t *numbers, uint8_t *there, const suite_plan_t *plan, int first, int step);
/* Writes results.h5, results.csv and run.yaml; takes what has come since numbers and there were read into them. *missing
 * counts tasks without a file. Not collective: one rank calls. */
status_t suite_reduce(int *missing, const suite_plan_t *plan, const suite_worker_t *worker, suite_numbers_t *numbers,
                      uint8_t *there);

#endif
