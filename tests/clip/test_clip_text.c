/* The text tower and its gradient against PyTorch's autograd in double, and what must hold between its own ways. */
#include "support/check.h"

#include "clip/clip_internal.h"
#include "tools/toy_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Relative to the largest value of each array. */
#define TOLERANCE 1e-4

enum { LIMIT = 8 }; /* prompts in a golden file, at most */

/* A golden case opened: the model, the prompts and the arrays beside them. */
typedef struct {
    check_golden_t *golden;
    clip_model_t *model;
    int n, slots, D, E;
    clip_prompt_t prompt[LIMIT];
    const float *table, *df, *f, *dslots;
} case_t;

static case_t open_case(const char *name, const char *preset, uint64_t seed, bool half)
{
    case_t c = {0};
    char path[64];
    snprintf(path, sizeof path, "clip/text-%s", name);
    c.golden = check_golden_open(path);
    const char *dir = check_temp_dir("clip-text");
    check_error(toy_model_write(dir, toy_preset_find(preset), seed, half), ST_OK, "");
    check_error(clip_model_open(&c.model, dir), ST_OK, "");
    c.D = clip_model_config(c.model)->text_width;
    c.E = clip_model_config(c.model)->embed;
    int dims[8];
    const int32_t *ids = check_golden_i32(c.golden, "ids", NULL, dims);
    const int32_t *lengths = check_golden_i32(c.golden, "lengths", NULL, NULL);
    c.n = dims[0];
    assert_true(c.n <= LIMIT);
    for (int p = 0; p < c.n; p++) c.prompt[p] = (clip_prompt_t){.ids = ids + p * dims[1], .length = lengths[p]};
    c.table = check_golden_f32(c.golden, "slots", NULL, dims);
    c.slots = dims[0];
    c.df = check_golden_f32(c.golden, "df", NULL, NULL);
    c.f = check_golden_f32(c.golden, "f", NULL, NULL);
    c.dslots = check_golden_f32(c.golden, "dslots", NULL, NULL);
    return c;
}

static void close_case(case_t *c)
{
    clip_model_close(c->model);
    check_golden_close(c->golden);
}

/* Forward and backward of the whole case; f (n,E) and dslots (S,D) owned by the caller. */
static void run(float **f, float **dslots, const case_t *c, size_t budget)
{
    clip_text_t *text = NULL;
    check_error(clip_text_open(&text, c->model, c->prompt, c->n, c->slots, true, budget), ST_OK, "");
    *f = calloc((size_t)(c->n * c->E), sizeof(float));
    *dslots = calloc((size_t)(c->slots * c->D), sizeof(float));
    check_error(clip_text_forward(*f, text, c->table), ST_OK, "");
    clip_text_backward(*dslots, text, c->df);
    clip_text_close(text);
}

static void compare(const char *name, const char *preset, uint64_t seed, bool half)
{
    case_t c = open_case(name, preset, seed, half);
    float *f, *dslots;
    run(&f, &dslots, &c, CLIP_TEXT_BUDGET);
    check_array("f", f, c.f, (size_t)(c.n * c.E), TOLERANCE);
    check_array("dslots", dslots, c.dslots, (size_t)(c.slots * c.D), TOLERANCE);
    assert_true(check_diff(dslots, c.dslots, (size_t)(c.slots * c.D)).cosine >= 0.9999);
    free(f), free(dslots);
    close_case(&c);
}

static void features_and_gradients_equal_pytorch(void **state)
{
    (void)state;
    compare("toy", "toy", 1, false);
}

static void quick_gelu_and_f16_weights_equal_pytorch(void **state)
{
    (void)state;
    compare("toy-quick", "toy-quick", 2, true);
}

static void full_size_equals_pytorch(void **state)
{
    (void)state;
    compare("vit-b-16-plus-240", "vit-b-16-plus-240", 5, false);
    check_temp_dir("clip-text"); /* 600 MB that need not stay */
}

