#include "cli/cli.h"

#include <stdarg.h>
#include <string.h>

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

int cli_take_format(bool *json, const char *command, const char *value)
{
    if (value == NULL) return cli_bad_usage(command, "--format wants a value");
    *json = strcmp(value, "json") == 0;
    if (*json || strcmp(value, "text") == 0) return EXIT_DONE;
    return cli_bad_usage(command, "--format is '%s', expected text or json", value);
}
