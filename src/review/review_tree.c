/* Where each test image's map lies in the tree that MVTec's evaluation reads: <category>/test/<defect>/<id>.tiff. */
#include "review/review_internal.h"

#include <stdlib.h>
#include <string.h>

void review_names_free(char **names, int n)
{
    for (int i = 0; names != NULL && i < n; i++) free(names[i]);
    free(names);
}

/* "test/<defect>/<id>" of an image; with `whole`, <id> is its whole name below the category. */
static char *tree_name(const data_image_t *image, bool whole)
{
    const char *name = image->name, *slash = strrchr(name, '/');
    if (!whole && slash != NULL) name = slash + 1;
    const char *dot = strrchr(name, '.');
    int length = dot != NULL && strchr(dot, '/') == NULL ? (int)(dot - name) : (int)strlen(name);
    char *out = base_format("test/%s/%.*s", image->defect, length, name);
    for (char *at = out != NULL ? out + strlen("test/") + strlen(image->defect) + 1 : NULL; at != NULL && *at != '\0';
         at++)
        if (*at == '/') *at = '_';
    return out;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static status_t make_names(char **names, const data_category_t *images, const int *keep, int n, bool whole)
{
    for (int i = 0; i < n; i++) {
        free(names[i]);
        names[i] = tree_name(&images->test[keep[i]], whole);
        if (names[i] == NULL) return ST_ENOMEM;
    }
    return ST_OK;
}

status_t review_tree_names(char ***out, const data_category_t *images, const int *keep, int n)
{
    char **names = calloc((size_t)n + 1, sizeof *names), **sorted = base_alloc((size_t)n + 1, sizeof *sorted);
    status_t status = names != NULL && sorted != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory");
    if (status == ST_OK) status = make_names(names, images, keep, n, false);
    bool twice = false;
    if (status == ST_OK) {
        memcpy(sorted, names, (size_t)n * sizeof *sorted);
        qsort(sorted, (size_t)n, sizeof *sorted, by_text);
        for (int i = 1; i < n; i++) twice = twice || strcmp(sorted[i], sorted[i - 1]) == 0;
    }
    /* Two images of one defect with one file name, from different folders: their whole names tell them apart. */
    if (twice) status = make_names(names, images, keep, n, true);
    free(sorted);
    if (status != ST_OK) {
        review_names_free(names, n);
        return status;
    }
    *out = names;
    return ST_OK;
}
