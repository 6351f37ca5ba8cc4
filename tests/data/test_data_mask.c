#include "tree.h"

#include "data/data.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char root[512];

/* A test image of 8 x 6 with (or without) a mask of the given size and value, in a category of that threshold. */
static status_t read_mask(uint8_t **mask, int threshold, bool with_mask, int width, int height, int value)
{
    char image_path[600], mask_path[600];
    int w, h;
    tree_begin(root, "masks");
    tree_image(root, "image.png", 8, 6, 3);
    tree_mask(root, "mask.png", width, height, value);
    snprintf(image_path, sizeof image_path, "%s/image.png", root);
    snprintf(mask_path, sizeof mask_path, "%s/mask.png", root);
    data_category_t category = {.mask_threshold = threshold};
    data_image_t image = {.path = image_path, .mask = with_mask ? mask_path : NULL, .label = 1};
    status_t status = data_mask_read(mask, &w, &h, &category, &image);
    if (status == ST_OK) assert_true(w == 8 && h == 6);
    return status;
}

static int sum(const uint8_t *mask)
{
    int total = 0;
    for (int i = 0; i < 48; i++) {
        assert_in_range(mask[i], 0, 1);
        total += mask[i];
    }
    return total;
}

static void a_mask_becomes_zero_and_one_by_the_datasets_threshold(void **state)
{
    (void)state;
    uint8_t *mask;
    assert_int_equal(read_mask(&mask, 127, true, 8, 6, 255), ST_OK);
    assert_int_equal(sum(mask), 12);
    assert_true(mask[0] == 1 && mask[4] == 0 && mask[3 * 8] == 0);
    free(mask);
    assert_int_equal(read_mask(&mask, 127, true, 8, 6, 128), ST_OK);
    assert_int_equal(sum(mask), 12);
    free(mask);
    assert_int_equal(read_mask(&mask, 0, true, 8, 6, 1), ST_OK);
    assert_int_equal(sum(mask), 12);
    free(mask);
}

static void an_empty_or_absent_mask_is_all_zero(void **state)
{
    (void)state;
    uint8_t *mask;
    assert_int_equal(read_mask(&mask, 127, true, 8, 6, 0), ST_OK);
    assert_int_equal(sum(mask), 0);
    free(mask);
    assert_int_equal(read_mask(&mask, 127, false, 8, 6, 0), ST_OK);
    assert_int_equal(sum(mask), 0);
    free(mask);
}

static void masks_that_cannot_be_meant_are_refused(void **state)
{
    (void)state;
    uint8_t *mask;
    check_error(read_mask(&mask, 127, true, 6, 8, 255), ST_EFORMAT, "mask.png': mask is 6 x 8, its image '");
    assert_null(mask);
    check_error(read_mask(&mask, 127, true, 8, 6, 1), ST_EFORMAT,
                "mask values go up to 1, expected anomalous pixels above 127 (hint: scale a 0/1 mask to 0/255)");
    assert_null(mask);
}

static void resizing_equals_pil_nearest_at_every_size(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("data/masks");
    int cases = 0;
    for (char name[32]; snprintf(name, sizeof name, "%d.src", cases), check_golden_has(golden, name); cases++) {
        int from[8], to[8];
        size_t count;
        const uint8_t *src = check_golden_u8(golden, name, NULL, from);
        snprintf(name, sizeof name, "%d.dst", cases);
        const uint8_t *want = check_golden_u8(golden, name, &count, to);
        uint8_t *got = malloc(count);
        data_mask_resize(got, to[1], to[0], src, from[1], from[0]);
        assert_memory_equal(got, want, count);
        free(got);
    }
    assert_int_equal(cases, 8);
    check_golden_close(golden);
}

static void soft_resizing_equals_pil_bilinear(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("data/masks");
    int cases = 0;
    for (char name[32]; snprintf(name, sizeof name, "soft%d.src", cases), check_golden_has(golden, name); cases++) {
        int from[8], to[8];
        size_t count;
        const uint8_t *src = check_golden_u8(golden, name, NULL, from);
        int inside[2] = {0, 0};
        for (int whole = 0; whole < 2; whole++) {
            snprintf(name, sizeof name, "soft%d.%s", cases, whole ? "whole" : "half");
            const uint8_t *want = check_golden_u8(golden, name, &count, to);
            uint8_t *got = malloc(count);
            check_error(data_mask_resize_bilinear(got, to[1], to[0], src, from[1], from[0], whole), ST_OK, "");
            assert_memory_equal(got, want, count);
            for (size_t i = 0; i < count; i++) inside[whole] += got[i];
            free(got);
        }
        assert_true(inside[1] > 0 && inside[1] < inside[0]);
    }
    assert_int_equal(cases, 4);
    check_golden_close(golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mask_becomes_zero_and_one_by_the_datasets_threshold),
        cmocka_unit_test(an_empty_or_absent_mask_is_all_zero),
        cmocka_unit_test(masks_that_cannot_be_meant_are_refused),
        cmocka_unit_test(resizing_equals_pil_nearest_at_every_size),
        cmocka_unit_test(soft_resizing_equals_pil_bilinear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
