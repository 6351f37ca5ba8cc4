/* A batch of prompts: which rows there are, which of them are shared, and the memory they take. */
#include "clip/clip_internal.h"

#include <stdlib.h>
#include <string.h>

static int common_beginning(const clip_prompt_t *a, const clip_prompt_t *b)
{
    const int least = a->length < b->length ? a->length : b->length;
    int i = 0;
    while (i < least && a->ids[i] == b->ids[i]) i++;
    return i;
}

static status_t check_prompt(const clip_prompt_t *prompt, int index, const clip_config_t *config, int slots)
{
    if (prompt->length < 1 || prompt->length > config->context)
        return fail(ST_EFORMAT, "prompt %d has %d tokens, expected 1 to the context of %d", index, prompt->length,
                    config->context);
    for (int i = 0; i < prompt->length; i++) {
        const int id = prompt->ids[i];
        if (id >= config->vocab)
            return fail(ST_EFORMAT, "prompt %d: token %d is %d, the vocabulary has %d", index, i, id, config->vocab);
        if (id < 0 && CLIP_SLOT(id) >= slots)
            return fail(ST_EFORMAT, "prompt %d: position %d names slot %d of %d", index, i, CLIP_SLOT(id), slots);
    }
    return ST_OK;
}

/* Up to its first EOT, the row that open_clip reads (the highest id's first place): what a text writes after one is
 * not read. */
static int read_length(const clip_prompt_t *prompt, const clip_config_t *config)
{
    for (int i = 0; i < prompt->length; i++)
        if (prompt->ids[i] == config->vocab - 1) return i + 1;
    return prompt->length;
}

/* Each prompt follows the earlier one it shares most with; what is left are rows of its own. */
static status_t lay_rows(clip_text_t *text, const clip_prompt_t *prompts)
{
    const int n = text->n, H = text->model->config.text_heads;
    int *paths = arena_take(&text->arena, (size_t)text->tokens, sizeof *paths), *path = paths;
    text->prompt = arena_take(&text->arena, (size_t)n, sizeof *text->prompt);
    text->id = arena_take(&text->arena, (size_t)text->tokens, sizeof *text->id);
    text->position = arena_take(&text->arena, (size_t)text->tokens, sizeof *text->position);
    text->order = arena_take(&text->arena, (size_t)text->tokens, sizeof *text->order);
    if (paths == NULL || text->prompt == NULL || text->id == NULL || text->position == NULL || text->order == NULL)
        return ST_ENOMEM;
    for (int p = 0; p < n; p++) {
        clip_text_prompt_t *prompt = &text->prompt[p];
        const int L = read_length(&prompts[p], &text->model->config);
        const int *parent = NULL;
        for (int e = 0; e < p && prompt->shared < L; e++) {
            int common = common_beginning(&prompts[e], &prompts[p]);
            if (common > prompt->shared) prompt->shared = common, parent = text->prompt[e].path;
        }
        if (parent != NULL) memcpy(path, parent, (size_t)prompt->shared * sizeof *path);
        prompt->length = L;
        prompt->first = text->rows;
        prompt->given = (int)(path - paths) - text->rows;
        prompt->path = path;
        prompt->probs = text->probs;
        prompt->last_probs = text->last_probs;
        for (int i = prompt->shared; i < L; i++) {
            path[i] = text->rows;
            text->id[text->rows] = prompts[p].ids[i];
            text->position[text->rows++] = i;
        }
        text->probs += (size_t)H * (size_t)(L - prompt->shared) * (size_t)L;
        text->last_probs += (size_t)H * (size_t)L;
        if (L > text->longest) text->longest = L;
        path += L;
    }
    text->room = text->rows > n ? text->rows : n;
    text->holds = -1;
    return ST_OK;
}

static size_t padded(size_t floats)
{
    return (floats * sizeof(float) + 191) / 64 * 64; /* slices are aligned and have red zones */
}

/* Bytes of one full layer's activations. */
static size_t layer_bytes(const clip_text_t *text)
{
    const clip_config_t *config = &text->model->config;
    const size_t M = (size_t)text->rows, D = (size_t)config->text_width, F = (size_t)config->text_mlp;
    if (!text->gradient) return padded(M * 3 * D);
    return padded(M * 3 * D) + padded(M * D) + padded(M * F) + padded(text->probs) + 4 * padded(M);
}

