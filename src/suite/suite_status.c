/* What a run is doing, told from its folder alone: files that are there, claims with a living holder, failure records. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FEW = 12 }; /* lines of a list that is not shown whole */

typedef struct {
    FILE *out;
    const plan_t *plan;
    plan_items_t items;
    store_folders_t folders;
    io_names_t failures; /* file names below <run>/failed, sorted */
    bool *running;       /* (items) */
    int *blame;          /* (items) the item whose failure stops this one; -1: none */
    suite_status_t *status;
    double *left; /* (items) as plan_estimate takes it */
    int workers;  /* processes at work */
    bool all;
    bool retried; /* a failed item has attempts left */
} view_t;

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_failed(const view_t *view, int i)
{
    if (view->failures.count == 0) return false;
    bool found = false;
    char *path = store_failure_path(view->plan, &view->items.items[i]);
    const char *name = path != NULL ? strrchr(path, '/') + 1 : NULL;
    if (name != NULL)
        found = bsearch(&name, view->failures.name, (size_t)view->failures.count, sizeof(char *), by_text) != NULL;
    free(path);
    return found;
}

/* Claims and failures of what is not done. */
static status_t look(view_t *view)
{
    char path[4200];
    const plan_items_t *items = &view->items;
    snprintf(path, sizeof path, "%s/failed", view->plan->run_dir);
    status_t status = io_list_dir(&view->failures, path);
    if (status != ST_OK && status != ST_ENOTFOUND) return status;
    view->running = calloc((size_t)items->count + 1, sizeof *view->running);
    view->blame = base_alloc((size_t)items->count + 1, sizeof *view->blame);
    view->left = base_alloc((size_t)items->count + 1, sizeof *view->left);
    if (view->running == NULL || view->blame == NULL || view->left == NULL) return fail(ST_ENOMEM, "out of memory");
    for (int kind = 0; kind < PLAN_KINDS; kind++) /* needs before their users */
        for (int i = 0; i < items->count; i++) {
            const plan_item_t *item = &items->items[i];
            if ((int)item->kind != kind) continue;
            view->blame[i] = -1;
            view->left[i] = PLAN_NOT_BEGUN;
            if (!item->wanted) continue;
            if (store_folders_claimed(&view->folders, i)) {
                claim_holder_t claim;
                snprintf(path, sizeof path, "%s.claim", item->path);
                view->running[i] = claim_read(&claim, path) && claim.alive;
                if (view->running[i]) view->left[i] = plan_left(item->cost, (double)(time(NULL) - (time_t)claim.since));
            }
            if (has_failed(view, i)) view->blame[i] = i;
            for (int n = 0; n < item->need_count && view->blame[i] < 0; n++)
                if (items->items[item->needs[n]].wanted) view->blame[i] = view->blame[item->needs[n]];
            if (view->running[i]) view->blame[i] = -1; /* it is being tried again */
            view->status->running += view->running[i];
            if (view->blame[i] >= 0) view->left[i] = PLAN_NEVER;
        }
    return ST_OK;
}

enum { NEEDED, DONE, RUNNING, FAILED, COLUMNS };

/* By kind; and the tasks' sums into the status. */
static void count_items(int count[PLAN_KINDS][COLUMNS], const view_t *view)
{
    suite_status_t *status = view->status;
    for (int i = 0; i < view->items.count; i++) {
        const plan_item_t *item = &view->items.items[i];
        bool done = item->state == PLAN_DONE, failed = view->blame[i] >= 0;
        int *row = count[item->kind];
        row[NEEDED] += done || item->wanted;
        row[DONE] += done;
        row[RUNNING] += view->running[i];
        row[FAILED] += failed;
        if (item->kind == PLAN_EVALUATE) *(done ? &status->done : failed ? &status->failed : &status->left) += 1;
    }
}

static void print_counts(const view_t *view)
{
    int count[PLAN_KINDS][COLUMNS] = {{0}};
    const suite_status_t *status = view->status;
    count_items(count, view);
    const int tasks = status->done + status->failed + status->left; /* points that come to the same are one */
    fprintf(view->out, "%d task%s: %d done, %d failed, %d left\n\n", tasks, tasks == 1 ? "" : "s", status->done,
            status->failed, status->left);
    fprintf(view->out, "  %-24s %8s %8s %8s %8s %8s\n", "", "needed", "done", "running", "failed", "left");
    for (int kind = 0; kind < PLAN_KINDS; kind++) {
        const int *row = count[kind];
        if (row[NEEDED] == 0) continue;
        fprintf(view->out, "  %-24s %8d %8d %8d %8d %8d\n", plan_kind_names[kind], row[NEEDED], row[DONE], row[RUNNING],
                row[FAILED], row[NEEDED] - row[DONE] - row[RUNNING] - row[FAILED]);
    }
}

