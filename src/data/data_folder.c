/* The plain layout for one's own images. One folder a category:
 *
 *   <root>/<category>/train              normal images (or in train/good, or train/normal)
 *   <root>/<category>/test/good          normal test images; the folder may also be called normal
 *   <root>/<category>/test/<defect>      anomalous test images, one folder a kind of defect, any name
 *   <root>/<category>/mask/<defect>      optional: ground truth, <stem>.png or <stem>_mask.png, anomalous above 127; the
 *                                        folder may also be called ground_truth, so MVTec-AD's layout is one of these
 *
 * Without a mask folder image metrics are computed and pixel metrics are missing. With one, every anomalous image needs
 * its mask: an unmarked defect would count as normal pixels. */
#include "data/data_internal.h"

#include <stdlib.h>
#include <string.h>

status_t data_folder_list(io_names_t *out, const char *root, const data_options_t *options)
{
    return data_mvtec_list(out, root, options);
}

static bool is_normal(const char *folder)
{
    return strcmp(folder, "good") == 0 || strcmp(folder, "normal") == 0;
}

static status_t read_train(data_category_t *out, const char *base)
{
    static const char *const folders[] = {"train", "train/good", "train/normal"};
    for (int i = 0; i < 3; i++)
        if (data_is_dir_in(base, folders[i])) TRY(data_push_normals(out, base, folders[i], false));
    if (out->train_count > 0) return ST_OK;
    return fail(ST_ENOTFOUND,
                "'%s/train' holds no PNG, JPEG, TIFF, BMP or WebP image; expected the normal training images", base);
}

/* "mask", "ground_truth", or NULL when there is none. */
static status_t find_masks(const char **out, const char *base)
{
    bool mask = data_is_dir_in(base, "mask"), truth = data_is_dir_in(base, "ground_truth");
    if (mask && truth)
        return fail(ST_EFORMAT, "'%s' holds both 'mask' and 'ground_truth'; expected one folder of masks", base);
    *out = mask ? "mask" : truth ? "ground_truth" : NULL;
    return ST_OK;
}

static status_t read_test(data_category_t *out, const char *base, const char *folder, const char *masks, bool lenient)
{
    if (!is_normal(folder))
        return data_push_defect(out, base, folder, masks != NULL ? masks : "mask", lenient || masks == NULL);
    char *path = data_join("test", folder);
    if (path == NULL) return ST_ENOMEM;
    status_t status = data_push_normals(out, base, path, true);
    free(path);
    return status;
}

status_t data_folder_read(data_category_t *out, const char *root, const char *category, const data_options_t *options)
{
    status_t status = ST_ENOMEM;
    io_names_t folders = {0};
    const char *masks = NULL;
    char *base = data_join(root, category);
    char *test = base == NULL ? NULL : data_join(base, "test");
    if (test == NULL) goto done;
    TRY_DONE(read_train(out, base));
    if (!io_is_dir(test)) {
        status =
            fail(ST_ENOTFOUND, "'%s': no such folder; expected 'good' or 'normal' and one folder a defect in it", test);
        goto done;
    }
    TRY_DONE(data_list_folders(&folders, test));
    TRY_DONE(find_masks(&masks, base));
    out->masks_optional = masks == NULL;
    for (int i = 0; i < folders.count; i++)
        TRY_DONE(read_test(out, base, folders.name[i], masks, options->allow_missing_masks));
    if (out->test_count == 0)
        status =
            fail(ST_EFORMAT,
                 "'%s' holds no PNG, JPEG, TIFF, BMP or WebP image in 'good', 'normal' or a defect's folder", test);
done:
    io_names_free(&folders);
    free(test);
    free(base);
    return status;
}
