/* work: makes the file of one item: encodes images, learns a head, evaluates a task. It carries arrays from one room to the
 * next and measures what comes out, the same way when a task is made and when it is looked at again. It claims nothing and
 * knows no other rank. Depends on every room before it but claim. No function is collective. */
#ifndef FGAD_WORK_H
#define FGAD_WORK_H

#include "align/align.h"
#include "clip/clip.h"
#include "method/method.h"
#include "metrics/metrics.h"
#include "plan/plan.h"
#include "store/store.h"
#include "tokenizer/tokenizer.h"

/* ---- Measuring -----------------------------------------------------------------------------------------------------
 * From maps to numbers (METHOD.md 9, 10). */
/* Ground truth of test images at metric size, one after another. Kept from one measurement to the next. */
typedef struct {
    uint64_t key;    /* of the images, the size and the mask rule; 0: nothing is kept */
    int count;       /* images */
    int (*size)[2];  /* (count) width, height; owned */
    uint8_t *labels; /* 0/1, owned */
} work_masks_t;
/* Of images->test[keep[i]], i < n, as the job measures; does nothing when that is what `masks` holds. */
status_t work_masks_load(work_masks_t *masks, const data_category_t *images, const job_t *job, const int *keep, int n);
void work_masks_free(work_masks_t *masks);

/* Numbers of images into *out, whose others stay: of M_img (n), the scores of images->test[keep[i]]. */
status_t work_measure_images(store_numbers_t *out, const float *M_img, const data_category_t *images, const int *keep,
                             int n);
/* False: anomalous images without any ground truth have no pixel metrics. */
bool work_has_pixels(const data_category_t *images, const int *keep, int n);
/* Of maps M_pix (n,h,w), brought to the masks' sizes, for jobs that differ in AUPRO's limit and form alone. */
status_t work_measure_pixels(store_numbers_t *const *out, const job_t *const *jobs, int count, const float *M_pix,
                             int h, int w, const work_masks_t *masks, const char *temp_dir);
/* *map, of *room floats, with room for `size`: what it held is lost when it grows. */
status_t work_room(float **map, size_t *room, size_t size);
/* Its parts: every map at the size of its mask, smoothed, given to `pixels`; what `pixels` then measures. */
status_t work_pixels_add(metrics_pixels_t *pixels, const float *M_pix, int h, int w, const work_masks_t *masks,
                         const job_t *job);
status_t work_pixels_measure(store_numbers_t *out, metrics_pixels_t *pixels, const job_t *job);
/* Of the branches alone, and of the class token: AUROC of images by their scores. */
status_t work_measure_branch_images(store_numbers_t *out, const method_t *method, const method_maps_t *maps,
                                    const job_t *job, const data_category_t *images, const int *keep);
/* Pixel AUROC of a branch that is there; a method whose only branch it is has it already, as its pixel AUROC. */
status_t work_measure_branch_pixels(double *auroc, const method_t *method, const method_maps_t *maps,
                                    method_branch_t which, const job_t *job, const work_masks_t *masks,
                                    const char *temp_dir);
double *work_branch_pixel(store_numbers_t *numbers, method_branch_t which);
/* The protocol ids that numbers of this job follow on these images (heap). */
char *work_protocol_text(const job_t *job, const data_category_t *images);

/* ---- A rank that works --------------------------------------------------------------------------------------------- */
/* What a rank holds of the category that it evaluated last. All zero at first. */
typedef struct {
    int category_index;
    store_features_t *chunk; /* (chunks) no arrays: not kept */
    int chunks;
    size_t bytes, budget;
    uint64_t memory_key;          /* of category, shots and method; 0: none */
    float *maps[METHOD_MAX_MAPS]; /* (n, T) those that depend on them alone */
    store_made_on_t maps_on;      /* the support's files */
    method_spent_t maps_spent;    /* what they took */
} work_cache_t;

