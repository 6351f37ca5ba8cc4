/* fgad threshold: from which score on an image counts as anomalous. */
#include "cli/cli.h"
#include "predict/predict.h"

#include <math.h>
#include <string.h>

typedef struct {
    const char *run;
    predict_threshold_options_t options;
    int kinds; /* how many are asked for; 0: what is kept */
    bool json;
} arguments_t;

static int take_kind(arguments_t *out, const char *option, const char *value)
{
    bool quantile = strcmp(option, "--quantile") == 0;
    double number;
    const char *end = base_number(&number, value);
    if (end == NULL || *end != '\0' || (quantile && (number < 0 || number > 1)))
        return cli_bad_usage("threshold", "%s is '%s', expected a number%s", option, value,
                             quantile ? " from 0 to 1" : "");
    out->options.kind = quantile ? STORE_THRESHOLD_QUANTILE : STORE_THRESHOLD_VALUE;
    *(quantile ? &out->options.quantile : &out->options.value) = number;
    out->kinds++;
    return EXIT_DONE;
}

static int take_value(arguments_t *out, const char *option, const char *value)
{
    if (cli_take_selection(&out->options.select, option, value)) return EXIT_DONE;
    if (strcmp(option, "--format") != 0) return take_kind(out, option, value);
    return cli_take_format(&out->json, "threshold", value);
}

static int parse(arguments_t *out, int argc, char **argv)
{
    static const char *const with_value[] = {"--quantile", "--value", "--dataset", "--category", "--shots",
                                             "--seed",     "--seeds", "--point",   "--format",   NULL};
    for (int i = 1; i < argc; i++) {
        const bool wants_value = cli_is_one_of(with_value, argv[i]);
        if (wants_value) {
            if (i + 1 == argc) return cli_bad_usage("threshold", "%s wants a value", argv[i]);
            int code = take_value(out, argv[i], argv[i + 1]);
            if (code != EXIT_DONE) return code;
            i++;
        } else if (strcmp(argv[i], "--f1-max") == 0) {
            out->options.kind = STORE_THRESHOLD_F1_MAX;
            out->kinds++;
        } else if (argv[i][0] == '-') {
            return cli_bad_usage("threshold", "unknown option '%s'", argv[i]);
        } else if (out->run != NULL) {
            return cli_bad_usage("threshold", "two runs, '%s' and '%s', expected one", out->run, argv[i]);
        } else {
            out->run = cli_folder(argv[i]);
        }
    }
    if (out->run == NULL) return cli_bad_usage("threshold", "expected the folder of a run");
    if (out->kinds > 1) return cli_bad_usage("threshold", "expected one of --f1-max, --quantile and --value");
    return EXIT_DONE;
}

/* ---- Text ---- */

static void put_percent(double value, const char *none)
{
    if (isnan(value))
        printf(" %10s", none);
    else
        printf(" %9.1f%%", 100 * value);
}

static void print_row(const predict_thresholded_t *row)
{
    printf("%-12s %-16s %5d %4lld  %-10s %12.6g", row->dataset, row->category, row->shots, (long long)row->seed,
           store_threshold_kinds[row->threshold.kind], row->threshold.value);
    put_percent(row->threshold.precision, "-");
    put_percent(row->threshold.recall, "-");
    put_percent(row->threshold.false_alarms, "-");
    printf("  %d + %d%s%s\n", row->threshold.normal, row->threshold.anomalous, row->point[0] != '\0' ? "  " : "",
           row->point);
}

