/* Result sets come back by the names of their columns, and are checked: what was edited by hand or cut off is refused. */
#include "store/store_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Checks -------------------------------------------------------------------------------------------------------- */

static int compare_rows(const void *a, const void *b)
{
    const store_row_t *x = *(const store_row_t *const *)a, *y = *(const store_row_t *const *)b;
    int order = strcmp(x->dataset, y->dataset);
    if (order == 0) order = strcmp(x->category, y->category);
    if (order == 0) order = (x->shots > y->shots) - (x->shots < y->shots);
    if (order == 0) order = (x->seed > y->seed) - (x->seed < y->seed);
    if (order == 0) order = strcmp(x->point, y->point);
    return order != 0 ? order : strcmp(x->method, y->method);
}

static status_t check_repeats(const store_row_t **sorted, int count, const char *path)
{
    for (int i = 1; i < count; i++)
        if (compare_rows(&sorted[i], &sorted[i - 1]) == 0)
            return fail(ST_EFORMAT, "'%s': two rows are %s/%s, %d-shot, seed %lld%s%s, expected one", path,
                        sorted[i]->dataset, sorted[i]->category, sorted[i]->shots, (long long)sorted[i]->seed,
                        sorted[i]->point[0] != '\0' ? ", " : "", sorted[i]->point);
    return ST_OK;
}

static status_t check_ranges(const store_results_t *results, const char *path)
{
    for (int i = 0; i < results->count; i++)
        for (int m = 0; m < STORE_METRICS; m++) {
            const store_row_t *row = &results->rows[i];
            if (!isnan(row->metric[m]) && !(row->metric[m] >= 0 && row->metric[m] <= 1))
                return fail(ST_EFORMAT, "'%s': %s of %s/%s is %g, expected a fraction from 0 to 1", path,
                            store_number_table[m].name, row->dataset, row->category, row->metric[m]);
        }
    return ST_OK;
}

static status_t check(const store_results_t *results, const char *path, bool csv)
{
    status_t status;
    const store_row_t **sorted = base_alloc((size_t)results->count + 1, sizeof *sorted);
    if (sorted == NULL) return ST_ENOMEM;
    for (int i = 0; i < results->count; i++) sorted[i] = &results->rows[i];
    qsort(sorted, (size_t)results->count, sizeof *sorted, compare_rows);
    TRY_DONE(check_repeats(sorted, results->count, path));
    TRY_DONE(check_ranges(results, path));
    TRY_DONE(store_results_check_means(results, path, csv));
done:
    free(sorted);
    return status;
}

/* ---- HDF5 ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    io_h5_t *file;
    const char *path, *group; /* "" or "lost/" */
    store_row_t *rows;
    int count;
} reader_t;

static status_t read_column(void **data, const reader_t *reader, const char *name, io_h5_type_t type)
{
    char full[128];
    const int64_t rows[] = {reader->count};
    snprintf(full, sizeof full, "%s%s", reader->group, name);
    return store_read(data, reader->file, full, type, 1, rows);
}

static status_t read_texts(reader_t *reader, const store_text_column_t *column)
{
    void *data;
    char full[128];
    snprintf(full, sizeof full, "%s%s", reader->group, column->name);
    if (column->optional && !io_h5_has(reader->file, full)) {
        for (int i = 0; i < reader->count; i++) {
            char *nothing = base_format("%s", "");
            if (nothing == NULL) return ST_ENOMEM;
            memcpy((char *)&reader->rows[i] + column->offset, &nothing, sizeof nothing);
        }
        return ST_OK;
    }
    TRY(read_column(&data, reader, column->name, IO_H5_STRING));
    char **strings = data;
    for (int i = 0; i < reader->count; i++) {
        memcpy((char *)&reader->rows[i] + column->offset, &strings[i], sizeof(char *));
        strings[i] = NULL; /* the row owns it now */
    }
    io_h5_free_strings(strings, reader->count);
    return ST_OK;
}

