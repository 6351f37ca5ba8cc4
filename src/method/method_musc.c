/* MuSc: method/README.md 9. All test images of a category score one another, in parts of `subset`; a slice is what one
 * neighbourhood of one tap gives all of them. */
#include "method/method_internal.h"

#include <string.h>

#define SHARE 0.3 /* of the nearest images that a token's score is the mean of */
#define SIDES 3
static const int sides[SIDES] = {1, 3, 5};

static void ask(method_ask_t *out, const job_t *job)
{
    *out = (method_ask_t){0};
    method_ask_for(out, "cls", false);
    method_ask_taps(out, &job->musc.taps, job, true);
}

static bool always(const job_t *job)
{
    (void)job;
    return true;
}

/* The set is scored in parts of like size, so that none is left with one image. */
static int count_parts(const job_t *job, int images)
{
    return job->musc.subset > 0 && images > 0 ? (images - 1) / job->musc.subset + 1 : 1;
}

static void work(method_work_t *out, const method_size_t *size)
{
    const int parts = count_parts(size->job, size->images);
    const double part = (double)size->images / parts;
    /* One product a pair serves both of its images. */
    *out = (method_work_t){.slice = parts * part * (part - 1) / 2 * method_search_gflop(size, 1, 2, 1)};
}

/* ---- Slices ------------------------------------------------------------------------------------------------------------ */

static int slice_count(const job_t *job)
{
    method_ask_t asked;
    ask(&asked, job);
    return SIDES * (asked.count - 1);
}

static int slice_array(const job_t *job, int slice)
{
    (void)job;
    return 1 + slice / SIDES;
}

static void slice_key(FILE *out, const method_task_t *task)
{
    const int parts = count_parts(task->job, task->images);
    if (parts > 1) fprintf(out, "parts=%d %d %llu\n", parts, task->shots, (unsigned long long)task->seed);
}

/* One neighbourhood of the images member[0..n-1]: their scores, each into its row of `out`. */
static status_t score_part(float *out, const method_image_t *images, const int *member, int n, int side, arena_t *arena)
{
    const int T = images[0].rows[0], W = images[0].width[0], h = method_grid(T);
    const size_t size = (size_t)T * (size_t)W, others = (size_t)n - 1, row = (size_t)T;
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    float *f = arena_take(arena, (size_t)n * size, sizeof *f), *one = arena_take(arena, size, sizeof *one);
    float *d = arena_take(arena, (size_t)n * others * row, sizeof *d); /* of image a: to the others in their order */
    if (f == NULL || one == NULL || d == NULL) goto done;
    for (int a = 0; a < n; a++) {
        memcpy(one, images[member[a]].array[0], size * sizeof *one);
        detect_norm_map(one, size);
        detect_pool(f + (size_t)a * size, one, h, h, W, side);
        detect_unit_rows(f + (size_t)a * size, T, W);
    }
    for (int a = 0; a < n; a++) {
        if (stop_asked()) TRY_DONE(fail(ST_EINTERRUPTED, "interrupted while images score one another"));
        for (int b = a + 1; b < n; b++)
            TRY_DONE(detect_musc_pair(d + ((size_t)a * others + (size_t)b - 1) * row,
                                      d + ((size_t)b * others + (size_t)a) * row, f + (size_t)a * size,
                                      f + (size_t)b * size, T, W, arena));
    }
    status = ST_OK;
    for (int a = 0; a < n && status == ST_OK; a++)
        status = detect_musc_mutual(out + (size_t)member[a] * row, d + (size_t)a * others * row, (int)others, T, SHARE,
                                    arena);
done:
    arena_reset(arena, mark);
    return status;
}

static status_t slice_make(float *out, const method_task_t *task, const method_image_t *images, int slice,
                           arena_t *arena)
{
    const int n = task->images, parts = count_parts(task->job, n);
    if (n < 2) return fail(ST_EFORMAT, "musc: the category has %d test images, two score one another", n);
    int *order = arena_take(arena, (size_t)n, sizeof *order);
    if (order == NULL) return ST_ENOMEM;
    rng_t rng = rng_init(task->dataset, task->category, task->shots, task->seed, "musc/subset");
    for (int i = 0; i < n; i++) order[i] = i;
    if (parts > 1) rng_permutation(order, &rng, n); /* the whole set is one part for every seed */
    for (int p = 0; p < parts; p++) {
        const int first = (int)((int64_t)n * p / parts), end = (int)((int64_t)n * (p + 1) / parts);
        if (end - first < 2) return fail(ST_EFORMAT, "musc.subset: %d leaves one image alone", task->job->musc.subset);
        TRY(score_part(out, images, order + first, end - first, sides[slice % SIDES], arena));
    }
    return ST_OK;
}

/* ---- The set ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const method_task_t *task;
    float *cls; /* (images, E) */
    int E;
    arena_t *arena;
} set_t;

static status_t fit(void **out, const method_task_t *task, arena_t *arena)
{
    set_t *set = *out = arena_take(arena, 1, sizeof *set);
    if (set == NULL) return ST_ENOMEM;
    *set = (set_t){.task = task, .arena = arena};
    return ST_OK;
}

/* Nothing is known of an image before all have come. */
static status_t score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    (void)arena;
    set_t *set = fitted;
    if (set->cls == NULL) {
        set->E = image->width[0];
        set->cls = arena_take(set->arena, (size_t)maps->n * (size_t)set->E, sizeof *set->cls);
        if (set->cls == NULL) return ST_ENOMEM;
    }
    memcpy(set->cls + (size_t)i * (size_t)set->E, image->array[0], (size_t)set->E * sizeof *set->cls);
    return ST_OK;
}

/* Maps are means of the slices; images have the largest of their map at full size, smoothed over the nearest ones. */
static status_t score_set(method_maps_t *maps, void *fitted, arena_t *arena)
{
    const set_t *set = fitted;
    const job_t *job = set->task->job;
    const int n = maps->n, R = job->resolution, slices = slice_count(job);
    const size_t T = (size_t)maps->h * (size_t)maps->w;
    float *full = arena_take(arena, (size_t)R * (size_t)R, sizeof *full);
    if (full == NULL) return ST_ENOMEM;
    memset(maps->M_pix, 0, (size_t)n * T * sizeof(float));
    for (int s = 0; s < slices; s++)
        for (size_t i = 0; i < (size_t)n * T; i++) maps->M_pix[i] += set->task->slices[s][i] / (float)slices;
    for (int i = 0; i < n; i++) {
        detect_upsample_corners(full, R, R, maps->M_pix + (size_t)i * T, maps->h, maps->w);
        maps->M_img[i] = detect_image_score(full, R * R, NULL);
    }
    return detect_rscin(maps->M_img, maps->M_img, set->cls, n, set->E, job->musc.neighbours.value,
                        job->musc.neighbours.count, arena);
}

static const method_slices_t slices = {
    .count = slice_count, .array = slice_array, .key = slice_key, .make = slice_make};

const method_t method_musc = {.name = "musc",
                              .ask = ask,
                              .work = work,
                              .transductive = always,
                              .fit = fit,
                              .score = score,
                              .score_set = score_set,
                              .image_at_resolution = true,
                              .slices = &slices};
