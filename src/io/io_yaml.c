/* Over 400 lines: one file alone knows libyaml. Option files in YAML. The whole file becomes one document; every value in
 * it is a text that io_option_assign converts, so that "-s" and files follow the same rules, and every node knows its line.
 * First all keys are checked in the order of the file, then rows take their values in the order of the table. */
#include "io/io_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

/* What a file may ask for; values and their bytes are counted with every alias written out. */
enum {
    MAX_BYTES = 1 << 20,
    MAX_ALIASES = 10000,
    MAX_DEPTH = 1000,
    MAX_VALUES = 2 * IO_OPTION_ITEMS,
    MAX_TEXT = 4 << 20,
    MAX_POINT_KEYS = 256 /* of one point of a sweep */
};

typedef struct {
    const char *path, *text;
    const io_option_t *table;
    void *options;
    bool *used; /* (rows of the table), may be NULL */
    yaml_document_t document;
    const yaml_node_t **found; /* (rows), NULL: not in the file */
    const char **swept;        /* (rows + 1), NULL-terminated: the keys of a sweep */
    char **joined;             /* (joins), owned: lists that became texts */
    int joins;
    int values;   /* taken so far */
    size_t bytes; /* of them */
} reader_t;

typedef const yaml_node_pair_t *pairs_t;

static yaml_node_t *node_at(reader_t *reader, int id)
{
    return yaml_document_get_node(&reader->document, id);
}

static int line_of(const yaml_node_t *node)
{
    return (int)node->start_mark.line + 1;
}