static status_t read_rows(reader_t *reader, bool metrics)
{
    void *data;
    int ndim;
    int64_t dims[6];
    const int64_t any = -1;
    char name[128];
    snprintf(name, sizeof name, "%sdataset", reader->group);
    TRY(io_h5_expect(reader->file, name, IO_H5_STRING, 1, &any));
    TRY(io_h5_dims(&ndim, dims, reader->file, name));
    if (ndim != 1 || dims[0] >= INT32_MAX / 2)
        return fail(ST_EFORMAT, "'%s': the column %s is not a list", reader->path, name);
    reader->rows = calloc((size_t)dims[0] + 1, sizeof *reader->rows);
    if (reader->rows == NULL) return fail(ST_ENOMEM, "out of memory");
    reader->count = (int)dims[0];
    for (const store_text_column_t *column = store_text_columns; column->name != NULL; column++)
        TRY(read_texts(reader, column));
    TRY(read_column(&data, reader, "shots", IO_H5_I64));
    for (int i = 0; i < reader->count; i++) reader->rows[i].shots = (int)((int64_t *)data)[i];
    free(data);
    TRY(read_column(&data, reader, "seed", IO_H5_I64));
    for (int i = 0; i < reader->count; i++) reader->rows[i].seed = ((int64_t *)data)[i];
    free(data);
    for (int m = 0; m < STORE_METRICS; m++) {
        if (!metrics || (store_number_table[m].optional && !io_h5_has(reader->file, store_number_table[m].name))) {
            for (int i = 0; i < reader->count; i++) reader->rows[i].metric[m] = NAN;
            continue;
        }
        TRY(read_column(&data, reader, store_number_table[m].name, IO_H5_F64));
        for (int i = 0; i < reader->count; i++) reader->rows[i].metric[m] = ((double *)data)[i];
        free(data);
    }
    return ST_OK;
}

static status_t read_h5(store_results_t *out, const char *dir, const char *path)
{
    status_t status;
    int64_t missing;
    char *made_from = NULL;
    reader_t reader = {.path = path, .group = ""}, lost = {.path = path, .group = "lost/"};
    TRY_DONE(io_h5_open(&reader.file, path));
    TRY_DONE(store_format_check(reader.file, path));
    status = read_rows(&reader, true);
    out->rows = reader.rows;
    out->count = reader.count;
    TRY_DONE(status);
    TRY_DONE(io_h5_get_i64(&missing, reader.file, "/", "tasks_missing"));
    lost.file = reader.file;
    if (missing > 0 && io_h5_has(reader.file, "lost")) {
        status = read_rows(&lost, false);
        out->lost = lost.rows;
        out->missing = lost.count;
        TRY_DONE(status);
    }
    if (out->missing != missing) {
        status = fail(ST_EFORMAT, "'%s' names %d lost tasks, expected %lld", path, out->missing, (long long)missing);
        goto done;
    }
    TRY_DONE(io_h5_get_text(&out->assets, reader.file, "/", "assets"));
    store_made_on_read(&out->made_on, reader.file);
    if (io_h5_get_text(&made_from, reader.file, "/", "made_from") == ST_OK)
        out->source = base_format("%s/%s", dir, made_from);
    else
        out->source = base_format("%s", dir);
    if (out->source == NULL) status = ST_ENOMEM;
done:
    io_h5_close(reader.file);
    free(made_from);
    return status;
}

/* ---- CSV ----------------------------------------------------------------------------------------------------------- */

