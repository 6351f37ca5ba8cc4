#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *suite_options_text(const suite_job_t *job, suite_stage_t from, suite_stage_t to)
{
    char *text = base_format("%s", "");
    for (const io_option_t *row = suite_job_options; row->name != NULL && text != NULL; row++) {
        if (row->tag < (int)from || row->tag > (int)to) continue;
        char *value = io_options_text(job, row);
        char *longer = value != NULL ? base_format("%s%s=%s\n", text, row->name, value) : NULL;
        free(value);
        free(text);
        text = longer;
    }
    return text;
}

/* ---- Listings ---- */

data_options_t suite_data_options(const suite_job_t *job)
{
    return (data_options_t){.views = suite_view_names[job->views],
                            .tree = job->tree > 0 ? suite_tree_names[job->tree] : NULL};
}

/* The digest of what the folder holds: a changed, added or removed image gives other features and other tasks. */
static status_t listing_digest(suite_listing_t *listing)
{
    status_t status = ST_OK;
    size_t used = 0, room = 1 << 16;
    char *text = base_alloc(room, 1);
    if (text == NULL) return ST_ENOMEM;
    const data_category_t *images = &listing->images;
    for (int i = 0; i < images->train_count + images->test_count; i++) {
        const data_image_t *image =
            i < images->train_count ? &images->train[i] : &images->test[i - images->train_count];
        struct stat info;
        if (stat(image->path, &info) != 0) {
            status = fail(ST_EIO, "'%s' cannot be examined", image->path);
            goto done;
        }
        size_t need = strlen(image->name) + 64;
        if (used + need > room) {
            char *more = realloc(text, room = 2 * room + need);
            if (more == NULL) {
                status = fail(ST_ENOMEM, "out of memory");
                goto done;
            }
            text = more;
        }
        used += (size_t)sprintf(text + used, "%s\t%d\t%lld\n", image->name, image->label, (long long)info.st_size);
    }
    io_digest_bytes(listing->digest, text, used);
done:
    free(text);
    return status;
}

/* Folders of the cache are named by the model and by everything of the job that changes features. */
static status_t cache_folders(suite_listing_t *listing, const suite_plan_t *plan, const suite_job_t *job)
{
    char *options = suite_options_text(job, SUITE_STAGE_FEATURES, SUITE_STAGE_FEATURES);
    if (options == NULL) return ST_ENOMEM;
    char *key = base_format("%s\n%s\n%s", SUITE_FORMAT, plan->model_digest, options);
    free(options);
    if (key == NULL) return ST_ENOMEM;
    io_digest_bytes(listing->cache_key, key, strlen(key));
    free(key);
    const char *name = strrchr(job->model, '/');
    name = name != NULL && name[1] != '\0' ? name + 1 : job->model;
    const char *dataset = listing->images.dataset, *category = listing->images.category;
    listing->cache =
        base_format("%s/cache/features/%s-%.8s/%s/%s", job->output, name, listing->cache_key, dataset, category);
    listing->prompts =
        base_format("%s/cache/prompts/%s-%.8s/%s/%s", job->output, name, listing->cache_key, dataset, category);
    return listing->cache != NULL && listing->prompts != NULL ? ST_OK : ST_ENOMEM;
}

/* The digest of the category's caption and of the vocabulary, which prompts are made of. */
static status_t caption_digest(suite_listing_t *listing, const suite_job_t *job)
{
    char *caption = suite_caption_path(job, listing->images.dataset, listing->images.category);
    char *vocabulary = base_format("%s/mfsc/vocabulary.json", job->assets);
    status_t status = caption != NULL && vocabulary != NULL ? ST_OK : ST_ENOMEM;
    char both[2 * IO_DIGEST_SIZE];
    if (status == ST_OK && !io_exists(caption))
        status = fail(ST_ENOTFOUND,
                      "'%s' does not exist: %s/%s has no caption (hint: write one, see %s/mfsc/README.md, or use "
                      "branches: [vad])",
                      caption, listing->images.dataset, listing->images.category, job->assets);
    if (status == ST_OK) status = io_digest_file(both, caption);
    if (status == ST_OK) status = io_digest_file(both + IO_DIGEST_SIZE - 1, vocabulary);
    if (status == ST_OK) io_digest_bytes(listing->caption_digest, both, strlen(both));
    free(caption);
    free(vocabulary);
    return status;
}

