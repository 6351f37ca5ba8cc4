/* Many settings on the stored maps of one task. Settings that fuse and smooth alike share one pass over the pixels;
 * passes are spread over threads, each alone with its buffers, so that no bit depends on their number. */
#include "review/review_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

job_t review_change_apply(const job_t *job, const review_change_t *change)
{
    job_t out = *job;
    for (int k = 0; k < change->count; k++) {
        size_t offset = change->keys[k]->offset;
        memcpy((char *)&out + offset, (const char *)change->job + offset, io_option_size(change->keys[k]->kind));
    }
    out.data_root = change->job->data_root;
    out.roots = change->job->roots;
    out.metric_memory = change->job->metric_memory;
    return out;
}

void review_bench_free(review_bench_t *bench)
{
    for (int i = 0; i < REVIEW_BENCH_MASKS; i++) work_masks_free(&bench->masks[i]);
}

/* All that the pixels handed to the metrics depend on; compared byte by byte, so made from zeros. */
typedef struct {
    double sigma;
    bool corners;
    uint64_t fusion;
    int size, threshold, resize;
    int map; /* FUSED, or a branch alone */
} pass_key_t;
enum { FUSED = -1, MAPS = 1 + METHOD_BRANCHES }; /* maps a setting may have */

typedef struct {
    pass_key_t key;
    int *setting; /* (count) that share the pass */
    int count;
} pass_t;

typedef struct {
    const review_stored_t *stored;
    const job_t *jobs; /* (settings) */
    store_numbers_t *numbers;
    pass_t *passes;
    const work_masks_t *masks; /* of those loaded: passes first .. end-1 */
    int next, end;
    pthread_mutex_t lock;
    status_t status;
    char message[1024];
} work_t;

static pass_key_t make_key(const method_t *method, const job_t *job, int map)
{
    pass_key_t key;
    memset(&key, 0, sizeof key);
    key.size = job->metric_size == JOB_METRIC_SIZE_R ? job->resolution : 0;
    key.threshold = job->mask_threshold;
    key.resize = job->mask_resize;
    key.sigma = job->sigma;
    key.corners = job->align_corners;
    key.map = map;
    if (map == FUSED)
        key.fusion = method->fusion != NULL ? method->fusion(job) : 0;
    else if (map == METHOD_BRANCH_PAD)
        key.fusion = (uint64_t)job->reweight;
    return key;
}

static bool same_masks(const pass_key_t *a, const pass_key_t *b)
{
    return a->size == b->size && a->threshold == b->threshold && a->resize == b->resize;
}

static void copy_pixel_numbers(store_numbers_t *to, const store_numbers_t *from)
{
    to->pixel_auroc = from->pixel_auroc;
    to->aupro = from->aupro;
    to->pixel_ap = from->pixel_ap;
    to->pixel_f1 = from->pixel_f1;
}

static status_t run_branch(const work_t *work, const pass_t *pass)
{
    const review_stored_t *stored = work->stored;
    const method_branch_t which = (method_branch_t)pass->key.map;
    double auroc;
    TRY(work_measure_branch_pixels(&auroc, stored->method, &stored->maps, which, &work->jobs[pass->setting[0]],
                                   work->masks, NULL));
    for (int i = 0; i < pass->count; i++) *work_branch_pixel(&work->numbers[pass->setting[i]], which) = auroc;
    return ST_OK;
}

/* One pass: the pixels once, then each of AUPRO's limits and forms once. */
static status_t run_fused(const work_t *work, const pass_t *pass)
{
    const method_maps_t *maps = &work->stored->maps;
    size_t T = (size_t)(maps->h * maps->w), n = (size_t)maps->n;
    status_t status = ST_ENOMEM;
    int unique = 0;
    float *M_pix = base_alloc(n * T, sizeof *M_pix), *M_img = base_alloc(n + T, sizeof *M_img);
    const job_t **jobs = base_alloc((size_t)pass->count, sizeof *jobs);
    store_numbers_t **numbers = base_alloc((size_t)pass->count, sizeof *numbers);
    int *same = base_alloc((size_t)pass->count, sizeof *same); /* place in jobs of each setting */
    if (M_pix == NULL || M_img == NULL || jobs == NULL || numbers == NULL || same == NULL) goto done;
    for (int i = 0; i < pass->count; i++) {
        const job_t *job = &work->jobs[pass->setting[i]];
        same[i] = 0;
        while (same[i] < unique &&
               (jobs[same[i]]->aupro_limit != job->aupro_limit || jobs[same[i]]->aupro != job->aupro))
            same[i]++;
        if (same[i] < unique) continue;
        jobs[unique] = job;
        numbers[unique++] = &work->numbers[pass->setting[i]];
    }
    TRY_DONE(method_fuse(M_pix, M_img, work->stored->method, maps, jobs[0], M_img + n));
    TRY_DONE(work_measure_pixels(numbers, jobs, unique, M_pix, maps->h, maps->w, work->masks, NULL));
    for (int i = 0; i < pass->count; i++)
        if (numbers[same[i]] != &work->numbers[pass->setting[i]])
            copy_pixel_numbers(&work->numbers[pass->setting[i]], numbers[same[i]]);
done:
    free(M_pix);
    free(M_img);
    free(jobs);
    free(numbers);
    free(same);
    return status;
}

