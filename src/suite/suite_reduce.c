/* From task files to results.h5, results.csv and run.yaml. Everything here can be made again at any time. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>

static status_t task_row(store_row_t *row, const plan_t *plan, const plan_task_t *task)
{
    const job_t *job = &plan->points[task->point];
    char *protocol = work_protocol_text(job, &plan->categories[task->category_index].images);
    if (protocol == NULL) return ST_ENOMEM;
    store_row_key_t key = {.dataset = task->dataset,
                           .category = task->category,
                           .point = plan->point_text[task->point],
                           .method = job_method_names[job->method],
                           .protocol = protocol,
                           .task = task->id,
                           .shots = task->shots,
                           .seed = (int64_t)task->seed};
    method_labels_t labels;
    method_labels_make(&labels, plan_method(plan, task), job, &plan->config);
    store_row_key_label(&key, &labels);
    status_t status = store_row_make(row, &key);
    free(protocol);
    return status;
}

status_t suite_numbers_read(store_numbers_t *numbers, uint8_t *there, store_made_on_t *made_on, const plan_t *plan,
                            int first, int step, double until)
{
    for (int t = first; t < plan->task_count; t += step) {
        const plan_task_t *task = &plan->tasks[t];
        if (until > 0 ? clock_seconds() > until : stop_asked())
            return fail(ST_EINTERRUPTED, "interrupted while reading task %d of %d", t + 1, plan->task_count);
        there[t] = store_task_numbers(&numbers[t], made_on, task->path, task->id) == ST_OK;
        if (!there[t]) numbers[t] = (store_numbers_t){0};
    }
    return ST_OK;
}

static status_t collect(store_results_t *results, const plan_t *plan, const store_numbers_t *numbers,
                        const uint8_t *there)
{
    /* Every task may have a mean beside it. */
    results->rows = calloc(2 * (size_t)plan->task_count + 1, sizeof *results->rows);
    results->lost = calloc((size_t)plan->task_count + 1, sizeof *results->lost);
    if (results->rows == NULL || results->lost == NULL) return fail(ST_ENOMEM, "out of memory");
    for (int t = 0; t < plan->task_count; t++) {
        const plan_task_t *task = &plan->tasks[t];
        if (!there[t]) {
            TRY(task_row(&results->lost[results->missing], plan, task));
            results->missing++;
            continue;
        }
        store_row_t *row = &results->rows[results->count];
        TRY(task_row(row, plan, task));
        results->count++;
        for (int m = 0; m < STORE_METRICS; m++)
            memcpy(&row->metric[m], (const char *)&numbers[t] + store_number_table[m].offset, sizeof(double));
    }
    return store_results_add_means(results);
}

