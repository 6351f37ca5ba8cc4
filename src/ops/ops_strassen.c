/* Products with frozen weights in float32 by one level of Strassen's scheme: seven products of halves where there would be
 * eight, by kernels of our own (ops_tile.c). Both factors and the result are cut in two along every side; the rows of the left
 * factor and of the result into even and odd ones, so that two neighbouring rows hang on each other and on no other. Each
 * product of halves is one chain of fused multiply-adds an element in the order of k, in stretches that hang on the sides of
 * the weights alone: no bit hangs on a processor, or on what else is in a call. Factors whose sides are short or odd
 * are not cut: there a row hangs on itself alone. */
#include "ops/ops_internal.h"

/* DEEP: longest stretch of k. WIDE columns of the right halves and MIDDLE rows of the left ones, with the four parts of the
 * result that they make, lie in the second cache together; TALL rows of the left halves, whole blocks of MIDDLE, are copied at
 * a time. LEAST: sides of weights that are worth cutting. WORTH: rows that are worth packing for. LEFT, RIGHT, SUM: floats of a
 * thread for the left factors, the right ones and the result. */
enum {
    PRODUCTS = 7,
    QUARTERS = 4,
    DEEP = 512,
    PAD = 16,
    WIDE = 128,
    MIDDLE = 96,
    TALL = 7 * MIDDLE,
    LEAST = 256,
    WORTH = 64,
    LEFT = PRODUCTS * TALL * (DEEP + PAD),
    RIGHT = (QUARTERS + PRODUCTS) * WIDE * DEEP,
    SUM = QUARTERS * MIDDLE * WIDE
};

size_t ops_strassen_bytes(int threads)
{
    return (size_t)threads * (LEFT + RIGHT + SUM) * sizeof(float);
}

status_t ops_strassen_open(ops_strassen_t **out, int threads, int lanes)
{
    return ops_strassen_open_set(out, threads, lanes, (size_t[3]){LEFT, RIGHT, SUM});
}

/* Of a product of halves: up to two quarters of each factor and of the result (0 1 / 2 3), the first of a factor plus or
 * minus the second; -1: none. A quarter of the result is set by the first product that it gets. */
typedef struct {
    int left[2], right[2], to[2];
    bool left_minus, right_minus;
    ops_target_t gets[2];
} product_t;

#define SET OPS_TILE_SET
#define ADD OPS_TILE_ADD
#define SUBTRACT OPS_TILE_SUBTRACT
static const product_t strassen[PRODUCTS] = {
    {{0, 3}, {0, 3}, {0, 3}, false, false, {SET, SET}},       {{2, 3}, {0, -1}, {2, 3}, false, false, {SET, SUBTRACT}},
    {{0, -1}, {1, 3}, {1, 3}, false, true, {SET, ADD}},       {{3, -1}, {2, 0}, {0, 2}, false, true, {ADD, ADD}},
    {{0, 1}, {3, -1}, {1, 0}, false, false, {ADD, SUBTRACT}}, {{2, 0}, {0, 1}, {3, -1}, true, false, {ADD, ADD}},
    {{1, 3}, {2, 3}, {0, -1}, true, false, {ADD, ADD}},
};
static const product_t whole = {{0, -1}, {0, -1}, {0, -1}, false, false, {SET, SET}};

/* One call's product: y (M,N) of x (M,K) with a matrix of `ld` floats a row, whose rows are columns of the result (turned), or
 * places of k. */
typedef struct {
    float *y;
    const float *x, *w, *bias;
    bool add, turned;
    int M, N, K;
    size_t ld;
    int side, products; /* 2 and 7: cut; 1 and 1: not */
    const product_t *product;
    const ops_tile_t *tile;
    const ops_strassen_slot_t *slot;
    const float *packed; /* the right factor; NULL: it is copied from w */
    int k, depth;        /* the stretch at hand, of the halves */
} call_t;

/* ---- Operands ---------------------------------------------------------------------------------------------------------- */

/* Quarter `q` of the left factor, from row `row` of its halves on. Past the last row of all there is nothing but zeros. */
static const float *left_at(const call_t *call, int q, int row)
{
    static const float zeros[DEEP] = {0};
    const int m = row * call->side + q / 2, half = call->K / call->side;
    if (m >= call->M) return zeros;
    return call->x + (size_t)m * (size_t)call->K + (size_t)(q % 2 * half + call->k);
}

