/* The file of one finished task: maps, numbers, support, and everything that tells how they came about. */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

static status_t write_map(io_h5_t *file, const method_maps_t *maps, const method_map_t *map, const void *data)
{
    const io_h5_field_t token = {map->name,
                                 map->integer ? IO_H5_I32 : IO_H5_F32,
                                 3,
                                 {maps->n, maps->h, maps->w},
                                 "image,row,column",
                                 "1",
                                 map->description,
                                 data};
    const io_h5_field_t image = {map->name, token.type, 1, {maps->n}, "image", "1", map->description, data};
    const io_h5_field_t own = {map->name, token.type, 1, {map->values}, "value", "1", map->description, data};
    const io_h5_field_t *field = map->values > 0 ? &own : map->image ? &image : &token;
    return data != NULL ? io_h5_write(file, "maps", field, 1) : ST_OK;
}

static status_t write_maps(io_h5_t *file, const store_task_file_t *what)
{
    static const method_map_t M_pix = {"M_pix", "fused map; upsampled and smoothed before pixel metrics",
                                       .image = false};
    static const method_map_t M_img = {"M_img", "image score", .image = true};
    const method_maps_t *maps = what->maps;
    for (int m = 0; m < method_map_count(what->method); m++)
        TRY(write_map(file, maps, &what->method->maps[m], maps->kept[m]));
    TRY(write_map(file, maps, &M_pix, maps->M_pix));
    return write_map(file, maps, &M_img, maps->M_img);
}

static status_t write_numbers(io_h5_t *file, const store_numbers_t *numbers)
{
    for (const store_number_t *row = store_number_table; row->name != NULL; row++) {
        double value;
        memcpy(&value, (const char *)numbers + row->offset, sizeof value);
        char description[160];
        snprintf(description, sizeof description, "%s; NaN: missing", row->description);
        const io_h5_field_t field = {row->name, IO_H5_F64, 0, {0}, "", "1", description, &value};
        TRY(io_h5_write(file, "metrics", &field, 1));
    }
    return ST_OK;
}

/* The learned heads by their ids; what they name is in the run's folder before a task file says so. */
static status_t name_heads(io_h5_t *file, const plan_t *plan, const store_task_file_t *what)
{
    for (int i = 0; i < what->head_count; i++) {
        const plan_item_t *head = &what->items->items[what->heads[i]];
        if (i > 0 && what->heads[i] == what->heads[0]) continue; /* handcrafted prompts serve both heads */
        TRY(store_head_keep(plan, head));
        TRY(io_h5_set_text(file, "heads", job_head_names[head->head], head->id));
    }
    if (what->head_count == 0) return ST_OK;
    return io_h5_set_text(file, "heads", "description",
                          "ids of the learned heads: heads/<dataset>/<category>/<id>.h5 of the run");
}

/* Image AUROC by the two rules of image_fusion: of the result, and of the states kept during learning. */
static status_t write_fusions(io_h5_t *file, const store_oracle_t *oracle, double *column)
{
    static const char *const names[2] = {"harmonic", "arithmetic"};
    const int64_t n = oracle->count;
    for (int rule = 0; rule < 2; rule++) {
        char state[32], last[32];
        snprintf(state, sizeof state, "image_%s", names[rule]);
        snprintf(last, sizeof last, "last_image_%s", names[rule]);
        const io_h5_field_t field = {
            last, IO_H5_F64, 0, {0}, "", "1", "image AUROC of the result by this image_fusion", &oracle->last[rule]};
        TRY(io_h5_write(file, "oracle", &field, 1));
        if (n == 0) continue;
        for (int64_t i = 0; i < n; i++) column[i] = oracle->fused[i][rule];
        const io_h5_field_t states = {state, IO_H5_F64, 1, {n}, "state", "1", "image AUROC by this image_fusion",
                                      column};
        TRY(io_h5_write(file, "oracle", &states, 1));
    }
    return ST_OK;
}

