/* Export: maps as TIFF in MVTec's tree, pictures, and a line an image. A set is what one draw of shots at one grid point
 * gave: <out>/<dataset>-k<shots>-s<seed>[-<point>]/. */
#include "review/review_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char *name, *text;
    size_t size;
    FILE *file;
} csv_set_t;

/* A folder, and what it is of: two that become one are refused. Owned texts. */
typedef struct {
    char *folder, *of;
} place_t;

typedef struct {
    const review_export_options_t *options;
    review_exported_t *told;
    csv_set_t **sets;
    int set_count;
    place_t *places; /* folders given out */
    int place_count;
} export_t;

/* One row of the results on its way. */
typedef struct {
    const store_row_t *row;
    review_stored_t *stored;
    char *folder; /* of its set */
    char category[IO_COMPONENT_SIZE];
    arena_t arena;
    float *map; /* room for the largest image */
} task_t;

/* ---- Names --------------------------------------------------------------------------------------------------------- */

static char *set_name(const store_row_t *row)
{
    char *name = base_format("%s-k%d-s%lld%s%s", row->dataset, row->shots, (long long)row->seed,
                             row->point[0] != '\0' ? "-" : "", row->point);
    for (char *at = name; at != NULL && *at != '\0'; at++)
        if (strchr(" ,;[]{}'\"", *at) != NULL) *at = '_';
    char component[IO_COMPONENT_SIZE];
    if (name != NULL) io_component(component, name);
    char *out = name != NULL ? base_format("%s", component) : NULL;
    free(name);
    return out;
}

/* Takes a folder for what it is of; takes `of` over. ST_EFORMAT: another thing has it. */
static status_t claim_folder(export_t *export, const char *folder, char *of)
{
    if (of == NULL) return ST_ENOMEM;
    for (int i = 0; i < export->place_count; i++) {
        if (strcmp(export->places[i].folder, folder) != 0) continue;
        bool same = strcmp(export->places[i].of, of) == 0;
        status_t status = same ? ST_OK
                               : fail(ST_EFORMAT,
                                      "'%s' and '%s' would be one folder, '%s' (hint: export one of them, by "
                                      "--category or --point)",
                                      export->places[i].of, of, folder);
        free(of);
        return status;
    }
    place_t *more = realloc(export->places, (size_t)(export->place_count + 1) * sizeof *more);
    if (more != NULL) export->places = more;
    char *copy = more != NULL ? base_format("%s", folder) : NULL;
    if (copy == NULL) {
        free(of);
        return fail(ST_ENOMEM, "out of memory");
    }
    more[export->place_count++] = (place_t){copy, of};
    return ST_OK;
}

/* The set's folder for its draw and point, the category's in it for the category. */
static status_t claim_folders(export_t *export, const task_t *task)
{
    const store_row_t *row = task->row;
    char path[8192];
    TRY(claim_folder(
        export, task->folder,
        base_format("%s, %d-shot, seed %lld, %s", row->dataset, row->shots, (long long)row->seed, row->point)));
    snprintf(path, sizeof path, "%s/%s", task->folder, task->category);
    return claim_folder(export, path, base_format("%s", row->category));
}

/* <folder>/<kind>/<category>/<name><ending>, with its folders made. */
static status_t make_path(char out[4096], const task_t *task, const char *kind, const char *name, const char *ending)
{
    int length = snprintf(out, 4096, "%s/%s/%s/%s%s", task->folder, kind, task->category, name, ending);
    if (length >= 4096) return fail(ST_EFORMAT, "'%.200s...' is longer than a path may be", out);
    char *slash = strrchr(out, '/');
    *slash = '\0';
    status_t status = io_make_dirs(out);
    *slash = '/';
    return status;
}

/* ---- Maps and overlays --------------------------------------------------------------------------------------------- */

static status_t export_tiffs(export_t *export, task_t *task)
{
    char path[4096];
    for (int i = 0; i < task->stored->n; i++) {
        int width, height;
        if (!review_is_chosen(export->options->images, task->stored->path[i])) continue;
        TRY(review_stored_map(task->map, &width, &height, task->stored, i, &task->arena));
        TRY(make_path(path, task, "maps", task->stored->names[i], ".tiff"));
        TRY(io_tiff_write_f32(path, task->map, width, height));
        export->told->maps++;
    }
    return ST_OK;
}

