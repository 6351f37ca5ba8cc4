#include "tree.h"

#include "data/data.h"
#include "support/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void a_category_is_listed_in_order_with_its_masks(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "mvtec");
    tree_mvtec(root);
    data_category_t part;
    assert_int_equal(data_category_read(&part, "mvtec", root, "part", NULL), ST_OK);
    assert_string_equal(part.dataset, "mvtec");
    assert_string_equal(part.category, "part");
    assert_int_equal(part.train_count, 3);
    assert_string_equal(part.train[0].name, "train/good/000.png");
    assert_string_equal(part.train[2].name, "train/good/002.PNG");
    assert_int_equal(part.test_count, 5);
    assert_int_equal(part.test_anomalous, 3);
    assert_int_equal(part.masks_missing, 0);
    assert_int_equal(part.mask_threshold, 127);
    const char *const names[] = {"test/broken/000.png", "test/broken/001.png", "test/good/000.png", "test/good/001.png",
                                 "test/scratch/000.png"};
    const char *const defects[] = {"broken", "broken", "good", "good", "scratch"};
    for (int i = 0; i < 5; i++) {
        assert_string_equal(part.test[i].name, names[i]);
        assert_string_equal(part.test[i].defect, defects[i]);
        assert_int_equal(part.test[i].label, strcmp(defects[i], "good") != 0);
        assert_int_equal(part.test[i].mask != NULL, part.test[i].label);
        assert_int_equal(access(part.test[i].path, R_OK), 0);
    }
    assert_non_null(strstr(part.test[1].mask, "part/ground_truth/broken/001_mask.png"));
    assert_non_null(strstr(part.test[4].mask, "part/ground_truth/scratch/000.png"));
    data_category_free(&part);
}

static void categories_are_the_folders_with_train_or_test(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "mvtec_list");
    tree_mvtec(root);
    tree_image(root, "bolt/train/good/000.png", 4, 4, 0);
    tree_text(root, "notes/readme.txt", "words");
    io_names_t names;
    assert_int_equal(data_list_categories(&names, "demo", root, NULL), ST_OK);
    assert_int_equal(names.count, 2);
    assert_string_equal(names.name[0], "bolt");
    assert_string_equal(names.name[1], "part");
    io_names_free(&names);
}

static void refused(const char *dataset, const char *root, const char *category, status_t code, const char *text)
{
    data_category_t out;
    check_error(data_category_read(&out, dataset, root, category, NULL), code, text);
    assert_null(out.train);
    assert_null(out.dataset);
}

static void wrong_names_suggest_the_nearest(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "mvtec_names");
    tree_mvtec(root);
    refused("mvtecad", root, "part", ST_EFORMAT,
            "dataset 'mvtecad' is not known; expected mvtec, visa, realiad, btad, ksdd2, demo "
            "or folder (did you mean 'mvtec'?)");
    refused("mvtec", root, "prat", ST_ENOTFOUND, "holds no category 'prat' of dataset 'mvtec' (did you mean 'part'?)");
    refused("mvtec", root, "locomotive", ST_ENOTFOUND, "1 other is there, e.g. part");
    refused("mvtec", root, "../mvtec_names/part", ST_EFORMAT, "is not a category name");
    refused("mvtec", "/nonexistent/root", "part", ST_ENOTFOUND,
            "'/nonexistent/root': no such directory; expected the root of");
    refused("mvtec", "/nonexistent/root", "part", ST_ENOTFOUND, "roots.mvtec=DIR");
    io_names_t names;
    char part[600];
    snprintf(part, sizeof part, "%s/part/", root);
    check_error(data_list_categories(&names, "mvtec", part, NULL), ST_ENOTFOUND,
                "part/<category>/train' (hint: this is the folder of one category, its parent is the root)");
    check_error(data_list_categories(&names, "visa", "/nonexistent/root", NULL), ST_ENOTFOUND, "no such directory");
    char empty[512];
    tree_begin(empty, "mvtec_empty");
    check_error(data_list_categories(&names, "mvtec", empty, NULL), ST_ENOTFOUND,
                "holds no category of dataset 'mvtec'");
}

