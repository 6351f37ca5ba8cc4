/* From which score on an image counts as anomalous, and what that does to the test images. */
#include "predict/predict_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Scores -------------------------------------------------------------------------------------------------------- */

typedef struct {
    float *score;
    uint8_t *label;
    int count;
} scores_t;

static void scores_free(scores_t *scores)
{
    free(scores->score);
    free(scores->label);
    *scores = (scores_t){0};
}

/* Of the task's test images, from its file. */
static status_t read_scores(scores_t *out, const plan_task_t *task)
{
    io_h5_t *file = NULL;
    void *data;
    int ndim;
    int64_t dims[6];
    status_t status;
    *out = (scores_t){0};
    TRY_DONE(io_h5_open(&file, task->path));
    TRY_DONE(io_h5_dims(&ndim, dims, file, "maps/M_img"));
    TRY_DONE(io_h5_expect(file, "maps/M_img", IO_H5_F32, 1, dims));
    TRY_DONE(io_h5_expect(file, "maps/label", IO_H5_U8, 1, dims));
    TRY_DONE(io_h5_read(&data, &ndim, dims, file, "maps/M_img", IO_H5_F32));
    out->score = data;
    TRY_DONE(io_h5_read(&data, &ndim, dims, file, "maps/label", IO_H5_U8));
    out->label = data;
    out->count = (int)dims[0];
done:
    io_h5_close(file);
    if (status != ST_OK) scores_free(out);
    return status;
}

static double ratio(int part, int whole)
{
    return whole > 0 ? (double)part / whole : (double)NAN;
}

static void judge(store_threshold_t *threshold, const scores_t *scores)
{
    int hits = 0, alarms = 0;
    threshold->normal = threshold->anomalous = 0;
    for (int i = 0; i < scores->count; i++) {
        bool above = (double)scores->score[i] > threshold->value;
        if (scores->label[i] != 0) threshold->anomalous++, hits += above;
        if (scores->label[i] == 0) threshold->normal++, alarms += above;
    }
    threshold->recall = ratio(hits, threshold->anomalous);
    threshold->false_alarms = ratio(alarms, threshold->normal);
    threshold->precision = threshold->anomalous > 0 ? ratio(hits, hits + alarms) : (double)NAN;
}

/* ---- Kinds --------------------------------------------------------------------------------------------------------- */

/* Half way between the lowest score that F1-max takes in and the highest that it leaves out, or the next float below: scores in
 * nine digits, as tables have them, then stand on the same side. */
