/* Products by Strassen's scheme against plain C in double; that no bit hangs on a processor, and a row's on its neighbour
 * alone. Where the processor has no such products, they are refused, and the rest is skipped. */
#include "support/check.h"

#include "ops/ops_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float *filled(int n, uint64_t seed)
{
    float *x = malloc((size_t)n * sizeof *x);
    rng_t rng = rng_init("tests", "strassen", n, seed, "fill");
    for (int i = 0; i < n; i++) x[i] = (float)(rng_uniform(&rng) - 0.5);
    return x;
}

static ops_strassen_t *open_set(int lanes)
{
    ops_strassen_t *set = NULL;
    if (ops_strassen_check() == ST_OK) {
        check_error(ops_strassen_open(&set, 1, lanes), ST_OK, "");
        return set;
    }
    print_message("skipped: %s\n", fail_message());
    check_error(ops_strassen_open(&set, 1, lanes), ST_EFORMAT, "precision is strassen");
    assert_null(set);
    return NULL;
}

/* want (M, columns) = before + bias + x w^T, or x w. */
static void plain(float *want, const float *before, const float *bias, const float *x, const float *w, int M, int N,
                  int K, bool back)
{
    const int columns = back ? K : N, depth = back ? N : K;
    for (int m = 0; m < M; m++)
        for (int n = 0; n < columns; n++) {
            double sum = before != NULL ? (double)before[m * columns + n] : 0;
            if (bias != NULL) sum += (double)bias[n];
            for (int k = 0; k < depth; k++)
                sum += (double)x[m * depth + k] * (double)(back ? w[k * K + n] : w[n * K + k]);
            want[m * columns + n] = (float)sum;
        }
}

static void compare(const ops_strassen_t *set, int M, int N, int K)
{
    float *x = filled(M * K, 1), *w = filled(N * K, 2), *bias = filled(N, 3), *dy = filled(M * N, 4);
    float *y = malloc(sizeof(float) * (size_t)(M * N)), *before = filled(M * N, 5), *want = filled(M * N, 6);
    float *dx = malloc(sizeof(float) * (size_t)(M * K)), *wanted = filled(M * K, 7);
    ops_strassen_multiply(y, x, w, NULL, M, N, K, OPS_FROZEN_SET, set);
    plain(want, NULL, NULL, x, w, M, N, K, false);
    check_array("set", y, want, (size_t)(M * N), 4e-6);
    ops_strassen_multiply(y, x, w, bias, M, N, K, OPS_FROZEN_SET, set);
    plain(want, NULL, bias, x, w, M, N, K, false);
    check_array("set with a bias", y, want, (size_t)(M * N), 4e-6);
    memcpy(y, before, sizeof(float) * (size_t)(M * N));
    ops_strassen_multiply(y, x, w, bias, M, N, K, OPS_FROZEN_ADD, set);
    plain(want, before, bias, x, w, M, N, K, false);
    check_array("add", y, want, (size_t)(M * N), 4e-6);
    ops_strassen_multiply(dx, dy, w, NULL, M, N, K, OPS_FROZEN_BACK, set);
    plain(wanted, NULL, NULL, dy, w, M, N, K, true);
    check_array("back", dx, wanted, (size_t)(M * K), 4e-6);
    free(x), free(w), free(bias), free(dy), free(y), free(before), free(want), free(dx), free(wanted);
}

static void products_are_those_of_plain_c(void **state)
{
    (void)state;
    /* Not cut; cut, with rows without a neighbour; several stretches; more rows than are copied at a time. */
    static const int shape[][3] = {{1, 1, 1},     {7, 5, 3},      {13, 260, 255},  {2, 256, 256},   {27, 258, 302},
                                   {1, 512, 256}, {5, 256, 1100}, {193, 386, 300}, {1347, 258, 270}};
    for (int lanes = 8; lanes <= 16; lanes += 8) {
        ops_strassen_t *set = open_set(lanes);
        if (set == NULL) skip();
        for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) compare(set, shape[s][0], shape[s][1], shape[s][2]);
        ops_strassen_close(set);
    }
}

/* The most that is copied at a time, and rows beyond it. */
static void many_rows_of_the_deepest_stretch_are_those_of_the_blas(void **state)
{
    (void)state;
    enum { M = 1411, N = 258, K = 1024 };
    ops_strassen_t *set = open_set(16);
    if (set == NULL) skip();
    float *x = filled(M * K, 1), *w = filled(N * K, 2), *y = malloc(sizeof(float) * M * N),
          *want = malloc(sizeof(float) * M * N);
    ops_strassen_multiply(y, x, w, NULL, M, N, K, OPS_FROZEN_SET, set);
    ops_linear(want, x, w, NULL, M, N, K);
    check_array("set", y, want, (size_t)M * N, 4e-6);
    free(x), free(w), free(y), free(want);
    ops_strassen_close(set);
}

