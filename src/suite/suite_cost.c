/* What items cost: operation counts, divided by rates that are measured on this machine and kept with the feature cache.
 * Only an estimate: it orders work, sizes Slurm jobs and feeds the progress bar; no result depends on it. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>

/* Rates before anything was measured: one core of a machine of 2022. */
static const suite_cost_t first_guess = {
    .encode_rate = 5e10, .learn_rate = 4e10, .evaluate_rate = 4e10, .pixel_seconds = 1.2e-7, .image_seconds = 0.02};

/* Operations of the image tower for one image: both streams of METHOD.md 2, a multiply-add counting two. */
static double encode_flops(const clip_config_t *c)
{
    double T = c->grid * c->grid + 1.0, W = c->width;
    double block = T * W * (5 * W + 2.0 * c->mlp) + 4 * T * T * W;
    return 2 * (c->layers * block + T * 3.0 * c->patch * c->patch * W + T * W * c->embed);
}

double suite_cost_encode(const suite_cost_t *cost, const clip_config_t *config, int images)
{
    return images * (cost->image_seconds + encode_flops(config) / cost->encode_rate);
}

/* One epoch runs every prompt forward and backward, without weight gradients: twice the forward operations. */
double suite_cost_learn(const suite_cost_t *cost, const clip_config_t *c, const suite_job_t *job, int shots, int head)
{
    double groups = 6, length = 32, W = c->text_width; /* a typical caption: three components, 30 tokens */
    double prompts = groups * (1 + job->n_ahp + (job->learn ? job->n_ab : 0));
    if (job->learn) prompts *= head == SUITE_HEAD_PIXEL ? job->pixel_n_pro : job->image_n_pro;
    double block = length * W * (4 * W + 2.0 * c->text_mlp) + 2 * length * length * W;
    double forward = 2 * prompts * c->text_layers * block;
    double tokens = head == SUITE_HEAD_PIXEL ? (double)shots * c->grid * c->grid : shots;
    double losses = 4 * tokens * prompts * c->embed;
    double epochs = !job->learn ? 0 : head == SUITE_HEAD_PIXEL ? job->pixel_epochs : job->image_epochs;
    return (forward + epochs * (2 * forward + losses)) / cost->learn_rate;
}

double suite_cost_evaluate(const suite_cost_t *cost, const clip_config_t *c, const suite_job_t *job,
                           const data_category_t *images, int shots)
{
    double T = (double)c->grid * c->grid, n = images->test_count;
    double memory = n * 2 * 2 * T * T * shots * c->width;
    return memory / cost->evaluate_rate + n * job->resolution * job->resolution * cost->pixel_seconds;
}

/* ---- Kept rates: <cache>/cost.txt, "encode_rate learn_rate evaluate_rate pixel_seconds image_seconds" ---------------- */

void suite_cost_read(suite_cost_t *cost, const char *path)
{
    suite_cost_t found;
    *cost = first_guess;
    FILE *file = fopen(path, "r");
    if (file == NULL) return;
    int fields = fscanf(file, "%lf %lf %lf %lf %lf", &found.encode_rate, &found.learn_rate, &found.evaluate_rate,
                        &found.pixel_seconds, &found.image_seconds);
    fclose(file);
    if (fields == 5 && found.encode_rate > 0 && found.learn_rate > 0 && found.evaluate_rate > 0 &&
        found.pixel_seconds > 0)
        *cost = found;
    else
        log_warn("'%s' is not a file of measured rates: passed over", path);
}

status_t suite_cost_write(const suite_cost_t *cost, const char *path)
{
    char text[256];
    snprintf(text, sizeof text, "%.6g %.6g %.6g %.6g %.6g\n", cost->encode_rate, cost->learn_rate, cost->evaluate_rate,
             cost->pixel_seconds, cost->image_seconds);
    return io_write_file(path, text, strlen(text));
}

/* predicted and measured seconds a kind of item: rates are scaled so that the sums agree. */
void suite_cost_learned(suite_cost_t *cost, const double predicted[ITEM_KINDS], const double measured[ITEM_KINDS])
{
    double encode_predicted = predicted[ITEM_CHUNK] + predicted[ITEM_SUPPORT] + predicted[ITEM_TILES];
    double encode_measured = measured[ITEM_CHUNK] + measured[ITEM_SUPPORT] + measured[ITEM_TILES];
    if (encode_predicted > 0 && encode_measured > 0) {
        cost->encode_rate *= encode_predicted / encode_measured;
        cost->image_seconds *= encode_measured / encode_predicted;
    }
    if (predicted[ITEM_LEARN] > 0 && measured[ITEM_LEARN] > 0)
        cost->learn_rate *= predicted[ITEM_LEARN] / measured[ITEM_LEARN];
    if (predicted[ITEM_EVALUATE] > 0 && measured[ITEM_EVALUATE] > 0) {
        cost->evaluate_rate *= predicted[ITEM_EVALUATE] / measured[ITEM_EVALUATE];
        cost->pixel_seconds *= measured[ITEM_EVALUATE] / predicted[ITEM_EVALUATE];
    }
}
