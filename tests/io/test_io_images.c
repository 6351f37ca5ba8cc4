/* Every kind of picture against PIL's pixels, masks against their raw values, and files written against what is read
 * back. */
#include "support/check.h"

#include "base/base.h"
#include "io/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILES 96

/* The file names of tests/golden/io/images. */
static int list_files(char out[MAX_FILES][64])
{
    io_names_t names;
    if (io_list_dir(&names, FGAD_GOLDEN_DIR "/io/images") != ST_OK) fail_msg("%s", fail_message());
    int count = names.count;
    assert_in_range(count, 30, MAX_FILES);
    for (int i = 0; i < count; i++) snprintf(out[i], 64, "%s", names.name[i]);
    io_names_free(&names);
    return count;
}

static const char *golden_path(const char *name)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/io/images/%s", FGAD_GOLDEN_DIR, name);
    return path;
}

static void pictures_of_every_kind_equal_pil(void **state)
{
    (void)state;
    static char names[MAX_FILES][64];
    int count = list_files(names);
    check_golden_t *golden = check_golden_open("io/images");
    for (int i = 0; i < count; i++) {
        char key[80];
        int dims[8];
        snprintf(key, sizeof key, "%s/rgb", names[i]);
        const uint8_t *want = check_golden_u8(golden, key, NULL, dims);
        io_image_t image;
        if (io_image_read(&image, golden_path(names[i])) != ST_OK) fail_msg("%s", fail_message());
        if (image.height != dims[0] || image.width != dims[1])
            fail_msg("%s is %d x %d, expected %d x %d", names[i], image.width, image.height, dims[1], dims[0]);
        for (int j = 0; j < dims[0] * dims[1] * 3; j++)
            if (image.pixels[j] != want[j])
                fail_msg("%s: sample %d is %d, PIL's is %d", names[i], j, image.pixels[j], want[j]);
        io_image_free(&image);

        int width = 0, height = 0;
        assert_int_equal(io_image_size(&width, &height, golden_path(names[i])), ST_OK);
        assert_int_equal(width, dims[1]);
        assert_int_equal(height, dims[0]);
    }
    check_golden_close(golden);
}

/* Against an array of the golden file, read in that way; nothing when the golden file has none. */
static int check_how(const check_golden_t *golden, const char *name, const char *kind, const io_image_how_t *how)
{
    char key[80];
    int dims[8];
    snprintf(key, sizeof key, "%s/%s", name, kind);
    if (!check_golden_has(golden, key)) return 0;
    const uint8_t *want = check_golden_u8(golden, key, NULL, dims);
    io_image_t image;
    if (io_image_read_how(&image, golden_path(name), how) != ST_OK) fail_msg("%s", fail_message());
    assert_int_equal(image.height, dims[0]);
    assert_int_equal(image.width, dims[1]);
    for (int j = 0; j < dims[0] * dims[1] * 3; j++)
        if (image.pixels[j] != want[j]) fail_msg("%s: sample %d is %d, expected %d", key, j, image.pixels[j], want[j]);
    io_image_free(&image);
    return 1;
}

static void exif_orientation_and_bit_depth_are_followed_where_asked(void **state)
{
    (void)state;
    static char names[MAX_FILES][64];
    int count = list_files(names), upright = 0, deep = 0;
    check_golden_t *golden = check_golden_open("io/images");
    for (int i = 0; i < count; i++) {
        upright += check_how(golden, names[i], "upright", &(io_image_how_t){.upright = true});
        deep += check_how(golden, names[i], "depth12", &(io_image_how_t){.bit_depth = 12});
        /* Samples of 8 bits have no other depth, and what is upright stays so. */
        check_how(
            golden, names[i], strstr(names[i], "turn") != NULL ? "upright" : "rgb",
            &(io_image_how_t){.bit_depth = strstr(names[i], "16") != NULL || strstr(names[i], "12") != NULL ? 16 : 10,
                              .upright = true});
    }
    assert_int_equal(upright, 11);
    assert_int_equal(deep, 3);
    check_golden_close(golden);
}

