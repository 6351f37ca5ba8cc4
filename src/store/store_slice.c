/* Slices: what one array of all test images of a task gives the maps of a method for sets. */
#include "store/store_internal.h"

status_t store_slice_write(const plan_t *plan, int ranks, const plan_item_t *item, const store_slice_t *what)
{
    io_h5_t *file = NULL;
    status_t status;
    const store_made_by_t made_by = store_made_by(plan, ranks, &what->made_on);
    const int grid = plan->config.grid;
    const io_h5_field_t field = {
        "slice", IO_H5_F32, 3, {what->n, grid, grid}, "image,row,column", "1", "of which maps are made", what->values};
    TRY_DONE(io_h5_create(&file, item->path));
    TRY_DONE(io_h5_write(file, "/", &field, 1));
    TRY_DONE(io_h5_set_f64(file, "/", "seconds", what->seconds));
    TRY_DONE(io_h5_set_text(file, "/", "description",
                            "what one array of all test images of one category gives the maps of a method for sets"));
    TRY_DONE(store_made_by_write(file, &made_by));
    TRY_DONE(store_complete(file, item->id, NULL, NULL));
    status = io_h5_publish(&file);
done:
    io_h5_close(file);
    return status;
}

status_t store_slice_read(store_slice_t *out, const plan_t *plan, const plan_item_t *item)
{
    io_h5_t *file;
    const int64_t dims[] = {out->n, plan->config.grid, plan->config.grid};
    TRY(store_item_open(&file, item));
    store_made_on_read(&out->made_on, file);
    status_t status = store_read_into(out->values, file, "slice", IO_H5_F32, 3, dims);
    if (status == ST_OK) status = io_h5_get_f64(&out->seconds, file, "/", "seconds");
    io_h5_close(file);
    return status;
}
