#include "cli/cli.h"
#include "io/io.h"
#include "suite/suite.h"

#include <stdlib.h>
#include <string.h>

/* Seconds and bytes below it are whole numbers of 64 bits, and exact as doubles. */
#define MOST 9e15

/* A number with one of the units behind it; <= 0: it is none, or larger than MOST. */
static double read_unit(const char *text, const char *const *units, const double *factors)
{
    double number;
    const char *end = base_number(&number, text);
    if (end == NULL || !(number > 0)) return 0;
    for (int u = 0; units[u] != NULL; u++)
        if (strcmp(end, units[u]) == 0) return number * factors[u] < MOST ? number * factors[u] : 0;
    return 0;
}

static double read_age(const char *text)
{
    static const char *const units[] = {"m", "h", "d", "w", NULL};
    static const double factors[] = {60, 3600, 86400, 7 * 86400};
    return read_unit(text, units, factors);
}

static double read_size(const char *text)
{
    static const char *const units[] = {"", "MB", "GB", "TB", NULL};
    static const double factors[] = {1, 1e6, 1e9, 1e12};
    return read_unit(text, units, factors);
}

/* The folder that holds runs and their cache, resolved, as plans have it; NULL with a line. */
static char *find_output(const char *folder)
{
    if (folder == NULL) folder = "results";
    char *output = realpath(folder, NULL);
    if (output == NULL) {
        fail(ST_ENOTFOUND, "'%s' does not exist (expected a job's `output`)", folder);
    } else if (!io_is_dir(output)) {
        free(output);
        output = NULL;
        fail(ST_EFORMAT, "'%s' is no folder (expected a job's `output`)", folder);
    }
    return output;
}

int cli_cache_list(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (argv[i][0] == '-') return cli_bad_usage("cache list", "unknown option '%s'", argv[i]);
    if (argc > 2) return cli_bad_usage("cache list", "two folders, '%s' and '%s', expected one", argv[1], argv[2]);
    char *output = find_output(argc == 2 ? argv[1] : NULL);
    if (output == NULL) return cli_bad_input();
    status_t status = suite_cache_list(stdout, output);
    free(output);
    return status == ST_OK ? EXIT_DONE : cli_bad_input();
}

int cli_cache_prune(int argc, char **argv)
{
    suite_prune_options_t options = {0};
    suite_pruned_t told;
    const char *folder = NULL;
    const char **runs = calloc((size_t)argc + 1, sizeof *runs);
    if (runs == NULL) return cli_bad_usage("cache prune", "out of memory");
    int code = EXIT_DONE;
    for (int i = 1; i < argc && code == EXIT_DONE; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        const bool wants =
            strcmp(argv[i], "--unused-by") == 0 || strcmp(argv[i], "--older") == 0 || strcmp(argv[i], "--max") == 0;
        if (wants && value == NULL)
            code = cli_bad_usage("cache prune", "%s wants a value", argv[i]);
        else if (strcmp(argv[i], "--unused-by") == 0)
            runs[options.run_count++] = argv[++i];
        else if (strcmp(argv[i], "--older") == 0) {
            options.older = read_age(argv[++i]);
            if (!(options.older > 0))
                code = cli_bad_usage("cache prune", "--older is '%s', expected an age as 30d (m, h, d, w)", value);
        } else if (strcmp(argv[i], "--max") == 0) {
            options.most = read_size(argv[++i]);
            if (!(options.most > 0))
                code = cli_bad_usage("cache prune", "--max is '%s', expected a size as 500GB (MB, GB, TB)", value);
        } else if (strcmp(argv[i], "--dry-run") == 0)
            options.dry = true;
        else if (argv[i][0] == '-')
            code = cli_bad_usage("cache prune", "unknown option '%s'", argv[i]);
        else if (folder != NULL)
            code = cli_bad_usage("cache prune", "two folders, '%s' and '%s', expected one", folder, argv[i]);
        else
            folder = argv[i];
    }
    options.runs = runs;
    if (code == EXIT_DONE && options.run_count == 0 && !(options.older > 0) && !(options.most > 0))
        code = cli_bad_usage("cache prune", "nothing is named that may go, expected --unused-by, --older or --max");
    char *output = code == EXIT_DONE ? find_output(folder) : NULL;
    if (code == EXIT_DONE && (output == NULL || suite_cache_prune(stdout, &told, output, &options) != ST_OK))
        code = cli_bad_input();
    if (code == EXIT_DONE) {
        printf("%s: %d file%s, %.1f MB\n", options.dry ? "would go" : "removed", told.files, told.files == 1 ? "" : "s",
               1e-6 * (double)told.bytes);
        if (told.busy > 0)
            printf("kept: %d file%s of categories that somebody is working on\n", told.busy, told.busy == 1 ? "" : "s");
    }
    free(output);
    free(runs);
    return code;
}
