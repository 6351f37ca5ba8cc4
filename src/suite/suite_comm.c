/* The ranks of a run: MPI where a launcher has started several processes, nothing at all where there is but one. A process
 * of its own needs no launcher, no temporary folder, no user's name, and works where MPI cannot start: in containers, under
 * cron, under `srun --mpi=none`, where many of them share a run by their claims. */
#include "suite/suite_internal.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What launchers of MPI set. SLURM_* alone say nothing: a batch script has them, too. */
static const char *const launcher_variables[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_FD",
                                                 "MPI_LOCALNRANKS",      NULL};

static const char *launcher(void)
{
    for (int i = 0; launcher_variables[i] != NULL; i++)
        if (getenv(launcher_variables[i]) != NULL) return launcher_variables[i];
    return NULL;
}

/* ---- Beginning ------------------------------------------------------------------------------------------------------ */

/* An MPI that cannot start prints dozens of lines and ends the process from inside MPI_Init, where no error handler can be
 * set yet. Its lines are kept from standard error until it has started, and its end becomes one line and our code. */
enum { LAUNCH_FAILED = 3 };
static struct {
    bool now;  /* in MPI_Init */
    int said;  /* file of what it says on standard error; -1: none */
    int error; /* the real standard error */
} starting = {.said = -1, .error = -1};

static void replay(char *text, size_t room)
{
    ssize_t length = starting.said >= 0 ? pread(starting.said, text, room - 1, 0) : 0;
    text[length > 0 ? length : 0] = '\0';
    if (starting.error >= 0) dup2(starting.error, STDERR_FILENO);
}

/* The first lines that say something, on one. */
static void first_words(char *out, size_t room, char *text)
{
    size_t used = 0;
    int lines = 0;
    out[0] = '\0';
    for (char *line; (line = strsep(&text, "\n")) != NULL && lines < 3;) {
        while (*line == ' ') line++;
        if (line[0] == '\0' || line[0] == '-' || line[0] == '[' || line[0] == '*') continue;
        int written = snprintf(out + used, room - used, "%s%s", lines++ > 0 ? " " : "", line);
        if (written < 0 || (size_t)written >= room - used) break;
        used += (size_t)written;
    }
}

static void tell_failure(void)
{
    char text[8192], words[600], line[1024];
    replay(text, sizeof text);
    first_words(words, sizeof words, text);
    int length =
        snprintf(line, sizeof line,
                 "fgad: MPI cannot start, though %s is set by a launcher: %s (hint: without mpirun or srun --mpi one "
                 "process needs no MPI)\n",
                 launcher(), words[0] != '\0' ? words : "it gives no reason");
    if (length >= (int)sizeof line) length = (int)sizeof line - 1;
    ssize_t written = write(STDERR_FILENO, line, (size_t)length);
    (void)written;
}

static void at_exit(void)
{
    if (!starting.now) return;
    tell_failure();
    _exit(LAUNCH_FAILED);
}

/* In the place of the C library's, which Open MPI calls when it cannot start. */
void _exit(int code)
{
    if (starting.now) {
        starting.now = false;
        tell_failure();
        code = LAUNCH_FAILED;
    }
    for (;;) syscall(SYS_exit_group, code);
}

static void start_mpi(void)
{
    char text[8192];
    fflush(stderr);
    starting.said = memfd_create("fgad-mpi", MFD_CLOEXEC);
    starting.error = starting.said >= 0 ? dup(STDERR_FILENO) : -1;
    if (starting.error >= 0) dup2(starting.said, STDERR_FILENO);
    atexit(at_exit);
    starting.now = true;
    MPI_Init(NULL, NULL);
    starting.now = false;
    replay(text, sizeof text);
    fputs(text, stderr);
    if (starting.said >= 0) close(starting.said);
    if (starting.error >= 0) close(starting.error);
}

/* How many processes the launcher says that there are; 0: it does not say. */
static int launched(void)
{
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", NULL};
    for (int i = 0; sizes[i] != NULL; i++)
        if (getenv(sizes[i]) != NULL) return atoi(getenv(sizes[i]));
    return 0;
}

status_t suite_comm_open(suite_comm_t *out)
{
    *out = (suite_comm_t){.size = 1, .on_node = 1};
    if (launcher() == NULL) return ST_OK;
    start_mpi();
    out->mpi = true;
    MPI_Comm_rank(MPI_COMM_WORLD, &out->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &out->size);
    MPI_Comm node;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, out->rank, MPI_INFO_NULL, &node);
    MPI_Comm_size(node, &out->on_node);
    MPI_Comm_free(&node);
    /* Ranks that do not see one another would each do the whole job and call it theirs. */
    if (out->size > 1 || launched() <= 1) return ST_OK;
    int told = launched();
    suite_comm_close(out);
    return fail(
        ST_EIO,
        "the launcher has started %d processes, but MPI sees one (hint: start fgad by the mpirun of the MPI that it "
        "was built with, or unset %s)",
        told, launcher());
}

