/* What a schema cannot say: values verbatim in their sentences and of the vocabulary, and the file's place. */
#include "prompts/prompts_internal.h"

#include <stdlib.h>
#include <string.h>

static status_t check_value(prompts_report_t *report, const char *path, const char *field, const char *value,
                            prompts_attribute_t attribute, const prompts_vocabulary_t *vocabulary)
{
    const char *base, *rest = value;
    for (size_t size; (size = prompts_next_base(&base, &rest)) > 0;) {
        if (prompts_values_have(&vocabulary->base[attribute], base, size) ||
            prompts_values_have(&vocabulary->extra[attribute], base, size))
            continue;
        char word[96], hint[96];
        char *known = prompts_values_text(vocabulary, attribute, ", ");
        if (known == NULL) return ST_ENOMEM;
        snprintf(word, sizeof word, "%.*s", (int)size, base);
        prompts_suggest(hint, word, vocabulary->base[attribute].value, vocabulary->base[attribute].count);
        status_t status =
            prompts_complain(report, path, "%s: '%s' is no base value of '%s' in the vocabulary%s; there are: %s",
                             field, word, prompts_attribute_name(attribute), hint, known);
        free(known);
        TRY(status);
    }
    return ST_OK;
}

static void value_field(char out[96], int component, prompts_attribute_t attribute)
{
    const char *name = prompts_attribute_name(attribute);
    if (attribute < PROMPTS_NUMBER)
        snprintf(out, 96, "components[%d].attributes.%s", component, name);
    else
        snprintf(out, 96, "foreground.components[%d].%s", component, name);
}

/* Which texts a sentence must have: the summary names, the relation names, numbers and locations, a caption its own
 * name and attributes. */
static bool is_required(const prompts_place_t *place, int component, bool with_background)
{
    if (component >= 0) return place->component == component && place->attribute < PROMPTS_NUMBER;
    if (!place->is_value) return true;
    return !with_background && place->attribute >= PROMPTS_NUMBER;
}

static status_t check_sentence(prompts_report_t *report, const prompts_mfsc_t *mfsc, const char *field,
                               const char *sentence, int component, bool with_background)
{
    prompts_place_t places[PROMPTS_MAX_PLACES];
    int count = prompts_places_list(places, mfsc, component, with_background);
    prompts_places_find(places, count, sentence);
    for (int i = 0; i < count; i++) {
        const prompts_place_t *place = &places[i];
        if (place->start >= 0 || !is_required(place, component, with_background)) continue;
        char what[96];
        if (place->is_value)
            value_field(what, place->component, place->attribute);
        else if (place->component >= 0)
            snprintf(what, sizeof what, "components[%d].name", place->component);
        else
            snprintf(what, sizeof what, "image.%s", i == 0 ? "foreground" : "background");
        TRY(prompts_complain(report, mfsc->path, "%s: lacks '%s' (%s) as whole words outside longer values: '%.240s'",
                             field, place->text, what, sentence));
    }
    const char *negation = prompts_negation(sentence);
    if (negation == NULL) return ST_OK;
    return prompts_complain(report, mfsc->path,
                            "%s: '%s' says what is not there, which the text tower hardly reads; say what is there "
                            "(\"clean\", \"even\", \"complete\"): '%.240s'",
                            field, negation, sentence);
}

/* What the relation needs so that its numbers and locations can be replaced: a number before its noun, and "the" before a
 * location. */
static status_t check_relation(prompts_report_t *report, const prompts_mfsc_t *mfsc)
{
    prompts_place_t places[PROMPTS_MAX_PLACES];
    int count = prompts_places_list(places, mfsc, -1, false);
    prompts_places_find(places, count, mfsc->relation);
    for (int i = 0; i < count; i++) {
        const prompts_place_t *place = &places[i];
        if (!place->is_value || place->start < 0) continue;
        bool right = true;
        if (place->attribute == PROMPTS_LOCATION)
            right = prompts_preposition_start(mfsc->relation, place->start) < place->start;
        for (int k = 0; k < count && place->attribute == PROMPTS_NUMBER; k++) {
            int start[PROMPTS_MAX_NAMINGS];
            if (places[k].is_value || places[k].component != place->component) continue;
            int namings = prompts_places_namings(start, places, count, k, mfsc->relation);
            right = namings == 0 || start[namings - 1] > place->end;
        }
        if (right) continue;
        TRY(prompts_complain(
            report, mfsc->path, "foreground.relation: '%s' (%s of '%s') needs %s: '%.240s'", place->text,
            prompts_attribute_name(place->attribute), mfsc->component[place->component].name,
            place->attribute == PROMPTS_NUMBER ? "its noun behind it" : "'in the', 'on the' or 'at the' before it",
            mfsc->relation));
    }
    return ST_OK;
}

