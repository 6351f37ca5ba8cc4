/* The vocabulary of base values. */
#include "prompts/prompts_internal.h"

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

int prompts_vocabulary_find(const prompts_vocabulary_t *vocabulary, prompts_attribute_t attribute, const char *base,
                            size_t size)
{
    for (int i = 0; i < vocabulary->count[attribute]; i++) {
        const char *value = vocabulary->value[attribute][i];
        if (strlen(value) == size && memcmp(value, base, size) == 0) return i;
    }
    return -1;
}

static status_t read_list(prompts_vocabulary_t *out, prompts_attribute_t attribute, io_json_node_t list,
                          const char *path)
{
    const char *name = NAMES[attribute];
    int count = io_json_count(list);
    if (io_json_kind(list) != IO_JSON_ARRAY || count == 0)
        return fail(ST_EFORMAT, "'%s': %s: not a list of values", path, name);
    const char **values = arena_take(&out->arena, (size_t)count, sizeof *values);
    if (values == NULL) return ST_ENOMEM;
    out->value[attribute] = values;
    for (int i = 0; i < count; i++) {
        const char *value = io_json_string(io_json_at(list, i));
        size_t size = value == NULL ? 0 : strlen(value);
        if (size == 0 || strspn(value, "abcdefghijklmnopqrstuvwxyz-") != size)
            return fail(ST_EFORMAT,
                        "'%s': %s[%d]: '%s' is not a base value (one word of lower-case letters and hyphens)", path,
                        name, i, value == NULL ? "(not a text)" : value);
        if (prompts_vocabulary_find(out, attribute, value, size) >= 0)
            return fail(ST_EFORMAT, "'%s': %s[%d]: '%s' is there twice", path, name, i, value);
        char *copy = arena_take(&out->arena, size + 1, 1);
        if (copy == NULL) return ST_ENOMEM;
        memcpy(copy, value, size + 1);
        values[i] = copy;
        out->count[attribute] = i + 1;
    }
    return ST_OK;
}

status_t prompts_vocabulary_read(prompts_vocabulary_t *out, const char *path)
{
    status_t status = ST_OK;
    io_json_t *json = NULL;
    *out = (prompts_vocabulary_t){0};
    arena_init(&out->arena, "vocabulary");
    TRY_DONE(io_json_read(&json, path));
    io_json_node_t root = io_json_root(json);
    if (io_json_kind(root) != IO_JSON_OBJECT) {
        status = fail(ST_EFORMAT, "'%s': not an object with lists of base values", path);
        goto done;
    }
    for (int i = 0; i < io_json_count(root); i++) {
        const char *key = NULL;
        io_json_member(&key, root, i);
        bool known = strcmp(key, "description") == 0;
        for (int a = 0; a < PROMPTS_ATTRIBUTES; a++) known = known || strcmp(key, NAMES[a]) == 0;
        if (known) continue;
        char hint[96];
        prompts_suggest(hint, key, NAMES, PROMPTS_ATTRIBUTES);
        status = fail(ST_EFORMAT, "'%s': unknown key '%s'%s", path, key, hint);
        goto done;
    }
    for (int a = 0; a < PROMPTS_ATTRIBUTES; a++) {
        io_json_node_t list = io_json_get(root, NAMES[a]);
        if (list == NULL) {
            status = fail(ST_EFORMAT, "'%s': the key '%s' is missing", path, NAMES[a]);
            goto done;
        }
        TRY_DONE(read_list(out, (prompts_attribute_t)a, list, path));
    }
done:
    io_json_free(json);
    return status;
}

void prompts_vocabulary_free(prompts_vocabulary_t *vocabulary)
{
    arena_free(&vocabulary->arena);
}
