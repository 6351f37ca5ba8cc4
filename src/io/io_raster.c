/* What the decoders of pictures have in common. */
#include "io/io_internal.h"

status_t io_check_size(int64_t width, int64_t height, const char *path)
{
    if (width < 1 || height < 1)
        return fail(ST_EFORMAT, "'%s': the image is %lld x %lld pixels, expected at least 1 x 1", path,
                    (long long)width, (long long)height);
    if (width > IO_MAX_PIXELS / height)
        return fail(ST_EFORMAT, "'%s': the image claims %lld x %lld pixels, at most %lld are read", path,
                    (long long)width, (long long)height, (long long)IO_MAX_PIXELS);
    return ST_OK;
}
