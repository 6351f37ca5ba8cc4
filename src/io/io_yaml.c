/* Option files in YAML through libcyaml: the only file that knows it. cyaml wants a schema; it is made here from the
 * option table, with every value a text that io_option_assign then converts, so that "-s" and files obey one law. What
 * a fixed schema cannot say (a single value for a list, an empty list, a mapping with free keys) is learnt from cyaml's
 * refusal: the schema is changed where it refused, and the file loaded again. Lines in messages come from cyaml's
 * backtraces; for a value that cyaml took and we refuse, the file is loaded once more with a schema made to stumble
 * there. */
#include "io/io_internal.h"

#include <cyaml/cyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* TEXT: a scalar. LIST: a sequence of scalars. EMPTY: a sequence seen to be empty, skipped. STUMBLE_*: a type that the
 * value is known not to have, to learn its line. */
typedef enum { SHAPE_MAPPING, SHAPE_LIST, SHAPE_TEXT, SHAPE_EMPTY, SHAPE_STUMBLE_TEXT, SHAPE_STUMBLE_MAPPING } shape_t;

typedef struct node {
    char *key;   /* owned; NULL at the root */
    int row;     /* of the table; -1: a mapping that only groups */
    bool member; /* of a sweep or text map: `key` is what io_option_assign wants as key */
    shape_t shape;
    struct node *child; /* (count), owned */
    int count;
    cyaml_schema_field_t *fields; /* (count + 1), owned, of the current schema */
} node_t;

/* What cyaml fills for each child of a mapping. */
typedef struct {
    void *pointer; /* char*, char**, or the slots of a deeper mapping; NULL: not in the file */
    uint32_t count;
} slot_t;

#define MAX_DEPTH 8
/* What cyaml said of its first refusal. */
typedef struct {
    char what[512];
    char field[MAX_DEPTH][128]; /* innermost first */
    int depth;
    int line, column; /* 0: not said */
    bool in_list;
} report_t;

typedef struct {
    const char *path;
    const char *text;
    size_t size;
    const io_option_t *table;
    node_t root;
    report_t report;
} reader_t;

/* ---- The tree of keys ---- */

static void node_free(node_t *node)
{
    for (int i = 0; i < node->count; i++) node_free(&node->child[i]);
    free(node->child);
    free(node->fields);
    free(node->key);
}

/* The child with this key (length bytes), made when it is new; NULL when memory is out. Moves the other children. */
static node_t *node_child(node_t *node, const char *key, size_t length)
{
    for (int i = 0; i < node->count; i++)
        if (strlen(node->child[i].key) == length && strncmp(node->child[i].key, key, length) == 0)
            return &node->child[i];
    node_t *grown = realloc(node->child, ((size_t)node->count + 1) * sizeof *grown);
    if (grown == NULL) return NULL;
    node->child = grown;
    node_t *child = &grown[node->count];
    *child = (node_t){.key = strndup(key, length), .row = -1, .shape = SHAPE_MAPPING};
    if (child->key == NULL) return NULL;
    node->count++;
    return child;
}

static bool add_member(node_t *node, const char *key, shape_t shape)
{
    node_t *child = node_child(node, key, strlen(key));
    if (child == NULL) return false;
    child->row = node->row;
    child->member = true;
    child->shape = shape;
    return true;
}

static bool add_row(node_t *root, const io_option_t *table, int row)
{
    node_t *node = root;
    const char *key = table[row].name;
    for (;;) {
        size_t length = strcspn(key, ".");
        node = node_child(node, key, length);
        if (node == NULL) return false;
        if (key[length] == '\0') break;
        key += length + 1;
    }
    node->row = row;
    switch (table[row].kind) {
    case IO_INT_LIST:
    case IO_STRING_LIST:
        node->shape = SHAPE_LIST;
        return true;
    case IO_SWEEP:
        for (int i = 0; table[i].name != NULL; i++)
            if (table[i].kind != IO_SWEEP && table[i].kind != IO_TEXT_MAP &&
                !add_member(node, table[i].name, SHAPE_LIST))
                return false;
        return true;
    case IO_TEXT_MAP:
        for (int i = 0; table[row].names != NULL && table[row].names[i] != NULL; i++)
            if (!add_member(node, table[row].names[i], SHAPE_TEXT)) return false;
        return true;
    case IO_BOOL:
    case IO_INT:
    case IO_INT64:
    case IO_DOUBLE:
    case IO_STRING:
    case IO_CHOICE:
        break;
    }
    node->shape = SHAPE_TEXT;
    return true;
}

