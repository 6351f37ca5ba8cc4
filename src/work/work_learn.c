/* A learned (or handcrafted) head of one category and draw of shots: prompts, anchors, query former, in a file of its own
 * that every task which shares it reads. */
#include "work/work_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- What a head is made of ---------------------------------------------------------------------------------------- */

struct work_learn {
    work_worker_t *worker;
    const plan_item_t *item;
    const plan_task_t *task;
    const job_t *job;
    const method_heads_t *method;
    bool fixed, regions; /* as method_head_is_fixed and its neighbour have it */
    method_prompts_t prompts;
    align_head_t head;
    align_tokens_t tokens;
    float *z, *weights; /* of tokens */
    plan_head_work_t cost;
    uint8_t *labels; /* (shots, scale h, scale w): regions, NULL when none are needed */
    int grid;        /* h = w */
    store_learned_t result;
    bool queries;   /* the query former is trained */
    double started; /* clock_seconds */
};

void work_learn_free(work_learn_t *work)
{
    if (work == NULL) return;
    align_head_free(&work->head);
    method_prompts_free(&work->prompts);
    free(work->z);
    free(work->weights);
    free(work->labels);
    store_learned_free(&work->result);
    free(work);
}

/* ---- Training tokens and regions ------------------------------------------------------------------------------------ */

/* The file of the k-th support image: what is needed are (tiles, support) pairs where regions are read, else supports. */
static const plan_item_t *need_item(const work_learn_t *work, const plan_items_t *items, int k, bool tiles)
{
    int pairs = work->regions ? 2 : 1;
    return &items->items[work->item->needs[pairs * k + (pairs == 2 && !tiles)]];
}

/* z: patch tokens of all shots (pixel head), or their class tokens (image head). */
static status_t load_tokens(work_learn_t *work, const plan_items_t *items)
{
    bool pixel = work->item->head == JOB_HEAD_PIXEL;
    for (int k = 0; k < work->task->shots; k++) {
        store_features_t features;
        const store_array_t *array;
        const plan_item_t *shot = need_item(work, items, k, false);
        method_ask_t ask;
        plan_item_ask(&ask, work->worker->plan, shot);
        TRY(store_features_read(&features, work->worker->plan, shot, &ask));
        store_made_on_add(&work->result.made_on, features.made_on.text);
        status_t status = store_features_find(&array, &features, pixel ? "tokens" : "cls");
        if (status == ST_OK) {
            size_t size = (size_t)array->rows * (size_t)array->width;
            if (work->z == NULL) {
                work->z = base_alloc((size_t)work->task->shots * size, sizeof *work->z);
                work->tokens = (align_tokens_t){
                    .z = work->z, .N = work->task->shots * array->rows, .E = array->width, .images = work->task->shots};
                work->grid = features.grid;
            }
            if (work->z != NULL)
                memcpy(work->z + (size_t)k * size, array->data, size * sizeof(float));
            else
                status = ST_ENOMEM;
        }
        store_features_free(&features);
        TRY(status);
    }
    return ST_OK;
}

/* Tiles (scale*scale, T, E) in reading order, stitched into one grid of (scale h, scale w) tokens. */
static status_t read_grid(float **out, work_learn_t *work, const plan_item_t *item, int scale)
{
    int h = work->grid;
    size_t E = (size_t)work->head.E, side = (size_t)(scale * h);
    store_features_t features;
    const store_array_t *tiles = NULL;
    *out = NULL;
    method_ask_t ask;
    plan_item_ask(&ask, work->worker->plan, item);
    TRY(store_features_read(&features, work->worker->plan, item, &ask));
    store_made_on_add(&work->result.made_on, features.made_on.text);
    status_t status = store_features_find(&tiles, &features, "tokens");
    if (status == ST_OK && (features.count != scale * scale || tiles->rows != h * h || tiles->width != (int)E))
        status = fail(ST_EFORMAT, "'%s': tokens has other dimensions than %d tiles of %d tokens of %zu", item->path,
                      scale * scale, h * h, E);
    else if (status == ST_OK && (*out = base_alloc(side * side * E, sizeof(float))) == NULL)
        status = ST_ENOMEM;
    for (size_t y = 0; status == ST_OK && y < side; y++)
        for (size_t x = 0; x < side; x += (size_t)h) {
            size_t tile = y / (size_t)h * (size_t)scale + x / (size_t)h;
            memcpy(*out + (y * side + x) * E, tiles->data + (tile * (size_t)(h * h) + y % (size_t)h * (size_t)h) * E,
                   (size_t)h * E * sizeof(float));
        }
    store_features_free(&features);
    return status;
}

