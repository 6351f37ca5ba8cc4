/* The claim that this process holds is touched by a thread, since a step may take minutes. */
#include "claim/claim_internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool running;
    char path[4096]; /* "" when nothing is held */
} beat = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static void *beat_loop(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&beat.lock);
    do {
        struct timespec until;
        if (beat.path[0] != '\0') utimensat(AT_FDCWD, beat.path, NULL, AT_SYMLINK_NOFOLLOW);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += CLAIM_BEAT;
        if (beat.running) pthread_cond_timedwait(&beat.wake, &beat.lock, &until);
    } while (beat.running);
    pthread_mutex_unlock(&beat.lock);
    return NULL;
}

void claim_heartbeat_hold(const char *path)
{
    pthread_mutex_lock(&beat.lock);
    snprintf(beat.path, sizeof beat.path, "%s", path);
    pthread_mutex_unlock(&beat.lock);
}

status_t claim_heartbeat_start(void)
{
    /* Signals are for the main thread: its system calls must be the ones that are interrupted. */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    beat.running = true;
    int error = pthread_create(&beat.thread, NULL, beat_loop, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error == 0) return ST_OK;
    beat.running = false;
    return fail(ST_EIO, "the heartbeat thread cannot be started: %s", strerror(error));
}

void claim_heartbeat_stop(void)
{
    pthread_mutex_lock(&beat.lock);
    bool running = beat.running;
    beat.running = false;
    pthread_cond_signal(&beat.wake);
    pthread_mutex_unlock(&beat.lock);
    if (running) pthread_join(beat.thread, NULL);
}
