/* The numbers of a task: their table, and the file's own. */
#include "store/store_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const store_numbers_t store_numbers_none = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};

#define NUMBER(field) offsetof(store_numbers_t, field)

const store_number_t store_number_table[] = {
    {"image_auroc", NUMBER(image_auroc), false, "exact area under the image-level ROC curve"},
    {"pixel_auroc", NUMBER(pixel_auroc), false, "exact area under the pixel-level ROC curve, images pooled"},
    {"aupro", NUMBER(aupro), false, "area under the per-region-overlap curve, exact, 8-connected regions"},
    {"image_ap", NUMBER(image_ap), false, "average precision of images, step form"},
    {"image_f1max", NUMBER(image_f1), false, "largest F1 of images over all thresholds"},
    {"pixel_ap", NUMBER(pixel_ap), false, "average precision of pixels, step form"},
    {"pixel_f1max", NUMBER(pixel_f1), false, "largest F1 of pixels over all thresholds"},
    {"sample_auroc", NUMBER(sample_auroc), true,
     "image AUROC of whole objects, the maximum over their views (Real-IAD, views: all)"},
    {"vad_image", NUMBER(vad_image), true, "image AUROC of the memory branch alone: largest value of M_v"},
    {"vad_pixel", NUMBER(vad_pixel), true, "pixel AUROC of the memory branch alone"},
    {"pad_image", NUMBER(pad_image), true, "image AUROC of the prompt branch alone: largest value of M_p"},
    {"pad_pixel", NUMBER(pad_pixel), true, "pixel AUROC of the prompt branch alone"},
    {"cls_image", NUMBER(cls_image), true, "image AUROC of the class token's score S_i alone"},
    {0},
};

const char *const store_metric_names[STORE_METRICS] = {
    "image_auroc",  "pixel_auroc", "aupro",     "image_ap",  "image_f1max", "pixel_ap", "pixel_f1max",
    "sample_auroc", "vad_image",   "vad_pixel", "pad_image", "pad_pixel",   "cls_image"};

status_t store_task_numbers(store_numbers_t *out, store_made_on_t *made_on, const char *path, const char *id)
{
    status_t status;
    io_h5_t *file = NULL;
    char *found = NULL;
    int64_t complete = 0;
    TRY_DONE(io_h5_open(&file, path));
    TRY_DONE(store_format_check(file, path));
    TRY_DONE(io_h5_get_text(&found, file, "/", "id"));
    TRY_DONE(io_h5_get_i64(&complete, file, "/", "complete"));
    if (complete != 1 || strcmp(found, id) != 0) {
        status = fail(ST_EFORMAT, "'%s' belongs to task %s, expected %s", path, found, id);
        goto done;
    }
    for (const store_number_t *row = store_number_table; row->name != NULL; row++) {
        char name[64];
        snprintf(name, sizeof name, "metrics/%s", row->name);
        if (row->optional && !io_h5_has(file, name)) {
            const double missing = NAN;
            memcpy((char *)out + row->offset, &missing, sizeof missing);
            continue;
        }
        TRY_DONE(store_read_into((char *)out + row->offset, file, name, IO_H5_F64, 0, NULL));
    }
    store_made_on_read(made_on, file);
done:
    io_h5_close(file);
    free(found);
    return status;
}
