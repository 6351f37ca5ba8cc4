/* Rescoring: the settings that are asked for, the rows that come of them, and the new result set. */
#include "review/review_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- Rows ---------------------------------------------------------------------------------------------------------- */

/* The task's point and what was changed, in one line. */
static char *point_text(const store_row_t *source, const review_change_t *change)
{
    char *text =
        base_format("%s%s%s", source->point, source->point[0] != '\0' && change->count > 0 ? " " : "", change->text);
    for (char *at = text; at != NULL && *at != '\0'; at++)
        if (*at == '\n') *at = ' ';
    return text;
}

static status_t make_row(store_row_t *row, const store_row_t *source, const review_change_t *change, const job_t *job,
                         const char *protocol)
{
    char *point = point_text(source, change);
    if (point == NULL) return ST_ENOMEM;
    store_row_key_t key = store_row_key(source);
    key.point = point;
    key.protocol = protocol;
    key.changes = change->text;
    method_labels_t labels;
    const method_t *method = method_of(method_table, job);
    REQUIRE(method != NULL); /* its maps were read */
    method_labels_make(&labels, method, job, NULL);
    store_row_key_label(&key, &labels);
    /* What the tower gave stands; and no model is open that would tell which taps are meant. */
    key.model = source->model;
    key.tower = source->tower;
    status_t status = store_row_make(row, &key);
    free(point);
    return status;
}

static status_t rescore_row(store_results_t *out, review_rescored_t *told, review_bench_t *bench,
                            const store_results_t *results, const store_row_t *source,
                            const review_settings_t *settings)
{
    status_t status = ST_ENOMEM;
    review_stored_t *stored = NULL;
    store_numbers_t *numbers = base_alloc((size_t)settings->count, sizeof *numbers);
    if (numbers == NULL) return ST_ENOMEM;
    TRY_DONE(review_stored_open(&stored, results, source, NULL, 0));
    /* Where files lie is the same for all settings. */
    TRY_DONE(review_rescore_task(numbers, bench, stored, source, settings->changes, settings->count));
    for (int s = 0; s < settings->count; s++) {
        job_t job = review_change_apply(&stored->job, &settings->changes[s]);
        char *protocol = work_protocol_text(&job, &stored->images);
        status = protocol != NULL ? make_row(&out->rows[out->count], source, &settings->changes[s], &job, protocol)
                                  : ST_ENOMEM;
        free(protocol);
        if (status != ST_OK) goto done;
        store_row_t *row = &out->rows[out->count++];
        for (int m = 0; m < STORE_METRICS; m++)
            memcpy(&row->metric[m], (const char *)&numbers[s] + store_number_table[m].offset, sizeof(double));
    }
    told->tasks++;
done:
    review_stored_close(stored);
    free(numbers);
    return status;
}

/* A task without a result stands in the table of those that have one, so that it is missed there: its protocol and labels
 * are theirs. Its own stay when no task of its dataset and point has a result. */
static status_t make_lost_row(store_results_t *out, const store_row_t *source, const review_change_t *change)
{
    char *point = point_text(source, change);
    if (point == NULL) return ST_ENOMEM;
    store_row_key_t key = store_row_key(source);
    for (int i = 0; i < out->count; i++) {
        const store_row_t *row = &out->rows[i];
        if (strcmp(row->dataset, source->dataset) != 0 || strcmp(row->point, point) != 0) continue;
        key = store_row_key(row);
        break;
    }
    key.category = source->category;
    key.task = source->task;
    key.shots = source->shots;
    key.seed = source->seed;
    key.point = point;
    key.changes = change->text;
    status_t status = store_row_make(&out->lost[out->missing], &key);
    if (status == ST_OK) out->missing++;
    free(point);
    return status;
}

static status_t rescore_rows(store_results_t *out, review_rescored_t *told, const store_results_t *results,
                             const review_settings_t *settings)
{
    review_bench_t bench = {.threads = settings->points[0].threads, .run_dir = results->source};
    progress_t progress;
    size_t rows = (size_t)(results->count + results->missing) * (size_t)settings->count;
    if (rows > INT32_MAX / 4)
        return fail(ST_EFORMAT, "%d settings of %d tasks are too many for one result set", settings->count,
                    results->count);
    out->rows = calloc(2 * rows + 1, sizeof *out->rows); /* every row may have a mean beside it */
    out->lost = calloc(rows + 1, sizeof *out->lost);
    if (out->rows == NULL || out->lost == NULL) return fail(ST_ENOMEM, "out of memory");
    status_t status = ST_OK;
    progress_begin(&progress, "rescore", results->count);
    for (int i = 0; i < results->count && status == ST_OK; i++) {
        if (strcmp(results->rows[i].category, STORE_MEAN) != 0)
            status = rescore_row(out, told, &bench, results, &results->rows[i], settings);
        progress_update(&progress, i + 1, results->rows[i].category);
    }
    progress_end(&progress);
    for (int i = 0; i < results->missing; i++)
        for (int s = 0; s < settings->count && status == ST_OK; s++)
            status = make_lost_row(out, &results->lost[i], &settings->changes[s]);
    told->passes = bench.passes;
    if (bench.away > 0)
        log_warn("masks are not here: no pixel metrics for %d rescored task%s (hint: -s data_root=... of the images)",
                 bench.away, bench.away == 1 ? "" : "s");
    review_bench_free(&bench);
    return status == ST_OK ? store_results_add_means(out) : status;
}

