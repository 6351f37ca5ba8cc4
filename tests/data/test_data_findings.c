/* What is not as foreseen in a copy of a dataset is told: of each kind some forms, with counts. */
#include "tree.h"

#include "data/data.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char root[512];

/* Lists and checks category "part"; free with data_report_free. */
static data_report_t check(const char *dataset, const data_options_t *how)
{
    data_category_t category;
    data_report_t report;
    data_options_t options = how != NULL ? *how : (data_options_t){0};
    options.lenient = true;
    if (data_category_read(&category, dataset, root, "part", &options) != ST_OK) fail_msg("%s", fail_message());
    assert_int_equal(data_check(&report, &category), ST_OK);
    data_category_free(&category);
    return report;
}

/* Exactly `count` of `kind`, the first line of which holds `text`, and nothing else of that harm or worse. */
static void found(const char *dataset, const data_options_t *how, data_kind_t kind, int count, const char *text)
{
    data_report_t report = check(dataset, how);
    if (report.findings.count[kind] != count)
        fail_msg("%d %s, expected %d", report.findings.count[kind], data_kinds[kind].name, count);
    if (count > 0 && strstr(report.findings.lines[kind].name[0], text) == NULL)
        fail_msg("the line is \"%s\", expected \"%s\" in it", report.findings.lines[kind].name[0], text);
    int all = data_findings_count(&report.findings, DATA_HARM_STOPS, data_kinds[kind].harm);
    for (int k = 0; k < DATA_KINDS && all != count; k++)
        if (k != (int)kind && report.findings.count[k] > 0 && data_kinds[k].harm <= data_kinds[kind].harm)
            fail_msg("%d %s: %s", report.findings.count[k], data_kinds[k].name, report.findings.lines[k].name[0]);
    data_report_free(&report);
}

static void begin(void)
{
    tree_begin(root, "findings");
    tree_mvtec(root);
}

/* A copy of the golden picture: 16-bit samples of 12 bits (one beyond), or another kind. */
static void place_golden(const char *name, const char *golden)
{
    char from[1024], to[1024];
    char *bytes;
    size_t size;
    snprintf(from, sizeof from, "%s/io/images/%s", FGAD_GOLDEN_DIR, golden);
    snprintf(to, sizeof to, "%s/%s", root, name);
    assert_int_equal(io_read_file(&bytes, &size, from), ST_OK);
    assert_int_equal(io_write_file(to, bytes, size), ST_OK);
    free(bytes);
}

static void put_float(const char *name)
{
    float samples[8 * 6];
    char path[1024];
    for (int i = 0; i < 8 * 6; i++) samples[i] = (float)i;
    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(io_tiff_write_f32(path, samples, 8, 6), ST_OK);
}

/* A mask of 8 x 6 with two pixels of one value and, apart from them, three of another. */
static void put_values(const char *name, int two, int three)
{
    uint8_t pixels[8 * 6] = {0};
    char path[1024];
    for (int i = 0; i < 5; i++) pixels[(i < 2 ? 10 : 11) + i] = (uint8_t)(i < 2 ? two : three);
    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(io_png_write(path, pixels, 8, 6, 1), ST_OK);
}

/* A little-endian grey TIFF of 8 x 6, 8 or 16 bits, with that largest value; `pages` of the same pixels. */
static void put_tiff(const char *name, int bits, int largest, int pages)
{
    enum { TAGS = 9, COUNT = 8 * 6, PAGE = 2 + TAGS * 12 + 4 };
    const uint32_t bytes = (uint32_t)(COUNT * bits / 8), start = 8 + bytes;
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    fwrite("II*\0", 1, 4, out);
    fwrite(&start, 4, 1, out);
    for (int i = 0; i < COUNT; i++) {
        uint16_t value = (uint16_t)(largest - i);
        fwrite(&value, (size_t)bits / 8, 1, out);
    }
    for (int p = 0; p < pages; p++) {
        const uint32_t tags[TAGS][4] = {{256, 4, 1, 8}, {257, 4, 1, 6}, {258, 3, 1, (uint32_t)bits},
                                        {259, 3, 1, 1}, {262, 3, 1, 1}, {273, 4, 1, 8},
                                        {277, 3, 1, 1}, {278, 4, 1, 6}, {279, 4, 1, bytes}};
        uint32_t next = p + 1 < pages ? start + (uint32_t)(p + 1) * PAGE : 0;
        uint16_t count = TAGS;
        fwrite(&count, 2, 1, out);
        for (int t = 0; t < TAGS; t++) {
            uint16_t head[2] = {(uint16_t)tags[t][0], (uint16_t)tags[t][1]};
            fwrite(head, 2, 2, out);
            fwrite(&tags[t][2], 4, 2, out);
        }
        fwrite(&next, 4, 1, out);
    }
    assert_int_equal(fclose(out), 0);
}

