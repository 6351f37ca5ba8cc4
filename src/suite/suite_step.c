/* One step of a rank: an item under its claim, from looking whether it is done already to its failure record. */
#include "suite/suite_internal.h"

#include <stdio.h>
#include <string.h>

/* Whether this run has given the item up: it failed in this run, or in max_attempts runs before. */
static bool given_up(const suite_rank_t *rank, const plan_item_t *item, store_failure_t *failure)
{
    const plan_t *plan = rank->worker.plan;
    return store_failure_read(failure, plan, item) &&
           (strcmp(failure->run, rank->run_id) == 0 || failure->attempts >= plan->points[0].max_attempts);
}

/* An item that cannot be done may be without fault: something it reads was damaged, or is of other images. Such files are
 * set aside; *lost tells that there are some, which have to be made again. */
static status_t check_needs(bool *lost, const plan_t *plan, plan_items_t *items, const plan_item_t *item)
{
    *lost = false;
    for (int n = 0; n < item->need_count; n++) {
        plan_item_t *need = &items->items[item->needs[n]];
        bool whole;
        TRY(store_item_check(&whole, plan, need));
        if (whole) continue;
        need->state = PLAN_OPEN;
        *lost = true;
    }
    return ST_OK;
}

/* A disk that never gives back what was written must not keep a rank busy for ever. */
enum { MOST_LOST = 3 };

/* Why an item was not made: a failure of its own, or of what it needs. */
static status_t explain(step_outcome_t *outcome, const suite_rank_t *rank, plan_items_t *items, plan_item_t *item,
                        status_t failed)
{
    bool lost = false;
    char message[1024], name[512];
    snprintf(message, sizeof message, "%s", fail_message());
    if (failed == ST_EFORMAT || failed == ST_ENOTFOUND || failed == ST_EIO)
        TRY(check_needs(&lost, rank->worker.plan, items, item));
    if (lost && ++item->lost > MOST_LOST) lost = false;
    *outcome = lost ? STEP_NEEDS_LOST : STEP_FAILED;
    if (lost) return ST_OK;
    store_failure_record(rank->worker.plan, rank->run_id, item, message, failed != ST_EIO && failed != ST_ENOMEM);
    item->by_us = true;
    log_error("%s: %s", plan_item_name(name, rank->worker.plan, item), message);
    return ST_OK;
}

static double charged_seconds(const work_worker_t *worker)
{
    double sum = 0;
    for (int r = 0; r < PLAN_RATES; r++) sum += worker->measured_seconds[r];
    return sum;
}

/* Epoch by epoch, so that the line that rank 0 shows goes on. */
static status_t learn(suite_rank_t *rank, const plan_items_t *items, const plan_item_t *item)
{
    work_learn_t *learning;
    char detail[256];
    TRY(work_learn_begin(&learning, &rank->worker, items, item));
    status_t status = ST_OK;
    suite_progress_resume(rank->progress, work_learn_share(learning, detail));
    while (status == ST_OK && !work_learn_is_done(learning)) {
        status = work_learn_epoch(learning);
        double share = work_learn_share(learning, detail);
        suite_progress_tell(rank->progress, share, detail);
    }
    if (status == ST_OK) status = work_learn_end(learning);
    work_learn_free(learning);
    return status;
}

status_t suite_step(step_outcome_t *outcome, suite_rank_t *rank, plan_items_t *items, plan_item_t *item)
{
    store_failure_t failure;
    char name[512];
    work_worker_t *worker = &rank->worker;
    *outcome = STEP_DONE;
    /* Somebody may have published between our look and our claim. */
    if (io_exists(item->path)) {
        bool whole;
        TRY(store_item_check(&whole, worker->plan, item));
        if (whole) return ST_OK;
    }
    if (given_up(rank, item, &failure)) {
        if (strcmp(failure.run, rank->run_id) != 0)
            log_warn("%s: given up after %d run%s: %s (hint: -s max_attempts=%d tries again)",
                     plan_item_name(name, worker->plan, item), failure.attempts, failure.attempts == 1 ? "" : "s",
                     failure.reason, failure.attempts + 1);
        *outcome = STEP_FAILED;
        return ST_OK;
    }
    const double started = clock_seconds(), began = clock_own_seconds();
    double charged = charged_seconds(worker);
    suite_progress_tell(rank->progress, 0, plan_item_name(name, worker->plan, item));
    status_t status = item->kind == PLAN_EVALUATE ? work_evaluate(worker, items, item)
                      : item->kind == PLAN_LEARN  ? learn(rank, items, item)
                      : item->kind == PLAN_SLICE  ? work_slice(worker, items, item)
                                                  : work_encode(worker, item);
    if (status == ST_EINTERRUPTED) return status;
    if (status != ST_OK) return explain(outcome, rank, items, item, status);
    double seconds = clock_seconds() - started;
    /* Learning stops between epochs, whose time it notes itself. */
    if (item->kind != PLAN_LEARN && seconds > worker->longest_step) worker->longest_step = seconds;
    /* What nothing else accounts for is the overhead of an item. */
    charged = charged_seconds(worker) - charged;
    work_worker_charge(worker, PLAN_RATE_ITEM, 1, began + charged);
    store_failure_forget(worker->plan, item);
    item->by_us = true;
    return ST_OK;
}