static void missing_ground_truth_is_refused_by_path(void **state)
{
    (void)state;
    char root[512], want[1024];
    tree_begin(root, "mvtec_truth");
    tree_image(root, "part/train/good/000.png", 8, 6, 0);
    tree_image(root, "part/test/broken/000.png", 8, 6, 50);
    snprintf(want, sizeof want, "'%s/part/ground_truth': no such folder; expected one folder of masks a defect", root);
    refused("mvtec", root, "part", ST_ENOTFOUND, want);
    tree_mask(root, "part/ground_truth/other/000_mask.png", 8, 6, 255);
    refused("mvtec", root, "part", ST_ENOTFOUND,
            "ground_truth/broken': no such folder; expected the masks of the 1 image");
    tree_mask(root, "part/ground_truth/broken/0000_mask.png", 8, 6, 255);
    refused("mvtec", root, "part", ST_ENOTFOUND, "000.png' has no mask; expected '");
    data_category_t part;
    const data_options_t lenient = {.lenient = true};
    assert_int_equal(data_category_read(&part, "mvtec", root, "part", &lenient), ST_OK);
    assert_int_equal(part.masks_missing, 1);
    assert_null(part.test[0].mask);
    data_category_free(&part);
}

static void an_empty_category_is_refused_by_path(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "mvtec_nothing");
    tree_text(root, "part/train/readme.txt", "words");
    refused("mvtec", root, "part", ST_ENOTFOUND,
            "part/train/good': no such folder; expected the normal training images");
    tree_text(root, "part/train/good/readme.txt", "words");
    refused("mvtec", root, "part", ST_EFORMAT, "part/train/good' holds no PNG, JPEG, TIFF, BMP or WebP image");
    tree_image(root, "part/train/good/000.png", 4, 4, 0);
    refused("mvtec", root, "part", ST_ENOTFOUND, "part/test': no such folder");
    tree_text(root, "part/test/good/readme.txt", "words");
    refused("mvtec", root, "part", ST_EFORMAT, "part/test' holds no PNG, JPEG, TIFF, BMP or WebP image");
}

static void an_image_that_io_cannot_read_is_not_left_out(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "mvtec_gif");
    tree_mvtec(root);
    tree_text(root, "part/test/good/002.GIF", "GIF");
    refused("mvtec", root, "part", ST_EFORMAT, "part/test/good/002.GIF': this kind of image is not read");
}

static void training_images_of_a_flattened_copy_are_found(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "mvtec_flat");
    tree_image(root, "part/train/000.png", 4, 4, 0);
    tree_image(root, "part/test/good/000.png", 4, 4, 1);
    data_category_t part;
    assert_int_equal(data_category_read(&part, "mvtec", root, "part", NULL), ST_OK);
    assert_string_equal(part.train[0].name, "train/000.png");
    data_category_free(&part);
}

static void a_test_set_of_one_class_is_listed(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "mvtec_one");
    tree_image(root, "part/train/good/000.png", 4, 4, 0);
    tree_image(root, "part/test/good/000.tiff", 4, 4, 1);
    data_category_t part;
    assert_int_equal(data_category_read(&part, "mvtec", root, "part", NULL), ST_OK);
    assert_int_equal(part.test_count, 1);
    assert_int_equal(part.test_anomalous, 0);
    data_category_free(&part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_category_is_listed_in_order_with_its_masks),
        cmocka_unit_test(categories_are_the_folders_with_train_or_test),
        cmocka_unit_test(wrong_names_suggest_the_nearest),
        cmocka_unit_test(missing_ground_truth_is_refused_by_path),
        cmocka_unit_test(an_empty_category_is_refused_by_path),
        cmocka_unit_test(an_image_that_io_cannot_read_is_not_left_out),
        cmocka_unit_test(training_images_of_a_flattened_copy_are_found),
        cmocka_unit_test(a_test_set_of_one_class_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
