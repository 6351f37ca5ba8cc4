#include "cli/cli.h"
#include "review/review.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    size_t offset; /* of a text in review_export_options_t */
} text_option_t;
static const text_option_t texts[] = {{"--out", offsetof(review_export_options_t, out)},
                                      {"--images", offsetof(review_export_options_t, images)},
                                      {"--dataset", offsetof(review_export_options_t, select.dataset)},
                                      {"--category", offsetof(review_export_options_t, select.category)},
                                      {"--shots", offsetof(review_export_options_t, select.shots)},
                                      {"--seeds", offsetof(review_export_options_t, select.seeds)},
                                      {"--point", offsetof(review_export_options_t, select.point)},
                                      {0}};
static const text_option_t flags[] = {{"--tiff", offsetof(review_export_options_t, tiff)},
                                      {"--overlay", offsetof(review_export_options_t, overlay)},
                                      {"--regions", offsetof(review_export_options_t, regions)},
                                      {"--csv", offsetof(review_export_options_t, csv)},
                                      {0}};

static const text_option_t *find(const text_option_t *table, const char *name)
{
    while (table->name != NULL && strcmp(table->name, name) != 0) table++;
    return table->name != NULL ? table : NULL;
}

static int parse(review_export_options_t *options, const char **run, const char **assignments, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const text_option_t *flag = find(flags, argv[i]), *text = find(texts, argv[i]);
        bool scale = strcmp(argv[i], "--scale") == 0, set = strcmp(argv[i], "-s") == 0;
        if (flag != NULL) {
            *(bool *)((char *)options + flag->offset) = true;
        } else if ((text != NULL || scale || set) && i + 1 == argc) {
            return cli_bad_usage("export", "%s wants a value", argv[i]);
        } else if (text != NULL) {
            const char *value = argv[++i];
            memcpy((char *)options + text->offset, &value, sizeof value);
        } else if (scale) {
            int code = cli_take_scale(&options->low, &options->high, "export", argv[++i]);
            if (code != EXIT_DONE) return code;
        } else if (set) {
            assignments[options->assignment_count++] = argv[++i];
        } else if (argv[i][0] == '-') {
            return cli_bad_usage("export", "unknown option '%s'", argv[i]);
        } else if (*run != NULL) {
            return cli_bad_usage("export", "two runs, '%s' and '%s', expected one", *run, argv[i]);
        } else {
            *run = argv[i];
        }
    }
    if (*run == NULL) return cli_bad_usage("export", "expected the folder of a run");
    if (options->out == NULL) return cli_bad_usage("export", "expected --out DIR");
    if (!options->tiff && !options->overlay && !options->regions && !options->csv) options->tiff = options->csv = true;
    return EXIT_DONE;
}

int cli_export(int argc, char **argv)
{
    review_export_options_t options = {0};
    review_exported_t told;
    const char *run = NULL, **assignments = calloc((size_t)argc + 1, sizeof *assignments);
    if (assignments == NULL) return cli_bad_usage("export", "out of memory");
    options.assignments = assignments;
    int code = parse(&options, &run, assignments, argc, argv);
    if (code == EXIT_DONE && review_export(&told, run, &options) != ST_OK)
        code = cli_bad_input();
    else if (code == EXIT_DONE)
        printf("%d task%s: %d map%s, %d overlay%s, %d region map%s, %d line%s of images.csv, in %s\n", told.tasks,
               told.tasks == 1 ? "" : "s", told.maps, told.maps == 1 ? "" : "s", told.overlays,
               told.overlays == 1 ? "" : "s", told.regions, told.regions == 1 ? "" : "s", told.lines,
               told.lines == 1 ? "" : "s", cli_shown(options.out));
    free(assignments);
    return code;
}