/* Makes a PNG one of two frames, of which the second is not there: what comes before the first says so. */
static void animate(const char *name)
{
    enum { HEADER = 8 + 25, MOST = 4096 };
    static const uint8_t control[] = {0, 0, 0, 8, 'a', 'c', 'T', 'L', 0, 0, 0, 2, 0, 0, 0, 0, 0xf3, 0x8d, 0x93, 0x70};
    uint8_t bytes[MOST];
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(size, HEADER + 1, MOST - 1);
    file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(bytes, 1, HEADER, file);
    fwrite(control, 1, sizeof control, file);
    fwrite(bytes + HEADER, 1, size - HEADER, file);
    assert_int_equal(fclose(file), 0);
}

static void masks_among_the_images_are_no_images(void **state)
{
    (void)state;
    begin();
    tree_image(root, "part/train/good/000_label.png", 8, 6, 90);
    tree_image(root, "part/test/broken/001-mask.bmp", 8, 6, 91);
    found("mvtec", NULL, DATA_MASK_BESIDE, 2, "000_label.png");
    /* A name that ends so without an image of the stem is an image. */
    tree_image(root, "part/test/good/other_mask.png", 8, 6, 92);
    found("mvtec", NULL, DATA_MASK_BESIDE, 2, "000_label.png");
}

static void masks_beside_the_images_serve_where_there_is_no_folder_of_masks(void **state)
{
    (void)state;
    tree_begin(root, "findings_beside");
    tree_image(root, "part/train/0.png", 8, 6, 0);
    tree_image(root, "part/test/ok/0.png", 8, 6, 1);
    tree_image(root, "part/test/dent/0.png", 8, 6, 2);
    tree_image(root, "part/test/dent/1.png", 8, 6, 3);
    tree_mask(root, "part/test/dent/0_seg.png", 8, 6, 255);
    found("folder", NULL, DATA_MASK_MISSING, 1, "dent/1.png' has no mask");
    tree_mask(root, "part/test/dent/1_GT.png", 8, 6, 255);
    found("folder", NULL, DATA_MASK_BESIDE_USED, 2, "test/dent/0_seg.png");
    data_category_t part;
    assert_int_equal(data_category_read(&part, "folder", root, "part", NULL), ST_OK);
    assert_int_equal(part.test_count, 3);
    assert_int_equal(part.masks_missing, 0);
    assert_false(part.masks_optional);
    data_category_free(&part);
}

static void images_that_no_number_is_of_are_counted(void **state)
{
    (void)state;
    begin();
    tree_image(root, "part/test/good/day1/a/000.png", 8, 6, 90);
    tree_image(root, "part/test/good/day1/b/000.webp", 8, 6, 91);
    found("mvtec", NULL, DATA_SUBFOLDER, 2, "test/good/day1' holds 2 images");
    begin();
    tree_image(root, "part/validation/good/000.png", 8, 6, 90);
    tree_image(root, "part/train/defective/000.png", 8, 6, 91);
    found("mvtec", NULL, DATA_OTHER_FOLDER, 2, "train/defective' holds 1 image");
    begin();
    tree_image(root, "part/000.jpg", 8, 6, 90);
    tree_image(root, "part/train/000.jpg", 8, 6, 91);
    found("mvtec", NULL, DATA_LOOSE, 2, "part/train/000.jpg'");
    begin();
    tree_mask(root, "part/ground_truth/broken/008_mask.png", 8, 6, 255);
    tree_mask(root, "part/ground_truth/worn/000_mask.png", 8, 6, 255);
    found("mvtec", NULL, DATA_MASK_SPARE, 2, "008_mask.png");
}

