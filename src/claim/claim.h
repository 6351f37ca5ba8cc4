/* claim: who works on what, across ranks, jobs and nodes that share nothing but a folder. A claim is a file beside the one
 * that is to be made; it says who makes it and since when, and is touched while its holder lives. It only saves work: who
 * publishes by rename may do so twice, with the same bits, when a claim was taken for dead too soon. What is claimed, and in
 * which order, is not known here. Depends on base and io. */
#ifndef FGAD_CLAIM_H
#define FGAD_CLAIM_H

#include "base/base.h"
#include "io/io.h"

#define CLAIM_SILENCE 120 /* seconds without a touch after which a claim is stale, wherever its holder may be */
#define CLAIM_BEAT 20     /* seconds between touches */

/* Makes `path` by O_EXCL and holds it: at most one claim a process. *taken is false when somebody alive holds it. A stale
 * one is taken over, with a line in the log, and what its holder had begun to write in that folder is removed.
 * ST_EIO: the folder cannot be written. */
status_t claim_take(bool *taken, const char *path);
void claim_release(const char *path); /* unless another has taken it over */
/* The claim has been silent for CLAIM_SILENCE seconds or, where its holder is of this boot and PID namespace, its process is
 * gone (a zombie is); of other hosts, and of other containers of this one, silence alone tells. One
 * without a holder's name, whose holder died before it could write it, can only be silent. Before silence is believed, the
 * file system's clock is asked by a temporary file, where one can be made. False: there is none. */
bool claim_is_stale(const char *path);

typedef struct {
    char host[256];
    long pid;
    int64_t since; /* seconds of the epoch */
    bool alive;    /* not stale */
} claim_holder_t;
/* False: there is no such claim, or it is not yet written. */
bool claim_read(claim_holder_t *out, const char *path);

/* Removes a claim that is stale. */
void claim_clear(const char *path);
/* Removes temporary files (io_temporary_name's) of processes that are dead; of other hosts and containers, those that nobody
 * has written to for an hour. A folder that does not exist is tidy. */
status_t claim_tidy_folder(const char *path);

/* A thread that touches the claim that is held every CLAIM_BEAT seconds. ST_EIO: it cannot be started. */
status_t claim_heartbeat_start(void);
void claim_heartbeat_stop(void); /* does nothing when there is none */

#endif
