/* Imported maps and scores: the files of other programs, checked. */
#include "review/review_internal.h"

#include "detect/detect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Maps from the tree -------------------------------------------------------------------------------------------- */

/* A map that is its image turned by a quarter is no map of another resolution: measured, it would look like a bad method. */
static status_t check_shape(review_told_t *told, int w, int h, int width, int height, const char *path)
{
    if (w == width && h == height) return ST_OK;
    if (w == height && h == width)
        return fail(ST_EFORMAT,
                    "'%s' is %d x %d, its image %d x %d: the map is transposed (hint: save it as rows of columns)",
                    path, w, h, width, height);
    enum { TINY = 4 };
    if ((w < TINY || h < TINY) && width >= TINY && height >= TINY) {
        if (told->stretched++ == 0)
            log_warn("'%s' is %d x %d, its image %d x %d: so few values hardly tell where a defect is", path, w, h,
                     width, height);
        return ST_OK;
    }
    /* Sides rounded to whole pixels do not count. */
    int64_t off = (int64_t)w * height - (int64_t)h * width;
    if (off < 0) off = -off;
    if (off <= (width > height ? width : height)) return ST_OK;
    if (told->stretched++ == 0)
        log_warn("'%s' is %d x %d, its image %d x %d: a map of another aspect is stretched to its image", path, w, h,
                 width, height);
    return ST_OK;
}

status_t review_imported_map(float *map, int width, int height, const int image[2], review_told_t *told,
                             const char *path, const review_levels_t *levels, bool corners, double *largest)
{
    double *values;
    float *small = NULL;
    int w, h;
    TRY(io_tiff_read_map(&values, &w, &h, path));
    size_t count = (size_t)w * (size_t)h;
    status_t status = check_shape(told, w, h, image[0], image[1], path);
    told->resized = told->resized || w != width || h != height;
    *largest = values[0];
    for (size_t p = 0; p < count && status == ST_OK; p++) {
        if (!isfinite(values[p]))
            status = fail(ST_EFORMAT, "'%s' holds %g at row %zu, column %zu, expected finite numbers", path, values[p],
                          p / (size_t)w, p % (size_t)w);
        if (values[p] > *largest) *largest = values[p];
    }
    if (status != ST_OK || map == NULL) goto done;
    bool same = w == width && h == height;
    if (!same) small = base_alloc(count, sizeof *small);
    if (!same && small == NULL) TRY_DONE(ST_ENOMEM);
    float *to = same ? map : small;
    for (size_t p = 0; p < count; p++) to[p] = review_level(levels, values[p]);
    if (!same) (corners ? detect_upsample_corners : detect_upsample)(map, height, width, small, h, w);
done:
    free(small);
    free(values);
    return status;
}

/* The largest values alone, where no pixel is measured. */
static status_t find_largest(double *largest, review_told_t *told, const review_stored_t *stored)
{
    const review_levels_t floats = {0};
    char path[4096];
    for (int i = 0; i < stored->n; i++) {
        int size[2];
        TRY(data_image_size(&size[0], &size[1], &stored->images, &stored->images.test[stored->keep[i]]));
        TRY(review_imported_path(path, stored, i));
        TRY(review_imported_map(NULL, size[0], size[1], size, told, path, &floats, false, &largest[i]));
    }
    return ST_OK;
}

status_t review_imported_add(metrics_pixels_t *pixels, double *largest, review_told_t *told,
                             const review_stored_t *stored)
{
    char path[4096];
    float *map = NULL;
    size_t room = 0;
    arena_t arena;
    review_levels_t levels = {0};
    const uint8_t *mask = stored->masks.labels;
    status_t status = ST_OK;
    *told = (review_told_t){0};
    if (pixels == NULL) return find_largest(largest, told, stored);
    arena_init(&arena, "import");
    TRY_DONE(review_levels_make(&levels, stored));
    for (int i = 0; i < stored->n; i++) {
        TRY_DONE(review_imported_path(path, stored, i));
        int width = stored->masks.size[i][0], height = stored->masks.size[i][1];
        size_t size = (size_t)width * (size_t)height;
        TRY_DONE(work_room(&map, &room, size));
        double most;
        int image[2]; /* its own, though it may be measured at another size */
        TRY_DONE(data_image_size(&image[0], &image[1], &stored->images, &stored->images.test[stored->keep[i]]));
        TRY_DONE(review_imported_map(map, width, height, image, told, path, &levels, stored->job.align_corners, &most));
        if (largest != NULL) largest[i] = most;
        TRY_DONE(detect_smooth(map, height, width, stored->job.sigma, &arena));
        TRY_DONE(metrics_pixels_add(pixels, map, mask, height, width));
        mask += size;
    }
done:
    review_levels_free(&levels);
    free(map);
    arena_free(&arena);
    return status;
}

/* ---- Scores from a CSV --------------------------------------------------------------------------------------------- */

static int find_image(const review_stored_t *stored, const char *path)
{
    for (int i = 0; i < stored->n; i++)
        if (strcmp(stored->path[i], path) == 0) return i;
    return -1;
}

/* Columns category, path and score (others are passed over), as images.csv of fgad export. */
status_t review_imported_scores(double *score, const review_stored_t *stored, const char *file)
{
    status_t status;
    io_csv_t csv;
    TRY(io_csv_open(&csv, file));
    for (int i = 0; i < stored->n; i++) score[i] = NAN;
    if (io_csv_cell(&csv, "category") == NULL || io_csv_cell(&csv, "path") == NULL ||
        io_csv_cell(&csv, "score") == NULL) {
        status = fail(ST_EFORMAT, "%s:1: expected the columns category, path and score", file);
        goto done;
    }
    for (;;) {
        bool more;
        TRY_DONE(io_csv_next(&more, &csv));
        if (!more) break;
        if (strcmp(io_csv_cell(&csv, "category"), stored->category) != 0) continue;
        const char *path = io_csv_cell(&csv, "path"), *text = io_csv_cell(&csv, "score");
        double value;
        const char *end = base_number(&value, text);
        int i = find_image(stored, path);
        if (i < 0)
            status = fail(ST_EFORMAT, "%s:%d: %s has no test image '%s'", file, csv.line, stored->category, path);
        else if (end == NULL || *end != '\0')
            status = fail(ST_EFORMAT, "%s:%d: the score is '%s', expected a number", file, csv.line, text);
        else if (!isnan(score[i]))
            status = fail(ST_EFORMAT, "%s:%d: '%s' has a second score", file, csv.line, path);
        if (status != ST_OK) goto done;
        score[i] = value;
    }
    for (int i = 0; i < stored->n && status == ST_OK; i++)
        if (isnan(score[i]))
            status = fail(ST_EFORMAT, "%s has no score of %s/%s", file, stored->category, stored->path[i]);
done:
    io_csv_close(&csv);
    return status;
}
