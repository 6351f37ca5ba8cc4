/* In what a job differs from the strict protocol, METHOD.md 11. */
#include "job/job_internal.h"

#include <stdlib.h>
#include <string.h>

/* What PromptAD settles for itself is none of the reader's choices. */
static bool is_settled(const job_t *job, const char *key)
{
    static const char *const own[] = {"reweight", "retrieval", "groups", "image_map", NULL};
    if (strcmp(job_method_names[job->method], "promptad") != 0) return false;
    for (int i = 0; own[i] != NULL; i++)
        if (strcmp(own[i], key) == 0) return true;
    return false;
}

char *job_protocol_text(const job_t *job)
{
    const char *method = job_method_names[job->method];
    const bool prompts = strcmp(method, "finegrainedad") == 0 || strcmp(method, "promptad") == 0;
    job_t strict = {0};
    char *text = base_format("%s", "");
    if (io_options_init(&strict, job_options) != ST_OK) goto done;
    for (const job_protocol_row_t *row = job_protocol_rows; row->key != NULL && text != NULL; row++) {
        if ((row->prompts && !prompts) || is_settled(job, row->key) || !job_protocol_row_is_of(row, method)) continue;
        /* An oracle beside the last epoch is no reading of its own; a method's keys, set one by one, are told as keys. */
        if (job->protocol == JOB_PROTOCOL_STRICT && (row->methods != NULL || strcmp(row->key, "track_epochs") == 0))
            continue;
        const io_option_t *option = job_options;
        while (strcmp(option->name, row->key) != 0) option++;
        char *here = io_options_text(job, option), *there = io_options_text(&strict, option);
        if (here != NULL && there != NULL && strcmp(here, there) != 0) {
            char *longer = base_format("%s%s%s=%s", text, text[0] != '\0' ? " " : "", row->key, here);
            free(text);
            text = longer;
        }
        free(here);
        free(there);
    }
done:
    io_options_free(&strict, job_options);
    if (text == NULL || (text[0] == '\0' && job->protocol == JOB_PROTOCOL_STRICT)) return text;
    char *whole = base_format("%s (%s)", job_protocol_names[job->protocol], text[0] != '\0' ? text : "as strict");
    free(text);
    return whole;
}
