/* What items cost: counts of operations, pixels and bytes, times rates that runs measure on their machine and keep with the
 * feature cache. Only an estimate. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>

/* Before anything was measured: one core of a machine of 2022, a model of ViT-B/16+'s size. */
static const struct {
    const char *name;
    double guess;
} rates[SUITE_RATES] = {
    [SUITE_RATE_START] = {"start", 2},        [SUITE_RATE_REDUCE] = {"reduce", 0.003},
    [SUITE_RATE_ITEM] = {"item", 0.02},       [SUITE_RATE_PICTURE] = {"picture", 0.04},
    [SUITE_RATE_ENCODE] = {"encode", 0.012},  [SUITE_RATE_TILE] = {"tile", 0.012},
    [SUITE_RATE_REGIONS] = {"regions", 0.02}, [SUITE_RATE_LEARN] = {"learn", 0.015},
    [SUITE_RATE_QUERY] = {"query", 0.05},     [SUITE_RATE_MAPS] = {"maps", 0.015},
    [SUITE_RATE_PIXELS] = {"pixels", 0.3},    [SUITE_RATE_READ] = {"read", 0.005},
    [SUITE_RATE_WRITE] = {"write", 0.02},
};

double suite_work_seconds(const suite_work_t *work, const suite_cost_t *cost)
{
    double seconds = 0;
    for (int r = 0; r < SUITE_RATES; r++) seconds += work->units[r] * cost->seconds[r];
    return seconds;
}

double suite_work_gflop(const suite_work_t *work)
{
    const double *units = work->units;
    return units[SUITE_RATE_ENCODE] + units[SUITE_RATE_TILE] + units[SUITE_RATE_REGIONS] + units[SUITE_RATE_LEARN] +
           units[SUITE_RATE_QUERY] + units[SUITE_RATE_MAPS];
}

/* ---- Encoding ------------------------------------------------------------------------------------------------------- */

/* Both streams of METHOD.md 2, a multiply-add counting two. */
double suite_encode_gflop(const clip_config_t *c)
{
    double T = c->grid * c->grid + 1.0, W = c->width;
    double block = T * W * (5 * W + 2.0 * c->mlp) + 4 * T * T * W;
    return 2e-9 * (c->layers * block + T * 3.0 * c->patch * c->patch * W + T * W * c->embed);
}

double suite_features_mb(const clip_config_t *c, const suite_job_t *job, int images)
{
    double T = (double)c->grid * c->grid, value = job->features == SUITE_FEATURES_F16 ? 2 : 4;
    return 1e-6 * value * images * (c->embed + T * (c->embed + 2.0 * c->width));
}

void suite_work_encode(suite_work_t *out, const clip_config_t *c, const suite_job_t *job, item_kind_t kind, int images)
{
    double T = (double)c->grid * c->grid, value = job->features == SUITE_FEATURES_F16 ? 2 : 4;
    bool tiles = kind == ITEM_TILES;
    *out = (suite_work_t){0};
    out->units[SUITE_RATE_ITEM] = 1;
    out->units[SUITE_RATE_PICTURE] = tiles ? 1 : images;
    out->units[tiles ? SUITE_RATE_TILE : SUITE_RATE_ENCODE] = images * suite_encode_gflop(c);
    out->units[SUITE_RATE_WRITE] = tiles ? 1e-6 * value * images * T * c->embed : suite_features_mb(c, job, images);
}

/* ---- Scoring -------------------------------------------------------------------------------------------------------- */

double suite_maps_gflop(const clip_config_t *c, int groups, int images, int shots)
{
    double T = (double)c->grid * c->grid;
    return 1e-9 * images * (2 * 2 * T * T * shots * c->width + 2 * 3 * T * groups * c->embed);
}

double suite_head_mb(const clip_config_t *c, const suite_job_t *job, suite_head_t head)
{
    bool queries = head == SUITE_HEAD_PIXEL && (job->learn || job->retrieval == SUITE_RETRIEVAL_QUERY_FORMER);
    return 0.1 + (queries ? 4e-6 * 10.0 * c->embed * c->embed : 0); /* ten weight matrices */
}

double suite_task_mb(const clip_config_t *c, const suite_job_t *job, int images)
{
    double mb = 4e-6 * images * c->grid * c->grid * (suite_job_has(&job->branches, "pad") ? 6 : 2);
    for (int head = 0; head < SUITE_HEADS; head++)
        if (suite_head_wanted(job, head)) mb += suite_head_mb(c, job, head);
    return mb;
}

