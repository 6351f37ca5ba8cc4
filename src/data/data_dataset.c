#include "data/data_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYOUT_ROW(name, threshold, of_list, of_read) {#name, threshold, data_##of_list##_list, data_##of_read##_read},
const data_layout_t data_layouts[] = {DATA_LAYOUTS(LAYOUT_ROW){0}};

#define LAYOUT_NAME(name, threshold, of_list, of_read) #name,
const char *const data_datasets[] = {DATA_LAYOUTS(LAYOUT_NAME) NULL};

void data_name_datasets(char out[256])
{
    size_t used = 0;
    for (int i = 0; data_datasets[i] != NULL && used < 256; i++)
        used += (size_t)snprintf(out + used, 256 - used, "%s%s",
                                 i == 0                         ? ""
                                 : data_datasets[i + 1] != NULL ? ", "
                                                                : " or ",
                                 data_datasets[i]);
}

status_t data_find_layout(const data_layout_t **out, const char *dataset)
{
    int count = 0;
    for (; data_layouts[count].name != NULL; count++) {
        if (strcmp(data_layouts[count].name, dataset) != 0) continue;
        *out = &data_layouts[count];
        return ST_OK;
    }
    const char *near = data_nearest(dataset, data_datasets, count);
    char known[256];
    data_name_datasets(known);
    return fail(ST_EFORMAT, "dataset '%s' is not known; expected %s%s%s%s", dataset, known,
                near != NULL ? " (did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?)" : "");
}

static status_t check_root(const char *dataset, const char *root)
{
    if (io_is_dir(root)) return ST_OK;
    return fail(
        ST_ENOTFOUND,
        "'%s': no such directory; expected the root of dataset '%s' (hint: a job's data_root is the folder that "
        "holds '%s', roots.%s=DIR is that folder under another name; datasets/fetch --help gets the images)",
        root, dataset, dataset, dataset);
}

status_t data_list_categories(io_names_t *out, const char *dataset, const char *root, const data_options_t *options)
{
    const data_options_t defaults = {0};
    const data_layout_t *layout = NULL;
    *out = (io_names_t){0};
    TRY(data_find_layout(&layout, dataset));
    TRY(check_root(dataset, root));
    TRY(layout->list(out, root, options != NULL ? options : &defaults));
    if (out->count > 0) return ST_OK;
    io_names_free(out);
    const char *slash = root[0] != '\0' && root[strlen(root) - 1] == '/' ? "" : "/";
    char hint[1024];
    data_layout_hint(hint, sizeof hint, layout, root, options != NULL ? options : &defaults);
    return fail(ST_ENOTFOUND, "'%s' holds no category of dataset '%s'; expected folders like '%s%s<category>/%s'%s",
                root, dataset, root, slash, strcmp(dataset, "realiad") == 0 ? "OK" : "train", hint);
}

/* "is not there", with the nearest name that is. */
static status_t refuse_category(const data_layout_t *layout, const char *root, const char *category,
                                const data_options_t *options)
{
    io_names_t names = {0};
    status_t status = layout->list(&names, root, options);
    if (status != ST_OK) return status;
    const char *near = data_nearest(category, (const char *const *)names.name, names.count);
    if (near != NULL)
        status = fail(ST_ENOTFOUND, "'%s' holds no category '%s' of dataset '%s' (did you mean '%s'?)", root, category,
                      layout->name, near);
    else if (names.count > 0)
        status = fail(ST_ENOTFOUND, "'%s' holds no category '%s' of dataset '%s'; %d other%s there, e.g. %s", root,
                      category, layout->name, names.count, names.count == 1 ? " is" : "s are", names.name[0]);
    else {
        char hint[1024];
        data_layout_hint(hint, sizeof hint, layout, root, options);
        status = fail(ST_ENOTFOUND, "'%s' holds no category of dataset '%s', none called '%s'%s", root, layout->name,
                      category, hint);
    }
    io_names_free(&names);
    return status;
}

static bool has_category(const data_layout_t *layout, const char *root, const char *category,
                         const data_options_t *options)
{
    io_names_t names = {0};
    /* A failure is told by whoever looks closer. */
    if (layout->list(&names, root, options) != ST_OK) return true;
    bool found = false;
    for (int i = 0; i < names.count && !found; i++) found = strcmp(names.name[i], category) == 0;
    io_names_free(&names);
    return found;
}

static int by_name(const void *a, const void *b)
{
    const data_image_t *left = a, *right = b;
    return strcmp(left->name, right->name);
}

/* ---- What is told of any layout ------------------------------------------------------------------------------------ */

static status_t note_names(data_category_t *out, const data_image_t *images, int count)
{
    for (int i = 0; i < count; i++) {
        if (!io_text_is_plain(images[i].name) || !io_text_is_plain(images[i].defect))
            TRY(data_note(&out->notes, DATA_BAD_NAME, 1, "'%s': a name is UTF-8 without control characters",
                          images[i].path));
        /* Lists are sorted: a file named twice in a split stands beside itself. */
        if (i > 0 && strcmp(images[i].name, images[i - 1].name) == 0)
            TRY(data_note(&out->notes, DATA_TWICE, 1, "'%s' is listed twice", images[i].path));
    }
    return ST_OK;
}

