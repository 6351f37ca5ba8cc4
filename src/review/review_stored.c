/* A finished task seen again: its options (with a rescored row's changes), its images on disk, its maps. */
#include "review/review_internal.h"

#include "detect/detect.h"

#include <stdlib.h>
#include <string.h>

/* ---- Options ------------------------------------------------------------------------------------------------------- */

/* The group `options` as YAML; keys "a.b" stand side by side and become a mapping. What an older file does not have keeps
 * its default. */
static status_t options_text(char **text, io_h5_t *file)
{
    size_t size = 0, open = 0; /* characters of the mapping's name, the dot included */
    const char *mapping = "";
    *text = NULL;
    FILE *out = open_memstream(text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    for (const io_option_t *row = job_options; row->name != NULL; row++) {
        char *value;
        if (io_h5_get_text(&value, file, "options", row->name) != ST_OK) continue;
        const char *dot = strchr(row->name, '.');
        size_t length = dot != NULL ? (size_t)(dot - row->name) + 1 : 0;
        if (length > 0 && (length != open || strncmp(mapping, row->name, length) != 0))
            fprintf(out, "%.*s:\n", (int)length - 1, row->name);
        mapping = row->name;
        open = length;
        fprintf(out, "%s%s: %s\n", length > 0 ? "  " : "", row->name + length, value[0] != '\0' ? value : "\"\"");
        free(value);
    }
    return fclose(out) == 0 ? ST_OK : fail(ST_ENOMEM, "out of memory");
}

static status_t read_options(job_t *job, io_h5_t *file, const char *path)
{
    char *text;
    status_t status = options_text(&text, file);
    if (status == ST_OK) status = io_options_init(job, job_options);
    if (status == ST_OK) status = io_options_parse_yaml(job, job_options, NULL, text, path);
    free(text);
    return status;
}

status_t review_relocate(job_t *job, const char *const *assignments, int count)
{
    static const char *const keys[] = {"data_root", "roots", "assets", "metric_memory", "threads", NULL};
    for (int i = 0; i < count; i++) {
        size_t length = strcspn(assignments[i], "=.");
        bool known = false;
        for (int k = 0; keys[k] != NULL; k++)
            known = known || (strlen(keys[k]) == length && strncmp(keys[k], assignments[i], length) == 0);
        if (!known)
            return fail(ST_EFORMAT,
                        "-s: '%s' would change the results (expected data_root, roots, assets or "
                        "metric_memory; fgad rescore changes more)",
                        assignments[i]);
        TRY(io_options_set(job, job_options, NULL, assignments[i], "-s"));
    }
    return ST_OK;
}

static status_t take_text(char **to, const char *from)
{
    if ((*to)[0] == '/') return ST_OK;
    char *copy = base_format("%s", from);
    if (copy == NULL) return ST_ENOMEM;
    free(*to);
    *to = copy;
    return ST_OK;
}

/* A task file keeps paths as the job wrote them. Those that begin nowhere hold in the folder that the run was started from;
 * its run.yaml has them from the root on. */
static status_t take_places(job_t *job, const char *run)
{
    job_t whole;
    char *path = base_format("%s/run.yaml", run);
    if (path == NULL) return ST_ENOMEM;
    bool there = io_exists(path) && job_read(&whole, path, NULL, 0) == ST_OK;
    free(path);
    if (!there) return ST_OK;
    status_t status = take_text(&job->data_root, whole.data_root);
    if (status == ST_OK) status = take_text(&job->assets, whole.assets);
    for (int i = 0; i < job->roots.count; i++)
        for (int k = 0; k < whole.roots.count && status == ST_OK; k++)
            if (strcmp(job->roots.key[i], whole.roots.key[k]) == 0)
                status = take_text(&job->roots.value[i], whole.roots.value[k]);
    job_free(&whole);
    return status;
}

static status_t apply_changes(job_t *job, const char *changes)
{
    for (const char *line = changes; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        char *assignment = base_format("%.*s", (int)length, line);
        if (assignment == NULL) return ST_ENOMEM;
        status_t status = io_options_set(job, job_options, NULL, assignment, "results.h5: changes");
        free(assignment);
        TRY(status);
        line += length + (line[length] == '\n');
    }
    return ST_OK;
}

/* ---- Maps ---------------------------------------------------------------------------------------------------------- */

/* What is not there stays NULL; what is has exactly these dimensions. */
static status_t read_array(void *out, io_h5_t *file, const char *name, io_h5_type_t type, int ndim, const int64_t *want)
{
    void *data;
    int found;
    if (!io_h5_has(file, name)) return ST_OK;
    TRY(io_h5_expect(file, name, type, ndim, want));
    TRY(io_h5_read(&data, &found, NULL, file, name, type));
    memcpy(out, &data, sizeof data);
    return ST_OK;
}

static status_t read_maps(review_stored_t *stored, io_h5_t *file)
{
    method_maps_t *maps = &stored->maps;
    int ndim;
    int64_t dims[6];
    TRY(io_h5_dims(&ndim, dims, file, "maps/M_img"));
    if (ndim != 1 || dims[0] < 1 || dims[0] > INT32_MAX / 4) return fail(ST_EFORMAT, "maps/M_img is not a list");
    const int64_t n = dims[0], images[] = {n};
    stored->n = maps->n = (int)n;
    TRY(read_array(&stored->label, file, "maps/label", IO_H5_U8, 1, images));
    TRY(read_array(&stored->path, file, "maps/path", IO_H5_STRING, 1, images));
    TRY(read_array(&stored->defect, file, "maps/defect", IO_H5_STRING, 1, images));
    TRY(read_array(&maps->M_img, file, "maps/M_img", IO_H5_F32, 1, images));
    if (stored->label == NULL || stored->path == NULL || stored->defect == NULL)
        return fail(ST_EFORMAT, "maps/ lacks label, path or defect");
    if (io_h5_get_text(&stored->tree, file, "/", "tree") == ST_OK) return ST_OK; /* imported: the maps are elsewhere */
    TRY(io_h5_dims(&ndim, dims, file, "maps/M_pix"));
    if (ndim != 3 || dims[0] != n || dims[1] < 1 || dims[2] < 1 || dims[1] > 4096 || dims[2] > 4096)
        return fail(ST_EFORMAT, "maps/M_pix is not (image, row, column)");
    maps->h = (int)dims[1];
    maps->w = (int)dims[2];
    const int64_t pixels[] = {n, maps->h, maps->w};
    TRY(read_array(&maps->M_pix, file, "maps/M_pix", IO_H5_F32, 3, pixels));
    for (int m = 0; m < method_map_count(stored->method); m++) {
        const method_map_t *map = &stored->method->maps[m];
        char name[96];
        snprintf(name, sizeof name, "maps/%s", map->name);
        const int64_t own[] = {map->values};
        TRY(read_array(&maps->kept[m], file, name, map->integer ? IO_H5_I32 : IO_H5_F32,
                       map->image || map->values > 0 ? 1 : 3, map->values > 0 ? own : pixels));
    }
    return ST_OK;
}

status_t review_stored_check(const review_stored_t *stored, const job_t *job)
{
    if (stored->tree != NULL)
        return fail(ST_EFORMAT, "these maps were imported and are not kept here (hint: fgad import -s ... again)");
    const method_t *method = method_of(method_table, job);
    const char *want = stored->method->lacks != NULL ? stored->method->lacks(&stored->maps, job) : NULL;
    if (method != stored->method)
        return fail(ST_EFORMAT, "method: the stored maps are of %s (hint: run the job again)", stored->method->name);
    if (want != NULL)
        return fail(ST_EFORMAT, "%s is not in the stored maps: this run was made without it (hint: run the job again)",
                    want);
    if (job->image_score == JOB_SCORE_OWN && stored->job.image_score != JOB_SCORE_OWN && method->fuse == NULL &&
        method->image_scores == NULL)
        return fail(ST_EFORMAT, "image_score: the method's own is not in the stored maps: this run was made with "
                                "another (hint: run the job again)");
    if (job->image_score == JOB_SCORE_OWN && method->image_at_resolution && job->resolution != stored->job.resolution)
        return fail(
            ST_EFORMAT,
            "resolution: image scores of %s are taken at it, and the stored ones at %d (hint: run the job again, or "
            "-s image_score=max)",
            method->name, stored->job.resolution);
    bool map = job_has(&job->branches, "vad") || job_head_wanted(job, JOB_HEAD_PIXEL);
    return map ? ST_OK : fail(ST_EFORMAT, "branches and heads: nothing is left that gives a map");
}

status_t review_stored_open(review_stored_t **out, const store_results_t *results, const store_row_t *row,
                            const char *const *assignments, int count)
{
    status_t status = ST_ENOMEM;
    io_h5_t *file = NULL;
    float *scratch = NULL;
    char path[4096];
    *out = NULL;
    review_stored_t *stored = calloc(1, sizeof *stored);
    if (stored == NULL) return fail(ST_ENOMEM, "out of memory");
    snprintf(path, sizeof path, "%s/tasks/%s/%s/k%d-s%lld-%s.h5", results->source, row->dataset, row->category,
             row->shots, (long long)row->seed, row->task);
    if (results->source == NULL) {
        status = fail(ST_ENOTFOUND, "a table without its run has no maps (expected the folder of a run)");
        goto done;
    }
    stored->dataset = base_format("%s", row->dataset);
    stored->category = base_format("%s", row->category);
    stored->file = base_format("%s", path);
    if (stored->dataset == NULL || stored->category == NULL || stored->file == NULL) goto done;
    status = store_open(&file, path, row->task);
    if (status == ST_ENOTFOUND || !io_exists(path))
        status = fail(ST_ENOTFOUND,
                      "'%s' is gone, though the run's table has its row (hint: `fgad run` with the run's job makes it "
                      "again; `fgad reduce` makes the table of what is left)",
                      path);
    TRY_DONE(status);
    status = read_options(&stored->job, file, path);
    if (status == ST_OK && (stored->method = method_of(method_table, &stored->job)) == NULL)
        status = fail(ST_EFORMAT, "method: '%s' is not part of this version", job_method_names[stored->job.method]);
    if (status == ST_OK) status = read_maps(stored, file);
    if (status != ST_OK) {
        fail_context(status, "'%s'", path);
        goto done;
    }
    TRY_DONE(apply_changes(&stored->job, row->changes));
    TRY_DONE(take_places(&stored->job, results->source));
    TRY_DONE(review_relocate(&stored->job, assignments, count));
    if (stored->tree == NULL) {
        TRY_DONE(review_stored_check(stored, &stored->job));
        status = ST_ENOMEM;
        scratch = base_alloc((size_t)(stored->maps.h * stored->maps.w), sizeof *scratch);
        if (scratch == NULL) goto done;
        TRY_DONE(
            method_fuse(stored->maps.M_pix, stored->maps.M_img, stored->method, &stored->maps, &stored->job, scratch));
    }
    *out = stored;
done:
    io_h5_close(file);
    free(scratch);
    if (status != ST_OK) review_stored_close(stored);
    return status;
}

void review_stored_close(review_stored_t *stored)
{
    if (stored == NULL) return;
    job_free(&stored->job);
    method_maps_free(&stored->maps);
    work_masks_free(&stored->masks);
    if (stored->path != NULL) io_h5_free_strings(stored->path, stored->n);
    if (stored->defect != NULL) io_h5_free_strings(stored->defect, stored->n);
    if (stored->images.dataset != NULL) data_category_free(&stored->images);
    free(stored->label);
    free(stored->keep);
    review_names_free(stored->names, stored->n);
    free(stored->tree);
    free(stored->dataset);
    free(stored->category);
    free(stored->file);
    free(stored);
}

review_scores_t review_stored_scores(const review_stored_t *stored)
{
    return (review_scores_t){.n = stored->n,
                             .path = (const char *const *)stored->path,
                             .defect = (const char *const *)stored->defect,
                             .label = stored->label,
                             .score = stored->maps.M_img};
}

/* ---- Images -------------------------------------------------------------------------------------------------------- */

static int by_name(const void *key, const void *member)
{
    return strcmp(key, ((const data_image_t *)member)->name);
}

/* Places of the stored maps' images in the listing. */
static status_t find_images(review_stored_t *stored)
{
    const data_category_t *images = &stored->images;
    int *keep = base_alloc((size_t)stored->n, sizeof *keep);
    if (keep == NULL) return ST_ENOMEM;
    for (int i = 0; i < stored->n; i++) {
        const data_image_t *image =
            bsearch(stored->path[i], images->test, (size_t)images->test_count, sizeof *images->test, by_name);
        if (image == NULL || image->label != stored->label[i]) {
            free(keep);
            return fail(ST_EFORMAT, "%s/%s has no %s test image '%s', which the stored maps are of", stored->dataset,
                        stored->category, stored->label[i] != 0 ? "anomalous" : "normal", stored->path[i]);
        }
        keep[i] = (int)(image - images->test);
    }
    stored->keep = keep;
    return review_tree_names(&stored->names, images, keep, stored->n);
}

status_t review_stored_images(review_stored_t *stored, const job_t *job)
{
    if (stored->keep != NULL) return ST_OK;
    char *root = job_root(job, stored->dataset);
    if (root == NULL) return ST_ENOMEM;
    data_options_t options = job_data_options(job);
    status_t status = data_category_read(&stored->images, stored->dataset, root, stored->category, &options);
    if (status != ST_OK) fail_context(status, "the images of the stored maps (hint: -s data_root=...)");
    free(root);
    TRY(status);
    return find_images(stored);
}

static status_t take_from_index(review_stored_t *stored, const job_t *job, const char *run_dir)
{
    plan_t plan = {0};
    job_t how = *job; /* borrowed: the index asks a plan how its pixels are taken */
    plan.run_dir = base_format("%s", run_dir);
    if (plan.run_dir == NULL) return ST_ENOMEM;
    plan.points = &how;
    status_t status = store_index_read(&plan);
    for (int c = 0; c < plan.category_count && status == ST_OK && !stored->away; c++) {
        data_category_t *images = &plan.categories[c].images;
        if (strcmp(images->dataset, stored->dataset) != 0 || strcmp(images->category, stored->category) != 0) continue;
        stored->images = *images;
        *images = (data_category_t){0};
        stored->away = true;
    }
    if (status == ST_OK && !stored->away)
        status = fail(ST_EFORMAT, "'%s/index.h5' does not tell of %s/%s", run_dir, stored->dataset, stored->category);
    plan.points = NULL;
    plan_free(&plan);
    return status;
}

status_t review_stored_list(review_stored_t *stored, const job_t *job, const char *run_dir)
{
    char path[4096];
    if (stored->keep != NULL) return ST_OK;
    char *root = job_root(job, stored->dataset);
    if (root == NULL) return ST_ENOMEM;
    snprintf(path, sizeof path, "%s/index.h5", run_dir);
    const bool here = io_exists(root) || !io_exists(path);
    free(root);
    if (here) return review_stored_images(stored, job);
    TRY(take_from_index(stored, job, run_dir));
    return find_images(stored);
}

status_t review_stored_map(float *map, int *width, int *height, const review_stored_t *stored, int i, arena_t *arena)
{
    const method_maps_t *maps = &stored->maps;
    TRY(data_image_size(width, height, &stored->images, &stored->images.test[stored->keep[i]]));
    if (stored->tree != NULL) {
        char path[4096];
        double largest;
        review_told_t told = {0};
        const review_levels_t floats = {0};
        TRY(review_imported_path(path, stored, i));
        return review_imported_map(map, *width, *height, (const int[2]){*width, *height}, &told, path, &floats,
                                   stored->job.align_corners, &largest);
    }
    size_t T = (size_t)(maps->h * maps->w);
    return detect_full_map(map, *height, *width, maps->M_pix + (size_t)i * T, maps->h, maps->w, stored->job.sigma,
                           stored->job.align_corners, arena);
}

status_t review_stored_pixels(metrics_pixels_t **out, review_stored_t *stored, bool regions, bool images)
{
    status_t status;
    metrics_pixels_options_t options = {.regions = regions, .images = images};
    *out = NULL;
    TRY(review_stored_images(stored, &stored->job));
    if (!work_has_pixels(&stored->images, stored->keep, stored->n)) return ST_OK;
    TRY(work_masks_load(&stored->masks, &stored->images, &stored->job, stored->keep, stored->n));
    TRY(job_metric_memory(&options.memory, &stored->job));
    TRY(metrics_pixels_open(out, &options));
    if (stored->tree != NULL) {
        review_told_t told;
        status = review_imported_add(*out, NULL, &told, stored);
        goto done;
    }
    TRY_DONE(work_pixels_add(*out, stored->maps.M_pix, stored->maps.h, stored->maps.w, &stored->masks, &stored->job));
done:
    if (status != ST_OK) metrics_pixels_close(*out), *out = NULL;
    return status;
}
