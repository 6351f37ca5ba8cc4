#include "ops/ops_fixture.h"
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

static const int shapes[][2] = {{1, 1}, {3, 5}, {2, 16}, {5, 31}, {7, 226}, {4, 257}, {1, 896}};
#define SHAPES (int)(sizeof shapes / sizeof *shapes)

static void erf_is_within_2e_7_everywhere(void **state)
{
    (void)state;
    double worst = 0;
    for (int block = -600; block < 600; block++) {
        float x[101], y[101];
        for (int i = 0; i < 101; i++) x[i] = (float)block * 0.01f + (float)i * 1e-4f;
        ops_erf(y, x, 101);
        for (int i = 0; i < 101; i++) worst = fmax(worst, fabs((double)y[i] - erf((double)x[i])));
    }
    print_message("erf: largest error %.3g\n", worst);
    assert_true(worst <= 2e-7);
    const float ends[4] = {0, INFINITY, -INFINITY, NAN};
    float y[4];
    ops_erf(y, ends, 4);
    assert_true(y[0] == 0 && y[1] == 1 && y[2] == -1 && isnan(y[3]));
}

static void exp_is_within_2e_7_of_itself_and_ends_in_zero(void **state)
{
    (void)state;
    double worst = 0;
    for (int i = -87000; i <= 88000; i++) {
        float x = (float)i * 0.001f, y;
        ops_exp(&y, &x, 1);
        double want = exp((double)x);
        worst = fmax(worst, fabs((double)y - want) / want);
    }
    print_message("exp: largest relative error %.3g\n", worst);
    assert_true(worst <= 2e-7);
    const float ends[4] = {0, -INFINITY, -1000, NAN};
    float y[4];
    ops_exp(y, ends, 4);
    assert_true(y[0] == 1 && y[1] == 0 && y[2] == 0 && isnan(y[3]));
}

static void activations_keep_their_digits_in_the_negative_tail(void **state)
{
    (void)state;
    for (int i = 1; i < 60; i++) {
        float x = -0.1f * (float)i, y, slope;
        ops_activate(&y, &slope, &x, NULL, 1, 1, OPS_GELU);
        double u = (double)x, want = 0.5 * u * erfc(-u * 0.70710678118654752440);
        assert_true(fabs((double)y - want) <= 5e-6 * fabs(want));
        double density = exp(-u * u / 2) * 0.39894228040143267794;
        assert_true(fabs((double)slope - (0.5 * erfc(-u * 0.70710678118654752440) + u * density)) <= 3e-7);
    }
}

static void activations_equal_the_reference(void **state)
{
    (void)state;
    for (int s = 0; s < SHAPES; s++)
        for (int kind = OPS_GELU; kind <= OPS_QUICK_GELU; kind++) {
            int M = shapes[s][0], N = shapes[s][1], n = M * N;
            float *x = ops_random("x", n, 2), *b = ops_random("b", N, 1), *y = malloc(sizeof(float) * (size_t)n);
            double *x2 = ops_to_double(x, n), *b2 = ops_to_double(b, N), *y2 = malloc(sizeof(double) * (size_t)n);
            ops_ref_activate(y2, x2, b2, M, N, kind);
            ops_activate(y, NULL, x, b, M, N, kind);
            ops_check_against("act(x + b)", y, y2, n, 5e-7);
            float *slope = malloc(sizeof(float) * (size_t)n);
            ops_activate(x, slope, x, b, M, N, kind);
            ops_check_against("in place, slope kept", x, y2, n, 5e-7);
            free(x), free(b), free(y), free(x2), free(b2), free(y2), free(slope);
        }
}

static void layernorm_equals_the_reference(void **state)
{
    (void)state;
    for (int s = 0; s < SHAPES; s++) {
        int M = shapes[s][0], C = shapes[s][1], n = M * C;
        float *x = ops_random("x", n, 3), *g = ops_random("g", C, 1), *b = ops_random("b", C, 1);
        for (int i = 0; i < n; i++) x[i] += 10;
        double *x2 = ops_to_double(x, n), *g2 = ops_to_double(g, C), *b2 = ops_to_double(b, C);
        double *y2 = malloc(sizeof(double) * (size_t)n);
        ops_ref_layernorm(y2, x2, g2, b2, M, C);
        ops_layernorm(x, NULL, NULL, x, g, b, M, C);
        ops_check_against("layernorm", x, y2, n, 3e-6);
        free(x), free(g), free(b), free(x2), free(g2), free(b2), free(y2);
    }
}

static void layernorm_of_an_all_equal_row_is_its_bias(void **state)
{
    (void)state;
    float x[9], y[9], gain[9], bias[9];
    for (int i = 0; i < 9; i++) x[i] = 0.3f, gain[i] = 2, bias[i] = (float)i - 3;
    ops_layernorm(y, NULL, NULL, x, gain, bias, 1, 9);
    check_array("bias", y, bias, 9, 1e-4);
}

