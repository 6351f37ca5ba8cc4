/* What items cost: counts of operations, pixels and bytes, times rates that runs measure on their machine and keep with the
 * feature cache. Only an estimate. */
#include "plan/plan.h"

#include <math.h>

/* Before anything was measured: one core of a machine of 2022, a model of ViT-B/16+'s size. */
const plan_rate_row_t plan_rates[PLAN_RATES] = {
    [PLAN_RATE_START] = {"start", 2},        [PLAN_RATE_REDUCE] = {"reduce", 0.003},
    [PLAN_RATE_ITEM] = {"item", 0.02},       [PLAN_RATE_PICTURE] = {"picture", 0.04},
    [PLAN_RATE_ENCODE] = {"encode", 0.012},  [PLAN_RATE_TILE] = {"tile", 0.012},
    [PLAN_RATE_REGIONS] = {"regions", 0.02}, [PLAN_RATE_LEARN] = {"learn", 0.015},
    [PLAN_RATE_QUERY] = {"query", 0.05},     [PLAN_RATE_MAPS] = {"maps", 0.015},
    [PLAN_RATE_PIXELS] = {"pixels", 0.125},  [PLAN_RATE_READ] = {"read", 0.005},
    [PLAN_RATE_WRITE] = {"write", 0.02},
};

plan_cost_t plan_cost_guess(void)
{
    plan_cost_t cost = {0};
    for (int r = 0; r < PLAN_RATES; r++) cost.seconds[r] = plan_rates[r].guess;
    return cost;
}

double plan_rate_scaled(plan_rate_t rate, double seconds, int from, int to)
{
    /* Of the time of one thread, what several share: counted in learning, guessed in encoding; and in how many
     * parts, at most. */
    static const struct {
        double part;
        int most;
    } shared[PLAN_RATES] = {[PLAN_RATE_PICTURE] = {0.95, 16},
                            [PLAN_RATE_ENCODE] = {0.95, 16},
                            [PLAN_RATE_TILE] = {0.95, 16},
                            [PLAN_RATE_LEARN] = {0.985, 8}};
    const double part = shared[rate].part, most = shared[rate].most > 0 ? shared[rate].most : 1;
    return seconds * (1 - part + part / fmin(to, most)) / (1 - part + part / fmin(from, most));
}

double plan_reduce_units(int tasks, int ranks)
{
    /* Tables of no task take as long as reading so many. */
    const double tables = 50;
    return tables + ceil((double)tasks / ranks);
}

double plan_work_seconds(const plan_work_t *work, const plan_cost_t *cost)
{
    double seconds = 0;
    for (int r = 0; r < PLAN_RATES; r++) seconds += work->units[r] * cost->seconds[r];
    return seconds;
}

void plan_item_price(plan_item_t *item, const plan_work_t *work, const plan_cost_t *cost)
{
    item->cost = plan_work_seconds(work, cost);
    item->gflop = plan_work_gflop(work);
    item->guessed = item->borrowed = item->varying = 0;
    for (int r = 0; r < PLAN_RATES; r++) {
        const double seconds = work->units[r] * cost->seconds[r];
        if (!cost->measured[r]) *(cost->borrowed[r] ? &item->borrowed : &item->guessed) += seconds;
        if (cost->measured[r] && r == PLAN_RATE_PIXELS) item->varying += seconds;
    }
}

double plan_work_gflop(const plan_work_t *work)
{
    const double *units = work->units;
    return units[PLAN_RATE_ENCODE] + units[PLAN_RATE_TILE] + units[PLAN_RATE_REGIONS] + units[PLAN_RATE_LEARN] +
           units[PLAN_RATE_QUERY] + units[PLAN_RATE_MAPS];
}

/* ---- Encoding ------------------------------------------------------------------------------------------------------- */

/* A block on T tokens, a multiply-add counting two; dual: with the V-V attention of METHOD.md 2. */
static double block_gflop(const clip_config_t *c, double T, bool dual)
{
    double W = c->width;
    return 2e-9 * (T * W * ((dual ? 5 : 4) * W + 2.0 * c->mlp) + (dual ? 4 : 2) * T * T * W);
}

