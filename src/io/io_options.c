/* Option structs as wholes: defaults, "-s key=value". */
#include "io/io_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value of an axis that is a list itself, "[a,b]", as "a, b" (heap); others as they are. */
static char *without_brackets(const char *item)
{
    if (item[0] != '[') return base_format("%s", item);
    char **items = NULL, *storage = NULL, *joined = NULL;
    int count = io_option_split(&items, &storage, item, ',');
    if (count >= 0) joined = io_option_join((const char *const *)items, count);
    free(items);
    free(storage);
    return joined;
}

static status_t set_list(void *options, const io_option_t *table, int row, const char *key, const char *value,
                         const char *place)
{
    char **items = NULL, *storage = NULL, **inner = NULL;
    status_t status = ST_ENOMEM;
    const bool sweep = table[row].kind == IO_SWEEP;
    int count = io_option_split(&items, &storage, value, sweep && strchr(value, ';') != NULL ? ';' : ',');
    if (count >= 0) inner = calloc((size_t)count + 1, sizeof *inner);
    if (inner == NULL) {
        status = fail(ST_ENOMEM, "out of memory for a list");
        goto done;
    }
    for (int i = 0; i < count && sweep; i++) {
        inner[i] = without_brackets(items[i]);
        if (inner[i] == NULL) goto done;
        items[i] = inner[i];
    }
    status = io_option_assign(options, table, row, key, (const char *const *)items, count, place);
done:
    for (int i = 0; i < count && inner != NULL; i++) free(inner[i]);
    free(inner);
    free(items);
    free(storage);
    return status;
}

/* sweep=[{...}, ...] and sweep={...}, as a file has them. */
static status_t set_sweep(void *options, const io_option_t *table, int row, const char *value, const char *place)
{
    char *text = base_format("%s: %s\n", table[row].name, value);
    if (text == NULL) return ST_ENOMEM;
    io_option_clear(options, &table[row]);
    status_t status = io_options_parse_yaml(options, table, NULL, text, place);
    free(text);
    return status;
}

/* key: the rest after "row." for maps, NULL for the row itself. */
static status_t set_row(void *options, const io_option_t *table, int row, const char *key, const char *value,
                        const char *place)
{
    const io_option_t *option = &table[row];
    bool map = option->kind == IO_SWEEP || option->kind == IO_TEXT_MAP;
    if (map && key == NULL) {
        if (option->kind == IO_SWEEP && (value[0] == '[' || value[0] == '{'))
            return set_sweep(options, table, row, value, place);
        if (value[0] != '\0')
            return fail(ST_EFORMAT, "%s: %s is '%s', expected %s.KEY=VALUE (hint: '%s=' empties it)", place,
                        option->name, value, option->name, option->name);
        io_option_clear(options, option);
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

status_t io_options_init(void *options, const io_option_t *table)
{
    REQUIRE(options != NULL && table != NULL);
    for (int i = 0; table[i].name != NULL; i++)
        memset((char *)options + table[i].offset, 0, io_option_size(table[i].kind));
    for (int i = 0; table[i].name != NULL; i++) {
        if (table[i].otherwise == NULL) continue;
        status_t status = set_row(options, table, i, NULL, table[i].otherwise, "default");
        if (status == ST_OK) continue;
        if (status == ST_EFORMAT) log_error("%s", fail_message());
        /* A default its own row refuses is a fault of the table, not of the input. */
        REQUIRE(status != ST_EFORMAT);
        io_options_free(options, table);
        return status;
    }
    return ST_OK;
}
