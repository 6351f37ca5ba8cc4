/* Inside tokenizer: texts as code points and their repairs, words, byte-level BPE, files of merges. */
#ifndef FGAD_TOKENIZER_INTERNAL_H
#define FGAD_TOKENIZER_INTERNAL_H

#include "tokenizer/tokenizer.h"

/* ---- Words (tokenizer_patterns.c) ------------------------------------------------------------------------------------- */
/* Compiled patterns, read-only and shared by threads. */
typedef struct tokenizer_patterns tokenizer_patterns_t;
/* sot and eot: the spelling of the special tokens in running text. */
status_t tokenizer_patterns_open(tokenizer_patterns_t **out, const char *sot, const char *eot);
void tokenizer_patterns_close(tokenizer_patterns_t *patterns);
/* One scan over a clean UTF-8 text: words in the order of the text. */
typedef struct tokenizer_scan tokenizer_scan_t;
status_t tokenizer_scan_begin(tokenizer_scan_t **out, const tokenizer_patterns_t *patterns, const char *text);
/* The next word as [*start, *end) of the text; false at the end. */
bool tokenizer_scan_next(size_t *start, size_t *end, tokenizer_scan_t *scan);
void tokenizer_scan_end(tokenizer_scan_t *scan);
/* Unicode properties Cased and Case_Ignorable of one code point. */
bool tokenizer_is_cased(const tokenizer_patterns_t *patterns, int32_t code_point);
bool tokenizer_is_case_ignorable(const tokenizer_patterns_t *patterns, int32_t code_point);

/* ---- Clean texts (tokenizer_clean.c, _fix.c, _html.c, _entities.c) ---------------------------------------------------- */
/* open_clip's clean function 'lower': ftfy's repairs, HTML references replaced twice, runs of white space to one space,
 * ends stripped, lower case as Python's str.lower. *out is heap (caller frees). ST_EFORMAT: not UTF-8. */
status_t tokenizer_clean_text(char **out, const char *text, const tokenizer_patterns_t *patterns);

/* A text as code points; the array is the struct's. Functions that fill one overwrite it; out and in are two. */
typedef struct {
    int32_t *at;
    size_t count, capacity;
} tokenizer_points_t;
/* tokenizer_html.c. Appends; tokenizer_points_utf8: all of a text, ST_EFORMAT when it is not UTF-8. */
status_t tokenizer_points_push(tokenizer_points_t *points, int32_t code_point);
status_t tokenizer_points_utf8(tokenizer_points_t *points, const char *text);
status_t tokenizer_points_text(char **out, const tokenizer_points_t *points); /* UTF-8, caller frees */
/* html.unescape. */
status_t tokenizer_html_unescape(tokenizer_points_t *out, const tokenizer_points_t *in);
/* Appends what html.unescape makes of "&#..." with `start` after its '#'; *after is the position behind it, `start` when
 * there is no number. */
status_t tokenizer_html_number(size_t *after, tokenizer_points_t *out, const tokenizer_points_t *in, size_t start);
/* ftfy.fix_text with its defaults, but for text that was decoded in a wrong encoding (mojibake), which stays as it is. */
status_t tokenizer_fix(tokenizer_points_t *out, const tokenizer_points_t *in);
/* The text (UTF-8) of an HTML5 character reference, its name as it follows '&'; NULL when there is none. */
const char *tokenizer_entity_find(const char *name, size_t length);

/* ---- Byte-level BPE (tokenizer_bpe.c, _merges.c) ---------------------------------------------------------------------- */
typedef struct tokenizer_bpe tokenizer_bpe_t;
status_t tokenizer_bpe_open(tokenizer_bpe_t **out);
void tokenizer_bpe_close(tokenizer_bpe_t *bpe);
/* The next merge of the file; its pieces are spelled in CLIP's printable alphabet of bytes, "</w>" ending a word. */
status_t tokenizer_bpe_add(tokenizer_bpe_t *bpe, const char *left, size_t left_size, const char *right,
                           size_t right_size);
int tokenizer_bpe_merges(const tokenizer_bpe_t *bpe);
/* Id of a spelled token, -1 when the vocabulary has none. */
int tokenizer_bpe_find(const tokenizer_bpe_t *bpe, const char *token, size_t size);
/* Ids of one word: ids (size) at least, returns how many. */
int tokenizer_bpe_encode(int *ids, const tokenizer_bpe_t *bpe, const char *word, size_t size);

/* Merges (and, of a tokenizer.json, the spelling of the specials) from a file; merges_wanted < 0: all of the file. */
typedef struct {
    char sot[64], eot[64];
} tokenizer_specials_t;
status_t tokenizer_merges_read(tokenizer_bpe_t *bpe, tokenizer_specials_t *specials, const char *path,
                               int merges_wanted);

#endif
