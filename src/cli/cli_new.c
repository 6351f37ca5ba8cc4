/* fgad new: from a folder of images to a job that runs. */
#include "cli/cli.h"
#include "clip/clip.h"
#include "data/data.h"
#include "io/io.h"
#include "job/job.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *dir, *images, *model, *assets;
    char *name, *found; /* owned; found: assets, where nobody says */
    char *place;        /* dir, absolute; owned */
    int shots;          /* 0: nobody says */
    data_laid_out_t laid_out;
    bool caption; /* drafted */
} new_t;

static void new_free(new_t *n)
{
    free(n->name);
    free(n->found);
    free(n->place);
}

/* What the name of a category that is a run's, too, may be made of. */
static const char fit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

static bool is_name(const char *text)
{
    return text[0] != '\0' && strchr(".-", text[0]) == NULL && strcmp(text, "cache") != 0 &&
           strcmp(text, "MEAN") != 0 && text[strspn(text, fit)] == '\0';
}

/* Of the folder's own name. */
static char *make_name(const char *folder)
{
    char *real = realpath(folder, NULL);
    const char *slash = strrchr(real != NULL ? real : folder, '/');
    char *name = base_format("%s", slash != NULL ? slash + 1 : folder);
    free(real);
    for (char *at = name; at != NULL && *at != '\0'; at++)
        if (strchr(fit, *at) == NULL) *at = '_';
    if (name != NULL && !is_name(name)) {
        free(name);
        name = base_format("own");
    }
    return name;
}

static int parse(new_t *n, int argc, char **argv)
{
    const char *name = NULL, *shots = NULL;
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--images") == 0   ? &n->images
                             : strcmp(argv[i], "--name") == 0   ? &name
                             : strcmp(argv[i], "--model") == 0  ? &n->model
                             : strcmp(argv[i], "--shots") == 0  ? &shots
                             : strcmp(argv[i], "--assets") == 0 ? &n->assets
                                                                : NULL;
        if (value != NULL && i + 1 == argc) return cli_bad_usage("new", "%s wants a value", argv[i]);
        if (value != NULL)
            *value = argv[++i];
        else if (argv[i][0] == '-')
            return cli_bad_usage("new", "unknown option '%s'", argv[i]);
        else if (n->dir != NULL)
            return cli_bad_usage("new", "two folders, '%s' and '%s', expected one (images come after --images)", n->dir,
                                 argv[i]);
        else
            n->dir = cli_folder(argv[i]);
    }
    if (n->dir == NULL) return cli_bad_usage("new", "expected the DIR to make");
    if (n->images == NULL) return cli_bad_usage("new", "expected --images FOLDER");
    if (name != NULL && !is_name(name))
        return cli_bad_usage(
            "new", "--name is '%s', expected letters, digits and . _ - (not . or - first, not cache, not MEAN)", name);
    n->name = name != NULL ? base_format("%s", name) : make_name(n->images);
    if (n->assets == NULL) n->assets = n->found = io_assets();
    if (n->name == NULL || n->assets == NULL) return cli_bad_usage("new", "out of memory");
    if (shots != NULL) {
        char *end;
        long count = strtol(shots, &end, 10);
        if (end == shots || *end != '\0' || count < 1 || count > 1000)
            return cli_bad_usage("new", "--shots is '%s', expected a whole number from 1 to 1000", shots);
        n->shots = (int)count;
    }
    return EXIT_DONE;
}

/* ---- Caption ---- */

/* Of some images, where an endpoint is told of; false: no draft, whatever the reason, which has been told. */
static bool draft_caption(const new_t *n, const char *caption)
{
    enum { IMAGES = 3 };
    const char *url = getenv("FGAD_API_URL"), *model = getenv("FGAD_API_MODEL");
    if (url == NULL || url[0] == '\0' || model == NULL || model[0] == '\0') return false;
    data_category_t category;
    char *root = base_format("%s/images", n->place);
    if (root == NULL || data_category_read(&category, "folder", root, n->name, NULL) != ST_OK) {
        free(root);
        return false;
    }
    char *argv[16] = {"mfsc caption", "--category",    n->name,    "--dataset",      "folder",
                      "--out",        (char *)caption, "--assets", (char *)n->assets};
    int argc = 9;
    for (int i = 0; i < category.train_count && i < IMAGES; i++) {
        argv[argc++] = "--image";
        argv[argc++] = category.train[i].path;
    }
    int code = cli_mfsc_caption(argc, argv);
    data_category_free(&category);
    free(root);
    return code == EXIT_DONE;
}

static int make_caption(new_t *n)
{
    char *caption = base_format("%s/images/%s/caption.json", n->place, n->name);
    if (caption == NULL) return cli_bad_input();
    int code = EXIT_DONE;
    n->caption = draft_caption(n, caption);
    if (!n->caption) {
        char *argv[] = {"mfsc new", n->name, "--out", caption, "--assets", (char *)n->assets, NULL};
        code = cli_mfsc_new(6, argv);
    }
    free(caption);
    return code;
}

/* ---- All ---- */

static status_t check_plain(const char *what, const char *path)
{
    if (io_text_is_plain(path)) return ST_OK;
    return fail(ST_EFORMAT, "%s '%s' cannot be written into a job: expected UTF-8 without control characters", what,
                path);
}