/* METHOD.md 6: which component every token of the enlarged training images shows, by the anchors before learning. */
static status_t find_regions(work_learn_t *work, const plan_items_t *items)
{
    const job_t *job = work->job;
    status_t status = ST_ENOMEM;
    arena_t arena;
    int scale = job->aggregation_scale, h = work->grid, E = work->head.E, G = work->head.G;
    size_t cells = (size_t)(scale * h) * (size_t)(scale * h), shots = (size_t)work->task->shots;
    const align_aggregation_t how = {.centers = (align_centers_t)job->aggregation_centers,
                                     .reference = (align_reference_t)job->aggregation_reference,
                                     .stages = job->aggregation_stages,
                                     .scale = scale};
    bool background;
    arena_init(&arena, "regions");
    float *z = NULL, *normal = arena_take(&arena, (size_t)(3 * G * E), sizeof *normal);
    work->labels = base_alloc(shots * cells, 1);
    work->weights = base_alloc((size_t)G * (size_t)work->tokens.N, sizeof *work->weights);
    if (normal == NULL || work->labels == NULL || work->weights == NULL) goto done;
    float *abnormal = normal + G * E, *anchors = abnormal + G * E;
    double began = clock_own_seconds();
    TRY_DONE(align_head_anchors(normal, abnormal, &work->head));
    began = work_worker_charge(work->worker, PLAN_RATE_LEARN, work->cost.forward_gflop, began);
    align_region_anchors(anchors, &background, normal, &work->prompts.set, E);
    for (int k = 0; k < work->task->shots; k++) {
        free(z);
        z = NULL;
        TRY_DONE(read_grid(&z, work, need_item(work, items, k, true), scale));
        TRY_DONE(align_regions(work->labels + (size_t)k * cells, z, (int)cells, E, anchors,
                               work->prompts.set.components, background, &how, &arena));
    }
    align_group_weights(work->weights, &work->prompts.set, work->labels, work->task->shots, h, h, scale, job->gamma);
    work->tokens.weights = work->weights;
    work_worker_charge(work->worker, PLAN_RATE_REGIONS,
                       plan_regions_gflop(clip_model_config(work->worker->model), job,
                                          &work->worker->plan->categories[work->task->category_index].caption,
                                          (int)shots),
                       began);
done:
    free(z);
    arena_free(&arena);
    return status;
}

/* ---- Epochs ---------------------------------------------------------------------------------------------------------- */

/* The query former on the anchors as they are; keys (G,E). Its start is drawn by the task, whatever the epoch. */
static status_t train_queries(work_learn_t *work, const float *normal, const float *abnormal, float *keys,
                              store_learned_t *keep)
{
    int G = work->head.G, E = work->head.E, steps;
    align_block_t table[ALIGN_QUERY_BLOCKS];
    size_t count = (size_t)align_query_table(table, G, E);
    align_adam_t adam = align_query_adam;
    adam.steps = work->job->query_steps;
    if (adam.max_steps < adam.steps) adam.max_steps = adam.steps;
    adam.rate = work->job->query_lr;
    status_t status = ST_ENOMEM;
    arena_t arena;
    arena_init(&arena, "query former");
    float *params = base_alloc(count, sizeof *params);
    double *losses = base_alloc((size_t)adam.max_steps + 1, sizeof *losses);
    if (params == NULL || losses == NULL) goto done;
    rng_t rng =
        rng_init(work->task->dataset, work->task->category, work->task->shots, work->task->seed, "query former");
    align_query_init(params, G, E, &rng);
    TRY_DONE(align_query_train(params, losses, &steps, normal, abnormal, G, E, &adam, &arena));
    TRY_DONE(align_query_forward(keys, NULL, params, normal, abnormal, G, E, &arena));
    if (keep != NULL) {
        keep->query_params = params;
        keep->query_losses = losses;
        keep->query_count = (int64_t)count;
        keep->query_steps = steps;
        params = NULL;
        losses = NULL;
    }
done:
    free(params);
    free(losses);
    arena_free(&arena);
    return status;
}