char *suite_caption_path(const suite_job_t *job, const char *dataset, const char *category)
{
    return base_format("%s/mfsc/%s/%s.json", job->assets, dataset, category);
}

static status_t add_listing(suite_plan_t *plan, const suite_job_t *job, const char *dataset, const char *root,
                            const char *category)
{
    suite_listing_t *more = realloc(plan->listings, (size_t)(plan->listing_count + 1) * sizeof *more);
    if (more == NULL) return fail(ST_ENOMEM, "out of memory");
    plan->listings = more;
    suite_listing_t *listing = &more[plan->listing_count];
    *listing = (suite_listing_t){0};
    data_options_t options = suite_data_options(job);
    TRY(data_category_read(&listing->images, dataset, root, category, &options));
    plan->listing_count++;
    TRY(listing_digest(listing));
    if (suite_job_has(&job->branches, "pad")) TRY(caption_digest(listing, job));
    return cache_folders(listing, plan, job);
}

static status_t add_dataset(suite_plan_t *plan, const suite_job_t *job, const char *dataset)
{
    status_t status = ST_OK;
    io_names_t all = {0};
    char *root = suite_job_root(job, dataset);
    if (root == NULL) return ST_ENOMEM;
    data_options_t options = suite_data_options(job);
    if (job->category.count == 0) TRY_DONE(data_list_categories(&all, dataset, root, &options));
    const io_names_t *wanted = job->category.count > 0 ? &job->category : &all;
    if (wanted->count == 0) status = fail(ST_ENOTFOUND, "'%s' has no category of dataset '%s'", root, dataset);
    for (int i = 0; i < wanted->count && status == ST_OK; i++)
        status = add_listing(plan, job, dataset, root, wanted->name[i]);
done:
    io_names_free(&all);
    free(root);
    return status;
}

/* ---- Tasks ---- */

static status_t draw_support(suite_task_t *task, const suite_job_t *job, const data_category_t *images)
{
    task->support = base_alloc((size_t)task->shots, sizeof *task->support);
    if (task->support == NULL) return ST_ENOMEM;
    if (strcmp(job->fewshot, "draw") == 0) return data_draw_shots(task->support, images, task->shots, task->seed);
    char *list = strcmp(job->fewshot, "published") == 0
                     ? base_format("%s/fewshot/%s.yaml", job->assets, images->dataset)
                     : base_format("%s", job->fewshot);
    if (list == NULL) return ST_ENOMEM;
    status_t status = data_list_shots(task->support, images, task->shots, list);
    free(list);
    return status;
}

/* The task's identity: the digest of everything that its numbers depend on. */
static status_t task_identity(suite_task_t *task, const suite_plan_t *plan)
{
    const suite_job_t *job = &plan->points[task->point];
    const suite_listing_t *listing = &plan->listings[task->listing];
    char *text = suite_options_text(job, SUITE_STAGE_FEATURES, SUITE_STAGE_METRICS);
    for (int i = 0; i < task->shots && text != NULL; i++) {
        char *longer = base_format("%ssupport=%s\n", text, listing->images.train[task->support[i]].name);
        free(text);
        text = longer;
    }
    char *key = text == NULL
                    ? NULL
                    : base_format("%s\n%s\n%s\n%s/%s %d %llu\n%s", SUITE_FORMAT, plan->model_digest, listing->digest,
                                  task->dataset, task->category, task->shots, (unsigned long long)task->seed, text);
    free(text);
    if (key == NULL) return ST_ENOMEM;
    char digest[IO_DIGEST_SIZE];
    io_digest_bytes(digest, key, strlen(key));
    free(key);
    snprintf(task->id, sizeof task->id, "%.16s", digest);
    task->path = base_format("%s/tasks/%s/%s/k%d-s%llu-%s.h5", plan->run_dir, task->dataset, task->category,
                             task->shots, (unsigned long long)task->seed, task->id);
    return task->path != NULL ? ST_OK : ST_ENOMEM;
}