/* Recall and false alarms of all tasks with that many shots and that kind. */
static void print_means(const predict_thresholded_t *list, int count)
{
    for (int i = 0; i < count; i++) {
        double sum[2] = {0, 0};
        int counted = 0;
        bool first = true;
        for (int j = 0; j < count; j++) {
            const store_threshold_t *threshold = &list[j].threshold;
            if (list[j].shots != list[i].shots || threshold->kind != list[i].threshold.kind ||
                strcmp(list[j].point, list[i].point) != 0)
                continue;
            first = first && j >= i;
            if (isnan(threshold->recall) || isnan(threshold->false_alarms)) continue;
            sum[0] += threshold->recall;
            sum[1] += threshold->false_alarms;
            counted++;
        }
        if (!first || counted < 2) continue;
        printf("mean of %d tasks at %d-shot%s%s, %s: recall %.1f%%, false alarms %.1f%%\n", counted, list[i].shots,
               list[i].point[0] != '\0' ? ", " : "", list[i].point, store_threshold_kinds[list[i].threshold.kind],
               100 * sum[0] / counted, 100 * sum[1] / counted);
    }
}

static bool has_kind(const predict_thresholded_t *list, int count, store_threshold_kind_t kind)
{
    for (int i = 0; i < count; i++)
        if (list[i].threshold.kind == kind) return true;
    return false;
}

static void print_text(const predict_thresholded_t *list, int count, const char *run)
{
    if (count == 0) {
        printf("no threshold is kept (hint: fgad threshold %s --quantile 1)\n", base_shell_word(run));
        return;
    }
    printf("%-12s %-16s %5s %4s  %-10s %12s %10s %10s %10s  images (normal + anomalous)\n", "dataset", "category",
           "shots", "seed", "kind", "threshold", "precision", "recall", "alarms");
    for (int i = 0; i < count; i++) print_row(&list[i]);
    print_means(list, count);
    if (has_kind(list, count, STORE_THRESHOLD_F1_MAX))
        printf("f1-max: an oracle: found on the labelled test set, whose numbers beside it are the best that there can "
               "be\n");
    if (has_kind(list, count, STORE_THRESHOLD_QUANTILE))
        printf(
            "quantile: of leave-one-out scores of the shots: memory without the shot that is scored, heads as learned "
            "from all shots; no test image was used\n");
    printf("kept in %s/thresholds.csv\n", run);
}

/* ---- JSON ---- */

static void put_number(const char *key, double value)
{
    if (isnan(value))
        printf(", \"%s\": null", key);
    else
        printf(", \"%s\": %.17g", key, value);
}

static status_t print_json(const predict_thresholded_t *list, int count)
{
    printf("[");
    for (int i = 0; i < count; i++) {
        const store_threshold_t *threshold = &list[i].threshold;
        printf("%s{\"task\": \"%s\", \"dataset\": ", i > 0 ? ",\n " : "", threshold->task);
        TRY(io_json_quote(stdout, list[i].dataset));
        printf(", \"category\": ");
        TRY(io_json_quote(stdout, list[i].category));
        printf(", \"shots\": %d, \"seed\": %lld, \"point\": ", list[i].shots, (long long)list[i].seed);
        TRY(io_json_quote(stdout, list[i].point));
        printf(", \"method\": \"%s\", \"kind\": \"%s\"", list[i].method, store_threshold_kinds[threshold->kind]);
        put_number("quantile", threshold->quantile);
        put_number("threshold", threshold->value);
        put_number("precision", threshold->precision);
        put_number("recall", threshold->recall);
        put_number("false_alarms", threshold->false_alarms);
        printf(", \"normal\": %d, \"anomalous\": %d}", threshold->normal, threshold->anomalous);
    }
    printf("]\n");
    return ST_OK;
}

int cli_threshold(int argc, char **argv)
{
    arguments_t arguments = {0};
    predict_thresholded_t *list = NULL;
    int count = 0, code = parse(&arguments, argc, argv);
    if (code != EXIT_DONE) return code;
    status_t status = arguments.kinds > 0
                          ? predict_threshold(&list, &count, arguments.run, &arguments.options)
                          : predict_threshold_kept(&list, &count, arguments.run, &arguments.options.select);
    if (status == ST_OK && arguments.json)
        status = print_json(list, count);
    else if (status == ST_OK)
        print_text(list, count, arguments.run);
    predict_thresholds_free(list, count);
    return status == ST_OK ? EXIT_DONE : cli_bad_input();
}
