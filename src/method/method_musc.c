/* MuSc: method/README.md 9. All test images of a category score one another, in parts of `subset`. */
#include "method/method_internal.h"

#include <string.h>

#define SHARE 0.3 /* of the nearest images that a token's score is the mean of */
#define SIDES 3
static const int sides[SIDES] = {1, 3, 5};

typedef struct {
    const job_t *job;
    int taps;
    arena_t *arena; /* of the state: grows with the images */
    int images, room;
    const float **cls;                      /* (images) */
    const float **tap[METHOD_MAX_FEATURES]; /* (images) of each tap, layer norm over the whole map applied */
    int T, E, width[METHOD_MAX_FEATURES];
    rng_t rng;
} set_t;

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

static void work(method_work_t *out, const method_size_t *size)
{
    method_ask_t asked;
    ask(&asked, size->job);
    const int subset = size->job->musc.subset,
              parts = subset > 0 && size->images > 0 ? (size->images - 1) / subset + 1 : 1;
    const double part = (double)size->images / parts;
    /* One product a pair serves both of its images. */
    *out = (method_work_t){.set = parts * part * (part - 1) / 2 * SIDES * method_search_gflop(size, 1, asked.count, 1)};
}

static status_t fit(void **out, const method_task_t *task, arena_t *arena)
{
    set_t *set = *out = arena_take(arena, 1, sizeof *set);
    if (set == NULL) return ST_ENOMEM;
    method_ask_t asked;
    ask(&asked, task->job);
    *set = (set_t){.job = task->job, .taps = asked.count - 1, .arena = arena};
    set->rng = rng_init(task->dataset, task->category, task->shots, task->seed, "musc/subset");
    return ST_OK;
}

/* Room for the arrays of `n` images. */
static status_t make_room(set_t *set, int n)
{
    set->room = n;
    set->cls = arena_take(set->arena, (size_t)n, sizeof *set->cls);
    if (set->cls == NULL) return ST_ENOMEM;
    for (int l = 0; l < set->taps; l++) {
        set->tap[l] = arena_take(set->arena, (size_t)n, sizeof *set->tap[l]);
        if (set->tap[l] == NULL) return ST_ENOMEM;
    }
    return ST_OK;
}

static float *keep(set_t *set, const float *array, size_t count)
{
    float *copy = arena_take(set->arena, count, sizeof *copy);
    if (copy != NULL) memcpy(copy, array, count * sizeof *copy);
    return copy;
}

/* Nothing is known of an image before all have come. */
static status_t score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena)
{
    (void)arena;
    set_t *set = fitted;
    if (set->room == 0) TRY(make_room(set, maps->n));
    REQUIRE(i == set->images && i < set->room);
    set->T = image->rows[1];
    set->E = image->width[0];
    set->cls[i] = keep(set, image->array[0], (size_t)set->E);
    if (set->cls[i] == NULL) return ST_ENOMEM;
    for (int l = 0; l < set->taps; l++) {
        set->width[l] = image->width[1 + l];
        const size_t count = (size_t)set->T * (size_t)set->width[l];
        float *copy = keep(set, image->array[1 + l], count);
        if (copy == NULL) return ST_ENOMEM;
        detect_norm_map(copy, count);
        set->tap[l][i] = copy;
    }
    set->images++;
    return ST_OK;
}

/* One tap and one neighbourhood of the images member[0..n-1]: adds their scores to the maps. */
static status_t score_tap(float *maps, const set_t *set, const int *member, int n, int l, int side, int h,
                          arena_t *arena)
{
    const int T = set->T, W = set->width[l];
    const size_t size = (size_t)T * (size_t)W, others = (size_t)n - 1, row = (size_t)T;
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    float *f = arena_take(arena, (size_t)n * size, sizeof *f), *map = arena_take(arena, row, sizeof *map);
    float *d = arena_take(arena, (size_t)n * others * row, sizeof *d); /* of image a: to the others in their order */
    if (f == NULL || map == NULL || d == NULL) goto done;
    for (int a = 0; a < n; a++) {
        detect_pool(f + (size_t)a * size, set->tap[l][member[a]], h, h, W, side);
        detect_unit_rows(f + (size_t)a * size, T, W);
    }
    for (int a = 0; a < n; a++)
        for (int b = a + 1; b < n; b++)
            TRY_DONE(detect_musc_pair(d + ((size_t)a * others + (size_t)b - 1) * row,
                                      d + ((size_t)b * others + (size_t)a) * row, f + (size_t)a * size,
                                      f + (size_t)b * size, T, W, arena));
    for (int a = 0; a < n; a++) {
        TRY_DONE(detect_musc_mutual(map, d + (size_t)a * others * row, (int)others, T, SHARE, arena));
        float *to = maps + (size_t)member[a] * row;
        for (int i = 0; i < T; i++) to[i] += map[i] / (float)(SIDES * set->taps);
    }
    status = ST_OK;
done:
    arena_reset(arena, mark);
    return status;
}

/* Largest of every map at full size, smoothed over the nearest images. */
static status_t score_images(method_maps_t *maps, const set_t *set, arena_t *arena)
{
    const int n = maps->n, R = set->job->resolution;
    arena_mark_t mark = arena_mark(arena);
    status_t status = ST_ENOMEM;
    float *full = arena_take(arena, (size_t)R * (size_t)R, sizeof *full);
    float *cls = arena_take(arena, (size_t)n * (size_t)set->E, sizeof *cls);
    if (full == NULL || cls == NULL) goto done;
    for (int i = 0; i < n; i++) {
        memcpy(cls + (size_t)i * (size_t)set->E, set->cls[i], (size_t)set->E * sizeof *cls);
        detect_upsample_corners(full, R, R, maps->M_pix + (size_t)i * (size_t)set->T, maps->h, maps->w);
        maps->M_img[i] = detect_image_score(full, R * R, NULL);
    }
    status = detect_rscin(maps->M_img, maps->M_img, cls, n, set->E, set->job->musc.neighbours.value,
                          set->job->musc.neighbours.count, arena);
done:
    arena_reset(arena, mark);
    return status;
}

static status_t score_set(method_maps_t *maps, void *fitted, arena_t *arena)
{
    const set_t *set = fitted;
    const int n = maps->n, parts = set->job->musc.subset > 0 ? (n - 1) / set->job->musc.subset + 1 : 1;
    if (n < 2) return fail(ST_EFORMAT, "musc: the category has %d test images, two score one another", n);
    int *order = arena_take(arena, (size_t)n, sizeof *order);
    if (order == NULL) return ST_ENOMEM;
    rng_t rng = set->rng;
    for (int i = 0; i < n; i++) order[i] = i;
    if (parts > 1) rng_permutation(order, &rng, n); /* the whole set is one part for every seed */
    memset(maps->M_pix, 0, (size_t)n * (size_t)set->T * sizeof(float));
    /* Parts of like size: none is left with one image. */
    for (int p = 0; p < parts; p++) {
        const int first = (int)((int64_t)n * p / parts), end = (int)((int64_t)n * (p + 1) / parts);
        if (end - first < 2) return fail(ST_EFORMAT, "musc.subset: %d leaves one image alone", set->job->musc.subset);
        for (int l = 0; l < set->taps; l++)
            for (int s = 0; s < SIDES; s++)
                TRY(score_tap(maps->M_pix, set, order + first, end - first, l, sides[s], maps->h, arena));
    }
    return score_images(maps, set, arena);
}

const method_t method_musc = {.name = "musc",
                              .ask = ask,
                              .work = work,
                              .transductive = always,
                              .fit = fit,
                              .score = score,
                              .score_set = score_set};