static status_t add_tasks(suite_plan_t *plan)
{
    const suite_job_t *job = &plan->points[0];
    size_t total =
        (size_t)plan->listing_count * (size_t)job->shots.count * (size_t)job->seeds.count * (size_t)plan->point_count;
    plan->tasks = calloc(total > 0 ? total : 1, sizeof *plan->tasks);
    if (plan->tasks == NULL) return fail(ST_ENOMEM, "out of memory: %zu tasks", total);
    for (int l = 0; l < plan->listing_count; l++)
        for (int k = 0; k < job->shots.count; k++)
            for (int s = 0; s < job->seeds.count; s++)
                for (int p = 0; p < plan->point_count; p++) {
                    suite_task_t *task = &plan->tasks[plan->task_count++];
                    const data_category_t *images = &plan->listings[l].images;
                    *task = (suite_task_t){.dataset = images->dataset,
                                           .category = images->category,
                                           .shots = job->shots.value[k],
                                           .seed = (uint64_t)job->seeds.value[s],
                                           .point = p,
                                           .listing = l};
                    TRY(draw_support(task, &plan->points[p], images));
                    TRY(task_identity(task, plan));
                }
    return ST_OK;
}

status_t suite_plan_make(suite_plan_t *out, const char *job_path, const char *const *assignments, int count)
{
    status_t status;
    clip_model_t *model = NULL;
    *out = (suite_plan_t){0};
    TRY_DONE(suite_points_make(&out->points, &out->point_text, &out->point_count, job_path, assignments, count));
    const suite_job_t *job = &out->points[0];
    TRY_DONE(clip_model_open(&model, job->model));
    out->model_digest = base_format("%s", clip_model_digest(model));
    out->run_dir = suite_job_run_dir(job);
    out->cost_path = base_format("%s/cache/cost.txt", job->output);
    if (out->model_digest == NULL || out->run_dir == NULL || out->cost_path == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    suite_cost_read(&out->cost, out->cost_path);
    for (int i = 0; i < job->dataset.count; i++) TRY_DONE(add_dataset(out, job, job->dataset.name[i]));
    TRY_DONE(add_tasks(out));
done:
    clip_model_close(model);
    if (status != ST_OK) suite_plan_free(out);
    return status;
}

status_t suite_plan_open(suite_plan_t *out, const char *run_dir)
{
    status_t status = ST_ENOMEM;
    char *file = base_format("%s/run.yaml", run_dir), *output = NULL, *name = NULL;
    char *real = realpath(run_dir, NULL);
    *out = (suite_plan_t){0};
    if (file == NULL) goto done;
    if (real == NULL || !io_exists(file)) {
        status = fail(ST_ENOTFOUND, "'%s' does not exist (expected the folder of a run, as results/demo)", file);
        goto done;
    }
    char *slash = strrchr(real, '/');
    *slash = '\0';
    output = base_format("output=%s", real[0] != '\0' ? real : "/");
    name = base_format("name=%s", slash + 1);
    if (output == NULL || name == NULL) goto done;
    status = suite_plan_make(out, file, (const char *const[]){output, name}, 2);
done:
    free(file);
    free(real);
    free(output);
    free(name);
    return status;
}

void suite_plan_free(suite_plan_t *plan)
{
    for (int i = 0; i < plan->task_count; i++) {
        free(plan->tasks[i].path);
        free(plan->tasks[i].support);
    }
    for (int i = 0; i < plan->listing_count; i++) {
        data_category_free(&plan->listings[i].images);
        free(plan->listings[i].cache);
        free(plan->listings[i].prompts);
    }
    for (int i = 0; i < plan->point_count; i++) {
        suite_job_free(&plan->points[i]);
        free(plan->point_text[i]);
    }
    free(plan->points);
    free(plan->point_text);
    free(plan->tasks);
    free(plan->listings);
    free(plan->run_dir);
    free(plan->model_digest);
    free(plan->cost_path);
    *plan = (suite_plan_t){0};
}
