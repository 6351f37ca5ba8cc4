/* Private to suite. */
#ifndef FGAD_SUITE_INTERNAL_H
#define FGAD_SUITE_INTERNAL_H

#include "claim/claim.h"
#include "clip/clip.h"
#include "io/io.h"
#include "store/store.h"
#include "suite/suite.h"
#include "work/work.h"

/* ---- Looking after the folder ---- */
/* Removes what dead processes have left: temporary files, and claims and checkpoints of items that are done. */
status_t suite_tidy_folder(const store_folders_t *folders, int folder);
/* The same beside the folders of the items. */
status_t suite_tidy_run(const plan_t *plan);

/* ---- Progress: the line that rank 0 shows. All but `begin` do nothing on NULL ---- */
typedef struct suite_progress suite_progress_t;
status_t suite_progress_begin(suite_progress_t **out, const plan_t *plan, int ranks, const plan_items_t *items,
                              store_folders_t *folders);
void suite_progress_end(suite_progress_t *progress); /* frees it */
/* An item is begun on this rank, and should take `cost` seconds; an earlier run did a share of it; it is over. */
void suite_progress_take(suite_progress_t *progress, int item, double cost);
void suite_progress_resume(suite_progress_t *progress, double share);
void suite_progress_drop(suite_progress_t *progress, bool made);
/* How far the item in progress is, in [0, 1], with a few words. */
void suite_progress_tell(suite_progress_t *progress, double share, const char *detail);
/* Nothing is in progress here: all that could be done is claimed by others. */
void suite_progress_wait(suite_progress_t *progress, const int *busy, int count);

/* ---- Waiting ---- */
/* What the ranks of a node know of others' work, in memory that they share; processes of one rank with all such that do
 * the same work there. open, close: collective. */
typedef struct suite_board suite_board_t;
status_t suite_board_open(suite_board_t **out, const suite_comm_t *comm, int folders, const plan_items_t *list);
void suite_board_close(suite_board_t *board);
/* Whether it is this rank's turn to look for all: nobody has in the last `pause` seconds. Then end follows. */
bool suite_board_begin(suite_board_t *board, double pause);
void suite_board_end(suite_board_t *board);
/* When a folder changed last, as somebody has seen; 0: nobody has looked. */
int64_t suite_board_change(const suite_board_t *board, int folder);
void suite_board_note(suite_board_t *board, int folder, int64_t change);
/* Counters, by which the ranks take turns with what there is to look at. */
unsigned suite_board_next_folder(suite_board_t *board);
unsigned suite_board_next_claim(suite_board_t *board);
/* What was seen of an item's claim; for whose turn it is. */
claim_watch_t *suite_board_watch(suite_board_t *board, int item);

/* ---- Ranks ---- */
/* A rank of a run: what it works with, and what it knows of the others. */
typedef struct {
    work_worker_t worker;
    char run_id[32];            /* of failure records: the same on every rank, another at every start */
    suite_progress_t *progress; /* NULL but on rank 0 */
    suite_board_t *board;
    const uint64_t *ranks; /* (worker.size) claim_ourselves of each */
    bool leave;            /* when all that is open is in living hands of others */
    int left;              /* items that it was so left with */
} suite_rank_t;

/* ---- Steps ---- */
typedef enum {
    STEP_DONE,
    STEP_FAILED,
    STEP_NEEDS_LOST /* files that it reads were damaged: their items are open again */
} step_outcome_t;
/* Does an item whose claim this rank holds. ST_EINTERRUPTED, or what stops the whole run; what makes the item itself fail
 * is an outcome. */
status_t suite_step(step_outcome_t *outcome, suite_rank_t *rank, plan_items_t *items, plan_item_t *item);

/* ---- Scheduling ---- */
/* Takes items until none is left. ST_EINTERRUPTED: a signal or the time limit, with work left. */
status_t suite_schedule(suite_rank_t *rank, plan_items_t *items);

/* ---- Reducer ---- */
/* Tasks first, first + step, ...: whether there is a whole file, and its numbers (zeros where there is none).
 * ST_EINTERRUPTED: a signal came between two of them; with `until`, which is for runs that one has ended, that second of
 * clock_seconds. */
status_t suite_numbers_read(store_numbers_t *numbers, uint8_t *there, store_made_on_t *made_on, const plan_t *plan,
                            int first, int step, double until);
/* Writes results.h5, results.csv and run.yaml, of this plan and of what other jobs of the folder ask for; takes what has come
 * since numbers and there were read into them. *missing counts this plan's tasks without a file. until: as above. Not
 * collective: one rank calls. */
status_t suite_reduce(int *missing, const plan_t *plan, int ranks, store_numbers_t *numbers, uint8_t *there,
                      store_made_on_t *made_on, double until);

/* ---- All jobs of a folder; not collective ----
 * Jobs that differ in datasets, categories, shots or seeds alone share a run: run.yaml and index.h5 tell of the lists of all.
 * Of a job with other options, another grid or model nothing is kept there: its tasks stay, and are none of this run's. */
/* Tells of this plan there, beside what others that were there before have asked for. fresh: in place of it. */
status_t suite_whole_begin(const plan_t *plan, int ranks, const store_made_on_t *made_on, bool fresh);
/* The plan of all, when it is wider than this one; else *wider is false and *whole zeros. */
status_t suite_whole_open(plan_t *whole, bool *wider, const plan_t *plan);
/* Tells in run.yaml that the tables of `covered` are made, unless another job asks for more by now: *again. */
status_t suite_whole_end(bool *again, const plan_t *covered, int ranks, const store_made_on_t *made_on);
/* Files that are there of the tasks of all; -1: this plan is all there is. */
int suite_whole_files(const plan_t *plan);

/* The plan's entry of that category; NULL: it has none. */
const plan_category_t *suite_category_find(const plan_t *plan, const plan_category_t *entry);
/* In the order that a plan of the job has them in. */
void suite_categories_sort(plan_t *plan, const job_t *job);

/* ---- index.h5 of a joined run ---- */
typedef struct {
    plan_t *runs; /* (count) their jobs and categories */
    int count;
    plan_t joined; /* borrows of them all but its list of categories */
} suite_join_index_t;
/* Of all runs, before anything is written. ST_EFORMAT: two were made of other images or captions of a category.
 * Where one has no index that can be read it says so, and none is written. To be freed whatever comes back. */
status_t suite_join_index_read(suite_join_index_t *out, const char *const *dirs, int count, const char *into);
status_t suite_join_index_write(suite_join_index_t *index, const char *into, const job_t *job);
void suite_join_index_free(suite_join_index_t *index);

/* ---- Kinds of arithmetic ---- */
/* Collective. `set` becomes the union of all ranks' sets, and *kinds, where not NULL, tells how many ranks had
 * which: "Haswell, 1 thread (3 ranks); ...". */
status_t suite_made_on_gather(store_made_on_t *set, char **kinds, const suite_comm_t *comm);
/* Not collective: rank 0 warns when the ranks, or they and the cache of which something is used again, compute with
 * different kernels; and adds the ranks' kinds to the cache's. */
void suite_made_on_begin(const plan_t *plan, const store_made_on_t *ranks, const char *kinds,
                         const plan_items_t *items);

#endif
