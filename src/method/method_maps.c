/* What every method's maps and prompts have in common. */
#include "method/method.h"

#include "detect/detect.h"

#include <stdlib.h>
#include <string.h>

int method_map_count(const method_t *method)
{
    int count = 0;
    while (method->maps != NULL && method->maps[count].name != NULL) count++;
    REQUIRE(count <= METHOD_MAX_MAPS);
    return count;
}

int method_token_maps(const method_t *method, const job_t *job)
{
    int count = 1;
    for (int m = 0; m < method_map_count(method); m++) {
        const method_map_t *map = &method->maps[m];
        count += !map->image && map->values == 0 && (method->gives == NULL || method->gives(job, m));
    }
    return count;
}

int method_slice_count(const method_t *method, const job_t *job)
{
    return method->slices != NULL ? method->slices->count(job) : 0;
}

bool method_wants_head(const method_t *method, const job_t *job, job_head_t head)
{
    return method->heads != NULL && method->heads->wanted(job, head);
}

bool method_wants_heads(const method_t *method, const job_t *job)
{
    bool any = false;
    for (int head = 0; head < JOB_HEADS; head++) any = any || method_wants_head(method, job, head);
    return any;
}

bool method_head_is_fixed(const method_t *method)
{
    return method->heads != NULL && method->heads->epochs == NULL;
}

bool method_head_reads_regions(const method_t *method, const job_t *job, job_head_t head)
{
    return job->learn && method->heads != NULL && method->heads->regions != NULL && method->heads->regions(job, head);
}

bool method_head_has_queries(const method_t *method, const job_t *job, job_head_t head)
{
    return method->heads != NULL && method->heads->queries != NULL && method->heads->queries(job, head);
}

bool method_is_transductive(const method_t *method, const job_t *job)
{
    return method->transductive != NULL && method->transductive(job);
}

bool method_is_auxiliary(const method_t *method, const job_t *job)
{
    return method->auxiliary != NULL && method->auxiliary(job);
}

status_t method_maps_alloc(method_maps_t *maps, const method_t *method, const job_t *job, int n, int h, int w)
{
    size_t images = (size_t)n, values = images * (size_t)h * (size_t)w;
    *maps = (method_maps_t){.n = n, .h = h, .w = w};
    maps->M_pix = base_alloc(values, sizeof(float));
    maps->M_img = base_alloc(images, sizeof(float));
    bool ok = maps->M_pix != NULL && maps->M_img != NULL;
    for (int m = 0; m < method_map_count(method) && ok; m++) {
        if (!method->gives(job, m)) continue;
        /* float and int32_t are of one size */
        const method_map_t *map = &method->maps[m];
        const size_t count = map->values > 0 ? (size_t)map->values : map->image ? images : values;
        maps->kept[m] = base_alloc(count, sizeof(float));
        ok = maps->kept[m] != NULL;
    }
    if (ok) return ST_OK;
    method_maps_free(maps);
    return ST_ENOMEM;
}

void method_maps_free(method_maps_t *maps)
{
    for (int m = 0; m < METHOD_MAX_MAPS; m++) free(maps->kept[m]);
    free(maps->M_pix);
    free(maps->M_img);
    *maps = (method_maps_t){0};
}

void method_image_scores(float *M_img, const float *M_pix, int n, int T, const job_t *job)
{
    if (job->image_score == JOB_SCORE_OWN) return;
    for (int i = 0; i < n; i++) {
        const float *map = M_pix + (size_t)i * (size_t)T;
        M_img[i] =
            job->image_score == JOB_SCORE_MAX ? detect_image_score(map, T, NULL) : detect_top_share(map, T, 0.01);
    }
}

status_t method_fuse(float *M_pix, float *M_img, const method_t *method, const method_maps_t *maps, const job_t *job,
                     float *scratch)
{
    status_t status = ST_OK;
    size_t T = (size_t)maps->h * (size_t)maps->w, n = (size_t)maps->n;
    if (method->fuse == NULL) {
        memmove(M_pix, maps->M_pix, n * T * sizeof *M_pix);
        memmove(M_img, maps->M_img, n * sizeof *M_img);
    } else {
        for (int i = 0; i < maps->n; i++) method->fuse(M_pix + (size_t)i * T, &M_img[i], maps, i, job, scratch);
    }
    if (method->image_scores != NULL && job->image_score == JOB_SCORE_OWN) {
        arena_t arena;
        arena_init(&arena, "image scores");
        status = method->image_scores(M_img, M_pix, maps->n, maps->h, maps->w, job, &arena);
        arena_free(&arena);
    }
    method_image_scores(M_img, M_pix, maps->n, (int)T, job);
    return status;
}

bool method_branch(float *M, const method_t *method, const method_maps_t *maps, const job_t *job, method_branch_t which)
{
    return method->branch != NULL && method->branch(M, maps, job, which);
}

int method_only_branch(const method_t *method, const method_maps_t *maps, const job_t *job)
{
    int count = 0, last = -1;
    for (int b = 0; b < METHOD_BRANCHES; b++)
        if (method_branch(NULL, method, maps, job, (method_branch_t)b)) last = b, count++;
    return count == 1 ? last : -1;
}

void method_prompts_free(method_prompts_t *prompts)
{
    prompts_set_free(&prompts->set);
    prompts_mfsc_free(&prompts->mfsc);
    prompts_vocabulary_free(&prompts->vocabulary);
}