static void print_running(view_t *view)
{
    char name[512], path[4200], since[16];
    struct {
        char host[256];
        long pid;
    } seen[256];
    int shown = 0;
    for (int i = 0; i < view->items.count; i++) {
        claim_holder_t claim;
        if (!view->running[i]) continue;
        snprintf(path, sizeof path, "%s.claim", view->items.items[i].path);
        if (!claim_read(&claim, path)) continue; /* done since we looked */
        int known = 0;
        while (known < view->workers && known < 256 &&
               (seen[known].pid != claim.pid || strcmp(seen[known].host, claim.host) != 0))
            known++;
        if (known == view->workers || known == 256) {
            if (known < 256) {
                seen[known].pid = claim.pid;
                memcpy(seen[known].host, claim.host, sizeof claim.host);
            }
            view->workers++;
        }
        if (shown == 0) fprintf(view->out, "\nrunning:\n");
        shown++;
        if (shown == FEW + 1 && !view->all) fprintf(view->out, "  ... and more (--all shows them)\n");
        if (shown > FEW && !view->all) continue;
        clock_format(since, (double)(time(NULL) - (time_t)claim.since));
        fprintf(view->out, "  %s (%s, pid %ld, since %s)\n", plan_item_name(name, view->plan, &view->items.items[i]),
                claim.host, claim.pid, since);
    }
}

static void print_failed(view_t *view)
{
    char name[512];
    int shown = 0, most = view->plan->points[0].max_attempts;
    for (int i = 0; i < view->items.count; i++) {
        store_failure_t failure;
        const plan_item_t *item = &view->items.items[i];
        if (view->blame[i] != i || !store_failure_read(&failure, view->plan, item)) continue;
        view->retried = view->retried || failure.attempts < most;
        if (shown == 0) fprintf(view->out, "\nfailed:\n");
        if (shown++ == FEW && !view->all) fprintf(view->out, "  ... and more (--all shows them)\n");
        if (shown > FEW && !view->all) continue;
        fprintf(view->out, "  %s: %s (tried in %d run%s of at most %d)\n", plan_item_name(name, view->plan, item),
                failure.reason, failure.attempts, failure.attempts == 1 ? "" : "s", most);
    }
}

static void print_missing(view_t *view)
{
    char name[512], cause[512];
    int shown = 0, missing = view->status->failed + view->status->left;
    for (int i = 0; i < view->items.count; i++) {
        const plan_item_t *item = &view->items.items[i];
        if (item->kind != PLAN_EVALUATE || item->state == PLAN_DONE) continue;
        if (shown == 0) fprintf(view->out, "\nmissing:\n");
        if (shown++ == FEW && !view->all) {
            fprintf(view->out, "  ... and %d more (--all shows them)\n", missing - FEW);
            return;
        }
        fprintf(view->out, "  %s", plan_item_name(name, view->plan, item));
        if (view->running[i])
            fprintf(view->out, ": running\n");
        else if (view->blame[i] >= 0 && view->blame[i] != i)
            fprintf(view->out, ": waits for what has failed (%s)\n",
                    plan_item_name(cause, view->plan, &view->items.items[view->blame[i]]));
        else
            fprintf(view->out, "%s\n", view->blame[i] == i ? ": failed" : "");
    }
}

static void print_made_on(const view_t *view)
{
    store_made_on_t made_on;
    store_run_made_on(&made_on, view->plan);
    int kinds = store_made_on_count(&made_on);
    if (kinds == 0) return;
    fprintf(view->out, "\nmade on %s", made_on.text);
    if (kinds > 1) fprintf(view->out, ": %d kinds of kernels, last bits of a result depend on who made it", kinds);
    fputc('\n', view->out);
}

/* Tasks that this program would not make: of other options, or of a version whose ids were others. */
static void print_others(const view_t *view)
{
    char writer[64];
    int files = store_count_task_files(view->plan) - view->status->done;
    if (files <= 0) return;
    store_run_writer(writer, view->plan);
    fprintf(view->out,
            "\n%d task file%s of other options, images or another version %s there, too; run.yaml was written by %s: "
            "report and rescore read them\n",
            files, files == 1 ? "" : "s", files == 1 ? "is" : "are", writer);
}

