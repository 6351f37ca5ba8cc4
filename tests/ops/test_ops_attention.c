/* Attention and GELU by the kernels under Strassen's scheme: against the reference in double; that no bit of a row hangs on a processor or
 * on the other queries; numbers that are none, and scores far apart. Where the processor has no such kernels, all is skipped. */
#include "ops/ops_fixture.h"
#include "support/check.h"

#include "ops/ops_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static ops_strassen_t *open_set(int lanes)
{
    ops_strassen_t *set = NULL;
    if (ops_strassen_check() != ST_OK) {
        print_message("skipped: %s\n", fail_message());
        skip();
    }
    check_error(ops_strassen_open(&set, 1, lanes), ST_OK, "");
    return set;
}

/* Inputs of a shape, whose rows are longer than its heads. */
typedef struct {
    ops_attention_t how;
    float *q, *k, *v, *out;
} case_t;

static case_t filled(int Tq, int Tk, int H, int d)
{
    const int C = H * d;
    case_t c = {.how = {Tq, Tk, H, d, 3 * C, C + 1, C + 2, C + 3, -1, (float)(1 / sqrt(d))}};
    c.q = ops_random("q", Tq * c.how.ldq, 2), c.k = ops_random("k", Tk * c.how.ldk, 2);
    c.v = ops_random("v", Tk * c.how.ldv, 1), c.out = ops_random("out", Tq * c.how.ldo, 1);
    return c;
}

static void empty(case_t *c)
{
    free(c->q), free(c->k), free(c->v), free(c->out);
}

static size_t bytes(const case_t *c)
{
    return sizeof(float) * (size_t)(c->how.Tq * c->how.ldo);
}

static void run(case_t *c, const ops_strassen_t *set)
{
    assert_true(ops_strassen_attention(c->out, c->q, c->k, c->v, &c->how, set));
}

/* One key and one query; heads and keys that fill no vector, one and two, and reach past a panel by one; rows past a tile. */
static const int shape[][4] = {{1, 1, 1, 1},    {3, 5, 2, 7},    {1, 33, 3, 64},   {13, 16, 2, 16}, {12, 17, 1, 33},
                               {26, 26, 3, 20}, {40, 50, 2, 40}, {227, 65, 1, 80}, {6, 226, 2, 64}, {10, 10, 14, 64}};
enum { SHAPES = sizeof shape / sizeof *shape };

static void attention_equals_the_reference_and_writes_nothing_beside(void **state)
{
    (void)state;
    for (int lanes = 8; lanes <= 16; lanes += 8) {
        ops_strassen_t *set = open_set(lanes);
        for (int s = 0; s < SHAPES; s++) {
            case_t c = filled(shape[s][0], shape[s][1], shape[s][2], shape[s][3]);
            const int C = c.how.H * c.how.d, ldo = c.how.ldo, n = c.how.Tq * ldo;
            double *q = ops_to_double(c.q, c.how.Tq * c.how.ldq), *k = ops_to_double(c.k, c.how.Tk * c.how.ldk);
            double *v = ops_to_double(c.v, c.how.Tk * c.how.ldv), *want = ops_to_double(c.out, n);
            float *before = malloc(bytes(&c));
            memcpy(before, c.out, bytes(&c));
            ops_ref_attention(want, q, k, v, &c.how);
            run(&c, set);
            ops_check_against("attention", c.out, want, n, 2e-6);
            for (int i = 0; i < c.how.Tq; i++)
                assert_memory_equal(c.out + i * ldo + C, before + i * ldo + C, sizeof(float) * (size_t)(ldo - C));
            free(q), free(k), free(v), free(want), free(before);
            empty(&c);
        }
        ops_strassen_close(set);
    }
}

static void no_bit_hangs_on_the_length_of_vectors(void **state)
{
    (void)state;
    ops_strassen_t *one = open_set(8), *two = open_set(16);
    for (int s = 0; s < SHAPES; s++) {
        case_t c = filled(shape[s][0], shape[s][1], shape[s][2], shape[s][3]);
        float *first = malloc(bytes(&c));
        run(&c, one);
        memcpy(first, c.out, bytes(&c));
        run(&c, two);
        assert_memory_equal(first, c.out, bytes(&c));
        free(first);
        empty(&c);
    }
    ops_strassen_close(one), ops_strassen_close(two);
}

static void a_row_has_its_bits_whatever_queries_stand_beside_it(void **state)
{
    (void)state;
    enum { Tq = 41, Tk = 70, H = 2, d = 24 };
    for (int lanes = 8; lanes <= 16; lanes += 8) {
        ops_strassen_t *set = open_set(lanes);
        case_t c = filled(Tq, Tk, H, d);
        const int ldo = c.how.ldo;
        run(&c, set);
        float *some = malloc(bytes(&c));
        for (int first = 0; first < Tq; first += 5)
            for (int count = 1; first + count <= Tq; count += 3) {
                ops_attention_t how = c.how;
                how.Tq = count;
                assert_true(ops_strassen_attention(some, c.q + first * c.how.ldq, c.k, c.v, &how, set));
                for (int i = 0; i < count; i++)
                    assert_memory_equal(some + i * ldo, c.out + (first + i) * ldo, sizeof(float) * H * d);
            }
        free(some);
        empty(&c);
        ops_strassen_close(set);
    }
}

