/* Import: other people's maps, from a tree of TIFF files, measured as ours are and kept as a run of their own. */
#include "review/review_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- One category -------------------------------------------------------------------------------------------------- */

typedef struct {
    const review_import_options_t *options;
    job_t job;
    store_results_t results;
    char *dir;
    double *score; /* (n) of the category at hand */
    review_told_t told;
} import_t;

static status_t stored_make(review_stored_t *stored, const import_t *import, const char *category)
{
    const review_import_options_t *options = import->options;
    stored->dataset = base_format("%s", options->dataset);
    stored->category = base_format("%s", category);
    stored->tree = base_format("%s", options->tree);
    stored->job = import->job; /* borrowed: taken back before closing */
    if (stored->dataset == NULL || stored->category == NULL || stored->tree == NULL) return ST_ENOMEM;
    char *root = job_root(&import->job, options->dataset);
    if (root == NULL) return ST_ENOMEM;
    data_options_t how = job_data_options(&import->job);
    status_t status = data_category_read(&stored->images, options->dataset, root, category, &how);
    free(root);
    TRY(status);
    size_t n = (size_t)stored->images.test_count;
    stored->path = calloc(n + 1, sizeof *stored->path);
    stored->defect = calloc(n + 1, sizeof *stored->defect);
    stored->label = base_alloc(n, 1);
    stored->keep = base_alloc(n, sizeof *stored->keep);
    stored->maps.M_img = base_alloc(n, sizeof(float));
    if (stored->path == NULL || stored->defect == NULL || stored->label == NULL || stored->keep == NULL ||
        stored->maps.M_img == NULL)
        return fail(ST_ENOMEM, "out of memory");
    for (; stored->n < (int)n; stored->n++) {
        const data_image_t *image = &stored->images.test[stored->n];
        stored->keep[stored->n] = stored->n;
        stored->label[stored->n] = (uint8_t)image->label;
        stored->path[stored->n] = base_format("%s", image->name);
        stored->defect[stored->n] = base_format("%s", image->defect);
        if (stored->path[stored->n] == NULL || stored->defect[stored->n] == NULL) return ST_ENOMEM;
    }
    stored->maps.n = stored->n;
    return review_tree_names(&stored->names, &stored->images, stored->keep, stored->n);
}

static status_t measure(store_numbers_t *numbers, import_t *import, review_stored_t *stored)
{
    status_t status = ST_OK;
    metrics_pixels_t *pixels = NULL;
    metrics_pixels_options_t how = {.regions = true};
    float *ranked = base_alloc((size_t)stored->n + 1, sizeof *ranked);
    if (ranked == NULL) return ST_ENOMEM;
    *numbers = store_numbers_none;
    if (work_has_pixels(&stored->images, stored->keep, stored->n)) {
        TRY_DONE(work_masks_load(&stored->masks, &stored->images, &stored->job, stored->keep, stored->n));
        TRY_DONE(job_metric_memory(&how.memory, &stored->job));
        TRY_DONE(metrics_pixels_open(&pixels, &how));
    }
    TRY_DONE(review_imported_add(pixels, import->score, &import->told, stored));
    if (pixels != NULL) TRY_DONE(work_pixels_measure(numbers, pixels, &stored->job));
    if (import->options->scores != NULL)
        TRY_DONE(review_imported_scores(import->score, stored, import->options->scores));
    for (int i = 0; i < stored->n; i++) stored->maps.M_img[i] = (float)import->score[i];
    TRY_DONE(review_rank_scores(ranked, import->score, stored->n));
    TRY_DONE(work_measure_images(numbers, ranked, &stored->images, stored->keep, stored->n));
done:
    free(ranked);
    metrics_pixels_close(pixels);
    return status;
}

/* What the numbers are of: every map's bytes, the images' names, the scores and the job's metrics. */
static status_t make_id(char id[17], const review_stored_t *stored, const double *score, const char *protocol)
{
    char digest[IO_DIGEST_SIZE], path[4096], *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    status_t status = ST_OK;
    fprintf(out, "%s/%s %s\n", stored->dataset, stored->category, protocol);
    for (int i = 0; i < stored->n && status == ST_OK; i++) {
        status = review_imported_path(path, stored, i);
        if (status == ST_OK) status = io_digest_file(digest, path);
        if (status == ST_OK) fprintf(out, "%s %.17g %s\n", stored->path[i], score[i], digest);
    }
    fclose(out);
    if (status == ST_OK) {
        io_digest_bytes(digest, text, size);
        snprintf(id, 17, "%.16s", digest);
    }
    free(text);
    return status;
}

