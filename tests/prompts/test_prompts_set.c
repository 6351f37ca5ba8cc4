#include "prompts/push_button.h"

#include "io/io.h"
#include "prompts/prompts.h"

#include <math.h>

#define CONTEXT 77
#define WIDTH 7

static prompts_vocabulary_t vocabulary;
static tokenizer_t *tokenizer;
static const prompts_key_t KEY = {"own", "push_button", 4, 0, "pixel"};

static int open_all(void **state)
{
    (void)state;
    if (prompts_vocabulary_read(&vocabulary, FGAD_SOURCE_DIR "/datasets/mfsc/vocabulary.json") != ST_OK) return -1;
    return tokenizer_open(&tokenizer, FGAD_GOLDEN_DIR "/clip/merges-small.txt", 0, CONTEXT) == ST_OK ? 0 : -1;
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
    const char *path = write_push_button(check_temp_dir("prompts_set"), edits, count);
    if (prompts_mfsc_read(&mfsc, path, &vocabulary) != ST_OK) fail_msg("%s", fail_message());
    return mfsc;
}

static prompts_set_t make_set(const prompts_mfsc_t *mfsc, const prompts_options_t *options, const prompts_key_t *key)
{
    prompts_set_t set;
    if (prompts_set_init(&set, mfsc, &vocabulary, tokenizer, options, key, WIDTH) != ST_OK)
        fail_msg("%s", fail_message());
    return set;
}

static bool has_text(const prompts_group_t *group, prompts_kind_t kind, const char *text)
{
    for (int i = 0; i < group->nhp + group->ahp + group->alp; i++)
        if (group->prompt[i].kind == kind && strcmp(group->prompt[i].text, text) == 0) return true;
    return false;
}

static void check_text(const prompts_group_t *group, prompts_kind_t kind, const char *text)
{
    if (has_text(group, kind, text)) return;
    for (int i = 0; i < group->nhp + group->ahp + group->alp; i++)
        print_error("%s %s\n", prompts_kind_name(group->prompt[i].kind), group->prompt[i].text);
    fail_msg("group '%s' has no %s '%s'", group->name, prompts_kind_name(kind), text);
}