typedef struct {
    const case_t *c;
    const clip_text_t *text;
    int seen;
} watcher_t;

static void compare_layer(void *context, int layer, const float *x, int rows)
{
    watcher_t *watcher = context;
    const case_t *c = watcher->c;
    const size_t D = (size_t)c->D;
    const bool last = layer == clip_model_config(c->model)->text_layers - 1;
    watcher->seen++;
    for (int p = 0; p < c->n; p++) {
        char name[32];
        snprintf(name, sizeof name, "block.%d.%d", layer, p);
        const float *want = check_golden_f32(c->golden, name, NULL, NULL);
        if (last) { /* the EOT rows alone */
            assert_int_equal(rows, c->n);
            check_array(name, x + (size_t)p * D, want + (size_t)(c->prompt[p].length - 1) * D, D, TOLERANCE);
            continue;
        }
        for (int i = 0; i < c->prompt[p].length; i++)
            check_array(name, x + (size_t)clip_text_row(watcher->text, p, i) * D, want + (size_t)i * D, D, TOLERANCE);
    }
}

static void every_block_equals_pytorch(void **state)
{
    (void)state;
    case_t c = open_case("toy", "toy", 1, false);
    clip_text_t *text = NULL;
    check_error(clip_text_open(&text, c.model, c.prompt, c.n, c.slots, false, 0), ST_OK, "");
    watcher_t watcher = {.c = &c, .text = text};
    clip_text_watch(text, compare_layer, &watcher);
    float *f = calloc((size_t)(c.n * c.E), sizeof(float));
    check_error(clip_text_forward(f, text, c.table), ST_OK, "");
    assert_int_equal(watcher.seen, clip_model_config(c.model)->text_layers);
    check_array("f", f, c.f, (size_t)(c.n * c.E), TOLERANCE);
    free(f);
    clip_text_close(text);
    close_case(&c);
}

static void neither_the_memory_budget_nor_the_gradient_changes_a_bit(void **state)
{
    (void)state;
    case_t c = open_case("toy", "toy", 1, false);
    float *f, *dslots, *f2, *dslots2;
    run(&f, &dslots, &c, CLIP_TEXT_BUDGET);
    clip_text_plan_t all, one;
    check_error(clip_text_plan(&all, clip_model_config(c.model), c.prompt, c.n, true, CLIP_TEXT_BUDGET), ST_OK, "");
    check_error(clip_text_plan(&one, clip_model_config(c.model), c.prompt, c.n, true, 0), ST_OK, "");
    assert_int_equal(all.kept_layers, 2);
    assert_int_equal(one.kept_layers, 0);
    assert_true(one.bytes < all.bytes);
    for (size_t budget = 0; budget <= 1; budget++) {
        run(&f2, &dslots2, &c, budget);
        assert_memory_equal(f2, f, (size_t)(c.n * c.E) * sizeof(float));
        assert_memory_equal(dslots2, dslots, (size_t)(c.slots * c.D) * sizeof(float));
        free(f2), free(dslots2);
    }
    clip_text_t *text = NULL;
    check_error(clip_text_open(&text, c.model, c.prompt, c.n, c.slots, false, 0), ST_OK, "");
    f2 = calloc((size_t)(c.n * c.E), sizeof(float));
    check_error(clip_text_forward(f2, text, c.table), ST_OK, "");
    assert_memory_equal(f2, f, (size_t)(c.n * c.E) * sizeof(float));
    clip_text_close(text);
    free(f2), free(f), free(dslots);
    close_case(&c);
}

static void the_plan_is_what_opening_takes(void **state)
{
    (void)state;
    case_t c = open_case("toy", "toy", 1, false);
    for (int gradient = 0; gradient < 2; gradient++)
        for (size_t budget = 0; budget < 3; budget++) {
            clip_text_plan_t plan;
            size_t bytes = budget == 2 ? CLIP_TEXT_BUDGET : budget * 200000;
            check_error(clip_text_plan(&plan, clip_model_config(c.model), c.prompt, c.n, gradient, bytes), ST_OK, "");
            clip_text_t *text = NULL;
            check_error(clip_text_open(&text, c.model, c.prompt, c.n, c.slots, gradient, bytes), ST_OK, "");
            assert_in_range(text->arena.used, plan.bytes * 9 / 10, plan.bytes * 11 / 10);
            assert_int_equal(plan.rows, text->rows);
            clip_text_close(text);
        }
    close_case(&c);
}

