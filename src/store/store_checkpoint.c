/* The state of a head in mid-learning. */
#include "store/store_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void checkpoint_path(char out[4200], const plan_item_t *item)
{
    snprintf(out, 4200, "%s.checkpoint", item->path);
}

void store_checkpoint_remove(const plan_item_t *item)
{
    char path[4200];
    checkpoint_path(path, item);
    unlink(path);
}

status_t store_checkpoint_write(const align_head_t *head, const store_learned_t *result, const plan_item_t *item)
{
    if (head->count == 0) return ST_OK;
    status_t status;
    io_h5_t *file = NULL;
    char path[4200];
    int64_t n = result->oracle_count, G = result->G, E = result->E, columns = align_trace_columns(head);
    const char *axes = "state,group,embedding";
    checkpoint_path(path, item);
    const io_h5_field_t fields[] = {
        {"params", IO_H5_F32, 1, {head->count}, "float", "1", "learnable parameters", head->params},
        {"momentum", IO_H5_F32, 1, {head->count}, "float", "1", "momentum of SGD", head->momentum},
        {"loss", IO_H5_F64, 2, {head->epoch, ALIGN_TERMS}, "epoch,term", "1", "loss terms so far", result->losses},
        {"trace", IO_H5_F64, 2, {head->epoch, columns}, "epoch,column", "1", "the trace so far", result->trace},
        {"oracle_epoch", IO_H5_I32, 1, {n}, "state", "epochs", "epochs of the states kept", result->oracle_epoch},
        {"oracle_normal", IO_H5_F32, 3, {n, G, E}, axes, "1", "normal anchors", result->oracle_normal},
        {"oracle_abnormal", IO_H5_F32, 3, {n, G, E}, axes, "1", "abnormal anchors", result->oracle_abnormal},
        {"oracle_keys", IO_H5_F32, 3, {n, G, E}, axes, "1", "keys", result->oracle_keys},
    };
    TRY_DONE(io_h5_create(&file, path));
    TRY_DONE(io_h5_write(file, "/", fields, n > 0 ? 8 : 4));
    TRY_DONE(io_h5_set_text(file, "/", "description", "learning of a head in progress; removed when it is done"));
    TRY_DONE(io_h5_set_text(file, "/", "id", item->id));
    TRY_DONE(io_h5_set_text(file, "/", "made_on", result->made_on.text));
    TRY_DONE(io_h5_set_i64(file, "/", "epoch", head->epoch));
    status = io_h5_publish(&file);
done:
    io_h5_close(file);
    return status;
}

static status_t restore(align_head_t *head, store_learned_t *result, io_h5_t *file, const plan_item_t *item)
{
    char *id;
    int64_t epoch;
    TRY(io_h5_get_text(&id, file, "/", "id"));
    bool ours = strcmp(id, item->id) == 0;
    free(id);
    if (!ours) return fail(ST_EFORMAT, "it belongs to another task");
    TRY(io_h5_get_i64(&epoch, file, "/", "epoch"));
    if (epoch < 0 || epoch > result->epochs)
        return fail(ST_EFORMAT, "epoch is %lld, expected at most %d", (long long)epoch, result->epochs);
    const int64_t params[] = {head->count}, losses[] = {epoch, ALIGN_TERMS};
    TRY(store_read_into(result->losses, file, "loss", IO_H5_F64, 2, losses));
    const int64_t trace[] = {epoch, align_trace_columns(head)};
    for (int64_t i = 0; i < epoch * trace[1]; i++) result->trace[i] = (double)NAN;
    if (io_h5_has(file, "trace")) TRY(store_read_into(result->trace, file, "trace", IO_H5_F64, 2, trace));
    if (io_h5_has(file, "oracle_epoch")) {
        int ndim;
        int64_t dims[6];
        TRY(io_h5_dims(&ndim, dims, file, "oracle_epoch"));
        if (ndim != 1 || dims[0] > result->oracle_room)
            return fail(ST_EFORMAT, "oracle_epoch is not a list of at most %d states", result->oracle_room);
        const int64_t states[] = {dims[0], result->G, result->E};
        TRY(store_read_into(result->oracle_epoch, file, "oracle_epoch", IO_H5_I32, 1, states));
        TRY(store_read_into(result->oracle_normal, file, "oracle_normal", IO_H5_F32, 3, states));
        TRY(store_read_into(result->oracle_abnormal, file, "oracle_abnormal", IO_H5_F32, 3, states));
        TRY(store_read_into(result->oracle_keys, file, "oracle_keys", IO_H5_F32, 3, states));
        result->oracle_count = (int)states[0];
    }
    TRY(store_read_into(head->momentum, file, "momentum", IO_H5_F32, 1, params));
    TRY(store_read_into(head->params, file, "params", IO_H5_F32, 1, params));
    head->epoch = (int)epoch;
    store_made_on_read(&result->made_on, file);
    return ST_OK;
}

status_t store_checkpoint_read(align_head_t *head, store_learned_t *result, const plan_item_t *item)
{
    char path[4200], aside[4300];
    io_h5_t *file;
    checkpoint_path(path, item);
    if (head->count == 0 || !io_exists(path)) return ST_OK;
    status_t status = io_h5_open(&file, path);
    if (status == ST_OK) {
        status = restore(head, result, file, item);
        io_h5_close(file);
    }
    if (status == ST_OK) {
        log_info("learning goes on from epoch %d ('%s')", head->epoch, path);
        return ST_OK;
    }
    if (status == ST_ENOMEM) return status;
    snprintf(aside, sizeof aside, "%s.aside-%lld", path, (long long)time(NULL));
    log_warn("'%s' cannot be used (%s); set aside, learning starts from the beginning", path, fail_message());
    if (rename(path, aside) != 0) unlink(path);
    /* Nothing half-restored: the head starts from its initial parameters. */
    memcpy(head->params, head->initial, (size_t)head->count * sizeof(float));
    memset(head->momentum, 0, (size_t)head->count * sizeof(float));
    head->epoch = 0;
    result->oracle_count = 0;
    return ST_OK;
}
