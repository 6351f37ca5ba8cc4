#include "tree.h"

#include "data/data.h"
#include "support/check.h"

#include <stdio.h>
#include <string.h>

#define OK_1 "OK/S0001/nut_0001_OK_C1_20230101000000.jpg"
#define OK_1_C2 "OK/S0001/nut_0001_OK_C2_20230101000000.jpg"
#define OK_2 "OK/S0002/nut_0002_OK_C1_20230101000000.jpg"
#define OK_3 "OK/S0003/nut_0003_OK_C1_20230101000000.jpg"
#define NG_1 "NG/BX/S0001/nut_0001_NG_BX_C1_20230101000000"
#define NG_1_C2 "NG/BX/S0001/nut_0001_NG_BX_C2_20230101000000"
#define NG_2 "NG/PS/S0002/nut_0002_NG_PS_C1_20230101000000"

static void image(const char *root, const char *tree, const char *name, int shade)
{
    char path[512];
    snprintf(path, sizeof path, "%s%snut/%s", tree, tree[0] == '\0' ? "" : "/", name);
    tree_image(root, path, 8, 6, shade);
}

/* Views C1 and C2 of some samples; NG_1 has a mask, NG_1_C2 and NG_2 have none. */
static void make(const char *root, const char *tree)
{
    image(root, tree, OK_1, 0);
    image(root, tree, OK_1_C2, 1);
    image(root, tree, OK_2, 2);
    image(root, tree, OK_3, 3);
    image(root, tree, NG_1 ".jpg", 4);
    image(root, tree, NG_1_C2 ".jpg", 5);
    image(root, tree, NG_2 ".jpg", 6);
    char mask[512];
    snprintf(mask, sizeof mask, "%s%snut/" NG_1 ".png", tree, tree[0] == '\0' ? "" : "/");
    tree_mask(root, mask, 8, 6, 255);
}

static void the_bare_tree_lists_one_view_and_counts_missing_masks(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "realiad");
    make(root, "realiad_256");
    data_category_t nut;
    assert_int_equal(data_category_read(&nut, "realiad", root, "nut", NULL), ST_OK);
    assert_int_equal(nut.train_count, 3);
    assert_int_equal(nut.test_count, 5);
    assert_int_equal(nut.test_anomalous, 2);
    assert_int_equal(nut.masks_missing, 1);
    assert_string_equal(nut.test[0].name, NG_1 ".jpg");
    assert_string_equal(nut.test[0].defect, "BX");
    assert_string_equal(nut.test[0].sample, "NG/BX/S0001");
    assert_non_null(nut.test[0].mask);
    assert_null(nut.test[1].mask);
    assert_string_equal(nut.test[2].name, OK_1);
    assert_string_equal(nut.test[2].defect, "good");
    data_category_free(&nut);
}

static void shots_of_the_bare_tree_are_left_out_of_the_test(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "realiad_shots");
    make(root, "");
    data_category_t nut;
    assert_int_equal(data_category_read(&nut, "realiad", root, "nut", NULL), ST_OK);
    int shots[2], keep[5];
    assert_int_equal(data_draw_shots(shots, &nut, 2, 0), ST_OK);
    assert_int_equal(data_test_without_shots(keep, &nut, shots, 2), 3);
    for (int i = 0; i < 3; i++) {
        assert_true(i == 0 || keep[i] > keep[i - 1]);
        for (int k = 0; k < 2; k++) assert_string_not_equal(nut.test[keep[i]].path, nut.train[shots[k]].path);
    }
    data_category_free(&nut);
}

static void views_are_chosen_by_the_file_name(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "realiad_views");
    make(root, "realiad_raw");
    data_category_t nut;
    data_options_t options = {.views = "all"};
    assert_int_equal(data_category_read(&nut, "realiad", root, "nut", &options), ST_OK);
    assert_int_equal(nut.train_count, 4);
    assert_int_equal(nut.test_count, 7);
    assert_string_equal(nut.test[0].sample, nut.test[1].sample);
    data_category_free(&nut);
    options.views = "C2";
    assert_int_equal(data_category_read(&nut, "realiad", root, "nut", &options), ST_OK);
    assert_int_equal(nut.train_count, 1);
    assert_int_equal(nut.test_count, 2);
    data_category_free(&nut);
    options.views = "C5";
    check_error(data_category_read(&nut, "realiad", root, "nut", &options), ST_EFORMAT,
                "has no training image of the views asked for");
    options.views = "C9";
    check_error(data_category_read(&nut, "realiad", root, "nut", &options), ST_EFORMAT,
                "views is 'C9'; expected C1, C2, C3, C4, C5 or all");
}

