#include "base/base.h"

#include <math.h>
#include <stdio.h>
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
