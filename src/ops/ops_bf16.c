/* Products with frozen weights in bfloat16, by oneDNN 2, which this file alone knows: operands rounded to bfloat16,
 * sums in float32. Rows go through kernels of two fixed heights, so that a row's bits hang on no number of rows, and
 * all is compiled once, when weights are packed. Without oneDNN: ops_bf16_none.c. */
#include "ops/ops_internal.h"

#include <stdio.h>

#ifdef FGAD_DNNL
#include <dlfcn.h>
#include <math.h>
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { BLOCK = 64, REST = 16, MOST_SHAPES = 32 };

/* Products of `rows` rows. */
typedef struct {
    int rows;
    dnnl_primitive_t round, multiply[2];                 /* [1] adds to what is there */
    dnnl_memory_desc_t wide, narrow, result, scratch[2]; /* rows in float32 and bfloat16 */
} kernel_t;

/* Products of rows of `in` with (out,in), whichever way round it is stored. */
typedef struct {
    int in, out;
    kernel_t block, rest;
    dnnl_memory_desc_t packed;
} shape_t;

typedef struct {
    const float *w; /* (N,K), not owned: the key */
    int N, K;
    const shape_t *forward, *backward;
    dnnl_memory_t packed, packed_back; /* backward: NULL where it is not asked for */
} matrix_t;

/* What one thread at a time computes with. */
typedef struct {
    atomic_flag taken;
    dnnl_stream_t stream;
    float *in, *out; /* (REST, in), (REST, out): rows that fill no kernel */
    void *narrow;    /* (BLOCK, in) */
    void *scratch;
} slot_t;

struct ops_bf16 {
    dnnl_engine_t engine;
    matrix_t *matrix; /* sorted by w and N from ops_bf16_ready on */
    int count, room;
    shape_t shape[MOST_SHAPES];
    int shapes;
    slot_t *slot;
    int slots;
    arena_t arena;
};

static status_t told(dnnl_status_t status, const char *what)
{
    if (status == dnnl_success) return ST_OK;
    if (status == dnnl_out_of_memory) return fail(ST_ENOMEM, "oneDNN: out of memory: %s", what);
    return fail(ST_EIO, "oneDNN: %s: %s (hint: precision: f32)", what, dnnl_status2str(status));
}

/* A product runs on the thread that asks for it. How many OpenMP takes is set for each thread by itself, and the library has no
 * call for it; one that is built upon something else has no OpenMP to ask. */
static void take_one_thread(void)
{
    static _Thread_local bool done = false;
    void (*set)(int);
    if (done) return;
    void *symbol = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    memcpy(&set, &symbol, sizeof set);
    if (symbol != NULL) set(1);
    done = true;
}

