/* What the methods of the points ask for. */
#include "plan/plan_internal.h"

#include <stdio.h>
#include <string.h>

status_t plan_methods_check(const plan_t *plan)
{
    for (int p = 0; p < plan->point_count; p++) {
        if (method_of(plan->methods, &plan->points[p]) != NULL) continue;
        char names[256] = "";
        for (const method_t *const *method = plan->methods; *method != NULL; method++) {
            size_t used = strlen(names);
            snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "", (*method)->name);
        }
        return fail(ST_EFORMAT,
                    "method: '%s' is not part of this version (expected %s; branches: [vad] is the memory bank alone, "
                    "groups: [image] the single-level prompts)",
                    job_method_names[plan->points[p].method], names);
    }
    return ST_OK;
}

const method_t *plan_method(const plan_t *plan, const plan_task_t *task)
{
    return method_of(plan->methods, &plan->points[task->point]);
}

status_t plan_ask(method_ask_t *out, const plan_t *plan, const job_t *job)
{
    const int L = plan->config.layers;
    method_of(plan->methods, job)->ask(out, job);
    for (int a = 0; a < out->count; a++) {
        clip_feature_t feature;
        status_t status = clip_feature_parse(&feature, out->text[a], &plan->config);
        if (status == ST_OK) {
            clip_feature_text(out->text[a], &feature);
            continue;
        }
        /* What can be wrong of FineGrainedAD's is a tap; the cure is the published points at the same depth of a tower of 12
         * blocks. */
        clip_tap_t tap;
        if (!job_has(&job->memory_taps, out->text[a])) return fail_context(status, "'%s'", job->model);
        status = clip_tap_parse(&tap, out->text[a], &plan->config);
        return fail(status != ST_OK ? status : ST_EFORMAT,
                    "'%s': %s (hint: memory_taps: [%d.attn, %d.attn] in the job or in the folder's fgad.yaml)",
                    job->model, fail_message(), 3 * L / 12, 8 * L / 12);
    }
    return ST_OK;
}

void plan_ask_of_test(method_ask_t *out, const method_ask_t *ask, const clip_config_t *config)
{
    int count = 0;
    for (int a = 0; a < ask->count; a++) {
        clip_feature_t feature;
        if (clip_feature_parse(&feature, ask->text[a], config) == ST_OK && feature.turns > 0) continue;
        memmove(out->text[count++], ask->text[a], sizeof ask->text[a]);
    }
    out->count = count;
}

int plan_draws(const plan_t *plan)
{
    clip_feature_t feature;
    for (int a = 0; a < plan->ask.count; a++)
        if (clip_feature_parse(&feature, plan->ask.text[a], &plan->config) == ST_OK && feature.drawn)
            return plan->points[0].seeds.count;
    return 0;
}

void plan_ask_of_draw(method_ask_t *out, const plan_t *plan, const method_ask_t *ask, int draw)
{
    *out = *ask;
    for (int a = 0; a < out->count; a++) {
        clip_feature_t feature;
        if (clip_feature_parse(&feature, ask->text[a], &plan->config) != ST_OK || !feature.drawn) continue;
        feature.seed = plan->points[0].seeds.value[draw];
        clip_feature_text(out->text[a], &feature);
    }
}

status_t plan_asks_collect(plan_t *plan)
{
    plan->ask = (method_ask_t){0};
    for (int p = 0; p < plan->point_count; p++) {
        method_ask_t ask;
        TRY(plan_ask(&ask, plan, &plan->points[p]));
        for (int a = 0; a < ask.count; a++) {
            int known = 0;
            while (known < plan->ask.count && strcmp(plan->ask.text[known], ask.text[a]) != 0) known++;
            if (known < plan->ask.count) continue;
            if (known == METHOD_MAX_FEATURES)
                return fail(ST_EFORMAT,
                            "the points of the grid ask for more than %d arrays of an image (hint: a job for "
                            "each method)",
                            METHOD_MAX_FEATURES);
            memcpy(plan->ask.text[plan->ask.count++], ask.text[a], sizeof ask.text[a]);
        }
    }
    plan_ask_of_test(&plan->ask_test, &plan->ask, &plan->config);
    return ST_OK;
}
