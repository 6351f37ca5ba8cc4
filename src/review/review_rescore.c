/* Rescoring: the settings that are asked for, the rows that come of them, and the new result set. */
#include "review/review_internal.h"

#include <stdlib.h>
#include <string.h>

/* What is asked for: jobs, each with some keys overridden. */
typedef struct {
    job_t *points;
    char **texts;
    int count;
    review_change_t *changes;                     /* (count) */
    const io_option_t *keys[REVIEW_CHANGED_KEYS]; /* overridden in some setting */
    int key_count;
    char *yaml; /* of the whole: for run.yaml */
} settings_t;

static void settings_free(settings_t *settings)
{
    for (int i = 0; i < settings->count; i++) {
        job_free(&settings->points[i]);
        free(settings->texts[i]);
        if (settings->changes != NULL) free(settings->changes[i].text);
    }
    free(settings->points);
    free(settings->texts);
    free(settings->changes);
    free(settings->yaml);
}

/* ---- Keys ---------------------------------------------------------------------------------------------------------- */

static const io_option_t *find_key(const char *assignment)
{
    const char *name = strncmp(assignment, "sweep.", 6) == 0 ? assignment + 6 : assignment;
    size_t length = strcspn(name, "=");
    const io_option_t *row = job_options;
    while (row->name != NULL && (strlen(row->name) != length || strncmp(row->name, name, length) != 0)) row++;
    if (row->name != NULL) return row;
    length = strcspn(name, "=.");
    for (row = job_options; row->name != NULL; row++)
        if (row->kind == IO_TEXT_MAP && strlen(row->name) == length && strncmp(row->name, name, length) == 0) break;
    return row;
}

/* Whether the stored maps answer what the key asks; ST_EFORMAT says why not. */
static status_t check_key(const io_option_t *row)
{
    static const char *const places[] = {"data_root", "roots",      "assets", "metric_memory",
                                         "threads",   "sweep_mode", NULL};
    if (strcmp(row->name, "token_wise") == 0)
        return fail(ST_EFORMAT,
                    "token_wise cannot be rescored: the stored maps hold every token's score against its own "
                    "group, not those against the other groups (hint: run the job again; what it shares "
                    "with this run is not done twice)");
    if (strcmp(row->name, "retrieval") == 0)
        return fail(ST_EFORMAT,
                    "retrieval cannot be rescored: the stored maps hold the groups that tokens were matched "
                    "to, not the features to match them again (hint: run the job again)");
    switch (row->tag) {
    case JOB_STAGE_MAPS:
    case JOB_STAGE_METRICS:
        return ST_OK;
    case JOB_STAGE_FEATURES:
        return fail(ST_EFORMAT, "%s belongs to the features: run the job again", row->name);
    case JOB_STAGE_REGIONS:
    case JOB_STAGE_PROMPTS:
        return fail(ST_EFORMAT, "%s belongs to learning: run the job again", row->name);
    default:
        for (int i = 0; places[i] != NULL; i++)
            if (strcmp(places[i], row->name) == 0) return ST_OK;
        return fail(ST_EFORMAT,
                    "%s is not a key of rescoring (expected one of fusion, maps or metrics, as reweight, "
                    "sigma or resolution; or data_root, roots, metric_memory, threads)",
                    row->name);
    }
}

static status_t note_key(settings_t *settings, const io_option_t *row)
{
    TRY(check_key(row));
    bool known = row->tag == JOB_STAGE_NONE;
    for (int k = 0; k < settings->key_count; k++) known = known || settings->keys[k] == row;
    if (!known && settings->key_count < REVIEW_CHANGED_KEYS) settings->keys[settings->key_count++] = row;
    return ST_OK;
}

static status_t note_keys(settings_t *settings, const char *const *assignments, int count)
{
    for (int i = 0; i < count; i++) {
        const io_option_t *row = find_key(assignments[i]);
        /* Reading the job tells what is wrong with it, and what a whole sweep names. */
        if (row->name != NULL && row->kind != IO_SWEEP) TRY(note_key(settings, row));
    }
    return ST_OK;
}

/* The keys of "sweep=[{...}, ...]" and "sweep={...}". */
static status_t note_swept(settings_t *settings, const io_sweep_t *sweep)
{
    for (int a = 0; a < sweep->count; a++) TRY(note_key(settings, find_key(sweep->key[a])));
    for (int p = 0; p < sweep->points; p++)
        for (int k = 0; k < sweep->point[p].count; k++) TRY(note_key(settings, find_key(sweep->point[p].name[k])));
    return ST_OK;
}

