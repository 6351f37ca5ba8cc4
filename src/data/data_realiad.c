#include "data/data_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Where it lies ----------------------------------------------------------------------------------------------- */

static const char *const trees[] = {"256", "512", "1024", "raw", NULL};

/* The folder in `path` called `name`, letters of any case, or NULL. Heap. */
static char *find_named(const char *path, const char *name)
{
    const char *const names[] = {name, NULL};
    char *found = data_find_folder(path, names), *whole = found != NULL ? data_join(path, found) : NULL;
    free(found);
    return whole;
}

/* The directory that holds the categories (caller frees): realiad_<tree> below root, or root itself. An archive may unpack
 * to a folder of its own name inside it. */
static status_t find_tree(char **out, const char *root, const data_options_t *options)
{
    *out = NULL;
    const char *which = NULL;
    char name[32];
    for (int i = 0; trees[i] != NULL; i++) {
        snprintf(name, sizeof name, "realiad_%s", trees[i]);
        if (options->tree != NULL && strcmp(options->tree, trees[i]) != 0) continue;
        char *found = find_named(root, name);
        if (found == NULL) continue;
        if (which != NULL) {
            free(found);
            free(*out);
            *out = NULL;
            return fail(ST_EFORMAT,
                        "'%s' holds realiad_%s and realiad_%s; expected to be told which (hint: -s tree=%s, or another "
                        "of 256, 512, 1024, raw)",
                        root, which, trees[i], which);
        }
        which = trees[i];
        char *nested = find_named(found, name);
        *out = nested != NULL ? nested : found;
        if (nested != NULL) free(found);
    }
    if (*out == NULL && options->tree != NULL)
        return fail(ST_ENOTFOUND, "'%s/realiad_%s': no such folder; expected one of realiad_256, _512, _1024, _raw",
                    root, options->tree);
    if (*out == NULL) *out = base_format("%s", root);
    return *out == NULL ? ST_ENOMEM : ST_OK;
}

static bool has_normals(const char *base)
{
    return data_is_dir_in(base, "OK");
}

status_t data_realiad_list(io_names_t *out, const char *root, const data_options_t *options)
{
    *out = (io_names_t){0};
    char *tree;
    TRY(find_tree(&tree, root, options));
    status_t status = data_list_folders(out, tree);
    data_names_keep(out, tree, has_normals);
    free(tree);
    return status;
}

/* ---- Views and samples ------------------------------------------------------------------------------------------- */

/* "C1" (the default), ..., "C5", or NULL for all. */
static status_t wanted_view(const char **out, const data_options_t *options)
{
    *out = options->views == NULL ? "C1" : options->views;
    if (strcmp(*out, "all") == 0) {
        *out = NULL;
        return ST_OK;
    }
    if ((*out)[0] == 'C' && (*out)[1] >= '1' && (*out)[1] <= '5' && (*out)[2] == '\0') return ST_OK;
    return fail(ST_EFORMAT, "views is '%s'; expected C1, C2, C3, C4, C5 or all", *out);
}

bool data_has_view(const char *name, const char *view)
{
    if (view == NULL) return true;
    const char *file = strrchr(name, '/');
    char part[8];
    snprintf(part, sizeof part, "_%s_", view);
    return strstr(file == NULL ? name : file, part) != NULL;
}

/* The folder part of a name, which is the sample: "NG/BX/S0001". */
static char *sample_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    return base_format("%.*s", slash == NULL ? 0 : (int)(slash - name), name);
}

typedef struct {
    data_category_t *category;
    const char *base; /* directory of the category */
    const char *view; /* NULL: all */
    bool test_shots;  /* normal test images of a split may be shots */
} reader_t;

typedef enum { TRAIN = 1, TEST = 2 } part_t;

/* mask: below base, or NULL. A mask that is not on disk is none: some views of a defective sample show no defect. */
static status_t push(const reader_t *reader, int parts, const char *name, data_size_t size, const char *defect,
                     const char *mask)
{
    status_t status = ST_ENOMEM;
    char *sample = sample_of(name), *mask_path = NULL;
    if (sample == NULL || (mask != NULL && (mask_path = data_join(reader->base, mask)) == NULL)) goto done;
    const data_size_t mask_size = mask_path != NULL ? data_size(mask_path) : (data_size_t){0};
    if (parts == (TRAIN | TEST) && !size.known) { /* two entries, one question */
        char *path = data_join(reader->base, name);
        if (path == NULL) goto done;
        size = data_size(path);
        free(path);
    }
    data_entry_t entry = {.base = reader->base,
                          .name = name,
                          .defect = defect == NULL ? "good" : defect,
                          .mask = mask_size.bytes >= 0 ? mask_path : NULL,
                          .sample = sample,
                          .label = defect != NULL,
                          .size = size,
                          .mask_size = mask_size};
    status = ST_OK;
    if (parts & TRAIN) status = data_push_train(reader->category, &entry);
    if (status == ST_OK && (parts & TEST)) status = data_push_test(reader->category, &entry);
done:
    free(sample);
    free(mask_path);
    return status;
}

