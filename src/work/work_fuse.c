/* From the branches' maps to the fused map and the image score: what evaluation does once and rescoring again. */
#include "work/work_internal.h"

#include "detect/detect.h"

void work_fuse_image(float *M_p, float *M_pix, float *M_img, const store_maps_t *maps, int image, const job_t *job)
{
    int T = maps->h * maps->w;
    size_t at = (size_t)image * (size_t)T;
    bool vad = job_has(&job->branches, "vad") && maps->M_v != NULL;
    bool pad = job_head_wanted(job, JOB_HEAD_PIXEL) && maps->Mhat_p != NULL;
    bool head = job_head_wanted(job, JOB_HEAD_IMAGE) && maps->S_i != NULL;
    if (pad) detect_reweight(M_p, maps->Mhat_p + at, maps->s_image + at, T, (detect_reweight_t)job->reweight);
    detect_fuse(M_pix, vad ? maps->M_v + at : NULL, pad ? M_p : NULL, T);
    const float *best = job->image_map == DETECT_IMAGE_MAP_VAD && vad ? maps->M_v + at : M_pix;
    *M_img = detect_image_score(best, T, head ? &maps->S_i[image] : NULL);
}

void work_fuse(float *M_pix, float *M_img, const store_maps_t *maps, const job_t *job, float *scratch)
{
    size_t T = (size_t)(maps->h * maps->w);
    for (int i = 0; i < maps->n; i++) work_fuse_image(scratch, M_pix + (size_t)i * T, &M_img[i], maps, i, job);
}
