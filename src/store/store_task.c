/* The file of one finished task: maps, numbers, support, and everything that tells how they came about. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char **path, **defect;
    uint8_t *label;
    const char **support;
    char (*digest)[IO_DIGEST_SIZE];
    const char **digests;
} names_t;

static void names_free(names_t *names)
{
    free(names->path);
    free(names->defect);
    free(names->label);
    free(names->support);
    free(names->digest);
    free(names->digests);
}

static status_t names_make(names_t *names, const plan_task_t *task, const data_category_t *images, const int *keep,
                           int n)
{
    names->path = base_alloc((size_t)n, sizeof *names->path);
    names->defect = base_alloc((size_t)n, sizeof *names->defect);
    names->label = base_alloc((size_t)n, sizeof *names->label);
    names->support = base_alloc((size_t)task->shots, sizeof *names->support);
    names->digest = base_alloc((size_t)task->shots, sizeof *names->digest);
    names->digests = base_alloc((size_t)task->shots, sizeof *names->digests);
    if (names->path == NULL || names->defect == NULL || names->label == NULL || names->support == NULL ||
        names->digest == NULL || names->digests == NULL)
        return ST_ENOMEM;
    for (int i = 0; i < n; i++) {
        names->path[i] = images->test[keep[i]].name;
        names->defect[i] = images->test[keep[i]].defect;
        names->label[i] = (uint8_t)images->test[keep[i]].label;
    }
    for (int k = 0; k < task->shots; k++) {
        names->support[k] = images->train[task->support[k]].name;
        TRY(io_digest_file(names->digest[k], images->train[task->support[k]].path));
        names->digests[k] = names->digest[k];
    }
    return ST_OK;
}

static status_t write_maps(io_h5_t *file, const store_maps_t *maps, const names_t *names)
{
    int64_t n = maps->n, h = maps->h, w = maps->w;
    const char *axes = "image,row,column";
    const io_h5_field_t all[] = {
        {"M_v",
         IO_H5_F32,
         3,
         {n, h, w},
         axes,
         "1",
         "memory branch: half the cosine distance to the nearest normal patch",
         maps->M_v},
        {"Mhat_p",
         IO_H5_F32,
         3,
         {n, h, w},
         axes,
         "1",
         "prompt branch before re-weighting: probability of abnormal",
         maps->Mhat_p},
        {"s_image", IO_H5_F32, 3, {n, h, w}, axes, "1", "score of each token against the image group", maps->s_image},
        {"M_p", IO_H5_F32, 3, {n, h, w}, axes, "1", "prompt branch after re-weighting", maps->M_p},
        {"M_pix",
         IO_H5_F32,
         3,
         {n, h, w},
         axes,
         "1",
         "fused map; upsampled and smoothed before pixel metrics",
         maps->M_pix},
        {"group", IO_H5_I32, 3, {n, h, w}, axes, "1", "prompt group that each token was matched to", maps->group},
        {"S_i", IO_H5_F32, 1, {n}, "image", "1", "score of the class token by the image head", maps->S_i},
        {"M_img", IO_H5_F32, 1, {n}, "image", "1", "image score", maps->M_img},
        {"path", IO_H5_STRING, 1, {n}, "image", "1", "image file below the category's folder", names->path},
        {"label", IO_H5_U8, 1, {n}, "image", "1", "0 normal, 1 anomalous", names->label},
        {"defect", IO_H5_STRING, 1, {n}, "image", "1", "kind of defect, good for normal images", names->defect},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].data != NULL) TRY(io_h5_write(file, "maps", &all[i], 1));
    return ST_OK;
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

/* The learned heads, whole: whoever has the task file has the prompts that made it. */
static status_t copy_heads(io_h5_t *file, const store_task_file_t *what)
{
    for (int i = 0; i < what->head_count; i++) {
        const plan_item_t *head = &what->items->items[what->heads[i]];
        if (i > 0 && what->heads[i] == what->heads[0]) continue; /* handcrafted prompts serve both heads */
        io_h5_t *source;
        char path[32];
        snprintf(path, sizeof path, "prompts/%s", job_head_names[head->head]);
        TRY(io_h5_open(&source, head->path));
        status_t status = io_h5_copy(file, source, path);
        io_h5_close(source);
        if (status != ST_OK) return status;
    }
    return ST_OK;
}

