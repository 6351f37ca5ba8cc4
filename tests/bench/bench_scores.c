/* bench_scores [--images N] [--size S] [--runs R]: nanoseconds a pixel of the pixel metrics, regions aside, on
 * scores of many distributions, beside the time that sorting them all takes. A run counts normal scores between the
 * anomalous ones where that is faster; an earlier way of counting was fast on a few distributions and took up to 400
 * times as long on others. By default 40 maps of 400 x 400, the best processor time counts. Exit 1 where a run takes
 * more than 1.2 of the sort, or gets other numbers. */
#include "metrics/metrics_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double unit(rng_t *rng)
{
    return rng_uniform(rng);
}

/* Pixels one after another, `at` counted over all maps as 400 wide; the outlier is pixel 1, which is anomalous: the
 * table spans the anomalous scores. */
static double maps(rng_t *rng, size_t at, bool anomalous)
{
    const double row = (double)(at / 400), column = (double)(at % 400);
    const double hills = sin(row / 37) + cos(column / 53) + sin((row + column) / 91) + 0.05 * unit(rng);
    return 1 / (1 + exp(-hills - anomalous));
}

static double smooth(rng_t *rng, size_t at, bool anomalous)
{
    (void)at;
    return 1 / (1 + exp(-rng_normal(rng) - anomalous));
}

static double zero_beside(rng_t *rng, size_t at, bool anomalous)
{
    (void)anomalous;
    return at == 1 ? 0 : 1 + 0.06 * unit(rng);
}

static double huge_beside(rng_t *rng, size_t at, bool anomalous)
{
    (void)anomalous;
    return at == 1 ? 1e30 : 1 + 0.06 * unit(rng);
}

static double all_but_one(rng_t *rng, size_t at, bool anomalous)
{
    (void)rng, (void)anomalous;
    return at == 1 ? 0 : 0.5;
}

static double two_clusters(rng_t *rng, size_t at, bool anomalous)
{
    (void)at;
    return (unit(rng) < (anomalous ? 0.3 : 0.7) ? 1e-9 : 1e9) * (1 + 1e-3 * unit(rng));
}

static double denormals(rng_t *rng, size_t at, bool anomalous)
{
    (void)anomalous;
    return at == 1 ? 1 : 1e-40 * unit(rng);
}

static double all_scales(rng_t *rng, size_t at, bool anomalous)
{
    (void)at, (void)anomalous;
    return exp(160 * unit(rng) - 80);
}

static double neighbours(rng_t *rng, size_t at, bool anomalous)
{
    (void)anomalous;
    if (at < 6400) return (2 * unit(rng) - 1) * 1e30;
    return 1 + ldexp((double)rng_below(rng, 1 << 14), -23);
}

static double nested(rng_t *rng, size_t at, bool anomalous)
{
    (void)at, (void)anomalous;
    const double width = ldexp(1, -(int)rng_below(rng, 23));
    return 1 + width * unit(rng);
}

static const struct {
    const char *name;
    double (*score)(rng_t *rng, size_t at, bool anomalous);
} distributions[] = {
    {"maps", maps},
    {"smooth, shuffled", smooth},
    {"1 to 1.06, one 0", zero_beside},
    {"1 to 1.06, one 1e30", huge_beside},
    {"all equal but one", all_but_one},
    {"two clusters far apart", two_clusters},
    {"denormals and one 1", denormals},
    {"all scales", all_scales},
    {"16384 neighbours, some far", neighbours},
    {"nested clusters", nested},
};

static void must(status_t status)
{
    if (status == ST_OK) return;
    fprintf(stderr, "%s\n", fail_message());
    exit(1);
}

typedef struct {
    float *normal, *anomalous;
    size_t normals, anomalies;
} scores_t;

