/* Files and formats where memory ends: told whichever request is refused, and the next attempt reads or writes. */
#include "tools/scarce.h"

#include "io/io.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *name;
    double epsilon;
    io_int_list_t shots;
    io_names_t category;
    io_sweep_t sweep;
    io_text_map_t roots;
} job_t;
static const io_option_t table[] = {
    {"name", IO_STRING, offsetof(job_t, name), "run", 0, 0, NULL, "name of the run", 0},
    {"epsilon", IO_DOUBLE, offsetof(job_t, epsilon), "1", 0, 100, NULL, "margin", 0},
    {"shots", IO_INT_LIST, offsetof(job_t, shots), "1", 1, 64, NULL, "training images a category", 0},
    {"category", IO_STRING_LIST, offsetof(job_t, category), "", 0, 0, NULL, "categories", 0},
    {"sweep", IO_SWEEP, offsetof(job_t, sweep), "", 0, 0, NULL, "grid", 0},
    {"roots", IO_TEXT_MAP, offsetof(job_t, roots), "", 0, 0, NULL, "folders of datasets", 0},
    {0},
};
static const char AXES[] =
    "name: 'a \"b\"'\nshots: [1, 2]\ncategory: [x, y]\nsweep: {epsilon: [0, 0.5]}\nroots: {mvtec: /a}\n";
static const char POINTS[] = "sweep: [{epsilon: 0}, {epsilon: 1, shots: [4]}]\n";

static char folder[600];
static const char *path_of(const char *name)
{
    static char path[700];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int open_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s", check_temp_dir("io_scarce"));
    return 0;
}

static status_t give(char *text)
{
    const bool made = text != NULL;
    free(text);
    return made ? ST_OK : fail(ST_ENOMEM, "no text");
}

static status_t parse(const char *text)
{
    job_t job = {0}, copy = {0};
    status_t status;
    TRY_DONE(io_options_init(&job, table));
    TRY_DONE(io_options_parse_yaml(&job, table, NULL, text, "job.yaml"));
    TRY_DONE(io_options_set(&job, table, NULL, "roots.visa=/b", "-s"));
    TRY_DONE(io_options_set(&job, table, NULL, "category=p,q,r", "-s"));
    TRY_DONE(io_options_copy(&copy, &job, table));
    assert_int_equal(copy.category.count, 3);
done:
    io_options_free(&copy, table);
    io_options_free(&job, table);
    return status;
}

static void options(void **state)
{
    (void)state;
    job_t job = {0};
    CHECK_SCARCE(parse(AXES), (void)0);
    CHECK_SCARCE(parse(POINTS), (void)0);
    assert_int_equal(io_options_init(&job, table), ST_OK);
    assert_int_equal(io_options_parse_yaml(&job, table, NULL, AXES, "job.yaml"), ST_OK);
    CHECK_SCARCE(give(io_options_yaml(&job, table)), (void)0);
    for (const io_option_t *row = table; row->name != NULL; row++)
        CHECK_SCARCE(give(io_options_text(&job, row)), (void)0);
    io_options_free(&job, table);
}

static void texts(void **state)
{
    (void)state;
    io_json_t *json = NULL;
    io_names_t names = {0};
    io_csv_t csv;
    char *bytes = NULL;
    const char *text = "{\"a\": [1, \"b\"]}";
    check_error(io_write_file(path_of("a.csv"), "x,y\n1,2\n", 8), ST_OK, "");
    CHECK_SCARCE(io_read_file(&bytes, NULL, path_of("a.csv")), (free(bytes), bytes = NULL));
    CHECK_SCARCE(io_read_text(&bytes, path_of("a.csv")), (free(bytes), bytes = NULL));
    CHECK_SCARCE(io_read_gzip(&bytes, NULL, path_of("a.csv")), (free(bytes), bytes = NULL));
    CHECK_SCARCE(io_csv_open(&csv, path_of("a.csv")), refused_ ? (void)0 : io_csv_close(&csv));
    CHECK_SCARCE(io_list_dir(&names, folder), (io_names_free(&names), names = (io_names_t){0}));
    CHECK_SCARCE(io_json_parse(&json, text, strlen(text), "a.json"), (io_json_free(json), json = NULL));
    CHECK_SCARCE(give(io_assets()), (void)0);
    CHECK_SCARCE(give(io_library_versions()), (void)0);
}