static void a_header_tells_depth_orientation_palette_and_alpha(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int depth, turn;
        bool palette, alpha;
    } rows[] = {{"rgb8.png", 8, 1, false, false},    {"grey16.png", 16, 1, false, false},
                {"palette4.png", 4, 1, true, false}, {"rgba16.png", 16, 1, false, true},
                {"turn7.png", 8, 7, false, false},   {"turned.jpg", 8, 6, false, false},
                {"turned.webp", 8, 6, false, false}, {"turned.tif", 8, 8, false, false},
                {"palette.tif", 8, 1, true, false},  {"deflate_rgba.tif", 8, 1, false, true},
                {"grey16.tif", 16, 1, false, false}, {"alpha.webp", 8, 1, false, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        io_image_info_t info;
        assert_int_equal(io_image_look(&info, golden_path(rows[i].name)), ST_OK);
        if (info.depth != rows[i].depth || info.turn != rows[i].turn || info.palette != rows[i].palette ||
            info.alpha != rows[i].alpha)
            fail_msg("%s: depth %d, turn %d, palette %d, alpha %d", rows[i].name, info.depth, info.turn, info.palette,
                     info.alpha);
    }
    int largest;
    assert_int_equal(io_image_largest(&largest, golden_path("camera12.png")), ST_OK);
    assert_int_equal(largest, 5000);
    assert_int_equal(io_image_largest(&largest, golden_path("grey1.png")), ST_OK);
    assert_int_equal(largest, 255);
}

static void masks_keep_their_raw_values(void **state)
{
    (void)state;
    static char names[MAX_FILES][64];
    int count = list_files(names), masks = 0;
    check_golden_t *golden = check_golden_open("io/images");
    for (int i = 0; i < count; i++) {
        char key[80];
        int dims[8];
        snprintf(key, sizeof key, "%s/mask", names[i]);
        if (!check_golden_has(golden, key)) continue;
        const int32_t *want = check_golden_i32(golden, key, NULL, dims);
        io_mask_t mask;
        if (io_mask_read(&mask, golden_path(names[i])) != ST_OK) fail_msg("%s", fail_message());
        assert_int_equal(mask.height, dims[0]);
        assert_int_equal(mask.width, dims[1]);
        for (int j = 0; j < dims[0] * dims[1]; j++)
            if (mask.values[j] != want[j])
                fail_msg("%s: value %d is %d, expected %d", names[i], j, mask.values[j], want[j]);
        io_mask_free(&mask);
        masks++;
    }
    assert_in_range(masks, 10, MAX_FILES);
    check_golden_close(golden);
}

static void a_written_png_is_read_back_the_same(void **state)
{
    (void)state;
    char path[600];
    snprintf(path, sizeof path, "%s/picture.png", check_temp_dir("images-png"));
    rng_t rng = rng_init("test", "png", 0, 1, "pixels");
    static uint8_t pixels[37 * 23 * 3];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)rng_below(&rng, 256);

    assert_int_equal(io_png_write(path, pixels, 37, 23, 3), ST_OK);
    io_image_t image;
    assert_int_equal(io_image_read(&image, path), ST_OK);
    assert_int_equal(image.width, 37);
    assert_int_equal(image.height, 23);
    assert_memory_equal(image.pixels, pixels, sizeof pixels);
    io_image_free(&image);

    assert_int_equal(io_png_write(path, pixels, 37, 23, 1), ST_OK);
    io_mask_t mask;
    assert_int_equal(io_mask_read(&mask, path), ST_OK);
    for (int i = 0; i < 37 * 23; i++) assert_int_equal(mask.values[i], pixels[i]);
    io_mask_free(&mask);

    assert_int_equal(io_png_write(path, pixels, 1, 1, 1), ST_OK);
    assert_int_equal(io_image_read(&image, path), ST_OK);
    assert_int_equal(image.pixels[0] == pixels[0] && image.pixels[1] == pixels[0] && image.pixels[2] == pixels[0], 1);
    io_image_free(&image);
}

static void a_png_that_cannot_be_written_says_why(void **state)
{
    (void)state;
    const uint8_t pixel = 7;
    char path[600];
    snprintf(path, sizeof path, "%s/absent/picture.png", check_temp_dir("images-absent"));
    check_error(io_png_write(path, &pixel, 1, 1, 1), ST_ENOTFOUND, "cannot be written: No such file or directory");
}

static void a_float_map_is_read_back_the_same(void **state)
{
    (void)state;
    char path[600];
    snprintf(path, sizeof path, "%s/map.tiff", check_temp_dir("images-tiff"));
    static float map[31 * 17];
    rng_t rng = rng_init("test", "tiff", 0, 1, "map");
    for (int i = 0; i < 31 * 17; i++) map[i] = (float)rng_normal(&rng);
    double *got = NULL;
    int width = 0, height = 0;
    assert_int_equal(io_tiff_write_f32(path, map, 31, 17), ST_OK);
    if (io_tiff_read_map(&got, &width, &height, path) != ST_OK) fail_msg("%s", fail_message());
    assert_int_equal(width, 31);
    assert_int_equal(height, 17);
    for (int i = 0; i < 31 * 17; i++) assert_true(got[i] == (double)map[i]);
    free(got);

    /* Baseline: little-endian, so that the bytes do not depend on the machine. */
    char *bytes = check_read_file(path, NULL);
    assert_memory_equal(bytes, "II*\0", 4);
    free(bytes);
}

