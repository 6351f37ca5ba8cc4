/* From the branches' maps to the fused map and the image score: what evaluation does once and rescoring again. */
#include "suite/suite_internal.h"

#include "detect/detect.h"

void suite_fuse(float *M_pix, float *M_img, const suite_maps_t *maps, const suite_job_t *job, float *scratch)
{
    int T = maps->h * maps->w;
    bool vad = suite_job_has(&job->branches, "vad") && maps->M_v != NULL;
    bool pad = suite_head_wanted(job, SUITE_HEAD_PIXEL) && maps->Mhat_p != NULL;
    bool head = suite_head_wanted(job, SUITE_HEAD_IMAGE) && maps->S_i != NULL;
    for (int i = 0; i < maps->n; i++) {
        size_t at = (size_t)i * (size_t)T;
        if (pad) detect_reweight(scratch, maps->Mhat_p + at, maps->s_image + at, T, (detect_reweight_t)job->reweight);
        detect_fuse(M_pix + at, vad ? maps->M_v + at : NULL, pad ? scratch : NULL, T);
        const float *best = job->image_map == DETECT_IMAGE_MAP_VAD && vad ? maps->M_v : M_pix;
        M_img[i] = detect_image_score(best + at, T, head ? &maps->S_i[i] : NULL);
    }
}
