"""Prints src/tokenizer/tokenizer_entities.c: python3 tests/reference/entities.py > src/tokenizer/tokenizer_entities.c"""
import html.entities as he
import platform

names = sorted(he.html5.items(), key=lambda kv: kv[0].encode())
def c(s):
    return '"' + ''.join('\\x%02x' % b for b in s.encode()) + '"'
out = []
out.append("/* HTML5's named character references, sorted by bytes. Over 400 lines: one table, generated.")
out.append(' * Made by tests/reference/entities.py from the table html.entities.html5 of python %s. Names without a semicolon' % platform.python_version())
out.append(' * are the ones HTML allows to stand without it. */')
out.append('#include "tokenizer/tokenizer_internal.h"\n')
out.append('#include <string.h>\n')
out.append('typedef struct {\n    const char *name;\n    const char *text; /* UTF-8 */\n} entity_t;\n')
out.append('/* clang-format off */')
out.append('static const entity_t ENTITIES[] = {')
line = '   '
for k, v in names:
    item = ' {"%s", %s},' % (k, c(v))
    if len(line) + len(item) > 118:
        out.append(line); line = '   '
    line += item
out.append(line)
out.append('};')
out.append('/* clang-format on */\n')
out.append('''const char *tokenizer_entity_find(const char *name, size_t length)
{
    size_t low = 0, high = sizeof ENTITIES / sizeof ENTITIES[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *candidate = ENTITIES[middle].name;
        int order = strncmp(candidate, name, length);
        if (order == 0 && candidate[length] != '\\0') order = 1;
        if (order == 0) return ENTITIES[middle].text;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}''')
print('\n'.join(out))