static void one_of_several_trees_must_be_named(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "realiad_trees");
    make(root, "realiad_256");
    make(root, "realiad_1024");
    data_category_t nut;
    data_options_t options = {0};
    check_error(data_category_read(&nut, "realiad", root, "nut", &options), ST_EFORMAT,
                "holds realiad_256 and realiad_1024; expected to be told which");
    options.tree = "1024";
    assert_int_equal(data_category_read(&nut, "realiad", root, "nut", &options), ST_OK);
    assert_non_null(strstr(nut.test[0].path, "/realiad_1024/nut/NG/"));
    data_category_free(&nut);
    options.tree = "512";
    check_error(data_category_read(&nut, "realiad", root, "nut", &options), ST_ENOTFOUND,
                "realiad_512': no such folder");
}

#define META "{\"meta\": {\"prefix\": \"nut/\", \"normal_class\": \"OK\"}, "
#define SAMPLE(class, name, mask)                                                                                      \
    "{\"category\": \"nut\", \"anomaly_class\": \"" class "\", \"image_path\": \"" name "\", \"mask_path\": " mask "}"
#define SPLIT(train, test) META "\"train\": [" train "], \"test\": [" test "]}"

static void split_files_decide_where_they_are(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "realiad_split");
    make(root, "realiad_512");
    tree_text(root, "realiad_jsons/nut.json",
              SPLIT(SAMPLE("OK", OK_1, "null") "," SAMPLE("OK", OK_1_C2, "null"),
                    SAMPLE("OK", OK_2, "null") "," SAMPLE("BX", NG_1 ".jpg", "\"" NG_1 ".png\"") "," SAMPLE(
                        "BX", NG_1_C2 ".jpg", "null") "," SAMPLE("PS", NG_2 ".jpg", "\"" NG_2 ".png\"")));
    data_category_t nut;
    data_options_t options = {.views = "all"};
    assert_int_equal(data_category_read(&nut, "realiad", root, "nut", NULL), ST_OK);
    assert_int_equal(nut.train_count, 1);
    assert_int_equal(nut.test_count, 3);
    assert_int_equal(nut.masks_missing, 1);
    assert_string_equal(nut.test[2].name, OK_2);
    data_category_free(&nut);
    tree_text(root, "realiad_jsons_sv/nut.json",
              SPLIT(SAMPLE("OK", OK_1, "null") "," SAMPLE("OK", OK_2, "null"), SAMPLE("OK", OK_3, "null")));
    assert_int_equal(data_category_read(&nut, "realiad", root, "nut", NULL), ST_OK);
    assert_int_equal(nut.train_count, 2);
    assert_int_equal(nut.test_count, 1);
    data_category_free(&nut);
    assert_int_equal(data_category_read(&nut, "realiad", root, "nut", &options), ST_OK);
    assert_int_equal(nut.train_count, 2);
    assert_int_equal(nut.test_count, 4);
    assert_int_equal(nut.masks_missing, 2);
    data_category_free(&nut);
}

/* As archives unpack, and as people name folders. */
/* The published lists were drawn from all OK images, those of the split's test part among them. */
static void a_listed_shot_may_be_of_the_test_part_and_is_left_out_of_it(void **state)
{
    (void)state;
    char root[512], path[600];
    tree_begin(root, "realiad_listed");
    make(root, "realiad_512");
    tree_text(root, "realiad_jsons_sv/nut.json",
              SPLIT(SAMPLE("OK", OK_1, "null"),
                    SAMPLE("OK", OK_2, "null") "," SAMPLE("OK", OK_3, "null") "," SAMPLE("PS", NG_2 ".jpg", "null")));
    tree_text(root, "list.yaml", "nut:\n  1 C1: [S0003]\n");
    snprintf(path, sizeof path, "%s/list.yaml", root);
    data_category_t nut;
    int shot, keep[3];
    assert_int_equal(data_category_read(&nut, "realiad", root, "nut", NULL), ST_OK);
    assert_int_equal(nut.train_count, 1);
    check_error(data_list_shots(&shot, &nut, 1, path), ST_ENOTFOUND, "has no training image of sample S0003, view C1");
    data_category_free(&nut);
    data_options_t options = {.shots_listed = true};
    assert_int_equal(data_category_read(&nut, "realiad", root, "nut", &options), ST_OK);
    assert_int_equal(nut.train_count, 3);
    assert_int_equal(nut.test_count, 3);
    assert_int_equal(data_list_shots(&shot, &nut, 1, path), ST_OK);
    assert_string_equal(nut.train[shot].name, OK_3);
    assert_int_equal(data_test_without_shots(keep, &nut, &shot, 1), 2);
    for (int i = 0; i < 2; i++) assert_string_not_equal(nut.test[keep[i]].name, OK_3);
    data_category_free(&nut);
}

