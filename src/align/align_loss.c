/* The four losses of prompt learning and their gradient with respect to prompt features, METHOD.md 7. */
#include "align/align_internal.h"
#include "ops/ops.h"

#include <math.h>
#include <string.h>

const char *const align_term_names[] = {"total", "clip", "trip", "mean", "reg", NULL};

/* Normalised features, anchors and their gradients, in double; products see float copies. */
typedef struct {
    const align_group_t *groups;
    int G, P, E;
    double *hat, *norm;     /* (P,E), (P): f / |f| */
    double *dhat;           /* (P,E) */
    double *anchor, *scale; /* (2G,E), (2G): p_n of group g in row 2g, p_a in row 2g+1; norm of the mean */
    double *danchor;        /* (2G,E) */
    double *open;           /* (G) share of hinges that are */
} features_t;

/* y = x / |x|; returns |x|; zeros stay zeros. */
static double normalise(double *y, const double *x, int E)
{
    double square = 0;
    for (int e = 0; e < E; e++) square += x[e] * x[e];
    double norm = sqrt(square);
    for (int e = 0; e < E; e++) y[e] = norm == 0 ? 0 : x[e] / norm;
    return norm;
}

/* dx += (dy - y <dy,y>) / norm. */
static void normalise_backward(double *dx, const double *dy, const double *y, double norm, int E)
{
    if (norm == 0) return;
    double along = 0;
    for (int e = 0; e < E; e++) along += dy[e] * y[e];
    for (int e = 0; e < E; e++) dx[e] += (dy[e] - y[e] * along) / norm;
}

static int group_rows(const align_group_t *group)
{
    return group->normal + group->ahp + group->alp;
}

/* anchor (E) = normalise(mean of rows first .. first+count-1 of f); returns the norm of the mean. */
static double mean_anchor(double *anchor, const float *f, int first, int count, int E)
{
    memset(anchor, 0, sizeof(double) * (size_t)E);
    for (int r = first; r < first + count; r++) {
        const float *row = f + (size_t)r * (size_t)E;
        for (int e = 0; e < E; e++) anchor[e] += (double)row[e];
    }
    for (int e = 0; e < E; e++) anchor[e] /= count;
    return normalise(anchor, anchor, E);
}

void align_anchors(float *normal, float *abnormal, const float *f, const align_group_t *groups, int G, int E)
{
    REQUIRE(normal != NULL && abnormal != NULL && f != NULL && groups != NULL && G > 0 && E > 0);
    for (int g = 0; g < G; g++) {
        const align_group_t *group = groups + g;
        REQUIRE(group->normal > 0 && group->ahp + group->alp > 0);
        for (int side = 0; side < 2; side++) {
            int first = side ? group->first + group->normal : group->first;
            int count = side ? group->ahp + group->alp : group->normal;
            float *out = (side ? abnormal : normal) + (size_t)g * (size_t)E;
            /* Channel by channel, so that no double row is needed. */
            double square = 0;
            for (int pass = 0; pass < 2; pass++) {
                for (int e = 0; e < E; e++) {
                    double sum = 0;
                    for (int r = first; r < first + count; r++) sum += (double)f[(size_t)r * (size_t)E + e];
                    double mean = sum / count;
                    if (pass == 0)
                        square += mean * mean;
                    else
                        out[e] = square == 0 ? 0.0F : (float)(mean / sqrt(square));
                }
            }
        }
    }
}

