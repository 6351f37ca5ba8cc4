/* fgad predict: new images scored with what a run has learned. */
#include "cli/cli.h"
#include "predict/predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *run;
    const char **images; /* (argc) borrowed */
    predict_options_t options;
    bool json, no_pictures;
} arguments_t;

static int parse_threshold(predict_options_t *options, const char *text)
{
    const char *end = base_number(&options->threshold, text);
    if (end == NULL || *end != '\0') return cli_bad_usage("predict", "--threshold is '%s', expected a number", text);
    return EXIT_DONE;
}

static int parse_value(arguments_t *out, const char *option, const char *value)
{
    if (cli_take_selection(&out->options.select, option, value)) return EXIT_DONE;
    if (strcmp(option, "--out") == 0) return out->options.out = value, EXIT_DONE;
    if (strcmp(option, "--scale") == 0) return cli_take_scale(&out->options.low, &out->options.high, "predict", value);
    if (strcmp(option, "--threshold") == 0) return parse_threshold(&out->options, value);
    return cli_take_format(&out->json, "predict", value);
}

/* EXIT_DONE, or the exit code of bad usage. */
static int parse(arguments_t *out, int argc, char **argv)
{
    static const char *const with_value[] = {"--out",   "--dataset", "--category",  "--shots",  "--seed", "--seeds",
                                             "--point", "--scale",   "--threshold", "--format", NULL};
    bool images = false;
    for (int i = 1; i < argc; i++) {
        const bool wants_value = cli_is_one_of(with_value, argv[i]);
        int code = EXIT_DONE;
        if (wants_value && i + 1 == argc) return cli_bad_usage("predict", "%s wants a value", argv[i]);
        if (wants_value) {
            code = parse_value(out, argv[i], argv[i + 1]);
            i++;
        } else if (strcmp(argv[i], "--overlay") == 0)
            out->options.overlay = true;
        else if (strcmp(argv[i], "--tiff") == 0)
            out->options.tiff = true;
        else if (strcmp(argv[i], "--groups") == 0)
            out->options.groups = true;
        else if (strcmp(argv[i], "--no-pictures") == 0)
            out->no_pictures = true;
        else if (strcmp(argv[i], "--images") == 0)
            images = true;
        else if (argv[i][0] == '-')
            return cli_bad_usage("predict", "unknown option '%s'", argv[i]);
        else if (images)
            out->images[out->options.image_count++] = cli_folder(argv[i]);
        else if (out->run == NULL)
            out->run = cli_folder(argv[i]);
        else
            return cli_bad_usage("predict", "two runs, '%s' and '%s', expected one (images come after --images)",
                                 out->run, argv[i]);
        if (wants_value) images = false;
        if (code != EXIT_DONE) return code;
    }
    if (out->run == NULL) return cli_bad_usage("predict", "expected the folder of a run, before --images");
    if (out->options.image_count == 0) return cli_bad_usage("predict", "expected --images DIR or FILE...");
    if (out->options.out == NULL) return cli_bad_usage("predict", "expected --out DIR");
    const predict_options_t *asked = &out->options;
    if (out->no_pictures && (asked->overlay || asked->tiff || asked->groups))
        return cli_bad_usage("predict", "--no-pictures, and pictures");
    if (!out->no_pictures && !asked->overlay && !asked->tiff && !asked->groups) out->options.overlay = true;
    return EXIT_DONE;
}

static void print_text(const predict_outcome_t *told, const arguments_t *arguments)
{
    char duration[16];
    clock_format(duration, told->seconds);
    printf("%d of %d image%s scored by %s (%s) in %s, ready after %.2f s", told->scored, told->images,
           told->images == 1 ? "" : "s", told->method, told->task, duration, told->startup);
    if (isnan(told->threshold))
        printf("; no threshold (hint: fgad threshold %s)", base_shell_word(arguments->run));
    else
        printf("; %d above the threshold %.6g", told->anomalous, told->threshold);
    if (told->failed > 0) printf("; %d could not be read", told->failed);
    if (told->passed_over > 0)
        printf("; %d other file%s passed over", told->passed_over, told->passed_over == 1 ? "" : "s");
    printf("%s\n%s/predict.csv\n", told->interrupted ? "; interrupted" : "", cli_shown(arguments->options.out));
}

static int print_json(const char *folder)
{
    char path[4096], *text;
    size_t size;
    snprintf(path, sizeof path, "%s/predict.json", folder);
    if (io_read_file(&text, &size, path) != ST_OK) return cli_bad_input();
    fwrite(text, 1, size, stdout);
    free(text);
    return EXIT_DONE;
}

int cli_predict(int argc, char **argv)
{
    arguments_t arguments = {.options = {.threshold = NAN}};
    predict_outcome_t told;
    stop_signals_install();
    arguments.images = calloc((size_t)argc + 1, sizeof *arguments.images);
    if (arguments.images == NULL) return cli_bad_usage("predict", "out of memory");
    arguments.options.images = arguments.images;
    int code = parse(&arguments, argc, argv);
    if (code == EXIT_DONE && predict_images(&told, arguments.run, &arguments.options) != ST_OK) {
        code = cli_bad_input();
    } else if (code == EXIT_DONE) {
        if (arguments.json)
            code = print_json(arguments.options.out);
        else
            print_text(&told, &arguments);
        if (code == EXIT_DONE && told.failed > 0) code = EXIT_TASK_FAILED;
        if (told.interrupted) code = EXIT_RESUME;
    }
    free(arguments.images);
    return code;
}
