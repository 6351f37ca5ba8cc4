/* compare-maps GOLDEN TASK.h5 [HEAD.h5]...: the maps, image scores and AUROCs of a task file against golden arrays of the
 * same names; of heads their losses by epoch and their anchors.
 * For shell tests; ends with 1 and the first difference. */
#include "io/io.h"
#include "support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Of the largest value; PyTorch runs in double; the float32 towers were seen to stay within 2e-6 of it. */
#define MAP_TOLERANCE 1e-5
#define AUROC_TOLERANCE 5e-5

#define LOSS_TOLERANCE 1e-4

static const char *golden_name, *task_path;
static char **heads;
static int head_count;

static void *read_all(io_h5_t *file, const char *path, io_h5_type_t type, size_t *count)
{
    void *data;
    int ndim;
    int64_t dims[6];
    if (io_h5_read(&data, &ndim, dims, file, path, type) != ST_OK) fail_msg("%s", fail_message());
    *count = 1;
    for (int i = 0; i < ndim; i++) *count *= (size_t)dims[i];
    return data;
}

static void the_task_has_the_golden_maps_and_aurocs(void **state)
{
    (void)state;
    static const char *const maps[] = {"M_v", "Mhat_p", "s_image", "M_p", "M_pix", "S_i", "M_img"};
    static const char *const numbers[] = {"metrics/image_auroc", "metrics/pixel_auroc"};
    check_golden_t *golden = check_golden_open(golden_name);
    io_h5_t *file;
    int compared = 0;
    if (io_h5_open(&file, task_path) != ST_OK) fail_msg("%s", fail_message());
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        char path[64];
        size_t count, wanted;
        snprintf(path, sizeof path, "maps/%s", maps[i]);
        assert_int_equal(check_golden_has(golden, maps[i]), io_h5_has(file, path));
        if (!io_h5_has(file, path)) continue;
        float *got = read_all(file, path, IO_H5_F32, &count);
        const float *want = check_golden_f32(golden, maps[i], &wanted, NULL);
        assert_int_equal(count, wanted);
        check_array(maps[i], got, want, count, MAP_TOLERANCE);
        free(got);
        compared++;
    }
    assert_in_range(compared, 2, 7);
    const double *want = check_golden_f64(golden, "auroc", NULL, NULL);
    for (int i = 0; i < 2; i++) {
        size_t count;
        double *got = read_all(file, numbers[i], IO_H5_F64, &count);
        if (!(fabs(got[0] - want[i]) < AUROC_TOLERANCE))
            fail_msg("%s is %.6f, expected %.6f", numbers[i], got[0], want[i]);
        free(got);
    }
    io_h5_close(file);
    check_golden_close(golden);
}

static void the_heads_have_the_golden_losses_and_anchors(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open(golden_name);
    int compared = 0;
    for (int i = 0; i < head_count; i++) {
        io_h5_t *file;
        size_t count, wanted;
        char path[64], key[64];
        if (io_h5_open(&file, heads[i]) != ST_OK) fail_msg("%s", fail_message());
        const char *head = io_h5_has(file, "prompts/pixel") ? "pixel" : "image";
        snprintf(path, sizeof path, "prompts/%s/loss", head);
        snprintf(key, sizeof key, "%s.loss", head);
        double *got = read_all(file, path, IO_H5_F64, &count);
        const double *want = check_golden_f64(golden, key, &wanted, NULL);
        assert_int_equal(count, wanted);
        for (size_t k = 0; k < count; k++)
            if (!(fabs(got[k] - want[k]) <= LOSS_TOLERANCE * fmax(fabs(want[k]), 1e-3)))
                fail_msg("%s[%zu] is %.9g, expected %.9g", key, k, got[k], want[k]);
        free(got);
        for (int side = 0; side < 2; side++) {
            const char *name = side == 0 ? "normal" : "abnormal";
            snprintf(path, sizeof path, "prompts/%s/anchors/%s", head, name);
            snprintf(key, sizeof key, "%s.%s", head, name);
            float *anchors = read_all(file, path, IO_H5_F32, &count);
            check_array(key, anchors, check_golden_f32(golden, key, &wanted, NULL), count, MAP_TOLERANCE);
            assert_int_equal(count, wanted);
            free(anchors);
        }
        io_h5_close(file);
        compared++;
    }
    assert_int_equal(compared, head_count);
    check_golden_close(golden);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: compare-maps GOLDEN TASK.h5 [HEAD.h5]...\n");
        return 2;
    }
    golden_name = argv[1];
    task_path = argv[2];
    heads = argv + 3;
    head_count = argc - 3;
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_task_has_the_golden_maps_and_aurocs),
                                       cmocka_unit_test(the_heads_have_the_golden_losses_and_anchors)};
    return cmocka_run_group_tests_name(golden_name, tests, NULL, NULL) == 0 ? 0 : 1;
}
