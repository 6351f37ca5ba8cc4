/* The vocabulary: what values captions may have, and what may be drawn in their place. */
#include "prompts/prompts_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[PROMPTS_ATTRIBUTES] = {"color",     "texture", "shape",   "material",
                                                      "direction", "number",  "location"};
static const char *const JOINTS[] = {" and ", " or ", " with "};

const char *prompts_attribute_name(prompts_attribute_t attribute)
{
    REQUIRE((int)attribute >= 0 && attribute < PROMPTS_ATTRIBUTES);
    return NAMES[attribute];
}

size_t prompts_next_base(const char **base, const char **rest)
{
    *base = *rest;
    size_t size = strlen(*rest), joint = 0;
    for (size_t i = 0; i < sizeof JOINTS / sizeof JOINTS[0]; i++) {
        const char *found = strstr(*rest, JOINTS[i]);
        if (found != NULL && (size_t)(found - *rest) < size) {
            size = (size_t)(found - *rest);
            joint = strlen(JOINTS[i]);
        }
    }
    *rest += size + joint;
    return size;
}

bool prompts_values_have(const prompts_values_t *values, const char *base, size_t size)
{
    for (int i = 0; i < values->count; i++)
        if (strlen(values->value[i]) == size && memcmp(values->value[i], base, size) == 0) return true;
    return false;
}

static bool have(const prompts_values_t *values, const char *word)
{
    return prompts_values_have(values, word, strlen(word));
}

/* ---- Draws ---- */

/* Whether `other` says what a part of the joined `value` says. */
static bool says_the_same(const prompts_vocabulary_t *vocabulary, prompts_attribute_t attribute, const char *value,
                          const char *other)
{
    const char *base, *rest = value;
    for (size_t size; (size = prompts_next_base(&base, &rest)) > 0;) {
        if (strlen(other) == size && memcmp(other, base, size) == 0) return true;
        for (int i = 0; i < vocabulary->synonym_sets[attribute]; i++) {
            const prompts_values_t *set = &vocabulary->synonyms[attribute][i];
            if (prompts_values_have(set, base, size) && have(set, other)) return true;
        }
    }
    return false;
}

int prompts_others(const char **others, const prompts_vocabulary_t *vocabulary, const prompts_mfsc_t *mfsc,
                   prompts_attribute_t attribute, const char *value)
{
    int count = 0;
    const prompts_values_t *lists[] = {&vocabulary->base[attribute], &mfsc->values[attribute]};
    /* A plural noun has no singular form here: "one" can only be replaced, not drawn. */
    bool no_one = attribute == PROMPTS_NUMBER && strcmp(value, "one") != 0;
    for (int l = 0; l < 2; l++)
        for (int i = 0; i < lists[l]->count; i++) {
            const char *other = lists[l]->value[i];
            if (no_one && strcmp(other, "one") == 0) continue;
            if (!says_the_same(vocabulary, attribute, value, other)) others[count++] = other;
        }
    return count;
}

char *prompts_draws_text(const prompts_vocabulary_t *vocabulary, const prompts_mfsc_t *mfsc)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return NULL;
    fprintf(out, "version %d\n", vocabulary->version);
    for (int c = 0; c < mfsc->components; c++)
        for (int a = 0; a < PROMPTS_ATTRIBUTES; a++) {
            const char *value = mfsc->component[c].value[a];
            if (value == NULL) continue;
            size_t room = (size_t)vocabulary->base[a].count + (size_t)mfsc->values[a].count;
            const char **others = calloc(room + 1, sizeof *others);
            int count = others == NULL ? 0 : prompts_others(others, vocabulary, mfsc, (prompts_attribute_t)a, value);
            fprintf(out, "%s %s:", NAMES[a], value);
            for (int i = 0; i < count; i++) fprintf(out, " %s", others[i]);
            fputc('\n', out);
            bool ok = others != NULL;
            free(others);
            if (ok) continue;
            fclose(out);
            free(text);
            return NULL;
        }
    for (int i = 0; i < vocabulary->location.count; i++) {
        const char *location = vocabulary->location.value[i];
        if (have(&vocabulary->base[PROMPTS_LOCATION], location) || have(&mfsc->values[PROMPTS_LOCATION], location))
            fprintf(out, "%s the %s\n", vocabulary->preposition.value[i], location);
    }
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}

