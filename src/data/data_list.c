#include "data/data_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

char *data_join(const char *a, const char *b)
{
    size_t length = strlen(a);
    return base_format("%s%s%s", a, length > 0 && a[length - 1] == '/' ? "" : "/", b);
}

bool data_is_dir_in(const char *base, const char *name)
{
    char *path = data_join(base, name);
    bool is_dir = path != NULL && io_is_dir(path);
    free(path);
    return is_dir;
}

bool data_ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length > end_length && strcasecmp(text + length - end_length, end) == 0;
}

status_t data_list_folders(io_names_t *out, const char *path)
{
    TRY(io_list_dir(out, path));
    int kept = 0;
    for (int i = 0; i < out->count; i++) {
        if (data_is_dir_in(path, out->name[i]))
            out->name[kept++] = out->name[i];
        else
            free(out->name[i]);
    }
    out->count = kept;
    return ST_OK;
}

static bool ends_with_one_of(const char *name, const char *const *endings)
{
    for (; *endings != NULL; endings++)
        if (data_ends_with(name, *endings)) return true;
    return false;
}

status_t data_list_images(io_names_t *out, const char *path)
{
    TRY(io_list_dir(out, path));
    int kept = 0;
    status_t status = ST_OK;
    for (int i = 0; i < out->count; i++) {
        char *name = out->name[i];
        if (status == ST_OK && io_image_has_ending(name)) {
            out->name[kept++] = name;
            continue;
        }
        if (status == ST_OK && ends_with_one_of(name, io_image_unread_endings))
            status = fail(
                ST_EFORMAT,
                "'%s/%s': this kind of image is not read; expected PNG, JPEG, TIFF, BMP or WebP (hint: convert it)",
                path, name);
        free(name);
    }
    out->count = kept;
    if (status != ST_OK) io_names_free(out);
    return status;
}

const char *data_nearest(const char *word, const char *const *candidates, int count)
{
    const char *best = NULL;
    int best_distance = (int)strlen(word) / 2 + 1;
    for (int i = 0; i < count; i++) {
        int distance = base_edit_distance(word, candidates[i]);
        if (distance < best_distance) best = candidates[i], best_distance = distance;
    }
    return best;
}

status_t data_names_push(io_names_t *names, const char *name)
{
    char **grown = realloc(names->name, ((size_t)names->count + 1) * sizeof *grown);
    if (grown == NULL) return fail(ST_ENOMEM, "no memory for %d names", names->count + 1);
    names->name = grown;
    grown[names->count] = base_format("%s", name);
    if (grown[names->count] == NULL) return ST_ENOMEM;
    names->count++;
    return ST_OK;
}

static void free_image(data_image_t *image)
{
    free(image->path);
    free(image->name);
    free(image->defect);
    free(image->mask);
    free(image->sample);
}

void data_category_free(data_category_t *category)
{
    for (int i = 0; i < category->train_count; i++) free_image(&category->train[i]);
    for (int i = 0; i < category->test_count; i++) free_image(&category->test[i]);
    free(category->train);
    free(category->test);
    free(category->dataset);
    free(category->category);
    *category = (data_category_t){0};
}

static status_t push(data_image_t **images, int *count, const data_entry_t *entry)
{
    /* Grown when the count reaches a power of two. */
    if ((*count & (*count - 1)) == 0) {
        size_t room = *count == 0 ? 1 : 2 * (size_t)*count;
        data_image_t *grown = realloc(*images, room * sizeof *grown);
        if (grown == NULL) return fail(ST_ENOMEM, "no memory for a list of %zu images", room);
        *images = grown;
    }
    data_image_t image = {.label = entry->label};
    image.path = data_join(entry->base, entry->name);
    image.name = base_format("%s", entry->name);
    image.defect = base_format("%s", entry->defect);
    image.mask = entry->mask == NULL ? NULL : base_format("%s", entry->mask);
    image.sample = entry->sample == NULL ? NULL : base_format("%s", entry->sample);
    if (image.path == NULL || image.name == NULL || image.defect == NULL ||
        (image.mask == NULL) != (entry->mask == NULL) || (image.sample == NULL) != (entry->sample == NULL)) {
        free_image(&image);
        return ST_ENOMEM;
    }
    (*images)[(*count)++] = image;
    return ST_OK;
}

