#include "tree.h"

#include "data/data.h"
#include "support/check.h"

#include <stdio.h>
#include <string.h>

/* A category in memory alone: N train images "train/good/000.png" ... */
#define N 12
typedef struct {
    data_category_t category;
    data_image_t train[N];
    char name[N][32];
} fixture_t;

static fixture_t fixture;

static int make(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) {
        snprintf(fixture.name[i], sizeof fixture.name[i], "train/good/%03d.png", i);
        fixture.train[i] = (data_image_t){.path = fixture.name[i], .name = fixture.name[i]};
    }
    static char dataset[] = "mvtec", category[] = "bottle";
    fixture.category =
        (data_category_t){.dataset = dataset, .category = category, .train = fixture.train, .train_count = N};
    return 0;
}

static void a_draw_is_a_function_of_dataset_category_shots_and_seed(void **state)
{
    (void)state;
    int a[4], b[4];
    assert_int_equal(data_draw_shots(a, &fixture.category, 4, 7), ST_OK);
    assert_int_equal(data_draw_shots(b, &fixture.category, 4, 7), ST_OK);
    assert_memory_equal(a, b, sizeof a);
    for (int i = 0; i < 4; i++) {
        assert_in_range(a[i], 0, N - 1);
        for (int k = 0; k < i; k++) assert_int_not_equal(a[i], a[k]);
    }
    assert_int_equal(data_draw_shots(b, &fixture.category, 4, 8), ST_OK);
    assert_memory_not_equal(a, b, sizeof a);
    data_category_t other = fixture.category;
    static char name[] = "cable";
    other.category = name;
    assert_int_equal(data_draw_shots(b, &other, 4, 7), ST_OK);
    assert_memory_not_equal(a, b, sizeof a);
}

/* These numbers may never change: a published run names its shots by seed. */
static void the_draw_of_a_seed_is_fixed_for_ever(void **state)
{
    (void)state;
    int got[4];
    const int want[4] = {2, 7, 9, 4}; /* by tests/reference/draw.py */
    assert_int_equal(data_draw_shots(got, &fixture.category, 4, 0), ST_OK);
    for (int i = 0; i < 4; i++) assert_int_equal(got[i], want[i]);
}

static void fewer_nested_shots_are_the_first_of_more(void **state)
{
    (void)state;
    int all[N], few[N];
    const int want[4] = {0, 6, 11, 1}; /* by tests/reference/draw.py */
    assert_int_equal(data_nested_shots(all, &fixture.category, N, 0), ST_OK);
    for (int i = 0; i < 4; i++) assert_int_equal(all[i], want[i]);
    for (int shots = 1; shots < N; shots++) {
        assert_int_equal(data_nested_shots(few, &fixture.category, shots, 0), ST_OK);
        assert_memory_equal(few, all, (size_t)shots * sizeof *few);
    }
    assert_int_equal(data_nested_shots(few, &fixture.category, N, 1), ST_OK);
    assert_memory_not_equal(few, all, sizeof few);
    check_error(data_nested_shots(few, &fixture.category, N + 1, 0), ST_EFORMAT,
                "category 'bottle' has 12 training images, 13 shots are asked for");
}

static void every_image_is_drawn_about_equally_often(void **state)
{
    (void)state;
    int count[N] = {0}, shots[2];
    for (uint64_t seed = 0; seed < 3000; seed++) {
        assert_int_equal(data_draw_shots(shots, &fixture.category, 2, seed), ST_OK);
        count[shots[0]]++;
        count[shots[1]]++;
    }
    /* 500 expected, sd about 20. */
    for (int i = 0; i < N; i++) assert_in_range(count[i], 400, 600);
}

static void more_shots_than_images_are_refused(void **state)
{
    (void)state;
    int shots[N + 1];
    assert_int_equal(data_draw_shots(shots, &fixture.category, N, 0), ST_OK);
    check_error(data_draw_shots(shots, &fixture.category, N + 1, 0), ST_EFORMAT,
                "category 'bottle' has 12 training images, 13 shots are asked for");
}

static status_t list(int *out, int shots, const char *text)
{
    char root[512], path[600];
    tree_begin(root, "lists");
    tree_text(root, "list.yaml", text);
    snprintf(path, sizeof path, "%s/list.yaml", root);
    return data_list_shots(out, &fixture.category, shots, path);
}

