/* A batch of prompts in shares, for the threads of a pool. */
#include "clip/clip_internal.h"

#include <math.h>
#include <string.h>

/* Blocks of 12 rows are those of every kernel in use: whole, a share has the bits that it has in one product with
 * the others. Each share packs the weights anew, which below LEAST rows costs more than threads win; above LONG, rows leave the
 * cache between a stage's steps. */
enum { BLOCK = 12, LEAST = 192, LONG = 1280, MOST_SHARES = 8 };

typedef struct {
    clip_text_rows_t *by_rows;
    clip_text_prompts_t *by_prompts;
    const void *context;
    int count, share;
} round_t;

static status_t run_share(void *context, int task, int worker)
{
    const round_t *round = context;
    const int first = task * round->share, left = round->count - first;
    const int count = left < round->share ? left : round->share;
    (void)worker;
    if (round->by_rows != NULL)
        round->by_rows(round->context, first, count);
    else
        round->by_prompts(round->context, first, count, task);
    return ST_OK;
}

static void run_shares(const clip_text_t *text, round_t *round)
{
    base_pool_run(text->pool, (round->count + round->share - 1) / round->share, run_share, round);
}

void clip_text_by_rows(const clip_text_t *text, int rows, clip_text_rows_t *run, const void *context, bool same)
{
    const int few = text->model->pairs && !same ? base_pool_workers(text->pool) : MOST_SHARES;
    int shares = 1; /* a power of two, for two threads or four to have as much to do each */
    while (shares < MOST_SHARES && rows / (2 * shares) >= LEAST && (shares < few || rows > shares * LONG)) shares *= 2;
    const int share = ((rows + shares - 1) / shares + BLOCK - 1) / BLOCK * BLOCK;
    run_shares(text, &(round_t){.by_rows = run, .context = context, .count = rows, .share = share});
}

int clip_text_learnable(int *learnable, const clip_text_t *text, int first, int count)
{
    int *order = text->order + first, n = 0;
    for (int m = first; m < first + count; m++)
        if (text->id[m] < 0) order[n++] = m;
    *learnable = n;
    if (n == 0) return 0;
    const int wanted = n < LEAST / 2 ? LEAST / 2 : (n + BLOCK - 1) / BLOCK * BLOCK;
    for (int m = first; m < first + count && n < wanted; m++)
        if (text->id[m] >= 0) order[n++] = m;
    return n;
}

void clip_text_by_prompts(const clip_text_t *text, clip_text_prompts_t *run, const void *context)
{
    const int share = (text->n + CLIP_TEXT_SHARES - 1) / CLIP_TEXT_SHARES;
    run_shares(text, &(round_t){.by_prompts = run, .context = context, .count = text->n, .share = share});
}

void clip_text_share(clip_text_t *text, base_pool_t *pool)
{
    text->pool = pool;
}

const float *clip_text_gather(int *ldk, const clip_text_t *text, const clip_text_prompt_t *prompt, const float *rows,
                              int ld, int share)
{
    if (prompt->shared == 0) {
        *ldk = ld;
        return rows + (size_t)prompt->first * (size_t)ld;
    }
    const size_t width = 2 * (size_t)text->model->config.text_width;
    float *path = text->path_kv + (size_t)share * (size_t)text->longest * width;
    for (int i = 0; i < prompt->length; i++)
        memcpy(path + (size_t)i * width, rows + (size_t)prompt->path[i] * (size_t)ld, width * sizeof *path);
    *ldk = (int)width;
    return path;
}

/* The own rows of a prompt as queries over its path; strides are the caller's to fill. */
ops_attention_t clip_text_attention(const clip_text_t *text, const clip_text_prompt_t *prompt)
{
    const clip_config_t *config = &text->model->config;
    const int d = config->text_width / config->text_heads;
    return (ops_attention_t){.Tq = prompt->length - prompt->shared,
                             .Tk = prompt->length,
                             .H = config->text_heads,
                             .d = d,
                             .ldo = config->text_width,
                             .first = prompt->shared,
                             .scale = (float)(1.0 / sqrt((double)d))};
}
