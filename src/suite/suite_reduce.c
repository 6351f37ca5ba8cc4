/* From task files to results.h5, results.csv and run.yaml. Everything here can be made again at any time. */
#include "suite/suite_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static status_t copy_text(char **out, const char *text)
{
    *out = base_format("%s", text);
    return *out != NULL ? ST_OK : ST_ENOMEM;
}

/* The ids of the protocol that the numbers of this point follow (METHOD.md 10). */
static char *protocol_text(const suite_job_t *job, const data_category_t *images)
{
    char size[16];
    snprintf(size, sizeof size, job->metric_size == SUITE_METRIC_SIZE_R ? "%d" : "native", job->resolution);
    return base_format("aupro=exact8@%g mask=>%d size=%s sigma=%g select=last%s%s", job->aupro_limit,
                       images->mask_threshold, size, job->sigma,
                       strcmp(images->dataset, "realiad") == 0 ? " views=" : "",
                       strcmp(images->dataset, "realiad") == 0 ? suite_view_names[job->views] : "");
}

static status_t task_row(suite_row_t *row, const suite_plan_t *plan, const suite_task_t *task, const char *category)
{
    const suite_job_t *job = &plan->points[task->point];
    row->shots = task->shots;
    row->seed = (int64_t)task->seed;
    TRY(copy_text(&row->dataset, task->dataset));
    TRY(copy_text(&row->category, category));
    TRY(copy_text(&row->point, plan->point_text[task->point]));
    TRY(copy_text(&row->method, suite_method_names[job->method]));
    row->protocol = protocol_text(job, &plan->listings[task->listing].images);
    return row->protocol != NULL ? ST_OK : ST_ENOMEM;
}

/* The plain mean over categories of the tasks that share dataset, shots, seed and point; no row while one is missing.
 * Tasks stand listing by listing, each with the same block of (shots, seed, point). */
static status_t add_means(suite_results_t *results, const suite_plan_t *plan, const int *row_of)
{
    int block = plan->listing_count > 0 ? plan->task_count / plan->listing_count : 0;
    for (int from = 0, to; from < plan->listing_count; from = to) {
        const char *dataset = plan->listings[from].images.dataset;
        for (to = from + 1; to < plan->listing_count; to++)
            if (strcmp(plan->listings[to].images.dataset, dataset) != 0) break;
        for (int b = 0; b < block; b++) {
            bool complete = true;
            double sum[SUITE_METRICS] = {0};
            int counted[SUITE_METRICS] = {0};
            for (int l = from; l < to; l++) {
                int at = row_of[l * block + b];
                complete = complete && at >= 0;
                for (int m = 0; at >= 0 && m < SUITE_METRICS; m++)
                    if (!isnan(results->rows[at].metric[m])) sum[m] += results->rows[at].metric[m], counted[m]++;
            }
            if (!complete) continue;
            suite_row_t *row = &results->rows[results->count++];
            TRY(task_row(row, plan, &plan->tasks[from * block + b], "MEAN"));
            TRY(copy_text(&row->task, ""));
            for (int m = 0; m < SUITE_METRICS; m++) row->metric[m] = counted[m] > 0 ? sum[m] / counted[m] : (double)NAN;
        }
    }
    return ST_OK;
}

static status_t collect(suite_results_t *results, const suite_plan_t *plan)
{
    status_t status = ST_OK;
    int *row_of = base_alloc((size_t)plan->task_count, sizeof *row_of);
    results->rows = calloc(2 * (size_t)plan->task_count + 1, sizeof *results->rows);
    if (row_of == NULL || results->rows == NULL) {
        free(row_of);
        return fail(ST_ENOMEM, "out of memory");
    }
    for (int t = 0; t < plan->task_count; t++) {
        const suite_task_t *task = &plan->tasks[t];
        suite_numbers_t numbers;
        row_of[t] = -1;
        if (!io_exists(task->path) || suite_task_numbers(&numbers, task->path, task->id) != ST_OK) {
            results->missing++;
            continue;
        }
        row_of[t] = results->count++;
        suite_row_t *row = &results->rows[row_of[t]];
        TRY_DONE(task_row(row, plan, task, task->category));
        TRY_DONE(copy_text(&row->task, task->id));
        for (int m = 0; m < SUITE_METRICS; m++)
            memcpy(&row->metric[m], (const char *)&numbers + suite_number_table[m].offset, sizeof(double));
    }
    status = add_means(results, plan, row_of);
done:
    free(row_of);
    return status;
}

