/* The readers on real copies, where they are: FGAD_TEST_DATA in the environment, or what configuration found. */
#include "data/data.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *real_data(void)
{
    const char *root = getenv("FGAD_TEST_DATA");
    if (root == NULL || root[0] == '\0') root = FGAD_SHARED_DATA;
    return root[0] != '\0' && io_is_dir(root) ? root : NULL;
}

static void bottle_is_listed_with_all_its_masks(void **state)
{
    char root[1024];
    snprintf(root, sizeof root, "%s/mvtec", (const char *)*state);
    data_category_t bottle;
    if (data_category_read(&bottle, "mvtec", root, "bottle", NULL) != ST_OK) fail_msg("%s", fail_message());
    assert_int_equal(bottle.test_count, 83);
    assert_int_equal(bottle.test_anomalous, 63);
    assert_int_equal(bottle.masks_missing, 0);
    uint8_t *mask;
    int width, height;
    assert_int_equal(data_mask_read(&mask, &width, &height, &bottle, &bottle.test[0]), ST_OK);
    assert_true(width == 900 && height == 900 && memchr(mask, 1, 900 * 900) != NULL);
    free(mask);
    data_category_free(&bottle);
}

static void cashew_without_test_images_is_refused(void **state)
{
    char root[1024];
    snprintf(root, sizeof root, "%s/visa", (const char *)*state);
    data_category_t out;
    check_error(data_category_read(&out, "visa", root, "cashew", NULL), ST_ENOTFOUND, "cashew/test': no such folder");
}

static void leather_opens_without_a_problem_but_its_counts(void **state)
{
    char root[1024];
    snprintf(root, sizeof root, "%s/mvtec", (const char *)*state);
    data_category_t leather;
    data_report_t report;
    assert_int_equal(data_category_read(&leather, "mvtec", root, "leather", NULL), ST_OK);
    assert_int_equal(data_check(&report, &leather), ST_OK);
    assert_int_equal(data_findings_count(&report.findings, DATA_HARM_STOPS, DATA_HARM_LEFT_OUT),
                     report.findings.count[DATA_COUNTS]);
    assert_int_equal(report.images, leather.train_count + leather.test_count);
    assert_int_equal(report.masks, leather.test_anomalous);
    data_report_free(&report);
    data_category_free(&leather);
}

int main(void)
{
    const char *root = real_data();
    if (root == NULL) {
        print_message("no real data: set FGAD_TEST_DATA to a folder with mvtec/bottle, mvtec/leather, visa/cashew\n");
        return 77;
    }
    char text[1024];
    snprintf(text, sizeof text, "%s", root);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(bottle_is_listed_with_all_its_masks, text),
        cmocka_unit_test_prestate(cashew_without_test_images_is_refused, text),
        cmocka_unit_test_prestate(leather_opens_without_a_problem_but_its_counts, text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
