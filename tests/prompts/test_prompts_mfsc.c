#include "prompts/push_button.h"

#include "io/io.h"
#include "prompts/prompts.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define VOCABULARY FGAD_SOURCE_DIR "/datasets/mfsc/vocabulary.json"

static prompts_vocabulary_t vocabulary;

static int open_vocabulary(void **state)
{
    (void)state;
    return prompts_vocabulary_read(&vocabulary, VOCABULARY) == ST_OK ? 0 : -1;
}

static int close_vocabulary(void **state)
{
    (void)state;
    prompts_vocabulary_free(&vocabulary);
    return 0;
}

static void own_dir(char out[512])
{
    snprintf(out, 512, "%s/own", check_temp_dir("mfsc"));
    assert_int_equal(io_make_dirs(out), ST_OK);
}

static void a_caption_is_read_whole(void **state)
{
    (void)state;
    char dir[512];
    own_dir(dir);
    prompts_mfsc_t mfsc;
    if (prompts_mfsc_read(&mfsc, write_push_button(dir, NULL, 0), &vocabulary) != ST_OK) fail_msg("%s", fail_message());
    assert_string_equal(mfsc.category, "push_button");
    assert_string_equal(mfsc.dataset, "own");
    assert_string_equal(mfsc.foreground, "push button");
    assert_string_equal(mfsc.background, "plain gray");
    assert_int_equal(mfsc.components, 2);
    assert_string_equal(mfsc.component[1].name, "bezel");
    assert_string_equal(mfsc.component[1].value[PROMPTS_SHAPE], "ring-shaped");
    assert_string_equal(mfsc.component[1].value[PROMPTS_LOCATION], "outside");
    assert_null(mfsc.component[1].value[PROMPTS_DIRECTION]);
    assert_int_equal(mfsc.states, 3);
    assert_string_equal(mfsc.state[1].text, "{} with a crack");
    assert_int_equal(mfsc.state[1].of, 0);
    assert_string_equal(mfsc.component[1].plural, "bezels");
    prompts_mfsc_free(&mfsc);
    const edit_t none[] = {{"\"background\": \"plain gray\"", "\"background\": \"none\""}};
    assert_int_equal(prompts_mfsc_read(&mfsc, write_push_button(dir, none, 1), &vocabulary), ST_OK);
    assert_null(mfsc.background);
    prompts_mfsc_free(&mfsc);
}

