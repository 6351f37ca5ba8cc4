#include "metrics/metrics_internal.h"

#include <math.h>
#include <stdlib.h>

/* AUROC of the images taken times[i] times each; NaN when a class is missing. */
typedef double (*resampled_fn)(const void *context, const int32_t *times);

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of sorted values, interpolated linearly between order statistics (numpy's default). */
static double percentile(const double *sorted, int n, double share)
{
    double place = share * (double)(n - 1);
    int low = (int)floor(place);
    int high = low + 1 < n ? low + 1 : low;
    return sorted[low] + (place - (double)low) * (sorted[high] - sorted[low]);
}

static void draw(int32_t *times, int n, const rng_t *rng, int replicate)
{
    rng_t stream = rng_split(rng, (uint64_t)replicate);
    memset(times, 0, (size_t)n * sizeof *times);
    for (int i = 0; i < n; i++) times[rng_below(&stream, (uint32_t)n)]++;
}

/* Two-sided: twice the smaller share of replicates on one side of 0, the sample itself counted on both. */
static double two_sided(const double *sorted, int n)
{
    int at_most = 0, at_least = 0;
    for (int i = 0; i < n; i++) {
        at_most += sorted[i] <= 0;
        at_least += sorted[i] >= 0;
    }
    double p = 2.0 * ((at_most < at_least ? at_most : at_least) + 1) / (n + 1);
    return p < 1 ? p : 1;
}

/* second is NULL, or what is subtracted. */
static status_t bootstrap_interval(metrics_interval_t *out, resampled_fn measure, const void *first, const void *second,
                                   int n, const metrics_bootstrap_t *bootstrap)
{
    REQUIRE(bootstrap != NULL && bootstrap->rng != NULL && bootstrap->replicates >= 1);
    REQUIRE(bootstrap->level > 0 && bootstrap->level < 1);
    metrics_interval_t result = {.estimate = NAN, .low = NAN, .high = NAN, .p_value = NAN};
    int32_t *times = base_alloc((size_t)n + 1, sizeof *times);
    double *values = base_alloc((size_t)bootstrap->replicates, sizeof *values);
    if (times == NULL || values == NULL) {
        free(values);
        free(times);
        return ST_ENOMEM;
    }
    for (int i = 0; i < n; i++) times[i] = 1;
    result.estimate = measure(first, times) - (second != NULL ? measure(second, times) : 0);
    int count = 0;
    for (int b = 0; b < bootstrap->replicates && !isnan(result.estimate); b++) {
        draw(times, n, bootstrap->rng, b);
        double value = measure(first, times) - (second != NULL ? measure(second, times) : 0);
        if (!isnan(value)) values[count++] = value;
    }
    result.replicates = count;
    if (count > 0) {
        qsort(values, (size_t)count, sizeof *values, compare_doubles);
        result.low = percentile(values, count, 0.5 * (1 - bootstrap->level));
        result.high = percentile(values, count, 0.5 * (1 + bootstrap->level));
        if (second != NULL) result.p_value = two_sided(values, count);
    }
    *out = result;
    free(values);
    free(times);
    return ST_OK;
}

/* ---- Image scores ---- */

typedef struct {
    uint32_t key;
    int32_t image;
} ranked_t;
typedef struct {
    ranked_t *ranked; /* (n) from the highest score down; owned */
    const uint8_t *labels;
    int n;
} ranked_list_t;

static int compare_ranked(const void *a, const void *b)
{
    const ranked_t *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->image > y->image) - (x->image < y->image);
}

static status_t rank_list(ranked_list_t *list, const float *scores, const uint8_t *labels, int n)
{
    int64_t bad = metrics_first_not_finite(scores, n);
    if (bad < n)
        return fail(ST_EFORMAT, "score %lld of %d is %g, expected a finite number", (long long)bad, n,
                    (double)scores[bad]);
    list->labels = labels;
    list->n = n;
    list->ranked = base_alloc((size_t)n + 1, sizeof *list->ranked);
    if (list->ranked == NULL) return ST_ENOMEM;
    for (int i = 0; i < n; i++) list->ranked[i] = (ranked_t){metrics_key(scores[i]), i};
    if (n > 0) qsort(list->ranked, (size_t)n, sizeof *list->ranked, compare_ranked);
    return ST_OK;
}

