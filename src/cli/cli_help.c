/* fgad help: man pages and completions, made of the table that --help prints; the page of keys. */
#include "cli/cli.h"
#include "io/io.h"
#include "job/job.h"

#include <stdlib.h>
#include <string.h>

/* ---- Options of a command ---- */

enum { OPTIONS = 64, OPTION_SIZE = 40 };
typedef struct {
    char name[OPTIONS][OPTION_SIZE];
    int count;
} options_t;

static bool is_option_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* "-s" and "--dry-run" between `from` and `to`, each once. */
static void take_options(options_t *out, const char *from, const char *to)
{
    for (const char *at = from; at < to; at++) {
        bool begins = *at == '-' && (at == from || strchr(" [|,", at[-1]) != NULL);
        size_t length = 0;
        while (begins && at + length < to && is_option_letter(at[length])) length++;
        if (length < 2 || length >= OPTION_SIZE || out->count == OPTIONS) continue;
        bool known = false;
        for (int i = 0; i < out->count && !known; i++)
            known = strlen(out->name[i]) == length && strncmp(out->name[i], at, length) == 0;
        if (!known) snprintf(out->name[out->count++], OPTION_SIZE, "%.*s", (int)length, at);
        at += length - 1;
    }
}

/* Of the usage, and of the lines that begin with an option, what stands before its description. */
static void list_options(options_t *out, const char *help)
{
    *out = (options_t){.count = 0};
    bool usage = true;
    for (const char *line = help; *line != '\0' && strncmp(line, "examples:", 9) != 0;) {
        const char *end = line + strcspn(line, "\n");
        if (end == line) usage = false;
        if (usage) {
            take_options(out, line, end);
        } else if (strncmp(line, "  -", 3) == 0) {
            const char *description = strstr(line + 2, "  ");
            take_options(out, line + 2, description != NULL && description < end ? description : end);
        }
        line = end + (*end == '\n');
    }
}

/* ---- Words ---- */

/* The first word of a command's name; its length. */
static int first_word(const char *name)
{
    return (int)strcspn(name, " ");
}

static bool is_first_of_group(int c)
{
    int length = first_word(cli_commands[c].name);
    for (int i = 0; i < c; i++)
        if (first_word(cli_commands[i].name) == length &&
            strncmp(cli_commands[i].name, cli_commands[c].name, (size_t)length) == 0)
            return false;
    return true;
}

static void print_first_words(void)
{
    for (int c = 0; cli_commands[c].name != NULL; c++)
        if (is_first_of_group(c)) printf("%.*s ", first_word(cli_commands[c].name), cli_commands[c].name);
}

/* "data) <before>check fewshot demo<after>" for each group. */
static void print_groups(const char *before, const char *after)
{
    for (int c = 0; cli_commands[c].name != NULL; c++) {
        int length = first_word(cli_commands[c].name);
        if (cli_commands[c].name[length] == '\0' || !is_first_of_group(c)) continue;
        printf("            %.*s) %s", length, cli_commands[c].name, before);
        for (int i = c; cli_commands[i].name != NULL; i++)
            if (strncmp(cli_commands[i].name, cli_commands[c].name, (size_t)length + 1) == 0)
                printf("%s ", cli_commands[i].name + length + 1);
        printf("%s\n", after);
    }
}

static void print_options(void)
{
    for (int c = 0; cli_commands[c].name != NULL; c++) {
        options_t options;
        list_options(&options, cli_commands[c].help);
        bool group = strchr(cli_commands[c].name, ' ') != NULL;
        printf("        '%s'%s) options='--help", cli_commands[c].name, group ? "" : "*");
        for (int i = 0; i < options.count; i++) printf(" %s", options.name[i]);
        printf("' ;;\n");
    }
}

static void print_keys(void)
{
    for (const io_option_t *row = job_options; row->name != NULL; row++) printf("%s= ", row->name);
}

