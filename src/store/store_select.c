/* Which rows of a result set are meant. */
#include "store/store.h"

#include <stdio.h>
#include <string.h>

bool store_list_names(const char *list, const char *word)
{
    size_t length = strlen(word);
    if (list == NULL) return true;
    for (const char *at = list;; at++) {
        at += strspn(at, " ");
        size_t end = strcspn(at, ",");
        size_t used = end;
        while (used > 0 && at[used - 1] == ' ') used--;
        if (used == length && strncmp(at, word, length) == 0) return true;
        at += end;
        if (*at == '\0') return false;
    }
}

/* The end of `wanted` at the head of `text`, as many blanks as there may be after commas; NULL: it does not stand there. */
static const char *match(const char *text, const char *wanted)
{
    while (*wanted != '\0') {
        if (*text != *wanted) return NULL;
        bool comma = *text == ',';
        text++, wanted++;
        if (!comma) continue;
        text += strspn(text, " ");
        wanted += strspn(wanted, " ");
    }
    return text;
}

/* A point is meant by its whole text or by some of its words. */
static bool is_point(const char *point, const char *wanted)
{
    if (strcmp(wanted, STORE_AS_THE_JOB) == 0) return point[0] == '\0';
    const char *end = match(point, wanted);
    if (end != NULL && *end == '\0') return true;
    for (const char *at = point; wanted[0] != '\0' && *at != '\0'; at++) {
        end = at == point || at[-1] == ' ' ? match(at, wanted) : NULL;
        if (end != NULL && (*end == ' ' || *end == '\0')) return true;
    }
    return false;
}

bool store_row_selected(const store_row_t *row, const store_select_t *select)
{
    char shots[16], seed[24];
    snprintf(shots, sizeof shots, "%d", row->shots);
    snprintf(seed, sizeof seed, "%lld", (long long)row->seed);
    return strcmp(row->category, STORE_MEAN) != 0 && store_list_names(select->dataset, row->dataset) &&
           store_list_names(select->category, row->category) && store_list_names(select->shots, shots) &&
           store_list_names(select->seeds, seed) && (select->point == NULL || is_point(row->point, select->point));
}
