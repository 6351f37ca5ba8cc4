/* What abnormal prompts say: never the normal thing, in English, of what it can befall; and on what draws depend. */
#include "prompts/push_button.h"

#include "io/io.h"
#include "prompts/prompts.h"

static prompts_vocabulary_t vocabulary;
static tokenizer_t *tokenizer;

static int open_all(void **state)
{
    (void)state;
    if (prompts_vocabulary_read(&vocabulary, FGAD_SOURCE_DIR "/datasets/mfsc/vocabulary.json") != ST_OK) return -1;
    return tokenizer_open(&tokenizer, FGAD_GOLDEN_DIR "/clip/merges-small.txt", 0, 160) == ST_OK ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    prompts_vocabulary_free(&vocabulary);
    tokenizer_close(tokenizer);
    return 0;
}

static prompts_mfsc_t read_edited(const edit_t *edits, int count)
{
    prompts_mfsc_t mfsc;
    const char *path = write_push_button(check_temp_dir("prompts_abnormal"), edits, count);
    if (prompts_mfsc_read(&mfsc, path, &vocabulary) != ST_OK) fail_msg("%s", fail_message());
    return mfsc;
}

static prompts_set_t make_set(const prompts_mfsc_t *mfsc, const prompts_vocabulary_t *words, prompts_ahp_order_t order,
                              uint64_t seed)
{
    prompts_set_t set;
    prompts_options_t options = prompts_options_default();
    options.learn = false;
    options.n_ahp = 100;
    options.ahp_order = order;
    const prompts_key_t key = {"own", "push_button", 4, seed, "pixel"};
    if (prompts_set_init(&set, mfsc, words, tokenizer, &options, &key, 7) != ST_OK) fail_msg("%s", fail_message());
    return set;
}

static bool has(const prompts_group_t *group, const char *text)
{
    for (int i = 0; i < group->ahp; i++)
        if (strcmp(group->prompt[group->nhp + i].text, text) == 0) return true;
    return false;
}

/* Any AHP of 60 seeds that has the text. */
static bool is_ever_said(const prompts_mfsc_t *mfsc, int group, const char *text)
{
    bool said = false;
    for (uint64_t seed = 0; seed < 60; seed++) {
        prompts_set_t set = make_set(mfsc, &vocabulary, PROMPTS_ALTERNATE, seed);
        for (int i = 0; i < set.group[group].ahp; i++)
            said = said || strstr(set.group[group].prompt[1 + i].text, text) != NULL;
        prompts_set_free(&set);
    }
    return said;
}

static void no_draw_says_the_normal_thing(void **state)
{
    (void)state;
    prompts_mfsc_t mfsc = read_edited(NULL, 0);
    /* location center; texture smooth; colour silver */
    assert_false(is_ever_said(&mfsc, 1, "one cap in the middle"));
    assert_false(is_ever_said(&mfsc, 1, "one cap on the inside"));
    assert_true(is_ever_said(&mfsc, 1, "one cap at the top"));
    assert_false(is_ever_said(&mfsc, 3, "with a glossy, slightly"));
    assert_true(is_ever_said(&mfsc, 3, "with a rough, slightly"));
    assert_false(is_ever_said(&mfsc, 4, "a gray, ring-shaped bezel"));
    assert_true(is_ever_said(&mfsc, 4, "a black, ring-shaped bezel"));
    prompts_mfsc_free(&mfsc);
}

static void articles_prepositions_and_plurals_follow_what_is_put_in(void **state)
{
    (void)state;
    prompts_mfsc_t mfsc = read_edited(NULL, 0);
    assert_true(is_ever_said(&mfsc, 3, "an orange and round plastic cap"));
    assert_false(is_ever_said(&mfsc, 3, "a orange"));
    assert_true(is_ever_said(&mfsc, 1, "one bezel in the center around it")); /* at the outside */
    assert_true(is_ever_said(&mfsc, 1, "one cap in the corner"));
    assert_true(is_ever_said(&mfsc, 1, "one cap on the outside"));
    assert_true(is_ever_said(&mfsc, 1, "has two caps in the center and one bezel"));
    assert_true(is_ever_said(&mfsc, 1, "has no cap in the center and one bezel"));
    assert_false(is_ever_said(&mfsc, 1, "two cap "));
    prompts_mfsc_free(&mfsc);
    const edit_t irregular[] = {
        {"{\"name\": \"cap\", \"number\"", "{\"name\": \"cap\", \"plural\": \"capita\", \"number\""}};
    mfsc = read_edited(irregular, 1);
    assert_true(is_ever_said(&mfsc, 1, "has two capita in the center and one bezel"));
    prompts_mfsc_free(&mfsc);
    const edit_t vowel[] = {{"a red and round plastic cap", "an orange and round plastic cap"},
                            {"\"color\": \"red\"", "\"color\": \"orange\""}};
    mfsc = read_edited(vowel, 2);
    assert_true(is_ever_said(&mfsc, 3, "a blue and round plastic cap"));
    assert_false(is_ever_said(&mfsc, 3, "an blue"));
    prompts_mfsc_free(&mfsc);
}

