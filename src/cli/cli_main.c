#include "base/base.h"
#include "cli/cli.h"
#include "clip/clip.h"
#include "help/help.h"
#include "io/io.h"
#include "suite/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What runs each of help_commands. */
static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
} mains[] = {{"new", cli_new},
             {"run", cli_run},
             {"plan", cli_plan},
             {"status", cli_status},
             {"reduce", cli_reduce},
             {"report", cli_report},
             {"audit", cli_audit},
             {"verify", cli_verify},
             {"rescore", cli_rescore},
             {"export", cli_export},
             {"import", cli_import},
             {"predict", cli_predict},
             {"threshold", cli_threshold},
             {"cache list", cli_cache_list},
             {"cache prune", cli_cache_prune},
             {"model info", cli_model_info},
             {"data check", cli_data_check},
             {"data fewshot", cli_data_fewshot},
             {"data demo", cli_data_demo},
             {"mfsc check", cli_mfsc_check},
             {"mfsc show", cli_mfsc_show},
             {"mfsc new", cli_mfsc_new},
             {"mfsc caption", cli_mfsc_caption},
             {"help", cli_help}};

static int run_main(const char *name, int argc, char **argv)
{
    for (size_t i = 0; i < sizeof mains / sizeof mains[0]; i++)
        if (strcmp(mains[i].name, name) == 0) return mains[i].main(argc, argv);
    fprintf(stderr, "fgad: there is no command behind the help of '%s'\n", name);
    return EXIT_BAD_INPUT;
}

static void print_overview(FILE *out)
{
    fprintf(out, "fgad %s: few-shot visual anomaly detection, evaluated in batches\n\n", base_version());
    help_print_commands(out, NULL);
}

/* How many words of argv the command's name takes, or 0 when it is another one. */
static int match(const help_command_t *command, int argc, char **argv)
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
    const char *nearest = NULL, *of_group = NULL;
    int edits = -1;
    for (int i = 0; help_commands[i].name != NULL && of_group == NULL; i++)
        if (help_is_in_group(help_commands[i].name, argv[1])) of_group = help_commands[i].name;
    for (int i = 0; help_commands[i].name != NULL; i++) {
        const char *name = help_commands[i].name;
        if (of_group != NULL && !help_is_in_group(name, argv[1])) continue;
        if (base_meant(&edits, name, strchr(name, ' ') != NULL ? said : argv[1])) nearest = name;
    }
    if (nearest == NULL) nearest = of_group;
    fprintf(stderr, "fgad: there is no command '%s' (%s%s%s`fgad --help` lists them)\n", said,
            nearest != NULL ? "did you mean '" : "", nearest != NULL ? nearest : "", nearest != NULL ? "'? " : "");
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
    printf("  BLAS: %s\n  MPI: %s\n", clip_backend(CLIP_PRODUCTS_BF16), mpi);
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
    for (int i = 0; help_commands[i].name != NULL; i++) {
        int words = match(&help_commands[i], argc, argv);
        if (words == 0) continue;
        for (int a = words + 1; a < argc; a++)
            if (strcmp(argv[a], "--help") == 0 || strcmp(argv[a], "-h") == 0)
                return fputs(help_commands[i].text, stdout), EXIT_DONE;
        /* `fgad report "$RUN"` without RUN, `--out "$OUT"` without OUT: an empty name would lead to the root of the file
         * system. A grid point may have no words. */
        for (int a = words + 1; a < argc; a++)
            if (argv[a][0] == '\0' && strcmp(argv[a - 1], "--point") != 0 &&
                strcmp(argv[a - 1], "--against-point") != 0)
                return cli_bad_usage(help_commands[i].name,
                                     "an argument is empty (a variable of the shell that is not set?)");
        return run_main(help_commands[i].name, argc - words, argv + words);
    }
    bool asked = argc > 2 && is_help(argv[2]);
    if ((asked || argc == 2) && help_print_commands(asked ? stdout : stderr, argv[1]) > 0)
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
