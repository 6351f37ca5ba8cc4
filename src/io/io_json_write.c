/* JSON out: a parsed node as text again, a text as a string of JSON. */
#include "io/io_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void io_json_quote(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (*at == '\n')
            fputs("\\n", out);
        else if (*at < ' ')
            fprintf(out, "\\u%04x", *at);
        else
            fputc(*at, out);
    }
    fputc('"', out);
}

static void indent(FILE *out, int depth)
{
    fprintf(out, "\n%*s", 2 * depth, "");
}

static bool is_scalar(io_json_node_t node)
{
    return io_json_kind(node) != IO_JSON_ARRAY && io_json_kind(node) != IO_JSON_OBJECT;
}

/* Depth is bounded by the parser's own limit. Members that are all scalars share a line when it is not the root's. */
static void write_node(FILE *out, io_json_node_t node, int depth, bool wide)
{
    int count = io_json_count(node);
    switch (io_json_kind(node)) {
    case IO_JSON_NULL:
        fputs("null", out);
        return;
    case IO_JSON_BOOL:
        fputs(io_json_bool(node, false) ? "true" : "false", out);
        return;
    case IO_JSON_NUMBER:
        fprintf(out, "%.17g", io_json_number(node, 0));
        return;
    case IO_JSON_STRING:
        io_json_quote(out, io_json_string(node));
        return;
    case IO_JSON_ARRAY:
        fputc('[', out);
        for (int i = 0; i < count; i++) {
            if (i > 0) fputc(',', out);
            indent(out, depth + 1);
            write_node(out, io_json_at(node, i), depth + 1, false);
        }
        if (count > 0) indent(out, depth);
        fputc(']', out);
        return;
    case IO_JSON_OBJECT:
        break;
    }
    size_t length = 0;
    const char *key;
    for (int i = 0; i < count; i++) {
        io_json_node_t member = io_json_member(&key, node, i);
        const char *text = io_json_string(member);
        wide = wide || !is_scalar(member);
        length += strlen(key) + (text != NULL ? strlen(text) : 8) + 8;
    }
    wide = wide || length > 110;
    fputc('{', out);
    for (int i = 0; i < count; i++) {
        io_json_node_t member = io_json_member(&key, node, i);
        if (i > 0) fputc(',', out);
        if (wide)
            indent(out, depth + 1);
        else
            fputc(' ', out);
        io_json_quote(out, key);
        fputs(": ", out);
        write_node(out, member, depth + 1, false);
    }
    if (wide)
        indent(out, depth);
    else if (count > 0)
        fputc(' ', out);
    fputc('}', out);
}

char *io_json_text(io_json_node_t node)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        fail(ST_ENOMEM, "out of memory");
        return NULL;
    }
    write_node(out, node, 0, true);
    fputc('\n', out);
    bool bad = ferror(out) != 0;
    if (fclose(out) == 0 && !bad) return text;
    free(text);
    fail(ST_ENOMEM, "out of memory");
    return NULL;
}
