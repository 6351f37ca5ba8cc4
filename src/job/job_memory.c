/* Options that are sizes of memory. */
#include "job/job_internal.h"

#include <string.h>

static status_t parse_bytes(size_t *bytes, const char *key, const char *text, size_t least)
{
    static const struct {
        const char *unit;
        double bytes;
    } units[] = {{"", 1}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}};
    double number = 0;
    const char *unit = base_number(&number, text);
    while (unit != NULL && *unit == ' ') unit++;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (unit != NULL && strcmp(unit, units[i].unit) == 0 && number >= 0 && number < 1e9) {
            *bytes = (size_t)(number * units[i].bytes);
            if (*bytes == 0 || *bytes >= least) return ST_OK;
        }
    if (least > 0)
        return fail(ST_EFORMAT, "%s is '%s', expected a size of at least 66KB, as 200MB or 1GB, or 0 for no limit", key,
                    text);
    return fail(ST_EFORMAT, "%s is '%s', expected a size, as 200MB or 1GB, or 0 for none", key, text);
}

status_t job_metric_memory(size_t *bytes, const job_t *job)
{
    return parse_bytes(bytes, "metric_memory", job->metric_memory, 65536);
}

status_t job_feature_memory(size_t *bytes, const job_t *job)
{
    return parse_bytes(bytes, "feature_memory", job->feature_memory, 0);
}

/* Below the least a head computes nearly all layers twice; no head of a published category has use for more than the most. */
#define LEARN_LEAST_MB 128
#define LEARN_MOST_MB 8000

int job_learn_memory_share(int ranks)
{
    const double mb = 1e-6 * (double)base_memory() / ranks / 2;
    return mb < LEARN_LEAST_MB ? LEARN_LEAST_MB : mb > LEARN_MOST_MB ? LEARN_MOST_MB : (int)mb;
}

status_t job_learn_memory(size_t *bytes, const job_t *job)
{
    if (strcmp(job->learn_memory, "auto") == 0) return *bytes = job->learn_memory_auto, ST_OK;
    return parse_bytes(bytes, "learn_memory", job->learn_memory, 0);
}