/* What a row of scores that is not finite gives: NaN, but for -infinity, which hides a key and its value, however large. */
static void a_nan_or_infinite_score_shows_and_minus_infinity_hides_its_key(void **state)
{
    (void)state;
    enum { Tq = 14, Tk = 37, d = 8, AT = 36 };
    static const float odd[] = {NAN, INFINITY, -INFINITY};
    for (int lanes = 8; lanes <= 16; lanes += 8)
        for (size_t o = 0; o < sizeof odd / sizeof *odd; o++) {
            ops_strassen_t *set = open_set(lanes);
            case_t c = filled(Tq, Tk, 1, d);
            for (int i = 0; i < Tq * c.how.ldq; i++) c.q[i] = fabsf(c.q[i]) + 0.01f;
            for (int j = 0; j < d; j++) c.k[AT * c.how.ldk + j] = odd[o], c.v[AT * c.how.ldv + j] = 3e38f;
            float *less = malloc(bytes(&c));
            ops_attention_t how = c.how;
            how.Tk = AT;
            assert_true(ops_strassen_attention(less, c.q, c.k, c.v, &how, set));
            run(&c, set);
            for (int i = 0; i < Tq; i++)
                for (int j = 0; j < d; j++)
                    if (o < 2)
                        assert_true(isnan(c.out[i * c.how.ldo + j]));
                    else
                        assert_true(fabsf(c.out[i * c.how.ldo + j] - less[i * c.how.ldo + j]) < 1e-6f);
            how.Tk = 1; /* and where there is no other key */
            assert_true(ops_strassen_attention(c.out, c.q, c.k + AT * how.ldk, c.v, &how, set));
            assert_true(isnan(c.out[0]));
            free(less);
            empty(&c);
            ops_strassen_close(set);
        }
}

/* Scores of 1e30 and a little less, of either sign: the largest takes all, to the bit. Equal ones share. */
static void the_largest_score_takes_all_however_far_the_others_are(void **state)
{
    (void)state;
    enum { Tq = 3, Tk = 21, d = 4, BEST = 19 };
    static const float size[] = {1e3f, 1e30f, -1e30f, 0};
    for (int lanes = 8; lanes <= 16; lanes += 8)
        for (size_t s = 0; s < sizeof size / sizeof *size; s++) {
            ops_strassen_t *set = open_set(lanes);
            case_t c = filled(Tq, Tk, 1, d);
            for (int i = 0; i < Tq * c.how.ldq; i++) c.q[i] = 1;
            for (int t = 0; t < Tk; t++)
                for (int j = 0; j < d; j++)
                    c.k[t * c.how.ldk + j] = size[s] * (1 + (t == BEST ? 0.25f : 0) * (size[s] < 0 ? -1 : 1));
            run(&c, set);
            for (int j = 0; j < d; j++) {
                double mean = 0;
                for (int t = 0; t < Tk; t++) mean += (double)c.v[t * c.how.ldv + j] / Tk;
                const float best = c.v[BEST * c.how.ldv + j], want = size[s] == 0 ? (float)mean : best;
                for (int i = 0; i < Tq; i++)
                    assert_true(fabsf(c.out[i * c.how.ldo + j] - want) <= (size[s] == 0 ? 1e-6f : 0));
            }
            empty(&c);
            ops_strassen_close(set);
        }
}

/* Causal attention, more keys than there is room for, and no set. */
static void what_the_kernels_do_not_take_goes_to_the_blas(void **state)
{
    (void)state;
    enum { Tq = 9, Tk = 12, H = 2, d = 8 };
    ops_strassen_t *set = open_set(16);
    case_t c = filled(Tq, Tk, H, d);
    ops_attention_t how = c.how;
    how.Tk = 1000000;
    assert_false(ops_strassen_attention(c.out, c.q, c.k, c.v, &how, set));
    how = c.how, how.first = Tk - Tq;
    assert_false(ops_strassen_attention(c.out, c.q, c.k, c.v, &how, set));
    run(&c, set); /* the only slot is free */
    ops_strassen_close(set);
    ops_frozen_t *frozen = NULL;
    check_error(ops_frozen_open(&frozen, OPS_FROZEN_STRASSEN, 1), ST_OK, "");
    float *want = ops_random("out", Tq * how.ldo, 1), *probs = malloc(sizeof(float) * Tq * Tk);
    memcpy(want, c.out, bytes(&c)); /* what lies between rows */
    ops_frozen_attention(c.out, probs, c.q, c.k, c.v, &c.how, frozen);
    assert_memory_equal(c.out, want, bytes(&c));
    for (int causal = 0; causal < 2; causal++) {
        how.first = causal ? Tk - Tq : -1;
        ops_attention(want, probs, c.q, c.k, c.v, &how, false);
        ops_frozen_attention(c.out, probs, c.q, c.k, c.v, &how, causal ? frozen : NULL);
        assert_memory_equal(c.out, want, bytes(&c));
    }
    free(want), free(probs);
    empty(&c);
    ops_frozen_close(frozen);
}