static status_t write_oracle(io_h5_t *file, const store_oracle_t *oracle)
{
    int64_t n = oracle->count;
    if (n == 0 && !oracle->fusions) return ST_OK;
    double *column = base_alloc((size_t)n + 1, sizeof *column);
    if (column == NULL) return ST_ENOMEM;
    const io_h5_field_t epoch = {"epoch", IO_H5_I32, 1, {n}, "state", "epochs", "epochs done", oracle->epoch};
    status_t status = n > 0 ? io_h5_write(file, "oracle", &epoch, 1) : ST_OK;
    if (status == ST_OK && oracle->fusions) status = write_fusions(file, oracle, column);
    for (const store_number_t *row = store_number_table; status == ST_OK && n > 0 && row->name != NULL; row++) {
        for (int64_t i = 0; i < n; i++)
            memcpy(&column[i], (const char *)&oracle->numbers[i] + row->offset, sizeof *column);
        const io_h5_field_t field = {row->name, IO_H5_F64, 1, {n}, "state", "1", row->description, column};
        status = io_h5_write(file, "oracle", &field, 1);
    }
    if (status == ST_OK)
        status =
            io_h5_set_text(file, "oracle", "description",
                           "test metrics of other epochs and image scores: choosing by them would use test labels");
    free(column);
    return status;
}

static status_t write_attributes(io_h5_t *file, const plan_t *plan, int ranks, const store_task_file_t *what)
{
    const plan_task_t *task = what->task;
    const job_t *job = &plan->points[task->point];
    const store_made_by_t made_by = store_made_by(plan, ranks, &what->inputs);
    TRY(io_h5_set_text(file, "/", "description",
                       "one task of fgad: anomaly maps and metrics of one category at one draw of shots"));
    TRY(io_h5_set_text(file, "/", "dataset", task->dataset));
    TRY(io_h5_set_text(file, "/", "category", task->category));
    TRY(io_h5_set_i64(file, "/", "shots", task->shots));
    TRY(io_h5_set_i64(file, "/", "seed", (int64_t)task->seed));
    TRY(io_h5_set_text(file, "/", "point", plan->point_text[task->point]));
    TRY(io_h5_set_text(file, "/", "method", what->method->name));
    TRY(io_h5_set_i64(file, "/", "transductive", method_is_transductive(what->method, job)));
    TRY(io_h5_set_i64(file, "/", "auxiliary", method_is_auxiliary(what->method, job)));
    TRY(store_point_write(file, job));
    TRY(io_h5_set_f64(file, "/", "evaluate_seconds", what->seconds));
    TRY(io_h5_set_f64(file, "/", "score_seconds", what->score_seconds));
    TRY(io_h5_set_i64(file, "/", "state_bytes", (int64_t)what->state_bytes));
    TRY(store_made_by_write(file, &made_by));
    return store_complete(file, task->id, what->numbers, made_by.made_on.text);
}

status_t store_task_write(const plan_t *plan, int ranks, const store_task_file_t *what)
{
    static const store_image_columns_t test = {.group = "maps",
                                               .axis = "image",
                                               .name = "path",
                                               .description = "image file below the category's folder",
                                               .labels = true};
    static const store_image_columns_t support = {.group = "support",
                                                  .axis = "shot",
                                                  .name = "path",
                                                  .description = "training images of the task",
                                                  .digests = true};
    const plan_task_t *task = what->task;
    const data_category_t *images = &plan->categories[task->category_index].images;
    status_t status;
    io_h5_t *file = NULL;
    TRY_DONE(io_h5_create(&file, task->path));
    TRY_DONE(write_maps(file, what));
    TRY_DONE(store_images_write(file, &test, images->test, what->keep, what->maps->n));
    TRY_DONE(store_images_write(file, &support, images->train, task->support, task->shots));
    TRY_DONE(write_numbers(file, what->numbers));
    TRY_DONE(name_heads(file, plan, what));
    TRY_DONE(write_oracle(file, what->oracle));
    TRY_DONE(write_attributes(file, plan, ranks, what));
    status = io_h5_publish(&file);
done:
    io_h5_close(file);
    return status;
}

status_t store_task_verify(bool *heads, const plan_t *plan, const plan_item_t *item)
{
    io_h5_t *file;
    *heads = false;
    status_t status = store_item_open(&file, item);
    if (status == ST_OK) status = store_item_fits(file, plan, item, NULL);
    if (status == ST_OK) *heads = io_h5_has(file, "heads");
    io_h5_close(file);
    return status;
}
