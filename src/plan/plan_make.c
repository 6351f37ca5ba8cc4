/* From a job to its tasks. */
#include "plan/plan_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- Tasks ---- */

/* first: the same task at the first point of the grid, NULL for that one itself. */
static status_t draw_support(plan_task_t *task, const plan_task_t *first, const job_t *job,
                             const data_category_t *images)
{
    task->support = base_alloc((size_t)task->shots + 1, sizeof *task->support);
    if (task->support == NULL) return ST_ENOMEM;
    if (task->shots == 0) return ST_OK;
    if (first != NULL) { /* the draw is no key of the grid */
        memcpy(task->support, first->support, (size_t)task->shots * sizeof *task->support);
        return ST_OK;
    }
    if (strcmp(job->fewshot, "nested") == 0) return data_nested_shots(task->support, images, task->shots, task->seed);
    if (strcmp(job->fewshot, "draw") == 0) return data_draw_shots(task->support, images, task->shots, task->seed);
    char *list = strcmp(job->fewshot, "published") == 0
                     ? base_format("%s/fewshot/%s.yaml", job->assets, images->dataset)
                     : base_format("%s", job->fewshot);
    if (list == NULL) return ST_ENOMEM;
    status_t status = data_list_shots(task->support, images, task->shots, list);
    free(list);
    return status;
}

/* What tasks and learned heads of a point depend on of the job, as texts: thousands of ids are made of each. */
static status_t make_options(plan_t *plan)
{
    plan->point_options = calloc((size_t)plan->point_count + 1, sizeof *plan->point_options);
    plan->learn_options = calloc((size_t)plan->point_count * JOB_HEADS + 1, sizeof *plan->learn_options);
    if (plan->point_options == NULL || plan->learn_options == NULL) return fail(ST_ENOMEM, "out of memory");
    for (int p = 0; p < plan->point_count; p++) {
        const method_t *method = method_of(plan->methods, &plan->points[p]);
        plan->point_options[p] = plan_task_options(method, &plan->points[p]);
        if (plan->point_options[p] == NULL) return ST_ENOMEM;
        for (int head = 0; head < JOB_HEADS; head++) {
            char *text = plan_learn_options(method, &plan->points[p], head);
            if (text == NULL) return ST_ENOMEM;
            plan->learn_options[p * JOB_HEADS + head] = text;
        }
    }
    return ST_OK;
}

/* Pairs of shots and method that cannot be are left out with a line; what is left must be something. */
static status_t check_shots(const plan_t *plan)
{
    const job_t *job = &plan->points[0];
    int left = 0;
    for (int p = 0; p < plan->point_count; p++) {
        const method_t *method = method_of(plan->methods, &plan->points[p]);
        for (int k = 0; k < job->shots.count; k++) left += job->shots.value[k] >= method->min_shots;
    }
    for (int p = 0; p < plan->point_count; p++) {
        const method_t *method = method_of(plan->methods, &plan->points[p]);
        for (int k = 0; k < job->shots.count; k++) {
            if (job->shots.value[k] >= method->min_shots) continue;
            if (left == 0)
                return fail(ST_EFORMAT, "shots: %d is named, method '%s' needs at least %d", job->shots.value[k],
                            method->name, method->min_shots);
            log_info("method '%s' is left out at %d shot%s: it needs at least %d", method->name, job->shots.value[k],
                     job->shots.value[k] == 1 ? "" : "s", method->min_shots);
        }
    }
    return ST_OK;
}

