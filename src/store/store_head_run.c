/* Learned heads in the folder of a run: one file an id, shared with the cache and by all tasks that name it. */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

static char *run_path(const plan_t *plan, const plan_item_t *item)
{
    const data_category_t *images = &plan->categories[item->category_index].images;
    return base_format("%s/heads/%s/%s/%s.h5", plan->run_dir, images->dataset, images->category, item->id);
}

static status_t make_folder(const char *path)
{
    char *folder = base_format("%.*s", (int)(strrchr(path, '/') - path), path);
    status_t status = folder == NULL ? ST_ENOMEM : io_is_dir(folder) ? ST_OK : io_make_dirs(folder);
    free(folder);
    return status;
}

status_t store_head_open(io_h5_t **out, const plan_t *plan, const plan_item_t *item)
{
    char *path = io_exists(item->path) ? NULL : run_path(plan, item);
    status_t status = path != NULL && io_exists(path) ? store_open(out, path, item->id) : store_item_open(out, item);
    free(path);
    return status;
}

static status_t verify(const plan_t *plan, const plan_item_t *item, const char *path)
{
    io_h5_t *file;
    status_t status = store_open(&file, path, item->id);
    if (status == ST_OK) status = store_item_fits(file, plan, item, NULL);
    io_h5_close(file);
    return status;
}

static status_t is_whole(bool *whole, const plan_t *plan, const plan_item_t *item, const char *path)
{
    status_t status = verify(plan, item, path);
    *whole = status == ST_OK;
    return status == ST_ENOMEM ? status : ST_OK;
}

status_t store_head_verify(const plan_t *plan, const plan_item_t *item)
{
    char *path = run_path(plan, item);
    status_t status = path != NULL ? verify(plan, item, path) : ST_ENOMEM;
    free(path);
    return status;
}

status_t store_head_keep(const plan_t *plan, const plan_item_t *item)
{
    char *path = run_path(plan, item);
    if (path == NULL) return ST_ENOMEM;
    status_t status = ST_OK;
    bool whole = false;
    if (io_same_file(path, item->path)) goto done;
    if (io_exists(path))
        TRY_DONE(is_whole(&whole, plan, item, path)); /* a copy, or of a cache that was deleted since */
    if (whole) goto done;
    TRY_DONE(make_folder(path));
    TRY_DONE(io_link_file(path, item->path, true));
done:
    free(path);
    return status;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A damaged one gives way to the cache's; without that, what tasks name is gone, and their numbers stay. */
static status_t mend(const plan_t *plan, const plan_item_t *item, const char *path)
{
    bool whole;
    TRY(is_whole(&whole, plan, item, path));
    if (whole) return ST_OK;
    log_warn("%s", fail_message());
    TRY(is_whole(&whole, plan, item, item->path));
    if (whole) return io_link_file(path, item->path, true);
    log_warn("'%s': the cache does not have it either (hint: fgad run --fresh learns it again)", path);
    return ST_OK;
}

status_t store_heads_restore(const plan_t *plan, const plan_items_t *items, int category, bool verify)
{
    const data_category_t *images = &plan->categories[category].images;
    const int folder = PLAN_FOLDERS * category + PLAN_FOLDER_PROMPTS;
    char kept[4096], cache[4096];
    io_names_t run = {0}, there = {0};
    snprintf(kept, sizeof kept, "%s/heads/%s/%s", plan->run_dir, images->dataset, images->category);
    plan_folder_path(cache, plan, folder);
    status_t status = io_list_dir(&run, kept);
    if (status == ST_OK) status = io_list_dir(&there, cache);
    if (status == ST_ENOTFOUND) status = ST_OK;
    for (int n = 0; n < run.count && status == ST_OK; n++) {
        const int i = plan_items_find(items, folder, run.name[n], strlen(run.name[n]));
        const bool lost =
            there.count == 0 || bsearch(&run.name[n], there.name, (size_t)there.count, sizeof(char *), by_text) == NULL;
        bool whole = false;
        char path[4400];
        snprintf(path, sizeof path, "%s/%s", kept, run.name[n]);
        if (i >= 0 && verify && !lost) status = mend(plan, &items->items[i], path);
        if (i < 0 || !lost || status != ST_OK) continue;
        status = is_whole(&whole, plan, &items->items[i], path);
        if (status == ST_OK && whole) status = make_folder(items->items[i].path);
        if (status == ST_OK && whole) status = io_link_file(items->items[i].path, path, false);
    }
    io_names_free(&run);
    io_names_free(&there);
    return status;
}

status_t store_head_of_task(char **path, io_h5_t *task, const char *task_path, const char *head)
{
    char name[32], *id;
    int cut[4], at = (int)strlen(task_path); /* places of the last slashes: <run>/tasks/<dataset>/<category>/<file> */
    *path = NULL;
    snprintf(name, sizeof name, "prompts/%s", head);
    if (io_h5_has(task, name)) return (*path = base_format("%s", task_path)) != NULL ? ST_OK : ST_ENOMEM;
    TRY(io_h5_get_text(&id, task, "heads", head));
    for (int i = 0; i < 4; i++) {
        while (at > 0 && task_path[at] != '/') at--;
        cut[i] = at--;
    }
    if (cut[3] > 0 && strspn(id, "0123456789abcdef") == PLAN_ID_SIZE - 1 && id[PLAN_ID_SIZE - 1] == '\0')
        *path = base_format("%.*s/heads%.*s/%s.h5", cut[3], task_path, cut[0] - cut[2], task_path + cut[2], id);
    free(id);
    return *path != NULL ? ST_OK : fail(ST_EFORMAT, "'%s': the group heads does not name a file of a run", task_path);
}
