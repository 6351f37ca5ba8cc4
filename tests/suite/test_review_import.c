/* Other people's maps: every kind of sample in their own order, shapes that are not the image's, folders of others. */
#include "support/check.h"

#include "io/io.h"
#include "review/review_internal.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { W = 12, H = 8, IMAGES = 4, FLOAT = 3, SIGNED = 2, UNSIGNED = 1 };
static char base[600];

static void path_of(char out[1024], const char *name)
{
    snprintf(out, 1024, "%s/%s", base, name);
    char *slash = strrchr(out, '/');
    *slash = '\0';
    if (io_make_dirs(out) != ST_OK) fail_msg("%s", fail_message());
    *slash = '/';
}

static void put_picture(const char *name, int shade, bool mask)
{
    uint8_t pixels[W * H];
    char path[1024];
    for (int i = 0; i < W * H; i++) pixels[i] = (uint8_t)(mask ? (i % W < 5 && i / W < 4 ? 255 : 0) : shade + i % 9);
    path_of(path, name);
    if (io_png_write(path, pixels, W, H, 1) != ST_OK) fail_msg("%s", fail_message());
}

/* A folder of own images: 2 normal, 2 of a dent, of one stem in two kinds of files. */
static void make_data(void)
{
    snprintf(base, sizeof base, "%s", check_temp_dir("import"));
    put_picture("data/part/train/0.png", 0, false);
    put_picture("data/part/test/good/0.png", 20, false);
    put_picture("data/part/test/good/1.png", 40, false);
    put_picture("data/part/test/dent/0.png", 60, false);
    put_picture("data/part/test/dent/0.jpg", 80, false);
    put_picture("data/part/mask/dent/0.png", 0, true);
}

static const char *const map_names[IMAGES] = {"good/0", "good/1", "dent/0.png", "dent/0.jpg"};

/* A little-endian TIFF of one strip. */
static void put_tiff(const char *path, const uint8_t *samples, uint32_t bytes, int width, int height, int format,
                     int bits)
{
    uint32_t tags[10][4] = {{256, 4, 1, (uint32_t)width},
                            {257, 4, 1, (uint32_t)height},
                            {258, 3, 1, (uint32_t)bits},
                            {259, 3, 1, 1},
                            {262, 3, 1, 1},
                            {273, 4, 1, 8},
                            {277, 3, 1, 1},
                            {278, 4, 1, (uint32_t)height},
                            {279, 4, 1, bytes},
                            {339, 3, 1, (uint32_t)format}};
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    uint32_t directory = 8 + bytes, zero = 0;
    uint16_t count = 10;
    fwrite("II*\0", 1, 4, out);
    fwrite(&directory, 4, 1, out);
    fwrite(samples, 1, bytes, out);
    fwrite(&count, 2, 1, out);
    for (int t = 0; t < 10; t++) {
        uint16_t head[2] = {(uint16_t)tags[t][0], (uint16_t)tags[t][1]};
        fwrite(head, 2, 2, out);
        fwrite(&tags[t][2], 4, 2, out);
    }
    fwrite(&zero, 4, 1, out);
    assert_int_equal(fclose(out), 0);
}

static int tie = 1; /* how many places become one */

/* Place of pixel p of image i in the order of all: somewhat larger where the dent is. */
static int place(int image, int p)
{
    bool dent = image >= 2 && p % W < 5 && p / W < 4;
    return ((p * 7 + image * 13) % 60 + (dent ? 25 : 0)) / tie;
}

typedef enum { F64, F32, F16, U8, U16, I32, U32 } kind_t;

