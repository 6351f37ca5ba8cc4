/* What the ranks of a node that wait have seen, so that one of them asks the file system for all: thousands of waiting ranks
 * are as many questions to a metadata server as they have nodes. Nothing but waiting depends on it. */
#include "suite/suite_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define STUCK 60.0 /* seconds after which a rank that looks is taken for stopped */

typedef struct {
    _Atomic int64_t turn;           /* clock_seconds at which somebody began to look, in nanoseconds; 0: nobody has */
    _Atomic int looking;            /* somebody does */
    _Atomic unsigned claim, folder; /* looked at so far */
} head_t;
struct suite_board {
    void *memory;       /* shared: all below */
    io_shared_t *alone; /* by processes that no MPI has started; NULL: by ranks */
    head_t *head;
    _Atomic int64_t *change; /* (folders) */
    claim_watch_t *watch;    /* (items) */
};

static size_t round_up(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* Plain processes and elements of one rank that do the same work on one host, each a run of its own. */
static uint64_t key_of(const plan_items_t *items)
{
    uint64_t key = base_hash(BASE_HASH_SEED, base_version(), strlen(base_version()));
    for (int i = 0; i < items->count; i++) key = base_hash(key, items->items[i].path, strlen(items->items[i].path));
    return key;
}

status_t suite_board_open(suite_board_t **out, const suite_comm_t *comm, int folders, const plan_items_t *list)
{
    const int items = list->count;
    const size_t change = round_up(sizeof(head_t)), watch = change + round_up((size_t)folders * sizeof(int64_t));
    suite_board_t *board = *out = calloc(1, sizeof *board);
    TRY(suite_agree(comm, board != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory")));
    const size_t bytes = watch + ((size_t)items + 1) * sizeof *board->watch;
    if (comm->size == 1) board->memory = io_shared_open(&board->alone, key_of(list), bytes);
    if (board->memory == NULL) board->memory = suite_comm_share(comm, bytes);
    if (board->memory == NULL) return ST_ENOMEM;
    board->head = board->memory;
    board->change = (void *)((char *)board->memory + change);
    board->watch = (void *)((char *)board->memory + watch);
    return ST_OK;
}

void suite_board_close(suite_board_t *board)
{
    if (board == NULL) return;
    if (board->alone != NULL)
        io_shared_close(board->alone);
    else
        suite_comm_unshare(board->memory);
    free(board);
}

bool suite_board_begin(suite_board_t *board, double pause)
{
    const int64_t now = (int64_t)(1e9 * clock_seconds()), last = board->head->turn;
    int nobody = 0;
    if (last > 0 && (double)(now - last) < 1e9 * pause) return false;
    if (!atomic_compare_exchange_strong(&board->head->looking, &nobody, 1) && (double)(now - last) < 1e9 * STUCK)
        return false;
    board->head->turn = now;
    return true;
}

void suite_board_end(suite_board_t *board)
{
    board->head->looking = 0;
}

int64_t suite_board_change(const suite_board_t *board, int folder)
{
    return board->change[folder];
}

void suite_board_note(suite_board_t *board, int folder, int64_t change)
{
    board->change[folder] = change;
}

unsigned suite_board_next_folder(suite_board_t *board)
{
    return atomic_fetch_add(&board->head->folder, 1);
}

unsigned suite_board_next_claim(suite_board_t *board)
{
    return atomic_fetch_add(&board->head->claim, 1);
}

claim_watch_t *suite_board_watch(suite_board_t *board, int item)
{
    return &board->watch[item];
}
