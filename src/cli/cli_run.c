#include "cli/cli.h"
#include "help/help.h"
#include "method/method.h"
#include "report/report.h"
#include "store/store.h"
#include "suite/suite.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *job;
    const char **assignments; /* owned array of borrowed texts */
    int assignment_count;
    bool dry_run, no_look, keys;
    suite_run_options_t options;
} arguments_t;

/* EXIT_DONE, or the exit code of bad usage. */
static int parse(arguments_t *out, int argc, char **argv)
{
    *out = (arguments_t){.assignments = calloc((size_t)argc + 1, sizeof(char *))};
    if (out->assignments == NULL) return cli_bad_usage("run", "out of memory");
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "-s") == 0 || strcmp(argv[i], "--time-limit") == 0) {
            if (!more) return cli_bad_usage("run", "%s wants a value", argv[i]);
            if (argv[i][1] == 's') {
                out->assignments[out->assignment_count++] = argv[++i];
                continue;
            }
            const char *end = base_number(&out->options.time_limit, argv[++i]);
            if (end == NULL || *end != '\0' || !(out->options.time_limit > 0))
                return cli_bad_usage("run", "--time-limit is '%s', expected seconds above 0", argv[i]);
        } else if (strcmp(argv[i], "--dry-run") == 0) {
            out->dry_run = true;
        } else if (strcmp(argv[i], "--no-look") == 0) {
            out->no_look = true;
        } else if (strcmp(argv[i], "--leave") == 0) {
            out->options.leave = true;
        } else if (strcmp(argv[i], "--verify") == 0) {
            out->options.verify = true;
        } else if (strcmp(argv[i], "--fresh") == 0) {
            out->options.fresh = true;
        } else if (strcmp(argv[i], "--keys") == 0) {
            out->keys = true;
        } else if (argv[i][0] == '-') {
            return cli_bad_usage("run", "unknown option '%s'", argv[i]);
        } else if (out->job != NULL) {
            return cli_bad_usage("run", "two job files, '%s' and '%s', expected one", out->job, argv[i]);
        } else {
            out->job = argv[i];
        }
    }
    const char *elements = getenv("SLURM_ARRAY_TASK_COUNT");
    if (elements != NULL && atoi(elements) > 1) out->options.leave = true;
    if (out->no_look && !out->dry_run)
        return cli_bad_usage("run", "--no-look goes with --dry-run: a run needs its data");
    if (out->job == NULL && !out->keys) return cli_bad_usage("run", "no job file is named");
    return EXIT_DONE;
}

/* "48 chunks of test images made, 12 reused ...": what the grid and earlier runs saved. */
static void print_reuse(const suite_outcome_t *outcome)
{
    for (int kind = 0; kind < PLAN_KINDS - 1; kind++) {
        int made = outcome->made[kind], reused = outcome->reused[kind];
        if (made + reused == 0) continue;
        printf("%s: %d made, %d reused, %.1f uses each\n", plan_kind_names[kind], made, reused,
               (double)outcome->uses[kind] / (made + reused));
    }
}

static void print_counts(const suite_outcome_t *outcome, const char *duration)
{
    printf("%d task%s done, %d kept from earlier runs, %d failed, %d feature files encoded, in %s\n", outcome->done,
           outcome->done == 1 ? "" : "s", outcome->skipped, outcome->failed, outcome->encoded, duration);
}

