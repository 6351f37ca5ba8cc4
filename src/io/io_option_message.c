/* What is said of a wrong option: what the row accepts, and what was probably meant. */
#include "io/io_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void bounds_text(char out[128], const io_option_t *row)
{
    out[0] = '\0';
    if (row->low == row->high) return;
    if (isinf(row->high))
        snprintf(out, 128, " of at least %.15g", row->low);
    else if (isinf(row->low))
        snprintf(out, 128, " of at most %.15g", row->high);
    else
        snprintf(out, 128, " from %.15g to %.15g", row->low, row->high);
}

static void names_text(char *out, size_t size, const char *const *names)
{
    size_t used = 0;
    for (int i = 0; names[i] != NULL && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", names[i]);
}

void io_option_expected(char out[512], const io_option_t *row)
{
    char bounds[128];
    bounds_text(bounds, row);
    switch (row->kind) {
    case IO_BOOL:
        snprintf(out, 512, "true or false");
        return;
    case IO_INT:
    case IO_INT64:
    case IO_INT_LIST:
        snprintf(out, 512, "a whole number%s", bounds);
        return;
    case IO_DOUBLE:
        snprintf(out, 512, "a number%s", bounds);
        return;
    case IO_CHOICE:
    case IO_STRING_LIST:
        if (row->names != NULL) {
            snprintf(out, 512, "one of ");
            names_text(out + strlen(out), 512 - strlen(out), row->names);
            return;
        }
        break;
    case IO_STRING:
    case IO_SWEEP:
    case IO_TEXT_MAP:
        break;
    }
    snprintf(out, 512, "a text");
}

status_t io_option_check_count(const char *name, int64_t count, const char *place)
{
    if (count <= IO_OPTION_ITEMS) return ST_OK;
    return fail(ST_EFORMAT, "%s: %s has %" PRId64 " items, expected at most %d", place, name, count,
                (int)IO_OPTION_ITEMS);
}

status_t io_option_refuse(const io_option_t *row, int item, const char *text, const char *place)
{
    char expected[512], index[24] = "", hint[128] = "";
    io_option_expected(expected, row);
    if (item >= 0) snprintf(index, sizeof index, "[%d]", item);
    if (row->names != NULL) {
        const char *best = NULL;
        int edits = -1;
        for (int i = 0; row->names[i] != NULL; i++)
            if (base_meant(&edits, row->names[i], text)) best = row->names[i];
        if (best != NULL) snprintf(hint, sizeof hint, " (did you mean '%s'?)", best);
    }
    return fail(ST_EFORMAT, "%s: %s%s is '%s', expected %s%s", place, row->name, index, text, expected, hint);
}

/* The nearest key for what follows "row." of a sweep or a map. */
static status_t unknown_member(const io_option_t *table, int row, const char *name, const char *place)
{
    const char *best = NULL;
    int edits = -1;
    const io_option_t *map = &table[row];
    const char *member = name + strlen(map->name) + 1;
    for (int i = 0; map->kind == IO_SWEEP && table[i].name != NULL; i++)
        if (table[i].kind != IO_SWEEP && table[i].kind != IO_TEXT_MAP && base_meant(&edits, table[i].name, member))
            best = table[i].name;
    for (int i = 0; map->kind == IO_TEXT_MAP && map->names != NULL && map->names[i] != NULL; i++)
        if (base_meant(&edits, map->names[i], member)) best = map->names[i];
    if (best == NULL) return fail(ST_EFORMAT, "%s: unknown key '%s'", place, name);
    return fail(ST_EFORMAT, "%s: unknown key '%s' (did you mean '%s.%s'?)", place, name, map->name, best);
}

status_t io_option_unknown(const io_option_t *table, const char *name, const char *place)
{
    const char *best = NULL, *near = NULL;
    int edits = -1;
    char group[128] = "", nearest_group[128] = "";
    const size_t length = strlen(name);
    for (int i = 0; table[i].name != NULL; i++) {
        const char *row = table[i].name;
        if (strncmp(row, name, length) == 0 && row[length] == '.')
            return fail(ST_EFORMAT, "%s: '%s' is a group of keys, expected one of them, as '%s'", place, name, row);
        bool map = table[i].kind == IO_SWEEP || table[i].kind == IO_TEXT_MAP;
        if (map && strncmp(name, row, strlen(row)) == 0 && name[strlen(row)] == '.')
            return unknown_member(table, i, name, place);
        if (base_meant(&edits, row, name)) best = row;
        const char *dot = strrchr(row, '.');
        snprintf(group, sizeof group, "%.*s", dot != NULL ? (int)(dot - row) : 0, row);
        if (dot == NULL || !base_meant(&edits, group, name)) continue;
        memcpy(nearest_group, group, sizeof group);
        best = nearest_group;
    }
    /* "epochs" or "epohcs" for "pixel.epochs": the right word, or one like it, without its group. */
    for (int i = 0; best == NULL && table[i].name != NULL; i++) {
        const char *dot = strrchr(table[i].name, '.');
        if (dot != NULL && base_meant(&edits, dot + 1, name)) near = table[i].name;
    }
    if (best == NULL) best = near;
    if (best == NULL) return fail(ST_EFORMAT, "%s: unknown key '%s'", place, name);
    return fail(ST_EFORMAT, "%s: unknown key '%s' (did you mean '%s'?)", place, name, best);
}
