/* New images, one after another, scored with what a task of a finished run has learned. */
#include "predict/predict_internal.h"

#include "detect/detect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const predict_options_t *options;
    predict_outcome_t *told;
    predict_run_t run;
    const plan_task_t *task;
    const method_t *method;
    work_predictor_t *predictor;
    const data_category_t *category;
    double low, high;
    char **group; /* (groups) names; NULL: none are known */
    int groups;
    int group_map; /* of the method's maps, the one that holds groups; -1: none */
    predict_table_t table;
    arena_t arena;
} predict_t;

/* ---- What the task left behind ---- */

/* The scale of all pictures, which new ones must not move: that of the task's own maps. */
static status_t find_scale(predict_t *predict)
{
    const predict_options_t *options = predict->options;
    io_h5_t *file;
    void *data;
    int ndim;
    int64_t dims[6];
    predict->low = options->low;
    predict->high = options->high;
    if (!options->overlay || options->low < options->high) return ST_OK;
    status_t status = io_h5_open(&file, predict->task->path);
    if (status == ST_OK) status = io_h5_read(&data, &ndim, dims, file, "maps/M_pix", IO_H5_F32);
    io_h5_close(file);
    if (status != ST_OK)
        return fail_context(status, "the scale of the overlays is that of the task's own maps (hint: --scale L,H)");
    int64_t count = 1;
    for (int d = 0; d < ndim; d++) count *= dims[d];
    const float *map = data;
    for (int64_t i = 0; i < count; i++) {
        if (i == 0 || (double)map[i] < predict->low) predict->low = (double)map[i];
        if (i == 0 || (double)map[i] > predict->high) predict->high = (double)map[i];
    }
    free(data);
    return ST_OK;
}

/* Names are in the file of the pixel head; a task without it has none. */
static status_t read_groups(predict_t *predict)
{
    enum { MOST = 64 };
    io_h5_t *task, *head = NULL;
    char path[64], *file = NULL;
    TRY(io_h5_open(&task, predict->task->path));
    status_t status = store_head_of_task(&file, task, predict->task->path, "pixel");
    if (status == ST_OK) status = io_h5_open(&head, file);
    predict->group = calloc(MOST, sizeof *predict->group);
    if (predict->group == NULL) status = fail(ST_ENOMEM, "out of memory");
    while (status == ST_OK && predict->groups < MOST) {
        snprintf(path, sizeof path, "prompts/pixel/groups/%d", predict->groups);
        if (!io_h5_has(head, path)) break;
        status = io_h5_get_text(&predict->group[predict->groups], head, path, "name");
        predict->groups += status == ST_OK;
    }
    io_h5_close(head);
    io_h5_close(task);
    free(file);
    return status == ST_ENOTFOUND ? ST_OK : status;
}

static status_t find_groups(predict_t *predict)
{
    const job_t *job = &predict->run.plan.points[predict->task->point];
    predict->group_map = -1;
    for (int m = 0; m < method_map_count(predict->method); m++)
        if (predict->method->maps[m].integer && predict->method->gives(job, m)) predict->group_map = m;
    return predict->group_map >= 0 && io_exists(predict->task->path) ? read_groups(predict) : ST_OK;
}

static status_t find_threshold(predict_t *predict)
{
    store_threshold_t *list;
    int count;
    predict->told->threshold = predict->options->threshold;
    if (!isnan(predict->options->threshold)) return ST_OK;
    TRY(store_thresholds_read(&list, &count, predict->run.dir));
    for (int i = 0; i < count; i++)
        if (strcmp(list[i].task, predict->task->id) == 0) predict->told->threshold = list[i].value;
    free(list);
    return ST_OK;
}

