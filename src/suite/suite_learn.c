/* A learned (or handcrafted) head of one category and draw of shots: prompts, anchors, query former, in a file of its own
 * that every task which shares it reads. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>

/* Keys that one head does not read: a sweep over them must not learn it again. */
static bool head_reads(const io_option_t *row, suite_head_t head)
{
    const char *other = head == SUITE_HEAD_PIXEL ? "image." : "pixel.";
    if (strncmp(row->name, other, strlen(other)) == 0) return false;
    if (head == SUITE_HEAD_PIXEL) return true;
    return row->tag != SUITE_STAGE_REGIONS && strcmp(row->name, "gamma") != 0 &&
           strncmp(row->name, "query_former.", strlen("query_former.")) != 0;
}

status_t suite_learn_id(char id[SUITE_ID_SIZE], const suite_plan_t *plan, int t, suite_head_t head)
{
    const suite_task_t *task = &plan->tasks[t];
    const suite_job_t *job = &plan->points[task->point];
    const suite_listing_t *listing = &plan->listings[task->listing];
    char *text = NULL, digest[IO_DIGEST_SIZE];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fprintf(out, "%s\n%s\n%s\n%s/%s %d %llu %s\n", SUITE_FORMAT, listing->cache_key, listing->caption_digest,
            task->dataset, task->category, task->shots, (unsigned long long)task->seed, suite_head_names[head]);
    for (const io_option_t *row = suite_job_options; row->name != NULL; row++) {
        if (row->tag != SUITE_STAGE_REGIONS && row->tag != SUITE_STAGE_PROMPTS) continue;
        if (!head_reads(row, head)) continue;
        char *value = io_options_text(job, row);
        fprintf(out, "%s=%s\n", row->name, value != NULL ? value : "");
        free(value);
    }
    for (int k = 0; k < task->shots && job->learn; k++)
        fprintf(out, "support=%s\n", listing->images.train[task->support[k]].name);
    fclose(out);
    io_digest_bytes(digest, text, size);
    snprintf(id, SUITE_ID_SIZE, "%.16s", digest);
    free(text);
    return ST_OK;
}

status_t suite_learn(suite_worker_t *worker, const items_t *items, const item_t *item)
{
    (void)worker, (void)items;
    return fail(ST_EFORMAT, "'%s': the prompt branch is not part of this build; use branches: [vad]", item->path);
}
