#include "support/check.h"

#include "detect/detect.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TOLERANCE 1e-6 /* float32 results of double arithmetic, relative to the largest value */

typedef struct {
    check_golden_t *golden;
    const char *name; /* of the setting: learned, normal, mean */
    detect_anchors_t anchors;
    const float *z, *cls, *M_v;
    int T;
} setting_t;

static setting_t open_setting(const char *name)
{
    setting_t setting = {.golden = check_golden_open("detect/scores"), .name = name};
    int dims[8];
    setting.anchors.normal = check_golden_f32(setting.golden, "pad.normal", NULL, dims);
    setting.anchors.abnormal = check_golden_f32(setting.golden, "pad.abnormal", NULL, NULL);
    if (strcmp(name, "normal") != 0) setting.anchors.keys = check_golden_f32(setting.golden, "pad.keys", NULL, NULL);
    setting.anchors.groups = dims[0];
    setting.anchors.width = dims[1];
    setting.anchors.image_group = 2;
    setting.anchors.token_wise = strcmp(name, "mean") != 0;
    setting.z = check_golden_f32(setting.golden, "pad.z", NULL, dims);
    setting.T = dims[0];
    setting.cls = check_golden_f32(setting.golden, "pad.cls", NULL, NULL);
    setting.M_v = check_golden_f32(setting.golden, "pad.M_v", NULL, NULL);
    char t[32];
    snprintf(t, sizeof t, "%s.t", name);
    setting.anchors.logit_scale = check_golden_f64(setting.golden, t, NULL, NULL)[0];
    return setting;
}

static void check_against(const setting_t *setting, const char *what, const float *got)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", setting->name, what);
    size_t count;
    const float *want = check_golden_f32(setting->golden, name, &count, NULL);
    check_array(name, got, want, count, TOLERANCE);
}

static void check_setting(const char *name)
{
    setting_t setting = open_setting(name);
    int T = setting.T;
    float Mhat[64], s_image[64], M_p[64], M_pix[64], S;
    int group[64];
    detect_pad(Mhat, group, s_image, &setting.anchors, setting.z, T);
    check_against(&setting, "Mhat", Mhat);
    check_against(&setting, "s_image", s_image);
    char key[64];
    snprintf(key, sizeof key, "%s.group", name);
    assert_memory_equal(group, check_golden_i32(setting.golden, key, NULL, NULL), (size_t)T * sizeof *group);
    detect_pad(NULL, NULL, &S, &setting.anchors, setting.cls, 1);
    check_against(&setting, "S", &S);
    for (int mode = 0; detect_reweight_names[mode] != NULL; mode++) {
        detect_reweight(M_p, Mhat, s_image, T, (detect_reweight_t)mode);
        snprintf(key, sizeof key, "%s.M_p", detect_reweight_names[mode]);
        check_against(&setting, key, M_p);
        detect_fuse(M_pix, setting.M_v, M_p, T);
        snprintf(key, sizeof key, "%s.M_pix", detect_reweight_names[mode]);
        check_against(&setting, key, M_pix);
        float image[2] = {detect_image_score(M_pix, T, &S), detect_image_score(setting.M_v, T, &S)};
        snprintf(key, sizeof key, "%s.M_img", detect_reweight_names[mode]);
        check_against(&setting, key, image);
    }
    check_golden_close(setting.golden);
}

static void prompt_scores_equal_the_reference_with_learned_keys(void **state)
{
    (void)state;
    check_setting("learned");
}

static void prompt_scores_equal_the_reference_matched_to_normal_anchors(void **state)
{
    (void)state;
    check_setting("normal");
}

static void prompt_scores_equal_the_reference_without_token_wise_matching(void **state)
{
    (void)state;
    check_setting("mean");
}

static void a_huge_logit_scale_saturates_without_nan(void **state)
{
    (void)state;
    const float normal[2] = {1, 0}, abnormal[2] = {0, 1}, z[4] = {1, 0, 0, 1};
    detect_anchors_t anchors = {normal, abnormal, NULL, 1, 2, 0, 1e6, true};
    float Mhat[2], s_image[2], M_p[2];
    detect_pad(Mhat, NULL, s_image, &anchors, z, 2);
    assert_true(Mhat[0] == 0 && Mhat[1] == 1);
    detect_reweight(M_p, Mhat, s_image, 2, DETECT_REWEIGHT_MEAN1);
    assert_true(M_p[0] == 0 && fabsf(M_p[1] - 2 * 0.7310586F) < 1e-6F);
}

static void the_first_of_equal_groups_is_matched(void **state)
{
    (void)state;
    const float anchor[4] = {1, 0, 1, 0}, z[2] = {0.6F, 0.8F};
    detect_anchors_t anchors = {anchor, anchor, NULL, 2, 2, 0, 1, true};
    int group;
    detect_pad(NULL, &group, NULL, &anchors, z, 1);
    assert_int_equal(group, 0);
}

