/* Files and directories: listing and publication (temporary name, fsync, rename, fsync of the
 * directory), so that a file that exists is whole. */
#include "io/io_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Linux refuses longer paths. */
#define MAX_PATH 4096

status_t io_fail_system(const char *path, const char *doing)
{
    int reason = errno;
    status_t code = reason == ENOENT || reason == ENOTDIR ? ST_ENOTFOUND : reason == ENOMEM ? ST_ENOMEM : ST_EIO;
    char target[512];
    ssize_t length = code == ST_ENOTFOUND ? readlink(path, target, sizeof target - 1) : -1;
    if (length > 0) {
        target[length] = '\0';
        return fail(code, "'%s' cannot be %s: it is a link to '%s', which is not there", path, doing, target);
    }
    return fail(code, "'%s' cannot be %s: %s", path, doing, strerror(reason));
}

void io_names_free(io_names_t *names)
{
    for (int i = 0; i < names->count; i++) free(names->name[i]);
    free(names->name);
    *names = (io_names_t){0};
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static status_t push_name(io_names_t *names, int *room, const char *name)
{
    if (names->count == *room) {
        int larger = *room > 0 ? 2 * *room : 64;
        char **grown = realloc(names->name, (size_t)larger * sizeof *grown);
        if (grown == NULL) return fail(ST_ENOMEM, "out of memory for %d file names", larger);
        names->name = grown;
        *room = larger;
    }
    char *copy = strdup(name);
    if (copy == NULL) return fail(ST_ENOMEM, "out of memory for a file name");
    names->name[names->count++] = copy;
    return ST_OK;
}

/* Whether an entry of `directory` is one itself, links followed: most file systems tell while they list. */
static bool is_folder(DIR *directory, const struct dirent *entry)
{
    struct stat info;
    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK) return entry->d_type == DT_DIR;
    return fstatat(dirfd(directory), entry->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
}

static void sort_names(io_names_t *names)
{
    if (names->count > 1) qsort(names->name, (size_t)names->count, sizeof *names->name, compare_names);
}

/* folders NULL: they are names as others. */
static status_t list(io_names_t *out, io_names_t *folders, const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL) return io_fail_system(path, "listed");
    status_t status = ST_OK;
    int room = 0, folder_room = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL && errno != 0) TRY_DONE(io_fail_system(path, "listed"));
        if (entry == NULL) break;
        if (entry->d_name[0] == '.') continue;
        const bool folder = folders != NULL && is_folder(directory, entry);
        TRY_DONE(push_name(folder ? folders : out, folder ? &folder_room : &room, entry->d_name));
    }
    sort_names(out);
    if (folders != NULL) sort_names(folders);
done:
    closedir(directory);
    return status;
}

status_t io_list_dir(io_names_t *out, const char *path)
{
    *out = (io_names_t){0};
    status_t status = list(out, NULL, path);
    if (status != ST_OK) io_names_free(out);
    return status;
}

status_t io_list_parted(io_names_t *files, io_names_t *folders, const char *path)
{
    *files = *folders = (io_names_t){0};
    status_t status = list(files, folders, path);
    if (status != ST_OK) {
        io_names_free(files);
        io_names_free(folders);
    }
    return status;
}

/* What may not be looked at counts as there: whoever opens it tells why it cannot be, where "does not exist" would be a guess. */
bool io_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 || errno == EACCES;
}

bool io_is_named(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

status_t io_append_line(const char *path, const char *line)
{
    status_t status = ST_OK;
    struct stat info;
    /* Whoever writes to a FIFO would wait for a reader. */
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (file < 0 || fstat(file, &info) != 0)
        status = io_fail_system(path, "written");
    else if (!S_ISREG(info.st_mode))
        status = fail(ST_EIO, "'%s' cannot be written: it is not a regular file", path);
    else if (write(file, line, strlen(line)) != (ssize_t)strlen(line))
        status = io_fail_system(path, "written");
    if (file >= 0) close(file);
    return status;
}

/* The real path, with a '/' at its end; of what does not exist yet: that of what there is above it, and the rest. NULL:
 * memory is out. Caller frees. */
static char *real_path(const char *path)
{
    char *above = base_format("%s", path), *real = above != NULL ? realpath(above, NULL) : NULL;
    const char *rest = "";
    while (above != NULL && real == NULL) {
        char *slash = strrchr(above, '/');
        rest = slash != NULL ? path + (slash - above) + 1 : path;
        if (slash != NULL) *slash = '\0';
        real = realpath(slash == NULL ? "." : slash == above ? "/" : above, NULL);
        if (slash == NULL) break;
    }
    char *whole = real != NULL ? base_format("%s/%s", strcmp(real, "/") == 0 ? "" : real, rest) : NULL;
    free(above);
    free(real);
    return whole;
}

bool io_lies_in(const char *path, const char *folder)
{
    char *inner = real_path(path), *outer = real_path(folder);
    const bool lies = inner != NULL && outer != NULL && strncmp(inner, outer, strlen(outer)) == 0;
    free(inner);
    free(outer);
    return lies;
}

int64_t io_change(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) return 0;
    return (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
}

static bool is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool io_is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? S_ISDIR(info.st_mode) : errno == EACCES;
}

