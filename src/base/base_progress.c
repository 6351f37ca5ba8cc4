#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 24
#define TERMINAL_PERIOD 0.2
#define LOG_PERIOD 60.0

/* Under mpirun standard error is a pipe; the script that began it tells what is at the other end. */
static bool at_terminal(void)
{
    const char *told = getenv("FGAD_PROGRESS");
    return isatty(STDERR_FILENO) != 0 || (told != NULL && strcmp(told, "bar") == 0);
}

void progress_begin(progress_t *progress, const char *title, double total)
{
    *progress = (progress_t){.total = total, .terminal = at_terminal()};
    snprintf(progress->title, sizeof progress->title, "%s", title);
    progress->started = clock_seconds();
    /* The first line of a log comes after a minute, the first bar at once. */
    progress->last_shown = progress->terminal ? 0 : progress->started;
}

/* A line that wraps could not be overwritten: it ends at the terminal's edge, between two characters. */
static void cut(char *line)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) {
        if (isatty(STDERR_FILENO)) return;
        size.ws_col = 79; /* of a terminal behind a pipe nothing is known */
    }
    size_t length = 0;
    int columns = 0;
    for (; line[length] != '\0'; length++) {
        if (((unsigned char)line[length] & 0xC0) == 0x80) continue; /* goes on with a UTF-8 character */
        if (++columns == size.ws_col) break;
    }
    line[length] = '\0';
}

bool progress_due(const progress_t *progress)
{
    return clock_seconds() - progress->last_shown >= (progress->terminal ? TERMINAL_PERIOD : LOG_PERIOD);
}

void progress_show(progress_t *progress, double share, double left, const char *detail)
{
    double now = clock_seconds();
    char eta[16] = "?", spent[16], line[1024];
    if (left >= 0) clock_format(eta, left);
    progress->last_shown = now;
    if (!progress->terminal) {
        clock_format(spent, now - progress->started);
        log_info("%s: %.0f%% after %s, ETA %s%s%s", progress->title, 100 * share, spent, eta,
                 detail[0] != '\0' ? ", " : "", detail);
        return;
    }
    char bar[BAR_WIDTH + 1];
    int filled = (int)(share * BAR_WIDTH);
    for (int i = 0; i < BAR_WIDTH; i++) bar[i] = i < filled ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    snprintf(line, sizeof line, "%s [%s] %3.0f%% ETA %s %s", progress->title, bar, 100 * share, eta, detail);
    cut(line);
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
}

void progress_update(progress_t *progress, double done, const char *detail)
{
    if (!progress_due(progress)) return;
    double share = progress->total > 0 ? done / progress->total : 0, elapsed = clock_seconds() - progress->started;
    if (share > 1) share = 1;
    progress_show(progress, share, share > 0 ? elapsed / share - elapsed : -1, detail);
}

void progress_end(progress_t *progress)
{
    if (!progress->terminal) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}