/* The beginning [SOT][V]x4 and more is common to most prompts of the case, and two prompts are equal. */
static void common_beginnings_are_computed_once_and_prompts_alone_give_the_same(void **state)
{
    (void)state;
    case_t c = open_case("toy", "toy", 1, false);
    clip_text_plan_t plan;
    check_error(clip_text_plan(&plan, clip_model_config(c.model), c.prompt, c.n, true, CLIP_TEXT_BUDGET), ST_OK, "");
    int64_t tokens = 0;
    for (int p = 0; p < c.n; p++) tokens += c.prompt[p].length;
    assert_int_equal(plan.tokens, tokens);
    /* The rows of each prompt past what it shares with an earlier one. */
    assert_int_equal(plan.rows, 15 + (16 - 9) + (c.prompt[2].length - 7) + 2 + 4 + 0 + 31);
    float *f, *dslots, *sum = calloc((size_t)(c.slots * c.D), sizeof(float));
    run(&f, &dslots, &c, CLIP_TEXT_BUDGET);
    for (int p = 0; p < c.n; p++) {
        case_t alone = c;
        alone.prompt[0] = c.prompt[p];
        alone.n = 1;
        alone.df = c.df + p * c.E;
        float *f1, *d1;
        run(&f1, &d1, &alone, CLIP_TEXT_BUDGET);
        check_array("f alone", f1, f + p * c.E, (size_t)c.E, 1e-5);
        for (int i = 0; i < c.slots * c.D; i++) sum[i] += d1[i];
        free(f1), free(d1);
    }
    check_array("sum of the gradients alone", sum, dslots, (size_t)(c.slots * c.D), 1e-5);
    /* The two equal prompts. The last layer has them in two rows of one product, and a BLAS does not promise that equal
       rows of a matrix give equal rows of the product: the Haswell and Zen kernels of OpenBLAS round them apart. */
    check_array("f of the same prompt twice", f + 5 * c.E, f, (size_t)c.E, 1e-6);
    free(f), free(dslots), free(sum);
    close_case(&c);
}

static void a_batch_can_be_run_again_and_backward_accumulates(void **state)
{
    (void)state;
    case_t c = open_case("toy", "toy", 1, false);
    for (size_t budget = 0; budget <= CLIP_TEXT_BUDGET; budget += CLIP_TEXT_BUDGET) {
        clip_text_t *text = NULL;
        check_error(clip_text_open(&text, c.model, c.prompt, c.n, c.slots, true, budget), ST_OK, "");
        const size_t count = (size_t)(c.slots * c.D);
        float *f = calloc((size_t)(c.n * c.E), sizeof(float)), *other = calloc(count, sizeof(float));
        float *first = calloc(count, sizeof(float)), *second = calloc(count, sizeof(float));
        check_error(clip_text_forward(f, text, c.table), ST_OK, "");
        clip_text_backward(first, text, c.df);
        clip_text_backward(second, text, c.df);
        assert_memory_equal(first, second, count * sizeof(float));
        for (size_t i = 0; i < count; i++) other[i] = c.table[i] + 1;
        check_error(clip_text_forward(f, text, other), ST_OK, "");
        check_error(clip_text_forward(f, text, c.table), ST_OK, "");
        clip_text_backward(second, text, c.df);
        for (size_t i = 0; i < count; i++) first[i] *= 2;
        check_array("twice", second, first, count, 1e-6);
        free(f), free(other), free(first), free(second);
        clip_text_close(text);
    }
    close_case(&c);
}

