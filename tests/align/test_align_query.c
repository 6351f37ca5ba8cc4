/* SGD, its schedule and the query former against PyTorch, and the known floor of the query former's loss. */
#include "align/align_internal.h"
#include "support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void sgd_takes_the_steps_of_torch(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("align/sgd");
    enum { N = 29, STEPS = 7 };
    float w[N], v[N] = {0};
    memcpy(w, check_golden_f32(golden, "w", NULL, NULL), sizeof w);
    const float *g = check_golden_f32(golden, "g", NULL, NULL), *want = check_golden_f32(golden, "steps", NULL, NULL);
    const double *rates = check_golden_f64(golden, "rates", NULL, NULL);
    for (int step = 0; step < STEPS; step++) {
        double rate = align_cosine(2e-3, 1e-5, step, STEPS);
        assert_true(fabs(rate - rates[step]) <= 1e-12);
        align_sgd(w, v, g + N * step, N, rate, 0.9, 5e-4);
        check_array("w", w, want + N * step, N, 1e-7);
    }
    assert_true(fabs(align_cosine(2e-3, 1e-5, STEPS, STEPS) - 1e-5) < 1e-15);
    check_golden_close(golden);
}

static const float *array_of(const check_golden_t *golden, int n, const char *what, int *dims)
{
    char name[64];
    snprintf(name, sizeof name, "%d.%s", n, what);
    return check_golden_has(golden, name) ? check_golden_f32(golden, name, NULL, dims) : NULL;
}

static void query_former_equals_torch_forward_backward_and_trained(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("align/query");
    arena_t arena;
    arena_init(&arena, "query");
    int n = 0, dims[8];
    for (const float *normal; (normal = array_of(golden, n, "normal", dims)) != NULL; n++) {
        int G = dims[0], E = dims[1];
        align_block_t table[ALIGN_QUERY_BLOCKS];
        size_t total = (size_t)align_query_table(table, G, E), rows = (size_t)(G * E);
        const float *abnormal = array_of(golden, n, "abnormal", NULL);
        float *params = malloc(sizeof(float) * total), *grad = malloc(sizeof(float) * total);
        float *q = malloc(sizeof(float) * rows);
        memcpy(params, array_of(golden, n, "params", dims), sizeof(float) * total);
        assert_int_equal(dims[0], total);
        char name[64];
        snprintf(name, sizeof name, "%d.losses", n);
        const double *want = check_golden_f64(golden, name, NULL, NULL);
        double loss, losses[13];
        int steps;
        assert_int_equal(align_query_forward(q, &loss, params, normal, abnormal, G, E, &arena), ST_OK);
        check_array("q", q, array_of(golden, n, "q", NULL), rows, 1e-5);
        align_query_bisector(q, normal, abnormal, G, E);
        check_array("bisector", q, array_of(golden, n, "bisector", NULL), rows, 1e-6);
        assert_true(fabs(loss - want[0]) <= 1e-5 * want[0]);
        assert_int_equal(align_query_gradient(grad, &loss, params, normal, abnormal, G, E, &arena), ST_OK);
        check_array("gradient", grad, array_of(golden, n, "grad", NULL), total, 2e-5);
        /* The bias of the keys has no derivative (softmax does not see it); Adam walks it by rounding noise there as
         * here, so the steps are compared by what they lead to. */
        align_adam_t adam = align_query_adam;
        adam.steps = adam.max_steps = 12;
        assert_int_equal(align_query_train(params, losses, &steps, normal, abnormal, G, E, &adam, &arena), ST_OK);
        for (int i = 0; i < 12; i++) {
            if (!(fabs(losses[i] - want[i]) <= 2e-4 * want[0]))
                fail_msg("case %d step %d: %.8g, want %.8g", n, i, losses[i], want[i]);
        }
        assert_int_equal(align_query_forward(q, &loss, params, normal, abnormal, G, E, &arena), ST_OK);
        check_array("trained q", q, array_of(golden, n, "trained", NULL), rows, 1e-3);
        free(params), free(grad), free(q);
    }
    assert_int_equal(n, 4);
    assert_int_equal(arena.used, 0);
    arena_free(&arena);
    check_golden_close(golden);
}

/* Anchors around a common direction: `spread` 1 is far apart, 0 all the same. */
static void draw_anchors(float *out, int G, int E, double spread, rng_t *rng, rng_t common)
{
    for (int g = 0; g < G; g++) {
        float *row = out + (size_t)g * (size_t)E;
        rng_t shared = common;
        double square = 0;
        for (int e = 0; e < E; e++) {
            row[e] = (float)((1 - spread) * rng_normal(&shared) + spread * rng_normal(rng));
            square += (double)row[e] * (double)row[e];
        }
        for (int e = 0; e < E; e++) row[e] = (float)((double)row[e] / sqrt(square));
    }
}

static void check_floor(int G, int E, double spread, uint64_t seed)
{
    arena_t arena;
    arena_init(&arena, "query");
    align_block_t table[ALIGN_QUERY_BLOCKS];
    size_t total = (size_t)align_query_table(table, G, E), rows = (size_t)(G * E);
    float *params = malloc(sizeof(float) * total), *anchors = malloc(sizeof(float) * 3 * rows);
    rng_t rng = rng_init("demo", "part", G, seed, "query"), common = rng_init("", "", 0, seed, "common");
    draw_anchors(anchors, G, E, spread, &rng, common);
    draw_anchors(anchors + rows, G, E, spread, &rng, common);
    align_query_init(params, G, E, &rng);
    double losses[3001], loss, floor = align_query_floor(anchors, anchors + rows, G, E);
    double gap = align_query_gap(anchors, anchors + rows, G, E);
    int steps;
    assert_int_equal(
        align_query_train(params, losses, &steps, anchors, anchors + rows, G, E, &align_query_adam, &arena), ST_OK);
    assert_true(steps >= 300 && steps <= 3000);
    float *q = anchors + 2 * rows;
    assert_int_equal(align_query_forward(q, &loss, params, anchors, anchors + rows, G, E, &arena), ST_OK);
    assert_true(loss == losses[steps]);
    if (!(loss - floor <= 1e-3) || !(loss - floor <= 0.01 * gap + 2e-6) || !(loss - floor >= -1e-6))
        fail_msg("G %d E %d spread %g seed %d: loss %.6f, floor %.6f, gap %.6f after %d steps", G, E, spread, (int)seed,
                 loss, floor, gap, steps);
    free(params), free(anchors);
    arena_free(&arena);
}

static void query_former_reaches_the_floor_of_its_loss(void **state)
{
    (void)state;
    for (int G = 4; G <= 9; G++) {
        for (int trial = 0; trial < 4; trial++) {
            const double spread[] = {1, 0.3, 0, 0.1};
            if (trial == 3 && G != 5) continue; /* takes its time to part the queries */
            check_floor(G, trial & 1 ? 60 : 64, spread[trial], (uint64_t)trial);
        }
    }
    check_floor(1, 64, 1, 1);
}

static void heads_are_the_largest_divisor_up_to_eight(void **state)
{
    (void)state;
    assert_int_equal(align_query_heads(640), 8);
    assert_int_equal(align_query_heads(60), 6);
    assert_int_equal(align_query_heads(35), 7);
    assert_int_equal(align_query_heads(11), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgd_takes_the_steps_of_torch),
        cmocka_unit_test(query_former_equals_torch_forward_backward_and_trained),
        cmocka_unit_test(query_former_reaches_the_floor_of_its_loss),
        cmocka_unit_test(heads_are_the_largest_divisor_up_to_eight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
