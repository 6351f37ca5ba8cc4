#include "cli/cli.h"
#include "prompts/prompts.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name, *dataset, *out, *assets;
    bool force;
} new_t;

/* EXIT_DONE, or the exit code of bad usage. */
static int parse(new_t *n, int argc, char **argv)
{
    static const char command[] = "mfsc new";
    *n = (new_t){.dataset = "folder", .assets = "datasets"};
    for (int i = 1; i < argc; i++) {
        const char **value = NULL;
        if (strcmp(argv[i], "--dataset") == 0) value = &n->dataset;
        if (strcmp(argv[i], "--out") == 0) value = &n->out;
        if (strcmp(argv[i], "--assets") == 0) value = &n->assets;
        if (strcmp(argv[i], "--force") == 0) {
            n->force = true;
        } else if (value != NULL) {
            if (i + 1 == argc) return cli_bad_usage(command, "%s wants a value", argv[i]);
            *value = argv[++i];
        } else if (argv[i][0] == '-') {
            return cli_bad_usage(command, "unknown option '%s'", argv[i]);
        } else if (n->name != NULL) {
            return cli_bad_usage(command, "expected one NAME, found '%s' and '%s'", n->name, argv[i]);
        } else {
            n->name = argv[i];
        }
    }
    if (n->name == NULL) return cli_bad_usage(command, "expected the NAME of a category");
    const char *names[] = {n->name, n->dataset};
    for (int i = 0; i < 2; i++)
        if (names[i][0] == '\0' || names[i][0] == '.' || strchr(names[i], '/') != NULL)
            return cli_bad_usage(command, "'%s' is not the name of one folder", names[i]);
    return EXIT_DONE;
}

static status_t write_skeleton(const new_t *n, const char *path)
{
    if (io_exists(path) && !n->force)
        return fail(ST_EFORMAT, "'%s' exists already (hint: --force writes over it)", path);
    char *vocabulary_path = base_format("%s/mfsc/vocabulary.json", n->assets), *text = NULL;
    prompts_vocabulary_t vocabulary = {.version = 0};
    status_t status = vocabulary_path != NULL ? prompts_vocabulary_read(&vocabulary, vocabulary_path) : ST_ENOMEM;
    if (status == ST_OK && (text = prompts_mfsc_skeleton(n->name, n->dataset, &vocabulary)) == NULL)
        status = fail(ST_ENOMEM, "out of memory");
    if (status == ST_OK) status = io_write_file(path, text, strlen(text));
    prompts_vocabulary_free(&vocabulary);
    free(vocabulary_path);
    free(text);
    return status;
}

int cli_mfsc_new(int argc, char **argv)
{
    new_t n;
    int code = parse(&n, argc, argv);
    if (code != EXIT_DONE) return code;
    char *folder = base_format("%s/mfsc/%s", n.assets, n.dataset);
    char *path = n.out != NULL    ? base_format("%s", n.out)
                 : folder != NULL ? base_format("%s/%s.json", folder, n.name)
                                  : NULL;
    status_t status = path != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory");
    if (status == ST_OK && n.out == NULL) status = io_make_dirs(folder);
    if (status == ST_OK) status = write_skeleton(&n, path);
    if (status == ST_OK) printf("%s: fill in what stands in <>, then: %s mfsc check %s\n", path, cli_program(), path);
    free(folder);
    free(path);
    return status == ST_OK ? EXIT_DONE : cli_bad_input();
}