/* Prompts enough for the rows to go in several shares, and the prompts too. */
static void threads_change_no_bit(void **state)
{
    (void)state;
    enum { MANY = 400, LENGTH = 7 };
    case_t c = open_case("toy", "toy", 1, false);
    static int ids[MANY][LENGTH];
    static clip_prompt_t prompt[MANY];
    const size_t features = (size_t)MANY * (size_t)c.E, slots = (size_t)(c.slots * c.D);
    float *df = calloc(features, sizeof(float)), *other = calloc(slots, sizeof(float)), *f[4], *dslots[4];
    for (int p = 0; p < MANY; p++) {
        const int own[LENGTH] = {1022, CLIP_SLOT(p % 2), 3, 4 + p, CLIP_SLOT(2 + p % 3), 500 + p % 100, 1023};
        memcpy(ids[p], own, sizeof own);
        prompt[p] = (clip_prompt_t){.ids = ids[p], .length = LENGTH};
    }
    for (size_t i = 0; i < features; i++) df[i] = (float)(i % 29) - 14;
    for (int threads = 0; threads < 4; threads++) {
        clip_text_t *text = NULL;
        base_pool_t *pool = NULL;
        f[threads] = calloc(features, sizeof(float));
        dslots[threads] = calloc(slots, sizeof(float));
        check_error(clip_set_threads(threads > 0 ? threads : 1), ST_OK, "");
        if (threads > 0) check_error(base_pool_open(&pool, threads), ST_OK, "");
        check_error(clip_text_open(&text, c.model, prompt, MANY, c.slots, true, threads == 3 ? 0 : CLIP_TEXT_BUDGET),
                    ST_OK, "");
        clip_text_share(text, pool);
        /* What a forward leaves to the next one changes no bit either: the first tower is used once. */
        for (size_t i = 0; i < slots; i++) other[i] = c.table[i] + 1;
        if (threads > 0) check_error(clip_text_forward(f[threads], text, other), ST_OK, "");
        check_error(clip_text_forward(f[threads], text, c.table), ST_OK, "");
        clip_text_backward(dslots[threads], text, df);
        assert_true(text->rows > 4 * 384); /* four shares at least */
        assert_memory_equal(f[threads], f[0], features * sizeof(float));
        assert_memory_equal(dslots[threads], dslots[0], slots * sizeof(float));
        clip_text_close(text);
        base_pool_close(pool);
    }
    for (int threads = 0; threads < 4; threads++) free(f[threads]), free(dslots[threads]);
    free(df), free(other);
    close_case(&c);
}

static void more_copies_of_a_prompt_than_it_has_rows_are_fine(void **state)
{
    (void)state;
    case_t c = open_case("toy", "toy", 1, false);
    c.n = LIMIT;
    const int ids[3] = {1022, CLIP_SLOT(0), 1023};
    float df[LIMIT * 28];
    for (int i = 0; i < LIMIT * 28; i++) df[i] = (float)(i % 28) - 9;
    for (int p = 0; p < LIMIT; p++) c.prompt[p] = (clip_prompt_t){.ids = ids, .length = 3};
    c.df = df;
    float *f, *dslots, *f1, *d1;
    run(&f, &dslots, &c, 0);
    c.n = 1;
    run(&f1, &d1, &c, 0);
    for (int p = 0; p < LIMIT; p++) check_array("f", f + p * c.E, f1, (size_t)c.E, 1e-5);
    for (int i = 0; i < c.slots * c.D; i++) d1[i] *= LIMIT;
    check_array("dslots", dslots, d1, (size_t)(c.slots * c.D), 1e-5);
    free(f), free(dslots), free(f1), free(d1);
    close_case(&c);
}

