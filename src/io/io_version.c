/* Versions of io's libraries, for provenance; each is told by the one file that knows the library. */
#include "io/io_internal.h"

#include <stdio.h>
#include <string.h>

char *io_library_versions(void)
{
    static void (*const tell[])(char out[64]) = {io_h5_version,   io_png_version,  io_jpeg_version, io_tiff_version,
                                                 io_webp_version, io_json_version, io_yaml_version, io_digest_version,
                                                 io_gzip_version, io_http_version};
    char all[10 * 66] = "";
    for (size_t i = 0; i < sizeof tell / sizeof tell[0]; i++) {
        char one[64];
        tell[i](one);
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i > 0 ? ", " : "", one);
    }
    return base_format("%s", all);
}