/* Bytes of everything else. */
static size_t fixed_bytes(const clip_text_t *text)
{
    const clip_config_t *config = &text->model->config;
    const size_t M = (size_t)text->rows, D = (size_t)config->text_width, F = (size_t)config->text_mlp;
    const size_t n = (size_t)text->n, L = (size_t)text->longest, R = (size_t)text->room;
    const size_t S = CLIP_TEXT_SHARES, given = (size_t)text->tokens - M;
    size_t bytes = (text->gradient ? (size_t)config->text_layers : 1) * padded(M * D); /* inputs */
    bytes += 2 * padded(R * D) + padded(R * F) + padded(S * L * 2 * D);                /* y, mix, hidden, paths */
    bytes += padded(M * 2 * D) + 3 * padded(n * D) + 2 * padded(M) + 4 * padded(n);    /* the last layer */
    if (text->gradient)
        bytes += padded(text->last_probs) + padded(n * F) + padded(R * D) + padded(R * 3 * D) + padded(S * L * 2 * D) +
                 padded(2 * S * L * L) + padded(given * 2 * D);
    else
        bytes += padded(S * L * L);
    return bytes;
}

/* How many full layers keep activations of their own: all, or what the budget holds beside the shared one. */
static int choose_kept(const clip_text_t *text, size_t budget)
{
    const int full = text->model->config.text_layers - 1;
    if (!text->gradient || full == 0) return 0;
    const size_t each = layer_bytes(text);
    if ((size_t)full * each <= budget) return full;
    const size_t held = budget / each;
    return held > 1 ? (int)held - 1 : 0;
}

static size_t all_bytes(const clip_text_t *text)
{
    const int full = text->model->config.text_layers - 1;
    const int slots = text->kept < full ? text->kept + 1 : full;
    return fixed_bytes(text) + (size_t)slots * layer_bytes(text);
}

static status_t begin(clip_text_t *text, const clip_model_t *model, const clip_prompt_t *prompts, int n, int slots,
                      bool gradient, size_t budget)
{
    REQUIRE(n > 0 && slots >= 0);
    arena_init(&text->arena, "text tower");
    text->model = model;
    text->n = n;
    text->slots = slots;
    text->gradient = gradient;
    if (model->config.text_layers == 0)
        return fail(ST_EFORMAT,
                    "the model is a DINOv2: it has no text tower (hint: a method without prompts, or a CLIP)");
    for (int p = 0; p < n; p++) {
        TRY(check_prompt(&prompts[p], p, &model->config, slots));
        text->tokens += read_length(&prompts[p], &model->config);
    }
    TRY(lay_rows(text, prompts));
    text->kept = choose_kept(text, budget);
    return ST_OK;
}

status_t clip_text_plan(clip_text_plan_t *out, const clip_config_t *config, const clip_prompt_t *prompts, int n,
                        bool gradient, size_t budget)
{
    clip_model_t shapes = {.config = *config};
    clip_text_t text = {0};
    const int any_slot = 1 << 30;
    status_t status = begin(&text, &shapes, prompts, n, any_slot, gradient, budget);
    if (status == ST_OK)
        *out = (clip_text_plan_t){.prompts = n,
                                  .tokens = text.tokens,
                                  .rows = text.rows,
                                  .kept_layers = text.kept,
                                  .bytes = all_bytes(&text)};
    arena_free(&text.arena);
    return status;
}

static status_t take(float **out, clip_text_t *text, size_t floats)
{
    *out = arena_take(&text->arena, floats, sizeof(float));
    return *out == NULL ? ST_ENOMEM : ST_OK;
}

static status_t take_layer(clip_text_layer_t *layer, clip_text_t *text)
{
    const clip_config_t *config = &text->model->config;
    const size_t M = (size_t)text->rows, D = (size_t)config->text_width, F = (size_t)config->text_mlp;
    TRY(take(&layer->qkv, text, M * 3 * D));
    if (!text->gradient) {
        layer->mid = text->input[0];
        return ST_OK;
    }
    TRY(take(&layer->mid, text, M * D));
    TRY(take(&layer->slope, text, M * F));
    TRY(take(&layer->probs, text, text->probs));
    TRY(take(&layer->mean1, text, M));
    TRY(take(&layer->rstd1, text, M));
    TRY(take(&layer->mean2, text, M));
    return take(&layer->rstd2, text, M);
}

