/* A run from its folder to its tables. */
#include "suite/suite_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The run's name for failure records: the same on every rank, another at every start. */
static void name_run(char out[32], const suite_comm_t *comm)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(out, 32, "%llx%09lx.%lx", (unsigned long long)now.tv_sec, (unsigned long)now.tv_nsec, (long)getpid());
    suite_comm_tell(comm, out, 32, 0);
}

/* --fresh: what is done is moved out of the way, not deleted. */
static status_t set_tasks_aside(const plan_t *plan)
{
    char from[4096], to[4200];
    snprintf(from, sizeof from, "%s/tasks", plan->run_dir);
    if (!io_exists(from)) return ST_OK;
    snprintf(to, sizeof to, "%s.aside-%lld", from, (long long)time(NULL));
    if (rename(from, to) != 0) return fail(ST_EIO, "'%s' cannot be renamed: %s", from, strerror(errno));
    log_info("--fresh: earlier tasks are kept in '%s'", to);
    return ST_OK;
}

/* On rank 0, before anybody begins: the folder can be made and written. */
static status_t prepare(const work_worker_t *worker, const suite_run_options_t *options, const store_made_on_t *ranks)
{
    TRY(io_make_dirs(worker->plan->run_dir));
    TRY(suite_tidy_run(worker->plan));
    if (options->fresh) TRY(set_tasks_aside(worker->plan));
    TRY(suite_whole_begin(worker->plan, worker->size, ranks, options->fresh));
    plan_model_keep(worker->plan);
    return ST_OK;
}

/* ---- What is done already -------------------------------------------------------------------------------------------- */

/* A signal is heard between two files: of thousands, on a slow disk, each takes its time. */
static status_t heed_signals(const char *doing)
{
    return stop_asked() ? fail(ST_EINTERRUPTED, "interrupted while %s", doing) : ST_OK;
}

/* This rank's share of the folders: looks, and tidies. */
static status_t look_and_tidy(store_folders_t *folders, const work_worker_t *worker, const plan_items_t *items)
{
    TRY(store_folders_make(folders, worker->plan, items));
    for (int f = worker->rank; f < PLAN_FOLDERS * worker->plan->category_count; f += worker->size) {
        TRY(heed_signals("looking for what is done"));
        TRY(store_folders_look(folders, f));
        TRY(suite_tidy_folder(folders, f));
    }
    return ST_OK;
}

/* This rank's share of the folders that items are made in. */
static status_t make_folders(const work_worker_t *worker)
{
    char folder[4096];
    const plan_t *plan = worker->plan;
    for (int f = worker->rank; f < PLAN_FOLDERS * plan->category_count; f += worker->size) {
        plan_folder_path(folder, plan, f);
        TRY(io_make_dirs(folder));
    }
    snprintf(folder, sizeof folder, "%s/failed", plan->run_dir);
    return worker->rank == 0 ? io_make_dirs(folder) : ST_OK;
}

/* Every rank looks into some of the folders, and all know what all have seen. */
static status_t see_files(work_worker_t *worker, const plan_items_t *items, uint8_t *there, bool verify,
                          const suite_comm_t *comm)
{
    store_folders_t folders;
    status_t status = ST_OK;
    for (int c = worker->rank; c < worker->plan->category_count && status == ST_OK; c += worker->size)
        status = store_heads_restore(worker->plan, items, c, verify);
    TRY(suite_agree(comm, status));
    status = look_and_tidy(&folders, worker, items);
    for (int i = 0; i < items->count && status == ST_OK; i++) there[i] = store_folders_has(&folders, i);
    store_folders_free(&folders);
    TRY(suite_agree(comm, status));
    suite_comm_all(comm, there, items->count, SUITE_MAX_BYTES);
    return ST_OK;
}

