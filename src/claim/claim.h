/* claim: who works on what, across ranks, jobs and nodes that share nothing but a folder. A claim is a file beside the one
 * that is to be made; it says who makes it and since when, and is touched while its holder lives. It only saves work: who
 * publishes by rename may do so twice, with the same bits, when a claim was taken for dead too soon. What is claimed, and in
 * which order, is not known here. Depends on base and io. */
#ifndef FGAD_CLAIM_H
#define FGAD_CLAIM_H

#include "base/base.h"
#include "io/io.h"

/* Seconds without a touch after which a claim is stale, wherever its holder may be; FGAD_CLAIM_SILENCE of the environment
 * is another number of them. */
#define CLAIM_SILENCE 120
#define CLAIM_BEAT 20 /* seconds between touches */

/* A claim is stale when its holder is of this boot and PID namespace and its process is gone (a zombie is), or when its stamp
 * has not changed for CLAIM_SILENCE seconds of watching. Clocks of two hosts, or of a host and a file server, are never
 * held against each other: a watcher counts seconds of its own, and compares stamps with one another alone. Of other hosts,
 * of other containers of this one, and of a holder that died before it could write its name, silence alone tells. */
typedef struct {
    int64_t stamp, file; /* of the last look: time of modification, in nanoseconds; inode; 0: no look yet */
    double since;        /* clock_seconds of the first look that saw them */
    int beats;           /* how often the stamp was seen to change */
    bool known, here;    /* holder: read, whenever the stamp changes; of this boot and PID namespace */
    long pid;            /* of a holder that is here */
    uint64_t born;
    uint64_t who; /* of any known holder: claim_who of its host and process number */
} claim_watch_t;  /* all zeros to begin with */
/* One look: a stat, and a read when the stamp has changed or the holder is not known. True: the claim is stale. False, too,
 * when there is none. */
bool claim_watch(claim_watch_t *watch, const char *path);
/* A number for a process, by which a job knows claims of its own ranks; of this process. */
uint64_t claim_who(const char *host, long pid);
uint64_t claim_ourselves(void);

/* Makes `path` by O_EXCL and holds it: at most one claim a process. *taken is false when somebody holds it. A claim of a
 * process that is gone, and one that `watch` (may be NULL) has found stale and that nobody has touched since, are
 * taken over, with a line in the log, and what its holder had begun to write in that folder is removed. ST_EIO: the folder
 * cannot be written. */
status_t claim_take(bool *taken, const char *path, const claim_watch_t *watch);
void claim_release(const char *path); /* unless another has taken it over */

typedef struct {
    char host[256];
    long pid;
    int64_t since; /* seconds of the epoch */
    bool alive;    /* for people: not gone, and touched in the last CLAIM_SILENCE seconds by the file system's clock */
} claim_holder_t;
/* False: there is no such claim, or it is not yet written. */
bool claim_read(claim_holder_t *out, const char *path);

/* Removes the claim of something that is done, unless it looks alive: one that is left saves nobody work. */
void claim_clear(const char *path);
/* Removes temporary files (io_temporary_name's) of processes that are dead; of other hosts and containers, those that nobody
 * has written to for an hour. A folder that does not exist is tidy. */
status_t claim_tidy_folder(const char *path);

/* A thread that touches the claim that is held every CLAIM_BEAT seconds. ST_EIO: it cannot be started. */
status_t claim_heartbeat_start(void);
void claim_heartbeat_stop(void); /* does nothing when there is none */

#endif