static status_t take_features(features_t *out, const float *f, const align_group_t *groups, int G, int E,
                              arena_t *arena)
{
    int P = 0;
    for (int g = 0; g < G; g++) {
        REQUIRE(groups[g].first == P && groups[g].normal > 0 && groups[g].ahp + groups[g].alp > 0);
        P += group_rows(groups + g);
    }
    size_t rows = (size_t)P, pairs = 2 * (size_t)G, width = (size_t)E;
    *out = (features_t){.groups = groups, .G = G, .P = P, .E = E};
    out->hat = arena_take(arena, rows * width, sizeof(double));
    out->norm = arena_take(arena, rows, sizeof(double));
    out->dhat = arena_take(arena, rows * width, sizeof(double));
    out->anchor = arena_take(arena, pairs * width, sizeof(double));
    out->scale = arena_take(arena, pairs, sizeof(double));
    out->danchor = arena_take(arena, pairs * width, sizeof(double));
    if (!out->hat || !out->norm || !out->dhat || !out->anchor || !out->scale || !out->danchor) return ST_ENOMEM;
    for (size_t r = 0; r < rows; r++) {
        double *hat = out->hat + r * width;
        for (size_t e = 0; e < width; e++) hat[e] = (double)f[r * width + e];
        out->norm[r] = normalise(hat, hat, E);
    }
    for (int g = 0; g < G; g++) {
        int abnormal = groups[g].first + groups[g].normal;
        double *anchor = out->anchor + 2 * (size_t)g * width;
        out->scale[2 * g] = mean_anchor(anchor, f, groups[g].first, groups[g].normal, E);
        out->scale[2 * g + 1] = mean_anchor(anchor + width, f, abnormal, groups[g].ahp + groups[g].alp, E);
    }
    return ST_OK;
}

/* ---- Token losses -------------------------------------------------------------------------------------------------- */

/* -log softmax of the normal column of logits t w d, d (1+A) with the normal one first; adds share * its derivative
 * with respect to d to slope. e (1+A): scratch. */
static double clip_token(float *slope, const float *d, int A, double scale, double share, float *e)
{
    double largest = (double)d[0];
    for (int k = 1; k <= A; k++) {
        if ((double)d[k] > largest) largest = (double)d[k];
    }
    for (int k = 0; k <= A; k++) e[k] = (float)(scale * ((double)d[k] - largest));
    double logit = (double)e[0];
    ops_exp(e, e, 1 + A);
    double others = 0;
    for (int k = 1; k <= A; k++) others += (double)e[k];
    double total = (double)e[0] + others;
    if (slope != NULL) {
        double factor = share * scale / total;
        slope[0] -= (float)(factor * others);
        for (int k = 1; k <= A; k++) slope[k] += (float)(factor * (double)e[k]);
    }
    return logit == 0 ? log1p(others / (double)e[0]) : log(total) - logit;
}

