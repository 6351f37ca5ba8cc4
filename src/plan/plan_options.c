/* Which options a method reads. What it does not read changes none of its results, and so none of its ids: it is told there as if
 * the job left it alone, whatever it says. */
#include "plan/plan_internal.h"

#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *name, const char *const *list)
{
    while (*list != NULL && strcmp(*list, name) != 0) list++;
    return *list != NULL;
}

/* "winclip.templates" stands in the block of winclip, which methods read whose names begin so: winclip, winclip+. */
static bool is_in_others_block(const char *key, const method_t *method)
{
    const size_t length = strcspn(key, ".");
    if (key[length] == '\0' || strncmp(method->name, key, length) == 0) return false;
    for (int m = 0; job_method_names[m] != NULL; m++)
        if (strlen(job_method_names[m]) == length && strncmp(job_method_names[m], key, length) == 0) return true;
    return false;
}

/* ---- Heads ----------------------------------------------------------------------------------------------------------- */

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Keys that one head does not read, or that nothing in it depends on with this job's values of the others: a sweep over
 * them must not learn it again. Margin and terms are written apart, as they hold for the head, levels as `groups`. */
bool plan_head_reads(const io_option_t *row, const job_t *job, job_head_t head)
{
    static const char *const apart[] = {"epsilon",      "pixel.epsilon", "image.epsilon", "losses",
                                        "pixel.losses", "image.losses",  "pixel.groups",  "image.groups"};
    const io_names_t *losses = job_head_losses(job, head);
    const bool one_group = job_head_groups(job, head)->count == 1, learnable = job->learn && job->n_ab > 0;
    const bool reg = job->learn && job_has(losses, "reg") && learnable && !one_group;
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++)
        if (strcmp(row->name, apart[i]) == 0) return false;
    if (begins_with(row->name, head == JOB_HEAD_PIXEL ? "image." : "pixel.")) return false;
    if (strcmp(row->name, "lambda_reg") == 0 || strcmp(row->name, "reg_sum") == 0) return reg;
    if (strcmp(row->name, "lambda_mean") == 0) return learnable && job_has(losses, "mean");
    if (strcmp(row->name, "triplet") == 0) return job->learn && job_has(losses, "trip");
    if (strcmp(row->name, "n_ctx_ab") == 0 || strcmp(row->name, "alp") == 0 || strcmp(row->name, "alp_vectors") == 0)
        return learnable;
    if (strcmp(row->name, "n_ahp_component") == 0) return !one_group;
    if (row->tag == JOB_STAGE_REGIONS || strcmp(row->name, "gamma") == 0)
        return head == JOB_HEAD_PIXEL && job->learn && !one_group;
    return head == JOB_HEAD_PIXEL || !begins_with(row->name, "query_former.");
}

/* The same of a task: with what the text has apart, and but for what only learning reads. */
static bool task_reads_head(const io_option_t *row, const method_t *method, const job_t *job, job_head_t head)
{
    static const char *const learning[] = {"n_ab",
                                           "n_ctx",
                                           "n_ctx_ab",
                                           "ctx_init",
                                           "alp",
                                           "alp_vectors",
                                           "losses",
                                           "triplet",
                                           "epsilon",
                                           "lambda_mean",
                                           "lambda_reg",
                                           "reg_sum",
                                           "gamma",
                                           "lr",
                                           "lr_min",
                                           "momentum",
                                           "weight_decay",
                                           "track_epochs",
                                           "pixel.n_pro",
                                           "pixel.epochs",
                                           "pixel.losses",
                                           "pixel.epsilon",
                                           "image.n_pro",
                                           "image.epochs",
                                           "image.losses",
                                           "image.epsilon",
                                           NULL};
    const bool pixel = head == JOB_HEAD_PIXEL, trip = job_has(job_head_losses(job, head), "trip");
    const io_names_t *groups = pixel ? &job->pixel_groups : &job->image_groups;
    const io_names_t *losses = pixel ? &job->pixel_losses : &job->image_losses;
    if (!job->learn && is_one_of(row->name, learning)) return false;
    if (begins_with(row->name, pixel ? "image." : "pixel.")) return false;
    if (begins_with(row->name, "query_former.")) return method_head_has_queries(method, job, head);
    if (row->tag == JOB_STAGE_REGIONS) return method_head_reads_regions(method, job, head);
    if (strcmp(row->name, "epsilon") == 0) return trip && (pixel ? job->pixel_epsilon : job->image_epsilon) < 0;
    if (strcmp(row->name, "pixel.epsilon") == 0 || strcmp(row->name, "image.epsilon") == 0) return trip;
    if (strcmp(row->name, "losses") == 0) return losses->count == 0;
    if (strcmp(row->name, "groups") == 0) return groups->count == 0;
    if (strcmp(row->name, "pixel.losses") == 0 || strcmp(row->name, "image.losses") == 0) return true;
    if (strcmp(row->name, "pixel.groups") == 0 || strcmp(row->name, "image.groups") == 0) return true;
    return plan_head_reads(row, job, head);
}

static bool reads_prompts(const io_option_t *row, const method_t *method, const job_t *job)
{
    static const char *const of_captions[] = {"n_ahp", "ahp_order", NULL};
    if (!method_wants_heads(method, job)) return false;
    if (method_head_is_fixed(method)) {
        /* Fixed texts: of the class name, or of the caption. */
        if (strncmp(row->name, method->name, strcspn(row->name, ".")) == 0) return true;
        if (method->heads->captions == NULL) return false;
        return strcmp(row->name, "texts") == 0 || (method->heads->captions(job) && is_one_of(row->name, of_captions));
    }
    bool any = false;
    for (int head = 0; head < JOB_HEADS; head++)
        any = any || (method_wants_head(method, job, head) && task_reads_head(row, method, job, head));
    return any;
}

