/* From tasks to work items: every file that has to be made, what it needs, what it costs. An item that several tasks
 * share (a chunk of features, a learned head that an inference-only sweep does not change) stands here once. */
#include "plan/plan_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- A growing list, and a table of those made by id ---------------------------------------------------------------- */

enum { MEMOS = 512 };
typedef struct {
    uint64_t key;
    plan_head_work_t work;
} memo_t;

typedef struct {
    plan_items_t *items;
    memo_t memo[MEMOS]; /* of the category begun last */
    int memos, category_index;
    int *feature; /* items of the category's feature files, -1: not asked for */
    int draws;    /* of a support image, 1 at least */
    int room;
    int *slot; /* open addressing over the digest in item.id; -1: empty */
    int slots; /* a power of two */
} builder_t;

static uint64_t slot_hash(const char *id)
{
    return base_hash(BASE_HASH_SEED, id, strlen(id));
}

static int find_item(const builder_t *builder, const char *id)
{
    for (uint64_t at = slot_hash(id);; at++) {
        int item = builder->slot[at & (uint64_t)(builder->slots - 1)];
        if (item < 0 || strcmp(builder->items->items[item].id, id) == 0) return item;
    }
}

static void enter_item(builder_t *builder, int item)
{
    uint64_t at = slot_hash(builder->items->items[item].id);
    while (builder->slot[at & (uint64_t)(builder->slots - 1)] >= 0) at++;
    builder->slot[at & (uint64_t)(builder->slots - 1)] = item;
}

static status_t grow(builder_t *builder)
{
    int room = builder->room > 0 ? 2 * builder->room : 64;
    plan_item_t *items = realloc(builder->items->items, (size_t)room * sizeof *items);
    if (items == NULL) return fail(ST_ENOMEM, "out of memory: %d work items", room);
    builder->items->items = items;
    int *slot = base_alloc(4 * (size_t)room, sizeof *slot);
    if (slot == NULL) return ST_ENOMEM;
    free(builder->slot);
    builder->slot = slot;
    builder->slots = 4 * room;
    builder->room = room;
    for (int i = 0; i < builder->slots; i++) slot[i] = -1;
    for (int i = 0; i < builder->items->count; i++) enter_item(builder, i);
    return ST_OK;
}

/* Adds the item, or finds the one of the same id. Owns `path` (NULL: memory was out). */
static status_t add_item(int *index, builder_t *builder, const plan_item_t *item, char *path)
{
    if (path == NULL) return ST_ENOMEM;
    if (builder->items->count == builder->room) {
        status_t status = grow(builder);
        if (status != ST_OK) {
            free(path);
            return status;
        }
    }
    *index = find_item(builder, item->id);
    if (*index >= 0) {
        free(path);
        return ST_OK;
    }
    *index = builder->items->count++;
    plan_item_t *new = &builder->items->items[*index];
    *new = *item;
    new->path = path;
    new->name = strrchr(path, '/') + 1;
    new->folder = PLAN_FOLDERS * item->category_index + (item->kind == PLAN_EVALUATE ? PLAN_FOLDER_TASKS
                                                         : item->kind == PLAN_LEARN || item->kind == PLAN_SLICE
                                                             ? PLAN_FOLDER_PROMPTS
                                                             : PLAN_FOLDER_FEATURES);
    enter_item(builder, *index);
    return ST_OK;
}

static status_t add_need(plan_item_t *item, int need)
{
    if ((item->need_count & (item->need_count - 1)) == 0) { /* room doubles at powers of two */
        int *needs = realloc(item->needs, (size_t)(item->need_count > 0 ? 2 * item->need_count : 1) * sizeof *needs);
        if (needs == NULL) return fail(ST_ENOMEM, "out of memory");
        item->needs = needs;
    }
    item->needs[item->need_count++] = need;
    return ST_OK;
}

/* ---- Items of features ---------------------------------------------------------------------------------------------- */

/* Where the item of a feature file stands in builder->feature: chunks, tiles by scale (1, 2, 4), support images by draw. */
static size_t feature_slot(const plan_t *plan, const plan_item_t *item)
{
    const data_category_t *images = &plan->categories[item->category_index].images;
    size_t test = (size_t)images->test_count, train = (size_t)images->train_count, at = (size_t)item->index;
    if (item->kind == PLAN_CHUNK) return at;
    return test + train * (item->kind == PLAN_SUPPORT ? 3 + (size_t)item->draw : (size_t)item->scale / 2) + at;
}