#define YAML                                                                                                           \
    "# words: [1]\n\nbottle:   # of glass\n  1: [3]\n  2: [ 11 , 0 ]   # two\n\n  4: [1, 2, 3, 4]\ncable:\n  1: "      \
    "[131]\n"                                                                                                          \
    "  2: [5, 6]\n"

static void indices_come_in_the_order_of_the_list(void **state)
{
    (void)state;
    int shots[4];
    assert_int_equal(list(shots, 2, YAML), ST_OK);
    assert_int_equal(shots[0], 11);
    assert_int_equal(shots[1], 0);
    assert_int_equal(list(shots, 1, YAML), ST_OK);
    assert_int_equal(shots[0], 3);
}

static void a_list_of_another_form_is_refused_by_line(void **state)
{
    (void)state;
    int out[8];
    check_error(list(out, 3, YAML), ST_ENOTFOUND, "list.yaml' has no list of 3 shots for 'bottle'");
    check_error(list(out, 1, "cable:\n  1: [0]\n"), ST_ENOTFOUND, "list.yaml' has no category 'bottle'");
    check_error(list(out, 1, "bottle:\n  1: [12]\n"), ST_EFORMAT,
                "list.yaml' line 2: index 12, but 'bottle' has 12 training images, 0 to 11");
    check_error(list(out, 2, "bottle:\n  2: [1]\n"), ST_EFORMAT, "line 2: 1 indices under 2 shots of 'bottle'");
    check_error(list(out, 2, "bottle:\n  2: [1, 2, 3]\n"), ST_EFORMAT, "line 2: 3 indices under 2 shots");
    check_error(list(out, 2, "bottle:\n  2: [1, 1]\n"), ST_EFORMAT,
                "line 2: train image 'train/good/001.png' of 'bottle'");
    check_error(list(out, 1, "bottle:\n  1: [1\n"), ST_EFORMAT, "line 2: '  1: [1'; expected '<shots>: [index, index");
    check_error(list(out, 1, "bottle:\n  1: 1\n"), ST_EFORMAT, "line 2: '  1: 1'; expected");
    check_error(list(out, 1, "bottle:\n  1: [-1]\n"), ST_EFORMAT, "line 2: '  1: [-1]'; expected");
    check_error(list(out, 1, "bottle:\n  one: [1]\n"), ST_EFORMAT, "line 2: '  one: [1]'; expected");
    check_error(list(out, 1, "bottle:\n1: [1]\n"), ST_EFORMAT, "line 2: '1: [1]'; expected '<category>:'");
    check_error(list(out, 1, "  1: [1]\n"), ST_EFORMAT, "line 1: '  1: [1]'; expected '<category>:'");
    check_error(list(out, 1, "bottle:\n  1: [1]\nbottle:\n  1: [2]\n"), ST_EFORMAT,
                "line 3: category 'bottle' stands twice");
    check_error(list(out, 1, "bottle:\n  1: [1]\n  1: [2]\n"), ST_EFORMAT, "line 3: 1 shots of 'bottle' stand twice");
    check_error(data_list_shots(out, &fixture.category, 1, "/nonexistent.yaml"), ST_ENOTFOUND, "/nonexistent.yaml");
    char path[600];
    snprintf(path, sizeof path, "%s/zeros.txt", check_temp_dir("lists"));
    check_error(io_write_file(path, "train/good/001.png\n\0", 20), ST_OK, "");
    check_error(data_list_shots(out, &fixture.category, 1, path), ST_EFORMAT, "zeros.txt: holds a byte of zero");
    check_error(list(out, 1, "001.png\ngood/001.png\n"), ST_OK, "");
    check_error(list(out, 2, "001.png\ngood/001.png\n"), ST_EFORMAT, "line 2: train image 'train/good/001.png' of");
}

