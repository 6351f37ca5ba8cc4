/* Lists of complaints. */
#include "prompts/prompts_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

status_t prompts_complain(prompts_report_t *report, const char *path, const char *format, ...)
{
    char text[900];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    char **line = realloc(report->line, (size_t)(report->count + 1) * sizeof *line);
    if (line == NULL) return fail(ST_ENOMEM, "no memory for %d complaints", report->count + 1);
    report->line = line;
    line[report->count] = path != NULL ? base_format("'%s': %s", path, text) : base_format("%s", text);
    if (line[report->count] == NULL) return ST_ENOMEM;
    report->count++;
    return ST_OK;
}

void prompts_report_free(prompts_report_t *report)
{
    for (int i = 0; i < report->count; i++) free(report->line[i]);
    free(report->line);
    *report = (prompts_report_t){0};
}

void prompts_suggest(char out[96], const char *word, const char *const *names, int count)
{
    int best = -1, least = (int)strlen(word) / 3 + 1;
    for (int i = 0; i < count; i++) {
        int distance = base_edit_distance(word, names[i]);
        if (distance <= least && (best < 0 || distance < least)) best = i, least = distance;
    }
    out[0] = '\0';
    if (best >= 0) snprintf(out, 96, " (did you mean '%s'?)", names[best]);
}
