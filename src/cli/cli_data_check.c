/* fgad data check: what a copy of a dataset holds, and what is wrong with it, worst first. */
#include "cli/cli.h"
#include "data/data.h"

#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 2, SCREEN = 40 }; /* of a kind, at most; lines that a person sees at once */

typedef struct {
    const char *dataset, *root, *assets;
    char *found;  /* assets, where nobody says */
    char **names; /* categories that are asked for; none: all */
    int name_count;
    bool all, json;
    data_options_t options;
} arguments_t;

/* What the table at the end is made of. */
typedef struct {
    data_findings_t findings; /* of all categories */
    int categories;
} sums_t;

/* ---- Arguments ------------------------------------------------------------------------------------------------------- */

static int take_number(int *out, const char *key, const char *text, int low, int high)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < low || value > high)
        return cli_bad_usage("data check", "%s is '%s', expected a whole number from %d to %d", key, text, low, high);
    *out = (int)value;
    return EXIT_DONE;
}

static int take_key(arguments_t *out, const char *assignment)
{
    const char *value = strchr(assignment, '=');
    size_t length = value != NULL ? (size_t)(value - assignment) : 0;
    data_options_t *options = &out->options;
    if (value++ == NULL) return cli_bad_usage("data check", "-s '%s': expected key=value", assignment);
    if (strncmp(assignment, "mask_threshold", length) == 0 && length == strlen("mask_threshold")) {
        int code = take_number(&options->mask_threshold, "mask_threshold", value, -1, 65534);
        options->own_threshold = options->mask_threshold >= 0;
        return code;
    }
    if (strncmp(assignment, "bit_depth", length) == 0 && length == strlen("bit_depth"))
        return take_number(&options->how.bit_depth, "bit_depth", value, 8, 16);
    if (strncmp(assignment, "exif", length) == 0 && length == strlen("exif")) {
        if (strcmp(value, "apply") != 0 && strcmp(value, "ignore") != 0)
            return cli_bad_usage("data check", "exif is '%s', expected apply or ignore", value);
        options->how.upright = strcmp(value, "apply") == 0;
        return EXIT_DONE;
    }
    if (strncmp(assignment, "views", length) == 0 && length == strlen("views")) {
        options->views = value;
        return EXIT_DONE;
    }
    if (strncmp(assignment, "tree", length) == 0 && length == strlen("tree")) {
        options->tree = strcmp(value, "auto") == 0 ? NULL : value;
        return EXIT_DONE;
    }
    if (strncmp(assignment, "unlabelled", length) == 0 && length == strlen("unlabelled")) {
        options->unlabelled = value;
        return EXIT_DONE;
    }
    return cli_bad_usage("data check", "-s '%s': expected mask_threshold, bit_depth, exif, views, tree or unlabelled",
                         assignment);
}

static int parse(arguments_t *out, int argc, char **argv)
{
    *out = (arguments_t){.found = io_assets(), .options = {.lenient = true}};
    out->names = calloc((size_t)argc + 1, sizeof *out->names);
    out->assets = out->found;
    if (out->names == NULL || out->found == NULL) return cli_bad_usage("data check", "out of memory");
    for (int i = 1; i < argc; i++) {
        const char *value = argv[i + 1]; /* argv ends with NULL */
        int code = EXIT_DONE;
        if (strcmp(argv[i], "--all") == 0) {
            out->all = true;
        } else if (strcmp(argv[i], "--format") == 0 && value != NULL) {
            out->json = strcmp(value, "json") == 0;
            if (!out->json && strcmp(value, "text") != 0)
                return cli_bad_usage("data check", "--format is '%s', expected text or json", value);
            i++;
        } else if (strcmp(argv[i], "-s") == 0 && value != NULL) {
            code = take_key(out, value);
            i++;
        } else if (strcmp(argv[i], "--assets") == 0 && value != NULL) {
            out->assets = value;
            i++;
        } else if (argv[i][0] == '-') {
            return cli_bad_usage("data check", "unknown option '%s', or one without its value", argv[i]);
        } else if (out->dataset == NULL) {
            out->dataset = argv[i];
        } else if (out->root == NULL) {
            out->root = argv[i];
        } else {
            out->names[out->name_count++] = argv[i];
        }
        if (code != EXIT_DONE) return code;
    }
    return out->root != NULL ? EXIT_DONE : cli_bad_usage("data check", "expected DATASET and ROOT");
}

/* ---- One category ---------------------------------------------------------------------------------------------------- */

