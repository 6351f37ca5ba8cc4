/* store: every file of a run and of the cache beside it: features, learned heads, checkpoints, tasks, failures, measured
 * rates, result sets, and what of them stands on disk. A file that exists is whole: it is written under another name,
 * fsynced and renamed, and bears its id and the attribute `complete`. A damaged or foreign one is set aside with a warning,
 * never used and never deleted. It makes no number and claims nothing. Depends on base, io, data, job and plan, and for
 * learned heads on prompts and align. No function is collective. ST_EFORMAT names file and place. */
#ifndef FGAD_STORE_H
#define FGAD_STORE_H

#include "align/align.h"
#include "base/base.h"
#include "data/data.h"
#include "io/io.h"
#include "job/job.h"
#include "method/method.h"
#include "plan/plan.h"

/* ---- Provenance ---- */
/* Kinds of arithmetic, "Haswell, 1 thread; SkylakeX, 1 thread": kernels of the BLAS and the threads that a product
 * took (one, save in files of older versions; how many a rank has changes no bit), sorted, each once. What a file
 * was made on is its own kind and those of all files that it was made of; two kinds may differ in a result's last
 * bits, and one kind never does. */
enum { STORE_MADE_ON_SIZE = 384 };
typedef struct {
    char text[STORE_MADE_ON_SIZE];
} store_made_on_t;
void store_made_on_add(store_made_on_t *set, const char *list);    /* "" adds nothing */
void store_made_on_here(store_made_on_t *set, const plan_t *plan); /* adds this process's kind */
void store_made_on_read(store_made_on_t *set, io_h5_t *file);      /* adds the file's */
int store_made_on_count(const store_made_on_t *set);
/* What the cache beside the runs was made on with the plan's model, by <output>/cache/made_on.txt, to which each run adds. */
void store_made_on_cache(store_made_on_t *out, const plan_t *plan);
void store_made_on_cache_add(const plan_t *plan, const store_made_on_t *set);

typedef struct {
    const job_t *job;
    const char *model_digest, *blas;
    const char
        *made_from; /* of a result set: the folder of the run whose task files the rows are of, relative to its own;
                              NULL: their own */
    int ranks;
    store_made_on_t made_on;
} store_made_by_t;
/* inputs: what the files were made on that this one is made of; NULL: none. */
store_made_by_t store_made_by(const plan_t *plan, int ranks, const store_made_on_t *inputs);
/* Attributes that every file carries: code and library versions, BLAS core, ranks, host, time. */
status_t store_made_by_write(io_h5_t *file, const store_made_by_t *made_by);

/* Every file bears how it is laid out. 1: task files that hold their heads, of fgad 0.1.0 up to 4a0b28a: read as they are.
 * 2: task files that name them (the group heads). Part of no id: what is computed did not change by it. */
#define STORE_FORMAT "2"
/* ST_EFORMAT: the file is of a format that this version does not know; names the version that does. */
status_t store_format_check(io_h5_t *file, const char *path);
/* Opens a file that has to be complete and of that id. */
status_t store_open(io_h5_t **out, const char *path, const char *wanted);

/* ---- Numbers of a task ---- */
/* Numbers of one task; NaN: missing. The table names them, in the order of results.csv. */
typedef struct {
    double image_auroc, pixel_auroc, aupro, image_ap, image_f1, pixel_ap, pixel_f1, sample_auroc;
    /* AUROC of a branch alone: of the images by the largest value of its map before smoothing, and of the pixels; of the
     * class token's scores. Missing where a method has no branches. */
    double vad_image, vad_pixel, pad_image, pad_pixel, cls_image;
} store_numbers_t;
typedef struct {
    const char *name;
    size_t offset; /* in store_numbers_t */
    bool optional; /* files made before it was there do not have it: missing */
    const char *description;
} store_number_t;
extern const store_number_t store_number_table[]; /* ends with {0} */
extern const store_numbers_t store_numbers_none;  /* all missing */
/* Places in the table, and columns of results. */
enum {
    STORE_IMAGE_AUROC,
    STORE_PIXEL_AUROC,
    STORE_SAMPLE_AUROC = 7,
    STORE_VAD_IMAGE,
    STORE_PAD_IMAGE = STORE_VAD_IMAGE + 2,
    STORE_METRICS = STORE_PAD_IMAGE + 3
};
/* A file is finished and bears its id: its last attributes, and the label that store_item_glance and store_task_numbers
 * read. numbers: of a task; NULL: of any other file. */
