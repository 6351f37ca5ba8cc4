/* A result set: rows, their means, results.csv and results.h5. */
#include "store/store_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) #field, offsetof(store_row_t, field), offsetof(store_row_key_t, field)
const store_text_column_t store_text_columns[] = {
    {AT(dataset), STORE_BEFORE_SHOTS, false, "dataset"},
    {AT(category), STORE_BEFORE_SHOTS, false, "category; MEAN: plain mean of the dataset's categories"},
    {AT(point), STORE_BEFORE_NUMBERS, false, "grid point: the swept keys and their values"},
    {AT(method), STORE_BEFORE_NUMBERS, false, "method"},
    {AT(model), STORE_AFTER_NUMBERS, true, "folder of the model"},
    {AT(tower), STORE_AFTER_NUMBERS, true, "arrays of the image tower that are read: of unit length, and raw ones"},
    {AT(branches), STORE_AFTER_NUMBERS, true, "branches that make the map; empty: the method has none"},
    {AT(learn), STORE_AFTER_NUMBERS, true, "yes: prompts were learned"},
    {AT(transductive), STORE_AFTER_NUMBERS, true, "yes: the score of an image depends on other test images"},
    {AT(auxiliary), STORE_AFTER_NUMBERS, true, "yes: something was trained on another set of anomalies"},
    {AT(protocol), STORE_AFTER_NUMBERS, false, "how the metrics are defined"},
    {AT(task), STORE_AFTER_NUMBERS, false, "id of the task file; empty for means"},
    {AT(changes), STORE_NOT_IN_CSV, true, "rescored rows: keys overridden since the task, a line each"},
    {0},
};
#undef AT

/* ---- Rows ---------------------------------------------------------------------------------------------------------- */

static char **text_of(const store_row_t *row, const store_text_column_t *column)
{
    return (char **)(void *)((const char *)row + column->offset);
}

store_row_key_t store_row_key(const store_row_t *row)
{
    store_row_key_t key = {.shots = row->shots, .seed = row->seed};
    for (const store_text_column_t *column = store_text_columns; column->name != NULL; column++)
        memcpy((char *)&key + column->key, text_of(row, column), sizeof(char *));
    return key;
}

void store_row_key_label(store_row_key_t *key, const method_labels_t *labels)
{
    key->model = labels->model;
    key->tower = labels->tower;
    key->branches = labels->branches;
    key->learn = labels->learn;
    key->transductive = labels->transductive;
    key->auxiliary = labels->auxiliary;
}

status_t store_row_make(store_row_t *row, const store_row_key_t *key)
{
    *row = (store_row_t){.shots = key->shots, .seed = key->seed};
    for (int m = 0; m < STORE_METRICS; m++) row->metric[m] = NAN;
    for (const store_text_column_t *column = store_text_columns; column->name != NULL; column++) {
        const char *from;
        memcpy(&from, (const char *)key + column->key, sizeof from);
        char *copy = base_format("%s", from != NULL ? from : "");
        memcpy((char *)row + column->offset, &copy, sizeof copy);
        if (copy != NULL) continue;
        store_row_free(row);
        return ST_ENOMEM;
    }
    return ST_OK;
}

void store_row_free(store_row_t *row)
{
    for (const store_text_column_t *column = store_text_columns; column->name != NULL; column++)
        free(*text_of(row, column));
    *row = (store_row_t){0};
}

void store_results_free(store_results_t *results)
{
    for (int i = 0; i < results->count; i++) store_row_free(&results->rows[i]);
    for (int i = 0; i < results->missing && results->lost != NULL; i++) store_row_free(&results->lost[i]);
    free(results->rows);
    free(results->lost);
    free(results->source);
    free(results->assets);
    *results = (store_results_t){0};
}

/* ---- Groups and means ---------------------------------------------------------------------------------------------- */

static int compare_groups(const store_row_t *a, const store_row_t *b)
{
    int order = strcmp(a->dataset, b->dataset);
    if (order == 0) order = (a->shots > b->shots) - (a->shots < b->shots);
    if (order == 0) order = (a->seed > b->seed) - (a->seed < b->seed);
    if (order == 0) order = strcmp(a->point, b->point);
    return order != 0 ? order : strcmp(a->method, b->method);
}

/* Rows in groups of one dataset, shots, seed, point and method: order (count) holds row indices, group by group in the
 * order of their first rows; first (groups + 1) where each begins in it. MEAN rows are left out. */
typedef struct {
    int *order, *first, groups;
} row_groups_t;

typedef struct {
    const store_row_t *row;
    int index, leader; /* leader: index of the first row of its group */
} entry_t;