void suite_comm_close(suite_comm_t *comm)
{
    if (comm->mpi) MPI_Finalize();
    *comm = (suite_comm_t){.size = 1, .on_node = 1};
}

/* ---- Between ranks -------------------------------------------------------------------------------------------------- */

void suite_comm_all(const suite_comm_t *comm, void *data, int count, suite_all_t how)
{
    if (!comm->mpi) return;
    MPI_Datatype type = how == SUITE_MAX_BYTES ? MPI_UINT8_T : how == SUITE_SUM_DOUBLES ? MPI_DOUBLE : MPI_INT;
    MPI_Op op = how == SUITE_MIN_INTS ? MPI_MIN : how == SUITE_MAX_INTS || how == SUITE_MAX_BYTES ? MPI_MAX : MPI_SUM;
    MPI_Allreduce(MPI_IN_PLACE, data, count, type, op, MPI_COMM_WORLD);
}

void suite_comm_tell(const suite_comm_t *comm, void *data, int bytes, int from)
{
    if (comm->mpi) MPI_Bcast(data, bytes, MPI_BYTE, from, MPI_COMM_WORLD);
}

void suite_comm_wait(const suite_comm_t *comm)
{
    MPI_Request request;
    int arrived = 0;
    if (!comm->mpi) return;
    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    for (;;) {
        MPI_Test(&request, &arrived, MPI_STATUS_IGNORE);
        if (arrived) return;
        struct timespec sleep = {.tv_nsec = 5000000};
        nanosleep(&sleep, NULL);
    }
}

static struct {
    MPI_Comm node;
    MPI_Win window;
    bool split, allocated;
} shared;

static void unshare_node(void)
{
    if (shared.allocated) MPI_Win_free(&shared.window);
    if (shared.split) MPI_Comm_free(&shared.node);
    shared.split = shared.allocated = false;
}

/* Whether the host has room for so much shared memory. Open MPI 4 waits for ever on all ranks but the one that has found none. */
static bool has_room(size_t bytes)
{
    io_shared_t *room;
    const double now = clock_seconds();
    const long pid = (long)getpid();
    const uint64_t key = base_hash(base_hash(BASE_HASH_SEED, &now, sizeof now), &pid, sizeof pid);
    const bool there = io_shared_open(&room, key, bytes) != NULL;
    io_shared_close(room);
    return there;
}

/* NULL on every rank of the node, or on none. */
static void *share_node(size_t bytes)
{
    void *mine = NULL, *first = NULL;
    int rank, unit, good;
    MPI_Aint size;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &shared.node);
    shared.split = true;
    MPI_Comm_set_errhandler(shared.node, MPI_ERRORS_RETURN);
    MPI_Comm_rank(shared.node, &rank);
    good = rank != 0 || has_room(2 * bytes + 65536); /* MPI keeps accounts of its own beside it */
    MPI_Allreduce(MPI_IN_PLACE, &good, 1, MPI_INT, MPI_MIN, shared.node);
    if (!good) return NULL;
    shared.allocated = MPI_Win_allocate_shared(rank == 0 ? (MPI_Aint)bytes : 0, 1, MPI_INFO_NULL, shared.node, &mine,
                                               &shared.window) == MPI_SUCCESS;
    good = shared.allocated && MPI_Win_shared_query(shared.window, 0, &size, &unit, &first) == MPI_SUCCESS;
    if (good && rank == 0) memset(first, 0, bytes);
    MPI_Allreduce(MPI_IN_PLACE, &good, 1, MPI_INT, MPI_MIN, shared.node); /* and nobody reads before the zeros */
    return good ? first : NULL;
}

void *suite_comm_share(const suite_comm_t *comm, size_t bytes)
{
    void *memory = comm->size > 1 ? share_node(bytes) : NULL;
    int good = memory != NULL;
    suite_comm_all(comm, &good, 1, SUITE_MIN_INTS);
    if (good && comm->size > 1) return memory;
    if (comm->size > 1) unshare_node();
    memory = calloc(bytes, 1);
    if (suite_agree(comm, memory != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory")) == ST_OK) return memory;
    free(memory);
    return NULL;
}

void suite_comm_unshare(void *memory)
{
    if (shared.allocated)
        unshare_node();
    else
        free(memory);
}

status_t suite_agree(const suite_comm_t *comm, status_t status)
{
    if (!comm->mpi) return status;
    int mine = (int)status, worst = mine;
    suite_comm_all(comm, &worst, 1, SUITE_MIN_INTS); /* errors are negative */
    if (worst == ST_OK) return ST_OK;
    int holder = mine == worst ? comm->rank : comm->size;
    suite_comm_all(comm, &holder, 1, SUITE_MIN_INTS);
    char line[1024];
    snprintf(line, sizeof line, "%s", fail_message());
    suite_comm_tell(comm, line, sizeof line, holder);
    return fail((status_t)worst, "%s", line);
}

void suite_comm_version(char out[128])
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length = 0;
    MPI_Get_library_version(text, &length);
    snprintf(out, 128, "%.*s", (int)strcspn(text, ",\n"), text);
}