static const char *isa_name(void)
{
    const unsigned isa = dnnl_get_effective_cpu_isa();
    if ((isa & dnnl_cpu_isa_avx512_core_amx) == dnnl_cpu_isa_avx512_core_amx) return "AMX";
    return (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16 ? "AVX512_BF16" : NULL;
}

status_t ops_bf16_check(void)
{
    if (isa_name() != NULL) return ST_OK;
    return fail(ST_EFORMAT,
                "precision is bf16, but this processor has neither AVX512_BF16 nor AMX%s (hint: precision: f32)",
                getenv("DNNL_MAX_CPU_ISA") != NULL ? ", or DNNL_MAX_CPU_ISA hides it" : "");
}

void ops_bf16_backend(char *out, size_t size)
{
    const dnnl_version_t *version = dnnl_version();
    const char *isa = isa_name();
    snprintf(out, size, "oneDNN %d.%d.%d %s", version->major, version->minor, version->patch,
             isa != NULL ? isa : "without bfloat16 here");
}

/* ---- Kernels ----------------------------------------------------------------------------------------------------------- */

static void close_kernel(kernel_t *kernel)
{
    dnnl_primitive_t made[] = {kernel->round, kernel->multiply[0], kernel->multiply[1]};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        if (made[i] != NULL) dnnl_primitive_destroy(made[i]);
}

static status_t plain_rows(dnnl_memory_desc_t *out, int rows, int columns, dnnl_data_type_t type)
{
    const dnnl_dims_t dims = {rows, columns};
    return told(dnnl_memory_desc_init_by_tag(out, 2, dims, type, dnnl_ab), "a layout");
}

static status_t make_reorder(dnnl_primitive_t *out, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
                             dnnl_engine_t engine)
{
    dnnl_primitive_desc_t plan = NULL;
    TRY(told(dnnl_reorder_primitive_desc_create(&plan, from, engine, to, engine, NULL), "rounding"));
    status_t status = told(dnnl_primitive_create(out, plan), "rounding");
    dnnl_primitive_desc_destroy(plan);
    return status;
}

/* packed: the weights' layout, chosen where it is still open. */
static status_t make_multiply(kernel_t *kernel, bool add, dnnl_memory_desc_t *packed, dnnl_engine_t engine)
{
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t after = NULL;
    dnnl_primitive_desc_t plan = NULL;
    dnnl_matmul_desc_t product;
    status_t status;
    TRY_DONE(told(dnnl_primitive_attr_create(&attributes), "a product"));
    TRY_DONE(told(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "a product"));
    TRY_DONE(told(dnnl_post_ops_create(&after), "a product"));
    if (add) TRY_DONE(told(dnnl_post_ops_append_sum(after, 1), "a product"));
    TRY_DONE(told(dnnl_primitive_attr_set_post_ops(attributes, after), "a product"));
    TRY_DONE(told(dnnl_matmul_desc_init(&product, &kernel->narrow, packed, NULL, &kernel->result), "a product"));
    TRY_DONE(told(dnnl_primitive_desc_create(&plan, &product, attributes, engine, NULL), "a product"));
    *packed = *dnnl_primitive_desc_query_md(plan, dnnl_query_weights_md, 0);
    kernel->scratch[add] = *dnnl_primitive_desc_query_md(plan, dnnl_query_scratchpad_md, 0);
    TRY_DONE(told(dnnl_primitive_create(&kernel->multiply[add], plan), "a product"));
done:
    if (plan != NULL) dnnl_primitive_desc_destroy(plan);
    if (after != NULL) dnnl_post_ops_destroy(after);
    if (attributes != NULL) dnnl_primitive_attr_destroy(attributes);
    return status;
}

static status_t make_kernel(kernel_t *kernel, int rows, shape_t *shape, dnnl_engine_t engine)
{
    kernel->rows = rows;
    TRY(plain_rows(&kernel->wide, rows, shape->in, dnnl_f32));
    TRY(plain_rows(&kernel->narrow, rows, shape->in, dnnl_bf16));
    TRY(plain_rows(&kernel->result, rows, shape->out, dnnl_f32));
    TRY(make_reorder(&kernel->round, &kernel->wide, &kernel->narrow, engine));
    TRY(make_multiply(kernel, false, &shape->packed, engine));
    return make_multiply(kernel, true, &shape->packed, engine);
}

static status_t find_shape(const shape_t **out, ops_bf16_t *set, int in, int out_columns)
{
    for (int i = 0; i < set->shapes; i++) {
        *out = &set->shape[i];
        if ((*out)->in == in && (*out)->out == out_columns) return ST_OK;
    }
    REQUIRE(set->shapes < MOST_SHAPES);
    shape_t *shape = &set->shape[set->shapes++];
    const dnnl_dims_t dims = {in, out_columns};
    shape->in = in, shape->out = out_columns;
    TRY(told(dnnl_memory_desc_init_by_tag(&shape->packed, 2, dims, dnnl_bf16, dnnl_format_tag_any), "a layout"));
    TRY(make_kernel(&shape->block, BLOCK, shape, set->engine));
    TRY(make_kernel(&shape->rest, REST, shape, set->engine));
    *out = shape;
    return ST_OK;
}

/* ---- The set ----------------------------------------------------------------------------------------------------------- */

status_t ops_bf16_open(ops_bf16_t **out, int threads)
{
    REQUIRE(threads > 0);
    *out = NULL;
    TRY(ops_bf16_check());
    take_one_thread();
    ops_bf16_t *set = calloc(1, sizeof *set);
    if (set == NULL) return fail(ST_ENOMEM, "out of memory for weights in bfloat16");
    arena_init(&set->arena, "products in bfloat16");
    status_t status = told(dnnl_engine_create(&set->engine, dnnl_cpu, 0), "the processor");
    set->slot = calloc((size_t)threads, sizeof *set->slot);
    if (status == ST_OK && set->slot == NULL) status = fail(ST_ENOMEM, "out of memory for %d threads", threads);
    for (int s = 0; s < threads && status == ST_OK; s++, set->slots++)
        status = told(dnnl_stream_create(&set->slot[s].stream, set->engine, dnnl_stream_default_flags), "a stream");
    if (status == ST_OK)
        *out = set;
    else
        ops_bf16_close(set);
    return status;
}

void ops_bf16_close(ops_bf16_t *set)
{
    if (set == NULL) return;
    for (int i = 0; i < set->count; i++) {
        if (set->matrix[i].packed != NULL) dnnl_memory_destroy(set->matrix[i].packed);
        if (set->matrix[i].packed_back != NULL) dnnl_memory_destroy(set->matrix[i].packed_back);
    }
    for (int i = 0; i < set->shapes; i++) close_kernel(&set->shape[i].block), close_kernel(&set->shape[i].rest);
    for (int s = 0; s < set->slots; s++)
        if (set->slot[s].stream != NULL) dnnl_stream_destroy(set->slot[s].stream);
    if (set->engine != NULL) dnnl_engine_destroy(set->engine);
    arena_free(&set->arena);
    free(set->matrix);
    free(set->slot);
    free(set);
}

/* w, read with these strides, as the kernels of `shape` want it. */
static status_t pack(dnnl_memory_t *out, ops_bf16_t *set, const float *w, const shape_t *shape,
                     const dnnl_dims_t strides)
{
    const dnnl_dims_t dims = {shape->in, shape->out};
    dnnl_memory_desc_t stored;
    dnnl_memory_t from = NULL;
    dnnl_primitive_t reorder = NULL;
    status_t status;
    TRY_DONE(told(dnnl_memory_desc_init_by_strides(&stored, 2, dims, dnnl_f32, strides), "packing"));
    TRY_DONE(make_reorder(&reorder, &stored, &shape->packed, set->engine));
    TRY_DONE(told(dnnl_memory_create(&from, &stored, set->engine, (void *)(uintptr_t)w), "packing"));
    TRY_DONE(told(dnnl_memory_create(out, &shape->packed, set->engine, DNNL_MEMORY_ALLOCATE), "packed weights"));
    const dnnl_exec_arg_t with[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, *out}};
    TRY_DONE(told(dnnl_primitive_execute(reorder, set->slot[0].stream, 2, with), "packing"));
    TRY_DONE(told(dnnl_stream_wait(set->slot[0].stream), "packing"));
done:
    if (from != NULL) dnnl_memory_destroy(from);
    if (reorder != NULL) dnnl_primitive_destroy(reorder);
    return status;
}

