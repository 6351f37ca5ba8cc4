/* Times the pixel metrics on maps such as a category of MVTec-AD has: by default 167 maps of 400 x 400, 27 million
 * pixels. bench_metrics [--images N] [--size S] [--runs R] [--write DIR]: --write leaves scores.f32 and masks.u8 there, for
 * bench_metrics.py to time scikit-learn on the same pixels. Says first whether the paths agree; exit 1 when not. */
#include "base/base.h"
#include "metrics/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    int images, size, runs;
    const char *write;
    float *scores;  /* (images, size, size) */
    uint8_t *masks; /* the same */
} bench_t;

/* A smooth normal map (a coarse grid of noise, upsampled), fine noise, and 0 to 3 discs that score higher. */
static void make_map(bench_t *bench, int image, rng_t *rng)
{
    enum { GRID = 16 };
    const int S = bench->size;
    float *scores = bench->scores + (size_t)image * (size_t)S * (size_t)S;
    uint8_t *mask = bench->masks + (size_t)image * (size_t)S * (size_t)S;
    double grid[GRID + 1][GRID + 1];
    for (int y = 0; y <= GRID; y++)
        for (int x = 0; x <= GRID; x++) grid[y][x] = rng_normal(rng);
    memset(mask, 0, (size_t)S * (size_t)S);
    int discs = image % 4 == 0 ? 0 : (int)rng_below(rng, 3) + 1;
    for (int d = 0; d < discs; d++) {
        int cy = (int)rng_below(rng, (uint32_t)S), cx = (int)rng_below(rng, (uint32_t)S);
        int radius = 2 + (int)rng_below(rng, (uint32_t)(S / 10 + 1));
        for (int y = cy - radius; y <= cy + radius; y++)
            for (int x = cx - radius; x <= cx + radius; x++)
                if (y >= 0 && y < S && x >= 0 && x < S && (y - cy) * (y - cy) + (x - cx) * (x - cx) <= radius * radius)
                    mask[y * S + x] = 255;
    }
    for (int y = 0; y < S; y++)
        for (int x = 0; x < S; x++) {
            double gy = (double)y * GRID / S, gx = (double)x * GRID / S;
            int iy = (int)gy, ix = (int)gx;
            double fy = gy - iy, fx = gx - ix;
            double low = (1 - fy) * ((1 - fx) * grid[iy][ix] + fx * grid[iy][ix + 1]) +
                         fy * ((1 - fx) * grid[iy + 1][ix] + fx * grid[iy + 1][ix + 1]);
            double value = low + 0.3 * rng_uniform(rng) + (mask[y * S + x] ? 1.5 : 0);
            scores[y * S + x] = (float)(1 / (1 + exp(-value)));
        }
}

static int write_all(const bench_t *bench)
{
    size_t n = (size_t)bench->images * (size_t)bench->size * (size_t)bench->size;
    const struct {
        const char *name;
        const void *bytes;
        size_t size;
    } files[] = {{"scores.f32", bench->scores, 4}, {"masks.u8", bench->masks, 1}};
    for (int i = 0; i < 2; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", bench->write, files[i].name);
        FILE *file = fopen(path, "wb");
        if (file == NULL || fwrite(files[i].bytes, files[i].size, n, file) != n || fclose(file) != 0) {
            fprintf(stderr, "cannot write '%s'\n", path);
            return 1;
        }
    }
    return 0;
}

static void must(status_t status)
{
    if (status == ST_OK) return;
    fprintf(stderr, "%s\n", fail_message());
    exit(1);
}

static void add_all(metrics_pixels_t *pixels, const bench_t *bench)
{
    size_t n = (size_t)bench->size * (size_t)bench->size;
    for (int i = 0; i < bench->images; i++)
        must(metrics_pixels_add(pixels, bench->scores + (size_t)i * n, bench->masks + (size_t)i * n, bench->size,
                                bench->size));
}

static metrics_pixels_result_t measure(double *seconds, const bench_t *bench, const metrics_pixels_options_t *options)
{
    metrics_pixels_result_t best = {0};
    *seconds = INFINITY;
    for (int run = 0; run < bench->runs; run++) {
        double start = clock_seconds();
        metrics_pixels_t *pixels = NULL;
        must(metrics_pixels_open(&pixels, options));
        add_all(pixels, bench);
        must(metrics_pixels_measure(&best, pixels, METRICS_PRO_LIMIT, NULL, NULL));
        metrics_pixels_close(pixels);
        double took = clock_seconds() - start;
        if (took < *seconds) *seconds = took;
    }
    return best;
}

/* Peak memory of one measurement beyond the maps themselves, in bytes: in a child, whose peak is its own. The maps are
 * shared with the parent and read only. */
static double peak_bytes(const bench_t *bench, const metrics_pixels_options_t *options)
{
    int ends[2];
    double bytes = NAN;
    fflush(stdout);
    if (pipe(ends) != 0) return NAN;
    pid_t child = fork();
    if (child == 0) {
        struct rusage before, after;
        size_t n = (size_t)bench->size * (size_t)bench->size * (size_t)bench->images;
        volatile uint64_t touched = 0;
        for (size_t i = 0; i < n; i += 512) touched += (uint64_t)bench->masks[i] + (bench->scores[i] > 0);
        getrusage(RUSAGE_SELF, &before);
        metrics_pixels_t *pixels = NULL;
        metrics_pixels_result_t result;
        must(metrics_pixels_open(&pixels, options));
        add_all(pixels, bench);
        must(metrics_pixels_measure(&result, pixels, METRICS_PRO_LIMIT, NULL, NULL));
        getrusage(RUSAGE_SELF, &after);
        metrics_pixels_close(pixels);
        bytes = 1024.0 * (double)(after.ru_maxrss - before.ru_maxrss);
        _exit(write(ends[1], &bytes, sizeof bytes) == (ssize_t)sizeof bytes ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &bytes, sizeof bytes) != (ssize_t)sizeof bytes) bytes = NAN;
    close(ends[0]);
    if (child > 0) waitpid(child, NULL, 0);
    return bytes;
}

