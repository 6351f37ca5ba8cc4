/* The flat block of learnable parameters: first values, and the way to and from input embeddings. */
#include "prompts/prompts_internal.h"

#include <math.h>
#include <string.h>

#define INIT_DEVIATION 0.02

uint64_t prompts_group_stream(const prompts_group_t *group)
{
    return group->level == PROMPTS_COMPONENT ? 3 + (uint64_t)group->component : (uint64_t)group->level;
}

static double sigmoid(double g)
{
    return 1.0 / (1.0 + exp(-g));
}

static void add_normal(float *out, const rng_t *stream, int D)
{
    rng_t rng = *stream;
    for (int d = 0; d < D; d++) out[d] += (float)(INIT_DEVIATION * rng_normal(&rng));
}

/* The stream of one vector: a path of indices below the purpose, so that it does not depend on how many there are. */
static rng_t stream_of(const rng_t *base, const int64_t *path, int depth)
{
    rng_t rng = *base;
    for (int i = 0; i < depth; i++) rng = rng_split(&rng, (uint64_t)path[i]);
    return rng;
}

static void init_context(float *V, const prompts_set_t *set, const rng_t *base, const float *table)
{
    int n_ctx = set->options.n_ctx, D = set->width;
    for (int copy = 0; copy < set->options.n_pro; copy++) {
        for (int k = 0; k < n_ctx; k++) {
            float *v = V + ((int64_t)copy * n_ctx + k) * D;
            if (set->ctx_ids != NULL) memcpy(v, table + (int64_t)set->ctx_ids[k] * D, (size_t)D * sizeof *v);
            if (set->ctx_ids != NULL && copy == 0) continue;
            rng_t rng = stream_of(base, (const int64_t[]){0, copy, k}, 3);
            add_normal(v, &rng, D);
        }
    }
}

/* a (n_ab, n_pro, placeholders, n_ctx_ab, D) */
static void init_placeholders(float *a, const prompts_parameter_t *row, const prompts_group_t *group, const rng_t *base)
{
    int64_t D = row->shape[4];
    int64_t path[6] = {1, (int64_t)prompts_group_stream(group), 0, 0, 0, 0};
    for (path[2] = 0; path[2] < row->shape[0]; path[2]++)
        for (path[3] = 0; path[3] < row->shape[1]; path[3]++)
            for (path[4] = 0; path[4] < row->shape[2]; path[4]++)
                for (path[5] = 0; path[5] < row->shape[3]; path[5]++, a += D) {
                    rng_t rng = stream_of(base, path, 6);
                    add_normal(a, &rng, (int)D);
                }
}

void prompts_params_init(float *params, const prompts_set_t *set, const float *table)
{
    REQUIRE(set->ctx_ids == NULL || table != NULL);
    if (set->parameter_count == 0) return;
    memset(params, 0, (size_t)set->parameter_count * sizeof *params);
    char purpose[64];
    snprintf(purpose, sizeof purpose, "prompts/%s", set->key.head);
    rng_t base = rng_init(set->key.dataset, set->key.category, set->key.shots, set->key.seed, purpose);
    for (int i = 0; i < set->parameters; i++) {
        const prompts_parameter_t *row = &set->parameter[i];
        if (row->group < 0) init_context(params + row->offset, set, &base, table);
        if (row->ndim == 5) init_placeholders(params + row->offset, row, &set->group[row->group], &base);
    }
}

void prompts_embed(float *x, const prompts_prompt_t *prompt, const float *params, const float *table, int D)
{
    for (int l = 0; l < prompt->length; l++) {
        float *row = x + (int64_t)l * D;
        if (prompt->vector[l] < 0) {
            memcpy(row, table + (int64_t)prompt->ids[l] * D, (size_t)D * sizeof *row);
        } else {
            const float *vector = params + prompt->vector[l];
            float scale = prompt->gate[l] < 0 ? 1.0F : (float)sigmoid(params[prompt->gate[l]]);
            for (int d = 0; d < D; d++) row[d] = scale * vector[d];
        }
    }
}

void prompts_embed_backward(float *dparams, const float *dx, const prompts_prompt_t *prompt, const float *params, int D)
{
    for (int l = 0; l < prompt->length; l++) {
        if (prompt->vector[l] < 0) continue;
        const float *vector = params + prompt->vector[l], *drow = dx + (int64_t)l * D;
        float *dvector = dparams + prompt->vector[l];
        if (prompt->gate[l] < 0) { /* x = v */
            for (int d = 0; d < D; d++) dvector[d] += drow[d];
            continue;
        }
        /* x = sigma(g) a */
        double s = sigmoid(params[prompt->gate[l]]), dot = 0;
        for (int d = 0; d < D; d++) {
            dvector[d] += (float)s * drow[d];
            dot += (double)vector[d] * drow[d];
        }
        dparams[prompt->gate[l]] += (float)(s * (1 - s) * dot);
    }
}