static void images(void **state)
{
    (void)state;
    enum { SIDE = 24 };
    static uint8_t pixels[SIDE * SIDE * 3], small[8 * 8 * 3];
    static float values[SIDE * SIDE];
    io_image_t image = {0};
    io_mask_t mask = {0};
    double *map = NULL;
    int width, height;
    for (int i = 0; i < SIDE * SIDE * 3; i++) pixels[i] = (uint8_t)(i * 7);
    CHECK_SCARCE(io_png_write(path_of("a.png"), pixels, SIDE, SIDE, 3), (void)0);
    CHECK_SCARCE(io_png_write(path_of("m.png"), pixels, SIDE, SIDE, 1), (void)0);
    CHECK_SCARCE(io_image_read(&image, path_of("a.png")), (io_image_free(&image), image = (io_image_t){0}));
    CHECK_SCARCE(io_mask_read(&mask, path_of("m.png")), (io_mask_free(&mask), mask = (io_mask_t){0}));
    CHECK_SCARCE(io_resize_bicubic(small, 8, 8, pixels, SIDE, SIDE, 3), (void)0);
    CHECK_SCARCE(io_resize_bilinear_antialiased(small, 8, 8, pixels, SIDE, SIDE, 3), (void)0);
    CHECK_SCARCE(io_resize_bilinear(small, 8, 8, pixels, SIDE, SIDE, 3), (void)0);
    CHECK_SCARCE(io_tiff_write_f32(path_of("a.tif"), values, SIDE, SIDE), (void)0);
    CHECK_SCARCE(io_tiff_read_map(&map, &width, &height, path_of("a.tif")), (free(map), map = NULL));
    const char *const others[] = {
        FGAD_GOLDEN_DIR "/io/images/chroma420.jpg",  FGAD_GOLDEN_DIR "/io/images/palette8.bmp",
        FGAD_GOLDEN_DIR "/io/images/lzw.tif",        FGAD_GOLDEN_DIR "/io/images/palette8.png",
        FGAD_GOLDEN_DIR "/io/images/interlaced.png", FGAD_GOLDEN_DIR "/io/images/lossy.webp"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CHECK_SCARCE(io_image_read(&image, others[i]), (io_image_free(&image), image = (io_image_t){0}));
}

static status_t write_h5(const char *path)
{
    status_t status;
    io_h5_t *file = NULL;
    static const float values[5000];
    static const char *const words[2] = {"one", "two"};
    const io_h5_field_t fields[] = {
        {"maps/M", IO_H5_F32, 2, {50, 100}, "row,column", "1", "numbers", values},
        {"half", IO_H5_F16, 1, {3}, "n", "1", "halves", values},
        {"words", IO_H5_STRING, 1, {2}, "n", "1", "words", words},
    };
    TRY_DONE(io_h5_create(&file, path));
    TRY_DONE(io_h5_write(file, "/", fields, 3));
    TRY_DONE(io_h5_set_text(file, "maps", "description", "text"));
    TRY_DONE(io_h5_set_label(file, "0123456789abcdef"));
    status = io_h5_publish(&file);
done:
    io_h5_close(file);
    return status;
}

static status_t read_h5(const char *path)
{
    status_t status;
    io_h5_t *file = NULL;
    void *values = NULL, *words = NULL;
    char *text = NULL;
    int ndim;
    TRY_DONE(io_h5_open(&file, path));
    TRY_DONE(io_h5_read(&values, &ndim, NULL, file, "maps/M", IO_H5_F32));
    TRY_DONE(io_h5_read(&words, &ndim, NULL, file, "words", IO_H5_STRING));
    TRY_DONE(io_h5_get_text(&text, file, "maps", "description"));
    assert_string_equal(((char **)words)[1], "two");
done:
    free(values);
    if (words != NULL) io_h5_free_strings(words, 2);
    free(text);
    io_h5_close(file);
    return status;
}

static void arrays(void **state)
{
    (void)state;
    char path[700];
    static const float values[12];
    static const char *const names[2] = {"a", "b"};
    const float *const data[2] = {values, values};
    const int64_t shapes[2][8] = {{3, 4}, {12}};
    const int ndims[2] = {2, 1};
    io_safetensors_t *file = NULL;
    snprintf(path, sizeof path, "%s", path_of("a.h5"));
    CHECK_SCARCE_TOLD(write_h5(path), (void)0);
    CHECK_SCARCE(read_h5(path), (void)0);
    snprintf(path, sizeof path, "%s", path_of("a.safetensors"));
    CHECK_SCARCE(io_safetensors_write(path, names, data, shapes, ndims, 2, true), (void)0);
    CHECK_SCARCE(io_safetensors_open(&file, path), (io_safetensors_close(file), file = NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(options, open_folder),
        cmocka_unit_test_setup(texts, open_folder),
        cmocka_unit_test_setup(images, open_folder),
        cmocka_unit_test_setup(arrays, open_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
