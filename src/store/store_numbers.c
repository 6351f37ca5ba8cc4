/* The numbers of a task: their table. */
#include "store/store.h"

#include <math.h>
#include <stddef.h>

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

_Static_assert(sizeof store_number_table / sizeof store_number_table[0] == STORE_METRICS + 1,
               "a place for each number");
