#include "data/data_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Folders of normal images, of masks, and all that a category may hold, in any case of letters. */
static const char *const normal_folders[] = {"good", "normal", "ok", NULL};
static const char *const mask_folders[] = {"ground_truth", "mask", "masks", "groundtruth", NULL};
static const char *const parts[] = {"train", "test", "ground_truth", "mask", "masks", "groundtruth", NULL};

static bool has_parts(const char *base)
{
    return data_is_dir_in(base, "train") || data_is_dir_in(base, "test");
}

status_t data_mvtec_list(io_names_t *out, const char *root, const data_options_t *options)
{
    (void)options;
    TRY(data_list_folders(out, root));
    data_names_keep(out, root, has_parts);
    return ST_OK;
}

/* ---- Training images ----------------------------------------------------------------------------------------------- */

/* Whether normal images of this dataset lie in a folder of that name. */
static bool is_usual(const data_category_t *category, const char *folder)
{
    if (strcmp(folder, "good") == 0) return true;
    if (strcmp(category->dataset, "folder") == 0) return strcmp(folder, "normal") == 0 || strcmp(folder, "ok") == 0;
    return strcmp(category->dataset, "btad") == 0 && strcmp(folder, "ok") == 0;
}

/* All images of train/<folder>, a folder of normal images; one that is not called good is noted. */
static status_t push_normal_folder(data_category_t *out, const char *base, const char *part, const char *folder)
{
    char *path = base_format("%s/%s", part, folder);
    if (path == NULL) return ST_ENOMEM;
    bool test = strcmp(part, "test") == 0;
    int before = test ? out->test_count : out->train_count;
    status_t status = data_push_normals(out, base, path, test, NULL);
    int count = (test ? out->test_count : out->train_count) - before;
    if (status == ST_OK && count == 0) status = data_note(&out->notes, DATA_EMPTY_FOLDER, 1, "'%s/%s'", base, path);
    if (status == ST_OK && count > 0 && !is_usual(out, folder))
        status = data_note(&out->notes, DATA_NAMED_NORMAL, count, "'%s/%s' holds %d image%s", base, path, count,
                           count == 1 ? "" : "s");
    free(path);
    return status;
}

/* Images of train/good and its likes; of `train` itself where there is none of them, or where `both` is wanted. */
static status_t read_train(data_category_t *out, const char *base, bool both)
{
    io_names_t folders = {0};
    char *train = data_join(base, "train");
    status_t status = train == NULL ? ST_ENOMEM : ST_OK;
    if (status == ST_OK && io_is_dir(train)) {
        TRY_DONE(data_list_folders(&folders, train));
        int normal = 0;
        for (int i = 0; i < folders.count; i++) normal += data_is_normal_name(folders.name[i]);
        for (int i = 0; i < folders.count; i++)
            if (data_is_normal_name(folders.name[i])) TRY_DONE(push_normal_folder(out, base, "train", folders.name[i]));
        int before = out->train_count;
        if (normal == 0 || both) TRY_DONE(data_push_normals(out, base, "train", false, normal_folders));
        if (before > 0 && out->train_count > before)
            TRY_DONE(
                data_note(&out->notes, DATA_TRAIN_BOTH, out->train_count - before, "'%s'", out->train[before].path));
        if (normal > 0 && !both) TRY_DONE(data_note_strays(out, train, normal_folders, DATA_OTHER_FOLDER));
    }
done:
    io_names_free(&folders);
    free(train);
    return status;
}

