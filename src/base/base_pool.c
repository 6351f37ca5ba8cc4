/* Threads that share numbered tasks. */
#include "base/base.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct base_pool {
    pthread_mutex_t lock;
    pthread_cond_t begun, ended;
    int workers, started; /* the caller is one of them; threads beside it */
    int busy;             /* threads that are at the round at hand */
    unsigned round;
    bool closing;
    base_pool_task_t *run;
    void *context;
    int tasks;
    atomic_int next;
    atomic_bool failing;
    int failed; /* the first task that failed, `tasks`: none */
    status_t status;
    char message[1024]; /* a thread's error line is its own */
    pthread_t thread[];
};

/* A task that fails lets no later one begin; those before it have all begun. */
static void do_tasks(base_pool_t *pool, int worker)
{
    while (!pool->failing) {
        const int task = atomic_fetch_add(&pool->next, 1);
        if (task >= pool->tasks) return;
        const status_t status = pool->run(pool->context, task, worker);
        if (status == ST_OK) continue;
        pthread_mutex_lock(&pool->lock);
        if (task < pool->failed) {
            pool->failed = task;
            pool->status = status;
            snprintf(pool->message, sizeof pool->message, "%s", fail_message());
        }
        pool->failing = true;
        pthread_mutex_unlock(&pool->lock);
    }
}

typedef struct {
    base_pool_t *pool;
    int worker;
} seat_t;

static void *sit(void *context)
{
    const seat_t seat = *(seat_t *)context;
    base_pool_t *pool = seat.pool;
    unsigned seen = 0;
    free(context);
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->round == seen && !pool->closing) pthread_cond_wait(&pool->begun, &pool->lock);
        if (pool->closing) break;
        seen = pool->round;
        pthread_mutex_unlock(&pool->lock);
        do_tasks(pool, seat.worker);
        pthread_mutex_lock(&pool->lock);
        if (--pool->busy == 0) pthread_cond_signal(&pool->ended);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static status_t start_thread(base_pool_t *pool)
{
    seat_t *seat = malloc(sizeof *seat);
    if (seat == NULL) return fail(ST_ENOMEM, "out of memory for a thread");
    *seat = (seat_t){pool, pool->started + 1};
    /* Signals are for the main thread: its system calls must be the ones that are interrupted. */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    const int error = pthread_create(&pool->thread[pool->started], NULL, sit, seat);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error == 0) return pool->started++, ST_OK;
    free(seat);
    return fail(ST_EIO, "thread %d of %d cannot be started: %s (hint: fewer threads, or ulimit -u)", pool->started + 2,
                pool->workers, strerror(error));
}

status_t base_pool_open(base_pool_t **out, int workers)
{
    REQUIRE(workers > 0);
    base_pool_t *pool = *out = calloc(1, sizeof *pool + (size_t)workers * sizeof pool->thread[0]);
    if (pool == NULL) return fail(ST_ENOMEM, "out of memory for %d threads", workers);
    pool->workers = workers;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->begun, NULL);
    pthread_cond_init(&pool->ended, NULL);
    status_t status = ST_OK;
    while (status == ST_OK && pool->started + 1 < workers) status = start_thread(pool);
    if (status != ST_OK) base_pool_close(pool), *out = NULL;
    return status;
}

void base_pool_close(base_pool_t *pool)
{
    if (pool == NULL) return;
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->begun);
    pthread_mutex_unlock(&pool->lock);
    for (int t = 0; t < pool->started; t++) pthread_join(pool->thread[t], NULL);
    pthread_cond_destroy(&pool->ended);
    pthread_cond_destroy(&pool->begun);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

int base_pool_workers(const base_pool_t *pool)
{
    return pool != NULL ? pool->workers : 1;
}

status_t base_pool_run(base_pool_t *pool, int tasks, base_pool_task_t *run, void *context)
{
    if (base_pool_workers(pool) == 1 || tasks < 2) {
        for (int task = 0; task < tasks; task++) TRY(run(context, task, 0));
        return ST_OK;
    }
    pthread_mutex_lock(&pool->lock);
    pool->run = run;
    pool->context = context;
    pool->tasks = pool->failed = tasks;
    pool->next = 0;
    pool->failing = false;
    pool->busy = pool->started;
    pool->round++;
    pthread_cond_broadcast(&pool->begun);
    pthread_mutex_unlock(&pool->lock);
    do_tasks(pool, 0);
    pthread_mutex_lock(&pool->lock);
    while (pool->busy > 0) pthread_cond_wait(&pool->ended, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    return pool->failing ? fail(pool->status, "%s", pool->message) : ST_OK;
}