static void kinds_that_are_not_read_are_counted_and_refused(void **state)
{
    (void)state;
    begin();
    tree_text(root, "part/train/good/003.pgm", "P5");
    tree_text(root, "part/test/broken/002.HEIC", "x");
    tree_text(root, "part/test/broken/003.avif", "x");
    found("mvtec", NULL, DATA_UNREAD_KIND, 3, "train/good/003.pgm");
    data_category_t part;
    check_error(data_category_read(&part, "mvtec", root, "part", NULL), ST_EFORMAT,
                "003.pgm': this kind of image is not read");
    check_error(data_category_read(&part, "mvtec", root, "part", NULL), ST_EFORMAT,
                "2 more images of a kind that is not read");
}

static void normal_images_are_not_taken_for_a_defect(void **state)
{
    (void)state;
    tree_begin(root, "findings_normal");
    tree_image(root, "part/train/OK/0.png", 8, 6, 0);
    tree_image(root, "part/test/Normal/0.png", 8, 6, 1);
    tree_image(root, "part/test/dent/0.png", 8, 6, 2);
    found("folder", NULL, DATA_NAMED_NORMAL, 2, "train/OK' holds 1 image");
    data_category_t part;
    assert_int_equal(data_category_read(&part, "folder", root, "part", NULL), ST_OK);
    assert_int_equal(part.test_anomalous, 1);
    data_category_free(&part);
    tree_image(root, "part/test/no_defect/0.png", 8, 6, 3);
    tree_image(root, "part/test/OK-2/0.png", 8, 6, 4);
    found("folder", NULL, DATA_NORMAL_AS_DEFECT, 2, "test/OK-2' holds 1 image, taken for the defect 'OK-2'");
}

static void a_test_of_one_class_is_told(void **state)
{
    (void)state;
    tree_begin(root, "findings_class");
    tree_image(root, "part/train/0.png", 8, 6, 0);
    tree_image(root, "part/test/dent/0.png", 8, 6, 2);
    found("folder", NULL, DATA_NO_NORMALS, 1, "1 test image, none normal");
    tree_begin(root, "findings_class2");
    tree_image(root, "part/train/good/0.png", 8, 6, 0);
    tree_image(root, "part/test/good/0.png", 8, 6, 2);
    found("mvtec", NULL, DATA_NO_ANOMALOUS, 1, "1 test image, none anomalous");
}

static void an_image_twice_is_told(void **state)
{
    (void)state;
    begin();
    tree_image(root, "part/test/broken/000.png", 8, 6, 30); /* test/good/000.png */
    found("mvtec", NULL, DATA_TWICE, 1, "test/good/000.png' is the same image as '");
    begin();
    tree_image(root, "part/train/good/004.png", 8, 6, 10); /* train/good/001.png */
    found("mvtec", NULL, DATA_TRAIN_TWICE, 1, "train/good/004.png' is the same image as '");
    tree_begin(root, "findings_rows");
    tree_image(root, "part/Data/0.JPG", 8, 6, 0);
    tree_image(root, "part/Data/1.JPG", 8, 6, 1);
    tree_image(root, "part/Data/2.JPG", 8, 6, 2);
    tree_mask(root, "part/Data/2.png", 8, 6, 1);
    tree_text(root, "split_csv/1cls.csv",
              "object,split,label,image,mask\npart,train,normal,part/Data/0.JPG,\npart,train,normal,part/Data/0.JPG,\n"
              "part,test,normal,part/Data/1.JPG,\npart,test,anomaly,part/Data/2.JPG,part/Data/2.png\n");
    found("visa", NULL, DATA_TWICE, 1, "part/Data/0.JPG' is listed twice");
}

