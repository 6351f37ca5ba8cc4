/* The trace that a learned head keeps: how many hinges were open, and which losses and arrays the gradient was of. */
#include "review/review_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const review_trace_losses[] = {"clip", "trip", "mean", "reg", NULL};
const char *const review_trace_arrays[] = {"V", "a", "gate", NULL};

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Which of `names` a column is of, after `start`; an array is named "V", or ends with "/a". */
static int which(const char *column, const char *start, const char *const *names)
{
    if (!begins(column, start)) return -1;
    const char *slash = strrchr(column, '/');
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(slash + 1, names[i]) == 0) return i;
    return -1;
}

static void divide(double *shares, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++) sum += shares[i];
    for (int i = 0; i < count && sum > 0; i++) shares[i] /= sum;
}

static void add_trace(review_trace_t *sum, char *const *column, const double *value, int64_t epochs, int64_t columns)
{
    review_trace_t one = {.wide = true};
    int64_t hinges = 0, groups = 0;
    for (int64_t i = 0; i < epochs * columns; i++) {
        const char *name = column[i % columns];
        const int loss = which(name, "by loss/", review_trace_losses),
                  array = which(name, "by block/", review_trace_arrays);
        if (isnan(value[i])) continue;
        if (loss >= 0) one.loss[loss] += value[i];
        if (array >= 0) one.array[array] += value[i];
        if (begins(name, "open/")) {
            one.open += value[i];
            one.wide = one.wide && value[i] == 1;
            hinges++;
        }
        if (begins(name, "cosine/") && i / columns == epochs - 1) {
            one.cosine += value[i];
            groups++;
        }
    }
    if (hinges == 0 || groups == 0) return;
    divide(one.loss, REVIEW_TRACE_LOSSES);
    divide(one.array, REVIEW_TRACE_ARRAYS);
    sum->wide = one.wide && (sum->wide || sum->heads == 0);
    sum->heads++;
    sum->open += one.open / (double)hinges;
    sum->cosine += one.cosine / (double)groups;
    for (int i = 0; i < REVIEW_TRACE_LOSSES; i++) sum->loss[i] += one.loss[i];
    for (int i = 0; i < REVIEW_TRACE_ARRAYS; i++) sum->array[i] += one.array[i];
}

/* Nothing where the file has no trace: fixed texts, or an older program's. */
static status_t read_trace(review_trace_t *sum, const char *path, const char *head)
{
    io_h5_t *file;
    status_t status = ST_OK;
    char name[2][48];
    void *column = NULL, *value = NULL;
    int ndim;
    int64_t names[6] = {0}, dims[6] = {0};
    TRY(io_h5_open(&file, path));
    snprintf(name[0], sizeof name[0], "prompts/%s/trace/column", head);
    snprintf(name[1], sizeof name[1], "prompts/%s/trace/value", head);
    if (!io_h5_has(file, name[0])) goto done;
    TRY_DONE(io_h5_read(&column, &ndim, names, file, name[0], IO_H5_STRING));
    TRY_DONE(io_h5_read(&value, &ndim, dims, file, name[1], IO_H5_F64));
    if (ndim != 2 || dims[1] != names[0])
        status = fail(ST_EFORMAT, "'%s': the trace has no name for each of its columns", path);
    else
        add_trace(sum, column, value, dims[0], dims[1]);
done:
    if (column != NULL) io_h5_free_strings(column, names[0]);
    free(value);
    io_h5_close(file);
    return status;
}

status_t review_trace_add(review_trace_t *sum, const store_results_t *results, const store_row_t *row, const char *head)
{
    io_h5_t *task;
    char path[4200], *of_head = NULL;
    if (results->source == NULL) return ST_OK;
    snprintf(path, sizeof path, "%s/tasks/%s/%s/k%d-s%lld-%s.h5", results->source, row->dataset, row->category,
             row->shots, (long long)row->seed, row->task);
    TRY(io_h5_open(&task, path));
    status_t status = store_head_of_task(&of_head, task, path, head);
    io_h5_close(task);
    if (status == ST_ENOTFOUND) return ST_OK;
    if (status == ST_OK) status = read_trace(sum, of_head, head);
    free(of_head);
    return status;
}
