/* From task files to results.h5, results.csv and run.yaml. Everything here can be made again at any time. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>

char *suite_protocol_text(const suite_job_t *job, const data_category_t *images)
{
    char size[16];
    snprintf(size, sizeof size, job->metric_size == SUITE_METRIC_SIZE_R ? "%d" : "native", job->resolution);
    bool views = strcmp(images->dataset, "realiad") == 0;
    return base_format("aupro=%s@%g mask=>%d size=%s sigma=%g select=last%s%s",
                       job->aupro == SUITE_AUPRO_EXACT8 ? "exact8" : "steps200", job->aupro_limit,
                       job->mask_threshold >= 0 ? job->mask_threshold : images->mask_threshold, size, job->sigma,
                       views ? " views=" : "", views ? suite_view_names[job->views] : "");
}

static status_t task_row(suite_row_t *row, const suite_plan_t *plan, const suite_task_t *task)
{
    const suite_job_t *job = &plan->points[task->point];
    char *protocol = suite_protocol_text(job, &plan->listings[task->listing].images);
    if (protocol == NULL) return ST_ENOMEM;
    const suite_row_key_t key = {.dataset = task->dataset,
                                 .category = task->category,
                                 .point = plan->point_text[task->point],
                                 .method = suite_method_names[job->method],
                                 .protocol = protocol,
                                 .task = task->id,
                                 .shots = task->shots,
                                 .seed = (int64_t)task->seed};
    status_t status = suite_row_make(row, &key);
    free(protocol);
    return status;
}

void suite_numbers_read(suite_numbers_t *numbers, uint8_t *there, const suite_plan_t *plan, int first, int step)
{
    for (int t = first; t < plan->task_count; t += step) {
        const suite_task_t *task = &plan->tasks[t];
        there[t] = io_exists(task->path) && suite_task_numbers(&numbers[t], task->path, task->id) == ST_OK;
        if (!there[t]) numbers[t] = (suite_numbers_t){0};
    }
}

static status_t collect(suite_results_t *results, const suite_plan_t *plan, const suite_numbers_t *numbers,
                        const uint8_t *there)
{
    /* Every task may have a mean beside it. */
    results->rows = calloc(2 * (size_t)plan->task_count + 1, sizeof *results->rows);
    results->lost = calloc((size_t)plan->task_count + 1, sizeof *results->lost);
    if (results->rows == NULL || results->lost == NULL) return fail(ST_ENOMEM, "out of memory");
    for (int t = 0; t < plan->task_count; t++) {
        const suite_task_t *task = &plan->tasks[t];
        if (!there[t]) {
            TRY(task_row(&results->lost[results->missing], plan, task));
            results->missing++;
            continue;
        }
        suite_row_t *row = &results->rows[results->count];
        TRY(task_row(row, plan, task));
        results->count++;
        for (int m = 0; m < SUITE_METRICS; m++)
            memcpy(&row->metric[m], (const char *)&numbers[t] + suite_number_table[m].offset, sizeof(double));
    }
    return suite_results_add_means(results);
}

static status_t write_tables(int *missing, const suite_plan_t *plan, const suite_worker_t *worker,
                             const suite_numbers_t *numbers, const uint8_t *there)
{
    suite_results_t results = {0};
    status_t status;
    TRY_DONE(collect(&results, plan, numbers, there));
    *missing = results.missing;
    const suite_made_by_t made_by = {
        .job = &plan->points[0], .model_digest = plan->model_digest, .ranks = worker->size};
    TRY_DONE(suite_results_write(&results, plan->run_dir, &made_by));
done:
    suite_results_free(&results);
    return status;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Reads those of tasks first .. end-1, which share a folder, that were not there and are now; whether there are some. By
 * one listing: a question a file would take long where thousands are missing. */
static bool read_late(suite_numbers_t *numbers, uint8_t *there, const suite_plan_t *plan, int first, int end)
{
    char folder[4096];
    io_names_t names;
    bool found = false;
    if (memchr(there + first, 0, (size_t)(end - first)) == NULL) return false;
    suite_folder_path(folder, plan, SUITE_FOLDERS * plan->tasks[first].listing + SUITE_FOLDER_TASKS);
    if (io_list_dir(&names, folder) != ST_OK) return false;
    for (int t = first; t < end; t++) {
        const suite_task_t *task = &plan->tasks[t];
        const char *name = strrchr(task->path, '/') + 1;
        if (there[t] || names.count == 0) continue;
        if (bsearch(&name, names.name, (size_t)names.count, sizeof *names.name, by_text) == NULL) continue;
        there[t] = suite_task_numbers(&numbers[t], task->path, task->id) == ST_OK;
        found = found || there[t];
    }
    io_names_free(&names);
    return found;
}

status_t suite_reduce(int *missing, const suite_plan_t *plan, const suite_worker_t *worker, suite_numbers_t *numbers,
                      uint8_t *there)
{
    /* A job on the same folder may publish its last tasks and write its table after our look and before we write ours:
     * its table would be lost. So look again after writing. */
    for (bool more = true; more;) {
        more = false;
        TRY(write_tables(missing, plan, worker, numbers, there));
        for (int first = 0, end; first < plan->task_count; first = end) {
            for (end = first + 1; end < plan->task_count; end++)
                if (plan->tasks[end].listing != plan->tasks[first].listing) break;
            more = read_late(numbers, there, plan, first, end) || more;
        }
    }
    return suite_run_yaml_write(plan, worker, true);
}
