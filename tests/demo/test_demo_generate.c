#include "support/check.h"

#include "demo/demo.h"
#include "io/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char root[4096];

static int draw_the_set(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "%s", check_temp_dir("demo_set"));
    return demo_generate(root, 7) == ST_OK ? 0 : -1;
}

static void expect_count(const char *category, const char *folder, int want)
{
    char path[8192];
    io_names_t names;
    (void)snprintf(path, sizeof path, "%s/%s/%s", root, category, folder);
    assert_int_equal(io_list_dir(&names, path), ST_OK);
    assert_int_equal(names.count, want);
    io_names_free(&names);
}

static void the_layout_is_that_of_mvtec(void **state)
{
    (void)state;
    assert_in_range(demo_categories(), 4, 20);
    for (int c = 0; c < demo_categories(); c++) {
        const char *category = demo_category_name(c);
        char path[8192], folder[256];
        io_names_t defects;
        expect_count(category, "train/good", DEMO_TRAIN_GOOD);
        expect_count(category, "test/good", DEMO_TEST_GOOD);
        (void)snprintf(path, sizeof path, "%s/%s/ground_truth", root, category);
        assert_int_equal(io_list_dir(&defects, path), ST_OK);
        assert_in_range(defects.count, 4, 8);
        for (int d = 0; d < defects.count; d++) {
            (void)snprintf(folder, sizeof folder, "test/%s", defects.name[d]);
            expect_count(category, folder, DEMO_TEST_DEFECT);
            (void)snprintf(folder, sizeof folder, "ground_truth/%s", defects.name[d]);
            expect_count(category, folder, DEMO_TEST_DEFECT);
        }
        io_names_free(&defects);
    }
}

/* Every mask is 0 or 255, has the picture's size, and marks a spot that is neither a few pixels nor the picture. */
static void masks_belong_to_their_pictures(void **state)
{
    (void)state;
    for (int c = 0; c < demo_categories(); c++) {
        char path[8192];
        io_names_t defects;
        (void)snprintf(path, sizeof path, "%s/%s/ground_truth", root, demo_category_name(c));
        assert_int_equal(io_list_dir(&defects, path), ST_OK);
        for (int d = 0; d < defects.count * DEMO_TEST_DEFECT; d++) {
            const char *defect = defects.name[d / DEMO_TEST_DEFECT];
            io_mask_t mask;
            int width, height, marked = 0;
            (void)snprintf(path, sizeof path, "%s/%s/test/%s/%03d.png", root, demo_category_name(c), defect,
                           d % DEMO_TEST_DEFECT);
            assert_int_equal(io_image_size(&width, &height, path), ST_OK);
            (void)snprintf(path, sizeof path, "%s/%s/ground_truth/%s/%03d_mask.png", root, demo_category_name(c),
                           defect, d % DEMO_TEST_DEFECT);
            assert_int_equal(io_mask_read(&mask, path), ST_OK);
            assert_int_equal(mask.width, width);
            assert_int_equal(mask.height, height);
            for (int i = 0; i < width * height; i++) {
                assert_true(mask.values[i] == 0 || mask.values[i] == 255);
                marked += mask.values[i] == 255;
            }
            if (marked < 40 || marked > width * height / 4) fail_msg("'%s' marks %d pixels", path, marked);
            io_mask_free(&mask);
        }
        io_names_free(&defects);
    }
}

static void compare(bool *equal, const char *first, const char *second)
{
    size_t a, b;
    char *one = check_read_file(first, &a), *other = check_read_file(second, &b);
    *equal = a == b && memcmp(one, other, a) == 0;
    free(one);
    free(other);
}

static void the_seed_decides_every_byte(void **state)
{
    (void)state;
    char again[4096], other[4096], first[8192], second[8192];
    int index = demo_categories() - 1;
    (void)snprintf(again, sizeof again, "%s", check_temp_dir("demo_again"));
    (void)snprintf(other, sizeof other, "%s", check_temp_dir("demo_other"));
    assert_int_equal(demo_generate_category(again, index, 7), ST_OK);
    assert_int_equal(demo_generate_category(other, index, 8), ST_OK);
    for (int i = 0; i < DEMO_TRAIN_GOOD; i++) {
        bool equal;
        (void)snprintf(first, sizeof first, "%s/%s/train/good/%03d.png", root, demo_category_name(index), i);
        (void)snprintf(second, sizeof second, "%s/%s/train/good/%03d.png", again, demo_category_name(index), i);
        compare(&equal, first, second);
        assert_true(equal);
        (void)snprintf(second, sizeof second, "%s/%s/train/good/%03d.png", other, demo_category_name(index), i);
        compare(&equal, first, second);
        assert_false(equal);
    }
}

static void a_place_that_cannot_be_written_is_named(void **state)
{
    (void)state;
    char path[8192];
    (void)snprintf(path, sizeof path, "%s/%s/train/good/000.png/below", root, demo_category_name(0));
    check_error(demo_generate(path, 7), ST_EIO, "000.png");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_that_of_mvtec),
        cmocka_unit_test(masks_belong_to_their_pictures),
        cmocka_unit_test(the_seed_decides_every_byte),
        cmocka_unit_test(a_place_that_cannot_be_written_is_named),
    };
    return cmocka_run_group_tests(tests, draw_the_set, NULL);
}
