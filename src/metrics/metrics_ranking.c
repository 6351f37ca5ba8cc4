#include "metrics/metrics_internal.h"

#include <math.h>

void metrics_sweep_ranking(metrics_ranking_t *out, const metrics_sweep_t *sweep)
{
    *out = (metrics_ranking_t){.auroc = NAN, .ap = NAN, .f1_max = NAN, .f1_threshold = NAN};
    out->positives = sweep->positives;
    out->negatives = sweep->negatives;
    if (sweep->positives == 0) return;
    out->ap = sweep->precision_sum / (double)sweep->positives;
    out->f1_max = sweep->f1_max;
    out->f1_threshold = metrics_key_score(sweep->f1_key);
    if (sweep->negatives == 0) return;
    metrics_u128_t pairs = 2 * (metrics_u128_t)sweep->positives * (metrics_u128_t)sweep->negatives;
    out->auroc = (double)(pairs - sweep->above) / (double)pairs;
}

static status_t add_list(metrics_store_t *store, const float *scores, const uint8_t *labels, int64_t n)
{
    int64_t bad = metrics_first_not_finite(scores, n);
    if (bad < n)
        return fail(ST_EFORMAT, "score %lld of %lld is %g, expected a finite number", (long long)bad, (long long)n,
                    (double)scores[bad]);
    for (int64_t i = 0; i < n;) {
        bool anomalous = labels[i] != 0;
        int64_t end = i + 1;
        while (end < n && (labels[end] != 0) == anomalous) end++;
        if (anomalous)
            TRY(metrics_store_add_anomalous(store, scores + i, (size_t)(end - i), 0));
        else
            TRY(metrics_store_add_normal(store, scores + i, (size_t)(end - i), 0));
        i = end;
    }
    return ST_OK;
}

status_t metrics_ranking(metrics_ranking_t *out, const float *scores, const uint8_t *labels, int64_t n)
{
    REQUIRE(out != NULL && n >= 0 && (n == 0 || (scores != NULL && labels != NULL)));
    metrics_store_t store;
    metrics_store_init(&store, false);
    status_t status = ST_OK;
    TRY_DONE(add_list(&store, scores, labels, n));
    metrics_sweep_t sweep = {.positives = (int64_t)store.anomalies, .negatives = (int64_t)store.normals};
    TRY_DONE(metrics_store_each(&store, metrics_sweep_take, &sweep));
    metrics_sweep_finish(&sweep);
    metrics_sweep_ranking(out, &sweep);
done:
    metrics_store_free(&store);
    return status;
}

status_t metrics_auroc(double *auroc, const float *scores, const uint8_t *labels, int64_t n)
{
    metrics_ranking_t ranking;
    TRY(metrics_ranking(&ranking, scores, labels, n));
    *auroc = ranking.auroc;
    return ST_OK;
}