static void *run_passes(void *context)
{
    work_t *work = context;
    for (;;) {
        pthread_mutex_lock(&work->lock);
        int mine = work->status == ST_OK && work->next < work->end ? work->next++ : -1;
        pthread_mutex_unlock(&work->lock);
        if (mine < 0) return NULL;
        const pass_t *pass = &work->passes[mine];
        status_t status = pass->key.map == FUSED ? run_fused(work, pass) : run_branch(work, pass);
        if (status == ST_OK) continue;
        pthread_mutex_lock(&work->lock);
        if (work->status == ST_OK) {
            work->status = status;
            snprintf(work->message, sizeof work->message, "%s", fail_message()); /* the line is this thread's */
        }
        pthread_mutex_unlock(&work->lock);
    }
}

/* Passes next .. end-1, whose masks are loaded, on so many threads, this one among them. */
static status_t run_threads(work_t *work, int threads)
{
    enum { MOST = 64 };
    pthread_t thread[MOST];
    int started = 0;
    if (threads > work->end - work->next) threads = work->end - work->next;
    pthread_mutex_init(&work->lock, NULL);
    while (started < threads - 1 && started < MOST && pthread_create(&thread[started], NULL, run_passes, work) == 0)
        started++;
    run_passes(work);
    for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
    pthread_mutex_destroy(&work->lock);
    return work->status == ST_OK ? ST_OK : fail(work->status, "%s", work->message);
}

static int by_masks(const void *a, const void *b)
{
    const pass_key_t *x = &((const pass_t *)a)->key, *y = &((const pass_t *)b)->key;
    return x->size != y->size ? (x->size > y->size) - (x->size < y->size)
                              : (x->threshold > y->threshold) - (x->threshold < y->threshold);
}

/* Whether a setting has a map that is no other's. */
static bool has_map(const review_stored_t *stored, const job_t *job, int map)
{
    if (map == FUSED) return true;
    return method_branch(NULL, stored->method, &stored->maps, job, (method_branch_t)map) &&
           method_only_branch(stored->method, &stored->maps, job) != map;
}

/* passes, places (MAPS * count). */
static status_t make_passes(pass_t *passes, int *pass_count, int *places, const review_stored_t *stored,
                            const job_t *jobs, int count)
{
    int *pass_of = base_alloc((size_t)(MAPS * count), sizeof *pass_of);
    if (pass_of == NULL) return ST_ENOMEM;
    *pass_count = 0;
    for (int i = 0; i < MAPS * count; i++) {
        const int s = i / MAPS, map = i % MAPS - 1;
        pass_of[i] = -1;
        if (!has_map(stored, &jobs[s], map)) continue;
        pass_key_t key = make_key(stored->method, &jobs[s], map);
        int p = 0;
        while (p < *pass_count && memcmp(&passes[p].key, &key, sizeof key) != 0) p++;
        if (p == *pass_count) passes[(*pass_count)++] = (pass_t){.key = key};
        passes[p].count++;
        pass_of[i] = p;
    }
    for (int p = 0; p < *pass_count; p++) {
        passes[p].setting = places;
        places += passes[p].count;
        passes[p].count = 0;
    }
    for (int i = 0; i < MAPS * count; i++)
        if (pass_of[i] >= 0) passes[pass_of[i]].setting[passes[pass_of[i]].count++] = i / MAPS;
    qsort(passes, (size_t)*pass_count, sizeof *passes, by_masks);
    free(pass_of);
    return ST_OK;
}