static status_t open_task(predict_t *predict, const char *run_dir)
{
    int index;
    predict_run_t *run = &predict->run;
    TRY(predict_run_open(run, run_dir));
    TRY(predict_run_task(&index, run, &predict->options->select));
    TRY(predict_run_predictor(&predict->predictor, run, &index));
    predict->task = &run->plan.tasks[index];
    predict->method = plan_method(&run->plan, predict->task);
    predict->category = &run->plan.categories[predict->task->category_index].images;
    const char *point = run->plan.point_text[predict->task->point];
    snprintf(predict->told->task, sizeof predict->told->task, "%s/%s, %d shot%s, seed %llu%s%s", predict->task->dataset,
             predict->task->category, predict->task->shots, predict->task->shots == 1 ? "" : "s",
             (unsigned long long)predict->task->seed, point[0] != '\0' ? ", " : "", point);
    snprintf(predict->told->method, sizeof predict->told->method, "%s", predict->method->name);
    TRY(find_scale(predict));
    TRY(find_groups(predict));
    return find_threshold(predict);
}

/* ---- Pictures ---- */

/* <out>/<kind>/<name><ending>, with its folders made. */
static status_t make_path(char out[4096], const predict_t *predict, const char *kind, const char *name,
                          const char *ending)
{
    int length = snprintf(out, 4096, "%s/%s/%s%s", predict->options->out, kind, name, ending);
    if (length >= 4096) return fail(ST_EFORMAT, "'%.200s...' is longer than a path may be", out);
    char *slash = strrchr(out, '/');
    *slash = '\0';
    status_t status = io_make_dirs(out);
    *slash = '/';
    return status;
}

static status_t write_full(predict_t *predict, const io_image_t *image, const char *name)
{
    const method_maps_t *maps = work_predictor_maps(predict->predictor);
    const job_t *job = &predict->run.plan.points[predict->task->point];
    char path[4096];
    float *map = base_alloc((size_t)image->width * (size_t)image->height, sizeof *map);
    if (map == NULL) return ST_ENOMEM;
    status_t status;
    TRY_DONE(detect_full_map(map, image->height, image->width, maps->M_pix, maps->h, maps->w, job->sigma,
                             job->align_corners, &predict->arena));
    if (predict->options->tiff) {
        TRY_DONE(make_path(path, predict, "maps", name, ".tiff"));
        TRY_DONE(io_tiff_write_f32(path, map, image->width, image->height));
    }
    if (predict->options->overlay) {
        TRY_DONE(make_path(path, predict, "overlays", name, ".png"));
        TRY_DONE(review_paint_overlay(path, image, map, NULL, predict->low, predict->high));
    }
    status = ST_OK;
done:
    free(map);
    return status;
}

static status_t write_groups(const predict_t *predict, const char *name)
{
    const method_maps_t *maps = work_predictor_maps(predict->predictor);
    const int32_t *group = maps->kept[predict->group_map];
    char path[4096];
    uint8_t *pixels = base_alloc((size_t)(maps->h * maps->w), 1);
    if (pixels == NULL) return ST_ENOMEM;
    for (int t = 0; t < maps->h * maps->w; t++) pixels[t] = (uint8_t)group[t];
    status_t status = make_path(path, predict, "groups", name, ".png");
    if (status == ST_OK) status = io_png_write(path, pixels, maps->w, maps->h, 1);
    free(pixels);
    return status;
}

static status_t write_pictures(predict_t *predict, const predict_picture_t *picture)
{
    const predict_options_t *options = predict->options;
    if (options->groups && predict->group_map >= 0) TRY(write_groups(predict, picture->name));
    if (!options->overlay && !options->tiff) return ST_OK;
    io_image_t image;
    const data_image_t file = {.path = picture->path};
    TRY(data_image_read(&image, predict->category, &file));
    status_t status = write_full(predict, &image, picture->name);
    io_image_free(&image);
    return status;
}

static status_t write_legends(const predict_t *predict)
{
    const predict_options_t *options = predict->options;
    char path[4096], *text = NULL;
    size_t size = 0;
    if (options->overlay) TRY(review_write_scale(options->out, predict->low, predict->high));
    if (!options->groups || predict->group_map < 0) return ST_OK;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fputs("label,name\n", out);
    for (int g = 0; g < predict->groups; g++) {
        fprintf(out, "%d,", g);
        io_csv_put(out, predict->group[g]);
        fputc('\n', out);
    }
    status_t status =
        fclose(out) == 0 ? make_path(path, predict, "groups", "legend", ".csv") : fail(ST_ENOMEM, "out of memory");
    if (status == ST_OK) status = io_write_file(path, text, size);
    free(text);
    return status;
}

