#include "cli/cli.h"

#include <stdarg.h>
#include <string.h>

const char *cli_shown(const char *text)
{
    static char shown[4096];
    base_visible(shown, sizeof shown, text);
    return shown;
}

const char *cli_folder(char *argument)
{
    for (size_t length = strlen(argument); length > 1 && argument[length - 1] == '/'; length--)
        argument[length - 1] = '\0';
    return argument;
}

int cli_bad_input(void)
{
    fprintf(stderr, "fgad: %s\n", fail_message());
    return EXIT_BAD_INPUT;
}

int cli_bad_usage(const char *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "fgad %s: ", command);
    vfprintf(stderr, format, args);
    fprintf(stderr, " (see `fgad %s --help`)\n", command);
    va_end(args);
    return EXIT_BAD_INPUT;
}

bool cli_take_selection(store_select_t *select, const char *option, const char *value)
{
    const struct {
        const char *name, **text;
    } texts[] = {{"--dataset", &select->dataset}, {"--category", &select->category}, {"--shots", &select->shots},
                 {"--seed", &select->seeds},      {"--seeds", &select->seeds},       {"--point", &select->point}};
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++)
        if (strcmp(option, texts[t].name) == 0) return *texts[t].text = value, true;
    return false;
}

int cli_take_format(bool *json, const char *command, const char *value)
{
    if (value == NULL) return cli_bad_usage(command, "--format wants a value");
    *json = strcmp(value, "json") == 0;
    if (*json || strcmp(value, "text") == 0) return EXIT_DONE;
    return cli_bad_usage(command, "--format is '%s', expected text or json", value);
}

int cli_take_scale(double *low, double *high, const char *command, const char *value)
{
    const char *end = base_number(low, value);
    if (end != NULL && *end == ',') end = base_number(high, end + 1);
    if (end != NULL && *end == '\0' && *low < *high) return EXIT_DONE;
    return cli_bad_usage(command, "--scale is '%s', expected LOW,HIGH", value);
}

bool cli_is_one_of(const char *const *names, const char *text)
{
    for (; *names != NULL; names++)
        if (strcmp(*names, text) == 0) return true;
    return false;
}

static const char *program = "fgad";

void cli_called(const char *called)
{
    if (strchr(called, '/') != NULL) program = called;
}

const char *cli_program(void)
{
    return base_shell_word(program);
}
