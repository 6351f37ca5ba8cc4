#include "clip/clip_internal.h"

#include <stdlib.h>

static status_t take_block(clip_block_t *block, clip_loader_t *loader, const char *tower, int index, int64_t W,
                           int64_t F)
{
    char at[128];
    snprintf(at, sizeof at, "%stransformer.resblocks.%d.", tower, index);
    TRY(clip_loader_take(&block->ln1_gain, loader, at, "ln_1.weight", W, 0, 0, 0));
    TRY(clip_loader_take(&block->ln1_bias, loader, at, "ln_1.bias", W, 0, 0, 0));
    TRY(clip_loader_take(&block->in_weight, loader, at, "attn.in_proj_weight", 3 * W, W, 0, 0));
    TRY(clip_loader_take(&block->in_bias, loader, at, "attn.in_proj_bias", 3 * W, 0, 0, 0));
    TRY(clip_loader_take(&block->out_weight, loader, at, "attn.out_proj.weight", W, W, 0, 0));
    TRY(clip_loader_take(&block->out_bias, loader, at, "attn.out_proj.bias", W, 0, 0, 0));
    TRY(clip_loader_take(&block->ln2_gain, loader, at, "ln_2.weight", W, 0, 0, 0));
    TRY(clip_loader_take(&block->ln2_bias, loader, at, "ln_2.bias", W, 0, 0, 0));
    TRY(clip_loader_take(&block->fc_weight, loader, at, "mlp.c_fc.weight", F, W, 0, 0));
    TRY(clip_loader_take(&block->fc_bias, loader, at, "mlp.c_fc.bias", F, 0, 0, 0));
    TRY(clip_loader_take(&block->proj_weight, loader, at, "mlp.c_proj.weight", W, F, 0, 0));
    return clip_loader_take(&block->proj_bias, loader, at, "mlp.c_proj.bias", W, 0, 0, 0);
}

static status_t walk(clip_model_t *model, clip_loader_t *loader)
{
    if (model->config.dino) return clip_dino_walk(model, loader);
    const clip_config_t *config = &model->config;
    const int64_t W = config->width, D = config->text_width, E = config->embed, P = config->patch;
    const int64_t T = (int64_t)config->position_grid * config->position_grid;

    clip_vision_weights_t *vision = &model->vision;
    loader->parameters = &model->vision_parameters;
    TRY(clip_loader_take(&vision->conv, loader, "visual.", "conv1.weight", W, 3, P, P));
    TRY(clip_loader_take(&vision->class_row, loader, "visual.", "class_embedding", W, 0, 0, 0));
    TRY(clip_loader_take(&vision->position, loader, "visual.", "positional_embedding", T + 1, W, 0, 0));
    TRY(clip_loader_take(&vision->pre_gain, loader, "visual.", "ln_pre.weight", W, 0, 0, 0));
    TRY(clip_loader_take(&vision->pre_bias, loader, "visual.", "ln_pre.bias", W, 0, 0, 0));
    for (int l = 0; l < config->layers; l++) TRY(take_block(&vision->block[l], loader, "visual.", l, W, config->mlp));
    TRY(clip_loader_take(&vision->post_gain, loader, "visual.", "ln_post.weight", W, 0, 0, 0));
    TRY(clip_loader_take(&vision->post_bias, loader, "visual.", "ln_post.bias", W, 0, 0, 0));
    TRY(clip_loader_take(&vision->proj, loader, "visual.", "proj", W, E, 0, 0));

    clip_text_weights_t *text = &model->text;
    const char *prefix = loader->text_prefix;
    loader->parameters = &model->text_parameters;
    TRY(clip_loader_take(&text->token, loader, prefix, "token_embedding.weight", config->vocab, D, 0, 0));
    TRY(clip_loader_take(&text->position, loader, prefix, "positional_embedding", config->context, D, 0, 0));
    for (int l = 0; l < config->text_layers; l++)
        TRY(take_block(&text->block[l], loader, prefix, l, D, config->text_mlp));
    TRY(clip_loader_take(&text->final_gain, loader, prefix, "ln_final.weight", D, 0, 0, 0));
    TRY(clip_loader_take(&text->final_bias, loader, prefix, "ln_final.bias", D, 0, 0, 0));
    TRY(clip_loader_take(&text->proj, loader, prefix, "text_projection", D, E, 0, 0));

    const float *scale = NULL;
    TRY(clip_loader_take(&scale, loader, "", "logit_scale", 0, 0, 0, 0));
    if (scale != NULL) model->logit_scale = *scale;
    return ST_OK;
}

/* Positions for another image size than the stored one's. */
static status_t fit_positions(clip_model_t *model)
{
    const clip_config_t *config = &model->config;
    const size_t side = (size_t)config->grid, stored = (size_t)config->position_grid, W = (size_t)config->width;
    if (side == stored) return ST_OK;
    double *weights = base_alloc(side * stored, sizeof *weights);
    float *table = arena_take(&model->arena, (1 + side * side) * W, sizeof *table);
    if (weights != NULL && table != NULL) {
        clip_position_resize(table, config->grid, model->vision.position, config->position_grid, config->width,
                             !config->dino || config->registers > 0, weights);
        model->vision.position = table;
        model->converted += (int64_t)((1 + side * side) * W);
    }
    free(weights);
    return weights != NULL && table != NULL ? ST_OK : ST_ENOMEM;
}

status_t clip_weights_load(clip_model_t *model, bool finite)
{
    status_t status = ST_OK;
    char *path = NULL;
    bool *used = NULL;
    TRY_DONE(clip_model_weights_path(&path, model->dir));
    TRY_DONE(io_safetensors_open(&model->file, path));
    model->vision.block = arena_take(&model->arena, (size_t)model->config.layers, sizeof(clip_block_t));
    model->text.block = arena_take(&model->arena, (size_t)model->config.text_layers + 1, sizeof(clip_block_t));
    if (model->vision.block == NULL || model->text.block == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    used = calloc((size_t)io_safetensors_count(model->file) + 1, sizeof *used);
    if (used == NULL) {
        status = fail(ST_ENOMEM, "'%s': no memory for a list of its tensors", path);
        goto done;
    }
    clip_loader_t loader = {.file = model->file, .path = path, .text_prefix = "", .used = used, .finite = finite};
    if (io_safetensors_find(model->file, "text.token_embedding.weight") != NULL) loader.text_prefix = "text.";
    TRY_DONE(walk(model, &loader));
    TRY_DONE(clip_check_leftover(model->file, used, &model->config, path));
    model->converted = loader.needed;
    if (loader.needed > 0) {
        loader.converted = arena_take(&model->arena, (size_t)loader.needed, sizeof(float));
        if (loader.converted == NULL) {
            status = ST_ENOMEM;
            goto done;
        }
    }
    loader.taking = true;
    TRY_DONE(walk(model, &loader));
    TRY_DONE(fit_positions(model));
done:
    free(path);
    free(used);
    return status;
}