static const char *text_of(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

static bool is_blank(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0;
}

static bool is_map(const io_option_t *row)
{
    return row->kind == IO_SWEEP || row->kind == IO_TEXT_MAP;
}

/* The file's text at a mark; marks count characters, not bytes (a UTF-8 sequence has one byte that is not 10xxxxxx). */
static const char *text_at(const reader_t *reader, yaml_mark_t mark)
{
    const char *at = reader->text;
    for (size_t left = mark.index; left > 0 && *at != '\0'; left--) do
            at++;
        while (((unsigned char)*at & 0xC0) == 0x80);
    return at;
}

/* YAML's word for nothing: plain, for in quotes or after a tag it is a text as any other. */
static bool is_null(const reader_t *reader, const yaml_node_t *node)
{
    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
    if (strcmp(text_of(node), "~") != 0 && strcasecmp(text_of(node), "null") != 0) return false;
    return *text_at(reader, node->start_mark) != '!';
}

/* ---- Keys ---- */

static status_t refuse_key(const reader_t *reader, const char *name, int line)
{
    const io_option_t *table = reader->table;
    char place[4200];
    snprintf(place, sizeof place, "%s:%d", reader->path, line);
    for (int i = 0; table[i].name != NULL; i++)
        if (strcmp(table[i].name, name) == 0)
            return fail(ST_EFORMAT, "%s: '%s' is written flat, expected '%.*s:' with '%s' indented below", place, name,
                        (int)strcspn(name, "."), name, strrchr(name, '.') ? strrchr(name, '.') + 1 : name);
    return io_option_unknown(table, name, place);
}

static status_t check_text(const reader_t *reader, const yaml_node_t *node, const char *name)
{
    if (strlen(text_of(node)) == node->data.scalar.length) return ST_OK;
    return fail(ST_EFORMAT, "%s:%d: %s holds a byte of zero, expected a text", reader->path, line_of(node), name);
}

/* The pairs [*first, *end) of a mapping called `group`, its keys texts and all different; none of a blank. */
static status_t open_mapping(pairs_t *first, pairs_t *end, reader_t *reader, const yaml_node_t *node, const char *group)
{
    *first = *end = NULL;
    if (is_blank(node)) return ST_OK;
    if (node->type == YAML_SEQUENCE_NODE)
        return fail(ST_EFORMAT, "%s:%d: %s is a list, expected a mapping of keys", reader->path, line_of(node), group);
    if (node->type == YAML_SCALAR_NODE)
        return fail(ST_EFORMAT, "%s:%d: %s is '%s', expected a mapping of keys", reader->path, line_of(node), group,
                    text_of(node));
    *first = node->data.mapping.pairs.start;
    *end = node->data.mapping.pairs.top;
    char place[4200];
    snprintf(place, sizeof place, "%s:%d", reader->path, line_of(node));
    TRY(io_option_check_count(group[0] ? group : "the file", *end - *first, place));
    for (pairs_t pair = *first; pair < *end; pair++) {
        const yaml_node_t *key = node_at(reader, pair->key);
        if (key->type != YAML_SCALAR_NODE)
            return fail(ST_EFORMAT, "%s:%d: a key is a list or a mapping, expected a name", reader->path, line_of(key));
        TRY(check_text(reader, key, "a key"));
        for (pairs_t other = *first; other < pair; other++)
            if (strcmp(text_of(node_at(reader, other->key)), text_of(key)) == 0)
                return fail(ST_EFORMAT, "%s:%d: '%s%s%s' is given twice", reader->path, line_of(key), group,
                            group[0] ? "." : "", text_of(key));
    }
    return ST_OK;
}

/* Notes the value of every row below `group` ("": the whole table); a key of no row is refused. */
static status_t find_rows(reader_t *reader, const yaml_node_t *mapping, const char *group)
{
    pairs_t pair, end;
    TRY(open_mapping(&pair, &end, reader, mapping, group));
    for (; pair < end; pair++) {
        const yaml_node_t *key = node_at(reader, pair->key), *value = node_at(reader, pair->value);
        char name[512];
        const size_t length = (size_t)snprintf(name, sizeof name, "%s%s%s", group, group[0] ? "." : "", text_of(key));
        int row = -1;
        bool is_group = false;
        for (int i = 0; reader->table[i].name != NULL && length < sizeof name; i++) {
            if (strcmp(reader->table[i].name, name) == 0) row = i;
            is_group =
                is_group || (strncmp(reader->table[i].name, name, length) == 0 && reader->table[i].name[length] == '.');
        }
        if ((row < 0 && !is_group) || strchr(text_of(key), '.') != NULL) return refuse_key(reader, name, line_of(key));
        if (is_group)
            TRY(find_rows(reader, value, name));
        else
            reader->found[row] = value;
    }
    return ST_OK;
}

/* ---- Values ---- */

static status_t refuse_type(const reader_t *reader, const yaml_node_t *node, const io_option_t *row, const char *name,
                            bool list, bool item)
{
    const io_option_t *table = reader->table;
    const char *found = node->type == YAML_SEQUENCE_NODE ? "a list" : "a mapping";
    char expected[512];
    io_option_expected(expected, row);
    if (node->type == YAML_SEQUENCE_NODE && !list && row->kind != IO_TEXT_MAP)
        for (int i = 0; table[i].name != NULL; i++)
            if (table[i].kind == IO_SWEEP)
                return fail(ST_EFORMAT, "%s:%d: %s is a list, expected %s (hint: to try several, '%s: {%s: [...]}')",
                            reader->path, line_of(node), name, expected, table[i].name, name);
    return fail(ST_EFORMAT, "%s:%d: %s %s %s, expected %s%s", reader->path, line_of(node), name, item ? "holds" : "is",
                found, list && !item ? "a list, each item " : "", expected);
}

static status_t take_text(const char **text, reader_t *reader, const yaml_node_t *node, const io_option_t *row,
                          const char *name)
{
    TRY(check_text(reader, node, name));
    reader->values++;
    reader->bytes += node->data.scalar.length;
    if (reader->values > MAX_VALUES || reader->bytes > MAX_TEXT)
        return fail(ST_EFORMAT, "%s: holds more than %d values, or %d bytes of them, with its aliases written out",
                    reader->path, (int)MAX_VALUES, (int)MAX_TEXT);
    *text = row->kind == IO_STRING && is_null(reader, node) ? "" : text_of(node);
    return ST_OK;
}

/* known NULL: any. */
static status_t check_members(reader_t *reader, pairs_t first, pairs_t end, const io_option_t *row,
                              const char *const *known)
{
    for (pairs_t pair = first; pair < end && known != NULL; pair++) {
        const yaml_node_t *key = node_at(reader, pair->key);
        bool right = false;
        for (int i = 0; known[i] != NULL; i++) right = right || strcmp(known[i], text_of(key)) == 0;
        char name[512];
        snprintf(name, sizeof name, "%s.%s", row->name, text_of(key));
        if (!right) return refuse_key(reader, name, line_of(key));
    }
    return ST_OK;
}

static bool is_swept_list(const reader_t *reader, const char *key)
{
    for (int i = 0; reader->table[i].name != NULL; i++)
        if (strcmp(reader->table[i].name, key) == 0) return io_option_is_swept_list(&reader->table[i]);
    return false;
}

/* A list as the value of a swept row that is a list: "a, b", which lives as long as the reader. */
static status_t take_inner(const char **out, reader_t *reader, const yaml_node_t *node, const io_option_t *row,
                           const char *name)
{
    char place[4200];
    const yaml_node_item_t *item = node->data.sequence.items.start;
    const int64_t count = node->data.sequence.items.top - item;
    snprintf(place, sizeof place, "%s:%d", reader->path, line_of(node));
    TRY(io_option_check_count(name, count, place));
    status_t status = ST_OK;
    const char **texts = base_alloc((size_t)count + 1, sizeof *texts);
    char **joined = realloc(reader->joined, ((size_t)reader->joins + 1) * sizeof *joined);
    if (joined != NULL) reader->joined = joined;
    if (texts == NULL || joined == NULL) TRY_DONE(fail(ST_ENOMEM, "%s: out of memory", reader->path));
    for (int64_t i = 0; i < count; i++) {
        const yaml_node_t *text = node_at(reader, item[i]);
        if (text->type != YAML_SCALAR_NODE) TRY_DONE(refuse_type(reader, text, row, name, true, true));
        TRY_DONE(take_text(&texts[i], reader, text, row, name));
    }
    char *text = io_option_join(texts, (int)count);
    if (text == NULL) TRY_DONE(ST_ENOMEM);
    reader->joined[reader->joins++] = text;
    *out = text;
done:
    free(texts);
    return status;
}

/* Assigns a node to a row; key: in a sweep or text map, else NULL. */
static status_t take_value(reader_t *reader, const yaml_node_t *node, int index, const char *key)
{
    const io_option_t *row = &reader->table[index];
    const bool list = row->kind == IO_INT_LIST || row->kind == IO_STRING_LIST || row->kind == IO_SWEEP;
    char name[512], place[4200];
    snprintf(name, sizeof name, "%s%s%s", row->name, key ? "." : "", key ? key : "");
    snprintf(place, sizeof place, "%s:%d", reader->path, line_of(node));
    if (node->type == YAML_MAPPING_NODE || (node->type == YAML_SEQUENCE_NODE && !list))
        return refuse_type(reader, node, row, name, list, false);
    const yaml_node_item_t *item = NULL;
    int64_t count = list && is_blank(node) ? 0 : 1;
    if (node->type == YAML_SEQUENCE_NODE) {
        item = node->data.sequence.items.start;
        count = node->data.sequence.items.top - item;
    }
    TRY(io_option_check_count(name, count, place));
    const char **texts = base_alloc((size_t)count + 1, sizeof *texts);
    if (texts == NULL) return ST_ENOMEM;
    status_t status = ST_OK;
    for (int i = 0; i < (int)count; i++) {
        const yaml_node_t *text = item != NULL ? node_at(reader, item[i]) : node;
        if (text->type == YAML_SEQUENCE_NODE && row->kind == IO_SWEEP && is_swept_list(reader, key)) {
            TRY_DONE(take_inner(&texts[i], reader, text, row, name));
            continue;
        }
        if (text->type != YAML_SCALAR_NODE) TRY_DONE(refuse_type(reader, text, row, name, true, true));
        TRY_DONE(take_text(&texts[i], reader, text, row, name));
    }
    status = io_option_assign(reader->options, reader->table, index, key, texts, (int)count, place);
    if (status == ST_OK && reader->used != NULL) reader->used[index] = true;
done:
    free(texts);
    return status;
}

/* One point of a sweep that is a list of them. */
static status_t take_point(reader_t *reader, const yaml_node_t *node, int index)
{
    const io_option_t *row = &reader->table[index];
    const char *keys[MAX_POINT_KEYS], *texts[MAX_POINT_KEYS];
    int count = 0;
    pairs_t first, end;
    char place[4200];
    snprintf(place, sizeof place, "%s:%d", reader->path, line_of(node));
    TRY(open_mapping(&first, &end, reader, node, row->name));
    TRY(check_members(reader, first, end, row, reader->swept));
    for (int i = 0; reader->swept[i] != NULL; i++)
        for (pairs_t pair = first; pair < end; pair++) {
            if (strcmp(text_of(node_at(reader, pair->key)), reader->swept[i]) != 0) continue;
            const yaml_node_t *value = node_at(reader, pair->value);
            char name[512];
            snprintf(name, sizeof name, "%s.%s", row->name, reader->swept[i]);
            if (count == MAX_POINT_KEYS)
                return fail(ST_EFORMAT, "%s: a point of %s has more than %d keys", place, row->name, count);
            keys[count] = reader->swept[i];
            if (value->type == YAML_SEQUENCE_NODE && is_swept_list(reader, keys[count]))
                TRY(take_inner(&texts[count], reader, value, row, name));
            else if (value->type != YAML_SCALAR_NODE)
                return fail(ST_EFORMAT, "%s:%d: %s is %s, expected one value in a point of %s", reader->path,
                            line_of(value), name, value->type == YAML_SEQUENCE_NODE ? "a list" : "a mapping",
                            row->name);
            else
                TRY(take_text(&texts[count], reader, value, row, name));
            count++;
        }
    return io_option_add_point(reader->options, reader->table, index, keys, texts, count, place);
}

static status_t take_points(reader_t *reader, const yaml_node_t *node, int index)
{
    char place[4200];
    const yaml_node_item_t *item = node->data.sequence.items.start;
    const int64_t count = node->data.sequence.items.top - item;
    snprintf(place, sizeof place, "%s:%d", reader->path, line_of(node));
    TRY(io_option_check_count(reader->table[index].name, count, place));
    for (int64_t i = 0; i < count; i++) TRY(take_point(reader, node_at(reader, item[i]), index));
    if (reader->used != NULL) reader->used[index] = true;
    return ST_OK;
}

/* Free keys are taken in the order of the file, others in the order of `known`: the axes of a grid are then in the
 * table's order, whoever wrote the file. */
static status_t take_members(reader_t *reader, const yaml_node_t *mapping, int index)
{
    const io_option_t *row = &reader->table[index];
    const char *const *known = row->kind == IO_SWEEP ? reader->swept : row->names;
    pairs_t first, end;
    if (row->kind == IO_SWEEP && mapping->type == YAML_SEQUENCE_NODE) return take_points(reader, mapping, index);
    TRY(open_mapping(&first, &end, reader, mapping, row->name));
    TRY(check_members(reader, first, end, row, known));
    for (pairs_t pair = first; pair < end && known == NULL; pair++)
        TRY(take_value(reader, node_at(reader, pair->value), index, text_of(node_at(reader, pair->key))));
    for (int i = 0; known != NULL && known[i] != NULL; i++)
        for (pairs_t pair = first; pair < end; pair++)
            if (strcmp(text_of(node_at(reader, pair->key)), known[i]) == 0)
                TRY(take_value(reader, node_at(reader, pair->value), index, known[i]));
    return ST_OK;
}

static status_t take_rows(reader_t *reader, const yaml_node_t *root)
{
    int swept = 0, rows = 0;
    while (reader->table[rows].name != NULL) rows++;
    reader->found = calloc((size_t)rows + 1, sizeof *reader->found);
    reader->swept = calloc((size_t)rows + 1, sizeof *reader->swept);
    if (reader->found == NULL || reader->swept == NULL) return fail(ST_ENOMEM, "%s: out of memory", reader->path);
    for (int i = 0; i < rows; i++)
        if (!is_map(&reader->table[i])) reader->swept[swept++] = reader->table[i].name;
    TRY(find_rows(reader, root, ""));
    for (int i = 0; i < rows; i++) {
        if (reader->found[i] == NULL) continue;
        TRY(is_map(&reader->table[i]) ? take_members(reader, reader->found[i], i)
                                      : take_value(reader, reader->found[i], i, NULL));
    }
    return ST_OK;
}

/* ---- The file ---- */

static status_t refuse_syntax(const reader_t *reader, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR) return fail(ST_ENOMEM, "%s: out of memory", reader->path);
    if (parser->error == YAML_COMPOSER_ERROR) {
        const char *name = text_at(reader, parser->problem_mark) + 1;
        int length = (int)strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
        const int line = (int)parser->problem_mark.line + 1;
        if (strcmp(parser->problem, "found undefined alias") == 0)
            return fail(ST_EFORMAT, "%s:%d: not a job file that can be read: No anchor found for alias: '%.*s'",
                        reader->path, line, length, name);
        return fail(ST_EFORMAT, "%s:%d: not a job file that can be read: %s", reader->path, line, parser->problem);
    }
    int line = (int)(parser->context != NULL ? parser->context_mark.line : parser->problem_mark.line) + 1;
    if (parser->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t i = 0; i < parser->problem_offset && reader->text[i] != '\0'; i++) line += reader->text[i] == '\n';
    }
    return fail(ST_EFORMAT,
                "%s:%d: not YAML at this line or soon after: %s (hint: indentation, a quote or a bracket left open)",
                reader->path, line, parser->problem);
}