double plan_encode_gflop(const clip_config_t *c, const method_ask_t *ask)
{
    double T = c->grid * c->grid + 1.0, gflop = 0;
    int blocks = 0;
    bool dual = false;
    for (int a = 0; a < ask->count; a++) {
        clip_feature_t feature;
        if (clip_feature_parse(&feature, ask->text[a], c) != ST_OK) continue;
        if (feature.turns > 0) {
            method_ask_t view = {1, {""}};
            const int turns = feature.turns;
            feature.turns = 0;
            clip_feature_text(view.text[0], &feature);
            gflop += turns * plan_encode_gflop(c, &view);
            continue;
        }
        int deep = c->layers;
        if (feature.kind == CLIP_FEATURE_TAP) deep = feature.to.block + 1;
        if (feature.kind == CLIP_FEATURE_WINDOWS) {
            const double many = clip_feature_rows(&feature, c);
            gflop += many * c->layers * block_gflop(c, feature.side * feature.side + 1.0, false);
            continue;
        }
        if (deep > blocks) blocks = deep;
        dual = dual || feature.kind == CLIP_FEATURE_TOKENS;
    }
    gflop += blocks * block_gflop(c, T, dual) + 2e-9 * T * 3.0 * c->patch * c->patch * c->width;
    return gflop + 2e-9 * T * c->width * c->embed;
}

static double arrays_mb(const plan_t *plan, const method_ask_t *ask)
{
    double values = 0;
    for (int a = 0; a < ask->count; a++) {
        clip_feature_t feature;
        if (clip_feature_parse(&feature, ask->text[a], &plan->config) != ST_OK) continue;
        values += (double)clip_feature_rows(&feature, &plan->config) * clip_feature_width(&feature, &plan->config);
    }
    return 4e-6 * values;
}

double plan_image_mb(const plan_t *plan)
{
    return arrays_mb(plan, &plan->ask_test);
}

static double share_stored(const plan_t *plan)
{
    return plan->points[0].features == JOB_FEATURES_F16 ? 0.5 : 1;
}

double plan_features_mb(const plan_t *plan, int images)
{
    return share_stored(plan) * images * plan_image_mb(plan);
}

void plan_work_encode(plan_work_t *out, const plan_t *plan, plan_item_kind_t kind, int images)
{
    const clip_config_t *c = &plan->config;
    double T = (double)c->grid * c->grid;
    bool tiles = kind == PLAN_TILES;
    *out = (plan_work_t){0};
    out->units[PLAN_RATE_ITEM] = 1;
    out->units[PLAN_RATE_PICTURE] = tiles ? 1 : images;
    const method_ask_t tokens = {1, {"tokens"}};
    const method_ask_t *ask = tiles ? &tokens : kind == PLAN_CHUNK ? &plan->ask_test : &plan->ask;
    out->units[tiles ? PLAN_RATE_TILE : PLAN_RATE_ENCODE] = images * plan_encode_gflop(c, ask);
    out->units[PLAN_RATE_WRITE] = share_stored(plan) * images * (tiles ? 4e-6 * T * c->embed : arrays_mb(plan, ask));
}

/* ---- Scoring -------------------------------------------------------------------------------------------------------- */

method_work_t plan_method_work(const plan_t *plan, const plan_task_t *task, int groups, int images, bool known)
{
    method_work_t work = {0};
    const clip_config_t *c = &plan->config;
    const method_t *method = plan_method(plan, task);
    method_size_t size = {.job = &plan->points[task->point],
                          .tokens = c->grid * c->grid,
                          .E = c->embed,
                          .groups = groups,
                          .shots = task->shots,
                          .images = images,
                          .known = known};
    method_ask_t ask;
    method->ask(&ask, size.job);
    for (int a = 0; a < ask.count; a++) {
        clip_feature_t feature;
        if (clip_feature_parse(&feature, ask.text[a], c) != ST_OK) continue;
        size.rows[a] = clip_feature_rows(&feature, c);
        size.width[a] = clip_feature_width(&feature, c);
    }
    if (method->work != NULL) method->work(&work, &size);
    return work;
}

/* Parameters before and after learning, hardly compressed: the context of each copy, and a vector for each value that a
 * learnable prompt replaces; the trace of the epochs. Prompts as texts and ids, anchors and the rest are 0.05 MB or so. */
