/* Region maps of the training images, from the prompts that a task learned: which component every token was given to. */
#include "review/review_internal.h"

#include <stdlib.h>
#include <string.h>

enum { LEGEND_TEXT = 64 };

typedef struct {
    uint8_t *labels; /* (K, side, side) */
    int K, side, components;
    char *name[32]; /* (components) */
    char **shots;   /* (K) names below the category */
} regions_t;

static void regions_free(regions_t *regions)
{
    free(regions->labels);
    for (int c = 0; c < regions->components; c++) free(regions->name[c]);
    if (regions->shots != NULL) io_h5_free_strings(regions->shots, regions->K);
}

/* Components are the groups after image, foreground and, where there is one, background. */
static status_t read_names(regions_t *regions, io_h5_t *file)
{
    char path[64], *name;
    for (int g = 2; regions->components < 32; g++) {
        snprintf(path, sizeof path, "prompts/pixel/groups/%d", g);
        if (!io_h5_has(file, path)) break;
        TRY(io_h5_get_text(&name, file, path, "name"));
        if (g == 2 && strcmp(name, "background") == 0)
            free(name);
        else
            regions->name[regions->components++] = name;
    }
    return ST_OK;
}

static status_t read_regions(regions_t *regions, const char *path)
{
    status_t status;
    io_h5_t *file;
    void *data;
    int ndim;
    int64_t dims[6];
    io_h5_t *head = NULL;
    char *head_path = NULL;
    TRY(io_h5_open(&file, path));
    status = store_head_of_task(&head_path, file, path, "pixel");
    if (status == ST_ENOTFOUND) {
        status = ST_OK; /* a task without heads */
        goto done;
    }
    if (status == ST_OK) status = io_h5_open(&head, head_path);
    if (status != ST_OK || !io_h5_has(head, "prompts/pixel/regions")) goto done;
    TRY_DONE(io_h5_read(&data, &ndim, dims, head, "prompts/pixel/regions", IO_H5_U8));
    regions->labels = data;
    if (ndim != 3 || dims[0] < 1 || dims[0] > 10000 || dims[1] != dims[2] || dims[1] < 1) {
        status = fail(ST_EFORMAT, "'%s': prompts/pixel/regions is not (shot, row, column)", path);
        goto done;
    }
    regions->side = (int)dims[1];
    int64_t K = dims[0];
    TRY_DONE(io_h5_read(&data, &ndim, dims, file, "support/path", IO_H5_STRING));
    regions->shots = data;
    regions->K = (int)dims[0];
    if (ndim != 1 || dims[0] != K)
        status = fail(ST_EFORMAT, "'%s': support/path does not name the %d shots of regions", path, (int)K);
    if (status == ST_OK) status = read_names(regions, head);
done:
    io_h5_close(head);
    io_h5_close(file);
    free(head_path);
    return status;
}

static uint8_t label_at(const regions_t *regions, int k, int x, int y, int width, int height)
{
    int gx = (int)((int64_t)x * regions->side / width), gy = (int)((int64_t)y * regions->side / height);
    return regions->labels[((size_t)k * (size_t)regions->side + (size_t)gy) * (size_t)regions->side + (size_t)gx];
}

/* Left the training image, right its regions over it; the background stays grey. */
static status_t paint(const char *path, const io_image_t *image, const regions_t *regions, int k)
{
    enum { GAP = 8 };
    int width = image->width, height = image->height, stride = 2 * width + GAP;
    uint8_t *pixels = base_alloc((size_t)stride * (size_t)height, 3);
    if (pixels == NULL) return ST_ENOMEM;
    memset(pixels, 255, (size_t)stride * (size_t)height * 3);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const uint8_t *from = image->pixels + ((size_t)y * (size_t)width + (size_t)x) * 3;
            uint8_t *left = pixels + ((size_t)y * (size_t)stride + (size_t)x) * 3, *right = left + (width + GAP) * 3;
            uint8_t color[3], label = label_at(regions, k, x, y, width, height);
            memcpy(left, from, 3);
            memset(right, (299 * from[0] + 587 * from[1] + 114 * from[2]) / 1000, 3);
            if (label >= regions->components) continue;
            review_region_color(color, label);
            review_blend(right, color, 0.6);
        }
    status_t status = io_png_write(path, pixels, stride, height, 3);
    free(pixels);
    return status;
}

