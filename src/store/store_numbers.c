/* The numbers of a task: their table, and the file's own. */
#include "store/store_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const store_numbers_t store_numbers_none = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};

const store_number_t store_number_table[] = {
    {"image_auroc", offsetof(store_numbers_t, image_auroc), "exact area under the image-level ROC curve"},
    {"pixel_auroc", offsetof(store_numbers_t, pixel_auroc),
     "exact area under the pixel-level ROC curve, images pooled"},
    {"aupro", offsetof(store_numbers_t, aupro), "area under the per-region-overlap curve, exact, 8-connected regions"},
    {"image_ap", offsetof(store_numbers_t, image_ap), "average precision of images, step form"},
    {"image_f1max", offsetof(store_numbers_t, image_f1), "largest F1 of images over all thresholds"},
    {"pixel_ap", offsetof(store_numbers_t, pixel_ap), "average precision of pixels, step form"},
    {"pixel_f1max", offsetof(store_numbers_t, pixel_f1), "largest F1 of pixels over all thresholds"},
    {"sample_auroc", offsetof(store_numbers_t, sample_auroc),
     "image AUROC of whole objects, the maximum over their views (Real-IAD, views: all)"},
    {0},
};

const char *const store_metric_names[STORE_METRICS] = {"image_auroc", "pixel_auroc", "aupro",       "image_ap",
                                                       "image_f1max", "pixel_ap",    "pixel_f1max", "sample_auroc"};

status_t store_task_numbers(store_numbers_t *out, store_made_on_t *made_on, const char *path, const char *id)
{
    status_t status;
    io_h5_t *file = NULL;
    char *found = NULL;
    int64_t complete = 0;
    TRY_DONE(io_h5_open(&file, path));
    TRY_DONE(io_h5_get_text(&found, file, "/", "id"));
    TRY_DONE(io_h5_get_i64(&complete, file, "/", "complete"));
    if (complete != 1 || strcmp(found, id) != 0) {
        status = fail(ST_EFORMAT, "'%s' belongs to task %s, expected %s", path, found, id);
        goto done;
    }
    for (const store_number_t *row = store_number_table; row->name != NULL; row++) {
        char name[64];
        snprintf(name, sizeof name, "metrics/%s", row->name);
        /* A file from before the metric was there: missing, as for every category without samples. */
        if (row->offset == offsetof(store_numbers_t, sample_auroc) && !io_h5_has(file, name)) {
            out->sample_auroc = NAN;
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
