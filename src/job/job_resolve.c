/* From a job file and its assignments to a job in which everything is settled and checked. */
#include "job/job_internal.h"

#include <stdlib.h>
#include <string.h>

/* model: auto becomes a folder, so that what a run records is what it used. */
static status_t resolve_model(job_t *job)
{
    if (strcmp(job->model, "auto") != 0) return ST_OK;
    bool demo = job->dataset.count == 1 && strcmp(job->dataset.name[0], "demo") == 0;
    char *folder = base_format("%s/models/%s", job->assets, demo ? "demo-clip" : "vit-b-16-plus-240");
    if (folder == NULL) return ST_ENOMEM;
    free(job->model);
    job->model = folder;
    return ST_OK;
}

/* The list of one name. */
static status_t set_list(io_names_t *list, const char *name)
{
    io_names_free(list);
    list->name = base_alloc(1, sizeof *list->name);
    char *copy = base_format("%s", name);
    if (list->name == NULL || copy == NULL) {
        free(copy);
        return ST_ENOMEM;
    }
    list->name[0] = copy;
    list->count = 1;
    return ST_OK;
}

static bool is_set(const bool *used, const char *name)
{
    int row = 0;
    while (strcmp(job_options[row].name, name) != 0) row++;
    return used[row];
}

/* What a method does in one way alone stands so in the resolved job, whatever its file says; PromptAD's own defaults hold
 * where the file says nothing. */
static status_t resolve_method(job_t *job, const bool *used)
{
    const char *method = job_method_names[job->method];
    if (strcmp(method, "finegrainedad") == 0) return ST_OK;
    if (strcmp(method, "promptad") != 0) {
        job->learn = false;
        return set_list(&job->branches, "vad");
    }
    job->retrieval = JOB_RETRIEVAL_NORMAL;
    job->token_wise = true;
    if (!is_set(used, "reweight")) job->reweight = JOB_REWEIGHT_OFF;
    if (!is_set(used, "image_map")) job->image_map = JOB_IMAGE_MAP_VAD;
    if (!is_set(used, "epsilon")) job->epsilon = 0;
    if (!is_set(used, "image.epochs")) job->image_epochs = 100;
    io_names_free(&job->pixel_groups);
    io_names_free(&job->image_groups);
    return set_list(&job->groups, "image");
}

/* A list of points is a list, whatever else the file says. */
static status_t resolve_sweep(job_t *job)
{
    if (job->sweep.points > 0) job->sweep_mode = JOB_SWEEP_LIST;
    if (job->sweep_mode != JOB_SWEEP_LIST || job->sweep.count == 0) return ST_OK;
    return fail(ST_EFORMAT,
                "sweep_mode is list, but sweep has axes, as '%s', expected points: [{%s: %s}, ...] (hint: product, or "
                "one-at-a-time)",
                job->sweep.key[0], job->sweep.key[0], job->sweep.values[0].name[0]);
}

/* The levels that a key names. */
static status_t check_groups(const io_names_t *groups, const char *key)
{
    if (!job_has(groups, "image"))
        return fail(ST_EFORMAT, "%s: 'image' is missing (re-weighting and the image score need it)", key);
    if (groups->count == 1 || (groups->count >= 3 && job_has(groups, "background") && job_has(groups, "components")))
        return ST_OK;
    return fail(ST_EFORMAT,
                "%s: %d levels are named, expected image alone, or image, background, components, with or without "
                "foreground",
                key, groups->count);
}

static status_t check_job(const job_t *job)
{
    double t;
    char known[256];
    data_name_datasets(known);
    if (job->dataset.count == 0) return fail(ST_EFORMAT, "dataset: nothing is named (expected some of: %s)", known);
    if (job->shots.count == 0) return fail(ST_EFORMAT, "shots: the list is empty (expected at least one number)");
    if (job->seeds.count == 0) return fail(ST_EFORMAT, "seeds: the list is empty (expected at least one number)");
    if (job->branches.count == 0) return fail(ST_EFORMAT, "branches: the list is empty (expected vad, pad or both)");
    TRY(check_groups(&job->groups, "groups"));
    if (job->pixel_groups.count > 0) TRY(check_groups(&job->pixel_groups, "pixel.groups"));
    if (job->image_groups.count > 0) TRY(check_groups(&job->image_groups, "image.groups"));
    if (job->alp_vectors == JOB_ALP_SHARED && job->alp != JOB_ALP_INSERT)
        return fail(ST_EFORMAT, "alp_vectors: shared wants alp: insert: bodies differ in the number of their values");
    if (job_has(&job->branches, "pad") && job->heads.count == 0)
        return fail(ST_EFORMAT, "heads: the list is empty (expected pixel, image or both, or branches: [vad])");
    if (job->branches.count == 1 && job_has(&job->branches, "pad") && !job_has(&job->heads, "pixel"))
        return fail(ST_EFORMAT, "heads: without 'pixel' and without the branch 'vad' there is no map");
    TRY(job_taps_count(&job->memory_taps));
    TRY(job_arrays_check(job));
    const bool both = job->branches.count > 1 && job_has(&job->heads, "pixel");
    for (int i = 0; i < job->shots.count && both && job->fusion == JOB_FUSION_STANDARD; i++)
        if (job->shots.value[i] == 1)
            return fail(ST_EFORMAT,
                        "fusion: standard measures VAD on a shot by the others, and shots has 1 (hint: shots=2,4)");
    if (!(job->patchcore.coreset > 0))
        return fail(ST_EFORMAT, "patchcore.coreset is 0, expected a share above 0, up to 1");
    if (job->patchcore.patch % 2 == 0)
        return fail(ST_EFORMAT, "patchcore.patch is %d, expected an odd number", job->patchcore.patch);
    if (job->aggregation_scale == 3) return fail(ST_EFORMAT, "aggregation.scale is 3, expected 4, 2 or 1");
    TRY(job_check_name(job->name));
    size_t bytes;
    TRY(job_metric_memory(&bytes, job));
    TRY(job_feature_memory(&bytes, job));
    TRY(job_learn_memory(&bytes, job));
    return job_logit_scale(&t, job, 1);
}