status_t store_complete(io_h5_t *file, const char *id, const store_numbers_t *numbers, const char *made_on);
/* What a task file's label tells: ST_ENOTFOUND: no file; ST_EFORMAT: it is another task's or bears no such label. */
status_t store_label_read(store_numbers_t *out, store_made_on_t *made_on, const char *path, const char *id);

/* ---- Items ---- */
/* Opens the item's file. ST_EFORMAT: damaged, not complete, or of another id. */
status_t store_item_open(io_h5_t **out, const plan_item_t *item);
/* Whether the item's file is there and whole; a damaged or foreign one is set aside with a warning, never used and never
 * deleted. */
status_t store_item_check(bool *whole, const plan_t *plan, const plan_item_t *item);
/* The same of a task file by its name, size and label alone, which is enough to go on by: one read of 512 bytes, whatever it
 * holds. A file without a label is read to the end, as one that does not fit its label is. */
status_t store_item_glance(bool *whole, const plan_t *plan, const plan_item_t *item);

/* ---- Folders: what stands on disk, by one listing a folder instead of a question a file ---- */
typedef struct {
    const plan_t *plan;
    const plan_items_t *items;
    uint32_t *there, *claimed; /* (items) the round in which the item's file, its claim, was seen last */
    uint32_t *round;           /* (folders) looks so far */
    double *looked;            /* (folders) clock_seconds of the last look; 0: none */
} store_folders_t;
/* Looks into every folder, and takes each item whose file is there as done. */
status_t store_folders_find_done(store_folders_t *folders, plan_items_t *items);
status_t store_folders_make(store_folders_t *out, const plan_t *plan, const plan_items_t *items);
void store_folders_free(store_folders_t *folders);
/* Looks into one folder; one that does not exist is empty. */
status_t store_folders_look(store_folders_t *folders, int folder);
/* A number that changes when files come to a folder or go from it, by one question; 0: there is no such folder. Two changes
 * within a tick of the file system's clock may give one number. */
int64_t store_folders_change(const store_folders_t *folders, int folder);
/* As the last look saw it. A file that is there may still be damaged: its reader finds out. */
bool store_folders_has(const store_folders_t *folders, int item);
bool store_folders_claimed(const store_folders_t *folders, int item);
/* The plan's items, those done whose files are there. */
status_t store_items_make(plan_items_t *out, const plan_t *plan);
/* Task files in the run's folder, of this plan or of any other. What cannot be listed counts as nothing. */
int store_count_task_files(const plan_t *plan);

/* ---- Rates ---- */
/* Those for a model from the file at `path`, which holds a line a model, number of threads and kind of processor (NULL: this
 * one's). What is not there for these comes from this kind with other threads, from another kind, or is a guess; cost says. */
void store_rates_read(plan_cost_t *cost, const char *path, const char *model_digest, int threads,
                      const char *processor);
status_t store_rates_write(const plan_cost_t *cost, const char *path, const char *model_digest, int threads,
                           const char *processor);
/* The same for the plan's model, threads and file; products in bfloat16 count as another kind of processor. */
void store_plan_rates_read(plan_t *plan);
status_t store_plan_rates_write(const plan_cost_t *cost, const plan_t *plan);

/* ---- Features ---- */
typedef struct {
    char name[CLIP_FEATURE_TEXT]; /* as clip_feature_text has it */
    int rows, width;
    float *data; /* (count, rows, width) */
} store_array_t;
typedef struct {
    int count, grid, arrays; /* count: images, or tiles of one */
    store_array_t array[METHOD_MAX_FEATURES];
    store_made_on_t made_on; /* of a file that was read */
} store_features_t;          /* owned */
void store_features_free(store_features_t *features);
/* The arrays of `ask` for so many images, to be filled. */
status_t store_features_alloc(store_features_t *features, const clip_config_t *config, const method_ask_t *ask,
                              int count);
/* By its name; ST_EFORMAT: it is not there. */
status_t store_features_find(const store_array_t **out, const store_features_t *features, const char *name);
/* The arrays of image i that `ask` names, in its order; turned views that are not there are NULL. */
status_t store_features_image(method_image_t *out, const store_features_t *features, const method_ask_t *ask, int i);
size_t store_features_bytes(const store_features_t *features);
/* Of the arrays that an item has, those whose files are not there. */
void store_features_missing(method_ask_t *out, const plan_t *plan, const plan_item_t *item);
/* A file for each array of `features` (a part of the item's), and then the item's own, which tells whose they are: a chunk,
 * a support image, or the tiles of one. images: (features->count), or the one that was tiled. */
