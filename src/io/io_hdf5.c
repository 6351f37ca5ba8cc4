/* HDF5 files as wholes. A file is built in memory and published as bytes, so that a full disk is an ordinary write
 * error (a failing H5Fclose leaves the library with a file it can neither close nor forget), and that its bytes can be
 * sealed: a user block of 512 bytes, which every HDF5 reader skips, holds the SHA-256 of all that follows, and
 * io_h5_open checks it: a file without it is not ours. The bytes that were checked are those that are read, by
 * io_hdf5_parse.c. Equal content gives equal bytes: no times are kept in objects. */
#include "io/io_internal.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(hid_t) == sizeof(int64_t), "an hid_t is carried as int64_t");

#define USER_BLOCK 512
#define GROWTH ((size_t)1 << 20)
static const char seal[] = "fgad: HDF5 from byte 512 on, with SHA-256 ";

/* ---- Errors ---- */

static herr_t take_innermost(unsigned depth, const H5E_error2_t *entry, void *context)
{
    if (depth == 0 && entry->desc != NULL) snprintf(context, 512, "%s", entry->desc);
    return 0;
}

status_t io_h5_fail(status_t code, const io_h5_t *file, const char *doing, const char *object)
{
    char reason[512] = "";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_innermost, reason);
    H5Eclear2(H5E_DEFAULT);
    return fail(code, "'%s': %s%s%s%s failed%s%s", file->path, doing, object ? " '" : "", object ? object : "",
                object ? "'" : "", reason[0] ? ": " : "", reason);
}

/* The library prints its errors unless told otherwise, and it is told per thread: so at each start of a file. */
static void silence(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static io_h5_t *new_file(const char *path)
{
    silence();
    io_h5_t *file = base_alloc(1, sizeof *file);
    if (file == NULL) return NULL;
    *file = (io_h5_t){.id = H5I_INVALID_HID, .path = base_format("%s", path)};
    if (file->path != NULL) return file;
    free(file);
    return NULL;
}

/* ---- Writing ---- */

status_t io_h5_create(io_h5_t **out, const char *path)
{
    REQUIRE(out != NULL && path != NULL);
    *out = NULL;
    const char *slash = strrchr(path, '/');
    char *directory = slash == NULL ? base_format(".") : base_format("%.*s", (int)(slash - path) + 1, path);
    if (directory == NULL) return ST_ENOMEM;
    const bool there = io_is_dir(directory);
    free(directory);
    if (!there) return fail(ST_ENOTFOUND, "'%s' cannot be written: its folder does not exist", path);

    io_h5_t *file = new_file(path);
    if (file == NULL) return ST_ENOMEM;
    status_t status = ST_OK;
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), creation = H5Pcreate(H5P_FILE_CREATE);
    if (access < 0 || creation < 0 || H5Pset_fapl_core(access, GROWTH, 0) < 0 ||
        H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18) < 0 ||
        H5Pset_userblock(creation, USER_BLOCK) < 0 || H5Pset_obj_track_times(creation, 0) < 0)
        TRY_DONE(io_h5_fail(ST_EIO, file, "preparing", NULL));
    file->writing = true;
    file->id = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
    if (file->id < 0) TRY_DONE(io_h5_fail(ST_EIO, file, "creating", NULL));
    *out = file;
    file = NULL;
done:
    if (access >= 0) H5Pclose(access);
    if (creation >= 0) H5Pclose(creation);
    io_h5_close(file);
    return status;
}

/* The file image with its seal; caller frees. */
static status_t take_image(char **image, size_t *size, const io_h5_t *file)
{
    *image = NULL;
    if (H5Fflush(file->id, H5F_SCOPE_GLOBAL) < 0) return io_h5_fail(ST_EIO, file, "finishing", NULL);
    /* HDF5's image starts after the user block. */
    ssize_t length = H5Fget_file_image(file->id, NULL, 0);
    if (length < 0) return io_h5_fail(ST_EIO, file, "finishing", NULL);
    char *bytes = base_alloc(USER_BLOCK + (size_t)length, 1);
    if (bytes == NULL) return ST_ENOMEM;
    if (H5Fget_file_image(file->id, bytes + USER_BLOCK, (size_t)length) != length) {
        free(bytes);
        return io_h5_fail(ST_EIO, file, "finishing", NULL);
    }
    char digest[IO_DIGEST_SIZE];
    io_digest_bytes(digest, bytes + USER_BLOCK, (size_t)length);
    memset(bytes, 0, USER_BLOCK);
    *image = bytes;
    *size = USER_BLOCK + (size_t)length;
    int used = snprintf(bytes, USER_BLOCK, "%s%s\n", seal, digest);
    if (file->label == NULL) return ST_OK;
    char text[IO_H5_LABEL + 32];
    snprintf(text, sizeof text, "%zu %s", *size, file->label);
    io_digest_bytes(digest, text, strlen(text));
    snprintf(bytes + used, USER_BLOCK - (size_t)used, "%s %s\n", digest, text);
    return ST_OK;
}

