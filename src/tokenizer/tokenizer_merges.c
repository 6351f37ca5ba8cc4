/* Reading the merges of a tokenizer: open_clip's bpe_simple_vocab_16e6.txt(.gz), Hugging Face's merges.txt, and the
 * tokenizer.json of Hugging Face's tokenizers. */
#include "tokenizer/tokenizer_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Splits "left right" of `size` bytes; false when it is not two pieces. */
static bool split_pair(const char **left, size_t *left_size, const char **right, size_t *right_size, const char *text,
                       size_t size)
{
    const char *end = text + size, *piece[3];
    size_t length[3];
    int count = 0;
    for (const char *p = text; count < 3;) {
        while (p < end && is_blank(*p)) p++;
        if (p == end) break;
        piece[count] = p;
        while (p < end && !is_blank(*p)) p++;
        length[count] = (size_t)(p - piece[count]);
        count++;
    }
    if (count != 2) return false;
    *left = piece[0], *left_size = length[0];
    *right = piece[1], *right_size = length[1];
    return true;
}

static status_t too_few(const char *path, int found, int wanted)
{
    return fail(ST_EFORMAT,
                "'%s': holds %d merges, the model's vocabulary of %d needs %d (hint: is it the tokenizer of this "
                "model?)",
                path, found, wanted + 514, wanted);
}

static status_t read_lines(tokenizer_bpe_t *bpe, const char *bytes, const char *path, int wanted)
{
    const char *line = strchr(bytes, '\n'); /* the first line is a version header, as for open_clip */
    if (line == NULL || memchr(bytes, '#', (size_t)(line - bytes)) == NULL)
        return fail(ST_EFORMAT, "'%s': the first line is '%.60s', expected a header such as '#version: 0.2'", path,
                    bytes);
    for (int number = 2; line != NULL && (wanted < 0 || tokenizer_bpe_merges(bpe) < wanted); number++) {
        line++;
        const char *end = strchr(line, '\n');
        size_t size = end != NULL ? (size_t)(end - line) : strlen(line);
        const char *left, *right;
        size_t left_size, right_size;
        if (split_pair(&left, &left_size, &right, &right_size, line, size)) {
            TRY(tokenizer_bpe_add(bpe, left, left_size, right, right_size));
        } else if (end != NULL || size > 0) {
            return fail(ST_EFORMAT, "'%s':%d: '%.*s' is not a merge (two pieces with a space between them)", path,
                        number, size > 60 ? 60 : (int)size, line);
        }
        line = end;
    }
    return ST_OK;
}

static status_t read_json_merges(tokenizer_bpe_t *bpe, io_json_node_t merges, const char *path, int wanted)
{
    int count = io_json_count(merges);
    for (int i = 0; i < count && (wanted < 0 || i < wanted); i++) {
        /* "left right" in older files, ["left", "right"] in newer ones */
        io_json_node_t item = io_json_at(merges, i);
        const char *text = io_json_string(item), *left, *right;
        size_t left_size, right_size;
        if (text != NULL) {
            if (!split_pair(&left, &left_size, &right, &right_size, text, strlen(text)))
                return fail(ST_EFORMAT, "'%s': model.merges[%d] is '%.60s', expected two pieces", path, i, text);
        } else {
            left = io_json_string(io_json_at(item, 0));
            right = io_json_string(io_json_at(item, 1));
            if (left == NULL || right == NULL || io_json_count(item) != 2)
                return fail(ST_EFORMAT, "'%s': model.merges[%d] is not a pair of texts", path, i);
            left_size = strlen(left);
            right_size = strlen(right);
        }
        TRY(tokenizer_bpe_add(bpe, left, left_size, right, right_size));
    }
    return ST_OK;
}

