/* Pictures: heat maps on a scale, contours, regions, and legends in a font of their own. */
#include "review/review_internal.h"

#include <stdlib.h>
#include <string.h>

/* The colours of matplotlib's "inferno" at 0, 0.1 ... 1 (CC0): even steps of lightness, so that what is brighter is more. */
static const uint8_t heat[11][3] = {{0, 0, 4},      {22, 11, 57},   {66, 10, 104},  {106, 23, 110},
                                    {147, 38, 103}, {188, 55, 84},  {221, 81, 58},  {243, 120, 25},
                                    {252, 165, 10}, {246, 215, 70}, {252, 255, 164}};

void review_heat_color(uint8_t rgb[3], double share)
{
    double position = share <= 0 ? 0 : share >= 1 ? 10 : share * 10;
    int low = position < 10 ? (int)position : 9;
    double part = position - low;
    for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)((1 - part) * heat[low][c] + part * heat[low + 1][c] + 0.5);
}

/* Okabe and Ito's colours, which people with any colour vision tell apart; then again, darker. */
void review_region_color(uint8_t rgb[3], int region)
{
    static const uint8_t colors[7][3] = {{230, 159, 0}, {86, 180, 233}, {0, 158, 115},  {240, 228, 66},
                                         {0, 114, 178}, {213, 94, 0},   {204, 121, 167}};
    for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)(colors[region % 7][c] / (1 + region / 7));
}

void review_blend(uint8_t *pixel, const uint8_t rgb[3], double share)
{
    for (int c = 0; c < 3; c++) pixel[c] = (uint8_t)((1 - share) * pixel[c] + share * rgb[c] + 0.5);
}

/* Whether the pixel lies on the inner edge of its area: a neighbour, or the picture's end, is of another value. */
static bool is_edge(const uint8_t *labels, int width, int height, int x, int y, int reach)
{
    uint8_t own = labels[(size_t)y * (size_t)width + (size_t)x];
    for (int dy = -reach; dy <= reach; dy++)
        for (int dx = -reach; dx <= reach; dx++) {
            int nx = x + dx, ny = y + dy;
            if (nx < 0 || ny < 0 || nx >= width || ny >= height) continue;
            if (labels[(size_t)ny * (size_t)width + (size_t)nx] != own) return true;
        }
    return false;
}

void review_paint_contour(uint8_t *pixels, int stride, const uint8_t *labels, int width, int height,
                          const uint8_t rgb[3])
{
    int side = width < height ? width : height, reach = 1 + side / 400;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            if (labels[(size_t)y * (size_t)width + (size_t)x] != 0 && is_edge(labels, width, height, x, y, reach))
                memcpy(pixels + ((size_t)y * (size_t)stride + (size_t)x) * 3, rgb, 3);
}

/* 3 x 5 pixels a character, a row in three bits. */
static const struct {
    char character;
    uint8_t row[5];
} glyphs[] = {
    {'0', {7, 5, 5, 5, 7}}, {'1', {2, 6, 2, 2, 7}}, {'2', {7, 1, 7, 4, 7}}, {'3', {7, 1, 7, 1, 7}},
    {'4', {5, 5, 7, 1, 1}}, {'5', {7, 4, 7, 1, 7}}, {'6', {7, 4, 7, 5, 7}}, {'7', {7, 1, 1, 1, 1}},
    {'8', {7, 5, 7, 5, 7}}, {'9', {7, 5, 7, 1, 7}}, {'.', {0, 0, 0, 0, 2}}, {'-', {0, 0, 7, 0, 0}},
    {'+', {0, 2, 7, 2, 0}}, {'e', {7, 5, 7, 4, 7}}, {'A', {2, 5, 7, 5, 5}}, {'B', {6, 5, 6, 5, 6}},
    {'C', {3, 4, 4, 4, 3}}, {'D', {6, 5, 5, 5, 6}}, {'E', {7, 4, 6, 4, 7}}, {'F', {7, 4, 6, 4, 4}},
    {'G', {3, 4, 5, 5, 3}}, {'H', {5, 5, 7, 5, 5}}, {'I', {7, 2, 2, 2, 7}}, {'J', {1, 1, 1, 5, 2}},
    {'K', {5, 5, 6, 5, 5}}, {'L', {4, 4, 4, 4, 7}}, {'M', {5, 7, 7, 5, 5}}, {'N', {6, 5, 5, 5, 5}},
    {'O', {2, 5, 5, 5, 2}}, {'P', {6, 5, 6, 4, 4}}, {'Q', {2, 5, 5, 6, 3}}, {'R', {6, 5, 6, 5, 5}},
    {'S', {3, 4, 2, 1, 6}}, {'T', {7, 2, 2, 2, 2}}, {'U', {5, 5, 5, 5, 7}}, {'V', {5, 5, 5, 5, 2}},
    {'W', {5, 5, 7, 7, 5}}, {'X', {5, 5, 2, 5, 5}}, {'Y', {5, 5, 2, 2, 2}}, {'Z', {7, 1, 2, 4, 7}},
    {'_', {0, 0, 0, 0, 7}}, {'/', {1, 1, 2, 4, 4}}, {',', {0, 0, 0, 2, 4}}, {' ', {0, 0, 0, 0, 0}},
    {'?', {6, 1, 2, 0, 2}}, /* last: what stands for all others */
};
enum { GLYPHS = sizeof glyphs / sizeof glyphs[0], SCALE = 3, ADVANCE = 4 * SCALE };