static void reweighting_equal_tokens_keeps_mean_one(void **state)
{
    (void)state;
    const float Mhat[3] = {0.2F, 0.5F, 0.9F}, s_image[3] = {0.4F, 0.4F, 0.4F};
    float M_p[3];
    detect_reweight(M_p, Mhat, s_image, 3, DETECT_REWEIGHT_MEAN1);
    check_array("mean1", M_p, Mhat, 3, 1e-7);
}

static void a_branch_that_is_off_leaves_the_other(void **state)
{
    (void)state;
    const float map[3] = {0, 0.5F, 0.25F};
    float M_pix[3], S = 0.5F;
    detect_fuse(M_pix, map, NULL, 3);
    assert_memory_equal(M_pix, map, sizeof map);
    detect_fuse(M_pix, NULL, map, 3);
    assert_memory_equal(M_pix, map, sizeof map);
    assert_true(detect_image_score(map, 3, NULL) == 0.5F);
    assert_true(detect_image_score(NULL, 0, &S) == 0.5F);
    assert_true(detect_image_score(map, 3, &S) == 0.25F);
}

static void zeros_are_clamped_and_a_nan_stays(void **state)
{
    (void)state;
    const float a[2] = {0, NAN}, b[2] = {0.5F, 0.5F};
    float M_pix[2];
    detect_fuse(M_pix, a, b, 2);
    assert_true(M_pix[0] > 0 && M_pix[0] < 2e-12F && isnan(M_pix[1]));
    const float map[3] = {0.1F, NAN, 0.3F};
    assert_true(isnan(detect_image_score(map, 3, NULL)));
}

/* tests/reference/detect.py: numpy's quantile, mean and logarithm; torch's resize. */
static void every_fusion_equals_the_reference(void **state)
{
    (void)state;
    static const char *const names[] = {"harmonic", "arithmetic", "geometric", "standard"};
    check_golden_t *golden = check_golden_open("detect/fusion");
    const float *M_v = check_golden_f32(golden, "M_v", NULL, NULL), *M_p = check_golden_f32(golden, "M_p", NULL, NULL);
    const float *want = check_golden_f32(golden, "scale", NULL, NULL);
    double scale[2];
    float fused[40];
    for (int b = 0; b < 2; b++) {
        size_t count;
        float values[120];
        memcpy(values, check_golden_f32(golden, b == 0 ? "support_v" : "support_p", &count, NULL), sizeof values);
        assert_int_equal(count, 120);
        const float quantile = detect_quantile(values, 120, 0.95);
        check_array("quantile", &quantile, &want[b], 1, TOLERANCE);
        scale[b] = (double)quantile;
    }
    for (int mode = DETECT_FUSION_HARMONIC; mode <= DETECT_FUSION_STANDARD; mode++) {
        detect_fuse_by(fused, M_v, M_p, 40, (detect_fusion_t)mode, scale);
        check_array(names[mode], fused, check_golden_f32(golden, names[mode], NULL, NULL), 40, TOLERANCE);
        detect_fuse_by(fused, M_v, NULL, 40, (detect_fusion_t)mode, scale); /* one branch is the map */
        assert_memory_equal(fused, M_v, sizeof fused);
    }
    const float *image = check_golden_f32(golden, "image", NULL, NULL), largest = detect_image_score(M_v, 40, NULL);
    const float scores[3] = {image[0], detect_image_fuse(largest, image[0], false),
                             detect_image_fuse(largest, image[0], true)};
    check_array("image", scores, image, 3, TOLERANCE);
    for (int n = 0; n < 5; n++) {
        char name[32];
        int dims[8];
        snprintf(name, sizeof name, "resized%d.map", n);
        const float *map = check_golden_f32(golden, name, NULL, dims);
        snprintf(name, sizeof name, "resized%d.R", n);
        const int R = (int)check_golden_f64(golden, name, NULL, NULL)[0];
        const float most = detect_upsampled_max(R, R, map, dims[0], dims[1], false);
        snprintf(name, sizeof name, "resized%d.max", n);
        check_array(name, &most, check_golden_f32(golden, name, NULL, NULL), 1, TOLERANCE);
    }
    check_golden_close(golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prompt_scores_equal_the_reference_with_learned_keys),
        cmocka_unit_test(prompt_scores_equal_the_reference_matched_to_normal_anchors),
        cmocka_unit_test(prompt_scores_equal_the_reference_without_token_wise_matching),
        cmocka_unit_test(a_huge_logit_scale_saturates_without_nan),
        cmocka_unit_test(the_first_of_equal_groups_is_matched),
        cmocka_unit_test(every_fusion_equals_the_reference),
        cmocka_unit_test(reweighting_equal_tokens_keeps_mean_one),
        cmocka_unit_test(a_branch_that_is_off_leaves_the_other),
        cmocka_unit_test(zeros_are_clamped_and_a_nan_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
