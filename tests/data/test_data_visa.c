#include "tree.h"

#include "data/data.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "object,split,label,image,mask\n"
#define TRAIN_1 "nut,train,normal,nut/Data/Images/Normal/0001.JPG,\n"
#define TRAIN_0 "nut,train,normal,nut/Data/Images/Normal/0000.JPG,\r\n"
#define TEST_GOOD "nut,test,normal,nut/Data/Images/Normal/0002.JPG,\n"
#define TEST_BAD "nut,test,anomaly,nut/Data/Images/Anomaly/000.JPG,nut/Data/Masks/Anomaly/000.png\n"
#define QUOTED "\"nut\",train,normal,\"nut/Data/Images/Normal/a, \"\"b\"\".JPG\",\n"
#define OTHER "bolt,train,normal,bolt/Data/Images/Normal/0000.JPG,\n"

static void make_original(const char *root, const char *csv)
{
    tree_image(root, "nut/Data/Images/Normal/0000.JPG", 8, 6, 0);
    tree_image(root, "nut/Data/Images/Normal/0001.JPG", 8, 6, 1);
    tree_image(root, "nut/Data/Images/Normal/0002.JPG", 8, 6, 2);
    tree_image(root, "nut/Data/Images/Anomaly/000.JPG", 8, 6, 3);
    tree_mask(root, "nut/Data/Masks/Anomaly/000.png", 8, 6, 2);
    tree_text(root, "split_csv/1cls.csv", csv);
}

static void check_nut(const data_category_t *nut)
{
    assert_int_equal(nut->train_count, 2);
    assert_int_equal(nut->test_count, 2);
    assert_int_equal(nut->test_anomalous, 1);
    assert_int_equal(nut->mask_threshold, 0);
    const data_image_t *bad = nut->test[0].label ? &nut->test[0] : &nut->test[1];
    assert_string_equal(bad->defect, "bad");
    uint8_t *mask;
    int width, height, sum = 0;
    assert_int_equal(data_mask_read(&mask, &width, &height, nut, bad), ST_OK);
    for (int i = 0; i < width * height; i++) sum += mask[i];
    assert_int_equal(sum, 12);
    free(mask);
}

static void the_original_layout_follows_its_split_file(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "visa");
    make_original(root, HEADER OTHER TRAIN_1 TRAIN_0 TEST_GOOD TEST_BAD);
    data_category_t nut;
    assert_int_equal(data_category_read(&nut, "visa", root, "nut", NULL), ST_OK);
    check_nut(&nut);
    assert_string_equal(nut.train[0].name, "Data/Images/Normal/0000.JPG");
    assert_string_equal(nut.test[0].name, "Data/Images/Anomaly/000.JPG");
    data_category_free(&nut);
    /* As a spreadsheet writes it. */
    tree_image(root, "nut/Data/Images/Normal/a, \"b\".JPG", 8, 6, 4);
    tree_text(root, "split_csv/1cls.csv", "\xef\xbb\xbf" HEADER TRAIN_0 QUOTED TEST_GOOD TEST_BAD);
    assert_int_equal(data_category_read(&nut, "visa", root, "nut", NULL), ST_OK);
    check_nut(&nut);
    assert_string_equal(nut.train[1].name, "Data/Images/Normal/a, \"b\".JPG");
    data_category_free(&nut);
}

static void the_prepared_tree_is_read_from_its_parent_or_itself(void **state)
{
    (void)state;
    char root[512], inner[1024];
    tree_begin(root, "visa_prepared");
    tree_image(root, "1cls/nut/train/good/0000.JPG", 8, 6, 0);
    tree_image(root, "1cls/nut/train/good/0001.JPG", 8, 6, 1);
    tree_image(root, "1cls/nut/test/good/0002.JPG", 8, 6, 2);
    tree_image(root, "1cls/nut/test/bad/000.JPG", 8, 6, 3);
    tree_mask(root, "1cls/nut/ground_truth/bad/000.png", 8, 6, 255);
    data_category_t nut;
    assert_int_equal(data_category_read(&nut, "visa", root, "nut", NULL), ST_OK);
    check_nut(&nut);
    data_category_free(&nut);
    snprintf(inner, sizeof inner, "%s/1cls", root);
    assert_int_equal(data_category_read(&nut, "visa", inner, "nut", NULL), ST_OK);
    check_nut(&nut);
    data_category_free(&nut);
    io_names_t names;
    assert_int_equal(data_list_categories(&names, "visa", root, NULL), ST_OK);
    assert_int_equal(names.count, 1);
    assert_string_equal(names.name[0], "nut");
    io_names_free(&names);
}