status_t io_h5_set_label(io_h5_t *file, const char *text)
{
    REQUIRE(file->writing && strchr(text, '\n') == NULL);
    free(file->label);
    file->label = NULL;
    if (strlen(text) > IO_H5_LABEL) return ST_OK;
    return (file->label = base_format("%s", text)) != NULL ? ST_OK : ST_ENOMEM;
}

status_t io_h5_publish(io_h5_t **file)
{
    REQUIRE(*file != NULL && (*file)->writing);
    char *image = NULL;
    size_t size = 0;
    status_t status = take_image(&image, &size, *file);
    if (status == ST_OK) status = io_write_file((*file)->path, image, size);
    free(image);
    io_h5_close(*file);
    *file = NULL;
    return status;
}

/* ---- Reading ---- */

static status_t check_seal(const char *bytes, size_t size, const char *path)
{
    static const char signature[] = "\x89HDF\r\n\x1a\n";
    const size_t length = sizeof seal - 1, signature_length = sizeof signature - 1;
    if (size == 0) return fail(ST_EFORMAT, "'%s' is empty, expected an HDF5 file", path);
    if (size >= signature_length && memcmp(bytes, signature, signature_length) == 0)
        return fail(ST_EFORMAT, "'%s' is not sealed by this program: an HDF5 file of another's is not read", path);
    if (size < length || memcmp(bytes, seal, length) != 0) return fail(ST_EFORMAT, "'%s' is not an HDF5 file", path);
    if (size <= USER_BLOCK) return fail(ST_EFORMAT, "'%s' is damaged: it was cut to %zu bytes", path, size);
    char digest[IO_DIGEST_SIZE];
    io_digest_bytes(digest, bytes + USER_BLOCK, size - USER_BLOCK);
    if (memcmp(digest, bytes + length, IO_DIGEST_SIZE - 1) == 0) return ST_OK;
    return fail(ST_EFORMAT, "'%s' is damaged: its %zu bytes do not have the SHA-256 they were written with", path,
                size);
}

status_t io_h5_glance(char label[IO_H5_LABEL + 1], const char *path)
{
    char bytes[USER_BLOCK + 1] = "", digest[IO_DIGEST_SIZE];
    size_t size;
    int descriptor;
    label[0] = '\0';
    TRY(io_open_regular(&descriptor, &size, path));
    const ssize_t got = pread(descriptor, bytes, USER_BLOCK, 0);
    close(descriptor);
    const size_t first = sizeof seal - 1 + IO_DIGEST_SIZE; /* the line of the seal */
    if (got != USER_BLOCK || memcmp(bytes, seal, sizeof seal - 1) != 0 || bytes[first - 1] != '\n' ||
        bytes[first] == '\0')
        return fail(ST_EFORMAT, "'%s' bears no label", path);
    char *line = bytes + first, *text = line + IO_DIGEST_SIZE, *end = strchr(line, '\n'), *rest;
    if (end == NULL || end < text) return fail(ST_EFORMAT, "'%s' is damaged in its label", path);
    *end = '\0';
    io_digest_bytes(digest, text, strlen(text));
    if (memcmp(digest, line, IO_DIGEST_SIZE - 1) != 0) return fail(ST_EFORMAT, "'%s' is damaged in its label", path);
    const unsigned long long told = strtoull(text, &rest, 10);
    if (told != size) return fail(ST_EFORMAT, "'%s' is damaged: it has %zu bytes of %llu", path, size, told);
    snprintf(label, IO_H5_LABEL + 1, "%s", rest + (*rest == ' '));
    return ST_OK;
}

