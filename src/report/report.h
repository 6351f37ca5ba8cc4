/* report: tables of what a run found. It reads result sets (and, where asked, the stored maps behind them) and prints
 * them for people (text, Markdown, LaTeX: percent, a table a dataset, point and number of shots) and for programs (CSV,
 * JSON: fractions, all digits, one table). A value that is missing is called so; a mean of fewer seeds or categories than
 * there should be is marked and told in a note. Every table names its protocol and its labels (model, tower, branches,
 * learn, transductive, auxiliary); rows of CSV and JSON carry them. It runs nothing and writes no file.
 * Depends on base, io, data, metrics, job, store and review. No function here is collective. */
#ifndef FGAD_REPORT_H
#define FGAD_REPORT_H

#include "store/store.h"

typedef enum {
    REPORT_FORMAT_TEXT,
    REPORT_FORMAT_MARKDOWN,
    REPORT_FORMAT_CSV,
    REPORT_FORMAT_LATEX,
    REPORT_FORMAT_JSON,
} report_format_t;
extern const char *const report_format_names[]; /* "text", "md", "csv", "latex", "json", NULL */
typedef struct {
    report_format_t format;
    store_select_t select;
    const char *metrics; /* comma-separated; NULL: image and pixel AUROC, or all in CSV and JSON; "all" */
    bool means;          /* means over categories alone, a line a point */
    bool published;      /* the published figures of the same dataset and shots, and ours minus them */
    const char *table; /* of the published ones, those of this table of the paper, other shots too; NULL: all tables */
    bool per_defect;   /* AUROC by kind of defect, from the stored maps */
    bool thresholds;   /* precision, recall and false alarms at the thresholds that are kept with the run */
    bool effects;      /* points of a grid that are equal to the bit, and where the gradient of their heads went */
    int bootstrap;     /* replicates of confidence intervals, from the stored maps; 0: none (against: 1000) */
    uint64_t bootstrap_seed;
    double level;              /* of the intervals, in (0,1) */
    const char *against;       /* another result set to subtract, task by task, with a paired bootstrap; NULL: none */
    const char *against_point; /* its grid point, where it has several */
    bool compare;              /* methods and settings of one draw side by side, instead of a table each */
    bool columns;              /* they are columns, categories are rows */
    const char *const *assignments; /* "data_root=..." and others that say where files lie now */
    int assignment_count;
} report_options_t;
extern const report_options_t report_defaults;
/* `path` as store_results_read. ST_ENOTFOUND: nothing is selected (says what there is). */
status_t report_print(FILE *out, const char *path, const report_options_t *options);
/* Several runs: compared, as options->compare has it for one. */
status_t report_print_runs(FILE *out, const char *const *paths, int count, const report_options_t *options);
/* The leakage audit of a run (review_audit of every task), and its mean over categories and seeds. */
status_t report_audit(FILE *out, const char *path, const report_options_t *options);
/* The table that `fgad run` ends with: the defaults, as text; of a run of many points, a line a point. */
status_t report_print_results(FILE *out, const store_results_t *results);

/* ---- Verification ----------------------------------------------------------------------------------------------------
 * Results that others published on one public tower (datasets/published/verify.json): what to run, and ours beside them. */
typedef struct report_checks report_checks_t;
typedef struct {
    const char *name, *method, *dataset; /* borrowed from the checks */
    int shots;
    bool judged; /* no shots are drawn: ours must be as theirs */
    int options; /* "key=value" of the job, at most so many */
    const char *option[16];
} report_check_t;
/* ST_ENOTFOUND, ST_EFORMAT name the file. */
status_t report_checks_open(report_checks_t **out, const char *path);
void report_checks_close(report_checks_t *checks);
int report_checks_count(const report_checks_t *checks);
report_check_t report_checks_at(const report_checks_t *checks, int index);
/* Prints, of every check with a run (NULL: none was made), ours beside the published figure, category by category. *fits:
 * all that is judged lies within its tolerance; what does not is named, and which link is likely at fault. ST_ENOTFOUND:
 * nothing could be judged. */
status_t report_checks_compare(FILE *out, bool *fits, const report_checks_t *checks, const char *const *runs);

#endif
