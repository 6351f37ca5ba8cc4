#include "cli/cli.h"
#include "job/job.h"
#include "prompts/prompts.h"
#include "tokenizer/tokenizer.h"

#include <stdlib.h>
#include <string.h>

/* Room for texts of any length, so that those beyond the model's own context can be counted and named. */
enum { LONG_CONTEXT = 2048 };

typedef struct {
    const char *assets, *dataset, *model;
    char *found; /* assets, where nobody says */
    bool all, prompts;
    bool chat;          /* show: a message for a chat model */
    const char **names; /* owned array of borrowed texts: files or categories */
    int name_count;
    const char **assignments; /* owned array of borrowed texts */
    int assignment_count;
    prompts_vocabulary_t vocabulary;
    clip_config_t config;
    tokenizer_t *tokenizer; /* NULL: none was found */
} mfsc_t;

static void mfsc_free(mfsc_t *m)
{
    free(m->names);
    free(m->found);
    free(m->assignments);
    prompts_vocabulary_free(&m->vocabulary);
    if (m->tokenizer != NULL) tokenizer_close(m->tokenizer);
}

/* EXIT_DONE, or the exit code of bad usage. */
static int parse(mfsc_t *m, const char *command, int argc, char **argv)
{
    m->found = io_assets();
    if (m->found == NULL) return cli_bad_usage("mfsc", "out of memory");
    m->assets = m->found;
    m->names = calloc((size_t)argc + 1, sizeof(char *));
    m->assignments = calloc((size_t)argc + 2, sizeof(char *));
    if (m->names == NULL || m->assignments == NULL) return cli_bad_usage(command, "out of memory");
    bool show = strcmp(command, "mfsc show") == 0;
    for (int i = 1; i < argc; i++) {
        const char **value = NULL;
        if (strcmp(argv[i], "--assets") == 0) value = &m->assets;
        if (strcmp(argv[i], "--model") == 0) value = &m->model;
        if (show && strcmp(argv[i], "--dataset") == 0) value = &m->dataset;
        if (show && strcmp(argv[i], "-s") == 0) value = &m->assignments[m->assignment_count++];
        if (value != NULL) {
            if (i + 1 == argc) return cli_bad_usage(command, "%s wants a value", argv[i]);
            *value = argv[++i];
        } else if (!show && strcmp(argv[i], "--all") == 0) {
            m->all = true;
        } else if (show && strcmp(argv[i], "--chat") == 0) {
            m->chat = true;
        } else if (show && strcmp(argv[i], "--prompts") == 0) {
            m->prompts = true;
        } else if (argv[i][0] == '-') {
            return cli_bad_usage(command, "unknown option '%s'", argv[i]);
        } else {
            m->names[m->name_count++] = argv[i];
        }
    }
    return EXIT_DONE;
}

static status_t read_vocabulary(mfsc_t *m)
{
    char *path = base_format("%s/mfsc/vocabulary.json", m->assets);
    if (path == NULL) return ST_ENOMEM;
    status_t status = prompts_vocabulary_read(&m->vocabulary, path);
    free(path);
    if (status == ST_ENOTFOUND) return fail(status, "%s (hint: --assets DIR, or FGAD_ASSETS)", fail_message());
    return status;
}

/* context: 0 for the model's own. */
static status_t open_tokenizer(mfsc_t *m, const char *model, int context)
{
    TRY(clip_config_read(&m->config, model));
    return tokenizer_open(&m->tokenizer, model, m->config.vocab, context > 0 ? context : m->config.context);
}

/* ---- check ---- */

typedef struct {
    int files, complaints, cut;
} tally_t;

