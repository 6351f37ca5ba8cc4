/* Names and paths in commands that people copy from messages. */
#include "base/base.h"

#include <string.h>

enum { WORDS = 8, WORD_SIZE = 4096 };

static bool needs_quotes(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-+,:@%=";
    return text[0] == '\0' || text[strspn(text, plain)] != '\0';
}

const char *base_shell_word(const char *text)
{
    static _Thread_local char words[WORDS][WORD_SIZE];
    static _Thread_local unsigned next;
    if (!needs_quotes(text)) return text;
    char *out = words[next++ % WORDS];
    size_t used = 0;
    out[used++] = '\'';
    for (const char *at = text; *at != '\0'; at++) {
        const char *part = *at == '\'' ? "'\\''" : at;
        const size_t length = *at == '\'' ? 4 : 1;
        if (used + length + 2 > WORD_SIZE) return text;
        memcpy(out + used, part, length);
        used += length;
    }
    memcpy(out + used, "'", 2);
    return out;
}
