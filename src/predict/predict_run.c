/* A finished run opened again to compute: its plan by its record, the tasks that are meant, what they have learned. */
#include "predict/predict_internal.h"

#include <stdlib.h>
#include <string.h>

static status_t take_items(predict_run_t *run)
{
    run->worker = (work_worker_t){.plan = &run->plan, .size = 1, .cache = {.category_index = -1}};
    return plan_items_make(&run->items, &run->plan);
}

status_t predict_run_open(predict_run_t *run, const char *dir)
{
    char path[4096];
    *run = (predict_run_t){.dir = dir};
    snprintf(path, sizeof path, "%s/run.yaml", dir);
    if (!io_exists(path)) return fail(ST_ENOTFOUND, "'%s' does not exist (expected the folder of a run)", path);
    snprintf(path, sizeof path, "%s/index.h5", dir);
    if (!io_exists(path)) {
        snprintf(path, sizeof path, "%s/results.h5", dir);
        return fail(ST_EFORMAT, "'%s' is %s, which has learned nothing (expected the folder of a run)", dir,
                    io_exists(path) ? "a set of results" : "a run that has not begun");
    }
    TRY(store_run_open_recorded(&run->plan, method_table, dir));
    return take_items(run);
}

static void forget(predict_run_t *run)
{
    work_worker_close(&run->worker);
    plan_items_free(&run->items);
    plan_free(&run->plan);
}

void predict_run_close(predict_run_t *run)
{
    forget(run);
    *run = (predict_run_t){0};
}

/* ---- Tasks ---- */

status_t predict_run_select(int **tasks, int *count, const predict_run_t *run, const store_select_t *select)
{
    const plan_t *plan = &run->plan;
    *count = 0;
    *tasks = base_alloc((size_t)plan->task_count + 1, sizeof **tasks);
    if (*tasks == NULL) return ST_ENOMEM;
    for (int t = 0; t < plan->task_count; t++) {
        const plan_task_t *task = &plan->tasks[t];
        const store_row_t row = {.dataset = task->dataset,
                                 .category = task->category,
                                 .point = plan->point_text[task->point],
                                 .shots = task->shots,
                                 .seed = (int64_t)task->seed};
        if (store_row_selected(&row, select)) (*tasks)[(*count)++] = t;
    }
    if (*count > 0) return ST_OK;
    free(*tasks);
    *tasks = NULL;
    return fail(ST_ENOTFOUND, "no task of '%s' is selected (fgad report %s shows what there is)", run->dir,
                base_shell_word(run->dir));
}

/* What a task differs by from others, as options name it. */
static void task_value(char *out, size_t size, const plan_t *plan, const plan_task_t *task, int key)
{
    if (key == 0) snprintf(out, size, "%s", task->dataset);
    if (key == 1) snprintf(out, size, "%s", task->category);
    if (key == 2) snprintf(out, size, "%d", task->shots);
    if (key == 3) snprintf(out, size, "%llu", (unsigned long long)task->seed);
    if (key == 4) snprintf(out, size, "%s", task->point < 0 ? "" : plan->point_text[task->point]);
}

/* " --shots (1, 2, 4)" for each key that has several values. */
static void tell_choice(FILE *out, const predict_run_t *run, const int *tasks, int count)
{
    static const char *const keys[] = {"--dataset", "--category", "--shots", "--seed", "--point"};
    const plan_t *plan = &run->plan;
    for (int key = 0; key < 5; key++) {
        char value[512], other[512];
        int values = 0, shown = 0;
        for (int pass = 0; pass < 2; pass++)
            for (int i = 0; i < count; i++) {
                bool known = false;
                task_value(value, sizeof value, plan, &plan->tasks[tasks[i]], key);
                for (int j = 0; j < i && !known; j++) {
                    task_value(other, sizeof other, plan, &plan->tasks[tasks[j]], key);
                    known = strcmp(value, other) == 0;
                }
                if (known) continue;
                if (pass == 0) {
                    values++;
                } else if (values > 1 && shown < 6) {
                    fprintf(out, shown == 0 ? " %s (" : ", ", keys[key]);
                    fputs(shown == 5 && values > 6 ? "..." : value, out);
                    shown++;
                }
            }
        if (shown > 0) fputc(')', out);
    }
}