/* x + b from far below to far above, and at the ends of vectors. */
enum { WIDE_ROW = 37, ROWS_OF_GELU = 9 };
static void gelu_row(float *x, float *b)
{
    for (int i = 0; i < WIDE_ROW * ROWS_OF_GELU; i++) x[i] = 0.08f * (float)(i - WIDE_ROW * ROWS_OF_GELU / 2) - 0.3f;
    for (int n = 0; n < WIDE_ROW; n++) b[n] = 0.01f * (float)(n % 7);
}

static void gelu_equals_the_reference_on_rows_of_any_length(void **state)
{
    (void)state;
    float x[WIDE_ROW * ROWS_OF_GELU], b[WIDE_ROW], y[2][WIDE_ROW * ROWS_OF_GELU], slope[2][WIDE_ROW * ROWS_OF_GELU];
    gelu_row(x, b);
    for (int N = 1; N <= WIDE_ROW; N += 4) {
        for (int lanes = 8; lanes <= 16; lanes += 8) {
            ops_strassen_t *set = open_set(lanes);
            const ops_tile_t *tile = ops_strassen_tile(set);
            const int at = lanes == 16;
            for (int m = 0; m < ROWS_OF_GELU; m++) {
                float alone[WIDE_ROW];
                tile->gelu(y[at] + m * N, slope[at] + m * N, x + m * N, b, N);
                memcpy(alone, x + m * N, (size_t)N * sizeof *alone);
                tile->gelu(alone, NULL, alone, b, N);
                assert_memory_equal(alone, y[at] + m * N, (size_t)N * sizeof *alone);
            }
            ops_strassen_close(set);
        }
        assert_memory_equal(y[0], y[1], sizeof(float) * (size_t)(N * ROWS_OF_GELU));
        assert_memory_equal(slope[0], slope[1], sizeof(float) * (size_t)(N * ROWS_OF_GELU));
        for (int i = 0; i < N * ROWS_OF_GELU; i++) {
            const double u = (double)(x[i] + b[i % N]), phi = 0.5 * erfc(-u * 0.70710678118654752440);
            assert_true(fabs((double)y[0][i] - u * phi) <= 2e-5 * fabs(u * phi) + 2e-37);
            assert_true(fabs((double)slope[0][i] - (phi + u * exp(-u * u / 2) * 0.39894228040143267794)) <= 3e-7);
        }
    }
}

static void gelu_of_what_is_no_number_is_that_of_plain_c(void **state)
{
    (void)state;
    const float ends[] = {0, -0.0f, INFINITY, -INFINITY, NAN, 1e30f, -1e30f, 1e-40f};
    enum { N = sizeof ends / sizeof *ends };
    float y[N], slope[N], want[N], along[N], b[N] = {0};
    ops_frozen_t *set = NULL;
    ops_strassen_close(open_set(16));
    check_error(ops_frozen_open(&set, OPS_FROZEN_STRASSEN, 1), ST_OK, "");
    ops_frozen_activate(y, slope, ends, b, 1, N, OPS_GELU, set);
    ops_activate(want, along, ends, b, 1, N, OPS_GELU);
    for (int i = 0; i < N; i++) {
        assert_true(isnan(want[i]) ? isnan(y[i]) : y[i] == want[i]);
        assert_true(isnan(along[i]) ? isnan(slope[i]) : fabsf(slope[i] - along[i]) <= 1e-7f);
    }
    /* Another activation, and none to add, are those of plain C. */
    ops_frozen_activate(y, slope, ends, b, 1, 2, OPS_QUICK_GELU, set);
    ops_activate(want, along, ends, b, 1, 2, OPS_QUICK_GELU);
    assert_memory_equal(y, want, 2 * sizeof *y);
    ops_frozen_activate(y, NULL, ends, NULL, 1, 2, OPS_GELU, set);
    ops_activate(want, NULL, ends, NULL, 1, 2, OPS_GELU);
    assert_memory_equal(y, want, 2 * sizeof *y);
    ops_frozen_close(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_equals_the_reference_and_writes_nothing_beside),
        cmocka_unit_test(no_bit_hangs_on_the_length_of_vectors),
        cmocka_unit_test(a_row_has_its_bits_whatever_queries_stand_beside_it),
        cmocka_unit_test(a_nan_or_infinite_score_shows_and_minus_infinity_hides_its_key),
        cmocka_unit_test(the_largest_score_takes_all_however_far_the_others_are),
        cmocka_unit_test(what_the_kernels_do_not_take_goes_to_the_blas),
        cmocka_unit_test(gelu_equals_the_reference_on_rows_of_any_length),
        cmocka_unit_test(gelu_of_what_is_no_number_is_that_of_plain_c),
    };
    return cmocka_run_group_tests_name("ops_attention", tests, NULL, NULL);
}
