/* A batch of prompts in shares, for the threads of a pool. */
#include "clip/clip_internal.h"

#include <math.h>
#include <string.h>

/* Blocks of 12 rows are those of every kernel in use: whole, a share has the bits that it has in one product with the others. Each
 * share packs the weights anew, which below LEAST rows costs more than threads win. */
enum { BLOCK = 12, LEAST = 192, MOST_SHARES = 8 };

typedef struct {
    clip_text_rows_t *by_rows;
    clip_text_head_t *by_head;
    const void *context;
    int rows, share;
} round_t;

static status_t run_rows(void *context, int task, int worker)
{
    const round_t *round = context;
    const int first = task * round->share, left = round->rows - first;
    (void)worker;
    round->by_rows(round->context, first, left < round->share ? left : round->share);
    return ST_OK;
}

static status_t run_head(void *context, int task, int worker)
{
    const round_t *round = context;
    (void)worker;
    round->by_head(round->context, task);
    return ST_OK;
}

void clip_text_by_rows(const clip_text_t *text, int rows, clip_text_rows_t *run, const void *context)
{
    int shares = 1; /* a power of two, for two threads or four to have as much to do each */
    while (shares < MOST_SHARES && rows / (2 * shares) >= LEAST) shares *= 2;
    const int share = ((rows + shares - 1) / shares + BLOCK - 1) / BLOCK * BLOCK;
    round_t round = {.by_rows = run, .context = context, .rows = rows, .share = share};
    base_pool_run(text->pool, (rows + share - 1) / share, run_rows, &round);
}

void clip_text_by_heads(const clip_text_t *text, clip_text_head_t *run, const void *context)
{
    round_t round = {.by_head = run, .context = context};
    base_pool_run(text->pool, text->model->config.text_heads, run_head, &round);
}

void clip_text_share(clip_text_t *text, base_pool_t *pool)
{
    text->pool = pool;
}

clip_text_path_t clip_text_gather(const clip_text_t *text, const clip_text_prompt_t *prompt, const float *rows, int ld,
                                  int head)
{
    const int D = text->model->config.text_width, d = D / text->model->config.text_heads;
    const float *k = rows + head * d;
    if (prompt->shared == 0) {
        k += (size_t)prompt->first * (size_t)ld;
        return (clip_text_path_t){k, k + D, ld};
    }
    float *own = text->path_kv + (size_t)head * (size_t)text->longest * 2 * (size_t)d;
    const size_t bytes = (size_t)d * sizeof *own;
    for (int i = 0; i < prompt->length; i++) {
        const float *from = k + (size_t)prompt->path[i] * (size_t)ld;
        memcpy(own + (size_t)i * 2 * (size_t)d, from, bytes);
        memcpy(own + ((size_t)i * 2 + 1) * (size_t)d, from + D, bytes);
    }
    return (clip_text_path_t){own, own + d, 2 * d};
}

ops_attention_t clip_text_attention(const clip_text_t *text, const clip_text_prompt_t *prompt,
                                    const clip_text_path_t *path)
{
    const clip_config_t *config = &text->model->config;
    const int d = config->text_width / config->text_heads;
    return (ops_attention_t){.Tq = prompt->length - prompt->shared,
                             .Tk = prompt->length,
                             .H = 1,
                             .d = d,
                             .ldk = path->ld,
                             .ldv = path->ld,
                             .ldo = config->text_width,
                             .first = prompt->shared,
                             .scale = (float)(1.0 / sqrt((double)d))};
}
