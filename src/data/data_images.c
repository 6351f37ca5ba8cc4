/* The images of one folder, and the masks that belong to them. Nothing is passed over in silence: what is no image of the
 * layout but looks like one becomes a note of the category. */
#include "data/data_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- Names --------------------------------------------------------------------------------------------------------- */

bool data_is_normal_name(const char *folder)
{
    return strcasecmp(folder, "good") == 0 || strcasecmp(folder, "normal") == 0 || strcasecmp(folder, "ok") == 0;
}

/* Letters alone, without case: "Good_2" and "no-defect" sound so. */
bool data_sounds_normal(const char *folder)
{
    static const char *const sounds[] = {"good",     "normal",    "ok",     "okay",       "goods",
                                         "normals",  "pass",      "passed", "defectfree", "nondefective",
                                         "nodefect", "nodefects", "io",     NULL};
    char letters[32];
    size_t used = 0;
    for (const char *at = folder; *at != '\0' && used + 1 < sizeof letters; at++)
        if (isalpha((unsigned char)*at)) letters[used++] = (char)tolower((unsigned char)*at);
    letters[used] = '\0';
    for (int i = 0; sounds[i] != NULL; i++)
        if (strcmp(letters, sounds[i]) == 0) return true;
    return false;
}

/* Length of a file name without its ending. */
static size_t stem_length(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL ? strlen(name) : (size_t)(dot - name);
}

static const char *const mask_suffixes[] = {"_mask", "_gt", "_label", "_seg", "-mask", NULL};

/* Whether the file `mask` is named as a mask of the image's stem; `bare`: the same stem will do. */
static bool is_mask_of(const char *mask, const char *image, size_t stem, bool bare)
{
    size_t length = stem_length(mask);
    if (length < stem || strncmp(mask, image, stem) != 0) return false;
    if (length == stem) return bare;
    for (int s = 0; mask_suffixes[s] != NULL; s++)
        if (length - stem == strlen(mask_suffixes[s]) && strncasecmp(mask + stem, mask_suffixes[s], length - stem) == 0)
            return true;
    return false;
}

/* ---- Folders ------------------------------------------------------------------------------------------------------- */

static bool is_one_of(const char *name, const char *const *names)
{
    for (int i = 0; names != NULL && names[i] != NULL; i++)
        if (strcasecmp(name, names[i]) == 0) return true;
    return false;
}

static bool is_unread(const char *name)
{
    for (int e = 0; io_image_unread_endings[e] != NULL; e++)
        if (data_ends_with(name, io_image_unread_endings[e])) return true;
    return false;
}

/* levels: how many folders deep to look yet. */
static int count_below(const char *path, int levels)
{
    enum { MOST = 100000 };
    io_names_t files, folders;
    int count = 0;
    if (levels == 0 || io_list_parted(&files, &folders, path) != ST_OK) return 0;
    for (int i = 0; i < files.count; i++) count += io_image_has_ending(files.name[i]);
    for (int i = 0; i < folders.count && count < MOST; i++) {
        char *inside = data_join(path, folders.name[i]);
        if (inside != NULL) count += count_below(inside, levels - 1);
        free(inside);
    }
    io_names_free(&files);
    io_names_free(&folders);
    return count;
}

int data_count_images(const char *path)
{
    return count_below(path, 4);
}

/* A folder where none is expected: its images are left out, and that is told. */
static status_t note_folder(data_findings_t *notes, data_kind_t kind, const char *path, const char *name)
{
    char *inside = data_join(path, name);
    if (inside == NULL) return ST_ENOMEM;
    int count = data_count_images(inside);
    status_t status = ST_OK;
    if (count > 0)
        status = data_note(notes, kind, count, "'%s' holds %d image%s", inside, count, count == 1 ? "" : "s");
    free(inside);
    return status;
}

status_t data_note_strays(data_category_t *category, const char *path, const char *const *known, data_kind_t folders)
{
    io_names_t files, inside;
    int loose = 0;
    TRY(io_list_parted(&files, &inside, path));
    status_t status = ST_OK;
    const char *first = NULL;
    for (int i = 0; i < inside.count && status == ST_OK; i++)
        if (!is_one_of(inside.name[i], known)) status = note_folder(&category->notes, folders, path, inside.name[i]);
    for (int i = 0; i < files.count; i++)
        if ((io_image_has_ending(files.name[i]) || is_unread(files.name[i])) && loose++ == 0) first = files.name[i];
    if (status == ST_OK && loose > 0)
        status = data_note(&category->notes, DATA_LOOSE, loose, "'%s/%s'%s", path, first,
                           loose > 1 ? " and others beside it" : "");
    io_names_free(&files);
    io_names_free(&inside);
    return status;
}

