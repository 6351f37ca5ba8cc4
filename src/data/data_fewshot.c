/* Shots from a list file: the two kinds that data.h describes. */
#include "data/data_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Where a list is being read and what is wanted of it. */
typedef struct {
    int *out; /* (shots) */
    int found;
    const data_category_t *category;
    int shots;
    const char *path;
    int line;
} list_t;

static status_t refuse_line(const list_t *list, const char *text, const char *expected)
{
    return fail(ST_EFORMAT, "'%s' line %d: '%s'; expected %s", list->path, list->line, text, expected);
}

static status_t add_shot(list_t *list, int index)
{
    for (int i = 0; i < list->found; i++)
        if (list->out[i] == index)
            return fail(ST_EFORMAT, "'%s' line %d: train image '%s' of '%s' is named twice", list->path, list->line,
                        list->category->train[index].name, list->category->category);
    list->out[list->found++] = index;
    return ST_OK;
}

/* Takes the comment and the blanks at the end off. */
static void trim_end(char *line)
{
    for (char *c = line; *c != '\0'; c++)
        if (*c == '#' && (c == line || isblank((unsigned char)c[-1]))) *c = '\0';
    for (size_t n = strlen(line); n > 0 && isspace((unsigned char)line[n - 1]); n--) line[n - 1] = '\0';
}

/* ---- 1. YAML: "category:" and "  <shots>: [index, ...]" or "  <shots> <view>: [sample, ...]" ------------------------- */

/* A non-negative number at *text, moved past it; -1 when there is none. */
static int take_number(char **text)
{
    while (isblank((unsigned char)**text)) (*text)++;
    if (!isdigit((unsigned char)**text)) return -1;
    char *end;
    long value = strtol(*text, &end, 10);
    *text = end;
    return value > 1000000000 ? -1 : (int)value;
}

static status_t read_indices(list_t *list, char *text, const char *line)
{
    static const char expected[] = "'<shots>: [index, index, ...]'";
    while (isblank((unsigned char)*text)) text++;
    if (*text++ != '[') return refuse_line(list, line, expected);
    int count = 0;
    for (;; text++) {
        int index = take_number(&text);
        if (index < 0) return refuse_line(list, line, expected);
        if (index >= list->category->train_count)
            return fail(ST_EFORMAT,
                        "'%s' line %d: index %d, but '%s' has %d training images, 0 to %d (hint: the list is for the "
                        "complete set)",
                        list->path, list->line, index, list->category->category, list->category->train_count,
                        list->category->train_count - 1);
        if (++count <= list->shots) TRY(add_shot(list, index));
        while (isblank((unsigned char)*text)) text++;
        if (*text != ',') break;
    }
    if (text[0] != ']' || text[1] != '\0') return refuse_line(list, line, expected);
    if (count == list->shots) return ST_OK;
    return fail(ST_EFORMAT, "'%s' line %d: %d indices under %d shots of '%s'", list->path, list->line, count,
                list->shots, list->category->category);
}

/* "S0069" of view "C1": the train image of this sample and view, -1: none. */
static int find_sample(const data_category_t *category, const char *sample, const char *view)
{
    if (category->assumed) return (int)(strtol(sample + 1, NULL, 10) % category->train_count);
    for (int i = 0; i < category->train_count; i++) {
        const data_image_t *image = &category->train[i];
        const char *own = image->sample == NULL ? NULL : strrchr(image->sample, '/');
        if (own != NULL && strcmp(own + 1, sample) == 0 && data_has_view(image->name, view)) return i;
    }
    return -1;
}

static bool has_view(const data_category_t *category, const char *view)
{
    if (category->assumed) return strcmp(view, "C1") == 0;
    for (int i = 0; i < category->train_count; i++)
        if (data_has_view(category->train[i].name, view)) return true;
    return false;
}

/* " C1: [S0069, S0292]" after the number of shots. A sample that stands twice, as in a published list, counts twice. */
static status_t read_samples(list_t *list, char *text, const char *line)
{
    static const char expected[] = "'<shots> <view>: [S<number>, S<number>, ...]'";
    char view[4] = "", sample[16];
    int used = 0, count = 0;
    if (sscanf(text, " %3[C1-5]: [%n", view, &used) != 1 || used == 0) return refuse_line(list, line, expected);
    if (list->found > 0 || !has_view(list->category, view)) return ST_OK; /* of another view than the job's first */
    for (text += used;; text += used + 1) {
        used = 0;
        if (sscanf(text, " %15[S0-9]%n", sample, &used) != 1 || sample[0] != 'S')
            return refuse_line(list, line, expected);
        int index = find_sample(list->category, sample, view);
        if (index < 0)
            return fail(ST_ENOTFOUND,
                        "'%s' line %d: '%s' has no training image of sample %s, view %s (hint: the list is for the "
                        "complete set)",
                        list->path, list->line, list->category->category, sample, view);
        if (++count <= list->shots) list->out[list->found++] = index;
        text += strspn(text + used, " ");
        if (text[used] != ',') break;
    }
    if (text[used] != ']' || text[used + 1] != '\0') return refuse_line(list, line, expected);
    if (count == list->shots) return ST_OK;
    return fail(ST_EFORMAT, "'%s' line %d: %d samples under %d shots of '%s'", list->path, list->line, count,
                list->shots, list->category->category);
}