/* Names each group that has a prompt beyond the model's context. */
static status_t list_cut(tally_t *tally, const mfsc_t *m, const char *path)
{
    status_t status;
    prompts_mfsc_t mfsc = {0};
    prompts_set_t set = {0};
    prompts_options_t options = prompts_options_default();
    options.n_ahp = 4096; /* all there are */
    TRY_DONE(prompts_mfsc_read(&mfsc, path, &m->vocabulary));
    prompts_key_t key = {mfsc.dataset, mfsc.category, 1, 0, "pixel"};
    TRY_DONE(prompts_set_init(&set, &mfsc, &m->vocabulary, m->tokenizer, &options, &key, m->config.text_width));
    for (int g = 0; g < set.groups; g++) {
        const prompts_group_t *group = &set.group[g];
        const prompts_prompt_t *longest = NULL;
        int count = group->nhp + group->ahp + group->alp, over = 0;
        for (int i = 0; i < count; i++) {
            const prompts_prompt_t *prompt = &group->prompt[i];
            if (prompt->length <= m->config.context) continue;
            over++;
            if (longest == NULL || prompt->length > longest->length) longest = prompt;
        }
        if (longest == NULL) continue;
        printf("note: '%s': group '%s': %d of %d prompts over %d tokens, the longest (%s, %d tokens): %s\n", path,
               group->name, over, count, m->config.context, prompts_kind_name(longest->kind), longest->length,
               longest->text);
        tally->cut += over;
    }
done:
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
    return status;
}

static status_t check_file(tally_t *tally, const mfsc_t *m, const char *path, bool in_place)
{
    prompts_report_t report = {0};
    status_t status = prompts_mfsc_check(&report, path, &m->vocabulary, in_place);
    for (int i = 0; i < report.count; i++) printf("%s\n", report.line[i]);
    for (int i = 0; i < report.note_count && report.count == 0; i++) printf("note: %s\n", report.note[i]);
    tally->files++;
    tally->complaints += report.count;
    if (status == ST_OK && report.count == 0 && m->tokenizer != NULL) status = list_cut(tally, m, path);
    prompts_report_free(&report);
    return status;
}

/* Every caption of <assets>/mfsc, one line a dataset. */
static status_t check_all(tally_t *tally, const mfsc_t *m)
{
    status_t status;
    io_names_t datasets = {0}, names = {0};
    char *root = base_format("%s/mfsc", m->assets), *dir = NULL, *path = NULL;
    if (root == NULL) return ST_ENOMEM;
    TRY_DONE(io_list_dir(&datasets, root));
    for (int d = 0; d < datasets.count; d++) {
        free(dir);
        dir = base_format("%s/%s", root, datasets.name[d]);
        if (dir == NULL) TRY_DONE(ST_ENOMEM);
        if (!io_is_dir(dir)) continue;
        io_names_free(&names);
        TRY_DONE(io_list_dir(&names, dir));
        int before = tally->complaints;
        for (int i = 0; i < names.count; i++) {
            free(path);
            path = base_format("%s/%s", dir, names.name[i]);
            if (path == NULL) TRY_DONE(ST_ENOMEM);
            TRY_DONE(check_file(tally, m, path, true));
        }
        int found = tally->complaints - before;
        printf("%s: %d caption%s, %d complaint%s\n", dir, names.count, names.count == 1 ? "" : "s", found,
               found == 1 ? "" : "s");
    }
    if (tally->files == 0) status = fail(ST_ENOTFOUND, "'%s' holds no captions (<dataset>/<category>.json)", root);
done:
    io_names_free(&datasets);
    io_names_free(&names);
    free(root);
    free(dir);
    free(path);
    return status;
}