static void print_bash(void)
{
    printf("# Completion of fgad for bash, made by `fgad help --completion bash`.\n"
           "_fgad()\n"
           "{\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options=\n"
           "    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "        COMPREPLY=($(compgen -W '");
    print_first_words();
    printf("--help --version' -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    if [ \"$COMP_CWORD\" -eq 2 ]; then\n"
           "        case ${COMP_WORDS[1]} in\n");
    print_groups("COMPREPLY=($(compgen -W '", "' -- \"$cur\")); return ;;");
    printf("        esac\n"
           "    fi\n"
           "    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
    print_options();
    printf("    esac\n"
           "    if [ \"$before\" = -s ]; then\n"
           "        compopt -o nospace\n"
           "        COMPREPLY=($(compgen -W '");
    print_keys();
    printf("' -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    case $cur in\n"
           "        -*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
           "        *) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
           "    esac\n"
           "}\n"
           "complete -o filenames -F _fgad fgad\n");
}

static void print_zsh(void)
{
    printf("#compdef fgad\n"
           "# Completion of fgad for zsh, made by `fgad help --completion zsh`.\n"
           "_fgad()\n"
           "{\n"
           "    local options=\n"
           "    if (( CURRENT == 2 )); then\n"
           "        compadd -- ");
    print_first_words();
    printf("--help --version\n"
           "        return\n"
           "    fi\n"
           "    if (( CURRENT == 3 )); then\n"
           "        case $words[2] in\n");
    print_groups("compadd -- ", "; return ;;");
    printf("        esac\n"
           "    fi\n"
           "    case \"$words[2] $words[3]\" in\n");
    print_options();
    printf("    esac\n"
           "    if [[ $words[CURRENT-1] == -s ]]; then\n"
           "        compadd -S '' -- ");
    print_keys();
    printf("\n"
           "    elif [[ $PREFIX == -* ]]; then\n"
           "        compadd -- ${=options}\n"
           "    else\n"
           "        _files\n"
           "    fi\n"
           "}\n"
           "_fgad \"$@\"\n");
}

/* ---- Man pages ---- */

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

/* One page: name, and the text that --help prints. */
static status_t write_page(const char *folder, const char *name, const char *summary, const char *help)
{
    char title[64], path[4096], *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    snprintf(title, sizeof title, "fgad%s%s", name[0] != '\0' ? "-" : "", name);
    for (char *at = title; *at != '\0'; at++)
        if (*at == ' ') *at = '-';
    fprintf(out, ".TH %s 1 \"\" \"fgad %s\"\n.SH NAME\n%s \\- ", title, base_version(), title);
    put_troff(out, summary);
    fputs("\n.SH USE\n.nf\n", out);
    put_troff(out, help);
    fputs(".fi\n", out);
    if (name[0] == '\0') {
        fputs(".SH COMMANDS\n", out);
        for (const cli_command_t *command = cli_commands; command->name != NULL; command++) {
            fputs(".TP\n.B ", out);
            put_troff(out, command->name);
            fputc('\n', out);
            put_troff(out, command->summary);
            fputc('\n', out);
        }
    }
    status_t status = fclose(out) == 0 ? io_make_dirs(folder) : fail(ST_ENOMEM, "out of memory");
    snprintf(path, sizeof path, "%s/%s.1", folder, title);
    if (status == ST_OK) status = io_write_file(path, text, size);
    free(text);
    return status;
}

static int write_pages(const char *folder)
{
    int count = 1;
    status_t status =
        write_page(folder, "", "few-shot visual anomaly detection, evaluated in batches",
                   "usage: fgad COMMAND ...\n\nEach command has a page, as fgad-run(1), and `fgad COMMAND "
                   "--help` prints it.\n");
    for (const cli_command_t *command = cli_commands; command->name != NULL && status == ST_OK; command++, count++)
        status = write_page(folder, command->name, command->summary, command->help);
    if (status != ST_OK) return cli_bad_input();
    printf("%d pages in %s\n", count, folder);
    return EXIT_DONE;
}

/* ---- The page of keys: jobs/KEYS.md ---- */

/* A cell of a Markdown table. */
static void put_cell(const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("|*<>", *text) != NULL) putchar('\\');
        putchar(*text);
    }
}

static int print_page_of_keys(void)
{
    printf("# Keys of a job\n\n"
           "Made by `fgad help --keys`, a line a key of the program's table (a test holds this page against it); `fgad "
           "run --keys` prints\n"
           "the same in a terminal. A job file is YAML; `-s key=value` on the command line goes before it. Most keys "
           "can be swept\n"
           "(`sweep: {key: [values]}`). A key with a dot stands below its mapping: `pixel: {epochs: 10}`.\n\n"
           "| key | meaning | without it | values |\n|---|---|---|---|\n");
    for (const io_option_t *row = job_options; row->name != NULL; row++) {
        printf("| `%s` | ", row->name);
        put_cell(row->help);
        if (row->otherwise == NULL)
            printf(" | must be given | ");
        else
            printf(row->otherwise[0] != '\0' ? " | `%s` | " : " | %s | ", row->otherwise);
        for (int i = 0; row->names != NULL && row->names[i] != NULL; i++)
            printf("%s`%s`", i == 0 ? "" : ", ", row->names[i]);
        if (row->low < row->high) printf("%g to %g", row->low, row->high);
        printf(" |\n");
    }
    return EXIT_DONE;
}

int cli_help(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--keys") == 0) return print_page_of_keys();
    if (argc == 3 && strcmp(argv[1], "--man") == 0) return write_pages(cli_folder(argv[2]));
    if (argc == 3 && strcmp(argv[1], "--completion") == 0) {
        if (strcmp(argv[2], "bash") == 0) return print_bash(), EXIT_DONE;
        if (strcmp(argv[2], "zsh") == 0) return print_zsh(), EXIT_DONE;
        return cli_bad_usage("help", "--completion is '%s', expected bash or zsh", argv[2]);
    }
    return cli_bad_usage("help", "expected a COMMAND, --keys, --man DIR or --completion SHELL");
}
