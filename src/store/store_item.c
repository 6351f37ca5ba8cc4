/* A file that an item makes: opened when it is whole and the item's own, set aside when it is not. */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

status_t store_item_open(io_h5_t **out, const plan_item_t *item)
{
    char *id = NULL;
    int64_t complete = 0;
    status_t status;
    *out = NULL;
    TRY_DONE(io_h5_open(out, item->path));
    TRY_DONE(io_h5_get_text(&id, *out, "/", "id"));
    TRY_DONE(io_h5_get_i64(&complete, *out, "/", "complete"));
    if (complete != 1 || strcmp(id, item->id) != 0)
        status = fail(ST_EFORMAT, "'%s' has the id %s, expected %s", item->path, id, item->id);
done:
    free(id);
    if (status != ST_OK) {
        io_h5_close(*out);
        *out = NULL;
    }
    return status;
}

status_t store_item_check(bool *whole, const plan_item_t *item)
{
    io_h5_t *file;
    *whole = false;
    if (!io_exists(item->path)) return ST_OK;
    status_t status = store_item_open(&file, item);
    *whole = status == ST_OK;
    io_h5_close(file);
    if (status == ST_OK || status == ST_ENOMEM) return status;
    char aside[4300];
    snprintf(aside, sizeof aside, "%s.aside-%lld-%ld", item->path, (long long)time(NULL), (long)getpid());
    const bool moved = rename(item->path, aside) == 0 || errno == ENOENT;
    if (moved) log_warn("%s; set aside as '%s' and made again", fail_message(), aside);
    /* A disk that does not read may not rename either: then the first error is the one to tell. */
    if (!moved && status != ST_EIO) return fail(ST_EIO, "'%s' cannot be renamed: %s", item->path, strerror(errno));
    return moved ? ST_OK : status;
}
