/* The keys of a job, for a terminal and as the page jobs/KEYS.md. */
#include "help/help.h"
#include "job/job.h"

#include <string.h>

void help_print_keys(FILE *out)
{
    for (const io_option_t *row = job_options; row->name != NULL; row++) {
        fprintf(out, "%-24s %s\n%-24s default: %s", row->name, row->help, "",
                row->otherwise != NULL ? row->otherwise : "none, must be given");
        for (int i = 0; row->names != NULL && row->names[i] != NULL; i++)
            fprintf(out, "%s%s", i == 0 ? "; one of: " : ", ", row->names[i]);
        if (row->low < row->high) fprintf(out, "; from %g to %g", row->low, row->high);
        fputc('\n', out);
    }
}

/* A cell of a Markdown table. */
static void put_cell(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("|*<>", *text) != NULL) fputc('\\', out);
        fputc(*text, out);
    }
}

void help_print_keys_page(FILE *out)
{
    fprintf(
        out,
        "# Keys of a job\n\n"
        "Made by `fgad help --keys`, a line a key of the program's table (a test holds this page against it); `fgad "
        "run --keys` prints\n"
        "the same in a terminal. A job file is YAML; `-s key=value` on the command line goes before it. Most keys "
        "can be swept\n"
        "(`sweep: {key: [values]}`). A key with a dot stands below its mapping: `pixel: {epochs: 10}`.\n\n"
        "| key | meaning | without it | values |\n|---|---|---|---|\n");
    for (const io_option_t *row = job_options; row->name != NULL; row++) {
        fprintf(out, "| `%s` | ", row->name);
        put_cell(out, row->help);
        if (row->otherwise == NULL)
            fprintf(out, " | must be given | ");
        else
            fprintf(out, row->otherwise[0] != '\0' ? " | `%s` | " : " | %s | ", row->otherwise);
        for (int i = 0; row->names != NULL && row->names[i] != NULL; i++)
            fprintf(out, "%s`%s`", i == 0 ? "" : ", ", row->names[i]);
        if (row->low < row->high) fprintf(out, "%g to %g", row->low, row->high);
        fprintf(out, " |\n");
    }
}
