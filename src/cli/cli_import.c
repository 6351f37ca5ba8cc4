#include "cli/cli.h"
#include "review/review.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    size_t offset; /* in review_import_options_t */
    bool number;
} option_t;
static const option_t table[] = {{"--dataset", offsetof(review_import_options_t, dataset), false},
                                 {"--data-root", offsetof(review_import_options_t, data_root), false},
                                 {"--name", offsetof(review_import_options_t, name), false},
                                 {"--scores", offsetof(review_import_options_t, scores), false},
                                 {"--category", offsetof(review_import_options_t, category), false},
                                 {"--shots", offsetof(review_import_options_t, shots), true},
                                 {"--seed", offsetof(review_import_options_t, seed), true},
                                 {0}};

static int take(review_import_options_t *options, const option_t *row, const char *value)
{
    char *field = (char *)options + row->offset, *end;
    if (!row->number) return memcpy(field, &value, sizeof value), EXIT_DONE;
    long number = strtol(value, &end, 10);
    if (end == value || *end != '\0' || number < 0 || number > 1000000)
        return cli_bad_usage("import", "%s is '%s', expected a whole number", row->name, value);
    *(int *)field = (int)number;
    return EXIT_DONE;
}

static int parse(review_import_options_t *options, const char **assignments, int argc, char **argv)
{
    int code = EXIT_DONE;
    for (int i = 1; i < argc && code == EXIT_DONE; i++) {
        const option_t *row = table;
        while (row->name != NULL && strcmp(row->name, argv[i]) != 0) row++;
        bool set = strcmp(argv[i], "-s") == 0;
        if ((row->name != NULL || set) && i + 1 == argc)
            code = cli_bad_usage("import", "%s wants a value", argv[i]);
        else if (row->name != NULL)
            code = take(options, row, argv[++i]);
        else if (set)
            assignments[options->assignment_count++] = argv[++i];
        else if (argv[i][0] == '-')
            code = cli_bad_usage("import", "unknown option '%s'", argv[i]);
        else if (options->tree != NULL)
            code = cli_bad_usage("import", "two trees, '%s' and '%s', expected one", options->tree, argv[i]);
        else
            options->tree = argv[i];
    }
    if (code != EXIT_DONE) return code;
    if (options->tree == NULL) return cli_bad_usage("import", "expected the folder of a tree of maps");
    for (const option_t *row = table; row < table + 3; row++) {
        const char *value;
        memcpy(&value, (const char *)options + row->offset, sizeof value);
        if (value == NULL) return cli_bad_usage("import", "expected %s", row->name);
    }
    return EXIT_DONE;
}

int cli_import(int argc, char **argv)
{
    review_import_options_t options = {0};
    char *dir;
    const char **assignments = calloc((size_t)argc + 1, sizeof *assignments);
    if (assignments == NULL) return cli_bad_usage("import", "out of memory");
    options.assignments = assignments;
    int code = parse(&options, assignments, argc, argv);
    if (code == EXIT_DONE && review_import(&dir, &options) != ST_OK) {
        code = cli_bad_input();
    } else if (code == EXIT_DONE) {
        printf("next: %s report %s --metrics all\n", cli_program(), base_shell_word(dir));
        free(dir);
    }
    free(assignments);
    return code;
}
