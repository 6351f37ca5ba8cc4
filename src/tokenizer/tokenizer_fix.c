/* What ftfy.fix_text, which open_clip runs first, makes of a text: HTML references with a semicolon, C1 controls, Latin
 * ligatures, half- and full-width forms, typographic quotes, terminal escapes, control characters, composed letters. */
#include "tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define REFERENCE_CHARACTERS 24 /* of a reference's name or number */
#define SEGMENT 1000000         /* longer lines are repaired in pieces */

/* ---- HTML references ---- */
static bool is_letter(int32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Where "&name;" or "&#number;" at `start` ends, `start` when there is none. */
static size_t reference_end(const tokenizer_points_t *in, size_t start)
{
    size_t i = start + 1, first = i;
    if (i < in->count && in->at[i] == '#') first = ++i;
    while (i < in->count && i - first < REFERENCE_CHARACTERS &&
           (is_letter(in->at[i]) || (in->at[i] >= '0' && in->at[i] <= '9')))
        i++;
    return i > first && i < in->count && in->at[i] == ';' ? i + 1 : start;
}

/* Whether html.unescape would take the beginning of a name for a reference, as AMP of AMPX;. */
static bool has_known_beginning(const char *name, size_t size)
{
    for (size_t n = size; n >= 2; n--)
        if (tokenizer_entity_find(name, n) != NULL) return true;
    return false;
}

/* A name in capitals stands for its letter in capitals. */
static status_t push_capitals(bool *known, tokenizer_points_t *out, const char *name, size_t size)
{
    char lower[REFERENCE_CHARACTERS + 2];
    for (size_t i = 0; i < size; i++) {
        if (name[i] >= 'a' && name[i] <= 'z') return ST_OK;
        lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
    }
    const char *text = tokenizer_entity_find(lower, size);
    if (text == NULL || has_known_beginning(name, size)) return ST_OK;
    size_t before = out->count;
    TRY(tokenizer_points_utf8(out, text));
    *known = true;
    if (out->count == before + 1 && out->at[before] == 0xdf) { /* sharp s: the one that lower case does not give back */
        out->at[before] = 'S';
        return tokenizer_points_push(out, 'S');
    }
    for (size_t i = before; i < out->count; i++) out->at[i] = utf8proc_toupper(out->at[i]);
    return ST_OK;
}

/* Appends the text of the reference [start, end); *known is false, and nothing appended, when it has none. */
static status_t push_reference(bool *known, tokenizer_points_t *out, const tokenizer_points_t *in, size_t start,
                               size_t end)
{
    size_t before = out->count;
    *known = false;
    if (in->at[start + 1] == '#') {
        size_t after;
        TRY(tokenizer_html_number(&after, out, in, start + 2));
        /* The whole of it has to be used up, its semicolon too. */
        *known = after == end && !(out->count > before && out->at[before] == ';');
        if (!*known) out->count = before;
        return ST_OK;
    }
    char name[REFERENCE_CHARACTERS + 2];
    size_t size = 0;
    for (size_t i = start + 1; i < end; i++) name[size++] = (char)in->at[i];
    const char *text = tokenizer_entity_find(name, size);
    if (text == NULL) return push_capitals(known, out, name, size);
    *known = true;
    return tokenizer_points_utf8(out, text);
}

static status_t replace_references(tokenizer_points_t *out, const tokenizer_points_t *in)
{
    out->count = 0;
    for (size_t i = 0; i < in->count;) {
        size_t end = in->at[i] == '&' ? reference_end(in, i) : i;
        bool known = false;
        if (end > i) TRY(push_reference(&known, out, in, i, end));
        if (known)
            i = end;
        else
            TRY(tokenizer_points_push(out, in->at[i++]));
    }
    return ST_OK;
}

/* ---- Single characters ---- */
/* Windows-1252 at 0x80..0x9f; itself where that has a hole. */
static const uint16_t C1[32] = {0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
                                0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
                                0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};

static const struct {
    int32_t from, to[3];
} LIGATURES[] = {
    {0x0132, {'I', 'J'}},    {0x0133, {'i', 'j'}},    {0x0149, {0x02bc, 'n'}},   {0x01c4, {'D', 0x017d}},
    {0x01c5, {'D', 0x017e}}, {0x01c6, {'d', 0x017e}}, {0x01c7, {'L', 'J'}},      {0x01c8, {'L', 'j'}},
    {0x01c9, {'l', 'j'}},    {0x01ca, {'N', 'J'}},    {0x01cb, {'N', 'j'}},      {0x01cc, {'n', 'j'}},
    {0x01f1, {'D', 'Z'}},    {0x01f2, {'D', 'z'}},    {0x01f3, {'d', 'z'}},      {0xfb00, {'f', 'f'}},
    {0xfb01, {'f', 'i'}},    {0xfb02, {'f', 'l'}},    {0xfb03, {'f', 'f', 'i'}}, {0xfb04, {'f', 'f', 'l'}},
    {0xfb05, {0x017f, 't'}}, {0xfb06, {'s', 't'}},
};

static bool is_dropped(int32_t c)
{
    return c <= 0x08 || c == 0x0b || (c >= 0x0e && c <= 0x1f) || c == 0x7f || (c >= 0x206a && c <= 0x206f) ||
           c == 0xfeff || (c >= 0xfff9 && c <= 0xfffc);
}

static int32_t straight(int32_t c)
{
    if (c == 0x02bc || (c >= 0x2018 && c <= 0x201b)) return '\'';
    return c >= 0x201c && c <= 0x201f ? '"' : c;
}

/* A half- or full-width form in its usual width. */
static status_t push_width(tokenizer_points_t *out, int32_t c)
{
    char text[5] = "";
    utf8proc_encode_char(c, (utf8proc_uint8_t *)text);
    utf8proc_uint8_t *usual = utf8proc_NFKC((const utf8proc_uint8_t *)text);
    if (usual == NULL) return fail(ST_ENOMEM, "no memory for a character");
    status_t status = tokenizer_points_utf8(out, (const char *)usual);
    free(usual);
    return status;
}

/* "ESC [ 1;31 m" at `start`: where it ends, `start` when there is none. */
static size_t escape_end(const tokenizer_points_t *in, size_t start)
{
    size_t i = start + 1;
    if (in->at[start] != 0x1b || i >= in->count || in->at[i] != '[') return start;
    for (i++; i < in->count && (in->at[i] == ';' || utf8proc_category(in->at[i]) == UTF8PROC_CATEGORY_ND); i++) {
    }
    return i < in->count && is_letter(in->at[i]) ? i + 1 : start;
}

/* Everything that is decided a character at a time, then the escapes and controls, which are read in what results. */
static status_t replace_characters(tokenizer_points_t *out, tokenizer_points_t *between, const tokenizer_points_t *in)
{
    between->count = 0;
    for (size_t i = 0; i < in->count; i++) {
        int32_t c = in->at[i];
        if (c >= 0x80 && c <= 0x9f) c = C1[c - 0x80];
        size_t l = 0;
        while (l < sizeof LIGATURES / sizeof *LIGATURES && LIGATURES[l].from != c) l++;
        if (l < sizeof LIGATURES / sizeof *LIGATURES)
            for (int k = 0; k < 3 && LIGATURES[l].to[k] != 0; k++)
                TRY(tokenizer_points_push(between, straight(LIGATURES[l].to[k])));
        else if (c >= 0xff01 && c < 0xfff0)
            TRY(push_width(between, c));
        else
            TRY(tokenizer_points_push(between, c == 0x3000 ? ' ' : straight(c)));
    }
    out->count = 0;
    for (size_t i = 0; i < between->count;) {
        size_t end = escape_end(between, i);
        if (end > i)
            i = end;
        else if (is_dropped(between->at[i]))
            i++;
        else
            TRY(tokenizer_points_push(out, between->at[i++]));
    }
    return ST_OK;
}

static status_t compose(tokenizer_points_t *out, const tokenizer_points_t *in)
{
    char *text = NULL;
    TRY(tokenizer_points_text(&text, in));
    utf8proc_uint8_t *composed = utf8proc_NFC((const utf8proc_uint8_t *)text);
    free(text);
    if (composed == NULL) return fail(ST_ENOMEM, "no memory for a text of %zu characters", in->count);
    out->count = 0;
    status_t status = tokenizer_points_utf8(out, (const char *)composed);
    free(composed);
    return status;
}

/* ---- Lines ---- */
static bool same(const tokenizer_points_t *a, const tokenizer_points_t *b)
{
    return a->count == b->count && (a->count == 0 || memcmp(a->at, b->at, a->count * sizeof *a->at) == 0);
}

static void swap(tokenizer_points_t *a, tokenizer_points_t *b)
{
    tokenizer_points_t kept = *a;
    *a = *b;
    *b = kept;
}

/* work[0] is a line; all steps are taken again and again until none changes it, and it is appended to out. */
static status_t fix_line(tokenizer_points_t *out, tokenizer_points_t work[4], bool references)
{
    bool changed;
    do {
        if (references) TRY(replace_references(&work[1], &work[0]));
        TRY(replace_characters(&work[2], &work[3], &work[references ? 1 : 0]));
        TRY(compose(&work[3], &work[2]));
        changed = !same(&work[0], &work[3]);
        swap(&work[0], &work[3]);
    } while (changed);
    for (size_t i = 0; i < work[0].count; i++) TRY(tokenizer_points_push(out, work[0].at[i]));
    return ST_OK;
}

status_t tokenizer_fix(tokenizer_points_t *out, const tokenizer_points_t *in)
{
    status_t status = ST_OK;
    tokenizer_points_t work[4] = {0};
    bool references = true; /* until a '<' says that the text may be HTML */
    out->count = 0;
    for (size_t i = 0; i < in->count;) {
        bool ends = false;
        work[0].count = 0;
        for (; i < in->count && !ends && work[0].count < SEGMENT; i++) {
            ends = in->at[i] == '\n';
            if (in->at[i] == '<') references = false;
            TRY_DONE(tokenizer_points_push(&work[0], in->at[i]));
        }
        TRY_DONE(fix_line(out, work, references));
    }
done:
    for (int i = 0; i < 4; i++) free(work[i].at);
    return status;
}
