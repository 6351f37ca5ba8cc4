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

static void init_context(float *V, const prompts_set_t *set, const rng_t *base, const float *words)
{
    int n_ctx = set->options.n_ctx, D = set->width;
    for (int copy = 0; copy < set->options.n_pro; copy++) {
        for (int k = 0; k < n_ctx; k++) {
            float *v = V + ((int64_t)copy * n_ctx + k) * D;
            if (set->ctx_ids != NULL) memcpy(v, words + (int64_t)k * D, (size_t)D * sizeof *v);
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

void prompts_params_init(float *params, const prompts_set_t *set, const float *words)
{
    REQUIRE(set->ctx_ids == NULL || words != NULL);
    if (set->parameter_count == 0) return;
    memset(params, 0, (size_t)set->parameter_count * sizeof *params);
    char purpose[64];
    snprintf(purpose, sizeof purpose, "prompts/%s", set->key.head);
    rng_t base = rng_init(set->key.dataset, set->key.category, set->key.shots, set->key.seed, purpose);
    for (int i = 0; i < set->parameters; i++) {
        const prompts_parameter_t *row = &set->parameter[i];
        if (row->group < 0) init_context(params + row->offset, set, &base, words);
        if (row->ndim == 5) init_placeholders(params + row->offset, row, &set->group[row->group], &base);
    }
}

void prompts_slots(float *slots, const prompts_set_t *set, const float *params)
{
    int D = set->width;
    for (int k = 0; k < set->slots; k++) {
        const prompts_slot_t *slot = &set->slot[k];
        const float *vector = params + slot->vector;
        float *row = slots + (int64_t)k * D;
        float scale = slot->gate < 0 ? 1.0F : (float)sigmoid(params[slot->gate]);
        for (int d = 0; d < D; d++) row[d] = scale * vector[d];
    }
}

void prompts_slots_backward(float *dparams, const float *dslots, const prompts_set_t *set, const float *params)
{
    int D = set->width;
    for (int k = 0; k < set->slots; k++) {
        const prompts_slot_t *slot = &set->slot[k];
        const float *vector = params + slot->vector, *drow = dslots + (int64_t)k * D;
        float *dvector = dparams + slot->vector;
        if (slot->gate < 0) { /* row = v */
            for (int d = 0; d < D; d++) dvector[d] += drow[d];
            continue;
        }
        /* row = sigma(g) a */
        double s = sigmoid(params[slot->gate]), dot = 0;
        for (int d = 0; d < D; d++) {
            dvector[d] += (float)s * drow[d];
            dot += (double)vector[d] * drow[d];
        }
        dparams[slot->gate] += (float)(s * (1 - s) * dot);
    }
}
