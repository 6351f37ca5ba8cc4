#include "tree.h"

#include "data/data.h"
#include "support/check.h"

#include <string.h>

static void make(const char *root)
{
    tree_image(root, "gear/train/a.jpg", 6, 5, 0);
    tree_image(root, "gear/train/b.png", 6, 5, 1);
    tree_image(root, "gear/test/normal/a.png", 6, 5, 2);
    tree_image(root, "gear/test/dent/a.png", 6, 5, 3);
    tree_image(root, "gear/test/dent/b.tif", 6, 5, 4);
}

static void images_without_masks_are_listed_and_counted(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "folder");
    make(root);
    data_category_t gear;
    assert_int_equal(data_category_read(&gear, "folder", root, "gear", NULL), ST_OK);
    assert_int_equal(gear.train_count, 2);
    assert_string_equal(gear.train[0].name, "train/a.jpg");
    assert_int_equal(gear.test_count, 3);
    assert_string_equal(gear.test[2].defect, "good");
    assert_string_equal(gear.test[0].defect, "dent");
    assert_int_equal(gear.masks_missing, gear.test_anomalous);
    assert_int_equal(gear.test_anomalous, 2);
    /* To do without masks is allowed, so a check does not complain. */
    data_report_t checked;
    assert_int_equal(data_check(&checked, &gear), ST_OK);
    assert_int_equal(data_findings_count(&checked.findings, DATA_HARM_STOPS, DATA_HARM_LEFT_OUT), 0);
    data_report_free(&checked);
    data_category_free(&gear);
}

static void a_mask_folder_must_be_complete(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "folder_masks");
    make(root);
    tree_mask(root, "gear/mask/dent/a.png", 6, 5, 255);
    data_category_t gear;
    check_error(data_category_read(&gear, "folder", root, "gear", NULL), ST_ENOTFOUND,
                "gear/test/dent/b.tif' has no mask; expected '");
    check_error(data_category_read(&gear, "folder", root, "gear", NULL), ST_ENOTFOUND,
                "gear/mask/dent/b.png' or 'b_mask.png'");
    tree_mask(root, "gear/mask/dent/b_mask.png", 6, 5, 255);
    assert_int_equal(data_category_read(&gear, "folder", root, "gear", NULL), ST_OK);
    assert_int_equal(gear.masks_missing, 0);
    assert_non_null(strstr(gear.test[0].mask, "gear/mask/dent/a.png"));
    assert_non_null(strstr(gear.test[1].mask, "gear/mask/dent/b_mask.png"));
    data_category_free(&gear);
}

static void training_images_may_lie_in_a_folder_called_good(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "folder_good");
    tree_image(root, "gear/train/good/a.png", 6, 5, 0);
    tree_image(root, "gear/test/good/a.png", 6, 5, 2);
    data_category_t gear;
    assert_int_equal(data_category_read(&gear, "folder", root, "gear", NULL), ST_OK);
    assert_string_equal(gear.train[0].name, "train/good/a.png");
    data_category_free(&gear);
}

static void mvtecs_layout_is_a_plain_folder_too(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "folder_mvtec");
    tree_mvtec(root);
    data_category_t part;
    assert_int_equal(data_category_read(&part, "folder", root, "part", NULL), ST_OK);
    assert_int_equal(part.train_count, 3);
    assert_int_equal(part.test_anomalous, 3);
    assert_int_equal(part.masks_missing, 0);
    data_category_free(&part);
    tree_mask(root, "part/mask/broken/000.png", 8, 6, 255);
    check_error(data_category_read(&part, "folder", root, "part", NULL), ST_EFORMAT,
                "part' holds both 'mask' and 'ground_truth'; expected one folder of masks");
}

static void empty_parts_are_refused_by_path(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "folder_empty");
    data_category_t gear;
    tree_text(root, "gear/train/readme.txt", "words");
    check_error(data_category_read(&gear, "folder", root, "gear", NULL), ST_ENOTFOUND,
                "gear/train' holds no PNG, JPEG, TIFF, BMP or WebP image; expected the normal training images");
    tree_image(root, "gear/train/a.png", 6, 5, 0);
    check_error(data_category_read(&gear, "folder", root, "gear", NULL), ST_ENOTFOUND,
                "gear/test': no such folder; expected 'good' or 'normal' and one folder a defect");
    tree_text(root, "gear/test/good/readme.txt", "words");
    check_error(data_category_read(&gear, "folder", root, "gear", NULL), ST_EFORMAT,
                "gear/test' holds no PNG, JPEG, TIFF, BMP or WebP image");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_without_masks_are_listed_and_counted),
        cmocka_unit_test(a_mask_folder_must_be_complete),
        cmocka_unit_test(training_images_may_lie_in_a_folder_called_good),
        cmocka_unit_test(mvtecs_layout_is_a_plain_folder_too),
        cmocka_unit_test(empty_parts_are_refused_by_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