static int same(const char *what, const metrics_pixels_result_t *got, const metrics_pixels_result_t *want)
{
    if (memcmp(&got->ranking, &want->ranking, sizeof got->ranking) == 0 &&
        (isnan(want->aupro) || isnan(got->aupro) || memcmp(&got->aupro, &want->aupro, sizeof got->aupro) == 0))
        return 0;
    fprintf(stderr, "%s: other bits than in memory\n", what);
    return 1;
}

static int run(const bench_t *bench)
{
    const size_t n = (size_t)bench->images * (size_t)bench->size * (size_t)bench->size;
    const char *temp = getenv("TMPDIR");
    double seconds, list_seconds = INFINITY;
    metrics_ranking_t list = {0};
    int wrong = 0;

    /* Peaks first: memory that this process has freed but not given back would hide those of its children. */
    static const size_t limits[3] = {0, (size_t)200 * 1000 * 1000, (size_t)20 * 1000 * 1000};
    double peaks[3];
    metrics_pixels_options_t options = {.regions = true, .temp_dir = temp};
    for (int l = 0; l < 3; l++) {
        options.memory = limits[l];
        peaks[l] = peak_bytes(bench, &options);
    }
    options.memory = 0;
    metrics_pixels_result_t want = measure(&seconds, bench, &options);
    printf("%d maps of %d x %d, %.1f million pixels, %.2f %% anomalous, %lld regions; best of %d\n", bench->images,
           bench->size, bench->size, (double)n / 1e6, 100.0 * (double)want.ranking.positives / (double)n,
           (long long)want.regions, bench->runs);
    printf("AUROC %.9f  AP %.9f  F1-max %.9f  AUPRO@%.1f %.9f\n", want.ranking.auroc, want.ranking.ap,
           want.ranking.f1_max, METRICS_PRO_LIMIT, want.aupro);
    printf("%-58s %7.3f s  peak %4.0f MB\n", "AUROC + AP + F1-max + AUPRO, one sort, from maps and masks", seconds,
           peaks[0] / 1e6);

    for (int r = 0; r < bench->runs; r++) {
        double start = clock_seconds();
        must(metrics_ranking(&list, bench->scores, bench->masks, (int64_t)n));
        double took = clock_seconds() - start;
        if (took < list_seconds) list_seconds = took;
    }
    metrics_pixels_result_t got = {.ranking = list, .aupro = NAN};
    wrong |= same("list", &got, &want);
    printf("%-58s %7.3f s\n", "AUROC + AP + F1-max, one list", list_seconds);

    for (int l = 1; l < 3; l++) {
        char what[64];
        options.memory = limits[l];
        got = measure(&seconds, bench, &options);
        snprintf(what, sizeof what, "all four with metric_memory %zu MB, same bits", limits[l] / 1000000);
        wrong |= same(what, &got, &want);
        printf("%-58s %7.3f s  peak %4.0f MB\n", what, seconds, peaks[l] / 1e6);
    }

    options = (metrics_pixels_options_t){.regions = true, .images = true};
    metrics_pixels_t *pixels = NULL;
    must(metrics_pixels_open(&pixels, &options));
    add_all(pixels, bench);
    must(metrics_pixels_measure(&got, pixels, METRICS_PRO_LIMIT, NULL, NULL));
    wrong |= same("images kept apart", &got, &want);
    double start = clock_seconds();
    must(metrics_pixels_measure(&got, pixels, METRICS_PRO_LIMIT, NULL, NULL));
    printf("%-58s %7.3f s\n", "all four again, sorted already", clock_seconds() - start);
    rng_t rng = rng_init("bench", "metrics", 0, 0, "bootstrap");
    metrics_interval_t interval;
    start = clock_seconds();
    must(metrics_bootstrap_pixels(&interval, pixels, &(metrics_bootstrap_t){&rng, 1000, 0.95}));
    printf("%-58s %7.3f s  (%.6f to %.6f)\n", "bootstrap of pixel AUROC, 1000 resamples, sorted already",
           clock_seconds() - start, interval.low, interval.high);
    metrics_pixels_close(pixels);
    return wrong;
}

int main(int argc, char **argv)
{
    bench_t bench = {.images = 167, .size = 400, .runs = 3};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--images") == 0) bench.images = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--size") == 0) bench.size = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--runs") == 0) bench.runs = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--write") == 0) bench.write = argv[i + 1];
    }
    if (bench.images < 1 || bench.size < 8 || bench.runs < 1) {
        fprintf(stderr, "usage: bench_metrics [--images N] [--size S >= 8] [--runs R] [--write DIR]\n");
        return 2;
    }
    size_t n = (size_t)bench.images * (size_t)bench.size * (size_t)bench.size;
    bench.scores = base_alloc(n, sizeof *bench.scores);
    bench.masks = base_alloc(n, 1);
    if (bench.scores == NULL || bench.masks == NULL) must(ST_ENOMEM);
    rng_t rng = rng_init("bench", "metrics", 0, 0, "maps");
    for (int i = 0; i < bench.images; i++) {
        rng_t stream = rng_split(&rng, (uint64_t)i);
        make_map(&bench, i, &stream);
    }
    int wrong = bench.write != NULL ? write_all(&bench) : 0;
    if (wrong == 0) wrong = run(&bench);
    free(bench.masks);
    free(bench.scores);
    return wrong;
}
