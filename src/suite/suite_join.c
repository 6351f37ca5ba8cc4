/* Joining: runs of one job on different categories, shots or seeds, made at different sites, as one run. */
#include "suite/suite_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *const *dirs;
    int count;
    store_results_t *results; /* (count) */
    job_t *jobs;              /* (count) */
    char **digest;            /* (count) of the models */
} runs_t;

static void runs_free(runs_t *runs)
{
    for (int r = 0; r < runs->count; r++) {
        if (runs->results != NULL) store_results_free(&runs->results[r]);
        if (runs->jobs != NULL) job_free(&runs->jobs[r]);
        if (runs->digest != NULL) free(runs->digest[r]);
    }
    free(runs->results);
    free(runs->jobs);
    free(runs->digest);
}

/* ---- Whether they are of one job --------------------------------------------------------------------------------------- */

static bool may_differ(const io_option_t *row)
{
    static const char *const keys[] = {"sweep", "sweep_mode", "fewshot", NULL};
    for (int k = 0; keys[k] != NULL; k++)
        if (strcmp(row->name, keys[k]) == 0) return false;
    return row->tag == JOB_STAGE_NONE; /* where files lie, which tasks, how to run */
}

static status_t check_jobs(const runs_t *runs, int r)
{
    for (const io_option_t *row = job_options; row->name != NULL; row++) {
        if (may_differ(row)) continue;
        char *one = io_options_text(&runs->jobs[0], row), *other = io_options_text(&runs->jobs[r], row);
        status_t status = one != NULL && other != NULL ? ST_OK : ST_ENOMEM;
        if (status == ST_OK && strcmp(one, other) != 0)
            status =
                fail(ST_EFORMAT, "'%s' has %s: %s, '%s' has %s: expected runs of one job (hint: fgad report %s %s)",
                     runs->dirs[0], row->name, one, runs->dirs[r], other, base_shell_word(runs->dirs[0]),
                     base_shell_word(runs->dirs[r]));
        free(one);
        free(other);
        TRY(status);
    }
    if (strcmp(runs->digest[0], runs->digest[r]) == 0) return ST_OK;
    return fail(ST_EFORMAT, "'%s' and '%s' were made with different models (digests %.8s and %.8s)", runs->dirs[0],
                runs->dirs[r], runs->digest[0], runs->digest[r]);
}

static status_t open_run(runs_t *runs, int r)
{
    char path[4096];
    io_h5_t *file;
    store_results_t *results = &runs->results[r];
    TRY(store_results_read(results, runs->dirs[r]));
    if (results->source == NULL || strcmp(results->source, runs->dirs[r]) != 0)
        return fail(ST_EFORMAT, "'%s' is no run of its own but a rescored set, expected runs", runs->dirs[r]);
    snprintf(path, sizeof path, "%s/results.h5", runs->dirs[r]);
    TRY(io_h5_open(&file, path));
    status_t status = io_h5_get_text(&runs->digest[r], file, "/", "model_digest");
    io_h5_close(file);
    TRY(status);
    snprintf(path, sizeof path, "%s/run.yaml", runs->dirs[r]);
    TRY(job_read(&runs->jobs[r], path, NULL, 0));
    return r > 0 ? check_jobs(runs, r) : ST_OK;
}

/* ---- Rows -------------------------------------------------------------------------------------------------------------- */

static int compare_tasks(const store_row_t *a, const store_row_t *b)
{
    int order = strcmp(a->dataset, b->dataset);
    if (order == 0) order = strcmp(a->category, b->category);
    if (order == 0) order = (a->shots > b->shots) - (a->shots < b->shots);
    if (order == 0) order = (a->seed > b->seed) - (a->seed < b->seed);
    return order;
}

typedef struct {
    const store_row_t *row;
    int dataset, point; /* places among those of all runs, in the order in which they come */
    int run;
    bool lost;
} entry_t;

