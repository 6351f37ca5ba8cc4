/* Class names and ensembles of fixed texts: how many, how they read, what they share. */
#include "support/check.h"

#include "prompts/prompts.h"

#include <stdlib.h>
#include <string.h>

static clip_tokenizer_t *tokenizer;

static int open_tokenizer(void **state)
{
    (void)state;
    return clip_tokenizer_open(&tokenizer, FGAD_GOLDEN_DIR "/clip/merges-small.txt", 0, 77) == ST_OK ? 0 : -1;
}

static int close_tokenizer(void **state)
{
    (void)state;
    clip_tokenizer_close(tokenizer);
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
static int times(const prompts_texts_t *texts, const char *text, int first, int end)
{
    int n = 0;
    for (int i = first; i < end; i++) n += strcmp(texts->text[i], text) == 0;
    return n;
}

static void check_ensemble(prompts_ensemble_t which, int templates, int abnormal, int distinct)
{
    prompts_texts_t texts;
    check_error(prompts_texts_init(&texts, "metal nut", which, tokenizer), ST_OK, "");
    assert_int_equal(texts.normal, templates * 7);
    assert_int_equal(texts.count, templates * (7 + abnormal));
    int different = 0;
    for (int i = 0; i < texts.count; i++) {
        int ids[77], length;
        check_error(clip_tokenizer_encode(ids, &length, tokenizer, texts.text[i]), ST_OK, "");
        assert_int_equal(texts.prompt[i].length, length);
        assert_memory_equal(texts.prompt[i].ids, ids, (size_t)length * sizeof *ids);
        assert_non_null(strstr(texts.text[i], "metal nut"));
        assert_int_equal(texts.text[i][strlen(texts.text[i]) - 1], '.');
        different += times(&texts, texts.text[i], 0, i) == 0;
    }
    assert_int_equal(different, distinct * (7 + abnormal));
    assert_int_equal(times(&texts, "a close-up photo of the unblemished metal nut.", 0, texts.normal), 1);
    assert_int_equal(times(&texts, "a photo of a metal nut with damage.", texts.normal, texts.count), 1);
    assert_int_equal(times(&texts, "a photo of a metal nut.", texts.normal, texts.count), 0);
    prompts_texts_free(&texts);
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
    prompts_texts_t texts;
    check_error(prompts_texts_init(&texts, "cable", PROMPTS_ENSEMBLE_WINCLIP21, tokenizer), ST_OK, "");
    assert_int_equal(times(&texts, "a jpeg corrupted photo of the cable.", 0, texts.normal), 2);
    assert_int_equal(times(&texts, "a jpeg corrupted photo of a cable.", 0, texts.normal), 0);
    assert_int_equal(times(&texts, "a cropped photo of a cable.", 0, texts.normal), 0);
    prompts_texts_free(&texts);
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
