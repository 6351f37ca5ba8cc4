/* `fgad plan`: what a job will take on so many ranks. Lines "key: number" are for programs, as slurm/submit. */
#include "plan/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int needed, there, uses;
    double seconds; /* of those to be made */
} kind_sums_t;

static void print_line(FILE *out, const char *key, double value, const char *note)
{
    fprintf(out, "%s: %.0f%s%s\n", key, ceil(value), note[0] != '\0' ? " " : "", note);
}

static void print_duration(FILE *out, const char *key, double seconds)
{
    char note[32], text[16];
    clock_format(text, seconds);
    snprintf(note, sizeof note, "(%s)", text);
    print_line(out, key, seconds, note);
}

static void print_items(FILE *out, const plan_items_t *items, int threads)
{
    kind_sums_t kinds[PLAN_KINDS] = {{0}};
    for (int i = 0; i < items->count; i++) {
        const plan_item_t *item = &items->items[i];
        kind_sums_t *kind = &kinds[item->kind];
        bool open = item->wanted && item->state == PLAN_OPEN;
        kind->needed += open || item->state == PLAN_DONE;
        kind->there += item->state == PLAN_DONE;
        if (open) kind->seconds += item->cost;
        for (int n = 0; n < item->need_count; n++) kinds[items->items[item->needs[n]].kind].uses++;
    }
    fprintf(out, "  %-24s %9s %9s %9s %11s %11s\n", "work", "files", "there", "to make", "uses each", "core hours");
    for (int k = 0; k < PLAN_KINDS; k++) {
        const kind_sums_t *kind = &kinds[k];
        if (kind->needed == 0) continue;
        fprintf(out, "  %-24s %9d %9d %9d ", plan_kind_names[k], kind->needed, kind->there, kind->needed - kind->there);
        if (k == PLAN_EVALUATE)
            fprintf(out, "%11s", "");
        else
            fprintf(out, "%11.1f", (double)kind->uses / kind->needed);
        fprintf(out, " %11.2f\n", threads * kind->seconds / 3600);
    }
}

static void print_disk(FILE *out, const plan_t *plan, const plan_items_t *items)
{
    const clip_config_t *c = &plan->config;
    double features = 0, learned = 0, results = 0;
    for (int i = 0; i < items->count; i++) {
        const plan_item_t *item = &items->items[i];
        if (!item->wanted || item->state != PLAN_OPEN) continue;
        int first, count = 1;
        plan_work_t work;
        switch (item->kind) {
        case PLAN_EVALUATE:
            results += plan_task_mb(c, plan_method(plan, &plan->tasks[item->index]),
                                    &plan->points[plan->tasks[item->index].point],
                                    plan->categories[item->category_index].images.test_count);
            break;
        case PLAN_LEARN:
            learned += plan_head_mb(c, &plan->points[plan->tasks[item->index].point],
                                    &plan->categories[item->category_index].caption, item->head);
            break;
        case PLAN_SLICE:
            learned += plan_slice_mb(c, plan->categories[item->category_index].images.test_count);
            break;
        default:
            if (item->kind == PLAN_CHUNK) plan_chunk_range(&first, &count, plan, item->category_index, item->index);
            if (item->kind == PLAN_TILES) count = item->scale * item->scale;
            plan_work_encode(&work, plan, item->kind, count);
            features += work.units[PLAN_RATE_WRITE];
        }
    }
    print_line(out, "disk_features_mb", features, "");
    print_line(out, "disk_learned_mb", learned, "once: the run's are the cache's files, where both are on one disk");
    print_line(out, "disk_results_mb", results, "");
}

static double total_gflop(const plan_items_t *items)
{
    double gflop = 0;
    for (int i = 0; i < items->count; i++)
        if (items->items[i].wanted && items->items[i].state == PLAN_OPEN) gflop += items->items[i].gflop;
    return gflop;
}

static void print_critical_path(FILE *out, const plan_t *plan, const plan_items_t *items, const plan_simulation_t *s)
{
    char name[512], text[16];
    fprintf(out, "critical path:\n");
    for (int i = s->critical_item; i >= 0; i = plan_critical_next(items, i)) {
        clock_format(text, items->items[i].cost);
        fprintf(out, "  %s: %s\n", plan_item_name(name, plan, &items->items[i]), text);
    }
}