/* The features of a category are asked for by each of its tasks: their items are looked up in a table. */
static status_t begin_category(builder_t *builder, const plan_t *plan, int category)
{
    if (builder->feature != NULL && builder->category_index == category) return ST_OK;
    const data_category_t *images = &plan->categories[category].images;
    builder->draws = plan_draws(plan) > 0 ? plan_draws(plan) : 1;
    size_t slots = (size_t)images->test_count + (3 + (size_t)builder->draws) * (size_t)images->train_count;
    free(builder->feature);
    builder->feature = base_alloc(slots, sizeof *builder->feature);
    if (builder->feature == NULL) return ST_ENOMEM;
    for (size_t i = 0; i < slots; i++) builder->feature[i] = -1;
    builder->category_index = category;
    builder->memos = 0;
    return ST_OK;
}

/* The item of these images, kind, category, index, scale and draw of `item`, as a need of another. */
static status_t need_features(int user, builder_t *builder, const plan_t *plan, plan_item_t item)
{
    char name[64];
    const plan_category_t *entry = &plan->categories[item.category_index];
    int first, images = item.kind == PLAN_TILES ? item.scale * item.scale : 1;
    int *known = &builder->feature[feature_slot(plan, &item)];
    if (*known >= 0) return add_need(&builder->items->items[user], *known);
    if (item.kind == PLAN_CHUNK) plan_chunk_range(&first, &images, plan, item.category_index, item.index);
    plan_features_name(name, plan, &item);
    plan_work_t work;
    plan_work_encode(&work, plan, item.kind, images);
    plan_item_price(&item, &work, &plan->cost);
    plan_features_ids(&item, plan);
    /* Own images under several roots may share a category's name, and so this folder: their files' names tell them apart. */
    bool own = strcmp(entry->images.dataset, "folder") == 0;
    TRY(add_item(known, builder, &item,
                 base_format("%s/%s%s%s.h5", entry->cache, name, own ? "-" : "", own ? item.id : "")));
    return add_need(&builder->items->items[user], *known);
}

/* All test images of the category, as needs of an item. */
static status_t add_chunks(int user, builder_t *builder, const plan_t *plan, int category)
{
    const int images = plan->categories[category].images.test_count;
    for (int c = 0, first = 0, count = 0; first + count < images; c++) {
        plan_chunk_range(&first, &count, plan, category, c);
        const plan_item_t chunk = {.kind = PLAN_CHUNK, .category_index = category, .index = c, .scale = 1};
        TRY(need_features(user, builder, plan, chunk));
    }
    return ST_OK;
}

/* Support image k of a task, as a need of an item. */
static status_t add_support(int user, builder_t *builder, const plan_t *plan, const plan_task_t *task, int k)
{
    plan_item_t item = {
        .kind = PLAN_SUPPORT, .category_index = task->category_index, .index = task->support[k], .scale = 1};
    while (item.draw + 1 < builder->draws && (uint64_t)plan->points[0].seeds.value[item.draw] != task->seed)
        item.draw++;
    return need_features(user, builder, plan, item);
}

/* ---- Items of tasks -------------------------------------------------------------------------------------------------- */

/* The work of a head depends on the caption and on some keys: seldom more than a few kinds a category. */
static status_t head_work(plan_head_work_t *out, builder_t *builder, const plan_t *plan, int t, job_head_t head)
{
    const plan_task_t *task = &plan->tasks[t];
    const job_t *job = &plan->points[task->point];
    const int keys[] = {task->category_index, (int)head,        job->learn,  job_head_groups(job, head)->count,
                        job->n_ahp,           job->ahp_order,   job->n_ab,   job->n_ctx,
                        job->pixel_n_pro,     job->image_n_pro, job->method, job->n_ahp_component};
    uint64_t key = base_hash(BASE_HASH_SEED, keys, sizeof keys);
    for (int i = 0; i < builder->memos; i++)
        if (builder->memo[i].key == key) return *out = builder->memo[i].work, ST_OK;
    TRY(plan_head_work(out, &plan->config, job, &plan->categories[task->category_index].caption, head));
    if (builder->memos < MEMOS) builder->memo[builder->memos++] = (memo_t){.key = key, .work = *out};
    return ST_OK;
}

