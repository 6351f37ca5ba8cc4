/* Ids of files: digests of everything that what is in them depends on, and of nothing else. */
#include "plan/plan_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- Tasks ----------------------------------------------------------------------------------------------------------- */

/* The task's identity: the digest of everything that its numbers depend on. */
status_t plan_task_id(char id[PLAN_ID_SIZE], const plan_t *plan, const plan_task_t *task)
{
    const plan_category_t *entry = &plan->categories[task->category_index];
    char *key = NULL, digest[IO_DIGEST_SIZE];
    size_t size = 0;
    FILE *out = open_memstream(&key, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fprintf(out, "%s\n%s\n%s\n%s/%s %d %llu\n%s", PLAN_FORMAT, plan->model_digest, entry->digest, task->dataset,
            task->category, task->shots, (unsigned long long)task->seed, plan->point_options[task->point]);
    for (int i = 0; i < task->shots; i++) fprintf(out, "support=%s\n", entry->images.train[task->support[i]].name);
    /* Another caption is another task, as another image is: nothing of the old one's may be kept. */
    if (method_wants_heads(plan_method(plan, task), &plan->points[task->point]))
        fprintf(out, "caption=%s\n", entry->caption_digest);
    /* Only where it is asked for: what else is computed has the ids that it had before there was this option. */
    if (plan->points[task->point].query_keep) fprintf(out, "query_former.keep=true\n");
    fclose(out);
    io_digest_bytes(digest, key, size);
    free(key);
    snprintf(id, PLAN_ID_SIZE, "%.16s", digest);
    return ST_OK;
}

/* ---- Learned heads --------------------------------------------------------------------------------------------------- */

/* The terms of the head's loss, in the table's order, and the margin where one of them has it. */
static void write_losses(FILE *out, const job_t *job, job_head_t head)
{
    static const char *const terms[] = {"clip", "trip", "mean", "reg"};
    const io_names_t *losses = job_head_losses(job, head);
    if (!job->learn) return;
    fputs("losses=", out);
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++)
        if (job_has(losses, terms[i])) fprintf(out, "%s,", terms[i]);
    fputc('\n', out);
    if (job_has(losses, "trip")) fprintf(out, "epsilon=%.17g\n", job_head_epsilon(job, head));
}

char *plan_learn_options(const method_t *method, const job_t *given, job_head_t head)
{
    char *text = NULL;
    size_t size = 0;
    job_t read, defaults;
    const job_t *job = &read;
    FILE *out = plan_read_options(&read, &defaults, method, given) == ST_OK ? open_memstream(&text, &size) : NULL;
    if (out == NULL) {
        io_options_free(&defaults, job_options);
        return NULL;
    }
    job_t own = read; /* only read */
    own.groups = *job_head_groups(job, head);
    for (const io_option_t *row = job_options; row->name != NULL; row++) {
        if (row->tag != JOB_STAGE_REGIONS && row->tag != JOB_STAGE_PROMPTS) continue;
        if (!plan_head_reads(row, job, head)) continue;
        char *value = io_options_text(&own, row);
        fprintf(out, "%s=%s\n", row->name, value != NULL ? value : "");
        free(value);
    }
    write_losses(out, job, head);
    /* Learning always trains the query former, whoever reads it then; without learning only who asks for it has one. */
    bool asked = head == JOB_HEAD_PIXEL && job->retrieval == JOB_RETRIEVAL_QUERY_FORMER;
    fprintf(out, "queries=%d\n", asked && !job->learn);
    if (head == JOB_HEAD_PIXEL && job->track_epochs > 0) fprintf(out, "oracle_queries=%d\n", job_queries(job));
    if (head == JOB_HEAD_PIXEL && job->query_keep) fprintf(out, "query_former.keep=true\n");
    fclose(out);
    io_options_free(&defaults, job_options);
    return text;
}