/* Prompts need a caption: in the assets, or beside one's own images. */
static status_t look_for_caption(data_findings_t *findings, const arguments_t *arguments, const char *name)
{
    char *folder = base_format("%s/mfsc", arguments->assets);
    char *caption = base_format("%s/mfsc/%s/%s.json", arguments->assets, arguments->dataset, name);
    char *beside = base_format("%s/%s/caption.json", arguments->root, name);
    status_t status = folder != NULL && caption != NULL && beside != NULL ? ST_OK : ST_ENOMEM;
    bool own = strcmp(arguments->dataset, "folder") == 0;
    if (status == ST_OK && io_is_dir(folder) && !io_exists(caption) && !(own && io_exists(beside)))
        status = data_note(findings, DATA_NO_CAPTION, 1, "'%s' does not exist", caption);
    free(folder);
    free(caption);
    free(beside);
    return status;
}

static void print_count(const char *what, int found, int expected)
{
    printf("  %d %s", found, what);
    if (expected >= 0 && expected != found) printf(" (published: %d)", expected);
}

static void print_category(const data_category_t *category, const data_report_t *report)
{
    print_count("train", category->train_count, report->expected_train);
    print_count("normal", category->test_count - category->test_anomalous, report->expected_normal);
    print_count("anomalous", category->test_anomalous, report->expected_anomalous);
    if (category->masks_optional)
        printf("  no masks, so no pixel metrics");
    else
        printf("  %d mask%s", report->masks, report->masks == 1 ? "" : "s");
    if (category->split != NULL) printf("  split=%s", category->split);
    bool problems = data_findings_count(&report->findings, DATA_HARM_STOPS, DATA_HARM_LEFT_OUT) > 0;
    printf(": %s\n", problems ? "see below" : "ok");
}

static void print_category_json(const data_category_t *category, const data_report_t *report)
{
    printf(", \"train\": %d, \"normal\": %d, \"anomalous\": %d, \"masks\": %d", category->train_count,
           category->test_count - category->test_anomalous, category->test_anomalous, report->masks);
    if (report->expected_train >= 0)
        printf(", \"published\": {\"train\": %d, \"normal\": %d, \"anomalous\": %d}", report->expected_train,
               report->expected_normal, report->expected_anomalous);
    if (category->split != NULL) printf(", \"split\": \"%s\"", category->split);
    printf(", \"problems\": %d}", data_findings_count(&report->findings, DATA_HARM_STOPS, DATA_HARM_LEFT_OUT));
}

static status_t check_category(sums_t *sums, const arguments_t *arguments, const char *name)
{
    data_category_t category = {0};
    data_report_t report = {0};
    char shown[1024];
    (void)base_visible(shown, sizeof shown, name);
    if (arguments->json) {
        printf("%s\n    {\"category\": ", sums->categories > 0 ? "," : "");
        io_json_quote(stdout, shown);
    } else {
        printf("%s/%s:", arguments->dataset, shown);
        fflush(stdout); /* a large category takes its time */
    }
    sums->categories++;
    status_t status = data_category_read(&category, arguments->dataset, arguments->root, name, &arguments->options);
    if (status != ST_OK) {
        if (status == ST_ENOMEM) return status;
        TRY(data_note(&sums->findings, DATA_LAYOUT, 1, "%s", fail_message()));
        printf("%s", arguments->json ? ", \"problems\": 1}" : "  not listed: see below\n");
        return ST_OK;
    }
    status = data_check(&report, &category);
    if (status == ST_OK) status = look_for_caption(&report.findings, arguments, name);
    if (status == ST_OK) (arguments->json ? print_category_json : print_category)(&category, &report);
    if (status == ST_OK) status = data_findings_add(&sums->findings, &report.findings);
    data_report_free(&report);
    data_category_free(&category);
    return status;
}

/* ---- The findings ---------------------------------------------------------------------------------------------------- */

/* How many examples each kind found is given so that all is at most a screen: the first of each kind, worst kinds first,
 * then the second ones. */
static void choose_examples(int given[DATA_KINDS], const data_findings_t *findings, int categories, bool all)
{
    int left = SCREEN - 2 - (categories < SCREEN / 2 ? categories : SCREEN / 2), said = -1;
    for (int k = 0; k < DATA_KINDS; k++) {
        given[k] = all ? findings->lines[k].count : 0;
        if (findings->count[k] == 0) continue;
        left -= (int)data_kinds[k].harm != said ? 3 : 1; /* a title and the empty line before it */
        said = (int)data_kinds[k].harm;
    }
    for (int round = 0; round < EXAMPLES && !all; round++)
        for (int k = 0; k < DATA_KINDS && left > 0; k++)
            if (given[k] < findings->lines[k].count) given[k]++, left--;
}

