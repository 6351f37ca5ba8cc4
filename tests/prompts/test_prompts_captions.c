/* Every caption file of the project is fit. */
#include "support/check.h"

#include "io/io.h"
#include "prompts/prompts.h"

#include <stdio.h>

static void every_caption_file_passes_the_check(void **state)
{
    (void)state;
    prompts_vocabulary_t vocabulary;
    if (prompts_vocabulary_read(&vocabulary, FGAD_SOURCE_DIR "/datasets/mfsc/vocabulary.json") != ST_OK)
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
            complaints += report.count;
            prompts_report_free(&report);
        }
        io_names_free(&names);
    }
    io_names_free(&datasets);
    prompts_vocabulary_free(&vocabulary);
    assert_int_equal(complaints, 0);
    assert_true(files >= 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_caption_file_passes_the_check)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
