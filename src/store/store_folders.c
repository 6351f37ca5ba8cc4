/* What stands on disk, by one listing a folder instead of a question a file. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

status_t store_folders_make(store_folders_t *out, const plan_t *plan, const plan_items_t *items)
{
    size_t folders = PLAN_FOLDERS * (size_t)plan->category_count, count = (size_t)items->count;
    *out = (store_folders_t){.plan = plan, .items = items};
    out->there = calloc(count + 1, sizeof *out->there);
    out->claimed = calloc(count + 1, sizeof *out->claimed);
    out->round = calloc(folders + 1, sizeof *out->round);
    out->looked = calloc(folders + 1, sizeof *out->looked);
    if (out->there != NULL && out->claimed != NULL && out->round != NULL && out->looked != NULL) return ST_OK;
    store_folders_free(out);
    return fail(ST_ENOMEM, "out of memory: %zu work items", count);
}

void store_folders_free(store_folders_t *folders)
{
    free(folders->there);
    free(folders->claimed);
    free(folders->round);
    free(folders->looked);
    *folders = (store_folders_t){0};
}

status_t store_folders_look(store_folders_t *folders, int folder)
{
    static const char suffix[] = ".claim";
    const size_t ending = sizeof suffix - 1;
    char path[4096];
    io_names_t names;
    uint32_t round = ++folders->round[folder];
    plan_folder_path(path, folders->plan, folder);
    folders->looked[folder] = clock_seconds();
    status_t status = io_list_dir(&names, path);
    if (status == ST_ENOTFOUND) return ST_OK;
    if (status != ST_OK) return status;
    for (int i = 0; i < names.count; i++) {
        size_t length = strlen(names.name[i]);
        bool claim = length > ending && strcmp(names.name[i] + length - ending, suffix) == 0;
        int item = plan_items_find(folders->items, folder, names.name[i], claim ? length - ending : length);
        if (item >= 0) (claim ? folders->claimed : folders->there)[item] = round;
    }
    io_names_free(&names);
    return ST_OK;
}

int64_t store_folders_change(const store_folders_t *folders, int folder)
{
    char path[4096];
    plan_folder_path(path, folders->plan, folder);
    return io_change(path);
}

bool store_folders_has(const store_folders_t *folders, int item)
{
    uint32_t round = folders->round[folders->items->items[item].folder];
    return round > 0 && folders->there[item] == round;
}

bool store_folders_claimed(const store_folders_t *folders, int item)
{
    uint32_t round = folders->round[folders->items->items[item].folder];
    return round > 0 && folders->claimed[item] == round;
}

status_t store_folders_find_done(store_folders_t *folders, plan_items_t *items)
{
    for (int f = 0; f < PLAN_FOLDERS * folders->plan->category_count; f++) TRY(store_folders_look(folders, f));
    for (int i = 0; i < items->count; i++)
        if (store_folders_has(folders, i)) items->items[i].state = PLAN_DONE;
    plan_items_mark_wanted(items);
    return ST_OK;
}

status_t store_items_make(plan_items_t *out, const plan_t *plan)
{
    status_t status;
    store_folders_t folders = {0};
    *out = (plan_items_t){0};
    TRY_DONE(plan_items_make(out, plan));
    TRY_DONE(store_folders_make(&folders, plan, out));
    TRY_DONE(store_folders_find_done(&folders, out));
done:
    store_folders_free(&folders);
    if (status != ST_OK) plan_items_free(out);
    return status;
}

/* Adds the task files of the folders `depth` levels below. */
static void count_below(int *count, const char *path, int depth)
{
    io_names_t names;
    if (io_list_dir(&names, path) != ST_OK) return;
    for (int i = 0; i < names.count; i++) {
        const char *ending = strrchr(names.name[i], '.');
        if (depth == 0) {
            *count += ending != NULL && strcmp(ending, ".h5") == 0;
            continue;
        }
        char *below = base_format("%s/%s", path, names.name[i]);
        if (below != NULL) count_below(count, below, depth - 1);
        free(below);
    }
    io_names_free(&names);
}

int store_count_task_files(const plan_t *plan)
{
    int count = 0;
    char path[4096];
    snprintf(path, sizeof path, "%s/tasks", plan->run_dir);
    count_below(&count, path, 2); /* <dataset>/<category>/ */
    return count;
}