/* The node of the report's path; *name gets it dotted ("pixel.epochs"). */
static node_t *reported_node(reader_t *reader, char name[512])
{
    node_t *node = &reader->root;
    name[0] = '\0';
    for (int i = reader->report.depth - 1; i >= 0 && node != NULL; i--) {
        const char *key = reader->report.field[i];
        size_t used = strlen(name);
        snprintf(name + used, 512 - used, "%s%s", used ? "." : "", key);
        node_t *next = NULL;
        for (int j = 0; j < node->count; j++)
            if (strcmp(node->child[j].key, key) == 0) next = &node->child[j];
        node = next;
    }
    return node;
}

/* ---- cyaml ---- */

static const cyaml_schema_value_t item_schema = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};
static const cyaml_schema_field_t no_fields[] = {CYAML_FIELD_END};

/* Fills node->fields, and those below. */
static bool make_schema(node_t *node)
{
    free(node->fields);
    node->fields = calloc((size_t)node->count + 1, sizeof *node->fields);
    if (node->fields == NULL) return false;
    for (int i = 0; i < node->count; i++) {
        node_t *child = &node->child[i];
        cyaml_schema_field_t *field = &node->fields[i];
        field->key = child->key;
        field->data_offset = (uint32_t)((size_t)i * sizeof(slot_t));
        field->value.flags = (enum cyaml_flag)(CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL);
        switch (child->shape) {
        case SHAPE_MAPPING:
            if (!make_schema(child)) return false;
            field->value.type = CYAML_MAPPING;
            field->value.data_size = (uint32_t)(((size_t)child->count + 1) * sizeof(slot_t));
            field->value.mapping.fields = child->fields;
            break;
        case SHAPE_STUMBLE_MAPPING:
            field->value.type = CYAML_MAPPING;
            field->value.data_size = sizeof(slot_t);
            field->value.mapping.fields = no_fields;
            break;
        case SHAPE_LIST:
            field->count_offset = field->data_offset + (uint32_t)offsetof(slot_t, count);
            field->count_size = sizeof(uint32_t);
            field->value.type = CYAML_SEQUENCE;
            field->value.data_size = sizeof(char *);
            field->value.sequence.entry = &item_schema;
            field->value.sequence.min = 1;
            field->value.sequence.max = CYAML_UNLIMITED;
            break;
        case SHAPE_EMPTY:
            field->value.type = CYAML_IGNORE;
            field->value.flags = CYAML_FLAG_OPTIONAL;
            break;
        case SHAPE_TEXT:
        case SHAPE_STUMBLE_TEXT:
            field->value.type = CYAML_STRING;
            field->value.data_size = sizeof(char);
            field->value.string.max = CYAML_UNLIMITED;
            break;
        }
    }
    return true;
}

static void take_log(cyaml_log_t level, void *context, const char *format, va_list args)
{
    (void)level;
    report_t *report = context;
    char line[512];
    vsnprintf(line, sizeof line, format, args);
    size_t length = strlen(line);
    while (length > 0 && line[length - 1] == '\n') line[--length] = '\0';
    static const char in_field[] = "  in mapping field '", in_list[] = "  in sequence entry";
    const char *place = strstr(line, "(line: ");
    if (strncmp(line, "  in ", 5) != 0 || place == NULL) {
        if (report->what[0] == '\0') snprintf(report->what, sizeof report->what, "%s", line);
        return;
    }
    if (report->line == 0) sscanf(place, "(line: %d, column: %d)", &report->line, &report->column);
    if (strncmp(line, in_list, sizeof in_list - 1) == 0 && report->depth == 0) report->in_list = true;
    if (strncmp(line, in_field, sizeof in_field - 1) != 0 || report->depth == MAX_DEPTH) return;
    const char *key = line + sizeof in_field - 1;
    int key_length = (int)(place - key) - (int)strlen("' ");
    snprintf(report->field[report->depth++], sizeof report->field[0], "%.*s", key_length, key);
}

static cyaml_config_t config_of(report_t *report)
{
    return (cyaml_config_t){.log_fn = take_log, .log_ctx = report, .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR};
}

static cyaml_schema_value_t root_schema(const node_t *root)
{
    return (cyaml_schema_value_t){.type = CYAML_MAPPING,
                                  .flags = CYAML_FLAG_POINTER,
                                  .data_size = (uint32_t)(((size_t)root->count + 1) * sizeof(slot_t)),
                                  .mapping = {.fields = root->fields}};
}