status_t plan_make_tasks(plan_t *plan)
{
    TRY(check_shots(plan));
    const job_t *job = &plan->points[0];
    size_t total =
        (size_t)plan->category_count * (size_t)job->shots.count * (size_t)job->seeds.count * (size_t)plan->point_count;
    plan->tasks = calloc(total > 0 ? total : 1, sizeof *plan->tasks);
    if (plan->tasks == NULL) return fail(ST_ENOMEM, "out of memory: %zu tasks", total);
    for (int l = 0; l < plan->category_count; l++)
        for (int k = 0; k < job->shots.count; k++)
            for (int s = 0; s < job->seeds.count; s++) {
                const plan_task_t *first = NULL;
                for (int p = 0; p < plan->point_count; p++) {
                    if (job->shots.value[k] < method_of(plan->methods, &plan->points[p])->min_shots) continue;
                    plan_task_t *task = &plan->tasks[plan->task_count++];
                    const data_category_t *images = &plan->categories[l].images;
                    *task = (plan_task_t){.dataset = images->dataset,
                                          .category = images->category,
                                          .shots = job->shots.value[k],
                                          .seed = (uint64_t)job->seeds.value[s],
                                          .point = p,
                                          .category_index = l};
                    TRY(draw_support(task, first, &plan->points[p], images));
                    TRY(plan_task_id(task->id, plan, task));
                    task->path = base_format("%s/tasks/%s/%s/k%d-s%llu-%s.h5", plan->run_dir, task->dataset,
                                             task->category, task->shots, (unsigned long long)task->seed, task->id);
                    if (task->path == NULL) return ST_ENOMEM;
                    if (first == NULL) first = task;
                }
            }
    return ST_OK;
}

static bool begins_with(const char *path, const char *head)
{
    char line[64] = "";
    FILE *file = io_open_lines(path);
    if (file == NULL) return false;
    const bool read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    return read && strncmp(line, head, strlen(head)) == 0;
}

/* A job file is opened once, by many ranks: again only where it names no model, as imports do. */
static status_t check_is_job(const job_t *job, const char *path)
{
    if (path == NULL || strcmp(job->model, "none") != 0 || !begins_with(path, PLAN_IMPORTED_HEAD)) return ST_OK;
    return fail(ST_EFORMAT,
                "'%s' is of imported maps, which are no run (hint: fgad report and export read them; fgad import makes "
                "them again)",
                path);
}

clip_products_t plan_products(const plan_t *plan)
{
    const int precision = plan->points[0].precision;
    if (precision == JOB_PRECISION_BF16) return CLIP_PRODUCTS_BF16;
    return precision == JOB_PRECISION_STRASSEN ? CLIP_PRODUCTS_STRASSEN : CLIP_PRODUCTS_BLAS;
}

status_t plan_make_job(plan_t *out, const method_t *const *methods, const char *job_path,
                       const char *const *assignments, int count)
{
    *out = (plan_t){.methods = methods, .cost = plan_cost_guess()};
    TRY(job_points_make(&out->points, &out->point_text, &out->point_count, job_path, assignments, count));
    TRY(check_is_job(&out->points[0], job_path));
    clip_set_threads(out->points[0].threads); /* as they will compute */
    out->blas = clip_backend(plan_products(out));
    TRY(plan_methods_check(out));
    TRY(make_options(out));
    out->run_dir = job_run_dir(&out->points[0]);
    out->cost_path = base_format("%s/cache/cost.txt", out->points[0].output);
    return out->run_dir != NULL && out->cost_path != NULL ? ST_OK : ST_ENOMEM;
}

static status_t read_config(plan_t *plan)
{
    /* ViT-B/16+ at 240, the papers' model */
    static const clip_config_t usual = {.embed = 640,
                                        .image_size = 240,
                                        .patch = 16,
                                        .width = 896,
                                        .layers = 12,
                                        .heads = 14,
                                        .mlp = 3584,
                                        .grid = 15,
                                        .position_grid = 15,
                                        .eps = 1e-5,
                                        .context = 77,
                                        .vocab = 49408,
                                        .text_width = 640,
                                        .text_heads = 10,
                                        .text_layers = 12,
                                        .text_mlp = 2560};
    if (plan->assumed_model)
        plan->config = usual;
    else
        TRY(clip_config_read(&plan->config, plan->points[0].model));
    return clip_config_resize(&plan->config, plan->points[0].image_size);
}

status_t plan_make_categories(plan_t *plan)
{
    TRY(plan_model_read(plan));
    TRY(read_config(plan));
    TRY(plan_asks_collect(plan));
    return plan_categories_read(plan);
}

static status_t make(plan_t *out, const method_t *const *methods, const char *job_path, const char *const *assignments,
                     int count, bool assume)
{
    double started = clock_seconds();
    status_t status = plan_make_job(out, methods, job_path, assignments, count);
    out->assume = assume;
    if (status == ST_OK) status = plan_make_categories(out);
    if (status == ST_OK) status = plan_make_tasks(out);
    out->seconds = clock_seconds() - started;
    if (status != ST_OK) plan_free(out);
    return status;
}

