/* Somebody's own images, whatever folders they lie in, as a category of the layout `folder`: links, nothing is copied. */
#include "data/data_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const char *const mask_folders[] = {"ground_truth", "mask", "masks", "groundtruth", NULL};

static bool is_mask_folder(const char *name)
{
    for (int i = 0; mask_folders[i] != NULL; i++)
        if (strcasecmp(mask_folders[i], name) == 0) return true;
    return false;
}

/* <base>/<folder>/<name> becomes a link to <from>/<name below it>. */
static status_t link_to(const char *base, const char *folder, const char *name, const char *from, const char *below)
{
    status_t status = ST_ENOMEM;
    char *dir = data_join(base, folder), *place = dir != NULL ? data_join(dir, name) : NULL;
    char *path = data_join(from, below), *real = path != NULL ? realpath(path, NULL) : NULL;
    if (place == NULL || path == NULL) goto done;
    if (real == NULL) {
        status = fail(ST_ENOTFOUND, "'%s' cannot be found: %s", path, strerror(errno));
        goto done;
    }
    TRY_DONE(io_make_dirs(dir));
    if (symlink(real, place) != 0)
        status = fail(ST_EIO, "'%s' cannot be made a link to '%s': %s", place, real, strerror(errno));
done:
    free(dir);
    free(place);
    free(path);
    free(real);
    return status;
}

/* Images in `from` itself, none of its folders. */
static status_t list_own(io_names_t *out, const char *from)
{
    int kept = 0;
    TRY(io_list_dir(out, from));
    for (int i = 0; i < out->count; i++) {
        if (io_image_has_ending(out->name[i]) && !data_is_dir_in(from, out->name[i]))
            out->name[kept++] = out->name[i];
        else
            free(out->name[i]);
    }
    out->count = kept;
    return ST_OK;
}

/* Every fourth normal image goes to the test, and one at least. */
static status_t split_normals(data_laid_out_t *out, const char *base, const char *from)
{
    io_names_t names;
    TRY(list_own(&names, from));
    status_t status = ST_OK;
    for (int i = 0; i < names.count && status == ST_OK; i++) {
        bool test = i % 4 == 3 || (names.count > 1 && names.count < 4 && i == names.count - 1);
        status = link_to(base, test ? "test/good" : "train", names.name[i], from, names.name[i]);
        out->train += !test;
        out->good += test;
    }
    io_names_free(&names);
    out->split = true;
    return status;
}

static int count_in(const char *from, const char *name)
{
    char *path = data_join(from, name);
    int count = path != NULL ? data_count_images(path) : 0;
    free(path);
    return count;
}

/* A folder of the test, as it is. Images in folders of its own are in no test: they are not counted, but linked, so that
 * the check names them. */
static status_t link_test_folder(data_laid_out_t *out, const char *base, const char *from, const char *name)
{
    io_names_t own;
    if (count_in(from, name) == 0) return ST_OK;
    char *path = data_join(from, name);
    status_t status = path != NULL ? list_own(&own, path) : ST_ENOMEM;
    free(path);
    TRY(status);
    const int count = own.count;
    io_names_free(&own);
    if (data_is_normal_name(name))
        out->good += count;
    else if (strcasecmp(name, "unlabelled") == 0)
        out->unlabelled += count;
    else
        out->anomalous += count;
    return link_to(base, "test", name, from, name);
}

/* train and test are there: they are what they say. */
static status_t take_layout(data_laid_out_t *out, const char *base, const char *from, const char *train)
{
    io_names_t folders = {0};
    char *test = data_find_folder(from, (const char *const[]){"test", NULL});
    char *path = test != NULL ? data_join(from, test) : NULL;
    status_t status = link_to(base, "", "train", from, train);
    out->train = count_in(from, train);
    if (status == ST_OK && path != NULL) status = data_list_folders(&folders, path);
    for (int i = 0; i < folders.count && status == ST_OK; i++)
        status = link_test_folder(out, base, path, folders.name[i]);
    io_names_free(&folders);
    free(test);
    free(path);
    return status;
}

/* Normal images in a folder of their own, each other folder a kind of defect; or normal images alone. */
static status_t take_folders(data_laid_out_t *out, const char *base, const char *from)
{
    io_names_t folders;
    bool named = false;
    status_t status = ST_OK;
    TRY(data_list_folders(&folders, from));
    for (int i = 0; i < folders.count && status == ST_OK; i++) {
        char *path = data_join(from, folders.name[i]);
        if (path == NULL) status = ST_ENOMEM;
        if (path != NULL && data_is_normal_name(folders.name[i]) && count_in(from, folders.name[i]) > 0) {
            named = true;
            status = split_normals(out, base, path);
        } else if (path != NULL && !is_mask_folder(folders.name[i])) {
            status = link_test_folder(out, base, from, folders.name[i]);
        }
        free(path);
    }
    io_names_free(&folders);
    if (status == ST_OK && !named) status = split_normals(out, base, from);
    return status;
}

status_t data_lay_out(data_laid_out_t *out, const char *base, const char *from)
{
    *out = (data_laid_out_t){0};
    if (!io_is_dir(from)) return fail(ST_ENOTFOUND, "'%s' is no folder (expected the folder of the images)", from);
    char *train = data_find_folder(from, (const char *const[]){"train", NULL});
    char *masks = data_find_folder(from, mask_folders);
    status_t status = train != NULL ? take_layout(out, base, from, train) : take_folders(out, base, from);
    out->masks = masks != NULL;
    if (status == ST_OK && masks != NULL && out->anomalous > 0) status = link_to(base, "", "ground_truth", from, masks);
    free(train);
    free(masks);
    TRY(status);
    if (out->train == 0)
        return fail(
            ST_ENOTFOUND,
            "'%s' holds no normal image to learn from (expected PNG, JPEG, TIFF, BMP or WebP files in it, in good, "
            "or in train)",
            from);
    if (out->good + out->anomalous == 0)
        return fail(
            ST_ENOTFOUND,
            "'%s' holds %d normal image%s and nothing to test with (expected two normal images, or test/good and "
            "a folder a defect)",
            from, out->train, out->train == 1 ? "" : "s");
    return ST_OK;
}
