/* Reading a caption file: form, then contents, then rules. */
#include "prompts/prompts_internal.h"

#include <stdlib.h>
#include <string.h>

static status_t copy(const char **out, prompts_mfsc_t *mfsc, const char *text)
{
    size_t size = strlen(text) + 1;
    char *bytes = arena_take(&mfsc->arena, size, 1);
    if (bytes == NULL) return ST_ENOMEM;
    memcpy(bytes, text, size);
    *out = bytes;
    return ST_OK;
}

static status_t copy_member(const char **out, prompts_mfsc_t *mfsc, io_json_node_t object, const char *key)
{
    return copy(out, mfsc, io_json_string(io_json_get(object, key)));
}

static status_t fill_component(prompts_component_t *out, prompts_mfsc_t *mfsc, io_json_node_t part,
                               io_json_node_t component)
{
    TRY(copy_member(&out->name, mfsc, component, "name"));
    TRY(copy_member(&out->caption, mfsc, component, "caption"));
    io_json_node_t attributes = io_json_get(component, "attributes");
    for (int a = 0; a < PROMPTS_NUMBER; a++) {
        const char *value = io_json_string(io_json_get(attributes, prompts_attribute_name((prompts_attribute_t)a)));
        if (value != NULL) TRY(copy(&out->value[a], mfsc, value));
    }
    TRY(copy_member(&out->value[PROMPTS_NUMBER], mfsc, part, "number"));
    if (io_json_get(part, "location") != NULL) TRY(copy_member(&out->value[PROMPTS_LOCATION], mfsc, part, "location"));
    if (strcmp(out->value[PROMPTS_NUMBER], "one") != 0) return ST_OK;
    if (io_json_get(part, "plural") != NULL) return copy_member(&out->plural, mfsc, part, "plural");
    char *plural = prompts_plural(out->name);
    status_t status = plural != NULL ? copy(&out->plural, mfsc, plural) : ST_ENOMEM;
    free(plural);
    return status;
}

static status_t copy_list(prompts_values_t *out, prompts_mfsc_t *mfsc, io_json_node_t list)
{
    int count = list != NULL ? io_json_count(list) : 0;
    out->value = arena_take(&mfsc->arena, (size_t)count + 1, sizeof *out->value);
    if (out->value == NULL) return ST_ENOMEM;
    for (out->count = 0; out->count < count; out->count++)
        TRY(copy(&out->value[out->count], mfsc, io_json_string(io_json_at(list, out->count))));
    return ST_OK;
}

/* A name in a state's `of`; 0: there is nothing of this name. */
static unsigned noun_named(const prompts_mfsc_t *mfsc, const char *name)
{
    if (strcmp(name, "foreground") == 0) return PROMPTS_OF_FOREGROUND;
    if (strcmp(name, "background") == 0) return mfsc->background != NULL ? PROMPTS_OF_BACKGROUND : 0;
    for (int c = 0; c < mfsc->components; c++)
        if (strcmp(mfsc->component[c].name, name) == 0) return PROMPTS_OF_COMPONENT(c);
    return 0;
}

/* A text, or {state, of}. Names in `of` that are none are complaints. */
static status_t fill_state(prompts_state_t *out, prompts_mfsc_t *mfsc, prompts_report_t *report, io_json_node_t item,
                           int index)
{
    out->of = 0;
    if (io_json_kind(item) != IO_JSON_OBJECT) return copy(&out->text, mfsc, io_json_string(item));
    TRY(copy_member(&out->text, mfsc, item, "state"));
    io_json_node_t of = io_json_get(item, "of");
    for (int i = 0; i < io_json_count(of); i++) {
        const char *name = io_json_string(io_json_at(of, i)), *names[PROMPTS_MAX_COMPONENTS + 2];
        unsigned noun = noun_named(mfsc, name);
        out->of |= noun;
        if (noun != 0) continue;
        int count = 0;
        char hint[96];
        names[count++] = "foreground";
        if (mfsc->background != NULL) names[count++] = "background";
        for (int c = 0; c < mfsc->components; c++) names[count++] = mfsc->component[c].name;
        prompts_suggest(hint, name, names, count);
        TRY(prompts_complain(report, mfsc->path,
                             "abnormal_states[%d].of: '%s' is neither a component nor foreground%s%s", index, name,
                             mfsc->background != NULL ? " or background" : " (there is no background)", hint));
    }
    return ST_OK;
}

