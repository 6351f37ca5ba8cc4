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

/* The lines of `given` whose keys are of this mapping, below its name; "": those of none. */
static void put_given(FILE *out, const char *given, const char *mapping)
{
    const size_t length = strlen(mapping);
    for (const char *line = given; *line != '\0'; line += *line == '\n') {
        const size_t end = strcspn(line, "\n"), dot = strcspn(line, ".:\n");
        if (length == 0 && line[dot] != '.')
            fprintf(out, "%.*s\n", (int)end, line);
        else if (length > 0 && line[dot] == '.' && dot == length && strncmp(line, mapping, length) == 0)
            fprintf(out, "  %.*s\n", (int)(end - dot) - 1, line + dot + 1);
        line += end;
    }
}

char *job_put_given(char *rows, const char *given)
{
    char *text = NULL, mapping[64] = "", name[128];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    for (const char *line = rows; out != NULL && *line != '\0'; line += *line == '\n') {
        const int length = (int)strcspn(line, "\n"), indent = (int)strspn(line, " ");
        const int key = (int)strcspn(line + indent, ":\n");
        if (indent == 0) snprintf(mapping, sizeof mapping, "%.*s", key, line);
        snprintf(name, sizeof name, "%s%s%.*s", indent > 0 ? mapping : "", indent > 0 ? "." : "", key, line + indent);
        if (!is_settled(name, strlen(name))) fprintf(out, "%.*s\n", length, line);
        if (indent == 0 && key + 1 == length) put_given(out, given, mapping);
        line += length;
    }
    free(rows);
    if (out != NULL) put_given(out, given, "");
    return out != NULL && fclose(out) == 0 ? text : NULL;
}
