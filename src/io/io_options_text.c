/* Option values as YAML text. */
#include "io/io_internal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Whether the text, written plainly, would be read as something else. */
static bool needs_quotes(const char *text)
{
    static const char *const words[] = {"null", "~", "true", "false", "yes", "no"};
    size_t length = strlen(text);
    if (length == 0 || isspace((unsigned char)text[0]) || isspace((unsigned char)text[length - 1])) return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(text, words[i]) == 0) return true;
    if (strchr("?&*!|>%@`", text[0]) != NULL || (text[0] == '-' && (length == 1 || text[1] == ' '))) return true;
    if (strncmp(text, "---", 3) == 0 || strncmp(text, "...", 3) == 0) return true;
    return strpbrk(text, ":#[]{},'\"\n\t\r\\") != NULL;
}

static void put_text(FILE *out, const char *text)
{
    bool control = false;
    for (const char *c = text; *c != '\0'; c++) control = control || iscntrl((unsigned char)*c);
    if (!control && !needs_quotes(text)) {
        fputs(text, out);
        return;
    }
    if (!control) {
        fputc('\'', out);
        for (const char *c = text; *c != '\0'; c++) fputs(*c == '\'' ? "''" : (char[]){*c, '\0'}, out);
        fputc('\'', out);
        return;
    }
    fputc('"', out);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (iscntrl((unsigned char)*c))
            fprintf(out, "\\x%02x", (unsigned char)*c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

static void put_double(FILE *out, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    fputs(text, out);
}

static void put_names(FILE *out, const io_names_t *names)
{
    fputc('[', out);
    for (int i = 0; i < names->count; i++) {
        if (i > 0) fputs(", ", out);
        put_text(out, names->name[i]);
    }
    fputc(']', out);
}

static void put_sweep(FILE *out, const io_sweep_t *sweep)
{
    fputc(sweep->points > 0 ? '[' : '{', out);
    for (int i = 0; i < sweep->count; i++) {
        fprintf(out, "%s%s: ", i > 0 ? ", " : "", sweep->key[i]);
        put_names(out, &sweep->values[i]);
    }
    for (int p = 0; p < sweep->points; p++) {
        fputs(p > 0 ? ", {" : "{", out);
        for (int i = 0; i < sweep->point[p].count; i++) {
            const char *text = sweep->point[p].name[i], *equals = strchr(text, '=');
            fprintf(out, "%s%.*s: ", i > 0 ? ", " : "", (int)(equals - text), text);
            put_text(out, equals + 1);
        }
        fputc('}', out);
    }
    fputc(sweep->points > 0 ? ']' : '}', out);
}

static void put_value(FILE *out, const void *field, const io_option_t *row)
{
    switch (row->kind) {
    case IO_BOOL:
        fputs(*(const bool *)field ? "true" : "false", out);
        break;
    case IO_INT:
        fprintf(out, "%d", *(const int *)field);
        break;
    case IO_INT64:
        fprintf(out, "%" PRId64, *(const int64_t *)field);
        break;
    case IO_DOUBLE:
        put_double(out, *(const double *)field);
        break;
    case IO_CHOICE:
        fputs(row->names[*(const int *)field], out);
        break;
    case IO_STRING: {
        const char *text = *(char *const *)field;
        put_text(out, text != NULL ? text : "");
        break;
    }
    case IO_STRING_LIST:
        put_names(out, field);
        break;
    case IO_INT_LIST: {
        const io_int_list_t *list = field;
        fputc('[', out);
        for (int i = 0; i < list->count; i++) fprintf(out, "%s%d", i > 0 ? ", " : "", list->value[i]);
        fputc(']', out);
        break;
    }
    case IO_SWEEP:
        put_sweep(out, field);
        break;
    case IO_TEXT_MAP: {
        const io_text_map_t *map = field;
        fputc('{', out);
        for (int i = 0; i < map->count; i++) {
            if (i > 0) fputs(", ", out);
            put_text(out, map->key[i]);
            fputs(": ", out);
            put_text(out, map->value[i]);
        }
        fputc('}', out);
        break;
    }
    }
}

char *io_options_text(const void *options, const io_option_t *row)
{
    REQUIRE(options != NULL && row != NULL);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out != NULL) put_value(out, (const char *)options + row->offset, row);
    if (out != NULL && fclose(out) == 0) return text;
    free(text);
    fail(ST_ENOMEM, "out of memory for the text of %s", row->name);
    return NULL;
}

static bool is_unset(const void *field, const io_option_t *row)
{
    if (row->otherwise != NULL) return false;
    if (row->kind == IO_STRING) return *(char *const *)field == NULL;
    if (row->kind == IO_INT_LIST) return ((const io_int_list_t *)field)->count == 0;
    if (row->kind == IO_STRING_LIST) return ((const io_names_t *)field)->count == 0;
    return false;
}

static bool group_seen(const void *options, const io_option_t *table, int before, const char *group, size_t length)
{
    for (int i = 0; i < before; i++)
        if (strncmp(table[i].name, group, length) == 0 && !is_unset((const char *)options + table[i].offset, &table[i]))
            return true;
    return false;
}

/* The rows whose names start with prefix (length bytes of it), deeper groups where their first row stands. */
static void put_group(FILE *out, const void *options, const io_option_t *table, const char *prefix, size_t length,
                      int depth)
{
    for (int i = 0; table[i].name != NULL; i++) {
        const char *name = table[i].name;
        const void *field = (const char *)options + table[i].offset;
        if (strncmp(name, prefix, length) != 0 || is_unset(field, &table[i])) continue;
        const char *dot = strchr(name + length, '.');
        if (dot == NULL) {
            fprintf(out, "%*s%s: ", 2 * depth, "", name + length);
            put_value(out, field, &table[i]);
            fputc('\n', out);
            continue;
        }
        size_t longer = (size_t)(dot - name) + 1;
        if (group_seen(options, table, i, name, longer)) continue;
        fprintf(out, "%*s%.*s:\n", 2 * depth, "", (int)(longer - length - 1), name + length);
        put_group(out, options, table, name, longer, depth + 1);
    }
}

char *io_options_yaml(const void *options, const io_option_t *table)
{
    REQUIRE(options != NULL && table != NULL);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out != NULL) put_group(out, options, table, "", 0, 0);
    if (out != NULL && fclose(out) == 0) return text;
    free(text);
    fail(ST_ENOMEM, "out of memory for the text of the options");
    return NULL;
}