static status_t take_oracle(work_learn_t *work)
{
    store_learned_t *result = &work->result;
    size_t size = (size_t)work->head.G * (size_t)work->head.E;
    float *normal = result->oracle_normal + (size_t)result->oracle_count * size;
    float *abnormal = result->oracle_abnormal + (size_t)result->oracle_count * size;
    float *keys = result->oracle_keys + (size_t)result->oracle_count * size;
    TRY(align_head_anchors(normal, abnormal, &work->head));
    memcpy(keys, normal, size * sizeof *keys);
    if (result->keys != NULL && job_queries(work->job)) TRY(train_queries(work, normal, abnormal, keys, NULL));
    result->oracle_epoch[result->oracle_count++] = work->head.epoch;
    return ST_OK;
}

bool work_learn_is_done(const work_learn_t *work)
{
    return work->head.epoch >= work->head.training.epochs;
}

double work_learn_share(const work_learn_t *work, char detail[256])
{
    int epoch = work->head.epoch, epochs = work->head.training.epochs;
    detail[0] = '\0';
    if (epoch == 0) return 0;
    snprintf(detail, 256, "learning %s/%s %s head: epoch %d of %d, loss %.4f", work->task->dataset,
             work->task->category, job_head_names[work->item->head], epoch, epochs,
             work->result.losses[(size_t)(epoch - 1) * ALIGN_TERMS]);
    return (double)epoch / epochs;
}

status_t work_learn_epoch(work_learn_t *work)
{
    store_learned_t *result = &work->result;
    int epoch = work->head.epoch, track = work->job->track_epochs;
    const double started = clock_seconds(), began = clock_own_seconds();
    TRY(align_head_epoch(result->losses + (size_t)epoch * ALIGN_TERMS, &work->head, &work->tokens));
    if (track > 0 && work->head.epoch % track == 0) TRY(take_oracle(work));
    work_worker_charge(work->worker, PLAN_RATE_LEARN, work->cost.epoch_gflop, began);
    double seconds = clock_seconds() - started;
    if (seconds > work->worker->longest_step) work->worker->longest_step = seconds;
    bool stop = work_worker_must_stop(work->worker);
    if (stop || (epoch + 1) % work->job->checkpoint_every == 0)
        TRY(store_checkpoint_write(&work->head, result, work->item));
    if (stop && !work_learn_is_done(work))
        return fail(ST_EINTERRUPTED, "interrupted while learning %s/%s", work->task->dataset, work->task->category);
    return ST_OK;
}

/* ---- Begin and end ---------------------------------------------------------------------------------------------------- */

static status_t begin(work_learn_t *work, const plan_items_t *items)
{
    const job_t *job = work->job;
    work_worker_t *worker = work->worker;
    TRY(work_worker_tokenizer(worker));
    const clip_config_t *config = clip_model_config(worker->model);
    const plan_caption_t *caption = &worker->plan->categories[work->task->category_index].caption;
    align_training_t training;
    const method_learning_t how = {.job = job,
                                   .head = work->item->head,
                                   .dataset = work->task->dataset,
                                   .category = work->task->category,
                                   .shots = work->task->shots,
                                   .seed = work->task->seed,
                                   .model = worker->model,
                                   .tokenizer = worker->tokenizer};
    TRY(work->method->prompts(&work->prompts, &how));
    TRY(work->method->training(&training, &how));
    training.pool = worker->pool;
    TRY(align_head_init(&work->head, worker->model, &work->prompts.set, &training));
    TRY(plan_head_work(&work->cost, config, job, caption, work->item->head));
    work->queries = work->method->queries != NULL && work->method->queries(job, work->item->head);
    TRY(store_learned_alloc(&work->result, work->head.G, work->head.E, work->head.training.epochs, job->track_epochs,
                            work->queries));
    if (work->head.count > 0) {
        const size_t rows = (size_t)work->head.training.epochs, columns = (size_t)align_trace_columns(&work->head);
        work->head.trace = work->result.trace = base_alloc(rows * columns, sizeof *work->result.trace);
        if (work->result.trace == NULL) return ST_ENOMEM;
    }
    store_made_on_here(&work->result.made_on, worker->plan);
    if (!job->learn || work->fixed) return ST_OK;
    if (training.losses.use[ALIGN_TERM_REG] && job->groups.count > 1 &&
        job_head_groups(job, work->item->head)->count == 1)
        log_info("%s/%s: the %s head has no loss reg: its levels are the image's alone", work->task->dataset,
                 work->task->category, job_head_names[work->item->head]);
    double began = clock_own_seconds();
    TRY(load_tokens(work, items));
    work_worker_charge(worker, PLAN_RATE_READ, plan_features_mb(worker->plan, work->task->shots), began);
    if (work->regions) TRY(find_regions(work, items));
    return store_checkpoint_read(&work->head, &work->result, work->item);
}

