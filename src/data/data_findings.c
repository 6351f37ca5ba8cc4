/* What a look at the files finds: kinds of faults, ordered by the harm they do, with their lines. */
#include "data/data_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const data_harm_names[DATA_HARMS] = {"stops", "numbers", "left_out", "odd"};

const data_kind_info_t data_kinds[DATA_KINDS] = {
    [DATA_LAYOUT] = {"layout", DATA_HARM_STOPS, "category that cannot be listed", "categories that cannot be listed",
                     "see the line"},
    [DATA_BAD_NAME] = {"bad_name", DATA_HARM_STOPS, "name that is not UTF-8, or holds control characters",
                       "names that are not UTF-8, or hold control characters",
                       "rename them (bytes are shown as \\xNN)"},
    [DATA_ABSENT] = {"absent", DATA_HARM_STOPS, "image that a split file names and that is not there",
                     "images that a split file names and that are not there", "complete the copy"},
    [DATA_UNREADABLE] = {"unreadable", DATA_HARM_STOPS, "image that cannot be read", "images that cannot be read",
                         "copy them again, or remove them"},
    [DATA_UNREAD_KIND] = {"unread_kind", DATA_HARM_STOPS, "image of a kind that is not read",
                          "images of a kind that is not read", "convert them to PNG, JPEG, TIFF, BMP or WebP"},
    [DATA_MASK_UNREADABLE] = {"mask_unreadable", DATA_HARM_STOPS, "mask that cannot be read",
                              "masks that cannot be read", "save them as 8-bit grey PNG"},
    [DATA_MASK_SIZE] = {"mask_size", DATA_HARM_STOPS, "mask of another size than its image",
                        "masks of another size than their image",
                        "give masks the image's size (exif: apply, if the image is turned by EXIF)"},
    [DATA_MASK_VALUES] = {"mask_values", DATA_HARM_STOPS, "mask without a pixel above the threshold, though not empty",
                          "masks without a pixel above the threshold, though not empty",
                          "mask_threshold=0 (a mask of 0 and 1, or of palette indices)"},
    [DATA_MASK_MISSING] = {"mask_missing", DATA_HARM_STOPS, "anomalous image without a mask",
                           "anomalous images without a mask",
                           "add the masks; without any, take dataset: folder and no folder of masks"},
    [DATA_DARK] = {"dark", DATA_HARM_NUMBERS, "16-bit image that uses only its low bits: nearly black to the model",
                   "16-bit images that use only their low bits: nearly black to the model",
                   "bit_depth, as the line says"},
    [DATA_CLIPPED] = {"clipped", DATA_HARM_NUMBERS, "16-bit image with values above bit_depth: cut to white",
                      "16-bit images with values above bit_depth: cut to white", "a larger bit_depth"},
    [DATA_SCALES] = {"scales", DATA_HARM_NUMBERS, "16-bit image of another scale than the other part's",
                     "16-bit images of another scale than the other part's",
                     "save training and test images at one scale"},
    [DATA_TURNED] = {"turned", DATA_HARM_NUMBERS, "image that EXIF says is to be turned, which is not done",
                     "images that EXIF says are to be turned, which is not done", "exif: apply, or save them upright"},
    [DATA_NORMAL_AS_DEFECT] = {"normal_as_defect", DATA_HARM_NUMBERS,
                               "image in a folder called like normal ones, taken for a defect",
                               "images in folders called like normal ones, taken for a defect",
                               "rename them to good, or to the defect's name"},
    [DATA_NO_NORMALS] = {"no_normals", DATA_HARM_NUMBERS, "test set without a normal image: no image AUROC",
                         "test sets without a normal image: no image AUROC", "put normal images into test/good"},
    [DATA_NO_ANOMALOUS] = {"no_anomalous", DATA_HARM_NUMBERS, "test set without an anomalous image: no AUROC",
                           "test sets without an anomalous image: no AUROC", "put anomalous images into test/<defect>"},
    [DATA_IN_BOTH] = {"in_both", DATA_HARM_NUMBERS, "test image that is a training image too",
                      "test images that are training images too", "remove them from one of the two"},
    [DATA_TWICE] = {"twice", DATA_HARM_NUMBERS, "image that is there twice", "images that are there twice",
                    "remove one of the two"},
    [DATA_MASK_MOST] = {"mask_most", DATA_HARM_NUMBERS, "mask that marks more than half of its image",
                        "masks that mark more than half of their image",
                        "invert them, if the defect is what they do not mark"},
    [DATA_MASK_EMPTY] = {"mask_empty", DATA_HARM_NUMBERS, "mask of an anomalous image that marks nothing",
                         "masks of anomalous images that mark nothing", "mark the defect, or move the image to good"},
    [DATA_MASK_LOW] = {"mask_low", DATA_HARM_NUMBERS, "mask of which some values count as normal",
                       "masks of which some values count as normal", "mask_threshold=0, if they are defects, too"},
    [DATA_MASK_TWO] = {"mask_two", DATA_HARM_NUMBERS, "image with two masks, of which the first is taken",
                       "images with two masks, of which the first is taken",
                       "remove one of the two, or make one of both"},
    [DATA_MASK_SHARED] = {"mask_shared", DATA_HARM_NUMBERS, "mask that images of one stem share",
                          "masks that images of one stem share", "give each image a stem of its own"},
    [DATA_MASK_NONE] = {"mask_none", DATA_HARM_NUMBERS, "anomalous view without a mask, normal to the pixels",
                        "anomalous views without a mask, normal to the pixels",
                        "add the masks, unless these views show no defect"},
    [DATA_NO_MASKS] = {"no_masks", DATA_HARM_NUMBERS, "category without any mask: no pixel metrics",
                       "categories without any mask: no pixel metrics", "add the masks"},
    [DATA_COUNTS] = {"counts", DATA_HARM_NUMBERS, "number of images other than published",
                     "numbers of images other than published",
                     "complete the copy, or do not compare with published figures"},
    [DATA_MASK_BESIDE] = {"mask_beside", DATA_HARM_LEFT_OUT, "mask among the images, left out",
                          "masks among the images, left out", "move them to ground_truth/<defect>"},
    [DATA_PAGES] = {"pages", DATA_HARM_LEFT_OUT, "image of several pages or frames, of which the first is read",
                    "images of several pages or frames, of which the first is read",
                    "save the others as files of their own, if they are to count"},
    [DATA_SUBFOLDER] = {"subfolder", DATA_HARM_LEFT_OUT, "image in a folder of its own, left out",
                        "images in folders of their own, left out", "move them one folder up, if they are such images"},
    [DATA_OTHER_FOLDER] = {"other_folder", DATA_HARM_LEFT_OUT, "image in a folder that is none of the layout, left out",
                           "images in folders that are none of the layout, left out",
                           "move them to train, test/good or test/<defect>, if they are to count"},
    [DATA_LOOSE] = {"loose", DATA_HARM_LEFT_OUT, "image beside the folders of the layout, left out",
                    "images beside the folders of the layout, left out", "move them into one of the folders"},
    [DATA_MASK_SPARE] = {"mask_spare", DATA_HARM_LEFT_OUT, "mask that belongs to no image",
                         "masks that belong to no image", "look whether their image is missing"},
    [DATA_UNLABELLED] = {"unlabelled", DATA_HARM_LEFT_OUT, "unlabelled test image: in no number",
                         "unlabelled test images: in no number", "none is needed: fgad predict scores them"},
    [DATA_NO_SPLIT] = {"no_split", DATA_HARM_ODD,
                       "category of Real-IAD without split files: shots are taken out of the test",
                       "categories of Real-IAD without split files: shots are taken out of the test",
                       "put realiad_jsons or realiad_jsons_sv into the root"},
    [DATA_NO_CAPTION] = {"no_caption", DATA_HARM_ODD, "category without a caption: no prompt branch",
                         "categories without a caption: no prompt branch",
                         "write one (mfsc/README.md), or branches: [vad]"},
    [DATA_TRAIN_DEFECT] = {"train_defect", DATA_HARM_ODD, "anomalous training image, not used",
                           "anomalous training images, not used", "none is needed"},
    [DATA_MASK_BESIDE_USED] = {"mask_beside_used", DATA_HARM_ODD, "mask found beside its image, and used",
                               "masks found beside their images, and used", "none is needed"},
    [DATA_MASK_FORM] = {"mask_form", DATA_HARM_ODD, "mask with a palette (indices are read) or alpha (dropped)",
                        "masks with a palette (indices are read) or alpha (dropped)",
                        "look at one overlay, or save them as 8-bit grey PNG"},
    [DATA_FOLDER_AS_IMAGE] = {"folder_as_image", DATA_HARM_ODD, "folder called like an image",
                              "folders called like images", "rename them"},
    [DATA_EMPTY_FOLDER] = {"empty_folder", DATA_HARM_ODD, "folder of the test without an image",
                           "folders of the test without an image", "remove them"},
    [DATA_NAMED_NORMAL] = {"named_normal", DATA_HARM_ODD,
                           "image in a folder called otherwise than good, read as normal",
                           "images in folders called otherwise than good, read as normal", "none is needed"},
    [DATA_TRAIN_BOTH] = {"train_both", DATA_HARM_ODD, "training image beside train/good, which is taken, too",
                         "training images beside train/good, which are taken, too",
                         "none is needed, if they are normal"},
    [DATA_TRAIN_TWICE] = {"train_twice", DATA_HARM_ODD, "training image with the content of another",
                          "training images with the content of another", "remove one of the two, if it is not meant"},
};

