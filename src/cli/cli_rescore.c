#include "cli/cli.h"
#include "review/review.h"

#include <stdlib.h>
#include <string.h>

int cli_rescore(int argc, char **argv)
{
    const char *run = NULL, *name = NULL;
    const char **assignments = calloc((size_t)argc + 1, sizeof *assignments);
    int count = 0, code = EXIT_DONE;
    if (assignments == NULL) return cli_bad_usage("rescore", "out of memory");
    for (int i = 1; i < argc && code == EXIT_DONE; i++) {
        bool option = strcmp(argv[i], "-s") == 0 || strcmp(argv[i], "--name") == 0;
        if (option && i + 1 == argc)
            code = cli_bad_usage("rescore", "%s wants a value", argv[i]);
        else if (option && argv[i][1] == 's')
            assignments[count++] = argv[++i];
        else if (option)
            name = argv[++i];
        else if (argv[i][0] == '-')
            code = cli_bad_usage("rescore", "unknown option '%s'", argv[i]);
        else if (run != NULL)
            code = cli_bad_usage("rescore", "two runs, '%s' and '%s', expected one", run, argv[i]);
        else
            run = cli_folder(argv[i]);
    }
    if (code == EXIT_DONE && run == NULL) code = cli_bad_usage("rescore", "expected the folder of a run");
    if (code == EXIT_DONE) {
        review_rescored_t told;
        char duration[16];
        if (review_rescore(&told, run, name, assignments, count) == ST_OK) {
            clock_format(duration, told.seconds);
            printf("%d setting%s of %d task%s, %d pass%s over the pixels, in %s\n", told.settings,
                   told.settings == 1 ? "" : "s", told.tasks, told.tasks == 1 ? "" : "s", told.passes,
                   told.passes == 1 ? "" : "es", duration);
            printf("next: %s report %s%s\n", cli_program(), base_shell_word(told.dir),
                   told.settings > 4 ? " --means" : "");
        } else {
            code = cli_bad_input();
        }
        free(told.dir);
    }
    free(assignments);
    return code;
}