/* Before libyaml sees it: the time it takes grows with anchors times aliases and the square of open brackets. */
static status_t check_size(const reader_t *reader, size_t size)
{
    int aliases = 0, open = 0, deepest = 0;
    for (const char *at = reader->text; (at = strpbrk(at, "&*[]{}")) != NULL; at++) {
        if (*at == '&' || *at == '*') aliases++;
        if (*at == '[' || *at == '{') open++;
        if ((*at == ']' || *at == '}') && open > 0) open--;
        if (open > deepest) deepest = open;
    }
    if (size > MAX_BYTES)
        return fail(ST_EFORMAT, "%s: has %zu bytes, options take %d at most", reader->path, size, (int)MAX_BYTES);
    if (aliases > MAX_ALIASES)
        return fail(ST_EFORMAT, "%s: has %d '&' and '*' (anchors, aliases), expected at most %d", reader->path, aliases,
                    (int)MAX_ALIASES);
    if (deepest > MAX_DEPTH)
        return fail(ST_EFORMAT, "%s: has %d brackets open at once, expected at most %d", reader->path, deepest,
                    (int)MAX_DEPTH);
    return ST_OK;
}

static status_t check_one_document(const reader_t *reader, yaml_parser_t *parser)
{
    yaml_document_t second;
    if (!yaml_parser_load(parser, &second)) return refuse_syntax(reader, parser);
    const bool more = yaml_document_get_root_node(&second) != NULL;
    const int line = (int)second.start_mark.line + 1;
    yaml_document_delete(&second);
    if (!more) return ST_OK;
    return fail(ST_EFORMAT, "%s:%d: a second document starts here, expected one a file", reader->path, line);
}

