/* thresholds.csv: from which score on an image of a task counts as anomalous, and how that was found. */
#include "store/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const store_threshold_kinds[] = {"f1-max", "quantile", "value", NULL};

static void make_path(char out[4096], const char *run_dir)
{
    snprintf(out, 4096, "%s/thresholds.csv", run_dir);
}

/* An empty cell is NaN. */
static bool read_number(double *out, const io_csv_t *csv, const char *column)
{
    const char *cell = io_csv_cell(csv, column);
    *out = NAN;
    if (cell == NULL) return false;
    if (cell[0] == '\0') return true;
    const char *end = base_number(out, cell);
    return end != NULL && *end == '\0';
}

static status_t read_line(store_threshold_t *out, const io_csv_t *csv)
{
    const char *task = io_csv_cell(csv, "task"), *kind = io_csv_cell(csv, "kind");
    double normal, anomalous;
    *out = (store_threshold_t){0};
    bool fits = task != NULL && kind != NULL && strlen(task) == sizeof out->task - 1;
    fits = fits && read_number(&out->value, csv, "threshold") && !isnan(out->value);
    fits = fits && read_number(&out->quantile, csv, "quantile") && read_number(&out->precision, csv, "precision") &&
           read_number(&out->recall, csv, "recall") && read_number(&out->false_alarms, csv, "false_alarms") &&
           read_number(&normal, csv, "normal") && read_number(&anomalous, csv, "anomalous") && normal >= 0 &&
           anomalous >= 0 && normal < 1e9 && anomalous < 1e9;
    int k = 0;
    while (fits && store_threshold_kinds[k] != NULL && strcmp(store_threshold_kinds[k], kind) != 0) k++;
    if (!fits || store_threshold_kinds[k] == NULL)
        return fail(ST_EFORMAT,
                    "'%s':%d: not a line of thresholds (hint: remove the file, fgad threshold makes it again)",
                    csv->path, csv->line);
    memcpy(out->task, task, sizeof out->task);
    out->kind = (store_threshold_kind_t)k;
    out->normal = (int)normal;
    out->anomalous = (int)anomalous;
    return ST_OK;
}

static const store_threshold_t *find(const store_threshold_t *list, int count, const char *task)
{
    for (int i = 0; i < count; i++)
        if (strcmp(list[i].task, task) == 0) return &list[i];
    return NULL;
}

status_t store_thresholds_read(store_threshold_t **out, int *count, const char *run_dir)
{
    char path[4096];
    io_csv_t csv;
    bool more = true;
    status_t status = ST_OK;
    *out = NULL;
    *count = 0;
    make_path(path, run_dir);
    if (!io_exists(path)) return ST_OK;
    TRY(io_csv_open(&csv, path));
    if (io_csv_cell(&csv, "task") == NULL || io_csv_cell(&csv, "anomalous") == NULL)
        status = fail(ST_EFORMAT,
                      "'%s':1: not a table of thresholds (hint: remove the file, fgad threshold makes it "
                      "again)",
                      path);
    while (status == ST_OK) {
        status = io_csv_next(&more, &csv);
        if (status != ST_OK || !more) break;
        store_threshold_t *grown = realloc(*out, (size_t)(*count + 1) * sizeof *grown);
        if (grown == NULL) {
            status = fail(ST_ENOMEM, "out of memory");
            break;
        }
        *out = grown;
        status = read_line(&grown[*count], &csv);
        if (status == ST_OK && find(grown, *count, grown[*count].task) != NULL)
            status = fail(ST_EFORMAT, "'%s':%d: a second line of the task %s (hint: remove one)", path, csv.line,
                          grown[*count].task);
        ++*count;
    }
    io_csv_close(&csv);
    if (status == ST_OK) return ST_OK;
    free(*out);
    *out = NULL;
    *count = 0;
    return status;
}

static void put_number(FILE *out, double value)
{
    if (isnan(value))
        fputc(',', out);
    else
        fprintf(out, ",%.17g", value);
}

/* Lines of tasks that the plan does not have any more go. */
static void put_lines(FILE *out, const plan_t *plan, const store_threshold_t *add, int count,
                      const store_threshold_t *old, int old_count)
{
    fputs("task,dataset,category,shots,seed,point,kind,quantile,threshold,precision,recall,false_alarms,normal,"
          "anomalous\n",
          out);
    for (int t = 0; t < plan->task_count; t++) {
        const plan_task_t *task = &plan->tasks[t];
        const store_threshold_t *line = find(add, count, task->id);
        if (line == NULL) line = find(old, old_count, task->id);
        if (line == NULL) continue;
        fprintf(out, "%s,", task->id);
        io_csv_put(out, task->dataset);
        fputc(',', out);
        io_csv_put(out, task->category);
        fprintf(out, ",%d,%llu,", task->shots, (unsigned long long)task->seed);
        io_csv_put(out, plan->point_text[task->point]);
        fprintf(out, ",%s", store_threshold_kinds[line->kind]);
        put_number(out, line->quantile);
        put_number(out, line->value);
        put_number(out, line->precision);
        put_number(out, line->recall);
        put_number(out, line->false_alarms);
        fprintf(out, ",%d,%d\n", line->normal, line->anomalous);
    }
}

status_t store_thresholds_add(const plan_t *plan, const char *run_dir, const store_threshold_t *add, int count)
{
    char path[4096], *text = NULL;
    size_t size = 0;
    store_threshold_t *old;
    int old_count;
    TRY(store_thresholds_read(&old, &old_count, run_dir));
    FILE *out = open_memstream(&text, &size);
    if (out != NULL) put_lines(out, plan, add, count, old, old_count);
    free(old);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    make_path(path, run_dir);
    return io_write_stream(path, out, &text, &size);
}
