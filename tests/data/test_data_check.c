#include "tree.h"

#include "data/data.h"
#include "support/check.h"

#include <string.h>

static data_report_t check(const char *root, const char *dataset, const char *name)
{
    data_category_t category;
    data_report_t report;
    const data_options_t lenient = {.lenient = true};
    if (data_category_read(&category, dataset, root, name, &lenient) != ST_OK) fail_msg("%s", fail_message());
    assert_int_equal(data_check(&report, &category), ST_OK);
    data_category_free(&category);
    return report;
}

static bool names(const data_report_t *report, const char *text)
{
    for (int k = 0; k < DATA_KINDS; k++)
        for (int i = 0; i < report->findings.lines[k].count; i++)
            if (strstr(report->findings.lines[k].name[i], text) != NULL) return true;
    return false;
}

/* All but what is odd and harmless. */
static int problems(const data_report_t *report)
{
    return data_findings_count(&report->findings, DATA_HARM_STOPS, DATA_HARM_LEFT_OUT);
}

static void a_whole_category_has_no_problem(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "check");
    tree_mvtec(root);
    data_report_t report = check(root, "demo", "part");
    assert_int_equal(problems(&report), 0);
    assert_int_equal(report.images, 8);
    assert_int_equal(report.masks, 3);
    assert_int_equal(report.expected_train, -1);
    data_report_free(&report);
}

static void every_problem_is_named(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "check_bad");
    tree_mvtec(root);
    tree_text(root, "part/test/good/001.png", "a text file named .png");
    tree_text(root, "part/train/good/001.png", "\x89PNG\r\n\x1a\n and no more");
    tree_image(root, "part/test/good/002.png", 8, 6, 20); /* as train/good/002.PNG */
    tree_image(root, "part/test/scratch/001.png", 8, 6, 80);
    tree_mask(root, "part/ground_truth/broken/000_mask.png", 8, 7, 255);
    tree_mask(root, "part/ground_truth/broken/001_mask.png", 8, 6, 0);
    data_report_t report = check(root, "mvtec", "part");
    assert_int_equal(problems(&report), 6);
    assert_true(names(&report, "test/good/001.png'"));
    assert_true(names(&report, "train/good/001.png'"));
    assert_true(names(&report, "test/good/002.png' is the same image as '"));
    assert_true(names(&report, "test/scratch/001.png' has no mask"));
    assert_true(names(&report, "broken/000_mask.png': mask is 8 x 7"));
    assert_true(names(&report, "broken/001_mask.png': no pixel is anomalous"));
    assert_int_equal(report.images, 8);
    assert_int_equal(report.masks, 2);
    data_report_free(&report);
}

static void a_partial_copy_of_a_published_category_is_told_by_its_counts(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "check_counts");
    tree_image(root, "bottle/train/good/000.png", 8, 6, 0);
    tree_image(root, "bottle/test/good/000.png", 8, 6, 1);
    data_report_t report = check(root, "mvtec", "bottle");
    assert_int_equal(report.expected_train, 209);
    assert_int_equal(report.expected_normal, 20);
    assert_int_equal(report.expected_anomalous, 63);
    assert_int_equal(report.findings.count[DATA_COUNTS], 3);
    assert_int_equal(report.findings.count[DATA_NO_ANOMALOUS], 1);
    assert_int_equal(problems(&report), 4);
    assert_true(names(&report, "category 'bottle' has 1 training images, 209 are published"));
    data_report_free(&report);
}