static int check(mfsc_t *m)
{
    tally_t tally = {0};
    const char *model = m->model != NULL ? m->model : "datasets/models/demo-clip";
    if (read_vocabulary(m) != ST_OK) return cli_bad_input();
    if ((m->model != NULL || io_is_dir(model)) && open_tokenizer(m, model, LONG_CONTEXT) != ST_OK)
        return cli_bad_input();
    if (m->tokenizer == NULL) printf("note: lengths are not checked: there is no model at %s (see --model)\n", model);
    if (m->all && check_all(&tally, m) != ST_OK) return cli_bad_input();
    for (int i = 0; i < m->name_count; i++)
        if (check_file(&tally, m, m->names[i], false) != ST_OK) return cli_bad_input();
    printf("%d file%s, %d complaint%s", tally.files, tally.files == 1 ? "" : "s", tally.complaints,
           tally.complaints == 1 ? "" : "s");
    if (m->tokenizer != NULL)
        printf(", %d prompt%s over %d tokens as %s counts", tally.cut, tally.cut == 1 ? "" : "s", m->config.context,
               model);
    printf("\n");
    return tally.complaints == 0 ? EXIT_DONE : EXIT_TASK_FAILED;
}

int cli_mfsc_check(int argc, char **argv)
{
    mfsc_t m = {0};
    int code = parse(&m, "mfsc check", argc, argv);
    if (code == EXIT_DONE && m.all == (m.name_count > 0))
        code = cli_bad_usage("mfsc check", "expected caption files, or --all");
    if (code == EXIT_DONE) code = check(&m);
    mfsc_free(&m);
    return code;
}

/* ---- show ---- */

/* Datasets below <assets>/mfsc that have the category; the nearest other name goes into `near`. */
static status_t find_datasets(io_names_t *found, char near[256], const mfsc_t *m, const char *category)
{
    status_t status;
    io_names_t datasets = {0}, names = {0};
    char *root = base_format("%s/mfsc", m->assets);
    int edits = -1;
    near[0] = '\0';
    if (root == NULL) return ST_ENOMEM;
    TRY_DONE(io_list_dir(&datasets, root));
    found->name = base_alloc((size_t)datasets.count + 1, sizeof(char *));
    if (found->name == NULL) TRY_DONE(ST_ENOMEM);
    for (int d = 0; d < datasets.count; d++) {
        char dir[4096], name[256];
        snprintf(dir, sizeof dir, "%s/%s", root, datasets.name[d]);
        if (!io_is_dir(dir) || (m->dataset != NULL && strcmp(m->dataset, datasets.name[d]) != 0)) continue;
        io_names_free(&names);
        TRY_DONE(io_list_dir(&names, dir));
        for (int i = 0; i < names.count; i++) {
            snprintf(name, sizeof name, "%.*s", (int)strcspn(names.name[i], "."), names.name[i]);
            if (base_meant(&edits, name, category)) snprintf(near, 256, "%s/%s", datasets.name[d], name);
            if (strcmp(category, name) != 0) continue;
            found->name[found->count] = base_format("%s", datasets.name[d]);
            if (found->name[found->count] == NULL) TRY_DONE(ST_ENOMEM);
            found->count++;
        }
    }
done:
    io_names_free(&datasets);
    io_names_free(&names);
    free(root);
    return status;
}

/* A file's path, "dataset/category", or a category's name, to the path of the caption (heap). */
static status_t find_caption(char **path, const mfsc_t *m, const char *name)
{
    size_t length = strlen(name);
    bool is_file = length > 5 && strcmp(name + length - 5, ".json") == 0;
    *path = is_file ? base_format("%s", name) : base_format("%s/mfsc/%s.json", m->assets, name);
    if (*path == NULL) return ST_ENOMEM;
    if (is_file || (strchr(name, '/') != NULL && io_exists(*path))) return ST_OK;
    free(*path);
    *path = NULL;
    char near[256];
    io_names_t found = {0};
    status_t status = find_datasets(&found, near, m, name);
    if (status == ST_OK && found.count == 0)
        status = fail(ST_ENOTFOUND, "there is no caption of '%s' below '%s/mfsc'%s%s%s", name, m->assets,
                      near[0] != '\0' ? " (did you mean '" : "", near, near[0] != '\0' ? "'?)" : "");
    else if (status == ST_OK && found.count > 1)
        status = fail(ST_EFORMAT, "'%s' is a category of %s and %s (hint: --dataset %s)", name, found.name[0],
                      found.name[1], found.name[0]);
    else if (status == ST_OK && (*path = base_format("%s/mfsc/%s/%s.json", m->assets, found.name[0], name)) == NULL)
        status = ST_ENOMEM;
    io_names_free(&found);
    return status;
}