static cyaml_err_t load(reader_t *reader, cyaml_data_t **data)
{
    *data = NULL;
    reader->report = (report_t){0};
    if (!make_schema(&reader->root)) return CYAML_ERR_OOM;
    const cyaml_config_t config = config_of(&reader->report);
    const cyaml_schema_value_t schema = root_schema(&reader->root);
    return cyaml_load_data((const uint8_t *)reader->text, reader->size, &config, &schema, data, NULL);
}

static void unload(reader_t *reader, cyaml_data_t *data)
{
    const cyaml_config_t config = config_of(&reader->report);
    const cyaml_schema_value_t schema = root_schema(&reader->root);
    cyaml_free(&config, &schema, data, 0);
}

/* The text after `start` of the report's line, or NULL. */
static const char *said(const reader_t *reader, const char *start)
{
    size_t length = strlen(start);
    return strncmp(reader->report.what, start, length) == 0 ? reader->report.what + length : NULL;
}

/* Changes the schema where cyaml refused what we allow. False: it was right to refuse. */
static bool adapt(reader_t *reader)
{
    char name[512];
    node_t *node = reported_node(reader, name);
    if (node == NULL || node == &reader->root) return false;
    const char *event = said(reader, "Load: Expecting SEQUENCE, got event: ");
    if (event == NULL) event = said(reader, "Load: Expecting MAPPING, got event: ");
    if (event != NULL && strcmp(event, "SCALAR") == 0 && (node->shape == SHAPE_LIST || node->shape == SHAPE_MAPPING)) {
        node->shape = SHAPE_TEXT;
        return true;
    }
    if (said(reader, "Load: Insufficient entries") != NULL && node->shape == SHAPE_LIST) {
        node->shape = SHAPE_EMPTY;
        return true;
    }
    const char *key = said(reader, "Load: Unexpected key: ");
    if (key == NULL || node->row < 0) return false;
    const io_option_t *row = &reader->table[node->row];
    return row->kind == IO_TEXT_MAP && row->names == NULL && add_member(node, key, SHAPE_TEXT);
}

/* ---- Lines ---- */

/* The line where `key` stands as a key, at or after the report's place (cyaml reports the event before a key). */
static int line_of_key(const reader_t *reader, const char *key)
{
    const size_t length = strlen(key);
    const char *at = reader->text;
    int line = 1;
    while (line < reader->report.line && (at = strchr(at, '\n')) != NULL) at++, line++;
    for (const char *start = at; start != NULL && *start != '\0';) {
        const char *next = strchr(start, '\n');
        const char *end = next ? next : start + strlen(start);
        /* In the reported line, from the reported column on: the same key may stand before it. */
        const char *c = start;
        if (line == reader->report.line && reader->report.column > 1) c += reader->report.column - 1;
        for (; c + length <= end && length > 0; c++) {
            if (*c == '#' && (c == start || c[-1] == ' ' || c[-1] == '\t')) break;
            if (strncmp(c, key, length) != 0) continue;
            const char *after = c + length;
            if (*after == '\'' || *after == '"') after++;
            after += strspn(after, " \t");
            if (*after == ':' && (c == start || strchr(" \t{,'\"-", c[-1]) != NULL)) return line;
        }
        start = next ? next + 1 : NULL;
        line++;
    }
    return reader->report.line > 0 ? reader->report.line : 1;
}

/* The line of a value that cyaml has taken already. */
static int line_of_value(reader_t *reader, node_t *node)
{
    shape_t shape = node->shape;
    node->shape = shape == SHAPE_TEXT ? SHAPE_STUMBLE_MAPPING : SHAPE_STUMBLE_TEXT;
    cyaml_data_t *data;
    if (load(reader, &data) == CYAML_OK) unload(reader, data);
    int line = reader->report.line;
    node->shape = shape;
    return line > 0 ? line : 1;
}

/* Whether a text value that cyaml has taken is YAML's word for nothing: plain, for in quotes it is a text as any other
 * (cyaml drops them). */
static bool is_nothing(reader_t *reader, node_t *node, const char *text)
{
    if (strcmp(text, "~") != 0 && strcasecmp(text, "null") != 0) return false;
    const char *at = reader->text;
    for (int line = line_of_value(reader, node); line > 1 && strchr(at, '\n') != NULL; line--)
        at = strchr(at, '\n') + 1;
    /* Columns count characters, not bytes (a UTF-8 sequence has one byte that is not 10xxxxxx). */
    for (int column = 1; column < reader->report.column && *at != '\0'; column++) do
            at++;
        while (((unsigned char)*at & 0xC0) == 0x80);
    return strchr("'\"|>!", *at) == NULL;
}

