/* Every backward against central differences, in double, of the random functional sum(w y) of the reference forward. */
#include "ops/ops_fixture.h"
#include "support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* y (outputs) of x (inputs); `context` carries what is held fixed. */
typedef void forward_t(double *y, const double *x, const void *context);

static void check_gradient(const char *name, const float *got, const double *x, int inputs, int outputs,
                           forward_t *forward, const void *context, const double *w)
{
    float *want = malloc(sizeof(float) * (size_t)inputs);
    double *at = malloc(sizeof(double) * (size_t)inputs), *y = malloc(sizeof(double) * (size_t)outputs);
    const double h = 1e-5;
    for (int i = 0; i < inputs; i++) {
        double value[2];
        for (int side = 0; side < 2; side++) {
            memcpy(at, x, sizeof(double) * (size_t)inputs);
            at[i] += side ? h : -h;
            forward(y, at, context);
            value[side] = 0;
            for (int o = 0; o < outputs; o++) value[side] += w[o] * y[o];
        }
        want[i] = (float)((value[1] - value[0]) / (2 * h));
    }
    diff_t diff = check_diff(got, want, (size_t)inputs);
    if (!diff.finite || diff.reference == 0 || diff.max_abs > 1e-4 * diff.reference || !(diff.cosine >= 0.9999))
        fail_msg("%s: [%zu] is %.8g, central difference %.8g; cosine %.7f", name, diff.where, (double)got[diff.where],
                 (double)want[diff.where], diff.cosine);
    free(want), free(at), free(y);
}

enum { M = 3, C = 11, N = 5 };

typedef struct {
    const double *gain, *bias;
    ops_activation_t kind;
    const ops_attention_t *how;
    const double *q, *k, *v; /* the one under test is NULL */
} fixed_t;

static void layernorm_of(double *y, const double *x, const void *context)
{
    const fixed_t *fixed = context;
    ops_ref_layernorm(y, x, fixed->gain, fixed->bias, M, C);
}

static void layernorm_backward_is_the_derivative_and_accumulates(void **state)
{
    (void)state;
    float *x = ops_random("x", M * C, 2), *g = ops_random("g", C, 1), *b = ops_random("b", C, 1);
    float *w = ops_random("w", M * C, 1), y[M * C], mean[M], rstd[M], dx[M * C];
    ops_layernorm(y, mean, rstd, x, g, b, M, C);
    for (int i = 0; i < M * C; i++) dx[i] = 1;
    ops_layernorm_backward(dx, w, x, mean, rstd, g, M, C);
    for (int i = 0; i < M * C; i++) dx[i] -= 1;
    double *x2 = ops_to_double(x, M * C), *g2 = ops_to_double(g, C), *b2 = ops_to_double(b, C);
    double *w2 = ops_to_double(w, M * C);
    check_gradient("layernorm", dx, x2, M * C, M * C, layernorm_of, &(fixed_t){.gain = g2, .bias = b2}, w2);
    free(x), free(g), free(b), free(w), free(x2), free(g2), free(b2), free(w2);
}

static void normalize_of(double *y, const double *x, const void *context)
{
    (void)context;
    for (int m = 0; m < M; m++) {
        double square = 0;
        for (int c = 0; c < C; c++) square += x[m * C + c] * x[m * C + c];
        for (int c = 0; c < C; c++) y[m * C + c] = x[m * C + c] / sqrt(square);
    }
}

static void normalize_backward_is_the_derivative(void **state)
{
    (void)state;
    float *x = ops_random("x", M * C, 2), *w = ops_random("w", M * C, 1), y[M * C], norms[M], dx[M * C] = {0};
    ops_normalize(y, norms, x, M, C);
    ops_normalize_backward(dx, w, y, norms, M, C);
    double *x2 = ops_to_double(x, M * C), *w2 = ops_to_double(w, M * C);
    check_gradient("normalize", dx, x2, M * C, M * C, normalize_of, NULL, w2);
    free(x), free(w), free(x2), free(w2);
}

static void softmax_of(double *y, const double *x, const void *context)
{
    (void)context;
    ops_ref_softmax(y, x, M, C);
}

static void softmax_backward_is_the_derivative(void **state)
{
    (void)state;
    float *x = ops_random("x", M * C, 1), *w = ops_random("w", M * C, 1), y[M * C], dx[M * C] = {0};
    ops_softmax(y, x, M, C);
    ops_softmax_backward(dx, w, y, M, C);
    double *x2 = ops_to_double(x, M * C), *w2 = ops_to_double(w, M * C);
    check_gradient("softmax", dx, x2, M * C, M * C, softmax_of, NULL, w2);
    free(x), free(w), free(x2), free(w2);
}

