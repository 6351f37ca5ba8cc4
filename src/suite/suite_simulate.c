/* A run in thought: ranks that choose as the scheduler chooses, and items that take what the cost model says. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    double end;
    int rank, item;
} event_t;

typedef struct {
    const items_t *items;
    suite_ready_t *ready;
    event_t *event; /* a binary heap, the earliest end on top */
    int events;
    int *idle; /* ranks without work, the last to become so on top */
    int idles;
    int *prefer; /* (ranks) listing evaluated last */
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

/* Every idle rank takes an item, as long as there are some. */
static void hand_out(simulation_t *s)
{
    while (s->idles > 0 && suite_ready_count(s->ready) > 0) {
        int rank = s->idle[--s->idles], i = suite_ready_take(s->ready, s->prefer[rank]);
        const item_t *item = &s->items->items[i];
        double cost = item->cost;
        if (item->kind == ITEM_EVALUATE) {
            if (s->prefer[rank] == item->listing) cost -= item->warm;
            s->prefer[rank] = item->listing;
        }
        s->busy += cost;
        push(s, (event_t){.end = s->now + cost, .rank = rank, .item = i});
    }
}

status_t suite_simulate(suite_simulation_t *out, const items_t *items, int listings, int ranks)
{
    status_t status;
    simulation_t s = {.items = items, .idles = ranks};
    *out = (suite_simulation_t){.chain_item = -1};
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
    TRY_DONE(suite_ready_make(&s.ready, items, listings));
    for (int i = 0; i < items->count; i++) {
        const item_t *item = &items->items[i];
        if (!item->wanted || item->state != ITEM_OPEN) continue;
        out->items++;
        if (out->chain_item < 0 || item->tail > items->items[out->chain_item].tail) out->chain_item = i;
    }
    hand_out(&s);
    while (s.events > 0) {
        event_t event = pop(&s);
        s.now = event.end;
        suite_ready_done(s.ready, event.item);
        s.idle[s.idles++] = event.rank;
        hand_out(&s);
    }
    out->makespan = s.now;
    out->work = s.busy;
    out->chain = out->chain_item >= 0 ? items->items[out->chain_item].tail : 0;
done:
    suite_ready_free(s.ready);
    free(s.event);
    free(s.idle);
    free(s.prefer);
    return status;
}

int suite_chain_next(const items_t *items, int item)
{
    int next = -1;
    for (int i = 0; i < items->count; i++) {
        const item_t *user = &items->items[i];
        if (!user->wanted || (next >= 0 && user->tail <= items->items[next].tail)) continue;
        for (int n = 0; n < user->need_count; n++)
            if (user->needs[n] == item) next = i;
    }
    return next;
}