static status_t learn_work(plan_work_t *out, builder_t *builder, const plan_t *plan, int t, job_head_t head)
{
    const plan_task_t *task = &plan->tasks[t];
    const job_t *job = &plan->points[task->point];
    const plan_caption_t *caption = &plan->categories[task->category_index].caption;
    plan_head_work_t work;
    TRY(head_work(&work, builder, plan, t, head));
    const method_t *method = plan_method(plan, task);
    const bool fixed = method_head_is_fixed(method);
    int epochs = fixed ? 0 : method->heads->epochs(job, head);
    *out = (plan_work_t){0};
    out->units[PLAN_RATE_ITEM] = 1;
    out->units[PLAN_RATE_LEARN] = work.forward_gflop + epochs * work.epoch_gflop;
    if (method_head_has_queries(method, job, head))
        out->units[PLAN_RATE_QUERY] = plan_query_gflop(&plan->config, job, work.groups);
    if (fixed || !job->learn) return ST_OK;
    out->units[PLAN_RATE_READ] = plan_features_mb(plan, task->shots);
    if (!method_head_reads_regions(method, job, head)) return ST_OK;
    out->units[PLAN_RATE_LEARN] += work.forward_gflop; /* the anchors that regions start from */
    out->units[PLAN_RATE_REGIONS] = plan_regions_gflop(&plan->config, job, caption, task->shots);
    return ST_OK;
}

static status_t add_learn(int *index, builder_t *builder, const plan_t *plan, int t, job_head_t head)
{
    const plan_task_t *task = &plan->tasks[t];
    const job_t *job = &plan->points[task->point];
    plan_item_t item = {.kind = PLAN_LEARN, .category_index = task->category_index, .index = t, .head = head};
    TRY(plan_learn_id(item.id, plan, t, head));
    int before = builder->items->count;
    const method_t *method = plan_method(plan, task);
    const bool fixed = method_head_is_fixed(method), regions = method_head_reads_regions(method, job, head);
    TRY(add_item(index, builder, &item,
                 base_format("%s/%s.h5", plan->categories[task->category_index].prompts, item.id)));
    if (builder->items->count == before) return ST_OK; /* another point has it already */
    int learn = *index;
    plan_work_t work;
    TRY(learn_work(&work, builder, plan, t, head));
    plan_item_price(&builder->items->items[learn], &work, &plan->cost);
    /* The order is what work_learn relies on: (tiles, support image) of every shot, or support images alone. */
    for (int k = 0; k < task->shots && job->learn && !fixed; k++) {
        if (regions) {
            const plan_item_t tiles = {.kind = PLAN_TILES,
                                       .category_index = task->category_index,
                                       .index = task->support[k],
                                       .scale = job->aggregation_scale};
            TRY(need_features(learn, builder, plan, tiles));
        }
        TRY(add_support(learn, builder, plan, task, k));
    }
    return ST_OK;
}

/* One slice of the set of task t, unless a task before has it already; needs: the chunks. */
static status_t add_slice(int *index, builder_t *builder, const plan_t *plan, int t, int slice, const int *keep, int n)
{
    const plan_task_t *task = &plan->tasks[t];
    plan_item_t item = {.kind = PLAN_SLICE, .category_index = task->category_index, .index = t, .slice = slice};
    plan_work_t work;
    TRY(plan_slice_id(item.id, plan, t, slice, keep, n));
    plan_work_slice(&work, plan, task, n);
    plan_item_price(&item, &work, &plan->cost);
    const int before = builder->items->count;
    TRY(add_item(index, builder, &item,
                 base_format("%s/slice-%s.h5", plan->categories[task->category_index].prompts, item.id)));
    if (builder->items->count == before) return ST_OK;
    return add_chunks(*index, builder, plan, task->category_index);
}

/* What a method for sets has made in parts. */
static status_t add_slices(int task_item, builder_t *builder, const plan_t *plan, int t)
{
    const plan_task_t *task = &plan->tasks[t];
    const int slices = method_slice_count(plan_method(plan, task), &plan->points[task->point]);
    if (slices == 0) return ST_OK;
    status_t status = ST_OK;
    int *keep = base_alloc((size_t)plan->categories[task->category_index].images.test_count, sizeof *keep);
    if (keep == NULL) return ST_ENOMEM;
    const int n = plan_task_images(keep, plan, task);
    for (int slice = 0; slice < slices && status == ST_OK; slice++) {
        int need;
        status = add_slice(&need, builder, plan, t, slice, keep, n);
        if (status == ST_OK) status = add_need(&builder->items->items[task_item], need);
    }
    free(keep);
    return status;
}