/* A run of the same name with other options or images leaves its tasks, but the tables will be this run's. */
static void warn_of_others(const plan_t *plan, const plan_items_t *items, const uint8_t *there, int files)
{
    int known = files > 0 ? suite_whole_files(plan) : -1;
    files -= known > 0 ? known : 0;
    for (int i = 0; i < items->count && known < 0; i++) files -= items->items[i].kind == PLAN_EVALUATE && there[i];
    if (files <= 0) return;
    log_warn(
        "'%s' holds %d task%s of other options or images: kept, but not in this run's results (hint: -s name=... gives "
        "each job a folder of its own)",
        plan->run_dir, files, files == 1 ? "" : "s");
}

/* Task files count by name, size, id and label, a share of them looked at by every rank; with `verify`, when their SHA-256
 * is right. The others are examined by whoever reads them. */
static status_t find_done(work_worker_t *worker, plan_items_t *items, bool verify, const suite_comm_t *comm)
{
    status_t status;
    uint8_t *there = base_alloc((size_t)items->count, 1);
    TRY_DONE(suite_agree(comm, there != NULL ? ST_OK : ST_ENOMEM));
    /* Counted first: what another job publishes from here on is none too many. */
    int files = worker->rank == 0 ? store_count_task_files(worker->plan) : 0;
    TRY_DONE(see_files(worker, items, there, verify, comm));
    if (worker->rank == 0) warn_of_others(worker->plan, items, there, files);
    for (int i = 0, number = 0; i < items->count && status == ST_OK; i++) {
        bool whole = false;
        if (items->items[i].kind != PLAN_EVALUATE || !there[i]) continue;
        there[i] = 0;
        if (number++ % worker->size != worker->rank) continue;
        status = heed_signals("looking at finished tasks");
        if (status == ST_OK)
            status = (verify ? store_item_check : store_item_glance)(&whole, worker->plan, &items->items[i]);
        there[i] = status == ST_OK && whole;
    }
    TRY_DONE(suite_agree(comm, status));
    suite_comm_all(comm, there, items->count, SUITE_MAX_BYTES);
    for (int i = 0; i < items->count; i++) {
        items->items[i].reused = there[i];
        items->items[i].state = there[i] ? PLAN_DONE : PLAN_OPEN;
    }
    plan_items_mark_wanted(items);
done:
    free(there);
    return status;
}

static status_t begin(work_worker_t *worker, plan_items_t *items, bool verify, const suite_comm_t *comm)
{
    status_t status = plan_items_make(items, worker->plan);
    TRY(suite_agree(comm, status));
    TRY(suite_agree(comm, make_folders(worker)));
    return find_done(worker, items, verify, comm);
}