/* The contents of a document whose form has been checked. */
static status_t fill(prompts_mfsc_t *out, prompts_report_t *report, io_json_node_t root)
{
    io_json_node_t image = io_json_get(root, "image"), foreground = io_json_get(root, "foreground");
    io_json_node_t parts = io_json_get(foreground, "components"), components = io_json_get(root, "components");
    io_json_node_t states = io_json_get(root, "abnormal_states");
    TRY(copy_member(&out->category, out, root, "category"));
    TRY(copy_member(&out->dataset, out, root, "dataset"));
    TRY(copy_member(&out->foreground, out, image, "foreground"));
    if (strcmp(io_json_string(io_json_get(image, "background")), "none") != 0)
        TRY(copy_member(&out->background, out, image, "background"));
    TRY(copy_member(&out->summary, out, image, "summary"));
    TRY(copy_member(&out->relation, out, foreground, "relation"));
    out->components = io_json_count(components);
    for (int c = 0; c < out->components; c++)
        TRY(fill_component(&out->component[c], out, io_json_at(parts, c), io_json_at(components, c)));
    out->states = io_json_count(states);
    out->state = arena_take(&out->arena, (size_t)out->states, sizeof *out->state);
    if (out->state == NULL) return ST_ENOMEM;
    for (int i = 0; i < out->states; i++) TRY(fill_state(&out->state[i], out, report, io_json_at(states, i), i));
    io_json_node_t values = io_json_get(root, "values");
    for (int a = 0; a < PROMPTS_ATTRIBUTES; a++)
        TRY(copy_list(&out->values[a], out,
                      values != NULL ? io_json_get(values, prompts_attribute_name((prompts_attribute_t)a)) : NULL));
    return copy_list(&out->unverified, out, io_json_get(root, "unverified"));
}

/* The two lists of components have to agree before the rest can be read: complaints. */
static status_t check_names(prompts_report_t *report, io_json_node_t root, const char *path)
{
    io_json_node_t parts = io_json_get(io_json_get(root, "foreground"), "components");
    io_json_node_t components = io_json_get(root, "components");
    int count = io_json_count(components);
    if (io_json_count(parts) != count)
        return prompts_complain(report, path, "components: has %d entries, foreground.components has %d", count,
                                io_json_count(parts));
    for (int c = 0; c < count; c++) {
        const char *name = io_json_string(io_json_get(io_json_at(components, c), "name"));
        const char *part = io_json_string(io_json_get(io_json_at(parts, c), "name"));
        if (strcmp(name, part) != 0)
            TRY(prompts_complain(report, path,
                                 "components[%d].name: '%s', but foreground.components[%d].name is '%s' (the same "
                                 "names in the same order)",
                                 c, name, c, part));
        for (int d = 0; d < c; d++)
            if (strcmp(name, io_json_string(io_json_get(io_json_at(components, d), "name"))) == 0)
                TRY(prompts_complain(report, path, "components[%d].name: '%s' is components[%d]'s name too", c, name,
                                     d));
    }
    return ST_OK;
}

/* out is filled as far as the complaints allow; report says whether it is whole. `path` names the text. */
static status_t load_text(prompts_mfsc_t *out, prompts_report_t *report, const char *text, size_t size,
                          const char *path, const prompts_vocabulary_t *vocabulary, bool in_place)
{
    io_json_t *json = NULL;
    arena_init(&out->arena, "caption");
    status_t status = copy(&out->path, out, path);
    if (status != ST_OK) return status;
    status = io_json_parse(&json, text, size, path);
    if (status == ST_EFORMAT) return prompts_complain(report, NULL, "%s", fail_message());
    if (status != ST_OK) return status;
    io_json_node_t root = io_json_root(json);
    TRY_DONE(prompts_schema_check(report, root, path));
    if (report->count > 0) goto done;
    TRY_DONE(check_names(report, root, path));
    if (report->count > 0) goto done;
    TRY_DONE(fill(out, report, root));
    if (report->count > 0) goto done;
    TRY_DONE(prompts_rules_check(report, out, vocabulary, in_place));
done:
    io_json_free(json);
    return status;
}

static status_t load(prompts_mfsc_t *out, prompts_report_t *report, const char *path,
                     const prompts_vocabulary_t *vocabulary, bool in_place)
{
    char *text = NULL;
    size_t size = 0;
    TRY(io_read_file(&text, &size, path));
    status_t status = load_text(out, report, text, size, path, vocabulary, in_place);
    free(text);
    return status;
}

status_t prompts_mfsc_check_text(prompts_report_t *report, const char *text, size_t size, const char *name,
                                 const prompts_vocabulary_t *vocabulary, bool in_place)
{
    *report = (prompts_report_t){0};
    prompts_mfsc_t mfsc = {0};
    status_t status = load_text(&mfsc, report, text, size, name, vocabulary, in_place);
    prompts_mfsc_free(&mfsc);
    return status;
}

status_t prompts_mfsc_check(prompts_report_t *report, const char *path, const prompts_vocabulary_t *vocabulary,
                            bool in_place)
{
    *report = (prompts_report_t){0};
    prompts_mfsc_t mfsc = {0};
    status_t status = load(&mfsc, report, path, vocabulary, in_place);
    prompts_mfsc_free(&mfsc);
    return status;
}

status_t prompts_mfsc_read(prompts_mfsc_t *out, const char *path, const prompts_vocabulary_t *vocabulary)
{
    *out = (prompts_mfsc_t){0};
    prompts_report_t report = {0};
    status_t status = load(out, &report, path, vocabulary, false);
    if (status == ST_OK && report.count == 1) status = fail(ST_EFORMAT, "%s", report.line[0]);
    if (status == ST_OK && report.count > 1)
        status = fail(ST_EFORMAT, "%s (and %d more: fgad mfsc check %s lists them)", report.line[0], report.count - 1,
                      base_shell_word(path));
    prompts_report_free(&report);
    return status;
}

void prompts_mfsc_free(prompts_mfsc_t *mfsc)
{
    arena_free(&mfsc->arena);
}
