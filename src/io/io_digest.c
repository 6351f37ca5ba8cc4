/* SHA-256 by libcrypto. */
#include "io/io_internal.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 18)

static void write_hex(char out[IO_DIGEST_SIZE], const unsigned char *digest)
{
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < 32; i++) {
        out[2 * i] = hex[digest[i] >> 4];
        out[2 * i + 1] = hex[digest[i] & 15];
    }
    out[64] = '\0';
}

void io_digest_bytes(char out[IO_DIGEST_SIZE], const void *bytes, size_t size)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    REQUIRE(EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL) == 1);
    write_hex(out, digest);
}

status_t io_digest_file(char out[IO_DIGEST_SIZE], const char *path)
{
    out[0] = '\0';
    status_t status = ST_OK;
    EVP_MD_CTX *context = NULL;
    unsigned char *piece = NULL;
    int file;
    TRY(io_open_regular(&file, NULL, path));
    context = EVP_MD_CTX_new();
    piece = base_alloc(PIECE, 1);
    if (context == NULL || piece == NULL) TRY_DONE(fail(ST_ENOMEM, "'%s': out of memory for its digest", path));
    REQUIRE(EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1);
    for (;;) {
        ssize_t got = read(file, piece, PIECE);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) TRY_DONE(fail(ST_EIO, "'%s' cannot be read: %s", path, strerror(errno)));
        if (got == 0) break;
        REQUIRE(EVP_DigestUpdate(context, piece, (size_t)got) == 1);
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    REQUIRE(EVP_DigestFinal_ex(context, digest, NULL) == 1);
    write_hex(out, digest);
done:
    free(piece);
    EVP_MD_CTX_free(context);
    close(file);
    return status;
}

void io_digest_version(char out[64])
{
    snprintf(out, 64, "OpenSSL %s", OpenSSL_version(OPENSSL_VERSION_STRING));
}
