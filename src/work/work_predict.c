/* Images that no plan knows, scored with what a task has learned. */
#include "work/work_internal.h"

#include <stdlib.h>
#include <string.h>

struct work_predictor {
    work_worker_t *worker;
    const plan_items_t *items;
    const plan_item_t *item;
    work_scorer_t scorer;
    store_features_t features; /* of one image */
    method_maps_t maps;        /* likewise */
    arena_t arena;
};

status_t work_predictor_open(work_predictor_t **out, work_worker_t *worker, const plan_items_t *items,
                             const plan_item_t *item)
{
    const plan_t *plan = worker->plan;
    const plan_task_t *task = &plan->tasks[item->index];
    const job_t *job = &plan->points[task->point];
    const method_t *method = plan_method(plan, task);
    status_t status = ST_ENOMEM;
    *out = NULL;
    if (method_is_transductive(method, job) || method->score_set != NULL)
        return fail(ST_EFORMAT,
                    "%s scores the images of a test set against one another, so that no image has a score of its own "
                    "(hint: another method)",
                    method->name);
    work_predictor_t *predictor = calloc(1, sizeof *predictor);
    if (predictor == NULL) return fail(ST_ENOMEM, "out of memory");
    predictor->worker = worker;
    predictor->items = items;
    predictor->item = item;
    arena_init(&predictor->arena, "predict");
    TRY_DONE(work_scorer_make(&predictor->scorer, worker, items, item, 1));
    const clip_config_t *config = clip_model_config(worker->model);
    method_ask_t ask;
    plan_ask_of_test(&ask, &predictor->scorer.ask, config);
    TRY_DONE(store_features_alloc(&predictor->features, config, &ask, 1));
    TRY_DONE(method_maps_alloc(&predictor->maps, method, job, 1, config->grid, config->grid));
done:
    if (status == ST_OK)
        *out = predictor;
    else
        work_predictor_close(predictor);
    return status;
}

void work_predictor_close(work_predictor_t *predictor)
{
    if (predictor == NULL) return;
    work_scorer_free(&predictor->scorer);
    store_features_free(&predictor->features);
    method_maps_free(&predictor->maps);
    arena_free(&predictor->arena);
    free(predictor);
}

/* Tasks read features from files, which hold halves where the job says so. */
static void round_features(store_features_t *features)
{
    for (int a = 0; a < features->arrays; a++) {
        const store_array_t *array = &features->array[a];
        size_t count = (size_t)array->rows * (size_t)array->width;
        for (size_t i = 0; i < count; i++) array->data[i] = io_f16_to_f32(io_f32_to_f16(array->data[i]));
    }
}

static status_t score(work_predictor_t *predictor, void *state, const method_image_t *image)
{
    const work_scorer_t *scorer = &predictor->scorer;
    method_maps_t *maps = &predictor->maps;
    TRY(scorer->method->score(maps, 0, state, image, &predictor->arena));
    method_image_scores(maps->M_img, maps->M_pix, 1, maps->h * maps->w, scorer->task.job);
    return ST_OK;
}

status_t work_predictor_image(work_predictor_t *predictor, const char *path)
{
    work_worker_t *worker = predictor->worker;
    const work_scorer_t *scorer = &predictor->scorer;
    const plan_task_t *task = &worker->plan->tasks[predictor->item->index];
    const data_category_t *category = &worker->plan->categories[task->category_index].images;
    data_image_t file = {0};
    method_image_t image;
    file.path = base_format("%s", path);
    if (file.path == NULL) return ST_ENOMEM;
    status_t status = work_encode_image(worker, &predictor->features, category, &file);
    free(file.path);
    TRY(status);
    if (worker->plan->points[0].features == JOB_FEATURES_F16) round_features(&predictor->features);
    TRY(store_features_image(&image, &predictor->features, &scorer->ask, 0));
    return score(predictor, scorer->state, &image);
}

status_t work_predictor_shot(work_predictor_t *predictor, int k)
{
    work_scorer_t *scorer = &predictor->scorer;
    method_task_t task = scorer->task;
    void *state;
    REQUIRE(k >= 0 && k < task.shots);
    if (task.shots - 1 < scorer->method->min_shots || task.shots < 2)
        return fail(ST_EFORMAT, "%s needs more than the %d shot%s that is left without the one to be scored",
                    scorer->method->name, task.shots - 1, task.shots == 2 ? "" : "s");
    TRY(work_scorer_support(scorer, predictor->worker, predictor->items, predictor->item));
    arena_mark_t mark = arena_mark(&scorer->arena);
    method_image_t *others = base_alloc((size_t)task.shots, sizeof *others);
    if (others == NULL) return ST_ENOMEM;
    for (int i = 0, at = 0; i < task.shots; i++)
        if (i != k) others[at++] = scorer->support[i];
    task.shots--;
    task.support = others;
    status_t status = scorer->method->fit(&state, &task, &scorer->arena);
    if (status == ST_OK) status = score(predictor, state, &scorer->support[k]);
    arena_reset(&scorer->arena, mark);
    free(others);
    return status;
}

const method_maps_t *work_predictor_maps(const work_predictor_t *predictor)
{
    return &predictor->maps;
}
