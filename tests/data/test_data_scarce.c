/* Datasets where memory ends: told whichever request is refused, and the next attempt lists. */
#include "tree.h"

#include "data/data.h"
#include "tools/scarce.h"

#include <stdio.h>
#include <stdlib.h>

static void free_category(data_category_t *category)
{
    data_category_free(category);
    *category = (data_category_t){0};
}

static void free_names(io_names_t *names)
{
    io_names_free(names);
    *names = (io_names_t){0};
}

static void layouts(void **state)
{
    (void)state;
    char root[512];
    data_category_t category = {0};
    io_names_t names = {0};
    tree_begin(root, "scarce");
    tree_mvtec(root);
    CHECK_SCARCE_BORNE(data_list_categories(&names, "mvtec", root, NULL), free_names(&names));
    CHECK_SCARCE_BORNE(data_category_read(&category, "mvtec", root, "part", NULL), free_category(&category));
    CHECK_SCARCE_BORNE(data_category_read(&category, "folder", root, "part", NULL), free_category(&category));
    CHECK_SCARCE_BORNE(data_category_assume(&category, "mvtec", "bottle", NULL), free_category(&category));
    tree_begin(root, "scarce_visa");
    tree_image(root, "nut/Data/Images/Normal/0000.JPG", 8, 6, 0);
    tree_image(root, "nut/Data/Images/Normal/0001.JPG", 8, 6, 2);
    tree_image(root, "nut/Data/Images/Anomaly/000.JPG", 8, 6, 3);
    tree_mask(root, "nut/Data/Masks/Anomaly/000.png", 8, 6, 2);
    tree_text(root, "split_csv/1cls.csv",
              "object,split,label,image,mask\nnut,train,normal,nut/Data/Images/Normal/0000.JPG,\n"
              "nut,test,normal,nut/Data/Images/Normal/0001.JPG,\n"
              "nut,test,anomaly,nut/Data/Images/Anomaly/000.JPG,nut/Data/Masks/Anomaly/000.png\n");
    CHECK_SCARCE_BORNE(data_list_categories(&names, "visa", root, NULL), free_names(&names));
    CHECK_SCARCE_BORNE(data_category_read(&category, "visa", root, "nut", NULL), free_category(&category));
}

static void what_is_read_of_a_category(void **state)
{
    (void)state;
    char root[512], path[600];
    data_category_t category = {0};
    data_report_t report = {0};
    uint8_t *mask = NULL;
    int width, height, shots[2];
    tree_begin(root, "scarce");
    tree_mvtec(root);
    assert_int_equal(data_category_read(&category, "mvtec", root, "part", NULL), ST_OK);
    CHECK_SCARCE_BORNE(data_draw_shots(shots, &category, 2, 1), (void)0);
    tree_text(root, "list.txt", "part/train/good/000.png\npart/train/good/001.png\n");
    snprintf(path, sizeof path, "%s/list.txt", root);
    CHECK_SCARCE_BORNE(data_list_shots(shots, &category, 2, path), (void)0);
    tree_text(root, "list.yaml", "part:\n  2: [1, 0]\n");
    snprintf(path, sizeof path, "%s/list.yaml", root);
    CHECK_SCARCE_BORNE(data_list_shots(shots, &category, 2, path), (void)0);
    assert_int_equal(shots[0], 1);
    const data_image_t *bad = NULL;
    for (int i = 0; i < category.test_count; i++)
        if (category.test[i].mask != NULL) bad = &category.test[i];
    assert_non_null(bad);
    CHECK_SCARCE_BORNE(data_mask_read(&mask, &width, &height, &category, bad), (free(mask), mask = NULL));
    CHECK_SCARCE_BORNE(data_check(&report, &category), (data_report_free(&report), report = (data_report_t){0}));
    data_category_free(&category);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(layouts), cmocka_unit_test(what_is_read_of_a_category)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
