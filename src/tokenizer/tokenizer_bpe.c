/* Byte-level byte-pair encoding as CLIP does it: 256 bytes, 256 bytes that end a word, the merges in order of rank.
 * Tokens are interned as strings in the printable alphabet, so that two merges with one spelling share an id (the
 * later one's), as in open_clip's dictionary. */
#include "tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#define WORD_END "</w>"
#define WORD_END_SIZE 4

typedef struct {
    size_t start, size; /* in the pool */
    int id;             /* -1: a piece that only merges name */
} symbol_t;

typedef struct {
    int left, right; /* symbols; left < 0: a free slot */
    int rank, result;
} pair_t;

struct tokenizer_bpe {
    char *pool;
    size_t pool_used, pool_capacity;
    symbol_t *symbol;
    int symbols, symbol_capacity;
    int *symbol_slot; /* (symbol_slots) open addressing, -1 free; slot counts are powers of two */
    int symbol_slots;
    pair_t *pair; /* (pair_slots) */
    int pairs, pair_slots;
    int merges;
    int byte_symbol[2][256]; /* [1]: ending a word */
};

static int *find_symbol_slot(const tokenizer_bpe_t *bpe, const char *text, size_t size)
{
    size_t mask = (size_t)bpe->symbol_slots - 1;
    size_t i = (size_t)base_hash(BASE_HASH_SEED, text, size) & mask;
    for (;; i = (i + 1) & mask) {
        int *slot = &bpe->symbol_slot[i];
        if (*slot < 0) return slot;
        const symbol_t *symbol = &bpe->symbol[*slot];
        if (symbol->size == size && memcmp(bpe->pool + symbol->start, text, size) == 0) return slot;
    }
}

static status_t grow_symbols(tokenizer_bpe_t *bpe)
{
    int capacity = bpe->symbol_capacity == 0 ? 2048 : 2 * bpe->symbol_capacity;
    symbol_t *symbol = realloc(bpe->symbol, (size_t)capacity * sizeof *symbol);
    if (symbol == NULL) return fail(ST_ENOMEM, "no memory for %d tokens", capacity);
    bpe->symbol = symbol;
    bpe->symbol_capacity = capacity;
    int *slots = base_alloc((size_t)capacity * 2, sizeof *slots);
    if (slots == NULL) return ST_ENOMEM;
    free(bpe->symbol_slot);
    bpe->symbol_slot = slots;
    bpe->symbol_slots = 2 * capacity;
    for (int i = 0; i < bpe->symbol_slots; i++) slots[i] = -1;
    for (int i = 0; i < bpe->symbols; i++) *find_symbol_slot(bpe, bpe->pool + symbol[i].start, symbol[i].size) = i;
    return ST_OK;
}

static status_t intern(int *out, tokenizer_bpe_t *bpe, const char *left, size_t left_size, const char *right,
                       size_t right_size)
{
    if (bpe->symbols == bpe->symbol_capacity) TRY(grow_symbols(bpe));
    size_t size = left_size + right_size;
    if (bpe->pool_used + size > bpe->pool_capacity) {
        size_t capacity = 2 * (bpe->pool_used + size) + 65536;
        char *pool = realloc(bpe->pool, capacity);
        if (pool == NULL) return fail(ST_ENOMEM, "no memory for the spellings of %d tokens", bpe->symbols);
        bpe->pool = pool;
        bpe->pool_capacity = capacity;
    }
    char *text = bpe->pool + bpe->pool_used;
    memcpy(text, left, left_size);
    memcpy(text + left_size, right, right_size);
    int *slot = find_symbol_slot(bpe, text, size);
    if (*slot < 0) {
        *slot = bpe->symbols;
        bpe->symbol[bpe->symbols++] = (symbol_t){.start = bpe->pool_used, .size = size, .id = -1};
        bpe->pool_used += size;
    }
    *out = *slot;
    return ST_OK;
}

static pair_t *find_pair_slot(const tokenizer_bpe_t *bpe, int left, int right)
{
    const int key[2] = {left, right};
    size_t mask = (size_t)bpe->pair_slots - 1;
    size_t i = (size_t)base_hash(BASE_HASH_SEED, key, sizeof key) & mask;
    for (;; i = (i + 1) & mask) {
        pair_t *pair = &bpe->pair[i];
        if (pair->left < 0 || (pair->left == left && pair->right == right)) return pair;
    }
}