static status_t write_fields(io_h5_t *file, const review_stored_t *stored, const store_numbers_t *numbers)
{
    int64_t n = stored->n;
    const io_h5_field_t maps[] = {
        {"M_img", IO_H5_F32, 1, {n}, "image", "1", "image score", stored->maps.M_img},
        {"path", IO_H5_STRING, 1, {n}, "image", "1", "image file below the category's folder", stored->path},
        {"label", IO_H5_U8, 1, {n}, "image", "1", "0 normal, 1 anomalous", stored->label},
        {"defect", IO_H5_STRING, 1, {n}, "image", "1", "kind of defect, good for normal images", stored->defect},
    };
    TRY(io_h5_write(file, "maps", maps, sizeof maps / sizeof maps[0]));
    for (const store_number_t *row = store_number_table; row->name != NULL; row++) {
        double value;
        memcpy(&value, (const char *)numbers + row->offset, sizeof value);
        const io_h5_field_t field = {row->name, IO_H5_F64, 0, {0}, "", "1", row->description, &value};
        TRY(io_h5_write(file, "metrics", &field, 1));
    }
    return ST_OK;
}

static status_t write_task(const import_t *import, const review_stored_t *stored, const store_numbers_t *numbers,
                           const char *id)
{
    status_t status;
    io_h5_t *file = NULL;
    char path[4096];
    const store_made_by_t made_by = {.job = &import->job,
                                     .model_digest = "none: imported maps",
                                     .blas = clip_backend(CLIP_PRODUCTS_BLAS),
                                     .ranks = 1};
    snprintf(path, sizeof path, "%s/tasks/%s/%s", import->dir, stored->dataset, stored->category);
    TRY(io_make_dirs(path));
    snprintf(path, sizeof path, "%s/tasks/%s/%s/k%d-s%d-%s.h5", import->dir, stored->dataset, stored->category,
             import->options->shots, import->options->seed, id);
    TRY_DONE(io_h5_create(&file, path));
    TRY_DONE(write_fields(file, stored, numbers));
    TRY_DONE(io_h5_set_text(file, "/", "description", "one category of imported maps: image scores and metrics"));
    TRY_DONE(io_h5_set_text(file, "/", "tree", stored->tree));
    TRY_DONE(io_h5_set_text(file, "/", "id", id));
    TRY_DONE(io_h5_set_text(file, "/", "dataset", stored->dataset));
    TRY_DONE(io_h5_set_text(file, "/", "category", stored->category));
    TRY_DONE(io_h5_set_i64(file, "/", "shots", import->options->shots));
    TRY_DONE(io_h5_set_i64(file, "/", "seed", import->options->seed));
    TRY_DONE(io_h5_set_text(file, "/", "point", ""));
    TRY_DONE(io_h5_set_options(file, "options", &import->job, job_options));
    TRY_DONE(store_made_by_write(file, &made_by));
    TRY_DONE(io_h5_set_i64(file, "/", "complete", 1));
    status = io_h5_publish(&file);
done:
    io_h5_close(file);
    return status;
}

static status_t add_row(import_t *import, const review_stored_t *stored, const store_numbers_t *numbers,
                        const char *protocol, const char *id)
{
    const store_row_key_t key = {.dataset = stored->dataset,
                                 .category = stored->category,
                                 .method = import->job.name,
                                 .protocol = protocol,
                                 .task = id,
                                 .shots = import->options->shots,
                                 .seed = import->options->seed};
    store_row_t *row = &import->results.rows[import->results.count];
    TRY(store_row_make(row, &key));
    import->results.count++;
    for (int m = 0; m < STORE_METRICS; m++)
        memcpy(&row->metric[m], (const char *)numbers + store_number_table[m].offset, sizeof(double));
    return ST_OK;
}

