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

/* What tells a file from another of the same name. Published images change with a release: their size will do, which costs
 * no reading. Own images are taken anew, in formats of one size for all: their content counts. -1: there is no such file. */
static status_t file_mark(int64_t *mark, const char *path, bool own)
{
    struct stat info;
    char digest[IO_DIGEST_SIZE];
    *mark = -1;
    if (path == NULL || stat(path, &info) != 0) return ST_OK;
    *mark = (int64_t)info.st_size;
    if (!own) return ST_OK;
    TRY(io_digest_file(digest, path));
    digest[15] = '\0';
    *mark = strtoll(digest, NULL, 16);
    return ST_OK;
}

/* The digest of what the folder holds: a changed, added or removed image or mask gives other tasks. */
static status_t listing_digest(suite_listing_t *listing)
{
    status_t status = ST_OK;
    size_t used = 0, room = 1 << 16;
    bool own = strcmp(listing->images.dataset, "folder") == 0;
    char *text = base_alloc(room, 1);
    if (text == NULL) return ST_ENOMEM;
    const data_category_t *images = &listing->images;
    for (int i = 0; i < images->train_count + images->test_count; i++) {
        const data_image_t *image =
            i < images->train_count ? &images->train[i] : &images->test[i - images->train_count];
        int64_t mark, mask;
        TRY_DONE(file_mark(&mark, image->path, own));
        TRY_DONE(file_mark(&mask, image->mask, own));
        if (mark < 0) {
            status = fail(ST_EIO, "'%s' cannot be examined", image->path);
            goto done;
        }
        size_t need = strlen(image->name) + 80;
        if (used + need > room) {
            char *more = realloc(text, room = 2 * room + need);
            if (more == NULL) {
                status = fail(ST_ENOMEM, "out of memory");
                goto done;
            }
            text = more;
        }
        used += (size_t)sprintf(text + used, "%s\t%d\t%lld\t%lld\n", image->name, image->label, (long long)mark,
                                (long long)mask);
        *(i < images->train_count ? &listing->train_mark[i] : &listing->test_mark[i - images->train_count]) = mark;
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

/* Of the model's tokenizer, once a plan; "" where there is none: learning will say what is missing. */
static status_t tokenizer_digest(suite_plan_t *plan)
{
    if (plan->tokenizer_digest[0] != '\0' || plan->assumed_model) return ST_OK;
    status_t status = clip_tokenizer_digest(plan->tokenizer_digest, plan->points[0].model);
    return status == ST_ENOTFOUND ? ST_OK : status;
}

/* Counts of the category's caption, and the digest of what prompts are made of: it, the vocabulary, the tokenizer. */
static status_t caption_digest(suite_listing_t *listing, const suite_plan_t *plan, const suite_job_t *job)
{
    char *caption = suite_caption_path(job, listing->images.dataset, listing->images.category);
    char *vocabulary = base_format("%s/mfsc/vocabulary.json", job->assets);
    status_t status = caption != NULL && vocabulary != NULL ? ST_OK : ST_ENOMEM;
    char all[3 * IO_DIGEST_SIZE];
    if (status == ST_OK && !io_exists(caption))
        status = fail(
            ST_ENOTFOUND,
            "'%s' does not exist: %s/%s has no caption (hint: write one%s, see %s/mfsc/README.md, or use "
            "branches: [vad])",
            caption, listing->images.dataset, listing->images.category,
            strcmp(listing->images.dataset, "folder") == 0 ? ", there or as caption.json in the category's folder" : "",
            job->assets);
    if (status == ST_OK) status = io_digest_file(all, caption);
    if (status == ST_OK) status = io_digest_file(all + IO_DIGEST_SIZE - 1, vocabulary);
    if (status == ST_OK) {
        strcat(all, plan->tokenizer_digest);
        io_digest_bytes(listing->caption_digest, all, strlen(all));
    }
    if (status == ST_OK) suite_caption_count(&listing->caption, caption, vocabulary);
    free(caption);
    free(vocabulary);
    return status;
}

char *suite_caption_path(const suite_job_t *job, const char *dataset, const char *category)
{
    /* Own images may lie anywhere, and so may the program: their caption may lie beside them. */
    if (strcmp(dataset, "folder") == 0) {
        char *root = suite_job_root(job, dataset);
        char *beside = root != NULL ? base_format("%s/%s/caption.json", root, category) : NULL;
        free(root);
        if (beside == NULL || io_exists(beside)) return beside;
        free(beside);
    }
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
    bool assume = plan->assume && !io_is_dir(root) && data_known_count(dataset) > 0;
    if (assume)
        TRY(data_category_assume(&listing->images, dataset, category));
    else
        TRY(data_category_read(&listing->images, dataset, root, category, &options));
    plan->listing_count++;
    plan->assumed_listings += assume;
    listing->train_mark = calloc((size_t)listing->images.train_count + 1, sizeof *listing->train_mark);
    listing->test_mark = calloc((size_t)listing->images.test_count + 1, sizeof *listing->test_mark);
    if (listing->train_mark == NULL || listing->test_mark == NULL) return fail(ST_ENOMEM, "out of memory");
    if (assume)
        io_digest_bytes(listing->digest, category, strlen(category));
    else
        TRY(listing_digest(listing));
    bool prompts = false; /* of any point: branches may be swept */
    for (int p = 0; p < plan->point_count; p++) prompts = prompts || suite_job_has(&plan->points[p].branches, "pad");
    if (prompts) TRY(tokenizer_digest(plan));
    if (prompts) TRY(caption_digest(listing, plan, job));
    return cache_folders(listing, plan, job);
}

static status_t add_dataset(suite_plan_t *plan, const suite_job_t *job, const char *dataset)
{
    status_t status = ST_OK;
    io_names_t all = {0};
    char *root = suite_job_root(job, dataset);
    if (root == NULL) return ST_ENOMEM;
    data_options_t options = suite_data_options(job);
    if (plan->assume && !io_is_dir(root) && data_known_count(dataset) > 0 && job->category.count == 0) {
        for (int i = 0; i < data_known_count(dataset); i++)
            TRY_DONE(add_listing(plan, job, dataset, root, data_known_category(dataset, i)));
        goto done;
    }
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

/* first: the same task at the first point of the grid, NULL for that one itself. */
static status_t draw_support(suite_task_t *task, const suite_task_t *first, const suite_job_t *job,
                             const data_category_t *images)
{
    task->support = base_alloc((size_t)task->shots, sizeof *task->support);
    if (task->support == NULL) return ST_ENOMEM;
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

/* The task's identity: the digest of everything that its numbers depend on. */
static status_t task_identity(suite_task_t *task, const suite_plan_t *plan)
{
    const suite_listing_t *listing = &plan->listings[task->listing];
    char *key = NULL, digest[IO_DIGEST_SIZE];
    size_t size = 0;
    FILE *out = open_memstream(&key, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fprintf(out, "%s\n%s\n%s\n%s/%s %d %llu\n%s", SUITE_FORMAT, plan->model_digest, listing->digest, task->dataset,
            task->category, task->shots, (unsigned long long)task->seed, plan->point_options[task->point]);
    for (int i = 0; i < task->shots; i++) fprintf(out, "support=%s\n", listing->images.train[task->support[i]].name);
    /* Another caption is another task, as another image is: nothing of the old one's may be kept. */
    if (suite_job_has(&plan->points[task->point].branches, "pad"))
        fprintf(out, "caption=%s\n", listing->caption_digest);
    fclose(out);
    io_digest_bytes(digest, key, size);
    free(key);
    snprintf(task->id, sizeof task->id, "%.16s", digest);
    task->path = base_format("%s/tasks/%s/%s/k%d-s%llu-%s.h5", plan->run_dir, task->dataset, task->category,
                             task->shots, (unsigned long long)task->seed, task->id);
    return task->path != NULL ? ST_OK : ST_ENOMEM;
}

/* What tasks and learned heads of a point depend on of the job, as texts: thousands of ids are made of each. */
static status_t make_options(suite_plan_t *plan)
{
    plan->point_options = calloc((size_t)plan->point_count + 1, sizeof *plan->point_options);
    plan->learn_options = calloc((size_t)plan->point_count * SUITE_HEADS + 1, sizeof *plan->learn_options);
    if (plan->point_options == NULL || plan->learn_options == NULL) return fail(ST_ENOMEM, "out of memory");
    for (int p = 0; p < plan->point_count; p++) {
        plan->point_options[p] = suite_options_text(&plan->points[p], SUITE_STAGE_FEATURES, SUITE_STAGE_METRICS);
        if (plan->point_options[p] == NULL) return ST_ENOMEM;
        for (int head = 0; head < SUITE_HEADS; head++) {
            char *text = suite_learn_options(&plan->points[p], head);
            if (text == NULL) return ST_ENOMEM;
            plan->learn_options[p * SUITE_HEADS + head] = text;
        }
    }
    return ST_OK;
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
                    TRY(draw_support(task, p > 0 ? task - p : NULL, &plan->points[p], images));
                    TRY(task_identity(task, plan));
                }
    return ST_OK;
}

/* The digest of the model; of one that is not there and is not needed, a stand-in. */
static status_t model_digest(suite_plan_t *plan, const suite_job_t *job)
{
    clip_model_t *model;
    char digest[IO_DIGEST_SIZE] = "assumed";
    plan->assumed_model = plan->assume && !io_is_dir(job->model);
    if (!plan->assumed_model) {
        /* Opened for the checks: whoever computes with it opens it again. */
        TRY(clip_model_open(&model, job->model));
        plan->model_private_bytes = clip_model_private_bytes(model);
        clip_model_close(model);
        TRY(clip_model_digest(digest, job->model));
    }
    plan->model_digest = base_format("%s", digest);
    return plan->model_digest != NULL ? ST_OK : ST_ENOMEM;
}

status_t suite_plan_config(clip_config_t *out, const suite_plan_t *plan)
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
                                        .context = 77,
                                        .vocab = 49408,
                                        .text_width = 640,
                                        .text_heads = 10,
                                        .text_layers = 12,
                                        .text_mlp = 2560};
    if (plan->assumed_model) return *out = usual, ST_OK;
    return clip_config_read(out, plan->points[0].model);
}

/* All that is asked of the file system: the model, the images, the captions, the rates. */
static status_t look_around(suite_plan_t *plan)
{
    const suite_job_t *job = &plan->points[0];
    clip_config_t config;
    clip_tap_t taps[2];
    TRY(model_digest(plan, job));
    TRY(suite_plan_config(&config, plan));
    TRY(suite_taps_parse(taps, job, &config));
    suite_cost_read(&plan->cost, plan->cost_path, plan->model_digest, job->threads);
    for (int i = 0; i < job->dataset.count; i++) TRY(add_dataset(plan, job, job->dataset.name[i]));
    return ST_OK;
}

/* comm: whose rank 0 looks around for all; MPI_COMM_NULL: this process alone. */
static status_t make(suite_plan_t *out, const char *job_path, const char *const *assignments, int count, bool assume,
                     MPI_Comm comm)
{
    status_t status;
    int rank = 0;
    double started = clock_seconds();
    *out = (suite_plan_t){.assume = assume};
    if (comm != MPI_COMM_NULL) MPI_Comm_rank(comm, &rank);
    status = suite_points_make(&out->points, &out->point_text, &out->point_count, job_path, assignments, count);
    if (status == ST_OK) status = make_options(out);
    if (status == ST_OK) {
        out->run_dir = suite_job_run_dir(&out->points[0]);
        out->cost_path = base_format("%s/cache/cost.txt", out->points[0].output);
        if (out->run_dir == NULL || out->cost_path == NULL) status = ST_ENOMEM;
    }
    if (status == ST_OK && rank == 0) status = look_around(out);
    if (comm != MPI_COMM_NULL) {
        TRY_DONE(suite_agree(comm, status));
        TRY_DONE(suite_plan_share(out, comm));
    }
    if (status == ST_OK) status = add_tasks(out);
    if (comm != MPI_COMM_NULL) status = suite_agree(comm, status);
    out->seconds = clock_seconds() - started;
done:
    if (status != ST_OK) suite_plan_free(out);
    return status;
}

status_t suite_plan_make(suite_plan_t *out, const char *job_path, const char *const *assignments, int count)
{
    return make(out, job_path, assignments, count, false, MPI_COMM_NULL);
}

status_t suite_plan_make_shared(suite_plan_t *out, const char *job_path, const char *const *assignments, int count,
                                MPI_Comm comm)
{
    return make(out, job_path, assignments, count, false, comm);
}

status_t suite_plan_assume(suite_plan_t *out, const char *job_path, const char *const *assignments, int count)
{
    return make(out, job_path, assignments, count, true, MPI_COMM_NULL);
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
        free(plan->listings[i].train_mark);
        free(plan->listings[i].test_mark);
    }
    for (int i = 0; i < plan->point_count; i++) {
        suite_job_free(&plan->points[i]);
        free(plan->point_text[i]);
        if (plan->point_options != NULL) free(plan->point_options[i]);
        for (int head = 0; head < SUITE_HEADS && plan->learn_options != NULL; head++)
            free(plan->learn_options[i * SUITE_HEADS + head]);
    }
    free(plan->point_options);
    free(plan->learn_options);
    free(plan->points);
    free(plan->point_text);
    free(plan->tasks);
    free(plan->listings);
    free(plan->run_dir);
    free(plan->model_digest);
    free(plan->cost_path);
    *plan = (suite_plan_t){0};
}