char *prompts_values_text(const prompts_vocabulary_t *vocabulary, prompts_attribute_t attribute, const char *between)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return NULL;
    const prompts_values_t *lists[] = {&vocabulary->base[attribute], &vocabulary->extra[attribute]};
    for (int l = 0, first = 1; l < 2; l++)
        for (int i = 0; i < lists[l]->count; i++, first = 0)
            fprintf(out, "%s%s", first ? "" : between, lists[l]->value[i]);
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}

/* ---- Reading ---- */

typedef struct {
    prompts_vocabulary_t *out;
    const char *path;
} reader_t;

static status_t keep(const char **out, const reader_t *reader, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = arena_take(&reader->out->arena, size, 1);
    if (copy == NULL) return ST_ENOMEM;
    memcpy(copy, text, size);
    *out = copy;
    return ST_OK;
}

/* where: the list's name in messages. */
static status_t read_list(prompts_values_t *out, const reader_t *reader, io_json_node_t list, int least,
                          const char *where)
{
    const char *path = reader->path;
    int count = io_json_count(list);
    if (io_json_kind(list) != IO_JSON_ARRAY || count < least)
        return fail(ST_EFORMAT, "'%s': %s: not a list of %d or more values", path, where, least);
    out->value = arena_take(&reader->out->arena, (size_t)count + 1, sizeof *out->value);
    if (out->value == NULL) return ST_ENOMEM;
    for (int i = 0; i < count; i++) {
        const char *value = io_json_string(io_json_at(list, i));
        size_t size = value == NULL ? 0 : strlen(value);
        if (size == 0 || strspn(value, "abcdefghijklmnopqrstuvwxyz-") != size)
            return fail(ST_EFORMAT,
                        "'%s': %s[%d]: '%s' is not a base value (one word of lower-case letters and hyphens)", path,
                        where, i, value == NULL ? "(not a text)" : value);
        if (have(out, value)) return fail(ST_EFORMAT, "'%s': %s[%d]: '%s' is there twice", path, where, i, value);
        TRY(keep(&out->value[i], reader, value));
        out->count = i + 1;
    }
    return ST_OK;
}

/* Keys of an object: all attributes' names, or some. */
static status_t check_keys(const reader_t *reader, io_json_node_t object, const char *where, const char *const *names,
                           int count)
{
    if (io_json_kind(object) != IO_JSON_OBJECT) return fail(ST_EFORMAT, "'%s': %s: not an object", reader->path, where);
    for (int i = 0; i < io_json_count(object); i++) {
        const char *key = NULL;
        io_json_member(&key, object, i);
        int k = 0;
        while (k < count && strcmp(key, names[k]) != 0) k++;
        if (k < count) continue;
        char hint[96];
        prompts_suggest(hint, key, names, count);
        return fail(ST_EFORMAT, "'%s': %s%sunknown key '%s'%s", reader->path, where, where[0] != '\0' ? ": " : "", key,
                    hint);
    }
    return ST_OK;
}

static status_t read_values(const reader_t *reader, io_json_node_t root)
{
    io_json_node_t base = io_json_get(root, "base"), extra = io_json_get(root, "extra");
    if (base == NULL)
        return fail(ST_EFORMAT, "'%s': the key 'base' is missing (the lists of values that are drawn)", reader->path);
    TRY(check_keys(reader, base, "base", NAMES, PROMPTS_ATTRIBUTES));
    if (extra != NULL) TRY(check_keys(reader, extra, "extra", NAMES, PROMPTS_ATTRIBUTES));
    for (int a = 0; a < PROMPTS_ATTRIBUTES; a++) {
        char where[64];
        snprintf(where, sizeof where, "base.%s", NAMES[a]);
        io_json_node_t list = io_json_get(base, NAMES[a]);
        if (list == NULL) return fail(ST_EFORMAT, "'%s': the key '%s' is missing", reader->path, where);
        TRY(read_list(&reader->out->base[a], reader, list, 1, where));
        list = extra != NULL ? io_json_get(extra, NAMES[a]) : NULL;
        if (list == NULL) continue;
        snprintf(where, sizeof where, "extra.%s", NAMES[a]);
        TRY(read_list(&reader->out->extra[a], reader, list, 0, where));
        for (int i = 0; i < reader->out->extra[a].count; i++)
            if (have(&reader->out->base[a], reader->out->extra[a].value[i]))
                return fail(ST_EFORMAT, "'%s': %s[%d]: '%s' is a base value, too", reader->path, where, i,
                            reader->out->extra[a].value[i]);
    }
    return ST_OK;
}

static bool knows(const prompts_vocabulary_t *vocabulary, int attribute, const char *word)
{
    return have(&vocabulary->base[attribute], word) || have(&vocabulary->extra[attribute], word);
}

