/* What a setting is called in tables: nothing that changes the meaning of its numbers is left to be guessed. */
#include "method/method.h"

#include <stdio.h>
#include <string.h>

bool method_learns(const method_t *method, const job_t *job)
{
    bool any = false;
    for (int head = 0; head < JOB_HEADS && method->heads != NULL && method->heads->epochs != NULL; head++)
        any = any || (method->heads->wanted(job, head) && method->heads->epochs(job, head) > 0);
    return any;
}

/* The last part of the model's path. */
static void put_model(char *out, size_t size, const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') end--;
    size_t first = end;
    while (first > 0 && path[first - 1] != '/') first--;
    snprintf(out, size, "%.*s", (int)(end - first), path + first);
}

static void put_tower(method_labels_t *out, const method_t *method, const job_t *job, const clip_config_t *config)
{
    method_ask_t ask;
    size_t used = (size_t)snprintf(out->tower, sizeof out->tower, "%s", out->model);
    if (job->image_size > 0)
        used += (size_t)snprintf(out->tower + used, sizeof out->tower - used, "@%d", job->image_size);
    if (job->precision != JOB_PRECISION_F32)
        used +=
            (size_t)snprintf(out->tower + used, sizeof out->tower - used, " %s", job_precision_names[job->precision]);
    method->ask(&ask, job);
    for (int raw = 0; raw < 2; raw++) {
        const char *before = raw ? " raw:" : " unit:";
        for (int a = 0; a < ask.count && used < sizeof out->tower; a++) {
            clip_feature_t feature;
            char name[CLIP_FEATURE_TEXT];
            snprintf(name, sizeof name, "%s", ask.text[a]);
            if (config != NULL && clip_feature_parse(&feature, name, config) == ST_OK)
                clip_feature_text(name, &feature);
            size_t length = strlen(name);
            const bool is_raw = length > 4 && strcmp(name + length - 4, "-raw") == 0;
            if (is_raw != (raw == 1)) continue;
            if (is_raw) length -= 4;
            used += (size_t)snprintf(out->tower + used, sizeof out->tower - used, "%s%.*s", before, (int)length, name);
            before = "+";
        }
    }
}

void method_labels_make(method_labels_t *out, const method_t *method, const job_t *job, const clip_config_t *config)
{
    *out = (method_labels_t){.learn = method_learns(method, job) ? "yes" : "no",
                             .transductive = method_is_transductive(method, job) ? "yes" : "no",
                             .auxiliary = method_is_auxiliary(method, job) ? "yes" : "no"};
    put_model(out->model, sizeof out->model, job->model);
    put_tower(out, method, job, config);
    if (!method->branches) return;
    const bool vad = job_has(&job->branches, "vad"), pad = job_has(&job->branches, "pad");
    snprintf(out->branches, sizeof out->branches, "%s", vad && pad ? "vad+pad" : vad ? "vad" : "pad");
}
