/* One step of a rank: an item under its claim, from looking whether it is done already to its failure record. */
#include "suite/suite_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

status_t suite_item_open(io_h5_t **out, const item_t *item)
{
    char *id = NULL;
    int64_t complete = 0;
    status_t status;
    *out = NULL;
    TRY_DONE(io_h5_open(out, item->path));
    TRY_DONE(io_h5_get_text(&id, *out, "/", "id"));
    TRY_DONE(io_h5_get_i64(&complete, *out, "/", "complete"));
    if (complete != 1 || strcmp(id, item->id) != 0)
        status = fail(ST_EFORMAT, "'%s' has the id %s, expected %s", item->path, id, item->id);
done:
    free(id);
    if (status != ST_OK) {
        io_h5_close(*out);
        *out = NULL;
    }
    return status;
}

status_t suite_item_check(bool *whole, const item_t *item)
{
    io_h5_t *file;
    *whole = false;
    if (!io_exists(item->path)) return ST_OK;
    status_t status = suite_item_open(&file, item);
    *whole = status == ST_OK;
    io_h5_close(file);
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

/* An item that cannot be done may be without fault: something it reads was damaged, or is of other images. Such files are
 * set aside; *lost tells that there are some, which have to be made again. */
static status_t check_needs(bool *lost, items_t *items, const item_t *item)
{
    *lost = false;
    for (int n = 0; n < item->need_count; n++) {
        item_t *need = &items->items[item->needs[n]];
        bool whole;
        TRY(suite_item_check(&whole, need));
        if (whole) continue;
        need->state = ITEM_OPEN;
        *lost = true;
    }
    return ST_OK;
}

/* What the world did to an item: a failure of its own, or of what it needs. */
static status_t explain(step_outcome_t *outcome, suite_worker_t *worker, items_t *items, item_t *item, status_t failed)
{
    bool lost = false;
    char message[1024], name[512];
    snprintf(message, sizeof message, "%s", fail_message());
    if (failed == ST_EFORMAT || failed == ST_ENOTFOUND) TRY(check_needs(&lost, items, item));
    *outcome = lost ? STEP_NEEDS_LOST : STEP_FAILED;
    if (lost) return ST_OK;
    suite_failure_record(worker, item, message, failed != ST_EIO && failed != ST_ENOMEM);
    item->by_us = true;
    log_error("%s: %s", suite_item_name(name, worker->plan, item), message);
    return ST_OK;
}

static double charged_seconds(const suite_worker_t *worker)
{
    double sum = 0;
    for (int r = 0; r < SUITE_RATES; r++) sum += worker->measured_seconds[r];
    return sum;
}

status_t suite_step(step_outcome_t *outcome, suite_worker_t *worker, items_t *items, item_t *item)
{
    suite_failure_t failure;
    char name[512];
    *outcome = STEP_DONE;
    /* Somebody may have published between our look and our claim. */
    if (io_exists(item->path)) {
        bool whole;
        TRY(suite_item_check(&whole, item));
        if (whole) return ST_OK;
    }
    if (given_up(worker, item, &failure)) {
        if (strcmp(failure.run, worker->run_id) != 0)
            log_warn("%s: given up after %d runs: %s (hint: -s max_attempts=%d tries again)",
                     suite_item_name(name, worker->plan, item), failure.attempts, failure.reason, failure.attempts + 1);
        *outcome = STEP_FAILED;
        return ST_OK;
    }
    double started = clock_seconds(), charged = charged_seconds(worker);
    suite_progress_tell(worker->progress, 0, suite_item_name(name, worker->plan, item));
    status_t status = item->kind == ITEM_EVALUATE ? suite_evaluate(worker, items, item)
                      : item->kind == ITEM_LEARN  ? suite_learn(worker, items, item)
                                                  : suite_encode(worker, item);
    if (status == ST_EINTERRUPTED) return status;
    if (status != ST_OK) return explain(outcome, worker, items, item, status);
    double seconds = clock_seconds() - started;
    /* Learning stops between epochs, whose time it notes itself. */
    if (item->kind != ITEM_LEARN && seconds > worker->longest_step) worker->longest_step = seconds;
    /* What nothing else accounts for is the overhead of an item. */
    charged = charged_seconds(worker) - charged;
    suite_worker_charge(worker, SUITE_RATE_ITEM, 1, clock_seconds() - (seconds > charged ? seconds - charged : 0));
    suite_failure_forget(worker, item);
    item->by_us = true;
    return ST_OK;
}