status_t store_features_write(const plan_t *plan, int ranks, const plan_item_t *item, const store_features_t *features,
                              const data_image_t *images, double seconds);
/* Reads arrays of an item, those of `ask`. ST_EFORMAT: a file is damaged, or of another item; ST_ENOTFOUND: one is
 * not there. */
status_t store_features_read(store_features_t *out, const plan_t *plan, const plan_item_t *item,
                             const method_ask_t *ask);

/* ---- Slices of sets ---- */
typedef struct {
    int n;                   /* images; set by the reader, too */
    float *values;           /* (n, h, w); the caller's */
    double seconds;          /* that making it took */
    store_made_on_t made_on; /* of the features; a reader adds the file's */
} store_slice_t;
/* The item's file. ST_EIO. */
status_t store_slice_write(const plan_t *plan, int ranks, const plan_item_t *item, const store_slice_t *what);
/* Into out->values, of out->n images. ST_EFORMAT: the file is damaged, or holds other dimensions. */
status_t store_slice_read(store_slice_t *out, const plan_t *plan, const plan_item_t *item);

/* ---- Learned heads ---- */
/* What a head gives (G groups, E embedding). Owned by the struct. */
typedef struct {
    int G, E, epochs;
    float *normal, *abnormal; /* (G, E) anchors */
    float *keys;              /* (G, E) intrinsic features of the query former; NULL: none was trained */
    double *losses;           /* (epochs, ALIGN_TERMS) */
    double *trace;            /* (epochs, align_trace_columns); NULL: nothing is learned */
    float *query_params;      /* (query_count) */
    int64_t query_count;
    double *query_losses; /* (query_steps + 1) */
    int query_steps;
    int oracle_count; /* states kept for track_epochs */
    int oracle_room;  /* of a head being learned: states that there will be */
    int *oracle_epoch;
    float *oracle_normal, *oracle_abnormal, *oracle_keys; /* (oracle_count, G, E) */
    store_made_on_t made_on; /* of all lives of its learning and of what it learned from; a checkpoint keeps it */
} store_learned_t;
/* Room for what a head of so many epochs will give: a state every track_epochs of them (0: none), keys where `queries`. The
 * trace and what the query former gives are the learner's to set. ST_ENOMEM leaves nothing to free. */
status_t store_learned_alloc(store_learned_t *out, int G, int E, int epochs, int track_epochs, bool queries);
void store_learned_free(store_learned_t *learned);
/* Anchors, keys and oracle states of a learned head's file. */
status_t store_learned_read(store_learned_t *out, const plan_t *plan, const plan_item_t *item);

/* All borrowed. */
typedef struct {
    const align_head_t *head;
    const store_learned_t *result;
    const uint8_t *labels; /* (shots, side, side) or NULL */
    int side;
    double seconds; /* that learning took */
} store_learn_file_t;
/* The item's file: prompts, parameters before and after, losses by epoch, anchors, keys. ST_EIO. */
status_t store_learn_write(const plan_t *plan, int ranks, const plan_item_t *item, const store_learn_file_t *what);
/* A run stands without the cache: <run>/heads/<dataset>/<category>/<id>.h5 is the cache's own file by a second name
 * (a hard link; on another disk one copy), whatever the number of tasks that share it, and tasks name it by its id.
 * keep: makes it, where it is not there and whole. restore: the other way round, for heads of a category that the
 * cache has lost; verify: the run's own are read to their ends, and damaged ones replaced by the cache's. */
status_t store_head_keep(const plan_t *plan, const plan_item_t *item);
status_t store_heads_restore(const plan_t *plan, const plan_items_t *items, int category, bool verify);
/* Reads the run's own file of a head to its end. ST_ENOTFOUND, ST_EFORMAT. */
status_t store_head_verify(const plan_t *plan, const plan_item_t *item);
/* The file that holds prompts/<head> (heap) of a task in the folder of a run: what its group heads names, or, of a run of
 * format 1, the task's own. ST_ENOTFOUND: the task has no such head. */