void suite_work_evaluate(suite_work_t *out, suite_work_t *warm, const clip_config_t *c, const suite_job_t *job,
                         const suite_listing_t *listing, int shots)
{
    int n = listing->images.test_count, states = 1, T = c->grid * c->grid;
    bool pad = suite_job_has(&job->branches, "pad"), vad = suite_job_has(&job->branches, "vad");
    int groups = pad ? listing->caption.groups : 0;
    if (pad && job->learn && job->track_epochs > 0) states += job->pixel_epochs / job->track_epochs;
    *out = *warm = (suite_work_t){0};
    out->units[SUITE_RATE_ITEM] = 1;
    out->units[SUITE_RATE_READ] = suite_features_mb(c, job, n + shots);
    out->units[SUITE_RATE_MAPS] = suite_maps_gflop(c, states * groups, n, vad ? shots : 0);
    out->units[SUITE_RATE_PIXELS] = 1e-6 * states * n * job->resolution * job->resolution;
    out->units[SUITE_RATE_WRITE] = suite_task_mb(c, job, n);
    /* Features that fit, and with a grid of points the search of the memory too: it is the same for all of them. */
    size_t budget;
    double bytes = 4e-6 * n * (c->embed + T * (c->embed + 2.0 * c->width));
    if (suite_job_feature_memory(&budget, job) != ST_OK) return;
    double share = 1e-6 * (double)budget > bytes ? 1 : 1e-6 * (double)budget / bytes;
    warm->units[SUITE_RATE_READ] = share * suite_features_mb(c, job, n);
    if (vad && job->sweep.count > 0) warm->units[SUITE_RATE_MAPS] = suite_maps_gflop(c, 0, n, shots);
}

/* ---- Kept rates: a line a model and number of threads, "<digest> <threads> name=seconds ..." ------------------------- */

typedef struct {
    char model[17];
    int threads;
    suite_cost_t cost;
} line_t;

static bool parse_line(line_t *out, char *text)
{
    char *rest, *word = strtok_r(text, " \n", &rest);
    *out = (line_t){0};
    if (word == NULL || word[0] == '#' || strlen(word) != 16) return false;
    snprintf(out->model, sizeof out->model, "%s", word);
    word = strtok_r(NULL, " \n", &rest);
    if (word == NULL || (out->threads = atoi(word)) < 1) return false;
    while ((word = strtok_r(NULL, " \n", &rest)) != NULL) {
        char *equals = strchr(word, '=');
        for (int r = 0; r < SUITE_RATES && equals != NULL; r++) {
            if (strncmp(word, rates[r].name, (size_t)(equals - word)) != 0 || rates[r].name[equals - word] != '\0')
                continue;
            double seconds = strtod(equals + 1, NULL);
            if (!(seconds >= 0 && seconds < 1e9)) continue;
            out->cost.seconds[r] = seconds;
            out->cost.measured[r] = true;
        }
    }
    return true;
}

static void print_line(FILE *out, const line_t *line)
{
    fprintf(out, "%s %d", line->model, line->threads);
    for (int r = 0; r < SUITE_RATES; r++)
        if (line->cost.measured[r]) fprintf(out, " %s=%.4g", rates[r].name, line->cost.seconds[r]);
    fputc('\n', out);
}

void suite_cost_read(suite_cost_t *cost, const char *path, const char *model_digest, int threads)
{
    char text[1024];
    line_t line;
    *cost = (suite_cost_t){0};
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(text, sizeof text, file) != NULL)
        if (parse_line(&line, text) && strncmp(line.model, model_digest, 16) == 0 && line.threads == threads)
            *cost = line.cost;
    if (file != NULL) fclose(file);
    for (int r = 0; r < SUITE_RATES; r++)
        if (!cost->measured[r]) cost->seconds[r] = rates[r].guess;
}

status_t suite_cost_write(const suite_cost_t *cost, const char *path, const char *model_digest, int threads)
{
    char *text = NULL, old[1024];
    size_t size = 0;
    line_t line, ours = {.threads = threads, .cost = *cost};
    snprintf(ours.model, sizeof ours.model, "%.16s", model_digest);
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fprintf(out, "# Seconds a unit of work, measured by runs: model, BLAS threads, rates.\n");
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(old, sizeof old, file) != NULL)
        if (parse_line(&line, old) && (strcmp(line.model, ours.model) != 0 || line.threads != threads))
            print_line(out, &line);
    if (file != NULL) fclose(file);
    print_line(out, &ours);
    fclose(out);
    status_t status = io_write_file(path, text, size);
    free(text);
    return status;
}

void suite_cost_learned(suite_cost_t *cost, const suite_work_t *done, const double seconds[SUITE_RATES])
{
    for (int r = 0; r < SUITE_RATES; r++) {
        if (!(done->units[r] > 0) || seconds[r] < 1e-3) continue; /* too little to learn from */
        double now = seconds[r] / done->units[r];
        /* The machine may have been busy: the past counts too. */
        cost->seconds[r] = cost->measured[r] ? 0.3 * cost->seconds[r] + 0.7 * now : now;
        cost->measured[r] = true;
    }
}
