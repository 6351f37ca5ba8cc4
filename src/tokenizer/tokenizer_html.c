/* Texts as code points, and html.unescape as Python does it. */
#include "tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define ENTITY_CHARACTERS 32 /* html.unescape looks no further after '&' */

status_t tokenizer_points_push(tokenizer_points_t *points, int32_t code_point)
{
    if (points->count == points->capacity) {
        size_t capacity = points->capacity == 0 ? 256 : 2 * points->capacity;
        int32_t *at = realloc(points->at, capacity * sizeof *at);
        if (at == NULL) return fail(ST_ENOMEM, "no memory for a text of %zu characters", capacity);
        points->at = at;
        points->capacity = capacity;
    }
    points->at[points->count++] = code_point;
    return ST_OK;
}

status_t tokenizer_points_utf8(tokenizer_points_t *points, const char *text)
{
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    utf8proc_ssize_t size = (utf8proc_ssize_t)strlen(text);
    for (utf8proc_ssize_t i = 0; i < size;) {
        utf8proc_int32_t code_point = 0;
        utf8proc_ssize_t step = utf8proc_iterate(bytes + i, size - i, &code_point);
        if (step <= 0)
            return fail(ST_EFORMAT, "text is not UTF-8 at byte %zu (0x%02x): '%.60s'", (size_t)i, bytes[i], text);
        TRY(tokenizer_points_push(points, code_point));
        i += step;
    }
    return ST_OK;
}

status_t tokenizer_points_text(char **out, const tokenizer_points_t *points)
{
    char *text = base_alloc(points->count * 4 + 1, 1);
    if (text == NULL) return ST_ENOMEM;
    size_t size = 0;
    for (size_t i = 0; i < points->count; i++)
        size += (size_t)utf8proc_encode_char(points->at[i], (utf8proc_uint8_t *)text + size);
    text[size] = '\0';
    *out = text;
    return ST_OK;
}

/* ---- html.unescape ---- */
/* What HTML says a numeric reference to 0x80..0x9f means: Windows-1252, and itself where that has a hole. */
static const uint16_t WINDOWS_1252[32] = {0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                          0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008d, 0x017d, 0x008f,
                                          0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                          0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};

static status_t push_numeric(tokenizer_points_t *out, uint32_t number)
{
    if (number == 0 || number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff))
        return tokenizer_points_push(out, 0xfffd);
    if (number >= 0x80 && number <= 0x9f) return tokenizer_points_push(out, WINDOWS_1252[number - 0x80]);
    bool control = number <= 0x08 || number == 0x0b || (number >= 0x0e && number <= 0x1f) || number == 0x7f;
    bool no_character = (number >= 0xfdd0 && number <= 0xfdef) || (number & 0xfffe) == 0xfffe;
    return control || no_character ? ST_OK : tokenizer_points_push(out, (int32_t)number);
}

static int digit(int32_t c, int base)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (base == 16 && c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (base == 16 && c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* "&#123;" or "&#x7b;", `start` after its '#'; returns the position after it, `start` when there is no number. */
static size_t read_number(uint32_t *number, const tokenizer_points_t *in, size_t start)
{
    int base = 10;
    size_t i = start;
    if (i < in->count && (in->at[i] == 'x' || in->at[i] == 'X')) base = 16, i++;
    size_t first = i;
    *number = 0;
    for (; i < in->count && digit(in->at[i], base) >= 0; i++)
        if (*number <= 0x10ffff) *number = *number * (uint32_t)base + (uint32_t)digit(in->at[i], base);
    if (i == first) return start;
    return i < in->count && in->at[i] == ';' ? i + 1 : i;
}

status_t tokenizer_html_number(size_t *after, tokenizer_points_t *out, const tokenizer_points_t *in, size_t start)
{
    uint32_t number = 0;
    *after = read_number(&number, in, start);
    return *after == start ? ST_OK : push_numeric(out, number);
}

static bool ends_name(int32_t c)
{
    return c == '\t' || c == '\n' || c == '\f' || c == ' ' || c == '<' || c == '&' || c == '#' || c == ';';
}

/* A named reference whose name starts at `start`: the longest known name wins, what follows it stays. Returns the
 * position after what was used. */
static status_t push_named(size_t *next, tokenizer_points_t *out, const tokenizer_points_t *in, size_t start)
{
    size_t end = start;
    while (end < in->count && end - start < ENTITY_CHARACTERS && !ends_name(in->at[end])) end++;
    if (end > start && end < in->count && in->at[end] == ';') end++;
    char name[ENTITY_CHARACTERS + 1];
    size_t ascii = 0;
    while (start + ascii < end && in->at[start + ascii] < 0x80) {
        name[ascii] = (char)in->at[start + ascii];
        ascii++;
    }
    for (size_t length = ascii; length >= 2; length--) {
        const char *text = tokenizer_entity_find(name, length);
        if (text == NULL) continue;
        *next = start + length;
        return tokenizer_points_utf8(out, text);
    }
    *next = start;
    return tokenizer_points_push(out, '&');
}

status_t tokenizer_html_unescape(tokenizer_points_t *out, const tokenizer_points_t *in)
{
    out->count = 0;
    for (size_t i = 0; i < in->count;) {
        if (in->at[i] != '&') {
            TRY(tokenizer_points_push(out, in->at[i++]));
            continue;
        }
        if (i + 1 < in->count && in->at[i + 1] == '#') {
            size_t after;
            TRY(tokenizer_html_number(&after, out, in, i + 2));
            if (after == i + 2)
                TRY(tokenizer_points_push(out, in->at[i++]));
            else
                i = after;
            continue;
        }
        TRY(push_named(&i, out, in, i + 1));
    }
    return ST_OK;
}
