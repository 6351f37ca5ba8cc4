/* Which options a method reads. What it does not read changes none of its results, and so none of its ids: it is told there as if
 * the job left it alone, whatever it says. */
#include "plan/plan_internal.h"

#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *name, const char *const *list)
{
    while (*list != NULL && strcmp(*list, name) != 0) list++;
    return *list != NULL;
}

/* "winclip.templates" stands in the block of winclip, which methods read whose names begin so: winclip, winclip+. */
static bool is_in_others_block(const char *key, const method_t *method)
{
    const size_t length = strcspn(key, ".");
    if (key[length] == '\0' || strncmp(method->name, key, length) == 0) return false;
    for (int m = 0; job_method_names[m] != NULL; m++)
        if (strlen(job_method_names[m]) == length && strncmp(job_method_names[m], key, length) == 0) return true;
    return false;
}

static bool reads_regions(const method_t *method, const job_t *job)
{
    for (int head = 0; head < JOB_HEADS; head++)
        if (method_wants_head(method, job, head) && method_head_reads_regions(method, job, head)) return true;
    return false;
}

bool plan_reads_option(const method_t *method, const job_t *job, const io_option_t *row)
{
    static const char *const of_branches[] = {"heads",     "retrieval", "token_wise",   "reweight",    "fusion",
                                              "image_map", "image_max", "image_fusion", "class_token", NULL};
    static const char *const of_all[] = {"method", "learn", NULL};
    if (is_in_others_block(row->name, method)) return false;
    if (is_one_of(row->name, of_branches)) return method->branches;
    if (row->tag == JOB_STAGE_REGIONS) return reads_regions(method, job);
    if (row->tag != JOB_STAGE_PROMPTS || is_one_of(row->name, of_all)) return true;
    if (!method_wants_heads(method, job)) return false;
    if (!method_head_is_fixed(method) || strncmp(row->name, method->name, strcspn(row->name, ".")) == 0) return true;
    /* Fixed texts: of the class name, or of the caption by the options of prompts. */
    if (method->heads->captions == NULL) return false;
    return strcmp(row->name, "texts") == 0 || method->heads->captions(job);
}

status_t plan_read_options(job_t *out, job_t *defaults, const method_t *method, const job_t *job)
{
    *defaults = (job_t){0};
    *out = *job;
    TRY(io_options_init(defaults, job_options));
    for (const io_option_t *row = job_options; row->name != NULL; row++)
        if (row->tag != JOB_STAGE_NONE && !plan_reads_option(method, job, row))
            memcpy((char *)out + row->offset, (char *)defaults + row->offset, io_option_size(row->kind));
    return ST_OK;
}

char *plan_task_options(const method_t *method, const job_t *job)
{
    job_t told, defaults;
    char *text = NULL;
    if (plan_read_options(&told, &defaults, method, job) == ST_OK)
        text = job_options_text(&told, JOB_STAGE_FEATURES, JOB_STAGE_METRICS);
    io_options_free(&defaults, job_options);
    return text;
}