static int by_group(const void *a, const void *b)
{
    const entry_t *x = a, *y = b;
    int order = compare_groups(x->row, y->row);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_leader(const void *a, const void *b)
{
    const entry_t *x = a, *y = b;
    int order = (x->leader > y->leader) - (x->leader < y->leader);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static void groups_free(row_groups_t *groups)
{
    free(groups->order);
    free(groups->first);
    *groups = (row_groups_t){0};
}

static status_t groups_make(row_groups_t *out, const store_results_t *results)
{
    int n = 0;
    *out = (row_groups_t){0};
    entry_t *entries = base_alloc((size_t)results->count + 1, sizeof *entries);
    out->order = base_alloc((size_t)results->count + 1, sizeof *out->order);
    out->first = base_alloc((size_t)results->count + 1, sizeof *out->first);
    if (entries == NULL || out->order == NULL || out->first == NULL) {
        free(entries);
        groups_free(out);
        return ST_ENOMEM;
    }
    for (int i = 0; i < results->count; i++)
        if (strcmp(results->rows[i].category, STORE_MEAN) != 0) entries[n++] = (entry_t){&results->rows[i], i, i};
    qsort(entries, (size_t)n, sizeof *entries, by_group);
    for (int i = 1; i < n; i++)
        if (compare_groups(entries[i].row, entries[i - 1].row) == 0) entries[i].leader = entries[i - 1].leader;
    qsort(entries, (size_t)n, sizeof *entries, by_leader);
    for (int i = 0; i < n; i++) {
        if (i == 0 || entries[i].leader != entries[i - 1].leader) out->first[out->groups++] = i;
        out->order[i] = entries[i].index;
    }
    out->first[out->groups] = n;
    free(entries);
    return ST_OK;
}

static int by_mean(const void *a, const void *b)
{
    return compare_groups(*(const store_row_t *const *)a, *(const store_row_t *const *)b);
}

/* Rows of tasks without a result, sorted by group. */
static status_t sort_lost(const store_row_t ***out, const store_results_t *results)
{
    *out = base_alloc((size_t)results->missing + 1, sizeof **out);
    if (*out == NULL) return ST_ENOMEM;
    for (int i = 0; i < results->missing; i++) (*out)[i] = &results->lost[i];
    qsort(*out, (size_t)results->missing, sizeof **out, by_mean);
    return ST_OK;
}

/* sum / count of one metric over a group; NaN where no category has it. */
static double group_mean(const store_results_t *results, const row_groups_t *groups, int g, int m)
{
    double sum = 0;
    int counted = 0;
    for (int i = groups->first[g]; i < groups->first[g + 1]; i++) {
        double value = results->rows[groups->order[i]].metric[m];
        if (!isnan(value)) sum += value, counted++;
    }
    return counted > 0 ? sum / counted : (double)NAN;
}

status_t store_results_add_means(store_results_t *results)
{
    row_groups_t groups;
    const store_row_t **lost = NULL;
    status_t status = groups_make(&groups, results);
    if (status == ST_OK) status = sort_lost(&lost, results);
    for (int g = 0; status == ST_OK && g < groups.groups; g++) {
        const store_row_t *one = &results->rows[groups.order[groups.first[g]]];
        if (bsearch(&one, lost, (size_t)results->missing, sizeof *lost, by_mean) != NULL) continue;
        store_row_key_t key = store_row_key(one);
        key.category = STORE_MEAN;
        key.task = key.changes = NULL;
        store_row_t *row = &results->rows[results->count];
        status = store_row_make(row, &key);
        if (status == ST_OK) results->count++;
        for (int m = 0; m < STORE_METRICS && status == ST_OK; m++) row->metric[m] = group_mean(results, &groups, g, m);
    }
    free(lost);
    groups_free(&groups);
    return status;
}

status_t store_results_check_means(const store_results_t *results, const char *path, bool all)
{
    row_groups_t groups;
    status_t status = groups_make(&groups, results);
    int means = 0;
    const store_row_t **mean = base_alloc((size_t)results->count + 1, sizeof *mean);
    if (mean == NULL && status == ST_OK) status = ST_ENOMEM;
    for (int i = 0; i < results->count && status == ST_OK; i++)
        if (strcmp(results->rows[i].category, STORE_MEAN) == 0) mean[means++] = &results->rows[i];
    if (status == ST_OK) qsort(mean, (size_t)means, sizeof *mean, by_mean);
    for (int g = 0; status == ST_OK && g < groups.groups; g++) {
        const store_row_t *one = &results->rows[groups.order[groups.first[g]]];
        const store_row_t **found = bsearch(&one, mean, (size_t)means, sizeof *mean, by_mean);
        if (found == NULL && all && strlen(one->task) == PLAN_ID_SIZE - 1)
            status =
                fail(ST_EFORMAT,
                     "'%s': %s, %d-shot, seed %lld has no row MEAN: the file was cut, or is of a run that is not whole "
                     "(hint: name the run's folder, whose results.h5 tells what is missing)",
                     path, one->dataset, one->shots, (long long)one->seed);
        for (int m = 0; found != NULL && m < STORE_METRICS && status == ST_OK; m++) {
            double own = group_mean(results, &groups, g, m), stated = (*found)->metric[m];
            if (isnan(own) != isnan(stated) || fabs(own - stated) > 1e-9)
                status =
                    fail(ST_EFORMAT,
                         "'%s': the MEAN of %s, %d-shot, seed %lld has %s %.6f, its categories give %.6f (hint: "
                         "the file was changed; fgad run makes it again)",
                         path, one->dataset, one->shots, (long long)one->seed, store_number_table[m].name, stated, own);
        }
    }
    free(mean);
    groups_free(&groups);
    return status;
}

/* ---- Files --------------------------------------------------------------------------------------------------------- */

static void put_csv_texts(FILE *out, const store_row_t *row, store_place_t place)
{
    for (const store_text_column_t *column = store_text_columns; column->name != NULL; column++) {
        if (column->place != place) continue;
        if (column != store_text_columns) fputc(',', out);
        row != NULL ? io_csv_put(out, *text_of(row, column)) : (void)fputs(column->name, out);
    }
}

/* row NULL: the header. */
static void put_csv_row(FILE *out, const store_row_t *row)
{
    put_csv_texts(out, row, STORE_BEFORE_SHOTS);
    row != NULL ? fprintf(out, ",%d,%lld", row->shots, (long long)row->seed) : fputs(",shots,seed", out);
    put_csv_texts(out, row, STORE_BEFORE_NUMBERS);
    for (int m = 0; m < STORE_METRICS; m++) {
        fputc(',', out);
        if (row == NULL)
            fputs(store_number_table[m].name, out);
        else if (!isnan(row->metric[m]))
            fprintf(out, "%.17g", row->metric[m]);
    }
    put_csv_texts(out, row, STORE_AFTER_NUMBERS);
    fputc('\n', out);
}

static status_t write_csv(const store_results_t *results, const char *dir)
{
    char *text = NULL, path[4096];
    size_t size = 0;
    snprintf(path, sizeof path, "%s/results.csv", dir);
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    put_csv_row(out, NULL);
    for (int i = 0; i < results->count; i++) put_csv_row(out, &results->rows[i]);
    return io_write_stream(path, out, &text, &size);
}

static status_t write_texts(io_h5_t *file, const char *group, const store_row_t *rows, int64_t n,
                            const store_text_column_t *column)
{
    const char **text = base_alloc((size_t)n, sizeof *text);
    if (text == NULL) return ST_ENOMEM;
    for (int64_t i = 0; i < n; i++) memcpy(&text[i], (const char *)&rows[i] + column->offset, sizeof(char *));
    const io_h5_field_t field = {column->name, IO_H5_STRING, 1, {n}, "row", "1", column->description, text};
    status_t status = io_h5_write(file, group, &field, 1);
    free(text);
    return status;
}

static status_t write_columns(io_h5_t *file, const char *group, const store_row_t *rows, int64_t n, bool metrics)
{
    status_t status = ST_ENOMEM;
    double *numbers = base_alloc((size_t)n + 1, sizeof *numbers);
    int64_t *integers = base_alloc((size_t)n + 1, sizeof *integers);
    if (numbers == NULL || integers == NULL) goto done;
    for (const store_text_column_t *column = store_text_columns; column->name != NULL; column++)
        TRY_DONE(write_texts(file, group, rows, n, column));
    for (int64_t i = 0; i < n; i++) integers[i] = rows[i].shots;
    const io_h5_field_t shots = {"shots", IO_H5_I64, 1, {n}, "row", "images", "training images a category", integers};
    TRY_DONE(io_h5_write(file, group, &shots, 1));
    for (int64_t i = 0; i < n; i++) integers[i] = rows[i].seed;
    const io_h5_field_t seed = {"seed", IO_H5_I64, 1, {n}, "row", "1", "seed of the draw", integers};
    TRY_DONE(io_h5_write(file, group, &seed, 1));
    for (int m = 0; metrics && m < STORE_METRICS; m++) {
        for (int64_t i = 0; i < n; i++) numbers[i] = rows[i].metric[m];
        const io_h5_field_t field = {store_number_table[m].name,        IO_H5_F64, 1, {n}, "row", "1",
                                     store_number_table[m].description, numbers};
        TRY_DONE(io_h5_write(file, group, &field, 1));
    }
done:
    free(numbers);
    free(integers);
    return status;
}

status_t store_results_write(const store_results_t *results, const char *dir, const store_made_by_t *made_by)
{
    status_t status;
    io_h5_t *file = NULL;
    char path[4096];
    TRY_DONE(write_csv(results, dir));
    snprintf(path, sizeof path, "%s/results.h5", dir);
    TRY_DONE(io_h5_create(&file, path));
    TRY_DONE(write_columns(file, "/", results->rows, results->count, true));
    if (results->missing > 0) TRY_DONE(write_columns(file, "lost", results->lost, results->missing, false));
    TRY_DONE(
        io_h5_set_text(file, "/", "description", "results of a run of fgad: a row a task, then means over categories"));
    TRY_DONE(io_h5_set_i64(file, "/", "tasks_missing", results->missing));
    if (made_by->made_from != NULL) TRY_DONE(io_h5_set_text(file, "/", "made_from", made_by->made_from));
    TRY_DONE(io_h5_set_options(file, "/", made_by->job, job_options));
    store_made_by_t with = *made_by;
    if (results->made_on.text[0] != '\0') with.made_on = results->made_on;
    TRY_DONE(store_made_by_write(file, &with));
    status = io_h5_publish(&file);
done:
    io_h5_close(file);
    return status;
}
