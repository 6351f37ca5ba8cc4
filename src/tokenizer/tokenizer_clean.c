/* Cleaning of a text before it is tokenized: ftfy's repairs, HTML references, white space, lower case, as open_clip does
 * them in Python. */
#include "tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <utf8proc.h>

/* ---- str.split and str.lower ---- */
/* str.isspace of one character. */
static bool is_space(int32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

static void collapse(tokenizer_points_t *points)
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
static bool sigma_is_final(const tokenizer_points_t *in, size_t i, const tokenizer_patterns_t *patterns)
{
    size_t before = i;
    while (before > 0 && tokenizer_is_case_ignorable(patterns, in->at[before - 1])) before--;
    if (before == 0 || !tokenizer_is_cased(patterns, in->at[before - 1])) return false;
    size_t after = i + 1;
    while (after < in->count && tokenizer_is_case_ignorable(patterns, in->at[after])) after++;
    return after == in->count || !tokenizer_is_cased(patterns, in->at[after]);
}

static status_t lower(tokenizer_points_t *out, const tokenizer_points_t *in, const tokenizer_patterns_t *patterns)
{
    out->count = 0;
    for (size_t i = 0; i < in->count; i++) {
        int32_t c = in->at[i];
        if (c == 0x0130) { /* I with dot above: the one letter whose lower case is two characters */
            TRY(tokenizer_points_push(out, 'i'));
            TRY(tokenizer_points_push(out, 0x0307));
        } else if (c == 0x03a3) {
            TRY(tokenizer_points_push(out, sigma_is_final(in, i, patterns) ? 0x03c2 : 0x03c3));
        } else {
            TRY(tokenizer_points_push(out, utf8proc_tolower(c)));
        }
    }
    return ST_OK;
}

status_t tokenizer_clean_text(char **out, const char *text, const tokenizer_patterns_t *patterns)
{
    status_t status = ST_OK;
    tokenizer_points_t a = {0}, b = {0};
    TRY_DONE(tokenizer_points_utf8(&a, text));
    TRY_DONE(tokenizer_fix(&b, &a));
    TRY_DONE(tokenizer_html_unescape(&a, &b));
    TRY_DONE(tokenizer_html_unescape(&b, &a));
    collapse(&b);
    TRY_DONE(lower(&a, &b, patterns));
    TRY_DONE(tokenizer_points_text(out, &a));
done:
    free(a.at);
    free(b.at);
    return status;
}
