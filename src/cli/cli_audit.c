#include "cli/cli.h"
#include "report/report.h"

#include <string.h>

int cli_audit(int argc, char **argv)
{
    report_options_t options = report_defaults;
    const char *run = NULL;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (name[0] != '-') {
            if (run != NULL) return cli_bad_usage("audit", "two runs, '%s' and '%s', expected one", run, name);
            run = name;
            continue;
        }
        if (value == NULL) return cli_bad_usage("audit", "%s is unknown or wants a value", name);
        bool known = cli_take_selection(&options.select, name, value);
        for (int f = 0; strcmp(name, "--format") == 0 && report_format_names[f] != NULL; f++)
            if (strcmp(report_format_names[f], value) == 0) options.format = (report_format_t)f, known = true;
        if (!known && strcmp(name, "--format") == 0)
            return cli_bad_usage("audit", "--format is '%s', expected text, md, csv, latex or json", value);
        if (!known) return cli_bad_usage("audit", "unknown option '%s'", name);
        i++;
    }
    if (run == NULL) return cli_bad_usage("audit", "expected the folder of a run");
    return report_audit(stdout, run, &options) == ST_OK ? EXIT_DONE : cli_bad_input();
}