/* ", e.g. <file>" of a line's first file, below the root: for a kind whose lines the screen has no room for. */
static void print_short(const char *line, const char *root)
{
    const char *from = strchr(line, '\''), *to = from != NULL ? strchr(from + 1, '\'') : NULL;
    if (to == NULL) return;
    size_t length = strlen(root);
    while (length > 0 && root[length - 1] == '/') length--;
    from++;
    if (strncmp(from, root, length) == 0 && from[length] == '/') from += length + 1;
    printf(", e.g. %.*s", (int)(to - from), from);
}

static void print_findings(const data_findings_t *findings, const char *root, int categories, bool all)
{
    static const char *const titles[DATA_HARMS] = {"STOPS A RUN", "CHANGES THE NUMBERS", "IS LEFT OUT",
                                                   "odd, but harmless"};
    int said = -1, given[DATA_KINDS];
    bool more = false;
    choose_examples(given, findings, categories, all);
    for (int k = 0; k < DATA_KINDS; k++) {
        const io_names_t *lines = &findings->lines[k];
        if (findings->count[k] == 0) continue;
        if ((int)data_kinds[k].harm != said) printf("\n%s\n", titles[data_kinds[k].harm]);
        said = (int)data_kinds[k].harm;
        printf("%6d  %s", findings->count[k], data_kind_says(k, findings->count[k]));
        if (given[k] == 0 && lines->count > 0) print_short(lines->name[0], root);
        printf(" -> %s\n", data_kinds[k].cure);
        for (int i = 0; i < given[k]; i++)
            printf("          %s%s\n", lines->name[i], i + 1 == given[k] && i + 1 < lines->count ? " ..." : "");
        more = more || given[k] < lines->count;
    }
    if (said >= 0) printf("\n%s", more ? "--all shows every file; " : "");
}

static void print_findings_json(const data_findings_t *findings, bool all)
{
    bool first = true;
    printf("\n  ],\n  \"findings\": [");
    for (int k = 0; k < DATA_KINDS; k++) {
        const io_names_t *lines = &findings->lines[k];
        if (findings->count[k] == 0) continue;
        printf("%s\n    {\"kind\": \"%s\", \"harm\": \"%s\", \"count\": %d, \"says\": ", first ? "" : ",",
               data_kinds[k].name, data_harm_names[data_kinds[k].harm], findings->count[k]);
        io_json_quote(stdout, data_kind_says(k, findings->count[k]));
        printf(", \"cure\": ");
        io_json_quote(stdout, data_kinds[k].cure);
        printf(", \"lines\": [");
        for (int i = 0; i < lines->count && (all || i < EXAMPLES); i++) {
            if (i > 0) printf(", ");
            io_json_quote(stdout, lines->name[i]);
        }
        printf("]}");
        first = false;
    }
    printf("\n  ],\n");
}

static int check_all(const arguments_t *arguments, const io_names_t *all)
{
    sums_t sums = {0};
    int count = arguments->name_count > 0 ? arguments->name_count : all->count;
    status_t status = ST_OK;
    if (arguments->json) {
        printf("{\n  \"dataset\": \"%s\", \"root\": ", arguments->dataset);
        io_json_quote(stdout, arguments->root);
        printf(",\n  \"categories\": [");
    }
    for (int i = 0; i < count && status == ST_OK; i++)
        status = check_category(&sums, arguments, arguments->name_count > 0 ? arguments->names[i] : all->name[i]);
    int problems = data_findings_count(&sums.findings, DATA_HARM_STOPS, DATA_HARM_LEFT_OUT);
    if (status == ST_OK && arguments->json) {
        print_findings_json(&sums.findings, arguments->all);
        printf("  \"problems\": %d\n}\n", problems);
    } else if (status == ST_OK) {
        print_findings(&sums.findings, arguments->root, sums.categories, arguments->all);
        printf("%d categor%s, %d problem%s\n", count, count == 1 ? "y" : "ies", problems, problems == 1 ? "" : "s");
    }
    data_findings_free(&sums.findings);
    if (status != ST_OK) return cli_bad_input();
    return problems == 0 ? EXIT_DONE : EXIT_TASK_FAILED;
}

int cli_data_check(int argc, char **argv)
{
    arguments_t arguments;
    io_names_t all = {0};
    int code = parse(&arguments, argc, argv);
    if (code == EXIT_DONE && arguments.name_count == 0 &&
        data_list_categories(&all, arguments.dataset, arguments.root, &arguments.options) != ST_OK)
        code = cli_bad_input();
    if (code == EXIT_DONE) code = check_all(&arguments, &all);
    io_names_free(&all);
    free(arguments.names);
    free(arguments.found);
    return code;
}