const char *data_kind_says(int kind, int count)
{
    return count == 1 ? data_kinds[kind].one : data_kinds[kind].many;
}

void data_findings_free(data_findings_t *findings)
{
    for (int k = 0; k < DATA_KINDS; k++) io_names_free(&findings->lines[k]);
    *findings = (data_findings_t){0};
}

int data_findings_count(const data_findings_t *findings, data_harm_t worst, data_harm_t least)
{
    int count = 0;
    for (int k = 0; k < DATA_KINDS; k++)
        if (data_kinds[k].harm >= worst && data_kinds[k].harm <= least) count += findings->count[k];
    return count;
}

status_t data_note(data_findings_t *findings, data_kind_t kind, int count, const char *format, ...)
{
    findings->count[kind] += count;
    if (findings->lines[kind].count >= DATA_LINES) return ST_OK;
    char line[2048], shown[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    (void)base_visible(shown, sizeof shown, line);
    return data_names_push(&findings->lines[kind], shown);
}

status_t data_note_failure(data_findings_t *findings, data_kind_t kind, status_t status)
{
    if (status == ST_OK || status == ST_ENOMEM) return status;
    char line[2048];
    snprintf(line, sizeof line, "%s", fail_message());
    return data_note(findings, kind, 1, "%s", line);
}

status_t data_findings_add(data_findings_t *to, const data_findings_t *from)
{
    for (int k = 0; k < DATA_KINDS; k++) {
        to->count[k] += from->count[k];
        for (int i = 0; i < from->lines[k].count && to->lines[k].count < DATA_LINES; i++)
            TRY(data_names_push(&to->lines[k], from->lines[k].name[i]));
    }
    return ST_OK;
}

status_t data_findings_refuse(const data_findings_t *findings)
{
    for (int k = 0; k < DATA_KINDS; k++) {
        if (data_kinds[k].harm != DATA_HARM_STOPS || findings->count[k] == 0) continue;
        int more = findings->count[k] - 1;
        status_t code = k == DATA_MASK_MISSING || k == DATA_ABSENT ? ST_ENOTFOUND : ST_EFORMAT;
        if (more <= 0 || findings->lines[k].count < 2) return fail(code, "%s", findings->lines[k].name[0]);
        return fail(code, "%s; %d more %s (hint: %s; fgad data check tells all)", findings->lines[k].name[0], more,
                    data_kind_says(k, more), data_kinds[k].cure);
    }
    return ST_OK;
}

void data_findings_warn(const data_findings_t *findings, const char *dataset, const char *category)
{
    for (int k = 0; k < DATA_KINDS; k++) {
        const char *first = findings->lines[k].count > 0 ? findings->lines[k].name[0] : "";
        const char *others = findings->lines[k].count > 1 ? " ..." : "";
        if (data_kinds[k].harm == DATA_HARM_STOPS || findings->count[k] == 0) continue;
        if (data_kinds[k].harm == DATA_HARM_ODD)
            log_info("%s/%s: %d %s: %s%s", dataset, category, findings->count[k], data_kind_says(k, findings->count[k]),
                     first, others);
        else
            log_warn("%s/%s: %d %s: %s%s (hint: %s)", dataset, category, findings->count[k],
                     data_kind_says(k, findings->count[k]), first, others, data_kinds[k].cure);
    }
}
