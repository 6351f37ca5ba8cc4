/* A library for LD_PRELOAD that makes files fail, those below the folder $FGAD_FAULTS_UNDER. Two ways:
 *   FGAD_FAULTS=N              one in N calls of write, fsync and rename, as by a full or broken disk
 *   FGAD_FAULT=CALL:N:ERROR    the Nth call of CALL (open, read, write, fsync, rename, mmap, close, unlink, mkdir), 0: every
 *                              one; ERROR is EIO, ENOSPC ..., or SHORT: a part is read or written. Several apart by commas
 *   FGAD_FAULT_COUNT=FILE      none; at the end FILE has a line "CALL calls" each
 * CALL may be memory, too: what the program itself, not a library, asks of malloc and its like; the error is ENOMEM.
 * Calls go to the kernel directly, so that nothing of the C library is wrapped twice. */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    CALL_OPEN,
    CALL_READ,
    CALL_WRITE,
    CALL_FSYNC,
    CALL_RENAME,
    CALL_MMAP,
    CALL_CLOSE,
    CALL_UNLINK,
    CALL_MKDIR,
    CALL_MEMORY,
    CALLS
};
static const char *const call_names[CALLS] = {"open", "read",  "write",  "fsync", "rename",
                                              "mmap", "close", "unlink", "mkdir", "memory"};
static const struct {
    const char *name;
    int number;
} errors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS}, {"EMFILE", EMFILE},
              {"ENFILE", ENFILE}, {"ENOMEM", ENOMEM}, {"EACCES", EACCES}, {"EINTR", EINTR}, {"ESTALE", ESTALE}};
enum { SHORT = -1 };

static atomic_uint drawn;
static atomic_int made[CALLS];

static unsigned draw(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned x = (unsigned)now.tv_nsec ^ (unsigned)getpid() * 2654435761u ^ atomic_fetch_add(&drawn, 1) * 40503u;
    x ^= x >> 16;
    x *= 2246822519u;
    return x ^ x >> 13;
}

static bool is_below(const char *path)
{
    const char *under = getenv("FGAD_FAULTS_UNDER");
    return under != NULL && path != NULL && strncmp(path, under, strlen(under)) == 0;
}

static bool is_file_below(int file)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return false;
    path[length] = '\0';
    return is_below(path);
}

/* The error that this call, of a file below the folder, has to end with; 0: none. */
static int fault_of(int call)
{
    const char *one_in = getenv("FGAD_FAULTS"), *fault = getenv("FGAD_FAULT");
    const int number = atomic_fetch_add(&made[call], 1) + 1;
    if (one_in != NULL && (call == CALL_WRITE || call == CALL_FSYNC || call == CALL_RENAME)) {
        unsigned n = (unsigned)strtoul(one_in, NULL, 10);
        if (n == 0 || draw() % n != 0) return 0;
        if (call == CALL_WRITE && draw() % 2 == 0) return SHORT; /* legal, and easily forgotten */
        return call == CALL_FSYNC || (call == CALL_WRITE && draw() % 2 == 0) ? EIO : ENOSPC;
    }
    const size_t length = strlen(call_names[call]);
    for (; fault != NULL; fault = strchr(fault, ',')) {
        if (*fault == ',') fault++;
        if (strncmp(fault, call_names[call], length) != 0 || fault[length] != ':') continue;
        char *error;
        const long wanted = strtol(fault + length + 1, &error, 10);
        if ((wanted != number && wanted != 0) || *error != ':') continue;
        const size_t size = strcspn(++error, ",");
        if (size == 5 && strncmp(error, "SHORT", 5) == 0) return SHORT;
        for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
            if (strlen(errors[i].name) == size && strncmp(errors[i].name, error, size) == 0) return errors[i].number;
    }
    return 0;
}

__attribute__((destructor)) static void tell_counts(void)
{
    const char *path = getenv("FGAD_FAULT_COUNT");
    if (path == NULL) return;
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    for (int call = 0; call < CALLS && file >= 0; call++) {
        char line[64];
        int size = snprintf(line, sizeof line, "%s %d\n", call_names[call], atomic_load(&made[call]));
        (void)!syscall(SYS_write, file, line, (size_t)size);
    }
    if (file >= 0) syscall(SYS_close, file);
}

static int refuse(int error)
{
    errno = error;
    return -1;
}

ssize_t write(int file, const void *bytes, size_t size)
{
    int error = is_file_below(file) ? fault_of(CALL_WRITE) : 0;
    if (error == SHORT && size > 1) return syscall(SYS_write, file, bytes, size / 2);
    return error > 0 ? refuse(error) : syscall(SYS_write, file, bytes, size);
}

ssize_t read(int file, void *bytes, size_t size)
{
    int error = is_file_below(file) ? fault_of(CALL_READ) : 0;
    if (error == SHORT && size > 1) return syscall(SYS_read, file, bytes, size / 2);
    return error > 0 ? refuse(error) : syscall(SYS_read, file, bytes, size);
}

int fsync(int file)
{
    int error = is_file_below(file) ? fault_of(CALL_FSYNC) : 0;
    return error > 0 ? refuse(error) : (int)syscall(SYS_fsync, file);
}

int close(int file)
{
    int error = is_file_below(file) ? fault_of(CALL_CLOSE) : 0;
    int code = (int)syscall(SYS_close, file);
    return error > 0 ? refuse(error) : code;
}

int rename(const char *from, const char *to)
{
    int error = is_below(to) ? fault_of(CALL_RENAME) : 0;
    return error > 0 ? refuse(error) : (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

int unlink(const char *path)
{
    int error = is_below(path) ? fault_of(CALL_UNLINK) : 0;
    return error > 0 ? refuse(error) : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int mkdir(const char *path, mode_t mode)
{
    int error = is_below(path) ? fault_of(CALL_MKDIR) : 0;
    return error > 0 ? refuse(error) : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    int error = is_below(path) ? fault_of(CALL_OPEN) : 0;
    return error > 0 ? refuse(error) : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

void *mmap(void *where, size_t size, int protection, int flags, int file, off_t offset)
{
    int error = file >= 0 && is_file_below(file) ? fault_of(CALL_MMAP) : 0;
    if (error > 0) {
        errno = error;
        return MAP_FAILED;
    }
    long address = syscall(SYS_mmap, where, size, protection, flags, file, offset);
    return address == -1 ? MAP_FAILED : (void *)address;
}

/* ---- Memory ---- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static uintptr_t program_start, program_end;

static int note_program(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size, (void)context;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0) continue;
        program_start = info->dlpi_addr + part->p_vaddr;
        program_end = program_start + part->p_memsz;
    }
    return 1; /* the first is the program */
}

__attribute__((constructor)) static void find_program(void)
{
    dl_iterate_phdr(note_program, NULL);
}

static bool memory_ends(const void *caller)
{
    const uintptr_t at = (uintptr_t)caller;
    if (at < program_start || at >= program_end || fault_of(CALL_MEMORY) <= 0) return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return memory_ends(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return memory_ends(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return memory_ends(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memory_ends(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}
