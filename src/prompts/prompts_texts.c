/* Class names, and the ensembles of fixed texts by which other methods tell normal from abnormal. */
#include "prompts/prompts_internal.h"

#include <stdlib.h>
#include <string.h>

const char *const prompts_class_names[] = {"mapped", "raw", NULL};
const char *const prompts_ensemble_names[] = {"22", "winclip21", "april35", NULL};

status_t prompts_class_name(char **out, const char *category, prompts_class_t how)
{
    static const char *const known[][2] = {{"macaroni1", "macaroni"},         {"macaroni2", "macaroni"},
                                           {"pcb1", "printed circuit board"}, {"pcb2", "printed circuit board"},
                                           {"pcb3", "printed circuit board"}, {"pcb4", "printed circuit board"},
                                           {"chewinggum", "chewing gum"}};
    const char *name = category;
    for (size_t i = 0; i < sizeof known / sizeof *known && how == PROMPTS_CLASS_MAPPED; i++)
        if (strcmp(category, known[i][0]) == 0) name = known[i][1];
    *out = base_format("%s", name);
    if (*out == NULL) return ST_ENOMEM;
    for (char *at = *out; *at != '\0' && how == PROMPTS_CLASS_MAPPED; at++)
        if (*at == '_') *at = ' ';
    return ST_OK;
}

/* Of every list the last entry is NULL. */
static const char *const normal_states[] = {
    "{}", "flawless {}", "perfect {}", "unblemished {}", "{} without flaw", "{} without defect", "{} without damage",
    NULL};
static const char *const four_states[] = {"damaged {}", "{} with flaw", "{} with defect", "{} with damage", NULL};
static const char *const five_states[] = {"damaged {}",     "broken {}",      "{} with flaw",
                                          "{} with defect", "{} with damage", NULL};

static const char *const templates_22[] = {
    "a photo of a {}.",
    "a photo of the {}.",
    "a cropped photo of a {}.",
    "a cropped photo of the {}.",
    "a close-up photo of a {}.",
    "a close-up photo of the {}.",
    "a bright photo of a {}.",
    "a bright photo of the {}.",
    "a dark photo of a {}.",
    "a dark photo of the {}.",
    "a jpeg corrupted photo of a {}.",
    "a jpeg corrupted photo of the {}.",
    "a blurry photo of a {}.",
    "a blurry photo of the {}.",
    "a photo of a small {}.",
    "a photo of the small {}.",
    "a photo of a large {}.",
    "a photo of the large {}.",
    "a photo of a {} for visual inspection.",
    "a photo of the {} for visual inspection.",
    "a photo of a {} for anomaly detection.",
    "a photo of the {} for anomaly detection.",
    NULL,
};
/* The public list: two lines are missing, one is there twice and counts twice. */
static const char *const templates_21[] = {
    "a cropped photo of the {}.",
    "a close-up photo of a {}.",
    "a close-up photo of the {}.",
    "a bright photo of a {}.",
    "a bright photo of the {}.",
    "a dark photo of the {}.",
    "a dark photo of a {}.",
    "a jpeg corrupted photo of the {}.",
    "a jpeg corrupted photo of the {}.",
    "a blurry photo of the {}.",
    "a blurry photo of a {}.",
    "a photo of a {}.",
    "a photo of the {}.",
    "a photo of a small {}.",
    "a photo of the small {}.",
    "a photo of a large {}.",
    "a photo of the large {}.",
    "a photo of the {} for visual inspection.",
    "a photo of a {} for visual inspection.",
    "a photo of the {} for anomaly detection.",
    "a photo of a {} for anomaly detection.",
    NULL,
};
static const char *const templates_35[] = {
    "a bad photo of a {}.",
    "a low resolution photo of the {}.",
    "a bad photo of the {}.",
    "a cropped photo of the {}.",
    "a bright photo of a {}.",
    "a dark photo of the {}.",
    "a photo of my {}.",
    "a photo of the cool {}.",
    "a close-up photo of a {}.",
    "a black and white photo of the {}.",
    "a bright photo of the {}.",
    "a cropped photo of a {}.",
    "a jpeg corrupted photo of a {}.",
    "a blurry photo of the {}.",
    "a photo of the {}.",
    "a good photo of the {}.",
    "a photo of one {}.",
    "a close-up photo of the {}.",
    "a photo of a {}.",
    "a low resolution photo of a {}.",
    "a photo of a large {}.",
    "a blurry photo of a {}.",
    "a jpeg corrupted photo of the {}.",
    "a good photo of a {}.",
    "a photo of the small {}.",
    "a photo of the large {}.",
    "a black and white photo of a {}.",
    "a dark photo of a {}.",
    "a photo of a cool {}.",
    "a photo of a small {}.",
    "there is a {} in the scene.",
    "there is the {} in the scene.",
    "this is a {} in the scene.",
    "this is the {} in the scene.",
    "this is one {} in the scene.",
    NULL,
};

