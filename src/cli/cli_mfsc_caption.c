#include "cli/cli.h"
#include "prompts/prompts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

typedef struct {
    const char *out, *url, *assets;
    bool force;
    const char **images;                      /* owned array of borrowed texts */
    char *address, *folder, *vocabulary_path; /* owned */
    prompts_draft_t draft;
} caption_t;

static void caption_free(caption_t *c)
{
    free(c->images);
    free(c->address);
    free(c->folder);
    free(c->vocabulary_path);
}

static bool parse_number(double *out, const char *text, double low, double high)
{
    const char *end = base_number(out, text);
    return end != NULL && *end == '\0' && *out >= low && *out <= high;
}

/* The option's text goes to *value; numbers are looked at afterwards. NULL: no such option. */
static const char **find_option(caption_t *c, const char **timeout, const char **retries, const char *name)
{
    const struct {
        const char *name;
        const char **value;
    } options[] = {
        {"--image", &c->images[c->draft.image_count]},
        {"--category", &c->draft.category},
        {"--dataset", &c->draft.dataset},
        {"--out", &c->out},
        {"--url", &c->url},
        {"--model", &c->draft.model},
        {"--ca", &c->draft.http.ca},
        {"--assets", &c->assets},
        {"--timeout", timeout},
        {"--retries", retries},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (strcmp(options[i].name, name) == 0) return options[i].value;
    return NULL;
}

/* EXIT_DONE, or the exit code of bad usage. */
static int parse(caption_t *c, int argc, char **argv)
{
    static const char command[] = "mfsc caption";
    const char *timeout = "120", *retries = "3";
    c->assets = "datasets";
    c->url = getenv("FGAD_API_URL");
    c->draft.model = getenv("FGAD_API_MODEL");
    c->draft.with_schema = true;
    c->images = calloc((size_t)argc + 1, sizeof(char *));
    if (c->images == NULL) return cli_bad_usage(command, "out of memory");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--force") == 0) {
            c->force = true;
        } else if (strcmp(argv[i], "--no-schema") == 0) {
            c->draft.with_schema = false;
        } else {
            const char **value = find_option(c, &timeout, &retries, argv[i]);
            if (value == NULL) return cli_bad_usage(command, "unknown option '%s'", argv[i]);
            if (i + 1 == argc) return cli_bad_usage(command, "%s wants a value", argv[i]);
            if (strcmp(argv[i], "--image") == 0) c->draft.image_count++;
            *value = argv[++i];
        }
    }
    double number;
    if (!parse_number(&c->draft.http.timeout, timeout, 0.001, 86400))
        return cli_bad_usage(command, "--timeout is '%s', expected seconds above 0", timeout);
    if (!parse_number(&number, retries, 0, 20) || number != (double)(int)number)
        return cli_bad_usage(command, "--retries is '%s', expected a whole number from 0 to 20", retries);
    c->draft.retries = (int)number;
    if (c->draft.image_count == 0) return cli_bad_usage(command, "no --image is named");
    if (c->draft.category == NULL) return cli_bad_usage(command, "--category is missing");
    if (c->draft.dataset == NULL) return cli_bad_usage(command, "--dataset is missing");
    if (c->out == NULL) return cli_bad_usage(command, "--out is missing");
    if (c->url == NULL) return cli_bad_usage(command, "no endpoint: --url or FGAD_API_URL is missing");
    if (c->draft.model == NULL) return cli_bad_usage(command, "no model: --model or FGAD_API_MODEL is missing");
    return EXIT_DONE;
}

/* https://host/v1 stands for https://host/v1/chat/completions; a query stays at the end. */
static char *full_address(const char *url)
{
    static const char tail[] = "/chat/completions";
    size_t path = strcspn(url, "?#"), length = path;
    while (length > 0 && url[length - 1] == '/') length--;
    bool whole = length >= strlen(tail) && strncmp(url + length - strlen(tail), tail, strlen(tail)) == 0;
    return base_format("%.*s%s%s", (int)length, url, whole ? "" : tail, url + path);
}

/* Before anything is asked and paid: the caption has to have a place. */
static status_t check_place(const caption_t *c)
{
    const char *slash = strrchr(c->out, '/');
    if (io_exists(c->out) && !c->force)
        return fail(ST_EIO, "'%s' exists and may be somebody's work (hint: another --out, or --force)", c->out);
    if (slash == NULL || slash == c->out) return ST_OK;
    char *folder = base_format("%.*s", (int)(slash - c->out), c->out);
    if (folder == NULL) return ST_ENOMEM;
    status_t status = io_make_dirs(folder);
    free(folder);
    return status;
}

/* The key out of the environment, where `ps e` shows it, into memory that no core dump and no other process of this user can
 * read. Heap; NULL: there is none. */
static char *take_key(void)
{
    static const char name[] = "FGAD_API_KEY";
    char *given = getenv(name);
    if (given == NULL || given[0] == '\0') return NULL;
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    char *key = base_format("%s", given);
    explicit_bzero(given, strlen(given));
    unsetenv(name);
    return key;
}

static status_t draft(caption_t *c)
{
    status_t status;
    int answers = 0;
    prompts_vocabulary_t vocabulary = {0};
    char *key = take_key();
    c->address = full_address(c->url);
    c->folder = base_format("%s/mfsc", c->assets);
    c->vocabulary_path = base_format("%s/mfsc/vocabulary.json", c->assets);
    if (c->address == NULL || c->folder == NULL || c->vocabulary_path == NULL) TRY_DONE(ST_ENOMEM);
    c->draft.images = c->images;
    c->draft.folder = c->folder;
    c->draft.http.url = c->address;
    c->draft.http.key = key;
    c->draft.http.most = (size_t)4 << 20;
    c->draft.http.attempts = 5;
    c->draft.http.longest_wait = 60;
    TRY_DONE(check_place(c));
    TRY_DONE(prompts_vocabulary_read(&vocabulary, c->vocabulary_path));
    TRY_DONE(prompts_mfsc_draft(&answers, c->out, &c->draft, &vocabulary));
    printf("%s: caption of %s/%s, fit at answer %d\nnext: read it beside the images, then %s mfsc show %s --prompts\n",
           c->out, c->draft.dataset, c->draft.category, answers, cli_program(), base_shell_word(c->out));
done:
    if (key != NULL) explicit_bzero(key, strlen(key));
    free(key);
    prompts_vocabulary_free(&vocabulary);
    return status;
}

int cli_mfsc_caption(int argc, char **argv)
{
    caption_t c = {0};
    int code = parse(&c, argc, argv);
    if (code == EXIT_DONE && draft(&c) != ST_OK) code = cli_bad_input();
    caption_free(&c);
    return code;
}
