/* Where each test image's map lies in the tree that MVTec's evaluation reads: <category>/test/<defect>/<id>.tiff. */
#include "review/review_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void review_names_free(char **names, int n)
{
    for (int i = 0; names != NULL && i < n; i++) free(names[i]);
    free(names);
}

/* What <id> is made of, from the shortest to what tells images apart at last. */
typedef enum { STEM, FILE_NAME, WHOLE_STEM, WHOLE_NAME } form_t;

/* "test/<defect>/<id>" of an image; the defect and the id are one component each. */
static char *tree_name(const data_image_t *image, form_t form)
{
    char defect[IO_COMPONENT_SIZE], id[IO_COMPONENT_SIZE];
    const char *name = image->name, *slash = strrchr(name, '/');
    if ((form == STEM || form == FILE_NAME) && slash != NULL) name = slash + 1;
    const char *dot = strrchr(name, '.');
    bool cut = (form == STEM || form == WHOLE_STEM) && dot != NULL && strchr(dot, '/') == NULL;
    char *text = base_format("%.*s", cut ? (int)(dot - name) : (int)strlen(name), name);
    if (text == NULL) return NULL;
    io_component(defect, image->defect);
    io_component(id, text);
    free(text);
    return base_format("test/%s/%s", defect, id);
}

typedef struct {
    const char *name;
    int image;
} named_t;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named_t *)a)->name, ((const named_t *)b)->name);
}

/* twice (n): whether another image has the name of image i; sorted (n) is scratch. */
static bool find_twice(bool *twice, named_t *sorted, char *const *names, int n)
{
    bool any = false;
    for (int i = 0; i < n; i++) sorted[i] = (named_t){names[i], i};
    qsort(sorted, (size_t)n, sizeof *sorted, by_name);
    for (int i = 0; i < n; i++) twice[i] = false;
    for (int i = 1; i < n; i++)
        if (by_name(&sorted[i], &sorted[i - 1]) == 0) twice[sorted[i].image] = twice[sorted[i - 1].image] = any = true;
    return any;
}

/* Names in form `usual`; those that are there twice in form `other`. *unique: no two are the same then. */
static status_t make_names(bool *unique, char **names, const data_category_t *images, const int *keep, int n,
                           form_t usual, form_t other)
{
    status_t status = ST_ENOMEM;
    bool *twice = base_alloc((size_t)n + 1, sizeof *twice);
    named_t *sorted = base_alloc((size_t)n + 1, sizeof *sorted);
    if (twice == NULL || sorted == NULL) goto done;
    for (int i = 0; i < n; i++) {
        free(names[i]);
        names[i] = tree_name(&images->test[keep[i]], usual);
        if (names[i] == NULL) goto done;
    }
    status = ST_OK;
    *unique = !find_twice(twice, sorted, names, n);
    if (*unique || usual == other) goto done;
    for (int i = 0; i < n && status == ST_OK; i++) {
        if (!twice[i]) continue;
        free(names[i]);
        names[i] = tree_name(&images->test[keep[i]], other);
        if (names[i] == NULL) status = ST_ENOMEM;
    }
    if (status == ST_OK) *unique = !find_twice(twice, sorted, names, n);
done:
    free(twice);
    free(sorted);
    return status;
}

static int by_letters(const void *a, const void *b)
{
    return strcasecmp(((const named_t *)a)->name, ((const named_t *)b)->name);
}

status_t review_tree_warn_case(char *const *names, int n)
{
    named_t *sorted = base_alloc((size_t)n + 1, sizeof *sorted);
    if (sorted == NULL) return ST_ENOMEM;
    for (int i = 0; i < n; i++) sorted[i] = (named_t){names[i], i};
    qsort(sorted, (size_t)n, sizeof *sorted, by_letters);
    int pairs = 0, first = 0;
    for (int i = 1; i < n; i++)
        if (by_letters(&sorted[i], &sorted[i - 1]) == 0 && pairs++ == 0) first = i;
    if (pairs > 0)
        log_warn(
            "'%s' and '%s' differ by case alone (%d pair%s of that sort): a file system that knows no case (macOS, "
            "Windows, memory sticks) keeps one of the two (hint: rename one of the images)",
            sorted[first - 1].name, sorted[first].name, pairs, pairs == 1 ? "" : "s");
    free(sorted);
    return ST_OK;
}

status_t review_tree_names(char ***out, const data_category_t *images, const int *keep, int n)
{
    /* Two images of one stem keep their endings; of one name, from different folders, their whole names tell them apart. */
    static const form_t forms[][2] = {{STEM, FILE_NAME}, {WHOLE_STEM, WHOLE_NAME}, {WHOLE_NAME, WHOLE_NAME}};
    bool unique = false;
    char **names = calloc((size_t)n + 1, sizeof *names);
    status_t status = names != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory");
    for (int f = 0; f < 3 && status == ST_OK && !unique; f++)
        status = make_names(&unique, names, images, keep, n, forms[f][0], forms[f][1]);
    for (int i = 0; i < n && status == ST_OK && !unique; i++)
        for (int k = 0; k < i && status == ST_OK; k++)
            if (strcmp(names[i], names[k]) == 0)
                status = fail(ST_EFORMAT, "'%s' and '%s' would be one file, '%s' (hint: rename one of the images)",
                              images->test[keep[k]].path, images->test[keep[i]].path, names[i]);
    if (status != ST_OK) {
        review_names_free(names, n);
        return status;
    }
    *out = names;
    return ST_OK;
}

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

status_t review_imported_path(char out[4096], const review_stored_t *stored, int i)
{
    return find_tiff(out, stored->tree, stored->category, stored->names[i]);
}