static status_t write_csv(const suite_results_t *results, const char *run_dir)
{
    status_t status = ST_ENOMEM;
    char *text = NULL;
    size_t size = 0;
    char path[4096];
    snprintf(path, sizeof path, "%s/results.csv", run_dir);
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fputs("dataset,category,shots,seed,point,method", out);
    for (int m = 0; m < SUITE_METRICS; m++) fprintf(out, ",%s", suite_metric_names[m]);
    fputs(",protocol,task\n", out);
    for (int i = 0; i < results->count; i++) {
        const suite_row_t *row = &results->rows[i];
        fprintf(out, "%s,%s,%d,%lld,%s,%s", row->dataset, row->category, row->shots, (long long)row->seed, row->point,
                row->method);
        for (int m = 0; m < SUITE_METRICS; m++)
            isnan(row->metric[m]) ? fputs(",", out) : fprintf(out, ",%.17g", row->metric[m]);
        fprintf(out, ",%s,%s\n", row->protocol, row->task);
    }
    fclose(out);
    status = io_write_file(path, text, size);
    free(text);
    return status;
}

/* One column of text as an array of strings. */
static const char **column(const suite_results_t *results, size_t offset)
{
    const char **out = base_alloc((size_t)results->count, sizeof *out);
    for (int i = 0; out != NULL && i < results->count; i++)
        memcpy(&out[i], (const char *)&results->rows[i] + offset, sizeof(char *));
    return out;
}

static const struct {
    const char *name;
    size_t offset;
    const char *description;
} text_columns[] = {
    {"dataset", offsetof(suite_row_t, dataset), "dataset"},
    {"category", offsetof(suite_row_t, category), "category; MEAN: plain mean of the dataset's categories"},
    {"point", offsetof(suite_row_t, point), "grid point: the swept keys and their values"},
    {"method", offsetof(suite_row_t, method), "method"},
    {"protocol", offsetof(suite_row_t, protocol), "how the metrics are defined"},
    {"task", offsetof(suite_row_t, task), "id of the task file; empty for means"},
};
enum { TEXT_COLUMNS = sizeof text_columns / sizeof text_columns[0] };

static status_t write_columns(io_h5_t *file, const suite_results_t *results)
{
    status_t status = ST_ENOMEM;
    int64_t n = results->count;
    const char **text = NULL;
    double *numbers = base_alloc((size_t)n, sizeof *numbers);
    int64_t *integers = base_alloc((size_t)n, sizeof *integers);
    if (numbers == NULL || integers == NULL) goto done;
    for (int c = 0; c < TEXT_COLUMNS; c++) {
        free(text);
        text = column(results, text_columns[c].offset);
        if (text == NULL) goto done;
        const io_h5_field_t field = {text_columns[c].name,        IO_H5_STRING, 1, {n}, "row", "1",
                                     text_columns[c].description, text};
        TRY_DONE(io_h5_write(file, "/", &field, 1));
    }
    for (int i = 0; i < n; i++) integers[i] = results->rows[i].shots;
    const io_h5_field_t shots = {"shots", IO_H5_I64, 1, {n}, "row", "images", "training images a category", integers};
    TRY_DONE(io_h5_write(file, "/", &shots, 1));
    for (int i = 0; i < n; i++) integers[i] = results->rows[i].seed;
    const io_h5_field_t seed = {"seed", IO_H5_I64, 1, {n}, "row", "1", "seed of the draw", integers};
    TRY_DONE(io_h5_write(file, "/", &seed, 1));
    for (int m = 0; m < SUITE_METRICS; m++) {
        for (int i = 0; i < n; i++) numbers[i] = results->rows[i].metric[m];
        const io_h5_field_t field = {
            suite_metric_names[m], IO_H5_F64, 1, {n}, "row", "1", suite_number_table[m].description, numbers};
        TRY_DONE(io_h5_write(file, "/", &field, 1));
    }
done:
    free(text);
    free(numbers);
    free(integers);
    return status;
}

static status_t write_h5(const suite_results_t *results, const suite_plan_t *plan, const suite_worker_t *worker)
{
    status_t status;
    io_h5_t *file = NULL;
    char path[4096];
    snprintf(path, sizeof path, "%s/results.h5", plan->run_dir);
    TRY_DONE(io_h5_create(&file, path));
    TRY_DONE(write_columns(file, results));
    TRY_DONE(
        io_h5_set_text(file, "/", "description", "results of a run of fgad: a row a task, then means over categories"));
    TRY_DONE(io_h5_set_i64(file, "/", "tasks_missing", results->missing));
    TRY_DONE(io_h5_set_options(file, "/", &plan->points[0], suite_job_options));
    TRY_DONE(suite_provenance_write(file, worker));
    status = io_h5_publish(file);
    file = NULL;
done:
    io_h5_close(file);
    return status;
}

