/* review: a finished run looked at again. It reads task files and the images' masks, and gives other numbers of the
 * same maps (rescoring), maps and pictures for other programs (export), and numbers of other people's maps (import).
 * It opens no model and changes nothing of the run. Depends on base, io, data, detect, metrics, job, plan, store and
 * work. No function here is collective. Messages name the file; hints name the cure. */
#ifndef FGAD_REVIEW_H
#define FGAD_REVIEW_H

#include "data/data.h"
#include "metrics/metrics.h"
#include "store/store.h"
#include "work/work.h"

/* ---- Stored maps ---------------------------------------------------------------------------------------------------
 * What a row's task left behind, as the row's options (those of the task, or of the rescoring) fuse it. */
typedef struct review_stored review_stored_t;
/* Assignments that say where files lie now; anything else would change what the numbers are of, and is refused. */
status_t review_relocate(job_t *job, const char *const *assignments, int count);
/* assignments: where files lie now, "data_root=..." (also roots, metric_memory); others are refused. ST_ENOTFOUND,
 * ST_EFORMAT: no task file, a damaged one. */
status_t review_stored_open(review_stored_t **out, const store_results_t *results, const store_row_t *row,
                            const char *const *assignments, int count);
void review_stored_close(review_stored_t *stored); /* NULL is fine */
/* Per image (n); all belong to `stored`. */
typedef struct {
    int n;
    const char *const *path, *const *defect; /* "test/<defect>/000.png" below the category; "good" for normal images */
    const uint8_t *label;
    const float *score; /* M_img */
} review_scores_t;
review_scores_t review_stored_scores(const review_stored_t *stored);
/* All pixels at metric size with their ground truth, from the images on disk; NULL when the images have none. The caller
 * closes *out. regions, images: as metrics_pixels_options_t. */
status_t review_stored_pixels(metrics_pixels_t **out, review_stored_t *stored, bool regions, bool images);

/* ---- Leakage audit -------------------------------------------------------------------------------------------------
 * AUROC that looking at the test labels would have given a task, beside its own: from its file. NaN: nothing is stored. */
typedef struct {
    double image, pixel;         /* as reported: the last epoch */
    double harmonic, arithmetic; /* image AUROC by either image_fusion */
    double best_of_two;          /* the larger: an oracle, as all that follow */
    int states;                  /* kept during learning (track_epochs); 0: the next are NaN, and both = best_of_two */
    double image_best, pixel_best; /* of the best state, or the last */
    int image_epoch, pixel_epoch;  /* that it is; 0: the last */
    double both;                   /* image AUROC: the best state and the better fusion together */
    int shots_in_test;
    double without_shots; /* image AUROC of the other test images */
} review_audit_t;
/* Of the row's task file. ST_ENOTFOUND, ST_EFORMAT: it is not there, or damaged; it is of imported maps; or the row was
 * rescored, and its file tells what the run's own settings would have gained. */
status_t review_audit(review_audit_t *out, const store_results_t *results, const store_row_t *row);

/* ---- Rescoring -----------------------------------------------------------------------------------------------------
 * Other fusion, smoothing, size, mask rule or metric of a finished run, from its stored maps: no model is opened. The
 * assignments are those of a job, sweeps included; keys of an earlier stage are refused with the reason. Writes
 * <run>/rescored/<name>/results.csv, results.h5 and run.yaml; nothing else changes. Without assignments the numbers are
 * the run's own, to the last bit. */
typedef struct {
    char *dir; /* of the new result set; the caller frees */
    int settings, tasks;
    int passes; /* over all pixels of a task: settings that fuse and smooth alike share one */
    double seconds;
} review_rescored_t;
/* name NULL: made from the assignments. */
status_t review_rescore(review_rescored_t *out, const char *run_dir, const char *name, const char *const *assignments,
                        int count);

