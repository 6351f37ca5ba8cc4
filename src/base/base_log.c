#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The only globals of the project: how loud, and which rank speaks. */
static log_level_t log_threshold = LOG_INFO;
static int log_rank = 0;
static int log_size = 1;

void log_init(log_level_t level, int rank, int size)
{
    log_threshold = level;
    log_rank = rank;
    log_size = size;
}

void log_line(log_level_t level, const char *format, ...)
{
    static const char *const names[] = {"error", "warning", "", "debug"};
    if (level > log_threshold) return;
    /* One fprintf a line, so that lines of several ranks do not tear. */
    char given[2048], text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(given, sizeof given, format, args);
    va_end(args);
    base_visible(text, sizeof text, given);
    char who[32] = "fgad";
    if (log_size > 1) snprintf(who, sizeof who, "fgad[%d]", log_rank);
    /* A progress bar may stand where the line begins. */
    const char *clear = isatty(STDERR_FILENO) ? "\r\033[K" : "";
    fprintf(stderr, "%s%s: %s%s%s\n", clear, who, names[level], level == LOG_INFO ? "" : ": ", text);
}

void base_require_failed(const char *condition, const char *file, int line)
{
    log_line(LOG_ERROR, "%s:%d: a promise between functions was broken: %s", file, line, condition);
    abort();
}
