#include "data/data_internal.h"

#include <stdlib.h>
#include <string.h>

void data_report_free(data_report_t *report)
{
    io_names_free(&report->problems);
    *report = (data_report_t){0};
}

/* The current error line becomes a problem; only a lack of memory ends the check. */
static status_t note_failure(data_report_t *report, status_t status)
{
    return status == ST_OK || status == ST_ENOMEM ? status : data_names_push(&report->problems, fail_message());
}

static status_t check_image(data_report_t *report, const data_image_t *image)
{
    io_image_t pixels = {0};
    status_t status = io_image_read(&pixels, image->path);
    io_image_free(&pixels);
    if (status == ST_OK) report->images++;
    return note_failure(report, status);
}

static status_t check_mask(data_report_t *report, const data_category_t *category, const data_image_t *image)
{
    if (image->mask == NULL && category->masks_optional) return ST_OK;
    if (image->mask == NULL) return note_failure(report, fail(ST_ENOTFOUND, "'%s' has no mask", image->path));
    uint8_t *mask = NULL;
    int width, height;
    status_t status = data_mask_read(&mask, &width, &height, category, image);
    if (status != ST_OK) return note_failure(report, status);
    report->masks++;
    bool empty = memchr(mask, 1, (size_t)width * (size_t)height) == NULL;
    free(mask);
    return empty ? note_failure(report, fail(ST_EFORMAT, "'%s': no pixel is anomalous", image->mask)) : ST_OK;
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

static status_t check_duplicates(data_report_t *report, const data_category_t *category)
{
    status_t status = ST_ENOMEM;
    digest_t *train = base_alloc((size_t)category->train_count, sizeof *train);
    digest_t *test = base_alloc((size_t)category->test_count, sizeof *test);
    if (train == NULL || test == NULL) goto done;
    int train_count = digest_all(train, category->train, category->train_count);
    int test_count = digest_all(test, category->test, category->test_count);
    status = ST_OK;
    /* Real-IAD without split files has every normal image in both lists; its shots are left out of the test. */
    const bool lists_share = strcmp(category->dataset, "realiad") == 0;
    for (int i = 0; i < test_count && status == ST_OK; i++) {
        const digest_t *same = bsearch(&test[i], train, (size_t)train_count, sizeof *train, by_digest);
        if (same == NULL) continue;
        const char *path = test[i].image->path;
        const bool one_file = strcmp(same->image->path, path) == 0;
        if (one_file && lists_share) continue;
        status = note_failure(
            report, one_file ? fail(ST_EFORMAT, "'%s' is in train and in test", path)
                             : fail(ST_EFORMAT, "'%s' is the same image as '%s': test and train must not share one",
                                    path, same->image->path));
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
    return note_failure(report, fail(ST_EFORMAT, "category '%s' has %d %s images, %d are published", category->category,
                                     found, what, expected));
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
    status_t status = ST_OK;
    TRY_DONE(check_count(out, category, "training", category->train_count, out->expected_train));
    TRY_DONE(check_count(out, category, "normal test", category->test_count - category->test_anomalous,
                         out->expected_normal));
    TRY_DONE(check_count(out, category, "anomalous test", category->test_anomalous, out->expected_anomalous));
    for (int i = 0; i < category->train_count; i++) TRY_DONE(check_image(out, &category->train[i]));
    for (int i = 0; i < category->test_count; i++) {
        TRY_DONE(check_image(out, &category->test[i]));
        if (category->test[i].label != 0) TRY_DONE(check_mask(out, category, &category->test[i]));
    }
    TRY_DONE(check_duplicates(out, category));
done:
    if (status != ST_OK) data_report_free(out);
    return status;
}
