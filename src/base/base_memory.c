#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The number in a file, or `most` where there is none or a larger one ("max", version 1's 2^63). */
static size_t read_limit(const char *path, size_t most)
{
    FILE *file = fopen(path, "r");
    unsigned long long value;
    if (file == NULL) return most;
    if (fscanf(file, "%llu", &value) == 1 && value > 0 && value < most) most = (size_t)value;
    fclose(file);
    return most;
}

/* The limits of this process's control group and of those above it. */
static size_t read_groups(size_t most)
{
    char line[2048], path[4096];
    FILE *file = fopen("/proc/self/cgroup", "r");
    if (file == NULL) return most;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        /* "0::/a/b" of version 2, "5:memory:/a/b" of version 1. */
        char *name = strchr(line, ':');
        char *group = name != NULL ? strchr(name + 1, ':') : NULL;
        if (group == NULL) continue;
        *group++ = '\0';
        const bool second = name[1] == '\0';
        if (!second && strcmp(name + 1, "memory") != 0) continue;
        for (;;) {
            snprintf(path, sizeof path,
                     second ? "/sys/fs/cgroup%s/memory.max" : "/sys/fs/cgroup/memory%s/memory.limit_in_bytes",
                     strcmp(group, "/") == 0 ? "" : group);
            most = read_limit(path, most);
            char *slash = strrchr(group, '/');
            if (slash == NULL) break;
            *slash = '\0';
        }
    }
    fclose(file);
    return most;
}

size_t base_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    struct rlimit space;
    size_t most = pages > 0 && size > 0 ? (size_t)pages * (size_t)size : 0;
    most = read_groups(most);
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY && space.rlim_cur < most)
        most = (size_t)space.rlim_cur;
    return most;
}