static void no_bit_hangs_on_the_length_of_vectors(void **state)
{
    (void)state;
    static const int shape[][3] = {{13, 50, 7}, {25, 32, 1100}, {29, 330, 270}, {101, 256, 1100}, {3, 600, 258}};
    ops_strassen_t *one = open_set(8), *two = open_set(16);
    if (one == NULL) skip();
    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
        const int M = shape[s][0], N = shape[s][1], K = shape[s][2];
        float *x = filled(M * K, 1), *w = filled(N * K, 2), *y = filled(M * N, 3), *z = filled(M * N, 3);
        ops_strassen_multiply(y, x, w, NULL, M, N, K, OPS_FROZEN_ADD, one);
        ops_strassen_multiply(z, x, w, NULL, M, N, K, OPS_FROZEN_ADD, two);
        assert_memory_equal(y, z, sizeof(float) * (size_t)(M * N));
        free(x), free(w), free(y), free(z);
    }
    ops_strassen_close(one), ops_strassen_close(two);
}

/* What is not cut is one chain of fused multiply-adds in the order of k. */
static void a_small_product_is_one_chain_an_element(void **state)
{
    (void)state;
    enum { M = 14, N = 37, K = 29 };
    ops_strassen_t *set = open_set(16);
    if (set == NULL) skip();
    float *x = filled(M * K, 1), *w = filled(N * K, 2), y[M * N], want[M * N];
    for (int i = 0; i < M * N; i++) {
        want[i] = 0;
        for (int k = 0; k < K; k++) want[i] = fmaf(x[i / N * K + k], w[i % N * K + k], want[i]);
    }
    ops_strassen_multiply(y, x, w, NULL, M, N, K, OPS_FROZEN_SET, set);
    assert_memory_equal(y, want, sizeof y);
    free(x), free(w);
    ops_strassen_close(set);
}

/* An eighth fewer products, or there would be no reason: the scheme is seen by its rounding. */
static void large_sides_are_cut(void **state)
{
    (void)state;
    enum { M = 4, N = 256, K = 256 };
    ops_strassen_t *set = open_set(16);
    if (set == NULL) skip();
    float *x = filled(M * K, 1), *w = filled(N * K, 2), *y = filled(M * N, 3), *z = filled(M * N, 3);
    ops_strassen_multiply(y, x, w, NULL, M, N, K, OPS_FROZEN_SET, set);
    x[K + K / 2] += 1; /* the neighbour of the first row */
    ops_strassen_multiply(z, x, w, NULL, M, N, K, OPS_FROZEN_SET, set);
    assert_memory_not_equal(y, z, sizeof(float) * N);
    assert_memory_equal(y + 2 * N, z + 2 * N, sizeof(float) * 2 * N);
    free(x), free(w), free(y), free(z);
    ops_strassen_close(set);
}

static void two_neighbours_have_their_bits_wherever_they_stand(void **state)
{
    (void)state;
    enum { MOST = 220, N = 264, K = 520 };
    ops_frozen_t *set = NULL;
    if (ops_strassen_check() != ST_OK) {
        print_message("skipped: %s\n", fail_message());
        skip();
    }
    check_error(ops_frozen_open(&set, OPS_FROZEN_STRASSEN, 1), ST_OK, "");
    float *x = filled(MOST * K, 31), *w = filled(N * K, 5), *all = malloc(sizeof(float) * MOST * N),
          *some = filled(MOST * N, 1);
    check_error(ops_frozen_add(set, w, N, K, true), ST_OK, "");
    check_error(ops_frozen_ready(set), ST_OK, "");
    ops_frozen_linear(all, x, w, NULL, MOST, N, K, set);
    for (int first = 0; first < 80; first += 26)
        for (int count = 2; first + count <= MOST; count += 46) {
            ops_frozen_linear(some, x + first * K, w, NULL, count, N, K, set);
            assert_memory_equal(some, all + first * N, sizeof(float) * (size_t)(count * N));
        }
    float *scratch = malloc(sizeof(float) * 64 * (size_t)(2 * N + 2 * K));
    check_error(ops_frozen_check(set, w, N, K, false, scratch), ST_OK, "");
    check_error(ops_frozen_check(set, w, N, K, true, scratch), ST_OK, "");
    free(x), free(w), free(all), free(some), free(scratch);
    ops_frozen_close(set);
}

/* Room for what was added, zeros. */
static void *lend(ops_strassen_t *set)
{
    uint64_t layout;
    const size_t bytes = ops_strassen_room(set, &layout);
    void *room = base_alloc_aligned(64, bytes);
    assert_true(bytes > 0);
    memset(room, 0, bytes);
    ops_strassen_lend(set, room);
    return room;
}

/* Forward and back, of 101 rows and of three. */
enum { SOME = 101, FEW = 3 };
static void multiply_all(float *out[4], const float *x, const float *w, int N, int K, const ops_strassen_t *set)
{
    for (int i = 0; i < 4; i++) {
        const int rows = i < 2 ? SOME : FEW, columns = i % 2 == 0 ? N : K;
        out[i] = filled(rows * columns, 9);
        ops_strassen_multiply(out[i], x, w, NULL, rows, N, K, i % 2 == 0 ? OPS_FROZEN_ADD : OPS_FROZEN_BACK, set);
    }
}

