/* Small dataset trees for the tests of data: files below a fresh directory, named by their path in the tree. */
#ifndef FGAD_TESTS_TREE_H
#define FGAD_TESTS_TREE_H

/* A fresh empty root; the text is copied into `root`. */
void tree_begin(char root[512], const char *name);
/* A grey PNG of width x height, whatever the name's ending (io reads by content). Its bytes differ for every `shade`. */
void tree_image(const char *root, const char *name, int width, int height, int shade);
/* A grey PNG with the upper left quarter at `value`, the rest 0. */
void tree_mask(const char *root, const char *name, int width, int height, int value);
void tree_text(const char *root, const char *name, const char *text);
/* category "part" in MVTec's layout: 3 train, 2 good, 2 "broken" and 1 "scratch" with masks, 8 x 6, and clutter. */
void tree_mvtec(const char *root);

#endif
