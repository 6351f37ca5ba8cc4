/* The query former: two cross attentions from learned queries to the anchors, METHOD.md 8. */
#include "align/align_internal.h"
#include "ops/ops.h"

#include <math.h>
#include <string.h>

const align_adam_t align_query_adam = {
    .steps = 300, .max_steps = 3000, .rate = 3e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};

enum { QUERY, IN_WEIGHT, IN_BIAS, OUT_WEIGHT, OUT_BIAS, SIDE = 4, PROJ_WEIGHT = 9, PROJ_BIAS };

int64_t align_query_table(align_block_t table[ALIGN_QUERY_BLOCKS], int G, int E)
{
    REQUIRE(table != NULL && G > 0 && E > 0);
    const align_block_t shapes[ALIGN_QUERY_BLOCKS] = {
        {"query", 0, G, E},
        {"normal.in_proj_weight", 0, 3 * E, E},
        {"normal.in_proj_bias", 0, 1, 3 * E},
        {"normal.out_proj.weight", 0, E, E},
        {"normal.out_proj.bias", 0, 1, E},
        {"abnormal.in_proj_weight", 0, 3 * E, E},
        {"abnormal.in_proj_bias", 0, 1, 3 * E},
        {"abnormal.out_proj.weight", 0, E, E},
        {"abnormal.out_proj.bias", 0, 1, E},
        {"proj.weight", 0, E, 2 * E},
        {"proj.bias", 0, 1, E},
    };
    int64_t total = 0;
    for (int b = 0; b < ALIGN_QUERY_BLOCKS; b++) {
        table[b] = shapes[b];
        table[b].offset = total;
        total += (int64_t)shapes[b].rows * shapes[b].columns;
    }
    return total;
}

int align_query_heads(int E)
{
    int heads = 8;
    while (E % heads != 0) heads--;
    return heads;
}

static void draw_uniform(float *out, int64_t n, double bound, rng_t *rng)
{
    for (int64_t i = 0; i < n; i++) out[i] = (float)(bound * (2 * rng_uniform(rng) - 1));
}

void align_query_init(float *params, int G, int E, rng_t *rng)
{
    REQUIRE(params != NULL && rng != NULL);
    align_block_t table[ALIGN_QUERY_BLOCKS];
    int64_t total = align_query_table(table, G, E);
    memset(params, 0, sizeof(float) * (size_t)total);
    for (int64_t i = 0; i < (int64_t)G * E; i++) params[i] = (float)rng_normal(rng);
    int64_t square = (int64_t)E * E;
    for (int side = 0; side < 2; side++) {
        const align_block_t *block = table + SIDE * side;
        draw_uniform(params + block[IN_WEIGHT].offset, 3 * square, sqrt(6.0 / (E + 3.0 * E)), rng);
        draw_uniform(params + block[OUT_WEIGHT].offset, square, 1 / sqrt(E), rng);
    }
    draw_uniform(params + table[PROJ_WEIGHT].offset, 2 * square, 1 / sqrt(2.0 * E), rng);
    draw_uniform(params + table[PROJ_BIAS].offset, E, 1 / sqrt(2.0 * E), rng);
}

/* One pass; rows (G,E) unless noted. */
typedef struct {
    const float *in, *in_bias, *out, *out_bias, *anchor;
    float *q, *k, *v, *probs /* (heads,G,G) */, *mixed, *y;
    float *dq, *dk, *dv, *dmixed, *dy;
} side_t;
typedef struct {
    int G, E;
    align_block_t table[ALIGN_QUERY_BLOCKS];
    int64_t total;
    const float *params;
    ops_attention_t how;
    side_t side[2];
    float *both, *dboth; /* (G,2E) */
    float *raw, *draw, *dquery;
    float *q, *norms /* (G) */;
    float *dunit;
    float *scratch; /* 2 G G */
} former_t;