/* ---- Messages ---- */

static status_t explain_key(reader_t *reader, const char *group, const char *key)
{
    char name[768], place[4200];
    snprintf(name, sizeof name, "%s%s%s", group, group[0] ? "." : "", key);
    snprintf(place, sizeof place, "%s:%d", reader->path, line_of_key(reader, key));
    for (int i = 0; reader->table[i].name != NULL; i++)
        if (strcmp(reader->table[i].name, name) == 0)
            return fail(ST_EFORMAT, "%s: '%s' is written flat, expected '%.*s:' with '%s' indented below", place, name,
                        (int)strcspn(name, "."), name, strrchr(name, '.') ? strrchr(name, '.') + 1 : name);
    return io_option_unknown(reader->table, name, place);
}

static status_t explain_type(reader_t *reader, const char *name, const node_t *node, const char *event)
{
    const char *found = strcmp(event, "SEQUENCE_START") == 0  ? "a list"
                        : strcmp(event, "MAPPING_START") == 0 ? "a mapping"
                                                              : "a single value";
    if (node == NULL || node == &reader->root)
        return fail(ST_EFORMAT, "%s: is %s, expected a mapping of options ('key: value' lines)", reader->path, found);
    int line = reader->report.line;
    char expected[512] = "a mapping of keys";
    if (node->row < 0 || (node->shape == SHAPE_MAPPING && !node->member))
        return fail(ST_EFORMAT, "%s:%d: %s is %s, expected a mapping of keys", reader->path, line, name, found);
    const io_option_t *row = &reader->table[node->row];
    io_option_expected(expected, row);
    bool scalar = node->shape == SHAPE_TEXT && row->kind != IO_TEXT_MAP;
    if (scalar && strcmp(found, "a list") == 0)
        for (int i = 0; reader->table[i].name != NULL; i++)
            if (reader->table[i].kind == IO_SWEEP)
                return fail(ST_EFORMAT, "%s:%d: %s is a list, expected %s (hint: to try several, '%s: {%s: [...]}')",
                            reader->path, line, name, expected, reader->table[i].name, name);
    return fail(ST_EFORMAT, "%s:%d: %s %s %s, expected %s%s", reader->path, line, name,
                reader->report.in_list ? "holds" : "is", found,
                node->shape == SHAPE_LIST && !reader->report.in_list ? "a list, each item " : "", expected);
}

static status_t explain(reader_t *reader, cyaml_err_t error)
{
    if (error == CYAML_ERR_OOM) return fail(ST_ENOMEM, "%s: out of memory", reader->path);
    char name[512];
    const node_t *node = reported_node(reader, name);
    const int line = reader->report.line > 0 ? reader->report.line : 1;
    const char *rest;
    if ((rest = said(reader, "Load: Unexpected key: ")) != NULL) return explain_key(reader, name, rest);
    if ((rest = said(reader, "Load: Mapping field already seen: ")) != NULL)
        return fail(ST_EFORMAT, "%s:%d: '%s' is given twice", reader->path, line_of_key(reader, rest), name);
    if ((rest = said(reader, "Load: Expecting ")) != NULL && (rest = strstr(rest, "got event: ")) != NULL)
        return explain_type(reader, name, node, rest + strlen("got event: "));
    if ((rest = said(reader, "Load: libyaml: ")) != NULL)
        return fail(
            ST_EFORMAT,
            "%s:%d: not YAML at this line or soon after: %s (hint: indentation, a quote or a bracket left open)",
            reader->path, line, rest);
    rest = said(reader, "Load: ");
    return fail(ST_EFORMAT, "%s:%d: not a job file that can be read: %s", reader->path, line,
                rest != NULL && strcmp(rest, "Backtrace:") != 0 ? rest : cyaml_strerror(error));
}

/* cyaml reads the first document of a file and is silent on the others. */
static status_t check_one_document(const reader_t *reader)
{
    bool content = false;
    int line = 1;
    for (const char *at = reader->text; *at != '\0'; line++) {
        const char *first = at + strspn(at, " \t\r");
        if (strncmp(at, "---", 3) == 0) {
            if (content)
                return fail(ST_EFORMAT, "%s:%d: a second document starts here, expected one a file", reader->path,
                            line);
            content = true;
        } else if (*first != '\0' && *first != '\n' && *first != '#' && *first != '%') {
            content = true;
        }
        at = strchr(at, '\n');
        if (at == NULL) break;
        at++;
    }
    return ST_OK;
}

