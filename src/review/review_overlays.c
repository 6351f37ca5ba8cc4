/* Overlays of a task's images, on all cores: each image is read, upsampled, painted and written by one thread. */
#include "review/review_internal.h"

#include <fnmatch.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_THREADS = 64 };

typedef struct {
    const review_stored_t *stored;
    const char *folder;
    const int *image; /* (count) what to do */
    int count;
    bool paint; /* false: the scale is looked for */
    double low, high;
    pthread_mutex_t lock; /* of all below */
    int next;
    status_t status;
    char message[1024]; /* error lines are a thread's own */
} pool_t;

typedef struct {
    arena_t arena;
    float *map;
    size_t room;
    double low, high;
} hand_t;

static status_t full_map(hand_t *hand, int *width, int *height, const review_stored_t *stored, int i)
{
    TRY(data_image_size(width, height, &stored->images, &stored->images.test[stored->keep[i]]));
    size_t size = (size_t)*width * (size_t)*height;
    if (size > hand->room) {
        free(hand->map);
        hand->room = 0;
        hand->map = base_alloc(size, sizeof *hand->map);
        if (hand->map == NULL) return ST_ENOMEM;
        hand->room = size;
    }
    return review_stored_map(hand->map, width, height, stored, i, &hand->arena);
}

static status_t look(hand_t *hand, const pool_t *pool, int i)
{
    int width, height;
    TRY(full_map(hand, &width, &height, pool->stored, i));
    for (size_t p = 0; p < (size_t)width * (size_t)height; p++) {
        if ((double)hand->map[p] < hand->low) hand->low = (double)hand->map[p];
        if ((double)hand->map[p] > hand->high) hand->high = (double)hand->map[p];
    }
    return ST_OK;
}

static status_t make_path(char out[4096], const pool_t *pool, int i)
{
    int length = snprintf(out, 4096, "%s/%s.png", pool->folder, pool->stored->names[i]);
    if (length >= 4096) return fail(ST_EFORMAT, "'%.200s...' is longer than a path may be", out);
    char *slash = strrchr(out, '/');
    *slash = '\0';
    status_t status = io_make_dirs(out);
    *slash = '/';
    return status;
}

static status_t paint(hand_t *hand, const pool_t *pool, int i)
{
    const data_category_t *images = &pool->stored->images;
    const data_image_t *image = &images->test[pool->stored->keep[i]];
    status_t status;
    char path[4096];
    io_image_t picture = {0};
    uint8_t *mask = NULL;
    int width, height, mask_width, mask_height;
    TRY_DONE(data_image_read(&picture, images, image));
    TRY_DONE(full_map(hand, &width, &height, pool->stored, i));
    if (width != picture.width || height != picture.height) {
        status = fail(ST_EFORMAT, "'%s' says in its header that it is %d x %d, it is %d x %d", image->path, width,
                      height, picture.width, picture.height);
        goto done;
    }
    if (image->mask != NULL) TRY_DONE(data_mask_read(&mask, &mask_width, &mask_height, images, image));
    TRY_DONE(make_path(path, pool, i));
    TRY_DONE(review_paint_overlay(path, &picture, hand->map, mask, pool->low, pool->high));
done:
    io_image_free(&picture);
    free(mask);
    return status;
}

static void *work(void *shared)
{
    pool_t *pool = shared;
    hand_t hand = {.low = INFINITY, .high = -INFINITY};
    arena_init(&hand.arena, "overlays");
    for (;;) {
        pthread_mutex_lock(&pool->lock);
        int at = pool->status == ST_OK ? pool->next++ : pool->count;
        pthread_mutex_unlock(&pool->lock);
        if (at >= pool->count) break;
        status_t status = pool->paint ? paint(&hand, pool, pool->image[at]) : look(&hand, pool, pool->image[at]);
        if (status == ST_OK) continue;
        pthread_mutex_lock(&pool->lock);
        if (pool->status == ST_OK) snprintf(pool->message, sizeof pool->message, "%s", fail_message());
        if (pool->status == ST_OK) pool->status = status;
        pthread_mutex_unlock(&pool->lock);
    }
    if (!pool->paint) {
        pthread_mutex_lock(&pool->lock);
        if (hand.low < pool->low) pool->low = hand.low;
        if (hand.high > pool->high) pool->high = hand.high;
        pthread_mutex_unlock(&pool->lock);
    }
    free(hand.map);
    arena_free(&hand.arena);
    return NULL;
}

/* Cores that this process may use; of imported maps one, for libtiff's messages are the process's. */
static int count_threads(const pool_t *pool)
{
    cpu_set_t cores;
    int count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
    if (count > MOST_THREADS) count = MOST_THREADS;
    if (count > pool->count) count = pool->count;
    return pool->stored->tree != NULL || count < 1 ? 1 : count;
}

static status_t run(pool_t *pool)
{
    pthread_t thread[MOST_THREADS];
    int count = count_threads(pool), begun = 0;
    pool->next = 0;
    pthread_mutex_init(&pool->lock, NULL);
    while (begun < count - 1 && pthread_create(&thread[begun], NULL, work, pool) == 0) begun++;
    work(pool); /* this thread is one of them */
    for (int t = 0; t < begun; t++) pthread_join(thread[t], NULL);
    pthread_mutex_destroy(&pool->lock);
    return pool->status == ST_OK ? ST_OK : fail(pool->status, "%s", pool->message);
}

bool review_is_chosen(const char *images, const char *path)
{
    if (images == NULL) return true;
    for (const char *at = images;; at++) {
        char pattern[1024];
        size_t length = strcspn(at, ",");
        snprintf(pattern, sizeof pattern, "%.*s", (int)length, at);
        if (length < sizeof pattern && fnmatch(pattern, path, 0) == 0) return true;
        at += length;
        if (*at == '\0') return false;
    }
}

status_t review_overlays(int *painted, const review_stored_t *stored, const char *folder,
                         const review_export_options_t *options)
{
    pool_t pool = {.stored = stored, .folder = folder, .low = INFINITY, .high = -INFINITY};
    *painted = 0;
    int *image = base_alloc((size_t)stored->n + 1, sizeof *image);
    if (image == NULL) return ST_ENOMEM;
    pool.image = image;
    for (int i = 0; i < stored->n; i++) image[pool.count++] = i;
    /* One scale for the category: from the lowest to the highest value of all its maps, whichever are wanted. */
    status_t status = ST_OK;
    if (options->low < options->high)
        pool.low = options->low, pool.high = options->high;
    else
        status = run(&pool);
    pool.paint = true;
    pool.count = 0;
    for (int i = 0; i < stored->n; i++)
        if (review_is_chosen(options->images, stored->path[i])) image[pool.count++] = i;
    if (status == ST_OK && pool.count > 0) status = run(&pool);
    if (status == ST_OK && pool.count > 0) status = review_write_scale(folder, pool.low, pool.high);
    *painted = pool.count;
    free(image);
    return status;
}
