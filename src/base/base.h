/* base: what every room stands on: status codes and the one error line, memory arenas, log, random numbers, clock,
 * progress, threads. It knows nothing of images, models or MPI (the rank is told to the log as a plain number). Depends on
 * libc and pthread only. Not thread-safe unless said; the error line is thread-local. */
#ifndef FGAD_BASE_H
#define FGAD_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "0.1.0+1a2b3c4-dirty": version and commit of this program. */
const char *base_version(void);

/* ---- Errors --------------------------------------------------------------------------------------------------------
 * Two kinds only. The input or the environment is wrong (a file, an option): return a status_t, with one line that
 * says where, what was found, what was expected and the cure. We are wrong (NULL, a negative size): REQUIRE aborts
 * with rank and place. */
typedef enum {
    ST_OK = 0,
    ST_EIO = -1,          /* the system refused: open, read, write, rename, no space */
    ST_EFORMAT = -2,      /* content is not what it should be: a file, a shape, an option value */
    ST_ENOTFOUND = -3,    /* something named does not exist */
    ST_ENOMEM = -4,       /* no memory */
    ST_EINTERRUPTED = -5, /* asked to stop (signal, time limit); resume later */
} status_t;

/* Records the one line of the error (thread-local, 1023 characters) and returns `code`: `return fail(ST_EIO, ...)`. */
status_t fail(status_t code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts `context` and ": " before the recorded line: for a caller that knows which file or task it was. Returns code. */
status_t fail_context(status_t code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The recorded line of this thread, never NULL; valid until the next fail on this thread. */
const char *fail_message(void);
/* `text` for a terminal or a line of a log: control characters, bytes that are not UTF-8 and marks that turn the direction
 * of writing become \xNN, so that a name, a file or a server cannot speak to the terminal. Cut to size - 1 bytes, between
 * characters. fail and log_line do this to what they are given. Returns the bytes written. */
size_t base_visible(char *out, size_t size, const char *text);
/* Bytes of the character at `text` (not its end) that stays as it is; 0: its first byte does not. */
int base_visible_length(const char *text);
/* `text` as one word of a shell, for a command that is shown to be copied: itself where that holds nothing special to a shell,
 * else in single quotes. Thread-local memory, valid until the eighth call after this one on the thread; of more than 4095
 * bytes: text itself. */
const char *base_shell_word(const char *text);
/* The finite decimal number at the start of `text` (nothing hexadecimal, no blank before it): what follows it. NULL: there is
 * none, *out stays. */
const char *base_number(double *out, const char *text);
bool base_all_finite(const float *x, int64_t count);

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        status_t try_status_ = (call);                                                                                 \
        if (try_status_ != ST_OK) return try_status_;                                                                  \
    } while (0)

/* For functions that hold resources: needs a `status_t status` and a `done:` label. */
#define TRY_DONE(call)                                                                                                 \
    do {                                                                                                               \
        status = (call);                                                                                               \
        if (status != ST_OK) goto done;                                                                                \
    } while (0)

/* In this shape cppcheck understands that the condition holds afterwards. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (condition) break;                                                                                          \
        base_require_failed(#condition, __FILE__, __LINE__);                                                           \
    } while (0)
_Noreturn void base_require_failed(const char *condition, const char *file, int line);

/* ---- Threads of a process --------------------------------------------------------------------------------------------
 * A pool's threads share numbered tasks. What a task computes must depend on its number alone, not on the worker. */
typedef struct base_pool base_pool_t;
/* worker: 0 .. workers-1, no two tasks at a time on one: which scratch to use. */
typedef status_t base_pool_task_t(void *context, int task, int worker);
/* The caller's thread is worker 0. ST_EIO: a thread cannot be started. */
status_t base_pool_open(base_pool_t **out, int workers);
void base_pool_close(base_pool_t *pool);
int base_pool_workers(const base_pool_t *pool); /* of NULL: 1 */
/* Tasks 0 .. tasks-1, each once; all are done on return. NULL: the caller does them in order. The first that fails, by number,
 * tells status and line; those behind it may not have begun. One call at a time, and none from a task. */
status_t base_pool_run(base_pool_t *pool, int tasks, base_pool_task_t *run, void *context);

/* ---- Arena ---------------------------------------------------------------------------------------------------------
 * Memory of one lifetime, taken in slices and given back all at once (or back to a mark). Grows by blocks. Slices are
 * 64-byte aligned, zeroed, and separated by red zones that AddressSanitizer watches. */
typedef struct arena_block arena_block_t;
typedef struct {
    const char *name;     /* for messages; not owned */
    arena_block_t *first; /* owned */
    arena_block_t *current;
    size_t used; /* bytes handed out now, padding included */
    size_t peak; /* largest `used` so far */
} arena_t;
typedef struct {
    arena_block_t *block;
    size_t block_used;
    size_t used;
} arena_mark_t;

void arena_init(arena_t *arena, const char *name);
void arena_free(arena_t *arena);
/* count * size bytes, zeroed; NULL (with the error line set) when memory is out or the product overflows. */
void *arena_take(arena_t *arena, size_t count, size_t size);
arena_mark_t arena_mark(const arena_t *arena);
/* Everything taken since the mark is given back; its blocks are kept for the next takes. */
void arena_reset(arena_t *arena, arena_mark_t mark);

/* malloc of count * size bytes with overflow check; NULL with the error line set. Free with free(). From 4 MB on in large
 * pages where the system has such. */
void *base_alloc(size_t count, size_t size);
/* The same of `bytes` at a multiple of `alignment`, a power of two; NULL without an error line. */
void *base_alloc_aligned(size_t alignment, size_t bytes);
/* A formatted string on the heap (caller frees), or NULL with the error line set. */
char *base_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- Log -----------------------------------------------------------------------------------------------------------
 * Lines on stderr: "fgad[rank]: level: text". The rank is shown when there is more than one, the level save of info. */
typedef enum { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG } log_level_t;
void log_init(log_level_t level, int rank, int size);
void log_line(log_level_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* ---- Random numbers ------------------------------------------------------------------------------------------------
 * Counter-based (Philox 4x32-10): the stream is a pure function of its key; nothing depends on order, rank or time. */
typedef struct {
    uint32_t key[2];
    uint64_t counter; /* block of four 32-bit words to make next */
    uint32_t words[4];
    int left;       /* words not yet handed out */
    bool has_spare; /* rng_normal makes two at a time */
    double spare;
} rng_t;

/* The stream of (dataset, category, shots, seed, purpose). Strings are hashed with their lengths, so ("ab","c") and
 * ("a","bc") differ. */
rng_t rng_init(const char *dataset, const char *category, int shots, uint64_t seed, const char *purpose);
/* The stream `index` below a purpose: one a prompt, an image, an epoch. */
rng_t rng_split(const rng_t *rng, uint64_t index);
uint32_t rng_u32(rng_t *rng);
double rng_uniform(rng_t *rng);                    /* [0, 1), 53 bits */
double rng_normal(rng_t *rng);                     /* N(0, 1), Box-Muller */
uint32_t rng_below(rng_t *rng, uint32_t n);        /* [0, n), without bias; n > 0 */
void rng_permutation(int *out, rng_t *rng, int n); /* out (n): a permutation of 0..n-1, Fisher-Yates */
/* One block of Philox 4x32-10, as published; exposed for its known-answer test. */
void rng_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);
/* 64-bit FNV-1a, continued from `state` (start: BASE_HASH_SEED): for table look-ups and stream keys, not identity. */
#define BASE_HASH_SEED 14695981039346656037ULL
uint64_t base_hash(uint64_t state, const void *bytes, size_t size);

/* ---- Clock, being asked to stop, text ---------------------------------------------------------------------------- */
double clock_seconds(void); /* monotonic, from an arbitrary start */
/* The same less what this thread has waited for a core, where the kernel tells that: of two readings by one thread, what it
 * would have taken on a machine that does nothing else. */
double clock_own_seconds(void);
/* The kind of this machine's processor, one word: "Intel(R)_Xeon(R)_Gold_6148_CPU_@_2.40GHz". */
#define BASE_PROCESSOR_SIZE 96
void base_processor(char out[BASE_PROCESSOR_SIZE]);
void clock_iso8601(char out[32]);                /* "2026-01-31T12:00:00Z" */
void clock_format(char out[16], double seconds); /* "3.2s", "4m05s", "2h10m"; "?" of NaN */
/* Bytes that this process and those beside it on the node may use: the machine's memory, or what its control groups
 * or ulimit -v leave of it. */
size_t base_memory(void);
/* From here on USR1, USR2, TERM and the first INT (Ctrl-C) ask the program to finish its step and stop; a second INT ends
 * the process at once. An INT that is ignored already (in the background of a script) stays so. To be called first of all:
 * a warning that comes while MPI starts or the model is opened must not kill the rank. */
void stop_signals_install(void);
/* An instruction that the processor lacks ends the program with this line (not owned) on stderr and this exit code. */
void stop_illegal_install(const char *line, int code);
bool stop_asked(void); /* by one of them */
/* "Did you mean": whether `said` is a likely misspelling of `name` (about a third of it edited at most: letters put in, left out,
 * replaced or swapped) and nearer to it than to the names before. *edits: of the nearest name so far, -1 to begin with. */
bool base_meant(int *edits, const char *name, const char *said);

/* ---- Progress ------------------------------------------------------------------------------------------------------
 * A bar with ETA on a terminal, one line a minute in a log file. One a process. */
typedef struct {
    char title[96];
    double total;               /* in units of work, e.g. images */
    double started, last_shown; /* clock_seconds */
    bool terminal;
} progress_t;
void progress_begin(progress_t *progress, const char *title, double total);
void progress_update(progress_t *progress, double done, const char *detail); /* detail: a few words or "" */
/* For who knows better than that the rest takes as long as what is done did: whether a line is due, and one with that
 * share in [0, 1] done and so many seconds left (negative: unknown). */
bool progress_due(const progress_t *progress);
void progress_show(progress_t *progress, double share, double left, const char *detail);
void progress_end(progress_t *progress);

#endif
