/* Protocols: bundles of options by name, METHOD.md 11. */
#include "job/job_internal.h"

#include <stdlib.h>
#include <string.h>

const job_protocol_row_t job_protocol_rows[] = {
    {"reweight", "literal", "off", true},
    {"retrieval", NULL, "normal", true},
    {"triplet", NULL, "published", true},
    {"pixel.epsilon", NULL, NULL, true},
    {"image.epsilon", NULL, NULL, true},
    {"pixel.losses", NULL, NULL, true},
    {"image.losses", NULL, "clip, trip, mean", true},
    {"reg_sum", "plain", "plain", true},
    {"alp", NULL, "insert", true},
    {"alp_vectors", NULL, "shared", true},
    {"n_ahp_component", NULL, "1", true},
    {"groups", NULL, "image, background, components", true},
    {"pixel.groups", NULL, NULL, true},
    {"image.groups", NULL, NULL, true},
    {"aggregation.centers", NULL, "density", true},
    {"aggregation.reference", NULL, "feature", true},
    {"aggregation.stages", NULL, "1", true},
    {"class_token", NULL, "matched", true},
    {"fusion", NULL, NULL, true},
    {"image_map", NULL, "vad", true},
    {"image_max", NULL, "resized", true},
    {"image_fusion", NULL, "best", true},
    {"track_epochs", NULL, "1", true},
    {"pre_resize", NULL, "1024", false},
    {"test_channels", NULL, "bgr", false},
    {"mask_threshold", NULL, "0", false},
    {"test_shots", NULL, "included", false},
    {"test_maskless", NULL, "dropped", false},
    {0},
};

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
        char *assignment = base_format("%s=%s", row->key, value);
        if (assignment == NULL) return ST_ENOMEM;
        status_t status = io_options_set(job, table, NULL, assignment, "protocol");
        free(assignment);
        TRY(status);
    }
    return ST_OK;
}