static const struct {
    const char *const *templates, *const *abnormal;
} ensembles[] = {{templates_22, four_states}, {templates_21, four_states}, {templates_35, five_states}};

static int length_of(const char *const *list)
{
    int n = 0;
    while (list[n] != NULL) n++;
    return n;
}

/* `form` with its {} replaced, on the heap; NULL without memory. */
static char *fill(const char *form, const char *word)
{
    const char *hole = strstr(form, "{}");
    REQUIRE(hole != NULL);
    return base_format("%.*s%s%s", (int)(hole - form), form, word, hole + 2);
}

/* The next prompt of the set's group. */
static status_t add_text(prompts_set_t *set, const tokenizer_t *tokenizer, const char *form, const char *state,
                         prompts_kind_t kind)
{
    status_t status = ST_ENOMEM;
    prompts_group_t *group = set->group;
    prompts_prompt_t *prompt = &group->prompt[group->nhp + group->ahp];
    char *noun = fill(state, group->noun), *text = noun != NULL ? fill(form, noun) : NULL;
    int length, *ids = arena_take(&set->arena, (size_t)tokenizer_context(tokenizer), sizeof *ids);
    const char *copy = text != NULL ? prompts_text(set, "%s", text) : NULL;
    if (ids == NULL || copy == NULL) goto done;
    TRY_DONE(tokenizer_encode(ids, &length, tokenizer, text));
    *prompt = (prompts_prompt_t){.kind = kind, .text = copy, .length = length, .ids = ids};
    *(kind == PROMPTS_NHP ? &group->nhp : &group->ahp) += 1;
    set->prompts++;
    if (length > set->max_length) set->max_length = length;
done:
    free(noun);
    free(text);
    return status;
}

status_t prompts_ensemble_init(prompts_set_t *out, const char *name, prompts_ensemble_t which,
                               const tokenizer_t *tokenizer, const prompts_key_t *key, int D)
{
    REQUIRE(out != NULL && name != NULL && tokenizer != NULL && D > 0);
    const char *const *templates = ensembles[which].templates, *const *abnormal = ensembles[which].abnormal;
    prompts_options_t options = prompts_options_default();
    options.learn = false;
    TRY(prompts_set_begin(out, tokenizer, &options, key, D));
    out->groups = 1;
    out->background = -1;
    out->first_component = 1;
    prompts_group_t *group = out->group;
    *group = (prompts_group_t){.level = PROMPTS_IMAGE, .component = -1};
    const size_t states = (size_t)(length_of(normal_states) + length_of(abnormal));
    group->prompt = arena_take(&out->arena, (size_t)length_of(templates) * states, sizeof *group->prompt);
    group->name = prompts_text(out, "image");
    group->noun = group->body = prompts_text(out, "%s", name);
    if (group->prompt == NULL || group->name == NULL || group->noun == NULL) return ST_ENOMEM;
    for (int kind = PROMPTS_NHP; kind <= PROMPTS_AHP; kind++) {
        const char *const *forms = kind == PROMPTS_NHP ? normal_states : abnormal;
        for (int s = 0; forms[s] != NULL; s++)
            for (int t = 0; templates[t] != NULL; t++)
                TRY(add_text(out, tokenizer, templates[t], forms[s], (prompts_kind_t)kind));
    }
    return ST_OK;
}
