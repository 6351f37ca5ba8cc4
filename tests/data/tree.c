#include "tree.h"

#include "io/io.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tree_begin(char root[512], const char *name)
{
    snprintf(root, 512, "%s", check_temp_dir(name));
}

static void place(char path[1024], const char *root, const char *name)
{
    snprintf(path, 1024, "%s/%s", root, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    if (io_make_dirs(path) != ST_OK) fail_msg("%s", fail_message());
    *slash = '/';
}

static void write_grey(const char *root, const char *name, const uint8_t *pixels, int width, int height)
{
    char path[1024];
    place(path, root, name);
    if (io_png_write(path, pixels, width, height, 1) != ST_OK) fail_msg("%s", fail_message());
}

void tree_image(const char *root, const char *name, int width, int height, int shade)
{
    size_t count = (size_t)width * (size_t)height;
    uint8_t *pixels = malloc(count);
    for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)(shade + (int)(i % 7));
    write_grey(root, name, pixels, width, height);
    free(pixels);
}

void tree_mask(const char *root, const char *name, int width, int height, int value)
{
    uint8_t *pixels = calloc((size_t)width * (size_t)height, 1);
    for (int y = 0; y < height / 2; y++)
        for (int x = 0; x < width / 2; x++) pixels[y * width + x] = (uint8_t)value;
    write_grey(root, name, pixels, width, height);
    free(pixels);
}

void tree_text(const char *root, const char *name, const char *text)
{
    char path[1024];
    place(path, root, name);
    if (io_write_file(path, text, strlen(text)) != ST_OK) fail_msg("%s", fail_message());
}

void tree_mvtec(const char *root)
{
    tree_image(root, "part/train/good/000.png", 8, 6, 0);
    tree_image(root, "part/train/good/001.png", 8, 6, 10);
    tree_image(root, "part/train/good/002.PNG", 8, 6, 20);
    tree_image(root, "part/test/good/000.png", 8, 6, 30);
    tree_image(root, "part/test/good/001.png", 8, 6, 40);
    tree_image(root, "part/test/broken/000.png", 8, 6, 50);
    tree_image(root, "part/test/broken/001.png", 8, 6, 60);
    tree_image(root, "part/test/scratch/000.png", 8, 6, 70);
    tree_mask(root, "part/ground_truth/broken/000_mask.png", 8, 6, 255);
    tree_mask(root, "part/ground_truth/broken/001_mask.png", 8, 6, 255);
    tree_mask(root, "part/ground_truth/scratch/000.png", 8, 6, 255);
    tree_text(root, "part/license.txt", "words");
    tree_text(root, "part/train/good/readme.txt", "words");
    tree_text(root, "part/test/.hidden/000.png", "not an image");
    tree_text(root, "license.txt", "words");
}
