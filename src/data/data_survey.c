/* What a run asks of the files when it opens: headers of all images, all masks from end to end. */
#include "data/data_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- Masks --------------------------------------------------------------------------------------------------------- */

/* Which values a mask has, as long as they are few: JPEG gives many. */
enum { FEW_VALUES = 8 };
typedef struct {
    int value[FEW_VALUES], count; /* count FEW_VALUES + 1: more */
} values_t;

static void values_add(values_t *values, int value)
{
    if (values->count > FEW_VALUES) return;
    for (int i = 0; i < values->count; i++)
        if (values->value[i] == value) return;
    if (values->count < FEW_VALUES) values->value[values->count] = value;
    values->count++;
}

/* A value below the threshold beside one above it is a soft edge, as resized copies have. */
static bool borders_marked(const io_mask_t *mask, int x, int y, int threshold)
{
    for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < mask->height; v++)
        for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < mask->width; u++)
            if (mask->values[(size_t)v * (size_t)mask->width + (size_t)u] > threshold) return true;
    return false;
}

/* How many values between none and the threshold, soft edges left out. */
static size_t count_low(const io_mask_t *mask, int threshold)
{
    size_t low = 0;
    for (int y = 0; y < mask->height; y++)
        for (int x = 0; x < mask->width; x++) {
            int value = mask->values[(size_t)y * (size_t)mask->width + (size_t)x];
            low += value > 0 && value <= threshold && !borders_marked(mask, x, y, threshold);
        }
    return low;
}

/* *good: nothing that stops a run. */
static status_t survey_mask(data_findings_t *out, bool *good, const data_category_t *category,
                            const data_image_t *image)
{
    int width, height;
    io_mask_t mask = {0};
    *good = false;
    status_t status = data_image_size(&width, &height, category, image);
    /* An image that cannot be read is its own finding. */
    if (status != ST_OK) return status == ST_ENOMEM ? status : ST_OK;
    status = io_mask_read(&mask, image->mask);
    if (status != ST_OK) return data_note_failure(out, DATA_MASK_UNREADABLE, status);
    size_t count = (size_t)mask.width * (size_t)mask.height, marked = 0;
    int largest = 0;
    values_t values = {0};
    for (size_t i = 0; i < count; i++) {
        int value = mask.values[i];
        marked += value > category->mask_threshold;
        if (value > largest) largest = value;
        if (value > 0) values_add(&values, value);
    }
    bool size = mask.width == width && mask.height == height;
    if (!size)
        TRY_DONE(data_note(out, DATA_MASK_SIZE, 1, "'%s': mask is %d x %d, its image '%s' is %d x %d", image->mask,
                           mask.width, mask.height, image->path, width, height));
    if (marked == 0 && largest > 0)
        TRY_DONE(data_note(out, DATA_MASK_VALUES, 1,
                           "'%s': mask values go up to %d, expected anomalous pixels above %d%s", image->mask, largest,
                           category->mask_threshold, mask.palette ? " (its palette's indices are read)" : ""));
    if (largest == 0)
        TRY_DONE(data_note(out, DATA_MASK_EMPTY, 1, "'%s': no pixel is anomalous%s", image->mask,
                           mask.alpha ? " (it has alpha, which is not looked at)" : ""));
    if (marked > count / 2)
        TRY_DONE(data_note(out, DATA_MASK_MOST, 1, "'%s' marks %.0f %% of its image", image->mask,
                           100.0 * (double)marked / (double)count));
    size_t low = marked > 0 && values.count <= FEW_VALUES ? count_low(&mask, category->mask_threshold) : 0;
    if (low > marked / 10)
        TRY_DONE(data_note(out, DATA_MASK_LOW, 1,
                           "'%s' marks %zu pixels by values up to %d, which count as normal, and %zu above",
                           image->mask, low, category->mask_threshold, marked));
    if (mask.palette || mask.alpha)
        TRY_DONE(data_note(out, DATA_MASK_FORM, 1, "'%s' has %s", image->mask, mask.palette ? "a palette" : "alpha"));
    *good = size && (marked > 0 || largest == 0);
done:
    io_mask_free(&mask);
    return status;
}

/* ---- Images -------------------------------------------------------------------------------------------------------- */

/* What 16-bit files have been seen to hold. */
typedef struct {
    int files, read, largest;
    const char *first, *highest; /* paths */
} deep_t;

