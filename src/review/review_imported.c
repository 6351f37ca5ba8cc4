/* Imported maps and scores: the files of other programs, checked. */
#include "review/review_internal.h"

#include "detect/detect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Maps from the tree -------------------------------------------------------------------------------------------- */

/* <tree>/<category>/test/<defect>/<id> with the ending that is there. */
static status_t find_tiff(char out[4096], const char *tree, const char *category, const char *name)
{
    static const char *const endings[] = {".tiff", ".tif", NULL};
    for (int e = 0; endings[e] != NULL; e++) {
        snprintf(out, 4096, "%s/%s/%s%s", tree, category, name, endings[e]);
        if (io_exists(out)) return ST_OK;
    }
    return fail(ST_ENOTFOUND,
                "'%s/%s/%s.tiff' does not exist (expected a map of every test image, as fgad export and "
                "MVTec's evaluation lay them out)",
                tree, category, name);
}

status_t review_imported_map(float *map, int width, int height, bool *resized, const char *path, float *largest)
{
    float *values;
    int w, h;
    TRY(io_tiff_read_f32(&values, &w, &h, path));
    status_t status = ST_OK;
    *largest = values[0];
    for (size_t p = 0; p < (size_t)w * (size_t)h && status == ST_OK; p++) {
        if (!isfinite(values[p]))
            status = fail(ST_EFORMAT, "'%s' holds %g at row %zu, column %zu, expected finite numbers", path,
                          (double)values[p], p / (size_t)w, p % (size_t)w);
        if (values[p] > *largest) *largest = values[p];
    }
    if (status == ST_OK && map != NULL) {
        if (w == width && h == height)
            memcpy(map, values, (size_t)w * (size_t)h * sizeof *map);
        else
            detect_upsample(map, height, width, values, h, w);
        *resized = *resized || w != width || h != height;
    }
    free(values);
    return status;
}

status_t review_imported_path(char out[4096], const review_stored_t *stored, int i)
{
    return find_tiff(out, stored->tree, stored->category, stored->names[i]);
}

status_t review_imported_add(metrics_pixels_t *pixels, float *largest, bool *resized, const review_stored_t *stored)
{
    char path[4096];
    float *map = NULL;
    size_t room = 0;
    arena_t arena;
    const uint8_t *mask = stored->masks.labels;
    status_t status = ST_OK;
    arena_init(&arena, "import");
    for (int i = 0; i < stored->n; i++) {
        TRY_DONE(review_imported_path(path, stored, i));
        if (pixels == NULL) {
            TRY_DONE(review_imported_map(NULL, 0, 0, resized, path, &largest[i]));
            continue;
        }
        int width = stored->masks.size[i][0], height = stored->masks.size[i][1];
        size_t size = (size_t)width * (size_t)height;
        if (size > room) {
            free(map);
            map = base_alloc(room = size, sizeof *map);
            if (map == NULL) {
                status = ST_ENOMEM;
                goto done;
            }
        }
        float most;
        TRY_DONE(review_imported_map(map, width, height, resized, path, &most));
        if (largest != NULL) largest[i] = most;
        TRY_DONE(detect_smooth(map, height, width, stored->job.sigma, &arena));
        TRY_DONE(metrics_pixels_add(pixels, map, mask, height, width));
        mask += size;
    }
done:
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
status_t review_imported_scores(review_stored_t *stored, const char *file)
{
    status_t status;
    store_maps_t *maps = &stored->maps;
    io_csv_t csv;
    TRY(io_csv_open(&csv, file));
    for (int i = 0; i < stored->n; i++) maps->M_img[i] = NAN;
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
        char *end;
        float score = strtof(text, &end);
        int i = find_image(stored, path);
        if (i < 0)
            status = fail(ST_EFORMAT, "%s:%d: %s has no test image '%s'", file, csv.line, stored->category, path);
        else if (end == text || *end != '\0' || !isfinite(score))
            status = fail(ST_EFORMAT, "%s:%d: the score is '%s', expected a number", file, csv.line, text);
        else if (!isnan(maps->M_img[i]))
            status = fail(ST_EFORMAT, "%s:%d: '%s' has a second score", file, csv.line, path);
        if (status != ST_OK) goto done;
        maps->M_img[i] = score;
    }
    for (int i = 0; i < stored->n && status == ST_OK; i++)
        if (isnan(maps->M_img[i]))
            status = fail(ST_EFORMAT, "%s has no score of %s/%s", file, stored->category, stored->path[i]);
done:
    io_csv_close(&csv);
    return status;
}