static void every_complaint_names_file_field_and_value(void **state)
{
    (void)state;
    const struct {
        edit_t edit;
        const char *complaint;
    } cases[] = {
        {{"\"dataset\": \"own\",", "\"dataset\": \"own\", \"colour\": 1,"}, "unknown key 'colour'"},
        {{"\"summary\"", "\"sumary\""}, "image: unknown key 'sumary' (did you mean 'summary'?)"},
        {{"\"summary\"", "\"sumary\""}, "image.summary: is missing"},
        {{"\"material\": \"plastic\"", "\"materiel\": \"plastic\""},
         "components[0].attributes: unknown key 'materiel' (did you mean 'material'?)"},
        {{"\"dataset\": \"own\"", "\"dataset\": 7"}, "dataset: not a text"},
        {{"\"image\": {", "\"image\": 3, \"unused\": {"}, "image: not an object"},
        {{"a push button seen", "A push button seen"}, "image.summary: 'A push button seen"},
        {{"a push button seen", "a  push button seen"}, "needs single spaces between its words"},
        {{"\"color\": \"red\"", "\"color\": \"red and\""}, "components[0].attributes.color: 'red and' is not a value"},
        {{"{\"name\": \"bezel\", \"caption\"", "{\"name\": \"cap\", \"caption\""},
         "components[1].name: 'cap' is components[0]'s name too"},
        {{"{} with a crack", "with a crack"}, "abnormal_states[1]: 'with a crack' needs exactly one {}"},
        {{"{} with a crack", "{} with {}"}, "abnormal_states[1]: '{} with {}' needs exactly one {}"},
        {{"{} with a crack", "{} with scratches"}, "abnormal_states[1]: '{} with scratches' is there twice"},
        {{"\"abnormal_states\": [", "\"abnormal_states\": [], \"x\": ["},
         "abnormal_states: has 0 entries, expected 1 to 32"},
        {{"{\"name\": \"cap\", \"number\"", "{\"name\": \"lid\", \"number\""},
         "components[0].name: 'cap', but foreground.components[0].name is 'lid'"},
        {{",\n                 {\"name\": \"bezel\", \"number\": \"one\", \"location\": \"outside\"}", ""},
         "components: has 2 entries, foreground.components has 1"},
        {{"\"color\": \"red\"", "\"color\": \"rad\""},
         "components[0].attributes.color: 'rad' is no base value of 'color' in the vocabulary (did you mean 'red'?)"},
        {{"\"number\": \"one\"", "\"number\": \"thirteen\""},
         "foreground.components[0].number: 'thirteen' is no base value of 'number'"},
        {{"\"color\": \"red\"", "\"color\": \"blue\""},
         "components[0].caption: lacks 'blue' (components[0].attributes.color) as whole words"},
        {{"cap in the center", "cap in the centers"},
         "foreground.relation: lacks 'center' (foreground.components[0].location)"},
        {{"silver, ring-shaped bezel", "silver, big-ring-shaped bezel"},
         "components[1].caption: lacks 'ring-shaped' (components[1].attributes.shape)"},
        {{"plastic cap inside", "plastic lid inside"}, "image.summary: lacks 'cap' (components[0].name)"},
        {{"on a plain gray background", "on a gray background"},
         "image.summary: lacks 'plain gray' (image.background)"},
        {{"the push button has", "the button has"}, "foreground.relation: lacks 'push button' (image.foreground)"},
        {{"\"category\": \"push_button\"", "\"category\": \"button\""},
         "category: 'button', but the file is called 'push_button.json'"},
        {{"\"category\": \"push_button\"", "\"category\": \"push_botton\""},
         "category: 'push_botton', but the file is called 'push_button.json'"},
        {{"\"dataset\": \"own\"", "\"dataset\": \"her\""}, "dataset: 'her', but the folder is called 'own'"},
        {{"\"dataset\": \"own\"", "\"dataset\": \"mvtec\""}, "dataset: 'mvtec', but the folder is called 'own'"},
        {{"\"{} with a crack\"", "{\"state\": \"{} with a crack\", \"of\": [\"caps\"]}"},
         "abnormal_states[1].of: 'caps' is neither a component nor foreground or background (did you mean 'cap'?)"},
        {{"with a smooth, slightly", "without a scratch, smooth, slightly"},
         "components[0].caption: 'without' says what is not there"},
        {{"\"color\": \"red\"",
          "\"color\": \"red red red red red red red red red red red red red red red red red red red red red\""},
         "components[0].attributes.color: 'red red"},
        {{"\"color\": \"red\"",
          "\"color\": \"red red red red red red red red red red red red red red red red red red red red red\""},
         "is longer than a field of its kind may be"},
        {{"{\"category\"", "{category"}, "push_button.json"},
    };
    char dir[512];
    own_dir(dir);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = write_push_button(dir, &cases[i].edit, 1);
        prompts_report_t report;
        assert_int_equal(prompts_mfsc_check(&report, path, &vocabulary, true), ST_OK);
        bool found = false;
        for (int k = 0; k < report.count; k++)
            found = found || (strstr(report.line[k], cases[i].complaint) != NULL &&
                              strstr(report.line[k], "push_button.json'") != NULL);
        if (!found) {
            for (int k = 0; k < report.count; k++) print_error("got: %s\n", report.line[k]);
            fail_msg("no complaint '%s'", cases[i].complaint);
        }
        prompts_report_free(&report);
    }
}

static void reading_an_unfit_file_gives_the_first_complaint_and_the_count(void **state)
{
    (void)state;
    char dir[512];
    own_dir(dir);
    const edit_t edits[] = {{"\"color\": \"red\"", "\"color\": \"rad\""}};
    prompts_mfsc_t mfsc;
    status_t status = prompts_mfsc_read(&mfsc, write_push_button(dir, edits, 1), &vocabulary);
    check_error(status, ST_EFORMAT,
                "'rad' is no base value of 'color' in the vocabulary (did you mean 'red'?); there are: black, white,");
    prompts_mfsc_free(&mfsc);
    status = prompts_mfsc_read(&mfsc, "/nowhere/x.json", &vocabulary);
    assert_int_not_equal(status, ST_OK);
    assert_int_not_equal(status, ST_EFORMAT);
    assert_non_null(strstr(fail_message(), "/nowhere/x.json"));
    prompts_mfsc_free(&mfsc);
}

/* "pin" in "pin row" is the row's: the longer text is looked for first. */
static void a_name_inside_another_name_needs_its_own_place(void **state)
{
    (void)state;
    char dir[512];
    own_dir(dir);
    const edit_t names[] = {
        {"{\"name\": \"bezel\", \"number\"", "{\"name\": \"cap ring\", \"number\""},
        {"{\"name\": \"bezel\", \"caption\"", "{\"name\": \"cap ring\", \"caption\""},
        {"metal bezel", "metal cap ring"},
        {"one bezel", "one cap ring"},
        {"ring-shaped bezel", "ring-shaped cap ring"},
        {"one cap in the center", "one knob in the center"},
    };
    prompts_report_t report;
    assert_int_equal(prompts_mfsc_check(&report, write_push_button(dir, names, 5), &vocabulary, true), ST_OK);
    for (int k = 0; k < report.count; k++) print_error("%s\n", report.line[k]);
    assert_int_equal(report.count, 0);
    prompts_report_free(&report);
    assert_int_equal(prompts_mfsc_check(&report, write_push_button(dir, names, 6), &vocabulary, true), ST_OK);
    assert_int_equal(report.count, 1);
    assert_non_null(strstr(report.line[0], "foreground.relation: lacks 'cap' (components[0].name)"));
    prompts_report_free(&report);
}

