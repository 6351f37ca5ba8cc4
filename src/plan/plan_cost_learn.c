/* What learning costs, from the words of a caption: the prompts that will be made of it, as the text tower will see them. */
#include "plan/plan_internal.h"

#include <stdlib.h>
#include <string.h>

static int count_words(const char *text)
{
    int words = 0;
    bool in_word = false;
    for (const char *c = text; c != NULL && *c != '\0'; c++) {
        bool letter = *c != ' ' && *c != ',' && *c != '.' && *c != '-';
        words += (letter && !in_word) || (!letter && *c != ' '); /* punctuation is a token of its own */
        in_word = letter;
    }
    return words;
}

static void add_body(plan_caption_t *out, const prompts_mfsc_t *mfsc, prompts_level_t level, unsigned of,
                     const char *text, int more_words, int values)
{
    if (out->groups == PROMPTS_MAX_GROUPS) return;
    plan_body_t *body = &out->body[out->groups++];
    *body = (plan_body_t){.level = level, .words = count_words(text) + more_words, .values = values};
    for (int i = 0; i < mfsc->states; i++)
        body->states += mfsc->state[i].of != 0 ? (mfsc->state[i].of & of) != 0 : of != PROMPTS_OF_BACKGROUND;
}

static void count_caption(plan_caption_t *out, const prompts_mfsc_t *mfsc)
{
    int all = 0, places = 0, values[PROMPTS_MAX_COMPONENTS] = {0};
    for (int c = 0; c < mfsc->components; c++) {
        for (int a = 0; a < PROMPTS_ATTRIBUTES; a++) values[c] += mfsc->component[c].value[a] != NULL;
        places += 1 + (mfsc->component[c].value[PROMPTS_LOCATION] != NULL);
        all += values[c];
    }
    add_body(out, mfsc, PROMPTS_IMAGE, PROMPTS_OF_FOREGROUND, mfsc->summary, 0, all);
    add_body(out, mfsc, PROMPTS_FOREGROUND, PROMPTS_OF_FOREGROUND, mfsc->relation, 0, places);
    if (mfsc->background != NULL)
        add_body(out, mfsc, PROMPTS_BACKGROUND, PROMPTS_OF_BACKGROUND, mfsc->background, 1, 0);
    for (int c = 0; c < mfsc->components; c++)
        add_body(out, mfsc, PROMPTS_COMPONENT, PROMPTS_OF_COMPONENT(c), mfsc->component[c].caption, 0, values[c]);
}

status_t plan_caption_count(plan_caption_t *out, char **draws, const char *caption, const char *vocabulary)
{
    prompts_vocabulary_t words;
    prompts_mfsc_t mfsc = {0};
    *out = (plan_caption_t){0};
    *draws = NULL;
    status_t status = prompts_vocabulary_read(&words, vocabulary);
    if (status == ST_OK) {
        status = prompts_mfsc_read(&mfsc, caption, &words);
        if (status == ST_OK) {
            count_caption(out, &mfsc);
            *draws = prompts_draws_text(&words, &mfsc);
            if (*draws == NULL) status = fail(ST_ENOMEM, "out of memory");
        }
        prompts_mfsc_free(&mfsc);
    }
    prompts_vocabulary_free(&words);
    if (status != ST_EFORMAT && status != ST_ENOTFOUND) return status;
    *out = (plan_caption_t){0};
    for (int g = 0; g < 6; g++)
        out->body[out->groups++] = (plan_body_t){g == 0 ? PROMPTS_IMAGE : PROMPTS_COMPONENT, 15, 4, 5};
    return io_read_text(draws, vocabulary);
}

/* ---- Prompts without texts: only lengths, and where a prompt leaves the beginning that it shares with its group ------- */

enum { LONGEST = 96 };
typedef struct {
    clip_prompt_t *prompt;
    int *ids; /* (count, LONGEST) */
    int count;
    const clip_config_t *config;
    int n_ctx;
} stand_in_t;

/* Ids below 64 stand for what all share, the next for a group's body, the highest for what is a prompt's own. */
static void add_prompt(stand_in_t *to, int copy, int group, int length, int leaves)
{
    int *ids = to->ids + (size_t)to->count * LONGEST, limit = to->config->context, vocab = to->config->vocab;
    if (limit > LONGEST) limit = LONGEST;
    int total = length + 2 + to->n_ctx < limit ? length + 2 + to->n_ctx : limit;
    for (int t = 0; t < total; t++) {
        int body = t - 1 - to->n_ctx;
        ids[t] = t == 0 ? 0 : body < 0 ? 1 + copy % 16 : 64 + (group * LONGEST + body) % (vocab / 2);
        if (body >= leaves || t == total - 1) ids[t] = vocab - 1 - to->count % (vocab / 4);
    }
    to->prompt[to->count++] = (clip_prompt_t){.ids = ids, .length = total};
}

