/* Every rank runs this same loop over the same list of items: take the best that is ready and free, do it, publish it.
 * There is no manager to lose a core to, and ranks of other jobs on the same folder are simply more workers. What others
 * have done is learned from one listing of a folder at a time, not by a question a file. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRESH 0.25      /* seconds for which a look into a folder is believed */
#define NAP 0.25        /* seconds of sleep, at most, between looks at what the node's ranks have seen */
#define LONGEST_PAUSE 5 /* seconds between two looks of a node at the file system while nothing moves */
#define AGAIN 1.5       /* seconds after which a folder that has changed is listed once more: clocks have ticks */
enum { FOLDERS_A_LOOK = 2, CLAIMS_A_LOOK = 2, CLAIMS_TO_LEAVE = 64 };

typedef struct {
    suite_rank_t *rank;
    plan_items_t *items;
    plan_ready_t *ready;
    store_folders_t folders;
    int *busy; /* items that were ready but claimed by others */
    int busy_count;
    int *waiting;    /* (folders) those of the busy items, each once */
    int64_t *change; /* (folders) suite_board_change at the last listing */
    double *seen;    /* (folders) used by waiting_folders */
    double *again;   /* (folders) clock_seconds from which on it is listed once more; 0: it is not */
    double moved;    /* clock_seconds of the last movement that was seen */
    int open;        /* items wanted and neither done nor failed */
    int prefer;      /* category whose features this rank may hold; -1: none */
    int collisions;  /* claims in a row that others were quicker to take */
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

/* Claims the item and does it; *taken is false when another has claimed it, whose claim `watch` (may be NULL) does not find
 * stale. */
static status_t attempt(bool *taken, schedule_t *s, int i, const claim_watch_t *watch)
{
    char claim[4200];
    snprintf(claim, sizeof claim, "%s.claim", s->items->items[i].path);
    TRY(claim_take(taken, claim, watch));
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
    if (!store_folders_claimed(&s->folders, i)) TRY(attempt(&taken, s, i, NULL));
    if (!taken) s->busy[s->busy_count++] = i;
    s->collisions = taken ? 0 : s->collisions + 1;
    return ST_OK;
}

/* ---- What others do -------------------------------------------------------------------------------------------------- */

/* The folders of busy items, each once; returns how many. */
static int waiting_folders(schedule_t *s)
{
    int count = 0;
    const double now = clock_seconds();
    for (int b = 0; b < s->busy_count; b++) {
        const int folder = s->items->items[s->busy[b]].folder;
        if (s->seen[folder] == now) continue;
        s->seen[folder] = now;
        s->waiting[count++] = folder;
    }
    return count;
}

/* Lists the folders of which somebody on this node has seen a change, and takes what came of the items that others had
 * claimed. *moved: there is something to do again. */
static status_t watch(bool *moved, schedule_t *s)
{
    int kept = 0;
    *moved = false;
    for (int b = 0; b < s->busy_count; b++) {
        const int i = s->busy[b], folder = s->items->items[i].folder;
        const int64_t change = suite_board_change(s->rank->board, folder);
        const bool again = s->again[folder] > 0 && clock_seconds() > s->again[folder];
        if (change != s->change[folder] || again) {
            s->again[folder] = change != s->change[folder] ? clock_seconds() + AGAIN : 0;
            s->change[folder] = change;
            TRY(store_folders_look(&s->folders, folder));
        }
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

/* This rank's turn to ask the file system for all of its node: whether some folders have changed, and some claims.
 * *stale: of the busy items, one whose holder is dead; -1: none. */
static void look(int *stale, schedule_t *s)
{
    char path[4200];
    const int folders = waiting_folders(s), claims = s->rank->leave ? CLAIMS_TO_LEAVE : CLAIMS_A_LOOK;
    *stale = -1;
    for (int k = 0; k < FOLDERS_A_LOOK && k < folders; k++) {
        const int folder = s->waiting[suite_board_next_folder(s->rank->board) % (unsigned)folders];
        suite_board_note(s->rank->board, folder, store_folders_change(&s->folders, folder));
    }
    for (int k = 0; k < claims && k < s->busy_count && *stale < 0; k++) {
        const int b = (int)(suite_board_next_claim(s->rank->board) % (unsigned)s->busy_count), i = s->busy[b];
        snprintf(path, sizeof path, "%s.claim", s->items->items[i].path);
        if (claim_watch(suite_board_watch(s->rank->board, i), path)) *stale = b;
    }
}

/* Takes over an item whose holder is dead. */
static status_t take_over(schedule_t *s, int b)
{
    bool taken;
    const int i = s->busy[b];
    const claim_watch_t watch = *suite_board_watch(s->rank->board, i);
    s->busy[b] = s->busy[--s->busy_count];
    TRY(attempt(&taken, s, i, &watch));
    if (!taken) plan_ready_put(s->ready, i);
    return ST_OK;
}

/* Whether others are seen at work, and not ranks of this job, on each item that this one waits for. */
static bool is_in_living_hands(const schedule_t *s)
{
    for (int b = 0; b < s->busy_count; b++) {
        const claim_watch_t *watch = suite_board_watch(s->rank->board, s->busy[b]);
        if (!watch->known || !(watch->here || watch->beats > 0)) return false;
        for (int r = 0; r < s->rank->worker.size; r++)
            if (s->rank->ranks[r] == watch->who) return false;
    }
    return s->busy_count > 0;
}

/* All that is ready is claimed by others: look again soon, then less often, and one rank of a node for all of them. */
static status_t wait_for_others(schedule_t *s)
{
    bool moved;
    int stale = -1;
    suite_progress_wait(s->rank->progress, s->busy, s->busy_count);
    const double quiet = clock_seconds() - s->moved;
    if (suite_board_begin(s->rank->board, quiet / 2 < LONGEST_PAUSE ? quiet / 2 : LONGEST_PAUSE)) {
        look(&stale, s);
        suite_board_end(s->rank->board);
    }
    if (stale >= 0) return take_over(s, stale);
    TRY(watch(&moved, s));
    if (moved) s->moved = clock_seconds();
    if (moved) return ST_OK;
    const double pause = quiet / 2 < 0.005 ? 0.005 : quiet / 2 < NAP ? quiet / 2 : NAP;
    const struct timespec sleep = {.tv_nsec = (long)(1e9 * pause)};
    nanosleep(&sleep, NULL);
    return ST_OK;
}

static status_t run_loop(schedule_t *s)
{
    /* Rank r begins at the r-th item: those before it are being taken by the ranks before it. */
    int skip = s->rank->worker.rank;
    while (s->open > 0) {
        if (work_worker_must_stop(&s->rank->worker))
            return fail(ST_EINTERRUPTED, "%s", stop_asked() ? "a signal asked to stop" : "the time limit is near");
        if (plan_ready_count(s->ready) > 0) {
            TRY(do_next(s, skip));
            s->moved = clock_seconds();
        } else {
            TRY(wait_for_others(s));
            if (s->rank->leave && plan_ready_count(s->ready) == 0 && is_in_living_hands(s)) {
                s->rank->left = s->open;
                return ST_OK;
            }
        }
        skip = jump(s);
    }
    return ST_OK;
}

status_t suite_schedule(suite_rank_t *rank, plan_items_t *items)
{
    const plan_t *plan = rank->worker.plan;
    int number = rank->worker.rank;
    status_t status = ST_ENOMEM;
    schedule_t s = {.rank = rank, .items = items, .prefer = -1, .moved = clock_seconds()};
    s.rng = rng_init("", "", number, 0, "schedule");
    s.busy = base_alloc((size_t)items->count + 1, sizeof *s.busy);
    const size_t folders = PLAN_FOLDERS * (size_t)plan->category_count;
    s.waiting = base_alloc(folders, sizeof *s.waiting);
    s.change = base_alloc(folders, sizeof *s.change);
    s.again = base_alloc(folders, sizeof *s.again);
    s.seen = base_alloc(folders, sizeof *s.seen);
    if (s.busy == NULL || s.waiting == NULL || s.change == NULL || s.again == NULL || s.seen == NULL) goto done;
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
    free(s.waiting);
    free(s.change);
    free(s.again);
    free(s.seen);
    plan_ready_free(s.ready);
    store_folders_free(&s.folders);
    return status;
}
