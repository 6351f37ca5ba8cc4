#include "cli/cli.h"
#include "method/method.h"
#include "report/report.h"
#include "suite/suite.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char **assignments; /* owned array of borrowed texts */
    int count;
    const char *table;
    bool few_shot;
} arguments_t;

static int parse(arguments_t *out, int argc, char **argv)
{
    *out = (arguments_t){.assignments = calloc((size_t)argc + 1, sizeof(char *))};
    if (out->assignments == NULL) return cli_bad_usage("verify", "out of memory");
    for (int i = 1; i < argc; i++) {
        const bool more = i + 1 < argc;
        if (strcmp(argv[i], "--few-shot") == 0)
            out->few_shot = true;
        else if (strcmp(argv[i], "-s") == 0 && more)
            out->assignments[out->count++] = argv[++i];
        else if (strcmp(argv[i], "--table") == 0 && more)
            out->table = argv[++i];
        else
            return cli_bad_usage("verify", "'%s' is unknown or wants a value", argv[i]);
    }
    return EXIT_DONE;
}

/* What the command line may not say, or ours would be numbers of something else than is published. */
static status_t check_keys(const arguments_t *arguments)
{
    static const char *const places[] = {"data_root",    "roots",        "assets",   "model",         "output",
                                         "category",     "threads",      "chunk",    "metric_memory", "feature_memory",
                                         "learn_memory", "max_attempts", "features", "precision",     NULL};
    for (int i = 0; i < arguments->count; i++) {
        const char *key = arguments->assignments[i];
        const size_t length = strcspn(key, "=."), end = strcspn(key, "=");
        bool known = false, place = false;
        for (int k = 0; places[k] != NULL; k++)
            place = place || (strlen(places[k]) == length && strncmp(places[k], key, length) == 0);
        for (const io_option_t *row = job_options; row->name != NULL; row++)
            known = known || (strlen(row->name) == end && strncmp(row->name, key, end) == 0);
        if (known && !place)
            return fail(
                ST_EFORMAT,
                "-s: %.*s is what the published numbers are of (expected where things lie or how they are computed: "
                "data_root, roots, assets, model, output, category, threads, chunk, features, precision, ...)",
                (int)end, key);
    }
    return ST_OK;
}

/* The check's job: what the table says, then the command line; "verify-winclip-mvtec-0" is its run. */
static char **make_job(const arguments_t *arguments, const report_check_t *check, int *count)
{
    enum { OWN = 4 };
    char **all = calloc((size_t)(OWN + check->options + arguments->count) + 1, sizeof *all);
    if (all == NULL) return NULL;
    int used = 0;
    all[used++] = base_format("dataset=%s", check->dataset);
    all[used++] = base_format("method=%s", check->method);
    all[used++] = base_format("shots=%d", check->shots);
    all[used++] = base_format("name=verify-%s-%s-%d", check->method, check->dataset, check->shots);
    for (int i = 0; i < check->options; i++) all[used++] = base_format("%s", check->option[i]);
    for (int i = 0; i < arguments->count; i++) all[used++] = base_format("%s", arguments->assignments[i]);
    *count = used;
    return all;
}

static void free_job(char **job, int count)
{
    for (int i = 0; job != NULL && i < count; i++) free(job[i]);
    free(job);
}

/* What is not here of the check, into a line of it (heap); NULL: nothing. */
static status_t missing_of(char **line, const report_check_t *check, const char *const *job, int count)
{
    job_t read;
    *line = NULL;
    TRY(job_read(&read, NULL, job, count));
    char *root = job_root(&read, check->dataset);
    if (root != NULL && !io_is_dir(root))
        *line =
            base_format("data: '%s' is not here (hint: datasets/fetch %s, or -s data_root=DIR)", root, check->dataset);
    if (*line == NULL && !io_is_dir(read.model))
        *line = base_format(
            "weights: '%s' are not here (hint: datasets/models/fetch vit-b-16-plus-240, or -s model=DIR)", read.model);
    free(root);
    job_free(&read);
    return ST_OK;
}