status_t plan_make(plan_t *out, const method_t *const *methods, const char *job_path, const char *const *assignments,
                   int count)
{
    return make(out, methods, job_path, assignments, count, false);
}

status_t plan_assume(plan_t *out, const method_t *const *methods, const char *job_path, const char *const *assignments,
                     int count)
{
    return make(out, methods, job_path, assignments, count, true);
}

void plan_forget_categories(plan_t *plan)
{
    for (int i = 0; i < plan->category_count; i++) plan_category_free(&plan->categories[i]);
    free(plan->categories);
    free(plan->model_digest);
    free(plan->model_mark);
    plan->categories = NULL;
    plan->category_count = 0;
    plan->model_digest = NULL;
    plan->model_mark = NULL;
}

/* Folders are named by what is asked for, too. */
status_t plan_adopt_categories(plan_t *plan)
{
    TRY(plan_asks_collect(plan));
    for (int i = 0; i < plan->category_count; i++) TRY(plan_category_folders(&plan->categories[i], plan));
    return ST_OK;
}

status_t plan_check_model(plan_t *plan)
{
    char *digest = plan->model_digest;
    plan->model_digest = NULL;
    status_t status = plan_model_read(plan);
    if (status == ST_OK && strcmp(digest, plan->model_digest) != 0)
        status = fail(ST_EFORMAT, "'%s' holds another model than the one that '%s' was made with",
                      plan->points[0].model, plan->run_dir);
    free(digest);
    return status;
}

status_t plan_open_job(plan_t *out, const method_t *const *methods, const char *run_dir)
{
    status_t status = ST_ENOMEM;
    char *file = base_format("%s/run.yaml", run_dir), *output = NULL, *name = NULL;
    char *real = realpath(run_dir, NULL);
    *out = (plan_t){0};
    if (file == NULL) goto done;
    if (real == NULL || !io_exists(file)) {
        status = fail(ST_ENOTFOUND, "'%s' does not exist (expected the folder of a run, as results/demo)", file);
        goto done;
    }
    if (begins_with(file, PLAN_RESCORED_HEAD)) {
        status = fail(ST_EFORMAT, "'%s' was rescored and holds no tasks (expected the folder of the run that it is of)",
                      run_dir);
        goto done;
    }
    char *slash = strrchr(real, '/');
    *slash = '\0';
    output = base_format("output=%s", real[0] != '\0' ? real : "/");
    name = base_format("name=%s", slash + 1);
    if (output == NULL || name == NULL) goto done;
    status = plan_make_job(out, methods, file, (const char *const[]){output, name}, 2);
done:
    if (status != ST_OK) plan_free(out);
    free(file);
    free(real);
    free(output);
    free(name);
    return status;
}

status_t plan_open(plan_t *out, const method_t *const *methods, const char *run_dir)
{
    double started = clock_seconds();
    TRY(plan_open_job(out, methods, run_dir));
    status_t status = plan_make_categories(out);
    if (status == ST_OK) status = plan_make_tasks(out);
    out->seconds = clock_seconds() - started;
    if (status != ST_OK) plan_free(out);
    return status;
}

void plan_free(plan_t *plan)
{
    for (int i = 0; i < plan->task_count; i++) {
        free(plan->tasks[i].path);
        free(plan->tasks[i].support);
    }
    for (int i = 0; i < plan->category_count; i++) plan_category_free(&plan->categories[i]);
    for (int i = 0; i < plan->point_count; i++) {
        job_free(&plan->points[i]);
        free(plan->point_text[i]);
        if (plan->point_options != NULL) free(plan->point_options[i]);
        for (int head = 0; head < JOB_HEADS && plan->learn_options != NULL; head++)
            free(plan->learn_options[i * JOB_HEADS + head]);
    }
    free(plan->point_options);
    free(plan->learn_options);
    free(plan->points);
    free(plan->point_text);
    free(plan->tasks);
    free(plan->categories);
    free(plan->run_dir);
    free(plan->model_digest);
    free(plan->model_mark);
    free(plan->cost_path);
    *plan = (plan_t){0};
}
