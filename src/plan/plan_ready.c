/* Which items can be begun, and which of them first. The run and its simulation choose by these same lines. */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

/* Items of one category that can be begun: a binary heap of places in items->order, the longest critical path on
 * top. */
typedef struct {
    int *place;
    int count;
} heap_t;

struct plan_ready {
    const plan_items_t *items;
    int *place;             /* (items) where the item stands in items->order */
    int *waiting;           /* (items) needs that are not done */
    int *first_user, *user; /* users of item i: user[first_user[i] .. first_user[i + 1]) */
    int *room;              /* of all heaps */
    heap_t *heap;           /* (categories) */
    int categories;
    int count; /* in all heaps */
};

static void sift_up(heap_t *heap, int at)
{
    int place = heap->place[at];
    while (at > 0 && heap->place[(at - 1) / 2] > place) {
        heap->place[at] = heap->place[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->place[at] = place;
}

static int pop(heap_t *heap)
{
    int top = heap->place[0], last = heap->place[--heap->count], at = 0;
    for (;;) {
        int child = 2 * at + 1;
        if (child >= heap->count) break;
        if (child + 1 < heap->count && heap->place[child + 1] < heap->place[child]) child++;
        if (heap->place[child] >= last) break;
        heap->place[at] = heap->place[child];
        at = child;
    }
    heap->place[at] = last;
    return top;
}

void plan_ready_put(plan_ready_t *ready, int item)
{
    heap_t *heap = &ready->heap[ready->items->items[item].category_index];
    heap->place[heap->count] = ready->place[item];
    sift_up(heap, heap->count++);
    ready->count++;
}

/* The best item of the category that is preferred will do when it is an evaluation, for which the rank holds features, and
 * not much less urgent than the best of all. */
static int choose_heap(const plan_ready_t *ready, int prefer)
{
    int best = -1;
    const plan_item_t *items = ready->items->items;
    const int *order = ready->items->order;
    for (int l = 0; l < ready->categories; l++)
        if (ready->heap[l].count > 0 && (best < 0 || ready->heap[l].place[0] < ready->heap[best].place[0])) best = l;
    if (prefer < 0 || prefer == best || ready->heap[prefer].count == 0) return best;
    const plan_item_t *wanted = &items[order[ready->heap[prefer].place[0]]];
    const plan_item_t *first = &items[order[ready->heap[best].place[0]]];
    return wanted->kind == PLAN_EVALUATE && wanted->critical_path > 0.5 * first->critical_path ? prefer : best;
}

int plan_ready_take(plan_ready_t *ready, int prefer)
{
    if (ready->count == 0) return -1;
    ready->count--;
    return ready->items->order[pop(&ready->heap[choose_heap(ready, prefer)])];
}

int plan_ready_count(const plan_ready_t *ready)
{
    return ready->count;
}

const int *plan_ready_users(int *count, const plan_ready_t *ready, int item)
{
    *count = ready->first_user[item + 1] - ready->first_user[item];
    return ready->user + ready->first_user[item];
}

void plan_ready_done(plan_ready_t *ready, int item)
{
    int count;
    const int *users = plan_ready_users(&count, ready, item);
    for (int u = 0; u < count; u++)
        if (--ready->waiting[users[u]] == 0) plan_ready_put(ready, users[u]);
}

/* Users of each need among the items that are wanted. */
static status_t link_users(plan_ready_t *ready)
{
    const plan_items_t *items = ready->items;
    size_t links = 0;
    for (int i = 0; i < items->count; i++) {
        const plan_item_t *item = &items->items[i];
        if (!item->wanted || item->state != PLAN_OPEN) continue;
        for (int n = 0; n < item->need_count; n++) {
            ready->first_user[item->needs[n] + 1]++;
            links++;
        }
    }
    ready->user = base_alloc(links + 1, sizeof *ready->user);
    int *next = base_alloc((size_t)items->count + 1, sizeof *next);
    if (ready->user == NULL || next == NULL) {
        free(next);
        return ST_ENOMEM;
    }
    for (int i = 0; i < items->count; i++) ready->first_user[i + 1] += ready->first_user[i];
    memcpy(next, ready->first_user, ((size_t)items->count + 1) * sizeof *next);
    for (int i = 0; i < items->count; i++) {
        const plan_item_t *item = &items->items[i];
        if (!item->wanted || item->state != PLAN_OPEN) continue;
        for (int n = 0; n < item->need_count; n++) {
            ready->user[next[item->needs[n]]++] = i;
            ready->waiting[i] += items->items[item->needs[n]].state != PLAN_DONE;
        }
    }
    free(next);
    return ST_OK;
}

status_t plan_ready_make(plan_ready_t **out, const plan_items_t *items, int categories)
{
    status_t status = ST_ENOMEM;
    size_t count = (size_t)items->count;
    plan_ready_t *ready = *out = calloc(1, sizeof *ready);
    if (ready == NULL) return fail(ST_ENOMEM, "out of memory");
    ready->items = items;
    ready->categories = categories;
    ready->place = base_alloc(count + 1, sizeof *ready->place);
    ready->room = base_alloc(count + 1, sizeof *ready->room);
    ready->waiting = calloc(count + 1, sizeof *ready->waiting);
    ready->first_user = calloc(count + 2, sizeof *ready->first_user);
    ready->heap = calloc((size_t)categories + 1, sizeof *ready->heap);
    if (ready->place == NULL || ready->room == NULL || ready->waiting == NULL || ready->first_user == NULL ||
        ready->heap == NULL) {
        status = fail(ST_ENOMEM, "out of memory: %zu work items", count);
        goto done;
    }
    TRY_DONE(link_users(ready));
    for (int i = 0; i < items->count; i++) ready->place[items->order[i]] = i;
    for (int i = 0; i < items->count; i++) ready->heap[items->items[i].category_index].count++;
    for (int l = 0, used = 0; l < categories; l++) {
        ready->heap[l].place = ready->room + used;
        used += ready->heap[l].count;
        ready->heap[l].count = 0;
    }
    for (int i = 0; i < items->count; i++) {
        const plan_item_t *item = &items->items[i];
        if (item->wanted && item->state == PLAN_OPEN && ready->waiting[i] == 0) plan_ready_put(ready, i);
    }
done:
    if (status != ST_OK) {
        plan_ready_free(ready);
        *out = NULL;
    }
    return status;
}

void plan_ready_free(plan_ready_t *ready)
{
    if (ready == NULL) return;
    free(ready->place);
    free(ready->room);
    free(ready->waiting);
    free(ready->first_user);
    free(ready->user);
    free(ready->heap);
    free(ready);
}
