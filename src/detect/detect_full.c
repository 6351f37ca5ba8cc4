#include "detect/detect_internal.h"

#include <string.h>

/* Upsampling and smoothing are both linear along each side, so their product is one small matrix a side: row y of the
 * result depends on the source rows begin .. end-1 alone. */
typedef struct {
    double *weight;   /* (size, source) */
    int *begin, *end; /* (size) */
} side_t;

/* Adds `share` of what detect_upsample gives position d to the weights of the source positions. */
static void add_bilinear(double *weight, int d, int size, int source, bool corners, double share)
{
    int low, next;
    const double part = (double)detect_source_position(&low, &next, d, size, source, corners);
    weight[low] += share * (1 - part);
    weight[next] += share * part;
}

static status_t make_side(side_t *side, int size, int source, double sigma, bool corners, arena_t *arena)
{
    int radius = detect_gaussian_radius(sigma);
    side->weight = arena_take(arena, (size_t)size * (size_t)source, sizeof *side->weight);
    side->begin = arena_take(arena, (size_t)size, sizeof *side->begin);
    side->end = arena_take(arena, (size_t)size, sizeof *side->end);
    double *gauss = arena_take(arena, (size_t)radius + 1, sizeof *gauss);
    if (side->weight == NULL || side->begin == NULL || side->end == NULL || gauss == NULL) return ST_ENOMEM;
    gauss[0] = 1;
    if (radius > 0) detect_gaussian(gauss, sigma, radius);
    for (int d = 0; d < size; d++) {
        double *weight = side->weight + (size_t)d * (size_t)source;
        for (int j = -radius; j <= radius; j++)
            add_bilinear(weight, detect_mirror(d + j, size), size, source, corners, gauss[j < 0 ? -j : j]);
        int begin = 0, end = source;
        while (weight[begin] == 0) begin++;
        while (weight[end - 1] == 0) end--;
        side->begin[d] = begin;
        side->end[d] = end;
    }
    return ST_OK;
}

status_t detect_full_map(float *map, int H, int W, const float *src, int h, int w, double sigma, bool corners,
                         arena_t *arena)
{
    REQUIRE(map != NULL && src != NULL && H > 0 && W > 0 && h > 0 && w > 0 && sigma >= 0 && sigma < 1e6);
    arena_mark_t mark = arena_mark(arena);
    status_t status;
    side_t rows, columns;
    TRY_DONE(make_side(&rows, H, h, sigma, corners, arena));
    TRY_DONE(make_side(&columns, W, w, sigma, corners, arena));
    /* The columns' matrix turned round, so that one source value is spread over neighbouring results. */
    double *spread = arena_take(arena, (size_t)w * (size_t)W, sizeof *spread);
    double *line = arena_take(arena, (size_t)w, sizeof *line), *sum = arena_take(arena, (size_t)W, sizeof *sum);
    int *first = arena_take(arena, (size_t)w, sizeof *first), *last = arena_take(arena, (size_t)w, sizeof *last);
    status = ST_ENOMEM;
    if (spread == NULL || line == NULL || sum == NULL || first == NULL || last == NULL) goto done;
    for (int j = 0; j < w; j++) first[j] = W;
    for (int x = 0; x < W; x++)
        for (int j = columns.begin[x]; j < columns.end[x]; j++) {
            spread[(size_t)j * (size_t)W + (size_t)x] = columns.weight[(size_t)x * (size_t)w + (size_t)j];
            if (x < first[j]) first[j] = x;
            last[j] = x + 1;
        }
    for (int y = 0; y < H; y++) {
        const double *weight = rows.weight + (size_t)y * (size_t)h;
        memset(line, 0, (size_t)w * sizeof *line);
        for (int i = rows.begin[y]; i < rows.end[y]; i++)
            for (int j = 0; j < w; j++) line[j] += weight[i] * (double)src[(size_t)i * (size_t)w + (size_t)j];
        memset(sum, 0, (size_t)W * sizeof *sum);
        for (int j = 0; j < w; j++) {
            const double *to = spread + (size_t)j * (size_t)W, value = line[j];
            for (int x = first[j]; x < last[j]; x++) sum[x] += value * to[x];
        }
        float *out = map + (size_t)y * (size_t)W;
        for (int x = 0; x < W; x++) out[x] = (float)sum[x];
    }
    status = ST_OK;
done:
    arena_reset(arena, mark);
    return status;
}