static status_t add_task(builder_t *builder, const plan_t *plan, int t)
{
    const plan_task_t *task = &plan->tasks[t];
    const job_t *job = &plan->points[task->point];
    plan_item_t item = {.kind = PLAN_EVALUATE, .category_index = task->category_index, .index = t};
    int index, need;
    TRY(begin_category(builder, plan, task->category_index));
    memcpy(item.id, task->id, sizeof item.id);
    plan_work_t work, warm;
    plan_work_evaluate(&work, &warm, plan, task);
    plan_item_price(&item, &work, &plan->cost);
    item.warm = plan_work_seconds(&warm, &plan->cost);
    const int before = builder->items->count;
    TRY(add_item(&index, builder, &item, base_format("%s", task->path)));
    if (builder->items->count == before) return ST_OK; /* points may come to the same */
    /* The order is what work_evaluate relies on: chunks, support images, learned heads, then slices. */
    TRY(add_chunks(index, builder, plan, task->category_index));
    for (int k = 0; k < task->shots; k++) TRY(add_support(index, builder, plan, task, k));
    for (int head = 0; head < JOB_HEADS; head++) {
        if (!method_wants_head(plan_method(plan, task), job, head)) continue;
        TRY(add_learn(&need, builder, plan, t, job->learn ? head : JOB_HEAD_PIXEL));
        TRY(add_need(&builder->items->items[index], need));
    }
    return add_slices(index, builder, plan, t);
}

/* ---- Order ----------------------------------------------------------------------------------------------------------- */

/* Critical path of an item: seconds from its begin to the end of the longest chain that waits for it. Working on the longest
 * first is "longest first" for items that wait for one another. Needs stand before their users in `order`. */
static void compute_critical_paths(plan_items_t *items)
{
    for (int i = 0; i < items->count; i++) items->items[i].critical_path = items->items[i].cost;
    /* Chains are at most features -> learn or slice -> evaluate: two passes over the users are enough. */
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < items->count; i++) {
            const plan_item_t *user = &items->items[i];
            for (int n = 0; n < user->need_count; n++) {
                plan_item_t *need = &items->items[user->needs[n]];
                if (need->critical_path < need->cost + user->critical_path)
                    need->critical_path = need->cost + user->critical_path;
            }
        }
}

static int by_critical_path(const void *a, const void *b, void *items)
{
    const plan_item_t *x = (const plan_item_t *)items + *(const int *)a,
                      *y = (const plan_item_t *)items + *(const int *)b;
    if (x->critical_path != y->critical_path) return x->critical_path < y->critical_path ? 1 : -1;
    return *(const int *)a - *(const int *)b;
}

static void want_needs(plan_items_t *items, plan_item_kind_t kind)
{
    for (int i = 0; i < items->count; i++) {
        const plan_item_t *user = &items->items[i];
        if (user->kind != kind || !user->wanted) continue;
        for (int n = 0; n < user->need_count; n++) {
            plan_item_t *need = &items->items[user->needs[n]];
            need->wanted = need->state != PLAN_DONE;
        }
    }
}

void plan_items_mark_wanted(plan_items_t *items)
{
    for (int i = 0; i < items->count; i++) {
        plan_item_t *item = &items->items[i];
        item->wanted = item->kind == PLAN_EVALUATE && item->state != PLAN_DONE;
    }
    want_needs(items, PLAN_EVALUATE);
    want_needs(items, PLAN_LEARN);
    want_needs(items, PLAN_SLICE);
}

status_t plan_items_order(plan_items_t *items)
{
    compute_critical_paths(items);
    free(items->order);
    items->order = base_alloc((size_t)items->count, sizeof *items->order);
    if (items->order == NULL) return ST_ENOMEM;
    for (int i = 0; i < items->count; i++) items->order[i] = i;
    qsort_r(items->order, (size_t)items->count, sizeof *items->order, by_critical_path, items->items);
    return ST_OK;
}

status_t plan_items_make(plan_items_t *out, const plan_t *plan)
{
    status_t status = ST_OK;
    builder_t *builder = calloc(1, sizeof *builder);
    *out = (plan_items_t){0};
    if (builder == NULL) return fail(ST_ENOMEM, "out of memory");
    builder->items = out;
    TRY_DONE(grow(builder));
    for (int t = 0; t < plan->task_count; t++) TRY_DONE(add_task(builder, plan, t));
    TRY_DONE(plan_items_order(out));
    TRY_DONE(plan_items_index(out));
done:
    free(builder->feature);
    free(builder->slot);
    free(builder);
    if (status != ST_OK) plan_items_free(out);
    return status;
}

void plan_items_free(plan_items_t *items)
{
    for (int i = 0; i < items->count; i++) {
        free(items->items[i].path);
        free(items->items[i].needs);
    }
    free(items->items);
    free(items->order);
    free(items->slot);
    *items = (plan_items_t){0};
}