static status_t read_yaml(list_t *list, char *text)
{
    bool in_category = false, seen_category = false, seen_any = false;
    for (char *line; (line = strsep(&text, "\n")) != NULL;) {
        list->line++;
        trim_end(line);
        size_t length = strlen(line);
        if (length == 0) continue;
        if (!isblank((unsigned char)line[0])) {
            if (line[length - 1] != ':')
                return refuse_line(list, line, "'<category>:' or, indented, '<shots>: [index, ...]'");
            line[length - 1] = '\0';
            in_category = strcmp(line, list->category->category) == 0;
            if (in_category && seen_category)
                return fail(ST_EFORMAT, "'%s' line %d: category '%s' stands twice", list->path, list->line, line);
            seen_category = seen_category || in_category;
            seen_any = true;
            continue;
        }
        char *rest = line;
        int shots = take_number(&rest);
        bool samples = rest[0] == ' ' && rest[1] == 'C';
        if (shots < 1 || (!samples && *rest++ != ':') || !seen_any)
            return refuse_line(list, line, "'<category>:' or, indented, '<shots>: [index, ...]'");
        if (!in_category || shots != list->shots) continue;
        if (samples) {
            TRY(read_samples(list, rest, line));
            continue;
        }
        if (list->found > 0)
            return fail(ST_EFORMAT, "'%s' line %d: %d shots of '%s' stand twice", list->path, list->line, shots,
                        list->category->category);
        TRY(read_indices(list, rest, line));
    }
    if (list->found > 0) return ST_OK;
    if (seen_category)
        return fail(ST_ENOTFOUND, "'%s' has no list of %d shots for '%s' (hint: fewshot=nested)", list->path,
                    list->shots, list->category->category);
    return fail(ST_ENOTFOUND, "'%s' has no category '%s'", list->path, list->category->category);
}

/* ---- 2. One path a line ------------------------------------------------------------------------------------------ */

/* Whether `text` ends with `end`, which starts the text or follows a '/'. */
static bool ends_with_path(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    if (end_length > length || strcmp(text + length - end_length, end) != 0) return false;
    return length == end_length || text[length - end_length - 1] == '/';
}

/* The train image that a line names: -1 none, -2 more than one. */
static int find_train_image(const data_category_t *category, const char *line)
{
    int found = -1;
    for (int i = 0; i < category->train_count; i++) {
        const char *name = category->train[i].name;
        size_t length = strlen(category->category);
        bool line_is_longer = false;
        /* "<category>/<name>" without building it. */
        size_t line_length = strlen(line), name_length = strlen(name);
        if (line_length > name_length + length && ends_with_path(line, name)) {
            const char *before = line + line_length - name_length - 1 - length;
            line_is_longer = strncmp(before, category->category, length) == 0 && (before == line || before[-1] == '/');
        }
        if (!line_is_longer && !ends_with_path(name, line)) continue;
        if (found >= 0) return -2;
        found = i;
    }
    return found;
}

static status_t read_paths(list_t *list, char *text)
{
    for (char *line; (line = strsep(&text, "\n")) != NULL && list->found < list->shots;) {
        list->line++;
        trim_end(line);
        while (strncmp(line, "./", 2) == 0) line += 2;
        if (line[0] == '\0') continue;
        int index = find_train_image(list->category, line);
        if (index == -2)
            return fail(ST_EFORMAT, "'%s' line %d: '%s' is the end of more than one training image of '%s'", list->path,
                        list->line, line, list->category->category);
        if (index >= 0) TRY(add_shot(list, index));
    }
    if (list->found == list->shots) return ST_OK;
    return fail(ST_ENOTFOUND,
                "'%s' names %d of the training images of '%s' that are there, %d shots are asked for (hint: lines end "
                "like '%s/%s')",
                list->path, list->found, list->category->category, list->shots, list->category->category,
                list->category->train[0].name);
}

/* A first line that ends in ':' is a category of the YAML kind. */
static bool is_yaml(const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        const char *end = memchr(text, '#', length);
        size_t used = end == NULL ? length : (size_t)(end - text);
        while (used > 0 && isspace((unsigned char)text[used - 1])) used--;
        if (used > 0) return text[used - 1] == ':' || text[used - 1] == ']';
        text += length + (text[length] == '\n');
    }
    return false;
}

status_t data_list_shots(int *out, const data_category_t *category, int shots, const char *list_path)
{
    REQUIRE(out != NULL && category != NULL && shots > 0);
    char *text = NULL;
    TRY(io_read_text(&text, list_path));
    list_t list = {.out = out, .category = category, .shots = shots, .path = list_path};
    status_t status = is_yaml(text) ? read_yaml(&list, text) : read_paths(&list, text);
    free(text);
    return status;
}
