/* Cleaning of a text before it is tokenized: HTML references, white space, lower case, as Python does them. ftfy's
 * fix_text, which open_clip also calls when it is installed, is not applied: it changes only damaged text. */
#include "clip/clip_internal.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* A text as code points. */
typedef struct {
    int32_t *at;
    size_t count, capacity;
} points_t;

#define ENTITY_CHARACTERS 32 /* html.unescape looks no further after '&' */

static status_t push(points_t *points, int32_t code_point)
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

static status_t push_utf8(points_t *points, const char *text)
{
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    utf8proc_ssize_t size = (utf8proc_ssize_t)strlen(text);
    for (utf8proc_ssize_t i = 0; i < size;) {
        utf8proc_int32_t code_point = 0;
        utf8proc_ssize_t step = utf8proc_iterate(bytes + i, size - i, &code_point);
        if (step <= 0)
            return fail(ST_EFORMAT, "text is not UTF-8 at byte %zu (0x%02x): '%.60s'", (size_t)i, bytes[i], text);
        TRY(push(points, code_point));
        i += step;
    }
    return ST_OK;
}

/* ---- html.unescape ---- */
/* What HTML says a numeric reference to 0x80..0x9f means: Windows-1252, and itself where that has a hole. */
static const uint16_t WINDOWS_1252[32] = {0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                          0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008d, 0x017d, 0x008f,
                                          0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                          0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};

static status_t push_numeric(points_t *out, uint32_t number)
{
    if (number == 0 || number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff)) return push(out, 0xfffd);
    if (number >= 0x80 && number <= 0x9f) return push(out, WINDOWS_1252[number - 0x80]);
    bool control = number <= 0x08 || number == 0x0b || (number >= 0x0e && number <= 0x1f) || number == 0x7f;
    bool no_character = (number >= 0xfdd0 && number <= 0xfdef) || (number & 0xfffe) == 0xfffe;
    return control || no_character ? ST_OK : push(out, (int32_t)number);
}

static int digit(int32_t c, int base)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (base == 16 && c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (base == 16 && c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* "&#123;" or "&#x7b;", `start` after its '#'; returns the position after it, `start` when there is no number. */
static size_t read_number(uint32_t *number, const points_t *in, size_t start)
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

static bool ends_name(int32_t c)
{
    return c == '\t' || c == '\n' || c == '\f' || c == ' ' || c == '<' || c == '&' || c == '#' || c == ';';
}

/* A named reference whose name starts at `start`: the longest known name wins, what follows it stays. Returns the
 * position after what was used. */
static status_t push_named(size_t *next, points_t *out, const points_t *in, size_t start)
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
        const char *text = clip_entity_find(name, length);
        if (text == NULL) continue;
        *next = start + length;
        return push_utf8(out, text);
    }
    *next = start;
    return push(out, '&');
}

static status_t unescape(points_t *out, const points_t *in)
{
    out->count = 0;
    for (size_t i = 0; i < in->count;) {
        if (in->at[i] != '&') {
            TRY(push(out, in->at[i++]));
            continue;
        }
        if (i + 1 < in->count && in->at[i + 1] == '#') {
            uint32_t number = 0;
            size_t after = read_number(&number, in, i + 2);
            if (after == i + 2) {
                TRY(push(out, in->at[i++]));
            } else {
                TRY(push_numeric(out, number));
                i = after;
            }
            continue;
        }
        TRY(push_named(&i, out, in, i + 1));
    }
    return ST_OK;
}

/* ---- str.split and str.lower ---- */
/* str.isspace of one character. */
static bool is_space(int32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

static void collapse(points_t *points)
{
    size_t kept = 0;
    for (size_t i = 0; i < points->count; i++) {
        bool space = is_space(points->at[i]);
        if (space && (kept == 0 || points->at[kept - 1] == ' ')) continue;
        points->at[kept++] = space ? ' ' : points->at[i];
    }
    if (kept > 0 && points->at[kept - 1] == ' ') kept--;
    points->count = kept;
}

/* Unicode's Final_Sigma as Python reads it: a cased letter before, none after, case-ignorable characters skipped. */
static bool sigma_is_final(const points_t *in, size_t i, const clip_patterns_t *patterns)
{
    size_t before = i;
    while (before > 0 && clip_is_case_ignorable(patterns, in->at[before - 1])) before--;
    if (before == 0 || !clip_is_cased(patterns, in->at[before - 1])) return false;
    size_t after = i + 1;
    while (after < in->count && clip_is_case_ignorable(patterns, in->at[after])) after++;
    return after == in->count || !clip_is_cased(patterns, in->at[after]);
}

static status_t lower(points_t *out, const points_t *in, const clip_patterns_t *patterns)
{
    out->count = 0;
    for (size_t i = 0; i < in->count; i++) {
        int32_t c = in->at[i];
        if (c == 0x0130) { /* I with dot above: the one letter whose lower case is two characters */
            TRY(push(out, 'i'));
            TRY(push(out, 0x0307));
        } else if (c == 0x03a3) {
            TRY(push(out, sigma_is_final(in, i, patterns) ? 0x03c2 : 0x03c3));
        } else {
            TRY(push(out, utf8proc_tolower(c)));
        }
    }
    return ST_OK;
}

status_t clip_text_clean(char **out, const char *text, const clip_patterns_t *patterns)
{
    status_t status = ST_OK;
    points_t a = {0}, b = {0};
    TRY_DONE(push_utf8(&a, text));
    TRY_DONE(unescape(&b, &a));
    TRY_DONE(unescape(&a, &b));
    collapse(&a);
    TRY_DONE(lower(&b, &a, patterns));
    char *clean = base_alloc(b.count * 4 + 1, 1);
    if (clean == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    size_t size = 0;
    for (size_t i = 0; i < b.count; i++)
        size += (size_t)utf8proc_encode_char(b.at[i], (utf8proc_uint8_t *)clean + size);
    clean[size] = '\0';
    *out = clean;
done:
    free(a.at);
    free(b.at);
    return status;
}
