/* Two methods on the same draws of shots: how sure a difference is, and how many draws would tell it. */
#include "metrics/metrics_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Student's t, central and not ---------------------------------------------------------------------------------- */

static double normal_below(double z)
{
    return 0.5 * erfc(-z / sqrt(2));
}

/* P(|T| > t) of T = (Z + shift) / U, U the root mean square of `freedom` normal values: by Simpson's rule over U. */
static double beyond(double t, int freedom, double shift)
{
    enum { STEPS = 2000 };
    const double v = freedom, log_scale = log(2) + v / 2 * log(v / 2) - lgamma(v / 2);
    const double end = 1 + 12 / sqrt(2 * v), step = end / STEPS;
    double sum = 0;
    for (int i = 1; i <= STEPS; i++) {
        const double u = i * step, density = exp(log_scale + (v - 1) * log(u) - v * u * u / 2);
        const double tails = normal_below(shift - t * u) + normal_below(-shift - t * u);
        sum += (i == STEPS ? 1 : i % 2 == 1 ? 4 : 2) * density * tails;
    }
    if (freedom == 1) sum += exp(log_scale) * (normal_below(shift) + normal_below(-shift)); /* the density at 0 */
    return sum * step / 3;
}

/* The t beyond which a central T lies with probability alpha. */
static double critical(int freedom, double alpha)
{
    double low = 0, high = 1e4;
    for (int i = 0; i < 80; i++) {
        const double middle = (low + high) / 2;
        *(beyond(middle, freedom, 0) > alpha ? &low : &high) = middle;
    }
    return high;
}

double metrics_paired_p(double mean, double deviation, int draws)
{
    if (draws < 2 || isnan(mean) || isnan(deviation)) return NAN;
    if (deviation == 0) return mean == 0 ? 1 : 0;
    return beyond(fabs(mean) / deviation * sqrt(draws), draws - 1, 0);
}

int metrics_draws_needed(double mean, double deviation, double alpha, double power, int most)
{
    REQUIRE(alpha > 0 && alpha < 1 && power > 0 && power < 1);
    if (isnan(mean) || isnan(deviation) || mean == 0) return 0;
    const double effect = fabs(mean) / deviation;
    /* The normal approximation is below the answer by two draws or so. */
    int n = 2;
    if (deviation > 0) {
        const double z = 1.959963984540054 + 0.8416212335729143, guess = z * z / (effect * effect);
        if (guess > most) return 0;
        if (alpha == 0.05 && power == 0.8 && guess > 8) n = (int)guess - 2;
    }
    for (; n <= most; n++)
        if (deviation == 0 || beyond(critical(n - 1, alpha), n - 1, effect * sqrt(n)) >= power) return n;
    return 0;
}

/* ---- Bootstrap over categories and draws ---------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, int n, double share)
{
    const double place = share * (n - 1);
    const int low = (int)floor(place), high = low + 1 < n ? low + 1 : low;
    return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}

/* Mean of the values that are there, categories and draws taken as `times` says. */
static double crossed_mean(const double *value, int categories, int draws, const int32_t *times)
{
    double sum = 0, weights = 0;
    for (int c = 0; c < categories; c++)
        for (int s = 0; s < draws; s++) {
            const double weight = (double)times[c] * times[categories + s], x = value[c * draws + s];
            if (weight > 0 && !isnan(x)) sum += weight * x, weights += weight;
        }
    return weights > 0 ? sum / weights : (double)NAN;
}

status_t metrics_bootstrap_crossed(metrics_interval_t *out, const double *value, int categories, int draws,
                                   const metrics_bootstrap_t *bootstrap)
{
    REQUIRE(categories > 0 && draws > 0 && bootstrap->replicates >= 1);
    *out = (metrics_interval_t){.estimate = NAN, .low = NAN, .high = NAN, .p_value = NAN};
    int32_t *times = base_alloc((size_t)(categories + draws), sizeof *times);
    double *means = base_alloc((size_t)bootstrap->replicates, sizeof *means);
    if (times == NULL || means == NULL) {
        free(times);
        free(means);
        return ST_ENOMEM;
    }
    for (int i = 0; i < categories + draws; i++) times[i] = 1;
    out->estimate = crossed_mean(value, categories, draws, times);
    int count = 0;
    for (int b = 0; b < bootstrap->replicates && !isnan(out->estimate); b++) {
        rng_t stream = rng_split(bootstrap->rng, (uint64_t)b);
        memset(times, 0, (size_t)(categories + draws) * sizeof *times);
        for (int c = 0; c < categories; c++) times[rng_below(&stream, (uint32_t)categories)]++;
        for (int s = 0; s < draws; s++) times[categories + (int)rng_below(&stream, (uint32_t)draws)]++;
        means[count] = crossed_mean(value, categories, draws, times);
        count += !isnan(means[count]);
    }
    qsort(means, (size_t)count, sizeof *means, compare_doubles);
    if (count > 0) {
        out->low = quantile(means, count, (1 - bootstrap->level) / 2);
        out->high = quantile(means, count, (1 + bootstrap->level) / 2);
    }
    out->replicates = count;
    free(times);
    free(means);
    return ST_OK;
}
