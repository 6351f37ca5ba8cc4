/* What the points of a grid set or settle, each in its own way: the job file of a run leaves it to them. */
#include "job/job_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const settled[] = {"branches",  "learn",      "groups",   "pixel.groups", "image.groups", "epsilon",
                                      "retrieval", "token_wise", "reweight", "image_map",    "image.epochs", NULL};

/* Whether a point may have it otherwise than the job: methods or their protocols settle it, or a point of a list names it. The keys of axes are
 * not among them: every point has a value of each. */
static bool is_left(const io_sweep_t *sweep, const char *name)
{
    const size_t length = strlen(name);
    for (int i = 0; settled[i] != NULL; i++)
        if (strcmp(settled[i], name) == 0) return true;
    for (const job_protocol_row_t *row = job_protocol_rows; row->key != NULL; row++)
        if (row->methods != NULL && strcmp(row->key, name) == 0) return true;
    for (int p = 0; p < sweep->points; p++)
        for (int k = 0; k < sweep->point[p].count; k++)
            if (strncmp(sweep->point[p].name[k], name, length) == 0 && sweep->point[p].name[k][length] == '=')
                return true;
    return false;
}

status_t job_keep_given(job_t *job, const job_raw_t *raw)
{
    const io_sweep_t *sweep = &raw->job.sweep;
    bool needed = sweep->points > 0;
    size_t size = 0;
    for (int a = 0; a < sweep->count; a++) needed = needed || strcmp(sweep->key[a], "method") == 0;
    if (!needed) return ST_OK;
    FILE *out = open_memstream(&job->given, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    for (int row = 0; job_options[row].name != NULL; row++) {
        if (!raw->used[row] || !is_left(sweep, job_options[row].name)) continue;
        char *value = io_options_text(&raw->job, &job_options[row]);
        fprintf(out, "%s: %s\n", job_options[row].name, value != NULL ? value : "");
        free(value);
    }
    return fclose(out) == 0 ? ST_OK : fail(ST_ENOMEM, "out of memory");
}

/* The lines of `given` whose keys are of this mapping, below its header, which is written before the first; "": those of none.
 * True: there are some. */
static bool put_given(FILE *out, const char *given, const char *mapping)
{
    const size_t length = strlen(mapping);
    bool some = false;
    for (const char *line = given; *line != '\0'; line += *line == '\n') {
        const size_t end = strcspn(line, "\n"), dot = strcspn(line, ".:\n");
        const bool nested = line[dot] == '.';
        if (length == 0 && !nested) fprintf(out, "%.*s\n", (int)end, line);
        if (length > 0 && nested && dot == length && strncmp(line, mapping, length) == 0) {
            if (!some) fprintf(out, "%s:\n", mapping);
            fprintf(out, "  %.*s\n", (int)(end - dot) - 1, line + dot + 1);
            some = true;
        }
        line += end;
    }
    return some;
}

char *job_put_given(char *rows, const job_t *job)
{
    char *text = NULL, mapping[64] = "", name[128];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    bool begun = true; /* the header of the mapping is written */
    for (const char *line = rows; out != NULL && *line != '\0'; line += *line == '\n') {
        const int length = (int)strcspn(line, "\n"), indent = (int)strspn(line, " ");
        const int key = (int)strcspn(line + indent, ":\n");
        if (indent == 0) snprintf(mapping, sizeof mapping, "%.*s", key, line);
        snprintf(name, sizeof name, "%s%s%.*s", indent > 0 ? mapping : "", indent > 0 ? "." : "", key, line + indent);
        if (indent == 0 && key + 1 == length) {
            begun = put_given(out, job->given, mapping);
        } else if (!is_left(&job->sweep, name)) {
            /* A mapping of nothing would be a value that is missing. */
            if (indent > 0 && !begun) fprintf(out, "%s:\n", mapping);
            begun = true;
            fprintf(out, "%.*s\n", length, line);
        }
        line += length;
    }
    free(rows);
    if (out != NULL) put_given(out, job->given, "");
    return out != NULL && fclose(out) == 0 ? text : NULL;
}
