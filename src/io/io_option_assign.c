/* One row of an option table takes its value from text, with every check; the field changes only when all is right. */
#include "io/io_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool in_bounds(const io_option_t *row, double value)
{
    return row->low == row->high || (value >= row->low && value <= row->high);
}

static bool read_bool(bool *out, const char *text)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    for (int i = 0; i < 6; i++) {
        if (strcasecmp(words[i], text) != 0) continue;
        *out = i % 2 == 1;
        return true;
    }
    return false;
}

static bool read_int64(int64_t *out, const io_option_t *row, const char *text)
{
    /* Digits and a sign alone: strtoll would also take blanks in front. */
    if (text[strspn(text, "+-0123456789")] != '\0') return false;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || !in_bounds(row, (double)value)) return false;
    *out = value;
    return true;
}

static bool read_int(int *out, const io_option_t *row, const char *text)
{
    int64_t value;
    if (!read_int64(&value, row, text) || value < INT_MIN || value > INT_MAX) return false;
    *out = (int)value;
    return true;
}

static bool read_double(double *out, const io_option_t *row, const char *text)
{
    double value;
    const char *end = base_number(&value, text);
    if (end == NULL || *end != '\0' || !in_bounds(row, value)) return false;
    *out = value;
    return true;
}

static bool read_name(int *out, const char *const *names, const char *text)
{
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], text) != 0) continue;
        *out = i;
        return true;
    }
    return false;
}

/* A copy of texts; *out is untouched on failure. */
static status_t copy_names(io_names_t *out, const char *const *texts, int count)
{
    io_names_t names = {0};
    names.name = calloc((size_t)count + 1, sizeof *names.name);
    if (names.name == NULL) return fail(ST_ENOMEM, "out of memory for a list of %d", count);
    for (int i = 0; i < count; i++) {
        names.name[i] = base_format("%s", texts[i]);
        if (names.name[i] == NULL) {
            io_names_free(&names);
            return ST_ENOMEM;
        }
        names.count++;
    }
    *out = names;
    return ST_OK;
}

/* By their texts, and equal ones by their places. */
static int by_text(const void *a, const void *b)
{
    const char *const *left = *(const char *const *const *)a, *const *right = *(const char *const *const *)b;
    int order = strcmp(*left, *right);
    return order != 0 ? order : (left > right) - (left < right);
}

/* Names the first text that stands there again. Sorted: a sweep may have thousands, and each of its points asks. */
static status_t check_repeats(const io_option_t *row, const char *const *texts, int count, const char *place)
{
    const char *const **sorted = base_alloc((size_t)count + 1, sizeof *sorted);
    if (sorted == NULL) return ST_ENOMEM;
    const char *const *again = NULL;
    for (int i = 0; i < count; i++) sorted[i] = &texts[i];
    qsort(sorted, (size_t)count, sizeof *sorted, by_text);
    for (int i = 1; i < count; i++)
        if (strcmp(*sorted[i], *sorted[i - 1]) == 0 && (again == NULL || sorted[i] < again)) again = sorted[i];
    free(sorted);
    return again == NULL ? ST_OK : fail(ST_EFORMAT, "%s: %s names '%s' twice", place, row->name, *again);
}

static status_t assign_ints(io_int_list_t *list, const io_option_t *row, const char *const *texts, int count,
                            const char *place)
{
    int *value = base_alloc((size_t)count + 1, sizeof *value);
    if (value == NULL) return ST_ENOMEM;
    status_t status = ST_OK;
    for (int i = 0; i < count && status == ST_OK; i++) {
        if (!read_int(&value[i], row, texts[i])) status = io_option_refuse(row, i, texts[i], place);
        for (int j = 0; j < i && status == ST_OK; j++)
            if (value[i] == value[j]) status = fail(ST_EFORMAT, "%s: %s names %d twice", place, row->name, value[i]);
    }
    if (status != ST_OK) {
        free(value);
        return status;
    }
    free(list->value);
    *list = (io_int_list_t){count, value};
    return ST_OK;
}

static status_t assign_names(io_names_t *names, const io_option_t *row, const char *const *texts, int count,
                             const char *place)
{
    int index;
    for (int i = 0; i < count && row->names != NULL; i++)
        if (!read_name(&index, row->names, texts[i])) return io_option_refuse(row, i, texts[i], place);
    TRY(check_repeats(row, texts, count, place));
    io_names_t copy;
    TRY(copy_names(&copy, texts, count));
    io_names_free(names);
    *names = copy;
    return ST_OK;
}

/* Where the bracket at `at` is closed; NULL: nowhere. */
static const char *closing(const char *at)
{
    int open = 0;
    for (; *at != '\0'; at++) {
        open += (*at == '[') - (*at == ']');
        if (open == 0) return at;
    }
    return NULL;
}

