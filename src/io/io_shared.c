/* Memory that processes of one host have in common by a name, without a launcher that knows them all. */
#include "io/io_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char FOLDER[] = "/dev/shm";

struct io_shared {
    void *memory;
    size_t bytes;
    int file; /* under a shared lock while it is used */
    char name[128];
};

/* Whether the name still leads to this file: whoever was alone with it may just have removed it. */
static bool is_named(const io_shared_t *shared, const struct stat *mine)
{
    struct stat named;
    return stat(shared->name, &named) == 0 && named.st_ino == mine->st_ino && named.st_dev == mine->st_dev;
}

/* The file under a shared lock, of the size wanted and our own. Who is alone with it begins with zeros: what killed processes
 * left is nobody's. False: there is none, or (*again) another was at the same. */
static bool hold(bool *again, io_shared_t *shared)
{
    struct stat info;
    *again = false;
    shared->file = open(shared->name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (shared->file < 0) return false;
    bool good = true;
    if (flock(shared->file, LOCK_EX | LOCK_NB) == 0)
        good = ftruncate(shared->file, 0) == 0 && posix_fallocate(shared->file, 0, (off_t)shared->bytes) == 0;
    good = good && flock(shared->file, LOCK_SH) == 0 && fstat(shared->file, &info) == 0;
    *again = good && !is_named(shared, &info);
    good = good && !*again && S_ISREG(info.st_mode) && info.st_uid == geteuid() && info.st_size == (off_t)shared->bytes;
    if (good) return true;
    close(shared->file);
    shared->file = -1;
    return false;
}

/* Removes what killed processes of this user have left there: it is memory of the host. */
static void sweep(const char *beginning)
{
    io_names_t names;
    if (io_list_dir(&names, FOLDER) != ST_OK) return;
    for (int i = 0; i < names.count; i++) {
        char path[512];
        if (strncmp(names.name[i], beginning, strlen(beginning)) != 0) continue;
        snprintf(path, sizeof path, "%s/%s", FOLDER, names.name[i]);
        const int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (file < 0) continue;
        if (flock(file, LOCK_EX | LOCK_NB) == 0) unlink(path);
        close(file);
    }
    io_names_free(&names);
}

void *io_shared_open(io_shared_t **out, uint64_t key, size_t bytes)
{
    char space[32], beginning[64];
    io_process_space(space);
    snprintf(beginning, sizeof beginning, "fgad-%ld-%s-", (long)geteuid(), space);
    sweep(beginning);
    io_shared_t *shared = *out = calloc(1, sizeof *shared);
    if (shared == NULL) return NULL;
    shared->bytes = bytes;
    shared->file = -1;
    snprintf(shared->name, sizeof shared->name, "%s/%s%016llx", FOLDER, beginning, (unsigned long long)key);
    bool again = true;
    for (int tries = 0; tries < 100 && again && shared->file < 0; tries++) (void)hold(&again, shared);
    void *memory =
        shared->file < 0 ? MAP_FAILED : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, shared->file, 0);
    if (memory != MAP_FAILED) return shared->memory = memory;
    io_shared_close(shared);
    *out = NULL;
    return NULL;
}

void io_shared_close(io_shared_t *shared)
{
    if (shared == NULL) return;
    if (shared->memory != NULL) munmap(shared->memory, shared->bytes);
    /* The last one takes the name away. */
    if (shared->file >= 0 && flock(shared->file, LOCK_EX | LOCK_NB) == 0) unlink(shared->name);
    if (shared->file >= 0) close(shared->file);
    free(shared);
}
