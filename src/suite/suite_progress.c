/* The line that rank 0 shows while a run works. It asks what stands on disk, now and then, and nothing that the scheduler
 * does depends on it.
 *
 * When will the run be over? An item whose file is there is done. An item under a claim has been in progress since
 * the claim was taken, and needs the rest of the seconds that the cost model gives it (this rank's own item: by the share
 * that it tells). From there on the run is simulated with as many ranks as this run has, or as there are claims, when other
 * jobs help. That gives predicted seconds; a predicted second lasts as long as those of this rank's own items did. Between
 * two such looks the clock runs down. The share that is shown is elapsed / (elapsed + left): bar and ETA say the same. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <time.h>

#define PERIOD 5.0   /* seconds from one look to the next, at least */
#define LOOKS 0.01   /* of this rank's time goes into looks, at most */
#define BELIEVED 1.0 /* seconds for which a look into a folder by anybody is believed */
#define PRIOR 10.0   /* predicted seconds, taken as right, that this rank's first items weigh against */
enum {
    CLAIMS_READ = 64,
    CLAIMS_WAITING = 1
}; /* in one look; of further ones the time when they were first seen is taken */

struct suite_progress {
    progress_t bar;
    const plan_t *plan;
    const plan_items_t *items;
    store_folders_t *folders;
    int ranks;
    double *since; /* (items) clock_seconds when another rank claimed the item; 0: none has */
    double *left;  /* (items) as plan_estimate takes it */
    int item;      /* in progress on this rank; -1: none */
    double cost, taken, resumed, share;
    double seconds, predicted; /* of what this rank has made */
    double end;                /* clock_seconds of the predicted end */
    double looked, look_took;  /* clock_seconds of the last look, seconds; 0: none */
    bool waiting;              /* the scheduler looks into folders, as often as is good for the file system */
    int told;                  /* the item whose claim `holder` was read from; -1: none */
    claim_holder_t holder;
};

status_t suite_progress_begin(suite_progress_t **out, const plan_t *plan, int ranks, const plan_items_t *items,
                              store_folders_t *folders)
{
    suite_progress_t *progress = *out = calloc(1, sizeof *progress);
    if (progress == NULL) return fail(ST_ENOMEM, "out of memory");
    size_t count = (size_t)items->count + 1;
    progress->since = calloc(count, sizeof *progress->since);
    progress->left = calloc(count, sizeof *progress->left);
    if (progress->since == NULL || progress->left == NULL) return fail(ST_ENOMEM, "out of memory: %zu items", count);
    progress->plan = plan;
    progress->items = items;
    progress->folders = folders;
    progress->ranks = ranks;
    progress->item = progress->told = -1;
    progress_begin(&progress->bar, plan->points[0].name, 0);
    return ST_OK;
}

void suite_progress_end(suite_progress_t *progress)
{
    if (progress == NULL) return;
    progress_end(&progress->bar);
    free(progress->since);
    free(progress->left);
    free(progress);
}

/* Seconds that a predicted second takes on this rank. */
static double pace(const suite_progress_t *p)
{
    double seconds = p->seconds, predicted = p->predicted;
    /* Without a share told there is nothing to compare the time with. */
    if (p->item >= 0 && p->share > p->resumed) {
        seconds += clock_seconds() - p->taken;
        predicted += (p->share - p->resumed) * p->cost;
    }
    return (seconds + PRIOR) / (predicted + PRIOR);
}

/* ---- Looking --------------------------------------------------------------------------------------------------------- */

/* When an item was claimed; 0: by a process that is gone. */
static double claimed_since(const plan_item_t *item, double now)
{
    char path[4200];
    claim_holder_t claim;
    snprintf(path, sizeof path, "%s.claim", item->path);
    if (!claim_read(&claim, path)) return now;
    double held = difftime(time(NULL), (time_t)claim.since);
    return !claim.alive ? 0 : held > 0 ? now - held : now;
}

