/* tokenizer: CLIP's, from a text to the ids that a text tower reads (METHOD.md 3). A lower-cased byte-level BPE with the ids
 * of open_clip's SimpleTokenizer. A text goes through four steps:
 *   1. clean: ftfy.fix_text's repairs (typographic quotes, Latin ligatures, half- and full-width forms, byte order marks,
 *      control characters and terminal escapes, HTML references, composition to NFC), HTML references replaced twice, white
 *      space collapsed, letters lowered as Python lowers them;
 *   2. words: contractions, runs of letters, single digits, runs of other characters;
 *   3. merges of each word's bytes, in the order of the merges file;
 *   4. [SOT] ids [EOT], cut to the model's context.
 * Two things differ from open_clip: ftfy's guess that a text was decoded in a wrong encoding is not made (such text is read
 * as it stands), and letters that are newer than PCRE2's Unicode are read as signs. Ids: 256 bytes, 256 bytes that end a
 * word, the merges, two specials (spelled <start_of_text> and <end_of_text> in a text, as in open_clip; a tokenizer.json
 * brings its own spelling). It knows neither models nor prompts. Depends on base and io. A tokenizer is read-only after
 * opening, shared by threads. */
#ifndef FGAD_TOKENIZER_H
#define FGAD_TOKENIZER_H

#include "base/base.h"
#include "io/io.h"

typedef struct tokenizer tokenizer_t;
/* path: a merges file in open_clip's form (header line, then one merge a line; plain or gzip), Hugging Face's
 * merges.txt or tokenizer.json, or a model directory that holds one of bpe_simple_vocab_16e6.txt.gz, .txt, merges.txt,
 * merges.txt.gz, tokenizer.json (the first there is). vocab: the model's vocabulary, which says how many merges are
 * read (vocab - 514); 0: all of the file. context: the model's context length, at least 2. ST_ENOTFOUND: no such file;
 * ST_EFORMAT: not a merges file, or too few merges. */
status_t tokenizer_open(tokenizer_t **out, const char *path, int vocab, int context);
void tokenizer_close(tokenizer_t *tokenizer);
/* The file that tokenizer_open reads at `path` (caller frees), and its SHA-256. ST_ENOTFOUND: there is none. */
status_t tokenizer_path(char **out, const char *path);
status_t tokenizer_digest(char out[IO_DIGEST_SIZE], const char *path);
int tokenizer_vocab(const tokenizer_t *tokenizer);
int tokenizer_context(const tokenizer_t *tokenizer);
int tokenizer_sot(const tokenizer_t *tokenizer); /* vocab - 2: 49406 in CLIP's own */
int tokenizer_eot(const tokenizer_t *tokenizer); /* vocab - 1 */
/* [SOT] text [EOT] without padding: ids (context), *length <= context. A longer text is cut so that the last id is
 * EOT, with a warning that names it. ST_EFORMAT: the text is not UTF-8. */
status_t tokenizer_encode(int *ids, int *length, const tokenizer_t *tokenizer, const char *text);
/* The ids of a text without specials. *count is the number of all; the first `capacity` are stored in ids. Texts that
 * are cut at the edge of a word may be encoded piece by piece: the pieces' ids together are the whole's. */
status_t tokenizer_pieces(int *ids, int *count, int capacity, const tokenizer_t *tokenizer, const char *text);
/* The text after step 1 (caller frees). */
status_t tokenizer_clean(char **out, const tokenizer_t *tokenizer, const char *text);

#endif
