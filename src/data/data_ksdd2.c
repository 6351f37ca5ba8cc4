/* KolektorSDD2: train and test hold <stem>.png and its mask <stem>_GT.png; an image is anomalous when its mask marks
 * something. Training is on normal images alone, so anomalous training images are left out, and counted. */
#include "data/data_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What the category is called where the root itself is its folder. */
#define OWN_NAME "kolektorsdd2"

/* Whether base/train and base/test hold images with masks beside them. */
static bool is_category(const char *base)
{
    bool found = data_is_dir_in(base, "test");
    io_names_t images = {0}, masks = {0};
    data_findings_t notes = {0};
    char *train = data_join(base, "train");
    found = found && train != NULL && io_is_dir(train) &&
            data_list_images(&images, &masks, &notes, train, NULL) == ST_OK && masks.count > 0;
    io_names_free(&images);
    io_names_free(&masks);
    data_findings_free(&notes);
    free(train);
    return found;
}

status_t data_ksdd2_list(io_names_t *out, const char *root, const data_options_t *options)
{
    (void)options;
    *out = (io_names_t){0};
    if (is_category(root)) return data_names_push(out, OWN_NAME);
    TRY(data_list_folders(out, root));
    data_names_keep(out, root, is_category);
    return ST_OK;
}

static status_t marks_something(bool *out, const char *path, int threshold)
{
    io_mask_t mask;
    TRY(io_mask_read(&mask, path));
    *out = false;
    size_t count = (size_t)mask.width * (size_t)mask.height;
    for (size_t i = 0; i < count && !*out; i++) *out = mask.values[i] > threshold;
    io_mask_free(&mask);
    return ST_OK;
}

/* The mask of `image`, "<stem>_GT.<any>". */
static const char *find_mask(const io_names_t *masks, const char *image)
{
    const char *dot = strrchr(image, '.');
    size_t stem = dot != NULL ? (size_t)(dot - image) : strlen(image);
    for (int i = 0; i < masks->count; i++)
        if (strncmp(masks->name[i], image, stem) == 0 && strncasecmp(masks->name[i] + stem, "_gt.", 4) == 0)
            return masks->name[i];
    return NULL;
}

static status_t push_image(data_category_t *out, const char *base, const char *part, const char *image,
                           const io_names_t *masks)
{
    bool anomalous = false, test = strcmp(part, "test") == 0;
    const char *found = find_mask(masks, image);
    char *name = data_join(part, image), *mask = found != NULL ? base_format("%s/%s/%s", base, part, found) : NULL;
    status_t status = name != NULL && (found == NULL || mask != NULL) ? ST_OK : ST_ENOMEM;
    if (status == ST_OK && found == NULL)
        TRY_DONE(data_note(&out->notes, DATA_MASK_MISSING, 1, "'%s/%s' has no mask; expected '<stem>_GT.png' beside it",
                           base, name));
    if (status == ST_OK && found != NULL) {
        status = marks_something(&anomalous, mask, out->mask_threshold);
        if (status != ST_OK) status = data_note_failure(&out->notes, DATA_MASK_UNREADABLE, status);
    }
    data_entry_t entry = {.base = base,
                          .name = name,
                          .defect = anomalous ? "bad" : "good",
                          .mask = anomalous ? mask : NULL,
                          .label = anomalous};
    if (status == ST_OK && test)
        status = data_push_test(out, &entry);
    else if (status == ST_OK && anomalous)
        status = data_note(&out->notes, DATA_TRAIN_DEFECT, 1, "'%s/%s'", base, name);
    else if (status == ST_OK)
        status = data_push_train(out, &entry);
done:
    free(name);
    free(mask);
    return status;
}

static status_t read_part(data_category_t *out, const char *base, const char *part)
{
    io_names_t images = {0}, masks = {0};
    char *path = data_join(base, part);
    status_t status = path == NULL ? ST_ENOMEM : data_list_images(&images, &masks, &out->notes, path, NULL);
    for (int i = 0; status == ST_OK && i < images.count; i++)
        status = push_image(out, base, part, images.name[i], &masks);
    io_names_free(&images);
    io_names_free(&masks);
    free(path);
    return status;
}

status_t data_ksdd2_read(data_category_t *out, const char *root, const char *category, const data_options_t *options)
{
    (void)options;
    bool own = strcmp(category, OWN_NAME) == 0 && is_category(root);
    char *base = own ? base_format("%s", root) : data_join(root, category);
    status_t status = base == NULL ? ST_ENOMEM : read_part(out, base, "train");
    if (status == ST_OK) status = read_part(out, base, "test");
    free(base);
    return status;
}
