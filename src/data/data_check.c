#include "data/data_internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

void data_report_free(data_report_t *report)
{
    data_findings_free(&report->findings);
    *report = (data_report_t){0};
}

static status_t check_image(data_report_t *report, const data_category_t *category, const data_image_t *image)
{
    io_image_t pixels = {0};
    io_image_info_t info;
    /* A kind that is not read is the survey's to tell. */
    if (io_image_look(&info, image->path) == ST_OK && info.refused) return ST_OK;
    status_t status = data_image_read(&pixels, category, image);
    io_image_free(&pixels);
    if (status == ST_OK) report->images++;
    return data_note_failure(&report->findings, DATA_UNREADABLE, status);
}

/* Absences of which the listing did not speak: Real-IAD is listed without some of its masks. */
static status_t check_absence(data_report_t *report, const data_category_t *category, const data_image_t *image)
{
    if (image->mask != NULL || strcmp(category->dataset, "realiad") != 0 ||
        category->masks_missing == category->test_anomalous)
        return ST_OK;
    return data_note(&report->findings, DATA_MASK_NONE, 1, "'%s'", image->path);
}

/* ---- The same image in train and test --- */
typedef struct {
    char digest[IO_DIGEST_SIZE];
    const data_image_t *image;
} digest_t;

static int by_digest(const void *a, const void *b)
{
    const digest_t *left = a, *right = b;
    return strcmp(left->digest, right->digest);
}

/* digests (count), sorted; files that cannot be read have been noted by check_image and are left out. */
static int digest_all(digest_t *digests, const data_image_t *images, int count)
{
    int done = 0;
    for (int i = 0; i < count; i++) {
        if (io_digest_file(digests[done].digest, images[i].path) != ST_OK) continue;
        digests[done++].image = &images[i];
    }
    qsort(digests, (size_t)done, sizeof *digests, by_digest);
    return done;
}

/* Images of one content: in train and test, or twice in one list. One file in both is the listing's to tell. */
static status_t check_duplicates(data_report_t *report, const data_category_t *category)
{
    status_t status = ST_ENOMEM;
    digest_t *train = base_alloc((size_t)category->train_count, sizeof *train);
    digest_t *test = base_alloc((size_t)category->test_count, sizeof *test);
    if (train == NULL || test == NULL) goto done;
    int train_count = digest_all(train, category->train, category->train_count);
    int test_count = digest_all(test, category->test, category->test_count);
    status = ST_OK;
    for (int i = 0; i < test_count; i++) {
        const digest_t *same = bsearch(&test[i], train, (size_t)train_count, sizeof *train, by_digest);
        if (same == NULL || strcmp(same->image->path, test[i].image->path) == 0) continue;
        TRY_DONE(data_note(&report->findings, DATA_IN_BOTH, 1,
                           "'%s' is the same image as '%s': test and train must not share one", test[i].image->path,
                           same->image->path));
    }
    for (int part = 0; part < 2; part++) {
        const digest_t *list = part == 0 ? train : test;
        for (int i = 1; i < (part == 0 ? train_count : test_count); i++)
            if (by_digest(&list[i], &list[i - 1]) == 0 && strcmp(list[i].image->path, list[i - 1].image->path) != 0)
                TRY_DONE(data_note(&report->findings, part == 0 ? DATA_TRAIN_TWICE : DATA_TWICE, 1,
                                   "'%s' is the same image as '%s'", list[i].image->path, list[i - 1].image->path));
    }
done:
    free(train);
    free(test);
    return status;
}

static status_t check_count(data_report_t *report, const data_category_t *category, const char *what, int found,
                            int expected)
{
    if (expected < 0 || found == expected) return ST_OK;
    return data_note(&report->findings, DATA_COUNTS, 1, "category '%s' has %d %s images, %d are published",
                     category->category, found, what, expected);
}

status_t data_check(data_report_t *out, const data_category_t *category)
{
    *out = (data_report_t){.expected_train = -1, .expected_normal = -1, .expected_anomalous = -1};
    const data_known_t *known = data_find_known(category->dataset, category->category);
    if (known != NULL) {
        out->expected_train = known->train;
        out->expected_normal = known->normal;
        out->expected_anomalous = known->anomalous;
    }
    status_t status = data_findings_add(&out->findings, &category->notes);
    TRY_DONE(status);
    TRY_DONE(check_count(out, category, "training", category->train_count, out->expected_train));
    TRY_DONE(check_count(out, category, "normal test", category->test_count - category->test_anomalous,
                         out->expected_normal));
    TRY_DONE(check_count(out, category, "anomalous test", category->test_anomalous, out->expected_anomalous));
    for (int i = 0; i < category->train_count; i++) TRY_DONE(check_image(out, category, &category->train[i]));
    for (int i = 0; i < category->test_count; i++) {
        TRY_DONE(check_image(out, category, &category->test[i]));
        if (category->test[i].label != 0) TRY_DONE(check_absence(out, category, &category->test[i]));
    }
    TRY_DONE(data_survey(&out->findings, &out->masks, category, INT_MAX));
    TRY_DONE(check_duplicates(out, category));
done:
    if (status != ST_OK) data_report_free(out);
    return status;
}
