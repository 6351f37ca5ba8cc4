/* Frozen weights where memory ends. */
#include "tools/scarce.h"

#include "ops/ops.h"

enum { N = 48, K = 32 };

static status_t freeze(const float *w, ops_frozen_kind_t kind)
{
    ops_frozen_t *set = NULL;
    status_t status;
    TRY_DONE(ops_frozen_open(&set, kind, 2));
    TRY_DONE(ops_frozen_add(set, w, N, K, true));
    TRY_DONE(ops_frozen_ready(set));
done:
    ops_frozen_close(set);
    return status;
}

static void a_refused_request_is_told(void **state)
{
    (void)state;
    static float w[N * K];
    if (ops_bf16_check() != ST_OK) {
        print_message("skipped: %s\n", fail_message());
        skip();
    }
    CHECK_SCARCE(freeze(w, OPS_FROZEN_BF16), (void)0);
}

static void a_refused_request_of_the_scheme_is_told(void **state)
{
    (void)state;
    static float w[N * K];
    if (ops_strassen_check() != ST_OK) {
        print_message("skipped: %s\n", fail_message());
        skip();
    }
    CHECK_SCARCE(freeze(w, OPS_FROZEN_STRASSEN), (void)0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_refused_request_is_told),
                                       cmocka_unit_test(a_refused_request_of_the_scheme_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