static status_t print_forecast(const view_t *view)
{
    char left[16], eta[16];
    const suite_status_t *status = view->status;
    if (status->left > 0) {
        plan_simulation_t forecast;
        TRY(plan_estimate(&forecast, &view->items, view->left, view->plan->category_count,
                          view->workers > 0 ? view->workers : 1));
        clock_format(left, forecast.work);
        clock_format(eta, forecast.makespan);
        fprintf(view->out, "\nabout %s of work is left for one core", left);
        if (view->workers > 0)
            fprintf(view->out, ": done in about %s by the %d at work\n", eta, view->workers);
        else
            fprintf(view->out, "; nobody works on it (fgad run %s/run.yaml goes on)\n",
                    base_shell_word(view->plan->run_dir));
    } else if (status->failed > 0) {
        fprintf(view->out, "\nfailed tasks are tried again by fgad run %s/run.yaml",
                base_shell_word(view->plan->run_dir));
        if (!view->retried)
            fprintf(view->out, " when their files have changed, or with -s max_attempts=%d",
                    view->plan->points[0].max_attempts + 1);
        fputc('\n', view->out);
    } else {
        fprintf(view->out, "\ncomplete: fgad report %s\n", base_shell_word(view->plan->run_dir));
    }
    return ST_OK;
}

/* ---- For programs ---- */

static status_t put_failures(view_t *view)
{
    char name[512];
    int shown = 0;
    for (int i = 0; i < view->items.count; i++) {
        store_failure_t failure;
        if (view->blame[i] != i || !store_failure_read(&failure, view->plan, &view->items.items[i])) continue;
        fprintf(view->out, "%s{\"item\": ", shown++ > 0 ? ",\n  " : "\n  ");
        TRY(io_json_quote(view->out, plan_item_name(name, view->plan, &view->items.items[i])));
        fprintf(view->out, ", \"reason\": ");
        TRY(io_json_quote(view->out, failure.reason));
        fprintf(view->out, ", \"attempts\": %d}", failure.attempts);
    }
    return ST_OK;
}

static status_t print_json(view_t *view)
{
    int count[PLAN_KINDS][COLUMNS] = {{0}};
    const suite_status_t *status = view->status;
    store_made_on_t made_on;
    plan_simulation_t forecast = {0};
    count_items(count, view);
    if (status->left > 0) TRY(plan_estimate(&forecast, &view->items, view->left, view->plan->category_count, 1));
    fprintf(view->out, "{\"run\": ");
    TRY(io_json_quote(view->out, view->plan->run_dir));
    fprintf(view->out,
            ",\n \"tasks\": %d,\n \"done\": %d,\n \"failed\": %d,\n \"left\": %d,\n \"running\": %d,\n \"kinds\": [",
            status->done + status->failed + status->left, status->done, status->failed, status->left, status->running);
    for (int kind = 0, shown = 0; kind < PLAN_KINDS; kind++) {
        const int *row = count[kind];
        if (row[NEEDED] == 0) continue;
        fprintf(view->out, "%s{\"kind\": \"%s\", \"needed\": %d, \"done\": %d, \"running\": %d, \"failed\": %d}",
                shown++ > 0 ? ",\n  " : "\n  ", plan_kind_names[kind], row[NEEDED], row[DONE], row[RUNNING],
                row[FAILED]);
    }
    fprintf(view->out, "\n ],\n \"failures\": [");
    TRY(put_failures(view));
    store_run_made_on(&made_on, view->plan);
    fprintf(view->out, "],\n \"left_core_seconds\": %.6g,\n \"made_on\": ", forecast.work);
    TRY(io_json_quote(view->out, made_on.text));
    fprintf(view->out, "}\n");
    return ST_OK;
}

static status_t print_text(view_t *view)
{
    fprintf(view->out, "run %s: ", view->plan->run_dir);
    print_counts(view);
    print_running(view);
    print_failed(view);
    print_missing(view);
    print_made_on(view);
    print_others(view);
    return print_forecast(view);
}

status_t suite_status_print(FILE *out, suite_status_t *result, const plan_t *plan, bool all, bool json)
{
    status_t status;
    view_t view = {.out = out, .plan = plan, .status = result, .all = all};
    *result = (suite_status_t){0};
    TRY_DONE(plan_items_make(&view.items, plan));
    TRY_DONE(store_folders_make(&view.folders, plan, &view.items));
    TRY_DONE(store_folders_find_done(&view.folders, &view.items));
    TRY_DONE(look(&view));
    status = json ? print_json(&view) : print_text(&view);
done:
    free(view.running);
    free(view.blame);
    free(view.left);
    io_names_free(&view.failures);
    store_folders_free(&view.folders);
    plan_items_free(&view.items);
    return status;
}