/* As a plan orders its tasks: dataset as the job names it, category, shots, seed, point; results before what is lost. */
static int by_plan(const void *a, const void *b)
{
    const entry_t *x = a, *y = b;
    int order = (x->dataset > y->dataset) - (x->dataset < y->dataset);
    if (order == 0) order = compare_tasks(x->row, y->row);
    if (order == 0) order = (x->point > y->point) - (x->point < y->point);
    if (order == 0) order = (x->lost > y->lost) - (x->lost < y->lost);
    return order != 0 ? order : (x->run > y->run) - (x->run < y->run);
}

static int place_of(const char **names, int *count, const char *name)
{
    for (int i = 0; i < *count; i++)
        if (strcmp(names[i], name) == 0) return i;
    names[*count] = name;
    return (*count)++;
}

static status_t check_same(const entry_t *one, const entry_t *other, const runs_t *runs)
{
    const store_row_t *a = one->row, *b = other->row;
    bool same = strcmp(a->task, b->task) == 0;
    for (int m = 0; m < STORE_METRICS && same; m++)
        same = a->metric[m] == b->metric[m] || (isnan(a->metric[m]) && isnan(b->metric[m]));
    if (same) return ST_OK;
    return fail(ST_EFORMAT, "'%s' and '%s' differ in %s/%s, %d-shot, seed %lld (tasks %s and %s): expected one result",
                runs->dirs[one->run], runs->dirs[other->run], a->dataset, a->category, a->shots, (long long)a->seed,
                a->task, b->task);
}

static status_t take_row(store_row_t *to, const store_row_t *from)
{
    const store_row_key_t key = store_row_key(from);
    TRY(store_row_make(to, &key));
    memcpy(to->metric, from->metric, sizeof to->metric);
    return ST_OK;
}

static status_t join_rows(store_results_t *out, const runs_t *runs)
{
    int total = 0, n = 0, datasets = 0, points = 0;
    status_t status = ST_ENOMEM;
    for (int r = 0; r < runs->count; r++) total += runs->results[r].count + runs->results[r].missing;
    entry_t *entries = base_alloc((size_t)total + 1, sizeof *entries);
    const char **names = calloc(2 * (size_t)total + 2, sizeof *names);
    out->rows = calloc(2 * (size_t)total + 1, sizeof *out->rows);
    out->lost = calloc((size_t)total + 1, sizeof *out->lost);
    if (entries == NULL || names == NULL || out->rows == NULL || out->lost == NULL) goto done;
    for (int r = 0; r < runs->count; r++) {
        const store_results_t *results = &runs->results[r];
        for (int i = 0; i < results->count + results->missing; i++) {
            const bool lost = i >= results->count;
            const store_row_t *row = lost ? &results->lost[i - results->count] : &results->rows[i];
            if (strcmp(row->category, STORE_MEAN) == 0) continue;
            entries[n++] = (entry_t){.row = row,
                                     .dataset = place_of(names, &datasets, row->dataset),
                                     .point = place_of(names + total + 1, &points, row->point),
                                     .run = r,
                                     .lost = lost};
        }
        store_made_on_add(&out->made_on, results->made_on.text);
    }
    qsort(entries, (size_t)n, sizeof *entries, by_plan);
    for (int i = 0; i < n; i++) {
        const entry_t *entry = &entries[i], *before = i > 0 ? &entries[i - 1] : NULL;
        const bool again = before != NULL && before->point == entry->point && before->dataset == entry->dataset &&
                           compare_tasks(before->row, entry->row) == 0;
        if (again && !entry->lost) TRY_DONE(check_same(before, entry, runs));
        if (again) continue; /* one result is enough, and what one site lost another may have */
        TRY_DONE(take_row(entry->lost ? &out->lost[out->missing] : &out->rows[out->count], entry->row));
        *(entry->lost ? &out->missing : &out->count) += 1;
    }
    status = store_results_add_means(out);
done:
    free(entries);
    free(names);
    return status;
}

/* ---- Files --------------------------------------------------------------------------------------------------------------- */