static status_t grow_pairs(tokenizer_bpe_t *bpe)
{
    int old_slots = bpe->pair_slots;
    pair_t *old = bpe->pair;
    int slots = old_slots == 0 ? 4096 : 2 * old_slots;
    pair_t *fresh = base_alloc((size_t)slots, sizeof *fresh);
    if (fresh == NULL) return ST_ENOMEM;
    for (int i = 0; i < slots; i++) fresh[i] = (pair_t){.left = -1};
    bpe->pair = fresh;
    bpe->pair_slots = slots;
    for (int i = 0; i < old_slots; i++)
        if (old[i].left >= 0) *find_pair_slot(bpe, old[i].left, old[i].right) = old[i];
    free(old);
    return ST_OK;
}

/* CLIP's printable alphabet: bytes that are visible in Latin-1 stand for themselves, the others for U+0100 on. */
static bool is_visible(int byte)
{
    return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

static size_t spell_byte(char out[2], int byte)
{
    int point = byte;
    if (!is_visible(byte)) {
        point = 256;
        for (int b = 0; b < byte; b++) point += is_visible(b) ? 0 : 1;
    }
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    out[0] = (char)(0xc0 | (point >> 6));
    out[1] = (char)(0x80 | (point & 0x3f));
    return 2;
}

status_t tokenizer_bpe_open(tokenizer_bpe_t **out)
{
    status_t status = ST_OK;
    tokenizer_bpe_t *bpe = base_alloc(1, sizeof *bpe);
    if (bpe == NULL) return ST_ENOMEM;
    memset(bpe, 0, sizeof *bpe);
    TRY_DONE(grow_pairs(bpe));
    int id = 0;
    for (int ends = 0; ends < 2; ends++) {
        /* Ids follow the alphabet: the visible bytes first, then the others. */
        for (int visible = 1; visible >= 0; visible--) {
            for (int byte = 0; byte < 256; byte++) {
                if (is_visible(byte) != (visible == 1)) continue;
                char text[2];
                size_t size = spell_byte(text, byte);
                int symbol = 0;
                TRY_DONE(intern(&symbol, bpe, text, size, WORD_END, ends ? WORD_END_SIZE : 0));
                bpe->symbol[symbol].id = id++;
                bpe->byte_symbol[ends][byte] = symbol;
            }
        }
    }
    *out = bpe;
    bpe = NULL;
done:
    tokenizer_bpe_close(bpe);
    return status;
}

void tokenizer_bpe_close(tokenizer_bpe_t *bpe)
{
    if (bpe == NULL) return;
    free(bpe->pool);
    free(bpe->symbol);
    free(bpe->symbol_slot);
    free(bpe->pair);
    free(bpe);
}

status_t tokenizer_bpe_add(tokenizer_bpe_t *bpe, const char *left, size_t left_size, const char *right,
                           size_t right_size)
{
    int a = 0, b = 0, merged = 0;
    TRY(intern(&a, bpe, left, left_size, "", 0));
    TRY(intern(&b, bpe, right, right_size, "", 0));
    TRY(intern(&merged, bpe, left, left_size, right, right_size));
    if (2 * (bpe->pairs + 1) > bpe->pair_slots) TRY(grow_pairs(bpe));
    pair_t *pair = find_pair_slot(bpe, a, b);
    if (pair->left < 0) bpe->pairs++;
    *pair = (pair_t){.left = a, .right = b, .rank = bpe->merges, .result = merged};
    bpe->symbol[merged].id = 512 + bpe->merges++;
    return ST_OK;
}

int tokenizer_bpe_merges(const tokenizer_bpe_t *bpe)
{
    return bpe->merges;
}

int tokenizer_bpe_find(const tokenizer_bpe_t *bpe, const char *token, size_t size)
{
    int slot = *find_symbol_slot(bpe, token, size);
    return slot < 0 ? -1 : bpe->symbol[slot].id;
}

int tokenizer_bpe_encode(int *ids, const tokenizer_bpe_t *bpe, const char *word, size_t size)
{
    REQUIRE(size > 0);
    /* ids holds symbols until the last line. */
    int *symbols = ids;
    int count = (int)size;
    for (int i = 0; i < count; i++) symbols[i] = bpe->byte_symbol[i == count - 1][(uint8_t)word[i]];
    while (count > 1) {
        const pair_t *best = NULL;
        for (int i = 0; i + 1 < count; i++) {
            const pair_t *pair = find_pair_slot(bpe, symbols[i], symbols[i + 1]);
            if (pair->left >= 0 && (best == NULL || pair->rank < best->rank)) best = pair;
        }
        if (best == NULL) break;
        int kept = 0;
        for (int i = 0; i < count; kept++) {
            bool joins = symbols[i] == best->left && i + 1 < count && symbols[i + 1] == best->right;
            symbols[kept] = joins ? best->result : symbols[i];
            i += joins ? 2 : 1;
        }
        count = kept;
    }
    for (int i = 0; i < count; i++) {
        ids[i] = bpe->symbol[symbols[i]].id;
        REQUIRE(ids[i] >= 0);
    }
    return count;
}