static double list_auroc(const void *context, const int32_t *times)
{
    const ranked_list_t *list = context;
    int64_t positives = 0, negatives = 0, lost = 0;
    for (int i = 0; i < list->n;) {
        int64_t group_positives = 0, group_negatives = 0;
        uint32_t key = list->ranked[i].key;
        for (; i < list->n && list->ranked[i].key == key; i++) {
            int32_t image = list->ranked[i].image;
            if (list->labels[image] != 0)
                group_positives += times[image];
            else
                group_negatives += times[image];
        }
        lost += group_positives * (2 * negatives + group_negatives);
        positives += group_positives;
        negatives += group_negatives;
    }
    if (positives == 0 || negatives == 0) return NAN;
    int64_t all = 2 * positives * negatives;
    return (double)(all - lost) / (double)all;
}

status_t metrics_bootstrap_images(metrics_interval_t *out, const float *scores, const uint8_t *labels, int n,
                                  const metrics_bootstrap_t *bootstrap)
{
    ranked_list_t list = {0};
    status_t status = ST_OK;
    TRY_DONE(rank_list(&list, scores, labels, n));
    TRY_DONE(bootstrap_interval(out, list_auroc, &list, NULL, n, bootstrap));
done:
    free(list.ranked);
    return status;
}

status_t metrics_bootstrap_images_paired(metrics_interval_t *out, const float *first, const float *second,
                                         const uint8_t *labels, int n, const metrics_bootstrap_t *bootstrap)
{
    ranked_list_t list = {0}, other = {0};
    status_t status = ST_OK;
    TRY_DONE(rank_list(&list, first, labels, n));
    TRY_DONE(rank_list(&other, second, labels, n));
    TRY_DONE(bootstrap_interval(out, list_auroc, &list, &other, n, bootstrap));
done:
    free(other.ranked);
    free(list.ranked);
    return status;
}

/* ---- Pixels ---- */

static double pairs_auroc(const void *context, const int32_t *times)
{
    return metrics_pairs_auroc(context, times);
}

status_t metrics_bootstrap_pixels(metrics_interval_t *out, metrics_pixels_t *pixels,
                                  const metrics_bootstrap_t *bootstrap)
{
    metrics_pairs_t pairs = {0};
    status_t status = ST_OK;
    TRY_DONE(metrics_pairs_count(&pairs, pixels));
    TRY_DONE(bootstrap_interval(out, pairs_auroc, &pairs, NULL, pairs.images, bootstrap));
done:
    metrics_pairs_free(&pairs);
    return status;
}

static status_t same_images(const metrics_pixels_t *first, const metrics_pixels_t *second)
{
    if (first->images_added != second->images_added)
        return fail(ST_EFORMAT, "a paired bootstrap of %zu and %zu images, expected the same images",
                    first->images_added, second->images_added);
    for (size_t i = 0; i < first->images_added; i++) {
        const metrics_image_t *a = &first->image[i], *b = &second->image[i];
        if (a->positives != b->positives || a->negatives != b->negatives)
            return fail(ST_EFORMAT,
                        "image %zu has %lld anomalous and %lld normal pixels in one set, %lld and %lld in the other, "
                        "expected the same masks at the same size",
                        i, (long long)a->positives, (long long)a->negatives, (long long)b->positives,
                        (long long)b->negatives);
    }
    return ST_OK;
}

status_t metrics_bootstrap_pixels_paired(metrics_interval_t *out, metrics_pixels_t *first, metrics_pixels_t *second,
                                         const metrics_bootstrap_t *bootstrap)
{
    metrics_pairs_t pairs = {0}, other = {0};
    status_t status = ST_OK;
    TRY_DONE(same_images(first, second));
    TRY_DONE(metrics_pairs_count(&pairs, first));
    TRY_DONE(metrics_pairs_count(&other, second));
    TRY_DONE(bootstrap_interval(out, pairs_auroc, &pairs, &other, pairs.images, bootstrap));
done:
    metrics_pairs_free(&other);
    metrics_pairs_free(&pairs);
    return status;
}