status_t work_learn_begin(work_learn_t **out, work_worker_t *worker, const plan_items_t *items, const plan_item_t *item)
{
    const plan_task_t *task = &worker->plan->tasks[item->index];
    work_learn_t *work = *out = calloc(1, sizeof *work);
    if (work == NULL) return fail(ST_ENOMEM, "out of memory");
    work->worker = worker;
    work->item = item;
    work->task = task;
    work->job = &worker->plan->points[task->point];
    const method_t *method = plan_method(worker->plan, task);
    work->method = method->heads;
    work->fixed = method_head_is_fixed(method);
    work->regions = method_head_reads_regions(method, work->job, item->head);
    work->started = clock_seconds();
    status_t status = begin(work, items);
    if (status != ST_OK) work_learn_free(work), *out = NULL;
    return status;
}

/* METHOD.md 7: the recipe has no guard against a step that throws a head off. */
static void warn_of_a_head_thrown_off(const work_learn_t *work)
{
    const plan_task_t *task = work->task;
    const double *losses = work->result.losses;
    const int epochs = work->head.training.epochs;
    int least = 0;
    for (int e = 1; e < epochs; e++)
        if (losses[(size_t)e * ALIGN_TERMS] < losses[(size_t)least * ALIGN_TERMS]) least = e;
    if (epochs == 0) return;
    const double lowest = losses[(size_t)least * ALIGN_TERMS], last = losses[(size_t)(epochs - 1) * ALIGN_TERMS];
    if (last > 1.5 * lowest)
        log_warn("%s/%s, %d-shot, seed %llu: the %s head's loss ends at %.4g, its least was %.4g in epoch %d of %d: "
                 "learning was "
                 "thrown off (hint: a smaller lr, as lr=%g)",
                 task->dataset, task->category, task->shots, (unsigned long long)task->seed,
                 job_head_names[work->item->head], last, lowest, least + 1, epochs, work->job->lr / 4);
}

status_t work_learn_end(work_learn_t *work)
{
    work_worker_t *worker = work->worker;
    store_learned_t *result = &work->result;
    double began = clock_own_seconds();
    TRY(align_head_anchors(result->normal, result->abnormal, &work->head));
    began = work_worker_charge(worker, PLAN_RATE_LEARN, work->cost.forward_gflop, began);
    if (work->queries) {
        TRY(train_queries(work, result->normal, result->abnormal, result->keys, result));
        work_worker_charge(worker, PLAN_RATE_QUERY,
                           plan_query_gflop(clip_model_config(worker->model), work->job, work->head.G), began);
    }
    const store_learn_file_t file = {.head = &work->head,
                                     .result = result,
                                     .labels = work->labels,
                                     .side = work->grid * work->job->aggregation_scale,
                                     .seconds = clock_seconds() - work->started};
    TRY(store_learn_write(worker->plan, worker->size, work->item, &file));
    warn_of_a_head_thrown_off(work);
    store_checkpoint_remove(work->item);
    return ST_OK;
}
