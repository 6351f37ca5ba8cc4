/* The memory of an option's field. */
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
