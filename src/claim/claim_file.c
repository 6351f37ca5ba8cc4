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

static double silence(void)
{
    const char *text = getenv("FGAD_CLAIM_SILENCE");
    const double seconds = text != NULL ? strtod(text, NULL) : 0;
    return seconds >= 1 ? seconds : CLAIM_SILENCE;
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

/* By the clock of the file system: for people, and for what is done. */
static bool looks_dead(const char *path)
{
    struct stat info;
    if (lstat(path, &info) != 0) return false;
    holder_t holder, us;
    if (difftime(time(NULL), info.st_mtime) > silence() && difftime(time_there(path), info.st_mtime) > silence())
        return true;
    if (!read_holder(&holder, path)) return false;
    ourselves(&us);
    return is_of_our_space(&holder, &us) && birth(holder.pid) != holder.born;
}

uint64_t claim_who(const char *host, long pid)
{
    return base_hash(base_hash(BASE_HASH_SEED, host, strlen(host)), &pid, sizeof pid);
}

uint64_t claim_ourselves(void)
{
    holder_t us;
    ourselves(&us);
    return claim_who(us.host, us.pid);
}

/* Who holds it, read again: file systems give the inode of a claim that is gone to the next one of its name, and what was
 * known of the dead one would cost the living one its claim: both would then make the item. */
static void identify(claim_watch_t *watch, const char *path)
{
    const claim_watch_t before = *watch;
    holder_t holder, us;
    ourselves(&us);
    watch->known = read_holder(&holder, path); /* else not yet written, or its holder died before it could */
    watch->here = watch->known && is_of_our_space(&holder, &us);
    watch->pid = watch->known ? holder.pid : 0;
    watch->born = watch->known ? holder.born : 0;
    watch->who = watch->known ? claim_who(holder.host, holder.pid) : 0;
    if (before.known && (before.who != watch->who || before.born != watch->born)) watch->beats = 0;
}

bool claim_watch(claim_watch_t *watch, const char *path)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        *watch = (claim_watch_t){0};
        return false; /* released just now */
    }
    const int64_t stamp = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec, file = (int64_t)info.st_ino;
    if (watch->file != file) *watch = (claim_watch_t){0}; /* another claim of that name */
    const bool changed = watch->stamp != stamp || watch->file != file;
    if (changed) {
        watch->beats += watch->file == file;
        watch->stamp = stamp;
        watch->file = file;
        watch->since = clock_seconds();
    }
    if (changed || !watch->known) identify(watch, path);
    if (watch->here && birth(watch->pid) != watch->born) return true;
    return clock_seconds() - watch->since > silence();
}

/* As claim_watch would say now; *watch is what is believed when the holder is not known to be gone. */
static bool is_stale(const char *path, const claim_watch_t *watch)
{
    claim_watch_t now = watch != NULL ? *watch : (claim_watch_t){0};
    return claim_watch(&now, path);
}

/* Moves a stale claim out of the way. Two may try: rename lets one of them win, and the loser finds nothing. */
static void set_aside(const char *path, bool (*dead)(const char *path, const claim_watch_t *watch),
                      const claim_watch_t *watch)
{
    char aside[4096];
    io_temporary_name(aside, path);
    if (aside[0] != '\0' && rename(path, aside) == 0) {
        /* A third process may have made a new claim between our look and the rename: then it is alive, give it back. Who makes
         * one before it is back works beside it: the same bits twice. */
        if (!dead(aside, watch) && link(aside, path) == 0) log_debug("'%s': the claim was renewed", path);
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

status_t claim_take(bool *taken, const char *path, const claim_watch_t *watch)
{
    TRY(try_take(taken, path));
    if (*taken || !is_stale(path, watch)) return ST_OK;
    log_info("the claim '%s' was left by a process that is gone or has been silent: taken over", path);
    set_aside(path, is_stale, watch);
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

static bool still_looks_dead(const char *path, const claim_watch_t *unused)
{
    (void)unused;
    return looks_dead(path);
}

void claim_clear(const char *path)
{
    if (looks_dead(path)) set_aside(path, still_looks_dead, NULL);
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
    out->alive = !looks_dead(path);
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
