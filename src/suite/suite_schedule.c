/* Every rank runs this same loop over the same list of items: take the best that is ready and free, do it, publish it.
 * There is no manager to lose a core to, and ranks of other jobs on the same folder are simply more workers. What others
 * have done is learned from one listing of a folder at a time, not by a question a file. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRESH 0.25 /* seconds for which a look into a folder is believed */
#define FIRST_PAUSE 0.005
enum { CLAIMS_A_PASS = 64 }; /* claims of others that are looked at in one pass for dead holders */

typedef struct {
    suite_rank_t *rank;
    plan_items_t *items;
    plan_ready_t *ready;
    store_folders_t folders;
    int *busy; /* items that were ready but claimed by others */
    int busy_count;
    int next_claim; /* of busy: whose holder is looked at next */
    int open;       /* items wanted and neither done nor failed */
    int prefer;     /* category whose features this rank may hold; -1: none */
    int collisions; /* claims in a row that others were quicker to take */
    rng_t rng;
} schedule_t;

/* ---- What became of an item ------------------------------------------------------------------------------------------ */

/* A failed item takes all that wait for it along. */
static void settle(schedule_t *s, int i, plan_item_state_t state)
{
    plan_item_t *item = &s->items->items[i];
    if (item->state != PLAN_OPEN) return;
    item->state = state;
    s->open--;
    if (state == PLAN_DONE) {
        plan_ready_done(s->ready, i);
        return;
    }
    int count;
    const int *users = plan_ready_users(&count, s->ready, i);
    for (int u = 0; u < count; u++) settle(s, users[u], PLAN_FAILED);
}

static void count_open(schedule_t *s)
{
    s->open = 0;
    for (int i = 0; i < s->items->count; i++)
        s->open += s->items->items[i].wanted && s->items->items[i].state == PLAN_OPEN;
}

/* Files that had counted as done turned out damaged: what is wanted and ready is found again. */
static status_t start_over(schedule_t *s)
{
    /* What was listed a moment ago may be what has just been set aside. */
    for (int f = 0; f < PLAN_FOLDERS * s->rank->worker.plan->category_count; f++) s->folders.looked[f] = -1;
    plan_items_mark_wanted(s->items);
    plan_ready_free(s->ready);
    s->ready = NULL;
    s->busy_count = 0;
    count_open(s);
    return plan_ready_make(&s->ready, s->items, s->rank->worker.plan->category_count);
}

/* ---- One item -------------------------------------------------------------------------------------------------------- */

static status_t do_claimed(schedule_t *s, int i)
{
    step_outcome_t outcome;
    plan_item_t *item = &s->items->items[i];
    bool warm = item->kind == PLAN_EVALUATE && s->prefer == item->category_index;
    suite_progress_take(s->rank->progress, i, item->cost - (warm ? item->warm : 0));
    TRY(suite_step(&outcome, s->rank, s->items, item));
    suite_progress_drop(s->rank->progress, outcome == STEP_DONE && item->by_us);
    if (outcome == STEP_NEEDS_LOST) return start_over(s);
    settle(s, i, outcome == STEP_DONE ? PLAN_DONE : PLAN_FAILED);
    if (item->kind == PLAN_EVALUATE) s->prefer = item->category_index;
    return ST_OK;
}

/* Claims the item and does it; *taken is false when another has claimed it. */
static status_t attempt(bool *taken, schedule_t *s, int i)
{
    char claim[4200];
    snprintf(claim, sizeof claim, "%s.claim", s->items->items[i].path);
    TRY(claim_take(taken, claim));
    if (!*taken) return ST_OK;
    status_t status = do_claimed(s, i);
    claim_release(claim);
    return status;
}

/* Takes the best item, or, after `skip` of them, the next one. */
static int take(schedule_t *s, int skip)
{
    int held = 0, item = -1;
    if (skip >= plan_ready_count(s->ready)) skip = plan_ready_count(s->ready) - 1;
    int *passed = skip > 0 ? base_alloc((size_t)skip, sizeof *passed) : NULL;
    while (passed != NULL && held < skip) passed[held++] = plan_ready_take(s->ready, -1);
    item = plan_ready_take(s->ready, skip > 0 ? -1 : s->prefer);
    for (int i = 0; i < held; i++) plan_ready_put(s->ready, passed[i]);
    free(passed);
    return item;
}

/* Ranks that finish together reach for the same best item: who loses jumps ahead, farther each time. */
static int jump(schedule_t *s)
{
    if (s->collisions == 0) return 0;
    int reach = s->collisions < 14 ? 1 << s->collisions : 1 << 14;
    if (reach > s->rank->worker.size) reach = s->rank->worker.size;
    return (int)rng_below(&s->rng, (uint32_t)reach);
}

