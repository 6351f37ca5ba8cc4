/* data: what images a category has and which of them are the shots. Readers of dataset layouts on disk, few-shot
 * draws, ground-truth masks. It lists and checks; it does not decode images except when asked to (data_check,
 * data_mask_read). It knows no model, task or metric. Depends on base and io. METHOD.md 10 (masks), 11 (protocol).
 *
 * Layouts (`dataset`). Images are PNG, JPEG, TIFF, BMP or WebP, by their endings in any case. Nothing that looks like an
 * image is passed over in silence: other kinds, sub-folders, images beside the folders, masks among the images become
 * notes of the category.
 *   mvtec    <root>/<category>/train/good, test/good, test/<defect>, ground_truth/<defect> with <stem>_mask.png (or
 *            <stem>.png)
 *   demo     as mvtec: what datasets/demo generates
 *   btad     BTAD: as mvtec, with ok, ko in place of good, <defect>
 *   visa     original: <root>/split_csv/1cls.csv and <root>/<category>/Data; or prepared: <root>/1cls/<category> or
 *            <root>/<category> with train/good, test/good, test/bad, ground_truth/bad
 *   realiad  <root>/realiad_{256,512,1024,raw}/<category>/OK/S0001 and NG/<defect>/S0001 (or the categories in <root>
 *            itself), with the split of realiad_jsons_sv or realiad_jsons, wherever below <root>, or beside it, and in
 *            whatever case they lie. Without any such folder train and test both hold every OK image, and
 *            data_test_without_shots leaves the shots out of the test; where there is one but no file of the category, the
 *            category is refused
 *   ksdd2    KolektorSDD2: <root>/train, <root>/test (or in <root>/KolektorSDD2) with <stem>.png and <stem>_GT.png; an
 *            image whose mask marks something is anomalous, and is left out of the training images
 *   folder   one's own images, one folder a category:
 *              train              normal images (or in train/good, train/normal, train/ok)
 *              test/good          normal test images (or normal, ok)
 *              test/<defect>      anomalous test images, one folder a kind of defect, any other name
 *              test/unlabelled    in no number: fgad predict scores them (or as the options call it; so in MVTec-AD's layout)
 *              mask/<defect>      optional: ground truth, <stem>.png or <stem>_mask.png, anomalous above 127 (or masks,
 *                                 ground_truth: MVTec-AD's layout is one of these; or beside the images)
 *            Without masks there are image metrics, and pixel metrics are missing. With some, every anomalous image needs
 *            its own: an unmarked defect would count as normal pixels.
 * Not thread-safe per struct; statuses: ST_ENOTFOUND (root, category, file), ST_EFORMAT (layout), ST_EIO, ST_ENOMEM. */
#ifndef FGAD_DATA_H
#define FGAD_DATA_H

#include "base/base.h"
#include "io/io.h"

/* Bytes of a file, where the reader of the layout has asked for them: nobody then asks again. */
typedef struct {
    bool known;
    int64_t bytes; /* -1: there is no such file */
} data_size_t;
/* Asks the file system once, links followed; always known. */
data_size_t data_size(const char *path);

typedef struct {
    char *path;                  /* as opened: root joined with the name below it */
    char *name;                  /* below the category, e.g. "test/broken_large/000.png": what result files show */
    char *defect;                /* "good" for normal images */
    char *mask;                  /* path of the ground truth, or NULL: normal, or none on disk */
    char *sample;                /* Real-IAD: the object whose views these are, e.g. "NG/BX/S0001"; else NULL */
    int label;                   /* 0 normal, 1 anomalous */
    data_size_t size, mask_size; /* of the files at path and mask */
} data_image_t;

/* ---- What a look at the files finds -------------------------------------------------------------------------------- */
/* By the harm done: a run is refused, or its task fails; it goes on to other numbers than are meant; there are images that
 * no number is of; odd, but harmless. */