/* Number and agreement of what states are said of. */
static status_t check_nouns(prompts_report_t *report, const prompts_mfsc_t *mfsc)
{
    static const char *const VERBS[] = {"{} is ", "{} has ", "{} that is ", "{} that has ", "{} was ", "{} that was "};
    for (int i = 0; i < mfsc->states; i++) {
        const prompts_state_t *state = &mfsc->state[i];
        const char *verb = NULL, *several = NULL;
        for (size_t v = 0; v < sizeof VERBS / sizeof VERBS[0]; v++)
            if (strstr(state->text, VERBS[v]) != NULL) verb = VERBS[v];
        for (int c = 0; c < mfsc->components && several == NULL; c++)
            if ((state->of == 0 || (state->of & PROMPTS_OF_COMPONENT(c)) != 0) && mfsc->component[c].plural == NULL)
                several = mfsc->component[c].name;
        if (verb == NULL || several == NULL) continue;
        TRY(prompts_complain(report, mfsc->path,
                             "abnormal_states[%d]: '%s' is said of '%s', too: write the verb of both, as in 'is|are'",
                             i, state->text, several));
    }
    return ST_OK;
}

/* Words that are drawn for this caption alone: there, and not drawn for everybody already. */
static status_t check_own_values(prompts_report_t *report, const prompts_mfsc_t *mfsc,
                                 const prompts_vocabulary_t *vocabulary)
{
    for (int a = 0; a < PROMPTS_ATTRIBUTES; a++)
        for (int i = 0; i < mfsc->values[a].count; i++) {
            const char *word = mfsc->values[a].value[i];
            bool base = prompts_values_have(&vocabulary->base[a], word, strlen(word));
            if (!base && prompts_values_have(&vocabulary->extra[a], word, strlen(word))) continue;
            TRY(prompts_complain(report, mfsc->path, "values.%s[%d]: '%s' is %s",
                                 prompts_attribute_name((prompts_attribute_t)a), i, word,
                                 base ? "a base value, which is drawn for every caption"
                                      : "not in 'extra' of the vocabulary (hint: add it there)"));
        }
    return ST_OK;
}

/* What to know of a fit caption. */
static status_t note(prompts_report_t *report, const prompts_mfsc_t *mfsc)
{
    prompts_place_t places[PROMPTS_MAX_PLACES];
    int count = prompts_places_list(places, mfsc, -1, true);
    prompts_places_find(places, count, mfsc->summary);
    for (int i = 0; i < count; i++) {
        const char *base, *rest = places[i].text;
        if (!places[i].is_value || places[i].start >= 0 || places[i].attribute >= PROMPTS_NUMBER) continue;
        prompts_next_base(&base, &rest);
        if (*rest == '\0') continue;
        TRY(prompts_note(report, mfsc->path,
                         "image.summary: the joined value '%s' (%s of '%s') does not stand there, so it is replaced in "
                         "the component's caption alone",
                         places[i].text, prompts_attribute_name(places[i].attribute),
                         mfsc->component[places[i].component].name));
    }
    for (int i = 0; i < mfsc->unverified.count; i++)
        TRY(prompts_note(report, mfsc->path, "unverified: %s", mfsc->unverified.value[i]));
    return ST_OK;
}

static status_t check_place(prompts_report_t *report, const prompts_mfsc_t *mfsc)
{
    const char *path = mfsc->path, *file = strrchr(path, '/');
    file = file == NULL ? path : file + 1;
    size_t size = strlen(file);
    if (size >= 5 && strcmp(file + size - 5, ".json") == 0) size -= 5;
    if (strlen(mfsc->category) != size || memcmp(mfsc->category, file, size) != 0)
        TRY(prompts_complain(report, path, "category: '%s', but the file is called '%s'", mfsc->category, file));
    if (file == path) return ST_OK;
    const char *end = file - 1, *folder = end;
    while (folder > path && folder[-1] != '/') folder--;
    size = (size_t)(end - folder);
    if (strlen(mfsc->dataset) != size || memcmp(mfsc->dataset, folder, size) != 0)
        TRY(prompts_complain(report, path, "dataset: '%s', but the folder is called '%.*s'", mfsc->dataset, (int)size,
                             folder));
    return ST_OK;
}

status_t prompts_rules_check(prompts_report_t *report, const prompts_mfsc_t *mfsc,
                             const prompts_vocabulary_t *vocabulary, bool in_place)
{
    if (in_place) TRY(check_place(report, mfsc));
    for (int c = 0; c < mfsc->components; c++) {
        for (int a = 0; a < PROMPTS_ATTRIBUTES; a++) {
            const char *value = mfsc->component[c].value[a];
            char field[96];
            value_field(field, c, (prompts_attribute_t)a);
            if (value != NULL) TRY(check_value(report, mfsc->path, field, value, (prompts_attribute_t)a, vocabulary));
        }
    }
    TRY(check_sentence(report, mfsc, "image.summary", mfsc->summary, -1, true));
    TRY(check_sentence(report, mfsc, "foreground.relation", mfsc->relation, -1, false));
    for (int c = 0; c < mfsc->components; c++) {
        char field[96];
        snprintf(field, sizeof field, "components[%d].caption", c);
        TRY(check_sentence(report, mfsc, field, mfsc->component[c].caption, c, false));
    }
    TRY(check_relation(report, mfsc));
    TRY(check_nouns(report, mfsc));
    TRY(check_own_values(report, mfsc, vocabulary));
    return note(report, mfsc);
}