char *data_find_folder(const char *base, const char *const *names)
{
    io_names_t there;
    char *found = NULL;
    for (int i = 0; names[i] != NULL; i++)
        if (data_is_dir_in(base, names[i])) return base_format("%s", names[i]);
    if (io_list_dir(&there, base) != ST_OK) return NULL;
    for (int i = 0; i < there.count && found == NULL; i++)
        if (is_one_of(there.name[i], names) && data_is_dir_in(base, there.name[i]))
            found = base_format("%s", there.name[i]);
    io_names_free(&there);
    return found;
}

/* ---- Images of one folder ------------------------------------------------------------------------------------------ */

/* Moves the names that are masks of others of `images` to `masks`. Both are sorted. */
static status_t part_masks(io_names_t *images, io_names_t *masks)
{
    int kept = 0;
    status_t status = ST_OK;
    bool *is_mask = calloc((size_t)images->count + 1, sizeof *is_mask);
    if (is_mask == NULL) return fail(ST_ENOMEM, "out of memory");
    /* A mask's stem begins with its image's: only names with that beginning stand between them. */
    for (int i = 0; i < images->count; i++) {
        size_t stem = stem_length(images->name[i]);
        for (int k = i + 1; k < images->count && strncmp(images->name[k], images->name[i], stem) == 0; k++)
            is_mask[k] = is_mask[k] || is_mask_of(images->name[k], images->name[i], stem, false);
        for (int k = i - 1; k >= 0 && strncmp(images->name[k], images->name[i], stem) == 0; k--)
            is_mask[k] = is_mask[k] || is_mask_of(images->name[k], images->name[i], stem, false);
    }
    for (int i = 0; i < images->count; i++) {
        if (is_mask[i] && status == ST_OK) status = data_names_push(masks, images->name[i]);
        if (is_mask[i])
            free(images->name[i]);
        else
            images->name[kept++] = images->name[i];
    }
    images->count = kept;
    free(is_mask);
    return status;
}

/* Names in `path` that end as images do. Others that look like images, and folders not in `known`, are noted. */
static status_t list_pictures(io_names_t *out, data_findings_t *notes, const char *path, const char *const *known)
{
    io_names_t folders;
    int kept = 0;
    status_t status = ST_OK;
    TRY(io_list_parted(out, &folders, path));
    for (int i = 0; i < folders.count && status == ST_OK; i++) {
        const char *name = folders.name[i];
        if (!is_one_of(name, known)) status = note_folder(notes, DATA_SUBFOLDER, path, name);
        if (status == ST_OK && io_image_has_ending(name))
            status = data_note(notes, DATA_FOLDER_AS_IMAGE, 1, "'%s/%s'", path, name);
    }
    for (int i = 0; i < out->count; i++) {
        char *name = out->name[i];
        if (status == ST_OK && is_unread(name))
            status = data_note(notes, DATA_UNREAD_KIND, 1,
                               "'%s/%s': this kind of image is not read; expected PNG, JPEG, TIFF, BMP or WebP (hint: "
                               "convert it)",
                               path, name);
        if (io_image_has_ending(name))
            out->name[kept++] = name;
        else
            free(name); /* license.txt, Thumbs.db */
    }
    out->count = kept;
    io_names_free(&folders);
    if (status != ST_OK) io_names_free(out);
    return status;
}

status_t data_list_images(io_names_t *out, io_names_t *masks, data_findings_t *notes, const char *path,
                          const char *const *known)
{
    *masks = (io_names_t){0};
    TRY(list_pictures(out, notes, path, known));
    status_t status = part_masks(out, masks);
    if (status != ST_OK) io_names_free(out), io_names_free(masks);
    return status;
}

static status_t note_beside(data_category_t *category, const char *path, const io_names_t *masks)
{
    for (int i = 0; i < masks->count; i++)
        TRY(data_note(&category->notes, DATA_MASK_BESIDE, 1, "'%s/%s'", path, masks->name[i]));
    return ST_OK;
}

status_t data_push_normals(data_category_t *category, const char *base, const char *folder, bool test,
                           const char *const *known)
{
    io_names_t names = {0}, masks = {0};
    char *path = data_join(base, folder), *name = NULL;
    status_t status = path == NULL ? ST_ENOMEM : data_list_images(&names, &masks, &category->notes, path, known);
    if (status == ST_OK) status = note_beside(category, path, &masks);
    for (int i = 0; status == ST_OK && i < names.count; i++) {
        name = data_join(folder, names.name[i]);
        data_entry_t entry = {.base = base, .name = name, .defect = "good"};
        if (name == NULL)
            status = ST_ENOMEM;
        else
            status = test ? data_push_test(category, &entry) : data_push_train(category, &entry);
        free(name);
    }
    io_names_free(&names);
    io_names_free(&masks);
    free(path);
    return status;
}

/* ---- A defect's images and their masks ----------------------------------------------------------------------------- */

typedef struct {
    io_names_t names;
    int *used; /* (names.count) by how many images */
    char *dir; /* that they lie in */
} masks_t;

