#include "cli/cli.h"
#include "method/method.h"
#include "plan/plan.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *job;
    const char **assignments; /* owned array of borrowed texts */
    int assignment_count;
    int ranks, ranks_per_node;
    bool assume, json;
} arguments_t;

static int parse_count(int *out, const char *option, const char *text)
{
    char *end;
    long value = text != NULL ? strtol(text, &end, 10) : 0;
    if (text == NULL) return cli_bad_usage("plan", "%s wants a value", option);
    if (*end != '\0' || value < 1 || value > 1000000)
        return cli_bad_usage("plan", "%s is '%s', expected a whole number from 1 to 1000000", option, text);
    *out = (int)value;
    return EXIT_DONE;
}

/* EXIT_DONE, or the exit code of bad usage. */
static int parse(arguments_t *out, int argc, char **argv)
{
    *out = (arguments_t){.assignments = calloc((size_t)argc + 1, sizeof(char *)), .ranks = 1};
    if (out->assignments == NULL) return cli_bad_usage("plan", "out of memory");
    for (int i = 1; i < argc; i++) {
        int code = EXIT_DONE;
        const char *next = argv[i + 1]; /* argv ends with NULL */
        if (strcmp(argv[i], "-s") == 0 && next != NULL) {
            out->assignments[out->assignment_count++] = argv[++i];
        } else if (strcmp(argv[i], "--ranks") == 0) {
            code = parse_count(&out->ranks, argv[i++], next);
        } else if (strcmp(argv[i], "--ranks-per-node") == 0) {
            code = parse_count(&out->ranks_per_node, argv[i++], next);
        } else if (strcmp(argv[i], "--assume") == 0) {
            out->assume = true;
        } else if (strcmp(argv[i], "--format") == 0) {
            code = cli_take_format(&out->json, "plan", next);
            i++;
        } else if (argv[i][0] == '-') {
            code = cli_bad_usage("plan", "unknown option '%s', or one without its value", argv[i]);
        } else if (out->job != NULL) {
            code = cli_bad_usage("plan", "two job files, '%s' and '%s', expected one", out->job, argv[i]);
        } else {
            out->job = argv[i];
        }
        if (code != EXIT_DONE) return code;
    }
    if (out->job == NULL) return cli_bad_usage("plan", "no job file is named");
    if (out->ranks_per_node == 0) out->ranks_per_node = out->ranks;
    return EXIT_DONE;
}

/* One line: what is wrong, and whether --assume would do without what is not there. */
static int refuse(const arguments_t *arguments, status_t status)
{
    char why[4096];
    plan_t plan = {0};
    snprintf(why, sizeof why, "%s", fail_message());
    bool helps =
        status == ST_ENOTFOUND && !arguments->assume &&
        plan_assume(&plan, method_table, arguments->job, arguments->assignments, arguments->assignment_count) == ST_OK;
    if (helps) plan_free(&plan);
    fprintf(stderr, "fgad: %s%s\n", why, helps ? "; --assume plans without it" : "");
    return EXIT_BAD_INPUT;
}

/* ---- For programs ---- */

/* Of the text's lines "key: number ..." those whose key is of small letters and '_', and what limits it. */
static status_t put_lines(const char *text)
{
    static const char limited[] = "limited by: ", small[] = "abcdefghijklmnopqrstuvwxyz_";
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n"), key = strspn(line, small);
        char *end = NULL;
        double number = line[key] == ':' ? strtod(line + key + 1, &end) : 0;
        if (key > 0 && line[key] == ':' && end != line + key + 1 && (*end == ' ' || *end == '\n')) {
            printf(",\n \"%.*s\": %.10g", (int)key, line, number);
        } else if (strncmp(line, limited, strlen(limited)) == 0) {
            char *what = base_format("%.*s", (int)(length - strlen(limited)), line + strlen(limited));
            printf(",\n \"limited_by\": ");
            status_t status = what != NULL ? io_json_quote(stdout, what) : ST_ENOMEM;
            free(what);
            TRY(status);
        }
        line += length + (line[length] == '\n');
    }
    return ST_OK;
}

static status_t print_json(const plan_t *plan, const plan_items_t *items, const char *text)
{
    printf("{\"run\": ");
    TRY(io_json_quote(stdout, plan->run_dir));
    printf(",\n \"tasks\": %d,\n \"grid_points\": %d,\n \"categories\": %d,\n \"assumed_categories\": %d,\n "
           "\"assumed_model\": %s,\n \"work\": [",
           plan->task_count, plan->point_count, plan->category_count, plan->assumed_categories,
           plan->assumed_model ? "true" : "false");
    for (int kind = 0; kind < PLAN_KINDS; kind++) {
        int files = 0, there = 0;
        for (int i = 0; i < items->count; i++) {
            files += (int)items->items[i].kind == kind;
            there += (int)items->items[i].kind == kind && items->items[i].state == PLAN_DONE;
        }
        printf("%s\n  {\"kind\": \"%s\", \"files\": %d, \"there\": %d}", kind > 0 ? "," : "", plan_kind_names[kind],
               files, there);
    }
    printf("\n ]");
    TRY(put_lines(text));
    printf("}\n");
    return ST_OK;
}

static status_t forecast_json(const plan_t *plan, const plan_items_t *items, const arguments_t *arguments)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    status_t status = plan_forecast(out, plan, items, arguments->ranks, arguments->ranks_per_node);
    if (fclose(out) != 0 && status == ST_OK) status = fail(ST_ENOMEM, "out of memory");
    if (status == ST_OK) status = print_json(plan, items, text);
    free(text);
    return status;
}

static status_t forecast(plan_t *plan, const arguments_t *arguments)
{
    plan_items_t items;
    const int ranks = arguments->ranks < arguments->ranks_per_node ? arguments->ranks : arguments->ranks_per_node;
    plan_learn_memory(plan, job_learn_memory_share(ranks));
    store_plan_rates_read(plan);
    TRY(store_items_make(&items, plan));
    status_t status = arguments->json
                          ? forecast_json(plan, &items, arguments)
                          : plan_forecast(stdout, plan, &items, arguments->ranks, arguments->ranks_per_node);
    plan_items_free(&items);
    return status;
}

int cli_plan(int argc, char **argv)
{
    arguments_t arguments;
    plan_t plan = {0};
    int code = parse(&arguments, argc, argv);
    if (code == EXIT_DONE) {
        status_t status = (arguments.assume ? plan_assume : plan_make)(
            &plan, method_table, arguments.job, arguments.assignments, arguments.assignment_count);
        if (status == ST_OK) status = forecast(&plan, &arguments);
        plan_free(&plan);
        if (status != ST_OK) code = refuse(&arguments, status);
    }
    free(arguments.assignments);
    return code;
}