static void activate_of(double *y, const double *x, const void *context)
{
    const fixed_t *fixed = context;
    ops_ref_activate(y, x, fixed->bias, M, C, fixed->kind);
}

static void activation_slopes_are_the_derivatives(void **state)
{
    (void)state;
    for (int kind = OPS_GELU; kind <= OPS_QUICK_GELU; kind++) {
        float *x = ops_random("x", M * C, 2), *b = ops_random("b", C, 1), *w = ops_random("w", M * C, 1);
        float y[M * C], slope[M * C], dx[M * C];
        ops_activate(y, slope, x, b, M, C, kind);
        ops_activate_backward(dx, w, slope, M, C);
        double *x2 = ops_to_double(x, M * C), *b2 = ops_to_double(b, C), *w2 = ops_to_double(w, M * C);
        check_gradient("activation", dx, x2, M * C, M * C, activate_of, &(fixed_t){.bias = b2, .kind = kind}, w2);
        free(x), free(b), free(w), free(x2), free(b2), free(w2);
    }
}

static void linear_of(double *y, const double *x, const void *context)
{
    const fixed_t *fixed = context;
    ops_ref_linear(y, x, fixed->gain, fixed->bias, M, N, C);
}

static void linear_backward_is_the_derivative(void **state)
{
    (void)state;
    float *x = ops_random("x", M * C, 1), *w = ops_random("w", N * C, 1), *s = ops_random("s", M * N, 1);
    float dx[M * C];
    ops_linear_backward_set(dx, s, w, M, N, C);
    double *x2 = ops_to_double(x, M * C), *w2 = ops_to_double(w, N * C), *s2 = ops_to_double(s, M * N);
    check_gradient("linear", dx, x2, M * C, M * N, linear_of, &(fixed_t){.gain = w2}, s2);
    free(x), free(w), free(s), free(x2), free(w2), free(s2);
}

static void attention_of(double *y, const double *x, const void *context)
{
    const fixed_t *fixed = context;
    ops_ref_attention(y, fixed->q ? fixed->q : x, fixed->k ? fixed->k : x, fixed->v ? fixed->v : x, fixed->how);
}

/* One causal and one full shape, queries fewer than keys, all sides different. */
static void attention_backward_is_the_derivative_in_q_k_and_v(void **state)
{
    (void)state;
    for (int causal = 0; causal < 2; causal++) {
        ops_attention_t how = {.Tq = 3, .Tk = 7, .H = 2, .d = 5, .first = causal ? 4 : -1, .scale = 0.6f};
        int W = how.H * how.d, nq = how.Tq * W, nk = how.Tk * W;
        how.ldq = how.ldk = how.ldv = how.ldo = W;
        float *q = ops_random("q", nq, 1), *k = ops_random("k", nk, 1), *v = ops_random("v", nk, 1);
        float *w = ops_random("w", nq, 1);
        float out[30], probs[42], scratch[42], dq[30] = {0}, dk[70] = {0}, dv[70] = {0};
        assert_true(nq == 30 && nk == 70 && how.H * how.Tq * how.Tk == 42);
        ops_attention(out, probs, q, k, v, &how, true);
        ops_attention_backward(dq, dk, dv, w, probs, q, k, v, &how, scratch);
        double *q2 = ops_to_double(q, nq), *k2 = ops_to_double(k, nk), *v2 = ops_to_double(v, nk);
        double *w2 = ops_to_double(w, nq);
        check_gradient("dq", dq, q2, nq, nq, attention_of, &(fixed_t){.how = &how, .k = k2, .v = v2}, w2);
        check_gradient("dk", dk, k2, nk, nq, attention_of, &(fixed_t){.how = &how, .q = q2, .v = v2}, w2);
        check_gradient("dv", dv, v2, nk, nq, attention_of, &(fixed_t){.how = &how, .q = q2, .k = k2}, w2);
        free(q), free(k), free(v), free(w), free(q2), free(k2), free(v2), free(w2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layernorm_backward_is_the_derivative_and_accumulates),
        cmocka_unit_test(normalize_backward_is_the_derivative),
        cmocka_unit_test(softmax_backward_is_the_derivative),
        cmocka_unit_test(activation_slopes_are_the_derivatives),
        cmocka_unit_test(linear_backward_is_the_derivative),
        cmocka_unit_test(attention_backward_is_the_derivative_in_q_k_and_v),
    };
    return cmocka_run_group_tests_name("ops_gradients", tests, NULL, NULL);
}