static scores_t make_scores(size_t n, int every, double (*score)(rng_t *, size_t, bool), const char *name)
{
    scores_t out = {.normal = base_alloc(n, sizeof(float)), .anomalous = base_alloc(n, sizeof(float))};
    if (out.normal == NULL || out.anomalous == NULL) must(ST_ENOMEM);
    rng_t rng = rng_init("bench", name, every, 0, "scores");
    for (size_t i = 0; i < n; i++) {
        const bool anomalous = i % (size_t)every == 1;
        const float value = (float)score(&rng, i, anomalous);
        if (anomalous)
            out.anomalous[out.anomalies++] = value;
        else
            out.normal[out.normals++] = value;
    }
    return out;
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void fill(metrics_store_t *store, const scores_t *scores)
{
    must(metrics_store_init(store, false, 0, NULL));
    must(metrics_store_add_normal(store, scores->normal, scores->normals, 0));
    must(metrics_store_add_anomalous(store, scores->anomalous, scores->anomalies, 0));
}

typedef status_t way_t(metrics_sweep_t *sweep, metrics_store_t *store);

static status_t sort_all(metrics_sweep_t *sweep, metrics_store_t *store)
{
    return metrics_store_each(store, metrics_sweep_take, sweep);
}

static double time_metrics(metrics_ranking_t *ranking, const scores_t *scores, way_t *way)
{
    metrics_store_t store;
    metrics_sweep_t sweep = {.positives = (int64_t)scores->anomalies, .negatives = (int64_t)scores->normals};
    fill(&store, scores);
    const double start = cpu_seconds();
    metrics_sweep_begin(&sweep);
    must(way(&sweep, &store));
    metrics_sweep_finish(&sweep);
    const double took = cpu_seconds() - start;
    metrics_sweep_ranking(ranking, &sweep);
    metrics_store_free(&store);
    return took;
}

/* Nanoseconds a pixel, of the sort and of what a run does, in turn. False: their numbers differ. */
static bool best_of(double *sort, double *ours, int runs, const scores_t *scores)
{
    const double n = (double)(scores->anomalies + scores->normals);
    metrics_ranking_t want, got;
    bool same = true;
    *sort = *ours = INFINITY;
    for (int run = 0; run < runs; run++) {
        *sort = fmin(*sort, time_metrics(&want, scores, sort_all) / n * 1e9);
        *ours = fmin(*ours, time_metrics(&got, scores, metrics_sweep_store) / n * 1e9);
        same = same && memcmp(&want, &got, sizeof want) == 0;
    }
    return same;
}

int main(int argc, char **argv)
{
    int images = 40, size = 400, runs = 5, wrong = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--images") == 0) images = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--size") == 0) size = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--runs") == 0) runs = atoi(argv[i + 1]);
    }
    if (images < 1 || size < 8 || runs < 1) {
        fprintf(stderr, "usage: bench_scores [--images N] [--size S >= 8] [--runs R]\n");
        return 2;
    }
    const size_t n = (size_t)images * (size_t)size * (size_t)size;
    printf("%d maps of %d x %d, best of %d\n", images, size, size, runs);
    static const int every[] = {1000, 64, 6};
    for (size_t e = 0; e < sizeof every / sizeof *every; e++) {
        for (size_t d = 0; d < sizeof distributions / sizeof *distributions; d++) {
            scores_t scores = make_scores(n, every[e], distributions[d].score, distributions[d].name);
            double sort, ours;
            const bool same = best_of(&sort, &ours, runs, &scores);
            const char *fault = !same ? "  OTHER NUMBERS" : ours / sort > 1.2 ? "  TOO SLOW" : "";
            printf("%4.1f %% anomalous, %-28s sorted %6.2f, as in a run %6.2f ns a pixel, %.2f of the sort%s\n",
                   100.0 / every[e], distributions[d].name, sort, ours, ours / sort, fault);
            wrong |= *fault != '\0';
            free(scores.normal);
            free(scores.anomalous);
        }
    }
    return wrong;
}
