/* What a rescoring is asked for: which keys stored maps can answer, and the settings that come of them. */
#include "review/review_internal.h"

#include <stdlib.h>
#include <string.h>

void review_settings_free(review_settings_t *settings)
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
    if (strcmp(row->name, "test_shots") == 0 || strcmp(row->name, "test_maskless") == 0)
        return fail(ST_EFORMAT,
                    "%s cannot be rescored: it says which images there are maps of (hint: run the job again)",
                    row->name);
    if (strcmp(row->name, "class_token") == 0)
        return fail(ST_EFORMAT,
                    "class_token cannot be rescored: the stored maps hold the class token's score against one "
                    "group (hint: run the job again)");
    if (strcmp(row->name, "retrieval") == 0)
        return fail(ST_EFORMAT,
                    "retrieval cannot be rescored: the stored maps hold the groups that tokens were matched "
                    "to, not the features to match them again (hint: run the job again)");
    if (row->tag == JOB_STAGE_MAPS && strchr(row->name, '.') != NULL) /* of a method's own block */
        return fail(ST_EFORMAT, "%s cannot be rescored: the stored maps were made with it (hint: run the job again)",
                    row->name);
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

static status_t note_key(review_settings_t *settings, const io_option_t *row)
{
    TRY(check_key(row));
    bool known = row->tag == JOB_STAGE_NONE;
    for (int k = 0; k < settings->key_count; k++) known = known || settings->keys[k] == row;
    if (!known && settings->key_count < REVIEW_CHANGED_KEYS) settings->keys[settings->key_count++] = row;
    return ST_OK;
}

static status_t note_keys(review_settings_t *settings, const char *const *assignments, int count)
{
    for (int i = 0; i < count; i++) {
        const io_option_t *row = find_key(assignments[i]);
        /* Reading the job tells what is wrong with it, and what a whole sweep names. */
        if (row->name != NULL && row->kind != IO_SWEEP) TRY(note_key(settings, row));
    }
    return ST_OK;
}

/* The keys of "sweep=[{...}, ...]" and "sweep={...}". */
static status_t note_swept(review_settings_t *settings, const io_sweep_t *sweep)
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

static status_t make_change(review_change_t *change, const review_settings_t *settings, int s,
                            const char *const *assignments, int count)
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

status_t review_settings_make(review_settings_t *settings, const char *run_dir, const char *const *assignments,
                              int count)
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