typedef enum { DATA_HARM_STOPS, DATA_HARM_NUMBERS, DATA_HARM_LEFT_OUT, DATA_HARM_ODD, DATA_HARMS } data_harm_t;
extern const char *const data_harm_names[DATA_HARMS];
/* In the order of harm. */
typedef enum {
    DATA_LAYOUT,
    DATA_BAD_NAME,
    DATA_ABSENT,
    DATA_UNREADABLE,
    DATA_UNREAD_KIND,
    DATA_MASK_UNREADABLE,
    DATA_MASK_SIZE,
    DATA_MASK_VALUES,
    DATA_MASK_MISSING,
    DATA_DARK,
    DATA_CLIPPED,
    DATA_SCALES,
    DATA_NORMAL_AS_DEFECT,
    DATA_NO_NORMALS,
    DATA_NO_ANOMALOUS,
    DATA_IN_BOTH,
    DATA_TWICE,
    DATA_MASK_MOST,
    DATA_MASK_EMPTY,
    DATA_MASK_LOW,
    DATA_MASK_TWO,
    DATA_MASK_SHARED,
    DATA_MASK_NONE,
    DATA_NO_MASKS,
    DATA_TURNED,
    DATA_COUNTS,
    DATA_MASK_BESIDE,
    DATA_PAGES,
    DATA_SUBFOLDER,
    DATA_OTHER_FOLDER,
    DATA_LOOSE,
    DATA_MASK_SPARE,
    DATA_UNLABELLED,
    DATA_NO_SPLIT,
    DATA_NO_CAPTION,
    DATA_TRAIN_DEFECT,
    DATA_MASK_BESIDE_USED,
    DATA_MASK_FORM,
    DATA_FOLDER_AS_IMAGE,
    DATA_EMPTY_FOLDER,
    DATA_NAMED_NORMAL,
    DATA_TRAIN_BOTH,
    DATA_TRAIN_TWICE,
    DATA_KINDS
} data_kind_t;
typedef struct {
    const char *name; /* for programs: "mask_size" */
    data_harm_t harm;
    const char *one, *many; /* after a count: "masks of another size than their image" */
    const char *cure;
} data_kind_info_t;
extern const data_kind_info_t data_kinds[DATA_KINDS];
const char *data_kind_says(int kind, int count); /* one or many */
enum { DATA_LINES = 1000 };                      /* lines kept of a kind; all are counted */
typedef struct {
    int count[DATA_KINDS];        /* of images, masks or folders, as the kind says */
    io_names_t lines[DATA_KINDS]; /* each names a file; what is no plain text in it is shown as \xNN */
} data_findings_t;
void data_findings_free(data_findings_t *findings);
/* Of the harms from `worst` to `least`. */
int data_findings_count(const data_findings_t *findings, data_harm_t worst, data_harm_t least);
status_t data_note(data_findings_t *findings, data_kind_t kind, int count, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
status_t data_findings_add(data_findings_t *to, const data_findings_t *from);
/* ST_OK, or the error line of the worst finding that stops a run. */
status_t data_findings_refuse(const data_findings_t *findings);
/* A warning in the log for each kind that changes numbers or leaves images out. */
void data_findings_warn(const data_findings_t *findings, const char *dataset, const char *category);

/* ---- A category ---------------------------------------------------------------------------------------------------- */
/* One category: train and test images, each sorted by name (bytes). Owned by the struct. */
typedef struct {
    char *dataset, *category;
    data_image_t *train;
    int train_count;
    data_image_t *test;
    int test_count;
    int test_anomalous;    /* of test */
    int masks_missing;     /* anomalous test images without a mask file. All: there are no pixel metrics (missing, not
                           zero). Some: only Real-IAD, where a view may show no defect, or where `lenient` */
    bool masks_optional;   /* own images without a folder of masks: that none is there is no fault (for data_check) */
    int mask_threshold;    /* a mask pixel is anomalous when value > threshold: 127 MVTec-AD, Real-IAD; 0 VisA */
    io_image_how_t how;    /* pixels are taken from the files: the options' */
    char *split;           /* Real-IAD: which split decides, "realiad_jsons", "realiad_jsons_sv" or "none"; else NULL */
    data_findings_t notes; /* of the listing */
    bool assumed;          /* by data_category_assume: names are made up, and any image will do for a named one */
} data_category_t;

/* How to read; NULL or all zero is the default everywhere. Strings are not owned. */
typedef struct {
    const char *views; /* Real-IAD: "C1" (default), "C2".."C5" or "all" */
    const char *tree;  /* Real-IAD: "256", "512", "1024" or "raw"; default: the only one there is */
    bool lenient;      /* list a category with findings that stop a run (to check it) instead of refusing it */
    bool
        shots_listed; /* shots come from a list: of Real-IAD, also normal test images of the split may be shots, since the
                           published lists were drawn from all OK images; such a shot is left out of the test */
    bool own_threshold; /* mask_threshold below, not the dataset's */
    int mask_threshold;
    io_image_how_t how; /* how pixels are taken from the files */
    const char *
        unlabelled; /* of layouts with test/<defect>: the folder of test that nobody has labelled; NULL: "unlabelled" */
} data_options_t;

/* The layouts known: NULL-terminated names for messages and --help. */
extern const char *const data_datasets[];
/* "mvtec, visa ... or folder". */
void data_name_datasets(char out[256]);

/* Category names of `dataset` below root, sorted. ST_EFORMAT for an unknown dataset name (nearest name suggested),
 * ST_ENOTFOUND for a root that does not exist or holds no category. */
status_t data_list_categories(io_names_t *out, const char *dataset, const char *root, const data_options_t *options);
/* Lists one category. An empty train or test set, a missing ground-truth folder or mask are errors that say which path.
 * A test set of one class only is listed. *out is zeroed on failure. */
status_t data_category_read(data_category_t *out, const char *dataset, const char *root, const char *category,
                            const data_options_t *options);
/* A category as published, without looking at any file: right numbers of images, made-up names. For planning only; of
 * Real-IAD, whose categories' numbers are not known here, the mean of one view. ST_ENOTFOUND: not a published one. */
status_t data_category_assume(data_category_t *out, const char *dataset, const char *category,
                              const data_options_t *options);
void data_category_free(data_category_t *category);
/* The picture of an image, and its size, as category->how takes them. */
status_t data_image_read(io_image_t *out, const data_category_t *category, const data_image_t *image);
status_t data_image_size(int *width, int *height, const data_category_t *category, const data_image_t *image);

/* ---- Shots ------------------------------------------------------------------------------------------------------- */
/* Indices into train of the `shots` images drawn for (dataset, category, shots, seed), in the order drawn: the first of
 * a permutation, a pure function of these four and of train_count. out (shots). ST_EFORMAT: fewer images than shots. */
status_t data_draw_shots(int *out, const data_category_t *category, int shots, uint64_t seed);
/* The same of one permutation for all numbers of shots, a function of (dataset, category, seed) and train_count: the
 * image of 1 shot is the first of 2 shots, and so on. */
status_t data_nested_shots(int *out, const data_category_t *category, int shots, uint64_t seed);
/* The same from a list file, in the file's order. Its kind is told from its first line:
 *   1. datasets/fewshot/<dataset>.yaml: lines "category:", below each "  <shots>: [index, ...]", indices in the sorted
 *      train listing, or, of Real-IAD, "  <shots> <view>: [S0069, ...]", samples of a view (of all views: the first line);
 *      a sample may stand twice, as in a published list. '#' starts a comment. Nothing else of YAML is read.
 *   2. one path a line: a line names a train image when one of line and "<category>/<name>" ends with the other, at a
 *      '/'; lines of other categories are passed over; the first `shots` that match are taken. */
status_t data_list_shots(int *out, const data_category_t *category, int shots, const char *list_path);
/* keep (test_count): indices of the test images that are not among the shots (compared by path), ascending; their
 * number is returned. All of them except for Real-IAD without split files (METHOD.md 12.5). */
int data_test_without_shots(int *keep, const data_category_t *category, const int *shots, int shot_count);

/* ---- Masks ------------------------------------------------------------------------------------------------------- */
/* The ground truth of a test image as 0/1 at its own size, (height, width) bytes; caller frees *mask. A normal image,
 * and mask == NULL, give all zero of the image's size. The mask's size must equal the image's; a mask with values
 * but none above the threshold (0/1 masks of a set that has 0/255) is refused. */
status_t data_mask_read(uint8_t **mask, int *width, int *height, const data_category_t *category,
                        const data_image_t *image);
/* Nearest neighbour at pixel centres, src x = floor((x + 1/2) sw / dw) in integers: torch's "nearest-exact", in step with
 * the maps' bilinear (align_corners = false). PIL's NEAREST means the same but adds the ratio up in floating point: it
 * falls a pixel short where a centre meets an edge (59 of 400 columns from 480). torch's and OpenCV's "nearest" would
 * shift the mask by up to half a pixel. dst (dh, dw), src (sh, sw). METHOD.md 10. */
void data_mask_resize(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh);
/* As other code does: 0 and 255 by PIL's antialiased bilinear, then above a half of 255, or, `whole`, 255 itself. */
status_t data_mask_resize_bilinear(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh, bool whole);

/* ---- One's own images ---------------------------------------------------------------------------------------------- */
typedef struct {
    int train, good, anomalous, unlabelled; /* images; of train and of the test */
    bool split;                             /* the normal images were parted in train and test here */
    bool masks;
} data_laid_out_t;
/* Makes `base` a category of the layout `folder`, of links to what lies in `from`: train and test, where there is a train;
 * else the normal images of `good` (or normal, ok) or of `from` itself, every fourth of which goes to the test, and each
 * other folder as a kind of defect. ST_ENOTFOUND: nothing to learn from, or to test with. */
status_t data_lay_out(data_laid_out_t *out, const char *base, const char *from);

/* ---- Checking a copy --------------------------------------------------------------------------------------------- */
/* What a run asks when it opens: every image's header and every mask from end to end, but of 16-bit images no more than
 * `most_read` of the training and of the test images. Adds to *out, which begins as zeros. *masks: how many masks are as
 * they should be. */
status_t data_survey(data_findings_t *out, int *masks, const data_category_t *category, int most_read);
/* Opens every file of the category: what data_survey finds, unreadable or truncated images, images that are there twice or
 * in train and test (by digest), counts other than published; and the notes of the listing. */
typedef struct {
    data_findings_t findings;
    int images, masks;                                       /* read without a problem */
    int expected_train, expected_normal, expected_anomalous; /* published counts, -1 when not known */
} data_report_t;
status_t data_check(data_report_t *out, const data_category_t *category);
void data_report_free(data_report_t *report);
/* Published categories of a dataset, in its papers' order: how many (0: none are known: demo, folder) and their names
 * (static; NULL past the end). */
int data_known_count(const char *dataset);
const char *data_known_category(const char *dataset, int index);

#endif