static void split_files_are_found_wherever_they_lie(void **state)
{
    (void)state;
    static const char *const places[] = {"realiad_jsons/realiad_jsons_sv/nut.json", "Realiad_JSONs/nut.json",
                                         "download/realiad_jsons/realiad_jsons/Nut.json"};
    static const char *const splits[] = {"realiad_jsons_sv", "realiad_jsons", "realiad_jsons"};
    for (int i = 0; i < 3; i++) {
        char root[512];
        tree_begin(root, "realiad_nested");
        make(root, i == 1 ? "RealIAD_256" : "realiad_256/realiad_256");
        tree_text(root, places[i],
                  "\xef\xbb\xbf" SPLIT(SAMPLE("OK", OK_1, "null"),
                                       SAMPLE("OK", OK_2, "\"\"") "," SAMPLE("BX", NG_1 ".jpg", "\"" NG_1 ".png\"")));
        data_category_t nut;
        if (data_category_read(&nut, "realiad", root, "nut", NULL) != ST_OK)
            fail_msg("%s: %s", places[i], fail_message());
        assert_int_equal(nut.train_count, 1);
        assert_int_equal(nut.test_count, 2);
        assert_string_equal(nut.split, splits[i]);
        data_category_free(&nut);
    }
}

/* The split lies in the tree of images, or beside the tree that is given as the root. */
static void split_files_are_found_in_and_beside_the_tree(void **state)
{
    (void)state;
    static const char *const places[] = {"realiad_256/realiad_jsons/nut.json", "realiad_jsons/nut.json",
                                         "unpacked/realiad_jsons_sv/nut.json"};
    for (int i = 0; i < 3; i++) {
        char top[512], root[600];
        tree_begin(top, "realiad_beside");
        make(top, "realiad_256");
        tree_text(top, places[i], SPLIT(SAMPLE("OK", OK_1, "null"), SAMPLE("OK", OK_2, "null")));
        snprintf(root, sizeof root, "%s%s", top, i == 0 ? "" : "/realiad_256");
        data_category_t nut;
        if (data_category_read(&nut, "realiad", root, "nut", NULL) != ST_OK)
            fail_msg("%s: %s", places[i], fail_message());
        assert_int_equal(nut.train_count, 1);
        assert_string_equal(nut.split, i < 2 ? "realiad_jsons" : "realiad_jsons_sv");
        data_category_free(&nut);
    }
}

/* What sounds like a split and is none that is read: never the whole tree in its place. */
static void a_split_that_was_not_unpacked_is_refused(void **state)
{
    (void)state;
    static const char *const strays[][2] = {{"realiad_jsons.zip", "unpack it, or move it there"},
                                            {"nut.json", "unpack it, or move it there"},
                                            {"Real-IAD_JSONs/bolt.json", "the archive unpacks to both"},
                                            {"splits_json/a/b/nut.json", "the archive unpacks to both"}};
    for (size_t i = 0; i < sizeof strays / sizeof strays[0]; i++) {
        char root[512];
        data_category_t nut;
        tree_begin(root, "realiad_stray");
        make(root, "realiad_256");
        tree_text(root, strays[i][0], "PK");
        check_error(data_category_read(&nut, "realiad", root, "nut", NULL), ST_ENOTFOUND, strays[i][1]);
        assert_non_null(strstr(fail_message(), "has no split of 'nut'"));
    }
}

static void a_split_that_is_not_for_this_category_or_view_is_refused(void **state)
{
    (void)state;
    char root[512];
    data_category_t nut;
    tree_begin(root, "realiad_other");
    make(root, "realiad_256");
    tree_text(root, "x/realiad_jsons_fuiad_0.1/nut.json", "{}");
    check_error(data_category_read(&nut, "realiad", root, "nut", NULL), ST_ENOTFOUND,
                "realiad_jsons_fuiad_0.1' has no split of 'nut'; expected realiad_jsons/nut.json");
    tree_begin(root, "realiad_other2");
    make(root, "realiad_256");
    tree_text(root, "realiad_jsons/bolt.json", "{}");
    check_error(data_category_read(&nut, "realiad", root, "nut", NULL), ST_ENOTFOUND,
                "realiad_jsons' has no split of 'nut'");
    tree_text(root, "realiad_jsons_sv/nut.json", SPLIT(SAMPLE("OK", OK_1, "null"), SAMPLE("OK", OK_2, "null")));
    assert_int_equal(data_category_read(&nut, "realiad", root, "nut", NULL), ST_OK);
    data_category_free(&nut);
    const data_options_t second = {.views = "C2"};
    check_error(data_category_read(&nut, "realiad", root, "nut", &second), ST_ENOTFOUND,
                "is the split of view C1 alone");
    tree_text(root, "old/realiad_jsons_sv/nut.json", SPLIT(SAMPLE("OK", OK_2, "null"), SAMPLE("OK", OK_1, "null")));
    check_error(data_category_read(&nut, "realiad", root, "nut", NULL), ST_EFORMAT, "are two splits of one category");
}

