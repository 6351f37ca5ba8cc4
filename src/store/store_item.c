/* A file that an item makes: opened when it is whole and the item's own, set aside when it is not. */
#include "store/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

status_t store_open(io_h5_t **out, const char *path, const char *wanted)
{
    char *id = NULL;
    int64_t complete = 0;
    status_t status;
    *out = NULL;
    TRY_DONE(io_h5_open(out, path));
    TRY_DONE(store_format_check(*out, path));
    TRY_DONE(io_h5_get_text(&id, *out, "/", "id"));
    TRY_DONE(io_h5_get_i64(&complete, *out, "/", "complete"));
    if (complete != 1 || strcmp(id, wanted) != 0)
        status = fail(ST_EFORMAT, "'%s' has the id %s, expected %s", path, id, wanted);
done:
    free(id);
    if (status != ST_OK) {
        io_h5_close(*out);
        *out = NULL;
    }
    return status;
}

status_t store_item_open(io_h5_t **out, const plan_item_t *item)
{
    return store_open(out, item->path, item->id);
}

/* A file that is there and no good is set aside. */
static status_t check(bool *whole, const plan_t *plan, const plan_item_t *item, const char *path, const char *id,
                      const char *feature)
{
    io_h5_t *file;
    *whole = false;
    if (!io_is_named(path)) return ST_OK;
    status_t status = store_open(&file, path, id);
    if (status == ST_OK) status = store_item_fits(file, plan, item, feature);
    *whole = status == ST_OK;
    io_h5_close(file);
    if (status == ST_OK || status == ST_ENOMEM) return status;
    char aside[4300];
    snprintf(aside, sizeof aside, "%s.aside-%lld-%ld", path, (long long)time(NULL), (long)getpid());
    const bool moved = rename(path, aside) == 0 || errno == ENOENT;
    if (moved) log_warn("%s; set aside as '%s' and made again", fail_message(), aside);
    /* A disk that does not read may not rename either: then the first error is the one to tell. */
    if (!moved && status != ST_EIO) return fail(ST_EIO, "'%s' cannot be renamed: %s", path, strerror(errno));
    return moved ? ST_OK : status;
}

status_t store_item_check(bool *whole, const plan_t *plan, const plan_item_t *item)
{
    char path[4096];
    TRY(check(whole, plan, item, item->path, item->id, NULL));
    /* The item's own file without all of its arrays is none. */
    method_ask_t ask;
    bool all = true;
    plan_item_ask(&ask, plan, item);
    for (int a = 0; a < ask.count; a++) {
        bool one;
        plan_array_path(path, plan, item, ask.text[a]);
        TRY(check(&one, plan, item, path, item->array_id, ask.text[a]));
        all = all && one;
    }
    if (!*whole || all) return ST_OK;
    *whole = false;
    unlink(item->path); /* it says nothing that the next one will not */
    return ST_OK;
}
