/* fgad help: man pages, completions, the page of keys. */
#include "cli/cli.h"
#include "help/help.h"

#include <string.h>

static int write_pages(const char *folder)
{
    int count;
    if (help_write_pages(&count, folder) != ST_OK) return cli_bad_input();
    printf("%d pages in %s\n", count, folder);
    return EXIT_DONE;
}

int cli_help(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--keys") == 0) return help_print_keys_page(stdout), EXIT_DONE;
    if (argc == 3 && strcmp(argv[1], "--man") == 0) return write_pages(cli_folder(argv[2]));
    if (argc == 3 && strcmp(argv[1], "--completion") == 0) {
        if (strcmp(argv[2], "bash") == 0) return help_print_bash(stdout), EXIT_DONE;
        if (strcmp(argv[2], "zsh") == 0) return help_print_zsh(stdout), EXIT_DONE;
        return cli_bad_usage("help", "--completion is '%s', expected bash or zsh", argv[2]);
    }
    return cli_bad_usage("help", "expected a COMMAND, --keys, --man DIR or --completion SHELL");
}