static status_t survey_image(data_findings_t *out, deep_t *deep, const data_category_t *category,
                             const data_image_t *image)
{
    io_image_info_t info;
    status_t status = io_image_look(&info, image->path);
    if (status != ST_OK) return status == ST_ENOMEM ? status : ST_OK; /* read later, and told then */
    /* No file is damaged: all of the camera's are of that kind. */
    if (info.refused) {
        io_image_t pixels = {0};
        status = data_image_read(&pixels, category, image);
        io_image_free(&pixels);
        return data_note_failure(out, DATA_UNREADABLE, status);
    }
    if (info.pages > 1) TRY(data_note(out, DATA_PAGES, 1, "'%s'", image->path));
    if (info.turn > 1 && !category->how.upright)
        TRY(data_note(out, DATA_TURNED, 1, "'%s' (orientation %d)", image->path, info.turn));
    if (info.depth != 16) return ST_OK;
    if (deep->files++ == 0) deep->first = image->path;
    return ST_OK;
}

/* `most` of the 16-bit files of a list, spread over it; no more than are needed to see that all bits are in use. */
static status_t read_deep(deep_t *deep, const data_image_t *images, int count, int most, int enough)
{
    int step = count > most ? count / most : 1;
    for (int i = 0; i < count && deep->largest < enough; i += step) {
        io_image_info_t info;
        int largest;
        if (io_image_look(&info, images[i].path) != ST_OK || info.depth != 16) continue;
        status_t status = io_image_largest(&largest, images[i].path);
        if (status == ST_ENOMEM) return status;
        if (status != ST_OK) continue;
        deep->read++;
        if (largest > deep->largest) deep->largest = largest, deep->highest = images[i].path;
    }
    return ST_OK;
}

static int bits_of(int value)
{
    int bits = 0;
    for (; value > 0; value >>= 1) bits++;
    return bits;
}

/* Training and test images of other bits: each is read by the one bit_depth, and the normal ones are no likeness then. */
static status_t note_scales(data_findings_t *out, const deep_t *train, const deep_t *test)
{
    enum { OTHER_SCALE = 4 }; /* bits: no light of one camera makes sixteen times the difference */
    int more = bits_of(train->largest) - bits_of(test->largest);
    const deep_t *dark = more > 0 ? test : train, *light = more > 0 ? train : test;
    if (train->read == 0 || test->read == 0 || abs(more) < OTHER_SCALE) return ST_OK;
    return data_note(out, DATA_SCALES, dark->files,
                     "'%s' and the other %s images read hold values up to %d, the %s images up to %d and more",
                     dark->first, dark == test ? "test" : "training", dark->largest, dark == test ? "training" : "test",
                     light->largest);
}

static deep_t deep_both(const deep_t *train, const deep_t *test)
{
    bool first = train->largest >= test->largest;
    return (deep_t){.files = train->files + test->files,
                    .read = train->read + test->read,
                    .largest = first ? train->largest : test->largest,
                    .first = train->first != NULL ? train->first : test->first,
                    .highest = first ? train->highest : test->highest};
}

static status_t note_depth(data_findings_t *out, const deep_t *deep, int depth)
{
    int bits = bits_of(deep->largest);
    if (deep->read == 0) return ST_OK;
    /* Cameras give 8, 10, 12 or 14 bits; with 15 the picture is dim, but whole. */
    int usual = bits <= 8 ? 8 : bits <= 10 ? 10 : bits <= 12 ? 12 : bits <= 14 ? 14 : 16;
    if (usual < depth)
        return data_note(out, DATA_DARK, deep->files, "'%s' and the others read hold values up to %d: bit_depth=%d",
                         deep->first, deep->largest, usual);
    if (bits > depth)
        return data_note(out, DATA_CLIPPED, 1, "'%s' holds values up to %d, bit_depth is %d", deep->highest,
                         deep->largest, depth);
    return ST_OK;
}

status_t data_survey(data_findings_t *out, int *masks, const data_category_t *category, int most_read)
{
    deep_t train = {0}, test = {0};
    int depth = category->how.bit_depth > 0 ? category->how.bit_depth : 16;
    *masks = 0;
    for (int i = 0; i < category->train_count; i++) TRY(survey_image(out, &train, category, &category->train[i]));
    for (int i = 0; i < category->test_count; i++) {
        const data_image_t *image = &category->test[i];
        bool good;
        TRY(survey_image(out, &test, category, image));
        if (image->label == 0 || image->mask == NULL) continue;
        TRY(survey_mask(out, &good, category, image));
        *masks += good;
    }
    if (train.files + test.files == 0) return ST_OK;
    int enough = depth < 16 ? 65536 : 1 << 14;
    TRY(read_deep(&train, category->train, category->train_count, most_read, enough));
    TRY(read_deep(&test, category->test, category->test_count, most_read, enough));
    deep_t both = deep_both(&train, &test);
    TRY(note_scales(out, &train, &test));
    return note_depth(out, &both, depth);
}