static void refused(const char *json, status_t code, const char *text)
{
    char root[512];
    tree_begin(root, "realiad_bad");
    make(root, "realiad_256");
    tree_text(root, "realiad_jsons_sv/nut.json", json);
    data_category_t out;
    check_error(data_category_read(&out, "realiad", root, "nut", NULL), code, text);
}

static void a_bad_split_file_is_refused_by_entry(void **state)
{
    (void)state;
    refused("{", ST_EFORMAT, "nut.json'");
    refused(SPLIT(SAMPLE("OK", OK_1, "null"), SAMPLE("../../../x", NG_1 ".jpg", "null")), ST_EFORMAT,
            "test[0] has the anomaly_class '../../../x', expected one word");
    refused(SPLIT(SAMPLE("OK", OK_1, "null"), SAMPLE("B\\nX", NG_1 ".jpg", "null")), ST_EFORMAT,
            "anomaly_class 'B\\x0aX', expected one word");
    refused(SPLIT(SAMPLE("OK", "OK/../../nut/" OK_1, "null"), ""), ST_EFORMAT, "which leads out of its folder");
    refused(SPLIT(SAMPLE("OK", OK_1, "null"), SAMPLE("BX", NG_1 ".jpg", "\"/etc/passwd\"")), ST_EFORMAT,
            "names '/etc/passwd', which leads out of its folder");
    refused("{\"meta\": {\"prefix\": \"../nut/\"}, \"train\": [], \"test\": []}", ST_EFORMAT,
            "meta.prefix is '../nut/'");
    refused("{\"train\": []}", ST_EFORMAT, "nut.json': 'test' is missing or no array");
    refused(SPLIT("{\"anomaly_class\": \"OK\"}", ""), ST_EFORMAT, "train[0] lacks the text 'image_path'");
    refused(SPLIT(SAMPLE("BX", NG_1 ".jpg", "null"), ""), ST_EFORMAT, "is anomalous ('BX'); expected 'OK' only");
    refused(SPLIT(SAMPLE("OK", "OK/S0009/x_C1_0.jpg", "null"), ""), ST_ENOTFOUND, "names it in train[0]");
    refused(SPLIT(SAMPLE("OK", OK_1, "null"), ""), ST_EFORMAT, "has no test image");
}

static void a_tree_without_anomalous_images_is_refused(void **state)
{
    (void)state;
    char root[512];
    tree_begin(root, "realiad_ok");
    image(root, "", OK_1, 0);
    data_category_t out;
    check_error(data_category_read(&out, "realiad", root, "nut", NULL), ST_ENOTFOUND, "nut/NG': no such folder");
    io_names_t names;
    assert_int_equal(data_list_categories(&names, "realiad", root, NULL), ST_OK);
    assert_int_equal(names.count, 1);
    io_names_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bare_tree_lists_one_view_and_counts_missing_masks),
        cmocka_unit_test(shots_of_the_bare_tree_are_left_out_of_the_test),
        cmocka_unit_test(views_are_chosen_by_the_file_name),
        cmocka_unit_test(one_of_several_trees_must_be_named),
        cmocka_unit_test(split_files_decide_where_they_are),
        cmocka_unit_test(a_listed_shot_may_be_of_the_test_part_and_is_left_out_of_it),
        cmocka_unit_test(split_files_are_found_wherever_they_lie),
        cmocka_unit_test(split_files_are_found_in_and_beside_the_tree),
        cmocka_unit_test(a_split_that_was_not_unpacked_is_refused),
        cmocka_unit_test(a_split_that_is_not_for_this_category_or_view_is_refused),
        cmocka_unit_test(a_bad_split_file_is_refused_by_entry),
        cmocka_unit_test(a_tree_without_anomalous_images_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