static void wrong_prompts_are_refused(void **state)
{
    (void)state;
    case_t c = open_case("toy", "toy", 1, false);
    clip_text_t *text = NULL;
    int ids[40] = {1022, 1024};
    clip_prompt_t prompt = {.ids = ids, .length = 2};
    check_error(clip_text_open(&text, c.model, &prompt, 1, 0, false, 0), ST_EFORMAT,
                "prompt 0: token 1 is 1024, the vocabulary has 1024");
    ids[1] = CLIP_SLOT(3);
    check_error(clip_text_open(&text, c.model, &prompt, 1, 3, false, 0), ST_EFORMAT,
                "prompt 0: position 1 names slot 3 of 3");
    prompt.length = 33;
    check_error(clip_text_open(&text, c.model, &prompt, 1, 4, false, 0), ST_EFORMAT,
                "prompt 0 has 33 tokens, expected 1 to the context of 32");
    assert_null(text);
    float out[2 * 36], table[36] = {0};
    ids[1] = 5;
    check_error(clip_text_embed(out, c.model, ids, 2), ST_OK, "");
    assert_memory_equal(out + 36, c.model->text.token + 5 * 36, 36 * sizeof(float));
    ids[1] = CLIP_SLOT(0);
    check_error(clip_text_embed(out, c.model, ids, 2), ST_EFORMAT, "token 1 is -1");
    prompt.length = 2;
    check_error(clip_text_open(&text, c.model, &prompt, 1, 1, false, 0), ST_OK, "");
    table[7] = 1e30f;
    table[8] = -table[7] * 1e30f;
    float f[28];
    check_error(clip_text_forward(f, text, table), ST_EFORMAT, "the text feature of prompt 0 of 1 is not finite");
    clip_text_close(text);
    close_case(&c);
}

/* As open_clip's argmax over ids: "a <end_of_text> b" is "a". */
static void a_text_ends_at_the_first_eot_it_writes(void **state)
{
    (void)state;
    case_t c = open_case("toy", "toy", 1, false);
    const int eot = clip_model_config(c.model)->vocab - 1;
    const int whole[] = {eot - 1, 5, 6, eot, 7, eot}, early[] = {eot - 1, 5, 6, eot}, late[] = {eot - 1, 5, 6, 7, eot};
    const clip_prompt_t prompt[] = {{whole, 6}, {early, 4}, {late, 5}};
    clip_text_t *text = NULL;
    clip_text_plan_t plan;
    check_error(clip_text_plan(&plan, clip_model_config(c.model), prompt, 3, false, 0), ST_OK, "");
    assert_int_equal(plan.tokens, 4 + 4 + 5);
    assert_int_equal(plan.rows, 4 + 2);
    float *f = calloc((size_t)(3 * c.E), sizeof *f);
    check_error(clip_text_open(&text, c.model, prompt, 3, 0, false, 0), ST_OK, "");
    check_error(clip_text_forward(f, text, NULL), ST_OK, "");
    assert_memory_equal(f, f + c.E, (size_t)c.E * sizeof *f);
    assert_memory_not_equal(f, f + 2 * c.E, (size_t)c.E * sizeof *f);
    clip_text_close(text);
    free(f);
    close_case(&c);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "slow") == 0) {
        const struct CMUnitTest slow[] = {cmocka_unit_test(full_size_equals_pytorch)};
        return cmocka_run_group_tests_name("clip_text_full", slow, NULL, NULL);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_and_gradients_equal_pytorch),
        cmocka_unit_test(quick_gelu_and_f16_weights_equal_pytorch),
        cmocka_unit_test(every_block_equals_pytorch),
        cmocka_unit_test(neither_the_memory_budget_nor_the_gradient_changes_a_bit),
        cmocka_unit_test(the_plan_is_what_opening_takes),
        cmocka_unit_test(common_beginnings_are_computed_once_and_prompts_alone_give_the_same),
        cmocka_unit_test(a_batch_can_be_run_again_and_backward_accumulates),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(more_copies_of_a_prompt_than_it_has_rows_are_fine),
        cmocka_unit_test(a_text_ends_at_the_first_eot_it_writes),
        cmocka_unit_test(wrong_prompts_are_refused),
    };
    return cmocka_run_group_tests_name("clip_text", tests, NULL, NULL);
}