/* ---- The split files ------------------------------------------------------------------------------------------------
 * {"meta": {"prefix": "<category>/", "normal_class": "OK"}, "train": [S...], "test": [S...]},
 * S = {"category", "anomaly_class", "image_path", "mask_path" (null for normal)}, paths below prefix. */

/* Paths stay below the category, and a defect is one word: they become names of files and folders. */
static status_t check_entry(const char *file, const char *key, int i, const char *name, const char *defect,
                            const char *mask)
{
    char word[IO_COMPONENT_SIZE];
    const char *path = !io_path_stays_inside(name) ? name : mask != NULL && !io_path_stays_inside(mask) ? mask : NULL;
    if (path != NULL)
        return fail(ST_EFORMAT, "'%s': %s[%d] names '%s', which leads out of its folder; expected a path below it",
                    file, key, i, path);
    io_component(word, defect);
    if (strcmp(word, defect) == 0) return ST_OK;
    char shown[512];
    (void)base_visible(shown, sizeof shown, defect);
    return fail(ST_EFORMAT, "'%s': %s[%d] has the anomaly_class '%s', expected one word, as 'BX'", file, key, i, shown);
}

static status_t read_part(const reader_t *reader, const char *file, io_json_node_t root, const char *key, part_t part,
                          const char *normal)
{
    io_json_node_t samples = io_json_get(root, key);
    if (samples == NULL || io_json_kind(samples) != IO_JSON_ARRAY)
        return fail(ST_EFORMAT, "'%s': '%s' is missing or no array; expected the list of its images", file, key);
    for (int i = 0; i < io_json_count(samples); i++) {
        io_json_node_t sample = io_json_at(samples, i);
        const char *name = io_json_string(io_json_get(sample, "image_path"));
        const char *defect = io_json_string(io_json_get(sample, "anomaly_class"));
        const char *mask = io_json_string(io_json_get(sample, "mask_path"));
        if (mask != NULL && mask[0] == '\0') mask = NULL;
        if (name == NULL || defect == NULL)
            return fail(ST_EFORMAT, "'%s': %s[%d] lacks the text '%s'", file, key, i,
                        name == NULL ? "image_path" : "anomaly_class");
        TRY(check_entry(file, key, i, name, defect, mask));
        if (!data_has_view(name, reader->view)) continue;
        bool anomalous = strcmp(defect, normal) != 0;
        if (anomalous && part == TRAIN)
            return fail(ST_EFORMAT,
                        "'%s': train[%d] ('%s') is anomalous ('%s'); expected '%s' only (hint: the fuiad splits have "
                        "noisy training sets)",
                        file, i, name, defect, normal);
        char *path = data_join(reader->base, name);
        if (path == NULL) return ST_ENOMEM;
        const data_size_t size = data_size(path);
        free(path);
        if (size.bytes < 0) {
            TRY(data_note(&reader->category->notes, DATA_ABSENT, 1,
                          "'%s/%s': no such file, but '%s' names it in %s[%d]", reader->base, name, file, key, i));
            continue;
        }
        int parts = part | (part == TEST && !anomalous && reader->test_shots ? TRAIN : 0);
        TRY(push(reader, parts, name, size, anomalous ? defect : NULL, anomalous ? mask : NULL));
    }
    return ST_OK;
}

/* <tree>/<prefix>, or <root>/<prefix> where the prefix begins with the tree's own name. */
static status_t find_base(char **out, const char *root, const char *tree, const char *prefix, const char *file)
{
    if (!io_path_stays_inside(prefix))
        return fail(ST_EFORMAT, "'%s': meta.prefix is '%s', which leads out of its folder; expected '<category>/'",
                    file, prefix);
    *out = data_join(tree, prefix);
    char *other = data_join(root, prefix);
    if (*out != NULL && other != NULL && !io_is_dir(*out) && io_is_dir(other)) {
        char *swap = *out;
        *out = other;
        other = swap;
    }
    free(other);
    if (*out == NULL) return ST_ENOMEM;
    for (size_t end = strlen(*out); end > 1 && (*out)[end - 1] == '/'; end--) (*out)[end - 1] = '\0';
    return ST_OK;
}

