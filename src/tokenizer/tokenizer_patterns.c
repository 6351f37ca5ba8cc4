/* CLIP's word pattern and two Unicode properties, on PCRE2 with Unicode classes. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tokenizer/tokenizer_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

struct tokenizer_patterns {
    pcre2_code *word, *cased, *case_ignorable;
};

struct tokenizer_scan {
    const tokenizer_patterns_t *patterns;
    const char *text;
    size_t size, offset;
    pcre2_match_data *match;
};

static status_t compile(pcre2_code **out, const char *pattern, uint32_t options)
{
    int code = 0;
    PCRE2_SIZE place = 0;
    *out =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP | options, &code, &place, NULL);
    if (*out != NULL) return ST_OK;
    PCRE2_UCHAR message[160] = "";
    pcre2_get_error_message(code, message, sizeof message);
    return fail(ST_EFORMAT, "the pattern '%s' is refused at %zu: %s", pattern, (size_t)place, (const char *)message);
}

status_t tokenizer_patterns_open(tokenizer_patterns_t **out, const char *sot, const char *eot)
{
    status_t status = ST_OK;
    tokenizer_patterns_t *patterns = base_alloc(1, sizeof *patterns);
    if (patterns == NULL) return ST_ENOMEM;
    memset(patterns, 0, sizeof *patterns);
    /* The text is clean: a space is the only white space left, which spares the question what \s is. U+0345, a mark
     * with letters as case variants, is in none of the classes for Python's regex when case is ignored: it is dropped. */
    char pattern[512];
    snprintf(pattern, sizeof pattern,
             "\\Q%s\\E|\\Q%s\\E|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^ \\p{L}\\p{N}\\x{345}]+", sot, eot);
    TRY_DONE(compile(&patterns->word, pattern, PCRE2_CASELESS));
    TRY_DONE(compile(&patterns->cased, "\\p{Cased}", PCRE2_ANCHORED));
    TRY_DONE(compile(&patterns->case_ignorable, "\\p{Case_Ignorable}", PCRE2_ANCHORED));
    *out = patterns;
    patterns = NULL;
done:
    tokenizer_patterns_close(patterns);
    return status;
}

void tokenizer_patterns_close(tokenizer_patterns_t *patterns)
{
    if (patterns == NULL) return;
    pcre2_code_free(patterns->word);
    pcre2_code_free(patterns->cased);
    pcre2_code_free(patterns->case_ignorable);
    free(patterns);
}

status_t tokenizer_scan_begin(tokenizer_scan_t **out, const tokenizer_patterns_t *patterns, const char *text)
{
    tokenizer_scan_t *scan = base_alloc(1, sizeof *scan);
    if (scan == NULL) return ST_ENOMEM;
    *scan = (tokenizer_scan_t){.patterns = patterns, .text = text, .size = strlen(text)};
    scan->match = pcre2_match_data_create_from_pattern(patterns->word, NULL);
    if (scan->match == NULL) {
        free(scan);
        return fail(ST_ENOMEM, "no memory to split a text into words");
    }
    *out = scan;
    return ST_OK;
}

bool tokenizer_scan_next(size_t *start, size_t *end, tokenizer_scan_t *scan)
{
    int groups = pcre2_match(scan->patterns->word, (PCRE2_SPTR)scan->text, scan->size, scan->offset, PCRE2_NO_UTF_CHECK,
                             scan->match, NULL);
    if (groups < 0) {
        REQUIRE(groups == PCRE2_ERROR_NOMATCH);
        return false;
    }
    const PCRE2_SIZE *span = pcre2_get_ovector_pointer(scan->match);
    *start = span[0];
    *end = span[1];
    scan->offset = span[1];
    return true;
}

void tokenizer_scan_end(tokenizer_scan_t *scan)
{
    if (scan == NULL) return;
    pcre2_match_data_free(scan->match);
    free(scan);
}

static bool has_property(const pcre2_code *property, int32_t code_point)
{
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t size = utf8proc_encode_char(code_point, bytes);
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    if (match == NULL) return false;
    int groups = pcre2_match(property, bytes, (size_t)size, 0, PCRE2_NO_UTF_CHECK, match, NULL);
    pcre2_match_data_free(match);
    return groups >= 0;
}

bool tokenizer_is_cased(const tokenizer_patterns_t *patterns, int32_t code_point)
{
    return has_property(patterns->cased, code_point);
}

bool tokenizer_is_case_ignorable(const tokenizer_patterns_t *patterns, int32_t code_point)
{
    return has_property(patterns->case_ignorable, code_point);
}
