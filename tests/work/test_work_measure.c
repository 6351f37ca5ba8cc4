/* From scores and maps to numbers: what is missing is NaN, samples are the maximum over their views. */
#include "support/check.h"

#include "work/work.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES = 6 };

/* Three objects of two views each: the first normal. */
static data_category_t make_category(data_image_t images[IMAGES])
{
    static char *const names[IMAGES] = {"OK/S1/C1.jpg", "OK/S1/C2.jpg", "NG/S2/C1.jpg",
                                        "NG/S2/C2.jpg", "NG/S3/C1.jpg", "NG/S3/C2.jpg"};
    static char *const samples[IMAGES] = {"OK/S1", "OK/S1", "NG/S2", "NG/S2", "NG/S3", "NG/S3"};
    for (int i = 0; i < IMAGES; i++)
        images[i] = (data_image_t){.path = names[i],
                                   .name = names[i],
                                   .defect = i < 2 ? "good" : "pit",
                                   .sample = samples[i],
                                   .label = i >= 2};
    return (data_category_t){.dataset = "realiad",
                             .category = "button",
                             .test = images,
                             .test_count = IMAGES,
                             .test_anomalous = 4,
                             .masks_missing = 4,
                             .mask_threshold = 127};
}

static void a_sample_counts_by_its_highest_view(void **state)
{
    (void)state;
    data_image_t images[IMAGES];
    data_category_t category = make_category(images);
    const int keep[IMAGES] = {0, 1, 2, 3, 4, 5};
    const float scores[IMAGES] = {0.1f, 0.5f, 0.2f, 0.9f, 0.3f, 0.4f};
    store_numbers_t numbers = store_numbers_none;
    assert_int_equal(work_measure_images(&numbers, scores, &category, keep, IMAGES), ST_OK);
    /* Objects: 0.5 normal, 0.9 and 0.4 anomalous. Images: 0.1 below all four, 0.5 above three of them. */
    assert_true(numbers.sample_auroc == 0.5);
    assert_true(numbers.image_auroc == (4 + 1) / 8.0);
    assert_true(isnan(numbers.pixel_auroc) && isnan(numbers.aupro));
    assert_false(work_has_pixels(&category, keep, IMAGES));
}

static void a_sample_of_one_view_is_an_image(void **state)
{
    (void)state;
    data_image_t images[IMAGES];
    data_category_t category = make_category(images);
    const int keep[3] = {0, 2, 4};
    const float scores[3] = {0.1f, 0.2f, 0.3f};
    store_numbers_t numbers = store_numbers_none;
    assert_int_equal(work_measure_images(&numbers, scores, &category, keep, 3), ST_OK);
    assert_true(isnan(numbers.sample_auroc)); /* it would be the image AUROC again */
    assert_true(numbers.image_auroc == 1);
}

static void one_class_has_no_number(void **state)
{
    (void)state;
    data_image_t images[IMAGES];
    data_category_t category = make_category(images);
    const float scores[2] = {0.1f, 0.2f};
    const int normal[2] = {0, 1}, anomalous[2] = {2, 3};
    const int *const keeps[2] = {normal, anomalous};
    for (int k = 0; k < 2; k++) {
        store_numbers_t numbers = store_numbers_none;
        assert_int_equal(work_measure_images(&numbers, scores, &category, keeps[k], 2), ST_OK);
        assert_true(isnan(numbers.image_auroc) && isnan(numbers.image_ap) && isnan(numbers.image_f1));
    }
    assert_true(work_has_pixels(&category, normal, 2)); /* all pixels normal: they are known */
}

