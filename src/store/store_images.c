/* Columns that tell of images, one value an image. */
#include "store/store_internal.h"

#include <stdlib.h>

status_t store_images_write(io_h5_t *file, const store_image_columns_t *columns, const data_image_t *images,
                            const int *which, int n)
{
    status_t status = ST_ENOMEM;
    const size_t count = (size_t)n;
    const char **name = base_alloc(count, sizeof *name), **defect = base_alloc(count, sizeof *defect);
    const char **digest = base_alloc(count, sizeof *digest);
    char(*digits)[IO_DIGEST_SIZE] = base_alloc(count, sizeof *digits);
    uint8_t *label = base_alloc(count, sizeof *label);
    if (name == NULL || defect == NULL || digest == NULL || digits == NULL || label == NULL) goto done;
    for (int i = 0; i < n; i++) {
        const data_image_t *image = &images[which != NULL ? which[i] : i];
        name[i] = image->name;
        defect[i] = image->defect;
        label[i] = (uint8_t)image->label;
        digest[i] = digits[i];
        if (columns->digests) TRY_DONE(io_digest_file(digits[i], image->path));
    }
    const char *axis = columns->axis;
    const io_h5_field_t fields[] = {
        {columns->name, IO_H5_STRING, 1, {n}, axis, "1", columns->description, name},
        {"label", IO_H5_U8, 1, {n}, axis, "1", "0 normal, 1 anomalous", label},
        {"defect", IO_H5_STRING, 1, {n}, axis, "1", "kind of defect, good for normal images", defect},
        {"digest", IO_H5_STRING, 1, {n}, axis, "1", "SHA-256 of the image file", digest},
    };
    TRY_DONE(io_h5_write(file, columns->group, fields, columns->labels ? 3 : 1));
    if (columns->digests) TRY_DONE(io_h5_write(file, columns->group, &fields[3], 1));
done:
    free(name);
    free(defect);
    free(digest);
    free(digits);
    free(label);
    return status;
}