static status_t former_open(former_t *former, const float *params, const float *normal, const float *abnormal, int G,
                            int E, arena_t *arena)
{
    *former = (former_t){.G = G, .E = E, .params = params};
    former->total = align_query_table(former->table, G, E);
    int heads = align_query_heads(E), d = E / heads;
    former->how = (ops_attention_t){.Tq = G,
                                    .Tk = G,
                                    .H = heads,
                                    .d = d,
                                    .ldq = E,
                                    .ldk = E,
                                    .ldv = E,
                                    .ldo = E,
                                    .first = -1,
                                    .scale = (float)(1 / sqrt(d))};
    size_t rows = (size_t)G * (size_t)E, pairs = (size_t)G * (size_t)G;
    size_t floats = 2 * (10 * rows + (size_t)heads * pairs) + 9 * rows + (size_t)G + 2 * pairs;
    float *at = arena_take(arena, floats, sizeof(float));
    if (at == NULL) return ST_ENOMEM;
    for (int s = 0; s < 2; s++) {
        side_t *side = former->side + s;
        const align_block_t *block = former->table + SIDE * s;
        side->in = params + block[IN_WEIGHT].offset;
        side->in_bias = params + block[IN_BIAS].offset;
        side->out = params + block[OUT_WEIGHT].offset;
        side->out_bias = params + block[OUT_BIAS].offset;
        side->anchor = s ? abnormal : normal;
        float **rows_of[] = {&side->q,  &side->k,  &side->v,  &side->mixed,  &side->y,
                             &side->dq, &side->dk, &side->dv, &side->dmixed, &side->dy};
        for (size_t i = 0; i < sizeof rows_of / sizeof *rows_of; i++, at += rows) *rows_of[i] = at;
        side->probs = at;
        at += (size_t)heads * pairs;
    }
    float **rows_of[] = {&former->raw, &former->draw, &former->dquery, &former->q, &former->dunit};
    for (size_t i = 0; i < sizeof rows_of / sizeof *rows_of; i++, at += rows) *rows_of[i] = at;
    former->both = at;
    former->dboth = at + 2 * rows;
    former->scratch = at + 4 * rows;
    former->norms = former->scratch + 2 * pairs;
    return ST_OK;
}

/* q, and l_qf in double. */
static double forward(former_t *former)
{
    int G = former->G, E = former->E;
    size_t width = (size_t)E, square = width * width;
    for (int s = 0; s < 2; s++) {
        side_t *side = former->side + s;
        ops_linear(side->q, former->params + former->table[QUERY].offset, side->in, side->in_bias, G, E, E);
        ops_linear(side->k, side->anchor, side->in + square, side->in_bias + E, G, E, E);
        ops_linear(side->v, side->anchor, side->in + 2 * square, side->in_bias + 2 * width, G, E, E);
        ops_attention(side->mixed, side->probs, side->q, side->k, side->v, &former->how, true);
        ops_linear(side->y, side->mixed, side->out, side->out_bias, G, E, E);
        for (int g = 0; g < G; g++)
            memcpy(former->both + (2 * (size_t)g + (size_t)s) * width, side->y + (size_t)g * width,
                   sizeof(float) * width);
    }
    ops_linear(former->raw, former->both, former->params + former->table[PROJ_WEIGHT].offset,
               former->params + former->table[PROJ_BIAS].offset, G, E, 2 * E);
    ops_normalize(former->q, former->norms, former->raw, G, E);
    double loss = 0;
    for (int g = 0; g < G; g++) {
        const float *q = former->q + (size_t)g * width;
        double agree = 0;
        for (size_t e = 0; e < width; e++) {
            size_t i = (size_t)g * width + e;
            agree += (double)q[e] * ((double)former->side[0].anchor[i] + (double)former->side[1].anchor[i]);
        }
        loss += 2 - agree;
    }
    return loss / G;
}

/* After forward: the d-arrays of every layer's output, and dquery. */
static void backward(former_t *former)
{
    int G = former->G, E = former->E;
    size_t width = (size_t)E, rows = (size_t)G * width;
    for (size_t i = 0; i < rows; i++)
        former->dunit[i] = -(former->side[0].anchor[i] + former->side[1].anchor[i]) / (float)G;
    memset(former->draw, 0, sizeof(float) * rows);
    memset(former->dquery, 0, sizeof(float) * rows);
    ops_normalize_backward(former->draw, former->dunit, former->q, former->norms, G, E);
    ops_linear_backward_set(former->dboth, former->draw, former->params + former->table[PROJ_WEIGHT].offset, G, E,
                            2 * E);
    for (int s = 0; s < 2; s++) {
        side_t *side = former->side + s;
        for (int g = 0; g < G; g++)
            memcpy(side->dy + (size_t)g * width, former->dboth + (2 * (size_t)g + (size_t)s) * width,
                   sizeof(float) * width);
        ops_linear_backward_set(side->dmixed, side->dy, side->out, G, E, E);
        memset(side->dq, 0, sizeof(float) * rows);
        memset(side->dk, 0, sizeof(float) * rows);
        memset(side->dv, 0, sizeof(float) * rows);
        ops_attention_backward(side->dq, side->dk, side->dv, side->dmixed, side->probs, side->q, side->k, side->v,
                               &former->how, former->scratch);
        ops_linear_backward(former->dquery, side->dq, side->in, G, E, E);
    }
}

