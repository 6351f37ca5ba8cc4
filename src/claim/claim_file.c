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
    char space[32];          /* io_process_space: where pid and born mean anything */
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
    io_process_space(holder->space);
    holder->born = birth(holder->pid);
}

/* A claim is a line "host pid born since space". Who may write into the folder may put anything there. */
static bool read_holder(holder_t *holder, const char *path)
{
    char text[512];
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (file < 0) return false;
    struct stat info;
    ssize_t size = fstat(file, &info) == 0 && S_ISREG(info.st_mode) ? read(file, text, sizeof text - 1) : -1;
    close(file);
    if (size <= 0) return false;
    text[size] = '\0';
    *holder = (holder_t){0};
    if (sscanf(text, "%255s %ld %llu %lld %31s", holder->host, &holder->pid, &holder->born, &holder->since,
               holder->space) != 5)
        return false;
    for (const char *at = holder->host; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~') return false; /* it is shown */
    return true;
}

/* Whether /proc here knows the holder's number. */
static bool is_of_our_space(const holder_t *holder, const holder_t *us)
{
    return strcmp(holder->space, us->space) == 0 && strcmp(us->space, "unknown") != 0;
}

/* The time by the clock that stamps files beside `path`: of a file server, whose clock may not be ours. */
static time_t time_there(const char *path)
{
    char name[4096];
    struct stat info;
    io_temporary_name(name, path);
    int descriptor = open(name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor < 0) return time(NULL);
    time_t now = fstat(descriptor, &info) == 0 ? info.st_mtime : time(NULL);
    close(descriptor);
    unlink(name);
    return now;
}

bool claim_is_stale(const char *path)
{
    struct stat info;
    if (lstat(path, &info) != 0) return false; /* released just now: the next round sees it */
    holder_t holder, us;
    if (difftime(time(NULL), info.st_mtime) > CLAIM_SILENCE &&
        difftime(time_there(path), info.st_mtime) > CLAIM_SILENCE)
        return true;
    if (!read_holder(&holder, path)) return false; /* not yet written, or its holder died before it could */
    ourselves(&us);
    return is_of_our_space(&holder, &us) && birth(holder.pid) != holder.born;
}

/* Moves a stale claim out of the way. Two may try: rename lets one of them win, and the loser finds nothing. */
static void set_aside(const char *path)
{
    char aside[4096];
    io_temporary_name(aside, path);
    if (aside[0] != '\0' && rename(path, aside) == 0) {
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
    dprintf(descriptor, "%s %ld %llu %lld %s\n", us.host, us.pid, us.born, us.since, us.space);
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

/* "<...>.tmp.<host>.<pid>.<space>.<token>", as io_temporary_name makes them. */
static void clear_temporary(const char *path)
{
    static const char mark[] = ".tmp.";
    holder_t us, holder = {0};
    struct stat info;
    const char *last = NULL, *next = path, *field[3] = {NULL, NULL, NULL};
    while ((next = strstr(next, mark)) != NULL) last = next++;
    if (last == NULL || strchr(last + sizeof mark - 1, '.') == NULL || lstat(path, &info) != 0) return;
    /* A host's name may hold dots: the fields are found from the end. */
    const char *end = path + strlen(path);
    for (int i = 2; i >= 0 && end > last + sizeof mark - 1; i--) {
        do end--;
        while (end > last + sizeof mark - 1 && *end != '.');
        if (*end == '.') field[i] = end + 1;
    }
    if (field[0] != NULL) {
        holder.pid = strtol(field[0], NULL, 10);
        snprintf(holder.space, sizeof holder.space, "%.*s", (int)strcspn(field[1], "."), field[1]);
    }
    ourselves(&us);
    /* A process of another space shows no life but by writing. */
    bool dead = is_of_our_space(&holder, &us) ? birth(holder.pid) == 0 : difftime(time(NULL), info.st_mtime) > 3600;
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
    if (read_holder(&holder, path) && (holder.pid != us.pid || holder.born != us.born ||
                                       strcmp(holder.space, us.space) != 0 || strcmp(holder.host, us.host) != 0))
        return;
    unlink(path);
}