/* A 4 x 4 map fused from both branches is what the formulas of METHOD.md 9 say, branch by branch. */
static void fusing_follows_the_branches_and_heads(void **state)
{
    (void)state;
    float vad[4] = {0.2f, 0.4f, 0.1f, 0.3f}, pad[4] = {0.6f, 0.2f, 0.5f, 0.9f}, image[4] = {0, 0, 0, 0}, S = 0.7f;
    float M_pix[4], M_img, scratch[4];
    job_t job;
    method_maps_t maps = {.n = 1, .h = 2, .w = 2, .kept = {vad, pad, image, NULL, NULL, &S}};
    const struct {
        const char *branches, *heads, *image_map;
        double pixel, score; /* of position 3, and of the image */
    } cases[] = {
        {"vad,pad", "pixel,image", "fused", 1 / (1 / 0.3 + 1 / 0.9), 1 / (1 / 0.225 + 1 / 0.7)},
        {"vad,pad", "pixel,image", "vad", 1 / (1 / 0.3 + 1 / 0.9), 1 / (1 / 0.4 + 1 / 0.7)},
        {"vad", "pixel,image", "fused", 0.3, 0.4},
        {"pad", "pixel", "fused", 0.9, 0.9},
        {"vad,pad", "image", "fused", 0.3, 1 / (1 / 0.4 + 1 / 0.7)},
        {"pad", "pixel,image", "vad", 0.9, 1 / (1 / 0.9 + 1 / 0.7)}, /* without a memory map the fused one serves */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char branches[64], heads[64], image_map[64];
        snprintf(branches, sizeof branches, "branches=%s", cases[i].branches);
        snprintf(heads, sizeof heads, "heads=%s", cases[i].heads);
        snprintf(image_map, sizeof image_map, "image_map=%s", cases[i].image_map);
        const char *assignments[] = {"dataset=demo", branches, heads, image_map};
        assert_int_equal(job_read(&job, NULL, assignments, 4), ST_OK);
        assert_int_equal(method_fuse(M_pix, &M_img, method_of(method_table, &job), &maps, &job, scratch), ST_OK);
        assert_true(fabs((double)M_pix[3] - cases[i].pixel) < 1e-6);
        assert_true(fabs((double)M_img - cases[i].score) < 1e-6);
        job_free(&job);
    }
}

/* Largest values 0.4, 0.5 of two normal and 0.45, 0.1 of two anomalous images; the class token puts them in another order. */
static void branches_are_ranked_by_the_largest_value_of_their_own_map(void **state)
{
    (void)state;
    data_image_t images[IMAGES];
    data_category_t category = make_category(images);
    const int keep[4] = {0, 1, 2, 3};
    float vad[8] = {0.4f, 0.2f, 0.1f, 0.5f, 0.45f, 0.0f, 0.1f, 0.05f};
    float pad[8] = {0.1f, 0.2f, 0.3f, 0.1f, 0.9f, 0.2f, 0.1f, 0.25f};
    float image[8] = {0}, S[4] = {0.1f, 0.2f, 0.2f, 0.3f};
    method_maps_t maps = {.n = 4, .h = 1, .w = 2, .kept = {vad, pad, image, NULL, NULL, S}};
    const char *assignments[] = {"dataset=demo", "branches=vad,pad", "heads=pixel"};
    for (int heads = 1; heads >= 0; heads--) { /* with the image head, and without */
        job_t job;
        store_numbers_t numbers = store_numbers_none;
        assert_int_equal(job_read(&job, NULL, assignments, heads == 1 ? 2 : 3), ST_OK);
        const method_t *method = method_of(method_table, &job);
        assert_int_equal(work_measure_branch_images(&numbers, method, &maps, &job, &category, keep), ST_OK);
        assert_true(numbers.vad_image == 0.25);
        assert_true(numbers.pad_image == 0.75);
        assert_true(heads == 1 ? numbers.cls_image == 3.5 / 4 : isnan(numbers.cls_image));
        assert_true(isnan(numbers.vad_pixel) && isnan(numbers.image_auroc));
        assert_int_equal(method_only_branch(method, &maps, &job), -1);
        job_free(&job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_counts_by_its_highest_view),
        cmocka_unit_test(a_sample_of_one_view_is_an_image),
        cmocka_unit_test(one_class_has_no_number),
        cmocka_unit_test(fusing_follows_the_branches_and_heads),
        cmocka_unit_test(branches_are_ranked_by_the_largest_value_of_their_own_map),
    };
    return cmocka_run_group_tests_name("measure", tests, NULL, NULL);
}
