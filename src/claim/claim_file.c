/* Claims are files made with O_EXCL: the one primitive that works between ranks, jobs and nodes that share a folder,
 * and that survives kill -9 of any of them. A claim only saves work: if two processes ever do the same item, they
 * publish the same bits. */
#include "claim/claim_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    char host[256];
    long pid;
    unsigned long long born; /* start time of the process, so that a reused pid is not taken for the holder */
    long long since;         /* when it took the claim, seconds of the epoch */
} holder_t;

/* Field 22 of /proc/<pid>/stat; 0 when there is no such process, when it is dead and only not yet reaped, or no /proc. */
static unsigned long long birth(long pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    char *field = strrchr(text, ')'); /* the name before it may hold spaces */
    unsigned long long born = 0;
    if (field != NULL && (strncmp(field, ") Z", 3) == 0 || strncmp(field, ") X", 3) == 0)) return 0;
    for (int i = 2; field != NULL && i < 22; i++) field = strchr(field + 1, ' ');
    if (field != NULL) born = strtoull(field, NULL, 10);
    return born;
}

static void ourselves(holder_t *holder)
{
    *holder = (holder_t){.pid = (long)getpid(), .since = (long long)time(NULL)};
    gethostname(holder->host, sizeof holder->host - 1);
    holder->born = birth(holder->pid);
}

static bool read_holder(holder_t *holder, const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) return false;
    *holder = (holder_t){0};
    int fields = fscanf(file, "%255s %ld %llu %lld", holder->host, &holder->pid, &holder->born, &holder->since);
    fclose(file);
    return fields == 4;
}

/* "<path>.tmp.<host>.<pid>": what is left of it when we die is tidied away by others. */
static void temporary_name(char out[4600], const char *path)
{
    holder_t us;
    ourselves(&us);
    snprintf(out, 4600, "%s.tmp.%s.%ld", path, us.host, us.pid);
}

/* The time by the clock that stamps files beside `path`: of a file server, whose clock may not be ours. */
static time_t time_there(const char *path)
{
    char name[4600];
    struct stat info;
    temporary_name(name, path);
    int descriptor = open(name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor < 0) return time(NULL);
    time_t now = fstat(descriptor, &info) == 0 ? info.st_mtime : time(NULL);
    close(descriptor);
    unlink(name);
    return now;
}

bool claim_is_stale(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) return false; /* released just now: the next round sees it */
    holder_t holder, us;
    if (difftime(time(NULL), info.st_mtime) > CLAIM_SILENCE &&
        difftime(time_there(path), info.st_mtime) > CLAIM_SILENCE)
        return true;
    if (!read_holder(&holder, path)) return false; /* not yet written, or its holder died before it could */
    ourselves(&us);
    return strcmp(holder.host, us.host) == 0 && birth(holder.pid) != holder.born;
}

/* Moves a stale claim out of the way. Two may try: rename lets one of them win, and the loser finds nothing. */
static void set_aside(const char *path)
{
    char aside[4600];
    temporary_name(aside, path);
    if (rename(path, aside) == 0) {
        /* A third process may have made a new claim between our look and the rename: then it is alive, give it back. */
        if (!claim_is_stale(aside) && link(aside, path) == 0) log_debug("'%s': the claim was renewed", path);
        unlink(aside);
    }
}

/* ---- Take and release ---------------------------------------------------------------------------------------------- */

static status_t try_take(bool *taken, const char *path)
{
    holder_t us;
    *taken = false;
    ourselves(&us); /* before the claim stands: a death in between leaves it without a holder's name */
    int descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor < 0) {
        if (errno == EEXIST) return ST_OK;
        return fail(ST_EIO, "'%s' cannot be made: %s", path, strerror(errno));
    }
    dprintf(descriptor, "%s %ld %llu %lld\n", us.host, us.pid, us.born, us.since);
    close(descriptor);
    *taken = true;
    claim_heartbeat_hold(path);
    return ST_OK;
}

status_t claim_take(bool *taken, const char *path)
{
    TRY(try_take(taken, path));
    if (*taken || !claim_is_stale(path)) return ST_OK;
    log_info("the claim '%s' was left by a process that is gone or has been silent: taken over", path);
    set_aside(path);
    /* What it had begun to write goes with it. */
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL) {
        *slash = '\0';
        TRY(claim_tidy_folder(folder));
    }
    return try_take(taken, path);
}

void claim_clear(const char *path)
{
    if (claim_is_stale(path)) set_aside(path);
}

/* "<...>.tmp.<host>.<pid>", as io_write_file and io_h5_create name them. */
static void clear_temporary(const char *path)
{
    static const char mark[] = ".tmp.";
    holder_t us;
    struct stat info;
    const char *last = NULL, *next = path;
    while ((next = strstr(next, mark)) != NULL) last = next++;
    const char *dot = strrchr(path, '.');
    if (last == NULL || dot < last + sizeof mark - 1) return;
    char *end;
    long pid = strtol(dot + 1, &end, 10);
    if (*end != '\0' || pid <= 0 || stat(path, &info) != 0) return;
    ourselves(&us);
    size_t length = (size_t)(dot - last) - (sizeof mark - 1);
    bool here = strlen(us.host) == length && strncmp(last + sizeof mark - 1, us.host, length) == 0;
    /* A process of another host shows no life but by writing. */
    bool dead = here ? birth(pid) == 0 : difftime(time(NULL), info.st_mtime) > 3600;
    if (dead) unlink(path);
}

status_t claim_tidy_folder(const char *path)
{
    io_names_t names;
    status_t status = io_list_dir(&names, path);
    if (status == ST_ENOTFOUND) return ST_OK;
    if (status != ST_OK) return status;
    for (int i = 0; i < names.count; i++) {
        char file[4352];
        if (strstr(names.name[i], ".tmp.") == NULL) continue;
        snprintf(file, sizeof file, "%s/%s", path, names.name[i]);
        clear_temporary(file);
    }
    io_names_free(&names);
    return ST_OK;
}

bool claim_read(claim_holder_t *out, const char *path)
{
    holder_t holder;
    *out = (claim_holder_t){0};
    if (!read_holder(&holder, path)) return false;
    snprintf(out->host, sizeof out->host, "%s", holder.host);
    out->pid = holder.pid;
    out->since = holder.since;
    out->alive = !claim_is_stale(path);
    return true;
}

void claim_release(const char *path)
{
    claim_heartbeat_hold("");
    /* Who was silent for too long, as a job that was suspended, may find another's claim here. */
    holder_t holder, us;
    ourselves(&us);
    if (read_holder(&holder, path) &&
        (holder.pid != us.pid || holder.born != us.born || strcmp(holder.host, us.host) != 0))
        return;
    unlink(path);
}
