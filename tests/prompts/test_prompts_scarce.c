/* Captions and prompts where memory ends: told whichever request is refused, nothing is lost, and the next attempt succeeds. */
#include "prompts/push_button.h"
#include "tools/scarce.h"

#include "io/io.h"
#include "prompts/prompts.h"

#define VOCABULARY FGAD_SOURCE_DIR "/datasets/mfsc/vocabulary.json"

static const prompts_key_t KEY = {"own", "push_button", 4, 0, "pixel"};

typedef struct {
    prompts_vocabulary_t vocabulary;
    tokenizer_t *tokenizer;
    prompts_mfsc_t mfsc;
    const char *path;
} fixture_t;

static int open_fixture(void **state)
{
    fixture_t *x = calloc(1, sizeof *x);
    *state = x;
    if (prompts_vocabulary_read(&x->vocabulary, VOCABULARY) != ST_OK) return -1;
    if (tokenizer_open(&x->tokenizer, FGAD_GOLDEN_DIR "/clip/merges-small.txt", 0, 77) != ST_OK) return -1;
    x->path = write_push_button(check_temp_dir("prompts_scarce"), NULL, 0);
    return prompts_mfsc_read(&x->mfsc, x->path, &x->vocabulary) == ST_OK ? 0 : -1;
}

static int close_fixture(void **state)
{
    fixture_t *x = *state;
    prompts_mfsc_free(&x->mfsc);
    prompts_vocabulary_free(&x->vocabulary);
    tokenizer_close(x->tokenizer);
    free(x);
    return 0;
}

/* A function that gives a text of its own. */
static status_t give(char *text)
{
    const bool made = text != NULL;
    free(text);
    return made ? ST_OK : fail(ST_ENOMEM, "no text");
}

static void captions(void **state)
{
    fixture_t *x = *state;
    prompts_vocabulary_t vocabulary = {0};
    prompts_mfsc_t mfsc = {0};
    prompts_report_t report = {0};
    CHECK_SCARCE(prompts_vocabulary_read(&vocabulary, VOCABULARY), prompts_vocabulary_free(&vocabulary));
    CHECK_SCARCE(prompts_mfsc_read(&mfsc, x->path, &x->vocabulary), prompts_mfsc_free(&mfsc));
    CHECK_SCARCE(prompts_mfsc_check(&report, x->path, &x->vocabulary, true), prompts_report_free(&report));
    CHECK_SCARCE(give(prompts_mfsc_skeleton("push_button", "own", &x->vocabulary)), (void)0);
    CHECK_SCARCE(give(prompts_draws_text(&x->vocabulary, &x->mfsc)), (void)0);
}

static void sets(void **state)
{
    fixture_t *x = *state;
    prompts_set_t set = {0};
    prompts_options_t options = prompts_options_default();
    options.n_pro = 2;
    CHECK_SCARCE(prompts_set_init(&set, &x->mfsc, &x->vocabulary, x->tokenizer, &options, &KEY, 700),
                 prompts_set_free(&set));
    options.ctx_init = "a";
    options.n_ctx = 1;
    CHECK_SCARCE(
        prompts_class_set_init(&set, "push button", x->mfsc.state, x->mfsc.states, x->tokenizer, &options, &KEY, 700),
        prompts_set_free(&set));
    CHECK_SCARCE(prompts_ensemble_init(&set, "push button", PROMPTS_ENSEMBLE_22, x->tokenizer, &KEY, 700),
                 prompts_set_free(&set));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(captions, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(sets, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
