/* Attention by the kernels under Strassen's scheme (ops_tile.c), a head at a time: keys and values are copied to panels once,
 * and a few queries go from scores to results while they lie in the first cache. Every score is one chain of fused
 * multiply-adds in the order of a head's columns, every result one in the order of the keys, of weights e^(score - the
 * largest), divided by their sum at its end: no bit hangs on a processor, or on other queries. */
#include "ops/ops_internal.h"

/* LINE: floats of a line of the cache. TALLEST: rows of the tallest tile. */
enum { LINE = 16, TALLEST = 12 };

/* What one head at a time is computed with. */
typedef struct {
    const ops_tile_t *tile;
    int Tk, d;
    float *keys, *values; /* panels: of keys, as deep as the head is wide; of its columns, as deep as there are keys */
    float *scores;        /* (tile->rows, ld) */
    size_t ld;
    float scale;
} head_t;

static int panels(const head_t *head, int columns)
{
    const int across = 2 * head->tile->lanes;
    return (columns + across - 1) / across;
}

/* How much scratch it takes, and where its parts lie in it. */
static size_t lay_out(head_t *head, float *scratch)
{
    const size_t across = 2 * (size_t)head->tile->lanes, wide = (size_t)panels(head, head->Tk) * across;
    const size_t keys = wide * (size_t)head->d, values = (size_t)panels(head, head->d) * across * (size_t)head->Tk;
    head->ld = wide + LINE;
    if (scratch != NULL) head->keys = scratch, head->values = scratch + keys, head->scores = scratch + keys + values;
    return keys + values + (size_t)head->tile->rows * head->ld;
}

/* Keys or columns that fill no panel leave the rest of it as zeros. */
static void copy_panels(const head_t *head, const float *k, const float *v, const ops_attention_t *how)
{
    const ops_tile_t *tile = head->tile;
    const int across = 2 * tile->lanes, Tk = head->Tk, d = head->d;
    float *panel = head->keys;
    for (int j = 0; j < Tk; j += across, panel += (size_t)across * (size_t)d) {
        const ops_operand_t x = {k + (size_t)j * (size_t)how->ldk, NULL, false};
        if (Tk - j < across) memset(panel, 0, (size_t)across * (size_t)d * sizeof *panel);
        tile->copy_turned(panel, &x, (size_t)how->ldk, d, Tk - j < across ? Tk - j : across);
    }
    panel = head->values;
    for (int j = 0; j < d; j += across, panel += (size_t)across * (size_t)Tk) {
        const ops_operand_t x = {v + j, NULL, false};
        if (d - j < across) memset(panel, 0, (size_t)across * (size_t)Tk * sizeof *panel);
        tile->copy(panel, (size_t)across, &x, (size_t)how->ldv, Tk, d - j < across ? d - j : across);
    }
}

/* Of `all` rows, those from `first` on are wanted soon. */
static void fetch(const float *x, int ld, int first, int rows, int all, int columns)
{
    for (int i = first; i < first + rows && i < all; i++)
        for (int j = 0; j < columns; j += LINE) __builtin_prefetch(x + (size_t)i * (size_t)ld + j, 0, 2);
}

/* The rows of a tile: scores, which become e^(score - the largest), and their mean of the values. */
static void attend(float *out, size_t ldo, const float *q, size_t ldq, const head_t *head, int rows)
{
    const ops_tile_t *tile = head->tile;
    const int lanes = tile->lanes, across = 2 * lanes, Tk = head->Tk, d = head->d;
    float factor[TALLEST];
    for (int i = 0; i < rows; i++) factor[i] = head->scale;
    const float *panel = head->keys;
    for (int j = 0; j < Tk; j += across, panel += (size_t)across * (size_t)d)
        tile->multiply_alone(head->scores + j, head->ld, q, ldq, panel, d, rows, Tk - j > lanes ? across : lanes,
                             factor);
    tile->exponentials(head->scores, head->ld, factor, rows, Tk);
    panel = head->values;
    for (int j = 0; j < d; j += across, panel += (size_t)across * (size_t)Tk)
        tile->multiply_alone(out + j, ldo, head->scores, head->ld, panel, Tk, rows, d - j < across ? d - j : across,
                             factor);
}

bool ops_strassen_attention(float *out, const float *q, const float *k, const float *v, const ops_attention_t *how,
                            const ops_strassen_t *set)
{
    ops_attention_check(how);
    head_t head = {.tile = ops_strassen_tile(set), .Tk = how->Tk, .d = how->d, .scale = how->scale};
    float *scratch = how->first < 0 ? ops_strassen_take(set, lay_out(&head, NULL)) : NULL;
    if (scratch == NULL) return false;
    lay_out(&head, scratch);
    const int d = how->d, most = head.tile->rows;
    const size_t ldo = (size_t)how->ldo, ldq = (size_t)how->ldq;
    REQUIRE(most <= TALLEST);
    for (int h = 0; h < how->H; h++, q += d, k += d, v += d, out += d) {
        copy_panels(&head, k, v, how);
        for (int i = 0; i < how->Tq; i += most) {
            fetch(q, how->ldq, i + most, most, how->Tq, d);
            if (h + 1 < how->H) { /* the next head's */
                fetch(k + d, how->ldk, i, most, how->Tk, d);
                fetch(v + d, how->ldv, i, most, how->Tk, d);
            }
            attend(out + (size_t)i * ldo, ldo, q + (size_t)i * ldq, ldq, &head,
                   how->Tq - i < most ? how->Tq - i : most);
        }
    }
    ops_strassen_give(set, scratch);
    return true;
}