/* Every prompt as a job with these assignments makes them for the pixel head. */
static status_t show_prompts(mfsc_t *m, const prompts_mfsc_t *mfsc)
{
    status_t status;
    job_t job = {0};
    prompts_set_t set = {0};
    /* The one key without a default; here it only chooses the model when none is named. */
    memmove(m->assignments + 1, m->assignments, (size_t)m->assignment_count * sizeof *m->assignments);
    m->assignments[0] = "dataset=demo";
    TRY_DONE(job_read(&job, NULL, m->assignments, m->assignment_count + 1));
    TRY_DONE(open_tokenizer(m, m->model != NULL ? m->model : job.model, 0));
    const io_names_t *groups = job_head_groups(&job, JOB_HEAD_PIXEL);
    const prompts_options_t options = {.image_only = groups->count == 1,
                                       .no_foreground = !job_has(groups, "foreground"),
                                       .learn = job.learn,
                                       .n_ahp = job.n_ahp,
                                       .n_ahp_component = job.n_ahp_component,
                                       .ahp_order = (prompts_ahp_order_t)job.ahp_order,
                                       .n_ab = job.n_ab,
                                       .insert = job.alp == JOB_ALP_INSERT,
                                       .shared = job.alp_vectors == JOB_ALP_SHARED,
                                       .n_ctx = job.n_ctx,
                                       .n_ctx_ab = job.n_ctx_ab,
                                       .n_pro = job.pixel_n_pro,
                                       .ctx_init = job.ctx_init};
    const prompts_key_t key = {mfsc->dataset, mfsc->category, job.shots.value[0], (uint64_t)job.seeds.value[0],
                               "pixel"};
    TRY_DONE(prompts_set_init(&set, mfsc, &m->vocabulary, m->tokenizer, &options, &key, m->config.text_width));
    printf("\nprompts of the pixel head, %d shot%s, seed %d\n", key.shots, key.shots == 1 ? "" : "s",
           job.seeds.value[0]);
    prompts_print_set(stdout, &set);
done:
    prompts_set_free(&set);
    job_free(&job);
    return status;
}

static status_t show(mfsc_t *m)
{
    status_t status;
    char *path = NULL;
    prompts_mfsc_t mfsc = {0};
    TRY_DONE(read_vocabulary(m));
    TRY_DONE(find_caption(&path, m, m->names[0]));
    TRY_DONE(prompts_mfsc_read(&mfsc, path, &m->vocabulary));
    if (m->chat)
        prompts_print_chat(stdout, &mfsc);
    else
        prompts_print_mfsc(stdout, &mfsc);
    if (m->prompts) TRY_DONE(show_prompts(m, &mfsc));
done:
    prompts_mfsc_free(&mfsc);
    free(path);
    return status;
}

int cli_mfsc_show(int argc, char **argv)
{
    mfsc_t m = {0};
    int code = parse(&m, "mfsc show", argc, argv);
    if (code == EXIT_DONE && m.name_count != 1)
        code = cli_bad_usage("mfsc show", "expected one category or caption file, found %d", m.name_count);
    if (code == EXIT_DONE && m.chat && m.prompts)
        code = cli_bad_usage("mfsc show", "--chat and --prompts are two printings, expected one");
    if (code == EXIT_DONE && !m.prompts && m.assignment_count > 0)
        code = cli_bad_usage("mfsc show", "-s changes prompts: it goes with --prompts");
    if (code == EXIT_DONE && show(&m) != ST_OK) code = cli_bad_input();
    mfsc_free(&m);
    return code;
}