/* What the job and the caption are made with, before a folder is made. */
static status_t check_parts(const new_t *n, const char *model)
{
    clip_config_t config;
    TRY(check_plain("DIR", n->dir));
    TRY(check_plain("--assets", n->assets));
    if (model != NULL) TRY(check_plain("--model", model));
    if (model != NULL) TRY(clip_config_read(&config, model));
    char *vocabulary = base_format("%s/mfsc/vocabulary.json", n->assets);
    status_t status = vocabulary == NULL ? ST_ENOMEM : ST_OK;
    if (status == ST_OK && !io_exists(vocabulary))
        status = fail(ST_ENOTFOUND,
                      "'%s' does not exist (hint: --assets names the folder that holds mfsc/ and models/)", vocabulary);
    free(vocabulary);
    return status;
}

/* What a run leaves among the images would be taken for images of the next one. */
static status_t check_apart(const new_t *n)
{
    char *images = realpath(n->images, NULL), *real = NULL;
    char *at = base_format("%s/%s", n->dir[0] == '/' ? "/" : ".", n->dir);
    if (images == NULL || at == NULL) return free(images), free(at), ST_OK; /* told where they are read */
    /* Of DIR or, before it is made, of the nearest folder above it. */
    while ((real = realpath(at, NULL)) == NULL && strrchr(at, '/') != NULL) *strrchr(at, '/') = '\0';
    size_t length = strlen(images);
    bool inside = real != NULL && strncmp(real, images, length) == 0 && (real[length] == '/' || real[length] == '\0');
    free(images);
    free(at);
    free(real);
    if (!inside) return ST_OK;
    return fail(ST_EFORMAT, "'%s' lies among the images of '%s', expected a folder apart (hint: another DIR)", n->dir,
                n->images);
}

static status_t lay_out(new_t *n, const char *job, const char *model)
{
    if (io_exists(job)) return fail(ST_EFORMAT, "'%s' exists already (hint: another DIR)", job);
    TRY(check_parts(n, model));
    TRY(check_apart(n));
    TRY(io_make_dirs(n->dir));
    n->place = realpath(n->dir, NULL);
    if (n->place == NULL) return fail(ST_EIO, "'%s' cannot be found", n->dir);
    TRY(check_plain("DIR", n->place));
    char *base = base_format("%s/images/%s", n->place, n->name);
    status_t status = base != NULL ? ST_OK : ST_ENOMEM;
    if (status == ST_OK && io_exists(base))
        status = fail(ST_EFORMAT, "'%s' exists already (hint: another DIR, or --name)", base);
    if (status == ST_OK) status = data_lay_out(&n->laid_out, base, n->images);
    free(base);
    return status;
}

static void print_next(const new_t *n, const char *model)
{
    const data_laid_out_t *laid = &n->laid_out;
    printf("%s: %d image%s to learn from, %d normal and %d anomalous to test with%s\n", n->name, laid->train,
           laid->train == 1 ? "" : "s", laid->good, laid->anomalous,
           laid->split ? " (every fourth normal image is in the test)" : "");
    if (laid->anomalous == 0) printf("no anomalous image: there are scores and maps, and no AUROC\n");
    if (model == NULL)
        printf("model: the demo's, whose scores on photographs mean little (hint: datasets/models/fetch "
               "vit-b-16-plus-240, then set `model` in the job)\n");
    const char *fgad = cli_program(), *dir = base_shell_word(n->dir), *name = base_shell_word(n->name);
    printf("next: %s run %s/job.yaml\n"
           "then: %s export %s/results/%s --out %s/pictures --overlay\n"
           "      %s predict %s/results/%s --images NEW_IMAGES --out %s/scored\n",
           fgad, dir, fgad, dir, name, dir, fgad, dir, name, dir);
}

static int make(new_t *n)
{
    char *model = n->model != NULL ? realpath(n->model, NULL) : job_own_model(n->assets), *root;
    if (n->model != NULL && model == NULL) return cli_bad_usage("new", "--model: '%s' cannot be found", n->model);
    char *job = base_format("%s/job.yaml", n->dir);
    if (job == NULL || lay_out(n, job, model) != ST_OK) return free(job), free(model), cli_bad_input();
    int code = make_caption(n);
    const job_own_t own = {.name = n->name,
                           .place = n->place,
                           .model = model,
                           .assets = n->assets,
                           .shots = n->shots > 0            ? n->shots
                                    : n->laid_out.train < 4 ? n->laid_out.train
                                                            : 4,
                           .caption = n->caption};
    if (code == EXIT_DONE && job_own_write(&own, job) != ST_OK) code = cli_bad_input();
    root = base_format("%s/images", n->place);
    if (code == EXIT_DONE && root != NULL) {
        char *argv[] = {"data check", "folder", root, n->name, "--assets", (char *)n->assets, NULL};
        /* What is wrong has been told with its cure; a set without anomalous images is one to begin with. */
        if (cli_data_check(6, argv) == EXIT_BAD_INPUT) code = EXIT_BAD_INPUT;
    }
    if (code == EXIT_DONE) print_next(n, model);
    free(job);
    free(root);
    free(model);
    return code;
}

int cli_new(int argc, char **argv)
{
    new_t n = {0};
    int code = parse(&n, argc, argv);
    if (code == EXIT_DONE) code = make(&n);
    new_free(&n);
    return code;
}
