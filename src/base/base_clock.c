#include "base/base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void clock_iso8601(char out[32])
{
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

void clock_format(char out[16], double seconds)
{
    if (isnan(seconds)) {
        snprintf(out, 16, "?");
        return;
    }
    long whole = seconds < 0 ? 0 : seconds > 3.6e12 ? 3600000000000 : (long)(seconds + 0.5);
    if (seconds < 59.95)
        snprintf(out, 16, "%.1fs", seconds < 0 ? 0.0 : seconds);
    else if (whole < 3600)
        snprintf(out, 16, "%ldm%02lds", whole / 60, whole % 60);
    else if (whole < 1000 * 3600L)
        snprintf(out, 16, "%ldh%02ldm", whole / 3600, whole % 3600 / 60);
    else
        snprintf(out, 16, "%ldh", whole / 3600);
}

static int minimum(int a, int b)
{
    return a < b ? a : b;
}

int base_edit_distance(const char *a, const char *b)
{
    enum { LIMIT = 63 }; /* option and category names are shorter; the rest of a longer word is not looked at */
    int m = minimum((int)strlen(a), LIMIT), n = minimum((int)strlen(b), LIMIT);
    int rows[3][LIMIT + 1];
    for (int j = 0; j <= n; j++) rows[0][j] = j;
    for (int i = 1; i <= m; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int replace = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = minimum(replace, 1 + minimum(above[j], row[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = minimum(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[m % 3][n];
}