static status_t measure_pixels(review_bench_t *bench, work_t *work, int count)
{
    status_t status = ST_ENOMEM;
    const review_stored_t *stored = work->stored;
    int passes, *places = base_alloc((size_t)(MAPS * count), sizeof *places);
    work->passes = base_alloc((size_t)(MAPS * count), sizeof *work->passes);
    if (places == NULL || work->passes == NULL) goto done;
    TRY_DONE(make_passes(work->passes, &passes, places, stored, work->jobs, count));
    int slot = 0;
    for (int first = 0; first < passes; first = work->end, slot = (slot + 1) % REVIEW_BENCH_MASKS) {
        const job_t *job = &work->jobs[work->passes[first].setting[0]];
        work->next = first;
        for (work->end = first + 1; work->end < passes; work->end++)
            if (!same_masks(&work->passes[work->end].key, &work->passes[first].key)) break;
        TRY_DONE(work_masks_load(&bench->masks[slot], &stored->images, job, stored->keep, stored->n));
        work->masks = &bench->masks[slot];
        TRY_DONE(run_threads(work, bench->threads));
    }
    bench->passes += passes;
    for (int s = 0; s < count; s++) {
        store_numbers_t *numbers = &work->numbers[s];
        const int only = method_only_branch(stored->method, &stored->maps, &work->jobs[s]);
        if (only >= 0) *work_branch_pixel(numbers, (method_branch_t)only) = numbers->pixel_auroc;
    }
done:
    free(places);
    free(work->passes);
    return status;
}

/* Whether the pixels of the map, and how they are measured, are the task's own. */
static bool is_own(const review_stored_t *stored, const job_t *job, int map)
{
    const pass_key_t own = make_key(stored->method, &stored->job, map), key = make_key(stored->method, job, map);
    return has_map(stored, &stored->job, map) && memcmp(&key, &own, sizeof key) == 0 &&
           (map != FUSED || (job->aupro == stored->job.aupro && job->aupro_limit == stored->job.aupro_limit));
}

/* Without masks: the pixel metrics of the task itself where a setting asks for the same ones. */
static void copy_known_pixels(store_numbers_t *out, review_bench_t *bench, const review_stored_t *stored,
                              const store_row_t *source, const job_t *jobs, int count)
{
    store_numbers_t known = store_numbers_none;
    for (int m = 0; m < STORE_METRICS; m++)
        memcpy((char *)&known + store_number_table[m].offset, &source->metric[m], sizeof(double));
    if (!work_has_pixels(&stored->images, stored->keep, stored->n)) return;
    for (int s = 0; s < count; s++) {
        bool whole = true;
        for (int map = FUSED; map < METHOD_BRANCHES; map++) {
            if (!has_map(stored, &jobs[s], map)) continue;
            if (!is_own(stored, &jobs[s], map))
                whole = false;
            else if (map == FUSED)
                copy_pixel_numbers(&out[s], &known);
            else
                *work_branch_pixel(&out[s], (method_branch_t)map) = *work_branch_pixel(&known, (method_branch_t)map);
        }
        bench->away += !whole;
    }
}

status_t review_rescore_task(store_numbers_t *out, review_bench_t *bench, review_stored_t *stored,
                             const store_row_t *source, const review_change_t *changes, int count)
{
    const method_maps_t *maps = &stored->maps;
    size_t T = (size_t)(maps->h * maps->w), n = (size_t)maps->n;
    status_t status = ST_ENOMEM;
    job_t *jobs = base_alloc((size_t)count, sizeof *jobs); /* texts and lists are borrowed */
    float *M_pix = base_alloc(n * T, sizeof *M_pix), *M_img = base_alloc(n + T, sizeof *M_img);
    if (jobs == NULL || M_pix == NULL || M_img == NULL) goto done;
    status = ST_OK;
    for (int s = 0; s < count; s++) {
        jobs[s] = review_change_apply(&stored->job, &changes[s]);
        TRY_DONE(review_stored_check(stored, &jobs[s]));
    }
    TRY_DONE(review_stored_list(stored, &jobs[0], bench->run_dir));
    for (int s = 0; s < count; s++) {
        out[s] = store_numbers_none;
        TRY_DONE(method_fuse(M_pix, M_img, stored->method, maps, &jobs[s], M_img + n));
        TRY_DONE(work_measure_images(&out[s], M_img, &stored->images, stored->keep, stored->n));
        TRY_DONE(work_measure_branch_images(&out[s], stored->method, maps, &jobs[s], &stored->images, stored->keep));
    }
    if (stored->away) {
        copy_known_pixels(out, bench, stored, source, jobs, count);
    } else if (work_has_pixels(&stored->images, stored->keep, stored->n)) {
        work_t work = {.stored = stored, .jobs = jobs, .numbers = out};
        status = measure_pixels(bench, &work, count);
    }
done:
    free(jobs);
    free(M_pix);
    free(M_img);
    return status;
}
