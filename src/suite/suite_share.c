/* One plan on every rank. What of the world it depends on goes from rank 0 to all ranks; one description of the structs serves both directions. */
#include "suite/suite_internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *bytes;
    size_t size, room, at;
    bool reading; /* from bytes into the structs; else the other way */
    bool failed;  /* memory was out: nothing more happens */
} parcel_t;

static void exchange(parcel_t *parcel, void *data, size_t size)
{
    if (parcel->failed) return;
    if (parcel->reading) {
        REQUIRE(parcel->at + size <= parcel->size); /* rank 0 runs the same lines */
        memcpy(data, parcel->bytes + parcel->at, size);
        parcel->at += size;
        return;
    }
    if (parcel->size + size > parcel->room) {
        size_t room = 2 * (parcel->size + size) + 65536;
        char *more = realloc(parcel->bytes, room);
        if (more == NULL) {
            parcel->failed = true;
            return;
        }
        parcel->bytes = more;
        parcel->room = room;
    }
    memcpy(parcel->bytes + parcel->size, data, size);
    parcel->size += size;
}

static void *make_room(parcel_t *parcel, size_t count, size_t size)
{
    void *data = parcel->failed ? NULL : calloc(count + 1, size);
    parcel->failed = data == NULL;
    return data;
}

static void exchange_text(parcel_t *parcel, char **text)
{
    int64_t length = !parcel->reading && *text != NULL ? (int64_t)strlen(*text) : -1; /* -1: NULL */
    exchange(parcel, &length, sizeof length);
    if (parcel->failed) return;
    if (parcel->reading) *text = length >= 0 ? make_room(parcel, (size_t)length, 1) : NULL;
    if (length > 0 && !parcel->failed) exchange(parcel, *text, (size_t)length);
}

static void exchange_images(parcel_t *parcel, data_image_t **images, int *count, int64_t **sizes)
{
    int number = *count;
    exchange(parcel, &number, sizeof number);
    if (parcel->failed) return;
    if (parcel->reading) {
        *images = make_room(parcel, (size_t)number, sizeof **images);
        *sizes = make_room(parcel, (size_t)number, sizeof **sizes);
        if (parcel->failed) return;
        *count = number;
    }
    exchange(parcel, *sizes, (size_t)number * sizeof **sizes);
    for (int i = 0; i < number && !parcel->failed; i++) {
        data_image_t *image = &(*images)[i];
        exchange_text(parcel, &image->path);
        exchange_text(parcel, &image->name);
        exchange_text(parcel, &image->defect);
        exchange_text(parcel, &image->mask);
        exchange_text(parcel, &image->sample);
        exchange(parcel, &image->label, sizeof image->label);
    }
}

static void exchange_category(parcel_t *parcel, plan_category_t *entry)
{
    data_category_t *images = &entry->images;
    exchange_text(parcel, &images->dataset);
    exchange_text(parcel, &images->category);
    exchange_images(parcel, &images->train, &images->train_count, &entry->train_mark);
    exchange_images(parcel, &images->test, &images->test_count, &entry->test_mark);
    exchange(parcel, &images->test_anomalous, sizeof images->test_anomalous);
    exchange(parcel, &images->masks_missing, sizeof images->masks_missing);
    exchange(parcel, &images->mask_threshold, sizeof images->mask_threshold);
    exchange(parcel, &images->how, sizeof images->how);
    exchange_text(parcel, &images->split);
    exchange(parcel, entry->digest, sizeof entry->digest);
    exchange(parcel, entry->cache_key, sizeof entry->cache_key);
    exchange(parcel, entry->caption_digest, sizeof entry->caption_digest);
    exchange(parcel, &entry->caption, sizeof entry->caption);
    exchange_text(parcel, &entry->cache);
    exchange_text(parcel, &entry->prompts);
}

static void exchange_plan(parcel_t *parcel, plan_t *plan)
{
    int categories = plan->category_count;
    exchange_text(parcel, &plan->model_digest);
    exchange(parcel, &plan->config, sizeof plan->config);
    exchange(parcel, &plan->ask, sizeof plan->ask);
    exchange(parcel, &plan->cost, sizeof plan->cost);
    exchange(parcel, &categories, sizeof categories);
    if (parcel->failed) return;
    if (parcel->reading) plan->categories = make_room(parcel, (size_t)categories, sizeof *plan->categories);
    for (int l = 0; l < categories && !parcel->failed; l++) {
        if (parcel->reading) plan->category_count = l + 1;
        exchange_category(parcel, &plan->categories[l]);
    }
}

static status_t share(plan_t *plan, const suite_comm_t *comm)
{
    int rank = comm->rank, size;
    parcel_t parcel = {0};
    if (comm->size == 1) return ST_OK;
    parcel.reading = rank > 0;
    if (rank == 0) exchange_plan(&parcel, plan);
    size = rank == 0 && !parcel.failed && parcel.size <= INT_MAX ? (int)parcel.size : -1;
    suite_comm_tell(comm, &size, sizeof size, 0);
    if (size < 0) {
        free(parcel.bytes);
        return fail(ST_ENOMEM, "out of memory: the plan cannot be shared between ranks");
    }
    if (rank > 0) {
        parcel.size = (size_t)size;
        parcel.bytes = base_alloc(parcel.size, 1);
    }
    status_t status = suite_agree(comm, parcel.bytes != NULL ? ST_OK : ST_ENOMEM);
    if (status == ST_OK) {
        suite_comm_tell(comm, parcel.bytes, size, 0);
        if (rank > 0) exchange_plan(&parcel, plan);
        if (parcel.failed) status = fail(ST_ENOMEM, "out of memory");
        status = suite_agree(comm, status);
    }
    free(parcel.bytes);
    return status;
}

status_t suite_plan_make(plan_t *out, const method_t *const *methods, const char *job_path,
                         const char *const *assignments, int count, const suite_comm_t *comm)
{
    double started = clock_seconds();
    status_t status = plan_make_job(out, methods, job_path, assignments, count);
    if (status == ST_OK && comm->rank == 0) {
        status = plan_make_categories(out);
        if (status == ST_OK) status = plan_survey(out);
        if (status == ST_OK) store_rates_read(&out->cost, out->cost_path, out->model_digest, out->points[0].threads);
    }
    TRY_DONE(suite_agree(comm, status));
    TRY_DONE(share(out, comm));
    TRY_DONE(suite_agree(comm, plan_make_tasks(out)));
done:
    out->seconds = clock_seconds() - started;
    if (status != ST_OK) plan_free(out);
    return status;
}