/* Maps whose values are `start + step * place`, in samples of that kind, of width x height. */
static void put_maps(const char *tree, kind_t kind, double start, double step, int width, int height)
{
    static const struct {
        int format, bits;
    } kinds[] = {{FLOAT, 64}, {FLOAT, 32}, {FLOAT, 16}, {UNSIGNED, 8}, {UNSIGNED, 16}, {SIGNED, 32}, {UNSIGNED, 32}};
    for (int i = 0; i < IMAGES; i++) {
        uint8_t samples[W * H * 8];
        char name[256], path[1024];
        for (int p = 0; p < width * height; p++) {
            double value = start + step * place(i, p);
            float f32 = (float)value;
            uint16_t u16 = kind == F16 ? io_f32_to_f16(f32) : (uint16_t)value;
            uint8_t u8 = (uint8_t)value;
            int32_t i32 = kind == I32 ? (int32_t)value : 0;
            uint32_t u32 = kind == U32 ? (uint32_t)value : 0;
            const void *from = kind == F64   ? (void *)&value
                               : kind == F32 ? (void *)&f32
                               : kind == U8  ? (void *)&u8
                               : kind == I32 ? (void *)&i32
                               : kind == U32 ? (void *)&u32
                                             : (void *)&u16;
            size_t size = (size_t)kinds[kind].bits / 8;
            memcpy(samples + (size_t)p * size, from, size);
        }
        snprintf(name, sizeof name, "%s/part/test/%s.tiff", tree, map_names[i]);
        path_of(path, name);
        put_tiff(path, samples, (uint32_t)(width * height * kinds[kind].bits / 8), width, height, kinds[kind].format,
                 kinds[kind].bits);
    }
}

static status_t import(const char *tree, const char *name, const char *assignment)
{
    char path[1024], data[1024], output[1024], *dir = NULL;
    path_of(path, tree);
    path_of(data, "data");
    snprintf(output, sizeof output, "output=%s/out", base);
    const char *assignments[] = {output, assignment};
    const review_import_options_t options = {.tree = path,
                                             .dataset = "folder",
                                             .data_root = data,
                                             .name = name,
                                             .assignments = assignments,
                                             .assignment_count = assignment != NULL ? 2 : 1};
    status_t status = review_import(&dir, &options);
    free(dir);
    return status;
}

/* The row of the category: image AUROC, pixel AUROC, AUPRO. */
static void numbers(double out[3], const char *name)
{
    static const char *const columns[3] = {"image_auroc", "pixel_auroc", "aupro"};
    char path[1024];
    store_results_t results;
    snprintf(path, sizeof path, "%s/out/%s", base, name);
    if (store_results_read(&results, path) != ST_OK) fail_msg("%s", fail_message());
    for (int c = 0; c < 3; c++)
        for (int m = 0; m < STORE_METRICS; m++)
            if (strcmp(store_number_table[m].name, columns[c]) == 0) out[c] = results.rows[0].metric[m];
    store_results_free(&results);
}

static void every_kind_of_sample_is_ranked_as_it_is(void **state)
{
    (void)state;
    static const struct {
        kind_t kind;
        double start, step;
        const char *name;
    } rows[] = {{F32, 0, 1, "f32"},       {F64, 0, 1, "f64"},      {F64, 1000, 1e-9, "fine"},
                {F64, -5e8, 1e-7, "low"}, {F16, -3, 0.125, "f16"}, {U8, 0, 1, "u8"},
                {U16, 600, 3, "u16"},     {I32, -2e9, 1, "i32"},   {U32, 4000000000, 1, "u32"}};
    double want[3], got[3];
    make_data();
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        put_maps(rows[r].name, rows[r].kind, rows[r].start, rows[r].step, W, H);
        if (import(rows[r].name, rows[r].name, NULL) != ST_OK) fail_msg("%s: %s", rows[r].name, fail_message());
        numbers(r == 0 ? want : got, rows[r].name);
        for (int k = 0; k < 3 && r > 0; k++)
            if (got[k] != want[k]) fail_msg("%s: %.17g, expected %.17g", rows[r].name, got[k], want[k]);
    }
    assert_true(want[1] > 0.6 && want[1] < 0.99);
    assert_true(want[0] > 0.5);
    /* Smoothed, values count; above their lowest they still do. */
    assert_int_equal(import("fine", "smooth", "sigma=1"), ST_OK);
    assert_int_equal(import("f32", "smooth32", "sigma=1"), ST_OK);
    numbers(got, "smooth");
    numbers(want, "smooth32");
    assert_true(got[1] - want[1] < 1e-6 && want[1] - got[1] < 1e-6);
}

static void a_transposed_map_is_refused_and_another_size_is_taken(void **state)
{
    (void)state;
    make_data();
    put_maps("turned", F32, 0, 1, H, W);
    check_error(import("turned", "turned", NULL), ST_EFORMAT, "is 8 x 12, its image 12 x 8: the map is transposed");
    put_maps("half", U8, 0, 1, W / 2, H / 2);
    assert_int_equal(import("half", "half", NULL), ST_OK);
    put_maps("square", F64, 1000, 1e-9, H, H);
    assert_int_equal(import("square", "square", NULL), ST_OK);
}

