/* cli: the program `fgad`. Sub-commands, one file each: arguments in, calls to the rooms, text and exit code out. Nothing is
 * computed here. Exit codes: 0 done, 1 a task failed, 2 usage or bad input, 3 the launcher or MPI could not start, 4
 * standard output could not be written, 75 interrupted, resume. */
#ifndef FGAD_CLI_H
#define FGAD_CLI_H

#include "base/base.h"
#include "store/store.h"

#include <stdio.h>

enum { EXIT_DONE = 0, EXIT_TASK_FAILED = 1, EXIT_BAD_INPUT = 2, EXIT_LAUNCH = 3, EXIT_OUTPUT = 4, EXIT_RESUME = 75 };

/* A function a sub-command; names and texts are those of help_commands. argv[0] is the sub-command's own name; returned is
 * the exit code. */
int cli_run(int argc, char **argv);
int cli_new(int argc, char **argv);
int cli_plan(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_reduce(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_verify(int argc, char **argv);
int cli_rescore(int argc, char **argv);
int cli_export(int argc, char **argv);
int cli_import(int argc, char **argv);
int cli_predict(int argc, char **argv);
int cli_threshold(int argc, char **argv);
int cli_cache_list(int argc, char **argv);
int cli_cache_prune(int argc, char **argv);
int cli_model_info(int argc, char **argv);
int cli_data_check(int argc, char **argv);
int cli_data_fewshot(int argc, char **argv);
int cli_data_demo(int argc, char **argv);
int cli_mfsc_check(int argc, char **argv);
int cli_mfsc_show(int argc, char **argv);
int cli_mfsc_new(int argc, char **argv);
int cli_mfsc_caption(int argc, char **argv);

int cli_help(int argc, char **argv);

/* False, with a line on standard error, where `ulimit -s` leaves no room for the hundred kilobytes that the check of the matrix
 * products and some parsers keep on the stack: such a process would die without a word. */
bool cli_stack_has_room(void);
/* First and last of all. end: `code`, or EXIT_OUTPUT with a line on stderr when what was printed did not arrive and `code` is
 * EXIT_DONE; a pipe whose reader has gone is no fault. */
void cli_output_begin(void);
int cli_output_end(int code);
/* `text` as a terminal may have it, in a buffer that the next call writes over. */
const char *cli_shown(const char *text);
/* What calls this program again: its path as it was typed, or plain "fgad" where it was found by PATH. `called`: argv[0],
 * which is kept. */
void cli_called(const char *called);
const char *cli_program(void);
/* An argument that names a folder, without the slashes that a shell completes it with (cut off in place). */
const char *cli_folder(char *argument);
/* One line on stderr from the recorded error, and EXIT_BAD_INPUT. */
int cli_bad_input(void);
/* Whether the option is one of those that select tasks (--dataset, --category, --shots, --seed or --seeds, --point),
 * whose value it takes; the text stays the caller's. */
bool cli_take_selection(store_select_t *select, const char *option, const char *value);
/* The value of --format, which may be NULL: text or json. EXIT_DONE, or that of bad usage. */
int cli_take_format(bool *json, const char *command, const char *value);
/* The value of --scale: two finite numbers, the lower one first. EXIT_DONE, or that of bad usage. */
int cli_take_scale(double *low, double *high, const char *command, const char *value);
bool cli_is_one_of(const char *const *names, const char *text); /* names: up to NULL */
/* "fgad run: unknown option ..." with a hint to --help, and EXIT_BAD_INPUT. */
int cli_bad_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