static void a_category_with_training_images_only_is_refused(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "visa_train");
    tree_image(root, "cashew/train/good/184.JPG", 8, 6, 0);
    data_category_t out;
    check_error(
        data_category_read(&out, "visa", root, "cashew", NULL), ST_ENOTFOUND,
        "cashew/test': no such folder; expected the test images, in 'good' and one folder a defect (this copy has "
        "training images only)");
}

static void refused(const char *csv, status_t code, const char *text)
{
    char root[512];
    tree_begin(root, "visa_bad");
    make_original(root, csv);
    data_category_t out;
    check_error(data_category_read(&out, "visa", root, "nut", NULL), code, text);
}

static void a_bad_split_file_is_refused_by_line(void **state)
{
    (void)state;
    refused("object,split,label,image\n" TRAIN_0, ST_EFORMAT, "1cls.csv' line 1: no column 'mask'");
    refused(HEADER OTHER, ST_EFORMAT, "1cls.csv' has no line of category 'nut'");
    refused(HEADER TRAIN_0 "nut,test\n", ST_EFORMAT, "1cls.csv:3: has 2 cells, the header has 5");
    refused(HEADER "nut,val,normal,nut/a.JPG,\n", ST_EFORMAT, "line 2: split is 'val', expected train or test");
    refused(HEADER "nut,test,weird,nut/a.JPG,\n", ST_EFORMAT, "line 2: label is 'weird', expected normal or anomaly");
    refused(HEADER "nut,train,anomaly,nut/a.JPG,\n", ST_EFORMAT, "line 2: an anomalous image is in train");
    refused(HEADER "nut,test,normal,a.JPG,\n", ST_EFORMAT, "line 2: image is 'a.JPG', expected a path below 'nut/'");
    refused(HEADER "nut,test,normal,nut/../a.JPG,\n", ST_EFORMAT, "line 2: 'nut/../a.JPG' leads out of its folder");
    refused(HEADER "nut,test,anomaly,nut/a.JPG,/etc/a.png\n", ST_EFORMAT,
            "line 2: '/etc/a.png' leads out of its folder");
    refused(HEADER TRAIN_0 "nut,test,normal,nut/a.JPG,\n", ST_ENOTFOUND, "1cls.csv' line 3 names it");
    refused(HEADER TRAIN_0 "nut,test,anomaly,nut/Data/Images/Anomaly/000.JPG,nut/none.png\n", ST_ENOTFOUND,
            "nut/none.png': no such file; expected the mask of 'nut/Data/Images/Anomaly/000.JPG'");
    refused(HEADER TRAIN_0 TRAIN_1, ST_EFORMAT, "category 'nut' in");
}

/* A file whose end a power cut has filled with zeros must not pass for a shorter one. */
static void a_split_file_that_ends_in_zeros_is_refused(void **state)
{
    (void)state;
    static const char text[] = HEADER TRAIN_0 TEST_GOOD "\0" TEST_BAD;
    char root[512], path[600];
    tree_begin(root, "visa_zeros");
    make_original(root, HEADER);
    snprintf(path, sizeof path, "%s/split_csv/1cls.csv", root);
    check_error(io_write_file(path, text, sizeof text - 1), ST_OK, "");
    data_category_t out;
    check_error(data_category_read(&out, "visa", root, "nut", NULL), ST_EFORMAT,
                "split_csv/1cls.csv: holds a byte of zero, expected text");
}

static void a_missing_split_file_is_told_with_the_cure(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "visa_nosplit");
    tree_image(root, "nut/Data/Images/Normal/0000.JPG", 8, 6, 0);
    data_category_t out;
    check_error(data_category_read(&out, "visa", root, "nut", NULL), ST_ENOTFOUND,
                "split_csv/1cls.csv' cannot be read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_original_layout_follows_its_split_file),
        cmocka_unit_test(the_prepared_tree_is_read_from_its_parent_or_itself),
        cmocka_unit_test(a_category_with_training_images_only_is_refused),
        cmocka_unit_test(a_bad_split_file_is_refused_by_line),
        cmocka_unit_test(a_split_file_that_ends_in_zeros_is_refused),
        cmocka_unit_test(a_missing_split_file_is_told_with_the_cure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
