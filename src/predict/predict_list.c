/* The pictures that somebody names: files, and folders with all that is below them. */
#include "predict/predict_internal.h"

#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 16 }; /* folders in folders: a link may lead back */

void predict_pictures_free(predict_pictures_t *pictures)
{
    for (int i = 0; i < pictures->count; i++) {
        free(pictures->item[i].path);
        free(pictures->item[i].name);
    }
    free(pictures->item);
    *pictures = (predict_pictures_t){0};
}

/* "sub/part-01" of "sub/part-01.png": components that any file system takes, without the ending. */
static char *make_name(const char *below)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return NULL;
    while (*below != '\0') {
        size_t length = strcspn(below, "/");
        const char *dot = below[length] == '\0' ? strrchr(below, '.') : NULL;
        size_t used = dot != NULL && dot > below ? (size_t)(dot - below) : length;
        char component[IO_COMPONENT_SIZE], *part = base_format("%.*s", (int)used, below);
        if (part != NULL && used > 0) {
            io_component(component, part);
            fputs(component, out);
        }
        free(part);
        below += length;
        below += strspn(below, "/");
        if (*below != '\0') fputc('/', out);
    }
    return fclose(out) == 0 ? text : NULL;
}

static status_t push(predict_pictures_t *out, const char *path, const char *below)
{
    if ((out->count & (out->count - 1)) == 0) { /* grown at powers of two */
        size_t room = out->count == 0 ? 1 : 2 * (size_t)out->count;
        predict_picture_t *grown = realloc(out->item, room * sizeof *grown);
        if (grown == NULL) return fail(ST_ENOMEM, "no memory for a list of %zu images", room);
        out->item = grown;
    }
    predict_picture_t *item = &out->item[out->count];
    *item = (predict_picture_t){base_format("%s", path), make_name(below)};
    out->count++;
    return item->path != NULL && item->name != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory");
}

/* below: what stands of `folder` behind the folder that was named. */
static status_t list_folder(predict_pictures_t *out, const char *folder, const char *below, int depth)
{
    io_names_t names;
    status_t status = ST_OK;
    TRY(io_list_dir(&names, folder));
    for (int i = 0; i < names.count && status == ST_OK; i++) {
        char *path = base_format("%s/%s", folder, names.name[i]);
        char *rest = base_format("%s%s%s", below, below[0] != '\0' ? "/" : "", names.name[i]);
        if (path == NULL || rest == NULL)
            status = ST_ENOMEM;
        else if (io_is_dir(path))
            status = depth < DEEPEST ? list_folder(out, path, rest, depth + 1)
                                     : fail(ST_EFORMAT, "'%s' lies more than %d folders deep", path, DEEPEST);
        else if (io_image_has_ending(names.name[i]))
            status = push(out, path, rest);
        else
            out->passed_over++;
        free(path);
        free(rest);
    }
    io_names_free(&names);
    return status;
}

/* ---- Names that are there once ---- */

typedef struct {
    const char *name;
    int index;
} named_t;

static int by_name(const void *a, const void *b)
{
    const named_t *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

/* The second "a" becomes "a~2": '~' stands in no other name's end, as long as each round looks again. */
static status_t number_twins(predict_pictures_t *pictures)
{
    named_t *sorted = base_alloc((size_t)pictures->count + 1, sizeof *sorted);
    if (sorted == NULL) return ST_ENOMEM;
    bool changed = true;
    while (changed) {
        changed = false;
        for (int i = 0; i < pictures->count; i++) sorted[i] = (named_t){pictures->item[i].name, i};
        qsort(sorted, (size_t)pictures->count, sizeof *sorted, by_name);
        for (int i = 1, same = 1; i < pictures->count; i++) {
            same = strcmp(pictures->item[sorted[i].index].name, sorted[i - 1].name) == 0 ? same + 1 : 1;
            if (same == 1) continue;
            char **name = &pictures->item[sorted[i].index].name, *other = base_format("%s~%d", *name, same);
            if (other == NULL) return free(sorted), ST_ENOMEM;
            sorted[i].name = sorted[i - 1].name; /* what the next one is compared with */
            free(*name);
            *name = other;
            changed = true;
        }
    }
    free(sorted);
    return ST_OK;
}

status_t predict_pictures_list(predict_pictures_t *out, const char *const *images, int count)
{
    *out = (predict_pictures_t){0};
    status_t status = ST_OK;
    for (int i = 0; i < count && status == ST_OK; i++) {
        const char *slash = strrchr(images[i], '/');
        int before = out->count;
        if (!io_is_dir(images[i])) {
            status = push(out, images[i], slash != NULL ? slash + 1 : images[i]);
            continue;
        }
        status = list_folder(out, images[i], "", 0);
        if (status == ST_OK && out->count == before)
            status = fail(ST_ENOTFOUND, "'%s' holds no image (expected PNG, JPEG, TIFF, BMP or WebP files)", images[i]);
    }
    if (status == ST_OK) status = number_twins(out);
    if (status != ST_OK) predict_pictures_free(out);
    return status;
}

status_t predict_pictures_apart(const char *const *images, int count, const char *out)
{
    for (int i = 0; i < count; i++)
        if (io_is_dir(images[i]) && io_lies_in(out, images[i]))
            return fail(ST_EFORMAT,
                        "'%s' lies in '%s', whose images are to be scored: the pictures made would be among them next "
                        "time (hint: --out beside it)",
                        out, images[i]);
    return ST_OK;
}