static status_t do_next(schedule_t *s, int skip)
{
    int i = take(s, skip);
    const plan_item_t *item = &s->items->items[i];
    if (clock_seconds() - s->folders.looked[item->folder] > FRESH) TRY(store_folders_look(&s->folders, item->folder));
    if (store_folders_has(&s->folders, i)) {
        settle(s, i, PLAN_DONE);
        return ST_OK;
    }
    bool taken = false;
    if (!store_folders_claimed(&s->folders, i)) TRY(attempt(&taken, s, i));
    if (!taken) s->busy[s->busy_count++] = i;
    s->collisions = taken ? 0 : s->collisions + 1;
    return ST_OK;
}

/* ---- What others do -------------------------------------------------------------------------------------------------- */

/* Looks after the items that others have claimed. *moved: there is something to do again. */
static status_t watch(bool *moved, schedule_t *s)
{
    int kept = 0;
    double started = clock_seconds();
    *moved = false;
    for (int b = 0; b < s->busy_count; b++) {
        int i = s->busy[b], folder = s->items->items[i].folder;
        if (s->folders.looked[folder] < started) TRY(store_folders_look(&s->folders, folder));
        if (store_folders_has(&s->folders, i))
            settle(s, i, PLAN_DONE);
        else if (!store_folders_claimed(&s->folders, i))
            plan_ready_put(s->ready, i);
        else {
            s->busy[kept++] = i;
            continue;
        }
        *moved = true;
    }
    s->busy_count = kept;
    return ST_OK;
}

/* Takes over an item whose holder is dead. */
static status_t take_over(bool *taken, schedule_t *s)
{
    *taken = false;
    int looks = s->busy_count < CLAIMS_A_PASS ? s->busy_count : CLAIMS_A_PASS;
    for (int k = 0; k < looks; k++) {
        int b = s->next_claim++ % s->busy_count, i = s->busy[b];
        char path[4200];
        snprintf(path, sizeof path, "%s.claim", s->items->items[i].path);
        if (!claim_is_stale(path)) continue;
        s->busy[b] = s->busy[--s->busy_count];
        TRY(attempt(taken, s, i));
        if (*taken) return ST_OK;
        plan_ready_put(s->ready, i);
        *taken = true;
        return ST_OK;
    }
    return ST_OK;
}

/* All that is ready is claimed by others: look again soon, then less often, and the less the more ranks there are. */
static status_t wait_for_others(schedule_t *s, double *pause)
{
    bool moved, taken = false;
    double longest = 0.3 * s->rank->worker.size / 64;
    longest = longest < 0.3 ? 0.3 : longest > 5 ? 5 : longest;
    suite_progress_wait(s->rank->progress, s->busy, s->busy_count);
    TRY(watch(&moved, s));
    if (!moved) TRY(take_over(&taken, s));
    if (moved || taken) {
        *pause = FIRST_PAUSE;
        return ST_OK;
    }
    struct timespec sleep = {.tv_sec = (time_t)*pause, .tv_nsec = (long)((*pause - (double)(time_t)*pause) * 1e9)};
    nanosleep(&sleep, NULL);
    if (*pause < longest) *pause *= 1.5;
    return ST_OK;
}

static status_t run_loop(schedule_t *s)
{
    double pause = FIRST_PAUSE;
    /* Rank r begins at the r-th item: those before it are being taken by the ranks before it. */
    int skip = s->rank->worker.rank;
    while (s->open > 0) {
        if (work_worker_must_stop(&s->rank->worker))
            return fail(ST_EINTERRUPTED, "%s", stop_asked() ? "a signal asked to stop" : "the time limit is near");
        if (plan_ready_count(s->ready) > 0)
            TRY(do_next(s, skip));
        else
            TRY(wait_for_others(s, &pause));
        skip = jump(s);
    }
    return ST_OK;
}

static status_t make_folders(const plan_t *plan)
{
    char folder[4096];
    for (int f = 0; f < PLAN_FOLDERS * plan->category_count; f++) {
        plan_folder_path(folder, plan, f);
        TRY(io_make_dirs(folder));
    }
    snprintf(folder, sizeof folder, "%s/failed", plan->run_dir);
    return io_make_dirs(folder);
}

status_t suite_schedule(suite_rank_t *rank, plan_items_t *items)
{
    const plan_t *plan = rank->worker.plan;
    int number = rank->worker.rank;
    status_t status;
    schedule_t s = {.rank = rank, .items = items, .prefer = -1};
    s.rng = rng_init("", "", number, 0, "schedule");
    s.busy = base_alloc((size_t)items->count + 1, sizeof *s.busy);
    if (s.busy == NULL) return ST_ENOMEM;
    TRY_DONE(make_folders(plan));
    TRY_DONE(store_folders_make(&s.folders, plan, items));
    TRY_DONE(plan_ready_make(&s.ready, items, plan->category_count));
    TRY_DONE(claim_heartbeat_start());
    count_open(&s);
    status = number == 0 ? suite_progress_begin(&rank->progress, plan, rank->worker.size, items, &s.folders) : ST_OK;
    if (status == ST_OK) status = run_loop(&s);
    suite_progress_end(rank->progress);
    rank->progress = NULL;
    claim_heartbeat_stop();
done:
    free(s.busy);
    plan_ready_free(s.ready);
    store_folders_free(&s.folders);
    return status;
}