status_t plan_learn_id(char id[PLAN_ID_SIZE], const plan_t *plan, int t, job_head_t head)
{
    const plan_task_t *task = &plan->tasks[t];
    const job_t *job = &plan->points[task->point];
    const plan_category_t *entry = &plan->categories[task->category_index];
    char *text = NULL, digest[IO_DIGEST_SIZE];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    /* Fixed texts are the same for every draw. */
    const bool fixed = method_head_is_fixed(plan_method(plan, task));
    fprintf(out, "%s\n%s\n%s\n%s/%s", PLAN_FORMAT, entry->cache_key, entry->caption_digest, task->dataset,
            task->category);
    if (!fixed) fprintf(out, " %d %llu", task->shots, (unsigned long long)task->seed);
    fprintf(out, " %s\n", job_head_names[head]);
    fputs(plan->learn_options[task->point * JOB_HEADS + (int)head], out);
    /* By name and mark, as the features of it are known: another image of the same name is learned from again. */
    for (int k = 0; k < task->shots && job->learn && !fixed; k++)
        fprintf(out, "support=%s %lld\n", entry->images.train[task->support[k]].name,
                (long long)entry->train_fingerprint[task->support[k]]);
    fclose(out);
    io_digest_bytes(digest, text, size);
    snprintf(id, PLAN_ID_SIZE, "%.16s", digest);
    free(text);
    return ST_OK;
}

/* ---- Slices ---------------------------------------------------------------------------------------------------------- */

/* Of the array that it reads of the test images that are kept, and of what the method says: no shot and no option else, so that
 * points and draws share them. */
status_t plan_slice_id(char id[PLAN_ID_SIZE], const plan_t *plan, int t, int slice, const int *keep, int n)
{
    const plan_task_t *task = &plan->tasks[t];
    const plan_category_t *entry = &plan->categories[task->category_index];
    const method_t *method = plan_method(plan, task);
    const method_task_t draw = {.job = &plan->points[task->point],
                                .dataset = task->dataset,
                                .category = task->category,
                                .shots = task->shots,
                                .seed = task->seed,
                                .images = n};
    method_ask_t ask;
    char *text = NULL, digest[IO_DIGEST_SIZE];
    size_t size = 0;
    TRY(plan_ask(&ask, plan, draw.job));
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fprintf(out, "%s\n%s\n%s/%s\n%s %d %s\n", PLAN_FORMAT, entry->cache_key, task->dataset, task->category,
            method->name, slice, ask.text[method->slices->array(draw.job, slice)]);
    method->slices->key(out, &draw);
    for (int i = 0; i < n; i++)
        fprintf(out, "%s %lld\n", entry->images.test[keep[i]].name, (long long)entry->test_fingerprint[keep[i]]);
    fclose(out);
    io_digest_bytes(digest, text, size);
    snprintf(id, PLAN_ID_SIZE, "%.16s", digest);
    free(text);
    return ST_OK;
}

/* ---- Features -------------------------------------------------------------------------------------------------------- */

/* The identity of a feature file: its folder's name says model and options; the names and marks of its images say what is
 * in it, so that one changed image does not call for the others to be encoded again. */
void plan_features_ids(plan_item_t *item, const plan_t *plan)
{
    const plan_category_t *entry = &plan->categories[item->category_index];
    char digest[IO_DIGEST_SIZE], text[1024];
    int first = item->index, images = 1;
    if (item->kind == PLAN_CHUNK) plan_chunk_range(&first, &images, plan, item->category_index, item->index);
    uint64_t hash[2] = {BASE_HASH_SEED, ~BASE_HASH_SEED};
    for (int i = first; i < first + images; i++) {
        const data_image_t *image = item->kind == PLAN_CHUNK ? &entry->images.test[i] : &entry->images.train[i];
        long long mark = item->kind == PLAN_CHUNK ? entry->test_fingerprint[i] : entry->train_fingerprint[i];
        for (int h = 0; h < 2; h++) {
            hash[h] = base_hash(hash[h], image->name, strlen(image->name) + 1);
            hash[h] = base_hash(hash[h], &image->label, sizeof image->label);
            hash[h] = base_hash(hash[h], &mark, sizeof mark);
        }
    }
    const struct {
        char *id;
        const char *key;
    } ids[] = {{item->id, entry->features_key}, {item->array_id, entry->arrays_key}};
    for (int k = 0; k < 2; k++) {
        snprintf(text, sizeof text, "%.64s %s/%s %d %d %d %016llx%016llx", ids[k].key, entry->images.dataset,
                 entry->images.category, (int)item->kind, item->scale, images, (unsigned long long)hash[0],
                 (unsigned long long)hash[1]);
        /* The arrays have the seed that draws them in their names, the file that lists them has not. */
        if (k == 0 && item->kind == PLAN_SUPPORT && plan_draws(plan) > 0)
            snprintf(text + strlen(text), sizeof text - strlen(text), " seed %lld",
                     (long long)plan->points[0].seeds.value[item->draw]);
        io_digest_bytes(digest, text, strlen(text));
        snprintf(ids[k].id, PLAN_ID_SIZE, "%.16s", digest);
    }
}
