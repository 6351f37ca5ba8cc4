/* Completions of commands, their options and the keys of a job, for bash and zsh. */
#include "help/help.h"
#include "job/job.h"

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
    int length = first_word(help_commands[c].name);
    for (int i = 0; i < c; i++)
        if (first_word(help_commands[i].name) == length &&
            strncmp(help_commands[i].name, help_commands[c].name, (size_t)length) == 0)
            return false;
    return true;
}

static void print_first_words(FILE *out)
{
    for (int c = 0; help_commands[c].name != NULL; c++)
        if (is_first_of_group(c)) fprintf(out, "%.*s ", first_word(help_commands[c].name), help_commands[c].name);
}

/* "data) <before>check fewshot demo<after>" for each group. */
static void print_groups(FILE *out, const char *before, const char *after)
{
    for (int c = 0; help_commands[c].name != NULL; c++) {
        int length = first_word(help_commands[c].name);
        if (help_commands[c].name[length] == '\0' || !is_first_of_group(c)) continue;
        fprintf(out, "            %.*s) %s", length, help_commands[c].name, before);
        for (int i = c; help_commands[i].name != NULL; i++)
            if (strncmp(help_commands[i].name, help_commands[c].name, (size_t)length + 1) == 0)
                fprintf(out, "%s ", help_commands[i].name + length + 1);
        fprintf(out, "%s\n", after);
    }
}

static void print_options(FILE *out)
{
    for (int c = 0; help_commands[c].name != NULL; c++) {
        options_t options;
        list_options(&options, help_commands[c].text);
        bool group = strchr(help_commands[c].name, ' ') != NULL;
        fprintf(out, "        '%s'%s) options='--help", help_commands[c].name, group ? "" : "*");
        for (int i = 0; i < options.count; i++) fprintf(out, " %s", options.name[i]);
        fprintf(out, "' ;;\n");
    }
}

static void print_keys(FILE *out)
{
    for (const io_option_t *row = job_options; row->name != NULL; row++) fprintf(out, "%s= ", row->name);
}

void help_print_bash(FILE *out)
{
    fprintf(out, "# Completion of fgad for bash, made by `fgad help --completion bash`.\n"
                 "_fgad()\n"
                 "{\n"
                 "    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options=\n"
                 "    COMPREPLY=()\n"
                 "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                 "        COMPREPLY=($(compgen -W '");
    print_first_words(out);
    fprintf(out, "--help --version' -- \"$cur\"))\n"
                 "        return\n"
                 "    fi\n"
                 "    if [ \"$COMP_CWORD\" -eq 2 ]; then\n"
                 "        case ${COMP_WORDS[1]} in\n");
    print_groups(out, "COMPREPLY=($(compgen -W '", "' -- \"$cur\")); return ;;");
    fprintf(out, "        esac\n"
                 "    fi\n"
                 "    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
    print_options(out);
    fprintf(out, "    esac\n"
                 "    if [ \"$before\" = -s ]; then\n"
                 "        compopt -o nospace\n"
                 "        COMPREPLY=($(compgen -W '");
    print_keys(out);
    fprintf(out, "' -- \"$cur\"))\n"
                 "        return\n"
                 "    fi\n"
                 "    case $cur in\n"
                 "        -*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
                 "        *) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
                 "    esac\n"
                 "}\n"
                 "complete -o filenames -F _fgad fgad\n");
}

void help_print_zsh(FILE *out)
{
    fprintf(out, "#compdef fgad\n"
                 "# Completion of fgad for zsh, made by `fgad help --completion zsh`.\n"
                 "_fgad()\n"
                 "{\n"
                 "    local options=\n"
                 "    if (( CURRENT == 2 )); then\n"
                 "        compadd -- ");
    print_first_words(out);
    fprintf(out, "--help --version\n"
                 "        return\n"
                 "    fi\n"
                 "    if (( CURRENT == 3 )); then\n"
                 "        case $words[2] in\n");
    print_groups(out, "compadd -- ", "; return ;;");
    fprintf(out, "        esac\n"
                 "    fi\n"
                 "    case \"$words[2] $words[3]\" in\n");
    print_options(out);
    fprintf(out, "    esac\n"
                 "    if [[ $words[CURRENT-1] == -s ]]; then\n"
                 "        compadd -S '' -- ");
    print_keys(out);
    fprintf(out, "\n"
                 "    elif [[ $PREFIX == -* ]]; then\n"
                 "        compadd -- ${=options}\n"
                 "    else\n"
                 "        _files\n"
                 "    fi\n"
                 "}\n"
                 "_fgad \"$@\"\n");
}