/* Rows first .. first+rows-1 of the halves' left factor of a product. */
static void copy_left(float *out, const call_t *call, const product_t *product, int first, int rows)
{
    const size_t ldo = (size_t)(call->depth + PAD), ld = (size_t)(call->side * call->K);
    /* The last row of an odd number has no neighbour, and goes alone. */
    const int together = (first + rows) * call->side > call->M ? rows - 1 : rows;
    for (int part = 0; part < 2; part++) {
        const int from = part == 0 ? 0 : together, count = part == 0 ? together : rows - together;
        if (count == 0) continue;
        ops_operand_t x = {left_at(call, product->left[0], first + from), NULL, product->left_minus};
        if (product->left[1] >= 0) x.second = left_at(call, product->left[1], first + from);
        call->tile->copy(out + (size_t)from * ldo, ldo, &x, ld, count, call->depth);
    }
}

static const float *right_at(const call_t *call, int q, int column)
{
    const int k = q / 2 * (call->K / call->side) + call->k, n = q % 2 * (call->N / call->side) + column;
    return call->turned ? call->w + (size_t)n * call->ld + (size_t)k : call->w + (size_t)k * call->ld + (size_t)n;
}

/* Columns first .. first+columns-1 of a quarter of the right factor, in panels; past the last of them are zeros. */
static void copy_quarter(float *out, const call_t *call, int q, int first, int columns)
{
    const ops_tile_t *tile = call->tile;
    const int across = 2 * tile->lanes;
    for (int j = 0; j < columns; j += across, out += (size_t)across * (size_t)call->depth) {
        const int count = columns - j < across ? columns - j : across;
        const ops_operand_t x = {right_at(call, q, first + j), NULL, false};
        if (count < across) memset(out, 0, (size_t)across * (size_t)call->depth * sizeof *out);
        if (call->turned)
            tile->copy_turned(out, &x, call->ld, call->depth, count);
        else
            tile->copy(out, (size_t)across, &x, call->ld, call->depth, count);
    }
}

/* right: where a block of columns of each product's right factor lies. Quarters as they are, and behind them sums of two. */
static void copy_right(const float *right[PRODUCTS], const call_t *call, int first, int columns, int panels)
{
    const size_t block = WIDE * (size_t)call->depth;
    float *quarters = call->slot->right;
    for (int q = 0; q < call->side * call->side; q++)
        copy_quarter(quarters + (size_t)q * block, call, q, first, columns);
    for (int p = 0; p < call->products; p++) {
        const product_t *product = &call->product[p];
        float *sum = quarters + (size_t)(QUARTERS + p) * block;
        const float *one = quarters + (size_t)product->right[0] * block;
        right[p] = product->right[1] < 0 ? one : sum;
        if (product->right[1] < 0) continue;
        const ops_operand_t x = {one, quarters + (size_t)product->right[1] * block, product->right_minus};
        call->tile->copy(sum, 0, &x, 0, 1, panels * 2 * call->tile->lanes * call->depth);
    }
}

/* Packed: stretch by stretch, in each block by block of columns, in each all products' panels. */
static size_t packed_at(const call_t *call, int first)
{
    const int across = 2 * call->tile->lanes, half = call->N / call->side;
    const size_t all = (size_t)((half + across - 1) / across * across);
    return (size_t)call->products * (all * (size_t)call->k + (size_t)first * (size_t)call->depth);
}

static void find_right(const float *right[PRODUCTS], const call_t *call, int first, int columns, int panels)
{
    const size_t block = (size_t)(panels * 2 * call->tile->lanes) * (size_t)call->depth;
    if (call->packed == NULL) copy_right(right, call, first, columns, panels);
    for (int p = 0; p < call->products && call->packed != NULL; p++)
        right[p] = call->packed + packed_at(call, first) + (size_t)p * block;
}

/* ---- Products ---------------------------------------------------------------------------------------------------------- */

/* Rows of the next tile, of so many that are left. Two or three rows would wait for their own sums: they share with a full tile. */
static int strip_rows(int left, int most)
{
    return left <= most ? left : left < most + 4 ? (left + 1) / 2 : most;
}

