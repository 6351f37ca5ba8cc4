#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void suite_folder_path(char out[4096], const suite_plan_t *plan, int folder)
{
    const suite_listing_t *listing = &plan->listings[folder / SUITE_FOLDERS];
    switch (folder % SUITE_FOLDERS) {
    case SUITE_FOLDER_FEATURES:
        snprintf(out, 4096, "%s", listing->cache);
        break;
    case SUITE_FOLDER_PROMPTS:
        snprintf(out, 4096, "%s", listing->prompts);
        break;
    default:
        snprintf(out, 4096, "%s/tasks/%s/%s", plan->run_dir, listing->images.dataset, listing->images.category);
    }
}

status_t suite_folders_make(suite_folders_t *out, const suite_plan_t *plan, const items_t *items)
{
    size_t folders = SUITE_FOLDERS * (size_t)plan->listing_count, count = (size_t)items->count;
    *out = (suite_folders_t){.plan = plan, .items = items};
    out->there = calloc(count + 1, sizeof *out->there);
    out->claimed = calloc(count + 1, sizeof *out->claimed);
    out->round = calloc(folders + 1, sizeof *out->round);
    out->looked = calloc(folders + 1, sizeof *out->looked);
    if (out->there != NULL && out->claimed != NULL && out->round != NULL && out->looked != NULL) return ST_OK;
    suite_folders_free(out);
    return fail(ST_ENOMEM, "out of memory: %zu work items", count);
}

void suite_folders_free(suite_folders_t *folders)
{
    free(folders->there);
    free(folders->claimed);
    free(folders->round);
    free(folders->looked);
    *folders = (suite_folders_t){0};
}

status_t suite_folders_look(suite_folders_t *folders, int folder)
{
    static const char suffix[] = ".claim";
    const size_t ending = sizeof suffix - 1;
    char path[4096];
    io_names_t names;
    uint32_t round = ++folders->round[folder];
    suite_folder_path(path, folders->plan, folder);
    folders->looked[folder] = clock_seconds();
    status_t status = io_list_dir(&names, path);
    if (status == ST_ENOTFOUND) return ST_OK;
    if (status != ST_OK) return status;
    for (int i = 0; i < names.count; i++) {
        size_t length = strlen(names.name[i]);
        bool claim = length > ending && strcmp(names.name[i] + length - ending, suffix) == 0;
        int item = suite_items_find(folders->items, folder, names.name[i], claim ? length - ending : length);
        if (item >= 0) (claim ? folders->claimed : folders->there)[item] = round;
    }
    io_names_free(&names);
    return ST_OK;
}

bool suite_folders_has(const suite_folders_t *folders, int item)
{
    uint32_t round = folders->round[folders->items->items[item].folder];
    return round > 0 && folders->there[item] == round;
}

bool suite_folders_claimed(const suite_folders_t *folders, int item)
{
    uint32_t round = folders->round[folders->items->items[item].folder];
    return round > 0 && folders->claimed[item] == round;
}

status_t suite_folders_find_done(suite_folders_t *folders, items_t *items)
{
    for (int f = 0; f < SUITE_FOLDERS * folders->plan->listing_count; f++) TRY(suite_folders_look(folders, f));
    for (int i = 0; i < items->count; i++)
        if (suite_folders_has(folders, i)) items->items[i].state = ITEM_DONE;
    suite_items_mark_wanted(items);
    return ST_OK;
}

status_t suite_folders_tidy(const suite_folders_t *folders, int folder)
{
    char path[4096], file[4352];
    io_names_t names;
    suite_folder_path(path, folders->plan, folder);
    TRY(claim_tidy_folder(path));
    status_t status = io_list_dir(&names, path);
    if (status == ST_ENOTFOUND) return ST_OK;
    if (status != ST_OK) return status;
    for (int i = 0; i < names.count; i++) {
        char *ending = strrchr(names.name[i], '.');
        bool claim = ending != NULL && strcmp(ending, ".claim") == 0;
        if (!claim && (ending == NULL || strcmp(ending, ".checkpoint") != 0)) continue;
        int item = suite_items_find(folders->items, folder, names.name[i], (size_t)(ending - names.name[i]));
        if (item < 0 || !suite_folders_has(folders, item)) continue;
        snprintf(file, sizeof file, "%s/%s", path, names.name[i]);
        if (claim)
            claim_clear(file);
        else
            unlink(file);
    }
    io_names_free(&names);
    return ST_OK;
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

int suite_count_task_files(const suite_plan_t *plan)
{
    int count = 0;
    char path[4096];
    snprintf(path, sizeof path, "%s/tasks", plan->run_dir);
    count_below(&count, path, 2); /* <dataset>/<category>/ */
    return count;
}