static status_t find_mask(const char **out, data_category_t *category, const masks_t *masks, const char *image_dir,
                          const char *image)
{
    size_t stem = stem_length(image);
    *out = NULL;
    for (int i = 0; i < masks->names.count; i++) {
        const char *mask = masks->names.name[i];
        if (!is_mask_of(mask, image, stem, true)) continue;
        masks->used[i]++;
        if (*out != NULL) {
            TRY(data_note(&category->notes, DATA_MASK_TWO, 1, "'%s/%s' has '%s' and '%s'", image_dir, image, *out,
                          mask));
            continue;
        }
        if (masks->used[i] > 1)
            TRY(data_note(&category->notes, DATA_MASK_SHARED, 1,
                          "'%s/%s' is the mask of '%s', too, and of another image of that stem", masks->dir, mask,
                          image));
        *out = mask;
    }
    return ST_OK;
}

/* What became of the masks: spare ones, and those that lay beside the images. */
static status_t note_masks(data_category_t *category, const masks_t *masks, bool beside)
{
    int used = 0;
    for (int i = 0; i < masks->names.count; i++) {
        used += masks->used[i] > 0;
        if (masks->used[i] == 0)
            TRY(data_note(&category->notes, DATA_MASK_SPARE, 1, "'%s/%s'", masks->dir, masks->names.name[i]));
    }
    if (beside && used > 0)
        TRY(data_note(&category->notes, DATA_MASK_BESIDE_USED, used, "'%s/%s'", masks->dir, masks->names.name[0]));
    return ST_OK;
}

static status_t push_defect_image(data_category_t *category, const char *base, const char *folder, const char *defect,
                                  const masks_t *masks, const char *image, bool required)
{
    const char *found = NULL;
    char *name = data_join(folder, image), *mask = NULL, *image_dir = data_join(base, folder);
    status_t status = ST_ENOMEM;
    if (name == NULL || image_dir == NULL) goto done;
    TRY_DONE(find_mask(&found, category, masks, image_dir, image));
    if (found == NULL && required) {
        int stem = (int)stem_length(image);
        TRY_DONE(data_note(&category->notes, DATA_MASK_MISSING, 1,
                           "'%s/%s' has no mask; expected '%s/%.*s.png' or '%.*s_mask.png'", image_dir, image,
                           masks->dir, stem, image, stem, image));
    }
    if (found != NULL && (mask = data_join(masks->dir, found)) == NULL) goto done;
    data_entry_t entry = {.base = base, .name = name, .defect = defect, .mask = mask, .label = 1};
    status = data_push_test(category, &entry);
done:
    free(name);
    free(mask);
    free(image_dir);
    return status;
}

status_t data_push_defect(data_category_t *category, const char *base, const char *defect, const char *mask_folder)
{
    status_t status = ST_ENOMEM;
    io_names_t images = {0}, beside = {0};
    masks_t masks = {0};
    char *folder = base_format("test/%s", defect), *image_dir = NULL;
    bool required = mask_folder != NULL;
    if (folder == NULL || (image_dir = data_join(base, folder)) == NULL) goto done;
    masks.dir = required ? base_format("%s/%s/%s", base, mask_folder, defect) : base_format("%s", image_dir);
    if (masks.dir == NULL) goto done;
    TRY_DONE(data_list_images(&images, &beside, &category->notes, image_dir, NULL));
    if (images.count == 0) TRY_DONE(data_note(&category->notes, DATA_EMPTY_FOLDER, 1, "'%s'", image_dir));
    if (data_sounds_normal(defect) && images.count > 0)
        TRY_DONE(data_note(&category->notes, DATA_NORMAL_AS_DEFECT, images.count,
                           "'%s' holds %d image%s, taken for the defect '%s'", image_dir, images.count,
                           images.count == 1 ? "" : "s", defect));
    if (!required) {
        masks.names = beside;
        beside = (io_names_t){0};
    } else if (io_is_dir(masks.dir)) {
        TRY_DONE(note_beside(category, image_dir, &beside));
        TRY_DONE(list_pictures(&masks.names, &category->notes, masks.dir, NULL));
    } else if (images.count > 0) {
        TRY_DONE(data_note(&category->notes, DATA_MASK_MISSING, images.count,
                           "'%s': no such folder; expected the masks of the %d image%s of '%s'", masks.dir,
                           images.count, images.count == 1 ? "" : "s", image_dir));
        required = false;
    }
    status = ST_ENOMEM;
    masks.used = calloc((size_t)masks.names.count + 1, sizeof *masks.used);
    if (masks.used == NULL) goto done;
    /* Masks beside the images are an answer for all of them or for none. */
    required = required || (mask_folder == NULL && masks.names.count > 0);
    for (int i = 0; i < images.count; i++)
        TRY_DONE(push_defect_image(category, base, folder, defect, &masks, images.name[i], required));
    status = note_masks(category, &masks, mask_folder == NULL);
done:
    free(masks.used);
    free(masks.dir);
    free(folder);
    free(image_dir);
    io_names_free(&masks.names);
    io_names_free(&images);
    io_names_free(&beside);
    return status;
}
