/* fgad-make-skeleton ROOT DATASET [options]: the tree of mvtec, visa or realiad with every category and the published
 * number of images, tiny ones, so that readers, checks and job files can be tried without the data. */
#include "base/base.h"
#include "io/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { WIDTH = 24, HEIGHT = 16, DISTINCT = 24, VIEWS = 5 };

typedef struct {
    const char *root, *dataset, *classes, *category;
    const char *only;             /* "bottle,grid", NULL: every category */
    int train, normal, anomalous; /* -1: as published */
    bool irregular;
    int images;               /* drawn so far: no two of a category's test set are equal */
    FILE *list, *list_single; /* VisA's csv; Real-IAD's split files of one category */
    bool first, first_single; /* no comma yet */
} maker_t;

static status_t make_path(char path[1024], const maker_t *m, const char *name)
{
    snprintf(path, 1024, "%s/%s", m->root, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    status_t status = io_make_dirs(path);
    *slash = '/';
    return status;
}

static void put_u32(uint8_t out[4], uint32_t value)
{
    for (int i = 0; i < 4; i++) out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static bool put_chunk(FILE *file, const char kind[4], const uint8_t *data, size_t size)
{
    uint8_t head[8], tail[4];
    put_u32(head, (uint32_t)size);
    memcpy(head + 4, kind, 4);
    uint32_t crc = (uint32_t)crc32(crc32(0, head + 4, 4), data, (uInt)size);
    put_u32(tail, crc);
    return fwrite(head, 1, 8, file) == 8 && fwrite(data, 1, size, file) == size && fwrite(tail, 1, 4, file) == 4;
}

/* A PNG of WIDTH x HEIGHT. io_png_write waits for the disk at every file, and there are thousands of them. */
static status_t write_png(const char *path, const uint8_t *pixels, int channels)
{
    static const uint8_t mark[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    uint8_t header[13] = {0}, rows[HEIGHT * (1 + 3 * WIDTH)], packed[2 * sizeof rows];
    size_t row = (size_t)(WIDTH * channels);
    put_u32(header, WIDTH);
    put_u32(header + 4, HEIGHT);
    header[8] = 8;
    header[9] = channels == 3 ? 2 : 0;
    for (int y = 0; y < HEIGHT; y++) {
        rows[(size_t)y * (row + 1)] = 0;
        memcpy(rows + (size_t)y * (row + 1) + 1, pixels + (size_t)y * row, row);
    }
    uLongf size = sizeof packed;
    FILE *file = fopen(path, "wb");
    bool good = file != NULL && compress2(packed, &size, rows, (uLong)(HEIGHT * (row + 1)), 1) == Z_OK;
    good = good && fwrite(mark, 1, 8, file) == 8 && put_chunk(file, "IHDR", header, sizeof header);
    good = good && put_chunk(file, "IDAT", packed, size) && put_chunk(file, "IEND", packed, 0);
    if (file != NULL && fclose(file) != 0) good = false;
    return good ? ST_OK : fail(ST_EIO, "'%s' cannot be written", path);
}

/* A grey stripe pattern with noise; an anomalous one has a bright rectangle where its mask is set. */
static status_t draw_image(maker_t *m, const char *name, bool anomalous, int channels)
{
    char path[1024];
    uint8_t pixels[WIDTH * HEIGHT * 3];
    TRY(make_path(path, m, name));
    rng_t rng = rng_init(m->dataset, m->category, 0, (uint64_t)m->images++, "image");
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < channels; c++) {
                bool hit = anomalous && x >= 8 && x < 14 && y >= 6 && y < 10;
                int value = (hit ? 200 : 60 + 40 * (x / 6 % 2)) + 8 * c + (int)rng_below(&rng, 16);
                pixels[(y * WIDTH + x) * channels + c] = (uint8_t)value;
            }
    return write_png(path, pixels, channels);
}

/* The mask of draw_image: `value` inside; grey_edge: a frame below one half around it, as resized copies have. */
static status_t draw_mask(maker_t *m, const char *name, int value, bool grey_edge)
{
    char path[1024];
    uint8_t pixels[WIDTH * HEIGHT];
    TRY(make_path(path, m, name));
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            bool hit = x >= 8 && x < 14 && y >= 6 && y < 10, near = x >= 7 && x < 15 && y >= 5 && y < 11;
            pixels[y * WIDTH + x] = (uint8_t)(hit ? value : near && grey_edge ? value / 3 : 0);
        }
    return write_png(path, pixels, 1);
}

static status_t write_text(maker_t *m, const char *name, const char *text)
{
    char path[1024];
    TRY(make_path(path, m, name));
    return io_write_file(path, text, strlen(text));
}

/* Training image i: one of a few distinct pictures, linked when it is there already. */
static status_t place_train(maker_t *m, const char *name, const char *first_name, int i, int channels)
{
    char path[1024], first[1024];
    if (i < DISTINCT) return draw_image(m, name, false, channels);
    TRY(make_path(path, m, name));
    snprintf(first, sizeof first, "%s/%s", m->root, first_name);
    if (link(first, path) != 0) return fail(ST_EIO, "'%s' cannot be linked", path);
    return ST_OK;
}

/* ---- MVTec-AD ---- */

static status_t make_mvtec(maker_t *m, const char *category, int train, int normal, int anomalous)
{
    static const char *const defects[] = {"broken", "scratch"};
    bool grey = strcmp(category, "grid") == 0 || strcmp(category, "screw") == 0 || strcmp(category, "zipper") == 0;
    char name[512], first[512];
    int channels = grey ? 1 : 3, of_kind[2] = {0, 0};
    for (int i = 0; i < train; i++) {
        snprintf(name, sizeof name, "%s/train/good/%03d.%s", category, i, m->irregular && i == 1 ? "PNG" : "png");
        snprintf(first, sizeof first, "%s/train/good/%03d.%s", category, i % DISTINCT,
                 m->irregular && i % DISTINCT == 1 ? "PNG" : "png");
        TRY(place_train(m, name, first, i, channels));
    }
    for (int i = 0; i < normal; i++) {
        snprintf(name, sizeof name, "%s/test/good/%03d.png", category, i);
        TRY(draw_image(m, name, false, channels));
    }
    for (int i = 0; i < anomalous; i++) {
        int kind = i % 2, n = of_kind[kind]++;
        snprintf(name, sizeof name, "%s/test/%s/%03d.png", category, defects[kind], n);
        TRY(draw_image(m, name, true, channels));
        bool short_name = m->irregular && kind == 1;
        snprintf(name, sizeof name, "%s/ground_truth/%s/%03d%s.png", category, defects[kind], n,
                 short_name ? "" : "_mask");
        TRY(draw_mask(m, name, 255, m->irregular));
    }
    if (!m->irregular) return ST_OK;
    snprintf(name, sizeof name, "%s/license.txt", category);
    TRY(write_text(m, name, "words\n"));
    snprintf(name, sizeof name, "%s/train/good/Thumbs.db", category);
    TRY(write_text(m, name, "no image\n"));
    snprintf(name, sizeof name, "%s/test/.cache/000.png", category);
    return write_text(m, name, "no image\n");
}

/* ---- VisA, as released: 1cls.csv tells the split ---- */

static status_t make_visa(maker_t *m, const char *category, int train, int normal, int anomalous)
{
    char name[512], first[512];
    for (int i = 0; i < train + normal; i++) {
        /* The test's normal images lie among the training ones. */
        bool test = i % 10 == 3 && i / 10 < normal;
        snprintf(name, sizeof name, "%s/Data/Images/Normal/%04d.JPG", category, i);
        snprintf(first, sizeof first, "%s/Data/Images/Normal/0000.JPG", category);
        if (test)
            TRY(draw_image(m, name, false, 3));
        else
            TRY(place_train(m, name, first, i, 3));
        fprintf(m->list, "%s,%s,normal,%s,\n", category, test ? "test" : "train", name);
    }
    for (int i = 0; i < anomalous; i++) {
        char mask[512];
        snprintf(name, sizeof name, "%s/Data/Images/Anomaly/%03d.JPG", category, i);
        snprintf(mask, sizeof mask, "%s/Data/Masks/Anomaly/%03d.png", category, i);
        TRY(draw_image(m, name, true, 3));
        TRY(draw_mask(m, mask, 1 + i % 4, false));
        fprintf(m->list, "%s,test,anomaly,%s,%s\n", category, name, mask);
    }
    return ST_OK;
}

/* ---- Real-IAD: samples of five views, two kinds of split file ---- */

static void list_view(FILE *out, bool *first, const char *category, const char *kind, const char *image,
                      const char *mask)
{
    fprintf(out, "%s\n    {\"category\": \"%s\", \"anomaly_class\": \"%s\", \"image_path\": \"%s\", \"mask_path\": ",
            *first ? "" : ",", category, kind, image);
    if (mask != NULL)
        fprintf(out, "\"%s\"}", mask);
    else
        fprintf(out, "null}");
    *first = false;
}

/* One object; `kind` NULL: a good one. Without masks: the defect cannot be seen from view C5. */
static status_t make_sample(maker_t *m, const char *category, const char *kind, int sample)
{
    for (int view = 1; view <= VIEWS; view++) {
        char image[512], mask[512], path[1024];
        if (kind == NULL)
            snprintf(image, sizeof image, "OK/S%04d/%s_%04d_OK_C%d_20230920%06d.jpg", sample, category, sample, view,
                     sample);
        else
            snprintf(image, sizeof image, "NG/%s/S%04d/%s_%04d_NG_%s_C%d_20230920%06d.jpg", kind, sample, category,
                     sample, kind, view, sample);
        snprintf(mask, sizeof mask, "%.*s.png", (int)(strlen(image) - 4), image);
        snprintf(path, sizeof path, "realiad_256/%s/%s", category, image);
        TRY(draw_image(m, path, kind != NULL, 3));
        bool with_mask = kind != NULL && !(m->irregular && view == VIEWS);
        snprintf(path, sizeof path, "realiad_256/%s/%s", category, mask);
        if (with_mask) TRY(draw_mask(m, path, 255, m->irregular));
        list_view(m->list, &m->first, category, kind != NULL ? kind : "OK", image, with_mask ? mask : NULL);
        if (view == 1)
            list_view(m->list_single, &m->first_single, category, kind != NULL ? kind : "OK", image,
                      with_mask ? mask : NULL);
    }
    return ST_OK;
}

static void switch_part(maker_t *m, const char *text)
{
    fprintf(m->list, "%s", text);
    fprintf(m->list_single, "%s", text);
    m->first = m->first_single = true;
}

static status_t make_realiad(maker_t *m, const char *category, int train, int normal, int anomalous)
{
    static const char *const kinds[] = {"AK", "BX", "HS", "ZW"};
    char name[512], path[1024], single[1024];
    snprintf(name, sizeof name, "realiad_jsons/%s.json", category);
    TRY(make_path(path, m, name));
    snprintf(name, sizeof name, "realiad_jsons_sv/%s.json", category);
    TRY(make_path(single, m, name));
    m->list = fopen(path, "w");
    m->list_single = fopen(single, "w");
    status_t status = m->list != NULL && m->list_single != NULL ? ST_OK : fail(ST_EIO, "'%s' cannot be written", path);
    if (status == ST_OK) {
        char text[512];
        snprintf(text, sizeof text, "{\"meta\": {\"normal_class\": \"OK\", \"prefix\": \"%s/\"},\n  \"train\": [",
                 category);
        switch_part(m, text);
    }
    for (int i = 0; status == ST_OK && i < train; i++) status = make_sample(m, category, NULL, i + 1);
    if (status == ST_OK) switch_part(m, "],\n  \"test\": [");
    for (int i = 0; status == ST_OK && i < normal; i++) status = make_sample(m, category, NULL, train + i + 1);
    for (int i = 0; status == ST_OK && i < anomalous; i++) status = make_sample(m, category, kinds[i % 4], i + 1);
    if (status == ST_OK) switch_part(m, "]\n}\n");
    if (m->list != NULL && fclose(m->list) != 0 && status == ST_OK) status = fail(ST_EIO, "'%s': write failed", path);
    if (m->list_single != NULL && fclose(m->list_single) != 0 && status == ST_OK)
        status = fail(ST_EIO, "'%s': write failed", single);
    m->list = m->list_single = NULL;
    return status;
}

/* ---- All categories of classes.yaml ---- */

static status_t make_category(maker_t *m, const char *category, const int published[3])
{
    static const int small[3] = {20, 6, 8}; /* where no numbers are published */
    const int wanted[3] = {m->train, m->normal, m->anomalous};
    int count[3];
    for (int k = 0; k < 3; k++) count[k] = wanted[k] >= 0 ? wanted[k] : published[k] >= 0 ? published[k] : small[k];
    m->images = 0;
    m->category = category;
    if (strcmp(m->dataset, "mvtec") == 0) return make_mvtec(m, category, count[0], count[1], count[2]);
    if (strcmp(m->dataset, "visa") == 0) return make_visa(m, category, count[0], count[1], count[2]);
    return make_realiad(m, category, count[0], count[1], count[2]);
}

static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at != NULL; at = strchr(at, ',') != NULL ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0')) return true;
    return false;
}

