/* A run in thought: ranks that choose as the scheduler chooses, and items that take what the cost model says. It begins
 * with nothing done, or in the midst of a run. */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    double end;
    int rank, item;
} event_t;

enum { SIMULATED = 20000 }; /* items for which a simulation takes well below a tenth of a second */

typedef struct {
    const plan_items_t *items;
    const double *left; /* (items) or NULL */
    plan_ready_t *ready;
    event_t *event; /* a binary heap, the earliest end on top */
    int events;
    int *idle; /* ranks without work, the last to become so on top */
    int idles;
    int *prefer; /* (ranks) category evaluated last */
    double now, busy;
} simulation_t;

static bool before(const event_t *a, const event_t *b)
{
    return a->end < b->end || (!(a->end > b->end) && a->rank < b->rank);
}

static void push(simulation_t *s, event_t event)
{
    int at = s->events++;
    while (at > 0 && before(&event, &s->event[(at - 1) / 2])) {
        s->event[at] = s->event[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    s->event[at] = event;
}

static event_t pop(simulation_t *s)
{
    event_t top = s->event[0], last = s->event[--s->events];
    int at = 0;
    for (;;) {
        int child = 2 * at + 1;
        if (child >= s->events) break;
        if (child + 1 < s->events && before(&s->event[child + 1], &s->event[child])) child++;
        if (!before(&s->event[child], &last)) break;
        s->event[at] = s->event[child];
        at = child;
    }
    s->event[at] = last;
    return top;
}

static bool is_begun(const double *left, int i)
{
    return left != NULL && left[i] >= 0;
}

/* What is known before any rank moves; returns how many items are in progress. */
static int sum_up(plan_simulation_t *out, const plan_items_t *items, const double *left)
{
    int busy = 0;
    *out = (plan_simulation_t){.critical_item = -1};
    for (int i = 0; i < items->count; i++) {
        const plan_item_t *item = &items->items[i];
        if (!item->wanted || item->state != PLAN_OPEN) continue;
        bool begun = is_begun(left, i);
        if (begun && (!(left[i] > 0) || left[i] >= PLAN_NEVER)) continue;
        double path = begun ? item->critical_path - item->cost + left[i] : item->critical_path;
        out->items++;
        out->work += begun ? left[i] : item->cost;
        busy += begun;
        if (out->critical_item >= 0 && path <= out->critical_path) continue;
        out->critical_item = i;
        out->critical_path = path;
    }
    return busy;
}

/* Items in progress end when they end, and those that are there do so at once. */
static void take_up(simulation_t *s)
{
    for (int i = 0; i < s->items->count; i++) {
        const plan_item_t *item = &s->items->items[i];
        if (!item->wanted || item->state != PLAN_OPEN || !is_begun(s->left, i) || s->left[i] >= PLAN_NEVER) continue;
        if (!(s->left[i] > 0)) {
            plan_ready_done(s->ready, i);
            continue;
        }
        int rank = s->idle[--s->idles];
        if (item->kind == PLAN_EVALUATE) s->prefer[rank] = item->category_index;
        s->busy += s->left[i];
        push(s, (event_t){.end = s->left[i], .rank = rank, .item = i});
    }
}

/* Every idle rank takes an item, as long as there are some. */
static void hand_out(simulation_t *s)
{
    while (s->idles > 0 && plan_ready_count(s->ready) > 0) {
        int rank = s->idle[s->idles - 1], i = plan_ready_take(s->ready, s->prefer[rank]);
        if (is_begun(s->left, i)) continue;
        s->idles--;
        const plan_item_t *item = &s->items->items[i];
        double cost = item->cost;
        if (item->kind == PLAN_EVALUATE) {
            if (s->prefer[rank] == item->category_index) cost -= item->warm;
            s->prefer[rank] = item->category_index;
        }
        s->busy += cost;
        push(s, (event_t){.end = s->now + cost, .rank = rank, .item = i});
    }
}

status_t plan_simulate(plan_simulation_t *out, const plan_items_t *items, const double *left, int categories, int ranks)
{
    status_t status;
    int busy = sum_up(out, items, left);
    if (ranks < busy) ranks = busy;
    simulation_t s = {.items = items, .left = left, .idles = ranks};
    s.event = base_alloc((size_t)ranks + 1, sizeof *s.event);
    s.idle = base_alloc((size_t)ranks, sizeof *s.idle);
    s.prefer = base_alloc((size_t)ranks, sizeof *s.prefer);
    if (s.event == NULL || s.idle == NULL || s.prefer == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    for (int r = 0; r < ranks; r++) {
        s.idle[r] = ranks - 1 - r;
        s.prefer[r] = -1;
    }
    TRY_DONE(plan_ready_make(&s.ready, items, categories));
    take_up(&s);
    hand_out(&s);
    while (s.events > 0) {
        event_t event = pop(&s);
        s.now = event.end;
        plan_ready_done(s.ready, event.item);
        s.idle[s.idles++] = event.rank;
        hand_out(&s);
    }
    out->makespan = s.now;
    out->work = s.busy;
done:
    plan_ready_free(s.ready);
    free(s.event);
    free(s.idle);
    free(s.prefer);
    return status;
}

status_t plan_estimate(plan_simulation_t *out, const plan_items_t *items, const double *left, int categories, int ranks)
{
    int busy = sum_up(out, items, left);
    if (out->items <= SIMULATED) return plan_simulate(out, items, left, categories, ranks);
    double even = out->work / (ranks > busy ? ranks : busy);
    out->makespan = even > out->critical_path ? even : out->critical_path;
    return ST_OK;
}

/* One that takes longer than predicted is nearly done until it is done: a twentieth of its time is still to come. */
double plan_left(double cost, double elapsed)
{
    double left = cost - (elapsed > 0 ? elapsed : 0), least = 0.05 * (elapsed > cost ? elapsed : cost);
    return left > least ? left : least;
}

int plan_critical_next(const plan_items_t *items, int item)
{
    int next = -1;
    for (int i = 0; i < items->count; i++) {
        const plan_item_t *user = &items->items[i];
        if (!user->wanted || (next >= 0 && user->critical_path <= items->items[next].critical_path)) continue;
        for (int n = 0; n < user->need_count; n++)
            if (user->needs[n] == item) next = i;
    }
    return next;
}
