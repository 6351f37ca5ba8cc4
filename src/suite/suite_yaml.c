/* run.yaml: the resolved job, as it could be run again, and where it came from. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>

static void write_row(FILE *out, const suite_job_t *job, const io_option_t *row, const char **mapping)
{
    const char *dot = strchr(row->name, '.');
    char *value = io_options_text(job, row);
    if (dot == NULL) {
        *mapping = NULL;
    } else {
        size_t length = (size_t)(dot - row->name);
        if (*mapping == NULL || strncmp(*mapping, row->name, length + 1) != 0)
            fprintf(out, "%.*s:\n", (int)length, row->name);
        *mapping = row->name;
    }
    fprintf(out, "%s%s: %s\n", dot != NULL ? "  " : "", dot != NULL ? dot + 1 : row->name,
            value != NULL && value[0] != '\0' ? value : "\"\"");
    free(value);
}

/* Keys that this job gives a value but that nothing in it reads. */
static void write_unused(FILE *out, const suite_job_t *job)
{
    bool pad = suite_job_has(&job->branches, "pad");
    for (const io_option_t *row = suite_job_options; row->name != NULL; row++) {
        bool unused = !pad && (row->tag == SUITE_STAGE_PROMPTS || row->tag == SUITE_STAGE_REGIONS);
        unused = unused || (pad && !job->learn && row->tag == SUITE_STAGE_REGIONS);
        unused = unused || (!suite_job_has(&job->dataset, "realiad") &&
                            (strcmp(row->name, "views") == 0 || strcmp(row->name, "tree") == 0));
        if (unused) fprintf(out, "#   %s\n", row->name);
    }
}

status_t suite_run_yaml_write(const suite_plan_t *plan, const suite_worker_t *worker)
{
    char *text = NULL, path[4096], now[32];
    size_t size = 0;
    const char *mapping = NULL;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    clock_iso8601(now);
    fprintf(out, "# The resolved job of this run; `fgad run` on this file does it again.\n");
    fprintf(out, "# fgad %s, %d rank%s, %s, finished %s\n# model digest %s\n", suite_code_version(), worker->size,
            worker->size == 1 ? "" : "s", clip_backend(), now, plan->model_digest);
    for (const io_option_t *row = suite_job_options; row->name != NULL; row++)
        write_row(out, &plan->points[0], row, &mapping);
    fprintf(out, "# Keys that this job did not use:\n");
    write_unused(out, &plan->points[0]);
    fclose(out);
    snprintf(path, sizeof path, "%s/run.yaml", plan->run_dir);
    status_t status = io_write_file(path, text, size);
    free(text);
    return status;
}
