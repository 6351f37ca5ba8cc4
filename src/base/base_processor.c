/* What rates and forecasts are keyed by: the kind of processor, and a clock that runs only while a thread has a core. */
#include "base/base.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

void base_processor(char out[BASE_PROCESSOR_SIZE])
{
    char line[512];
    struct utsname name;
    snprintf(out, BASE_PROCESSOR_SIZE, "%s", uname(&name) == 0 ? name.machine : "unknown");
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *value = strchr(line, ':');
        if (value == NULL || strncmp(line, "model name", 10) != 0) continue;
        value += 1 + strspn(value + 1, " \t");
        snprintf(out, BASE_PROCESSOR_SIZE, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    if (file != NULL) fclose(file);
    /* One word, for files of words. */
    for (char *c = out; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~') *c = '_';
}

double clock_own_seconds(void)
{
    unsigned long long run = 0, waited = 0;
    double now = clock_seconds();
    /* "nanoseconds on a core, nanoseconds waiting for one, ..." of this thread; not every kernel tells. */
    FILE *file = fopen("/proc/thread-self/schedstat", "r");
    if (file == NULL) return now;
    if (fscanf(file, "%llu %llu", &run, &waited) != 2) waited = 0;
    fclose(file);
    return now - 1e-9 * (double)waited;
}