/* The line of a category without training images: what lies there instead is the cure. */
static status_t refuse_train(const data_category_t *out, const char *base, const char *folder, status_t code,
                             const char *expected)
{
    char *path = data_join(base, folder);
    if (path == NULL) return ST_ENOMEM;
    const io_names_t *inside = &out->notes.lines[DATA_SUBFOLDER];
    int unread = out->notes.count[DATA_UNREAD_KIND];
    io_names_t files = {0};
    char *hint = NULL;
    if (inside->count > 0)
        hint = base_format(" (hint: %s: move them up)", inside->name[0]);
    else if (unread > 0)
        hint = base_format(" (hint: %d image%s of a kind that is not read %s there: convert %s)", unread,
                           unread == 1 ? "" : "s", unread == 1 ? "is" : "are", unread == 1 ? "it" : "them");
    else if (io_list_dir(&files, path) == ST_OK && files.count > 0)
        hint = base_format(" (hint: images are known by the ending of their names, and '%s' has none of these)",
                           files.name[0]);
    io_names_free(&files);
    status_t status =
        fail(code, "'%s' holds no PNG, JPEG, TIFF, BMP or WebP image%s%s", path, expected, hint != NULL ? hint : "");
    free(hint);
    free(path);
    return status;
}

/* The line of a test without an image, and what lies there instead. */
static status_t refuse_test(const data_category_t *out, const char *base, const char *folders)
{
    const char *hint = "";
    if (out->notes.count[DATA_LOOSE] > 0) hint = " (hint: its images lie beside the folders: move them into some)";
    io_names_t names = {0};
    const data_options_t none = {0};
    if (data_ksdd2_list(&names, base, &none) == ST_OK && names.count > 0)
        hint = " (hint: this is KolektorSDD2's layout: dataset: ksdd2)";
    io_names_free(&names);
    return fail(ST_EFORMAT, "'%s/test' holds no PNG, JPEG, TIFF, BMP or WebP image in %s%s", base, folders, hint);
}

static status_t require_folder(const char *base, const char *name, const char *meaning)
{
    if (data_is_dir_in(base, name)) return ST_OK;
    return fail(ST_ENOTFOUND, "'%s/%s': no such folder; expected %s", base, name, meaning);
}

/* ---- Test images ---------------------------------------------------------------------------------------------------- */

/* Masks of a defect that the test does not have. */
static status_t note_spare_folders(data_category_t *out, const char *base, const char *masks, const io_names_t *defects)
{
    io_names_t folders = {0};
    char *path = data_join(base, masks);
    status_t status = path == NULL ? ST_ENOMEM : data_list_folders(&folders, path);
    for (int i = 0; status == ST_OK && i < folders.count; i++) {
        bool known = data_is_normal_name(folders.name[i]); /* black masks of normal images, as some copies have them */
        for (int d = 0; d < defects->count; d++) known = known || strcmp(folders.name[i], defects->name[d]) == 0;
        char *inside = data_join(path, folders.name[i]);
        int count = inside != NULL && !known ? data_count_images(inside) : 0;
        if (count > 0)
            status = data_note(&out->notes, DATA_MASK_SPARE, count, "'%s' holds %d, and the test has no such defect",
                               inside, count);
        free(inside);
    }
    io_names_free(&folders);
    free(path);
    return status;
}

/* Whether images of the folder are left to fgad predict, which is noted. */
static status_t pass_unlabelled(bool *passed, data_category_t *out, const char *test, const char *folder,
                                const data_options_t *options)
{
    const char *name = options != NULL && options->unlabelled != NULL ? options->unlabelled : "unlabelled";
    *passed = strcasecmp(folder, name) == 0;
    if (!*passed) return ST_OK;
    char *path = data_join(test, folder);
    if (path == NULL) return ST_ENOMEM;
    int count = data_count_images(path);
    status_t status = count == 0 ? ST_OK
                                 : data_note(&out->notes, DATA_UNLABELLED, count, "'%s' holds %d image%s", path, count,
                                             count == 1 ? "" : "s");
    free(path);
    return status;
}