status_t store_head_of_task(char **path, io_h5_t *task, const char *task_path, const char *head);
/* The state of a head in mid-learning, "<item path>.checkpoint": the next run goes on from it to the same bits. */
status_t store_checkpoint_write(const align_head_t *head, const store_learned_t *result, const plan_item_t *item);
/* Restores head and result when there is a checkpoint of this item; a damaged one is set aside with a warning. */
status_t store_checkpoint_read(align_head_t *head, store_learned_t *result, const plan_item_t *item);
void store_checkpoint_remove(const plan_item_t *item);

/* ---- Task files ---- */
/* Test metrics at states kept during learning: for study, never for choice (METHOD.md 12.3). */
typedef struct {
    int count;
    int *epoch;
    store_numbers_t *numbers;
    double (*fused)[2]; /* (count) image AUROC with image_fusion harmonic, arithmetic */
    bool
        fusions; /* last holds them of the result: what the better of them by the test labels would give is no result */
    double last[2];
} store_oracle_t;
typedef struct {
    const plan_task_t *task;
    const method_t *method;
    const method_maps_t *maps;
    const store_numbers_t *numbers;
    const store_oracle_t *oracle;
    const int *keep; /* (maps->n) test images */
    const plan_items_t *items;
    const int *heads; /* items of the learned heads */
    int head_count;
    store_made_on_t inputs;
    double seconds;
    double score_seconds; /* of the method alone, of a processor, without reading: its state, maps of all test images */
    size_t state_bytes;   /* of what it keeps while it scores alone, the model and the images' features apart */
} store_task_file_t;
/* The task's file, and before it those of its heads in the run's folder (store_head_keep). ST_EIO. */
status_t store_task_write(const plan_t *plan, int ranks, const store_task_file_t *what);
/* Reads a task file to its end; sets nothing aside. *heads: it names files of heads. */
status_t store_task_verify(bool *heads, const plan_t *plan, const plan_item_t *item);
/* A task's numbers, of its label where it bears one, else of the file read to the end; adds what it was made on.
 * ST_EFORMAT when it is damaged or another task's. */
status_t store_task_numbers(store_numbers_t *out, store_made_on_t *made_on, const char *path, const char *id);

/* ---- Thresholds -----------------------------------------------------------------------------------------------------
 * <run>/thresholds.csv, a line a task: an image whose score is above `value` counts as anomalous. */
typedef enum { STORE_THRESHOLD_F1_MAX, STORE_THRESHOLD_QUANTILE, STORE_THRESHOLD_VALUE } store_threshold_kind_t;
extern const char *const store_threshold_kinds[]; /* "f1-max" (an oracle), "quantile" (of the shots), "value", NULL */
typedef struct {
    char task[PLAN_ID_SIZE];
    store_threshold_kind_t kind;
    double quantile; /* NaN unless that is the kind */
    double value;
    double precision, recall, false_alarms; /* of the test images at it, as fractions; NaN: none are labelled so */
    int normal, anomalous;                  /* test images */
} store_threshold_t;
/* Of all tasks that have one (heap); none where there is no file. ST_EFORMAT names file and line. */
status_t store_thresholds_read(store_threshold_t **out, int *count, const char *run_dir);
/* Puts these in place of those of the same tasks; those of the plan's other tasks stay. */
status_t store_thresholds_add(const plan_t *plan, const char *run_dir, const store_threshold_t *add, int count);

/* ---- Failures: a record a failed item below <run>/failed, so that other ranks of this run do not try it again ---- */
typedef struct {
    char run[64]; /* the run that failed last */
    int attempts; /* so far */
    char reason[1024];
} store_failure_t;
/* <run>/failed/<...>.txt (heap). */
char *store_failure_path(const plan_t *plan, const plan_item_t *item);
/* False: the item has not failed. */
bool store_failure_read(store_failure_t *out, const plan_t *plan, const plan_item_t *item);
/* counts: as an attempt; a full disk or memory that is out is no fault of the item. */
void store_failure_record(const plan_t *plan, const char *run, const plan_item_t *item, const char *reason,
                          bool counts);
void store_failure_forget(const plan_t *plan, const plan_item_t *item);

/* ---- The run ---- */
/* <run>/index.h5: what images and model looked like when the run began, so that its folder can be looked at where they are
 * not (data on the disks of compute nodes). Not collective; rank 0 writes.
 *   1. attributes: model_digest, tokenizer_digest, categories (number), model_config (bytes of clip_config_t and their
 *      number, of this version);
 *   2. categories/<n>: attributes dataset, category, digest, caption_digest, split, mask_threshold,
 *      test_anomalous, masks_missing; caption (I32); train/ and test/: name, defect, label, mark, mask. */