static bool is_balanced(const char *text)
{
    int open = 0;
    for (; *text != '\0' && open >= 0; text++) open += (*text == '[') - (*text == ']');
    return open == 0;
}

/* Ends the item at `text` with a zero; where the next begins, NULL: it was the last. */
static char *cut_item(char *text, char separator, bool nested)
{
    int open = 0;
    for (; *text != '\0'; text++) {
        if (nested) open += (*text == '[') - (*text == ']');
        if (*text != separator || open > 0) continue;
        *text = '\0';
        return text + 1;
    }
    return NULL;
}

int io_option_split(char ***items, char **storage, const char *value, char separator)
{
    *items = calloc(strlen(value) + 2, sizeof **items);
    *storage = base_format("%s", value);
    if (*items == NULL || *storage == NULL) return fail(ST_ENOMEM, "out of memory for a list"), -1;
    char *text = *storage + strspn(*storage, " \t");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t", text[length - 1]) != NULL) text[--length] = '\0';
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        const char *end = closing(text);
        if (end == NULL || end[1] == '\0') {
            text[length - 1] = '\0';
            text++;
        }
    }
    if (text[strspn(text, " \t")] == '\0') return 0;
    const bool nested = is_balanced(text);
    int count = 0;
    for (char *item = text, *next; item != NULL; item = next) {
        next = cut_item(item, separator, nested);
        item += strspn(item, " \t");
        for (size_t end = strlen(item); end > 0 && strchr(" \t", item[end - 1]) != NULL;) item[--end] = '\0';
        (*items)[count++] = item;
    }
    return count;
}

char *io_option_join(const char *const *texts, int count)
{
    char *joined = base_format("%s", "");
    for (int i = 0; i < count && joined != NULL; i++) {
        char *longer = base_format("%s%s%s", joined, i > 0 ? ", " : "", texts[i]);
        free(joined);
        joined = longer;
    }
    return joined;
}

bool io_option_is_swept_list(const io_option_t *row)
{
    return row->kind == IO_INT_LIST || row->kind == IO_STRING_LIST;
}

/* A swept value is right when its own row takes it: tried on a scratch field, large enough for any kind. */
static status_t try_value(const io_option_t *table, int row, const char *text, const char *place)
{
    io_option_t alone[2] = {table[row], {0}};
    alone[0].offset = 0;
    union {
        int64_t whole;
        double number;
        void *pointer;
        io_names_t names;
        io_int_list_t ints;
    } scratch;
    memset(&scratch, 0, sizeof scratch);
    status_t status;
    if (io_option_is_swept_list(&table[row])) {
        char **items, *storage;
        int count = io_option_split(&items, &storage, text, ',');
        status = count < 0 ? ST_ENOMEM
                           : io_option_assign(&scratch, alone, 0, NULL, (const char *const *)items, count, place);
        free(items);
        free(storage);
    } else {
        status = io_option_assign(&scratch, alone, 0, NULL, &text, 1, place);
    }
    io_options_free(&scratch, alone);
    return status;
}

/* Each of the texts is a value of the row that `key` names. */
static status_t check_swept(const io_option_t *table, int row, const char *key, const char *const *texts, int count,
                            const char *place)
{
    int swept = -1;
    for (int i = 0; table[i].name != NULL; i++)
        if (strcmp(table[i].name, key) == 0 && table[i].kind != IO_SWEEP && table[i].kind != IO_TEXT_MAP) swept = i;
    if (swept < 0) {
        char name[256];
        snprintf(name, sizeof name, "%s.%s", table[row].name, key);
        return io_option_unknown(table, name, place);
    }
    for (int i = 0; i < count; i++) {
        const status_t status = try_value(table, swept, texts[i], place);
        if (status == ST_EFORMAT) return fail(status, "%s (in %s)", fail_message(), table[row].name);
        TRY(status);
    }
    return ST_OK;
}

