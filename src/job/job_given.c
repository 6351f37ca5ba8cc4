/* What methods settle, each in its own way: a job file for a sweep over them leaves it to them. */
#include "job/job_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const settled[] = {"branches",     "learn",     "groups",    "pixel.groups",
                                      "image.groups", "epsilon",   "retrieval", "token_wise",
                                      "reweight",     "image_map", NULL};

static bool is_settled(const char *line, size_t length)
{
    for (int i = 0; settled[i] != NULL; i++)
        if (strlen(settled[i]) == length && strncmp(settled[i], line, length) == 0) return true;
    return false;
}

status_t job_keep_given(job_t *job, const io_option_t *table, const bool *used)
{
    bool methods = false;
    size_t size = 0;
    for (int a = 0; a < job->sweep.count; a++) methods = methods || strcmp(job->sweep.key[a], "method") == 0;
    if (!methods) return ST_OK;
    FILE *out = open_memstream(&job->given, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    for (int row = 0; table[row].name != NULL; row++) {
        if (!used[row] || !is_settled(table[row].name, strlen(table[row].name))) continue;
        char *value = io_options_text(job, &table[row]);
        fprintf(out, "%s: %s\n", table[row].name, value != NULL ? value : "");
        free(value);
    }
    return fclose(out) == 0 ? ST_OK : fail(ST_ENOMEM, "out of memory");
}

char *job_put_given(char *rows, const char *given)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    for (const char *line = rows; out != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n");
        if (!is_settled(line, strcspn(line, ":\n"))) fprintf(out, "%.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
    free(rows);
    if (out != NULL) fputs(given, out);
    return out != NULL && fclose(out) == 0 ? text : NULL;
}
