/* Class names and ensembles of fixed texts: how many, how they read, what they share. */
#include "support/check.h"

#include "prompts/prompts.h"

#include <stdlib.h>
#include <string.h>

static tokenizer_t *tokenizer;

static int open_tokenizer(void **state)
{
    (void)state;
    return tokenizer_open(&tokenizer, FGAD_GOLDEN_DIR "/clip/merges-small.txt", 0, 77) == ST_OK ? 0 : -1;
}

static int close_tokenizer(void **state)
{
    (void)state;
    tokenizer_close(tokenizer);
    return 0;
}

static void categories_become_nouns(void **state)
{
    (void)state;
    static const char *const names[][3] = {{"metal_nut", "metal nut", "metal_nut"},
                                           {"macaroni2", "macaroni", "macaroni2"},
                                           {"pcb4", "printed circuit board", "pcb4"},
                                           {"pipe_fryum", "pipe fryum", "pipe_fryum"},
                                           {"chewinggum", "chewing gum", "chewinggum"},
                                           {"pcb", "pcb", "pcb"},
                                           {"bottle", "bottle", "bottle"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int how = 0; how < 2; how++) {
            char *name = NULL;
            check_error(prompts_class_name(&name, names[i][0], (prompts_class_t)how), ST_OK, "");
            assert_string_equal(name, names[i][1 + how]);
            free(name);
        }
}

/* How often a text stands in the list from `first` to `end`. */
static int times(const prompts_group_t *group, const char *text, int first, int end)
{
    int n = 0;
    for (int i = first; i < end; i++) n += strcmp(group->prompt[i].text, text) == 0;
    return n;
}

static void check_ensemble(prompts_ensemble_t which, int templates, int abnormal, int distinct)
{
    prompts_set_t set;
    const prompts_key_t key = {.dataset = "toy", .category = "metal_nut", .head = "pixel"};
    check_error(prompts_ensemble_init(&set, "metal nut", which, tokenizer, &key, 5), ST_OK, "");
    const prompts_group_t *group = set.group;
    assert_int_equal(group->nhp, templates * 7);
    assert_int_equal(group->ahp, templates * abnormal);
    assert_true(set.groups == 1 && set.prompts == group->nhp + group->ahp && set.parameter_count == 0);
    int different = 0;
    for (int i = 0; i < set.prompts; i++) {
        const prompts_prompt_t *prompt = &group->prompt[i];
        int ids[77], length;
        check_error(tokenizer_encode(ids, &length, tokenizer, prompt->text), ST_OK, "");
        assert_int_equal(prompt->length, length);
        assert_memory_equal(prompt->ids, ids, (size_t)length * sizeof *ids);
        assert_int_equal(prompt->kind, i < group->nhp ? PROMPTS_NHP : PROMPTS_AHP);
        assert_non_null(strstr(prompt->text, "metal nut"));
        assert_int_equal(prompt->text[strlen(prompt->text) - 1], '.');
        different += times(group, prompt->text, 0, i) == 0;
    }
    assert_int_equal(different, distinct * (7 + abnormal));
    assert_int_equal(times(group, "a close-up photo of the unblemished metal nut.", 0, group->nhp), 1);
    assert_int_equal(times(group, "a photo of a metal nut with damage.", group->nhp, set.prompts), 1);
    assert_int_equal(times(group, "a photo of a metal nut.", group->nhp, set.prompts), 0);
    prompts_set_free(&set);
}

static void ensembles_are_templates_times_states(void **state)
{
    (void)state;
    check_ensemble(PROMPTS_ENSEMBLE_22, 22, 4, 22);
    check_ensemble(PROMPTS_ENSEMBLE_WINCLIP21, 21, 4, 20);
    check_ensemble(PROMPTS_ENSEMBLE_APRIL35, 35, 5, 35);
}

static void the_public_list_counts_one_line_twice(void **state)
{
    (void)state;
    prompts_set_t set;
    const prompts_key_t key = {.dataset = "toy", .category = "cable", .head = "pixel"};
    check_error(prompts_ensemble_init(&set, "cable", PROMPTS_ENSEMBLE_WINCLIP21, tokenizer, &key, 5), ST_OK, "");
    const int end = set.group->nhp;
    assert_int_equal(times(set.group, "a jpeg corrupted photo of the cable.", 0, end), 2);
    assert_int_equal(times(set.group, "a jpeg corrupted photo of a cable.", 0, end), 0);
    assert_int_equal(times(set.group, "a cropped photo of a cable.", 0, end), 0);
    prompts_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(categories_become_nouns),
        cmocka_unit_test(ensembles_are_templates_times_states),
        cmocka_unit_test(the_public_list_counts_one_line_twice),
    };
    return cmocka_run_group_tests_name("prompts_texts", tests, open_tokenizer, close_tokenizer);
}