status_t ops_bf16_add(ops_bf16_t *set, const float *w, int N, int K, bool backward)
{
    REQUIRE(N > 0 && K > 0);
    if (set->count == set->room) {
        const int room = set->room > 0 ? 2 * set->room : 64;
        matrix_t *longer = realloc(set->matrix, (size_t)room * sizeof *longer);
        if (longer == NULL) return fail(ST_ENOMEM, "out of memory for weights in bfloat16");
        set->matrix = longer, set->room = room;
    }
    matrix_t *matrix = &set->matrix[set->count++];
    *matrix = (matrix_t){.w = w, .N = N, .K = K};
    TRY(find_shape(&matrix->forward, set, K, N));
    TRY(pack(&matrix->packed, set, w, matrix->forward, (dnnl_dims_t){1, K}));
    if (!backward) return ST_OK;
    TRY(find_shape(&matrix->backward, set, N, K));
    return pack(&matrix->packed_back, set, w, matrix->backward, (dnnl_dims_t){K, 1});
}

/* ---- Products ---------------------------------------------------------------------------------------------------------- */

/* A failure here is one of small blocks of memory, or of what has been seen to work when the set was made. */
static void must(dnnl_status_t status)
{
    REQUIRE(status == dnnl_success);
}

static void run_kernel(const kernel_t *kernel, bool add, float *y, const float *x, dnnl_memory_t packed, slot_t *slot,
                       dnnl_engine_t engine)
{
    dnnl_memory_t wide, narrow, result, scratch;
    must(dnnl_memory_create(&wide, &kernel->wide, engine, (void *)(uintptr_t)x));
    must(dnnl_memory_create(&narrow, &kernel->narrow, engine, slot->narrow));
    must(dnnl_memory_create(&result, &kernel->result, engine, y));
    must(dnnl_memory_create(&scratch, &kernel->scratch[add], engine, slot->scratch));
    const dnnl_exec_arg_t round[] = {{DNNL_ARG_FROM, wide}, {DNNL_ARG_TO, narrow}};
    const dnnl_exec_arg_t multiply[] = {
        {DNNL_ARG_SRC, narrow}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DST, result}, {DNNL_ARG_SCRATCHPAD, scratch}};
    must(dnnl_primitive_execute(kernel->round, slot->stream, 2, round));
    must(dnnl_primitive_execute(kernel->multiply[add], slot->stream, 4, multiply));
    must(dnnl_stream_wait(slot->stream));
    dnnl_memory_destroy(wide), dnnl_memory_destroy(narrow), dnnl_memory_destroy(result), dnnl_memory_destroy(scratch);
}