/* A file of another site: whole, and what its name says; then *source is where a link to it leads. */
static status_t check_file(char **source, const char *id)
{
    io_h5_t *file;
    TRY(store_open(&file, *source, id));
    io_h5_close(file);
    char *real = realpath(*source, NULL);
    if (real == NULL) return fail(ST_EIO, "'%s' cannot be found", *source);
    free(*source);
    *source = real;
    return ST_OK;
}

/* All files below `from`, which has folders of folders and names that end in -<id>.h5 or are <id>.h5, into `to`; *linked
 * counts. `to` of NULL: they are looked at, and nothing is written. */
static status_t link_tree(int *linked, const char *to, const char *from, int depth)
{
    enum { ENDING = 16 + 3 }; /* of an id, and ".h5" */
    io_names_t names;
    if (!io_is_dir(from)) return ST_OK;
    TRY(io_list_dir(&names, from));
    status_t status = to != NULL ? io_make_dirs(to) : ST_OK;
    for (int i = 0; i < names.count && status == ST_OK; i++) {
        const char *name = names.name[i];
        char *source = base_format("%s/%s", from, name), *target = base_format("%s/%s", to != NULL ? to : "", name);
        const size_t length = strlen(name);
        status = source != NULL && target != NULL ? ST_OK : ST_ENOMEM;
        if (status == ST_OK && depth > 0 && io_is_dir(source)) {
            status = link_tree(linked, to != NULL ? target : NULL, source, depth - 1);
        } else if (status == ST_OK && length >= ENDING && strcmp(name + length - 3, ".h5") == 0 &&
                   (to == NULL || !io_exists(target))) {
            char id[17];
            snprintf(id, sizeof id, "%s", name + length - ENDING);
            status = check_file(&source, id);
            if (status == ST_OK && to != NULL) status = io_link_file(target, source, false);
            *linked += status == ST_OK;
        }
        free(source);
        free(target);
    }
    io_names_free(&names);
    return status;
}

static status_t link_files(suite_joined_t *out, const runs_t *runs, const char *into)
{
    static const char *const kinds[] = {"tasks", "heads"};
    for (int r = 0; r < runs->count; r++)
        for (int kind = 0; kind < 2; kind++) {
            char from[4096], to[4096];
            snprintf(from, sizeof from, "%s/%s", runs->dirs[r], kinds[kind]);
            snprintf(to, sizeof to, "%s/%s", into != NULL ? into : "", kinds[kind]);
            TRY(link_tree(kind == 0 ? &out->tasks : &out->heads, into != NULL ? to : NULL, from, 2));
        }
    return ST_OK;
}

static status_t add_names(io_names_t *to, const io_names_t *from)
{
    for (int i = 0; i < from->count; i++) {
        if (job_has(to, from->name[i])) continue;
        char **longer = realloc(to->name, ((size_t)to->count + 1) * sizeof *longer);
        if (longer != NULL) to->name = longer;
        char *copy = longer != NULL ? base_format("%s", from->name[i]) : NULL;
        if (copy == NULL) return fail(ST_ENOMEM, "out of memory");
        to->name[to->count++] = copy;
    }
    return ST_OK;
}

static status_t add_numbers(io_int_list_t *to, const io_int_list_t *from)
{
    for (int i = 0; i < from->count; i++) {
        bool known = false;
        for (int j = 0; j < to->count; j++) known = known || to->value[j] == from->value[i];
        if (known) continue;
        int *longer = realloc(to->value, ((size_t)to->count + 1) * sizeof *longer);
        if (longer == NULL) return fail(ST_ENOMEM, "out of memory");
        to->value = longer;
        to->value[to->count++] = from->value[i];
    }
    return ST_OK;
}

/* The first run's job, with what the others add. An empty list of categories is all of them already. */
static status_t join_jobs(job_t *job, const runs_t *runs)
{
    for (int r = 1; r < runs->count; r++) {
        const job_t *other = &runs->jobs[r];
        TRY(add_names(&job->dataset, &other->dataset));
        if (other->category.count == 0) io_names_free(&job->category);
        if (job->category.count > 0) TRY(add_names(&job->category, &other->category));
        TRY(add_numbers(&job->shots, &other->shots));
        TRY(add_numbers(&job->seeds, &other->seeds));
    }
    return ST_OK;
}