status_t suite_reduce(int *missing, const suite_plan_t *plan, const suite_worker_t *worker)
{
    suite_results_t results = {0};
    status_t status;
    TRY_DONE(collect(&results, plan));
    *missing = results.missing;
    TRY_DONE(write_csv(&results, plan->run_dir));
    TRY_DONE(write_h5(&results, plan, worker));
    TRY_DONE(suite_run_yaml_write(plan, worker));
done:
    suite_results_free(&results);
    return status;
}

/* ---- Reading back -------------------------------------------------------------------------------------------------- */

static status_t read_texts(suite_results_t *results, io_h5_t *file, int c)
{
    void *data;
    int ndim;
    int64_t dims[6];
    TRY(io_h5_read(&data, &ndim, dims, file, text_columns[c].name, IO_H5_STRING));
    char **strings = data;
    if (results->rows == NULL) {
        results->rows = calloc((size_t)dims[0] + 1, sizeof *results->rows);
        results->count = (int)dims[0];
    }
    status_t status = results->rows != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory");
    if (status == ST_OK && (ndim != 1 || dims[0] != results->count))
        status = fail(ST_EFORMAT, "results.h5: the column %s has another length than dataset", text_columns[c].name);
    for (int i = 0; status == ST_OK && i < results->count; i++)
        status = copy_text((char **)((char *)&results->rows[i] + text_columns[c].offset), strings[i]);
    io_h5_free_strings(strings, dims[0]);
    return status;
}

static status_t read_numbers(suite_results_t *results, io_h5_t *file, const char *name, size_t offset,
                             io_h5_type_t type)
{
    void *data;
    int ndim;
    int64_t dims[6];
    TRY(io_h5_read(&data, &ndim, dims, file, name, type));
    status_t status = ST_OK;
    if (ndim != 1 || dims[0] != results->count)
        status = fail(ST_EFORMAT, "results.h5: the column %s has another length than dataset", name);
    for (int i = 0; status == ST_OK && i < results->count; i++) {
        char *at = (char *)&results->rows[i] + offset;
        if (type == IO_H5_F64)
            memcpy(at, (double *)data + i, sizeof(double));
        else if (offset == offsetof(suite_row_t, seed))
            memcpy(at, (int64_t *)data + i, sizeof(int64_t));
        else
            results->rows[i].shots = (int)((int64_t *)data)[i];
    }
    free(data);
    return status;
}

status_t suite_results_read(suite_results_t *out, const char *run_dir)
{
    status_t status;
    io_h5_t *file = NULL;
    int64_t missing;
    char path[4096];
    *out = (suite_results_t){0};
    snprintf(path, sizeof path, "%s/results.h5", run_dir);
    if (!io_exists(path))
        return fail(ST_ENOTFOUND, "'%s' does not exist (expected the folder of a run, as results/demo)", path);
    TRY_DONE(io_h5_open(&file, path));
    for (int c = 0; c < TEXT_COLUMNS; c++) TRY_DONE(read_texts(out, file, c));
    TRY_DONE(read_numbers(out, file, "shots", offsetof(suite_row_t, shots), IO_H5_I64));
    TRY_DONE(read_numbers(out, file, "seed", offsetof(suite_row_t, seed), IO_H5_I64));
    for (int m = 0; m < SUITE_METRICS; m++)
        TRY_DONE(read_numbers(out, file, suite_metric_names[m],
                              offsetof(suite_row_t, metric) + (size_t)m * sizeof(double), IO_H5_F64));
    TRY_DONE(io_h5_get_i64(&missing, file, "/", "tasks_missing"));
    out->missing = (int)missing;
done:
    io_h5_close(file);
    if (status != ST_OK) suite_results_free(out);
    return status;
}

void suite_results_free(suite_results_t *results)
{
    for (int i = 0; i < results->count; i++) {
        suite_row_t *row = &results->rows[i];
        free(row->dataset);
        free(row->category);
        free(row->point);
        free(row->method);
        free(row->protocol);
        free(row->task);
    }
    free(results->rows);
    *results = (suite_results_t){0};
}
