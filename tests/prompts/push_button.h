/* A caption to start from, the one of datasets/mfsc/README.md; tests change it by replacing pieces of its text. */
#ifndef FGAD_TESTS_PUSH_BUTTON_H
#define FGAD_TESTS_PUSH_BUTTON_H

#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char PUSH_BUTTON[] =
    "{\"category\": \"push_button\", \"dataset\": \"own\",\n"
    " \"image\": {\"foreground\": \"push button\", \"background\": \"plain gray\",\n"
    "  \"summary\": \"a push button seen from above, made of a red, round plastic cap inside a silver, ring-shaped "
    "metal bezel, on a plain gray background.\"},\n"
    " \"foreground\": {\"relation\": \"the push button has one cap in the center and one bezel at the outside around "
    "it.\",\n"
    "  \"components\": [{\"name\": \"cap\", \"number\": \"one\", \"location\": \"center\"},\n"
    "                 {\"name\": \"bezel\", \"number\": \"one\", \"location\": \"outside\"}]},\n"
    " \"components\": [\n"
    "  {\"name\": \"cap\", \"caption\": \"a red and round plastic cap with a smooth, slightly domed face.\",\n"
    "   \"attributes\": {\"color\": \"red\", \"texture\": \"smooth\", \"shape\": \"round\", \"material\": "
    "\"plastic\"}},\n"
    "  {\"name\": \"bezel\", \"caption\": \"a silver, ring-shaped bezel of glossy metal that runs around the "
    "button.\",\n"
    "   \"attributes\": {\"color\": \"silver\", \"texture\": \"glossy\", \"shape\": \"ring-shaped\", \"material\": "
    "\"metal\"}}],\n"
    " \"abnormal_states\": [\"{} with scratches\", \"{} with a crack\", \"{} with a dent on the rim\"]}\n";

typedef struct {
    const char *find, *put; /* the first `find` becomes `put` */
} edit_t;

/* Writes the caption with up to `count` edits as <dir>/own/push_button.json and returns that path (until next call). */
static const char *write_push_button(const char *dir, const edit_t *edits, int count)
{
    static char path[1024];
    char *text = strdup(PUSH_BUTTON);
    for (int i = 0; i < count; i++) {
        char *at = strstr(text, edits[i].find);
        if (at == NULL) fail_msg("the caption does not have '%s'", edits[i].find);
        size_t size = strlen(text) + strlen(edits[i].put) + 1;
        char *next = malloc(size);
        snprintf(next, size, "%.*s%s%s", (int)(at - text), text, edits[i].put, at + strlen(edits[i].find));
        free(text);
        text = next;
    }
    snprintf(path, sizeof path, "%s/push_button.json", dir);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    free(text);
    return path;
}

#endif
