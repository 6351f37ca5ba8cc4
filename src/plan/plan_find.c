/* Items by the names of their files, as a listing of a folder has them. */
#include "plan/plan_internal.h"

#include <string.h>

static uint64_t name_hash(int folder, const char *name, size_t length)
{
    return base_hash(base_hash(BASE_HASH_SEED, &folder, sizeof folder), name, length);
}

int plan_items_find(const plan_items_t *items, int folder, const char *name, size_t length)
{
    for (uint64_t at = name_hash(folder, name, length);; at++) {
        int i = items->slot[at & (uint64_t)(items->slots - 1)];
        if (i < 0) return -1;
        const plan_item_t *item = &items->items[i];
        if (item->folder == folder && strncmp(item->name, name, length) == 0 && item->name[length] == '\0') return i;
    }
}

status_t plan_items_index(plan_items_t *items)
{
    for (items->slots = 64; items->slots < 2 * items->count;) items->slots *= 2;
    items->slot = base_alloc((size_t)items->slots, sizeof *items->slot);
    if (items->slot == NULL) return ST_ENOMEM;
    for (int i = 0; i < items->slots; i++) items->slot[i] = -1;
    for (int i = 0; i < items->count; i++) {
        const plan_item_t *item = &items->items[i];
        uint64_t at = name_hash(item->folder, item->name, strlen(item->name));
        while (items->slot[at & (uint64_t)(items->slots - 1)] >= 0) at++;
        items->slot[at & (uint64_t)(items->slots - 1)] = i;
    }
    return ST_OK;
}