static status_t import_category(import_t *import, const char *category)
{
    status_t status;
    store_numbers_t numbers;
    char id[17], *protocol = NULL, *base = NULL;
    review_stored_t *stored = calloc(1, sizeof *stored);
    if (stored == NULL) return fail(ST_ENOMEM, "out of memory");
    TRY_DONE(stored_make(stored, import, category));
    status = ST_ENOMEM;
    import->score = base_alloc((size_t)stored->n + 1, sizeof *import->score);
    if (import->score == NULL) goto done;
    TRY_DONE(measure(&numbers, import, stored));
    base = work_protocol_text(&import->job, &stored->images);
    if (base != NULL)
        protocol = base_format("%s%s%s", base, import->told.resized ? " maps=resized" : "",
                               import->options->scores != NULL ? " scores=given" : " scores=max");
    status = ST_ENOMEM;
    if (protocol == NULL) goto done;
    TRY_DONE(make_id(id, stored, import->score, protocol));
    TRY_DONE(write_task(import, stored, &numbers, id));
    TRY_DONE(add_row(import, stored, &numbers, protocol, id));
done:
    free(base);
    free(protocol);
    free(import->score);
    import->score = NULL;
    stored->job = (job_t){0};
    review_stored_close(stored);
    return status;
}

/* ---- The whole ----------------------------------------------------------------------------------------------------- */

/* The job of an import: MVTec's protocol, until the assignments say otherwise. */
static status_t read_job(job_t *job, const review_import_options_t *options)
{
    char texts[5][4096], below[4096];
    int count = options->assignment_count, used = 0;
    const char **all = calloc((size_t)count + 8, sizeof *all);
    if (all == NULL) return fail(ST_ENOMEM, "out of memory");
    snprintf(below, sizeof below, "%s/%s", options->data_root, options->dataset);
    snprintf(texts[0], sizeof texts[0], "dataset=%s", options->dataset);
    snprintf(texts[1], sizeof texts[1], "name=%s", options->name);
    /* The dataset itself, or the folder that it lies in. */
    if (io_is_dir(below))
        snprintf(texts[2], sizeof texts[2], "data_root=%s", options->data_root);
    else
        snprintf(texts[2], sizeof texts[2], "roots.%s=%s", options->dataset, options->data_root);
    for (; used < 3; used++) all[used] = texts[used];
    if (options->category != NULL) {
        snprintf(texts[3], sizeof texts[3], "category=%s", options->category);
        all[used++] = texts[3];
    }
    all[used++] = "metric_size=native";
    all[used++] = "sigma=0";
    all[used++] = "model=none";
    status_t status = ST_OK;
    for (int i = 0; i < count && status == ST_OK; i++) {
        static const char *const other[] = {"output", "views", "tree", "roots", "metric_memory", NULL};
        size_t length = strcspn(options->assignments[i], "=.");
        bool known = false;
        for (const io_option_t *row = job_options; row->name != NULL; row++)
            known = known || (row->tag == JOB_STAGE_METRICS && strlen(row->name) == length &&
                              strncmp(row->name, options->assignments[i], length) == 0);
        for (int k = 0; other[k] != NULL; k++)
            known = known || (strlen(other[k]) == length && strncmp(other[k], options->assignments[i], length) == 0);
        if (!known)
            status = fail(ST_EFORMAT,
                          "-s: '%s' is not of maps that are there already (expected metric_size, "
                          "resolution, sigma, aupro, aupro_limit, mask_threshold, output, views, tree, "
                          "roots or metric_memory)",
                          options->assignments[i]);
        all[used++] = options->assignments[i];
    }
    if (status == ST_OK) status = job_read(job, NULL, all, used);
    free(all);
    return status;
}

/* The categories of the dataset that the tree has; a folder of another name is warned of. */
static status_t list_categories(io_names_t *out, const import_t *import)
{
    const review_import_options_t *options = import->options;
    io_names_t there = {0};
    status_t status = ST_OK;
    char *root = job_root(&import->job, options->dataset);
    data_options_t how = job_data_options(&import->job);
    *out = (io_names_t){0};
    if (root == NULL) return ST_ENOMEM;
    TRY_DONE(data_list_categories(out, options->dataset, root, &how));
    TRY_DONE(io_list_dir(&there, options->tree));
    int kept = 0;
    for (int i = 0; i < out->count; i++) {
        bool wanted = false;
        for (int t = 0; t < there.count; t++) wanted = wanted || strcmp(there.name[t], out->name[i]) == 0;
        if (import->job.category.count > 0) wanted = job_has(&import->job.category, out->name[i]);
        char *name = out->name[i];
        out->name[i] = NULL;
        if (wanted)
            out->name[kept++] = name;
        else
            free(name);
    }
    out->count = kept;
    for (int t = 0; t < there.count && kept > 0; t++)
        if (!job_has(out, there.name[t]) && import->job.category.count == 0)
            log_warn("'%s/%s' is not a category of %s: passed over", options->tree, there.name[t], options->dataset);
    if (kept == 0) {
        char *maps = base_format("%s/maps", options->tree);
        bool exported = maps != NULL && io_is_dir(maps); /* the folder that fgad export writes for a draw */
        free(maps);
        status = fail(ST_ENOTFOUND, "'%s' holds no category of %s (expected <category>/test/<defect>/<id>.tiff)%s%s%s",
                      options->tree, options->dataset, exported ? " (hint: " : "", exported ? options->tree : "",
                      exported ? "/maps)" : "");
    }
done:
    io_names_free(&there);
    free(root);
    return status;
}

