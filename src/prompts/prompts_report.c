/* Lists of complaints. */
#include "prompts/prompts_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static status_t add_line(char ***lines, int *count, const char *path, const char *format, va_list arguments)
{
    char text[900];
    vsnprintf(text, sizeof text, format, arguments);
    char **more = realloc(*lines, (size_t)(*count + 1) * sizeof *more);
    if (more == NULL) return fail(ST_ENOMEM, "no memory for %d complaints", *count + 1);
    *lines = more;
    more[*count] = path != NULL ? base_format("'%s': %s", path, text) : base_format("%s", text);
    if (more[*count] == NULL) return ST_ENOMEM;
    ++*count;
    return ST_OK;
}

status_t prompts_complain(prompts_report_t *report, const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    status_t status = add_line(&report->line, &report->count, path, format, arguments);
    va_end(arguments);
    return status;
}

status_t prompts_note(prompts_report_t *report, const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    status_t status = add_line(&report->note, &report->note_count, path, format, arguments);
    va_end(arguments);
    return status;
}

void prompts_report_free(prompts_report_t *report)
{
    for (int i = 0; i < report->count; i++) free(report->line[i]);
    for (int i = 0; i < report->note_count; i++) free(report->note[i]);
    free(report->line);
    free(report->note);
    *report = (prompts_report_t){0};
}

void prompts_suggest(char out[96], const char *word, const char *const *names, int count)
{
    int best = -1, edits = -1;
    for (int i = 0; i < count; i++)
        if (base_meant(&edits, names[i], word)) best = i;
    out[0] = '\0';
    if (best >= 0) snprintf(out, 96, " (did you mean '%s'?)", names[best]);
}