/* ||w z - p||^2, by partial sums in a fixed order. */
static double squared_distance(const float *z, double w, const double *p, int E)
{
    enum { LANES = 8 };
    double sum[LANES] = {0};
    int e = 0;
    for (; e + LANES <= E; e += LANES) {
        for (int k = 0; k < LANES; k++) {
            double d = w * (double)z[e + k] - p[e + k];
            sum[k] += d * d;
        }
    }
    for (int k = 0; e < E; e++, k++) {
        double d = w * (double)z[e] - p[e];
        sum[k] += d * d;
    }
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

/* The hinge of one token. slope[0] is the coefficient of z in d p_n, slope[1+A] the one in d p_a; what the derivative
 * has along p itself is left out, for normalise's backward drops it. */
static double trip_token(float *slope, const features_t *features, int g, int A, const float *z, double w,
                         const align_losses_t *losses, double share)
{
    const double *normal = features->anchor + 2 * (size_t)g * (size_t)features->E;
    double near = squared_distance(z, w, normal, features->E);
    double far = squared_distance(z, w, normal + features->E, features->E);
    const bool squared = losses->triplet == ALIGN_TRIPLET_SQUARED;
    if (!squared) near = sqrt(near), far = sqrt(far);
    double hinge = near - far + losses->epsilon;
    if (!(hinge > 0)) return isnan(hinge) ? hinge : 0;
    if (slope != NULL) {
        if (squared || near > 0) slope[0] -= (float)(squared ? 2 * share * w : share * w / near);
        if (squared || far > 0) slope[1 + A] += (float)(squared ? 2 * share * w : share * w / far);
    }
    return hinge;
}

/* l_clip and l_trip of group g; their gradients into dhat and danchor when `gradient`. */
static status_t token_losses(double terms[ALIGN_TERMS], features_t *features, int g, const align_tokens_t *tokens,
                             const align_losses_t *losses, bool gradient, arena_t *arena)
{
    const align_group_t *group = features->groups + g;
    int A = group->ahp + group->alp, columns = A + 2, N = tokens->N, E = features->E;
    size_t width = (size_t)E, across = (size_t)columns;
    arena_mark_t mark = arena_mark(arena);
    float *side = arena_take(arena, across * width, sizeof(float)); /* p_n, then A_g, then p_a */
    float *dots = arena_take(arena, (size_t)N * across, sizeof(float));
    float *slopes = gradient ? arena_take(arena, (size_t)N * across, sizeof(float)) : NULL;
    float *e = arena_take(arena, across, sizeof(float));
    if (side == NULL || dots == NULL || e == NULL || (gradient && slopes == NULL)) {
        arena_reset(arena, mark);
        return ST_ENOMEM;
    }
    int abnormal = group->first + group->normal;
    double *anchor = features->anchor + 2 * (size_t)g * width;
    for (size_t i = 0; i < width; i++) {
        side[i] = (float)anchor[i];
        side[(across - 1) * width + i] = (float)anchor[width + i];
    }
    for (size_t i = 0; i < (size_t)A * width; i++) side[width + i] = (float)features->hat[(size_t)abnormal * width + i];
    ops_gemm(dots, tokens->z, side, N, columns, E,
             &(ops_gemm_t){.transpose_b = true, .lda = E, .ldb = E, .ldc = columns, .alpha = 1});
    double clip = 0, trip = 0, share = 1.0 / N;
    int open = 0;
    const bool by_token = losses->use[ALIGN_TERM_TRIP] && losses->triplet != ALIGN_TRIPLET_CHANNELS;
    for (int i = 0; i < N; i++) {
        double w = tokens->weights != NULL ? (double)tokens->weights[(size_t)g * (size_t)N + i] : 1;
        float *slope = gradient ? slopes + (size_t)i * across : NULL;
        if (losses->use[ALIGN_TERM_CLIP])
            clip += clip_token(slope, dots + (size_t)i * across, A, losses->logit_scale * w, share, e);
        if (!by_token) continue;
        const double hinge = trip_token(slope, features, g, A, tokens->z + (size_t)i * width, w, losses, share);
        trip += hinge;
        open += hinge > 0;
    }
    features->open[g] = (double)open / N;
    terms[ALIGN_TERM_CLIP] += clip / N;
    terms[ALIGN_TERM_TRIP] += trip / N;
    if (gradient) {
        ops_gemm(side, slopes, tokens->z, columns, E, N,
                 &(ops_gemm_t){.transpose_a = true, .lda = columns, .ldb = E, .ldc = E, .alpha = 1});
        double *danchor = features->danchor + 2 * (size_t)g * width;
        double *dhat = features->dhat + (size_t)abnormal * width;
        for (size_t i = 0; i < width; i++) {
            danchor[i] += (double)side[i];
            danchor[width + i] += (double)side[(across - 1) * width + i];
        }
        for (size_t i = 0; i < (size_t)A * width; i++) dhat[i] += (double)side[width + i];
    }
    arena_reset(arena, mark);
    return ST_OK;
}

static double channel_triplet(features_t *features, int g, const align_tokens_t *tokens, const align_losses_t *losses,
                              bool gradient, double *scratch)
{
    const size_t width = (size_t)features->E, at = 2 * (size_t)g * width;
    double *dnormal = gradient ? features->danchor + at : NULL, *dabnormal = gradient ? dnormal + width : NULL;
    const float *weights = tokens->weights != NULL ? tokens->weights + (size_t)g * (size_t)tokens->N : NULL;
    int open;
    const double loss = align_triplet_channels(dnormal, dabnormal, features->anchor + at, features->anchor + at + width,
                                               tokens, weights, losses->epsilon, &open, scratch);
    features->open[g] = (double)open / ((double)tokens->images * (double)width);
    return loss;
}

/* ---- Prompt losses ------------------------------------------------------------------------------------------------- */

/* u (E) += sign * mean of rows first .. first+count-1 of hat. */
static void add_mean(double *u, const double *hat, int first, int count, int E, double sign)
{
    for (int r = first; r < first + count; r++) {
        for (int e = 0; e < E; e++) u[e] += sign * hat[(size_t)r * (size_t)E + e] / count;
    }
}

/* Its backward: every row's share of du. */
static void add_mean_backward(double *dhat, const double *du, int first, int count, int E, double factor)
{
    for (int r = first; r < first + count; r++) {
        for (int e = 0; e < E; e++) dhat[(size_t)r * (size_t)E + e] += factor * du[e] / count;
    }
}

/* l_mean of one group, without its weight. u (E): scratch. */
static double mean_loss(features_t *features, const align_group_t *group, double lambda, bool gradient, double *u)
{
    int E = features->E, ahp = group->first + group->normal, alp = ahp + group->ahp;
    if (group->ahp == 0 || group->alp == 0) return 0;
    memset(u, 0, sizeof(double) * (size_t)E);
    add_mean(u, features->hat, ahp, group->ahp, E, 1);
    add_mean(u, features->hat, alp, group->alp, E, -1);
    double square = 0;
    for (int e = 0; e < E; e++) square += u[e] * u[e];
    if (gradient) {
        add_mean_backward(features->dhat, u, ahp, group->ahp, E, 2 * lambda);
        add_mean_backward(features->dhat, u, alp, group->alp, E, -2 * lambda);
    }
    return square;
}

static int first_alp(const align_group_t *group)
{
    return group->first + group->normal + group->ahp;
}

/* l_reg with its weight: once for the whole set. u (3E): scratch. */
static double reg_loss(features_t *features, double lambda, bool plain, bool gradient, double *u)
{
    int E = features->E, image = -1, back = -1, components = 0;
    for (int g = 0; g < features->G; g++) {
        const align_group_t *group = features->groups + g;
        if (group->level == PROMPTS_IMAGE) image = g;
        if (group->level == PROMPTS_BACKGROUND) back = g;
        if (group->level != PROMPTS_IMAGE && group->level != PROMPTS_COMPONENT) continue;
        components += group->level == PROMPTS_COMPONENT;
        if (group->alp == 0) return 0;
    }
    if (image < 0 || back < 0 || components == 0) return 0;
    double *unit = u + E, *residual = u + 2 * (size_t)E;
    memset(u, 0, sizeof(double) * 3 * (size_t)E);
    for (int g = 0; g < features->G; g++) {
        const align_group_t *group = features->groups + g;
        if (group->level == PROMPTS_COMPONENT) add_mean(u, features->hat, first_alp(group), group->alp, E, 1);
    }
    double norm = normalise(unit, u, E), square = 0;
    if (plain) memcpy(unit, u, sizeof(double) * (size_t)E);
    const align_group_t *whole = features->groups + image;
    add_mean(residual, features->hat, first_alp(whole), whole->alp, E, 1);
    const double *p = features->anchor + 2 * (size_t)back * (size_t)E;
    for (int e = 0; e < E; e++) {
        residual[e] -= unit[e] + p[e];
        square += residual[e] * residual[e];
    }
    double length = sqrt(square);
    if (!gradient || length == 0) return lambda * length;
    double factor = lambda / length;
    add_mean_backward(features->dhat, residual, first_alp(whole), whole->alp, E, factor);
    double *dp = features->danchor + 2 * (size_t)back * (size_t)E;
    for (int e = 0; e < E; e++) dp[e] -= factor * residual[e];
    memset(u, 0, sizeof(double) * (size_t)E); /* from here d sum_c u_c */
    if (plain)
        memcpy(u, residual, sizeof(double) * (size_t)E);
    else
        normalise_backward(u, residual, unit, norm, E);
    for (int g = 0; g < features->G; g++) {
        const align_group_t *group = features->groups + g;
        if (group->level == PROMPTS_COMPONENT)
            add_mean_backward(features->dhat, u, first_alp(group), group->alp, E, -factor);
    }
    return lambda * length;
}

/* df from the gradients of normalised features and anchors. row (E): scratch. */
static void features_backward(float *df, features_t *features, double *row)
{
    int E = features->E;
    size_t width = (size_t)E;
    for (int g = 0; g < features->G; g++) {
        const align_group_t *group = features->groups + g;
        for (int side = 0; side < 2; side++) {
            size_t at = 2 * (size_t)g + (size_t)side;
            int first = side ? group->first + group->normal : group->first;
            int count = side ? group->ahp + group->alp : group->normal;
            memset(row, 0, sizeof(double) * width);
            normalise_backward(row, features->danchor + at * width, features->anchor + at * width, features->scale[at],
                               E);
            double *own = row + E;
            for (int r = first; r < first + count; r++) {
                for (size_t e = 0; e < width; e++) own[e] = row[e] / count;
                normalise_backward(own, features->dhat + (size_t)r * width, features->hat + (size_t)r * width,
                                   features->norm[r], E);
                for (size_t e = 0; e < width; e++) df[(size_t)r * width + e] = (float)own[e];
            }
        }
    }
}

status_t align_loss_open(double terms[ALIGN_TERMS], float *df, double *open, const float *f,
                         const align_group_t *groups, int G, const align_tokens_t *tokens, const align_losses_t *losses,
                         arena_t *arena)
{
    REQUIRE(terms != NULL && f != NULL && groups != NULL && tokens != NULL && losses != NULL && arena != NULL);
    REQUIRE(G > 0 && G <= PROMPTS_MAX_GROUPS && tokens->z != NULL && tokens->N > 0 && tokens->E > 0);
    arena_mark_t mark = arena_mark(arena);
    bool gradient = df != NULL;
    features_t features;
    status_t status = ST_OK;
    for (int term = 0; term < ALIGN_TERMS; term++) terms[term] = 0;
    for (int g = 0; g < G; g++) open[g] = 0;
    double *scratch = arena_take(arena, 3 * (size_t)tokens->E, sizeof(double));
    if (scratch == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    TRY_DONE(take_features(&features, f, groups, G, tokens->E, arena));
    features.open = open;
    for (int g = 0; g < G; g++) {
        if (losses->use[ALIGN_TERM_CLIP] || losses->use[ALIGN_TERM_TRIP])
            TRY_DONE(token_losses(terms, &features, g, tokens, losses, gradient, arena));
        if (losses->use[ALIGN_TERM_TRIP] && losses->triplet == ALIGN_TRIPLET_CHANNELS)
            terms[ALIGN_TERM_TRIP] += channel_triplet(&features, g, tokens, losses, gradient, scratch);
        if (losses->use[ALIGN_TERM_MEAN])
            terms[ALIGN_TERM_MEAN] += mean_loss(&features, groups + g, losses->lambda_mean, gradient, scratch);
    }
    if (losses->use[ALIGN_TERM_REG])
        terms[ALIGN_TERM_REG] = reg_loss(&features, losses->lambda_reg, losses->plain_sum, gradient, scratch);
    terms[ALIGN_TERM_TOTAL] = terms[ALIGN_TERM_CLIP] + terms[ALIGN_TERM_TRIP] +
                              losses->lambda_mean * terms[ALIGN_TERM_MEAN] + terms[ALIGN_TERM_REG];
    if (gradient) features_backward(df, &features, scratch);
done:
    arena_reset(arena, mark);
    return status;
}

status_t align_loss(double terms[ALIGN_TERMS], float *df, const float *f, const align_group_t *groups, int G,
                    const align_tokens_t *tokens, const align_losses_t *losses, arena_t *arena)
{
    double open[PROMPTS_MAX_GROUPS];
    return align_loss_open(terms, df, open, f, groups, G, tokens, losses, arena);
}