status_t io_options_parse_yaml(void *options, const io_option_t *table, bool *used, const char *text, const char *path)
{
    REQUIRE(options != NULL && table != NULL && text != NULL && path != NULL);
    reader_t reader = {.path = path, .text = text, .table = table, .options = options, .used = used};
    const size_t size = strlen(text);
    TRY(check_size(&reader, size));
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) return fail(ST_ENOMEM, "%s: out of memory", path);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    status_t status;
    if (!yaml_parser_load(&parser, &reader.document)) {
        status = refuse_syntax(&reader, &parser);
        goto parsed;
    }
    yaml_node_t *root = yaml_document_get_root_node(&reader.document);
    if (root == NULL) TRY_DONE(fail(ST_EFORMAT, "%s: is empty, expected options ('key: value' lines)", path));
    TRY_DONE(check_one_document(&reader, &parser));
    if (root->type != YAML_MAPPING_NODE)
        TRY_DONE(fail(ST_EFORMAT, "%s: is %s, expected a mapping of options ('key: value' lines)", path,
                      root->type == YAML_SEQUENCE_NODE ? "a list" : "a single value"));
    status = take_rows(&reader, root);
done:
    for (int i = 0; i < reader.joins; i++) free(reader.joined[i]);
    free(reader.joined);
    free(reader.found);
    free(reader.swept);
    yaml_document_delete(&reader.document);
parsed:
    yaml_parser_delete(&parser);
    return status;
}

/* Text cut at a line's end is YAML again, of fewer options: a file that says "whole to the line # end" in its first line
 * is held to it. */
static bool is_cut(const char *text)
{
    static const char promise[] = "whole to the line # end", end[] = "\n# end";
    const char *said = strstr(text, promise);
    if (said == NULL || said > text + strcspn(text, "\n")) return false;
    const char *last = strstr(text, end);
    while (last != NULL && last[sizeof end - 1] != '\n' && last[sizeof end - 1] != '\r') last = strstr(last + 1, end);
    return last == NULL;
}

status_t io_options_read_yaml(void *options, const io_option_t *table, bool *used, const char *path)
{
    char *text;
    TRY(io_read_text(&text, path));
    status_t status = is_cut(text)
                          ? fail(ST_EFORMAT, "%s: was cut: it has no line '# end', which its first line promises", path)
                          : io_options_parse_yaml(options, table, used, text, path);
    free(text);
    return status;
}

void io_yaml_version(char out[64])
{
    snprintf(out, 64, "libyaml %s", yaml_get_version_string());
}