static void low_bits_of_16_are_told_with_the_key_that_helps(void **state)
{
    (void)state;
    begin();
    place_golden("part/train/good/003.png", "camera12.png"); /* up to 5000: 13 bits */
    place_golden("part/test/good/003.tif", "camera12.tif");
    found("mvtec", NULL, DATA_DARK, 2, "values up to 5000: bit_depth=14");
    found("mvtec", &(data_options_t){.how.bit_depth = 12}, DATA_CLIPPED, 1, "values up to 5000, bit_depth is 12");
    found("mvtec", &(data_options_t){.how.bit_depth = 14}, DATA_DARK, 0, "");
    place_golden("part/test/good/004.png", "grey16.png");
    found("mvtec", NULL, DATA_DARK, 0, "");
}

static void parts_of_another_scale_are_told(void **state)
{
    (void)state;
    begin();
    place_golden("part/train/good/003.png", "grey16.png");
    put_tiff("part/test/good/003.tif", 16, 4000, 1);
    put_tiff("part/test/broken/002.tif", 16, 3000, 1);
    tree_mask(root, "part/ground_truth/broken/002_mask.png", 8, 6, 255);
    found("mvtec", NULL, DATA_SCALES, 2, "test images read hold values up to 4000, the training images up to");
    put_tiff("part/test/good/004.tif", 16, 5000, 1); /* 13 bits: a dim picture may be of the same camera */
    found("mvtec", NULL, DATA_SCALES, 0, "");
}

/* The header tells it: no run gets as far as encoding. */
static void samples_that_are_not_read_are_told_at_once(void **state)
{
    (void)state;
    begin();
    put_float("part/train/good/003.tif");
    put_float("part/test/good/003.tiff");
    found("mvtec", NULL, DATA_UNREADABLE, 2, "003.tif': the TIFF holds floating-point samples of 32 bits");
    data_category_t part;
    data_findings_t findings = {0};
    int masks;
    assert_int_equal(data_category_read(&part, "mvtec", root, "part", NULL), ST_OK);
    assert_int_equal(data_survey(&findings, &masks, &part, 1), ST_OK);
    check_error(data_findings_refuse(&findings), ST_EFORMAT, "1 more image that cannot be read");
    data_findings_free(&findings);
    data_category_free(&part);
}

static void pages_after_the_first_are_told(void **state)
{
    (void)state;
    begin();
    put_tiff("part/test/good/003.tif", 8, 200, 2);
    put_tiff("part/test/good/004.tif", 8, 210, 1);
    found("mvtec", NULL, DATA_PAGES, 1, "good/003.tif");
    tree_image(root, "part/test/good/005.png", 8, 6, 95);
    animate("part/test/good/005.png");
    found("mvtec", NULL, DATA_PAGES, 2, "good/003.tif");
}

static void a_folder_of_other_kinds_says_which(void **state)
{
    (void)state;
    data_category_t part;
    tree_begin(root, "findings_kinds");
    tree_text(root, "part/train/0.heic", "x");
    tree_image(root, "part/test/good/0.png", 8, 6, 1);
    check_error(data_category_read(&part, "folder", root, "part", NULL), ST_ENOTFOUND,
                "(hint: 1 image of a kind that is not read is there: convert it)");
    tree_begin(root, "findings_kinds2");
    tree_image(root, "part/train/good/0001", 8, 6, 0);
    tree_image(root, "part/test/good/0.png", 8, 6, 1);
    check_error(data_category_read(&part, "mvtec", root, "part", NULL), ST_EFORMAT,
                "known by the ending of their names, and '0001' has none of these");
    tree_begin(root, "findings_kinds3");
    tree_image(root, "part/Train/0.png", 8, 6, 0);
    check_error(data_category_read(&part, "folder", root, "part", NULL), ST_ENOTFOUND, "part/Train' to train");
    tree_begin(root, "findings_kinds4");
    tree_image(root, "part/training/good/0.png", 8, 6, 0);
    check_error(data_category_read(&part, "mvtec", root, "part", NULL), ST_ENOTFOUND, "part/training' to train");
}

