/* Names that come from outside: what may stand in a file, a table or a path, and how to show what may not. */
#include "io/io.h"

#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 sequence at `text` (1 to 4), 0 where there is none: no surrogates, nothing overlong. */
static int sequence_length(const uint8_t *text)
{
    static const struct {
        uint8_t first, last, low, high; /* of the first byte; of the second */
        int length;
    } forms[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
                 {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
                 {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    if (text[0] < 0x80) return 1;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (text[0] < forms[i].first || text[0] > forms[i].last) continue;
        if (text[1] < forms[i].low || text[1] > forms[i].high) return 0;
        for (int k = 2; k < forms[i].length; k++)
            if ((text[k] & 0xc0) != 0x80) return 0;
        return forms[i].length;
    }
    return 0;
}

/* C0, DEL, C1 (U+0080 to U+009F) and the two line separators of Unicode. */
static bool is_control(const uint8_t *text, int length)
{
    if (length == 1) return text[0] < 0x20 || text[0] == 0x7f;
    if (length == 2) return text[0] == 0xc2 && text[1] < 0xa0;
    return length == 3 && text[0] == 0xe2 && text[1] == 0x80 && (text[2] == 0xa8 || text[2] == 0xa9);
}

bool io_text_is_plain(const char *text)
{
    for (const uint8_t *at = (const uint8_t *)text; *at != '\0';) {
        int length = sequence_length(at);
        if (length == 0 || is_control(at, length)) return false;
        at += length;
    }
    return true;
}

void io_text_show(char *out, size_t room, const char *text)
{
    size_t used = 0;
    for (const uint8_t *at = (const uint8_t *)text; *at != '\0' && used + 5 <= room;) {
        int length = sequence_length(at);
        if (length == 0 || is_control(at, length)) {
            int bytes = length > 0 ? length : 1;
            for (int k = 0; k < bytes && used + 5 <= room; k++)
                used += (size_t)snprintf(out + used, room - used, "\\x%02x", at[k]);
            at += bytes;
        } else {
            memcpy(out + used, at, (size_t)length);
            used += (size_t)length;
            at += length;
        }
    }
    out[used] = '\0';
}

void io_component(char out[IO_COMPONENT_SIZE], const char *text)
{
    size_t used = 0;
    for (const uint8_t *at = (const uint8_t *)text; *at != '\0' && used + 4 < IO_COMPONENT_SIZE;) {
        int length = sequence_length(at);
        bool plain = length > 0 && !is_control(at, length) && *at != '/' && *at != '\\';
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
