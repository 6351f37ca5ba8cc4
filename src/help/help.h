/* help: what the program says of itself. The table of sub-commands with their texts, and what is made of it and of the job's
 * table of keys (job_options): lists for a terminal, completions of bash and zsh, man pages, the page jobs/KEYS.md. Each
 * fact stands once: options in man pages and completions are those that a command's text names. It runs no command and
 * reads no job. Depends on base, io and job. Texts are static and borrowed; what is printed goes to `out`, whose errors
 * the caller finds by ferror. */
#ifndef FGAD_HELP_H
#define FGAD_HELP_H

#include "base/base.h"

#include <stdio.h>

typedef struct {
    const char *name;    /* "run", or "model info": a group's name and its own */
    const char *summary; /* one line of `fgad --help` */
    const char *text;    /* usage, options and examples: all of `fgad COMMAND --help` */
} help_command_t;
/* In the order of `fgad --help`; ends with {0}. */
extern const help_command_t help_commands[];

/* Whether the command's first of two words is `group`. */
bool help_is_in_group(const char *name, const char *group);
/* Usage, then names and summaries: of all commands with NULL, else of a group's. Returns how many; 0: nothing is printed. */
int help_print_commands(FILE *out, const char *group);
/* Keys of a job with meaning, default and values, for a terminal; and the same as a page in Markdown, jobs/KEYS.md. */
void help_print_keys(FILE *out);
void help_print_keys_page(FILE *out);

/* A script that makes the shell complete commands, their options, and keys behind -s. */
void help_print_bash(FILE *out);
void help_print_zsh(FILE *out);

/* Man pages (section 1) into `folder`, which is made: fgad.1 and one a command, as fgad-model-info.1; *count of them.
 * ST_EIO: a file cannot be written. */
status_t help_write_pages(int *count, const char *folder);

#endif