static status_t check_header(const io_csv_t *csv)
{
    const char *absent = NULL;
    for (const store_text_column_t *column = store_text_columns; column->name != NULL; column++)
        if (!column->optional && io_csv_cell(csv, column->name) == NULL) absent = column->name;
    if (io_csv_cell(csv, "shots") == NULL) absent = "shots";
    if (io_csv_cell(csv, "seed") == NULL) absent = "seed";
    for (int m = 0; m < STORE_METRICS; m++)
        if (!store_number_table[m].optional && io_csv_cell(csv, store_number_table[m].name) == NULL)
            absent = store_number_table[m].name;
    return absent == NULL ? ST_OK : fail(ST_EFORMAT, "%s:1: no column is called '%s'", csv->path, absent);
}

static status_t read_whole(int64_t *out, const io_csv_t *csv, const char *name)
{
    const char *text = io_csv_cell(csv, name);
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || *out < 0 || *out > INT32_MAX)
        return fail(ST_EFORMAT, "%s:%d: %s is '%s', expected a whole number", csv->path, csv->line, name, text);
    return ST_OK;
}

static status_t read_row(store_row_t *row, const io_csv_t *csv)
{
    int64_t shots, seed;
    TRY(read_whole(&shots, csv, "shots"));
    TRY(read_whole(&seed, csv, "seed"));
    store_row_key_t key = {.shots = (int)shots, .seed = seed};
    for (const store_text_column_t *column = store_text_columns; column->name != NULL; column++) {
        const char *cell = column->place != STORE_NOT_IN_CSV ? io_csv_cell(csv, column->name) : NULL;
        memcpy((char *)&key + column->key, &cell, sizeof cell);
    }
    TRY(store_row_make(row, &key));
    for (int m = 0; m < STORE_METRICS; m++) {
        const char *text = io_csv_cell(csv, store_number_table[m].name);
        if (text == NULL || text[0] == '\0') continue;
        const char *end = base_number(&row->metric[m], text);
        if (end == NULL || *end != '\0') {
            store_row_free(row);
            return fail(ST_EFORMAT, "%s:%d: %s is '%s', expected a fraction or nothing", csv->path, csv->line,
                        store_number_table[m].name, text);
        }
    }
    return ST_OK;
}

static status_t read_csv(store_results_t *out, const char *path)
{
    status_t status;
    int room = 0;
    io_csv_t csv;
    TRY(io_csv_open(&csv, path));
    TRY_DONE(check_header(&csv));
    for (;;) {
        bool more;
        TRY_DONE(io_csv_next(&more, &csv));
        if (!more) break;
        if (out->count == room) {
            room = room > 0 ? 2 * room : 64;
            store_row_t *rows = realloc(out->rows, (size_t)room * sizeof *rows);
            if (rows == NULL) {
                status = fail(ST_ENOMEM, "out of memory");
                goto done;
            }
            out->rows = rows;
        }
        TRY_DONE(read_row(&out->rows[out->count], &csv));
        out->count++;
    }
done:
    io_csv_close(&csv);
    return status;
}

status_t store_results_read(store_results_t *out, const char *path)
{
    status_t status;
    size_t length = strlen(path);
    char file[4096];
    *out = (store_results_t){0};
    bool csv = length > 4 && strcmp(path + length - 4, ".csv") == 0 && !io_is_dir(path); /* a run may be called so */
    snprintf(file, sizeof file, csv ? "%s" : "%s/results.h5", path);
    if (!io_exists(file) && !csv) {
        char job[4096];
        snprintf(job, sizeof job, "%s/run.yaml", path);
        if (io_exists(job))
            return fail(
                ST_ENOTFOUND,
                "'%s' does not exist: the run has not ended yet (hint: fgad status %s; fgad reduce %s makes the "
                "results of the tasks that are done)",
                file, base_shell_word(path), base_shell_word(path));
    }
    if (!io_exists(file))
        return fail(ST_ENOTFOUND, "'%s' does not exist (expected the folder of a run, as results/demo)", file);
    TRY_DONE(csv ? read_csv(out, file) : read_h5(out, path, file));
    TRY_DONE(check(out, file, csv));
done:
    if (status != ST_OK) store_results_free(out);
    return status;
}
