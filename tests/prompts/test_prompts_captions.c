/* Every caption file of the project is fit, and gives prompts. */
#include "support/check.h"

#include "io/io.h"
#include "prompts/prompts.h"

#include <stdio.h>
#include <string.h>

/* All groups, with something to learn in each, and no two equal abnormal texts. */
static void check_prompts(const char *path, const prompts_vocabulary_t *vocabulary, const tokenizer_t *tokenizer)
{
    prompts_mfsc_t mfsc;
    prompts_set_t set;
    prompts_options_t options = prompts_options_default();
    options.n_ahp = 100;
    if (prompts_mfsc_read(&mfsc, path, vocabulary) != ST_OK) fail_msg("%s", fail_message());
    prompts_key_t key = {mfsc.dataset, mfsc.category, 4, 0, "pixel"};
    if (prompts_set_init(&set, &mfsc, vocabulary, tokenizer, &options, &key, 16) != ST_OK)
        fail_msg("%s", fail_message());
    assert_int_equal(set.groups, mfsc.components + (mfsc.background != NULL ? 3 : 2));
    for (int g = 0; g < set.groups; g++) {
        const prompts_group_t *group = &set.group[g];
        assert_int_equal(group->nhp, 1);
        assert_true(group->ahp >= 1);
        assert_int_equal(group->alp, 4);
        assert_true(group->placeholders >= 1);
        for (int i = 0; i < 1 + group->ahp; i++)
            for (int j = 0; j < i; j++)
                if (strcmp(group->prompt[i].text, group->prompt[j].text) == 0)
                    fail_msg("'%s': group '%s' has '%s' twice", path, group->name, group->prompt[i].text);
    }
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
}

static void every_caption_file_passes_the_check(void **state)
{
    (void)state;
    prompts_vocabulary_t vocabulary;
    if (prompts_vocabulary_read(&vocabulary, FGAD_SOURCE_DIR "/datasets/mfsc/vocabulary.json") != ST_OK)
        fail_msg("%s", fail_message());
    tokenizer_t *tokenizer = NULL;
    /* longer than CLIP's 77: the small merges make more tokens of a text */
    if (tokenizer_open(&tokenizer, FGAD_GOLDEN_DIR "/clip/merges-small.txt", 0, 160) != ST_OK)
        fail_msg("%s", fail_message());
    io_names_t datasets = {0};
    assert_int_equal(io_list_dir(&datasets, FGAD_SOURCE_DIR "/datasets/mfsc"), ST_OK);
    int files = 0, complaints = 0;
    for (int d = 0; d < datasets.count; d++) {
        char dir[1024];
        snprintf(dir, sizeof dir, "%s/datasets/mfsc/%s", FGAD_SOURCE_DIR, datasets.name[d]);
        if (!io_is_dir(dir)) continue;
        io_names_t names = {0};
        assert_int_equal(io_list_dir(&names, dir), ST_OK);
        for (int i = 0; i < names.count; i++, files++) {
            char path[2048];
            snprintf(path, sizeof path, "%s/%s", dir, names.name[i]);
            prompts_report_t report;
            if (prompts_mfsc_check(&report, path, &vocabulary, true) != ST_OK) fail_msg("%s", fail_message());
            for (int k = 0; k < report.count; k++) print_error("%s\n", report.line[k]);
            if (report.count == 0) check_prompts(path, &vocabulary, tokenizer);
            complaints += report.count;
            prompts_report_free(&report);
        }
        io_names_free(&names);
    }
    io_names_free(&datasets);
    prompts_vocabulary_free(&vocabulary);
    tokenizer_close(tokenizer);
    assert_int_equal(complaints, 0);
    assert_true(files >= 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_caption_file_passes_the_check)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