/* assets, where neither the job nor an assignment says. */
static status_t find_assets(job_t *job, const bool *used)
{
    for (int i = 0; job_options[i].name != NULL; i++)
        if (strcmp(job_options[i].name, "assets") == 0 && used[i]) return ST_OK;
    char *found = io_assets();
    if (found == NULL) return ST_ENOMEM;
    free(job->assets);
    job->assets = found;
    return ST_OK;
}

static int count_rows(void)
{
    int rows = 0;
    while (job_options[rows].name != NULL) rows++;
    return rows;
}

status_t job_raw_read(job_raw_t *out, const char *path, const char *const *assignments, int count)
{
    status_t status;
    job_t *job = &out->job;
    *out = (job_raw_t){.job = {.learn_memory_auto = JOB_LEARN_UNTOLD}, .path = path};
    out->used = calloc((size_t)count_rows(), sizeof *out->used);
    if (out->used == NULL) return fail(ST_ENOMEM, "out of memory");
    TRY_DONE(io_options_init(job, job_options));
    if (path != NULL) TRY_DONE(io_options_read_yaml(job, job_options, out->used, path));
    for (int i = 0; i < count; i++) TRY_DONE(io_options_set(job, job_options, out->used, assignments[i], "-s"));
    TRY_DONE(io_options_check_required(job_options, out->used, path != NULL ? path : "-s"));
    status = job_expand(job, job_options);
    if (status != ST_OK && path != NULL) fail_context(status, "%s", path);
    TRY_DONE(status);
    TRY_DONE(find_assets(job, out->used));
    TRY_DONE(resolve_model(job));
    status = job_taps_resolve(job);
done:
    if (status != ST_OK) job_raw_free(out);
    return status;
}

void job_raw_free(job_raw_t *raw)
{
    job_free(&raw->job);
    free(raw->used);
    raw->used = NULL;
}

status_t job_raw_resolve(job_t *out, job_raw_t *raw, const char *const *keys, int count)
{
    status_t status;
    const size_t rows = (size_t)count_rows();
    *out = raw->job; /* fields of no row */
    bool *used = base_alloc(rows, sizeof *used);
    status = io_options_copy(out, &raw->job, job_options);
    if (status == ST_OK && used == NULL) status = ST_ENOMEM;
    TRY_DONE(status);
    memcpy(used, raw->used, rows * sizeof *used);
    for (int i = 0; i < count; i++) TRY_DONE(io_options_set(out, job_options, used, keys[i], "-s"));
    if (count > 0) TRY_DONE(job_check_plain(out, job_options));
    TRY_DONE(job_protocol_apply(out, job_options, used));
    TRY_DONE(job_keep_given(out, raw));
    TRY_DONE(resolve_method(out, used));
    status = resolve_sweep(out);
    if (status == ST_OK) status = check_job(out);
    if (status != ST_OK && raw->path != NULL) fail_context(status, "%s", raw->path);
done:
    out->set = used;
    if (status != ST_OK) job_free(out);
    return status;
}

status_t job_read(job_t *out, const char *path, const char *const *assignments, int count)
{
    job_raw_t raw;
    *out = (job_t){0};
    TRY(job_raw_read(&raw, path, assignments, count));
    status_t status = job_raw_resolve(out, &raw, NULL, 0);
    job_raw_free(&raw);
    return status;
}

void job_free(job_t *job)
{
    io_options_free(job, job_options);
    free(job->given);
    free(job->set);
    *job = (job_t){0};
}