static void exif_orientation_is_told_until_it_is_followed(void **state)
{
    (void)state;
    begin();
    place_golden("part/test/good/003.png", "turn6.png");
    place_golden("part/test/good/004.jpg", "turned.jpg");
    place_golden("part/train/good/004.webp", "turned.webp");
    place_golden("part/train/good/005.png", "turn1.png");
    found("mvtec", NULL, DATA_TURNED, 3, "train/good/004.webp' (orientation 6)");
    found("mvtec", &(data_options_t){.how.upright = true}, DATA_TURNED, 0, "");
    /* A mask that fits the upright picture. */
    begin();
    place_golden("part/test/broken/000.png", "turn8.png");
    tree_mask(root, "part/ground_truth/broken/000_mask.png", 13, 19, 255);
    found("mvtec", NULL, DATA_MASK_SIZE, 1, "mask is 13 x 19, its image");
    found("mvtec", &(data_options_t){.how.upright = true}, DATA_MASK_SIZE, 0, "");
}

static void masks_are_looked_at_from_end_to_end(void **state)
{
    (void)state;
    begin();
    tree_mask(root, "part/ground_truth/broken/000_mask.png", 8, 6, 1);
    tree_mask(root, "part/ground_truth/scratch/000.png", 8, 6, 100);
    found("mvtec", NULL, DATA_MASK_VALUES, 2, "mask values go up to 1, expected anomalous pixels above 127");
    found("mvtec", &(data_options_t){.own_threshold = true}, DATA_MASK_VALUES, 0, "");
    begin();
    put_values("part/ground_truth/broken/000_mask.png", 1, 255); /* classes, and what is to be ignored */
    put_values("part/ground_truth/scratch/000.png", 128, 200);
    found("mvtec", NULL, DATA_MASK_LOW, 1, "marks 2 pixels by values up to 127, which count as normal, and 3 above");
    found("mvtec", &(data_options_t){.own_threshold = true}, DATA_MASK_LOW, 0, "");
    begin();
    tree_image(root, "part/ground_truth/broken/000_mask.png", 8, 6, 200); /* marks all */
    found("mvtec", NULL, DATA_MASK_MOST, 1, "marks 100 % of its image");
    begin();
    tree_mask(root, "part/ground_truth/broken/000.tif", 8, 6, 255);
    found("mvtec", NULL, DATA_MASK_TWO, 1, "broken/000.png' has '000.tif' and '000_mask.png'");
    begin();
    tree_image(root, "part/test/broken/000.bmp", 8, 6, 99);
    found("mvtec", NULL, DATA_MASK_SHARED, 1, "000_mask.png' is the mask of '000.png'");
    begin();
    place_golden("part/ground_truth/broken/000_mask.png", "rgb8.png");
    tree_text(root, "part/ground_truth/scratch/000.png", "\x89PNG\r\n\x1a\n and no more");
    found("mvtec", NULL, DATA_MASK_UNREADABLE, 2, "a mask has one channel");
}

static void names_that_no_file_can_hold_are_refused(void **state)
{
    (void)state;
    begin();
    tree_image(root, "part/test/good/bad\xff.png", 8, 6, 90);
    tree_image(root, "part/test/good/two\nlines.png", 8, 6, 91);
    found("mvtec", NULL, DATA_BAD_NAME, 2, "test/good/bad\\xff.png'");
    data_category_t part;
    check_error(data_category_read(&part, "mvtec", root, "part", NULL), ST_EFORMAT, "bad\\xff.png': a name is UTF-8");
    tree_image(root, "p\xe9/train/good/000.png", 8, 6, 0);
    check_error(data_category_read(&part, "mvtec", root, "p\xe9", NULL), ST_EFORMAT, "p\\xe9' cannot be a category");
    tree_image(root, "MEAN/train/good/000.png", 8, 6, 0);
    check_error(data_category_read(&part, "mvtec", root, "MEAN", NULL), ST_EFORMAT, "MEAN is the row of means");
}