static void groups_and_prompts_are_those_of_the_method(void **state)
{
    (void)state;
    prompts_mfsc_t mfsc = read_edited(NULL, 0);
    prompts_options_t options = prompts_options_default();
    options.n_ahp = 100;
    prompts_set_t set = make_set(&mfsc, &options, &KEY);
    assert_int_equal(set.groups, 5); /* C + 3 */
    assert_int_equal(set.background, 2);
    assert_int_equal(set.first_component, 3);
    const char *const names[] = {"image", "foreground", "background", "cap", "bezel"};
    /* states 3; values in the body: red round plastic silver ring-shaped metal; one center one outside; none; 4; 4 */
    const int ahp[] = {9, 7, 1, 7, 7}, placeholders[] = {6, 4, 1, 4, 4};
    for (int g = 0; g < set.groups; g++) {
        assert_string_equal(set.group[g].name, names[g]);
        assert_int_equal(set.group[g].nhp, 1);
        assert_int_equal(set.group[g].ahp, ahp[g]);
        assert_int_equal(set.group[g].alp, 4);
        assert_int_equal(set.group[g].placeholders, placeholders[g]);
    }
    assert_int_equal(set.prompts, 5 * (1 + 4) + 9 + 7 + 1 + 7 + 7);
    check_text(&set.group[0], PROMPTS_AHP,
               "[V]x4 a push button with a crack seen from above, made of a red, round plastic cap inside a silver, "
               "ring-shaped metal bezel, on a plain gray background.");
    check_text(
        &set.group[0], PROMPTS_ALP,
        "[V]x4 a push button seen from above, made of a [a1], [a2] [a3] cap inside a [a4], [a5] [a6] bezel, on a "
        "plain gray background.");
    check_text(&set.group[1], PROMPTS_ALP,
               "[V]x4 the push button has [a1] cap in the [a2] and [a3] bezel at the [a4] "
               "around it.");
    check_text(&set.group[2], PROMPTS_NHP, "[V]x4 plain gray background");
    check_text(&set.group[2], PROMPTS_AHP, "[V]x4 damaged plain gray background");
    check_text(&set.group[2], PROMPTS_ALP, "[V]x4 [a1] plain gray background");
    check_text(&set.group[3], PROMPTS_AHP,
               "[V]x4 a red and round plastic cap with a dent on the rim with a smooth, slightly domed face.");
    check_text(&set.group[4], PROMPTS_ALP, "[V]x4 a [a1], [a2] bezel of [a3] [a4] that runs around the button.");
    assert_string_equal(set.group[4].placeholder[1], "shape 'ring-shaped'");
    assert_string_equal(set.group[2].placeholder[0], "before 'plain gray background'");
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

/* Every AHP and NHP, with V taken out, has the ids of its text. */
static void ids_are_the_texts_with_slots_for_what_is_learned(void **state)
{
    (void)state;
    prompts_mfsc_t mfsc = read_edited(NULL, 0);
    prompts_options_t options = prompts_options_default();
    options.n_pro = 3;
    options.n_ctx_ab = 2;
    prompts_set_t set = make_set(&mfsc, &options, &KEY);
    for (int g = 0; g < set.groups; g++) {
        const prompts_group_t *group = &set.group[g];
        assert_int_equal(group->nhp, 3);
        for (int i = 0; i < group->nhp + group->ahp + group->alp; i++) {
            const prompts_prompt_t *prompt = &group->prompt[i];
            assert_int_equal(prompt->copy, i % 3);
            assert_int_equal(prompt->ids[0], tokenizer_sot(tokenizer));
            assert_int_equal(prompt->ids[prompt->length - 1], tokenizer_eot(tokenizer));
            for (int k = 0; k < 4; k++) {
                assert_int_equal(prompt->ids[1 + k], CLIP_SLOT(prompt->copy * 4 + k));
                assert_int_equal(set.slot[prompt->copy * 4 + k].vector, (prompt->copy * 4 + k) * WIDTH);
                assert_int_equal(set.slot[prompt->copy * 4 + k].gate, -1);
            }
            int learnable = 0;
            for (int l = 5; l < prompt->length; l++) {
                if (prompt->ids[l] >= 0) continue;
                learnable++;
                assert_in_range(CLIP_SLOT(prompt->ids[l]), 12, set.slots - 1);
                assert_int_equal(set.slot[CLIP_SLOT(prompt->ids[l])].gate >= 0, group->level == PROMPTS_COMPONENT);
            }
            assert_int_equal(learnable, prompt->kind == PROMPTS_ALP ? 2 * group->placeholders : 0);
            if (prompt->kind == PROMPTS_ALP) continue;
            int want[CONTEXT], length = 0;
            assert_int_equal(tokenizer_encode(want, &length, tokenizer, prompt->text + strlen("[V]x4 ")), ST_OK);
            assert_int_equal(prompt->length, length + 4);
            assert_memory_equal(prompt->ids + 5, want + 1, (size_t)(length - 1) * sizeof *want);
        }
    }
    /* no vector belongs to two ALPs, every vector of the block is used, gates are shared */
    int *owner = calloc((size_t)set.parameter_count, sizeof *owner);
    int number = 0;
    for (int g = 0; g < set.groups; g++) {
        const prompts_group_t *group = &set.group[g];
        for (int i = group->nhp + group->ahp; i < group->nhp + group->ahp + group->alp; i++) {
            number++;
            for (int l = 5; l < group->prompt[i].length; l++) {
                if (group->prompt[i].ids[l] >= 0) continue;
                const prompts_slot_t *slot = &set.slot[CLIP_SLOT(group->prompt[i].ids[l])];
                for (int d = 0; d < WIDTH; d++) {
                    int *o = &owner[slot->vector + d];
                    assert_int_equal(*o, 0);
                    *o = number;
                }
                if (slot->gate >= 0) owner[slot->gate] = -1;
            }
        }
    }
    int64_t end = 0;
    for (int i = 0; i < set.parameters; i++) {
        const prompts_parameter_t *row = &set.parameter[i];
        assert_int_equal(row->offset, end);
        int64_t count = 1;
        for (int d = 0; d < row->ndim; d++) count *= row->shape[d];
        end += count;
        for (int64_t k = row->offset; row->group >= 0 && k < end; k++)
            assert_true(row->ndim == 1 ? owner[k] == -1 : owner[k] > 0);
    }
    assert_int_equal(end, set.parameter_count);
    free(owner);
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

static void without_learning_prompts_are_plain_text(void **state)
{
    (void)state;
    prompts_mfsc_t mfsc = read_edited(NULL, 0);
    prompts_options_t options = prompts_options_default();
    options.learn = false;
    options.n_pro = 3;
    prompts_set_t set = make_set(&mfsc, &options, &KEY);
    assert_int_equal(set.parameter_count, 0);
    for (int g = 0; g < set.groups; g++) {
        const prompts_group_t *group = &set.group[g];
        assert_int_equal(group->nhp, 1);
        assert_int_equal(group->alp, 0);
        assert_int_equal(group->ahp, g == 2 ? 1 : g == 0 ? 8 : 7);
        for (int i = 0; i < 1 + group->ahp; i++) {
            int want[CONTEXT], length = 0;
            assert_int_equal(tokenizer_encode(want, &length, tokenizer, group->prompt[i].text), ST_OK);
            assert_int_equal(group->prompt[i].length, length);
            assert_memory_equal(group->prompt[i].ids, want, (size_t)length * sizeof *want);
        }
    }
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

static void replaced_values_are_drawn_by_the_seed(void **state)
{
    (void)state;
    prompts_mfsc_t mfsc = read_edited(NULL, 0);
    prompts_options_t options = prompts_options_default();
    options.n_ahp = 5; /* 3 states and 2 of the values */
    options.ahp_order = PROMPTS_STATES;
    prompts_key_t other_head = KEY, other_seed = KEY;
    other_head.head = "image";
    prompts_set_t a = make_set(&mfsc, &options, &KEY), b = make_set(&mfsc, &options, &other_head);
    int differing = 0;
    for (int g = 0; g < a.groups; g++) {
        assert_int_equal(a.group[g].ahp, g == 2 ? 1 : 5);
        for (int i = 0; i < 1 + a.group[g].ahp; i++)
            assert_string_equal(a.group[g].prompt[i].text, b.group[g].prompt[i].text);
        for (int i = 1; i <= 3 && g != 2; i++)
            assert_non_null(strstr(a.group[g].prompt[i].text, mfsc.state[i - 1].text + 3));
    }
    for (uint64_t seed = 1; seed < 6; seed++) {
        other_seed.seed = seed;
        prompts_set_t c = make_set(&mfsc, &options, &other_seed);
        for (int i = 4; i <= 5; i++) differing += strcmp(a.group[3].prompt[i].text, c.group[3].prompt[i].text) != 0;
        prompts_set_free(&c);
    }
    assert_true(differing > 5);
    prompts_set_free(&a);
    prompts_set_free(&b);
    prompts_mfsc_free(&mfsc);
}

static void a_joined_value_is_replaced_by_one_that_it_does_not_hold(void **state)
{
    (void)state;
    const edit_t edits[] = {{"\"color\": \"red\"", "\"color\": \"red or green with white\""},
                            {"a red and round plastic cap", "a red or green with white, round plastic cap"}};
    prompts_mfsc_t mfsc = read_edited(edits, 2);
    prompts_options_t options = prompts_options_default();
    options.n_ahp = 100;
    prompts_key_t key = KEY;
    for (key.seed = 0; key.seed < 40; key.seed++) {
        prompts_set_t set = make_set(&mfsc, &options, &key);
        int colors = 0;
        for (int i = 0; i < set.group[3].ahp; i++) {
            const char *text = set.group[3].prompt[1 + i].text;
            if (strstr(text, "[V]x4 a red or green with white, round plastic cap") == text) continue;
            colors += strstr(text, ", round plastic cap with a smooth, slightly") != NULL;
            if (strstr(text, ", round plastic cap with a smooth, slightly") != NULL)
                assert_true(strstr(text, "red") == NULL && strstr(text, "green") == NULL &&
                            strstr(text, "white") == NULL);
        }
        assert_int_equal(colors, 1);
        prompts_set_free(&set);
    }
    /* with nothing else to draw it is negated */
    prompts_vocabulary_t small = vocabulary;
    const char *reds[] = {"green", "red", "white"};
    small.base[PROMPTS_COLOR] = (prompts_values_t){.count = 3, .value = reds};
    prompts_set_t set;
    assert_int_equal(prompts_set_init(&set, &mfsc, &small, tokenizer, &options, &KEY, WIDTH), ST_OK);
    check_text(&set.group[3], PROMPTS_AHP,
               "[V]x4 a not red or green with white, round plastic cap with a smooth, slightly domed face.");
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

static void one_component_without_background_has_three_groups(void **state)
{
    (void)state;
    const edit_t edits[] = {
        {"\"background\": \"plain gray\"", "\"background\": \"none\""},
        {",\n                 {\"name\": \"bezel\", \"number\": \"one\", \"location\": \"outside\"}", ""},
        {",\n  {\"name\": \"bezel\", \"caption\": \"a silver, ring-shaped bezel of glossy metal that runs around the "
         "button.\",\n   \"attributes\": {\"color\": \"silver\", \"texture\": \"glossy\", \"shape\": \"ring-shaped\", "
         "\"material\": \"metal\"}}",
         ""},
    };
    prompts_mfsc_t with_background = read_edited(edits + 1, 2), mfsc = read_edited(edits, 3);
    prompts_options_t options = prompts_options_default();
    prompts_set_t set = make_set(&mfsc, &options, &KEY), four = make_set(&with_background, &options, &KEY);
    assert_int_equal(set.groups, 3); /* C + 2 */
    assert_int_equal(four.groups, 4);
    assert_int_equal(set.background, -1);
    assert_int_equal(set.first_component, 2);
    assert_string_equal(set.group[2].name, "cap");
    /* the draws of the other groups do not depend on the background */
    for (int i = 0; i < 1 + set.group[2].ahp; i++)
        assert_string_equal(set.group[2].prompt[i].text, four.group[3].prompt[i].text);
    prompts_set_free(&set);
    prompts_set_free(&four);
    prompts_mfsc_free(&mfsc);
    prompts_mfsc_free(&with_background);
}

static void six_components_have_nine_groups(void **state)
{
    (void)state;
    char parts[2048] = "", captions[4096] = "", summary[1024] = "a push button on a plain gray background with a cap",
         relation[1024] = "the push button has one cap in the center";
    for (int c = 0; c < 5; c++) {
        const char *name = (const char *[]){"pin", "pin row", "long pin row", "lid", "foot"}[c];
        snprintf(parts + strlen(parts), sizeof parts - strlen(parts),
                 ", {\"name\": \"%s\", \"number\": \"one\", \"location\": \"top\"}", name);
        snprintf(captions + strlen(captions), sizeof captions - strlen(captions),
                 ", {\"name\": \"%s\", \"caption\": \"the %s is made of metal.\", \"attributes\": {\"material\": "
                 "\"metal\"}}",
                 name, name);
        snprintf(summary + strlen(summary), sizeof summary - strlen(summary), ", a %s", name);
        snprintf(relation + strlen(relation), sizeof relation - strlen(relation), ", one %s at the top", name);
    }
    const edit_t edits[] = {
        {"a push button seen from above, made of a red, round plastic cap inside a silver, ring-shaped metal bezel, on "
         "a plain gray background.",
         summary},
        {"the push button has one cap in the center and one bezel at the outside around it.", relation},
        {",\n                 {\"name\": \"bezel\", \"number\": \"one\", \"location\": \"outside\"}", parts},
        {",\n  {\"name\": \"bezel\", \"caption\": \"a silver, ring-shaped bezel of glossy metal that runs around the "
         "button.\",\n   \"attributes\": {\"color\": \"silver\", \"texture\": \"glossy\", \"shape\": \"ring-shaped\", "
         "\"material\": \"metal\"}}",
         captions},
    };
    prompts_mfsc_t mfsc = read_edited(edits, 4);
    prompts_options_t options = prompts_options_default();
    prompts_set_t set = make_set(&mfsc, &options, &KEY);
    assert_int_equal(set.groups, 9);
    assert_int_equal(set.group[1].placeholders, 12); /* every "one" and every "top" has its own place */
    check_text(&set.group[6], PROMPTS_AHP, "[V]x4 the long pin row with a crack is made of metal.");
    check_text(&set.group[4], PROMPTS_AHP, "[V]x4 the pin with a crack is made of metal.");
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

/* A noun inside a longer name: the state goes to the free one. */
static void a_state_goes_to_the_noun_and_not_into_a_longer_name(void **state)
{
    (void)state;
    const edit_t edits[] = {
        {"{\"name\": \"bezel\", \"number\"", "{\"name\": \"push button ring\", \"number\""},
        {"{\"name\": \"bezel\", \"caption\"", "{\"name\": \"push button ring\", \"caption\""},
        {"a push button seen from above, made of a red, round plastic cap inside a silver, ring-shaped metal bezel",
         "a push button ring of metal around the cap of a push button"},
        {"the push button has one cap in the center and one bezel at the outside",
         "one push button ring at the outside of the push button and one cap in the center"},
        {"ring-shaped bezel", "ring-shaped push button ring"},
    };
    prompts_mfsc_t mfsc = read_edited(edits, 5);
    prompts_options_t options = prompts_options_default();
    prompts_set_t set = make_set(&mfsc, &options, &KEY);
    check_text(&set.group[0], PROMPTS_AHP,
               "[V]x4 a push button ring of metal around the cap of a push button with scratches, on a plain gray "
               "background.");
    check_text(&set.group[1], PROMPTS_AHP,
               "[V]x4 one push button ring at the outside of the push button with a crack and one cap in the center "
               "around it.");
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

/* The same in a component's caption, where the longer name is another component's, or the whole object's. */
static void a_caption_may_name_other_parts_before_its_own(void **state)
{
    (void)state;
    const edit_t edits[] = {
        {"{\"name\": \"bezel\", \"number\"", "{\"name\": \"cap ring\", \"number\""},
        {"{\"name\": \"bezel\", \"caption\"", "{\"name\": \"cap ring\", \"caption\""},
        {"metal bezel", "metal cap ring"},
        {"one bezel", "one cap ring"},
        {"ring-shaped bezel", "ring-shaped cap ring"},
        {"a red and round plastic cap with", "inside its cap ring sits a red and round plastic cap with"},
    };
    prompts_mfsc_t mfsc = read_edited(edits, 6);
    prompts_options_t options = prompts_options_default();
    prompts_set_t set = make_set(&mfsc, &options, &KEY);
    check_text(
        &set.group[3], PROMPTS_AHP,
        "[V]x4 inside its cap ring sits a red and round plastic cap with a crack with a smooth, slightly domed face.");
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

/* "red" is the cap's colour and, here, its name: the noun stays a noun. */
static void a_value_that_is_the_noun_is_replaced_elsewhere_or_not_at_all(void **state)
{
    (void)state;
    const edit_t edits[] = {
        {"\"name\": \"cap\", \"number\"", "\"name\": \"red\", \"number\""},
        {"\"name\": \"cap\", \"caption\"", "\"name\": \"red\", \"caption\""},
        {"one cap", "one red"},
        {"a red and round plastic cap with", "the red is red and round plastic with"},
    };
    prompts_mfsc_t mfsc = read_edited(edits, 4);
    prompts_options_t options = prompts_options_default();
    prompts_set_t set = make_set(&mfsc, &options, &KEY);
    check_text(&set.group[1], PROMPTS_ALP,
               "[V]x4 the push button has [a1] red in the [a2] and [a3] bezel at the [a4] around it.");
    check_text(&set.group[3], PROMPTS_ALP, "[V]x4 the red is [a1] and [a2] [a3] with a [a4], slightly domed face.");
    check_text(&set.group[3], PROMPTS_AHP,
               "[V]x4 the red with a crack is red and round plastic with a smooth, slightly domed face.");
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

static void a_value_of_two_attributes_stands_for_the_first_of_them(void **state)
{
    (void)state;
    char path[600];
    char *text;
    prompts_vocabulary_t own;
    prompts_mfsc_t mfsc;
    prompts_set_t set;
    assert_int_equal(io_read_text(&text, FGAD_SOURCE_DIR "/datasets/mfsc/vocabulary.json"), ST_OK);
    char *at = strstr(text, "\"smooth\"");
    assert_non_null(at);
    snprintf(path, sizeof path, "%s/vocabulary.json", check_temp_dir("prompts_two"));
    FILE *file = fopen(path, "wb");
    fprintf(file, "%.*s\"plastic\", %s", (int)(at - text), text, at);
    assert_int_equal(fclose(file), 0);
    free(text);
    check_error(prompts_vocabulary_read(&own, path), ST_OK, "");
    const edit_t edits[] = {{"\"texture\": \"smooth\"", "\"texture\": \"plastic\""}};
    check_error(prompts_mfsc_read(&mfsc, write_push_button(check_temp_dir("prompts_two"), edits, 1), &own), ST_OK, "");
    prompts_options_t options = prompts_options_default();
    check_error(prompts_set_init(&set, &mfsc, &own, tokenizer, &options, &KEY, WIDTH), ST_OK, "");
    assert_int_equal(set.group[3].placeholders, 3);
    assert_string_equal(set.group[3].placeholder[2], "texture 'plastic'");
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
    prompts_vocabulary_free(&own);
}

static void a_value_may_begin_the_sentence(void **state)
{
    (void)state;
    const edit_t edits[] = {{"a red and round plastic cap with", "red and round plastic cap with"}};
    prompts_mfsc_t mfsc = read_edited(edits, 1);
    prompts_options_t options = prompts_options_default();
    prompts_set_t set = make_set(&mfsc, &options, &KEY);
    check_text(&set.group[3], PROMPTS_ALP, "[V]x4 [a1] and [a2] [a3] cap with a [a4], slightly domed face.");
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

/* Results name a seed, so what a seed draws must be the same in every later version. */
static void the_draws_of_a_seed_never_change(void **state)
{
    (void)state;
    prompts_mfsc_t mfsc = read_edited(NULL, 0);
    prompts_options_t options = prompts_options_default();
    options.n_ahp = 100;
    prompts_set_t set = make_set(&mfsc, &options, &KEY);
    static const char *const cap[] = {
        "[V]x4 a red and conical plastic cap with a smooth, slightly domed face.",
        "[V]x4 a red and round plastic cap with a dent on the rim with a smooth, slightly domed face.",
        "[V]x4 a gray and round plastic cap with a smooth, slightly domed face.",
        "[V]x4 a red and round plastic cap with scratches with a smooth, slightly domed face.",
        "[V]x4 a red and round foam cap with a smooth, slightly domed face."};
    for (int i = 0; i < 5; i++) assert_string_equal(set.group[3].prompt[1 + i].text, cap[i]);
    assert_string_equal(set.group[1].prompt[1].text,
                        "[V]x4 the push button has one cap in the center and many bezels at the outside around it.");
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

static void a_caption_longer_than_the_context_is_cut_and_keeps_its_abnormal_prompts_apart(void **state)
{
    (void)state;
    char longer[900] = "a push button with a cap and a bezel";
    for (int i = 0; i < 30; i++) snprintf(longer + strlen(longer), sizeof longer - strlen(longer), " quite odd");
    snprintf(
        longer + strlen(longer), sizeof longer - strlen(longer),
        ", made of a red, round plastic cap inside a silver, ring-shaped metal bezel, on a plain gray background.");
    const edit_t edits[] = {
        {"a push button seen from above, made of a red, round plastic cap inside a silver, ring-shaped metal bezel, on "
         "a plain gray background.",
         longer}};
    prompts_mfsc_t mfsc = read_edited(edits, 1);
    prompts_options_t options = prompts_options_default();
    options.n_ahp = 100;
    prompts_set_t set = make_set(&mfsc, &options, &KEY);
    const prompts_group_t *group = &set.group[0];
    assert_int_equal(group->ahp, 3); /* the states: the values lie behind the end */
    assert_int_equal(group->placeholders, 1);
    assert_string_equal(group->placeholder[0], "before 'push button'");
    assert_int_equal(set.max_length, CONTEXT);
    int ids[CONTEXT], count = 0;
    assert_int_equal(tokenizer_pieces(ids, &count, CONTEXT, tokenizer, longer), ST_OK);
    assert_true(count > CONTEXT);
    assert_memory_equal(group->prompt[0].ids + 5, ids, (CONTEXT - 6) * sizeof *ids); /* SOT, V; EOT */
    for (int i = 0; i < group->nhp + group->ahp + group->alp; i++) {
        const prompts_prompt_t *prompt = &group->prompt[i];
        assert_int_equal(prompt->length, CONTEXT);
        assert_int_equal(prompt->ids[CONTEXT - 1], tokenizer_eot(tokenizer));
        for (int j = 0; j < i && prompt->kind != PROMPTS_ALP; j++)
            assert_memory_not_equal(prompt->ids, group->prompt[j].ids, CONTEXT * sizeof(int));
    }
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    prompts_mfsc_t mfsc = read_edited(NULL, 0);
    prompts_options_t options = prompts_options_default();
    prompts_set_t set;
    options.n_ahp = 0;
    check_error(prompts_set_init(&set, &mfsc, &vocabulary, tokenizer, &options, &KEY, WIDTH), ST_EFORMAT,
                "n_ahp is 0, expected 1 to 4096");
    prompts_set_free(&set);
    const struct {
        size_t offset;
        int below, above;
        const char *message;
    } bounds[] = {{offsetof(prompts_options_t, n_ahp), 0, 4097, "expected 1 to 4096"},
                  {offsetof(prompts_options_t, n_ab), -1, 4097, "expected 0 to 4096"},
                  {offsetof(prompts_options_t, n_ctx), -1, 65, "expected 0 to 64"},
                  {offsetof(prompts_options_t, n_ctx_ab), 0, 65, "expected 1 to 64"},
                  {offsetof(prompts_options_t, n_pro), 0, 1025, "expected 1 to 1024"}};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        for (int side = 0; side < 2; side++) {
            options = prompts_options_default();
            *(int *)(void *)((char *)&options + bounds[i].offset) = side ? bounds[i].above : bounds[i].below;
            check_error(prompts_set_init(&set, &mfsc, &vocabulary, tokenizer, &options, &KEY, WIDTH), ST_EFORMAT,
                        bounds[i].message);
            prompts_set_free(&set);
        }
    }
    options = prompts_options_default();
    assert_true(options.learn && !options.image_only && options.n_ahp == 8 && options.n_ab == 4);
    assert_true(options.n_ctx == 4 && options.n_ctx_ab == 1 && options.n_pro == 1); /* METHOD.md 5 */
    assert_string_equal(options.ctx_init, "random");
    options.n_ahp = 4096;
    check_error(prompts_set_init(&set, &mfsc, &vocabulary, tokenizer, &options, &KEY, WIDTH), ST_OK, "");
    prompts_set_free(&set);
    options = prompts_options_default();
    options.ctx_init = "!!! !";
    check_error(prompts_set_init(&set, &mfsc, &vocabulary, tokenizer, &options, &KEY, WIDTH), ST_EFORMAT,
                "tokens, expected 4, one a vector of V");
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_and_prompts_are_those_of_the_method),
        cmocka_unit_test(ids_are_the_texts_with_slots_for_what_is_learned),
        cmocka_unit_test(without_learning_prompts_are_plain_text),
        cmocka_unit_test(replaced_values_are_drawn_by_the_seed),
        cmocka_unit_test(a_joined_value_is_replaced_by_one_that_it_does_not_hold),
        cmocka_unit_test(one_component_without_background_has_three_groups),
        cmocka_unit_test(six_components_have_nine_groups),
        cmocka_unit_test(a_state_goes_to_the_noun_and_not_into_a_longer_name),
        cmocka_unit_test(a_caption_may_name_other_parts_before_its_own),
        cmocka_unit_test(a_value_that_is_the_noun_is_replaced_elsewhere_or_not_at_all),
        cmocka_unit_test(a_value_of_two_attributes_stands_for_the_first_of_them),
        cmocka_unit_test(a_value_may_begin_the_sentence),
        cmocka_unit_test(the_draws_of_a_seed_never_change),
        cmocka_unit_test(a_caption_longer_than_the_context_is_cut_and_keeps_its_abnormal_prompts_apart),
        cmocka_unit_test(wrong_options_are_named),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
