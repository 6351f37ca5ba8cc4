/* The memory of an option's field: freed, and copied. */
#include "io/io_internal.h"

#include <stdlib.h>
#include <string.h>

size_t io_option_size(io_kind_t kind)
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

static void free_sweep(io_sweep_t *sweep)
{
    if (sweep->sharers != NULL && --*sweep->sharers > 0) { /* another has it still */
        *sweep = (io_sweep_t){0};
        return;
    }
    free(sweep->sharers);
    for (int i = 0; i < sweep->count; i++) {
        free(sweep->key[i]);
        io_names_free(&sweep->values[i]);
    }
    for (int p = 0; p < sweep->points; p++) io_names_free(&sweep->point[p]);
    free(sweep->point);
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

void io_option_clear(void *options, const io_option_t *row)
{
    void *field = (char *)options + row->offset;
    switch (row->kind) {
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
    memset(field, 0, io_option_size(row->kind));
}

void io_options_free(void *options, const io_option_t *table)
{
    for (int i = 0; table[i].name != NULL; i++) io_option_clear(options, &table[i]);
}

/* ---- Copies ------------------------------------------------------------------------------------------------------------ */

static status_t copy_names(io_names_t *to, const io_names_t *from)
{
    *to = (io_names_t){0};
    if (from->name == NULL) return ST_OK;
    to->name = base_alloc((size_t)from->count + 1, sizeof *to->name);
    if (to->name == NULL) return ST_ENOMEM;
    for (; to->count < from->count; to->count++) {
        to->name[to->count] = base_format("%s", from->name[to->count]);
        if (to->name[to->count] == NULL) return ST_ENOMEM;
    }
    return ST_OK;
}

static status_t copy_ints(io_int_list_t *to, const io_int_list_t *from)
{
    *to = (io_int_list_t){0};
    if (from->count == 0) return ST_OK;
    to->value = base_alloc((size_t)from->count, sizeof *to->value);
    if (to->value == NULL) return ST_ENOMEM;
    memcpy(to->value, from->value, (size_t)from->count * sizeof *to->value);
    to->count = from->count;
    return ST_OK;
}

static status_t copy_map(io_text_map_t *to, const io_text_map_t *from)
{
    *to = (io_text_map_t){0};
    if (from->count == 0) return ST_OK;
    to->key = calloc((size_t)from->count, sizeof *to->key);
    to->value = calloc((size_t)from->count, sizeof *to->value);
    if (to->key == NULL || to->value == NULL) return fail(ST_ENOMEM, "out of memory");
    for (; to->count < from->count; to->count++) {
        to->key[to->count] = base_format("%s", from->key[to->count]);
        to->value[to->count] = base_format("%s", from->value[to->count]);
        if (to->key[to->count] != NULL && to->value[to->count] != NULL) continue;
        to->count++; /* what there is of it is freed, too */
        return ST_ENOMEM;
    }
    return ST_OK;
}

/* One sweep for all: a grid's points are thousands, and each would hold the values of all. */
static status_t share_sweep(io_sweep_t *to, io_sweep_t *from)
{
    if (from->sharers == NULL) {
        from->sharers = base_alloc(1, sizeof *from->sharers);
        if (from->sharers == NULL) return ST_ENOMEM;
        *from->sharers = 1;
    }
    ++*from->sharers;
    *to = *from;
    return ST_OK;
}

static status_t copy_field(void *to, void *from, io_kind_t kind)
{
    switch (kind) {
    case IO_STRING: {
        char *const text = *(char **)from;
        *(char **)to = text != NULL ? base_format("%s", text) : NULL;
        return text == NULL || *(char **)to != NULL ? ST_OK : ST_ENOMEM;
    }
    case IO_INT_LIST:
        return copy_ints(to, from);
    case IO_STRING_LIST:
        return copy_names(to, from);
    case IO_SWEEP:
        return share_sweep(to, from);
    case IO_TEXT_MAP:
        return copy_map(to, from);
    case IO_BOOL:
    case IO_INT:
    case IO_INT64:
    case IO_DOUBLE:
    case IO_CHOICE:
        break;
    }
    memcpy(to, from, io_option_size(kind));
    return ST_OK;
}

status_t io_options_copy(void *to, void *from, const io_option_t *table)
{
    for (int i = 0; table[i].name != NULL; i++) memset((char *)to + table[i].offset, 0, io_option_size(table[i].kind));
    for (int i = 0; table[i].name != NULL; i++)
        TRY(copy_field((char *)to + table[i].offset, (char *)from + table[i].offset, table[i].kind));
    return ST_OK;
}