/* Only Real-IAD's tree without split files has its training images in the test set on purpose. */
static void one_file_in_train_and_test_is_a_problem(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "check_shared");
    tree_image(root, "nut/Data/0.JPG", 8, 6, 0);
    tree_image(root, "nut/Data/1.JPG", 8, 6, 1);
    tree_text(root, "split_csv/1cls.csv",
              "object,split,label,image,mask\nnut,train,normal,nut/Data/0.JPG,\n"
              "nut,test,normal,nut/Data/0.JPG,\nnut,test,normal,nut/Data/1.JPG,\n");
    data_report_t report = check(root, "visa", "nut");
    assert_int_equal(report.findings.count[DATA_IN_BOTH], 1);
    assert_int_equal(report.findings.count[DATA_NO_ANOMALOUS], 1);
    assert_int_equal(problems(&report), 2);
    assert_true(names(&report, "nut/Data/0.JPG' is in train and in test"));
    data_report_free(&report);

    tree_begin(root, "check_shared_realiad");
    tree_image(root, "toy/OK/S0001/toy_0001_OK_C1_0.jpg", 8, 6, 0);
    tree_image(root, "toy/NG/AK/S0002/toy_0002_NG_AK_C1_0.jpg", 8, 6, 1);
    tree_mask(root, "toy/NG/AK/S0002/toy_0002_NG_AK_C1_0.png", 8, 6, 255);
    report = check(root, "realiad", "toy");
    assert_int_equal(problems(&report), 0);
    data_report_free(&report);
}

static void published_categories_are_known_by_name(void **state)
{
    (void)state;
    assert_int_equal(data_known_count("mvtec"), 15);
    assert_int_equal(data_known_count("visa"), 12);
    assert_int_equal(data_known_count("realiad"), 30);
    assert_int_equal(data_known_count("folder"), 0);
    assert_string_equal(data_known_category("visa", 11), "pipe_fryum");
    assert_null(data_known_category("visa", 12));
}

/* What a plan is made from when no data set is at hand. */
static void a_published_category_can_be_assumed(void **state)
{
    (void)state;
    data_category_t category;
    const data_options_t usual = {.views = "C1"}, all = {.views = "all"};
    assert_int_equal(data_category_assume(&category, "visa", "pcb3", &usual), ST_OK);
    assert_int_equal(category.train_count, 905);
    assert_int_equal(category.test_count, 201);
    assert_int_equal(category.test_anomalous, 100);
    assert_int_equal(category.masks_missing, 0);
    assert_int_equal(category.mask_threshold, 0);
    int anomalous = 0;
    for (int i = 0; i < category.test_count; i++) {
        anomalous += category.test[i].label;
        assert_int_equal(category.test[i].mask != NULL, category.test[i].label);
    }
    assert_int_equal(anomalous, 100);
    data_category_free(&category);
    assert_int_equal(data_category_assume(&category, "realiad", "toy", &usual), ST_OK);
    assert_int_equal(category.mask_threshold, 127);
    assert_int_equal(category.train_count, 243);
    data_category_free(&category);
    assert_int_equal(data_category_assume(&category, "realiad", "toy", &all), ST_OK);
    assert_int_equal(category.train_count, 5 * 243);
    assert_int_equal(category.test_count, 5 * (422 + 342));
    data_category_free(&category);
    assert_int_equal(data_category_assume(&category, "visa", "pcb3", &all), ST_OK);
    assert_int_equal(category.train_count, 905);
    data_category_free(&category);
    check_error(data_category_assume(&category, "mvtec", "pcb3", &usual), ST_ENOTFOUND,
                "mvtec has no published category 'pcb3'");
    assert_null(category.train);
    for (int i = 0; i < data_known_count("mvtec"); i++) {
        assert_int_equal(data_category_assume(&category, "mvtec", data_known_category("mvtec", i), &usual), ST_OK);
        anomalous += category.test_anomalous;
        data_category_free(&category);
    }
    assert_int_equal(anomalous - 100, 1258); /* MVTec-AD's paper, table 2 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_category_has_no_problem),
        cmocka_unit_test(every_problem_is_named),
        cmocka_unit_test(a_partial_copy_of_a_published_category_is_told_by_its_counts),
        cmocka_unit_test(one_file_in_train_and_test_is_a_problem),
        cmocka_unit_test(published_categories_are_known_by_name),
        cmocka_unit_test(a_published_category_can_be_assumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
