#include "cli/cli.h"
#include "method/method.h"
#include "plan/plan.h"
#include "store/store.h"
#include "suite/suite.h"

#include <string.h>

static void print_missing(const store_results_t *results)
{
    fprintf(stderr, "INCOMPLETE: %d task%s of this run ha%s no result:\n", results->missing,
            results->missing == 1 ? "" : "s", results->missing == 1 ? "s" : "ve");
    for (int i = 0; i < results->missing; i++) {
        const store_row_t *row = &results->lost[i];
        fprintf(stderr, "  %s/%s shots %d seed %lld%s%s\n", row->dataset, row->category, row->shots,
                (long long)row->seed, row->point[0] != '\0' ? " " : "", row->point);
    }
}

/* fgad reduce RUN1 RUN2 ... --into NEW */
static int join(int argc, char **argv)
{
    suite_joined_t joined;
    const char *into = NULL;
    int count = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--into") == 0 && i + 1 < argc)
            into = cli_folder(argv[++i]);
        else if (argv[i][0] == '-')
            return cli_bad_usage("reduce", "'%s' is unknown or wants a value", argv[i]);
        else
            argv[1 + count++] = (char *)cli_folder(argv[i]);
    }
    if (into == NULL || count < 2)
        return cli_bad_usage("reduce", "expected one run, or two runs and more with --into NEW");
    if (suite_join(&joined, (const char *const *)argv + 1, count, into) != ST_OK) return cli_bad_input();
    printf("%s/results.csv, results.h5: %d result%s of %d runs, %d missing; %d task file%s, %d head%s\n", into,
           joined.rows, joined.rows == 1 ? "" : "s", count, joined.missing, joined.tasks, joined.tasks == 1 ? "" : "s",
           joined.heads, joined.heads == 1 ? "" : "s");
    return joined.missing > 0 ? EXIT_TASK_FAILED : EXIT_DONE;
}

int cli_reduce(int argc, char **argv)
{
    plan_t plan;
    store_results_t results = {0};
    int missing = 0;
    const char *if_needed = "--if-needed";
    const bool ask = argc == 3 && (strcmp(argv[1], if_needed) == 0 || strcmp(argv[2], if_needed) == 0);
    if (argc > 2 && !ask) return join(argc, argv);
    if (argc < 2) return cli_bad_usage("reduce", "expected the folder of a run");
    char *named = argv[ask && strcmp(argv[1], if_needed) == 0 ? 2 : 1];
    if (store_run_open(&plan, method_table, named) != ST_OK) return cli_bad_input();
    const char *run = cli_folder(named);
    const bool reduced = ask && suite_run_is_reduced(&plan);
    status_t status = reduced ? ST_OK : suite_run_reduce(&missing, &plan);
    if (status == ST_OK) status = store_results_read(&results, plan.run_dir);
    if (status == ST_OK) {
        printf("%s/results.csv, results.h5: %d of %d task%s%s\n", run, plan.task_count - missing, plan.task_count,
               plan.task_count == 1 ? "" : "s", reduced ? ", as they were" : "");
        fflush(stdout);
        if (missing > 0) print_missing(&results);
    }
    store_results_free(&results);
    plan_free(&plan);
    if (status != ST_OK) return cli_bad_input();
    return missing > 0 ? EXIT_TASK_FAILED : EXIT_DONE;
}