status_t io_h5_open(io_h5_t **out, const char *path)
{
    REQUIRE(out != NULL && path != NULL);
    *out = NULL;
    io_h5_t *file = new_file(path);
    if (file == NULL) return ST_ENOMEM;
    status_t status = ST_OK;
    size_t size;
    TRY_DONE(io_read_large(&file->image, &size, path));
    TRY_DONE(check_seal(file->image, size, path));
    file->bytes = (const uint8_t *)file->image + USER_BLOCK;
    file->size = size - USER_BLOCK;
    TRY_DONE(io_h5_begin(file));
    *out = file;
    file = NULL;
done:
    io_h5_close(file);
    return status;
}

void io_h5_close(io_h5_t *file)
{
    if (file == NULL) return;
    if (file->id >= 0) H5Fclose(file->id);
    free(file->heap);
    free(file->string);
    free(file->image);
    free(file->label);
    free(file->path);
    free(file);
}

/* ---- Types, objects ---- */

int64_t io_h5_half_type(bool in_memory)
{
    hid_t type = H5Tcopy(in_memory ? H5T_NATIVE_FLOAT : H5T_IEEE_F32LE);
    if (type < 0) return type;
    /* Sign at bit 15, 5 bits of exponent from bit 10 with bias 15, 10 bits of mantissa from bit 0. */
    if (H5Tset_fields(type, 15, 10, 5, 0, 10) >= 0 && H5Tset_size(type, 2) >= 0 && H5Tset_ebias(type, 15) >= 0)
        return type;
    H5Tclose(type);
    return H5I_INVALID_HID;
}

int64_t io_h5_string_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type < 0) return type;
    if (H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0) return type;
    H5Tclose(type);
    return H5I_INVALID_HID;
}

int64_t io_h5_native_type(io_h5_type_t type)
{
    switch (type) {
    case IO_H5_F32:
        return H5T_NATIVE_FLOAT;
    case IO_H5_F64:
        return H5T_NATIVE_DOUBLE;
    case IO_H5_I32:
        return H5T_NATIVE_INT32;
    case IO_H5_I64:
        return H5T_NATIVE_INT64;
    case IO_H5_U8:
        return H5T_NATIVE_UINT8;
    case IO_H5_F16:
    case IO_H5_STRING:
        break;
    }
    REQUIRE(type != IO_H5_F16 && type != IO_H5_STRING);
    return H5I_INVALID_HID;
}

size_t io_h5_type_size(io_h5_type_t type)
{
    switch (type) {
    case IO_H5_F16:
        return 2;
    case IO_H5_F32:
    case IO_H5_I32:
        return 4;
    case IO_H5_F64:
    case IO_H5_I64:
        return 8;
    case IO_H5_U8:
        return 1;
    case IO_H5_STRING:
        break;
    }
    return sizeof(char *);
}

/* H5Lexists wants every group above the last name to exist, so the path is tried name by name. */
static bool is_made(io_h5_t *file, const char *path)
{
    char *prefix = base_format("%s", path);
    bool there = prefix != NULL;
    for (char *slash = prefix; there && slash != NULL;) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL) *slash = '\0';
        if (prefix[0] != '\0' && strcmp(prefix, "/") != 0) there = H5Lexists(file->id, prefix, H5P_DEFAULT) > 0;
        if (slash != NULL) *slash = '/';
    }
    H5Eclear2(H5E_DEFAULT);
    free(prefix);
    return there;
}

int64_t io_h5_object(io_h5_t *file, const char *path)
{
    if (strcmp(path, "/") == 0 || is_made(file, path)) return H5Oopen(file->id, path, H5P_DEFAULT);
    hid_t links = H5Pcreate(H5P_LINK_CREATE), creation = H5Pcreate(H5P_GROUP_CREATE);
    hid_t group = H5I_INVALID_HID;
    if (links >= 0 && creation >= 0 && H5Pset_create_intermediate_group(links, 1) >= 0 &&
        H5Pset_obj_track_times(creation, 0) >= 0)
        group = H5Gcreate2(file->id, path, links, creation, H5P_DEFAULT);
    if (links >= 0) H5Pclose(links);
    if (creation >= 0) H5Pclose(creation);
    return group;
}

void io_h5_version(char out[64])
{
    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    snprintf(out, 64, "HDF5 %u.%u.%u", major, minor, release);
}
