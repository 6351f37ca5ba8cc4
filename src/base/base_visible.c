/* Text of others made fit for a terminal. */
#include "base/base.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

int base_visible_length(const char *at)
{
    const unsigned char *text = (const unsigned char *)at;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (text[0] < 0x80) return text[0] >= 0x20 && text[0] != 0x7F;
    int size = text[0] >= 0xF0 && text[0] < 0xF5 ? 4 : text[0] >= 0xE0 ? 3 : text[0] >= 0xC2 ? 2 : 0;
    if (text[0] >= 0xF5) size = 0;
    if (size == 0) return 0;
    uint32_t code = text[0] & (0xFFu >> (size + 1));
    for (int i = 1; i < size; i++) {
        if ((text[i] & 0xC0) != 0x80) return 0; /* the NUL, too */
        code = code << 6 | (text[i] & 0x3F);
    }
    if (code < least[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return 0;
    if (code < 0xA0) return 0; /* C1 controls */
    if ((code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F ||
        code == 0x61C || code == 0xFEFF)
        return 0;
    return size;
}

size_t base_visible(char *out, size_t size, const char *text)
{
    const char *at = text;
    size_t used = 0;
    while (size > 0 && *at != '\0') {
        const int length = base_visible_length(at);
        const size_t need = length > 0 ? (size_t)length : 4;
        if (used + need >= size) break;
        if (length > 0)
            memcpy(out + used, at, need);
        else
            snprintf(out + used, size - used, "\\x%02x", (unsigned char)*at);
        used += need;
        at += length > 0 ? length : 1;
    }
    if (size > 0) out[used] = '\0';
    return used;
}
