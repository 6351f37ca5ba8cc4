#include "clip/clip_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SETTLED_SECONDS 3.0

/* The digest covers both files: the digest of the text "<config digest> <weights digest>". */
status_t clip_model_digest(char out[IO_DIGEST_SIZE], const char *dir)
{
    char both[2 * IO_DIGEST_SIZE];
    for (int i = 0; i < 2; i++) {
        char *path = NULL;
        TRY(i == 0 ? clip_files_config(&path, dir) : clip_model_weights_path(&path, dir));
        status_t status = io_digest_file(both + i * IO_DIGEST_SIZE, path);
        free(path);
        TRY(status);
    }
    both[IO_DIGEST_SIZE - 1] = ' ';
    io_digest_bytes(out, both, sizeof both - 1);
    return ST_OK;
}

status_t clip_model_mark(char out[CLIP_MARK_SIZE], bool *settled, const char *dir)
{
    size_t used = 0;
    *settled = true;
    for (int i = 0; i < 2; i++) {
        char *path = NULL;
        struct stat info;
        TRY(i == 0 ? clip_files_config(&path, dir) : clip_model_weights_path(&path, dir));
        status_t status =
            stat(path, &info) == 0 ? ST_OK : fail(ST_EIO, "'%s' cannot be read: %s", path, strerror(errno));
        free(path);
        TRY(status);
        used += (size_t)snprintf(out + used, CLIP_MARK_SIZE - used, "%s%lld.%lld.%ld.%lld.%ld.%llu", i == 0 ? "" : "-",
                                 (long long)info.st_size, (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                                 (long long)info.st_ctim.tv_sec, info.st_ctim.tv_nsec, (unsigned long long)info.st_ino);
        *settled = *settled && difftime(time(NULL), info.st_ctim.tv_sec) > SETTLED_SECONDS;
    }
    return ST_OK;
}

/* The GEMM self-check at the shapes this model will use. */
static status_t check_products(const clip_config_t *config)
{
    const int R = config->grid * config->grid + clip_vision_first(config), W = config->width, F = config->mlp,
              d = W / config->heads;
    const int shape[][3] = {{R, 3 * W, W}, {R, F, W}, {R, W, F}, {R, R, d}, {1, config->embed, W}};
    const int count = (int)(sizeof shape / sizeof *shape);
    size_t most = 0;
    for (int i = 0; i < count; i++) {
        const size_t M = (size_t)shape[i][0], N = (size_t)shape[i][1], K = (size_t)shape[i][2];
        const size_t floats = M * K + N * K + M * N;
        if (floats > most) most = floats;
    }
    float *scratch = base_alloc(most, sizeof *scratch);
    if (scratch == NULL) return ST_ENOMEM;
    status_t status = ops_check();
    for (int i = 0; i < count && status == ST_OK; i++)
        status = ops_check_linear(shape[i][0], shape[i][1], shape[i][2], scratch);
    free(scratch);
    return status;
}

/* Whether the files are those that were checked under `mark`. */
static bool is_checked(const char *dir, const char *mark)
{
    char now[CLIP_MARK_SIZE];
    bool settled;
    return mark != NULL && clip_model_mark(now, &settled, dir) == ST_OK && settled && strcmp(now, mark) == 0;
}

status_t clip_model_open_checked(clip_model_t **out, const char *dir, int image_size, const char *mark)
{
    status_t status = ST_OK;
    *out = NULL;
    clip_model_t *model = calloc(1, sizeof *model);
    if (model == NULL) return fail(ST_ENOMEM, "'%s': out of memory", dir);
    arena_init(&model->arena, "weights");
    model->dir = base_format("%s", dir);
    if (model->dir == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    bool settled;
    char now[CLIP_MARK_SIZE];
    const bool marked = clip_model_mark(model->mark, &settled, dir) == ST_OK && settled;
    TRY_DONE(clip_config_read(&model->config, dir));
    TRY_DONE(clip_config_resize(&model->config, image_size));
    TRY_DONE(clip_weights_load(model, is_checked(dir, mark)));
    /* After the weights: only they show that the configuration's sizes are real ones. */
    TRY_DONE(check_products(&model->config));
    if (!marked || clip_model_mark(now, &settled, dir) != ST_OK || strcmp(now, model->mark) != 0) model->mark[0] = '\0';
    *out = model;
done:
    if (status != ST_OK) clip_model_close(model);
    return status;
}

status_t clip_model_open_size(clip_model_t **out, const char *dir, int image_size)
{
    return clip_model_open_checked(out, dir, image_size, NULL);
}

status_t clip_model_open(clip_model_t **out, const char *dir)
{
    return clip_model_open_size(out, dir, 0);
}

void clip_model_close(clip_model_t *model)
{
    if (model == NULL) return;
    ops_frozen_close(model->products);
    io_shared_close(model->room);
    io_safetensors_close(model->file);
    arena_free(&model->arena);
    free(model->dir);
    free(model);
}

const clip_config_t *clip_model_config(const clip_model_t *model)
{
    return &model->config;
}

float clip_model_logit_scale(const clip_model_t *model)
{
    return model->logit_scale;
}

int64_t clip_model_parameters(const clip_model_t *model, bool text)
{
    return text ? model->text_parameters : model->vision_parameters;
}

size_t clip_model_private_bytes(const clip_model_t *model)
{
    return (size_t)model->converted * sizeof(float);
}

const char *clip_backend(clip_products_t kind)
{
    static _Thread_local char text[512];
    char blas[256], with[128] = "Strassen's scheme";
    ops_backend(blas, sizeof blas);
    if (kind == CLIP_PRODUCTS_BF16) ops_bf16_backend(with, sizeof with);
    const char *threads = strrchr(blas, ',');
    REQUIRE(threads != NULL);
    snprintf(text, sizeof text, "%.*s%s%s%s", (int)(threads - blas), blas, kind == CLIP_PRODUCTS_BLAS ? "" : " and ",
             kind == CLIP_PRODUCTS_BLAS ? "" : with, threads);
    return text;
}

status_t clip_set_threads(int threads)
{
    return ops_set_threads(threads);
}
