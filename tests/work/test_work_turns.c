/* Angles of turned views, against tests/reference/turns.py. */
#include "support/check.h"

#include "work/work_internal.h"

#include <math.h>
#include <stdio.h>

static void drawn_angles_equal_their_reference(void **state)
{
    (void)state;
    static const struct {
        const char *dataset, *category;
        int64_t seed;
        const char *image;
        int views;
    } cases[] = {{"demo", "gear", 0, "train/good/000.png", 30},
                 {"demo", "gear", 1, "train/good/000.png", 30},
                 {"demo", "gear", 0, "train/good/001.png", 30},
                 {"mvtec", "metal_nut", 2000000000, "train/good/213.png", 7},
                 {"visa", "pcb1", 3, "Data/Images/Normal/0001.JPG", 360}};
    check_golden_t *golden = check_golden_open("work/turns");
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        const clip_feature_t feature = {
            .kind = CLIP_FEATURE_FINAL, .turns = cases[n].views, .drawn = true, .seed = cases[n].seed};
        char name[16];
        size_t count;
        snprintf(name, sizeof name, "%zu", n);
        const double *want = check_golden_f64(golden, name, &count, NULL);
        assert_int_equal(count, cases[n].views);
        for (int t = 0; t < cases[n].views; t++) {
            const double angle = work_view_angle(&feature, t, cases[n].dataset, cases[n].category, cases[n].image);
            if (!(fabs(angle - want[t]) < 1e-10))
                fail_msg("case %zu, view %d: %.17g, expected %.17g", n, t, angle, want[t]);
        }
    }
    check_golden_close(golden);
}

static void even_angles_begin_with_the_image_as_it_is(void **state)
{
    (void)state;
    const clip_feature_t feature = {.kind = CLIP_FEATURE_FINAL, .turns = 8};
    for (int t = 0; t < 8; t++)
        assert_true(work_view_angle(&feature, t, "demo", "gear", "train/good/000.png") == 45.0 * t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drawn_angles_equal_their_reference),
        cmocka_unit_test(even_angles_begin_with_the_image_as_it_is),
    };
    return cmocka_run_group_tests_name("work_turns", tests, NULL, NULL);
}