static slot_t *take_slot(const ops_bf16_t *set)
{
    for (int s = 0; s < set->slots; s++)
        if (!atomic_flag_test_and_set(&set->slot[s].taken)) return &set->slot[s];
    REQUIRE(!"more threads than the set was opened for");
    return NULL;
}

/* y (M,out) = or += x (M,in) times the packed matrix. */
static void multiply(float *y, const float *x, int M, bool add, const shape_t *shape, dnnl_memory_t packed,
                     const ops_bf16_t *set)
{
    const size_t in = (size_t)shape->in, out = (size_t)shape->out;
    slot_t *slot = take_slot(set);
    take_one_thread();
    for (int m = 0, rows; m < M; m += rows) {
        const kernel_t *kernel = M - m >= BLOCK ? &shape->block : &shape->rest;
        float *to = y + (size_t)m * out;
        const float *from = x + (size_t)m * in;
        rows = M - m < kernel->rows ? M - m : kernel->rows;
        if (rows == kernel->rows) {
            run_kernel(kernel, add, to, from, packed, slot, set->engine);
            continue;
        }
        memset(slot->in, 0, REST * in * sizeof *slot->in);
        memcpy(slot->in, from, (size_t)rows * in * sizeof *from);
        if (add) memset(slot->out, 0, REST * out * sizeof *slot->out);
        if (add) memcpy(slot->out, to, (size_t)rows * out * sizeof *to);
        run_kernel(kernel, add, slot->out, slot->in, packed, slot, set->engine);
        memcpy(to, slot->out, (size_t)rows * out * sizeof *to);
    }
    atomic_flag_clear(&slot->taken);
}

static int by_key(const void *a, const void *b)
{
    const matrix_t *one = a, *two = b;
    if (one->w != two->w) return one->w < two->w ? -1 : 1;
    return (one->N > two->N) - (one->N < two->N);
}

status_t ops_bf16_ready(ops_bf16_t *set)
{
    size_t in = 0, out = 0, scratch = 0;
    if (set->count > 0) qsort(set->matrix, (size_t)set->count, sizeof *set->matrix, by_key);
    for (int i = 0; i < set->shapes; i++) {
        const shape_t *shape = &set->shape[i];
        const kernel_t *const kernel[] = {&shape->block, &shape->rest};
        if (in < (size_t)shape->in) in = (size_t)shape->in;
        if (out < (size_t)shape->out) out = (size_t)shape->out;
        for (int k = 0; k < 4; k++) {
            const size_t wanted = dnnl_memory_desc_get_size(&kernel[k / 2]->scratch[k % 2]);
            if (scratch < wanted) scratch = wanted;
        }
    }
    for (int s = 0; s < set->slots; s++) {
        slot_t *slot = &set->slot[s];
        slot->in = arena_take(&set->arena, REST * in, sizeof *slot->in);
        slot->out = arena_take(&set->arena, REST * out, sizeof *slot->out);
        slot->narrow = arena_take(&set->arena, BLOCK * in, sizeof(uint16_t));
        slot->scratch = arena_take(&set->arena, scratch, 1);
        if (slot->in == NULL || slot->out == NULL || slot->narrow == NULL || slot->scratch == NULL) return ST_ENOMEM;
    }
    return ST_OK;
}

void ops_bf16_multiply(float *y, const float *x, const float *w, int M, int N, int K, ops_frozen_product_t what,
                       const ops_bf16_t *set)
{
    const matrix_t key = {.w = w, .N = N};
    const matrix_t *matrix = bsearch(&key, set->matrix, (size_t)set->count, sizeof key, by_key);
    REQUIRE(matrix != NULL && matrix->K == K && M > 0);
    if (what != OPS_FROZEN_BACK) {
        multiply(y, x, M, what == OPS_FROZEN_ADD, matrix->forward, matrix->packed, set);
        return;
    }
    REQUIRE(matrix->packed_back != NULL);
    multiply(y, x, M, false, matrix->backward, matrix->packed_back, set);
}
#endif
