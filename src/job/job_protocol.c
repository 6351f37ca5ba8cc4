/* Protocols: bundles of options by name, METHOD.md 11. */
#include "job/job_internal.h"

#include <stdlib.h>
#include <string.h>

const job_protocol_row_t job_protocol_rows[] = {
    {"reweight", "literal", "off", true, NULL},
    {"retrieval", NULL, "normal", true, NULL},
    {"triplet", NULL, "published", true, NULL},
    {"pixel.epsilon", NULL, NULL, true, NULL},
    {"image.epsilon", NULL, NULL, true, NULL},
    {"pixel.losses", NULL, NULL, true, NULL},
    {"image.losses", NULL, "clip, trip, mean", true, NULL},
    {"reg_sum", "plain", "plain", true, NULL},
    {"alp", NULL, "insert", true, NULL},
    {"alp_vectors", NULL, "shared", true, NULL},
    {"n_ahp_component", NULL, "1", true, NULL},
    {"groups", NULL, "image, background, components", true, NULL},
    {"pixel.groups", NULL, NULL, true, NULL},
    {"image.groups", NULL, NULL, true, NULL},
    {"aggregation.centers", NULL, "density", true, NULL},
    {"aggregation.reference", NULL, "feature", true, NULL},
    {"aggregation.stages", NULL, "1", true, NULL},
    {"class_token", NULL, "matched", true, NULL},
    {"fusion", NULL, NULL, true, NULL},
    {"image_map", NULL, "vad", true, NULL},
    {"image_max", NULL, "resized", true, NULL},
    {"image_fusion", NULL, "best", true, NULL},
    {"track_epochs", NULL, "1", true, NULL},
    {"pre_resize", NULL, "1024", false, NULL},
    {"test_channels", NULL, "bgr", false, NULL},
    {"mask_threshold", NULL, "0", false, NULL},
    {"test_shots", NULL, "included", false, NULL},
    {"test_maskless", NULL, "dropped", false, NULL},
    {"resolution", NULL, "240", false, "winclip, winclip+, musc"},
    {"sigma", NULL, "0", false, "winclip, winclip+, musc, april_vad"},
    {"align_corners", NULL, "true", false, "musc, april_vad"},
    {"mask_resize", NULL, "bilinear", false, "winclip, winclip+"},
    {"winclip.templates", NULL, "winclip21", false, "winclip, winclip+"},
    {"winclip.class_names", NULL, "raw", false, "winclip, winclip+"},
    {"anomalydino.turns", NULL, "8", false, "anomalydino"},
    {"subspace.turns", NULL, "30", false, "subspace"},
    {"subspace.turn_draw", NULL, "drawn", false, "subspace"},
    {0},
};

bool job_protocol_row_is_of(const job_protocol_row_t *row, const char *method)
{
    const size_t length = strlen(method);
    for (const char *at = row->methods; at != NULL; at = strstr(at, ", ") != NULL ? strstr(at, ", ") + 2 : NULL)
        if (strcspn(at, ",") == length && strncmp(at, method, length) == 0) return true;
    return row->methods == NULL;
}

static int place_of(const io_option_t *table, const char *key)
{
    int place = 0;
    while (strcmp(table[place].name, key) != 0) place++;
    return place;
}

status_t job_protocol_apply(job_t *job, const io_option_t *table, const bool *used)
{
    for (const job_protocol_row_t *row = job_protocol_rows; row->key != NULL; row++) {
        const char *value = job->protocol == JOB_PROTOCOL_PAPER       ? row->paper
                            : job->protocol == JOB_PROTOCOL_PUBLISHED ? row->published
                                                                      : NULL;
        if (value == NULL || used[place_of(table, row->key)]) continue;
        if (!job_protocol_row_is_of(row, job_method_names[job->method])) continue;
        char *assignment = base_format("%s=%s", row->key, value);
        if (assignment == NULL) return ST_ENOMEM;
        status_t status = io_options_set(job, table, NULL, assignment, "protocol");
        free(assignment);
        TRY(status);
    }
    return ST_OK;
}
