#include "support/check.h"

#include "base/base.h"

#include <stdlib.h>
#include <string.h>

static void slices_are_aligned_zeroed_and_apart(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, "test");
    unsigned char *previous = NULL;
    for (size_t size = 1; size < 300; size += 37) {
        unsigned char *slice = arena_take(&arena, size, 1);
        assert_non_null(slice);
        assert_int_equal((uintptr_t)slice % 64, 0);
        for (size_t i = 0; i < size; i++) assert_int_equal(slice[i], 0);
        memset(slice, 0xAA, size);
        if (previous != NULL) assert_true(slice >= previous + 64);
        previous = slice;
    }
    arena_free(&arena);
}

static void a_reset_gives_the_same_memory_again_and_zeroed(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, "test");
    assert_non_null(arena_take(&arena, 10, 4));
    arena_mark_t mark = arena_mark(&arena);
    unsigned char *first = arena_take(&arena, 100, 1);
    memset(first, 7, 100);
    assert_non_null(arena_take(&arena, 5u << 20, 1)); /* past the first block */
    size_t peak = arena.peak;
    arena_reset(&arena, mark);
    unsigned char *again = arena_take(&arena, 100, 1);
    assert_ptr_equal(first, again);
    for (int i = 0; i < 100; i++) assert_int_equal(again[i], 0);
    assert_non_null(arena_take(&arena, 5u << 20, 1));
    assert_int_equal(arena.peak, peak);
    arena_free(&arena);
    assert_int_equal(arena.used, 0);
}

static void an_impossible_size_is_refused_with_a_line(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, "weights");
    assert_null(arena_take(&arena, SIZE_MAX / 2, 16));
    check_error(ST_ENOMEM, ST_ENOMEM, "arena 'weights'");
    assert_null(base_alloc(SIZE_MAX / 2, 16));
    arena_free(&arena);
}

static void large_arrays_begin_a_large_page(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, (4u << 20) - 1, 4u << 20, (6u << 20) + 5};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *array = base_alloc(sizes[i], 1), *other = base_alloc_aligned(64, sizes[i] + 1);
        assert_non_null(array), assert_non_null(other);
        if (sizes[i] >= 4u << 20) assert_int_equal((uintptr_t)array % (2u << 20), 0);
        assert_int_equal((uintptr_t)other % 64, 0);
        memset(array, 1, sizes[i]), memset(other, 2, sizes[i] + 1);
        free(array), free(other);
    }
    assert_null(base_alloc_aligned(64, SIZE_MAX - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_are_aligned_zeroed_and_apart),
        cmocka_unit_test(a_reset_gives_the_same_memory_again_and_zeroed),
        cmocka_unit_test(an_impossible_size_is_refused_with_a_line),
        cmocka_unit_test(large_arrays_begin_a_large_page),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
