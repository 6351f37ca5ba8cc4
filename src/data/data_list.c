/* The lists of a category, image by image. */
#include "data/data_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

data_size_t data_size(const char *path)
{
    struct stat info;
    return (data_size_t){.known = true, .bytes = stat(path, &info) == 0 ? (int64_t)info.st_size : -1};
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
    free(category->split);
    data_findings_free(&category->notes);
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
    data_image_t image = {.label = entry->label, .size = entry->size, .mask_size = entry->mask_size};
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
