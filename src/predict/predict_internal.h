/* Private to predict. */
#ifndef FGAD_PREDICT_INTERNAL_H
#define FGAD_PREDICT_INTERNAL_H

#include "predict/predict.h"

/* ---- A run opened to compute with what it learned ---- */
typedef struct {
    const char *dir;
    plan_t plan;
    plan_items_t items;
    work_worker_t worker;
} predict_run_t;
/* By the run's record: no image is looked at. To be closed whatever comes back. */
status_t predict_run_open(predict_run_t *run, const char *dir);
void predict_run_close(predict_run_t *run);
/* The tasks that are meant, as indices (heap); ST_ENOTFOUND: none. */
status_t predict_run_select(int **tasks, int *count, const predict_run_t *run, const store_select_t *select);
/* The task of this id, which there is. */
int predict_run_find(const predict_run_t *run, const char *id);
/* The one task that is meant; ST_EFORMAT lists what tells several apart. */
status_t predict_run_task(int *task, const predict_run_t *run, const store_select_t *select);
/* Features of the shots that the cache has lost are encoded again, when the images are here; then the run has another plan, and
 * the task another index. */
status_t predict_run_predictor(work_predictor_t **out, predict_run_t *run, int *task);

/* ---- Pictures to score ---- */
typedef struct {
    char *path, *name; /* name: of files made of it, "sub/part-01", all different */
} predict_picture_t;
typedef struct {
    predict_picture_t *item;
    int count;
    int passed_over; /* files of a folder that are no images */
} predict_pictures_t;
/* Folders with all below them, sorted, and files as they are named. ST_ENOTFOUND: a folder without images. */
status_t predict_pictures_list(predict_pictures_t *out, const char *const *images, int count);
void predict_pictures_free(predict_pictures_t *pictures);
/* ST_EFORMAT when `out`, which may not exist yet, is one of the folders or lies in one: what is written there would be read
 * the next time, and may stand in the place of an image. */
status_t predict_pictures_apart(const char *const *images, int count, const char *out);

/* ---- Tables of predictions: files that appear, whole, by predict_table_publish ---- */
typedef struct {
    char path[4096], temporary[4096];
    FILE *file;
} predict_table_file_t;
typedef struct {
    predict_table_file_t csv, json;
    int lines;
} predict_table_t;
typedef struct {
    const char *path, *group, *error; /* group NULL: none; error NULL: it has a score */
    float score;
    double threshold, ms; /* NaN: no threshold */
} predict_line_t;
status_t predict_table_open(predict_table_t *table, const char *folder, const predict_run_t *run,
                            const plan_task_t *task, const predict_outcome_t *told);
status_t predict_table_add(predict_table_t *table, const predict_line_t *line);
status_t predict_table_publish(predict_table_t *table, const predict_outcome_t *told);
void predict_table_close(predict_table_t *table); /* leaves nothing of what was not published */

#endif