static status_t read_split(data_category_t *out, const char *root, const char *tree, const char *file, const char *view,
                           bool test_shots)
{
    io_json_t *json = NULL;
    char *base = NULL;
    TRY(io_json_read(&json, file));
    status_t status = ST_OK;
    io_json_node_t top = io_json_root(json), meta = io_json_get(top, "meta");
    const char *prefix = meta == NULL ? NULL : io_json_string(io_json_get(meta, "prefix"));
    const char *normal = meta == NULL ? NULL : io_json_string(io_json_get(meta, "normal_class"));
    TRY_DONE(find_base(&base, root, tree, prefix == NULL ? out->category : prefix, file));
    reader_t reader = {out, base, view, test_shots};
    if (normal == NULL) normal = "OK";
    TRY_DONE(read_part(&reader, file, top, "train", TRAIN, normal));
    TRY_DONE(read_part(&reader, file, top, "test", TEST, normal));
done:
    free(base);
    io_json_free(json);
    return status;
}

/* ---- The bare tree: OK/S0001, NG/<defect>/S0001 ---- */

/* Whether `name`, a PNG, is the mask of another file of the list: a picture of the same stem and another ending. */
static bool is_mask(const io_names_t *files, const char *name)
{
    size_t stem = strlen(name) - strlen(".png");
    if (!data_ends_with(name, ".png")) return false;
    for (int i = 0; i < files->count; i++)
        if (strncmp(files->name[i], name, stem) == 0 && files->name[i][stem] == '.' &&
            strcmp(files->name[i], name) != 0)
            return true;
    return false;
}

/* Images of one sample's folder. Beside an anomalous image lies its mask: a PNG of the same stem, or <stem>_mask.png. */
static status_t read_sample(const reader_t *reader, const char *folder, const char *defect)
{
    io_names_t files = {0}, marked = {0};
    char *path = data_join(reader->base, folder), *name = NULL, *mask = NULL;
    data_findings_t *notes = &reader->category->notes;
    status_t status = path == NULL ? ST_ENOMEM : data_list_images(&files, &marked, notes, path, NULL);
    for (int i = 0; status == ST_OK && i < files.count; i++) {
        if (is_mask(&files, files.name[i]) || !data_has_view(files.name[i], reader->view)) continue;
        const char *dot = strrchr(files.name[i], '.');
        bool png = data_ends_with(files.name[i], ".png");
        name = data_join(folder, files.name[i]);
        mask = base_format("%s/%.*s%s.png", folder, (int)(dot - files.name[i]), files.name[i], png ? "_mask" : "");
        if (name == NULL || mask == NULL)
            status = ST_ENOMEM;
        else
            status = push(reader, defect == NULL ? TRAIN | TEST : TEST, name, (data_size_t){0}, defect,
                          defect == NULL ? NULL : mask);
        free(name);
        free(mask);
    }
    io_names_free(&files);
    io_names_free(&marked);
    free(path);
    return status;
}

static status_t read_samples(const reader_t *reader, const char *folder, const char *defect)
{
    io_names_t samples = {0};
    char *path = data_join(reader->base, folder);
    status_t status = path == NULL ? ST_ENOMEM : data_list_folders(&samples, path);
    for (int i = 0; status == ST_OK && i < samples.count; i++) {
        char *sample = data_join(folder, samples.name[i]);
        status = sample == NULL ? ST_ENOMEM : read_sample(reader, sample, defect);
        free(sample);
    }
    io_names_free(&samples);
    free(path);
    return status;
}

static status_t read_tree(data_category_t *out, const char *tree, const char *category, const char *view)
{
    status_t status = ST_ENOMEM;
    io_names_t defects = {0};
    char *base = data_join(tree, category), *anomalous = base == NULL ? NULL : data_join(base, "NG"), *folder = NULL;
    if (anomalous == NULL) goto done;
    reader_t reader = {out, base, view, false};
    TRY_DONE(read_samples(&reader, "OK", NULL));
    if (!io_is_dir(anomalous)) {
        status = fail(ST_ENOTFOUND, "'%s': no such folder; expected the anomalous test images, <defect>/S*/*.jpg",
                      anomalous);
        goto done;
    }
    TRY_DONE(data_list_folders(&defects, anomalous));
    for (int i = 0; status == ST_OK && i < defects.count; i++) {
        folder = data_join("NG", defects.name[i]);
        status = folder == NULL ? ST_ENOMEM : read_samples(&reader, folder, defects.name[i]);
        free(folder);
    }
done:
    io_names_free(&defects);
    free(anomalous);
    free(base);
    return status;
}

status_t data_realiad_read(data_category_t *out, const char *root, const char *category, const data_options_t *options)
{
    const char *view;
    char *tree = NULL, *file = NULL;
    TRY(wanted_view(&view, options));
    TRY(find_tree(&tree, root, options));
    status_t status = data_realiad_find_split(&out->split, &file, root, category, view);
    if (status == ST_OK)
        status = file != NULL ? read_split(out, root, tree, file, view, options->shots_listed)
                              : read_tree(out, tree, category, view);
    if (status == ST_OK && file == NULL)
        status = data_note(&out->notes, DATA_NO_SPLIT, 1, "'%s' has no folder realiad_jsons or realiad_jsons_sv", root);
    free(file);
    free(tree);
    return status;
}
