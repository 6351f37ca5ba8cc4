/* The tokenizer where memory ends. */
#include "tools/scarce.h"

#include "tokenizer/tokenizer.h"

#include <stdlib.h>

#define SMALL FGAD_GOLDEN_DIR "/clip/merges-small.txt"

static void a_refused_request_is_told(void **state)
{
    (void)state;
    tokenizer_t *tokenizer = NULL;
    char *clean = NULL;
    int ids[77], length;
    CHECK_SCARCE(tokenizer_open(&tokenizer, SMALL, 0, 77), (tokenizer_close(tokenizer), tokenizer = NULL));
    assert_int_equal(tokenizer_open(&tokenizer, SMALL, 0, 77), ST_OK);
    CHECK_SCARCE(tokenizer_encode(ids, &length, tokenizer, "A &copy; of \xef\xac\x81ne caf\xc3\xa9 \xce\xa3"), (void)0);
    assert_int_equal(ids[0], tokenizer_sot(tokenizer));
    assert_int_equal(ids[length - 1], tokenizer_eot(tokenizer));
    CHECK_SCARCE(tokenizer_clean(&clean, tokenizer, "A  Bee"), (free(clean), clean = NULL));
    tokenizer_close(tokenizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_refused_request_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