#define STATES "[\"{} with scratches\", \"{} with a crack\", \"{} with a dent on the rim\"]"
#define TWO_CAPS                                                                                                       \
    {"one cap in the center", "two caps in the center"},                                                               \
        {"\"name\": \"cap\", \"number\": \"one\"", "\"name\": \"caps\", \"number\": \"two\""},                         \
        {"\"name\": \"cap\", \"caption\"", "\"name\": \"caps\", \"caption\""},                                         \
        {"round plastic cap inside", "round plastic caps inside"},                                                     \
    {                                                                                                                  \
        "a red and round plastic cap with", "the caps are red and round and of plastic with"                           \
    }

static void a_state_is_said_of_what_it_can_befall_in_its_number(void **state)
{
    (void)state;
    const edit_t edits[] = {TWO_CAPS,
                            {STATES, "[{\"state\": \"{} that is|are bent\", \"of\": [\"caps\", \"foreground\"]}, "
                                     "{\"state\": \"uneven {}\", \"of\": [\"background\"]}, \"{} with a crack\"]"}};
    prompts_mfsc_t mfsc = read_edited(edits, 6);
    prompts_set_t set = make_set(&mfsc, &vocabulary, PROMPTS_STATES, 0);
    assert_true(has(&set.group[3], "the caps that are bent are red and round and of plastic with a smooth, slightly "
                                   "domed face."));
    assert_true(strstr(set.group[1].prompt[1].text, "the push button that is bent has two caps") != NULL);
    assert_int_equal(set.group[2].ahp, 1);
    assert_string_equal(set.group[2].prompt[1].text, "uneven plain gray background");
    for (int i = 0; i < set.group[4].ahp; i++) assert_null(strstr(set.group[4].prompt[1 + i].text, "bent"));
    for (int i = 0; i < set.group[0].ahp; i++) assert_null(strstr(set.group[0].prompt[1 + i].text, "uneven"));
    assert_true(
        has(&set.group[4], "a silver, ring-shaped bezel with a crack of glossy metal that runs around the button."));
    /* two caps: never "one caps" */
    assert_false(is_ever_said(&mfsc, 1, "one caps"));
    assert_true(is_ever_said(&mfsc, 1, "has no caps in the center"));
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

static void replaced_values_and_states_take_turns(void **state)
{
    (void)state;
    prompts_mfsc_t mfsc = read_edited(NULL, 0);
    prompts_set_t turns = make_set(&mfsc, &vocabulary, PROMPTS_ALTERNATE, 3);
    prompts_set_t states = make_set(&mfsc, &vocabulary, PROMPTS_STATES, 3);
    prompts_set_t values = make_set(&mfsc, &vocabulary, PROMPTS_REPLACEMENTS, 3);
    const prompts_group_t *group = &turns.group[3];
    assert_int_equal(group->ahp, 7); /* 4 values, 3 states */
    for (int i = 0; i < 7; i++) {
        bool state_said = strstr(group->prompt[1 + i].text, "red and round plastic cap with a smooth") == NULL &&
                          strstr(group->prompt[1 + i].text, "a red and round plastic cap with") != NULL &&
                          strstr(group->prompt[1 + i].text, "with a smooth, slightly domed face") != NULL;
        assert_int_equal(state_said, i % 2);
    }
    for (int i = 0; i < 3; i++) {
        assert_non_null(strstr(states.group[3].prompt[1 + i].text, mfsc.state[i].text + 3));
        assert_non_null(strstr(values.group[3].prompt[5 + i].text, mfsc.state[i].text + 3));
    }
    prompts_set_free(&turns);
    prompts_set_free(&states);
    prompts_set_free(&values);
    prompts_mfsc_free(&mfsc);
}

/* The vocabulary with one word more. */
static void read_with_word(prompts_vocabulary_t *out, const char *list, const char *word)
{
    char *text, path[600];
    assert_int_equal(io_read_text(&text, FGAD_SOURCE_DIR "/datasets/mfsc/vocabulary.json"), ST_OK);
    char *at = strstr(text, list);
    assert_non_null(at);
    at += strlen(list);
    snprintf(path, sizeof path, "%s/vocabulary.json", check_temp_dir("prompts_words"));
    FILE *file = fopen(path, "wb");
    fprintf(file, "%.*s%s%s", (int)(at - text), text, word, at);
    assert_int_equal(fclose(file), 0);
    free(text);
    check_error(prompts_vocabulary_read(out, path), ST_OK, "");
}

static void check_same(const prompts_set_t *a, const prompts_set_t *b)
{
    assert_int_equal(a->groups, b->groups);
    for (int g = 0; g < a->groups; g++) {
        assert_int_equal(a->group[g].ahp, b->group[g].ahp);
        for (int i = 0; i < 1 + a->group[g].ahp; i++)
            assert_string_equal(a->group[g].prompt[i].text, b->group[g].prompt[i].text);
    }
}

static void an_extra_word_changes_no_caption_that_does_not_list_it(void **state)
{
    (void)state;
    prompts_vocabulary_t more, base;
    read_with_word(&more, "\"shape\": [\"diamond-shaped\"", ", \"heart-shaped\"");
    read_with_word(&base, "\"shape\": [\"round\"", ", \"heart-shaped\"");
    int files = 0, own_captions = 0;
    io_names_t datasets = {0};
    assert_int_equal(io_list_dir(&datasets, FGAD_SOURCE_DIR "/datasets/mfsc"), ST_OK);
    for (int d = 0; d < datasets.count; d++) {
        char dir[1024], path[2048];
        io_names_t names = {0};
        snprintf(dir, sizeof dir, "%s/datasets/mfsc/%s", FGAD_SOURCE_DIR, datasets.name[d]);
        if (!io_is_dir(dir)) continue;
        assert_int_equal(io_list_dir(&names, dir), ST_OK);
        for (int i = 0; i < names.count; i++, files++) {
            prompts_mfsc_t mfsc;
            snprintf(path, sizeof path, "%s/%s", dir, names.name[i]);
            check_error(prompts_mfsc_read(&mfsc, path, &more), ST_OK, "");
            char *with = prompts_draws_text(&more, &mfsc), *without = prompts_draws_text(&vocabulary, &mfsc);
            char *other = prompts_draws_text(&base, &mfsc);
            assert_string_equal(with, without);
            own_captions += strcmp(other, without) != 0;
            prompts_set_t a = make_set(&mfsc, &vocabulary, PROMPTS_ALTERNATE, 1);
            prompts_set_t b = make_set(&mfsc, &more, PROMPTS_ALTERNATE, 1);
            check_same(&a, &b);
            prompts_set_free(&a);
            prompts_set_free(&b);
            free(with);
            free(without);
            free(other);
            prompts_mfsc_free(&mfsc);
        }
        io_names_free(&names);
    }
    io_names_free(&datasets);
    assert_true(files >= 62);
    assert_true(own_captions > 50); /* the same word in `base` is drawn for nearly all: the comparison can fail */
    prompts_vocabulary_free(&more);
    prompts_vocabulary_free(&base);
}

static void a_caption_that_lists_an_extra_word_draws_it(void **state)
{
    (void)state;
    const edit_t edits[] = {{"\"abnormal_states\"", "\"values\": {\"shape\": [\"t-shaped\"]}, \"abnormal_states\""}};
    prompts_mfsc_t plain = read_edited(NULL, 0);
    assert_false(is_ever_said(&plain, 3, "t-shaped"));
    prompts_mfsc_t mfsc = read_edited(edits, 1);
    assert_true(is_ever_said(&mfsc, 3, "a red and t-shaped plastic cap"));
    char *a = prompts_draws_text(&vocabulary, &plain), *b = prompts_draws_text(&vocabulary, &mfsc);
    assert_string_not_equal(a, b);
    assert_non_null(strstr(a, "version 2\n"));
    free(a);
    free(b);
    prompts_mfsc_free(&plain);
    prompts_mfsc_free(&mfsc);
}

static void a_skeleton_names_the_values_and_is_no_caption_yet(void **state)
{
    (void)state;
    char path[600];
    char *text = prompts_mfsc_skeleton("push_button", "own", &vocabulary);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"category\": \"push_button\""));
    assert_non_null(strstr(text, "smooth, rough, glossy, matte"));
    assert_non_null(strstr(text, "diamond-shaped"));
    prompts_report_t report;
    snprintf(path, sizeof path, "push_button.json");
    assert_int_equal(prompts_mfsc_check_text(&report, text, strlen(text), path, &vocabulary, false), ST_OK);
    assert_true(report.count > 10);
    for (int i = 0; i < report.count; i++) assert_non_null(strstr(report.line[i], "is still to be filled in"));
    prompts_report_free(&report);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_draw_says_the_normal_thing),
        cmocka_unit_test(articles_prepositions_and_plurals_follow_what_is_put_in),
        cmocka_unit_test(a_state_is_said_of_what_it_can_befall_in_its_number),
        cmocka_unit_test(replaced_values_and_states_take_turns),
        cmocka_unit_test(an_extra_word_changes_no_caption_that_does_not_list_it),
        cmocka_unit_test(a_caption_that_lists_an_extra_word_draws_it),
        cmocka_unit_test(a_skeleton_names_the_values_and_is_no_caption_yet),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
