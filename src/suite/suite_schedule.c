/* Every rank runs this same loop over the same list of items: take the first that is ready and free, do it, publish it.
 * There is no manager to lose a core to, and ranks of other jobs on the same folder are simply more hands. */
#include "suite/suite_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stop_asked = 0;

static void on_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

void suite_signals_install(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGXFSZ, &ignore, NULL); /* a full quota is an error of write(), not a death */
}

bool suite_interrupted(void)
{
    return stop_asked != 0;
}

/* ---- State of an item on disk ------------------------------------------------------------------------------------- */

/* A file that is there counts when it is whole and ours; anything else is set aside, never used and never deleted. */
static status_t check_file(bool *whole, const item_t *item)
{
    io_h5_t *file = NULL;
    char *id = NULL;
    int64_t complete = 0;
    status_t status;
    *whole = false;
    if (!io_exists(item->path)) return ST_OK;
    TRY_DONE(io_h5_open(&file, item->path));
    TRY_DONE(io_h5_get_text(&id, file, "/", "id"));
    TRY_DONE(io_h5_get_i64(&complete, file, "/", "complete"));
    *whole = complete == 1 && strcmp(id, item->id) == 0;
    if (!*whole) status = fail(ST_EFORMAT, "'%s' has the id %s, expected %s", item->path, id, item->id);
done:
    io_h5_close(file);
    free(id);
    if (status == ST_OK || status == ST_EIO || status == ST_ENOMEM) return status;
    char aside[4300];
    snprintf(aside, sizeof aside, "%s.aside-%lld-%ld", item->path, (long long)time(NULL), (long)getpid());
    log_warn("%s; set aside as '%s' and made again", fail_message(), aside);
    if (rename(item->path, aside) != 0 && errno != ENOENT)
        return fail(ST_EIO, "'%s' cannot be renamed: %s", item->path, strerror(errno));
    return ST_OK;
}

/* Whether this run has given the item up: it failed in this run, or in max_attempts runs before. */
static bool given_up(const suite_worker_t *worker, const item_t *item, suite_failure_t *failure)
{
    return suite_failure_read(failure, worker->plan, item) &&
           (strcmp(failure->run, worker->run_id) == 0 || failure->attempts >= worker->plan->points[0].max_attempts);
}

/* ---- One step ------------------------------------------------------------------------------------------------------ */

static void mark_failed(suite_worker_t *worker, item_t *item, const char *reason, bool ours)
{
    char name[512];
    item->state = ITEM_FAILED;
    item->by_us = ours;
    if (ours) log_error("%s: %s", suite_item_name(name, worker->plan, item), reason);
}

/* Does the item under its claim. ST_EIO of the output and ST_EINTERRUPTED end the run; other errors fail the item. */
static status_t do_item(suite_worker_t *worker, items_t *items, item_t *item)
{
    bool whole;
    suite_failure_t failure;
    TRY(check_file(&whole, item)); /* somebody may have published between our look and our claim */
    if (whole) {
        item->state = ITEM_DONE;
        return ST_OK;
    }
    if (given_up(worker, item, &failure)) {
        mark_failed(worker, item, failure.reason, false);
        return ST_OK;
    }
    char name[512];
    double started = clock_seconds();
    suite_worker_progress(worker, item, 0, suite_item_name(name, worker->plan, item));
    status_t status = item->kind == ITEM_EVALUATE ? suite_evaluate(worker, items, item)
                      : item->kind == ITEM_LEARN  ? suite_learn(worker, items, item)
                                                  : suite_encode(worker, item);
    if (status == ST_EINTERRUPTED) return status;
    if (status != ST_OK) {
        char message[1024];
        snprintf(message, sizeof message, "%s", fail_message());
        suite_failure_record(worker, item, message);
        mark_failed(worker, item, message, true);
        return ST_OK;
    }
    double seconds = clock_seconds() - started;
    if (item->kind != ITEM_LEARN && seconds > worker->longest_step) worker->longest_step = seconds;
    worker->predicted[item->kind] += item->cost;
    worker->measured[item->kind] += seconds;
    suite_failure_forget(worker, item);
    item->state = ITEM_DONE;
    item->by_us = true;
    return ST_OK;
}

/* ITEM_DONE when all needs are, ITEM_FAILED when one is, else ITEM_OPEN. */
static item_state_t needs_state(const items_t *items, const item_t *item)
{
    item_state_t state = ITEM_DONE;
    for (int i = 0; i < item->need_count; i++) {
        item_state_t need = items->items[item->needs[i]].state;
        if (need == ITEM_FAILED) return ITEM_FAILED;
        if (need == ITEM_OPEN) state = ITEM_OPEN;
    }
    return state;
}