int review_text_width(const char *text)
{
    return (int)strlen(text) * ADVANCE;
}

static const uint8_t *glyph_of(char character)
{
    int g = 0;
    while (g < GLYPHS - 1 && glyphs[g].character != character) g++;
    return glyphs[g].row;
}

void review_paint_text(uint8_t *pixels, int width, int height, int left, int top, const char *text)
{
    for (; *text != '\0'; text++, left += ADVANCE) {
        const uint8_t *row = glyph_of(*text);
        for (int y = 0; y < 5 * SCALE; y++)
            for (int x = 0; x < 3 * SCALE; x++) {
                int to_x = left + x, to_y = top + y;
                if (to_x < 0 || to_y < 0 || to_x >= width || to_y >= height) continue;
                if (row[y / SCALE] >> (2 - x / SCALE) & 1)
                    memset(pixels + ((size_t)to_y * (size_t)width + (size_t)to_x) * 3, 0, 3);
            }
    }
}

status_t review_paint_overlay(const char *path, const io_image_t *image, const float *map, const uint8_t *mask,
                              double low, double high)
{
    enum { GAP = 8 };
    static const uint8_t green[3] = {0, 230, 118}, white[3] = {255, 255, 255};
    int width = image->width, height = image->height, stride = 2 * width + GAP;
    uint8_t *pixels = base_alloc((size_t)stride * (size_t)height, 3);
    if (pixels == NULL) return ST_ENOMEM;
    memset(pixels, 255, (size_t)stride * (size_t)height * 3);
    double range = high > low ? high - low : 1;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            size_t at = (size_t)y * (size_t)width + (size_t)x;
            const uint8_t *from = image->pixels + at * 3;
            uint8_t *left = pixels + ((size_t)y * (size_t)stride + (size_t)x) * 3, *right = left + (width + GAP) * 3;
            uint8_t color[3], grey = (uint8_t)((299 * from[0] + 587 * from[1] + 114 * from[2]) / 1000);
            memcpy(left, from, 3);
            memset(right, grey, 3);
            review_heat_color(color, ((double)map[at] - low) / range);
            review_blend(right, color, 0.65);
        }
    if (mask != NULL) {
        review_paint_contour(pixels, stride, mask, width, height, green);
        review_paint_contour(pixels + (size_t)(width + GAP) * 3, stride, mask, width, height, white);
    }
    status_t status = io_png_write_fast(path, pixels, stride, height, 3);
    free(pixels);
    return status;
}

status_t review_write_scale(const char *folder, double low, double high)
{
    enum { WIDTH = 400, HEIGHT = 60, BAR = 30 };
    char path[4096], text[256], left[32], right[32];
    uint8_t *pixels = base_alloc((size_t)WIDTH * HEIGHT, 3);
    if (pixels == NULL) return ST_ENOMEM;
    memset(pixels, 255, (size_t)WIDTH * HEIGHT * 3);
    for (int x = 0; x < WIDTH; x++)
        for (int y = 0; y < BAR; y++)
            review_heat_color(pixels + ((size_t)y * WIDTH + (size_t)x) * 3, (double)x / (WIDTH - 1));
    snprintf(left, sizeof left, "%.4g", low);
    snprintf(right, sizeof right, "%.4g", high);
    review_paint_text(pixels, WIDTH, HEIGHT, 2, BAR + 8, left);
    review_paint_text(pixels, WIDTH, HEIGHT, WIDTH - review_text_width(right) - 2, BAR + 8, right);
    snprintf(path, sizeof path, "%s/scale.png", folder);
    status_t status = io_png_write(path, pixels, WIDTH, HEIGHT, 3);
    free(pixels);
    TRY(status);
    int length = snprintf(text, sizeof text, "{\"low\": %.9g, \"high\": %.9g, \"palette\": \"inferno\"}\n", low, high);
    snprintf(path, sizeof path, "%s/scale.json", folder);
    return io_write_file(path, text, (size_t)length);
}