/* ---- From cyaml's slots to the fields ---- */

static status_t take_leaf(reader_t *reader, void *options, bool *used, node_t *node, const char *const *texts,
                          int count)
{
    const io_option_t *row = &reader->table[node->row];
    const char *key = node->member ? node->key : NULL;
    const bool list = row->kind == IO_INT_LIST || row->kind == IO_STRING_LIST || row->kind == IO_SWEEP;
    /* "key:" with nothing after it is an empty list; null is no text. */
    if (list && node->shape == SHAPE_TEXT && texts[0][0] == '\0') count = 0;
    const char *nothing = "";
    if (row->kind == IO_STRING && is_nothing(reader, node, texts[0])) texts = &nothing;
    status_t status = io_option_assign(options, reader->table, node->row, key, texts, count, reader->path);
    if (status == ST_EFORMAT) {
        char place[4200];
        snprintf(place, sizeof place, "%s:%d", reader->path, line_of_value(reader, node));
        status = io_option_assign(options, reader->table, node->row, key, texts, count, place);
    }
    if (status == ST_OK && used != NULL) used[node->row] = true;
    return status;
}

static status_t take_mapping(reader_t *reader, void *options, bool *used, node_t *node, const slot_t *slots)
{
    for (int i = 0; i < node->count; i++) {
        node_t *child = &node->child[i];
        if (child->shape == SHAPE_EMPTY) {
            TRY(take_leaf(reader, options, used, child, NULL, 0));
            continue;
        }
        if (slots[i].pointer == NULL) continue;
        bool leaf = child->member || (child->row >= 0 && reader->table[child->row].kind != IO_SWEEP &&
                                      reader->table[child->row].kind != IO_TEXT_MAP);
        if (child->shape == SHAPE_MAPPING) {
            TRY(take_mapping(reader, options, used, child, slots[i].pointer));
        } else if (!leaf) {
            /* "sweep:" with nothing below: an empty mapping. */
            const char *text = slots[i].pointer;
            if (text[0] != '\0')
                return fail(ST_EFORMAT, "%s:%d: %s is '%s', expected a mapping of keys", reader->path,
                            line_of_value(reader, child), child->key, text);
        } else if (child->shape == SHAPE_LIST) {
            TRY(take_leaf(reader, options, used, child, slots[i].pointer, (int)slots[i].count));
        } else {
            const char *text = slots[i].pointer;
            TRY(take_leaf(reader, options, used, child, &text, 1));
        }
    }
    return ST_OK;
}

status_t io_options_parse_yaml(void *options, const io_option_t *table, bool *used, const char *text, const char *path)
{
    REQUIRE(options != NULL && table != NULL && text != NULL && path != NULL);
    status_t status = ST_OK;
    cyaml_data_t *data = NULL;
    reader_t reader = {
        .path = path, .table = table, .text = text, .size = strlen(text), .root = {.row = -1, .shape = SHAPE_MAPPING}};
    for (int i = 0; table[i].name != NULL; i++)
        if (!add_row(&reader.root, table, i)) TRY_DONE(fail(ST_ENOMEM, "%s: out of memory", path));
    cyaml_err_t error;
    do error = load(&reader, &data);
    while (error != CYAML_OK && adapt(&reader));
    if (error != CYAML_OK) TRY_DONE(explain(&reader, error));
    TRY_DONE(check_one_document(&reader));
    if (data == NULL) TRY_DONE(fail(ST_EFORMAT, "%s: is empty, expected options ('key: value' lines)", path));
    status = take_mapping(&reader, options, used, &reader.root, data);
done:
    /* The schema in hand may be one made to stumble; freeing needs the one that loaded. */
    if (data != NULL && make_schema(&reader.root)) unload(&reader, data);
    node_free(&reader.root);
    return status;
}

status_t io_options_read_yaml(void *options, const io_option_t *table, bool *used, const char *path)
{
    char *text;
    TRY(io_read_text(&text, path));
    status_t status = io_options_parse_yaml(options, table, used, text, path);
    free(text);
    return status;
}

void io_yaml_version(char out[64])
{
    snprintf(out, 64, "libcyaml %s", cyaml_version_str);
}
