#include "base/base.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 24
#define TERMINAL_PERIOD 0.2
#define LOG_PERIOD 60.0

void progress_begin(progress_t *progress, const char *title, double total)
{
    *progress = (progress_t){.total = total, .terminal = isatty(STDERR_FILENO) != 0};
    snprintf(progress->title, sizeof progress->title, "%s", title);
    progress->started = clock_seconds();
    /* The first line of a log comes after a minute, the first bar at once. */
    progress->last_shown = progress->terminal ? 0 : progress->started;
}

static void show(progress_t *progress, const char *detail)
{
    double now = clock_seconds();
    double share = progress->total > 0 ? progress->done / progress->total : 0;
    if (share > 1) share = 1;
    double elapsed = now - progress->started;
    char eta[16] = "?", spent[16];
    if (share > 0) clock_format(eta, elapsed / share - elapsed);
    clock_format(spent, elapsed);
    progress->last_shown = now;
    if (!progress->terminal) {
        log_info("%s: %.0f%% after %s, ETA %s %s", progress->title, 100 * share, spent, eta, detail);
        return;
    }
    char bar[BAR_WIDTH + 1];
    int filled = (int)(share * BAR_WIDTH);
    for (int i = 0; i < BAR_WIDTH; i++) bar[i] = i < filled ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r\033[K%s [%s] %3.0f%% ETA %s %s", progress->title, bar, 100 * share, eta, detail);
    fflush(stderr);
}

void progress_update(progress_t *progress, double done, const char *detail)
{
    progress->done = done;
    if (clock_seconds() - progress->last_shown >= (progress->terminal ? TERMINAL_PERIOD : LOG_PERIOD))
        show(progress, detail);
}

void progress_end(progress_t *progress)
{
    if (!progress->terminal) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}
