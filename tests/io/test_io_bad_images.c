/* Files that must be refused (tests/bad/, made by tests/reference/bad_images.py), each with its exact line. */
#include "support/check.h"

#include "base/base.h"
#include "io/io.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    const char *name;
    const char *line; /* after the quoted path */
} bad_t;

static const bad_t pictures[] = {
    {"truncated.png", ": the PNG is truncated: the file ends after 916 bytes, before the image does"},
    {"truncated_header.png", ": the PNG is truncated: the file ends after 20 bytes, before the image does"},
    {"no_end.png", ": the PNG is truncated: the file ends after 1516 bytes, before the image does"},
    {"bad_crc.png", ": the PNG is damaged: IDAT: CRC error"},
    {"missing_rows.png", ": the PNG is damaged: Not enough image data"},
    {"huge.png", ": the image claims 100000 x 100000 pixels, at most 134217728 are read"},
    {"no_width.png", ": the PNG is damaged: Invalid IHDR data"},
    {"text.png", " is not a PNG, JPEG, TIFF, BMP or WebP image (it begins with \"This is not \")"},
    {"web_page.jpg", " is not a PNG, JPEG, TIFF, BMP or WebP image (it begins with \"\\x0a\\x0a<html><bod\")"},
    {"empty.png", " is empty, expected a PNG, JPEG, TIFF, BMP or WebP image"},
    {"truncated.jpg", ": the JPEG is truncated: the file ends after 726 bytes, before the image does"},
    {"no_end.jpg", ": the JPEG is truncated: the file ends after 1209 bytes, before the image does"},
    {"huge.jpg", ": the image claims 65500 x 65500 pixels, at most 134217728 are read"},
    {"broken_stream.jpg", ": the JPEG is damaged: Corrupt JPEG data: premature end of data segment"},
    {"truncated.tif", ": the TIFF is truncated: the file ends after 948 bytes, before the image does"},
    {"no_directory.tif", ": the TIFF is truncated: the file ends after 100 bytes, before the image does"},
    {"float.tif", ": the TIFF holds floating-point samples of 32 bits, expected an image of unsigned 8 or 16"},
    {"huge.tif", ": the image claims 900000 x 900000 pixels, at most 134217728 are read"},
    {"truncated.bmp", ": the BMP is truncated: the file ends after 1184 bytes, before the image does"},
    {"run_length.bmp",
     ": a BMP of 8 bits a pixel with compression 1 is not read (hint: save it without compression, or as "
     "PNG)"},
    {"huge.bmp", ": the image claims 1073741824 x 2147483648 pixels, at most 134217728 are read"},
    {"truncated.webp", ": the WebP is truncated: the file ends after 912 bytes, before the image does"},
    {"other.webp", " is no WebP image, or a damaged one"},
    {NULL, NULL},
};

static void check_line(status_t status, const char *path, const char *line)
{
    char want[1200];
    snprintf(want, sizeof want, "'%s'%s", path, line);
    assert_int_equal(status, ST_EFORMAT);
    assert_string_equal(fail_message(), want);
}

static void bad_pictures_are_refused_with_their_line(void **state)
{
    (void)state;
    for (const bad_t *bad = pictures; bad->name != NULL; bad++) {
        char path[600];
        io_image_t image;
        io_mask_t mask;
        snprintf(path, sizeof path, "%s/%s", FGAD_BAD_DIR, bad->name);
        check_line(io_image_read(&image, path), path, bad->line);
        assert_null(image.pixels);
        check_line(io_mask_read(&mask, path), path, bad->line);
        assert_null(mask.values);
    }
}

static void a_coloured_mask_is_refused(void **state)
{
    (void)state;
    const char *path = FGAD_BAD_DIR "/coloured_mask.png";
    io_image_t image;
    io_mask_t mask;
    assert_int_equal(io_image_read(&image, path), ST_OK);
    io_image_free(&image);
    check_line(io_mask_read(&mask, path), path,
               ": a mask has one channel, but pixel (2, 5) is the colour (255, 0, 128) (hint: save the mask as 8-bit "
               "grey)");
}

static void pictures_are_no_float_maps(void **state)
{
    (void)state;
    double *map = NULL;
    int width, height;
    check_line(io_tiff_read_map(&map, &width, &height, FGAD_BAD_DIR "/text.png"), FGAD_BAD_DIR "/text.png",
               " is not a TIFF");
    const char *path = FGAD_GOLDEN_DIR "/io/images/rgb.tif";
    check_line(
        io_tiff_read_map(&map, &width, &height, path), path,
        ": the TIFF holds 3 integer samples of 8 bits a pixel, expected 1: a float of 16, 32 or 64, or an integer of "
        "8, 16 or 32");
    path = FGAD_BAD_DIR "/huge.tif";
    check_line(io_tiff_read_map(&map, &width, &height, path), path,
               ": the image claims 900000 x 900000 pixels, at most 134217728 are read");
    assert_null(map);
}

static void a_missing_picture_is_not_found(void **state)
{
    (void)state;
    io_image_t image;
    int width, height;
    const char *path = FGAD_BAD_DIR "/there-is-none.png";
    check_error(io_image_read(&image, path), ST_ENOTFOUND, "cannot be opened: No such file or directory");
    check_error(io_image_size(&width, &height, path), ST_ENOTFOUND, "there-is-none.png'");
    check_error(io_image_read(&image, FGAD_BAD_DIR), ST_EIO, "' is a directory, expected a file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_pictures_are_refused_with_their_line),
        cmocka_unit_test(a_coloured_mask_is_refused),
        cmocka_unit_test(pictures_are_no_float_maps),
        cmocka_unit_test(a_missing_picture_is_not_found),
    };
    return cmocka_run_group_tests_name("bad_images", tests, NULL, NULL);
}
