#include "metrics_cases.h"

#include <stdlib.h>
#include <string.h>

/* The plain way: flood from every pixel that has no region yet, in the order of pixels. */
static int flood(int *label, const uint8_t *mask, int H, int W)
{
    int *stack = malloc((size_t)(H * W) * sizeof *stack), count = 0;
    assert_non_null(stack);
    for (int i = 0; i < H * W; i++) label[i] = -1;
    for (int start = 0; start < H * W; start++) {
        if (mask[start] == 0 || label[start] >= 0) continue;
        int depth = 0;
        stack[depth++] = start;
        label[start] = count;
        while (depth > 0) {
            int pixel = stack[--depth];
            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++) {
                    int y = pixel / W + dy, x = pixel % W + dx;
                    if (y < 0 || y >= H || x < 0 || x >= W || mask[y * W + x] == 0 || label[y * W + x] >= 0) continue;
                    label[y * W + x] = count;
                    stack[depth++] = y * W + x;
                }
        }
        count++;
    }
    free(stack);
    return count;
}

static void check_mask(metrics_regions_t *regions, const uint8_t *mask, int H, int W)
{
    int *want = malloc((size_t)(H * W) * sizeof *want), *got = malloc((size_t)(H * W) * sizeof *got);
    assert_non_null(want);
    assert_non_null(got);
    int count = flood(want, mask, H, W);
    assert_int_equal(metrics_regions_find(regions, mask, H, W), ST_OK);
    assert_int_equal(regions->count, count);
    for (int i = 0; i < H * W; i++) got[i] = -1;
    for (size_t r = 0; r < regions->runs; r++) {
        const metrics_run_t *run = &regions->run[r];
        for (int x = run->begin; x < run->end; x++) got[run->row * W + x] = (int)run->region;
    }
    assert_memory_equal(got, want, (size_t)(H * W) * sizeof *want);
    for (int r = 0; r < count; r++) {
        int64_t size = 0;
        for (int i = 0; i < H * W; i++) size += want[i] == r;
        assert_int_equal(regions->size[r], size);
    }
    free(got);
    free(want);
}

static void random_masks_of_every_density_and_size_equal_a_flood_fill(void **state)
{
    (void)state;
    rng_t rng = rng_init("test", "metrics", 0, 3, "regions");
    metrics_regions_t regions;
    metrics_regions_init(&regions);
    uint8_t mask[41 * 41];
    for (int round = 0; round < 1500; round++) {
        int H = 1 + (int)rng_below(&rng, 40), W = 1 + (int)rng_below(&rng, 40);
        uint32_t density = rng_below(&rng, 101);
        for (int i = 0; i < H * W; i++)
            mask[i] = rng_below(&rng, 100) < density ? (uint8_t)(1 + rng_below(&rng, 255)) : 0;
        check_mask(&regions, mask, H, W);
    }
    metrics_regions_free(&regions);
}

static void shapes_that_join_late_are_one_region(void **state)
{
    (void)state;
    metrics_regions_t regions;
    metrics_regions_init(&regions);
    /* A comb, joined in its last row; a spiral; two diagonals that meet. */
    const char *const shapes[] = {"#.#.#.#.#"
                                  "#.#.#.#.#"
                                  "#########",
                                  "#########"
                                  "#........"
                                  "#.#######"
                                  "#.#.....#"
                                  "#.#.###.#"
                                  "#.#...#.#"
                                  "#.#####.#"
                                  "#.......#"
                                  "#########",
                                  "#.......#"
                                  ".#.....#."
                                  "..#...#.."
                                  "...#.#..."
                                  "....#...."};
    const int rows[] = {3, 9, 5};
    for (int s = 0; s < 3; s++) {
        uint8_t mask[81];
        for (int i = 0; i < rows[s] * 9; i++) mask[i] = shapes[s][i] == '#';
        check_mask(&regions, mask, rows[s], 9);
        assert_int_equal(regions.count, 1);
    }
    metrics_regions_free(&regions);
}

static void full_empty_and_single_pixel_masks_are_found(void **state)
{
    (void)state;
    metrics_regions_t regions;
    metrics_regions_init(&regions);
    uint8_t mask[300];
    memset(mask, 255, sizeof mask);
    check_mask(&regions, mask, 20, 15);
    assert_int_equal(regions.count, 1);
    assert_int_equal(regions.size[0], 300);
    memset(mask, 0, sizeof mask);
    check_mask(&regions, mask, 15, 20);
    assert_int_equal(regions.count, 0);
    check_mask(&regions, mask, 1, 1);
    mask[0] = 1;
    check_mask(&regions, mask, 1, 1);
    assert_int_equal(regions.count, 1);
    /* Rows that end in marked pixels must not run into the next row. */
    mask[4] = mask[5] = 1;
    check_mask(&regions, mask, 2, 5);
    metrics_regions_free(&regions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_masks_of_every_density_and_size_equal_a_flood_fill),
        cmocka_unit_test(shapes_that_join_late_are_one_region),
        cmocka_unit_test(full_empty_and_single_pixel_masks_are_found),
    };
    return cmocka_run_group_tests_name("metrics_regions", tests, NULL, NULL);
}