static status_t take_last(clip_text_last_t *last, clip_text_t *text)
{
    const clip_config_t *config = &text->model->config;
    const size_t M = (size_t)text->rows, D = (size_t)config->text_width, F = (size_t)config->text_mlp;
    const size_t n = (size_t)text->n;
    TRY(take(&last->kv, text, M * 2 * D));
    TRY(take(&last->q, text, n * D));
    TRY(take(&last->mid, text, n * D));
    TRY(take(&last->out, text, n * D));
    TRY(take(&last->mean1, text, M));
    TRY(take(&last->rstd1, text, M));
    TRY(take(&last->mean2, text, n));
    TRY(take(&last->rstd2, text, n));
    TRY(take(&last->mean3, text, n));
    TRY(take(&last->rstd3, text, n));
    if (!text->gradient) return ST_OK;
    TRY(take(&last->probs, text, text->last_probs));
    return take(&last->slope, text, n * F);
}

static status_t take_all(clip_text_t *text)
{
    const clip_config_t *config = &text->model->config;
    const size_t M = (size_t)text->rows, D = (size_t)config->text_width, F = (size_t)config->text_mlp;
    const size_t L = (size_t)text->longest, R = (size_t)text->room, S = CLIP_TEXT_SHARES;
    const int layers = config->text_layers, full = layers - 1;
    text->input = arena_take(&text->arena, (size_t)layers, sizeof *text->input);
    const int slots = text->kept < full ? text->kept + 1 : full;
    text->layer = arena_take(&text->arena, (size_t)(slots > 0 ? slots : 1), sizeof *text->layer);
    if (text->input == NULL || text->layer == NULL) return ST_ENOMEM;
    for (int l = 0; l < layers; l++)
        if (l == 0 || text->gradient)
            TRY(take(&text->input[l], text, M * D));
        else
            text->input[l] = text->input[0];
    for (int s = 0; s < slots; s++) TRY(take_layer(&text->layer[s], text));
    TRY(take_last(&text->last, text));
    TRY(take(&text->y, text, R * D));
    TRY(take(&text->mix, text, R * D));
    TRY(take(&text->hidden, text, R * F));
    TRY(take(&text->path_kv, text, S * L * 2 * D));
    if (!text->gradient) return take(&text->path_probs, text, S * L * L);
    TRY(take(&text->dx, text, R * D));
    TRY(take(&text->dqkv, text, R * 3 * D));
    TRY(take(&text->dpath_kv, text, S * L * 2 * D));
    TRY(take(&text->dshared, text, ((size_t)text->tokens - M) * 2 * D));
    return take(&text->dprobs, text, 2 * S * L * L);
}

status_t clip_text_open(clip_text_t **out, const clip_model_t *model, const clip_prompt_t *prompts, int n, int slots,
                        bool gradient, size_t budget)
{
    *out = NULL;
    clip_text_t *text = calloc(1, sizeof *text);
    if (text == NULL) return fail(ST_ENOMEM, "out of memory for %d prompts", n);
    status_t status = begin(text, model, prompts, n, slots, gradient, budget);
    if (status == ST_OK) status = take_all(text);
    if (status == ST_OK)
        *out = text;
    else
        clip_text_close(text);
    return status;
}

void clip_text_close(clip_text_t *text)
{
    if (text == NULL) return;
    arena_free(&text->arena);
    free(text);
}

clip_text_layer_t *clip_text_layer(const clip_text_t *text, int layer)
{
    return &text->layer[layer < text->kept ? layer : text->kept];
}

int clip_text_row(const clip_text_t *text, int p, int i)
{
    return text->prompt[p].path[i];
}

void clip_text_watch(clip_text_t *text, clip_text_watch_t *watch, void *context)
{
    text->watch = watch;
    text->watch_context = context;
}