static status_t write_oracle(io_h5_t *file, const store_oracle_t *oracle)
{
    int64_t n = oracle->count;
    if (n == 0) return ST_OK;
    double *column = base_alloc((size_t)n, sizeof *column);
    if (column == NULL) return ST_ENOMEM;
    const io_h5_field_t epoch = {"epoch", IO_H5_I32, 1, {n}, "state", "epochs", "epochs done", oracle->epoch};
    status_t status = io_h5_write(file, "oracle", &epoch, 1);
    for (const store_number_t *row = store_number_table; status == ST_OK && row->name != NULL; row++) {
        for (int64_t i = 0; i < n; i++)
            memcpy(&column[i], (const char *)&oracle->numbers[i] + row->offset, sizeof *column);
        const io_h5_field_t field = {row->name, IO_H5_F64, 1, {n}, "state", "1", row->description, column};
        status = io_h5_write(file, "oracle", &field, 1);
    }
    if (status == ST_OK)
        status = io_h5_set_text(file, "oracle", "description",
                                "test metrics during learning: choosing an epoch by them would use test labels");
    free(column);
    return status;
}

static status_t write_attributes(io_h5_t *file, const plan_t *plan, int ranks, const store_task_file_t *what)
{
    const plan_task_t *task = what->task;
    const store_made_by_t made_by = store_made_by(plan, ranks);
    TRY(io_h5_set_text(file, "/", "description",
                       "one task of fgad: anomaly maps and metrics of one category at one draw of shots"));
    TRY(io_h5_set_text(file, "/", "id", task->id));
    TRY(io_h5_set_text(file, "/", "dataset", task->dataset));
    TRY(io_h5_set_text(file, "/", "category", task->category));
    TRY(io_h5_set_i64(file, "/", "shots", task->shots));
    TRY(io_h5_set_i64(file, "/", "seed", (int64_t)task->seed));
    TRY(io_h5_set_text(file, "/", "point", plan->point_text[task->point]));
    TRY(io_h5_set_options(file, "options", &plan->points[task->point], job_options));
    TRY(io_h5_set_f64(file, "/", "evaluate_seconds", what->seconds));
    TRY(store_made_by_write(file, &made_by));
    return io_h5_set_i64(file, "/", "complete", 1);
}

status_t store_task_write(const plan_t *plan, int ranks, const store_task_file_t *what)
{
    const plan_task_t *task = what->task;
    const data_category_t *images = &plan->categories[task->category_index].images;
    status_t status;
    io_h5_t *file = NULL;
    names_t names = {0};
    TRY_DONE(names_make(&names, task, images, what->keep, what->maps->n));
    TRY_DONE(io_h5_create(&file, task->path));
    TRY_DONE(write_maps(file, what->maps, &names));
    const io_h5_field_t support[] = {
        {"path", IO_H5_STRING, 1, {task->shots}, "shot", "1", "training images of the task", names.support},
        {"digest", IO_H5_STRING, 1, {task->shots}, "shot", "1", "SHA-256 of the image file", names.digests},
    };
    TRY_DONE(io_h5_write(file, "support", support, 2));
    TRY_DONE(write_numbers(file, what->numbers));
    TRY_DONE(copy_heads(file, what));
    TRY_DONE(write_oracle(file, what->oracle));
    TRY_DONE(write_attributes(file, plan, ranks, what));
    status = io_h5_publish(file);
    file = NULL;
done:
    io_h5_close(file);
    names_free(&names);
    return status;
}
