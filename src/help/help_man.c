/* Man pages, made of the texts that --help prints. */
#include "help/help.h"
#include "io/io.h"

#include <string.h>

/* Lines as they are, in troff. */
static void put_troff(FILE *out, const char *text)
{
    bool begin = true;
    for (; *text != '\0'; text++) {
        if (begin && (*text == '.' || *text == '\'')) fputs("\\&", out);
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            fputc(*text, out);
        begin = *text == '\n';
    }
}

/* One page: `body` is what --help prints. */
static status_t write_page(const char *folder, const char *name, const char *summary, const char *body)
{
    char title[64], path[4096], *text = NULL;
    size_t size = 0;
    TRY(io_make_dirs(folder));
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    snprintf(title, sizeof title, "fgad%s%s", name[0] != '\0' ? "-" : "", name);
    for (char *at = title; *at != '\0'; at++)
        if (*at == ' ') *at = '-';
    snprintf(path, sizeof path, "%s/%s.1", folder, title);
    fprintf(out, ".TH %s 1 \"\" \"fgad %s\"\n.SH NAME\n%s \\- ", title, base_version(), title);
    put_troff(out, summary);
    fputs("\n.SH USE\n.nf\n", out);
    put_troff(out, body);
    fputs(".fi\n", out);
    if (name[0] == '\0') {
        fputs(".SH COMMANDS\n", out);
        for (const help_command_t *command = help_commands; command->name != NULL; command++) {
            fputs(".TP\n.B ", out);
            put_troff(out, command->name);
            fputc('\n', out);
            put_troff(out, command->summary);
            fputc('\n', out);
        }
    }
    return io_write_stream(path, out, &text, &size);
}

status_t help_write_pages(int *count, const char *folder)
{
    status_t status =
        write_page(folder, "", "few-shot visual anomaly detection, evaluated in batches",
                   "usage: fgad COMMAND ...\n\nEach command has a page, as fgad-run(1), and `fgad COMMAND "
                   "--help` prints it.\n");
    *count = 1;
    for (const help_command_t *command = help_commands; command->name != NULL && status == ST_OK; command++, ++*count)
        status = write_page(folder, command->name, command->summary, command->text);
    return status;
}