/* ---- Images ---- */

/* The group of the map's highest token; NULL: the method matches none. number: room for one without a name. */
static const char *highest_group(const predict_t *predict, char number[16])
{
    const method_maps_t *maps = work_predictor_maps(predict->predictor);
    if (predict->group_map < 0) return NULL;
    int best = 0;
    for (int t = 1; t < maps->h * maps->w; t++)
        if (maps->M_pix[t] > maps->M_pix[best]) best = t;
    int group = ((const int32_t *)maps->kept[predict->group_map])[best];
    if (group >= 0 && group < predict->groups) return predict->group[group];
    snprintf(number, 16, "%d", group);
    return number;
}

/* What is wrong with the image is its own; memory or a disk that is full end everything. */
static status_t score_one(predict_t *predict, const predict_picture_t *picture)
{
    predict_outcome_t *told = predict->told;
    predict_line_t line = {.path = picture->path, .threshold = told->threshold};
    char number[16];
    double began = clock_seconds();
    status_t status = work_predictor_image(predict->predictor, picture->path);
    line.ms = 1e3 * (clock_seconds() - began);
    if (status == ST_ENOMEM || status == ST_EINTERRUPTED) return status;
    if (status != ST_OK) {
        line.error = fail_message();
        told->failed++;
        log_warn("%s", line.error);
        return predict_table_add(&predict->table, &line);
    }
    line.score = work_predictor_maps(predict->predictor)->M_img[0];
    line.group = highest_group(predict, number);
    told->scored++;
    told->anomalous += (double)line.score > told->threshold;
    TRY(write_pictures(predict, picture));
    return predict_table_add(&predict->table, &line);
}

static status_t score_all(predict_t *predict, const predict_pictures_t *pictures)
{
    progress_t progress;
    char detail[64];
    status_t status = ST_OK;
    progress_begin(&progress, "predict", pictures->count);
    for (int i = 0; i < pictures->count && status == ST_OK && !predict->told->interrupted; i++) {
        predict->told->interrupted = stop_asked();
        if (!predict->told->interrupted) status = score_one(predict, &pictures->item[i]);
        snprintf(detail, sizeof detail, "%d of %d images", i + 1, pictures->count);
        progress_update(&progress, i + 1, detail);
    }
    progress_end(&progress);
    return status;
}

status_t predict_images(predict_outcome_t *out, const char *run_dir, const predict_options_t *options)
{
    status_t status;
    double started = clock_seconds();
    predict_pictures_t pictures = {0};
    predict_t predict = {.options = options, .told = out};
    *out = (predict_outcome_t){0};
    arena_init(&predict.arena, "pictures");
    TRY_DONE(predict_pictures_apart(options->images, options->image_count, options->out));
    TRY_DONE(predict_pictures_list(&pictures, options->images, options->image_count));
    TRY_DONE(open_task(&predict, run_dir));
    out->images = pictures.count;
    out->passed_over = pictures.passed_over;
    TRY_DONE(io_make_dirs(options->out));
    TRY_DONE(write_legends(&predict));
    TRY_DONE(predict_table_open(&predict.table, options->out, &predict.run, predict.task, out));
    out->startup = clock_seconds() - started;
    TRY_DONE(score_all(&predict, &pictures));
    out->seconds = clock_seconds() - started;
    TRY_DONE(predict_table_publish(&predict.table, out));
done:
    predict_table_close(&predict.table);
    work_predictor_close(predict.predictor);
    predict_run_close(&predict.run);
    for (int g = 0; g < predict.groups; g++) free(predict.group[g]);
    free(predict.group);
    predict_pictures_free(&pictures);
    arena_free(&predict.arena);
    return status;
}