/* Whether the key is set by "-s key=value" itself, not by a sweep. */
static bool is_fixed(const io_option_t *row, const char *const *assignments, int count)
{
    size_t length = strlen(row->name);
    for (int i = 0; i < count; i++)
        if (strncmp(assignments[i], row->name, length) == 0 && assignments[i][length] == '=') return true;
    return false;
}

/* Whether the words of a point name the key. */
static bool is_named(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *at = text; (at = strstr(at, key)) != NULL; at++)
        if ((at == text || at[-1] == ' ') && at[length] == '=') return true;
    return false;
}

static status_t make_change(review_change_t *change, const settings_t *settings, int s, const char *const *assignments,
                            int count)
{
    change->job = &settings->points[s];
    change->text = base_format("%s", "");
    for (int k = 0; k < settings->key_count && change->text != NULL; k++) {
        const io_option_t *row = settings->keys[k];
        if (!is_fixed(row, assignments, count) && !is_named(settings->texts[s], row->name)) continue;
        change->keys[change->count++] = row;
        char *value = io_options_text(change->job, row), *old = change->text;
        change->text =
            value != NULL ? base_format("%s%s%s=%s", old, old[0] != '\0' ? "\n" : "", row->name, value) : NULL;
        free(value);
        free(old);
    }
    return change->text != NULL ? ST_OK : ST_ENOMEM;
}

static status_t settings_make(settings_t *settings, const char *run_dir, const char *const *assignments, int count)
{
    status_t status = ST_ENOMEM;
    char path[4096];
    job_t job = {0};
    snprintf(path, sizeof path, "%s/run.yaml", run_dir);
    const char **all = calloc((size_t)count + 2, sizeof *all);
    if (all == NULL) return fail(ST_ENOMEM, "out of memory");
    /* The run's own sweep is in its tasks; so is its list of points. */
    all[0] = "sweep=";
    int own = 1;
    TRY_DONE(note_keys(settings, assignments, count));
    TRY_DONE(job_read(&job, path, all, own));
    if (job.sweep_mode == JOB_SWEEP_LIST) all[own++] = "sweep_mode=product";
    for (int i = 0; i < count; i++) all[own + i] = assignments[i];
    job_free(&job);
    TRY_DONE(job_read(&job, path, all, count + own));
    TRY_DONE(note_swept(settings, &job.sweep));
    TRY_DONE(job_points_make(&settings->points, &settings->texts, &settings->count, path, all, count + own));
    status = ST_ENOMEM;
    settings->yaml = io_options_yaml(&job, job_options);
    settings->changes = calloc((size_t)settings->count, sizeof *settings->changes);
    if (settings->yaml == NULL || settings->changes == NULL) goto done;
    status = ST_OK;
    for (int s = 0; s < settings->count && status == ST_OK; s++)
        status = make_change(&settings->changes[s], settings, s, assignments, count);
done:
    job_free(&job);
    free(all);
    return status;
}

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
                            const store_results_t *results, const store_row_t *source, const settings_t *settings)
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
                             const settings_t *settings)
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

static status_t write_run_yaml(const char *dir, const char *run_dir, const settings_t *settings,
                               const char *const *assignments, int count)
{
    char now[32], path[4096], *text = NULL;
    size_t size = 0;
    clock_iso8601(now);
    snprintf(path, sizeof path, "%s/run.yaml", dir);
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fprintf(out, "# Made by `fgad rescore` from the stored maps of the run '%s', fgad %s, %s.\n", run_dir,
            base_version(), now);
    for (int i = 0; i < count; i++) fprintf(out, "# changed: %s\n", assignments[i]);
    fprintf(out, "# The run's job with these changes (a run that was a sweep keeps its own points):\n%s",
            settings->yaml);
    fclose(out);
    status_t status = io_write_file(path, text, size);
    free(text);
    return status;
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
    settings_t settings = {0};
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
    TRY_DONE(settings_make(&settings, run_dir, assignments, count));
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
    const store_made_by_t made_by = {
        .job = &settings.points[0], .blas = clip_backend(), .model_digest = digest, .made_from = "../..", .ranks = 1};
    TRY_DONE(store_results_write(&rescored, out->dir, &made_by));
    TRY_DONE(write_run_yaml(out->dir, run_dir, &settings, assignments, count));
    out->seconds = clock_seconds() - started;
done:
    settings_free(&settings);
    store_results_free(&results);
    store_results_free(&rescored);
    free(own_name);
    free(digest);
    return status;
}