static void a_path_that_could_be_two_images_is_refused(void **state)
{
    (void)state;
    char root[512], path[600];
    tree_begin(root, "ambiguous");
    tree_image(root, "nut/train/000.png", 8, 6, 0);
    tree_image(root, "nut/train/good/000.png", 8, 6, 1);
    tree_image(root, "nut/test/good/000.png", 8, 6, 2);
    tree_text(root, "list.txt", "nut/train/good/000.png\n000.png\n");
    data_category_t nut;
    check_error(data_category_read(&nut, "folder", root, "nut", NULL), ST_OK, "");
    assert_int_equal(nut.train_count, 2);
    int out[2];
    snprintf(path, sizeof path, "%s/list.txt", root);
    check_error(data_list_shots(out, &nut, 1, path), ST_OK, "");
    assert_int_equal(out[0], 1);
    check_error(data_list_shots(out, &nut, 2, path), ST_EFORMAT,
                "list.txt' line 2: '000.png' is the end of more than one training image of 'nut'");
    data_category_free(&nut);
}

static void paths_match_by_their_ends(void **state)
{
    (void)state;
    int shots[3];
    assert_int_equal(list(shots, 3,
                          "# shots\n./mvtec/bottle/train/good/004.png\r\nmvtec/cable/train/good/001.png\n"
                          "bottle/train/good/002.png\n/data/x/bottle/train/good/000.png\n"),
                     ST_OK);
    assert_int_equal(shots[0], 4);
    assert_int_equal(shots[1], 2);
    assert_int_equal(shots[2], 0);
    assert_int_equal(list(shots, 2, "007.png\ngood/006.png\n"), ST_OK);
    assert_int_equal(shots[0], 7);
    assert_int_equal(shots[1], 6);
    check_error(list(shots, 2, "07.png\n006.png\n"), ST_ENOTFOUND, "names 1 of the training images of 'bottle'");
    check_error(list(shots, 2, "waterbottle/train/good/001.png\n006.png\n"), ST_ENOTFOUND, "names 1 of the training");
    check_error(list(shots, 2, "006.png\n006.png\n"), ST_EFORMAT, "line 2: train image 'train/good/006.png'");
    check_error(list(shots, 1, "\n"), ST_ENOTFOUND, "names 0 of the training images");
}

static void every_published_list_can_be_read(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    static data_image_t train[MANY];
    for (int i = 0; i < MANY; i++) train[i].name = train[i].path = fixture.name[0];
    const char *const datasets[] = {"mvtec", "visa"};
    int lists = 0;
    for (int d = 0; d < 2; d++) {
        for (int i = 0; i < data_known_count(datasets[d]); i++) {
            char name[64], path[512];
            snprintf(name, sizeof name, "%s", data_known_category(datasets[d], i));
            snprintf(path, sizeof path, "%s/datasets/fewshot/%s.yaml", FGAD_SOURCE_DIR, datasets[d]);
            data_category_t category = {.category = name, .train = train, .train_count = MANY};
            for (int shots = 1; shots <= 4; shots *= 2, lists++) {
                int out[4];
                if (data_list_shots(out, &category, shots, path) != ST_OK) fail_msg("%s", fail_message());
            }
        }
    }
    assert_int_equal(lists, 3 * (15 + 12));
}

/* A category of Real-IAD in memory alone: samples S0001 to S0500, of each the views asked for. */
enum { SAMPLES = 500, VIEWS = 5 };
typedef struct {
    data_category_t category;
    data_image_t image[SAMPLES * VIEWS];
    char name[SAMPLES * VIEWS][48], sample[SAMPLES * VIEWS][16], text[32];
} realiad_t;

static void make_realiad(realiad_t *out, const char *category, const char *views)
{
    static char dataset[] = "realiad";
    memset(out, 0, sizeof *out);
    snprintf(out->text, sizeof out->text, "%s", category);
    int count = 0;
    for (int s = 1; s <= SAMPLES; s++)
        for (const char *v = views; *v != '\0'; v++, count++) {
            snprintf(out->name[count], sizeof out->name[count], "OK/S%04d/x_%04d_OK_C%c_20231021.jpg", s, s, *v);
            snprintf(out->sample[count], sizeof out->sample[count], "OK/S%04d", s);
            out->image[count] =
                (data_image_t){.path = out->name[count], .name = out->name[count], .sample = out->sample[count]};
        }
    out->category =
        (data_category_t){.dataset = dataset, .category = out->text, .train = out->image, .train_count = count};
}