static status_t write_tables(int *missing, const plan_t *plan, int ranks, const store_numbers_t *numbers,
                             const uint8_t *there, const store_made_on_t *made_on)
{
    store_results_t results = {.made_on = *made_on};
    status_t status;
    TRY_DONE(collect(&results, plan, numbers, there));
    *missing = results.missing;
    const store_made_by_t made_by = store_made_by(plan, ranks, NULL);
    TRY_DONE(store_results_write(&results, plan->run_dir, &made_by));
done:
    store_results_free(&results);
    return status;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Reads those of tasks first .. end-1, which share a folder, that were not there and are now; whether there are some. By
 * one listing: a question a file would take long where thousands are missing. */
static bool read_late(store_numbers_t *numbers, uint8_t *there, store_made_on_t *made_on, const plan_t *plan, int first,
                      int end)
{
    char folder[4096];
    io_names_t names;
    bool found = false;
    if (memchr(there + first, 0, (size_t)(end - first)) == NULL) return false;
    plan_folder_path(folder, plan, PLAN_FOLDERS * plan->tasks[first].category_index + PLAN_FOLDER_TASKS);
    if (io_list_dir(&names, folder) != ST_OK) return false;
    for (int t = first; t < end; t++) {
        const plan_task_t *task = &plan->tasks[t];
        const char *name = strrchr(task->path, '/') + 1;
        if (there[t] || names.count == 0) continue;
        if (bsearch(&name, names.name, (size_t)names.count, sizeof *names.name, by_text) == NULL) continue;
        there[t] = store_task_numbers(&numbers[t], made_on, task->path, task->id) == ST_OK;
        found = found || there[t];
    }
    io_names_free(&names);
    return found;
}

/* The tables of a plan's tasks. */
static status_t reduce_plan(int *missing, const plan_t *plan, int ranks, store_numbers_t *numbers, uint8_t *there,
                            store_made_on_t *made_on)
{
    /* A job on the same folder may publish its last tasks and write its table after our look and before we write ours:
     * its table would be lost. So look again after writing. */
    for (bool more = true; more;) {
        more = false;
        TRY(write_tables(missing, plan, ranks, numbers, there, made_on));
        for (int first = 0, end; first < plan->task_count; first = end) {
            for (end = first + 1; end < plan->task_count; end++)
                if (plan->tasks[end].category_index != plan->tasks[first].category_index) break;
            more = read_late(numbers, there, made_on, plan, first, end) || more;
        }
    }
    return ST_OK;
}

static int by_path(const void *a, const void *b)
{
    return strcmp((*(const plan_task_t *const *)a)->path, (*(const plan_task_t *const *)b)->path);
}

/* The tables of what all jobs of the folder have asked for; *missing is of this plan's tasks. What is not among them is read
 * here. */
static status_t reduce_whole(int *missing, const plan_t *whole, const plan_t *plan, int ranks,
                             const store_numbers_t *numbers, const uint8_t *there, store_made_on_t *made_on,
                             double until)
{
    status_t status = ST_ENOMEM;
    int ignored;
    const plan_task_t **ours = base_alloc((size_t)plan->task_count + 1, sizeof *ours);
    store_numbers_t *all = calloc((size_t)whole->task_count + 1, sizeof *all);
    uint8_t *seen = calloc((size_t)whole->task_count + 1, 1);
    int *own = base_alloc((size_t)whole->task_count + 1, sizeof *own); /* place among this plan's tasks; -1: none */
    if (ours == NULL || all == NULL || seen == NULL || own == NULL) goto done;
    for (int t = 0; t < plan->task_count; t++) ours[t] = &plan->tasks[t];
    qsort(ours, (size_t)plan->task_count, sizeof *ours, by_path);
    for (int t = 0; t < whole->task_count; t++) {
        const plan_task_t *task = &whole->tasks[t],
                          **found = bsearch(&task, ours, (size_t)plan->task_count, sizeof *ours, by_path);
        own[t] = found != NULL ? (int)(*found - plan->tasks) : -1;
        if (own[t] >= 0 && there[own[t]]) {
            all[t] = numbers[own[t]];
            seen[t] = 1;
        } else {
            TRY_DONE(suite_numbers_read(all, seen, made_on, whole, t, whole->task_count, until));
        }
    }
    TRY_DONE(reduce_plan(&ignored, whole, ranks, all, seen, made_on));
    *missing = plan->task_count;
    for (int t = 0; t < whole->task_count; t++) *missing -= own[t] >= 0 && seen[t];
    log_info("'%s/results.csv' covers %d tasks, of which this job asked for %d: other jobs of this run ask for other "
             "datasets, categories, shots or seeds",
             plan->run_dir, whole->task_count, plan->task_count);
done:
    free(ours);
    free(all);
    free(seen);
    free(own);
    return status;
}

status_t suite_reduce(int *missing, const plan_t *plan, int ranks, store_numbers_t *numbers, uint8_t *there,
                      store_made_on_t *made_on, double until)
{
    /* Until no job has come meanwhile that asks for more: it may have ended already, and its table be the one replaced. */
    for (bool again = true; again;) {
        plan_t whole;
        bool wider;
        TRY(suite_whole_open(&whole, &wider, plan));
        status_t status = wider ? reduce_whole(missing, &whole, plan, ranks, numbers, there, made_on, until)
                                : reduce_plan(missing, plan, ranks, numbers, there, made_on);
        if (status == ST_OK) status = suite_whole_end(&again, wider ? &whole : plan, ranks, made_on);
        plan_free(&whole);
        TRY(status);
    }
    return ST_OK;
}

status_t suite_run_reduce(int *missing, const plan_t *plan)
{
    status_t status = ST_ENOMEM;
    store_numbers_t *numbers = base_alloc((size_t)plan->task_count, sizeof *numbers);
    uint8_t *there = base_alloc((size_t)plan->task_count, 1);
    if (numbers == NULL || there == NULL) goto done;
    store_made_on_t made_on = {0};
    TRY_DONE(suite_numbers_read(numbers, there, &made_on, plan, 0, 1, 0));
    status = suite_reduce(missing, plan, 1, numbers, there, &made_on, 0);
done:
    free(numbers);
    free(there);
    return status;
}

/* Rows stand in the order of the plan, means behind them. */
static bool holds_all(const char *path, const plan_t *plan)
{
    store_results_t results;
    if (store_results_read(&results, path) != ST_OK) {
        log_debug("%s", fail_message());
        return false;
    }
    bool same = results.missing == 0 && results.count >= plan->task_count;
    for (int r = 0; r < results.count && same; r++) {
        const store_row_t *row = &results.rows[r];
        const plan_task_t *task = r < plan->task_count ? &plan->tasks[r] : NULL;
        same = task != NULL ? strcmp(row->task, task->id) == 0 && strcmp(row->point, plan->point_text[task->point]) == 0
                            : strcmp(row->category, STORE_MEAN) == 0;
    }
    store_results_free(&results);
    return same;
}

bool suite_run_is_reduced(const plan_t *plan)
{
    char csv[4096];
    snprintf(csv, sizeof csv, "%s/results.csv", plan->run_dir);
    return holds_all(plan->run_dir, plan) && holds_all(csv, plan);
}
