/* run.yaml: the resolved job, as it could be run again from any folder, and where it came from. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder that relative paths begin at, in front of `path`, unless it is absolute (heap). */
static char *absolute(const char *path)
{
    char here[4096];
    if (path[0] == '/' || getcwd(here, sizeof here) == NULL) return base_format("%s", path);
    return base_format("%s/%s", here, path);
}

/* The job's rows, with paths that hold from everywhere (heap). */
static char *job_text(const suite_job_t *job)
{
    suite_job_t copy = *job; /* its paths are set anew below; all else is only read */
    char *text = NULL;
    bool list = strcmp(job->fewshot, "nested") != 0 && strcmp(job->fewshot, "draw") != 0 &&
                strcmp(job->fewshot, "published") != 0;
    copy.output = absolute(job->output);
    copy.data_root = absolute(job->data_root);
    copy.assets = absolute(job->assets);
    copy.model = absolute(job->model);
    copy.fewshot = list ? absolute(job->fewshot) : base_format("%s", job->fewshot);
    copy.roots.value = calloc((size_t)job->roots.count + 1, sizeof *copy.roots.value);
    bool ok = copy.output != NULL && copy.data_root != NULL && copy.assets != NULL && copy.model != NULL &&
              copy.fewshot != NULL && copy.roots.value != NULL;
    for (int i = 0; i < job->roots.count && ok; i++) ok = (copy.roots.value[i] = absolute(job->roots.value[i])) != NULL;
    if (ok) text = io_options_yaml(&copy, suite_job_options);
    for (int i = 0; i < job->roots.count && copy.roots.value != NULL; i++) free(copy.roots.value[i]);
    free(copy.roots.value);
    free(copy.output);
    free(copy.data_root);
    free(copy.assets);
    free(copy.model);
    free(copy.fewshot);
    return text;
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

status_t suite_run_yaml_write(const suite_plan_t *plan, const suite_worker_t *worker, bool finished)
{
    char *text = NULL, path[4096], now[32];
    size_t size = 0;
    char *rows = job_text(&plan->points[0]);
    FILE *out = rows != NULL ? open_memstream(&text, &size) : NULL;
    if (out == NULL) {
        free(rows);
        return fail(ST_ENOMEM, "out of memory");
    }
    clock_iso8601(now);
    fprintf(out, "# The resolved job of this run; `fgad run` on this file does it again.\n");
    fprintf(out, "# fgad %s, %d rank%s, %s, %s %s\n# model digest %s\n", suite_code_version(), worker->size,
            worker->size == 1 ? "" : "s", clip_backend(), finished ? "finished" : "started", now, plan->model_digest);
    fputs(rows, out);
    free(rows);
    fprintf(out, "# Keys that this job did not use:\n");
    write_unused(out, &plan->points[0]);
    fclose(out);
    snprintf(path, sizeof path, "%s/run.yaml", plan->run_dir);
    status_t status = io_write_file(path, text, size);
    free(text);
    return status;
}