/* ST_EFORMAT when the folder holds anything that no import made: a run is days of work. */
static status_t check_folder(const import_t *import)
{
    char *yaml = base_format("%s/run.yaml", import->dir), *text = NULL;
    io_names_t there = {0};
    bool ours = false;
    if (yaml == NULL) return ST_ENOMEM;
    if (io_exists(yaml) && io_read_text(&text, yaml) == ST_OK)
        ours = strncmp(text, PLAN_IMPORTED_HEAD, strlen(PLAN_IMPORTED_HEAD)) == 0;
    free(text);
    free(yaml);
    if (ours || !io_exists(import->dir)) return ST_OK;
    TRY(io_list_dir(&there, import->dir));
    bool empty = there.count == 0;
    io_names_free(&there);
    if (empty) return ST_OK;
    return fail(
        ST_EFORMAT,
        "'%s' was not made by fgad import, which would replace its results (hint: another --name, or remove that "
        "folder)",
        import->dir);
}

static status_t write_run_yaml(const import_t *import)
{
    char now[32], path[4096];
    clock_iso8601(now);
    snprintf(path, sizeof path, "%s/run.yaml", import->dir);
    char *yaml = io_options_yaml(&import->job, job_options);
    char *text = yaml != NULL
                     ? base_format(PLAN_IMPORTED_HEAD "'%s' by `fgad import`, fgad %s, %s: not a job to run.\n%s",
                                   import->options->tree, base_version(), now, yaml)
                     : NULL;
    status_t status = text != NULL ? io_write_file(path, text, strlen(text)) : ST_ENOMEM;
    free(yaml);
    free(text);
    return status;
}

status_t review_import(char **dir, const review_import_options_t *options)
{
    status_t status;
    import_t import = {.options = options};
    io_names_t categories = {0};
    progress_t progress;
    *dir = NULL;
    TRY_DONE(read_job(&import.job, options));
    import.dir = job_run_dir(&import.job);
    status = ST_ENOMEM;
    if (import.dir == NULL) goto done;
    TRY_DONE(check_folder(&import));
    TRY_DONE(list_categories(&categories, &import));
    /* A first one that ends early is told by it from a run, and may be done again. */
    if (!io_exists(import.dir)) {
        TRY_DONE(io_make_dirs(import.dir));
        TRY_DONE(write_run_yaml(&import));
    }
    import.results.rows = calloc((size_t)categories.count + 2, sizeof *import.results.rows);
    status = ST_ENOMEM;
    if (import.results.rows == NULL) goto done;
    status = ST_OK;
    progress_begin(&progress, "import", categories.count);
    for (int c = 0; c < categories.count && status == ST_OK; c++) {
        status = import_category(&import, categories.name[c]);
        progress_update(&progress, c + 1, categories.name[c]);
    }
    progress_end(&progress);
    if (status != ST_OK) goto done;
    TRY_DONE(store_results_add_means(&import.results));
    const store_made_by_t made_by = {.job = &import.job,
                                     .model_digest = "none: imported maps",
                                     .blas = clip_backend(CLIP_PRODUCTS_BLAS),
                                     .ranks = 1};
    TRY_DONE(store_results_write(&import.results, import.dir, &made_by));
    TRY_DONE(write_run_yaml(&import));
    *dir = import.dir;
    import.dir = NULL;
done:
    store_results_free(&import.results);
    job_free(&import.job);
    io_names_free(&categories);
    free(import.dir);
    return status;
}