static status_t assign_sweep(io_sweep_t *sweep, const io_option_t *table, int row, const char *key,
                             const char *const *texts, int count, const char *place)
{
    TRY(check_swept(table, row, key, texts, count, place));
    if (count == 0)
        return fail(ST_EFORMAT, "%s: %s.%s is an empty list, expected the values to try", place, table[row].name, key);
    if (sweep->points > 0)
        return fail(ST_EFORMAT, "%s: %s.%s is an axis, but %s is a list of points already (hint: '%s=' empties it)",
                    place, table[row].name, key, table[row].name, table[row].name);
    io_option_t named = table[row];
    char name[256];
    snprintf(name, sizeof name, "%s.%s", table[row].name, key);
    named.name = name;
    TRY(check_repeats(&named, texts, count, place));

    io_names_t values;
    TRY(copy_names(&values, texts, count));
    for (int i = 0; i < sweep->count; i++) {
        if (strcmp(sweep->key[i], key) != 0) continue;
        io_names_free(&sweep->values[i]);
        sweep->values[i] = values;
        return ST_OK;
    }
    char *copy = base_format("%s", key);
    char **keys = realloc(sweep->key, ((size_t)sweep->count + 1) * sizeof *keys);
    if (keys != NULL) sweep->key = keys;
    io_names_t *lists = realloc(sweep->values, ((size_t)sweep->count + 1) * sizeof *lists);
    if (lists != NULL) sweep->values = lists;
    if (copy == NULL || keys == NULL || lists == NULL) {
        free(copy);
        io_names_free(&values);
        return fail(ST_ENOMEM, "out of memory for the sweep of %s", key);
    }
    keys[sweep->count] = copy;
    lists[sweep->count++] = values;
    return ST_OK;
}

status_t io_option_add_point(void *options, const io_option_t *table, int row, const char *const *keys,
                             const char *const *texts, int count, const char *place)
{
    io_sweep_t *sweep = (io_sweep_t *)(void *)((char *)options + table[row].offset);
    io_names_t point = {0};
    for (int i = 0; i < count; i++) TRY(check_swept(table, row, keys[i], &texts[i], 1, place));
    io_names_t *points = realloc(sweep->point, ((size_t)sweep->points + 1) * sizeof *points);
    if (points != NULL) sweep->point = points;
    point.name = calloc((size_t)count + 1, sizeof *point.name);
    for (int i = 0; i < count && points != NULL && point.name != NULL; i++) {
        point.name[i] = base_format("%s=%s", keys[i], texts[i]);
        if (point.name[i] == NULL) break;
        point.count++;
    }
    if (points == NULL || point.count < count || point.name == NULL) {
        io_names_free(&point);
        return fail(ST_ENOMEM, "out of memory for the points of %s", table[row].name);
    }
    sweep->point[sweep->points++] = point;
    return ST_OK;
}

static status_t assign_map(io_text_map_t *map, const io_option_t *table, int row, const char *key, const char *text,
                           const char *place)
{
    int index;
    if (table[row].names != NULL && !read_name(&index, table[row].names, key)) {
        char name[256];
        snprintf(name, sizeof name, "%s.%s", table[row].name, key);
        return io_option_unknown(table, name, place);
    }
    char *value = base_format("%s", text);
    if (value == NULL) return ST_ENOMEM;
    for (int i = 0; i < map->count; i++) {
        if (strcmp(map->key[i], key) != 0) continue;
        free(map->value[i]);
        map->value[i] = value;
        return ST_OK;
    }
    char *copy = base_format("%s", key);
    char **keys = realloc(map->key, ((size_t)map->count + 1) * sizeof *keys);
    if (keys != NULL) map->key = keys;
    char **values = realloc(map->value, ((size_t)map->count + 1) * sizeof *values);
    if (values != NULL) map->value = values;
    if (copy == NULL || keys == NULL || values == NULL) {
        free(copy);
        free(value);
        return fail(ST_ENOMEM, "out of memory for %s.%s", table[row].name, key);
    }
    keys[map->count] = copy;
    values[map->count++] = value;
    return ST_OK;
}

status_t io_option_assign(void *options, const io_option_t *table, int row, const char *key, const char *const *texts,
                          int count, const char *place)
{
    const io_option_t *option = &table[row];
    void *field = (char *)options + option->offset;
    bool taken = false;
    TRY(io_option_check_count(option->name, count, place));
    switch (option->kind) {
    case IO_INT_LIST:
        return assign_ints(field, option, texts, count, place);
    case IO_STRING_LIST:
        return assign_names(field, option, texts, count, place);
    case IO_SWEEP:
        return assign_sweep(field, table, row, key, texts, count, place);
    case IO_TEXT_MAP:
        return assign_map(field, table, row, key, texts[0], place);
    case IO_BOOL:
        taken = read_bool(field, texts[0]);
        break;
    case IO_INT:
        taken = read_int(field, option, texts[0]);
        break;
    case IO_INT64:
        taken = read_int64(field, option, texts[0]);
        break;
    case IO_DOUBLE:
        taken = read_double(field, option, texts[0]);
        break;
    case IO_CHOICE:
        taken = read_name(field, option->names, texts[0]);
        break;
    case IO_STRING: {
        char *copy = base_format("%s", texts[0]);
        if (copy == NULL) return ST_ENOMEM;
        char **string = field;
        free(*string);
        *string = copy;
        return ST_OK;
    }
    }
    return taken ? ST_OK : io_option_refuse(option, -1, texts[0], place);
}