status_t store_index_write(const plan_t *plan);
/* Fills in what plan_make_categories does, and config. ST_ENOTFOUND, ST_EFORMAT: no index, or one of another version. */
status_t store_index_read(plan_t *plan);
/* The plan of a run by its folder: of images and model as its index tells, without a look at them; where there is none, as
 * they are. ST_ENOTFOUND: it is not the folder of a run, or they are not there. */
status_t store_run_open(plan_t *out, const method_t *const *methods, const char *run_dir);
/* The same by the index alone, where the model has to be the one that the run was made with. */
status_t store_run_open_recorded(plan_t *out, const method_t *const *methods, const char *run_dir);
/* Who wrote run.yaml, as "fgad 0.1.0+1a2b3c4". */
void store_run_writer(char out[64], const plan_t *plan);
/* run.yaml: at the start of a run (finished is false), so that others can see what it is doing, and at its end. made_on: of
 * the ranks, of all files of the table. */
status_t store_run_yaml_write(const plan_t *plan, int ranks, const store_made_on_t *made_on, bool finished);
/* What the run's run.yaml tells of that; "" where it tells nothing. */
void store_run_made_on(store_made_on_t *out, const plan_t *plan);

/* ---- Results -------------------------------------------------------------------------------------------------------
 * <run>/results.h5 and results.csv: a row a task, then the means over categories (category MEAN). Every value is found by
 * its column's name, never by place. A task without a result is named apart, so that it cannot pass for a row. */
#define STORE_MEAN "MEAN"
/* What tables call the grid point that overrides nothing, whose text is "". */
#define STORE_AS_THE_JOB "(as the job)"
typedef struct {
    char *dataset, *category, *point, *method;                         /* owned, as all texts here */
    char *model, *tower, *branches, *learn, *transductive, *auxiliary; /* as method_labels_t; "" in files before them */
    char *protocol, *task;
    char *changes; /* of a rescored row: what was overridden since the task, "key=value" lines; "" otherwise */
    int shots;
    int64_t seed;
    double metric[STORE_METRICS]; /* fractions; NaN: missing */
} store_row_t;
typedef struct {
    store_row_t *rows; /* in the order of the plan: dataset, category, shots, seed, point; then MEAN rows */
    int count;
    store_row_t *lost; /* tasks of the plan that have no result, all metrics NaN */
    int missing;       /* of them */
    char *source;      /* folder of the run whose task files the rows come from (of a rescored set: not its own) */
    char *assets;      /* the job's */
    store_made_on_t made_on; /* all task files that the rows come from; "": unknown */
} store_results_t;
/* Reads <path>/results.h5, or `path` itself when it ends with .csv. Not collective. ST_EFORMAT: columns missing, unknown
 * or of different lengths, two rows of one task, a MEAN that is not the mean of its rows. */
status_t store_results_read(store_results_t *out, const char *path);
void store_results_free(store_results_t *results);

/* Rows that are meant, by comma-separated names; NULL: all. point: a grid point, or some of its "key=value" words;
 * blanks after commas do not count. */
typedef struct {
    const char *dataset, *category, *shots, *seeds, *point;
} store_select_t;
bool store_row_selected(const store_row_t *row, const store_select_t *select); /* false for MEAN */
/* Whether the comma-separated list names the word; NULL names everything. */
bool store_list_names(const char *list, const char *word);

/* Making one. A row takes copies of all texts; every metric is NaN. */
typedef struct {
    const char *dataset, *category, *point, *method, *model, *tower, *branches, *learn, *transductive, *auxiliary;
    const char *protocol, *task, *changes; /* NULL, as all above may be: "" */
    int shots;
    int64_t seed;
} store_row_key_t;
store_row_key_t store_row_key(const store_row_t *row); /* as another row has it, whose texts it borrows */
void store_row_key_label(store_row_key_t *key, const method_labels_t *labels); /* borrows, too */
status_t store_row_make(store_row_t *row, const store_row_key_t *key);
/* Appends the plain mean over categories of every dataset, shots, seed, point and method none of whose tasks is lost; a
 * metric that a category does not have is left out of it. rows has room for a mean beside every row. */
status_t store_results_add_means(store_results_t *results);
/* results.csv and results.h5 of the folder `dir`, with the job's options. */
status_t store_results_write(const store_results_t *results, const char *dir, const store_made_by_t *made_by);

#endif