/* What one thread of a rank encodes with. */
typedef struct {
    clip_vision_t *vision; /* opened at first use */
    float *pixels;         /* (clip_vision_batch, 3, S, S) */
    double picture_seconds, tower_seconds;
} work_seat_t;

/* What a rank keeps open while it works: the model, its threads and their workspaces. Threads share the images of an item and
 * the prompts of a head, each image and each share alone: no bit depends on their number. */
typedef struct {
    const plan_t *plan;
    clip_model_t *model; /* opened at first use, pool and seat with it */
    base_pool_t *pool;
    work_seat_t *seat; /* (threads) */
    work_cache_t cache;
    work_masks_t masks;     /* of the category measured last */
    tokenizer_t *tokenizer; /* opened at first use */
    int rank, size;
    double started, deadline; /* clock_seconds; deadline 0: none */
    double longest_step;      /* seconds of the longest thing that cannot be interrupted: epoch, chunk, task */
    plan_work_t measured;     /* units done by this rank */
    double measured_seconds[PLAN_RATES]; /* that they took */
} work_worker_t;
/* Opens what the next items need, where it is not open yet. */
status_t work_worker_model(work_worker_t *worker);
status_t work_worker_tokenizer(work_worker_t *worker);
void work_worker_close(work_worker_t *worker);
/* A signal came, or the next step may end after the time limit. */
bool work_worker_must_stop(const work_worker_t *worker);
/* So many units took the time since `since` (clock_own_seconds); returns now. */
double work_worker_charge(work_worker_t *worker, plan_rate_t rate, double units, double since);

/* ---- Items ---- */
/* Makes the feature file of a chunk, a support image or its tiles. */
status_t work_encode(work_worker_t *worker, const plan_item_t *item);
/* Makes the file of a slice of a set. ST_EINTERRUPTED: a signal came. */
status_t work_slice(work_worker_t *worker, const plan_items_t *items, const plan_item_t *item);
/* Makes the file of a task. */
status_t work_evaluate(work_worker_t *worker, const plan_items_t *items, const plan_item_t *item);
/* Learns a head, step by step: begin (which takes up a checkpoint), epochs until done, end (which writes the file). */
typedef struct work_learn work_learn_t;
status_t work_learn_begin(work_learn_t **out, work_worker_t *worker, const plan_items_t *items,
                          const plan_item_t *item);
bool work_learn_is_done(const work_learn_t *learn);
/* Of its epochs, in [0, 1]; with a few words for people. */
double work_learn_share(const work_learn_t *learn, char detail[256]);
/* One epoch. ST_EINTERRUPTED, with a checkpoint, when the worker must stop and there are more to come. */
status_t work_learn_epoch(work_learn_t *learn);
status_t work_learn_end(work_learn_t *learn);
void work_learn_free(work_learn_t *learn); /* NULL is fine */

/* ---- New images -----------------------------------------------------------------------------------------------------
 * What a task has learned, kept to score any image, one at a time: to the bit as the task scores it. */
typedef struct work_predictor work_predictor_t;
/* item: of the task (an evaluation). Features of its support and its heads are read from their files. ST_EFORMAT: the method
 * scores images against one another; ST_ENOTFOUND, ST_EFORMAT: a file is missing or damaged. worker and items outlive it. */
status_t work_predictor_open(work_predictor_t **out, work_worker_t *worker, const plan_items_t *items,
                             const plan_item_t *item);
void work_predictor_close(work_predictor_t *predictor); /* NULL is fine */
/* An image file, whose pixels are taken as those of the task's category. ST_EFORMAT, ST_ENOTFOUND name it. */
status_t work_predictor_image(work_predictor_t *predictor, const char *path);
/* Shot k of the task, against a memory of the other shots alone; heads stay as they were learned from all of them. ST_EFORMAT:
 * that leaves fewer shots than the method needs. */
status_t work_predictor_shot(work_predictor_t *predictor, int k);
/* Of the image that was scored last: maps of one image, in row 0. */
const method_maps_t *work_predictor_maps(const work_predictor_t *predictor);

#endif