/* *missing: data that the dataset's folder lacks, as a line of it (heap); else NULL. */
static status_t run_check(char **run, char **missing, int *failed, const char *const *job, int count,
                          const suite_comm_t *comm)
{
    plan_t plan = {0};
    suite_outcome_t outcome = {0};
    const suite_run_options_t options = {0};
    status_t status = suite_plan_make(&plan, method_table, NULL, job, count, comm);
    *missing = NULL;
    if (status == ST_ENOTFOUND) {
        *missing = base_format("data: %s", fail_message());
        return *missing != NULL ? ST_OK : ST_ENOMEM;
    }
    if (status == ST_OK) status = suite_run(&outcome, &plan, comm, &options);
    if (status == ST_OK && outcome.interrupted)
        status = fail(ST_EINTERRUPTED, "interrupted: the same command goes on from here");
    if (status == ST_OK) {
        *run = base_format("%s", plan.run_dir);
        if (*run == NULL) status = ST_ENOMEM;
    }
    *failed += outcome.failed;
    plan_free(&plan);
    return status;
}

static int verify(const arguments_t *arguments, const report_checks_t *checks, const suite_comm_t *comm)
{
    status_t status = ST_OK;
    int code = EXIT_DONE, failed = 0, judged = 0;
    const int total = report_checks_count(checks);
    char **runs = calloc((size_t)total + 1, sizeof *runs);
    if (runs == NULL) status = fail(ST_ENOMEM, "out of memory");
    for (int i = 0; i < total && status == ST_OK; i++) {
        const report_check_t check = report_checks_at(checks, i);
        int count = 0;
        if (!check.judged && !arguments->few_shot) continue;
        char **job = make_job(arguments, &check, &count), *missing = NULL;
        status = job != NULL ? missing_of(&missing, &check, (const char *const *)job, count) : ST_ENOMEM;
        if (status == ST_OK && missing == NULL)
            status = run_check(&runs[i], &missing, &failed, (const char *const *)job, count, comm);
        if (status == ST_OK && missing != NULL && comm->rank == 0)
            fprintf(stderr, "fgad verify: %s is left out: %s\n", check.name, missing);
        judged += check.judged && status == ST_OK && missing == NULL;
        free(missing);
        free_job(job, count);
    }
    bool fits = false;
    if (status == ST_OK && judged == 0)
        status = fail(ST_ENOTFOUND, "nothing to verify with: weights or data of every check are missing");
    if (status == ST_OK && comm->rank == 0)
        status = report_checks_compare(stdout, &fits, checks, (const char *const *)runs);
    if (status == ST_OK && failed > 0 && comm->rank == 0)
        fprintf(stderr, "fgad verify: %d task%s failed\n", failed, failed == 1 ? "" : "s");
    code = status == ST_EINTERRUPTED           ? EXIT_RESUME
           : status != ST_OK && comm->rank > 0 ? EXIT_BAD_INPUT
           : status != ST_OK                   ? cli_bad_input()
           : fits && failed == 0               ? EXIT_DONE
                                               : EXIT_TASK_FAILED;
    suite_comm_tell(comm, &code, sizeof code, 0);
    for (int i = 0; runs != NULL && i < total; i++) free(runs[i]);
    free(runs);
    return code;
}

/* The table that is named, or else the one of the assets that the command line names. */
static status_t open_checks(report_checks_t **out, const arguments_t *arguments)
{
    job_t job;
    const char **all = calloc((size_t)arguments->count + 2, sizeof *all);
    if (all == NULL) return fail(ST_ENOMEM, "out of memory");
    all[0] = "dataset=mvtec";
    for (int i = 0; i < arguments->count; i++) all[i + 1] = arguments->assignments[i];
    status_t status = job_read(&job, NULL, all, arguments->count + 1);
    free(all);
    TRY(status);
    char *path = arguments->table != NULL ? base_format("%s", arguments->table)
                                          : base_format("%s/published/verify.json", job.assets);
    status = path != NULL ? report_checks_open(out, path) : ST_ENOMEM;
    free(path);
    job_free(&job);
    return status;
}

int cli_verify(int argc, char **argv)
{
    arguments_t arguments;
    report_checks_t *checks = NULL;
    int code = parse(&arguments, argc, argv);
    if (code == EXIT_DONE && check_keys(&arguments) != ST_OK) code = cli_bad_input();
    if (code == EXIT_DONE && open_checks(&checks, &arguments) != ST_OK) code = cli_bad_input();
    if (code == EXIT_DONE) {
        suite_comm_t comm;
        stop_signals_install();
        if (suite_comm_open(&comm) == ST_OK) {
            log_init(LOG_INFO, comm.rank, comm.size);
            code = verify(&arguments, checks, &comm);
            suite_comm_close(&comm);
        } else {
            cli_bad_input();
            code = EXIT_LAUNCH;
        }
    }
    report_checks_close(checks);
    free(arguments.assignments);
    return code;
}
