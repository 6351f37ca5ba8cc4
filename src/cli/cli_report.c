#include "cli/cli.h"
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

/* Options that take a text, and where it goes. */
typedef struct {
    const char *name;
    size_t offset;
} text_option_t;
static const text_option_t text_options[] = {{"--dataset", offsetof(report_options_t, select.dataset)},
                                             {"--category", offsetof(report_options_t, select.category)},
                                             {"--shots", offsetof(report_options_t, select.shots)},
                                             {"--point", offsetof(report_options_t, select.point)},
                                             {"--seeds", offsetof(report_options_t, select.seeds)},
                                             {"--metrics", offsetof(report_options_t, metrics)},
                                             {"--table", offsetof(report_options_t, table)},
                                             {"--against", offsetof(report_options_t, against)},
                                             {"--against-point", offsetof(report_options_t, against_point)},
                                             {0}};

static int take_text(report_options_t *options, const char *name, const char *value)
{
    for (const text_option_t *row = text_options; row->name != NULL; row++) {
        if (strcmp(row->name, name) != 0) continue;
        memcpy((char *)options + row->offset, &value, sizeof value);
        return 1;
    }
    return 0;
}

static int take_format(report_options_t *options, const char *value)
{
    for (int f = 0; report_format_names[f] != NULL; f++)
        if (strcmp(report_format_names[f], value) == 0) return options->format = (report_format_t)f, EXIT_DONE;
    return cli_bad_usage("report", "--format is '%s', expected text, md, csv, latex or json", value);
}

static int take_number(double *out, const char *name, const char *value, double low, double high)
{
    const char *end = base_number(out, value);
    if (end != NULL && *end == '\0' && *out >= low && *out <= high) return EXIT_DONE;
    return cli_bad_usage("report", "%s is '%s', expected a number from %g to %g", name, value, low, high);
}

static int parse(report_options_t *options, const char **runs, int *count, const char **assignments, int argc,
                 char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        int code = EXIT_DONE;
        double number = 0;
        if (strcmp(name, "--published") == 0) {
            options->published = true;
            continue;
        } else if (strcmp(name, "--means") == 0) {
            options->means = true;
            continue;
        } else if (strcmp(name, "--compare") == 0 || strcmp(name, "--columns") == 0) {
            options->compare = true;
            options->columns = options->columns || strcmp(name, "--columns") == 0;
            continue;
        } else if (strcmp(name, "--per-defect") == 0) {
            options->per_defect = true;
            continue;
        } else if (strcmp(name, "--effects") == 0) {
            options->effects = true;
            continue;
        } else if (strcmp(name, "--thresholds") == 0) {
            options->thresholds = true;
            continue;
        } else if (name[0] != '-') {
            runs[(*count)++] = name;
            continue;
        }
        if (value == NULL) return cli_bad_usage("report", "%s is unknown or wants a value", name);
        if (strcmp(name, "--format") == 0) {
            code = take_format(options, value);
        } else if (strcmp(name, "--bootstrap") == 0) {
            code = take_number(&number, name, value, 1, 1e6);
            options->bootstrap = (int)number;
        } else if (strcmp(name, "--bootstrap-seed") == 0) {
            code = take_number(&number, name, value, 0, 9e15);
            options->bootstrap_seed = (uint64_t)number;
        } else if (strcmp(name, "--level") == 0) {
            code = take_number(&options->level, name, value, 0.01, 0.9999);
        } else if (strcmp(name, "-s") == 0) {
            assignments[options->assignment_count++] = value;
        } else if (!take_text(options, name, value)) {
            return cli_bad_usage("report", "unknown option '%s'", name);
        }
        if (code != EXIT_DONE) return code;
        i++;
    }
    options->published = options->published || options->table != NULL;
    if (*count == 0) return cli_bad_usage("report", "expected the folder of a run");
    options->compare = options->compare || *count > 1;
    if (options->compare && (options->published || options->per_defect || options->against != NULL || options->means))
        return cli_bad_usage("report", "--published, --table, --means, --per-defect and --against are of one run and "
                                       "not of a comparison (hint: name one run, without --compare and --columns)");
    return EXIT_DONE;
}

int cli_report(int argc, char **argv)
{
    report_options_t options = report_defaults;
    int count = 0;
    const char **assignments = calloc((size_t)argc + 1, sizeof *assignments);
    const char **runs = calloc((size_t)argc + 1, sizeof *runs);
    if (assignments == NULL || runs == NULL) {
        free(assignments);
        free(runs);
        return cli_bad_usage("report", "out of memory");
    }
    options.assignments = assignments;
    int code = parse(&options, runs, &count, assignments, argc, argv);
    if (code == EXIT_DONE && (count == 1 ? report_print(stdout, runs[0], &options)
                                         : report_print_runs(stdout, runs, count, &options)) != ST_OK)
        code = cli_bad_input();
    free(assignments);
    free(runs);
    return code;
}