/* "0 BLACK KEY" of "black key": what the pictures' font can write, cut to the legend's width. */
static void legend_text(char out[LEGEND_TEXT], int number, const char *name)
{
    int used = snprintf(out, LEGEND_TEXT, "%d ", number);
    for (; *name != '\0' && used < LEGEND_TEXT - 1; name++) {
        if ((*name & 0xc0) == 0x80) continue; /* a character is one sign, however many bytes */
        out[used++] = *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
    }
    out[used] = '\0';
}

/* legend.csv and legend.png: numbers, names and colours of the regions. */
static status_t write_legend(const char *folder, const regions_t *regions)
{
    enum { LEFT = 70, LINE = 30 };
    int width = 120;
    for (int c = 0; c < regions->components; c++) {
        char said[LEGEND_TEXT];
        legend_text(said, c, regions->name[c]);
        if (LEFT + review_text_width(said) + 10 > width) width = LEFT + review_text_width(said) + 10;
    }
    char path[4096], *text = NULL;
    size_t size = 0;
    int height = LINE * (regions->components > 0 ? regions->components : 1);
    FILE *out = open_memstream(&text, &size);
    uint8_t *pixels = base_alloc((size_t)width * (size_t)height, 3);
    if (out == NULL || pixels == NULL) {
        if (out != NULL) fclose(out);
        free(text);
        free(pixels);
        return fail(ST_ENOMEM, "out of memory");
    }
    memset(pixels, 255, (size_t)width * (size_t)height * 3);
    fputs("label,name,color\n", out);
    for (int c = 0; c < regions->components; c++) {
        uint8_t color[3];
        char said[LEGEND_TEXT];
        review_region_color(color, c);
        fprintf(out, "%d,", c);
        io_csv_put(out, regions->name[c]);
        fprintf(out, ",#%02x%02x%02x\n", color[0], color[1], color[2]);
        for (int y = 4; y < LINE - 4; y++)
            for (int x = 4; x < 60; x++)
                memcpy(pixels + ((size_t)(c * LINE + y) * (size_t)width + (size_t)x) * 3, color, 3);
        legend_text(said, c, regions->name[c]);
        review_paint_text(pixels, width, height, LEFT, c * LINE + 8, said);
    }
    fprintf(out, "%d,background,\n", regions->components);
    status_t status = fclose(out) == 0 ? ST_OK : fail(ST_ENOMEM, "out of memory");
    snprintf(path, sizeof path, "%s/legend.csv", folder);
    if (status == ST_OK) status = io_write_file(path, text, size);
    snprintf(path, sizeof path, "%s/legend.png", folder);
    if (status == ST_OK) status = io_png_write(path, pixels, width, height, 3);
    free(text);
    free(pixels);
    return status;
}

static status_t export_shot(const char *folder, const review_stored_t *stored, const regions_t *regions, int k)
{
    char path[4096];
    const data_category_t *images = &stored->images;
    const data_image_t *image = NULL;
    for (int i = 0; i < images->train_count && image == NULL; i++)
        if (strcmp(images->train[i].name, regions->shots[k]) == 0) image = &images->train[i];
    if (image == NULL)
        return fail(ST_ENOTFOUND, "%s/%s has no training image '%s', which the regions are of", stored->dataset,
                    stored->category, regions->shots[k]);
    io_image_t picture;
    TRY(data_image_read(&picture, images, image));
    snprintf(path, sizeof path, "%s/shot%d.png", folder, k);
    status_t status = paint(path, &picture, regions, k);
    io_image_free(&picture);
    size_t cells = (size_t)regions->side * (size_t)regions->side;
    snprintf(path, sizeof path, "%s/shot%d-labels.png", folder, k);
    return status == ST_OK ? io_png_write(path, regions->labels + (size_t)k * cells, regions->side, regions->side, 1)
                           : status;
}

status_t review_export_regions(review_exported_t *told, const review_stored_t *stored, const char *folder,
                               const char *category)
{
    status_t status;
    regions_t regions = {0};
    char path[4096];
    TRY_DONE(read_regions(&regions, stored->file));
    if (regions.labels == NULL) {
        log_warn("%s/%s: this task learned no regions (branches without pad, learn: false, or groups: [image])",
                 stored->dataset, stored->category);
        goto done;
    }
    snprintf(path, sizeof path, "%s/regions/%s", folder, category);
    TRY_DONE(io_make_dirs(path));
    for (int k = 0; k < regions.K; k++) {
        TRY_DONE(export_shot(path, stored, &regions, k));
        told->regions++;
    }
    TRY_DONE(write_legend(path, &regions));
done:
    regions_free(&regions);
    return status;
}