/* The ids are computed, not read: a file that numbers its tokens in another way is refused. */
static status_t check_json_vocabulary(const tokenizer_bpe_t *bpe, io_json_node_t vocabulary, const char *path)
{
    int count = io_json_count(vocabulary);
    for (int i = 0; i < count; i++) {
        const char *token = NULL;
        double given = io_json_number(io_json_member(&token, vocabulary, i), -1);
        int computed = tokenizer_bpe_find(bpe, token, strlen(token));
        if (computed >= 0 && computed != given)
            return fail(ST_EFORMAT,
                        "'%s': model.vocab numbers '%s' %g, CLIP's order (bytes, bytes with </w>, merges) gives %d",
                        path, token, given, computed);
    }
    return ST_OK;
}

/* The two special tokens are those that the vocabulary numbers last. */
static status_t read_json_specials(tokenizer_specials_t *specials, io_json_node_t root, int first_id, const char *path)
{
    bool found[2] = {false, false};
    io_json_node_t added = io_json_get(root, "added_tokens");
    for (int i = 0; i < io_json_count(added); i++) {
        io_json_node_t item = io_json_at(added, i);
        const char *content = io_json_string(io_json_get(item, "content"));
        double id = io_json_number(io_json_get(item, "id"), -1);
        /* An empty one would be found everywhere and never be passed. */
        if (content == NULL || content[0] == '\0' || strlen(content) >= sizeof specials->sot ||
            strstr(content, "\\E") != NULL)
            continue;
        if (id != first_id && id != first_id + 1) continue;
        const bool last = id != first_id;
        snprintf(last ? specials->eot : specials->sot, sizeof specials->sot, "%s", content);
        found[last] = true;
    }
    if (!found[0] || !found[1])
        return fail(ST_EFORMAT, "'%s': added_tokens has no special tokens numbered %d and %d, after the merges", path,
                    first_id, first_id + 1);
    return ST_OK;
}

static status_t read_json(tokenizer_bpe_t *bpe, tokenizer_specials_t *specials, const char *bytes, size_t size,
                          const char *path, int wanted)
{
    status_t status = ST_OK;
    io_json_t *json = NULL;
    TRY(io_json_parse(&json, bytes, size, path));
    io_json_node_t root = io_json_root(json), model = io_json_get(root, "model");
    io_json_node_t merges = io_json_get(model, "merges"), vocabulary = io_json_get(model, "vocab");
    if (io_json_count(merges) == 0 || io_json_count(vocabulary) == 0) {
        status = fail(ST_EFORMAT, "'%s': has no model.merges or no model.vocab: not the file of a BPE tokenizer", path);
        goto done;
    }
    TRY_DONE(read_json_merges(bpe, merges, path, wanted));
    TRY_DONE(check_json_vocabulary(bpe, vocabulary, path));
    TRY_DONE(read_json_specials(specials, root, 512 + tokenizer_bpe_merges(bpe), path));
done:
    io_json_free(json);
    return status;
}

status_t tokenizer_merges_read(tokenizer_bpe_t *bpe, tokenizer_specials_t *specials, const char *path,
                               int merges_wanted)
{
    status_t status = ST_OK;
    char *bytes = NULL;
    size_t size = 0;
    TRY(io_read_gzip(&bytes, &size, path));
    size_t length = strlen(path);
    if (strlen(bytes) != size) {
        status = fail(ST_EFORMAT, "'%s': a zero byte at %zu: not a text of merges", path, strlen(bytes));
        goto done;
    }
    if (length >= 5 && strcmp(path + length - 5, ".json") == 0) {
        TRY_DONE(read_json(bpe, specials, bytes, size, path, merges_wanted));
    } else {
        snprintf(specials->sot, sizeof specials->sot, "<start_of_text>");
        snprintf(specials->eot, sizeof specials->eot, "<end_of_text>");
        TRY_DONE(read_lines(bpe, bytes, path, merges_wanted));
    }
    if (merges_wanted >= 0 && tokenizer_bpe_merges(bpe) < merges_wanted)
        status = too_few(path, tokenizer_bpe_merges(bpe), merges_wanted);
done:
    free(bytes);
    return status;
}
