/* Failure records. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *store_failure_path(const plan_t *plan, const plan_item_t *item)
{
    const data_category_t *images = &plan->categories[item->category_index].images;
    return base_format("%s/failed/%s-%s-%s-%s.txt", plan->run_dir, images->dataset, images->category, item->name,
                       item->id);
}

/* Line 1: the run that failed and the attempts so far; line 2: the reason. */
bool store_failure_read(store_failure_t *out, const plan_t *plan, const plan_item_t *item)
{
    *out = (store_failure_t){0};
    char *path = store_failure_path(plan, item);
    FILE *file = path != NULL ? io_open_lines(path) : NULL;
    free(path);
    if (file == NULL) return false;
    bool ok = fscanf(file, "%63s %d%*[\n]", out->run, &out->attempts) == 2 &&
              fgets(out->reason, sizeof out->reason, file) != NULL;
    fclose(file);
    out->reason[strcspn(out->reason, "\n")] = '\0';
    return ok;
}

void store_failure_record(const plan_t *plan, const char *run, const plan_item_t *item, const char *reason, bool counts)
{
    store_failure_t failure;
    char *path = store_failure_path(plan, item);
    if (path == NULL) return;
    store_failure_read(&failure, plan, item);
    char *text = base_format("%s %d\n%s\n", run, failure.attempts + counts, reason);
    if (text == NULL || io_write_file(path, text, strlen(text)) != ST_OK)
        log_warn("the failure could not be recorded: %s", fail_message());
    free(text);
    free(path);
}

void store_failure_forget(const plan_t *plan, const plan_item_t *item)
{
    char *path = store_failure_path(plan, item);
    if (path != NULL) unlink(path);
    free(path);
}