static status_t read_test(data_category_t *out, const char *base, const char *masks, bool masks_wanted,
                          const data_options_t *options)
{
    bool passed = false;
    io_names_t defects = {0};
    char *test = data_join(base, "test");
    status_t status = test == NULL ? ST_ENOMEM : data_list_folders(&defects, test);
    for (int i = 0; status == ST_OK && i < defects.count; i++) {
        if (data_is_normal_name(defects.name[i])) {
            status = push_normal_folder(out, base, "test", defects.name[i]);
            continue;
        }
        status = pass_unlabelled(&passed, out, test, defects.name[i], options);
        if (passed) continue;
        if (status == ST_OK && masks_wanted && masks == NULL)
            status = require_folder(base, "ground_truth",
                                    "one folder of masks a defect (hint: dataset: folder does "
                                    "without masks)");
        if (status == ST_OK) status = data_push_defect(out, base, defects.name[i], masks);
    }
    /* Every folder of the test is a part of it, so that only loose images are strays. */
    if (status == ST_OK) {
        const char **known = base_alloc((size_t)defects.count + 1, sizeof *known);
        if (known == NULL) status = ST_ENOMEM;
        for (int i = 0; status == ST_OK && i <= defects.count; i++)
            known[i] = i < defects.count ? defects.name[i] : NULL;
        if (status == ST_OK) status = data_note_strays(out, test, known, DATA_OTHER_FOLDER);
        free(known);
    }
    if (status == ST_OK && masks != NULL) status = note_spare_folders(out, base, masks, &defects);
    io_names_free(&defects);
    free(test);
    return status;
}

/* ---- The two readers ------------------------------------------------------------------------------------------------ */

status_t data_mvtec_read_tree(data_category_t *out, const char *base, const data_options_t *options)
{
    status_t status;
    char *masks = data_find_folder(base, mask_folders);
    TRY_DONE(read_train(out, base, false));
    if (out->train_count == 0) {
        char *train = data_join(base, "train");
        char *folder = train != NULL ? data_find_folder(train, normal_folders) : NULL;
        char *name = base_format("train/%s", folder != NULL ? folder : "good");
        status = name == NULL ? ST_ENOMEM : require_folder(base, name, "the normal training images");
        if (status == ST_OK) status = refuse_train(out, base, name, ST_EFORMAT, "");
        free(train);
        free(folder);
        free(name);
        goto done;
    }
    TRY_DONE(require_folder(base, "test",
                            "the test images, in 'good' and one folder a defect (this copy has training images only)"));
    TRY_DONE(read_test(out, base, masks, true, options));
    if (out->test_count == 0) {
        status = refuse_test(out, base, "'good' or a defect's folder");
        goto done;
    }
    status = data_note_strays(out, base, parts, DATA_OTHER_FOLDER);
done:
    free(masks);
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

/* The name of the folder of masks; ST_EFORMAT when there are two. */
static status_t find_masks(char **out, const char *base)
{
    int found = 0;
    *out = NULL;
    for (int i = 0; mask_folders[i] != NULL; i++) {
        char *one = data_find_folder(base, (const char *const[]){mask_folders[i], NULL});
        if (one == NULL) continue;
        found++;
        free(*out);
        *out = one;
    }
    if (found < 2) return ST_OK;
    free(*out);
    *out = NULL;
    return fail(ST_EFORMAT, "'%s' holds both 'mask' and 'ground_truth'; expected one folder of masks", base);
}

status_t data_folder_read(data_category_t *out, const char *root, const char *category, const data_options_t *options)
{
    status_t status = ST_ENOMEM;
    char *masks = NULL, *base = data_join(root, category);
    if (base == NULL) goto done;
    TRY_DONE(read_train(out, base, true));
    if (out->train_count == 0) {
        status = refuse_train(out, base, "train", ST_ENOTFOUND, "; expected the normal training images");
        goto done;
    }
    TRY_DONE(require_folder(base, "test", "'good' or 'normal' and one folder a defect in it"));
    TRY_DONE(find_masks(&masks, base));
    TRY_DONE(read_test(out, base, masks, false, options));
    out->masks_optional = masks == NULL && out->masks_missing == out->test_anomalous;
    if (out->test_count == 0) {
        status = refuse_test(out, base, "'good', 'normal' or a defect's folder");
        goto done;
    }
    status = data_note_strays(out, base, parts, DATA_OTHER_FOLDER);
done:
    free(masks);
    free(base);
    return status;
}