status_t io_make_dirs(const char *path)
{
    char prefix[MAX_PATH];
    size_t length = strlen(path);
    if (length >= sizeof prefix) return fail(ST_EIO, "'%.60s...' cannot be made: the path is too long", path);
    /* Most are there: one question then, and none to the folders above. */
    memcpy(prefix, path, length + 1);
    size_t there = length;
    while (there > 0 && !is_dir(prefix)) {
        do there--;
        while (there > 0 && path[there] != '/');
        prefix[there] = '\0';
    }
    for (size_t i = there + 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        /* Another rank may make it at the same moment: only what stands there afterwards counts. */
        if (mkdir(prefix, 0777) == 0) continue;
        const int why = errno; /* asking what is there sets another one */
        if (is_dir(prefix)) continue;
        if (io_is_named(prefix)) return fail(ST_EIO, "'%s' cannot be made: it exists and is not a directory", prefix);
        return fail(ST_EIO, "'%s' cannot be made: %s", prefix, strerror(why));
    }
    return ST_OK;
}

/* A kernel's boot and a PID namespace, without which a process number says nothing: in containers of one node many
 * processes have the same, and so have processes before and after a boot. */
void io_process_space(char out[32])
{
    char boot[9] = "", space[64] = "";
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, boot, sizeof boot - 1);
    if (file >= 0) close(file);
    ssize_t name = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    const char *number = strchr(space, '['); /* pid:[4026531836] */
    if (length == sizeof boot - 1 && name > 0 && number != NULL)
        snprintf(out, 32, "%s-%.*s", boot, (int)strspn(number + 1, "0123456789"), number + 1);
    else
        snprintf(out, 32, "unknown");
}

void io_temporary_name(char out[4096], const char *path)
{
    char host[65] = "", space[32];
    uint64_t token = 0;
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0') snprintf(host, sizeof host, "host");
    io_process_space(space);
    /* Without randomness the name can be guessed, but O_EXCL keeps it from being followed. */
    if (getrandom(&token, sizeof token, GRND_NONBLOCK) != sizeof token) token = (uint64_t)(1e9 * clock_seconds());
    int length = snprintf(out, MAX_PATH, "%s.tmp.%s.%ld.%s.%016" PRIx64, path, host, (long)getpid(), space, token);
    if (length >= MAX_PATH) out[0] = '\0';
}

/* The entry itself must reach the disk, or a power cut may take the renamed file away again. */
static status_t sync_directory(const char *path)
{
    char directory[MAX_PATH];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    memcpy(directory, path, length);
    directory[length] = '\0';
    int file = open(length > 0 ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return io_fail_system(path, "published");
    /* EINVAL: a file system whose directories cannot be synced. */
    int bad = fsync(file) != 0 && errno != EINVAL;
    int error = errno;
    close(file);
    errno = error;
    return bad ? io_fail_system(path, "published") : ST_OK;
}

static status_t write_all(int file, const char *bytes, size_t size)
{
    for (size_t used = 0; used < size;) {
        ssize_t put = write(file, bytes + used, size - used);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return ST_EIO;
        used += (size_t)put;
    }
    return fsync(file) == 0 ? ST_OK : ST_EIO;
}

status_t io_write_file(const char *path, const void *bytes, size_t size)
{
    char temporary[MAX_PATH];
    io_temporary_name(temporary, path);
    if (temporary[0] == '\0') return fail(ST_EIO, "'%.60s...' cannot be written: the path is too long", path);
    int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file < 0) return io_fail_system(path, "written");
    status_t status = write_all(file, bytes, size);
    int error = errno;
    /* Network file systems tell of a full disk or quota only here. */
    if (close(file) != 0 && status == ST_OK) status = ST_EIO, error = errno;
    errno = error;
    if (status == ST_OK && rename(temporary, path) != 0) status = ST_EIO;
    if (status != ST_OK) {
        status = io_fail_system(path, "written");
        unlink(temporary);
        return status;
    }
    return sync_directory(path);
}

status_t io_publish(const char *temporary, const char *path)
{
    if (strlen(path) >= MAX_PATH) return fail(ST_EIO, "'%.60s...' cannot be published: the path is too long", path);
    int file = open(temporary, O_RDONLY | O_CLOEXEC);
    if (file < 0) return io_fail_system(temporary, "published");
    bool bad = fsync(file) != 0;
    int error = errno;
    close(file);
    errno = error;
    if (bad || rename(temporary, path) != 0) {
        status_t status = io_fail_system(path, "published");
        unlink(temporary);
        return status;
    }
    return sync_directory(path);
}

status_t io_write_stream(const char *path, FILE *stream, char **text, const size_t *size)
{
    const bool whole = !ferror(stream);
    status_t status =
        fclose(stream) == 0 && whole ? io_write_file(path, *text, *size) : fail(ST_ENOMEM, "out of memory");
    free(*text);
    *text = NULL;
    return status;
}
