/* What methods take: seconds of their own features by the rates that runs measured, and what task and head files tell. */
#include "report/report_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Seconds that the files of a task's learned heads tell; 0 without heads, NaN where one is not there. */
static double learning_of(io_h5_t *task, const char *run, const store_row_t *row)
{
    double total = 0;
    for (int head = 0; head < JOB_HEADS; head++) {
        char *id, path[4096];
        double seconds;
        if (io_h5_get_text(&id, task, "heads", job_head_names[head]) != ST_OK) continue;
        io_h5_t *file = NULL;
        snprintf(path, sizeof path, "%s/heads/%s/%s/%s.h5", run, row->dataset, row->category, id);
        free(id);
        if (io_h5_open(&file, path) == ST_OK && io_h5_get_f64(&seconds, file, "/", "learn_seconds") == ST_OK)
            total += seconds;
        else
            total = NAN;
        io_h5_close(file);
    }
    return total;
}

/* Seconds of one image's features that the method of the block reads; NaN: nothing was measured here. */
static double encoding_of(const report_t *report, const report_block_t *block)
{
    plan_t plan = {0};
    double seconds = NAN;
    if (store_run_open_recorded(&plan, method_table, report->results->source) != ST_OK) return NAN;
    store_plan_rates_read(&plan);
    for (int p = 0; p < plan.point_count && plan.cost.measured[PLAN_RATE_ENCODE]; p++) {
        method_ask_t ask;
        if (strcmp(plan.point_text[p], block->point) != 0 || plan_ask(&ask, &plan, &plan.points[p]) != ST_OK) continue;
        plan_ask_of_test(&ask, &ask, &plan.config);
        seconds = plan_encode_gflop(&plan.config, &ask) * plan.cost.seconds[PLAN_RATE_ENCODE];
    }
    plan_free(&plan);
    return seconds;
}

report_cost_t report_block_cost(const report_t *report, const report_block_t *block)
{
    report_cost_t cost = {.state_mb = NAN};
    double scoring = 0, images = 0, learning = 0;
    int tasks = 0;
    const bool rescored = block->one->changes[0] != '\0' || report->results->source == NULL;
    for (int i = 0; i < block->categories * block->seeds && !rescored; i++) {
        const store_row_t *row = block->row[i];
        io_h5_t *file = NULL;
        char path[4096];
        double seconds;
        int64_t bytes, dims[6];
        int ndim;
        if (row == NULL) continue;
        snprintf(path, sizeof path, "%s/tasks/%s/%s/k%d-s%lld-%s.h5", report->results->source, row->dataset,
                 row->category, row->shots, (long long)row->seed, row->task);
        if (!io_exists(path) || io_h5_open(&file, path) != ST_OK) continue;
        /* Files from before these were kept do not have them. */
        if (io_h5_get_f64(&seconds, file, "/", "score_seconds") == ST_OK &&
            io_h5_get_i64(&bytes, file, "/", "state_bytes") == ST_OK &&
            io_h5_dims(&ndim, dims, file, "maps/M_img") == ST_OK && ndim == 1) {
            scoring += seconds;
            images += (double)dims[0];
            learning += learning_of(file, report->results->source, row);
            if (!(1e-6 * (double)bytes <= cost.state_mb)) cost.state_mb = 1e-6 * (double)bytes;
            tasks++;
        }
        io_h5_close(file);
    }
    cost.learning = tasks > 0 ? learning / tasks : (double)NAN;
    cost.milliseconds = tasks > 0 && images > 0 ? 1e3 * (encoding_of(report, block) + scoring / images) : (double)NAN;
    return cost;
}
