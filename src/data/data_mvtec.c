#include "data/data_internal.h"

#include <stdlib.h>
#include <string.h>

status_t data_mvtec_list(io_names_t *out, const char *root, const data_options_t *options)
{
    (void)options;
    TRY(data_list_folders(out, root));
    int kept = 0;
    for (int i = 0; i < out->count; i++) {
        char *base = data_join(root, out->name[i]);
        if (base != NULL && (data_is_dir_in(base, "train") || data_is_dir_in(base, "test")))
            out->name[kept++] = out->name[i];
        else
            free(out->name[i]);
        free(base);
    }
    out->count = kept;
    return ST_OK;
}

static status_t require_folder(const char *base, const char *name, const char *meaning)
{
    if (data_is_dir_in(base, name)) return ST_OK;
    return fail(ST_ENOTFOUND, "'%s/%s': no such folder; expected %s", base, name, meaning);
}

/* train/good, or train itself in a copy whose folders were flattened. */
static status_t read_train(data_category_t *out, const char *base)
{
    if (!data_is_dir_in(base, "train/good") && data_is_dir_in(base, "train"))
        TRY(data_push_normals(out, base, "train", false));
    if (out->train_count > 0) return ST_OK;
    TRY(require_folder(base, "train/good", "the normal training images"));
    TRY(data_push_normals(out, base, "train/good", false));
    if (out->train_count > 0) return ST_OK;
    return fail(ST_EFORMAT, "'%s/train/good' holds no PNG, JPEG, TIFF, BMP or WebP image", base);
}

status_t data_mvtec_read_tree(data_category_t *out, const char *base, const data_options_t *options)
{
    TRY(read_train(out, base));
    TRY(require_folder(base, "test",
                       "the test images, in 'good' and one folder a defect (this copy has training images only)"));
    io_names_t defects = {0};
    char *test = data_join(base, "test");
    if (test == NULL) return ST_ENOMEM;
    status_t status = data_list_folders(&defects, test);
    free(test);
    for (int i = 0; status == ST_OK && i < defects.count; i++) {
        if (strcmp(defects.name[i], "good") == 0) {
            status = data_push_normals(out, base, "test/good", true);
            continue;
        }
        status = require_folder(base, "ground_truth", "one folder of masks a defect");
        if (status == ST_OK)
            status = data_push_defect(out, base, defects.name[i], "ground_truth", options->allow_missing_masks);
    }
    io_names_free(&defects);
    if (status == ST_OK && out->test_count == 0)
        status = fail(ST_EFORMAT,
                      "'%s/test' holds no PNG, JPEG, TIFF, BMP or WebP image in 'good' or a defect's folder", base);
    return status;
}

status_t data_mvtec_read(data_category_t *out, const char *root, const char *category, const data_options_t *options)
{
    char *base = data_join(root, category);
    if (base == NULL) return ST_ENOMEM;
    status_t status = data_mvtec_read_tree(out, base, options);
    free(base);
    return status;
}