status_t predict_run_task(int *task, const predict_run_t *run, const store_select_t *select)
{
    int *tasks, count;
    TRY(predict_run_select(&tasks, &count, run, select));
    *task = tasks[0];
    status_t status = ST_OK;
    if (count > 1) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        if (out != NULL) tell_choice(out, run, tasks, count);
        status = out != NULL && fclose(out) == 0
                     ? fail(ST_EFORMAT, "'%s' has %d such tasks: say which by%s", run->dir, count, text)
                     : fail(ST_ENOMEM, "out of memory");
        free(text);
    }
    free(tasks);
    return status;
}

int predict_run_find(const predict_run_t *run, const char *id)
{
    int t = 0;
    while (t < run->plan.task_count && strcmp(run->plan.tasks[t].id, id) != 0) t++;
    REQUIRE(t < run->plan.task_count);
    return t;
}

/* ---- What a task has learned ---- */

static const plan_item_t *find_item(const predict_run_t *run, int task)
{
    for (int i = 0; i < run->items.count; i++) {
        const plan_item_t *item = &run->items.items[i];
        /* By its id: points that come to the same have one file. */
        if (item->kind == PLAN_EVALUATE && strcmp(item->id, run->plan.tasks[task].id) == 0) return item;
    }
    return NULL;
}

/* Of the same id in a plan made of the images, which has to find them unchanged. */
static status_t look_at_images(predict_run_t *run, int *task)
{
    char id[PLAN_ID_SIZE], *name = base_format("%s", run->plan.tasks[*task].category);
    if (name == NULL) return ST_ENOMEM;
    memcpy(id, run->plan.tasks[*task].id, sizeof id);
    forget(run);
    status_t status = plan_open(&run->plan, method_table, run->dir);
    if (status != ST_OK) fail_context(status, "the cache has lost features of the shots of '%s'", name);
    if (status == ST_OK) status = take_items(run);
    *task = -1;
    for (int t = 0; status == ST_OK && t < run->plan.task_count; t++)
        if (strcmp(run->plan.tasks[t].id, id) == 0) *task = t;
    if (status == ST_OK && *task < 0)
        status =
            fail(ST_EFORMAT,
                 "the images of '%s' are other ones than '%s' has learned from, and the cache has lost its features "
                 "(hint: fgad run %s/run.yaml)",
                 name, run->dir, base_shell_word(run->dir));
    free(name);
    return status;
}

static status_t encode_shots(predict_run_t *run, int task)
{
    const plan_item_t *item = find_item(run, task);
    REQUIRE(item != NULL);
    for (int n = 0; n < item->need_count; n++) {
        const plan_item_t *need = &run->items.items[item->needs[n]];
        bool whole = true;
        if (need->kind != PLAN_SUPPORT) continue;
        TRY(store_item_check(&whole, &run->plan, need));
        if (whole) continue;
        char folder[4096];
        plan_folder_path(folder, &run->plan, need->folder);
        TRY(io_make_dirs(folder));
        TRY(work_encode(&run->worker, need));
    }
    return ST_OK;
}

static bool has_shots(const predict_run_t *run, const plan_item_t *item)
{
    bool all = true;
    for (int n = 0; n < item->need_count && all; n++) {
        const plan_item_t *need = &run->items.items[item->needs[n]];
        method_ask_t missing;
        if (need->kind != PLAN_SUPPORT) continue;
        store_features_missing(&missing, &run->plan, need);
        all = io_exists(need->path) && missing.count == 0;
    }
    return all;
}

status_t predict_run_predictor(work_predictor_t **out, predict_run_t *run, int *task)
{
    const plan_item_t *item = find_item(run, *task);
    REQUIRE(item != NULL);
    if (!has_shots(run, item)) {
        TRY(look_at_images(run, task));
        TRY(encode_shots(run, *task));
        item = find_item(run, *task);
    }
    TRY(store_heads_restore(&run->plan, &run->items, run->plan.tasks[*task].category_index, false));
    status_t status = work_predictor_open(out, &run->worker, &run->items, item);
    if (status == ST_ENOTFOUND)
        fail_context(status, "'%s' has lost what it learned (hint: fgad run %s/run.yaml)", run->dir,
                     base_shell_word(run->dir));
    return status;
}
