/* What all jobs of a run's folder have asked for. Jobs that differ in datasets, categories, shots or seeds alone, as elements
 * of an array may, are one run: run.yaml and index.h5 tell of all of them, and so do its tables, whoever ends last. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE 10 /* seconds that a process that was asked to stop still waits for another to write run.yaml */

/* ---- One writer at a time ---------------------------------------------------------------------------------------------- */

static status_t lock(char path[4096], const plan_t *plan)
{
    claim_watch_t watch = {0};
    double until = 0;
    snprintf(path, 4096, "%s/run.yaml.claim", plan->run_dir);
    for (bool taken;;) {
        TRY(claim_take(&taken, path, &watch));
        if (taken) return ST_OK;
        claim_watch(&watch, path);
        if (stop_asked() && until == 0) until = clock_seconds() + PATIENCE;
        if (until > 0 && clock_seconds() > until)
            return fail(ST_EINTERRUPTED, "interrupted while waiting for '%s'", path);
        const struct timespec sleep = {.tv_nsec = 20000000};
        nanosleep(&sleep, NULL);
    }
}

/* ---- Lists of two jobs --------------------------------------------------------------------------------------------------- */

static bool has_names(const io_names_t *all, const io_names_t *part)
{
    for (int i = 0; i < part->count; i++)
        if (!job_has(all, part->name[i])) return false;
    return true;
}

/* No category named is all of them. */
static bool has_categories(const io_names_t *all, const io_names_t *part)
{
    return all->count == 0 || (part->count > 0 && has_names(all, part));
}

static bool has_int(const io_int_list_t *all, int value)
{
    for (int i = 0; i < all->count; i++)
        if (all->value[i] == value) return true;
    return false;
}

static bool has_ints(const io_int_list_t *all, const io_int_list_t *part)
{
    for (int i = 0; i < part->count; i++)
        if (!has_int(all, part->value[i])) return false;
    return true;
}

