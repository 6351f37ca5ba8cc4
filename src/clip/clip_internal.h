/* clip_internal: what the files of the room clip share among themselves. */
#ifndef FGAD_CLIP_INTERNAL_H
#define FGAD_CLIP_INTERNAL_H

#include "clip/clip.h"

/* ---- Tokenizer: text (clip_text.c, clip_patterns.c, clip_entities.c) ------------------------------------------------- */
/* Compiled patterns of the tokenizer, read-only and shared by threads. */
typedef struct clip_patterns clip_patterns_t;
/* sot and eot: the spelling of the special tokens in running text. */
status_t clip_patterns_open(clip_patterns_t **out, const char *sot, const char *eot);
void clip_patterns_close(clip_patterns_t *patterns);
/* One scan over a clean UTF-8 text: words in the order of the text. */
typedef struct clip_scan clip_scan_t;
status_t clip_scan_begin(clip_scan_t **out, const clip_patterns_t *patterns, const char *text);
/* The next word as [*start, *end) of the text; false at the end. */
bool clip_scan_next(size_t *start, size_t *end, clip_scan_t *scan);
void clip_scan_end(clip_scan_t *scan);
/* Unicode properties Cased and Case_Ignorable of one code point. */
bool clip_is_cased(const clip_patterns_t *patterns, int32_t code_point);
bool clip_is_case_ignorable(const clip_patterns_t *patterns, int32_t code_point);

/* open_clip's clean function 'lower': HTML references replaced twice, runs of white space to one space, ends
 * stripped, lower case as Python's str.lower. *out is heap (caller frees). ST_EFORMAT: not UTF-8. */
status_t clip_text_clean(char **out, const char *text, const clip_patterns_t *patterns);
/* The text (UTF-8) of an HTML5 character reference, its name as it follows '&'; NULL when there is none. */
const char *clip_entity_find(const char *name, size_t length);

/* ---- Tokenizer: byte-level BPE (clip_bpe.c, clip_merges.c) ------------------------------------------------------------ */
typedef struct clip_bpe clip_bpe_t;
status_t clip_bpe_open(clip_bpe_t **out);
void clip_bpe_close(clip_bpe_t *bpe);
/* The next merge of the file; its pieces are spelled in CLIP's printable alphabet of bytes, "</w>" ending a word. */
status_t clip_bpe_add(clip_bpe_t *bpe, const char *left, size_t left_size, const char *right, size_t right_size);
int clip_bpe_merges(const clip_bpe_t *bpe);
/* Id of a spelled token, -1 when the vocabulary has none. */
int clip_bpe_find(const clip_bpe_t *bpe, const char *token, size_t size);
/* Ids of one word: ids (size) at least, returns how many. */
int clip_bpe_encode(int *ids, const clip_bpe_t *bpe, const char *word, size_t size);

/* Merges (and, of a tokenizer.json, the spelling of the specials) from a file; merges_wanted < 0: all of the file. */
typedef struct {
    char sot[64], eot[64];
} clip_specials_t;
status_t clip_merges_read(clip_bpe_t *bpe, clip_specials_t *specials, const char *path, int merges_wanted);

#endif