static status_t write_job(const char *dir, const job_t *job, const runs_t *runs)
{
    char path[4096], *text = NULL, *yaml = job_yaml(job);
    size_t size = 0;
    if (yaml == NULL) return ST_ENOMEM;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        free(yaml);
        return fail(ST_ENOMEM, "out of memory");
    }
    fprintf(out, "# Made by `fgad reduce --into`, fgad %s, of the runs\n", base_version());
    for (int r = 0; r < runs->count; r++) fprintf(out, "#   %s\n", runs->dirs[r]);
    fputs(yaml, out);
    free(yaml);
    snprintf(path, sizeof path, "%s/run.yaml", dir);
    return io_write_stream(path, out, &text, &size);
}

/* "results/all" is the run `all` below `results`. */
static status_t name_run(job_t *job, const char *dir)
{
    const char *slash = strrchr(dir, '/');
    char *name = base_format("%s", slash != NULL ? slash + 1 : dir);
    char *output = slash != NULL ? base_format("%.*s", (int)(slash - dir), dir) : base_format(".");
    if (name == NULL || output == NULL) {
        free(name);
        free(output);
        return ST_ENOMEM;
    }
    free(job->name);
    free(job->output);
    job->name = name;
    job->output = output;
    return ST_OK;
}

static status_t check_apart(const runs_t *runs, const char *into)
{
    for (int r = 0; r < runs->count; r++)
        if (io_lies_in(into, runs->dirs[r]))
            return fail(ST_EFORMAT, "'%s' lies in the run '%s', which is not changed (hint: a folder beside it)", into,
                        runs->dirs[r]);
    return ST_OK;
}

status_t suite_join(suite_joined_t *out, const char *const *dirs, int count, const char *into)
{
    status_t status = ST_ENOMEM;
    store_results_t joined = {0};
    runs_t runs = {.dirs = dirs, .count = count};
    suite_join_index_t index = {0};
    *out = (suite_joined_t){0};
    if (io_exists(into))
        return fail(ST_EFORMAT, "'%s' exists already, expected the folder of a run that is not there yet", into);
    runs.results = calloc((size_t)count, sizeof *runs.results);
    runs.jobs = calloc((size_t)count, sizeof *runs.jobs);
    runs.digest = calloc((size_t)count, sizeof *runs.digest);
    if (runs.results == NULL || runs.jobs == NULL || runs.digest == NULL) goto done;
    TRY_DONE(check_apart(&runs, into));
    for (int r = 0; r < count; r++) TRY_DONE(open_run(&runs, r));
    TRY_DONE(join_rows(&joined, &runs));
    TRY_DONE(suite_join_index_read(&index, dirs, count, into));
    job_t *job = &runs.jobs[0];
    TRY_DONE(join_jobs(job, &runs));
    TRY_DONE(name_run(job, into));
    TRY_DONE(job_check_name(job->name));
    TRY_DONE(link_files(out, &runs, NULL)); /* all of them are looked at before one is linked */
    *out = (suite_joined_t){0};
    TRY_DONE(link_files(out, &runs, into));
    TRY_DONE(suite_join_index_write(&index, into, job));
    TRY_DONE(write_job(into, job, &runs));
    const store_made_by_t made_by = {.job = job,
                                     .blas = clip_backend(CLIP_PRODUCTS_BLAS),
                                     .model_digest = runs.digest[0],
                                     .ranks = 1,
                                     .made_on = joined.made_on};
    TRY_DONE(store_results_write(&joined, into, &made_by));
    for (int i = 0; i < joined.count; i++) out->rows += strcmp(joined.rows[i].category, STORE_MEAN) != 0;
    out->missing = joined.missing;
done:
    store_results_free(&joined);
    suite_join_index_free(&index);
    runs_free(&runs);
    return status;
}
