#include "data/data_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Where it lies ----------------------------------------------------------------------------------------------- */

static const char *const trees[] = {"256", "512", "1024", "raw", NULL};

/* The directory that holds the categories (caller frees): realiad_<tree> below root, or root itself. */
static status_t find_tree(char **out, const char *root, const data_options_t *options)
{
    *out = NULL;
    const char *found = NULL;
    char name[32];
    for (int i = 0; trees[i] != NULL; i++) {
        snprintf(name, sizeof name, "realiad_%s", trees[i]);
        if ((options->tree != NULL && strcmp(options->tree, trees[i]) != 0) || !data_is_dir_in(root, name)) continue;
        if (found != NULL)
            return fail(ST_EFORMAT,
                        "'%s' holds realiad_%s and realiad_%s; expected to be told which (hint: choose one of 256, "
                        "512, 1024, raw)",
                        root, found, trees[i]);
        found = trees[i];
    }
    if (found == NULL && options->tree != NULL)
        return fail(ST_ENOTFOUND, "'%s/realiad_%s': no such folder; expected one of realiad_256, _512, _1024, _raw",
                    root, options->tree);
    *out = found == NULL ? base_format("%s", root) : base_format("%s/realiad_%s", root, found);
    return *out == NULL ? ST_ENOMEM : ST_OK;
}

status_t data_realiad_list(io_names_t *out, const char *root, const data_options_t *options)
{
    *out = (io_names_t){0};
    char *tree;
    TRY(find_tree(&tree, root, options));
    status_t status = data_list_folders(out, tree);
    int kept = 0;
    for (int i = 0; i < out->count; i++) {
        char *base = data_join(tree, out->name[i]);
        if (base != NULL && data_is_dir_in(base, "OK"))
            out->name[kept++] = out->name[i];
        else
            free(out->name[i]);
        free(base);
    }
    out->count = kept;
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

/* Whether the file name has "_<view>_" in it. */
static bool has_view(const char *name, const char *view)
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
} reader_t;

typedef enum { TRAIN = 1, TEST = 2 } part_t;

/* mask: below base, or NULL. A mask that is not on disk is none: some views of a defective sample show no defect. */
static status_t push(const reader_t *reader, int parts, const char *name, const char *defect, const char *mask)
{
    status_t status = ST_ENOMEM;
    char *sample = sample_of(name), *mask_path = NULL;
    if (sample == NULL || (mask != NULL && (mask_path = data_join(reader->base, mask)) == NULL)) goto done;
    data_entry_t entry = {.base = reader->base,
                          .name = name,
                          .defect = defect == NULL ? "good" : defect,
                          .mask = mask_path != NULL && io_exists(mask_path) ? mask_path : NULL,
                          .sample = sample,
                          .label = defect != NULL};
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
        if (name == NULL || defect == NULL)
            return fail(ST_EFORMAT, "'%s': %s[%d] lacks the text '%s'", file, key, i,
                        name == NULL ? "image_path" : "anomaly_class");
        if (!has_view(name, reader->view)) continue;
        bool anomalous = strcmp(defect, normal) != 0;
        if (anomalous && part == TRAIN)
            return fail(ST_EFORMAT,
                        "'%s': train[%d] ('%s') is anomalous ('%s'); expected '%s' only (hint: the fuiad splits have "
                        "noisy training sets)",
                        file, i, name, defect, normal);
        char *path = data_join(reader->base, name);
        bool there = path != NULL && io_exists(path);
        free(path);
        if (!there)
            return fail(ST_ENOTFOUND, "'%s/%s': no such file, but '%s' names it in %s[%d]", reader->base, name, file,
                        key, i);
        TRY(push(reader, part, name, anomalous ? defect : NULL, anomalous ? mask : NULL));
    }
    return ST_OK;
}

static status_t read_split(data_category_t *out, const char *tree, const char *file, const char *view)
{
    io_json_t *json = NULL;
    TRY(io_json_read(&json, file));
    status_t status = ST_OK;
    io_json_node_t root = io_json_root(json), meta = io_json_get(root, "meta");
    const char *prefix = meta == NULL ? NULL : io_json_string(io_json_get(meta, "prefix"));
    const char *normal = meta == NULL ? NULL : io_json_string(io_json_get(meta, "normal_class"));
    char *base = data_join(tree, prefix == NULL ? out->category : prefix);
    if (base == NULL) {
        io_json_free(json);
        return ST_ENOMEM;
    }
    for (size_t end = strlen(base); end > 1 && base[end - 1] == '/'; end--) base[end - 1] = '\0';
    reader_t reader = {out, base, view};
    if (normal == NULL) normal = "OK";
    TRY_DONE(read_part(&reader, file, root, "train", TRAIN, normal));
    TRY_DONE(read_part(&reader, file, root, "test", TEST, normal));
done:
    free(base);
    io_json_free(json);
    return status;
}

/* The split file for these views: the single-view one when it can serve, else that of all views; NULL: none there. */
static status_t find_split(char **out, const char *root, const char *category, const char *view)
{
    static const char *const folders[] = {"realiad_jsons_sv", "realiad_jsons"};
    for (int i = view != NULL && strcmp(view, "C1") == 0 ? 0 : 1; i < 2; i++) {
        *out = base_format("%s/%s/%s.json", root, folders[i], category);
        if (*out == NULL) return ST_ENOMEM;
        if (io_exists(*out)) return ST_OK;
        free(*out);
        *out = NULL;
    }
    return ST_OK;
}

/* ---- The bare tree: OK/S0001, NG/<defect>/S0001 ---- */

/* Images of one sample's folder. Beside an anomalous image lies its mask, a PNG of the same stem. */
static status_t read_sample(const reader_t *reader, const char *folder, const char *defect)
{
    io_names_t files = {0};
    char *path = data_join(reader->base, folder), *name = NULL, *mask = NULL;
    status_t status = path == NULL ? ST_ENOMEM : data_list_images(&files, path);
    for (int i = 0; status == ST_OK && i < files.count; i++) {
        if (data_ends_with(files.name[i], ".png") || !has_view(files.name[i], reader->view)) continue;
        const char *dot = strrchr(files.name[i], '.');
        name = data_join(folder, files.name[i]);
        mask = base_format("%s/%.*s.png", folder, (int)(dot - files.name[i]), files.name[i]);
        if (name == NULL || mask == NULL)
            status = ST_ENOMEM;
        else
            status = push(reader, defect == NULL ? TRAIN | TEST : TEST, name, defect, defect == NULL ? NULL : mask);
        free(name);
        free(mask);
    }
    io_names_free(&files);
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
    reader_t reader = {out, base, view};
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
    char *tree = NULL, *split = NULL;
    TRY(wanted_view(&view, options));
    TRY(find_tree(&tree, root, options));
    status_t status = find_split(&split, root, category, view);
    if (status == ST_OK)
        status = split != NULL ? read_split(out, tree, split, view) : read_tree(out, tree, category, view);
    free(split);
    free(tree);
    return status;
}