/* ---- Branches -------------------------------------------------------------------------------------------------------- */

/* Keys of how branches are scored and fused; a branch or a head that is not there reads none of its own. */
static const char *const of_branches[] = {"heads",     "retrieval", "token_wise",   "reweight",    "fusion",
                                          "image_map", "image_max", "image_fusion", "class_token", NULL};

static bool reads_branches(const char *key, const method_t *method, const job_t *job)
{
    const bool vad = job_has(&job->branches, "vad"), pad = job_has(&job->branches, "pad");
    const bool pixel = job_head_wanted(job, JOB_HEAD_PIXEL), image = job_head_wanted(job, JOB_HEAD_IMAGE);
    if (!method->branches) return false;
    if (strcmp(key, "heads") == 0) return pad;
    if (strcmp(key, "token_wise") == 0 || strcmp(key, "reweight") == 0) return pixel;
    if (strcmp(key, "retrieval") == 0) return pixel || (image && job->class_token == JOB_CLASS_TOKEN_MATCHED);
    if (strcmp(key, "fusion") == 0 || strcmp(key, "image_map") == 0) return vad && pixel;
    if (strcmp(key, "image_fusion") == 0 || strcmp(key, "class_token") == 0) return image;
    return true;
}

/* ---- All ------------------------------------------------------------------------------------------------------------- */

bool plan_reads_option(const method_t *method, const job_t *job, const io_option_t *row)
{
    static const char *const of_all[] = {"method", "learn", NULL};
    if (is_in_others_block(row->name, method)) return false;
    if (method->reads != NULL && !method->reads(job, row->name)) return false;
    if (is_one_of(row->name, of_branches)) return reads_branches(row->name, method, job);
    if ((row->tag != JOB_STAGE_PROMPTS && row->tag != JOB_STAGE_REGIONS) || is_one_of(row->name, of_all)) return true;
    return reads_prompts(row, method, job);
}

/* ---- Of a whole job -------------------------------------------------------------------------------------------------- */

static bool is_read(const plan_t *plan, const io_option_t *row)
{
    bool read = false;
    if (strcmp(row->name, "views") == 0 || strcmp(row->name, "tree") == 0)
        return job_has(&plan->points[0].dataset, "realiad");
    for (int p = 0; p < plan->point_count && !read; p++)
        read = row->tag == JOB_STAGE_NONE ||
               plan_reads_option(method_of(plan->methods, &plan->points[p]), &plan->points[p], row);
    return read;
}

void plan_print_unread(FILE *out, const plan_t *plan)
{
    fprintf(out, "# Keys that nothing in this job reads:\n");
    for (const io_option_t *row = job_options; row->name != NULL; row++) {
        bool others = true; /* of methods that no point has */
        for (int p = 0; p < plan->point_count && others; p++)
            others = is_in_others_block(row->name, method_of(plan->methods, &plan->points[p]));
        if (!others && !is_read(plan, row)) fprintf(out, "#   %s\n", row->name);
    }
}

/* Whether a point sets the row to what is not its default. */
static bool is_set(const plan_t *plan, const io_option_t *row, const char *otherwise)
{
    bool set = false;
    for (int p = 0; p < plan->point_count && !set; p++) {
        const job_t *job = &plan->points[p];
        char *value = job->set != NULL && job->set[row - job_options] ? io_options_text(job, row) : NULL;
        set = value != NULL && strcmp(value, otherwise) != 0;
        free(value);
    }
    return set;
}

status_t plan_tell_unread(const plan_t *plan)
{
    job_t defaults = {0};
    char *names = base_format("%s", "");
    status_t status = io_options_init(&defaults, job_options);
    for (const io_option_t *row = job_options; row->name != NULL && status == ST_OK && names != NULL; row++) {
        if (is_read(plan, row)) continue;
        char *otherwise = io_options_text(&defaults, row);
        if (otherwise != NULL && is_set(plan, row, otherwise)) {
            char *longer = base_format("%s%s%s", names, names[0] != '\0' ? ", " : "", row->name);
            free(names);
            names = longer;
        }
        free(otherwise);
    }
    if (names != NULL && names[0] != '\0') log_info("set, but read by nothing in this job: %s", names);
    free(names);
    io_options_free(&defaults, job_options);
    return status;
}

status_t plan_read_options(job_t *out, job_t *defaults, const method_t *method, const job_t *job)
{
    *defaults = (job_t){0};
    *out = *job;
    TRY(io_options_init(defaults, job_options));
    for (const io_option_t *row = job_options; row->name != NULL; row++)
        if (row->tag != JOB_STAGE_NONE && !plan_reads_option(method, job, row))
            memcpy((char *)out + row->offset, (char *)defaults + row->offset, io_option_size(row->kind));
    return ST_OK;
}

char *plan_task_options(const method_t *method, const job_t *job)
{
    job_t told, defaults;
    char *text = NULL;
    if (plan_read_options(&told, &defaults, method, job) == ST_OK)
        text = job_options_text(&told, JOB_STAGE_FEATURES, JOB_STAGE_METRICS);
    io_options_free(&defaults, job_options);
    return text;
}
