/* JSON through jansson: the only file that knows it. The parsed tree gets a second skeleton of our own, so that item
 * i, member i and a key are found without walking: a tokenizer's vocabulary is one object of 49,000 members. */
#include "io/io_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_VALUES = 5000000 }; /* of objects and lists; Real-IAD names 150,000 images */

typedef struct node {
    json_t *value;         /* borrowed from the document's root */
    const char *key;       /* as a member, else NULL; borrowed */
    struct node *children; /* (count), in file order; owned */
    const struct node **by_key;
    int count;
} node_t;

struct io_json {
    json_t *root; /* owned */
    node_t node;
};

static void node_free(node_t *node)
{
    for (int i = 0; i < node->count; i++) node_free(&node->children[i]);
    free(node->children);
    free(node->by_key);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp((*(const node_t *const *)a)->key, (*(const node_t *const *)b)->key);
}

static status_t node_fill(node_t *node, json_t *value, const char *key)
{
    memset(node, 0, sizeof *node);
    node->value = value;
    node->key = key;
    size_t count = json_is_object(value) ? json_object_size(value) : json_array_size(value);
    if (count == 0) return ST_OK;
    node->children = base_alloc(count, sizeof *node->children);
    if (node->children == NULL) return ST_ENOMEM;
    void *iterator = json_object_iter(value);
    for (size_t i = 0; i < count; i++) {
        json_t *child = iterator ? json_object_iter_value(iterator) : json_array_get(value, i);
        /* Counted before it is filled: a child that fails half-way is freed with its parents. */
        node->count++;
        TRY(node_fill(&node->children[i], child, iterator ? json_object_iter_key(iterator) : NULL));
        if (iterator) iterator = json_object_iter_next(value, iterator);
    }
    if (!json_is_object(value)) return ST_OK;
    node->by_key = base_alloc(count, sizeof *node->by_key);
    if (node->by_key == NULL) return ST_ENOMEM;
    for (size_t i = 0; i < count; i++) node->by_key[i] = &node->children[i];
    qsort(node->by_key, count, sizeof *node->by_key, compare_keys);
    return ST_OK;
}

/* The tree takes sixty times the memory of the shortest text: what no file that is read here comes near is not parsed. */
static bool is_too_many(const char *text, size_t size)
{
    size_t values = 0;
    for (size_t i = 0; i < size && values <= MOST_VALUES; i++)
        values += text[i] == ',' || text[i] == '[' || text[i] == '{' || text[i] == ':';
    return values > MOST_VALUES;
}

status_t io_json_parse(io_json_t **out, const char *text, size_t size, const char *name)
{
    REQUIRE(out != NULL && text != NULL && name != NULL);
    *out = NULL;
    if (size == 0) return fail(ST_EFORMAT, "'%s': is empty, expected a JSON document", name);
    if (is_too_many(text, size)) return fail(ST_EFORMAT, "'%s': holds more than %d values", name, MOST_VALUES);
    json_error_t error;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (root == NULL)
        return fail(ST_EFORMAT, "'%s':%d:%d: %s%s", name, error.line, error.column, error.text,
                    strstr(error.text, "'NaN'") != NULL ? " (hint: JSON has no NaN, write null)" : "");
    io_json_t *json = base_alloc(1, sizeof *json);
    if (json == NULL) {
        json_decref(root);
        return ST_ENOMEM;
    }
    json->root = root;
    if (node_fill(&json->node, root, NULL) != ST_OK) {
        io_json_free(json);
        return ST_ENOMEM;
    }
    *out = json;
    return ST_OK;
}

status_t io_json_read(io_json_t **out, const char *path)
{
    REQUIRE(out != NULL && path != NULL);
    *out = NULL;
    char *text = NULL;
    size_t size = 0;
    TRY(io_read_file(&text, &size, path));
    size_t mark = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* as editors of Windows write it */
    status_t status = io_json_parse(out, text + mark, size - mark, path);
    free(text);
    return status;
}

void io_json_free(io_json_t *json)
{
    if (json == NULL) return;
    node_free(&json->node);
    json_decref(json->root);
    free(json);
}

io_json_node_t io_json_root(const io_json_t *json)
{
    REQUIRE(json != NULL);
    return &json->node;
}

static const json_t *value_of(io_json_node_t node)
{
    return node ? ((const node_t *)node)->value : NULL;
}

io_json_kind_t io_json_kind(io_json_node_t node)
{
    if (node == NULL) return IO_JSON_NULL;
    switch (json_typeof(value_of(node))) {
    case JSON_OBJECT:
        return IO_JSON_OBJECT;
    case JSON_ARRAY:
        return IO_JSON_ARRAY;
    case JSON_STRING:
        return IO_JSON_STRING;
    case JSON_INTEGER:
    case JSON_REAL:
        return IO_JSON_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return IO_JSON_BOOL;
    case JSON_NULL:
        break;
    }
    return IO_JSON_NULL;
}

io_json_node_t io_json_get(io_json_node_t object, const char *key)
{
    REQUIRE(key != NULL);
    const node_t *node = object;
    if (node == NULL || node->by_key == NULL) return NULL;
    node_t wanted = {.key = key};
    const node_t *probe = &wanted;
    const node_t **found = bsearch(&probe, node->by_key, (size_t)node->count, sizeof *node->by_key, compare_keys);
    return found ? *found : NULL;
}

int io_json_count(io_json_node_t node)
{
    return node ? ((const node_t *)node)->count : 0;
}

io_json_node_t io_json_at(io_json_node_t array, int index)
{
    const node_t *node = array;
    if (node == NULL || !json_is_array(node->value) || index < 0 || index >= node->count) return NULL;
    return &node->children[index];
}

io_json_node_t io_json_member(const char **key, io_json_node_t object, int index)
{
    REQUIRE(key != NULL);
    const node_t *node = object;
    *key = NULL;
    if (node == NULL || node->by_key == NULL || index < 0 || index >= node->count) return NULL;
    *key = node->children[index].key;
    return &node->children[index];
}

const char *io_json_string(io_json_node_t node)
{
    return json_string_value(value_of(node));
}

double io_json_number(io_json_node_t node, double otherwise)
{
    const json_t *value = value_of(node);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

bool io_json_bool(io_json_node_t node, bool otherwise)
{
    const json_t *value = value_of(node);
    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

status_t io_json_quote(FILE *out, const char *text)
{
    json_t *string = json_string(text);
    if (string == NULL) return fail(ST_EFORMAT, "'%.60s' is not UTF-8, as a text in JSON has to be", text);
    const bool written = json_dumpf(string, out, JSON_ENCODE_ANY) == 0;
    json_decref(string);
    return written ? ST_OK : fail(ST_EIO, "a text in JSON cannot be written");
}

char *io_json_text(io_json_node_t node)
{
    char *bare = json_dumps(value_of(node), JSON_ENCODE_ANY | JSON_INDENT(2));
    char *text = bare != NULL ? base_format("%s\n", bare) : NULL;
    free(bare);
    if (text == NULL) fail(ST_ENOMEM, "out of memory");
    return text;
}

void io_json_version(char out[64])
{
    snprintf(out, 64, "jansson %s", jansson_version_str());
}
