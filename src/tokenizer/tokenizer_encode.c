/* The tokenizer: clean text, words, merges, specials and the context's length. */
#include "tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

struct tokenizer {
    tokenizer_patterns_t *patterns;
    tokenizer_bpe_t *bpe;
    tokenizer_specials_t specials;
    int vocab, context;
};

/* Files a model directory may hold, in the order of preference. */
static const char *const MERGES_FILES[] = {
    "bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt", "merges.txt", "merges.txt.gz", "tokenizer.json", NULL};

status_t tokenizer_path(char **out, const char *path)
{
    if (!io_is_dir(path)) {
        if (!io_exists(path)) return fail(ST_ENOTFOUND, "'%s': no such tokenizer file or model directory", path);
        *out = base_format("%s", path);
        return *out != NULL ? ST_OK : ST_ENOMEM;
    }
    for (int i = 0; MERGES_FILES[i] != NULL; i++) {
        *out = base_format("%s/%s", path, MERGES_FILES[i]);
        if (*out == NULL) return ST_ENOMEM;
        if (io_exists(*out)) return ST_OK;
        free(*out);
        *out = NULL;
    }
    return fail(ST_ENOTFOUND,
                "'%s': holds no merges of a tokenizer, which prompts need: expected bpe_simple_vocab_16e6.txt.gz, "
                "merges.txt or tokenizer.json (hint: datasets/models/fetch gets them with the model, or copy them from "
                "another CLIP's folder)",
                path);
}

status_t tokenizer_digest(char out[IO_DIGEST_SIZE], const char *path)
{
    char *file;
    TRY(tokenizer_path(&file, path));
    status_t status = io_digest_file(out, file);
    free(file);
    return status;
}

status_t tokenizer_open(tokenizer_t **out, const char *path, int vocab, int context)
{
    REQUIRE(out != NULL && path != NULL && context >= 2);
    if (vocab != 0 && vocab < 514)
        return fail(ST_EFORMAT, "'%s': a vocabulary of %d is too small: 512 byte tokens and 2 specials are the least",
                    path, vocab);
    status_t status = ST_OK;
    char *file = NULL;
    tokenizer_t *tokenizer = base_alloc(1, sizeof *tokenizer);
    if (tokenizer == NULL) return ST_ENOMEM;
    *tokenizer = (tokenizer_t){.context = context};
    TRY_DONE(tokenizer_path(&file, path));
    TRY_DONE(tokenizer_bpe_open(&tokenizer->bpe));
    TRY_DONE(tokenizer_merges_read(tokenizer->bpe, &tokenizer->specials, file, vocab == 0 ? -1 : vocab - 514));
    tokenizer->vocab = tokenizer_bpe_merges(tokenizer->bpe) + 514;
    TRY_DONE(tokenizer_patterns_open(&tokenizer->patterns, tokenizer->specials.sot, tokenizer->specials.eot));
    *out = tokenizer;
    tokenizer = NULL;
done:
    free(file);
    tokenizer_close(tokenizer);
    return status;
}

void tokenizer_close(tokenizer_t *tokenizer)
{
    if (tokenizer == NULL) return;
    tokenizer_patterns_close(tokenizer->patterns);
    tokenizer_bpe_close(tokenizer->bpe);
    free(tokenizer);
}

int tokenizer_vocab(const tokenizer_t *tokenizer)
{
    return tokenizer->vocab;
}

int tokenizer_context(const tokenizer_t *tokenizer)
{
    return tokenizer->context;
}

int tokenizer_sot(const tokenizer_t *tokenizer)
{
    return tokenizer->vocab - 2;
}

int tokenizer_eot(const tokenizer_t *tokenizer)
{
    return tokenizer->vocab - 1;
}

status_t tokenizer_clean(char **out, const tokenizer_t *tokenizer, const char *text)
{
    return tokenizer_clean_text(out, text, tokenizer->patterns);
}

/* Ids of one word into ids (size): a special, spelled exactly, or its bytes merged. */
static int encode_word(int *ids, const tokenizer_t *tokenizer, const char *word, size_t size)
{
    const char *const special[2] = {tokenizer->specials.sot, tokenizer->specials.eot};
    for (int i = 0; i < 2; i++) {
        if (strlen(special[i]) == size && memcmp(special[i], word, size) == 0) {
            ids[0] = tokenizer->vocab - 2 + i;
            return 1;
        }
    }
    return tokenizer_bpe_encode(ids, tokenizer->bpe, word, size);
}

status_t tokenizer_pieces(int *ids, int *count, int capacity, const tokenizer_t *tokenizer, const char *text)
{
    status_t status = ST_OK;
    char *clean = NULL;
    int *word_ids = NULL;
    tokenizer_scan_t *scan = NULL;
    TRY_DONE(tokenizer_clean_text(&clean, text, tokenizer->patterns));
    word_ids = base_alloc(strlen(clean) + 1, sizeof *word_ids);
    if (word_ids == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    TRY_DONE(tokenizer_scan_begin(&scan, tokenizer->patterns, clean));
    *count = 0;
    for (size_t start, end; tokenizer_scan_next(&start, &end, scan);) {
        int pieces = encode_word(word_ids, tokenizer, clean + start, end - start);
        for (int i = 0; i < pieces; i++, ++*count)
            if (*count < capacity) ids[*count] = word_ids[i];
    }
done:
    tokenizer_scan_end(scan);
    free(word_ids);
    free(clean);
    return status;
}

status_t tokenizer_encode(int *ids, int *length, const tokenizer_t *tokenizer, const char *text)
{
    int room = tokenizer->context - 2, count = 0;
    TRY(tokenizer_pieces(ids + 1, &count, room, tokenizer, text));
    if (count > room)
        log_warn("a text of %d tokens is cut to %d, the model's context of %d without its two specials: '%s'", count,
                 room, tokenizer->context, text);
    int kept = count < room ? count : room;
    ids[0] = tokenizer_sot(tokenizer);
    ids[kept + 1] = tokenizer_eot(tokenizer);
    *length = kept + 2;
    return ST_OK;
}