static int finish(const plan_t *plan, const suite_outcome_t *outcome)
{
    char duration[16];
    store_results_t results;
    clock_format(duration, outcome->seconds);
    if (outcome->left > 0) {
        print_counts(outcome, duration);
        print_reuse(outcome);
        printf(
            "left: %d item%s in progress elsewhere or wait%s for such; who is last makes the tables (fgad status %s)\n",
            outcome->left, outcome->left == 1 ? " is" : "s are", outcome->left == 1 ? "s" : "",
            base_shell_word(plan->run_dir));
        fflush(stdout);
        return outcome->failed > 0 ? EXIT_TASK_FAILED : EXIT_DONE;
    }
    if (!outcome->reduced) {
        printf("interrupted after %s; results.csv was not made anew (fgad reduce %s does it)\n", duration,
               base_shell_word(plan->run_dir));
        printf("next: the same command goes on from here (%s status %s shows what is left)\n", cli_program(),
               base_shell_word(plan->run_dir));
        fflush(stdout);
        return EXIT_RESUME;
    }
    if (store_results_read(&results, plan->run_dir) != ST_OK) return cli_bad_input();
    status_t status = ST_OK;
    /* Tables in which every number is missing would push what matters off the screen. */
    if (outcome->done + outcome->skipped > 0)
        status = report_print_results(stdout, &results);
    else
        printf("INCOMPLETE: no task of this run has a result yet\n");
    store_results_free(&results);
    if (status != ST_OK) return cli_bad_input();
    putchar('\n');
    print_counts(outcome, duration);
    print_reuse(outcome);
    printf("results: %s/results.csv, results.h5; maps: %s/tasks/\n", plan->run_dir, plan->run_dir);
    if (outcome->interrupted)
        printf("next: the same command goes on from here (%s status %s shows what is left)\n", cli_program(),
               base_shell_word(plan->run_dir));
    else if (outcome->failed > 0)
        printf("next: %s status %s (why tasks failed; reasons are in %s/failed/)\n", cli_program(),
               base_shell_word(plan->run_dir), plan->run_dir);
    else
        printf("next: %s report %s\n", cli_program(), base_shell_word(plan->run_dir));
    fflush(stdout);
    if (outcome->interrupted) return EXIT_RESUME;
    return outcome->failed > 0 ? EXIT_TASK_FAILED : EXIT_DONE;
}

/* Of a job whose data lie elsewhere: what it says itself. */
static status_t print_job(const arguments_t *arguments)
{
    plan_t plan = {0};
    status_t status =
        plan_make_job(&plan, method_table, arguments->job, arguments->assignments, arguments->assignment_count);
    if (status == ST_OK) status = plan_tell_unread(&plan);
    if (status == ST_OK)
        printf("run %s: 0 tasks (data and model are not looked at, %d grid point%s)\n", plan.run_dir, plan.point_count,
               plan.point_count == 1 ? "" : "s");
    plan_free(&plan);
    return status;
}

static status_t print_plan(const plan_t *plan)
{
    plan_items_t items;
    TRY(store_items_make(&items, plan));
    status_t status = plan_print(stdout, plan, &items);
    plan_items_free(&items);
    return status;
}

static int run_job(const arguments_t *arguments, const suite_comm_t *comm)
{
    int rank = comm->rank, code = EXIT_DONE;
    plan_t plan = {0};
    suite_outcome_t outcome;
    log_init(LOG_INFO, rank, comm->size);
    status_t status =
        suite_plan_make(&plan, method_table, arguments->job, arguments->assignments, arguments->assignment_count, comm);
    if (status == ST_OK) status = suite_agree(comm, rank == 0 ? plan_tell_unread(&plan) : ST_OK);
    if (status == ST_OK && arguments->dry_run) {
        status = suite_agree(comm, rank == 0 ? print_plan(&plan) : ST_OK);
    } else if (status == ST_OK) {
        status = suite_run(&outcome, &plan, comm, &arguments->options);
        if (status == ST_OK && rank == 0) code = finish(&plan, &outcome);
        suite_comm_tell(comm, &code, sizeof code, 0);
    }
    if (status != ST_OK) code = rank == 0 ? cli_bad_input() : EXIT_BAD_INPUT;
    plan_free(&plan);
    return code;
}

int cli_run(int argc, char **argv)
{
    arguments_t arguments;
    int code = parse(&arguments, argc, argv);
    if (code == EXIT_DONE && arguments.keys) {
        help_print_keys(stdout);
    } else if (code == EXIT_DONE && arguments.no_look) {
        if (print_job(&arguments) != ST_OK) code = cli_bad_input();
    } else if (code == EXIT_DONE) {
        stop_signals_install();
        suite_comm_t comm;
        if (suite_comm_open(&comm) == ST_OK) {
            code = run_job(&arguments, &comm);
            suite_comm_close(&comm);
        } else {
            cli_bad_input();
            code = EXIT_LAUNCH;
        }
    }
    free(arguments.assignments);
    return code;
}