/* Where gradients go: into `grad`, or through Adam's moments into `params`. All laid out as the block. */
typedef struct {
    float *grad;
    float *params, *first, *second;
    float rate, beta1, beta2, root, epsilon; /* rate / (1 - beta1^t), sqrt(1 - beta2^t) */
} sink_t;

/* The four arrays are apart, and what does not change is a value of its own: so the loop is done many parameters at a time. */
static void step_adam(float *restrict w, float *restrict m, float *restrict v, const float *restrict grad, int n,
                      const sink_t *sink)
{
    const float beta1 = sink->beta1, beta2 = sink->beta2, keep1 = 1 - beta1, keep2 = 1 - beta2;
    const float rate = sink->rate, root = sink->root, epsilon = sink->epsilon;
    for (int i = 0; i < n; i++) {
        m[i] = beta1 * m[i] + keep1 * grad[i];
        v[i] = beta2 * v[i] + keep2 * grad[i] * grad[i];
        w[i] -= rate * (m[i] / (sqrtf(v[i]) / root + epsilon));
    }
}

/* grad (n): the gradient of n parameters from `offset` on. */
static void pour(const sink_t *sink, const float *grad, int64_t offset, int n)
{
    if (sink->grad != NULL) {
        memcpy(sink->grad + offset, grad, sizeof(float) * (size_t)n);
        return;
    }
    step_adam(sink->params + offset, sink->first + offset, sink->second + offset, grad, n, sink);
}

/* A linear layer's dw (N,K) = dy (G,N)^T x (G,K), row by row so that it never stands in memory, and db (N). */
static void pour_linear(const sink_t *sink, const float *dy, const float *x, int G, int N, int K, int64_t weight,
                        int64_t bias, float *row)
{
    for (int n = 0; n < N; n++) {
        memset(row, 0, sizeof(float) * (size_t)K);
        for (int g = 0; g < G; g++) {
            float slope = dy[(size_t)g * (size_t)N + n];
            const float *input = x + (size_t)g * (size_t)K;
            for (int k = 0; k < K; k++) row[k] += slope * input[k];
        }
        pour(sink, row, weight + (int64_t)n * K, K);
    }
    for (int n = 0; n < N; n++) {
        row[n] = 0;
        for (int g = 0; g < G; g++) row[n] += dy[(size_t)g * (size_t)N + n];
    }
    pour(sink, row, bias, N);
}

/* row: 2E floats of scratch. */
static void pour_all(const sink_t *sink, const former_t *former, float *row)
{
    int G = former->G, E = former->E;
    int64_t square = (int64_t)E * E;
    const align_block_t *table = former->table;
    /* The queries enter the layers below, so every use of them comes before their own step. */
    for (int s = 0; s < 2; s++) {
        const side_t *side = former->side + s;
        int64_t in = table[SIDE * s + IN_WEIGHT].offset, bias = table[SIDE * s + IN_BIAS].offset;
        const float *query = former->params + table[QUERY].offset;
        pour_linear(sink, side->dq, query, G, E, E, in, bias, row);
        pour_linear(sink, side->dk, side->anchor, G, E, E, in + square, bias + E, row);
        pour_linear(sink, side->dv, side->anchor, G, E, E, in + 2 * square, bias + 2 * (int64_t)E, row);
        pour_linear(sink, side->dy, side->mixed, G, E, E, table[SIDE * s + OUT_WEIGHT].offset,
                    table[SIDE * s + OUT_BIAS].offset, row);
    }
    pour_linear(sink, former->draw, former->both, G, E, 2 * E, table[PROJ_WEIGHT].offset, table[PROJ_BIAS].offset, row);
    pour(sink, former->dquery, table[QUERY].offset, G * E);
}

status_t align_query_forward(float *q, double *loss, const float *params, const float *normal, const float *abnormal,
                             int G, int E, arena_t *arena)
{
    REQUIRE(q != NULL && params != NULL && normal != NULL && abnormal != NULL && arena != NULL);
    arena_mark_t mark = arena_mark(arena);
    former_t former;
    status_t status = former_open(&former, params, normal, abnormal, G, E, arena);
    if (status == ST_OK) {
        double value = forward(&former);
        if (loss != NULL) *loss = value;
        memcpy(q, former.q, sizeof(float) * (size_t)G * (size_t)E);
    }
    arena_reset(arena, mark);
    return status;
}

