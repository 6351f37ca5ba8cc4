/* predict: a finished run put to use. It opens a run by its record, takes up what one of its tasks has learned,
 * scores images that the run does not know, and finds from which score on an image counts as anomalous. Nothing is
 * learned here, and of the run nothing changes but thresholds.csv (and features of its shots that the cache has
 * lost). Depends on base, io, data, detect, metrics, job, method, plan, store, work and review. No function is
 * collective. Messages name the file; hints name the cure. */
#ifndef FGAD_PREDICT_H
#define FGAD_PREDICT_H

#include "review/review.h"
#include "store/store.h"
#include "work/work.h"

/* ---- Prediction ----------------------------------------------------------------------------------------------------
 * Scores images that nobody has labelled with what a task of the run has learned: the same bits as the run's own for the same
 * file. Below `out`, names as below the folder that was named:
 *   1. predict.csv, predict.json: an image a line: path, score, decision (anomalous when the score is above the threshold),
 *      threshold, group (that of the map's highest token, where the method matches groups), ms (reading, encoding, scoring),
 *      error (what was wrong with an image that has no score);
 *   2. overlays/<name>.png: the image and its heat map; scale.png, scale.json: the one scale of all of them;
 *   3. maps/<name>.tiff: 32-bit float maps at the image's own size;
 *   4. groups/<name>.png: the group that each token was matched to (token grid); groups/legend.csv.
 * One image is in memory at a time. */
typedef struct {
    const char *const *images; /* files and folders */
    int image_count;
    const char *out;
    bool overlay, tiff, groups;
    double low, high; /* of the overlays' scale; low >= high: from the lowest to the highest of the task's own maps */
    double threshold; /* NaN: the run's own, where it has one */
    store_select_t select;
} predict_options_t;
typedef struct {
    char task[512], method[32]; /* "demo/gear, 4 shots, seed 0" */
    double threshold;           /* NaN: none */
    int images, scored, failed, anomalous, passed_over;
    bool interrupted;
    double startup, seconds; /* before the first image; in all */
} predict_outcome_t;
/* An image that cannot be read is told of, counted, and does not end it. ST_EFORMAT: a method that scores images against one
 * another, several tasks are meant. */
status_t predict_images(predict_outcome_t *out, const char *run_dir, const predict_options_t *options);

/* ---- Thresholds: store_threshold_t of each task that is meant, found and kept with the run ---- */
typedef struct {
    store_threshold_kind_t kind;
    double quantile, value; /* as the kind asks */
    store_select_t select;
} predict_threshold_options_t;
typedef struct {
    store_threshold_t threshold;
    char *dataset, *category, *point, *method; /* owned */
    int shots;
    int64_t seed;
} predict_thresholded_t;
/* *out (*count) is the caller's to free by predict_thresholds_free. The quantile is that of the shots' scores, each
 * against a memory of the others with heads that were learned from all of them; no test image is used. ST_EFORMAT:
 * fewer than two shots. */
status_t predict_threshold(predict_thresholded_t **out, int *count, const char *run_dir,
                           const predict_threshold_options_t *options);
/* What is kept already; likewise. */
status_t predict_threshold_kept(predict_thresholded_t **out, int *count, const char *run_dir,
                                const store_select_t *select);
void predict_thresholds_free(predict_thresholded_t *list, int count);

#endif
