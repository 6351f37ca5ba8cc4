/* datasets/mfsc/schema.json, in C: one table an object, so that a complaint names the field and the value. */
#include "prompts/prompts_internal.h"

#include <string.h>

typedef enum { IDENTIFIER, PHRASE, SENTENCE, VALUE, WORD, NOTE, STATE, OBJECT, LIST } form_t;

typedef struct key key_t;
struct key {
    const char *name;
    form_t form;
    bool optional;
    const key_t *members; /* of OBJECT, and of items of a LIST that are objects */
    int most;             /* items of a LIST */
    form_t items;         /* of a LIST: their form when they are texts; OBJECT: they are none */
};

#define TEXT(name, form, optional)                                                                                     \
    {                                                                                                                  \
        name, form, optional, NULL, 0, form                                                                            \
    }
#define TEXTS(name, form, most)                                                                                        \
    {                                                                                                                  \
        name, LIST, true, NULL, most, form                                                                             \
    }

static const key_t ATTRIBUTE_KEYS[] = {TEXT("color", VALUE, true),     TEXT("texture", VALUE, true),
                                       TEXT("shape", VALUE, true),     TEXT("material", VALUE, true),
                                       TEXT("direction", VALUE, true), {0}};
static const key_t COMPONENT_KEYS[] = {TEXT("name", PHRASE, false),
                                       TEXT("caption", SENTENCE, false),
                                       {"attributes", OBJECT, false, ATTRIBUTE_KEYS, 0, OBJECT},
                                       {0}};
static const key_t PART_KEYS[] = {TEXT("name", PHRASE, false),
                                  TEXT("plural", PHRASE, true),
                                  TEXT("number", VALUE, false),
                                  TEXT("location", VALUE, true),
                                  {0}};
static const key_t FOREGROUND_KEYS[] = {
    TEXT("relation", SENTENCE, false), {"components", LIST, false, PART_KEYS, PROMPTS_MAX_COMPONENTS, OBJECT}, {0}};
static const key_t IMAGE_KEYS[] = {
    TEXT("foreground", PHRASE, false), TEXT("background", PHRASE, false), TEXT("summary", SENTENCE, false), {0}};
static const key_t STATE_KEYS[] = {
    TEXT("state", STATE, false), {"of", LIST, false, NULL, PROMPTS_MAX_COMPONENTS + 2, PHRASE}, {0}};
static const key_t VALUES_KEYS[] = {
    TEXTS("color", WORD, 64),     TEXTS("texture", WORD, 64), TEXTS("shape", WORD, 64),    TEXTS("material", WORD, 64),
    TEXTS("direction", WORD, 64), TEXTS("number", WORD, 64),  TEXTS("location", WORD, 64), {0}};
static const key_t ROOT_KEYS[] = {TEXT("category", IDENTIFIER, false),
                                  TEXT("dataset", IDENTIFIER, false),
                                  {"image", OBJECT, false, IMAGE_KEYS, 0, OBJECT},
                                  {"foreground", OBJECT, false, FOREGROUND_KEYS, 0, OBJECT},
                                  {"components", LIST, false, COMPONENT_KEYS, PROMPTS_MAX_COMPONENTS, OBJECT},
                                  {"abnormal_states", LIST, false, STATE_KEYS, PROMPTS_MAX_STATES, STATE},
                                  {"values", OBJECT, true, VALUES_KEYS, 0, OBJECT},
                                  TEXTS("unverified", NOTE, 32),
                                  {0}};