/* The four parts of a block of the result, tile by tile. */
static void multiply_block(const call_t *call, const float *left, const float *const right[PRODUCTS], int rows,
                           int panels)
{
    const ops_tile_t *tile = call->tile;
    const int across = 2 * tile->lanes, area = tile->rows * across;
    const size_t ld = (size_t)(call->depth + PAD), panel = (size_t)across * (size_t)call->depth;
    const size_t quarter = (size_t)MIDDLE * WIDE;
    for (int p = 0; p < call->products; p++) {
        const product_t *product = &call->product[p];
        /* While a tile is made, memory brings a piece of what comes next: the next rows, or the next product's columns. */
        const float *coming = right[(p + 1) % call->products];
        float *sum = call->slot->sum;
        for (int i = 0, count; i < rows; i += count) {
            const float *strip = left + ((size_t)p * MIDDLE + (size_t)i) * ld;
            count = strip_rows(rows - i, tile->rows);
            for (int j = 0; j < panels; j++, sum += area) {
                const ops_targets_t to = {sum + (size_t)product->to[0] * quarter,
                                          product->to[1] >= 0 ? sum + (size_t)product->to[1] * quarter : NULL,
                                          product->gets[0], product->gets[1]};
                const float *ahead = j == 0 ? strip + (size_t)count * ld : coming;
                if (j > 0) coming += 16 * call->depth;
                tile->multiply(&to, strip, ld, right[p] + (size_t)j * panel, call->depth, count, ahead);
            }
        }
    }
}

/* Row m of the halves, columns from n on, which lies in one row of tiles for each part: into the result, with the bias at the first
 * stretch. */
static void put_row(const call_t *call, int row, const float *sum, int n, int columns)
{
    const int half = call->N / call->side;
    const bool first = call->k == 0;
    for (int q = 0; q < call->side * call->side; q++) {
        const int m = row * call->side + q / 2, column = q % 2 * half + n;
        if (m >= call->M) continue;
        call->tile->put(call->y + (size_t)m * (size_t)call->N + (size_t)column, sum + (size_t)q * MIDDLE * WIDE,
                        first && call->bias != NULL ? call->bias + column : NULL, call->add || !first, columns,
                        (size_t)(3 * call->side * call->N));
    }
}

/* Rows of the halves from `top` on, as multiply_block has left them. */
static void put_block(const call_t *call, int top, int rows, int n, int columns, int panels)
{
    const int across = 2 * call->tile->lanes, most = call->tile->rows;
    const float *sum = call->slot->sum;
    for (int i = 0, count; i < rows; i += count, sum += panels * most * across) {
        count = strip_rows(rows - i, most);
        for (int r = 0; r < count; r++) put_row(call, top + i + r, sum + r * across, n, columns);
    }
}

/* Columns that are taken at a time, whole panels. */
static int block_width(const call_t *call)
{
    const int half = call->N / call->side, across = 2 * call->tile->lanes, blocks = (half + WIDE - 1) / WIDE;
    return ((half + blocks - 1) / blocks + across - 1) / across * across;
}

/* Length of all stretches of k but the last. */
static int stretch_depth(const call_t *call)
{
    const int half = call->K / call->side, stretches = (half + DEEP - 1) / DEEP;
    return ((half + stretches - 1) / stretches + 7) / 8 * 8;
}

/* A stretch of k for up to TALL rows of the halves from `top` on. */
static void multiply_stretch(const call_t *call, int top, int tall)
{
    const int half = call->N / call->side, across = 2 * call->tile->lanes, wide = block_width(call);
    const size_t ld = (size_t)(call->depth + PAD);
    const float *right[PRODUCTS];
    float *left = call->slot->left;
    for (int m = 0; m < tall; m += MIDDLE)
        for (int p = 0; p < call->products; p++)
            copy_left(left + ((size_t)m * (size_t)call->products + (size_t)p * MIDDLE) * ld, call, &call->product[p],
                      top + m, tall - m < MIDDLE ? tall - m : MIDDLE);
    for (int n = 0; n < half; n += wide) {
        const int columns = half - n < wide ? half - n : wide, panels = (columns + across - 1) / across;
        find_right(right, call, n, columns, panels);
        for (int m = 0; m < tall; m += MIDDLE) {
            const int rows = tall - m < MIDDLE ? tall - m : MIDDLE;
            multiply_block(call, left + (size_t)m * (size_t)call->products * ld, right, rows, panels);
            put_block(call, top + m, rows, n, columns, panels);
        }
    }
}