static bool covers(const job_t *all, const job_t *part)
{
    return has_names(&all->dataset, &part->dataset) && has_categories(&all->category, &part->category) &&
           has_ints(&all->shots, &part->shots) && has_ints(&all->seeds, &part->seeds);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_value(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* What either has: the one that has all of the other's as it is, else both, sorted: the same whoever comes first. The array is
 * the caller's, its texts are theirs. */
static status_t merge_names(io_names_t *out, const io_names_t *one, const io_names_t *other)
{
    const bool first = has_names(one, other), second = has_names(other, one);
    *out = (io_names_t){.name = base_alloc((size_t)(one->count + other->count) + 1, sizeof *out->name)};
    if (out->name == NULL) return ST_ENOMEM;
    for (int i = 0; i < one->count && (first || !second); i++) out->name[out->count++] = one->name[i];
    for (int i = 0; i < other->count && !first; i++)
        if (!job_has(out, other->name[i])) out->name[out->count++] = other->name[i];
    if (!first && !second) qsort(out->name, (size_t)out->count, sizeof *out->name, by_text);
    return ST_OK;
}

static status_t merge_ints(io_int_list_t *out, const io_int_list_t *one, const io_int_list_t *other)
{
    const bool first = has_ints(one, other), second = has_ints(other, one);
    *out = (io_int_list_t){.value = base_alloc((size_t)(one->count + other->count) + 1, sizeof *out->value)};
    if (out->value == NULL) return ST_ENOMEM;
    for (int i = 0; i < one->count && (first || !second); i++) out->value[out->count++] = one->value[i];
    for (int i = 0; i < other->count && !first; i++)
        if (!has_int(out, other->value[i])) out->value[out->count++] = other->value[i];
    if (!first && !second) qsort(out->value, (size_t)out->count, sizeof *out->value, by_value);
    return ST_OK;
}

/* ---- What was asked for before ----------------------------------------------------------------------------------- */

/* Results depend on the same options at every point of the same grid. */
static bool is_same_grid(const plan_t *plan, const plan_t *before)
{
    bool same =
        plan->point_count == before->point_count && strcmp(plan->points[0].fewshot, before->points[0].fewshot) == 0;
    for (int p = 0; p < plan->point_count && same; p++) {
        const method_t *method = method_of(plan->methods, &before->points[p]);
        char *text = method != NULL ? plan_task_options(method, &before->points[p]) : NULL;
        same = text != NULL && strcmp(text, plan->point_options[p]) == 0 &&
               strcmp(before->point_text[p], plan->point_text[p]) == 0;
        free(text);
    }
    return same;
}

/* The job that run.yaml tells of, when it is this one but for what it covers; else `before` has no points. With `index`, its
 * categories too, which have to be of the same model. plan_free frees it. */
static void read_before(plan_t *before, const plan_t *plan, bool index)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/run.yaml", plan->run_dir);
    *before = (plan_t){.methods = plan->methods};
    bool same = io_exists(path) &&
                job_points_make(&before->points, &before->point_text, &before->point_count, path, NULL, 0) == ST_OK;
    same = same && is_same_grid(plan, before);
    before->run_dir = base_format("%s", plan->run_dir);
    if (same && index)
        same = before->run_dir != NULL && store_index_read(before) == ST_OK &&
               strcmp(before->model_digest, plan->model_digest) == 0;
    if (!same) plan_free(before);
}

/* ---- run.yaml and index.h5 --------------------------------------------------------------------------------------- */

const plan_category_t *suite_category_find(const plan_t *plan, const plan_category_t *entry)
{
    for (int c = 0; c < plan->category_count; c++) {
        const data_category_t *images = &plan->categories[c].images;
        if (strcmp(images->dataset, entry->images.dataset) == 0 &&
            strcmp(images->category, entry->images.category) == 0)
            return &plan->categories[c];
    }
    return NULL;
}

static int place_of(const io_names_t *names, const char *name)
{
    int place = 0;
    while (place < names->count && strcmp(names->name[place], name) != 0) place++;
    return place;
}

static bool comes_before(const job_t *job, const data_category_t *x, const data_category_t *y)
{
    int order = place_of(&job->dataset, x->dataset) - place_of(&job->dataset, y->dataset);
    if (order == 0) order = place_of(&job->category, x->category) - place_of(&job->category, y->category);
    return order != 0 ? order < 0 : strcmp(x->category, y->category) < 0;
}

void suite_categories_sort(plan_t *plan, const job_t *job)
{
    plan_category_t *categories = plan->categories;
    for (int i = 1; i < plan->category_count; i++) {
        const plan_category_t one = categories[i];
        int at = i;
        for (; at > 0 && comes_before(job, &one.images, &categories[at - 1].images); at--)
            categories[at] = categories[at - 1];
        categories[at] = one;
    }
}

/* Of this plan, and of what jobs before it had alone. */
static status_t write_wider(const plan_t *plan, const plan_t *before, int ranks, const store_made_on_t *made_on)
{
    job_t job = plan->points[0]; /* paths and how to run are the newest's */
    plan_t wide = *plan;
    status_t status = ST_ENOMEM;
    job.dataset = job.category = (io_names_t){0};
    job.shots = job.seeds = (io_int_list_t){0};
    wide.points = base_alloc((size_t)plan->point_count, sizeof *wide.points);
    wide.categories = base_alloc((size_t)(plan->category_count + before->category_count) + 1, sizeof *wide.categories);
    if (wide.points == NULL || wide.categories == NULL) goto done;
    TRY_DONE(merge_names(&job.dataset, &plan->points[0].dataset, &before->points[0].dataset));
    if (plan->points[0].category.count > 0 && before->points[0].category.count > 0)
        TRY_DONE(merge_names(&job.category, &plan->points[0].category, &before->points[0].category));
    TRY_DONE(merge_ints(&job.shots, &plan->points[0].shots, &before->points[0].shots));
    TRY_DONE(merge_ints(&job.seeds, &plan->points[0].seeds, &before->points[0].seeds));
    memcpy(wide.categories, plan->categories, (size_t)plan->category_count * sizeof *wide.categories);
    for (int b = 0; b < before->category_count; b++)
        if (suite_category_find(plan, &before->categories[b]) == NULL)
            wide.categories[wide.category_count++] = before->categories[b];
    if (wide.category_count > plan->category_count) suite_categories_sort(&wide, &job);
    memcpy(wide.points, plan->points, (size_t)plan->point_count * sizeof *wide.points);
    wide.points[0] = job;
    TRY_DONE(store_index_write(&wide));
    status = store_run_yaml_write(&wide, ranks, made_on, false);
done:
    free(wide.points), free(wide.categories), free(job.dataset.name);
    free(job.category.name), free(job.shots.value), free(job.seeds.value);
    return status;
}

status_t suite_whole_begin(const plan_t *plan, int ranks, const store_made_on_t *made_on, bool fresh)
{
    char claim[4096];
    plan_t before = {0};
    TRY(lock(claim, plan));
    store_made_on_t all;
    store_run_made_on(&all, plan); /* another job on the same folder may have told of itself there */
    store_made_on_add(&all, made_on->text);
    if (!fresh) read_before(&before, plan, true);
    status_t status;
    if (before.point_count > 0 && !covers(&plan->points[0], &before.points[0])) {
        status = write_wider(plan, &before, ranks, &all);
    } else {
        status = store_index_write(plan);
        if (status == ST_OK) status = store_run_yaml_write(plan, ranks, &all, false);
    }
    plan_free(&before);
    claim_release(claim);
    return status;
}

status_t suite_whole_open(plan_t *whole, bool *wider, const plan_t *plan)
{
    plan_t before;
    *whole = (plan_t){0};
    read_before(&before, plan, false);
    *wider = before.point_count > 0 && !covers(&plan->points[0], &before.points[0]);
    plan_free(&before);
    if (!*wider) return ST_OK;
    TRY(store_run_open(whole, plan->methods, plan->run_dir));
    if (strcmp(whole->model_digest, plan->model_digest) == 0) return ST_OK;
    plan_free(whole); /* another model's job has taken the folder in the meantime */
    *wider = false;
    return ST_OK;
}

status_t suite_whole_end(bool *again, const plan_t *covered, int ranks, const store_made_on_t *made_on)
{
    char claim[4096], path[4096];
    plan_t before;
    status_t status = ST_OK;
    TRY(lock(claim, covered));
    read_before(&before, covered, false);
    snprintf(path, sizeof path, "%s/run.yaml", covered->run_dir);
    if (before.point_count == 0 && io_exists(path))
        log_warn("'%s': a job of this name with other options worked there meanwhile: who ends last makes the table "
                 "(hint: -s name=... gives each a folder of its own)",
                 covered->run_dir);
    *again = before.point_count > 0 && !covers(&covered->points[0], &before.points[0]);
    if (!*again) status = store_run_yaml_write(covered, ranks, made_on, true);
    plan_free(&before);
    claim_release(claim);
    return status;
}

int suite_whole_files(const plan_t *plan)
{
    plan_t whole;
    bool wider;
    int files = 0;
    if (suite_whole_open(&whole, &wider, plan) != ST_OK || !wider) return -1;
    for (int t = 0; t < whole.task_count; t++) files += io_exists(whole.tasks[t].path);
    plan_free(&whole);
    return files;
}