/* ---- Export --------------------------------------------------------------------------------------------------------
 * Below `out`, one folder for each draw of shots and grid point, <dataset>-k<shots>-s<seed>[-<point>], with
 *   1. maps/<category>/test/<defect>/<id>.tiff: 32-bit float maps at the images' own size, as MVTec's evaluation reads
 *      them: upsampled and smoothed as `metric_size: native` measures them;
 *   2. overlays/<category>/test/<defect>/<id>.png: the image and its heat map, the ground truth's contour on both; one
 *      scale for a category, never one an image: scale.png, scale.json beside;
 *   3. regions/<category>/shot<k>.png: the training image and what the aggregation made of it; shot<k>-labels.png: the
 *      labels (components from 0, then background); legend.csv, legend.png: their names and colours;
 *   4. images.csv: a line an image: path, label, defect, score, rank in its category (1: most anomalous). */
typedef struct {
    const char *out;
    bool tiff, overlay, regions, csv;
    double low, high;   /* of the heat maps' scale; low >= high: from the lowest to the highest of the category */
    const char *images; /* patterns of paths, as a shell has them: maps and overlays of these alone; NULL: all */
    store_select_t select;
    const char *const *assignments; /* as review_stored_open */
    int assignment_count;
} review_export_options_t;
typedef struct {
    int tasks, maps, overlays, regions, lines;
} review_exported_t;
/* *out counts what was written. */
status_t review_export(review_exported_t *out, const char *path, const review_export_options_t *options);

/* ---- Import --------------------------------------------------------------------------------------------------------
 * Reads <tree>/<category>/test/<defect>/<id>.tiff (or .tif), one map a test image of the dataset, measures them as ours
 * are, and writes <output>/<name> as a run leaves it: results.csv, results.h5, run.yaml and task files without maps (they
 * stay where they are). A map of another size than its image goes to that size bilinearly, and the protocol says so. */
typedef struct {
    const char *tree, *dataset, *data_root, *name;
    const char *category; /* comma-separated; NULL: those of the dataset that the tree has */
    const char
        *scores;     /* CSV with the columns category, path, score; NULL: an image's score is the largest of its map */
    int shots, seed; /* what to call them in the tables */
    const char *const *assignments; /* keys of metrics; default: MVTec's protocol, metric_size=native sigma=0 */
    int assignment_count;
} review_import_options_t;
/* *dir: the folder of the new run; the caller frees. */
status_t review_import(char **dir, const review_import_options_t *options);

/* ---- Pictures ----------------------------------------------------------------------------------------------------- */
/* A PNG: left the image, right the heat map (height, width) over it in grey; the contour of a mask, which may be NULL, on
 * both. */
status_t review_paint_overlay(const char *path, const io_image_t *image, const float *map, const uint8_t *mask,
                              double low, double high);
/* <folder>/scale.png and scale.json. */
status_t review_write_scale(const char *folder, double low, double high);

/* ---- Traces of learning ----------------------------------------------------------------------------------------------
 * Sums over heads, of what prompts/<head>/trace says. */
enum { REVIEW_TRACE_LOSSES = 4, REVIEW_TRACE_ARRAYS = 3 };
extern const char *const review_trace_losses[]; /* "clip", "trip", "mean", "reg", NULL */
extern const char *const review_trace_arrays[]; /* "V", "a", "gate", NULL */
typedef struct {
    int heads;     /* that have a trace */
    double open;   /* shares of hinges, over epochs and groups */
    bool wide;     /* every hinge of every head was open, always; true at first */
    double cosine; /* p_n . p_a over the groups, at the last epoch */
    double loss[REVIEW_TRACE_LOSSES], array[REVIEW_TRACE_ARRAYS]; /* shares of the gradient's norms, over epochs */
} review_trace_t;
/* Adds that of the head "pixel" or "image" of a row's task, if there is one. ST_EFORMAT, ST_ENOTFOUND (the task's file). */
status_t review_trace_add(review_trace_t *sum, const store_results_t *results, const store_row_t *row,
                          const char *head);

#endif