static void other_peoples_float_maps_are_read(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("io/maps");
    const char *names[] = {"plain", "big_endian", "tiled", "deflate", "double", "half", "u8",
                           "u16",   "u32",        "i8",    "i16",     "i32",    "fine", NULL};
    size_t count;
    int dims[8];
    for (int i = 0; names[i] != NULL; i++) {
        char path[600], key[64];
        double *got = NULL;
        snprintf(key, sizeof key, "map_%s", names[i]);
        const double *want = check_golden_f64(golden, check_golden_has(golden, key) ? key : "map", &count, dims);
        int width = 0, height = 0;
        snprintf(path, sizeof path, "%s/io/maps_%s.tif", FGAD_GOLDEN_DIR, names[i]);
        if (io_tiff_read_map(&got, &width, &height, path) != ST_OK) fail_msg("%s", fail_message());
        assert_int_equal(width, dims[1]);
        assert_int_equal(height, dims[0]);
        if (memcmp(got, want, count * sizeof *want) != 0) fail_msg("%s differs", names[i]);
        free(got);
    }
    check_golden_close(golden);
}

/* Behind more than 64 KiB of what the reader of headers must skip: the file is read whole then. */
static void the_size_is_found_behind_a_long_start(void **state)
{
    (void)state;
    char path[600];
    int width = 0, height = 0;
    static float map[200 * 150];
    snprintf(path, sizeof path, "%s/long.tiff", check_temp_dir("images-long"));
    assert_int_equal(io_tiff_write_f32(path, map, 200, 150), ST_OK);
    assert_int_equal(io_image_size(&width, &height, path), ST_OK);
    assert_int_equal(width, 200);
    assert_int_equal(height, 150);
}

/* A cut file must be refused wherever it is cut; a file with a wrong byte may be read or not, but in bounds. */
static void cut_and_damaged_files_never_crash(void **state)
{
    (void)state;
    static char names[MAX_FILES][64];
    int count = list_files(names);
    char path[600];
    snprintf(path, sizeof path, "%s/damaged", check_temp_dir("images-damaged"));
    rng_t rng = rng_init("test", "damage", 0, 1, "bytes");
    for (int i = 0; i < count; i++) {
        size_t size;
        uint8_t *bytes = check_read_file(golden_path(names[i]), &size);
        for (int round = 0; round < 120; round++) {
            bool cut = round < 60;
            size_t length = cut ? rng_below(&rng, (uint32_t)size) : size;
            size_t at = rng_below(&rng, (uint32_t)size);
            uint8_t old = bytes[at];
            if (!cut) bytes[at] = (uint8_t)(old ^ (1u << rng_below(&rng, 8)));
            FILE *file = fopen(path, "wb");
            assert_non_null(file);
            if (fwrite(bytes, 1, length, file) != length) fail_msg("'%s' cannot be written", path);
            fclose(file);
            bytes[at] = old;
            io_image_t image;
            io_mask_t mask;
            status_t status = io_image_read(&image, path);
            if (status == ST_OK && cut && strstr(names[i], ".tif") == NULL)
                fail_msg("%s cut to %zu of %zu bytes is read", names[i], length, size);
            io_image_free(&image);
            if (io_mask_read(&mask, path) == ST_OK) io_mask_free(&mask);
            if (status == ST_OK) continue;
            assert_int_equal(status, ST_EFORMAT);
            assert_non_null(strstr(fail_message(), path));
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_of_every_kind_equal_pil),
        cmocka_unit_test(exif_orientation_and_bit_depth_are_followed_where_asked),
        cmocka_unit_test(a_header_tells_depth_orientation_palette_and_alpha),
        cmocka_unit_test(masks_keep_their_raw_values),
        cmocka_unit_test(a_written_png_is_read_back_the_same),
        cmocka_unit_test(a_png_that_cannot_be_written_says_why),
        cmocka_unit_test(a_float_map_is_read_back_the_same),
        cmocka_unit_test(other_peoples_float_maps_are_read),
        cmocka_unit_test(the_size_is_found_behind_a_long_start),
        cmocka_unit_test(cut_and_damaged_files_never_crash),
    };
    return cmocka_run_group_tests_name("images", tests, NULL, NULL);
}