static status_t note_in_both(data_category_t *out)
{
    /* Without split files every normal image is in both lists, and shots are left out of the test. */
    if (out->split != NULL && strcmp(out->split, "none") == 0) return ST_OK;
    for (int i = 0; i < out->test_count; i++)
        if (bsearch(&out->test[i], out->train, (size_t)out->train_count, sizeof *out->train, by_name) != NULL)
            TRY(data_note(&out->notes, DATA_IN_BOTH, 1, "'%s' is in train and in test", out->test[i].path));
    return ST_OK;
}

static status_t note_common(data_category_t *out, const char *root)
{
    TRY(note_names(out, out->train, out->train_count));
    TRY(note_names(out, out->test, out->test_count));
    TRY(note_in_both(out));
    if (out->test_anomalous == out->test_count)
        TRY(data_note(&out->notes, DATA_NO_NORMALS, 1, "'%s/%s' has %d test image%s, none normal", root, out->category,
                      out->test_count, out->test_count == 1 ? "" : "s"));
    if (out->test_anomalous == 0)
        TRY(data_note(&out->notes, DATA_NO_ANOMALOUS, 1, "'%s/%s' has %d test image%s, none anomalous", root,
                      out->category, out->test_count, out->test_count == 1 ? "" : "s"));
    if (out->test_anomalous > 0 && out->masks_missing == out->test_anomalous && !out->masks_optional &&
        out->notes.count[DATA_MASK_MISSING] == 0)
        TRY(data_note(&out->notes, DATA_NO_MASKS, 1, "'%s/%s' has %d anomalous images", root, out->category,
                      out->test_anomalous));
    return ST_OK;
}

static status_t read_category(data_category_t *out, const data_layout_t *layout, const char *root, const char *category,
                              const data_options_t *options)
{
    out->dataset = base_format("%s", layout->name);
    out->category = base_format("%s", category);
    out->mask_threshold = options->own_threshold ? options->mask_threshold : layout->mask_threshold;
    out->how = options->how;
    if (out->dataset == NULL || out->category == NULL) return ST_ENOMEM;
    if (category[0] == '\0' || strchr(category, '/') != NULL || category[0] == '.')
        return fail(ST_EFORMAT, "'%s' is not a category name; expected the name of a folder below '%s'", category,
                    root);
    if (!io_text_is_plain(category) || strcmp(category, "MEAN") == 0) {
        char shown[1024];
        (void)base_visible(shown, sizeof shown, category);
        return fail(ST_EFORMAT,
                    "'%s/%s' cannot be a category: %s (hint: rename the folder, or name the others by category)", root,
                    shown,
                    strcmp(category, "MEAN") == 0 ? "MEAN is the row of means over categories"
                                                  : "a name is UTF-8 without control characters");
    }
    char component[IO_COMPONENT_SIZE];
    io_component(component, category);
    if (strcmp(component, category) != 0)
        return fail(ST_EFORMAT,
                    "'%s/%s' cannot be a category: it names folders of results (hint: rename it to at most 200 bytes "
                    "without '\\', and without '-' in front)",
                    root, category);
    if (!has_category(layout, root, category, options)) return refuse_category(layout, root, category, options);
    TRY(layout->read(out, root, category, options));
    /* What cannot be meant is a better reason than that nothing is left. */
    if (!options->lenient && (out->train_count == 0 || out->test_count == 0)) TRY(data_findings_refuse(&out->notes));
    if (out->train_count == 0)
        return fail(ST_EFORMAT, "category '%s' in '%s' has no training image%s", category, root,
                    options->views != NULL ? " of the views asked for" : "");
    if (out->test_count == 0)
        return fail(ST_EFORMAT, "category '%s' in '%s' has no test image%s", category, root,
                    options->views != NULL ? " of the views asked for" : "");
    qsort(out->train, (size_t)out->train_count, sizeof *out->train, by_name);
    qsort(out->test, (size_t)out->test_count, sizeof *out->test, by_name);
    TRY(note_common(out, root));
    return options->lenient ? ST_OK : data_findings_refuse(&out->notes);
}

status_t data_image_read(io_image_t *out, const data_category_t *category, const data_image_t *image)
{
    return io_image_read_how(out, image->path, &category->how);
}

status_t data_image_size(int *width, int *height, const data_category_t *category, const data_image_t *image)
{
    io_image_info_t info;
    TRY(io_image_look(&info, image->path));
    bool across = category->how.upright && info.turn >= 5;
    *width = across ? info.height : info.width;
    *height = across ? info.width : info.height;
    return ST_OK;
}

status_t data_category_read(data_category_t *out, const char *dataset, const char *root, const char *category,
                            const data_options_t *options)
{
    const data_options_t defaults = {0};
    const data_layout_t *layout = NULL;
    *out = (data_category_t){0};
    TRY(data_find_layout(&layout, dataset));
    TRY(check_root(dataset, root));
    status_t status = read_category(out, layout, root, category, options != NULL ? options : &defaults);
    if (status != ST_OK) data_category_free(out);
    return status;
}
