/* PromptAD's prompts: their texts, their ids against the tokenizer, and whose vectors they hold. */
#include "support/check.h"

#include "prompts/prompts.h"

#include <string.h>

#define D 6
#define CONTEXT 32

static tokenizer_t *tokenizer;
static const prompts_key_t key = {.dataset = "toy", .category = "metal_nut", .shots = 2, .seed = 3, .head = "image"};
static const prompts_state_t states[] = {{"bent {}", 0},
                                         {"{} with damage", 0},
                                         {"{} whose pins are bent", PROMPTS_OF_COMPONENT(0)},
                                         {"{} that is|are scratched", PROMPTS_OF_FOREGROUND},
                                         {"stained {}", PROMPTS_OF_BACKGROUND}};

static int open_tokenizer(void **state)
{
    (void)state;
    return tokenizer_open(&tokenizer, FGAD_GOLDEN_DIR "/clip/merges-small.txt", 0, CONTEXT) == ST_OK ? 0 : -1;
}

static int close_tokenizer(void **state)
{
    (void)state;
    tokenizer_close(tokenizer);
    return 0;
}

/* [SOT] V of the copy, the vectors of `slot` (< 0: none), text [EOT]. */
static void check_prompt(const prompts_prompt_t *prompt, int n_ctx, int slot, int n_ctx_ab, const char *text)
{
    int ids[CONTEXT], count, at = 0;
    check_error(tokenizer_pieces(ids, &count, CONTEXT, tokenizer, text), ST_OK, "");
    assert_int_equal(prompt->ids[at++], tokenizer_sot(tokenizer));
    for (int k = 0; k < n_ctx; k++) assert_int_equal(prompt->ids[at++], CLIP_SLOT(prompt->copy * n_ctx + k));
    for (int k = 0; k < n_ctx_ab && slot >= 0; k++) assert_int_equal(prompt->ids[at++], CLIP_SLOT(slot + k));
    assert_memory_equal(prompt->ids + at, ids, (size_t)count * sizeof *ids);
    assert_int_equal(prompt->ids[at + count], tokenizer_eot(tokenizer));
    assert_int_equal(prompt->length, at + count + 1);
}

static void prompts_are_the_class_name_in_its_states(void **state)
{
    (void)state;
    prompts_options_t options = prompts_options_default();
    options.n_pro = 3;
    options.n_ctx_ab = 2;
    prompts_set_t set;
    check_error(prompts_class_set_init(&set, "metal nut", states, 5, tokenizer, &options, &key, D), ST_OK, "");
    static const char *const abnormal[] = {
        "damaged metal nut.",   "flawed metal nut.",           "abnormal metal nut.",    "imperfect metal nut.",
        "blemished metal nut.", "metal nut with flaw.",        "metal nut with defect.", "metal nut with damage.",
        "bent metal nut.",      "metal nut that is scratched."};
    const prompts_group_t *group = set.group;
    assert_true(set.groups == 1 && set.background == -1 && set.components == 0 && group->level == PROMPTS_IMAGE);
    assert_true(group->nhp == 3 && group->ahp == 3 * 10 && group->alp == 3 * 4);
    assert_int_equal(set.prompts, 3 * 15);
    const prompts_prompt_t *prompt = group->prompt;
    for (int copy = 0; copy < 3; copy++, prompt++) {
        assert_true(prompt->kind == PROMPTS_NHP && prompt->copy == copy);
        check_prompt(prompt, 4, -1, 2, "metal nut.");
    }
    for (int i = 0; i < 10; i++)
        for (int copy = 0; copy < 3; copy++, prompt++) {
            assert_true(prompt->kind == PROMPTS_AHP && prompt->copy == copy);
            check_prompt(prompt, 4, -1, 2, abnormal[i]);
        }
    for (int j = 0; j < 4; j++)
        for (int copy = 0; copy < 3; copy++, prompt++) {
            assert_true(prompt->kind == PROMPTS_ALP && prompt->copy == copy);
            check_prompt(prompt, 4, 3 * 4 + j * 2, 2, "metal nut.");
        }
    assert_string_equal(prompt[-1].text, "[V]x4 [a1] metal nut.");
    prompts_set_free(&set);
}

static void copies_share_a_and_have_their_own_v(void **state)
{
    (void)state;
    prompts_options_t options = prompts_options_default();
    options.n_pro = 3;
    prompts_set_t set;
    check_error(prompts_class_set_init(&set, "cable", NULL, 0, tokenizer, &options, &key, D), ST_OK, "");
    assert_int_equal(set.parameters, 2);
    assert_int_equal(set.parameter_count, 3 * 4 * D + 4 * D);
    assert_int_equal(set.slots, 3 * 4 + 4);
    float params[3 * 4 * D + 4 * D], slots[(3 * 4 + 4) * D];
    prompts_params_init(params, &set, NULL);
    prompts_slots(slots, &set, params);
    assert_memory_equal(slots, params, sizeof params); /* every slot is one vector, without a gate */
    for (int a = 0; a < set.slots; a++)
        for (int b = 0; b < a; b++) assert_memory_not_equal(slots + a * D, slots + b * D, D * sizeof *slots);
    /* More copies start from the same values. */
    options.n_pro = 1;
    prompts_set_t one;
    float first[4 * D + 4 * D];
    check_error(prompts_class_set_init(&one, "cable", NULL, 0, tokenizer, &options, &key, D), ST_OK, "");
    prompts_params_init(first, &one, NULL);
    assert_memory_equal(first, params, 4 * D * sizeof *first);
    assert_memory_equal(first + 4 * D, params + 3 * 4 * D, 4 * D * sizeof *first);
    prompts_set_free(&one);
    prompts_set_free(&set);
}

static void without_learning_the_texts_stand_alone(void **state)
{
    (void)state;
    prompts_options_t options = prompts_options_default();
    options.learn = false;
    prompts_set_t set;
    check_error(prompts_class_set_init(&set, "cable", states, 1, tokenizer, &options, &key, D), ST_OK, "");
    assert_true(set.prompts == 10 && set.parameter_count == 0 && set.group->alp == 0);
    check_prompt(&set.group->prompt[9], 0, -1, 0, "bent cable.");
    prompts_set_free(&set);
    options.n_ctx = 65;
    check_error(prompts_class_set_init(&set, "cable", NULL, 0, tokenizer, &options, &key, D), ST_EFORMAT,
                "n_ctx is 65, expected 0 to 64");
    prompts_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prompts_are_the_class_name_in_its_states),
        cmocka_unit_test(copies_share_a_and_have_their_own_v),
        cmocka_unit_test(without_learning_the_texts_stand_alone),
    };
    return cmocka_run_group_tests_name("prompts_classes", tests, open_tokenizer, close_tokenizer);
}
