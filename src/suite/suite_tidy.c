/* What dead processes have left. */
#include "suite/suite_internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static status_t tidy_arrays(const plan_t *plan, int category)
{
    const int draws = plan_draws(plan);
    for (int draw = 0; draw == 0 || draw < draws; draw++) {
        method_ask_t ask;
        plan_ask_of_draw(&ask, plan, &plan->ask, draw);
        for (int a = 0; a < ask.count; a++) {
            char path[4096];
            if (draw > 0 && strcmp(ask.text[a], plan->ask.text[a]) == 0) continue; /* of no draw */
            plan_array_folder(path, plan, category, ask.text[a]);
            TRY(claim_tidy_folder(path));
        }
    }
    return ST_OK;
}

status_t suite_tidy_folder(const store_folders_t *folders, int folder)
{
    char path[4096], file[4352];
    io_names_t names;
    plan_folder_path(path, folders->plan, folder);
    TRY(claim_tidy_folder(path));
    const plan_t *plan = folders->plan;
    if (folder % PLAN_FOLDERS == PLAN_FOLDER_FEATURES) TRY(tidy_arrays(plan, folder / PLAN_FOLDERS));
    status_t status = io_list_dir(&names, path);
    if (status == ST_ENOTFOUND) return ST_OK;
    if (status != ST_OK) return status;
    for (int i = 0; i < names.count; i++) {
        char *ending = strrchr(names.name[i], '.');
        bool claim = ending != NULL && strcmp(ending, ".claim") == 0;
        if (!claim && (ending == NULL || strcmp(ending, ".checkpoint") != 0)) continue;
        int item = plan_items_find(folders->items, folder, names.name[i], (size_t)(ending - names.name[i]));
        if (item < 0 || !store_folders_has(folders, item)) continue;
        snprintf(file, sizeof file, "%s/%s", path, names.name[i]);
        if (claim)
            claim_clear(file);
        else
            unlink(file);
    }
    io_names_free(&names);
    return ST_OK;
}

status_t suite_tidy_run(const plan_t *plan)
{
    char path[4096];
    const char *output = plan->points[0].output;
    TRY(claim_tidy_folder(plan->run_dir));
    snprintf(path, sizeof path, "%s/failed", plan->run_dir);
    TRY(claim_tidy_folder(path));
    snprintf(path, sizeof path, "%s/cache", output);
    TRY(claim_tidy_folder(path));
    for (int c = 0; c < plan->category_count; c++) {
        const data_category_t *images = &plan->categories[c].images;
        snprintf(path, sizeof path, "%s/cache/looked/%s/%s", output, images->dataset, images->category);
        TRY(claim_tidy_folder(path));
        snprintf(path, sizeof path, "%s/heads/%s/%s", plan->run_dir, images->dataset, images->category);
        TRY(claim_tidy_folder(path));
    }
    return ST_OK;
}
