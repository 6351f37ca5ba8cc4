/* Anchors of fixed texts: nothing is learned. */
#include "align/align.h"

#include <math.h>
#include <stdlib.h>

/* anchor (E) = unit(mean of f (count, E)). sum (E): scratch. */
static void mean_of(float *anchor, const float *f, int count, int E, bool unit, double *sum)
{
    for (int e = 0; e < E; e++) sum[e] = 0;
    for (int n = 0; n < count; n++) {
        const float *row = f + (size_t)n * (size_t)E;
        double square = 0;
        for (int e = 0; e < E; e++) square += (double)row[e] * (double)row[e];
        const double scale = unit && square > 0 ? 1 / sqrt(square) : 1;
        for (int e = 0; e < E; e++) sum[e] += scale * (double)row[e];
    }
    double square = 0;
    for (int e = 0; e < E; e++) square += sum[e] * sum[e];
    for (int e = 0; e < E; e++) anchor[e] = square > 0 ? (float)(sum[e] / sqrt(square)) : 0;
}

status_t align_text_anchors(float *normal, float *abnormal, const clip_model_t *model, const prompts_texts_t *texts,
                            bool unit)
{
    REQUIRE(normal != NULL && abnormal != NULL && texts->normal > 0 && texts->count > texts->normal);
    const int E = clip_model_config(model)->embed, count = texts->count;
    status_t status = ST_ENOMEM;
    clip_text_t *text = NULL;
    float *f = base_alloc((size_t)count * (size_t)E, sizeof *f);
    double *sum = base_alloc((size_t)E, sizeof *sum);
    if (f == NULL || sum == NULL) goto done;
    TRY_DONE(clip_text_open(&text, model, texts->prompt, count, 0, false, 0));
    TRY_DONE(clip_text_forward(f, text, NULL));
    mean_of(normal, f, texts->normal, E, unit, sum);
    mean_of(abnormal, f + (size_t)texts->normal * (size_t)E, count - texts->normal, E, unit, sum);
done:
    clip_text_close(text);
    free(f);
    free(sum);
    return status;
}