/* Who the ranks are in their claims, for each of them; heap. NULL: memory is out, on every rank. */
static uint64_t *name_ranks(const suite_comm_t *comm)
{
    uint64_t *ranks = calloc((size_t)comm->size, sizeof *ranks), mine = claim_ourselves();
    if (suite_agree(comm, ranks != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory")) != ST_OK) {
        free(ranks);
        return NULL;
    }
    for (int r = 0; r < comm->size; r++) {
        ranks[r] = mine;
        suite_comm_tell(comm, &ranks[r], sizeof ranks[r], r);
    }
    return ranks;
}

/* The scheduler, with what it waits by. */
static status_t work(suite_rank_t *rank, plan_items_t *items, const suite_comm_t *comm)
{
    uint64_t *ranks = rank->leave ? name_ranks(comm) : NULL;
    if (rank->leave && ranks == NULL) return ST_ENOMEM;
    rank->ranks = ranks;
    status_t status = suite_board_open(&rank->board, comm, PLAN_FOLDERS * rank->worker.plan->category_count, items);
    if (status == ST_OK) status = suite_schedule(rank, items);
    suite_comm_wait(comm);
    suite_board_close(rank->board);
    free(ranks);
    return status;
}

/* ---- The end ---------------------------------------------------------------------------------------------------------- */

/* A file may stand although its maker failed: its folder could not be synced, say. What is done has no failure. */
static void forget_failures(const plan_t *plan, const plan_items_t *items)
{
    io_names_t records = {0};
    char *folder = base_format("%s/failed", plan->run_dir);
    if (folder != NULL && io_is_dir(folder) && io_list_dir(&records, folder) == ST_OK && records.count > 0)
        for (int i = 0; i < items->count; i++)
            if (items->items[i].state == PLAN_DONE) store_failure_forget(plan, &items->items[i]);
    io_names_free(&records);
    free(folder);
}

/* Jobs that shared the folder may have died in the meantime, and no later run may come by. */
static void sweep(const work_worker_t *worker, const plan_items_t *items)
{
    store_folders_t folders;
    status_t status = look_and_tidy(&folders, worker, items);
    store_folders_free(&folders);
    if (worker->rank == 0) forget_failures(worker->plan, items);
    if (status == ST_OK && worker->rank == 0) status = suite_tidy_run(worker->plan);
    if (status != ST_OK && status != ST_EINTERRUPTED)
        log_warn("what dead processes have left stays: %s", fail_message());
}

static void count_outcome(suite_outcome_t *out, const plan_items_t *items, const suite_comm_t *comm)
{
    for (int i = 0; i < items->count; i++) {
        const plan_item_t *item = &items->items[i];
        out->made[item->kind] += item->by_us && item->state == PLAN_DONE;
        out->reused[item->kind] += item->reused;
        out->failed += item->kind == PLAN_EVALUATE && item->state == PLAN_FAILED;
        for (int n = 0; n < item->need_count; n++) out->uses[items->items[item->needs[n]].kind]++;
    }
    suite_comm_all(comm, out->made, PLAN_KINDS, SUITE_SUM_INTS);
    out->encoded = out->made[PLAN_CHUNK] + out->made[PLAN_SUPPORT] + out->made[PLAN_TILES];
    out->done = out->made[PLAN_EVALUATE];
    out->skipped = out->reused[PLAN_EVALUATE];
    /* A rank that stopped early does not know of every failure: the one that saw most is right. */
    suite_comm_all(comm, &out->failed, 1, SUITE_MAX_INTS);
}

/* What this run measured makes the next prediction better. */
static void learn_costs(work_worker_t *worker, const suite_comm_t *comm)
{
    /* Ranks on another kind of processor than rank 0's have rates of their own. */
    char ours[BASE_PROCESSOR_SIZE], first[BASE_PROCESSOR_SIZE];
    base_processor(ours);
    memcpy(first, ours, sizeof first);
    suite_comm_tell(comm, first, sizeof first, 0);
    if (strcmp(ours, first) != 0) {
        worker->measured = (plan_work_t){0};
        memset(worker->measured_seconds, 0, sizeof worker->measured_seconds);
    }
    suite_comm_all(comm, worker->measured.units, PLAN_RATES, SUITE_SUM_DOUBLES);
    suite_comm_all(comm, worker->measured_seconds, PLAN_RATES, SUITE_SUM_DOUBLES);
    if (worker->rank != 0 || !(worker->measured.units[PLAN_RATE_ITEM] > 0)) return;
    const plan_t *plan = worker->plan;
    plan_cost_t cost = plan->cost;
    plan_cost_learned(&cost, &worker->measured, worker->measured_seconds);
    if (store_plan_rates_write(&cost, plan) != ST_OK)
        log_warn("the measured rates could not be kept: %s", fail_message());
}

#define REDUCE_SECONDS 10 /* that a run which was interrupted may still spend on reading what its tables are made of */

/* Every rank reads a share of the task files, rank 0 writes what all have read. */
static status_t reduce(suite_outcome_t *out, work_worker_t *worker, const suite_comm_t *comm)
{
    const plan_t *plan = worker->plan;
    double began = clock_own_seconds();
    int tasks = plan->task_count, doubles = tasks * (int)(sizeof(store_numbers_t) / sizeof(double));
    store_numbers_t *numbers = calloc((size_t)tasks + 1, sizeof *numbers);
    uint8_t *there = calloc((size_t)tasks + 1, 1);
    status_t status = numbers != NULL && there != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory: %d tasks", tasks);
    TRY_DONE(suite_agree(comm, status));
    store_made_on_t made_on = {0};
    const double until = out->interrupted ? clock_seconds() + REDUCE_SECONDS : 0;
    status = suite_numbers_read(numbers, there, &made_on, plan, worker->rank, worker->size, until);
    TRY_DONE(suite_agree(comm, status));
    TRY_DONE(suite_made_on_gather(&made_on, NULL, comm));
    bool root = worker->rank == 0;
    /* Zeros but for one rank: the sums are exact, and a number that is missing (NaN) stays so. */
    suite_comm_all(comm, numbers, doubles, SUITE_SUM_DOUBLES);
    suite_comm_all(comm, there, tasks, SUITE_MAX_BYTES);
    TRY_DONE(suite_agree(comm, root ? suite_reduce(&out->missing, plan, worker->size, numbers, there, &made_on, until)
                                    : ST_OK));
    suite_comm_tell(comm, &out->missing, sizeof out->missing, 0);
    work_worker_charge(worker, PLAN_RATE_REDUCE, root ? plan_reduce_units(tasks, worker->size) : 0,
                       root ? began : clock_own_seconds());
done:
    free(numbers);
    free(there);
    return status;
}

status_t suite_run(suite_outcome_t *out, const plan_t *plan, const suite_comm_t *comm,
                   const suite_run_options_t *options)
{
    suite_rank_t rank = {.worker = {.plan = plan, .started = clock_seconds()}};
    work_worker_t *worker = &rank.worker;
    const double began = clock_own_seconds();
    plan_items_t items = {0};
    rank.leave = options->leave;
    if (options->time_limit > 0) worker->deadline = worker->started + options->time_limit;
    *out = (suite_outcome_t){0};
    worker->rank = comm->rank;
    worker->size = comm->size;
    name_run(rank.run_id, comm);
    store_made_on_t made_on = {0};
    char *kinds = NULL;
    bool begun = false;
    store_made_on_here(&made_on, plan);
    status_t status =
        suite_agree(comm, clip_products_check(plan_products(plan))); /* ranks may be on other processors */
    if (status == ST_OK) status = suite_made_on_gather(&made_on, &kinds, comm);
    if (status == ST_OK) status = suite_agree(comm, worker->rank == 0 ? prepare(worker, options, &made_on) : ST_OK);
    if (status == ST_OK) {
        status = begin(worker, &items, options->verify, comm);
        begun = status == ST_OK;
        if (begun) {
            if (worker->rank == 0) suite_made_on_begin(plan, &made_on, kinds, &items);
            work_worker_charge(worker, PLAN_RATE_START, 1, began - plan->seconds);
            status = work(&rank, &items, comm);
            if (status == ST_OK && rank.left == 0) sweep(worker, &items);
            status = suite_agree(comm, status);
            out->left = rank.left;
            suite_comm_all(comm, &out->left, 1, SUITE_MAX_INTS);
        }
        out->interrupted = status == ST_EINTERRUPTED;
        count_outcome(out, &items, comm);
    }
    if (out->interrupted) status = ST_OK;
    if (begun && status == ST_OK && out->left == 0) {
        status = reduce(out, worker, comm);
        out->reduced = status == ST_OK;
        if (out->reduced && out->missing == 0) out->interrupted = false;
        if (status == ST_EINTERRUPTED) status = ST_OK, out->interrupted = true;
    }
    if (status == ST_OK) learn_costs(worker, comm);
    free(kinds);
    plan_items_free(&items);
    work_worker_close(worker);
    out->seconds = clock_seconds() - worker->started;
    return status;
}