static const char *what_limits(const plan_simulation_t *s, int ranks)
{
    if (s->items == 0) return "nothing is left to do";
    if (s->work / ranks > 0.9 * s->makespan) return "the work itself: more ranks make it shorter";
    if (s->critical_path > 0.9 * s->makespan)
        return "the critical path: more ranks do not make it shorter, more threads a rank do (-s threads=)";
    if (s->items < 4 * ranks) return "the number of items: there is not enough to share";
    return "items that wait for others, and the last ones of each rank";
}

/* Shares of the work's seconds by what their rates are known from. */
typedef struct {
    double measured, borrowed, guessed;
    double varying; /* of what is measured */
} basis_t;

static basis_t find_basis(const plan_items_t *items)
{
    double all = 0;
    basis_t basis = {.measured = 1};
    for (int i = 0; i < items->count; i++) {
        const plan_item_t *item = &items->items[i];
        if (!item->wanted || item->state != PLAN_OPEN) continue;
        all += item->cost;
        basis.borrowed += item->borrowed;
        basis.guessed += item->guessed;
        basis.varying += item->varying;
    }
    if (!(all > 0)) return (basis_t){.measured = 1};
    basis.borrowed /= all;
    basis.guessed /= all;
    basis.varying /= all;
    basis.measured = 1 - basis.borrowed - basis.guessed;
    return basis;
}

/* How far off a forecast may be with rates of the same machine, of another one or another number of threads (or of other
 * categories, where that counts), and of nothing but a guess: factors that are guesses themselves. */
static void print_range(FILE *out, const basis_t *basis, double makespan)
{
    const double sure = basis->measured - basis->varying, half = basis->borrowed + basis->varying;
    print_line(out, "makespan_low_seconds", floor(makespan * (0.8 * sure + 0.5 * half + 0.25 * basis->guessed)), "");
    print_line(out, "makespan_high_seconds", makespan * (1.25 * sure + 2 * half + 4 * basis->guessed), "");
}

static void print_basis(FILE *out, const basis_t *basis)
{
    static const char *const hint = "run one category to have them measured";
    if (basis->guessed > 0.995)
        fprintf(out, "rates: guessed, for a core of 2022 and ViT-B/16+ (hint: %s)\n", hint);
    else if (basis->measured > 0.995)
        fprintf(out, "rates: measured by earlier runs with this model on this kind of processor (cache/cost.txt)\n");
    else
        fprintf(
            out,
            "rates: %.0f %% of the time is by rates measured here, %.0f %% by rates of other threads or processors, "
            "%.0f %% by guesses (hint: %s)\n",
            100 * basis->measured, 100 * basis->borrowed, 100 * basis->guessed, hint);
}

/* What threads make of an item: a support image is one task, and maps are for one thread. */
static double threads_scale(plan_item_kind_t kind, int from, int to)
{
    switch (kind) {
    case PLAN_CHUNK:
        return plan_rate_scaled(PLAN_RATE_ENCODE, 1, from, to);
    case PLAN_TILES:
        return plan_rate_scaled(PLAN_RATE_TILE, 1, from, to);
    case PLAN_LEARN:
        return plan_rate_scaled(PLAN_RATE_LEARN, 1, from, to);
    default:
        return 1;
    }
}

/* The same items on ranks of another number of threads. */
static status_t simulate_threads(plan_simulation_t *out, const plan_t *plan, const plan_items_t *items, int ranks,
                                 int threads)
{
    plan_items_t other = *items;
    other.items = base_alloc((size_t)items->count + 1, sizeof *other.items);
    if (other.items == NULL) return ST_ENOMEM;
    for (int i = 0; i < items->count; i++) {
        other.items[i] = items->items[i];
        other.items[i].cost *= threads_scale(items->items[i].kind, plan->points[0].threads, threads);
    }
    const status_t status = plan_simulate(out, &other, NULL, plan->category_count, ranks);
    free(other.items);
    return status;
}

/* What a run takes before its first item and after its last; task files are read by all ranks. */
static double around(const plan_t *plan, int ranks)
{
    return plan->cost.seconds[PLAN_RATE_START] +
           plan_reduce_units(plan->task_count, ranks) * plan->cost.seconds[PLAN_RATE_REDUCE];
}