static void packed_weights_give_the_same_bits(void **state)
{
    (void)state;
    /* One stretch and several, panels that are not full, columns of several blocks. */
    static const int shape[][2] = {{256, 256}, {1100, 258}, {330, 1300}, {258, 2104}};
    for (int lanes = 8; lanes <= 16; lanes += 8)
        for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
            const int N = shape[s][0], K = shape[s][1], most = N > K ? N : K;
            ops_strassen_t *plain_set = open_set(lanes), *set = open_set(lanes), *other = open_set(lanes);
            if (set == NULL) skip();
            float *x = filled(SOME * most, 1), *w = filled(N * K, 2), *want[4], *y[4];
            ops_strassen_t *const both[] = {set, other};
            for (int i = 0; i < 2; i++) {
                check_error(ops_strassen_add(both[i], w, N, K, false), ST_OK, "");
                check_error(ops_strassen_add(both[i], w, N, K, true), ST_OK, "");
            }
            uint64_t layout[2];
            assert_int_equal(ops_strassen_room(set, &layout[0]), ops_strassen_room(other, &layout[1]));
            assert_int_equal(layout[0], layout[1]);
            void *room = lend(set);
            ops_strassen_lend(other, room);
            multiply_all(want, x, w, N, K, plain_set);
            /* Twice: by who packs, and by who reads; then by one that did not pack, of weights it must not look at. */
            for (int round = 0; round < 3; round++) {
                multiply_all(y, x, w, N, K, round < 2 ? set : other);
                for (int i = 0; i < 4; i++) {
                    const int rows = i < 2 ? SOME : FEW, columns = i % 2 == 0 ? N : K;
                    assert_memory_equal(y[i], want[i], sizeof(float) * (size_t)(rows * columns));
                    free(y[i]);
                }
                if (round == 1) memset(w, 0, sizeof(float) * (size_t)(N * K));
            }
            for (int i = 0; i < 4; i++) free(want[i]);
            free(x), free(w);
            ops_strassen_close(plain_set), ops_strassen_close(set), ops_strassen_close(other);
            free(room);
        }
}

/* Who began to pack may have died: others go on without. And few rows are not worth it. */
static void what_was_begun_and_not_packed_is_not_read(void **state)
{
    (void)state;
    enum { N = 300, K = 256 };
    ops_strassen_t *set = open_set(16), *plain_set = open_set(16);
    if (set == NULL) skip();
    float *x = filled(SOME * N, 1), *w = filled(N * K, 2), *want[4], *y[4];
    check_error(ops_strassen_add(set, w, N, K, false), ST_OK, "");
    check_error(ops_strassen_add(set, w, N, K, true), ST_OK, "");
    check_error(ops_strassen_add(set, w, N, 255, true), ST_OK, ""); /* is not cut, and takes no room */
    int *room = lend(set);
    ops_strassen_multiply(x, x + FEW * N, w, NULL, FEW, N, K, OPS_FROZEN_SET, set);
    assert_int_equal(room[0], 0);
    room[0] = 1;
    multiply_all(want, x, w, N, K, plain_set);
    multiply_all(y, x, w, N, K, set);
    assert_int_equal(room[0], 1);
    assert_int_equal(room[16], 2); /* of the other direction */
    for (int i = 0; i < 4; i++) {
        assert_memory_equal(y[i], want[i], sizeof(float) * (size_t)((i < 2 ? SOME : FEW) * (i % 2 == 0 ? N : K)));
        free(y[i]), free(want[i]);
    }
    free(x), free(w);
    ops_strassen_close(set), ops_strassen_close(plain_set);
    free(room);
}

static void the_environment_keeps_from_long_vectors(void **state)
{
    (void)state;
    uint64_t layout, other;
    ops_strassen_t *one = open_set(8);
    if (one == NULL) skip();
    setenv("FGAD_MAX_ISA", "avx2", 1);
    ops_strassen_t *two = open_set(16);
    ops_strassen_room(one, &layout), ops_strassen_room(two, &other);
    assert_true(layout == other);
    ops_strassen_close(one), ops_strassen_close(two);
    setenv("FGAD_MAX_ISA", "sse", 1);
    check_error(ops_strassen_open(&one, 1, 16), ST_EFORMAT, "FGAD_MAX_ISA is 'sse', expected avx2 or avx512");
    unsetenv("FGAD_MAX_ISA");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_those_of_plain_c),
        cmocka_unit_test(many_rows_of_the_deepest_stretch_are_those_of_the_blas),
        cmocka_unit_test(no_bit_hangs_on_the_length_of_vectors),
        cmocka_unit_test(a_small_product_is_one_chain_an_element),
        cmocka_unit_test(large_sides_are_cut),
        cmocka_unit_test(two_neighbours_have_their_bits_wherever_they_stand),
        cmocka_unit_test(packed_weights_give_the_same_bits),
        cmocka_unit_test(what_was_begun_and_not_packed_is_not_read),
        cmocka_unit_test(the_environment_keeps_from_long_vectors),
    };
    return cmocka_run_group_tests_name("ops_strassen", tests, NULL, NULL);
}
