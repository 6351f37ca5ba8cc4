#include "base/base.h"
#include "cli/cli.h"
#include "clip/clip.h"
#include "io/io.h"
#include "suite/suite.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_in_group(const char *name, const char *group)
{
    size_t length = strlen(group);
    return strncmp(name, group, length) == 0 && name[length] == ' ';
}

/* group: all commands with NULL, else those whose first word it is. Number of commands listed. */
static int print_commands(FILE *out, const char *group)
{
    int count = 0;
    for (int i = 0; cli_commands[i].name != NULL; i++) {
        const char *name = cli_commands[i].name;
        if (group != NULL && !is_in_group(name, group)) continue;
        if (count++ == 0) fprintf(out, "usage: fgad %s ...\n\n", group != NULL ? group : "COMMAND");
        fprintf(out, "  %-14s %s\n", name, cli_commands[i].summary);
    }
    if (count > 0) fprintf(out, "\n`fgad COMMAND --help` tells more of each.\n");
    return count;
}

static void print_overview(FILE *out)
{
    fprintf(out, "fgad %s: few-shot visual anomaly detection, evaluated in batches\n\n", base_version());
    print_commands(out, NULL);
}

/* How many words of argv the command's name takes, or 0 when it is another one. */
static int match(const cli_command_t *command, int argc, char **argv)
{
    const char *space = strchr(command->name, ' ');
    if (space == NULL) return argc > 1 && strcmp(argv[1], command->name) == 0 ? 1 : 0;
    size_t length = (size_t)(space - command->name);
    bool first = argc > 1 && strlen(argv[1]) == length && strncmp(argv[1], command->name, length) == 0;
    return first && argc > 2 && strcmp(argv[2], space + 1) == 0 ? 2 : 0;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* One line: no such command, and the nearest that there is. */
static int refuse_command(int argc, char **argv)
{
    char said[256];
    snprintf(said, sizeof said, "%s%s%s", argv[1], argc > 2 ? " " : "", argc > 2 ? argv[2] : "");
    const char *nearest = cli_commands[0].name;
    int least = INT_MAX;
    for (int i = 0; cli_commands[i].name != NULL; i++) {
        const char *name = cli_commands[i].name;
        int distance = base_edit_distance(strchr(name, ' ') != NULL ? said : argv[1], name);
        if (is_in_group(name, argv[1])) distance -= 1000; /* the group is right: the nearest of it, however far */
        if (distance < least) nearest = name, least = distance;
    }
    fprintf(stderr, "fgad: there is no command '%s' (did you mean '%s'? `fgad --help` lists them)\n", said, nearest);
    return EXIT_BAD_INPUT;
}

/* Kernels are chosen by the environment, and the program may have been built elsewhere. */
static void tell_of_illegal_instructions(void)
{
    static char line[512];
    const char *core = getenv("OPENBLAS_CORETYPE");
    if (core != NULL && core[0] != '\0')
        snprintf(
            line, sizeof line,
            "fgad: this processor lacks an instruction: OPENBLAS_CORETYPE is '%.60s', expected a kind of its own or an "
            "older one (hint: unset OPENBLAS_CORETYPE)\n",
            core);
    else
        snprintf(
            line, sizeof line,
            "fgad: this processor lacks an instruction that the program was built with (hint: build it on this kind of "
            "machine, or with -DFGAD_ARCH= for all)\n");
    stop_illegal_install(line, EXIT_BAD_INPUT);
}

/* The program's line first, then what it is linked with, a line a library. */
static void print_version(void)
{
    char mpi[128], *libraries = io_library_versions();
    suite_comm_version(mpi);
    printf("fgad %s\n", base_version());
    for (const char *at = libraries; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, ",");
        printf("  %.*s\n", (int)length, at);
        at += length;
        at += strspn(at, ", ");
    }
    printf("  BLAS: %s\n  MPI: %s\n", clip_backend_bf16(), mpi);
    free(libraries);
}

static int run_command(int argc, char **argv)
{
    if (argc < 2 || (argc == 2 && is_help(argv[1]))) {
        print_overview(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_BAD_INPUT : EXIT_DONE;
    }
    if (strcmp(argv[1], "help") == 0 && argv[2][0] == '-' && !is_help(argv[2])) return cli_help(argc - 1, argv + 1);
    if (is_help(argv[1])) { /* "help run" is "run --help" */
        for (int i = 1; i + 1 < argc; i++) argv[i] = argv[i + 1];
        argv[argc - 1] = "--help";
    }
    if (strcmp(argv[1], "--version") == 0) return print_version(), EXIT_DONE;
    for (int i = 0; cli_commands[i].name != NULL; i++) {
        int words = match(&cli_commands[i], argc, argv);
        if (words == 0) continue;
        for (int a = words + 1; a < argc; a++)
            if (strcmp(argv[a], "--help") == 0 || strcmp(argv[a], "-h") == 0)
                return fputs(cli_commands[i].help, stdout), EXIT_DONE;
        /* `fgad report "$RUN"` without RUN, `--out "$OUT"` without OUT: an empty name would lead to the root of the file
         * system. A grid point may have no words. */
        for (int a = words + 1; a < argc; a++)
            if (argv[a][0] == '\0' && strcmp(argv[a - 1], "--point") != 0 &&
                strcmp(argv[a - 1], "--against-point") != 0)
                return cli_bad_usage(cli_commands[i].name,
                                     "an argument is empty (a variable of the shell that is not set?)");
        return cli_commands[i].main(argc - words, argv + words);
    }
    bool asked = argc > 2 && is_help(argv[2]);
    if ((asked || argc == 2) && print_commands(asked ? stdout : stderr, argv[1]) > 0)
        return asked ? EXIT_DONE : EXIT_BAD_INPUT;
    return refuse_command(argc, argv);
}

int main(int argc, char **argv)
{
    if (argc > 0) cli_called(argv[0]);
    if (!cli_stack_has_room()) return 2;
    tell_of_illegal_instructions();
    io_mapped_install(EXIT_TASK_FAILED);
    cli_output_begin();
    return cli_output_end(run_command(argc, argv));
}