status_t data_push_train(data_category_t *category, const data_entry_t *entry)
{
    return push(&category->train, &category->train_count, entry);
}

status_t data_push_test(data_category_t *category, const data_entry_t *entry)
{
    TRY(push(&category->test, &category->test_count, entry));
    if (entry->label != 0) {
        category->test_anomalous++;
        if (entry->mask == NULL) category->masks_missing++;
    }
    return ST_OK;
}

status_t data_push_normals(data_category_t *category, const char *base, const char *folder, bool test)
{
    io_names_t names = {0};
    char *path = data_join(base, folder), *name = NULL;
    status_t status = path == NULL ? ST_ENOMEM : data_list_images(&names, path);
    for (int i = 0; status == ST_OK && i < names.count; i++) {
        name = data_join(folder, names.name[i]);
        data_entry_t entry = {.base = base, .name = name, .defect = "good"};
        if (name == NULL)
            status = ST_ENOMEM;
        else
            status = test ? data_push_test(category, &entry) : data_push_train(category, &entry);
        free(name);
    }
    io_names_free(&names);
    free(path);
    return status;
}

/* Length of a file name without its ending. */
static size_t stem_length(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL ? strlen(name) : (size_t)(dot - name);
}

static const char *find_mask(const io_names_t *masks, const char *image)
{
    size_t stem = stem_length(image);
    for (int i = 0; i < masks->count; i++) {
        const char *mask = masks->name[i];
        size_t length = stem_length(mask);
        if (length < stem || strncmp(mask, image, stem) != 0) continue;
        if (length == stem || (length == stem + 5 && strncmp(mask + stem, "_mask", 5) == 0)) return mask;
    }
    return NULL;
}

status_t data_push_defect(data_category_t *category, const char *base, const char *defect, const char *mask_folder,
                          bool lenient)
{
    status_t status = ST_ENOMEM;
    io_names_t images = {0}, masks = {0};
    char *folder = base_format("test/%s", defect), *image_dir = NULL, *name = NULL, *mask = NULL;
    char *mask_dir = base_format("%s/%s/%s", base, mask_folder, defect);
    if (folder == NULL || mask_dir == NULL || (image_dir = data_join(base, folder)) == NULL) goto done;
    TRY_DONE(data_list_images(&images, image_dir));
    if (io_is_dir(mask_dir)) {
        TRY_DONE(data_list_images(&masks, mask_dir));
    } else if (!lenient && images.count > 0) {
        status = fail(ST_ENOTFOUND, "'%s': no such folder; expected the masks of the %d images of '%s'", mask_dir,
                      images.count, image_dir);
        goto done;
    }
    for (int i = 0; i < images.count; i++) {
        const char *found = find_mask(&masks, images.name[i]);
        if (found == NULL && !lenient) {
            int stem = (int)stem_length(images.name[i]);
            status = fail(ST_ENOTFOUND, "'%s/%s' has no mask; expected '%s/%.*s.png' or '%.*s_mask.png'", image_dir,
                          images.name[i], mask_dir, stem, images.name[i], stem, images.name[i]);
            goto done;
        }
        status = ST_ENOMEM;
        if ((name = data_join(folder, images.name[i])) == NULL) goto done;
        if (found != NULL && (mask = data_join(mask_dir, found)) == NULL) goto done;
        data_entry_t entry = {.base = base, .name = name, .defect = defect, .mask = mask, .label = 1};
        TRY_DONE(data_push_test(category, &entry));
        free(name);
        free(mask);
        name = mask = NULL;
    }
    status = ST_OK;
done:
    free(name);
    free(mask);
    free(folder);
    free(image_dir);
    free(mask_dir);
    io_names_free(&images);
    io_names_free(&masks);
    return status;
}