static int characters(const char *text)
{
    int count = 0;
    for (; *text != '\0'; text++) count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static bool has_upper(const char *text)
{
    return strpbrk(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL;
}

static bool has_single_spaces(const char *text)
{
    size_t size = strlen(text);
    if (size == 0 || text[0] == ' ' || text[size - 1] == ' ') return false;
    return strstr(text, "  ") == NULL && strpbrk(text, "\t\n\r\f\v") == NULL;
}

static bool is_value(const char *text)
{
    const char *base, *rest = text;
    for (;;) {
        size_t size = prompts_next_base(&base, &rest);
        if (size == 0 || strspn(base, "abcdefghijklmnopqrstuvwxyz-") < size) return false;
        if (base[size] == '\0') return true;
    }
}

/* Every '|' stands between two letters, and no two are in one word. */
static bool has_word_pairs(const char *text)
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz";
    for (const char *bar = text; (bar = strchr(bar, '|')) != NULL; bar++) {
        size_t word = strspn(bar + 1, LETTERS);
        if (bar == text || strchr(LETTERS, bar[-1]) == NULL || word == 0 || bar[1 + word] == '|') return false;
    }
    return true;
}

/* What is wrong with a text, NULL: nothing. */
static const char *text_fault(const char *text, form_t form)
{
    const int longest[] = {
        [IDENTIFIER] = 64, [PHRASE] = 80, [SENTENCE] = 1000, [VALUE] = 80, [WORD] = 80, [NOTE] = 400, [STATE] = 120};
    if (text[0] == '\0') return "is empty";
    if (text[0] == '<') return "is still to be filled in";
    if (characters(text) > longest[form])
        return form == SENTENCE ? "is longer than 1000 characters" : "is longer than a field of its kind may be";
    if (form == IDENTIFIER) {
        bool fit = strspn(text, "-_.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == strlen(text);
        return fit && strchr("-_.", text[0]) == NULL ? NULL : "is not a name of letters, digits, '_', '.' and '-'";
    }
    if (form == NOTE)
        return has_single_spaces(text) ? NULL : "needs single spaces between its words and none at its ends";
    if (has_upper(text)) return "has an upper-case letter";
    if (form == STATE) {
        const char *open = strstr(text, "{}");
        bool one = open != NULL && strpbrk(open + 2, "{}") == NULL && strcspn(text, "{}") == (size_t)(open - text);
        if (!one) return "needs exactly one {} where the noun goes";
        return has_word_pairs(text) ? NULL : "has a '|' that is not between two words, as in is|are";
    }
    if (strpbrk(text, "{}") != NULL) return "has a brace";
    if (!has_single_spaces(text)) return "needs single spaces between its words and none at its ends";
    if (form == WORD && strspn(text, "abcdefghijklmnopqrstuvwxyz-") != strlen(text))
        return "is not one word of lower-case letters and hyphens";
    if (form == VALUE && !is_value(text)) return "is not a value or values joined by 'and', 'or', 'with'";
    return NULL;
}

static status_t check_object(prompts_report_t *report, io_json_node_t object, const key_t *keys, const char *path,
                             const char *where);

static status_t check_text(prompts_report_t *report, io_json_node_t node, form_t form, const char *path,
                           const char *where)
{
    const char *text = io_json_string(node);
    if (text == NULL) return prompts_complain(report, path, "%s: not a text", where);
    const char *fault = text_fault(text, form);
    return fault == NULL ? ST_OK : prompts_complain(report, path, "%s: '%.200s' %s", where, text, fault);
}

/* Of an item that may be a text or a state with its `of`. */
static const char *text_of(io_json_node_t item)
{
    return io_json_kind(item) == IO_JSON_OBJECT ? io_json_string(io_json_get(item, "state")) : io_json_string(item);
}

static status_t check_list(prompts_report_t *report, io_json_node_t list, const key_t *key, const char *path,
                           const char *where)
{
    int count = io_json_count(list);
    if (io_json_kind(list) != IO_JSON_ARRAY) return prompts_complain(report, path, "%s: not a list", where);
    if (count < 1 || count > key->most)
        TRY(prompts_complain(report, path, "%s: has %d entries, expected 1 to %d", where, count, key->most));
    for (int i = 0; i < count; i++) {
        char field[256];
        snprintf(field, sizeof field, "%s[%d]", where, i);
        io_json_node_t item = io_json_at(list, i);
        if (key->items == OBJECT || (key->members != NULL && io_json_kind(item) == IO_JSON_OBJECT))
            TRY(check_object(report, item, key->members, path, field));
        else
            TRY(check_text(report, item, key->items, path, field));
        if (key->items == OBJECT) continue;
        for (int j = 0; j < i; j++) {
            const char *a = text_of(item), *b = text_of(io_json_at(list, j));
            if (a != NULL && b != NULL && strcmp(a, b) == 0)
                TRY(prompts_complain(report, path, "%s: '%s' is there twice, first as %s[%d]", field, a, where, j));
        }
    }
    return ST_OK;
}

static status_t check_unknown_keys(prompts_report_t *report, io_json_node_t object, const key_t *keys, const char *path,
                                   const char *where)
{
    const char *names[16];
    int known = 0;
    while (keys[known].name != NULL) names[known] = keys[known].name, known++;
    for (int i = 0; i < io_json_count(object); i++) {
        const char *name = NULL;
        io_json_member(&name, object, i);
        int k = 0;
        while (k < known && strcmp(names[k], name) != 0) k++;
        if (k < known) continue;
        char hint[96];
        prompts_suggest(hint, name, names, known);
        TRY(prompts_complain(report, path, "%s%sunknown key '%s'%s", where, where[0] != '\0' ? ": " : "", name, hint));
    }
    return ST_OK;
}

static status_t check_object(prompts_report_t *report, io_json_node_t object, const key_t *keys, const char *path,
                             const char *where)
{
    if (io_json_kind(object) != IO_JSON_OBJECT)
        return prompts_complain(report, path, "%s: not an object", where[0] != '\0' ? where : "the file");
    TRY(check_unknown_keys(report, object, keys, path, where));
    for (const key_t *key = keys; key->name != NULL; key++) {
        char field[256];
        snprintf(field, sizeof field, "%s%s%s", where, where[0] != '\0' ? "." : "", key->name);
        io_json_node_t node = io_json_get(object, key->name);
        if (node == NULL) {
            if (!key->optional) TRY(prompts_complain(report, path, "%s: is missing", field));
        } else if (key->form == OBJECT) {
            TRY(check_object(report, node, key->members, path, field));
        } else if (key->form == LIST) {
            TRY(check_list(report, node, key, path, field));
        } else {
            TRY(check_text(report, node, key->form, path, field));
        }
    }
    return ST_OK;
}

status_t prompts_schema_check(prompts_report_t *report, io_json_node_t root, const char *path)
{
    return check_object(report, root, ROOT_KEYS, path, "");
}
