#include "support/check.h"

#include "base/base.h"

#include <math.h>
#include <string.h>

/* Known answers of the Random123 distribution (kat_vectors, philox4x32 with 10 rounds). */
static void philox_gives_the_published_answers(void **state)
{
    (void)state;
    const struct {
        uint32_t counter[4], key[2], want[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t out[4];
        rng_philox(out, cases[i].counter, cases[i].key);
        assert_memory_equal(out, cases[i].want, sizeof out);
    }
}

static void streams_differ_in_every_part_of_the_key(void **state)
{
    (void)state;
    rng_t streams[] = {
        rng_init("mvtec", "bottle", 4, 0, "draw"), rng_init("visa", "bottle", 4, 0, "draw"),
        rng_init("mvtec", "cable", 4, 0, "draw"),  rng_init("mvtec", "bottle", 2, 0, "draw"),
        rng_init("mvtec", "bottle", 4, 1, "draw"), rng_init("mvtec", "bottle", 4, 0, "init"),
        rng_init("mvtecb", "ottle", 4, 0, "draw"),
    };
    uint32_t first[7];
    for (int i = 0; i < 7; i++) {
        first[i] = rng_u32(&streams[i]);
        for (int j = 0; j < i; j++) assert_int_not_equal(first[i], first[j]);
    }
    rng_t again = rng_init("mvtec", "bottle", 4, 0, "draw");
    assert_int_equal(rng_u32(&again), first[0]);
    rng_t left = rng_split(&again, 0), right = rng_split(&again, 1);
    assert_int_not_equal(rng_u32(&left), rng_u32(&right));
}

static void uniform_and_normal_have_their_moments(void **state)
{
    (void)state;
    rng_t rng = rng_init("d", "c", 1, 7, "moments");
    enum { N = 200000 };
    double mean = 0, square = 0, normal_mean = 0, normal_square = 0, fourth = 0;
    for (int i = 0; i < N; i++) {
        double u = rng_uniform(&rng), n = rng_normal(&rng);
        assert_true(u >= 0 && u < 1);
        mean += u, square += u * u;
        normal_mean += n, normal_square += n * n, fourth += n * n * n * n;
    }
    assert_true(fabs(mean / N - 0.5) < 0.003);
    assert_true(fabs(square / N - 1.0 / 3) < 0.003);
    assert_true(fabs(normal_mean / N) < 0.01);
    assert_true(fabs(normal_square / N - 1) < 0.02);
    assert_true(fabs(fourth / N - 3) < 0.1);
}

static void a_permutation_holds_every_number_once_and_reaches_every_order(void **state)
{
    (void)state;
    rng_t rng = rng_init("d", "c", 1, 1, "permutation");
    int seen[6] = {0};
    for (int round = 0; round < 6000; round++) {
        int p[3];
        rng_permutation(p, &rng, 3);
        assert_int_equal((1 << p[0]) | (1 << p[1]) | (1 << p[2]), 7);
        seen[p[0] * 2 + (p[1] > p[2])]++;
    }
    for (int i = 0; i < 6; i++) assert_in_range(seen[i], 850, 1150);
    int one;
    rng_permutation(&one, &rng, 1);
    assert_int_equal(one, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_answers),
        cmocka_unit_test(streams_differ_in_every_part_of_the_key),
        cmocka_unit_test(uniform_and_normal_have_their_moments),
        cmocka_unit_test(a_permutation_holds_every_number_once_and_reaches_every_order),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
