#include "metrics/metrics_internal.h"

#include <limits.h>
#include <stdlib.h>

void metrics_regions_init(metrics_regions_t *regions)
{
    *regions = (metrics_regions_t){0};
}

void metrics_regions_free(metrics_regions_t *regions)
{
    free(regions->run);
    free(regions->size);
    *regions = (metrics_regions_t){0};
}

/* First column >= x whose pixel is (or is not) 0, or W. Masks are nearly all 0: eight pixels at a time. */
static int skip_zeros(const uint8_t *row, int x, int W)
{
    while (W - x >= 8) {
        uint64_t word;
        memcpy(&word, row + x, sizeof word);
        if (word != 0) break;
        x += 8;
    }
    while (x < W && row[x] == 0) x++;
    return x;
}

static int skip_marked(const uint8_t *row, int x, int W)
{
    while (x < W && row[x] != 0) x++;
    return x;
}

static status_t add_run(metrics_regions_t *regions, int row, int begin, int end)
{
    void *grown = regions->run;
    status_t status = metrics_grow(&grown, &regions->run_capacity, regions->runs, 1, sizeof *regions->run);
    regions->run = grown;
    TRY(status);
    if (regions->runs == UINT32_MAX) return fail(ST_EFORMAT, "a mask has more than 2^32 - 1 runs of anomalous pixels");
    /* Until numbers are given out, `region` is the parent in the union-find forest: an earlier run of the same
     * region, or the run itself. */
    regions->run[regions->runs] = (metrics_run_t){row, begin, end, (uint32_t)regions->runs};
    regions->runs++;
    return ST_OK;
}

static uint32_t find_root(metrics_run_t *run, uint32_t i)
{
    while (run[i].region != i) {
        run[i].region = run[run[i].region].region;
        i = run[i].region;
    }
    return i;
}

/* The root is the earliest run, so that regions are numbered in the order of their first pixel. */
static void join(metrics_run_t *run, uint32_t a, uint32_t b)
{
    uint32_t root_a = find_root(run, a), root_b = find_root(run, b);
    if (root_a < root_b)
        run[root_b].region = root_a;
    else
        run[root_a].region = root_b;
}

/* Joins the runs of one row with those of the row above that touch them, corners included. */
static void join_rows(metrics_run_t *run, size_t above, size_t row, size_t end)
{
    size_t a = above, b = row;
    while (a < row && b < end) {
        if (run[a].begin <= run[b].end && run[a].end >= run[b].begin) join(run, (uint32_t)a, (uint32_t)b);
        if (run[a].end < run[b].end)
            a++;
        else
            b++;
    }
}

/* Parents become region numbers: a root stands before all others of its region, so its number is there already. */
static status_t number_regions(metrics_regions_t *regions)
{
    for (size_t i = 0; i < regions->runs; i++) {
        metrics_run_t *run = &regions->run[i];
        if (run->region == i) {
            void *grown = regions->size;
            status_t status = metrics_grow(&grown, &regions->size_capacity, regions->count, 1, sizeof *regions->size);
            regions->size = grown;
            TRY(status);
            regions->size[regions->count] = 0;
            run->region = regions->count++;
        } else {
            run->region = regions->run[run->region].region;
        }
        regions->size[run->region] += run->end - run->begin;
    }
    return ST_OK;
}

status_t metrics_regions_find(metrics_regions_t *regions, const uint8_t *mask, int H, int W)
{
    REQUIRE(regions != NULL && mask != NULL && H > 0 && W > 0);
    regions->runs = 0;
    regions->count = 0;
    size_t above = 0;
    int last_row = -2;
    for (int y = 0; y < H; y++) {
        const uint8_t *row = mask + (size_t)y * (size_t)W;
        size_t start = regions->runs;
        for (int x = skip_zeros(row, 0, W); x < W;) {
            int end = skip_marked(row, x, W);
            TRY(add_run(regions, y, x, end));
            x = skip_zeros(row, end, W);
        }
        if (regions->runs == start) continue;
        if (last_row == y - 1) join_rows(regions->run, above, start, regions->runs);
        above = start;
        last_row = y;
    }
    return number_regions(regions);
}