static status_t export_overlays(export_t *export, const task_t *task)
{
    char folder[4096];
    int painted;
    snprintf(folder, sizeof folder, "%s/overlays/%s", task->folder, task->category);
    TRY(review_overlays(&painted, task->stored, folder, export->options));
    export->told->overlays += painted;
    return ST_OK;
}

/* ---- A line an image ----------------------------------------------------------------------------------------------- */

static csv_set_t *find_set(export_t *export, const char *name)
{
    for (int s = 0; s < export->set_count; s++)
        if (strcmp(export->sets[s]->name, name) == 0) return export->sets[s];
    csv_set_t **more = realloc(export->sets, (size_t)(export->set_count + 1) * sizeof *more);
    if (more == NULL) return NULL;
    export->sets = more;
    /* The stream keeps the addresses of text and size, so a set must not move when another one comes. */
    csv_set_t *set = calloc(1, sizeof *set);
    if (set == NULL) return NULL;
    more[export->set_count++] = set;
    set->name = base_format("%s", name);
    if (set->name == NULL) return NULL;
    set->file = open_memstream(&set->text, &set->size);
    if (set->file != NULL) fputs("dataset,category,shots,seed,point,path,label,defect,score,rank\n", set->file);
    return set->file != NULL ? set : NULL;
}

typedef struct {
    float score;
    int image;
} ranked_t;

static int by_score(const void *a, const void *b)
{
    const ranked_t *x = a, *y = b;
    if (x->score != y->score) return (x->score < y->score) - (x->score > y->score);
    return x->image - y->image;
}

/* rank 1: the most anomalous of its category; equal scores have the same. */
static status_t export_csv(export_t *export, const task_t *task, const char *set)
{
    const review_scores_t scores = review_stored_scores(task->stored);
    csv_set_t *csv = find_set(export, set);
    ranked_t *ranked = base_alloc((size_t)scores.n, sizeof *ranked);
    int *rank = base_alloc((size_t)scores.n, sizeof *rank);
    status_t status = csv != NULL && ranked != NULL && rank != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory");
    for (int i = 0; status == ST_OK && i < scores.n; i++) ranked[i] = (ranked_t){scores.score[i], i};
    if (status == ST_OK) qsort(ranked, (size_t)scores.n, sizeof *ranked, by_score);
    for (int i = 0; status == ST_OK && i < scores.n; i++)
        rank[ranked[i].image] = i > 0 && ranked[i].score == ranked[i - 1].score ? rank[ranked[i - 1].image] : i + 1;
    for (int i = 0; status == ST_OK && i < scores.n; i++) {
        io_csv_put(csv->file, task->row->dataset);
        fputc(',', csv->file);
        io_csv_put(csv->file, task->row->category);
        fprintf(csv->file, ",%d,%lld,", task->row->shots, (long long)task->row->seed);
        io_csv_put(csv->file, task->row->point);
        fputc(',', csv->file);
        io_csv_put(csv->file, scores.path[i]);
        fprintf(csv->file, ",%d,", scores.label[i]);
        io_csv_put(csv->file, scores.defect[i]);
        fprintf(csv->file, ",%.9g,%d\n", (double)scores.score[i], rank[i]);
        export->told->lines++;
    }
    free(ranked);
    free(rank);
    return status;
}

static status_t write_sets(export_t *export)
{
    char path[4096];
    for (int s = 0; s < export->set_count; s++) {
        csv_set_t *set = export->sets[s];
        snprintf(path, sizeof path, "%s/%s", export->options->out, set->name);
        TRY(io_make_dirs(path));
        if (fclose(set->file) != 0) return set->file = NULL, fail(ST_ENOMEM, "out of memory");
        set->file = NULL;
        snprintf(path, sizeof path, "%s/%s/images.csv", export->options->out, set->name);
        TRY(io_write_file(path, set->text, set->size));
    }
    return ST_OK;
}