static status_t read_synonyms(const reader_t *reader, io_json_node_t object)
{
    if (object == NULL) return ST_OK;
    prompts_vocabulary_t *out = reader->out;
    TRY(check_keys(reader, object, "synonyms", NAMES, PROMPTS_ATTRIBUTES));
    for (int a = 0; a < PROMPTS_ATTRIBUTES; a++) {
        io_json_node_t sets = io_json_get(object, NAMES[a]);
        if (sets == NULL) continue;
        if (io_json_kind(sets) != IO_JSON_ARRAY)
            return fail(ST_EFORMAT, "'%s': synonyms.%s: not a list of lists", reader->path, NAMES[a]);
        int count = io_json_count(sets);
        out->synonyms[a] = arena_take(&out->arena, (size_t)count + 1, sizeof *out->synonyms[a]);
        if (out->synonyms[a] == NULL) return ST_ENOMEM;
        for (int s = 0; s < count; s++) {
            char where[64];
            snprintf(where, sizeof where, "synonyms.%s[%d]", NAMES[a], s);
            prompts_values_t *set = &out->synonyms[a][s];
            *set = (prompts_values_t){0};
            TRY(read_list(set, reader, io_json_at(sets, s), 2, where));
            for (int i = 0; i < set->count; i++)
                if (!knows(out, a, set->value[i]))
                    return fail(ST_EFORMAT, "'%s': %s[%d]: '%s' is neither a base nor an extra value of '%s'",
                                reader->path, where, i, set->value[i], NAMES[a]);
            out->synonym_sets[a] = s + 1;
        }
    }
    return ST_OK;
}

static status_t read_prepositions(const reader_t *reader, io_json_node_t object)
{
    if (object == NULL) return ST_OK;
    prompts_vocabulary_t *out = reader->out;
    int count = io_json_count(object);
    if (io_json_kind(object) != IO_JSON_OBJECT)
        return fail(ST_EFORMAT, "'%s': prepositions: not an object", reader->path);
    out->location.value = arena_take(&out->arena, (size_t)count + 1, sizeof *out->location.value);
    out->preposition.value = arena_take(&out->arena, (size_t)count + 1, sizeof *out->preposition.value);
    if (out->location.value == NULL || out->preposition.value == NULL) return ST_ENOMEM;
    for (int i = 0; i < count; i++) {
        const char *location = NULL, *word = io_json_string(io_json_member(&location, object, i));
        if (!knows(out, PROMPTS_LOCATION, location))
            return fail(ST_EFORMAT, "'%s': prepositions: '%s' is neither a base nor an extra location", reader->path,
                        location);
        if (word == NULL || word[0] == '\0' || strspn(word, "abcdefghijklmnopqrstuvwxyz") != strlen(word))
            return fail(ST_EFORMAT, "'%s': prepositions.%s: not a word", reader->path, location);
        TRY(keep(&out->location.value[i], reader, location));
        TRY(keep(&out->preposition.value[i], reader, word));
        out->location.count = out->preposition.count = i + 1;
    }
    return ST_OK;
}

static status_t read_root(const reader_t *reader, io_json_node_t root)
{
    static const char *const KEYS[] = {"description", "version", "base", "extra", "synonyms", "prepositions"};
    TRY(check_keys(reader, root, "", KEYS, sizeof KEYS / sizeof KEYS[0]));
    double version = io_json_number(io_json_get(root, "version"), 0);
    if (!(version >= 1 && version <= 1e6 && floor(version) == version))
        return fail(ST_EFORMAT, "'%s': version: expected a number from 1 on, another one for another 'base'",
                    reader->path);
    reader->out->version = (int)version;
    TRY(read_values(reader, root));
    TRY(read_synonyms(reader, io_json_get(root, "synonyms")));
    return read_prepositions(reader, io_json_get(root, "prepositions"));
}

status_t prompts_vocabulary_read(prompts_vocabulary_t *out, const char *path)
{
    io_json_t *json = NULL;
    *out = (prompts_vocabulary_t){0};
    arena_init(&out->arena, "vocabulary");
    const reader_t reader = {.out = out, .path = path};
    status_t status = io_json_read(&json, path);
    if (status == ST_OK) status = read_root(&reader, io_json_root(json));
    io_json_free(json);
    return status;
}

void prompts_vocabulary_free(prompts_vocabulary_t *vocabulary)
{
    arena_free(&vocabulary->arena);
}
