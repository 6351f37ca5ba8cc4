/* Region aggregation against tests/reference/regions.py: labels identical for every combination of options. */
#include "align/align.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float *array_of(const check_golden_t *golden, int n, const char *what, int *dims)
{
    char name[64];
    snprintf(name, sizeof name, "%d.%s", n, what);
    return check_golden_f32(golden, name, NULL, dims);
}

static const int32_t *shape_of(const check_golden_t *golden, int n)
{
    char name[64];
    snprintf(name, sizeof name, "%d.shape", n);
    return check_golden_has(golden, name) ? check_golden_i32(golden, name, NULL, NULL) : NULL;
}

static void labels_equal_the_script_for_every_option(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("align/regions");
    arena_t arena;
    arena_init(&arena, "regions");
    int cases = 0;
    for (const int32_t *shape; (shape = shape_of(golden, cases)) != NULL; cases++) {
        int dims[8], N = shape[0] * shape[1];
        const float *z = array_of(golden, cases, "z", dims), *anchors = array_of(golden, cases, "anchors", NULL);
        char name[64];
        snprintf(name, sizeof name, "%d.labels", cases);
        const uint8_t *want = check_golden_u8(golden, name, NULL, NULL);
        uint8_t *got = malloc((size_t)N);
        for (int option = 0; option < 8; option++) {
            align_aggregation_t how = {.centers = option & 4 ? ALIGN_CENTERS_DENSITY : ALIGN_CENTERS_LANGUAGE,
                                       .reference = option & 2 ? ALIGN_REFERENCE_FEATURE : ALIGN_REFERENCE_SIMILARITY,
                                       .stages = option & 1 ? 1 : 2,
                                       .scale = shape[2]};
            memset(got, 255, (size_t)N);
            assert_int_equal(align_regions(got, z, N, dims[1], anchors, shape[3], shape[4], &how, &arena), ST_OK);
            for (int i = 0; i < N; i++) {
                if (got[i] != want[option * N + i])
                    fail_msg("case %d, %s %s stages %d, token %d: %d, want %d", cases, align_centers_names[how.centers],
                             align_reference_names[how.reference], how.stages, i, got[i], want[option * N + i]);
            }
        }
        free(got);
    }
    assert_true(cases >= 10);
    assert_int_equal(arena.used, 0);
    arena_free(&arena);
    check_golden_close(golden);
}

static void weights_are_shares_of_the_cell(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("align/regions");
    int cases = 0;
    for (const int32_t *shape; (shape = shape_of(golden, cases)) != NULL; cases++) {
        int scale = shape[2], C = shape[3], h = shape[0] / scale, w = shape[1] / scale;
        const float *want = array_of(golden, cases, "weights", NULL);
        char name[64];
        snprintf(name, sizeof name, "%d.labels", cases);
        const uint8_t *labels = check_golden_u8(golden, name, NULL, NULL);
        float *got = malloc(sizeof(float) * (size_t)(h * w));
        for (int group = 0; group < C + 3; group++) {
            prompts_level_t level = group < 3 ? (prompts_level_t)group : PROMPTS_COMPONENT;
            align_weights(got, labels, h, w, scale, C, level, group - 3, 1.5);
            check_array("weights", got, want + group * h * w, (size_t)(h * w), 0);
        }
        free(got);
    }
    assert_true(cases >= 10);
    check_golden_close(golden);
}

static void regions_of_all_classes_part_the_image(void **state)
{
    (void)state;
    uint8_t labels[16 * 8];
    rng_t rng = rng_init("", "", 0, 1, "labels");
    for (int i = 0; i < 16 * 8; i++) labels[i] = (uint8_t)rng_below(&rng, 4);
    float sum[8] = {0}, w[8];
    for (int c = 0; c < 3; c++) {
        align_weights(w, labels, 4, 2, 4, 3, PROMPTS_COMPONENT, c, 1);
        for (int i = 0; i < 8; i++) sum[i] += w[i] - 1;
    }
    align_weights(w, labels, 4, 2, 4, 3, PROMPTS_FOREGROUND, 0, 1);
    for (int i = 0; i < 8; i++) assert_true(sum[i] == w[i] - 1);
    align_weights(w, labels, 4, 2, 4, 3, PROMPTS_BACKGROUND, 0, 1);
    for (int i = 0; i < 8; i++) assert_true(sum[i] + w[i] - 1 == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_equal_the_script_for_every_option),
        cmocka_unit_test(weights_are_shares_of_the_cell),
        cmocka_unit_test(regions_of_all_classes_part_the_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
