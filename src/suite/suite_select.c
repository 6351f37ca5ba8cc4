/* Which rows of a result set are meant. */
#include "suite/suite.h"

#include <stdio.h>
#include <string.h>

bool suite_list_names(const char *list, const char *word)
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

/* A point is meant by its whole text or by some of its words. */
static bool is_point(const char *point, const char *wanted)
{
    size_t length = strlen(wanted);
    if (strcmp(point, wanted) == 0) return true;
    for (const char *at = point; length > 0 && (at = strstr(at, wanted)) != NULL; at++)
        if ((at == point || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) return true;
    return false;
}

bool suite_row_selected(const suite_row_t *row, const suite_select_t *select)
{
    char shots[16], seed[24];
    snprintf(shots, sizeof shots, "%d", row->shots);
    snprintf(seed, sizeof seed, "%lld", (long long)row->seed);
    return strcmp(row->category, SUITE_MEAN) != 0 && suite_list_names(select->dataset, row->dataset) &&
           suite_list_names(select->category, row->category) && suite_list_names(select->shots, shots) &&
           suite_list_names(select->seeds, seed) && (select->point == NULL || is_point(row->point, select->point));
}
