/* What is noted of an epoch of learning, for study: which hinges were open, how far apart anchors lay, and where the gradient
 * went. Nothing here enters the parameters. */
#include "align/align_internal.h"

#include <math.h>
#include <stdio.h>

static const char *group_name(const align_head_t *head, int g)
{
    return head->set->group[g].name;
}

int align_trace_columns(const align_head_t *head)
{
    return head->count > 0 ? 2 * head->G + ALIGN_TERMS - 1 + head->set->parameters : 0;
}

void align_trace_name(char out[ALIGN_TRACE_NAME], const align_head_t *head, int column)
{
    REQUIRE(column >= 0 && column < align_trace_columns(head));
    const int G = head->G, terms = ALIGN_TERMS - 1;
    if (column < 2 * G)
        snprintf(out, ALIGN_TRACE_NAME, "%s/%s", column < G ? "open" : "cosine", group_name(head, column % G));
    else if (column < 2 * G + terms)
        snprintf(out, ALIGN_TRACE_NAME, "by loss/%s", align_term_names[column - 2 * G + 1]);
    else
        snprintf(out, ALIGN_TRACE_NAME, "by block/%s", head->set->parameter[column - 2 * G - terms].name);
}

static double norm_of(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

static size_t block_size(const prompts_parameter_t *block)
{
    size_t size = 1;
    for (int d = 0; d < block->ndim; d++) size *= (size_t)block->shape[d];
    return size;
}

/* p_n . p_a of every group. */
static status_t cosines(double *out, const align_head_t *head, const float *f, arena_t *arena)
{
    const size_t E = (size_t)head->E, size = (size_t)head->G * E;
    float *normal = arena_take(arena, 2 * size, sizeof *normal);
    if (normal == NULL) return ST_ENOMEM;
    align_anchors(normal, normal + size, f, head->groups, head->G, head->E);
    for (int g = 0; g < head->G; g++) {
        out[g] = 0;
        for (size_t e = (size_t)g * E; e < (size_t)(g + 1) * E; e++)
            out[g] += (double)normal[e] * (double)normal[size + e];
    }
    return ST_OK;
}

/* |d term / d f| of every term as it stands in the total, each alone. */
static status_t by_loss(double *out, const align_head_t *head, const float *f, const align_tokens_t *tokens,
                        arena_t *arena)
{
    const size_t size = (size_t)head->set->prompts * (size_t)head->E;
    float *df = arena_take(arena, size, sizeof *df);
    if (df == NULL) return ST_ENOMEM;
    for (int term = 1; term < ALIGN_TERMS; term++) {
        align_losses_t alone = head->training.losses;
        double terms[ALIGN_TERMS];
        out[term - 1] = 0;
        if (!alone.use[term]) continue;
        for (int other = 1; other < ALIGN_TERMS; other++) alone.use[other] = other == term;
        TRY(align_loss(terms, df, f, head->groups, head->G, tokens, &alone, arena));
        out[term - 1] = norm_of(df, size);
    }
    return ST_OK;
}

status_t align_trace(double *out, const align_head_t *head, const double *open, const float *f, const float *grad,
                     const align_tokens_t *tokens, arena_t *arena)
{
    const int G = head->G;
    arena_mark_t mark = arena_mark(arena);
    for (int g = 0; g < G; g++) out[g] = open[g];
    status_t status = cosines(out + G, head, f, arena);
    if (status == ST_OK) status = by_loss(out + 2 * G, head, f, tokens, arena);
    double *blocks = out + 2 * G + ALIGN_TERMS - 1;
    for (int i = 0; i < head->set->parameters; i++) {
        const prompts_parameter_t *block = &head->set->parameter[i];
        blocks[i] = norm_of(grad + block->offset, block_size(block));
    }
    arena_reset(arena, mark);
    return status;
}
