/* Names that come from outside: what may stand in a file, a table or a path. */
#include "io/io.h"

#include <string.h>

bool io_text_is_plain(const char *text)
{
    while (*text != '\0') {
        const int length = base_visible_length(text);
        if (length == 0) return false;
        text += length;
    }
    return true;
}

void io_component(char out[IO_COMPONENT_SIZE], const char *text)
{
    size_t used = 0;
    for (const char *at = text; *at != '\0' && used + 4 < IO_COMPONENT_SIZE;) {
        const int length = base_visible_length(at);
        bool plain = length > 0 && *at != '/' && *at != '\\';
        /* A name that begins with a dot is hidden or is a way out, one that begins with '-' an option. */
        if (used == 0 && (*at == '.' || *at == '-')) plain = false;
        if (plain)
            memcpy(out + used, at, (size_t)length);
        else
            out[used] = '_';
        used += plain ? (size_t)length : 1;
        at += length > 0 ? length : 1;
    }
    if (used == 0) out[used++] = '_';
    out[used] = '\0';
}

bool io_path_stays_inside(const char *path)
{
    if (path[0] == '/') return false;
    for (const char *at = path; *at != '\0';) {
        size_t length = strcspn(at, "/");
        if (length == 2 && at[0] == '.' && at[1] == '.') return false;
        at += length + (at[length] == '/');
    }
    return true;
}
