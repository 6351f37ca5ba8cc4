/* What a schema cannot say: values verbatim in their sentences and of the vocabulary, and the file's place. */
#include "prompts/prompts_internal.h"

#include <string.h>

static status_t check_value(prompts_report_t *report, const char *path, const char *field, const char *value,
                            prompts_attribute_t attribute, const prompts_vocabulary_t *vocabulary)
{
    const char *base, *rest = value;
    for (size_t size; (size = prompts_next_base(&base, &rest)) > 0;) {
        if (prompts_vocabulary_find(vocabulary, attribute, base, size) >= 0) continue;
        char word[96], hint[96];
        snprintf(word, sizeof word, "%.*s", (int)size, base);
        prompts_suggest(hint, word, vocabulary->value[attribute], vocabulary->count[attribute]);
        TRY(prompts_complain(report, path, "%s: '%s' is no base value of '%s' in the vocabulary%s", field, word,
                             prompts_attribute_name(attribute), hint));
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
    return ST_OK;
}
