/* Commands as `fgad --help` lists them. */
#include "help/help.h"

#include <string.h>

bool help_is_in_group(const char *name, const char *group)
{
    size_t length = strlen(group);
    return strncmp(name, group, length) == 0 && name[length] == ' ';
}

int help_print_commands(FILE *out, const char *group)
{
    int count = 0;
    for (int i = 0; help_commands[i].name != NULL; i++) {
        const char *name = help_commands[i].name;
        if (group != NULL && !help_is_in_group(name, group)) continue;
        if (count++ == 0) fprintf(out, "usage: fgad %s ...\n\n", group != NULL ? group : "COMMAND");
        fprintf(out, "  %-14s %s\n", name, help_commands[i].summary);
    }
    if (count > 0) fprintf(out, "\n`fgad COMMAND --help` tells more of each.\n");
    return count;
}