static void add_group(stand_in_t *to, const job_t *job, const plan_caption_t *caption, int g, int copies)
{
    const plan_body_t *body = &caption->body[g];
    const int most = body->level == PROMPTS_COMPONENT && job->n_ahp_component > 0 ? job->n_ahp_component : job->n_ahp;
    for (int copy = 0; copy < copies; copy++) {
        add_prompt(to, copy, g, body->words, body->words);
        int states = 0, values = 0;
        while (states + values < most && (states < body->states || values < body->values)) {
            bool first = job->ahp_order == PROMPTS_ALTERNATE ? states < values : job->ahp_order == PROMPTS_STATES;
            bool state = states < body->states && (first || values == body->values);
            /* A state of four words or so stands behind the noun, at the front; a value may stand anywhere. */
            int leaves = state ? 3 : body->words * (values + 1) / (body->values + 1);
            add_prompt(to, copy, g, body->words + (state ? 4 : 0), leaves);
            states += state;
            values += !state;
        }
        if (states + values == 0) add_prompt(to, copy, g, body->words + 1, 0); /* "damaged" and the noun */
        for (int i = 0; i < job->n_ab && job->learn; i++) add_prompt(to, copy, g, body->words, 2);
    }
}

status_t plan_head_work(plan_head_work_t *out, const clip_config_t *c, const job_t *job, const plan_caption_t *caption,
                        job_head_t head)
{
    status_t status = ST_ENOMEM;
    size_t budget;
    clip_text_plan_t plan;
    int copies = !job->learn ? 1 : head == JOB_HEAD_PIXEL ? job->pixel_n_pro : job->image_n_pro;
    const io_names_t *levels = job_head_groups(job, head);
    int groups = levels->count == 1 ? 1 : caption->groups;
    size_t most = (size_t)groups * (size_t)copies * (size_t)(2 + job->n_ahp + job->n_ahp_component + job->n_ab);
    stand_in_t to = {.config = c, .n_ctx = job->learn ? job->n_ctx : 0};
    to.prompt = base_alloc(most + 1, sizeof *to.prompt);
    to.ids = base_alloc((most + 1) * LONGEST, sizeof *to.ids);
    const int skipped = groups > 1 && !job_has(levels, "foreground");
    *out = (plan_head_work_t){.groups = groups - skipped};
    if (to.prompt == NULL || to.ids == NULL) goto done;
    TRY_DONE(job_learn_memory(&budget, job));
    for (int g = 0; g < groups; g++)
        if (!skipped || caption->body[g].level != PROMPTS_FOREGROUND) add_group(&to, job, caption, g, copies);
    if (to.count == 0) { /* fixed texts: nothing is known of them beforehand, and they are read once */
        status = ST_OK;
        goto done;
    }
    TRY_DONE(clip_text_plan(&plan, c, to.prompt, to.count, job->learn, budget));
    double D = c->text_width, full = c->text_layers - 1, length = (double)plan.tokens / plan.prompts;
    double row = D * (4 * D + 2.0 * c->text_mlp) + 2 * length * D;
    out->prompts = plan.prompts;
    out->bytes = plan.bytes;
    out->forward_gflop = 2e-9 * ((double)plan.rows * (full * row + 2 * D * D) + plan.prompts * row);
    double again = full > 0 && plan.kept_layers < full ? (full - plan.kept_layers) / full : 0;
    out->epoch_gflop = out->forward_gflop * (2 + again);
done:
    free(to.prompt);
    free(to.ids);
    return status;
}

/* Distances of every token of the enlarged image to every centre; with density, to every other token. */
double plan_regions_gflop(const clip_config_t *c, const job_t *job, const plan_caption_t *caption, int shots)
{
    double N = (double)job->aggregation_scale * job->aggregation_scale * c->grid * c->grid;
    double similarities = 2 * N * caption->groups * c->embed;
    double width = job->aggregation_reference == JOB_REFERENCE_FEATURE ? c->embed : caption->groups;
    double centers = job->aggregation_centers == JOB_CENTERS_DENSITY ? 3 * N * N * width : 2 * N * width * 6;
    return 1e-9 * shots * (similarities + centers);
}

/* Ten weight matrices of E x E, forward and backward, a step. */
double plan_query_gflop(const clip_config_t *c, const job_t *job, int groups)
{
    return 1e-9 * job->query_steps * 10.0 * c->embed * c->embed * (6.0 * groups + 10);
}