static void joined_values_are_members_by_their_parts(void **state)
{
    (void)state;
    char dir[512];
    own_dir(dir);
    const edit_t good[] = {{"\"color\": \"red\"", "\"color\": \"red or green with white\""},
                           {"a red and round plastic cap", "a red or green with white, round plastic cap"}};
    prompts_report_t report;
    assert_int_equal(prompts_mfsc_check(&report, write_push_button(dir, good, 2), &vocabulary, true), ST_OK);
    assert_int_equal(report.count, 0);
    prompts_report_free(&report);
    const edit_t bad[] = {{"\"color\": \"red\"", "\"color\": \"red or steel\""},
                          {"a red and round plastic cap", "a red or steel, round plastic cap"}};
    assert_int_equal(prompts_mfsc_check(&report, write_push_button(dir, bad, 2), &vocabulary, true), ST_OK);
    assert_int_equal(report.count, 1);
    assert_non_null(strstr(report.line[0], "'steel' is no base value of 'color'"));
    prompts_report_free(&report);
}

#define BASE(color) "{\"version\": 1, \"base\": {" color "}}"
#define WITH(more)                                                                                                     \
    "{\"version\": 1, \"base\": {\"color\": [\"red\"], \"texture\": [\"smooth\"], \"shape\": [\"round\"], "            \
    "\"material\": "                                                                                                   \
    "[\"metal\"], \"direction\": [\"vertical\"], \"number\": [\"one\"], \"location\": [\"top\"]}, " more "}"
static void wrong_vocabularies_are_refused(void **state)
{
    (void)state;
    char path[600];
    snprintf(path, sizeof path, "%s/vocabulary.json", check_temp_dir("vocabulary"));
    const struct {
        const char *text, *message;
    } cases[] = {
        {"[]", "not an object"},
        {"{\"basis\": {}}", "unknown key 'basis' (did you mean 'base'?)"},
        {"{\"base\": {}}", "version: expected a number from 1 on"},
        {"{\"version\": 1.5, \"base\": {}}", "version: expected a number from 1 on"},
        {"{\"version\": 1}", "the key 'base' is missing"},
        {BASE("\"color\": [\"red\"], \"colour\": []"), "base: unknown key 'colour' (did you mean 'color'?)"},
        {BASE("\"color\": [\"red\"]"), "the key 'base.texture' is missing"},
        {BASE("\"color\": [\"red\", \"Dark\"]"), "base.color[1]: 'Dark' is not a base value"},
        {BASE("\"color\": [\"red\", \"red\"]"), "base.color[1]: 'red' is there twice"},
        {BASE("\"color\": \"red\""), "base.color: not a list"},
        {BASE("\"color\": []"), "base.color: not a list of 1 or more values"},
        {BASE("\"color\": [7]"), "base.color[0]: '(not a text)' is not a base value"},
        {WITH("\"extra\": {\"color\": [\"red\"]}"), "extra.color[0]: 'red' is a base value, too"},
        {WITH("\"synonyms\": {\"color\": [[\"red\"]]}"), "synonyms.color[0]: not a list of 2 or more values"},
        {WITH("\"synonyms\": {\"color\": [[\"red\", \"rod\"]]}"),
         "synonyms.color[0][1]: 'rod' is neither a base nor an extra value of 'color'"},
        {WITH("\"synonyms\": {\"color\": \"red\"}"), "synonyms.color: not a list of lists"},
        {WITH("\"prepositions\": []"), "prepositions: not an object"},
        {WITH("\"prepositions\": {\"peak\": \"at\"}"), "prepositions: 'peak' is neither a base nor an extra location"},
        {WITH("\"prepositions\": {\"top\": 3}"), "prepositions.top: not a word"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        FILE *file = fopen(path, "wb");
        fputs(cases[i].text, file);
        assert_int_equal(fclose(file), 0);
        prompts_vocabulary_t wrong;
        check_error(prompts_vocabulary_read(&wrong, path), ST_EFORMAT, cases[i].message);
        prompts_vocabulary_free(&wrong);
    }
}

/* No answer at all would leave nothing to complain about. */
static void a_draft_that_may_not_ask_once_is_a_broken_promise(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        int answers;
        const prompts_draft_t draft = {.category = "knob", .dataset = "own", .retries = -1};
        prompts_mfsc_draft(&answers, "nowhere.json", &draft, &vocabulary);
        _exit(0);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caption_is_read_whole),
        cmocka_unit_test(every_complaint_names_file_field_and_value),
        cmocka_unit_test(reading_an_unfit_file_gives_the_first_complaint_and_the_count),
        cmocka_unit_test(a_name_inside_another_name_needs_its_own_place),
        cmocka_unit_test(joined_values_are_members_by_their_parts),
        cmocka_unit_test(wrong_vocabularies_are_refused),
        cmocka_unit_test(a_draft_that_may_not_ask_once_is_a_broken_promise),
    };
    return cmocka_run_group_tests(tests, open_vocabulary, close_vocabulary);
}
