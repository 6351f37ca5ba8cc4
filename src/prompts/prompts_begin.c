/* What every set of prompts begins with: its options, its key, the vectors V; and the table of learnable parameters. */
#include "prompts/prompts_internal.h"

#include <string.h>

static status_t check_options(const prompts_options_t *options)
{
    const struct {
        const char *name;
        int value, low, high;
    } bounds[] = {{"n_ahp", options->n_ahp, 1, 4096},     {"n_ahp_component", options->n_ahp_component, 0, 4096},
                  {"n_ab", options->n_ab, 0, 4096},       {"n_ctx", options->n_ctx, 0, 64},
                  {"n_ctx_ab", options->n_ctx_ab, 1, 64}, {"n_pro", options->n_pro, 1, 1024}};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        if (bounds[i].value < bounds[i].low || bounds[i].value > bounds[i].high)
            return fail(ST_EFORMAT, "%s is %d, expected %d to %d", bounds[i].name, bounds[i].value, bounds[i].low,
                        bounds[i].high);
    return ST_OK;
}

status_t prompts_add_parameter(prompts_set_t *set, const char *name, const prompts_group_t *group, int ndim,
                               const int64_t shape[5])
{
    prompts_parameter_t *row = &set->parameter[set->parameters++];
    *row = (prompts_parameter_t){.name = name, .group = -1, .offset = set->parameter_count, .ndim = ndim};
    if (group != NULL) {
        row->group = (int)(group - set->group);
        row->name = prompts_text(set, "%d %s/%s", row->group, group->name, name);
        if (row->name == NULL) return ST_ENOMEM;
    }
    int64_t count = 1;
    for (int i = 0; i < ndim; i++) row->shape[i] = shape[i], count *= shape[i];
    set->parameter_count += count;
    if (set->parameter_count > INT32_MAX)
        return fail(ST_EFORMAT, "n_pro, n_ab and n_ctx_ab ask for %lld learnable numbers, at most 2^31 are handled",
                    (long long)set->parameter_count);
    return ST_OK;
}

status_t prompts_add_slots(prompts_set_t *set, int count)
{
    prompts_slot_t *slot = arena_take(&set->arena, (size_t)set->slots + (size_t)count, sizeof *slot);
    if (slot == NULL) return ST_ENOMEM;
    if (set->slots > 0) memcpy(slot, set->slot, (size_t)set->slots * sizeof *slot);
    set->slot = slot;
    set->slots += count;
    return ST_OK;
}

/* V: the first array of the block, and the words it starts from. */
static status_t add_context(prompts_set_t *set, const tokenizer_t *tokenizer)
{
    const prompts_options_t *options = &set->options;
    if (options->n_ctx == 0) return ST_OK;
    TRY(prompts_add_parameter(set, "V", NULL, 3, (const int64_t[5]){options->n_pro, options->n_ctx, set->width}));
    TRY(prompts_add_slots(set, options->n_pro * options->n_ctx));
    for (int k = 0; k < set->slots; k++) set->slot[k] = (prompts_slot_t){.vector = k * set->width, .gate = -1};
    if (strcmp(options->ctx_init, "random") == 0) return ST_OK;
    int count = 0, *ids = arena_take(&set->arena, (size_t)options->n_ctx, sizeof *ids);
    if (ids == NULL) return ST_ENOMEM;
    TRY(tokenizer_pieces(ids, &count, options->n_ctx, tokenizer, options->ctx_init));
    if (count != options->n_ctx)
        return fail(ST_EFORMAT, "ctx_init '%s' is %d tokens, expected %d, one a vector of V (or 'random')",
                    options->ctx_init, count, options->n_ctx);
    set->ctx_ids = ids;
    return ST_OK;
}

status_t prompts_set_begin(prompts_set_t *out, const tokenizer_t *tokenizer, const prompts_options_t *options,
                           const prompts_key_t *key, int D)
{
    *out = (prompts_set_t){.options = *options, .key = *key, .width = D};
    arena_init(&out->arena, "prompts");
    TRY(check_options(options));
    if (!options->learn) {
        out->options.n_pro = 1;
        out->options.n_ab = 0;
        out->options.n_ctx = 0;
    }
    out->options.ctx_init = prompts_text(out, "%s", options->ctx_init);
    out->key.dataset = prompts_text(out, "%s", key->dataset);
    out->key.category = prompts_text(out, "%s", key->category);
    out->key.head = prompts_text(out, "%s", key->head);
    if (out->options.ctx_init == NULL || out->key.dataset == NULL || out->key.category == NULL || out->key.head == NULL)
        return ST_ENOMEM;
    return add_context(out, tokenizer);
}
