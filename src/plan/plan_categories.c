/* The categories of a job: their images, the digests that ids are made of, and the folders that their files go to. */
#include "plan/plan_internal.h"
#include "tokenizer/tokenizer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What tells a file from another of the same name. Published images change with a release: their size will do, which costs
 * no reading. Own images are retaken, in formats of one size for all: their content counts. -1: there is no such file. */
static status_t file_mark(int64_t *mark, const char *path, data_size_t size, bool own)
{
    char digest[IO_DIGEST_SIZE];
    *mark = path == NULL ? -1 : size.known ? size.bytes : data_size(path).bytes;
    if (*mark < 0 || !own) return ST_OK;
    TRY(io_digest_file(digest, path));
    digest[15] = '\0';
    *mark = strtoll(digest, NULL, 16);
    return ST_OK;
}

/* The digest of what the folder holds: a changed, added or removed image or mask gives other tasks. */
static status_t category_digest(plan_category_t *entry)
{
    status_t status = ST_OK;
    size_t used = 0, room = 1 << 16;
    bool own = strcmp(entry->images.dataset, "folder") == 0;
    char *text = base_alloc(room, 1);
    if (text == NULL) return ST_ENOMEM;
    const data_category_t *images = &entry->images;
    for (int i = 0; i < images->train_count + images->test_count; i++) {
        const data_image_t *image =
            i < images->train_count ? &images->train[i] : &images->test[i - images->train_count];
        int64_t mark, mask;
        TRY_DONE(file_mark(&mark, image->path, image->size, own));
        TRY_DONE(file_mark(&mask, image->mask, image->mask_size, own));
        if (mark < 0) {
            char target[512];
            ssize_t length = readlink(image->path, target, sizeof target - 1);
            target[length > 0 ? length : 0] = '\0';
            status = fail(ST_EIO, "'%s' cannot be examined: %s%s%s%s", image->path, strerror(errno),
                          length > 0 ? " (it is a link to '" : "", target, length > 0 ? "')" : "");
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
        *(i < images->train_count ? &entry->train_fingerprint[i] : &entry->test_fingerprint[i - images->train_count]) =
            mark;
    }
    io_digest_bytes(entry->digest, text, used);
done:
    free(text);
    return status;
}

/* The digest of what features are made of but what of them is asked for: memory_taps only choose among arrays. */
static status_t arrays_key(char out[IO_DIGEST_SIZE], const plan_t *plan, const char *options)
{
    const char *taps = strstr(options, "memory_taps=");
    REQUIRE(taps != NULL); /* it is an option of this stage */
    const char *rest = taps + strcspn(taps, "\n");
    char *key =
        base_format("%s\n%s\n%.*s%s", PLAN_FEATURES_FORMAT, plan->model_digest, (int)(taps - options), options, rest);
    if (key == NULL) return ST_ENOMEM;
    io_digest_bytes(out, key, strlen(key));
    free(key);
    return ST_OK;
}

status_t plan_category_folders(plan_category_t *entry, const plan_t *plan)
{
    const job_t *job = &plan->points[0];
    char *options = job_options_text(job, JOB_STAGE_FEATURES, JOB_STAGE_FEATURES);
    if (options == NULL) return ST_ENOMEM;
    char *key = base_format("%s\n%s\n%s", PLAN_FORMAT, plan->model_digest, options);
    status_t status = key != NULL ? arrays_key(entry->arrays_key, plan, options) : ST_ENOMEM;
    if (status == ST_OK) io_digest_bytes(entry->cache_key, key, strlen(key));
    free(options);
    free(key);
    if (status != ST_OK) return status;
    char asked[METHOD_MAX_FEATURES * CLIP_FEATURE_TEXT + IO_DIGEST_SIZE + 8];
    int used = snprintf(asked, sizeof asked, "%s", entry->arrays_key);
    for (int a = 0; a < plan->ask.count; a++)
        used += snprintf(asked + used, sizeof asked - (size_t)used, "\n%s", plan->ask.text[a]);
    io_digest_bytes(entry->features_key, asked, strlen(asked));
    const char *name = strrchr(job->model, '/');
    name = name != NULL && name[1] != '\0' ? name + 1 : job->model;
    const char *dataset = entry->images.dataset, *category = entry->images.category;
    entry->cache =
        base_format("%s/cache/features/%s-%.8s/%s/%s", job->output, name, entry->features_key, dataset, category);
    entry->arrays =
        base_format("%s/cache/arrays/%s-%.8s/%s/%s", job->output, name, entry->arrays_key, dataset, category);
    entry->prompts =
        base_format("%s/cache/prompts/%s-%.8s/%s/%s", job->output, name, entry->cache_key, dataset, category);
    return entry->cache != NULL && entry->arrays != NULL && entry->prompts != NULL ? ST_OK : ST_ENOMEM;
}

/* The digest of the model's tokenizer, once a plan. It is opened, too: one that does not fit is found before anything is
 * encoded. */
static status_t check_tokenizer(plan_t *plan)
{
    if (plan->tokenizer_digest[0] != '\0' || plan->assumed_model) return ST_OK;
    const char *model = plan->points[0].model;
    clip_config_t config;
    tokenizer_t *tokenizer;
    TRY(clip_config_read(&config, model));
    TRY(tokenizer_open(&tokenizer, model, config.vocab, config.context));
    tokenizer_close(tokenizer);
    return tokenizer_digest(plan->tokenizer_digest, model);
}

/* Counts of the category's caption, and the digest of what prompts are made of: it, what it takes from the vocabulary (a
 * word that is none of its own changes nothing), the tokenizer. */
static status_t caption_digest(plan_category_t *entry, const plan_t *plan, const job_t *job)
{
    char *caption = job_caption_path(job, entry->images.dataset, entry->images.category);
    char *vocabulary = base_format("%s/mfsc/vocabulary.json", job->assets);
    status_t status = caption != NULL && vocabulary != NULL ? ST_OK : ST_ENOMEM;
    char all[3 * IO_DIGEST_SIZE], *draws = NULL;
    if (status == ST_OK && !io_exists(caption))
        status = fail(
            ST_ENOTFOUND,
            "'%s' does not exist: %s/%s has no caption (hint: write one%s, see %s/mfsc/README.md, or do "
            "without: branches: [vad]; texts: name; promptad.states: general)",
            caption, entry->images.dataset, entry->images.category,
            strcmp(entry->images.dataset, "folder") == 0 ? ", there or as caption.json in the category's folder" : "",
            job->assets);
    if (status == ST_OK) status = io_digest_file(all, caption);
    if (status == ST_OK) status = plan_caption_count(&entry->caption, &draws, caption, vocabulary);
    if (status == ST_OK) {
        io_digest_bytes(all + IO_DIGEST_SIZE - 1, draws, strlen(draws));
        strcat(all, plan->tokenizer_digest);
        io_digest_bytes(entry->caption_digest, all, strlen(all));
    }
    free(draws);
    free(caption);
    free(vocabulary);
    return status;
}

static status_t add_category(plan_t *plan, const job_t *job, const char *dataset, const char *root,
                             const char *category)
{
    plan_category_t *more = realloc(plan->categories, (size_t)(plan->category_count + 1) * sizeof *more);
    if (more == NULL) return fail(ST_ENOMEM, "out of memory");
    plan->categories = more;
    plan_category_t *entry = &more[plan->category_count];
    *entry = (plan_category_t){0};
    data_options_t options = job_data_options(job);
    bool assume = plan->assume && !io_is_dir(root) && data_known_count(dataset) > 0;
    if (assume)
        TRY(data_category_assume(&entry->images, dataset, category, &options));
    else
        TRY(data_category_read(&entry->images, dataset, root, category, &options));
    plan->category_count++;
    plan->assumed_categories += assume;
    entry->train_fingerprint = calloc((size_t)entry->images.train_count + 1, sizeof *entry->train_fingerprint);
    entry->test_fingerprint = calloc((size_t)entry->images.test_count + 1, sizeof *entry->test_fingerprint);
    if (entry->train_fingerprint == NULL || entry->test_fingerprint == NULL) return fail(ST_ENOMEM, "out of memory");
    if (assume)
        io_digest_bytes(entry->digest, category, strlen(category));
    else
        TRY(category_digest(entry));
    bool prompts = false, captions = false; /* of any point: branches and methods may be swept */
    for (int p = 0; p < plan->point_count; p++) {
        const job_t *point = &plan->points[p];
        const method_t *method = method_of(plan->methods, point);
        if (!method_wants_heads(method, point)) continue;
        prompts = true;
        captions = captions || (method->heads->captions != NULL && method->heads->captions(point));
    }
    if (prompts) TRY(check_tokenizer(plan));
    if (captions)
        TRY(caption_digest(entry, plan, job));
    else if (prompts)
        io_digest_bytes(entry->caption_digest, plan->tokenizer_digest, strlen(plan->tokenizer_digest));
    return plan_category_folders(entry, plan);
}

static status_t add_dataset(plan_t *plan, const job_t *job, const char *dataset)
{
    status_t status = ST_OK;
    io_names_t all = {0};
    char *root = job_root(job, dataset);
    if (root == NULL) return ST_ENOMEM;
    data_options_t options = job_data_options(job);
    if (plan->assume && !io_is_dir(root) && data_known_count(dataset) > 0 && job->category.count == 0) {
        for (int i = 0; i < data_known_count(dataset); i++)
            TRY_DONE(add_category(plan, job, dataset, root, data_known_category(dataset, i)));
        goto done;
    }
    if (job->category.count == 0) TRY_DONE(data_list_categories(&all, dataset, root, &options));
    const io_names_t *wanted = job->category.count > 0 ? &job->category : &all;
    if (wanted->count == 0) status = fail(ST_ENOTFOUND, "'%s' has no category of dataset '%s'", root, dataset);
    for (int i = 0; i < wanted->count && status == ST_OK; i++)
        status = add_category(plan, job, dataset, root, wanted->name[i]);
done:
    io_names_free(&all);
    free(root);
    return status;
}

status_t plan_categories_read(plan_t *plan)
{
    const job_t *job = &plan->points[0];
    for (int i = 0; i < job->dataset.count; i++) TRY(add_dataset(plan, job, job->dataset.name[i]));
    return ST_OK;
}

void plan_category_free(plan_category_t *entry)
{
    data_category_free(&entry->images);
    free(entry->cache);
    free(entry->arrays);
    free(entry->prompts);
    free(entry->train_fingerprint);
    free(entry->test_fingerprint);
}