static void kolektorsdd2_is_labelled_by_its_masks(void **state)
{
    (void)state;
    tree_begin(root, "findings_ksdd2");
    static const char *const names[] = {"train/1", "train/2", "train/3", "test/4", "test/5"};
    for (int i = 0; i < 5; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.png", names[i]);
        tree_image(root, name, 8, 6, i);
        snprintf(name, sizeof name, "%s_GT.png", names[i]);
        tree_mask(root, name, 8, 6, i == 1 || i == 4 ? 255 : 0);
    }
    io_names_t categories;
    assert_int_equal(data_list_categories(&categories, "ksdd2", root, NULL), ST_OK);
    assert_int_equal(categories.count, 1);
    data_category_t all;
    assert_int_equal(data_category_read(&all, "ksdd2", root, categories.name[0], NULL), ST_OK);
    assert_int_equal(all.train_count, 2);
    assert_string_equal(all.train[1].name, "train/3.png");
    assert_int_equal(all.test_count, 2);
    assert_int_equal(all.test_anomalous, 1);
    assert_string_equal(all.test[1].defect, "bad");
    assert_non_null(strstr(all.test[1].mask, "test/5_GT.png"));
    assert_int_equal(all.notes.count[DATA_TRAIN_DEFECT], 1);
    data_category_free(&all);
    io_names_free(&categories);
    check_error(data_list_categories(&categories, "mvtec", root, NULL), ST_ENOTFOUND, "dataset: ksdd2");
}

static void btad_is_read_with_its_own_names(void **state)
{
    (void)state;
    tree_begin(root, "findings_btad");
    tree_image(root, "part/train/ok/0000.bmp", 8, 6, 0);
    tree_image(root, "part/test/ok/0000.bmp", 8, 6, 1);
    tree_image(root, "part/test/ko/0000.bmp", 8, 6, 2);
    tree_mask(root, "part/ground_truth/ko/0000.png", 8, 6, 255);
    found("btad", NULL, DATA_NAMED_NORMAL, 0, "");
    data_category_t part;
    assert_int_equal(data_category_read(&part, "btad", root, "part", NULL), ST_OK);
    assert_int_equal(part.train_count, 1);
    assert_int_equal(part.test_anomalous, 1);
    assert_int_equal(part.masks_missing, 0);
    data_category_free(&part);
}

static void a_root_one_level_off_is_named(void **state)
{
    (void)state;
    io_names_t names;
    tree_begin(root, "findings_root");
    tree_image(root, "archive/a/train/good/0.png", 8, 6, 0);
    tree_image(root, "archive/b/train/good/0.png", 8, 6, 0);
    check_error(data_list_categories(&names, "mvtec", root, NULL), ST_ENOTFOUND, "archive' holds 2: give that folder)");
    tree_begin(root, "findings_root2");
    tree_image(root, "toy/OK/S0001/toy_0001_OK_C1_0.jpg", 8, 6, 0);
    check_error(data_list_categories(&names, "mvtec", root, NULL), ST_ENOTFOUND, "Real-IAD's layout: dataset: realiad");
    tree_begin(root, "findings_root3");
    tree_image(root, "part/train/good/inner/0.png", 8, 6, 0);
    data_category_t part;
    check_error(data_category_read(&part, "mvtec", root, "part", NULL), ST_EFORMAT,
                "inner' holds 1 image: move them up)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_among_the_images_are_no_images),
        cmocka_unit_test(masks_beside_the_images_serve_where_there_is_no_folder_of_masks),
        cmocka_unit_test(images_that_no_number_is_of_are_counted),
        cmocka_unit_test(kinds_that_are_not_read_are_counted_and_refused),
        cmocka_unit_test(normal_images_are_not_taken_for_a_defect),
        cmocka_unit_test(a_test_of_one_class_is_told),
        cmocka_unit_test(an_image_twice_is_told),
        cmocka_unit_test(low_bits_of_16_are_told_with_the_key_that_helps),
        cmocka_unit_test(parts_of_another_scale_are_told),
        cmocka_unit_test(samples_that_are_not_read_are_told_at_once),
        cmocka_unit_test(pages_after_the_first_are_told),
        cmocka_unit_test(a_folder_of_other_kinds_says_which),
        cmocka_unit_test(exif_orientation_is_told_until_it_is_followed),
        cmocka_unit_test(masks_are_looked_at_from_end_to_end),
        cmocka_unit_test(names_that_no_file_can_hold_are_refused),
        cmocka_unit_test(kolektorsdd2_is_labelled_by_its_masks),
        cmocka_unit_test(btad_is_read_with_its_own_names),
        cmocka_unit_test(a_root_one_level_off_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
