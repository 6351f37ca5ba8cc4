#include "cli/cli.h"
#include "suite/suite.h"

int cli_report(int argc, char **argv)
{
    suite_results_t results;
    if (argc != 2) return cli_bad_usage("report", "expected one folder of a run, found %d arguments", argc - 1);
    if (suite_results_read(&results, argv[1]) != ST_OK) return cli_bad_input();
    suite_results_print(stdout, &results);
    suite_results_free(&results);
    return EXIT_DONE;
}
