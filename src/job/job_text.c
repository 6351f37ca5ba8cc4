/* The job as text: what ids are made of, and a file that could be run again from any folder. */
#include "job/job_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Keys that came after ids of the others: where they say nothing, ids are those that there were before. */
static bool says_nothing(const io_option_t *row, const char *value)
{
    static const char *const later[] = {
        "pixel.groups",       "image.groups",  "mask_resize", "anomalydino.turns",  "subspace.turns",
        "subspace.turn_draw", "align_corners", "image_score", "anomalydino.turned", "precision"};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
        if (strcmp(row->name, later[i]) == 0)
            return strcmp(value, row->kind == IO_STRING_LIST ? "[]" : row->otherwise) == 0;
    return false;
}

char *job_options_text(const job_t *job, job_stage_t from, job_stage_t to)
{
    char *text = base_format("%s", "");
    for (const io_option_t *row = job_options; row->name != NULL && text != NULL; row++) {
        if (row->tag < (int)from || row->tag > (int)to) continue;
        char *value = io_options_text(job, row);
        if (value != NULL && says_nothing(row, value)) {
            free(value);
            continue;
        }
        char *longer = value != NULL ? base_format("%s%s=%s\n", text, row->name, value) : NULL;
        free(value);
        free(text);
        text = longer;
    }
    return text;
}

static void put_escaped(FILE *out, char c)
{
    if (c == '$') fputc('$', out);
    fputc(c, out);
}

/* The folder that relative paths begin at, in front of `path`, unless it is absolute; a '$' as job_expand reads it back
 * (heap). */
static char *absolute(const char *path)
{
    char here[4096], *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return NULL;
    bool relative = path[0] != '/' && getcwd(here, sizeof here) != NULL;
    for (const char *at = relative ? here : ""; *at != '\0'; at++) put_escaped(out, *at);
    if (relative) fputc('/', out);
    for (const char *at = path; *at != '\0'; at++) put_escaped(out, *at);
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}

char *job_yaml(const job_t *job)
{
    job_t copy = *job; /* its paths are replaced below; all else is only read */
    char *text = NULL;
    bool list = strcmp(job->fewshot, "nested") != 0 && strcmp(job->fewshot, "draw") != 0 &&
                strcmp(job->fewshot, "published") != 0;
    copy.output = absolute(job->output);
    copy.data_root = absolute(job->data_root);
    copy.assets = absolute(job->assets);
    copy.model = absolute(job->model);
    copy.fewshot = list ? absolute(job->fewshot) : base_format("%s", job->fewshot);
    copy.roots.value = calloc((size_t)job->roots.count + 1, sizeof *copy.roots.value);
    bool ok = copy.output != NULL && copy.data_root != NULL && copy.assets != NULL && copy.model != NULL &&
              copy.fewshot != NULL && copy.roots.value != NULL;
    for (int i = 0; i < job->roots.count && ok; i++) ok = (copy.roots.value[i] = absolute(job->roots.value[i])) != NULL;
    if (ok) text = io_options_yaml(&copy, job_options);
    if (text != NULL && job->given != NULL) text = job_put_given(text, job);
    for (int i = 0; i < job->roots.count && copy.roots.value != NULL; i++) free(copy.roots.value[i]);
    free(copy.roots.value);
    free(copy.output);
    free(copy.data_root);
    free(copy.assets);
    free(copy.model);
    free(copy.fewshot);
    if (text == NULL) fail(ST_ENOMEM, "out of memory");
    return text;
}
