#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *suite_failure_path(const suite_plan_t *plan, const item_t *item)
{
    const data_category_t *images = &plan->listings[item->listing].images;
    return base_format("%s/failed/%s-%s-%s-%s.txt", plan->run_dir, images->dataset, images->category, item->name,
                       item->id);
}

/* Line 1: the run that failed and the attempts so far; line 2: the reason. */
bool suite_failure_read(suite_failure_t *out, const suite_plan_t *plan, const item_t *item)
{
    *out = (suite_failure_t){0};
    char *path = suite_failure_path(plan, item);
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    free(path);
    if (file == NULL) return false;
    bool ok = fscanf(file, "%63s %d%*[\n]", out->run, &out->attempts) == 2 &&
              fgets(out->reason, sizeof out->reason, file) != NULL;
    fclose(file);
    out->reason[strcspn(out->reason, "\n")] = '\0';
    return ok;
}

void suite_failure_record(const suite_worker_t *worker, const item_t *item, const char *reason, bool counts)
{
    suite_failure_t failure;
    char *path = suite_failure_path(worker->plan, item);
    if (path == NULL) return;
    suite_failure_read(&failure, worker->plan, item);
    char *text = base_format("%s %d\n%s\n", worker->run_id, failure.attempts + counts, reason);
    if (text == NULL || io_write_file(path, text, strlen(text)) != ST_OK)
        log_warn("the failure could not be recorded: %s", fail_message());
    free(text);
    free(path);
}

void suite_failure_forget(const suite_worker_t *worker, const item_t *item)
{
    char *path = suite_failure_path(worker->plan, item);
    if (path != NULL) unlink(path);
    free(path);
}