static status_t make_all(maker_t *m)
{
    char *text = NULL, *rest;
    status_t status;
    bool here = false;
    int made = 0;
    TRY(io_read_file(&text, NULL, m->classes));
    if (strcmp(m->dataset, "visa") == 0) {
        char path[1024];
        TRY_DONE(make_path(path, m, "split_csv/1cls.csv"));
        m->list = fopen(path, "w");
        if (m->list == NULL) TRY_DONE(fail(ST_EIO, "'%s' cannot be written", path));
        fprintf(m->list, "object,split,label,image,mask\n");
    }
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char name[64];
        int count[3] = {-1, -1, -1};
        if (line[0] != ' ' && sscanf(line, "%63[a-z]:", name) == 1) here = strcmp(name, m->dataset) == 0;
        if (!here || sscanf(line, "  %63[a-z0-9_]: [%d, %d, %d]", name, &count[0], &count[1], &count[2]) < 1) continue;
        if (line[0] != ' ') continue;
        if (m->only != NULL && !is_listed(m->only, name)) continue;
        TRY_DONE(make_category(m, name, count));
        made++;
    }
    if (made == 0) status = fail(ST_EFORMAT, "'%s' has no categories of '%s'", m->classes, m->dataset);
done:
    if (m->list != NULL && fclose(m->list) != 0 && status == ST_OK) status = fail(ST_EIO, "1cls.csv: write failed");
    free(text);
    if (status == ST_OK) printf("%s: %d categories of %s\n", m->root, made, m->dataset);
    return status;
}

