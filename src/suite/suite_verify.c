/* The files of a run against their SHA-256: what a start does not read. */
#include "suite/suite_internal.h"

#include <stdlib.h>

typedef struct {
    FILE *out;
    const plan_t *plan;
    plan_items_t items;
    uint8_t *seen; /* (items) heads that were read already */
    int *files, *damaged;
} verify_t;

/* Only a lack of memory stops a verification. */
static status_t count(verify_t *v, status_t status)
{
    ++*v->files;
    if (status == ST_OK || status == ST_ENOMEM) return status;
    ++*v->damaged;
    fprintf(v->out, "%s\n", fail_message());
    return ST_OK;
}

static status_t verify_task(verify_t *v, const plan_item_t *task)
{
    bool heads;
    TRY(count(v, store_task_verify(&heads, v->plan, task)));
    for (int n = 0; n < task->need_count && heads; n++) {
        const int need = task->needs[n];
        if (v->items.items[need].kind != PLAN_LEARN || v->seen[need]) continue;
        v->seen[need] = 1;
        TRY(count(v, store_head_verify(v->plan, &v->items.items[need])));
    }
    return ST_OK;
}

status_t suite_verify(FILE *out, int *files, int *damaged, const plan_t *plan)
{
    status_t status;
    verify_t v = {.out = out, .plan = plan, .files = files, .damaged = damaged};
    *files = *damaged = 0;
    TRY_DONE(store_items_make(&v.items, plan));
    v.seen = calloc((size_t)v.items.count + 1, 1);
    if (v.seen == NULL) TRY_DONE(fail(ST_ENOMEM, "out of memory"));
    for (int i = 0; i < v.items.count; i++)
        if (v.items.items[i].kind == PLAN_EVALUATE && v.items.items[i].state == PLAN_DONE)
            TRY_DONE(verify_task(&v, &v.items.items[i]));
done:
    free(v.seen);
    plan_items_free(&v.items);
    return status;
}
