/* Option structs as wholes: defaults, "-s key=value", freeing. */
#include "io/io_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *field_of(void *options, const io_option_t *row)
{
    return (char *)options + row->offset;
}

static void free_sweep(io_sweep_t *sweep)
{
    for (int i = 0; i < sweep->count; i++) {
        free(sweep->key[i]);
        io_names_free(&sweep->values[i]);
    }
    free(sweep->key);
    free(sweep->values);
    *sweep = (io_sweep_t){0};
}

static void free_map(io_text_map_t *map)
{
    for (int i = 0; i < map->count; i++) {
        free(map->key[i]);
        free(map->value[i]);
    }
    free(map->key);
    free(map->value);
    *map = (io_text_map_t){0};
}

static status_t set_list(void *options, const io_option_t *table, int row, const char *key, const char *value,
                         const char *place)
{
    char **items = NULL, *storage = NULL;
    bool semicolons = table[row].kind == IO_SWEEP && strchr(value, ';') != NULL;
    int count = io_option_split(&items, &storage, value, semicolons ? ';' : ',');
    status_t status = count < 0 ? fail(ST_ENOMEM, "out of memory for a list")
                                : io_option_assign(options, table, row, key, (const char *const *)items, count, place);
    free(items);
    free(storage);
    return status;
}

/* key: the rest after "row." for maps, NULL for the row itself. */
static status_t set_row(void *options, const io_option_t *table, int row, const char *key, const char *value,
                        const char *place)
{
    const io_option_t *option = &table[row];
    bool map = option->kind == IO_SWEEP || option->kind == IO_TEXT_MAP;
    if (map && key == NULL) {
        if (value[0] != '\0')
            return fail(ST_EFORMAT, "%s: %s is '%s', expected %s.KEY=VALUE (hint: '%s=' empties it)", place,
                        option->name, value, option->name, option->name);
        if (option->kind == IO_SWEEP) free_sweep(field_of(options, option));
        if (option->kind == IO_TEXT_MAP) free_map(field_of(options, option));
        return ST_OK;
    }
    if (option->kind == IO_INT_LIST || option->kind == IO_STRING_LIST || option->kind == IO_SWEEP)
        return set_list(options, table, row, key, value, place);
    return io_option_assign(options, table, row, key, &value, 1, place);
}

status_t io_options_set(void *options, const io_option_t *table, bool *used, const char *assignment, const char *origin)
{
    REQUIRE(options != NULL && table != NULL && assignment != NULL && origin != NULL);
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment)
        return fail(ST_EFORMAT, "%s: '%s' is not an assignment, expected key=value", origin, assignment);
    char name[256];
    const char *start = assignment + strspn(assignment, " \t");
    const char *end = equals;
    while (end > start && strchr(" \t", end[-1]) != NULL) end--;
    snprintf(name, sizeof name, "%.*s", (int)(end - start), start);
    for (int i = 0; table[i].name != NULL; i++) {
        size_t length = strlen(table[i].name);
        bool map = table[i].kind == IO_SWEEP || table[i].kind == IO_TEXT_MAP;
        bool whole = strcmp(table[i].name, name) == 0;
        bool part = map && strncmp(table[i].name, name, length) == 0 && name[length] == '.' && name[length + 1] != '\0';
        if (!whole && !part) continue;
        TRY(set_row(options, table, i, part ? name + length + 1 : NULL, equals + 1, origin));
        if (used != NULL) used[i] = true;
        return ST_OK;
    }
    return io_option_unknown(table, name, origin);
}

status_t io_options_check_required(const io_option_t *table, const bool *used, const char *origin)
{
    for (int i = 0; table[i].name != NULL; i++)
        if (table[i].otherwise == NULL && !used[i])
            return fail(ST_EFORMAT, "%s: the key '%s' is missing (%s)", origin, table[i].name, table[i].help);
    return ST_OK;
}

static size_t field_size(io_kind_t kind)
{
    switch (kind) {
    case IO_BOOL:
        return sizeof(bool);
    case IO_INT:
    case IO_CHOICE:
        return sizeof(int);
    case IO_INT64:
        return sizeof(int64_t);
    case IO_DOUBLE:
        return sizeof(double);
    case IO_STRING:
        return sizeof(char *);
    case IO_INT_LIST:
        return sizeof(io_int_list_t);
    case IO_STRING_LIST:
        return sizeof(io_names_t);
    case IO_SWEEP:
        return sizeof(io_sweep_t);
    case IO_TEXT_MAP:
        break;
    }
    return sizeof(io_text_map_t);
}

status_t io_options_init(void *options, const io_option_t *table)
{
    REQUIRE(options != NULL && table != NULL);
    for (int i = 0; table[i].name != NULL; i++) memset(field_of(options, &table[i]), 0, field_size(table[i].kind));
    for (int i = 0; table[i].name != NULL; i++) {
        if (table[i].otherwise == NULL) continue;
        status_t status = set_row(options, table, i, NULL, table[i].otherwise, "default");
        if (status == ST_OK) continue;
        if (status == ST_EFORMAT) log_error("%s", fail_message());
        /* A default its own row refuses is a slip in the table, not in the world. */
        REQUIRE(status != ST_EFORMAT);
        io_options_free(options, table);
        return status;
    }
    return ST_OK;
}

void io_options_free(void *options, const io_option_t *table)
{
    for (int i = 0; table[i].name != NULL; i++) {
        void *field = field_of(options, &table[i]);
        switch (table[i].kind) {
        case IO_STRING:
            free(*(char **)field);
            break;
        case IO_INT_LIST:
            free(((io_int_list_t *)field)->value);
            break;
        case IO_STRING_LIST:
            io_names_free(field);
            break;
        case IO_SWEEP:
            free_sweep(field);
            break;
        case IO_TEXT_MAP:
            free_map(field);
            break;
        case IO_BOOL:
        case IO_INT:
        case IO_INT64:
        case IO_DOUBLE:
        case IO_CHOICE:
            break;
        }
        memset(field, 0, field_size(table[i].kind));
    }
}
