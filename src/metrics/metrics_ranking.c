#include "metrics/metrics_internal.h"

#include <math.h>
#include <stdlib.h>

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

static status_t check_finite(const float *scores, int64_t n)
{
    int64_t bad = metrics_first_not_finite(scores, n);
    if (bad == n) return ST_OK;
    return fail(ST_EFORMAT, "score %lld of %lld is %g, expected a finite number", (long long)bad, (long long)n,
                (double)scores[bad]);
}

static status_t add_list(metrics_store_t *store, const float *scores, const uint8_t *labels, int64_t n)
{
    TRY(check_finite(scores, n));
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

static status_t sweep_list(metrics_sweep_t *sweep, const float *scores, const uint8_t *labels, int64_t n)
{
    REQUIRE(n >= 0 && (n == 0 || (scores != NULL && labels != NULL)));
    metrics_store_t store;
    TRY(metrics_store_init(&store, false, 0, NULL));
    status_t status = ST_OK;
    TRY_DONE(add_list(&store, scores, labels, n));
    sweep->positives = (int64_t)store.anomalies;
    sweep->negatives = (int64_t)store.normals;
    metrics_sweep_begin(sweep);
    TRY_DONE(metrics_store_each(&store, metrics_sweep_take, sweep));
    metrics_sweep_finish(sweep);
done:
    metrics_store_free(&store);
    return status;
}

status_t metrics_ranking(metrics_ranking_t *out, const float *scores, const uint8_t *labels, int64_t n)
{
    metrics_sweep_t sweep = {0};
    TRY(sweep_list(&sweep, scores, labels, n));
    metrics_sweep_ranking(out, &sweep);
    return ST_OK;
}

status_t metrics_ranking_curves(const metrics_curves_t *curves, const float *scores, const uint8_t *labels, int64_t n)
{
    metrics_sweep_t sweep = {.curves = {.roc = curves->roc, .pr = curves->pr}};
    return sweep_list(&sweep, scores, labels, n);
}

status_t metrics_auroc(double *auroc, const float *scores, const uint8_t *labels, int64_t n)
{
    metrics_ranking_t ranking;
    TRY(metrics_ranking(&ranking, scores, labels, n));
    *auroc = ranking.auroc;
    return ST_OK;
}

status_t metrics_ranking_by_group(metrics_ranking_t *out, const float *scores, const uint8_t *labels,
                                  const int32_t *group, int64_t n, int groups)
{
    REQUIRE(n >= 0 && groups >= 0);
    float *chosen = base_alloc((size_t)n + 1, sizeof *chosen);
    uint8_t *chosen_labels = base_alloc((size_t)n + 1, sizeof *chosen_labels);
    metrics_ranking_t *result = base_alloc((size_t)groups + 1, sizeof *result);
    status_t status = chosen != NULL && chosen_labels != NULL && result != NULL ? ST_OK : ST_ENOMEM;
    for (int g = 0; g < groups && status == ST_OK; g++) {
        int64_t count = 0;
        for (int64_t i = 0; i < n; i++) {
            REQUIRE(labels[i] == 0 || (group[i] >= 0 && group[i] < groups));
            if (labels[i] != 0 && group[i] != g) continue;
            chosen[count] = scores[i];
            chosen_labels[count++] = labels[i];
        }
        status = metrics_ranking(&result[g], chosen, chosen_labels, count);
    }
    if (status == ST_OK) memcpy(out, result, (size_t)groups * sizeof *result);
    free(result);
    free(chosen_labels);
    free(chosen);
    return status;
}

status_t metrics_group_max(float *out_scores, uint8_t *out_labels, const float *scores, const uint8_t *labels,
                           const int32_t *group, int64_t n, int groups)
{
    REQUIRE(n >= 0 && groups >= 0);
    TRY(check_finite(scores, n));
    bool *seen = calloc((size_t)groups + 1, sizeof *seen);
    if (seen == NULL) return fail(ST_ENOMEM, "no memory for %d samples", groups);
    for (int64_t i = 0; i < n; i++) {
        REQUIRE(group[i] >= 0 && group[i] < groups);
        seen[group[i]] = true;
    }
    int empty = 0;
    while (empty < groups && seen[empty]) empty++;
    free(seen);
    if (empty < groups) return fail(ST_EFORMAT, "sample %d of %d has no view", empty, groups);

    for (int g = 0; g < groups; g++) {
        out_scores[g] = -INFINITY;
        out_labels[g] = 0;
    }
    for (int64_t i = 0; i < n; i++) {
        if (scores[i] > out_scores[group[i]]) out_scores[group[i]] = scores[i];
        if (labels[i] != 0) out_labels[group[i]] = 1;
    }
    return ST_OK;
}
