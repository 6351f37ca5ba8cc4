/* One plan on every rank. What of the file system it depends on goes from rank 0 to all ranks; one description of
 * the structs serves both directions. */
#include "suite/suite_internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *bytes;
    size_t size, room, at;
    bool reading; /* from bytes into the structs; else the other way */
    bool failed;  /* memory was out: nothing more happens */
} message_t;

static void exchange(message_t *message, void *data, size_t size)
{
    if (message->failed) return;
    if (message->reading) {
        REQUIRE(message->at + size <= message->size); /* rank 0 runs the same lines */
        memcpy(data, message->bytes + message->at, size);
        message->at += size;
        return;
    }
    if (message->size + size > message->room) {
        size_t room = 2 * (message->size + size) + 65536;
        char *more = realloc(message->bytes, room);
        if (more == NULL) {
            message->failed = true;
            return;
        }
        message->bytes = more;
        message->room = room;
    }
    memcpy(message->bytes + message->size, data, size);
    message->size += size;
}

static void *make_room(message_t *message, size_t count, size_t size)
{
    void *data = message->failed ? NULL : calloc(count + 1, size);
    message->failed = data == NULL;
    return data;
}

static void exchange_text(message_t *message, char **text)
{
    int64_t length = !message->reading && *text != NULL ? (int64_t)strlen(*text) : -1; /* -1: NULL */
    exchange(message, &length, sizeof length);
    if (message->failed) return;
    if (message->reading) *text = length >= 0 ? make_room(message, (size_t)length, 1) : NULL;
    if (length > 0 && !message->failed) exchange(message, *text, (size_t)length);
}

static void exchange_images(message_t *message, data_image_t **images, int *count, int64_t **sizes)
{
    int number = *count;
    exchange(message, &number, sizeof number);
    if (message->failed) return;
    if (message->reading) {
        *images = make_room(message, (size_t)number, sizeof **images);
        *sizes = make_room(message, (size_t)number, sizeof **sizes);
        if (message->failed) return;
        *count = number;
    }
    exchange(message, *sizes, (size_t)number * sizeof **sizes);
    for (int i = 0; i < number && !message->failed; i++) {
        data_image_t *image = &(*images)[i];
        exchange_text(message, &image->path);
        exchange_text(message, &image->name);
        exchange_text(message, &image->defect);
        exchange_text(message, &image->mask);
        exchange_text(message, &image->sample);
        exchange(message, &image->label, sizeof image->label);
    }
}

static void exchange_category(message_t *message, plan_category_t *entry)
{
    data_category_t *images = &entry->images;
    exchange_text(message, &images->dataset);
    exchange_text(message, &images->category);
    exchange_images(message, &images->train, &images->train_count, &entry->train_fingerprint);
    exchange_images(message, &images->test, &images->test_count, &entry->test_fingerprint);
    exchange(message, &images->test_anomalous, sizeof images->test_anomalous);
    exchange(message, &images->masks_missing, sizeof images->masks_missing);
    exchange(message, &images->mask_threshold, sizeof images->mask_threshold);
    exchange(message, &images->how, sizeof images->how);
    exchange_text(message, &images->split);
    exchange(message, entry->digest, sizeof entry->digest);
    exchange(message, entry->cache_key, sizeof entry->cache_key);
    exchange(message, entry->arrays_key, sizeof entry->arrays_key);
    exchange(message, entry->features_key, sizeof entry->features_key);
    exchange(message, entry->caption_digest, sizeof entry->caption_digest);
    exchange(message, &entry->caption, sizeof entry->caption);
    exchange_text(message, &entry->cache);
    exchange_text(message, &entry->arrays);
    exchange_text(message, &entry->prompts);
}

static void exchange_plan(message_t *message, plan_t *plan)
{
    int categories = plan->category_count;
    exchange_text(message, &plan->model_digest);
    exchange_text(message, &plan->model_mark);
    exchange(message, &plan->config, sizeof plan->config);
    exchange(message, &plan->ask, sizeof plan->ask);
    exchange(message, &plan->ask_test, sizeof plan->ask_test);
    exchange(message, &plan->cost, sizeof plan->cost);
    exchange(message, &categories, sizeof categories);
    if (message->failed) return;
    if (message->reading) plan->categories = make_room(message, (size_t)categories, sizeof *plan->categories);
    for (int l = 0; l < categories && !message->failed; l++) {
        if (message->reading) plan->category_count = l + 1;
        exchange_category(message, &plan->categories[l]);
    }
}

static status_t share(plan_t *plan, const suite_comm_t *comm)
{
    int rank = comm->rank, size;
    message_t message = {0};
    if (comm->size == 1) return ST_OK;
    message.reading = rank > 0;
    if (rank == 0) exchange_plan(&message, plan);
    size = rank == 0 && !message.failed && message.size <= INT_MAX ? (int)message.size : -1;
    suite_comm_tell(comm, &size, sizeof size, 0);
    if (size < 0) {
        free(message.bytes);
        return fail(ST_ENOMEM, "out of memory: the plan cannot be shared between ranks");
    }
    if (rank > 0) {
        message.size = (size_t)size;
        message.bytes = base_alloc(message.size, 1);
    }
    status_t status = suite_agree(comm, message.bytes != NULL ? ST_OK : ST_ENOMEM);
    if (status == ST_OK) {
        suite_comm_tell(comm, message.bytes, size, 0);
        if (rank > 0) exchange_plan(&message, plan);
        if (message.failed) status = fail(ST_ENOMEM, "out of memory");
        status = suite_agree(comm, status);
    }
    free(message.bytes);
    return status;
}

/* mpirun -n 1 fgad run A : -n 1 fgad run B: two jobs that would be taken for one. */
static status_t check_same_job(const plan_t *plan, const suite_comm_t *comm)
{
    uint64_t key = base_hash(BASE_HASH_SEED, plan->run_dir, strlen(plan->run_dir));
    for (int p = 0; p < plan->point_count; p++)
        key = base_hash(key, plan->point_options[p], strlen(plan->point_options[p]));
    int least = (int)(key & 0x7fffffff), most = least;
    suite_comm_all(comm, &least, 1, SUITE_MIN_INTS);
    suite_comm_all(comm, &most, 1, SUITE_MAX_INTS);
    if (least == most) return ST_OK;
    return fail(ST_EFORMAT,
                "the ranks were given different jobs, options or folders; expected one job under one launcher "
                "(hint: a launch for each)");
}

status_t suite_plan_make(plan_t *out, const method_t *const *methods, const char *job_path,
                         const char *const *assignments, int count, const suite_comm_t *comm)
{
    double started = clock_own_seconds();
    status_t status = plan_make_job(out, methods, job_path, assignments, count);
    TRY_DONE(suite_agree(comm, status));
    TRY_DONE(check_same_job(out, comm));
    if (comm->rank == 0) {
        status = plan_make_categories(out);
        if (status == ST_OK) status = plan_survey(out);
        if (status == ST_OK) store_plan_rates_read(out);
    }
    TRY_DONE(suite_agree(comm, status));
    TRY_DONE(share(out, comm));
    /* One number for all ranks: their plans must not differ. */
    int learn_mb = job_learn_memory_share(comm->on_node);
    suite_comm_all(comm, &learn_mb, 1, SUITE_MIN_INTS);
    plan_learn_memory(out, learn_mb);
    TRY_DONE(suite_agree(comm, plan_make_tasks(out)));
done:
    out->seconds = clock_own_seconds() - started;
    if (status != ST_OK) plan_free(out);
    return status;
}
