/* Names of files and folders, and lists of them. */
#include "data/data_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

char *data_join(const char *a, const char *b)
{
    size_t length = strlen(a);
    return base_format("%s%s%s", a, length > 0 && a[length - 1] == '/' ? "" : "/", b);
}

bool data_is_dir_in(const char *base, const char *name)
{
    char path[4096];
    return snprintf(path, sizeof path, "%s/%s", base, name) < (int)sizeof path && io_is_dir(path);
}

bool data_ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length > end_length && strcasecmp(text + length - end_length, end) == 0;
}

void data_names_keep(io_names_t *names, const char *root, bool (*is)(const char *path))
{
    int kept = 0;
    for (int i = 0; i < names->count; i++) {
        char path[4096];
        if (snprintf(path, sizeof path, "%s/%s", root, names->name[i]) < (int)sizeof path && is(path))
            names->name[kept++] = names->name[i];
        else
            free(names->name[i]);
    }
    names->count = kept;
}

status_t data_list_folders(io_names_t *out, const char *path)
{
    io_names_t files;
    TRY(io_list_parted(&files, out, path));
    io_names_free(&files);
    return ST_OK;
}

const char *data_nearest(const char *word, const char *const *candidates, int count)
{
    const char *best = NULL;
    int edits = -1;
    for (int i = 0; i < count; i++)
        if (base_meant(&edits, candidates[i], word)) best = candidates[i];
    return best;
}

status_t data_names_push(io_names_t *names, const char *name)
{
    char **grown = realloc(names->name, ((size_t)names->count + 1) * sizeof *grown);
    if (grown == NULL) return fail(ST_ENOMEM, "no memory for %d names", names->count + 1);
    names->name = grown;
    grown[names->count] = base_format("%s", name);
    if (grown[names->count] == NULL) return ST_ENOMEM;
    names->count++;
    return ST_OK;
}
