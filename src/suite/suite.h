/* suite: a run on many ranks. They take items from one list, each under a claim, until none is left; any number of ranks
 * and jobs may work on one folder. What is done is never done twice; a result depends on nothing but the options, the model
 * and the images. It makes nothing itself: work does. Depends on every room before it, and on MPI.
 * Functions say "Collective" (every rank calls) or "Not collective". */
#ifndef FGAD_SUITE_H
#define FGAD_SUITE_H

#include "base/base.h"
#include "plan/plan.h"

#include <stdio.h>

/* ---- Ranks ---------------------------------------------------------------------------------------------------------- */
/* All processes that a launcher of MPI has started; this one alone where none has, and then MPI is never begun. */
typedef struct {
    int rank, size;
    int on_node; /* ranks on this rank's node */
    bool mpi;    /* begun */
} suite_comm_t;
/* Collective. An MPI that cannot start ends the process here, with one line and exit code 3. ST_EIO: the ranks do not see
 * one another. */
status_t suite_comm_open(suite_comm_t *out);
void suite_comm_close(suite_comm_t *comm); /* collective */
/* "Open MPI v4.1.4"; not collective, MPI need not be begun. */
void suite_comm_version(char out[128]);
/* Collective. The same values on every rank, which replace `data`: their largest, smallest or sum; of doubles of which all
 * ranks but one have zeros, exact. */
typedef enum { SUITE_MAX_BYTES, SUITE_MIN_INTS, SUITE_MAX_INTS, SUITE_SUM_INTS, SUITE_SUM_DOUBLES } suite_all_t;
void suite_comm_all(const suite_comm_t *comm, void *data, int count, suite_all_t how);
/* Collective. What rank `from` has, on every rank. */
void suite_comm_tell(const suite_comm_t *comm, void *data, int bytes, int from);
/* Collective. Waits for all, asleep: a rank that waits must not burn the core another one works on. */
void suite_comm_wait(const suite_comm_t *comm);
/* Collective. Memory of zeros that the ranks of one node share; where there is none, each rank's own. NULL: memory is out, on
 * every rank alike. One at a time. */
void *suite_comm_share(const suite_comm_t *comm, size_t bytes);
void suite_comm_unshare(void *memory); /* collective; NULL is fine, on all or none */
/* Collective. The worst status of all ranks, on every rank, with the line of the lowest rank that has it. */
status_t suite_agree(const suite_comm_t *comm, status_t status);

/* Collective. The plan of a job, the same on every rank, for which rank 0 alone has asked the file system. */
status_t suite_plan_make(plan_t *out, const method_t *const *methods, const char *job_path,
                         const char *const *assignments, int count, const suite_comm_t *comm);

/* ---- Run ----------------------------------------------------------------------------------------------------------- */
typedef struct {
    /* Set finished tasks of this job aside and do them again, with features and learned heads as they are. */
    bool fresh;
    bool verify; /* read finished tasks to their ends before they count, against their SHA-256 */
    /* End when nothing can be taken and all that is open is in progress by living processes of other jobs: who waits for them
     * holds cores that others could use. */
    bool leave;
    double time_limit; /* seconds from start after which no new work is begun; 0: none */
} suite_run_options_t;
typedef struct {
    int done, skipped, failed, missing; /* of the plan's tasks; missing counts the failed ones too */
    int encoded;                        /* feature files made */
    int made[PLAN_KINDS];               /* work items made by this run */
    int reused[PLAN_KINDS];             /* found whole in the cache or the run's folder */
    int uses[PLAN_KINDS];               /* items of the next stages that read them: how much the grid shares */
    bool interrupted;
    int left;     /* items left in progress by others; their job makes the tables */
    bool reduced; /* results.h5 and results.csv are of this run's tasks; else it was interrupted or left before */
    double seconds;
} suite_outcome_t;
/* Collective. Takes tasks until none is left, then rank 0 writes results.h5, results.csv and run.yaml. A task that
 * fails is recorded under <run>/failed and reported; the others go on. ST_OK also with failed tasks (see outcome);
 * errors of the environment that stop everything (the output cannot be written) come back on every rank alike. */
status_t suite_run(suite_outcome_t *out, const plan_t *plan, const suite_comm_t *comm,
                   const suite_run_options_t *options);

/* ---- Looking at a run, also while it works; not collective ---- */
typedef struct {
    int done, failed, left; /* tasks; left: neither done nor failed */
    int running;            /* work items in progress */
} suite_status_t;
/* Prints tasks and work items by state, who works on what since when, reasons of failures, what is missing (`all`: every
 * task of it, else the first few) and when it will be done. json: the counts, failures and what is left, for programs. */
status_t suite_status_print(FILE *out, suite_status_t *status, const plan_t *plan, bool all, bool json);
/* Reads the run's task files, and the heads that they name, to their ends, against their SHA-256, and tells of each that is
 * damaged or missing; sets none aside. */
status_t suite_verify(FILE *out, int *files, int *damaged, const plan_t *plan);
/* Makes results.h5 and results.csv again from the task files. *missing: tasks without one, named in results.h5. */
status_t suite_run_reduce(int *missing, const plan_t *plan);
/* Whether both tables hold every task of the plan and no other. An id is made of all that the numbers of its task depend on:
 * made again they would say the same. plan: of the run's folder, which is of all its jobs. */
bool suite_run_is_reduced(const plan_t *plan);

/* ---- The cache beside the runs; not collective ---- */
/* Prints what lies in <output>/cache: a line for each kind of file, model and dataset. output: as realpath has it. */
status_t suite_cache_list(FILE *out, const char *output);
/* Each condition that is given has to hold of a file that goes. */
typedef struct {
    const char *const *runs; /* (run_count) folders of runs: none of them reads it; none: whoever does */
    int run_count;
    double older; /* seconds since it was read or written last, at least; 0: any */
    double most;  /* the oldest go until the cache has no more bytes than that; 0: all */
    bool dry;     /* names what would go, on `out` */
} suite_prune_options_t;
typedef struct {
    int files, busy; /* busy: kept, since a living claim is of their category */
    int64_t bytes;   /* that are free now: heads that runs have by a second name free none */
} suite_pruned_t;
/* Removes files that fgad can make again. ST_ENOTFOUND, ST_EFORMAT: a run cannot be opened; nothing was removed. */
status_t suite_cache_prune(FILE *out, suite_pruned_t *told, const char *output, const suite_prune_options_t *options);

/* ---- Joining; not collective ----
 * Runs of one job with one model on different categories, shots or seeds, as of two sites, become the run `into`, which does
 * not exist yet: task files and heads are linked (else copied), table and index are those of all rows and categories.
 * ST_EFORMAT: two jobs or models; other images or captions of a category; two results of one task that differ; a
 * file that is damaged or another task's: all are looked at before one is linked. */
typedef struct {
    int rows, missing; /* of the table: results, and tasks that no run has */
    int tasks, heads;  /* files */
} suite_joined_t;
status_t suite_join(suite_joined_t *out, const char *const *dirs, int count, const char *into);

#endif