status_t align_query_gradient(float *grad, double *loss, const float *params, const float *normal,
                              const float *abnormal, int G, int E, arena_t *arena)
{
    arena_mark_t mark = arena_mark(arena);
    former_t former;
    float *row = arena_take(arena, 2 * (size_t)E, sizeof(float));
    status_t status = row != NULL ? former_open(&former, params, normal, abnormal, G, E, arena) : ST_ENOMEM;
    if (status == ST_OK) {
        *loss = forward(&former);
        backward(&former);
        pour_all(&(sink_t){.grad = grad}, &former, row);
    }
    arena_reset(arena, mark);
    return status;
}

status_t align_query_train(float *params, double *losses, int *steps, const float *normal, const float *abnormal, int G,
                           int E, const align_adam_t *adam, arena_t *arena)
{
    REQUIRE(params != NULL && losses != NULL && steps != NULL && normal != NULL && abnormal != NULL && adam != NULL);
    arena_mark_t mark = arena_mark(arena);
    former_t former;
    status_t status = ST_ENOMEM;
    align_block_t table[ALIGN_QUERY_BLOCKS];
    size_t total = (size_t)align_query_table(table, G, E);
    float *row = arena_take(arena, 2 * (size_t)E, sizeof(float));
    sink_t sink = {.params = params, .beta1 = (float)adam->beta1, .beta2 = (float)adam->beta2};
    sink.first = arena_take(arena, total, sizeof(float));
    sink.second = arena_take(arena, total, sizeof(float));
    if (row == NULL || sink.first == NULL || sink.second == NULL) goto done;
    TRY_DONE(former_open(&former, params, normal, abnormal, G, E, arena));
    sink.epsilon = (float)adam->epsilon;
    double floor = align_query_floor(normal, abnormal, G, E), gap = align_query_gap(normal, abnormal, G, E);
    double near = fmax(fmin(1e-3, 0.01 * gap), 2e-6); /* below: float32's rounding of the loss */
    for (int step = 0;; step++) {
        losses[step] = forward(&former);
        *steps = step;
        if ((step >= adam->steps && losses[step] - floor <= near) || step >= adam->max_steps) break;
        backward(&former);
        sink.rate = (float)(adam->rate / (1 - pow(adam->beta1, step + 1)));
        sink.root = (float)sqrt(1 - pow(adam->beta2, step + 1));
        pour_all(&sink, &former, row);
    }
    if (!(losses[*steps] - floor <= near) && adam->max_steps > adam->steps)
        log_warn("query former: loss %.6f after %d steps, its floor is %.6f (the groups' anchors lie very close)",
                 losses[*steps], *steps, floor);
done:
    arena_reset(arena, mark);
    return status;
}

static double sum_at(const float *normal, const float *abnormal, size_t i)
{
    return (double)normal[i] + (double)abnormal[i];
}

void align_query_bisector(float *keys, const float *normal, const float *abnormal, int G, int E)
{
    for (size_t g = 0; g < (size_t)G; g++) {
        double square = 0;
        for (size_t e = g * (size_t)E; e < (g + 1) * (size_t)E; e++) {
            double sum = sum_at(normal, abnormal, e);
            square += sum * sum;
        }
        for (size_t e = g * (size_t)E; e < (g + 1) * (size_t)E; e++)
            keys[e] = square > 0 ? (float)(sum_at(normal, abnormal, e) / sqrt(square)) : 0;
    }
}

double align_query_floor(const float *normal, const float *abnormal, int G, int E)
{
    double floor = 0;
    for (int g = 0; g < G; g++) {
        double square = 0;
        for (int e = 0; e < E; e++) {
            double sum = sum_at(normal, abnormal, (size_t)g * (size_t)E + (size_t)e);
            square += sum * sum;
        }
        floor += 2 - sqrt(square);
    }
    return floor / G;
}

double align_query_gap(const float *normal, const float *abnormal, int G, int E)
{
    double square = 0;
    for (int e = 0; e < E; e++) {
        double sum = 0;
        for (int g = 0; g < G; g++) sum += sum_at(normal, abnormal, (size_t)g * (size_t)E + (size_t)e);
        square += sum * sum;
    }
    return 2 - sqrt(square) / G - align_query_floor(normal, abnormal, G, E);
}