static int usage(void)
{
    fprintf(stderr, "usage: fgad-make-skeleton ROOT mvtec|visa|realiad [--train N] [--normal N] [--anomalous N]\n"
                    "           [--irregular] [--only CATEGORY,...] [--classes datasets/classes.yaml]\n");
    return 2;
}

int main(int argc, char **argv)
{
    maker_t m = {.classes = "datasets/classes.yaml", .train = -1, .normal = -1, .anomalous = -1};
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--irregular") == 0)
            m.irregular = true;
        else if (strcmp(argv[i], "--train") == 0 && more)
            m.train = atoi(argv[++i]);
        else if (strcmp(argv[i], "--normal") == 0 && more)
            m.normal = atoi(argv[++i]);
        else if (strcmp(argv[i], "--anomalous") == 0 && more)
            m.anomalous = atoi(argv[++i]);
        else if (strcmp(argv[i], "--only") == 0 && more)
            m.only = argv[++i];
        else if (strcmp(argv[i], "--classes") == 0 && more)
            m.classes = argv[++i];
        else if (argv[i][0] != '-' && m.root == NULL)
            m.root = argv[i];
        else if (argv[i][0] != '-' && m.dataset == NULL)
            m.dataset = argv[i];
        else
            return usage();
    }
    if (m.dataset == NULL) return usage();
    if (make_all(&m) != ST_OK) {
        fprintf(stderr, "fgad-make-skeleton: %s\n", fail_message());
        return 1;
    }
    return 0;
}