/* Looks at one open item; *worked tells whether this rank did something. */
static status_t visit(bool *worked, suite_worker_t *worker, items_t *items, item_t *item)
{
    bool taken;
    if (io_exists(item->path)) {
        bool whole;
        TRY(check_file(&whole, item));
        if (whole) {
            item->state = ITEM_DONE;
            *worked = true;
            return ST_OK;
        }
    }
    item_state_t needs = needs_state(items, item);
    if (needs == ITEM_FAILED) {
        mark_failed(worker, item, "an image or a chunk of features that it needs has failed (see above)", false);
        *worked = true;
        return ST_OK;
    }
    if (needs == ITEM_OPEN) return ST_OK;
    char claim[4200];
    snprintf(claim, sizeof claim, "%s.claim", item->path);
    TRY(suite_claim_take(&taken, claim));
    if (!taken) return ST_OK;
    *worked = true;
    status_t status = do_item(worker, items, item);
    suite_claim_release(claim);
    return status;
}

static status_t make_folders(const suite_plan_t *plan, const items_t *items)
{
    for (int i = 0; i < items->count; i++) {
        char folder[4096];
        snprintf(folder, sizeof folder, "%s", items->items[i].path);
        char *slash = strrchr(folder, '/');
        if (slash != NULL) *slash = '\0';
        /* Items of one folder stand together: one look for each. */
        if (i > 0 && strncmp(items->items[i - 1].path, folder, strlen(folder)) == 0 &&
            items->items[i - 1].path[strlen(folder)] == '/')
            continue;
        TRY(io_make_dirs(folder));
    }
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/failed", plan->run_dir);
    return io_make_dirs(folder);
}

/* The items still open, longest tail first; `first` rotates so that ranks do not all reach for the same one. */
typedef struct {
    int *open; /* indices of items */
    int count;
    double total, done; /* predicted seconds */
} queue_t;

static status_t fill_queue(queue_t *queue, items_t *items)
{
    queue->open = base_alloc((size_t)items->count, sizeof *queue->open);
    if (queue->open == NULL) return ST_ENOMEM;
    for (int i = 0; i < items->count; i++) {
        item_t *item = &items->items[items->order[i]];
        bool whole;
        TRY(check_file(&whole, item));
        if (whole) {
            item->state = ITEM_DONE;
            item->reused = true;
        } else {
            queue->open[queue->count++] = items->order[i];
            queue->total += item->cost;
        }
    }
    return ST_OK;
}

/* Drops the items that are no longer open. */
static void tidy_queue(queue_t *queue, const items_t *items)
{
    int kept = 0;
    for (int i = 0; i < queue->count; i++) {
        const item_t *item = &items->items[queue->open[i]];
        if (item->state == ITEM_OPEN)
            queue->open[kept++] = queue->open[i];
        else
            queue->done += item->cost;
    }
    queue->count = kept;
}

static status_t pass(bool *worked, suite_worker_t *worker, items_t *items, queue_t *queue)
{
    *worked = false;
    for (int i = 0; i < queue->count && !*worked; i++) {
        /* Rank r begins at the r-th item: those before it are being taken by the ranks before it. */
        int at = queue->count > worker->size ? (i + worker->rank) % queue->count : i;
        item_t *item = &items->items[queue->open[at]];
        if (suite_worker_must_stop(worker))
            return fail(ST_EINTERRUPTED, "%s",
                        suite_interrupted() ? "a signal asked to stop" : "the time limit is near");
        worker->progress_done = queue->done;
        TRY(visit(worked, worker, items, item));
    }
    return ST_OK;
}

status_t suite_schedule(suite_worker_t *worker, items_t *items)
{
    status_t status;
    queue_t queue = {0};
    double pause = 0.005;
    TRY_DONE(make_folders(worker->plan, items));
    TRY_DONE(fill_queue(&queue, items));
    TRY_DONE(suite_heartbeat_start());
    progress_begin(&worker->progress, worker->plan->points[0].name, queue.total);
    while (queue.count > 0 && status == ST_OK) {
        bool worked;
        status = pass(&worked, worker, items, &queue);
        tidy_queue(&queue, items);
        if (worked || status != ST_OK) {
            pause = 0.005;
            continue;
        }
        /* All that is left is in other hands: look again soon, then less often. */
        struct timespec sleep = {.tv_nsec = (long)(pause * 1e9)};
        nanosleep(&sleep, NULL);
        if (pause < 0.3) pause *= 1.5;
    }
    progress_end(&worker->progress);
    suite_heartbeat_stop();
done:
    free(queue.open);
    return status;
}
