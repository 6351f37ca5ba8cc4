/* What a finished task would have gained by looking at the test labels, or by testing on its own shots: from what is stored. */
#include "review/review_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The largest of the states kept during learning, and their epoch; unchanged where none is larger. */
static status_t best_state(double *best, int *epoch, io_h5_t *file, const char *name, const int *epochs, int64_t n)
{
    char path[64];
    void *data;
    int ndim;
    int64_t dims[6];
    snprintf(path, sizeof path, "oracle/%s", name);
    if (!io_h5_has(file, path)) return ST_OK;
    TRY(io_h5_read(&data, &ndim, dims, file, path, IO_H5_F64));
    const double *value = data;
    status_t status = ndim == 1 && dims[0] == n ? ST_OK : fail(ST_EFORMAT, "%s is not a value a state", path);
    for (int64_t i = 0; i < n && status == ST_OK; i++)
        if (value[i] > *best) {
            *best = value[i];
            if (epoch != NULL) *epoch = epochs[i];
        }
    free(data);
    return status;
}

static status_t read_scalar(double *out, io_h5_t *file, const char *path)
{
    void *data;
    int ndim;
    int64_t dims[6];
    if (!io_h5_has(file, path)) return ST_OK;
    TRY(io_h5_read(&data, &ndim, dims, file, path, IO_H5_F64));
    if (ndim == 0) *out = *(double *)data;
    free(data);
    return ST_OK;
}

static status_t read_oracle(review_audit_t *out, io_h5_t *file)
{
    void *epochs;
    int ndim;
    int64_t dims[6];
    TRY(read_scalar(&out->harmonic, file, "oracle/last_image_harmonic"));
    TRY(read_scalar(&out->arithmetic, file, "oracle/last_image_arithmetic"));
    out->best_of_two = fmax(out->harmonic, out->arithmetic); /* NaN only where both are */
    out->both = out->best_of_two;
    if (!io_h5_has(file, "oracle/epoch")) return ST_OK;
    TRY(io_h5_read(&epochs, &ndim, dims, file, "oracle/epoch", IO_H5_I32));
    out->states = (int)dims[0];
    out->image_best = out->image;
    out->pixel_best = out->pixel;
    status_t status = best_state(&out->image_best, &out->image_epoch, file, "image_auroc", epochs, dims[0]);
    if (status == ST_OK) status = best_state(&out->pixel_best, &out->pixel_epoch, file, "pixel_auroc", epochs, dims[0]);
    if (status == ST_OK) status = best_state(&out->both, NULL, file, "image_harmonic", epochs, dims[0]);
    if (status == ST_OK) status = best_state(&out->both, NULL, file, "image_arithmetic", epochs, dims[0]);
    free(epochs);
    return status;
}

/* The shots among the test images, and the image AUROC without them. */
static status_t leave_out_shots(review_audit_t *out, io_h5_t *file, const review_scores_t *scores)
{
    void *data;
    int ndim, n = 0;
    int64_t dims[6];
    TRY(io_h5_read(&data, &ndim, dims, file, "support/path", IO_H5_STRING));
    char **shots = data;
    float *kept = base_alloc((size_t)scores->n, sizeof *kept);
    uint8_t *labels = base_alloc((size_t)scores->n, 1);
    status_t status = kept != NULL && labels != NULL ? ST_OK : ST_ENOMEM;
    for (int i = 0; i < scores->n && status == ST_OK; i++) {
        bool is_shot = false;
        for (int64_t k = 0; k < dims[0] && !is_shot; k++) is_shot = strcmp(shots[k], scores->path[i]) == 0;
        out->shots_in_test += is_shot;
        if (is_shot) continue;
        kept[n] = scores->score[i];
        labels[n++] = scores->label[i];
    }
    if (status == ST_OK && n > 0) status = metrics_auroc(&out->without_shots, kept, labels, n);
    io_h5_free_strings(shots, dims[0]);
    free(kept);
    free(labels);
    return status;
}

status_t review_audit(review_audit_t *out, const store_results_t *results, const store_row_t *row)
{
    status_t status;
    review_stored_t *stored = NULL;
    io_h5_t *file = NULL;
    *out = (review_audit_t){.image = row->metric[STORE_IMAGE_AUROC],
                            .pixel = row->metric[STORE_PIXEL_AUROC],
                            .harmonic = NAN,
                            .arithmetic = NAN,
                            .image_best = NAN,
                            .pixel_best = NAN,
                            .without_shots = NAN};
    if (row->changes[0] != '\0')
        TRY_DONE(fail(ST_EFORMAT, "these results were rescored, and what test labels would give is stored of the run "
                                  "(expected the folder of the run itself)"));
    TRY_DONE(review_stored_open(&stored, results, row, NULL, 0));
    if (stored->tree != NULL)
        TRY_DONE(
            fail(ST_EFORMAT, "'%s' is of imported maps: no epochs and no shots of theirs are known", stored->file));
    TRY_DONE(io_h5_open(&file, stored->file));
    const review_scores_t scores = review_stored_scores(stored);
    status = read_oracle(out, file);
    if (status == ST_OK) status = leave_out_shots(out, file, &scores);
    if (status != ST_OK) fail_context(status, "'%s'", stored->file);
done:
    io_h5_close(file);
    review_stored_close(stored);
    return status;
}