static void sets_free(export_t *export)
{
    for (int s = 0; s < export->set_count; s++) {
        if (export->sets[s]->file != NULL) fclose(export->sets[s]->file);
        free(export->sets[s]->name);
        free(export->sets[s]->text);
        free(export->sets[s]);
    }
    free(export->sets);
    for (int i = 0; i < export->place_count; i++) {
        free(export->places[i].folder);
        free(export->places[i].of);
    }
    free(export->places);
}

/* ---- Tasks --------------------------------------------------------------------------------------------------------- */

static status_t make_room(task_t *task)
{
    size_t most = 0;
    for (int i = 0; i < task->stored->n; i++) {
        int width, height;
        TRY(data_image_size(&width, &height, &task->stored->images, &task->stored->images.test[task->stored->keep[i]]));
        size_t size = (size_t)width * (size_t)height;
        if (size > most) most = size;
    }
    task->map = base_alloc(most, sizeof *task->map);
    return task->map != NULL ? ST_OK : ST_ENOMEM;
}

/* A folder among those of the dataset's categories would be one of them in the next run. */
static status_t check_apart(const char *out, const review_stored_t *stored)
{
    char *root = job_root(&stored->job, stored->dataset);
    if (root == NULL) return ST_ENOMEM;
    const bool apart = !io_is_dir(root) || !io_lies_in(out, root);
    status_t status = apart ? ST_OK
                            : fail(ST_EFORMAT, "'%s' lies in '%s', the images of %s (hint: --out beside it)", out, root,
                                   stored->dataset);
    free(root);
    return status;
}

static status_t export_task(export_t *export, const store_results_t *results, const store_row_t *row)
{
    const review_export_options_t *options = export->options;
    status_t status = ST_ENOMEM;
    task_t task = {.row = row};
    char *set = set_name(row);
    arena_init(&task.arena, "export");
    task.folder = set != NULL ? base_format("%s/%s", options->out, set) : NULL;
    if (task.folder == NULL) goto done;
    io_component(task.category, row->category);
    TRY_DONE(claim_folders(export, &task));
    TRY_DONE(review_stored_open(&task.stored, results, row, options->assignments, options->assignment_count));
    TRY_DONE(check_apart(options->out, task.stored));
    if (options->tiff || options->overlay || options->regions) {
        TRY_DONE(review_stored_images(task.stored, &task.stored->job));
        TRY_DONE(make_room(&task));
        TRY_DONE(review_tree_warn_case(task.stored->names, task.stored->n));
    }
    if (options->tiff) TRY_DONE(export_tiffs(export, &task));
    if (options->overlay) TRY_DONE(export_overlays(export, &task));
    if (options->regions) TRY_DONE(review_export_regions(export->told, task.stored, task.folder, task.category));
    if (options->csv) TRY_DONE(export_csv(export, &task, set));
    export->told->tasks++;
done:
    review_stored_close(task.stored);
    free(task.map);
    free(task.folder);
    free(set);
    arena_free(&task.arena);
    return status;
}

status_t review_export(review_exported_t *out, const char *path, const review_export_options_t *options)
{
    status_t status;
    store_results_t results = {0};
    export_t export = {.options = options, .told = out};
    progress_t progress;
    *out = (review_exported_t){0};
    TRY(store_results_read(&results, path));
    progress_begin(&progress, "export", results.count);
    for (int i = 0; i < results.count; i++) {
        if (store_row_selected(&results.rows[i], &options->select))
            TRY_DONE(export_task(&export, &results, &results.rows[i]));
        progress_update(&progress, i + 1, results.rows[i].category);
    }
    if (out->tasks == 0) {
        status = fail(ST_ENOTFOUND, "no result of '%s' is selected (fgad report shows what there is)", path);
        goto done;
    }
    TRY_DONE(write_sets(&export));
    if (options->images != NULL && (options->tiff || options->overlay) && out->maps + out->overlays == 0)
        status =
            fail(ST_ENOTFOUND, "no test image of '%s' is named by '%s' (hint: fgad export --csv lists their paths)",
                 path, options->images);
done:
    progress_end(&progress);
    sets_free(&export);
    store_results_free(&results);
    return status;
}