/* ---- Files --------------------------------------------------------------------------------------------------------- */

/* Keys that change where images are and how fast it goes, but no number. */
static bool changes_numbers(const char *assignment)
{
    static const char *const without[] = {"threads=", "metric_memory=", "data_root=", "roots.", "roots=", "assets="};
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++)
        if (strncmp(assignment, without[i], strlen(without[i])) == 0) return false;
    return true;
}

/* Names of folders have an end, sweeps have none: what is cut ends with a digest of the whole. */
static char *cut_name(char *name)
{
    enum { LONGEST = 120, DIGITS = 8 };
    char digest[IO_DIGEST_SIZE];
    if (name == NULL || strlen(name) <= LONGEST) return name;
    io_digest_bytes(digest, name, strlen(name));
    char *cut = base_format("%.*s-%.*s", LONGEST - DIGITS - 1, name, DIGITS, digest);
    free(name);
    return cut;
}

/* A folder's name from the assignments: "sigma=2-reweight=off". */
static char *make_name(const char *const *assignments, int count)
{
    char *name = base_format("%s", "");
    for (int i = 0; i < count && name != NULL; i++) {
        if (!changes_numbers(assignments[i])) continue;
        char *longer = base_format("%s%s%s", name, name[0] != '\0' ? "-" : "", assignments[i]);
        free(name);
        name = longer;
    }
    if (name != NULL && name[0] == '\0') {
        free(name);
        return base_format("same");
    }
    name = cut_name(name);
    for (char *at = name; at != NULL && *at != '\0'; at++)
        if (strchr("/ ,;[]{}'\"\\", *at) != NULL) *at = '_';
    return name;
}

static status_t write_run_yaml(const char *dir, const char *run_dir, const review_settings_t *settings,
                               const char *const *assignments, int count)
{
    char now[32], path[4096], *text = NULL;
    size_t size = 0;
    clock_iso8601(now);
    snprintf(path, sizeof path, "%s/run.yaml", dir);
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fprintf(out, PLAN_RESCORED_HEAD "the stored maps of the run '%s', fgad %s, %s.\n", run_dir, base_version(), now);
    for (int i = 0; i < count; i++) fprintf(out, "# changed: %s\n", assignments[i]);
    fprintf(out, "# The run's job with these changes (a run that was a sweep keeps its own points):\n%s",
            settings->yaml);
    return io_write_stream(path, out, &text, &size);
}

static status_t read_digest(char **digest, const char *run_dir)
{
    io_h5_t *file;
    char path[4096];
    snprintf(path, sizeof path, "%s/results.h5", run_dir);
    TRY(io_h5_open(&file, path));
    status_t status = io_h5_get_text(digest, file, "/", "model_digest");
    io_h5_close(file);
    return status;
}

status_t review_rescore(review_rescored_t *out, const char *run_dir, const char *name, const char *const *assignments,
                        int count)
{
    status_t status;
    review_settings_t settings = {0};
    store_results_t results = {0}, rescored = {0};
    char *own_name = NULL, *digest = NULL;
    double started = clock_seconds();
    *out = (review_rescored_t){0};
    TRY_DONE(store_results_read(&results, run_dir));
    if (results.source == NULL || strcmp(results.source, run_dir) != 0) {
        status = fail(ST_EFORMAT, "'%s' was rescored itself: rescore the run '%s'", run_dir,
                      results.source != NULL ? results.source : "that it is of");
        goto done;
    }
    TRY_DONE(review_settings_make(&settings, run_dir, assignments, count));
    out->settings = settings.count;
    TRY_DONE(read_digest(&digest, run_dir));
    own_name = name != NULL ? base_format("%s", name) : make_name(assignments, count);
    out->dir = own_name != NULL ? base_format("%s/rescored/%s", run_dir, own_name) : NULL;
    status = ST_ENOMEM;
    if (out->dir == NULL) goto done;
    if (own_name[0] == '\0' || own_name[0] == '.' || strchr(own_name, '/') != NULL) {
        status = fail(ST_EFORMAT, "the name is '%s', expected the name of one folder", own_name);
        goto done;
    }
    TRY_DONE(rescore_rows(&rescored, out, &results, &settings));
    TRY_DONE(io_make_dirs(out->dir));
    rescored.made_on = results.made_on;
    const store_made_by_t made_by = {.job = &settings.points[0],
                                     .blas = clip_backend(CLIP_PRODUCTS_BLAS),
                                     .model_digest = digest,
                                     .made_from = "../..",
                                     .ranks = 1};
    TRY_DONE(store_results_write(&rescored, out->dir, &made_by));
    TRY_DONE(write_run_yaml(out->dir, run_dir, &settings, assignments, count));
    out->seconds = clock_seconds() - started;
done:
    review_settings_free(&settings);
    store_results_free(&results);
    store_results_free(&rescored);
    free(own_name);
    free(digest);
    return status;
}