static void softmax_equals_the_reference_with_large_and_equal_inputs(void **state)
{
    (void)state;
    for (int s = 0; s < SHAPES; s++) {
        int M = shapes[s][0], N = shapes[s][1], n = M * N;
        float *x = ops_random("x", n, 20);
        for (int i = 0; i < N; i++) x[i] = 5000; /* the first row: all equal, and past the range of exp */
        double *x2 = ops_to_double(x, n), *y2 = malloc(sizeof(double) * (size_t)n);
        ops_ref_softmax(y2, x2, M, N);
        ops_softmax(x, x, M, N);
        ops_check_against("softmax", x, y2, n, 1e-6);
        free(x), free(x2), free(y2);
    }
}

static void softmax_does_not_hide_a_nan(void **state)
{
    (void)state;
    float x[20] = {1, 2, 3};
    x[17] = NAN;
    ops_softmax(x, x, 1, 20);
    for (int i = 0; i < 20; i++) assert_true(isnan(x[i]));
}

static void normalized_rows_have_length_one_and_zeros_stay(void **state)
{
    (void)state;
    enum { M = 3, C = 37 };
    float *x = ops_random("x", M * C, 1e-3), norms[M];
    for (int c = 0; c < C; c++) x[C + c] = 0;
    ops_normalize(x, norms, x, M, C);
    for (int m = 0; m < M; m++) {
        double square = 0;
        for (int c = 0; c < C; c++) square += (double)x[m * C + c] * (double)x[m * C + c];
        assert_true(fabs(square - (m == 1 ? 0 : 1)) < 1e-6);
    }
    assert_true(norms[1] == 0 && norms[0] > 0);
    free(x);
}

static void attention_equals_the_reference(void **state)
{
    (void)state;
    const ops_attention_t how[] = {
        {.Tq = 1, .Tk = 1, .H = 1, .d = 1, .first = -1},    {.Tq = 3, .Tk = 5, .H = 2, .d = 7, .first = -1},
        {.Tq = 5, .Tk = 5, .H = 3, .d = 4, .first = 0},     {.Tq = 4, .Tk = 9, .H = 2, .d = 6, .first = 5},
        {.Tq = 26, .Tk = 26, .H = 3, .d = 20, .first = -1}, {.Tq = 1, .Tk = 30, .H = 2, .d = 8, .first = 29},
    };
    for (size_t s = 0; s < sizeof how / sizeof *how; s++) {
        ops_attention_t a = how[s];
        int C = a.H * a.d;
        a.ldq = 3 * C, a.ldk = C + 1, a.ldv = C + 2, a.ldo = C, a.scale = (float)(1 / sqrt(a.d));
        float *q = ops_random("q", a.Tq * a.ldq, 2), *k = ops_random("k", a.Tk * a.ldk, 2);
        float *v = ops_random("v", a.Tk * a.ldv, 1), *out = malloc(sizeof(float) * (size_t)(a.Tq * C));
        float *probs = malloc(sizeof(float) * (size_t)(a.H * a.Tq * a.Tk));
        double *q2 = ops_to_double(q, a.Tq * a.ldq), *k2 = ops_to_double(k, a.Tk * a.ldk);
        double *v2 = ops_to_double(v, a.Tk * a.ldv), *out2 = malloc(sizeof(double) * (size_t)(a.Tq * C));
        ops_ref_attention(out2, q2, k2, v2, &a);
        ops_attention(out, probs, q, k, v, &a, false);
        ops_check_against("attention", out, out2, a.Tq * C, 2e-6);
        ops_attention(out, probs, q, k, v, &a, true);
        ops_check_against("attention, probabilities kept", out, out2, a.Tq * C, 2e-6);
        free(q), free(k), free(v), free(out), free(probs), free(q2), free(k2), free(v2), free(out2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(erf_is_within_2e_7_everywhere),
        cmocka_unit_test(exp_is_within_2e_7_of_itself_and_ends_in_zero),
        cmocka_unit_test(activations_keep_their_digits_in_the_negative_tail),
        cmocka_unit_test(activations_equal_the_reference),
        cmocka_unit_test(layernorm_equals_the_reference),
        cmocka_unit_test(layernorm_of_an_all_equal_row_is_its_bias),
        cmocka_unit_test(softmax_equals_the_reference_with_large_and_equal_inputs),
        cmocka_unit_test(softmax_does_not_hide_a_nan),
        cmocka_unit_test(normalized_rows_have_length_one_and_zeros_stay),
        cmocka_unit_test(attention_equals_the_reference),
    };
    return cmocka_run_group_tests_name("ops_kernels", tests, NULL, NULL);
}
