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

/* One text and its ids, in the arena. */
static status_t add_text(prompts_texts_t *out, const clip_tokenizer_t *tokenizer, const char *form, const char *state,
                         const char *name)
{
    status_t status = ST_ENOMEM;
    const int context = clip_tokenizer_context(tokenizer), at = out->count;
    char *noun = fill(state, name), *text = noun != NULL ? fill(form, noun) : NULL;
    int *ids = arena_take(&out->arena, (size_t)context, sizeof *ids);
    char *copy = text != NULL ? arena_take(&out->arena, strlen(text) + 1, 1) : NULL;
    if (ids == NULL || copy == NULL) goto done;
    memcpy(copy, text, strlen(text) + 1);
    TRY_DONE(clip_tokenizer_encode(ids, &out->prompt[at].length, tokenizer, text));
    out->prompt[at].ids = ids;
    out->text[at] = copy;
    out->count++;
done:
    free(noun);
    free(text);
    return status;
}

status_t prompts_texts_init(prompts_texts_t *out, const char *name, prompts_ensemble_t which,
                            const clip_tokenizer_t *tokenizer)
{
    REQUIRE(out != NULL && name != NULL && tokenizer != NULL);
    const char *const *templates = ensembles[which].templates, *const *abnormal = ensembles[which].abnormal;
    const int T = length_of(templates), normal = length_of(normal_states), all = T * (normal + length_of(abnormal));
    *out = (prompts_texts_t){.normal = T * normal};
    arena_init(&out->arena, "texts");
    out->prompt = arena_take(&out->arena, (size_t)all, sizeof *out->prompt);
    out->text = arena_take(&out->arena, (size_t)all, sizeof *out->text);
    if (out->prompt == NULL || out->text == NULL) return ST_ENOMEM;
    for (int side = 0; side < 2; side++) {
        const char *const *states = side == 0 ? normal_states : abnormal;
        for (int s = 0; states[s] != NULL; s++)
            for (int t = 0; t < T; t++) TRY(add_text(out, tokenizer, templates[t], states[s], name));
    }
    return ST_OK;
}

void prompts_texts_free(prompts_texts_t *texts)
{
    arena_free(&texts->arena);
}