static status_t find_f1_max(double *value, const scores_t *scores, const plan_task_t *task)
{
    metrics_ranking_t ranking;
    double below = -INFINITY;
    TRY(metrics_ranking(&ranking, scores->score, scores->label, scores->count));
    if (isnan(ranking.f1_threshold))
        return fail(ST_EFORMAT,
                    "%s/%s has no anomalous test image that is labelled, which F1-max wants (hint: --quantile)",
                    task->dataset, task->category);
    for (int i = 0; i < scores->count; i++) {
        double score = (double)scores->score[i];
        if (score < ranking.f1_threshold && score > below) below = score;
    }
    if (isinf(below)) below = (double)nextafterf((float)ranking.f1_threshold, -INFINITY);
    *value = below + (ranking.f1_threshold - below) / 2;
    return ST_OK;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between the two scores that it falls between, as numpy's. */
static double quantile_of(double *score, int count, double quantile)
{
    qsort(score, (size_t)count, sizeof *score, ascending);
    double place = quantile * (count - 1);
    int low = (int)place;
    if (low >= count - 1) return score[count - 1];
    return score[low] + (place - low) * (score[low + 1] - score[low]);
}

/* Each shot against the memory of the others. */
static status_t find_quantile(double *value, predict_run_t *run, const char *id, double quantile)
{
    work_predictor_t *predictor = NULL;
    int t = predict_run_find(run, id);
    const plan_task_t *task = &run->plan.tasks[t];
    const int shots = task->shots;
    if (shots < 2)
        return fail(ST_EFORMAT,
                    "%s/%s has %d shot%s: without the one that is scored no memory is left (hint: --value X, or "
                    "--shots K of two and more)",
                    task->dataset, task->category, shots, shots == 1 ? "" : "s");
    double *score = base_alloc((size_t)shots, sizeof *score);
    if (score == NULL) return ST_ENOMEM;
    status_t status = predict_run_predictor(&predictor, run, &t);
    for (int k = 0; k < shots && status == ST_OK; k++) {
        status = work_predictor_shot(predictor, k);
        if (status == ST_OK) score[k] = (double)work_predictor_maps(predictor)->M_img[0];
    }
    if (status == ST_OK) *value = quantile_of(score, shots, quantile);
    work_predictor_close(predictor);
    free(score);
    return status;
}

static status_t name_task(predict_thresholded_t *out, const predict_run_t *run, const plan_task_t *task)
{
    out->dataset = base_format("%s", task->dataset);
    out->category = base_format("%s", task->category);
    out->point = base_format("%s", run->plan.point_text[task->point]);
    out->method = base_format("%s", plan_method(&run->plan, task)->name);
    out->shots = task->shots;
    out->seed = (int64_t)task->seed;
    return out->dataset != NULL && out->category != NULL && out->point != NULL && out->method != NULL ? ST_OK
                                                                                                      : ST_ENOMEM;
}

static status_t find_threshold(predict_thresholded_t *out, predict_run_t *run, const char *id,
                               const predict_threshold_options_t *options)
{
    scores_t scores;
    const plan_task_t *task = &run->plan.tasks[predict_run_find(run, id)];
    store_threshold_t *threshold = &out->threshold;
    *threshold = (store_threshold_t){.kind = options->kind, .value = options->value, .quantile = NAN};
    memcpy(threshold->task, task->id, sizeof threshold->task);
    TRY(name_task(out, run, task));
    TRY(read_scores(&scores, task));
    status_t status = ST_OK;
    if (options->kind == STORE_THRESHOLD_F1_MAX) status = find_f1_max(&threshold->value, &scores, task);
    if (options->kind == STORE_THRESHOLD_QUANTILE) {
        threshold->quantile = options->quantile;
        status = find_quantile(&threshold->value, run, id, options->quantile);
    }
    if (status == ST_OK) judge(threshold, &scores);
    scores_free(&scores);
    return status;
}

/* ---- A run's ------------------------------------------------------------------------------------------------------- */

void predict_thresholds_free(predict_thresholded_t *list, int count)
{
    for (int i = 0; i < count; i++) {
        free(list[i].dataset);
        free(list[i].category);
        free(list[i].point);
        free(list[i].method);
    }
    free(list);
}

static status_t find_all(predict_thresholded_t *list, int *count, predict_run_t *run, char (*ids)[PLAN_ID_SIZE],
                         const predict_threshold_options_t *options)
{
    progress_t progress;
    status_t status = ST_OK;
    const int wanted = *count;
    progress_begin(&progress, "threshold", wanted);
    for (*count = 0; *count < wanted && status == ST_OK; ++*count) {
        status = find_threshold(&list[*count], run, ids[*count], options);
        progress_update(&progress, *count + 1, "");
    }
    progress_end(&progress);
    return status;
}

status_t predict_threshold(predict_thresholded_t **out, int *count, const char *run_dir,
                           const predict_threshold_options_t *options)
{
    predict_run_t run;
    status_t status;
    int *tasks = NULL;
    char(*ids)[PLAN_ID_SIZE] = NULL;
    store_threshold_t *add = NULL;
    *out = NULL;
    *count = 0;
    TRY_DONE(predict_run_open(&run, run_dir));
    TRY_DONE(predict_run_select(&tasks, count, &run, &options->select));
    ids = base_alloc((size_t)*count, sizeof *ids);
    add = base_alloc((size_t)*count, sizeof *add);
    *out = calloc((size_t)*count, sizeof **out);
    status = ids != NULL && add != NULL && *out != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory");
    if (status != ST_OK) goto done;
    for (int i = 0; i < *count; i++) memcpy(ids[i], run.plan.tasks[tasks[i]].id, sizeof ids[i]);
    TRY_DONE(find_all(*out, count, &run, ids, options));
    for (int i = 0; i < *count; i++) add[i] = (*out)[i].threshold;
    TRY_DONE(store_thresholds_add(&run.plan, run_dir, add, *count));
done:
    predict_run_close(&run);
    free(tasks);
    free(ids);
    free(add);
    if (status == ST_OK) return ST_OK;
    predict_thresholds_free(*out, *out != NULL ? *count : 0);
    *out = NULL;
    *count = 0;
    return status;
}

static status_t collect_kept(predict_thresholded_t *list, int *count, const predict_run_t *run, const int *tasks,
                             int wanted, const store_threshold_t *kept, int kept_count)
{
    for (int i = 0; i < wanted; i++)
        for (int k = 0; k < kept_count; k++) {
            const plan_task_t *task = &run->plan.tasks[tasks[i]];
            if (strcmp(kept[k].task, task->id) != 0) continue;
            predict_thresholded_t *out = &list[(*count)++];
            out->threshold = kept[k];
            TRY(name_task(out, run, task));
            break;
        }
    return ST_OK;
}

status_t predict_threshold_kept(predict_thresholded_t **out, int *count, const char *run_dir,
                                const store_select_t *select)
{
    predict_run_t run;
    status_t status;
    int *tasks = NULL, wanted, kept_count;
    store_threshold_t *kept = NULL;
    *out = NULL;
    *count = 0;
    TRY_DONE(predict_run_open(&run, run_dir));
    TRY_DONE(predict_run_select(&tasks, &wanted, &run, select));
    TRY_DONE(store_thresholds_read(&kept, &kept_count, run_dir));
    *out = calloc((size_t)wanted, sizeof **out);
    status = *out != NULL ? collect_kept(*out, count, &run, tasks, wanted, kept, kept_count)
                          : fail(ST_ENOMEM, "out of memory");
done:
    predict_run_close(&run);
    free(tasks);
    free(kept);
    if (status == ST_OK) return ST_OK;
    predict_thresholds_free(*out, *count);
    *out = NULL;
    *count = 0;
    return status;
}