double plan_head_mb(const clip_config_t *c, const job_t *job, const plan_caption_t *caption, job_head_t head)
{
    const bool pixel = head == JOB_HEAD_PIXEL;
    const bool queries = pixel && (job->learn || job->retrieval == JOB_RETRIEVAL_QUERY_FORMER);
    const double copies = pixel ? job->pixel_n_pro : job->image_n_pro;
    double values = 0;
    for (int g = 0; g < caption->groups && (g == 0 || job_head_groups(job, head)->count > 1); g++)
        values += caption->body[g].values;
    const double vectors = job->learn ? copies * (job->n_ctx + job->n_ab * job->n_ctx_ab * values) : 0;
    const double trace = job->learn ? (pixel ? job->pixel_epochs : job->image_epochs) * (5.0 + 4 * caption->groups) : 0;
    return 0.05 + 8e-6 * (c->text_width * vectors + trace) +
           (queries && job->query_keep ? 4e-6 * 10.0 * c->embed * c->embed : 0);
}

double plan_slice_mb(const clip_config_t *c, int images)
{
    return 4e-6 * images * c->grid * c->grid;
}

double plan_task_mb(const clip_config_t *c, const method_t *method, const job_t *job, int images)
{
    return 4e-6 * images * c->grid * c->grid * method_token_maps(method, job);
}

void plan_work_slice(plan_work_t *out, const plan_t *plan, const plan_task_t *task, int images)
{
    *out = (plan_work_t){0};
    out->units[PLAN_RATE_ITEM] = 1;
    out->units[PLAN_RATE_READ] = plan_features_mb(plan, images) / plan->ask_test.count; /* one of the arrays */
    out->units[PLAN_RATE_MAPS] = plan_method_work(plan, task, 0, images, false).slice;
    out->units[PLAN_RATE_WRITE] = plan_slice_mb(&plan->config, images);
}

double plan_ranked_maps(const method_t *method, const job_t *job)
{
    /* Of a branch alone regions are not asked for. */
    const double alone = 0.7;
    return 1 + (method->branches && job->branches.count > 1 && job_head_wanted(job, JOB_HEAD_PIXEL) ? 2 * alone : 0);
}

void plan_work_evaluate(plan_work_t *out, plan_work_t *warm, const plan_t *plan, const plan_task_t *task)
{
    const clip_config_t *c = &plan->config;
    const job_t *job = &plan->points[task->point];
    const plan_category_t *entry = &plan->categories[task->category_index];
    int shots = task->shots;
    int n = entry->images.test_count, states = 1;
    const method_t *method = plan_method(plan, task);
    const bool pixel = method_wants_head(method, job, JOB_HEAD_PIXEL);
    int groups = !pixel ? 0 : job_head_groups(job, JOB_HEAD_PIXEL)->count == 1 ? 1 : entry->caption.groups;
    if (pixel && method_learns(method, job) && job->track_epochs > 0) states += job->pixel_epochs / job->track_epochs;
    *out = *warm = (plan_work_t){0};
    out->units[PLAN_RATE_ITEM] = 1;
    out->units[PLAN_RATE_READ] = plan_features_mb(plan, n + shots);
    const method_work_t work = plan_method_work(plan, task, states * groups, n, false);
    out->units[PLAN_RATE_MAPS] = work.fit + n * work.image + work.set;
    out->units[PLAN_RATE_PIXELS] =
        1e-6 * states * n * job->resolution * job->resolution * plan_ranked_maps(method, job);
    out->units[PLAN_RATE_WRITE] = plan_task_mb(c, method, job, n);
    /* Features that fit, and with a grid of points the search of the memory too: it is the same for all of them. */
    size_t budget;
    double bytes = n * plan_image_mb(plan);
    if (job_feature_memory(&budget, job) != ST_OK) return;
    double share = 1e-6 * (double)budget > bytes ? 1 : 1e-6 * (double)budget / bytes;
    warm->units[PLAN_RATE_READ] = share * plan_features_mb(plan, n);
    const double search = work.image - plan_method_work(plan, task, states * groups, n, true).image;
    if (plan->point_count > 1) warm->units[PLAN_RATE_MAPS] = n * search;
}

void plan_cost_learned(plan_cost_t *cost, const plan_work_t *done, const double seconds[PLAN_RATES])
{
    for (int r = 0; r < PLAN_RATES; r++) {
        if (!(done->units[r] > 0) || seconds[r] < 1e-3) continue; /* too little to learn from */
        double now = seconds[r] / done->units[r];
        /* The machine may have been busy: the past counts too. */
        cost->seconds[r] = cost->measured[r] ? 0.3 * cost->seconds[r] + 0.7 * now : now;
        cost->measured[r] = true;
    }
}