/* ---- Packed weights ---------------------------------------------------------------------------------------------------- */

static bool is_cut(int N, int K)
{
    return N >= LEAST && K >= LEAST && N % 2 == 0 && K % 2 == 0;
}

status_t ops_strassen_add(ops_strassen_t *set, const float *w, int N, int K, bool back)
{
    const int across = 2 * ops_strassen_tile(set)->lanes, columns = back ? K : N, depth = back ? N : K;
    const size_t all = (size_t)((columns / 2 + across - 1) / across * across);
    if (!is_cut(N, K)) return ST_OK;
    return ops_strassen_add_pack(set, w, N, K, back, PRODUCTS * all * (size_t)(depth / 2));
}

size_t ops_strassen_room(const ops_strassen_t *set, uint64_t *layout)
{
    const ops_packs_t *packs = ops_strassen_packs(set);
    const int as[] = {ops_strassen_tile(set)->lanes, DEEP, WIDE, PRODUCTS};
    *layout = base_hash(BASE_HASH_SEED, as, sizeof as);
    return packs->count > 0 ? ops_packs_bytes(packs) : 0;
}

/* All of the right factor, as find_right reads it. */
static void pack(float *out, call_t *call)
{
    const int across = 2 * call->tile->lanes, half = call->N / call->side, wide = block_width(call);
    const int deep = stretch_depth(call), end = call->K / call->side;
    const float *right[PRODUCTS];
    for (call->k = 0; call->k < end; call->k += deep) {
        call->depth = end - call->k < deep ? end - call->k : deep;
        for (int n = 0; n < half; n += wide) {
            const int columns = half - n < wide ? half - n : wide, panels = (columns + across - 1) / across;
            const size_t block = (size_t)(panels * across) * (size_t)call->depth;
            copy_right(right, call, n, columns, panels);
            for (int p = 0; p < call->products; p++)
                memcpy(out + packed_at(call, n) + (size_t)p * block, right[p], block * sizeof *out);
        }
    }
}

/* The right factor from the packed ones. It is packed for so many rows alone that this is little beside their product. */
static void find_packed(call_t *call, const ops_packs_t *packs, int N, int K)
{
    const ops_pack_t *mine = ops_packs_find(packs, call->w, N, K, !call->turned);
    if (mine == NULL) return;
    call->packed = ops_packs_read(packs, mine);
    float *room = call->packed == NULL && call->M >= WORTH ? ops_packs_begin(packs, mine) : NULL;
    if (room == NULL) return;
    pack(room, call);
    ops_packs_end(packs, mine);
    call->packed = room;
}

void ops_strassen_multiply(float *y, const float *x, const float *w, const float *bias, int M, int N, int K,
                           ops_frozen_product_t what, const ops_strassen_t *set)
{
    const bool back = what == OPS_FROZEN_BACK, cut = is_cut(N, K);
    const ops_strassen_slot_t *slot = ops_strassen_take_slot(set);
    call_t call = {.y = y,
                   .x = x,
                   .w = w,
                   .bias = bias,
                   .add = what == OPS_FROZEN_ADD,
                   .turned = !back,
                   .M = M,
                   .N = back ? K : N,
                   .K = back ? N : K,
                   .ld = (size_t)K,
                   .side = cut ? 2 : 1,
                   .products = cut ? PRODUCTS : 1,
                   .product = cut ? strassen : &whole,
                   .tile = ops_strassen_tile(set),
                   .slot = slot};
    const int rows = (M + call.side - 1) / call.side, half = call.K / call.side, deep = stretch_depth(&call);
    find_packed(&call, ops_strassen_packs(set), N, K);
    for (int top = 0; top < rows; top += TALL)
        for (call.k = 0; call.k < half; call.k += deep) {
            call.depth = half - call.k < deep ? half - call.k : deep;
            multiply_stretch(&call, top, rows - top < TALL ? rows - top : TALL);
        }
    ops_strassen_give(set, slot->left);
}