static void a_list_of_samples_names_the_images_of_a_view(void **state)
{
    (void)state;
    static realiad_t c1, c3, all;
    char root[512], path[600];
    int shots[4];
    make_realiad(&c1, "nut", "1");
    make_realiad(&c3, "nut", "3");
    make_realiad(&all, "nut", "12345");
    tree_begin(root, "samples");
    snprintf(path, sizeof path, "%s/list.yaml", root);
    tree_text(root, "list.yaml",
              "bolt:\n  2 C1: [S0009, S0010]\nnut:\n  2 C1: [S0004, S0002]\n  2 C3: [ S0007,S0007 ]\n");
    assert_int_equal(data_list_shots(shots, &c1.category, 2, path), ST_OK);
    assert_int_equal(shots[0], 3);
    assert_int_equal(shots[1], 1);
    assert_int_equal(data_list_shots(shots, &c3.category, 2, path), ST_OK);
    assert_int_equal(shots[0], 6); /* one image twice, as the list says */
    assert_int_equal(shots[1], 6);
    assert_int_equal(data_list_shots(shots, &all.category, 2, path), ST_OK);
    assert_string_equal(all.category.train[shots[0]].name, "OK/S0004/x_0004_OK_C1_20231021.jpg");
    check_error(data_list_shots(shots, &c1.category, 1, path), ST_ENOTFOUND, "has no list of 1 shots for 'nut'");
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"nut:\n  2 C1: [S0004, S0501]\n", "line 2: 'nut' has no training image of sample S0501, view C1"},
        {"nut:\n  2 C1: [S0004]\n", "line 2: 1 samples under 2 shots of 'nut'"},
        {"nut:\n  2 C1: [S0004, S0002\n", "expected '<shots> <view>: [S<number>, S<number>, ...]'"},
        {"nut:\n  2 C1: [4, 2] x\n", "expected '<shots> <view>: [S<number>, S<number>, ...]'"},
        {"nut:\n  2 C9: [S0004, S0002]\n", "expected '<shots> <view>: [S<number>, S<number>, ...]'"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        tree_text(root, "list.yaml", wrong[i].text);
        status_t status = data_list_shots(shots, &c1.category, 2, path);
        check_error(status, i == 0 ? ST_ENOTFOUND : ST_EFORMAT, wrong[i].message);
    }
}

/* Every category, number of shots and view; 1 shot is the first of 2 and of 4 in view C1, where all begin alike. */
static void the_published_samples_of_real_iad_can_be_read(void **state)
{
    (void)state;
    static realiad_t category;
    static const char *const VIEW[] = {"1", "2", "3", "4", "5"};
    int one[1], two[2], four[4], twice = 0;
    for (int c = 0; c < data_known_count("realiad"); c++)
        for (int v = 0; v < VIEWS; v++) {
            make_realiad(&category, data_known_category("realiad", c), VIEW[v]);
            static const char path[] = FGAD_SOURCE_DIR "/datasets/fewshot/realiad.yaml";
            check_error(data_list_shots(one, &category.category, 1, path), ST_OK, "");
            check_error(data_list_shots(two, &category.category, 2, path), ST_OK, "");
            check_error(data_list_shots(four, &category.category, 4, path), ST_OK, "");
            if (v == 0) {
                assert_int_equal(one[0], four[0]);
                assert_memory_equal(two, four, sizeof two);
            }
            for (int i = 0; i < 4; i++)
                for (int k = 0; k < i; k++) twice += four[i] == four[k];
        }
    assert_int_equal(twice, 3); /* toy_brick in C1, audiojack and pcb in C3 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_draw_is_a_function_of_dataset_category_shots_and_seed),
        cmocka_unit_test(the_draw_of_a_seed_is_fixed_for_ever),
        cmocka_unit_test(fewer_nested_shots_are_the_first_of_more),
        cmocka_unit_test(every_image_is_drawn_about_equally_often),
        cmocka_unit_test(more_shots_than_images_are_refused),
        cmocka_unit_test(indices_come_in_the_order_of_the_list),
        cmocka_unit_test(a_list_of_another_form_is_refused_by_line),
        cmocka_unit_test(a_path_that_could_be_two_images_is_refused),
        cmocka_unit_test(paths_match_by_their_ends),
        cmocka_unit_test(every_published_list_can_be_read),
        cmocka_unit_test(a_list_of_samples_names_the_images_of_a_view),
        cmocka_unit_test(the_published_samples_of_real_iad_can_be_read),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
