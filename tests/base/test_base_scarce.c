/* What base answers where memory ends. */
#include "tools/scarce.h"

#include <stdlib.h>

static status_t take(arena_t *arena)
{
    return arena_take(arena, 3, 1000) != NULL ? ST_OK : ST_ENOMEM;
}

static status_t format(void)
{
    char *text = base_format("%s-%d", "gear", 7);
    const bool made = text != NULL;
    if (made) assert_string_equal(text, "gear-7");
    free(text);
    return made ? ST_OK : ST_ENOMEM;
}

static status_t allocate(void)
{
    void *memory = base_alloc(3, 1000);
    const bool made = memory != NULL;
    free(memory);
    return made ? ST_OK : ST_ENOMEM;
}

static status_t open_pool(void)
{
    base_pool_t *pool = NULL;
    const status_t status = base_pool_open(&pool, 3);
    if (status == ST_OK) assert_int_equal(base_pool_workers(pool), 3);
    if (status != ST_OK) assert_null(pool);
    base_pool_close(pool);
    return status;
}

static void a_refused_request_is_told_and_the_next_one_served(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, "test");
    CHECK_SCARCE(take(&arena), assert_int_equal(arena.used == 0, refused_));
    arena_free(&arena);
    scarce_refuse(1);
    assert_null(arena_take(&arena, 3, 1000));
    assert_true(scarce_refuse(0));
    check_error(ST_ENOMEM, ST_ENOMEM, "out of memory: arena 'test' holds 0 bytes and wants 30");
    CHECK_SCARCE(format(), (void)0);
    CHECK_SCARCE(allocate(), (void)0);
    CHECK_SCARCE(open_pool(), (void)0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_refused_request_is_told_and_the_next_one_served)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