/* The same cores as fewer ranks of more threads: what makes the longest chain shorter. */
static status_t print_threads(FILE *out, const plan_t *plan, const plan_items_t *items, int ranks)
{
    const int cores = ranks * plan->points[0].threads;
    plan_simulation_t single, s;
    int best = 1;
    double least = 0;
    TRY(simulate_threads(&single, plan, items, cores, 1));
    if (single.items == 0) return ST_OK;
    for (int threads = 1; threads <= 16 && threads <= cores; threads *= 2) {
        const int count = cores / threads;
        char text[16];
        TRY(simulate_threads(&s, plan, items, count, threads));
        const double makespan = s.makespan + around(plan, count);
        clock_format(text, makespan);
        fprintf(out, "on %d core%s, %d rank%s of %d thread%s: %s, efficiency %.1f %%\n", cores, cores == 1 ? "" : "s",
                count, count == 1 ? "" : "s", threads, threads == 1 ? "" : "s", text,
                100 * single.work / (cores * makespan));
        if (threads == 1 || makespan < 0.97 * least) best = threads, least = makespan;
    }
    fprintf(out, "best_threads: %d\n", best);
    return ST_OK;
}

static status_t print_times(FILE *out, const plan_t *plan, const plan_items_t *items, int ranks)
{
    plan_simulation_t s, other;
    const basis_t basis = find_basis(items);
    double makespan;
    TRY(plan_simulate(&s, items, NULL, plan->category_count, ranks));
    print_duration(out, "work_core_seconds", plan->points[0].threads * s.work);
    fprintf(out, "work_gflop: %.6g\n", total_gflop(items));
    makespan = s.makespan + around(plan, ranks);
    print_duration(out, "makespan_seconds", makespan);
    print_range(out, &basis, makespan);
    fprintf(out, "efficiency_percent: %.1f\n", s.makespan > 0 ? 100 * s.work / (ranks * makespan) : 100);
    print_duration(out, "critical_path_seconds", s.critical_path);
    fprintf(out, "limited by: %s\n", what_limits(&s, ranks));
    if (s.critical_item >= 0) print_critical_path(out, plan, items, &s);
    print_basis(out, &basis);
    static const double times[] = {0.25, 4};
    for (int i = 0; i < 2; i++) {
        int count = (int)(ranks * times[i]);
        char text[16];
        if (count < 1 || s.items == 0) continue;
        TRY(plan_simulate(&other, items, NULL, plan->category_count, count));
        makespan = other.makespan + around(plan, count);
        clock_format(text, makespan);
        fprintf(out, "with %d rank%s: %s, efficiency %.1f %%\n", count, count == 1 ? "" : "s", text,
                100 * other.work / (count * makespan));
    }
    return s.work < 0.95 * ranks * s.makespan ? print_threads(out, plan, items, ranks) : ST_OK;
}

status_t plan_forecast(FILE *out, const plan_t *plan, const plan_items_t *items, int ranks, int ranks_per_node)
{
    plan_memory_t memory;
    TRY(plan_memory(&memory, plan, items));
    fprintf(out, "run %s: %d task%s (%d grid point%s, %d categor%s)\n", plan->run_dir, plan->task_count,
            plan->task_count == 1 ? "" : "s", plan->point_count, plan->point_count == 1 ? "" : "s",
            plan->category_count, plan->category_count == 1 ? "y" : "ies");
    if (plan->assumed_categories > 0)
        fprintf(out, "assumed: the published numbers of images of %d categor%s not here\n", plan->assumed_categories,
                plan->assumed_categories == 1 ? "y that is" : "ies that are");
    if (plan->assumed_model) fprintf(out, "assumed: ViT-B/16+ at 240, since '%s' is not here\n", plan->points[0].model);
    print_items(out, items, plan->points[0].threads);
    int nodes = (ranks + ranks_per_node - 1) / ranks_per_node;
    int on_node = ranks < ranks_per_node ? ranks : ranks_per_node;
    print_line(out, "ranks", ranks, "");
    print_line(out, "nodes", nodes, "");
    print_line(out, "memory_per_rank_mb", memory.rank_mb, "");
    /* Slurm's accounting adds up what each process has mapped, and stops a job that has more than it asked for. */
    print_line(out, "memory_request_mb", 1.1 * (memory.rank_mb + memory.shared_mb), "a rank, weights each time");
    print_line(out, "memory_per_node_mb", on_node * memory.rank_mb + memory.shared_mb, "weights once");
    size_t learn;
    TRY(job_learn_memory(&learn, &plan->points[0]));
    print_line(out, "learn_memory_mb", 1e-6 * (double)learn,
               strcmp(plan->points[0].learn_memory, "auto") == 0
                   ? "auto: half of a rank's share of a node like this one"
                   : "");
    print_disk(out, plan, items);
    return print_times(out, plan, items, ranks);
}
