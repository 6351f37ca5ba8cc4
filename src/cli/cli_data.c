#include "cli/cli.h"
#include "data/data.h"
#include "demo/demo.h"

#include <stdlib.h>
#include <string.h>

/* A whole text as a number; false when it is none. */
static bool parse_number(unsigned long long *out, const char *text)
{
    char *end;
    *out = strtoull(text, &end, 10);
    return end != text && *end == '\0' && text[0] != '-';
}

int cli_data_fewshot(int argc, char **argv)
{
    data_category_t category;
    unsigned long long shots, seed = 0;
    bool draw = argc > 1 && strcmp(argv[1], "--draw") == 0;
    argc -= draw;
    argv += draw;
    if (argc != 5 && argc != 6)
        return cli_bad_usage("data fewshot", "expected DATASET ROOT CATEGORY SHOTS and perhaps SEED or LIST");
    if (!parse_number(&shots, argv[4]) || shots == 0 || shots > 100000)
        return cli_bad_usage("data fewshot", "SHOTS is '%s', expected a number above 0", argv[4]);
    const data_options_t options = {.shots_listed = argc == 6 && !parse_number(&seed, argv[5])};
    if (data_category_read(&category, argv[1], argv[2], argv[3], &options) != ST_OK) return cli_bad_input();
    int *drawn = base_alloc((size_t)shots, sizeof *drawn);
    status_t status = ST_ENOMEM;
    if (drawn != NULL && (argc == 5 || parse_number(&seed, argv[5])))
        status = (draw ? data_draw_shots : data_nested_shots)(drawn, &category, (int)shots, seed);
    else if (drawn != NULL && draw)
        status = fail(ST_EFORMAT, "SEED is '%s', expected a number beside --draw", argv[5]);
    else if (drawn != NULL)
        status = data_list_shots(drawn, &category, (int)shots, argv[5]);
    for (int i = 0; status == ST_OK && i < (int)shots; i++) printf("%s/%s\n", argv[3], category.train[drawn[i]].name);
    free(drawn);
    data_category_free(&category);
    return status == ST_OK ? EXIT_DONE : cli_bad_input();
}

int cli_data_demo(int argc, char **argv)
{
    unsigned long long seed = 0;
    if (argc != 2 && argc != 3) return cli_bad_usage("data demo", "expected OUT and perhaps SEED");
    if (argv[1][0] == '-') return cli_bad_usage("data demo", "unknown option '%s'", argv[1]);
    if (argc == 3 && !parse_number(&seed, argv[2]))
        return cli_bad_usage("data demo", "SEED is '%s', expected a number", argv[2]);
    if (demo_generate(argv[1], seed) != ST_OK) return cli_bad_input();
    printf("%d categories of demo images in %s\n", demo_categories(), argv[1]);
    return EXIT_DONE;
}