/* Integers and doubles turned by a quarter, too; nearly equal sides are no quarter turn. */
static void every_kind_of_transposed_map_is_refused(void **state)
{
    (void)state;
    static const kind_t kinds[] = {U16, F64, F16, U8};
    make_data();
    for (int k = 0; k < 4; k++) {
        char name[32];
        snprintf(name, sizeof name, "turned%d", k);
        put_maps(name, kinds[k], 10, 1, H, W);
        check_error(import(name, name, NULL), ST_EFORMAT, "the map is transposed (hint: save it as rows of columns)");
        check_error(import(name, name, "metric_size=R"), ST_EFORMAT, "the map is transposed");
    }
}

/* Many pixels of few values: doubles that a float cannot tell apart stay apart, and those that are equal stay equal. */
static void ties_of_doubles_stay_ties(void **state)
{
    (void)state;
    double want[3], got[3];
    make_data();
    tie = 6; /* pixels share places */
    put_maps("tied", F32, 0, 1, W, H);
    put_maps("fine_tied", F64, 1e6, 1e-9, W, H);
    put_maps("deep_tied", F64, -1, 1e-15, W, H);
    assert_int_equal(import("tied", "tied", NULL), ST_OK);
    assert_int_equal(import("fine_tied", "fine_tied", NULL), ST_OK);
    assert_int_equal(import("deep_tied", "deep_tied", NULL), ST_OK);
    tie = 1;
    numbers(want, "tied");
    numbers(got, "fine_tied");
    assert_memory_equal(got, want, sizeof want);
    numbers(got, "deep_tied");
    assert_memory_equal(got, want, sizeof want);
    assert_true(want[1] > 0.6 && want[1] < 0.99);
}

/* "0.png", "0.jpg" and "0.png.bmp", "A.png" and "a.png" in one folder: a file each, and the way back finds them. */
static void stems_that_collide_in_more_than_one_way_are_told_apart(void **state)
{
    (void)state;
    static const char *const names[] = {"test/good/0.png", "test/good/0.jpg", "test/good/0.png.bmp", "test/good/A.png",
                                        "test/good/a.png"};
    data_image_t images[5] = {{0}};
    data_category_t category = {.test = images, .test_count = 5};
    int keep[5];
    char **out;
    for (int i = 0; i < 5; i++) {
        images[i] = (data_image_t){.name = (char *)(uintptr_t)names[i], .defect = (char *)(uintptr_t) "good"};
        keep[i] = i;
    }
    assert_int_equal(review_tree_names(&out, &category, keep, 5), ST_OK);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < i; k++) assert_string_not_equal(out[i], out[k]);
    review_names_free(out, 5);
}

static void a_folder_that_no_import_made_stays(void **state)
{
    (void)state;
    make_data();
    char path[1024], *text;
    put_maps("maps", F32, 0, 1, W, H);
    path_of(path, "out/run/run.yaml");
    assert_int_equal(io_write_file(path, "# a run\nname: run\n", 18), ST_OK);
    check_error(import("maps", "run", NULL), ST_EFORMAT, "out/run' was not made by fgad import");
    assert_int_equal(io_read_text(&text, path), ST_OK);
    assert_string_equal(text, "# a run\nname: run\n");
    free(text);
    path_of(path, "out/other/notes.txt");
    assert_int_equal(io_write_file(path, "x", 1), ST_OK);
    check_error(import("maps", "other", NULL), ST_EFORMAT, "would replace its results");
    assert_int_equal(import("maps", "mine", NULL), ST_OK);
    assert_int_equal(import("maps", "mine", NULL), ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_sample_is_ranked_as_it_is),
        cmocka_unit_test(a_transposed_map_is_refused_and_another_size_is_taken),
        cmocka_unit_test(every_kind_of_transposed_map_is_refused),
        cmocka_unit_test(ties_of_doubles_stay_ties),
        cmocka_unit_test(stems_that_collide_in_more_than_one_way_are_told_apart),
        cmocka_unit_test(a_folder_that_no_import_made_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
