#include "cli/cli.h"
#include "method/method.h"
#include "plan/plan.h"
#include "store/store.h"
#include "suite/suite.h"

#include <string.h>

int cli_status(int argc, char **argv)
{
    const char *run = NULL;
    bool all = false, verify = false, json = false;
    int files = 0, damaged = 0;
    plan_t plan;
    suite_status_t counts;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--all") == 0)
            all = true;
        else if (strcmp(argv[i], "--verify") == 0)
            verify = true;
        else if (strcmp(argv[i], "--format") == 0) {
            int code = cli_take_format(&json, "status", argv[++i]);
            if (code != EXIT_DONE) return code;
        } else if (argv[i][0] == '-')
            return cli_bad_usage("status", "unknown option '%s'", argv[i]);
        else if (run != NULL)
            return cli_bad_usage("status", "two runs, '%s' and '%s', expected one", run, argv[i]);
        else
            run = argv[i];
    }
    if (run == NULL) return cli_bad_usage("status", "no folder of a run is named");
    if (verify && json) return cli_bad_usage("status", "--verify tells of files in text alone, not as JSON");
    if (store_run_open(&plan, method_table, run) != ST_OK) return cli_bad_input();
    store_plan_rates_read(&plan);
    status_t status = suite_status_print(stdout, &counts, &plan, all, json);
    if (status == ST_OK && verify) {
        fputc('\n', stdout);
        status = suite_verify(stdout, &files, &damaged, &plan);
    }
    if (status == ST_OK && verify)
        printf("verified: %d file%s, %d damaged%s\n", files, files == 1 ? "" : "s", damaged,
               damaged > 0 ? " (hint: fgad run --verify sets them aside and makes them again)" : "");
    plan_free(&plan);
    if (status != ST_OK) return cli_bad_input();
    if (damaged > 0) return EXIT_TASK_FAILED;
    return counts.left > 0 ? EXIT_RESUME : counts.failed > 0 ? EXIT_TASK_FAILED : EXIT_DONE;
}
