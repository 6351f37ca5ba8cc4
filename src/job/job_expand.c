/* Paths of a job as a shell would have them: "~" and "$NAME" stand for what they stand for everywhere, and a variable that
 * is not set is refused, before `$SCRATCH/results` becomes `/results`. "$$" is one '$'. */
#include "job/job_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys that hold one path. fewshot may be a word, which has neither '~' nor '$'. */
static const char *const path_keys[] = {"output", "data_root", "assets", "model", "fewshot", NULL};

static status_t put_variable(FILE *out, const char **at, const char *key, const char *text)
{
    if ((*at)[1] == '$') { /* what run.yaml writes for a '$' of the path's own */
        fputc('$', out);
        *at += 2;
        return ST_OK;
    }
    bool braces = (*at)[1] == '{';
    const char *name = *at + 1 + braces;
    int length = 0;
    while (isalnum((unsigned char)name[length]) || name[length] == '_') length++;
    bool named = length > 0 && !isdigit((unsigned char)name[0]);
    if (braces && (!named || name[length] != '}'))
        return fail(ST_EFORMAT,
                    "%s is '%s', of which only $NAME and ${NAME} can be filled in (hint: write the path; $$ is one $)",
                    key, text);
    if (!named) {
        fputc('$', out); /* no name of a variable: a character like any other */
        (*at)++;
        return ST_OK;
    }
    char *variable = base_format("%.*s", length, name);
    if (variable == NULL) return ST_ENOMEM;
    const char *value = getenv(variable);
    status_t status = ST_OK;
    if (value == NULL || value[0] == '\0')
        status = fail(ST_EFORMAT, "%s is '%s', but %s is %s in the environment (hint: export it, or write the path)",
                      key, text, variable, value == NULL ? "not set" : "empty");
    else
        fputs(value, out);
    free(variable);
    *at = name + length + braces;
    return status;
}

static status_t put_home(FILE *out, const char **at, const char *key, const char *text)
{
    const char *home = getenv("HOME");
    if ((*at)[1] != '/' && (*at)[1] != '\0')
        return fail(ST_EFORMAT, "%s is '%s': folders of other users are not looked up (hint: write the path)", key,
                    text);
    if (home == NULL || home[0] == '\0')
        return fail(ST_EFORMAT, "%s is '%s', but HOME is not set in the environment (hint: write the path)", key, text);
    fputs(home, out);
    (*at)++;
    return ST_OK;
}

static status_t expand(char **text, const char *key)
{
    char *longer = NULL;
    size_t size = 0;
    if ((*text)[strspn(*text, " \t")] == '\0')
        return fail(
            ST_EFORMAT,
            "%s is empty, expected a path (hint: a variable of the shell that is not set? Without the key there is "
            "a default)",
            key);
    if (strchr(*text, '$') == NULL && (*text)[0] != '~') return ST_OK;
    FILE *out = open_memstream(&longer, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    status_t status = ST_OK;
    const char *at = *text;
    if (*at == '~') status = put_home(out, &at, key, *text);
    while (status == ST_OK && *at != '\0') {
        if (*at == '$')
            status = put_variable(out, &at, key, *text);
        else
            fputc(*at++, out);
    }
    if (fclose(out) != 0 && status == ST_OK) status = fail(ST_ENOMEM, "out of memory");
    if (status != ST_OK) {
        free(longer);
        return status;
    }
    free(*text);
    *text = longer;
    if ((*text)[strspn(*text, " \t")] == '\0') return fail(ST_EFORMAT, "%s is blank, expected a path", key);
    return ST_OK;
}

/* run.yaml, results and tables hold every text: what they cannot hold is told before the work. */
static status_t check_plain(const char *text, const char *key)
{
    char shown[1024];
    if (text == NULL || io_text_is_plain(text)) return ST_OK;
    (void)base_visible(shown, sizeof shown, text);
    return fail(
        ST_EFORMAT,
        "%s is '%s', expected UTF-8 without control characters (hint: rename it, or give a symbolic link of a plain "
        "name)",
        key, shown);
}

status_t job_check_plain(const job_t *job, const io_option_t *table)
{
    for (const io_option_t *row = table; row->name != NULL; row++) {
        const void *field = (const char *)job + row->offset;
        if (row->kind == IO_STRING) TRY(check_plain(*(char *const *)field, row->name));
        const io_names_t *names = row->kind == IO_STRING_LIST ? field : NULL;
        for (int i = 0; names != NULL && i < names->count; i++) TRY(check_plain(names->name[i], row->name));
    }
    for (int i = 0; i < job->roots.count; i++) {
        char key[300];
        snprintf(key, sizeof key, "roots.%s", job->roots.key[i]);
        TRY(check_plain(job->roots.value[i], key));
    }
    return ST_OK;
}

status_t job_expand(job_t *job, const io_option_t *table)
{
    for (const io_option_t *row = table; row->name != NULL; row++) {
        char **text = (char **)(void *)((char *)job + row->offset);
        bool path = false;
        for (int k = 0; path_keys[k] != NULL; k++) path = path || strcmp(row->name, path_keys[k]) == 0;
        if (path && *text != NULL) TRY(expand(text, row->name));
    }
    for (int i = 0; i < job->roots.count; i++) {
        char key[300];
        snprintf(key, sizeof key, "roots.%s", job->roots.key[i]);
        TRY(expand(&job->roots.value[i], key));
    }
    return job_check_plain(job, table);
}