/* How far every open item is. */
static status_t look(suite_progress_t *p)
{
    double now = clock_seconds(), seconds = pace(p);
    const int most = p->waiting ? CLAIMS_WAITING : CLAIMS_READ;
    const plan_items_t *items = p->items;
    for (int k = 0, read = 0; k < items->count; k++) { /* the longest critical paths first: their claims are read */
        int i = items->order[k];
        const plan_item_t *item = &items->items[i];
        p->left[i] = PLAN_NOT_BEGUN;
        if (!item->wanted || item->state != PLAN_OPEN) continue;
        if (i == p->item) {
            p->left[i] = (1 - p->share) * p->cost;
            continue;
        }
        if (!p->waiting && p->folders->looked[item->folder] < now - BELIEVED)
            TRY(store_folders_look(p->folders, item->folder));
        bool there = store_folders_has(p->folders, i);
        if (there || !store_folders_claimed(p->folders, i)) {
            p->since[i] = 0;
            if (there) p->left[i] = 0;
            continue;
        }
        if (!(p->since[i] > 0)) p->since[i] = read++ < most ? claimed_since(item, now) : now;
        if (p->since[i] > 0) p->left[i] = plan_left(item->cost, (now - p->since[i]) / seconds);
    }
    return ST_OK;
}

/* Predicts the end again, unless that was done just now, or would take too much of this rank's time. */
static void predict(suite_progress_t *p)
{
    double now = clock_seconds();
    /* When the time has come and the run has not ended, it is better to know why. */
    double wait = now > p->end ? BELIEVED : PERIOD;
    if (wait < p->look_took / LOOKS) wait = p->look_took / LOOKS;
    if (p->looked > 0 && now < p->looked + wait) return;
    plan_simulation_t forecast;
    status_t status = look(p);
    if (status == ST_OK) status = plan_estimate(&forecast, p->items, p->left, p->plan->category_count, p->ranks);
    p->looked = clock_seconds();
    p->look_took = p->looked - now;
    if (status == ST_OK)
        p->end = p->looked + pace(p) * forecast.makespan; /* else: the scheduler meets the same error */
}

static void show(suite_progress_t *p, const char *detail)
{
    double now = clock_seconds(), elapsed = now - p->bar.started;
    double left = p->end > now ? p->end - now : 0, share = elapsed / (elapsed + left + 1e-9);
    progress_show(&p->bar, share < 0.99 ? share : 0.99, left, detail);
}

/* ---- What the scheduler tells ------------------------------------------------------------------------------------------ */

void suite_progress_take(suite_progress_t *progress, int item, double cost)
{
    if (progress == NULL) return;
    progress->item = item;
    progress->cost = cost;
    progress->taken = clock_seconds();
    progress->resumed = progress->share = 0;
}

void suite_progress_resume(suite_progress_t *progress, double share)
{
    if (progress != NULL) progress->resumed = progress->share = share;
}

void suite_progress_drop(suite_progress_t *progress, bool made)
{
    if (progress == NULL) return;
    if (made) {
        progress->seconds += clock_seconds() - progress->taken;
        progress->predicted += (1 - progress->resumed) * progress->cost;
    }
    progress->item = -1;
}

void suite_progress_tell(suite_progress_t *progress, double share, const char *detail)
{
    if (progress == NULL) return;
    if (share > progress->share) progress->share = share;
    if (!progress_due(&progress->bar)) return;
    predict(progress);
    show(progress, detail);
}

/* Of the items waited for, the one from which on it takes longest to the end. */
static int longest(const suite_progress_t *p, const int *busy, int count)
{
    int longest = busy[0];
    double most = -1;
    for (int b = 0; b < count; b++) {
        const plan_item_t *item = &p->items->items[busy[b]];
        double left = p->left[busy[b]],
               path = left >= 0 ? item->critical_path - item->cost + left : item->critical_path;
        if (path <= most) continue;
        longest = busy[b];
        most = path;
    }
    return longest;
}

void suite_progress_wait(suite_progress_t *progress, const int *busy, int count)
{
    if (progress == NULL || count == 0 || !progress_due(&progress->bar)) return;
    char detail[1200], name[512], path[4200], since[16];
    progress->waiting = true;
    predict(progress);
    progress->waiting = false;
    const int which = longest(progress, busy, count);
    const plan_item_t *item = &progress->items->items[which];
    int length =
        snprintf(detail, sizeof detail, "waiting for %d item%s in progress elsewhere%s: %s", count,
                 count == 1 ? "" : "s", count == 1 ? "" : ", the longest", plan_item_name(name, progress->plan, item));
    snprintf(path, sizeof path, "%s.claim", item->path);
    if (which != progress->told) progress->told = claim_read(&progress->holder, path) ? which : -1;
    if (which == progress->told) {
        const claim_holder_t *claim = &progress->holder;
        clock_format(since, difftime(time(NULL), (time_t)claim->since));
        snprintf(detail + length, sizeof detail - (size_t)length, " (%s:%ld, since %s)", claim->host, claim->pid,
                 since);
    }
    show(progress, detail);
}
