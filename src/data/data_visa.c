#include "data/data_internal.h"

#include <stdlib.h>
#include <string.h>

#define SPLIT_FILE "split_csv/1cls.csv"

/* ---- The original layout: split_csv/1cls.csv ---
 * 1. The first line names the columns: object, split, label, image, mask, in any order.
 * 2. Every other line is one image; image and mask are paths from the root, mask is empty for a normal image.
 * 3. split is train or test, label is normal or anomaly. */
enum { OBJECT, SPLIT, LABEL, IMAGE, MASK, COLUMNS };
static const char *const column_names[COLUMNS] = {"object", "split", "label", "image", "mask"};

static status_t push_row(data_category_t *out, const io_csv_t *csv, const char *root, const char *const value[COLUMNS])
{
    bool test = strcmp(value[SPLIT], "test") == 0, anomalous = strcmp(value[LABEL], "anomaly") == 0;
    if (!test && strcmp(value[SPLIT], "train") != 0)
        return fail(ST_EFORMAT, "'%s' line %d: split is '%s', expected train or test", csv->path, csv->line,
                    value[SPLIT]);
    if (!anomalous && strcmp(value[LABEL], "normal") != 0)
        return fail(ST_EFORMAT, "'%s' line %d: label is '%s', expected normal or anomaly", csv->path, csv->line,
                    value[LABEL]);
    if (anomalous && !test)
        return fail(ST_EFORMAT, "'%s' line %d: an anomalous image is in train", csv->path, csv->line);
    size_t prefix = strlen(out->category);
    if (strncmp(value[IMAGE], out->category, prefix) != 0 || value[IMAGE][prefix] != '/')
        return fail(ST_EFORMAT, "'%s' line %d: image is '%s', expected a path below '%s/'", csv->path, csv->line,
                    value[IMAGE], out->category);
    if (!io_path_stays_inside(value[IMAGE]) || !io_path_stays_inside(value[MASK]))
        return fail(ST_EFORMAT, "'%s' line %d: '%s' leads out of its folder; expected paths below '%s/'", csv->path,
                    csv->line, io_path_stays_inside(value[IMAGE]) ? value[MASK] : value[IMAGE], out->category);
    status_t status = ST_ENOMEM;
    char *base = data_join(root, out->category), *path = data_join(root, value[IMAGE]), *mask = NULL;
    if (base == NULL || path == NULL) goto done;
    if (anomalous && value[MASK][0] != '\0' && (mask = data_join(root, value[MASK])) == NULL) goto done;
    const data_size_t size = data_size(path), mask_size = mask != NULL ? data_size(mask) : (data_size_t){0};
    if (size.bytes < 0) {
        status = data_note(&out->notes, DATA_ABSENT, 1, "'%s': no such file, but '%s' line %d names it", path,
                           csv->path, csv->line);
        goto done;
    }
    data_entry_t entry = {.base = base,
                          .name = value[IMAGE] + prefix + 1,
                          .defect = anomalous ? "bad" : "good",
                          .mask = mask_size.bytes >= 0 ? mask : NULL,
                          .label = anomalous,
                          .size = size,
                          .mask_size = mask_size};
    status = test ? data_push_test(out, &entry) : data_push_train(out, &entry);
done:
    free(mask);
    free(path);
    free(base);
    return status;
}

static status_t read_lines(data_category_t *out, io_csv_t *csv, const char *root)
{
    for (int c = 0; c < COLUMNS; c++)
        if (io_csv_cell(csv, column_names[c]) == NULL)
            return fail(ST_EFORMAT, "'%s' line 1: no column '%s'; expected object,split,label,image,mask", csv->path,
                        column_names[c]);
    for (;;) {
        bool more;
        const char *value[COLUMNS];
        TRY(io_csv_next(&more, csv));
        if (!more) return ST_OK;
        for (int c = 0; c < COLUMNS; c++) value[c] = io_csv_cell(csv, column_names[c]);
        if (strcmp(value[OBJECT], out->category) != 0) continue;
        int missing = out->masks_missing;
        TRY(push_row(out, csv, root, value));
        if (out->masks_missing > missing)
            TRY(data_note(&out->notes, DATA_MASK_MISSING, 1,
                          "'%s/%s': no such file; expected the mask of '%s' ('%s' line %d)", root, value[MASK],
                          value[IMAGE], csv->path, csv->line));
    }
}

static status_t read_original(data_category_t *out, const char *root)
{
    io_csv_t csv;
    char *path = data_join(root, SPLIT_FILE);
    if (path == NULL) return ST_ENOMEM;
    status_t status = io_csv_open(&csv, path);
    if (status == ST_OK) {
        status = read_lines(out, &csv, root);
        io_csv_close(&csv);
    } else if (status != ST_EFORMAT) {
        status = fail(status,
                      "'%s' cannot be read; VisA's original layout needs it (hint: it is in VisA's archive; or give "
                      "the prepared tree '1cls')",
                      path);
    }
    if (status == ST_OK && out->train_count + out->test_count == 0)
        status = fail(ST_EFORMAT, "'%s' has no line of category '%s'", path, out->category);
    free(path);
    return status;
}

/* ---- Which layout a category has --------------------------------------------------------------------------------- */

/* Appends the folders of `path` that hold a folder `inside` (or `other`, unless NULL). */
static status_t append_categories(io_names_t *out, const char *path, const char *inside, const char *other)
{
    io_names_t folders;
    TRY(data_list_folders(&folders, path));
    status_t status = ST_OK;
    for (int i = 0; status == ST_OK && i < folders.count; i++) {
        char *base = data_join(path, folders.name[i]);
        if (base == NULL)
            status = ST_ENOMEM;
        else if (data_is_dir_in(base, inside) || (other != NULL && data_is_dir_in(base, other)))
            status = data_names_push(out, folders.name[i]);
        free(base);
    }
    io_names_free(&folders);
    return status;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

status_t data_visa_list(io_names_t *out, const char *root, const data_options_t *options)
{
    (void)options;
    *out = (io_names_t){0};
    char *prepared = data_join(root, "1cls");
    if (prepared == NULL) return ST_ENOMEM;
    status_t status = append_categories(out, root, "train", "Data");
    if (status == ST_OK && io_is_dir(prepared)) status = append_categories(out, prepared, "train", NULL);
    free(prepared);
    if (status != ST_OK) {
        io_names_free(out);
        return status;
    }
    if (out->count > 1) qsort(out->name, (size_t)out->count, sizeof *out->name, by_bytes);
    int kept = 0;
    for (int i = 0; i < out->count; i++) {
        if (kept > 0 && strcmp(out->name[kept - 1], out->name[i]) == 0)
            free(out->name[i]);
        else
            out->name[kept++] = out->name[i];
    }
    out->count = kept;
    return ST_OK;
}

status_t data_visa_read(data_category_t *out, const char *root, const char *category, const data_options_t *options)
{
    status_t status = ST_ENOMEM;
    char *original = data_join(root, category), *prepared = base_format("%s/1cls/%s", root, category);
    if (original != NULL && prepared != NULL) {
        if (data_is_dir_in(original, "Data"))
            status = read_original(out, root);
        else
            status = data_mvtec_read_tree(out, data_is_dir_in(prepared, "train") ? prepared : original, options);
    }
    free(original);
    free(prepared);
    return status;
}
